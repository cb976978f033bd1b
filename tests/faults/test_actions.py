"""What rules do to requests and to their answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakesmb.core.settings import Limits, Settings
from fakesmb.faults.asked import Asked
from fakesmb.faults.fault import Faults
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Connected, Disconnected, Problem
from fakesmb.record.journal import Journal
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    NtCreateAndxResponse,
    ReadAndxRequest,
    ReadAndxResponse,
    WriteAndxRequest,
)
from fakesmb.wire.raw import ReadRawRequest
from fakesmb.wire.session import EchoRequest, EchoResponse, NtCancelRequest
from fakesmb.wire.trans2 import FindFirst2Request, Trans2
from tests.faults.conftest import DATA
from tests.refusals import Refuses


@pytest.fixture
def fid(client: Client) -> int:
    return client.create("a.txt")


def ask(client: Client, fid: int, size: int = 10) -> int:
    """Sends a READ_ANDX; gives its MID."""
    return client.send(Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=size))


def echo(client: Client) -> None:
    client.call(Command.ECHO, EchoRequest(1, b"x"), EchoResponse)


def last_reason(server: InMemoryServer) -> str:
    return next(event for event in reversed(server.sink.events) if isinstance(event, Disconnected)).reason


# -- fail --------------------------------------------------------------------------------------------------


def test_a_request_that_fails_is_not_done(
    client: Client, fid: int, faults: Faults, folder: Path, refuses: Refuses
) -> None:
    faults.inject(command="WRITE", fail=NT.DISK_FULL)
    with refuses(NT.DISK_FULL):
        client.write(fid, b"new")
    assert (folder / "a.txt").read_bytes() == DATA


def test_clients_without_nt_status_are_told_the_dos_pair(client: Client, fid: int, faults: Faults) -> None:
    with faults.inject(command="READ", fail="DISK_FULL"):
        client.flags2 &= ~0x4000
        ask(client, fid)
        assert client.answer().header.status == 1 | 112 << 16
    client.flags2 |= 0x4000
    with faults.inject(command="READ", fail=("ERRHRD", "ERRdata")):
        ask(client, fid)
        header = client.answer().header
        assert (header.status, header.flags2 & 0x4000) == (3 | 23 << 16, 0)


def test_read_raw_fails_as_it_can(client: Client, fid: int, faults: Faults) -> None:
    """By an empty frame: the client asks again, by a command that can say what is wrong."""
    fault = faults.inject(command="READ_RAW", fail=NT.ACCESS_DENIED)
    client.send(
        Command.READ_RAW,
        ReadRawRequest(fid, 0, 100, 0, 0),
    )
    assert client.stream() == bytes(4)
    assert fault.hits == 1


# -- delay and hang ----------------------------------------------------------------------------------------


def test_a_delayed_request_lets_others_pass(
    server: InMemoryServer, client: Client, fid: int, faults: Faults
) -> None:
    other = server.client().sign_in().connect("in")
    faults.inject(command="READ", delay=2)
    mids = [ask(client, fid), ask(client, fid)]
    echo(other)
    echo(client)
    server.clock.advance(1.9)
    assert client.answers() == []
    server.clock.advance(0.2)
    assert [answer.header.mid for answer in client.answers()] == mids


def test_a_delayed_request_may_fail_then(client: Client, fid: int, faults: Faults) -> None:
    fault = faults.inject(command="READ", delay=2, fail=NT.IO_TIMEOUT)
    ask(client, fid)
    assert (client.answers(), fault.hits) == ([], 1)
    client.clock.advance(2)
    assert client.answer().header.status == NT.IO_TIMEOUT


def test_a_chain_waits_for_its_delayed_command(client: Client, faults: Faults) -> None:
    faults.inject(command="READ", delay=1)
    opening = NtCreateAndxRequest(
        file_name="a.txt", desired_access=0x12019F, share_access=7, create_disposition=1
    )
    client.send(Command.NT_CREATE_ANDX, opening, (Command.READ_ANDX, ReadAndxRequest(fid=0, max_count=5)))
    assert client.answers() == []
    client.clock.advance(1)
    _, read = client.answer().chained([NtCreateAndxResponse, ReadAndxResponse])
    assert bytes(read.data) == b"01234"  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", [{"delay": 5}, {"hang": True}], ids=str)
def test_a_request_that_waits_can_be_cancelled(
    client: Client, fid: int, faults: Faults, rule: dict[str, Any]
) -> None:
    faults.inject(command="READ", **rule)
    mid = ask(client, fid)
    client.send(Command.NT_CANCEL, NtCancelRequest(), mid=mid)
    answer = client.answer()
    assert (answer.header.mid, answer.header.status) == (mid, NT.CANCELLED)
    client.clock.advance(10)
    assert client.answers() == []


@pytest.mark.parametrize("rule", [{"delay": 5}, {"hang": True}, {"trickle": 10}, {"split": [1, 1]}], ids=str)
def test_a_client_that_leaves_leaves_nothing_behind(
    server: InMemoryServer, client: Client, fid: int, faults: Faults, rule: dict[str, Any]
) -> None:
    """The fixture looks whether a call is still to come."""
    faults.inject(command="READ", **rule)
    ask(client, fid)
    client.lost()
    server.clock.advance(0)


def test_what_hangs_is_answered_when_the_rule_goes(client: Client, fid: int, faults: Faults) -> None:
    fault = faults.inject(command="READ", hang=True)
    mids = {ask(client, fid), ask(client, fid)}
    echo(client)
    client.clock.advance(1000)
    assert client.answers() == []
    assert (fault.seen, fault.hits) == (2, 2)
    fault.remove()
    client.clock.advance(0)
    assert {answer.header.mid for answer in client.answers()} == mids


# -- the end of the connection -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "sent", "done", "reason"),
    [
        ({"drop": "before"}, 0, False, "dropped"),
        ({"reset": True}, 0, False, "reset"),
        ({"drop": "mid-response"}, 0.5, True, "dropped"),
        ({"drop": "mid-response", "reset": True}, 0.5, True, "reset"),
        ({"drop": "after"}, 1, True, "dropped"),
        ({"drop": "after", "reset": True}, 1, True, "reset"),
    ],
    ids=str,
)
def test_connections_end(
    server: InMemoryServer,
    client: Client,
    fid: int,
    faults: Faults,
    folder: Path,
    rule: dict[str, Any],
    sent: float,
    done: bool,
    reason: str,
) -> None:
    aborted: list[bool] = []

    def abort() -> None:
        aborted.append(True)
        client.connection._close()

    client.connection.abort = abort
    writing = WriteAndxRequest(fid=fid, data=b"new")
    client.send(Command.WRITE_ANDX, writing)
    whole = len(client.stream())
    (folder / "a.txt").write_bytes(DATA)
    fault = faults.inject(command="WRITE", **rule)
    client.send(Command.WRITE_ANDX, writing)
    assert len(client.stream()) == int(whole * sent)
    assert client.closed
    assert bool(aborted) is bool(rule.get("reset"))
    assert (folder / "a.txt").read_bytes() == (b"new" + DATA[3:] if done else DATA)
    assert last_reason(server) == f"fault 1: {reason}"
    assert fault.hits == 1


def test_a_chain_whose_end_drops_the_connection_says_nothing(client: Client, faults: Faults) -> None:
    faults.inject(command="READ", drop="before")
    opening = NtCreateAndxRequest(
        file_name="a.txt", desired_access=0x12019F, share_access=7, create_disposition=1
    )
    client.send(Command.NT_CREATE_ANDX, opening, (Command.READ_ANDX, ReadAndxRequest(fid=0, max_count=5)))
    assert (client.stream(), client.closed) == (b"", True)


@pytest.mark.parametrize(("rule", "closed"), [({"drop": "before"}, True), ({"reset": True}, True)], ids=str)
def test_a_client_may_be_turned_away_when_it_connects(
    server: InMemoryServer, faults: Faults, rule: dict[str, Any], closed: bool
) -> None:
    fault = faults.inject(on="connect", nth=2, **rule)
    first, second, third = server.client(), server.client(), server.client()
    server.clock.advance(0)
    assert [one.closed for one in (first, second, third)] == [False, closed, False]
    assert (fault.seen, fault.hits) == (3, 1)
    third.sign_in()


def test_a_client_may_be_kept_waiting_when_it_connects(server: InMemoryServer, faults: Faults) -> None:
    with faults.inject(on="connect", delay=1):
        slow = server.client()
    slow.send_raw(slow.message(Command.ECHO, EchoRequest(1, b"")))
    assert not slow.closed
    server.clock.advance(1)
    assert slow.closed  # no dialect has been negotiated
    fault = faults.inject(on="connect", hang=True)
    hung = server.client()
    gone = server.client()
    gone.lost()
    hung.send_raw(hung.message(Command.ECHO, EchoRequest(1, b"")))
    server.clock.advance(10)
    assert not hung.closed
    fault.remove()
    assert hung.closed


# -- the bytes of answers ----------------------------------------------------------------------------------


def test_a_trickle_has_its_rate_and_holds_what_follows(client: Client, fid: int, faults: Faults) -> None:
    ask(client, fid)
    whole = len(client.stream())
    faults.inject(command="READ", trickle=100, times=1)
    ask(client, fid)
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    came = len(client.stream())
    for _ in range(5):
        client.clock.advance(0.05)
        came += len(client.stream())
    assert came == 5 * 6
    client.clock.pump([0.05] * 20)
    frames = client.stream()
    assert came + len(frames) == whole + 42  # and the answer to ECHO behind it
    assert frames[-1:] == b"x"
    assert client.connection.paced is None
    echo(client)


def test_signed_answers_may_overtake_each_other(server: InMemoryServer, faults: Faults) -> None:
    """The client of these tests checks each signature."""
    signed = server.client().sign_in(signing=True).connect("in")
    fid = signed.create("a.txt")
    with faults.inject(command="READ", delay=1, trickle=1000):
        mid = ask(signed, fid)
    echo(signed)
    server.clock.pump([0.05] * 40)
    answer = signed.answer()
    assert (answer.header.mid, answer.body(ReadAndxResponse).data) == (mid, DATA[:10])


def test_a_client_dropped_after_a_trickle_gets_it_whole(client: Client, fid: int, faults: Faults) -> None:
    faults.inject(command="READ", trickle=100, drop="after")
    ask(client, fid)
    client.clock.pump([0.05] * 10)
    assert not client.closed
    client.clock.pump([0.05] * 10)
    assert client.closed
    assert client.answer().body(ReadAndxResponse).data == DATA[:10]


def test_an_answer_leaves_in_pieces(client: Client, fid: int, faults: Faults) -> None:
    pieces: list[int] = []
    client.connection._out = client.connection._send = lambda frame: pieces.append(sum(map(len, frame)))
    faults.inject(command="READ", split=[1, 3, 5])
    ask(client, fid)
    client.clock.pump([0.01] * 5)
    assert pieces == [1, 3, 5, 65]


def changed(before: bytes, after: bytes) -> dict[int, int]:
    """Where two messages differ, from the header's start, and by which bits."""
    return {
        at - 4: one ^ other for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other
    }


