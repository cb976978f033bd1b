"""JSON lines: stable names, no secrets, whatever peers send; and the catalogue in docs/record.md is true."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from fakesmb import wire
from fakesmb.nt.status import NT
from fakesmb.record.entry import EVENTS, Entry, entry_of
from fakesmb.record.events import (
    Client,
    Connected,
    Disconnected,
    Event,
    Exchanged,
    Named,
    Part,
    Printed,
    Problem,
    SignedIn,
    SignInRefused,
    Told,
)
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.moments import iso
from fakesmb.wire import files, negotiate, session, tree
from fakesmb.wire.codec import lighten, secret_fields
from tests.record.record_samples import CLIENT, SERVER, START, message, reply
from tests.record.test_describe import DOCUMENTED, HOST, light, token

PAGE = Path(__file__).parents[2] / "docs" / "record.md"


class Output:
    def __init__(self) -> None:
        self.data = b""

    def put(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        pass


def lines_of(*events: Event, **options: Any) -> list[dict[str, Any]]:
    output = Output()
    sink = JsonLines(output, **options)
    for event in events:
        sink.write(event)
    sink.flush()
    return [json.loads(line) for line in output.data.splitlines()]


HAPPENINGS: list[Told] = [
    Connected(START, 1, CLIENT, SERVER),
    SignedIn(START, 1, CLIENT, "alice", "WORKGROUP", "PC", "Windows 2002", "user", "NTLMv2"),
    SignInRefused(START, 1, CLIENT, "eve", NT.LOGON_FAILURE, "wrong password", "WORKGROUP", "PC"),
    Printed(START, 1, CLIENT, "alice", "lp", 7, "letter.txt", 12, "1-7-alice-letter.txt.prn"),
    Printed(START, 1, CLIENT, "alice", "lp", 8, "letter.txt", 0, "", "no data came"),
    Named(START, "queried", CLIENT, "FAKESMB<20>", "192.168.1.8"),
    Problem(START, 1, "KeyError in SMB_COM_CLOSE", "Traceback ..."),
    Disconnected(START, 1, CLIENT, SERVER, "the client closed it", False),
]
CHAIN = message(
    0xA2,
    files.NtCreateAndxRequest(desired_access=0x20089, file_name="\\a.txt"),
    Part(0x2E, files.ReadAndxRequest(fid=0xFFFF, max_count=10)),
    Part(0x5A, None, problem="no such command"),
)


def test_a_request_has_these_keys_and_values() -> None:
    body = files.NtCreateAndxRequest(desired_access=0x2019F, share_access=3, file_name="\\srvsvc")
    event = message(
        0xA2, body, number=10, user="alice", share="IPC$", path="\\srvsvc", size=98, time=START + 0.25
    )
    (line,) = lines_of(event)
    fields = line.pop("fields")
    assert line == {
        "time": "2023-11-14T22:13:20.250000Z",
        "event": "request",
        "number": 10,
        "connection": 1,
        "peer": CLIENT,
        "direction": "C",
        "command": "SMB_COM_NT_CREATE_ANDX",
        "mid": 0x40,
        "uid": 0x0800,
        "tid": 0x0800,
        "pid": 0xFEFF,
        "user": "alice",
        "share": "IPC$",
        "path": "\\srvsvc",
        "length": 98,
        "summary": "C; Nt Create Andx, FileName = \\srvsvc",
    }
    assert fields["desired_access"] == 0x2019F
    assert fields["file_name"] == "\\srvsvc"
    assert "reserved" not in fields


def test_a_response_has_status_time_and_fid() -> None:
    (line,) = lines_of(reply(0xA2, None, status=NT.ACCESS_DENIED, took=0.000123, fid=0x4000, subcommand=None))
    assert (line["event"], line["direction"]) == ("response", "R")
    assert (line["status"], line["took_us"], line["fid"]) == ("STATUS_ACCESS_DENIED", 123, 0x4000)
    assert "fields" not in line
    (line,) = lines_of(reply(0x04, None, status=0))
    assert line["status"] == "STATUS_SUCCESS"
    (line,) = lines_of(reply(0x04, None, status=0xC0FFEE00))
    assert line["status"] == "0xC0FFEE00"


def test_a_chain_is_one_line_with_its_further_commands_in_order() -> None:
    (line,) = lines_of(CHAIN)
    assert line["command"] == "SMB_COM_NT_CREATE_ANDX"
    read, unknown = line["chain"]
    assert read["command"] == "SMB_COM_READ_ANDX"
    assert read["fields"]["max_count"] == 10
    assert unknown == {"command": "SMB_COM_0x5A", "problem": "no such command"}


def test_what_befell_a_connection_is_told() -> None:
    told = {line["event"]: line for line in lines_of(*HAPPENINGS)}
    assert told["connected"]["summary"] == f"connection 1 opened from {CLIENT}"
    assert told["disconnected"]["reason"] == "the client closed it"
    assert told["disconnected"]["by_server"] is False
    assert told["signed_in"]["summary"] == "connection 1: WORKGROUP\\alice signed in with NTLMv2 from PC"
    assert told["sign_in_refused"]["status"] == "STATUS_LOGON_FAILURE"
    assert (told["printed"]["share"], told["printed"]["path"]) == ("lp", "\\1-7-alice-letter.txt.prn")
    assert (told["printed"]["job"], told["printed"]["bytes"]) == (7, 12)
    assert told["not_printed"]["reason"] == "no data came"
    assert told["problem"]["traceback"] == "Traceback ..."


def test_every_event_has_time_event_and_summary_and_only_names_of_the_catalogue() -> None:
    known = set(Entry.__struct_fields__)
    for line in lines_of(*HAPPENINGS, CHAIN, *(light(event) for event, _ in DOCUMENTED)):
        assert {"time", "event", "summary"} <= set(line) <= known
        assert line["event"] in EVENTS
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])


def test_subcommands_are_named_and_parameters_decoded() -> None:
    event = next(event for event, line in DOCUMENTED if line.startswith("DFS:"))
    (line,) = lines_of(light(event))
    assert line["subcommand"] == "TRANS2_GET_DFS_REFERRAL"
    assert line["fields"]["parameters"]["request_file_name"] == "\\192.168.1.8\\c$"


def test_a_token_is_told_without_what_proves_the_password() -> None:
    proof = b"\xa5" * 24
    blob = token(3, HOST, "administrator", HOST).replace(bytes(24), proof)
    event = message(0x73, session.SessionSetupExtendedRequest(security_blob=blob))
    (line,) = lines_of(event)
    assert line["fields"]["detail"]["user"] == "administrator"
    assert line["fields"]["detail"]["nt_response_length"] == 24
    assert proof.hex() not in json.dumps(line)
    (line,) = lines_of(event, secrets=True)
    assert line["fields"]["security_blob"].startswith(b"NTLMSSP".hex())


SECRET = b"\xa5\x5a" * 12


@pytest.mark.parametrize(
    "event",
    [
        message(0x73, session.SessionSetupLanmanRequest(password=SECRET)),
        message(0x73, session.SessionSetupPlainRequest(oem_password=SECRET)),
        message(0x73, session.SessionSetupPlainRequest(unicode_password=SECRET)),
        message(0x75, tree.TreeConnectAndxRequest(path="\\\\h\\s", password=SECRET)),
        message(0x2F, files.WriteAndxRequest(0x4000, data=SECRET)),
        message(0x75, None, Part(0x75, tree.TreeConnectAndxRequest(path="\\\\h\\s", password=SECRET))),
    ],
)
def test_passwords_and_payloads_never_appear(event: Told) -> None:
    output = Output()
    sink = JsonLines(output)
    sink.write(event)
    sink.flush()
    assert SECRET.hex().encode() not in output.data.lower()
    assert SECRET not in output.data


HOLD_SECRETS = re.compile(r"password$|^security_blob$|response$|^mic$|key$|^(mech_)?token$|^(lm|nt)$|^auth_")
KNOWN_TO_ALL = {"resume_key"}
"""Where a search goes on. So are the keys that are numbers, such as the session key of a negotiate."""
OFFERS_ONLY = {negotiate.NegotiateExtendedResponse}
"""Its token names mechanisms, before anybody has proved anything."""


def test_every_field_of_the_wire_that_holds_a_secret_is_marked() -> None:
    marked = 0
    for module in pkgutil.iter_modules(wire.__path__, "fakesmb.wire."):
        for cls in vars(importlib.import_module(module.name)).values():
            if not (isinstance(cls, type) and issubclass(cls, msgspec.Struct)) or cls in OFFERS_ONLY:
                continue
            for name in cls.__struct_fields__:
                number = get_type_hints(cls)[name] is int
                if HOLD_SECRETS.search(name) and not (number or name in KNOWN_TO_ALL):
                    assert name in secret_fields(cls), f"{cls.__name__}.{name}"
                    marked += 1
    assert marked >= 7


def test_the_session_key_of_a_negotiate_is_no_secret() -> None:
    body = negotiate.NegotiateNtResponse(dialect_index=0, session_key=7, challenge=bytes(8))
    (line,) = lines_of(reply(0x72, body))
    assert line["fields"]["session_key"] == 7


def test_secrets_appear_when_asked_for() -> None:
    event = message(0x73, session.SessionSetupPlainRequest(unicode_password=SECRET))
    (line,) = lines_of(event, secrets=True)
    assert line["fields"]["unicode_password"] == SECRET.hex()


def test_plain_text_password_of_the_old_tree_connect_is_left_out() -> None:
    (line,) = lines_of(message(0x70, tree.TreeConnectRequest("\\\\h\\s", "hunter2", "A:")))
    assert "hunter2" not in json.dumps(line)


def test_a_payload_is_told_by_its_size() -> None:
    body = files.ReadAndxResponse(data=bytes(60_000))
    for event in (reply(0x2E, body), reply(0x2E, lighten(body))):
        (line,) = lines_of(event)
        assert line["fields"]["data"] == "60000 bytes"
        assert line["fields"]["data_length"] == 60_000


def test_paths_begin_at_the_root_however_the_client_wrote_them() -> None:
    lines = lines_of(message(0x04, path="srvsvc"), message(0x04, path="\\a.txt"), message(0x04))
    assert [line.get("path") for line in lines] == ["\\srvsvc", "\\a.txt", None]


def test_names_that_no_text_can_hold_are_still_recorded_on_one_line() -> None:
    name = "\\a\nb\ud800\x1b[2J"
    (line,) = lines_of(message(0xA2, files.NtCreateAndxRequest(desired_access=1, file_name=name), path=name))
    assert line["path"] == "\\a\nb\\ud800\x1b[2J"


def test_an_event_that_cannot_be_described_is_recorded_with_the_reason() -> None:
    broken = message(0x04, files.CloseRequest(fid="no number"))  # type: ignore[arg-type]
    first, second = lines_of(broken, message(0x04, files.CloseRequest(0x4000), number=2))
    assert first["problem"].startswith("not described: ValueError")
    assert second["number"] == 2


def test_time_is_exact_to_the_microsecond() -> None:
    assert iso(0.0) == "1970-01-01T00:00:00.000000Z"
    assert iso(1_700_000_000.999_999_9) == "2023-11-14T22:13:21.000000Z"
    assert iso(1_700_000_000.123456) == "2023-11-14T22:13:20.123456Z"


def test_a_file_is_appended_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for _ in range(2):
        sink = JsonLines.append(str(path))
        assert str(path) in sink.name
        sink.write(CHAIN)
        sink.close()
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


def rows(heading: str) -> list[str]:
    section = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_page_about_the_record_lists_every_event_and_key() -> None:
    assert rows("Events") == list(EVENTS)
    assert rows("Keys of a JSON line") == list(Entry.__struct_fields__)


def test_every_event_of_the_catalogue_becomes_an_entry() -> None:
    events = [*HAPPENINGS, CHAIN, reply(0x04)]
    told = {entry_of(event).event for event in events}
    assert told == set(EVENTS)


def test_an_exchange_that_cannot_be_dissected_is_told_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr("fakesmb.record.lines.json_lines", broken)
    one = Exchanged(Client(1, CLIENT, SERVER), START, START, 7, b"no SMB", 6, b"", 0)
    (line,) = lines_of(one)
    assert line["problem"].endswith("shorter than its header")
    monkeypatch.setattr("fakesmb.record.dissect.messages", broken)
    (line,) = lines_of(one)
    assert (line["event"], line["problem"]) == ("problem", "exchange 7 not described: KeyError: 'a mistake'")
