"""`fakesmb show`: a record as the text log has it, and below each line what that leaves out."""

from pathlib import Path

from fakesmb.record.jsonl import JsonLines
from fakesmb.show import records as show
from fakesmb.testing import InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.trans import Transaction2Request
from tests.record.test_jsonl import Output


def test_why_a_referral_was_refused_is_told_below_the_published_words(tmp_path: Path) -> None:
    server = InMemoryServer({"public": tmp_path})
    client = server.client().sign_in().connect("IPC$")
    asked = GetDfsReferralRequest(3, "\\127.0.0.1\\c$").encode()
    client.send(Command.TRANSACTION2, Transaction2Request(setup=b"\x10\0", parameters=asked))
    output = Output()
    sink = JsonLines(output)
    for event in server.sink.events:
        sink.write(event)
    sink.flush()
    lines = list(show.lines(output.data.splitlines(), "log", verbose=True))
    at = next(index for index, line in enumerate(lines) if "Transact2, Open2" in line)
    assert lines[at].endswith("STATUS_NO_SUCH_DEVICE")
    assert lines[at + 1] == "    problem: not a DFS namespace: connect to the share itself"