@pytest.mark.parametrize(
    ("corrupt", "where"),
    [
        (4, {4: 0xFF}),
        (-1, {69: 0xFF}),
        ({"offset": 10, "xor": 1}, {10: 1}),
        ("mid", {30: 0xFF}),
        ({"field": "mid", "xor": 0x0100}, {31: 1}),
        ("status", {5: 0xFF}),
        ("magic", {0: 0xFF}),
        ({"field": "data_length", "xor": 3}, {32 + 1 + 4 + 6: 3}),
        ("data_offset", {32 + 1 + 4 + 8: 0xFF}),
        ({"field": "data", "xor": 1}, {60: 1}),
    ],
    ids=str,
)
def test_bytes_of_an_answer_are_changed(
    client: Client, fid: int, faults: Faults, corrupt: Any, where: dict[int, int]
) -> None:
    mid = ask(client, fid)
    before = client.stream()
    fault = faults.inject(command="READ", corrupt=corrupt)
    client.send(Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=10), mid=mid)
    assert changed(before, client.stream()) == where
    assert fault.hits == 1


def test_a_field_of_a_transaction_is_changed(client: Client, faults: Faults) -> None:
    faults.inject(subcommand="FIND_FIRST2", corrupt={"field": "search_count", "xor": 0x40})
    found = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\*"))
    assert found.parameters[2] == 4 ^ 0x40
    faults.clear()
    whole = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\*"))
    faults.inject(subcommand="FIND_FIRST2", corrupt={"field": "data", "xor": 0x40})
    found = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\*"))
    assert found.data[0] == whole.data[0] ^ 0x40


def test_what_an_answer_does_not_have_is_not_changed_and_no_hit(
    client: Client, fid: int, faults: Faults
) -> None:
    beyond = faults.inject(command="READ", corrupt=5000, times=1)
    ask(client, fid)
    assert client.answer().body(ReadAndxResponse).data == DATA[:10]
    assert (beyond.seen, beyond.hits) == (1, 0)
    beyond.remove()
    fault = faults.inject(command="READ", corrupt="data_length", times=1)
    ask(client, fid ^ 0x7FF)
    assert client.answer().header.status == NT.INVALID_HANDLE
    assert (fault.seen, fault.hits) == (1, 0)
    ask(client, fid)
    client.answer()
    assert (fault.seen, fault.hits) == (2, 1)


def test_a_signature_is_spoilt(server: InMemoryServer, faults: Faults) -> None:
    plain, signed = (
        server.client().sign_in().connect("in"),
        server.client().sign_in(signing=True).connect("in"),
    )
    fault = faults.inject(command="ECHO", bad_signature=True)
    echo(plain)
    assert (fault.seen, fault.hits) == (1, 0)
    with pytest.raises(AssertionError, match="signature of number"):
        echo(signed)
    assert fault.hits == 1
    fault.remove()
    echo(signed)


def test_the_field_of_a_later_command_of_a_chain_is_changed(client: Client, faults: Faults) -> None:
    opening = NtCreateAndxRequest(
        file_name="a.txt", desired_access=0x12019F, share_access=7, create_disposition=1
    )
    chain = opening, (Command.READ_ANDX, ReadAndxRequest(fid=0, max_count=5))
    fault = faults.inject(command="READ", corrupt={"field": "data", "xor": 1})
    client.send(Command.NT_CREATE_ANDX, *chain)
    opened, read = client.answer().chained([NtCreateAndxResponse, ReadAndxResponse])
    assert isinstance(opened, NtCreateAndxResponse)
    assert isinstance(read, ReadAndxResponse)
    assert bytes(read.data) == b"11234"
    assert fault.hits == 1
    fault.remove()
    missing = faults.inject(command="OPEN", corrupt={"field": "end_of_file", "xor": 1})
    client.send(Command.NT_CREATE_ANDX, *chain)
    opened, _ = client.answer().chained([NtCreateAndxResponse, ReadAndxResponse])
    assert isinstance(opened, NtCreateAndxResponse)
    assert opened.end_of_file == len(DATA) ^ 1
    assert missing.hits == 1


def test_a_client_is_answered_no_further_while_much_of_a_trickle_waits(folder: Path) -> None:
    server = InMemoryServer({"in": folder}, settings=Settings(limits=Limits(unread_bytes=150)))
    client = server.client().sign_in().connect("in")
    fid = client.create("a.txt")
    server.server.faults.inject(command="READ", trickle=1000, times=1)
    for _ in range(6):
        ask(client, fid)
    paced = client.connection.paced
    assert paced is not None
    assert paced._waiting < 400
    server.clock.pump([0.05] * 20)
    assert len(client.answers()) == 6
    assert client.connection.paced is None


# -- functions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gives", "status"),
    [(lambda _: None, 0), (lambda _: "DISK_FULL", NT.DISK_FULL), (lambda _: (1, 5), 0x50001)],
)
def test_a_function_may_say_what_becomes_of_a_request(
    client: Client, fid: int, faults: Faults, gives: Callable[[Asked], object], status: int
) -> None:
    asked: list[Asked] = []

    def called(one: Asked) -> object:
        asked.append(one)
        return gives(one)

    fault = faults.inject(command="READ", call=called)
    ask(client, fid)
    assert client.answer().header.status == status
    assert fault.hits == 1
    [one] = asked
    assert (one.command, one.path, one.share, one.user) == ("SMB_COM_READ_ANDX", "\\a.txt", "in", "alice")
    assert (one.subcommand, one.connection, one.peer) == ("", 1, "127.0.0.1:50000")
    assert isinstance(one.params, ReadAndxRequest)


def test_a_function_may_raise_a_status(client: Client, fid: int, faults: Faults) -> None:
    def refuse(asked: Asked) -> None:
        raise SMBError(NT.ACCESS_DENIED, "not today")

    faults.inject(command="READ", call=refuse, delay=1)
    ask(client, fid)
    client.clock.advance(1)
    assert client.answer().header.status == NT.ACCESS_DENIED


@pytest.mark.parametrize("gives", [lambda _: 1 / 0, lambda _: "DISK_FUL", lambda _: object()])
def test_a_mistake_in_a_function_is_a_problem_in_the_record(
    server: InMemoryServer, client: Client, fid: int, faults: Faults, gives: Callable[[Asked], object]
) -> None:
    faults.inject(command="READ", call=gives)
    ask(client, fid)
    assert client.answer().header.status == NT.INTERNAL_ERROR
    [problem] = server.problems
    assert problem.text.startswith("fault 1: ")
    assert "in the function that it calls" in problem.text
    assert problem.traceback
    server.sink.events[:] = [event for event in server.sink.events if not isinstance(event, Problem)]


def test_a_function_of_a_client_that_connects(server: InMemoryServer, faults: Faults) -> None:
    asked: list[Asked] = []
    faults.inject(on="connect", call=asked.append)
    client = server.client()
    server.clock.advance(0)
    assert [(one.connection, one.command, one.path) for one in asked] == [(1, "", "")]
    client.sign_in()


def test_a_mistake_in_a_function_of_a_client_that_connects(server: InMemoryServer, faults: Faults) -> None:
    faults.inject(on="connect", call=lambda _: 1 / 0)
    client = server.client()
    server.clock.advance(0)
    [problem] = server.problems
    assert problem.text == "fault 1: ZeroDivisionError in the function that it calls: division by zero"
    server.sink.events[:] = [event for event in server.sink.events if not isinstance(event, Problem)]
    client.sign_in()


def test_rules_are_checked_with_what_the_server_is(folder: Path) -> None:
    server = InMemoryServer({"in": folder}, settings=Settings(signing="off"))
    for rule in ({"bad_signature": True}, {"share": "im", "hang": True}, {"user": "bob", "hang": True}):
        with pytest.raises(ValueError, match=r"signing is off|no share|no user"):
            server.server.faults.inject(**rule)
    assert len(server.server.faults) == 0


@pytest.mark.parametrize(
    "raises", [pytest.fail.Exception, pytest.skip.Exception, SystemExit, KeyboardInterrupt]
)
@pytest.mark.parametrize("rule", [{}, {"delay": 1}], ids=str)
def test_whatever_a_function_raises_the_client_is_answered(
    server: InMemoryServer,
    client: Client,
    fid: int,
    faults: Faults,
    raises: type[BaseException],
    rule: dict[str, Any],
) -> None:
    """A test that calls `pytest.fail` in it hears of it by the record, and its client does not wait for ever."""

    def called(_: Asked) -> None:
        raise raises("no reads")

    faults.inject(command="READ", call=called, **rule)
    ask(client, fid)
    client.clock.advance(1)
    assert client.answer().header.status == NT.INTERNAL_ERROR
    [problem] = server.problems
    assert problem.text == f"fault 1: {raises.__name__} in the function that it calls: no reads"
    assert problem.traceback
    server.sink.events.remove(problem)


def test_success_is_no_status_to_raise(
    server: InMemoryServer, client: Client, fid: int, faults: Faults
) -> None:
    def called(_: Asked) -> None:
        raise SMBError(NT.SUCCESS)

    faults.inject(command="READ", call=called)
    ask(client, fid)
    assert client.answer().header.status == NT.INTERNAL_ERROR
    [problem] = server.problems
    assert "0x00000000 is success" in problem.text
    server.sink.events.remove(problem)


@pytest.mark.parametrize("gives", [NT.ACCESS_DENIED, "drop", SystemExit])
def test_a_client_that_connects_cannot_be_given_a_status(
    server: InMemoryServer, faults: Faults, gives: object
) -> None:
    def called(_: Asked) -> object:
        if isinstance(gives, type):
            raise gives
        return gives

    faults.inject(on="connect", call=called)
    client = server.client()
    server.clock.advance(0)
    [problem] = server.problems
    assert problem.text.startswith("fault 1: ")
    assert problem.traceback
    server.sink.events.remove(problem)
    client.sign_in()


def test_what_hung_is_done_in_the_order_that_it_came_in(
    client: Client, fid: int, faults: Faults, folder: Path
) -> None:
    fault = faults.inject(command="WRITE", hang=True)
    mids = [
        client.send(Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"%d" % one * 5)) for one in range(6)
    ]
    fault.remove()
    client.clock.advance(0)
    assert [answer.header.mid for answer in client.answers()] == mids
    assert (folder / "a.txt").read_bytes()[:5] == b"55555"


# -- chains ------------------------------------------------------------------------------------------------


def chain(client: Client) -> bytes:
    """CREATE, READ and CLOSE in one message; gives what comes of it, closed or not."""
    opening = NtCreateAndxRequest(
        file_name="a.txt", desired_access=0x12019F, share_access=7, create_disposition=1
    )
    client.send(
        Command.NT_CREATE_ANDX,
        opening,
        (Command.READ_ANDX, ReadAndxRequest(fid=0, max_count=5)),
        (Command.CLOSE, CloseRequest(0)),
    )
    client.clock.pump([0.05] * 20)
    return bytes(client.stream())


@pytest.fixture
def journal(server: InMemoryServer) -> Journal:
    journal = Journal()
    server.server.log.add(journal)
    return journal


def test_the_record_names_a_rule_at_the_command_that_it_acted_on(
    journal: Journal, client: Client, faults: Faults
) -> None:
    faults.inject(command="OPEN", delay=0.05)
    second = faults.inject(command="READ", fail=NT.ACCESS_DENIED)
    chain(client)
    found = journal.exchanges(mid=journal.exchanges(command="SMB_COM_NT_CREATE_ANDX")[0].mid)
    assert [(one.command, one.fault) for one in found] == [
        ("SMB_COM_NT_CREATE_ANDX", "fault 1"),
        ("SMB_COM_READ_ANDX", "fault 2"),
        ("SMB_COM_CLOSE", None),
    ]
    for name in ("fault 1", "fault 2"):
        journal.verify(fault=name, count=1)
    assert second.hits == 1
    assert journal.lines(1)[0].endswith("(fault 1, fault 2)")


@pytest.mark.parametrize(
    "rule",
    [
        {"drop": "mid-response"},
        {"drop": "after"},
        {"split": [5, 5]},
        {"trickle": 1000},
        {"corrupt": "end_of_file"},
    ],
    ids=str,
)
def test_what_two_rules_do_to_the_answer_to_a_chain_is_done(
    client: Client, faults: Faults, rule: dict[str, Any]
) -> None:
    pieces: list[int] = []
    send = client.connection._send
    with faults.inject(command="ECHO", fail=NT.ACCESS_DENIED):
        whole = chain(client)

    def noted(frame: Any) -> None:
        pieces.append(sum(map(len, frame)))
        send(frame)

    client.connection._send = client.connection._out = noted
    first = faults.inject(command="OPEN", **rule)
    second = faults.inject(command="READ_ANDX", corrupt="data")
    came = chain(client)
    assert (first.hits, second.hits) == (1, 1)
    assert client.closed is ("drop" in rule)
    if rule.get("drop") == "mid-response":
        assert len(came) == len(whole) // 2
        return
    assert (len(pieces) > 2) is ("split" in rule or "trickle" in rule)
    where = [at for at, xor in changed(whole, came).items() if xor == 0xFF and at > 60]
    assert len(where) == (2 if "corrupt" in rule else 1)


def test_two_rules_that_change_the_same_do_not_undo_it(client: Client, faults: Faults) -> None:
    whole = chain(client)
    every = faults.inject(corrupt=9)
    came = chain(client)
    assert {at: xor for at, xor in changed(whole, came).items() if at == 9} == {9: 0xFF}
    assert (every.seen, every.hits) == (3, 1)


def test_two_ways_to_leave_are_both_kept_to(client: Client, faults: Faults) -> None:
    """No byte leaves before one of them lets it go."""
    leaving: list[tuple[float, int]] = []
    faults.inject(command="OPEN", split=[1, 3])
    faults.inject(command="READ", trickle=1000)
    client.connection._send = client.connection._out = lambda frame: leaving.append(
        (round(client.clock.seconds(), 3), sum(map(len, frame)))
    )
    chain(client)
    assert [size for _, size in leaving[:2]] == [1, 3]
    rate = sum(size for _, size in leaving) / (leaving[-1][0] - leaving[0][0])
    assert rate < 1500


# -- answers that are none, or bare data -------------------------------------------------------------------


@pytest.mark.parametrize("rule", [{"drop": "mid-response"}, {"trickle": 1}, {"split": [1]}], ids=str)
def test_what_is_never_answered_is_no_hit(client: Client, faults: Faults, rule: dict[str, Any]) -> None:
    fault = faults.inject(command="ECHO", times=1, **rule)
    client.send(Command.ECHO, EchoRequest(0, b"x"))
    assert (fault.seen, fault.hits, client.closed) == (1, 0, False)
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    client.clock.pump([1] * 60)
    client.stream()
    assert (fault.seen, fault.hits) == (2, 1)


def test_a_connection_ends_after_what_is_never_answered(
    server: InMemoryServer, journal: Journal, client: Client, faults: Faults
) -> None:
    fault = faults.inject(command="ECHO", drop="after")
    client.send(Command.ECHO, EchoRequest(0, b"x"))
    assert (fault.hits, client.closed, client.stream()) == (1, True, b"")
    assert last_reason(server) == "fault 1: dropped"
    journal.verify(command="SMB_COM_ECHO", fault="fault 1", count=1)


def test_bare_data_has_no_field(client: Client, faults: Faults, folder: Path) -> None:
    data = b"\xffSMB" + bytes(100)
    (folder / "raw").write_bytes(data)
    fid = client.create("raw")
    fault = faults.inject(command="READ", corrupt="mid")
    client.send(Command.READ_RAW, ReadRawRequest(fid, 0, 100, 0, 0))
    assert client.stream()[4:] == data[:100]
    assert (fault.seen, fault.hits) == (1, 0)


@pytest.mark.parametrize(
    "rule",
    [{"hang": True}, {"delay": 1}, {"call": lambda _: None}, {"reset": True}],
    ids=["hang", "delay", "call", "reset"],
)
def test_the_record_names_the_rule_that_acts_on_a_client_that_connects(
    server: InMemoryServer, faults: Faults, rule: dict[str, Any]
) -> None:
    fault = faults.inject(on="connect", nth=2, **rule)
    server.client()
    second = server.client()
    server.clock.advance(1)
    second.lost()
    told = [event.fault for event in server.sink.events if isinstance(event, Connected)]
    assert told == ["", "fault 1"]
    assert fault.hits == 1


def test_a_client_that_is_kept_waiting_is_read_on(server: InMemoryServer, faults: Faults) -> None:
    """Else nobody would hear that it leaves."""
    faults.inject(on="connect", hang=True)
    client = server.client()
    rests: list[bool] = []
    client.connection.rest = rests.append
    for _ in range(200):
        client.connection.receive(b"12345")
    assert rests == []
    most = server.server.settings.limits.unread_bytes
    for _ in range(200):
        client.connection.receive(bytes(most // 100))
    assert rests[0]
