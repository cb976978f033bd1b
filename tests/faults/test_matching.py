"""Which requests a rule acts on: every match and every count, and what the record says of it."""

from pathlib import Path
from typing import Any

import pytest

from fakesmb.core.connection import SMBConnection
from fakesmb.core.plan import Plans
from fakesmb.core.tap import Tap
from fakesmb.faults.fault import Faults
from fakesmb.nt.status import NT
from fakesmb.record.events import Exchanged
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Buffer, Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CheckDirectoryRequest, DeleteRequest, RenameRequest
from fakesmb.wire.files import NtCreateAndxRequest, ReadAndxRequest
from fakesmb.wire.nt_trans import IoctlSetup, NtCreateRequest
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.session import EchoRequest, EchoResponse, NtCancelRequest
from fakesmb.wire.trans import (
    NtTransactRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
)
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindNext2Request,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from tests.refusals import Refuses


def refused(client: Client, path: str = "\\dir", status: NT = NT.DISK_FULL) -> bool:
    """Whether CHECK_DIRECTORY is refused as the rules of these tests do it."""
    client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest(path))
    return client.answer().header.status == status


def found(client: Client, faults: Faults, **rule: Any) -> bool:
    """Whether such a rule acts on CHECK_DIRECTORY of `\\dir`."""
    with faults.inject(**rule, fail=NT.DISK_FULL) as fault:
        hit = refused(client)
        assert (fault.seen, fault.hits) == (int(hit), int(hit))
        return hit


@pytest.mark.parametrize(
    ("rule", "acts"),
    [
        ({"command": "CHECK_DIRECTORY"}, True),
        ({"command": ["ECHO", "CHECK_DIRECTORY"]}, True),
        ({"command": "ECHO"}, False),
        ({"command": "WRITE"}, False),
        ({}, True),
        ({"share": "in"}, True),
        ({"share": "IN"}, True),
        ({"share": "other"}, False),
        ({"user": "alice"}, True),
        ({"user": "ALICE"}, True),
        ({"path": "dir"}, True),
        ({"path": r"\dir"}, True),
        ({"path": "/DIR"}, True),
        ({"path": "d?r"}, True),
        ({"path": "*"}, True),
        ({"path": "di"}, False),
        ({"path": "*.txt"}, False),
        ({"connection": 1}, True),
        ({"connection": 2}, False),
        ({"peer": "127.0.0.1"}, True),
        ({"peer": "127.0.0.0/8"}, True),
        ({"peer": "10.0.0.0/8"}, False),
        ({"peer": "::1"}, False),
        ({"on": "request"}, True),
        (
            {"command": "CHECK_DIRECTORY", "share": "in", "path": "dir", "user": "alice", "connection": 1},
            True,
        ),
        (
            {"command": "CHECK_DIRECTORY", "share": "in", "path": "dir", "user": "alice", "connection": 2},
            False,
        ),
    ],
    ids=str,
)
def test_all_that_a_rule_says_must_be_true(
    client: Client, faults: Faults, rule: dict[str, Any], acts: bool
) -> None:
    assert found(client, faults, **rule) is acts


def test_what_has_a_fid_has_the_path_of_its_open(client: Client, faults: Faults, refuses: Refuses) -> None:
    mine, other = client.create("dir\\b.bak"), client.create("a.txt")
    fault = faults.inject(command="WRITE", path="*.bak", fail=NT.DISK_FULL)
    assert client.write(other, b"x") == 1
    with refuses(NT.DISK_FULL):
        client.write(mine, b"x")
    assert (fault.seen, fault.hits) == (1, 1)


def test_a_chain_has_the_path_that_it_opens(client: Client, faults: Faults) -> None:
    """The FID of a later command is that of the open before it, whatever it says; each command counts."""
    fault = faults.inject(command="READ", path=r"\a.txt", fail="ERRDOS/ERRnoaccess")
    opening = NtCreateAndxRequest(
        file_name="a.txt", desired_access=0x12019F, share_access=7, create_disposition=1
    )
    client.send(
        Command.NT_CREATE_ANDX, opening, (Command.READ_ANDX, ReadAndxRequest(fid=0xFFFF, max_count=5))
    )
    answer = client.answer()
    assert answer.header.status == 0x00050001
    assert fault.hits == 1
    both = faults.inject(command=["NT_CREATE_ANDX", "READ_ANDX"], path="nothing", fail=NT.DISK_FULL)
    seen = faults.inject(command=["NT_CREATE_ANDX", "READ_ANDX"], nth=99, fail=NT.DISK_FULL)
    client.send(
        Command.NT_CREATE_ANDX, opening, (Command.READ_ANDX, ReadAndxRequest(fid=0xFFFF, max_count=5))
    )
    client.answer()
    assert (both.seen, seen.seen) == (0, 2)


def test_a_rename_has_two_paths(client: Client, faults: Faults, refuses: Refuses) -> None:
    for path in ("a.txt", "c.txt"):
        with faults.inject(command="RENAME", path=path, fail=NT.ACCESS_DENIED), refuses(NT.ACCESS_DENIED):
            client.call(Command.RENAME, RenameRequest(0x16, "a.txt", "c.txt"), Empty)


def test_subcommands_and_levels(client: Client, faults: Faults, refuses: Refuses) -> None:
    def query(level: int) -> None:
        client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(level, 0, "a.txt"))

    fault = faults.inject(subcommand="QUERY_PATH_INFORMATION", level=0x107, fail=NT.ACCESS_DENIED)
    query(0x101)
    with refuses(NT.ACCESS_DENIED):
        query(0x107)
    assert (fault.seen, fault.hits) == (1, 1)


def test_find_is_a_family_and_its_next_requests_have_the_path_too(
    client: Client, faults: Faults, refuses: Refuses
) -> None:
    first = FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*")
    with faults.inject(command="FIND", path=r"\*", nth=2, fail=NT.NO_MORE_FILES) as fault:
        found = client.trans2(Trans2.FIND_FIRST2, first)
        sid = int.from_bytes(found.parameters[:2], "little")
        with refuses(NT.NO_MORE_FILES):
            client.trans2(Trans2.FIND_NEXT2, FindNext2Request(sid, 9, 0x104, 0, 8, ""))
        assert (fault.seen, fault.hits) == (2, 1)
    client.trans2(Trans2.FIND_NEXT2, FindNext2Request(sid, 9, 0x104, 0, 8, ""))


def test_a_share_is_meant_by_the_request_that_connects_it(
    server: InMemoryServer, faults: Faults, refuses: Refuses
) -> None:
    faults.inject(command="TREE_CONNECT_ANDX", share="other", fail=NT.BAD_NETWORK_NAME)
    client = server.client().sign_in().connect("in")
    with refuses(NT.BAD_NETWORK_NAME):
        client.connect("other")


def test_a_user_is_meant_by_the_sign_in(server: InMemoryServer, faults: Faults, refuses: Refuses) -> None:
    faults.inject(command="SESSION_SETUP_ANDX", user="Alice", times=1, fail=NT.ACCOUNT_DISABLED)
    with refuses(NT.ACCOUNT_DISABLED):
        server.client().sign_in()
    server.client().sign_in()


def outcomes(client: Client, count: int) -> str:
    """Of each of so many requests whether it was refused: `.x.`."""
    return "".join(".x"[refused(client)] for _ in range(count))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ({}, "xxxxxxxx"),
        ({"nth": 3}, "..x....."),
        ({"nth": [2, 5]}, ".x..x..."),
        ({"skip": 2}, "..xxxxxx"),
        ({"times": 2}, "xx......"),
        ({"every": 3}, "..x..x.."),
        ({"skip": 1, "every": 3}, "...x..x."),
        ({"skip": 1, "nth": 2}, "..x....."),
        ({"every": 2, "times": 2}, ".x.x...."),
        ({"skip": 3, "times": 1}, "...x...."),
    ],
    ids=str,
)
def test_counts(client: Client, faults: Faults, count: dict[str, Any], expected: str) -> None:
    fault = faults.inject(command="CHECK_DIRECTORY", fail=NT.DISK_FULL, **count)
    assert outcomes(client, 8) == expected
    assert (fault.seen, fault.hits) == (8, expected.count("x"))


def test_counts_of_each_connection_and_of_each_path(server: InMemoryServer, faults: Faults) -> None:
    first, second = (server.client().sign_in().connect("in") for _ in range(2))
    with faults.inject(command="CHECK_DIRECTORY", nth=2, per="connection", fail=NT.DISK_FULL) as fault:
        assert [refused(client) for client in (first, second, first, second, first)] == [
            False,
            False,
            True,
            True,
            False,
        ]
        assert (fault.seen, fault.hits) == (5, 2)
    with faults.inject(command="CHECK_DIRECTORY", times=1, per="path", fail=NT.DISK_FULL) as fault:
        assert [refused(first, path) for path in ("\\dir", "\\", "dir", "\\")] == [True, True, False, False]
        assert (fault.seen, fault.hits) == (4, 2)


def test_chance_is_the_same_for_the_same_seed_and_comes_last(client: Client, faults: Faults) -> None:
    def thrown(**rule: Any) -> str:
        with faults.inject(command="CHECK_DIRECTORY", chance=0.5, fail=NT.DISK_FULL, **rule):
            return outcomes(client, 40)

    usual = thrown()
    assert thrown() == usual
    assert 5 < usual.count("x") < 35
    assert thrown(seed=7) != usual
    every = thrown(every=2)  # the dice are thrown for those only that the counts leave
    assert every == "".join("." + one for one in usual[:20])
    limited = thrown(times=3)
    assert limited.count("x") == 3
    assert usual.startswith(limited[: limited.rindex("x") + 1])


def test_the_first_rule_acts_and_all_count(client: Client, faults: Faults) -> None:
    first = faults.inject(command="CHECK_DIRECTORY", nth=2, fail=NT.DISK_FULL)
    second = faults.inject(command="CHECK_DIRECTORY", nth=[1, 2], fail=NT.ACCESS_DENIED)
    third = faults.inject(share="in", path="dir", times=1, fail=NT.OBJECT_NAME_INVALID)
    statuses = []
    for _ in range(4):
        client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest("dir"))
        statuses.append(client.answer().header.status)
    assert statuses == [NT.ACCESS_DENIED, NT.DISK_FULL, NT.OBJECT_NAME_INVALID, NT.SUCCESS]
    assert [fault.seen for fault in faults] == [4, 4, 4]
    assert [(fault.hits) for fault in (first, second, third)] == [1, 1, 1]


def test_the_record_names_the_rule_that_acted(server: InMemoryServer, client: Client, faults: Faults) -> None:
    told: list[Exchanged] = []
    write = server.sink.write
    server.sink.write = lambda event: told.append(event) if isinstance(event, Exchanged) else write(event)  # type: ignore[method-assign]
    faults.inject(command="DELETE", path="a.txt", name="no deletions", fail=NT.CANNOT_DELETE)
    client.send(Command.DELETE, DeleteRequest(0x16, "a.txt"))
    client.send(Command.DELETE, DeleteRequest(0x16, "nothing"))
    client.answers()
    assert [(one.fault, one.path, one.user, one.share, one.status) for one in told] == [
        ("no deletions", "\\a.txt", "alice", "in", NT.CANNOT_DELETE),
        ("", "\\nothing", "alice", "in", NT.OBJECT_NAME_NOT_FOUND),
    ]
    assert told[0].reason == ""


# -- not armed is not there --------------------------------------------------------------------------------


@pytest.mark.plans
@pytest.mark.turns
def test_a_rule_takes_away_the_plans_of_its_commands_only(client: Client, faults: Faults) -> None:
    connection = client.connection
    usual = connection._plans
    assert isinstance(usual, Plans)
    with faults.inject(command="WRITE", fail=NT.DISK_FULL):
        armed = connection._plans
        assert armed[Command.READ_ANDX] is usual[Command.READ_ANDX]
        assert armed[Command.TRANSACTION2] is usual[Command.TRANSACTION2]
        assert armed[Command.WRITE_ANDX] is not usual[Command.WRITE_ANDX]
        assert "_message" not in vars(connection)
        assert connection._send == connection._out
        with faults.inject(command="FIND", fail=NT.DISK_FULL):
            assert connection._plans[Command.READ_ANDX] is usual[Command.READ_ANDX]
            assert connection._plans[Command.TRANSACTION2] is not usual[Command.TRANSACTION2]
            client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x107, 0, "a.txt"))
    assert connection._plans is usual
    assert "_exchange_class" not in vars(connection)


@pytest.mark.plans
def test_other_subcommands_keep_their_plans(
    client: Client, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    general: list[int] = []
    plain = type(client.connection)._answer

    def counted(connection: SMBConnection, message: memoryview) -> None:
        general.append(message[4])
        plain(connection, message)

    monkeypatch.setattr(type(client.connection), "_answer", counted)
    faults.inject(command="FIND", fail=NT.DISK_FULL)
    client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x107, 0, "a.txt"))
    client.call(Command.ECHO, EchoRequest(1, b"x"), EchoResponse)
    assert general == []
    client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest("dir"))
    client.answer()
    assert general == []


def test_a_rule_reaches_those_who_are_there_and_those_who_come(
    server: InMemoryServer, faults: Faults
) -> None:
    before = server.client().sign_in().connect("in")
    with faults.inject(command="CHECK_DIRECTORY", fail=NT.DISK_FULL):
        after = server.client().sign_in().connect("in")
        assert refused(before)
        assert refused(after)
    assert not refused(before)
    assert not refused(after)


def test_counts_are_exact_while_many_ask(server: InMemoryServer, faults: Faults) -> None:
    clients = [server.client().sign_in().connect("in") for _ in range(20)]
    fault = faults.inject(command="CHECK_DIRECTORY", every=7, fail=NT.DISK_FULL)
    other = faults.inject(command="ECHO", times=5, fail=NT.ACCESS_DENIED)
    asked = b"".join(
        len(message).to_bytes(4, "big") + message
        for message in (
            clients[0].message(Command.CHECK_DIRECTORY, CheckDirectoryRequest("dir")),
            clients[0].message(Command.ECHO, EchoRequest(1, b"x")),
        )
    )
    for client in clients:
        client.connection.receive(asked * 35)
    statuses = [answer.header.status for client in clients for answer in client.answers()]
    assert len(statuses) == 20 * 70
    assert statuses.count(NT.DISK_FULL) == fault.hits == 100
    assert statuses.count(NT.ACCESS_DENIED) == other.hits == 5
    assert fault.seen == other.seen == 700


# -- transactions in several messages ----------------------------------------------------------------------

CHECK_PATH = QueryPathInformationRequest(0x107, 0, "a.txt").encode(unicode=True)


def in_pieces(client: Client, cut: int) -> None:
    """QUERY_PATH_INFORMATION whose parameters are cut in two messages."""
    total = len(CHECK_PATH)
    first = Transaction2Request(
        setup=b"\5\0",
        parameters=CHECK_PATH[:cut],
        total_parameter_count=total,
        max_parameter_count=2,
        max_data_count=1000,
    )
    mid = client.send(Command.TRANSACTION2, first)
    assert client.answer().header.status == 0
    more = Transaction2SecondaryRequest(
        parameters=CHECK_PATH[cut:], total_parameter_count=total, parameter_displacement=cut
    )
    client.send(Command.TRANSACTION2_SECONDARY, more, mid=mid)


@pytest.mark.parametrize(
    "rule",
    [
        {"command": "TRANSACTION2"},
        {"subcommand": "QUERY_PATH_INFORMATION", "level": 0x107, "path": "a.txt"},
        {"command": "TRANSACTION2_SECONDARY"},
        {"path": "*.txt"},
    ],
    ids=str,
)
def test_a_transaction_in_several_messages_is_one_request(
    client: Client, faults: Faults, rule: dict[str, Any]
) -> None:
    """It is seen when it is all there, with what all of it says; the answer is that of the first message."""
    fault = faults.arm({**rule, "fail": NT.ACCESS_DENIED})
    in_pieces(client, 9)
    header = client.answer().header
    assert header.status == NT.ACCESS_DENIED
    assert (fault.seen, fault.hits) == (1, 1)
    fault.remove()
    in_pieces(client, 9)
    assert client.answer().header.status == 0


@pytest.mark.parametrize(
    "rule",
    [{"fail": NT.DATA_ERROR}, {"delay": 1}, {"delay": 1, "fail": NT.DATA_ERROR}, {"call": print}],
    ids=repr,
)
def test_only_the_last_part_of_a_transaction_is_a_request(
    client: Client, faults: Faults, rule: dict[str, Any]
) -> None:
    """Whatever becomes of it, the answer has the command of the first message, for which clients wait."""
    total = len(CHECK_PATH)
    first = Transaction2Request(
        setup=b"\5\0",
        parameters=CHECK_PATH[:6],
        total_parameter_count=total,
        max_parameter_count=2,
        max_data_count=1000,
    )
    mid = client.send(Command.TRANSACTION2, first)
    assert client.answer().header.status == 0
    fault = faults.arm(rule)
    for at, end in ((6, 9), (9, 12), (12, total)):
        assert (fault.seen, client.answers()) == (0, [])
        part = Transaction2SecondaryRequest(
            parameters=CHECK_PATH[at:end], total_parameter_count=total, parameter_displacement=at
        )
        client.send(Command.TRANSACTION2_SECONDARY, part, mid=mid)
    client.clock.advance(1)
    [answer] = client.answers()
    assert (answer.header.command, answer.header.mid) == (Command.TRANSACTION2, mid)
    assert answer.header.status == rule.get("fail", 0)
    assert (fault.seen, fault.hits) == (1, 1)
    assert client.connection.transactions._partial == {}


def test_a_transaction_that_hangs_is_cancelled_as_what_it_is(client: Client, faults: Faults) -> None:
    faults.inject(command="TRANSACTION2", hang=True)
    in_pieces(client, 9)
    client.send(Command.NT_CANCEL, NtCancelRequest(), mid=client.mid)
    header = client.answer().header
    assert (header.command, header.status) == (Command.TRANSACTION2, NT.CANCELLED)
    assert client.connection.transactions._partial == {}


@pytest.mark.parametrize("command", [Command.SEARCH, Command.FIND])
def test_an_old_search_that_goes_on_has_its_path(
    client: Client, faults: Faults, folder: Path, command: Command
) -> None:
    for number in range(3):
        (folder / f"f{number}").touch()
    fault = faults.inject(command="FIND", path="f*", nth=2, fail=NT.DATA_ERROR)
    client.send(command, SearchRequest(1, 0x16, "f*"))
    key = bytes(client.answer().body(SearchResponse).entries[:21])
    client.send(command, SearchRequest(1, 0x16, "", key))
    assert client.answer().header.status == NT.DATA_ERROR
    assert (fault.seen, fault.hits) == (2, 1)
    stale = bytes(1) + b"\xff" * 16 + key[17:]
    client.send(command, SearchRequest(1, 0x16, "", stale))
    assert client.answer().header.status == NT.NO_MORE_FILES
    assert fault.seen == 2


def rename_of(name: str) -> bytes:
    text = name.encode("utf-16-le")
    return bytes(8) + len(text).to_bytes(4, "little") + text


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("new.bak", "dir\\new.bak"),
        ("\\new.bak", "new.bak"),
        ("dir\\sub\\new.bak", "dir/sub/new.bak"),
        ("new.bak", "dir/b.bak"),
    ],
)
@pytest.mark.parametrize("by_fid", [True, False])
def test_a_rename_by_a_level_has_both_names(
    client: Client, faults: Faults, refuses: Refuses, by_fid: bool, name: str, path: str
) -> None:
    faults.inject(
        path=path, subcommand="SET_FILE_INFORMATION" if by_fid else "SET_PATH_INFORMATION", fail="DISK_FULL"
    )
    with refuses(NT.DISK_FULL):
        if by_fid:
            body = SetFileInformationRequest(client.create("dir\\b.bak"), 1010)
            client.trans2(Trans2.SET_FILE_INFORMATION, body, rename_of(name))
        else:
            client.trans2(
                Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(1010, 0, "dir\\b.bak"), rename_of(name)
            )


@pytest.mark.parametrize("data", [rename_of("new")[:9], rename_of(""), b""])
def test_a_rename_that_cannot_be_read_has_its_old_name(client: Client, faults: Faults, data: bytes) -> None:
    fault = faults.inject(path="a.txt", subcommand="SET_FILE_INFORMATION", hang=True, nth=9)
    fid = client.create("a.txt")
    for level in (1010, 0x7777):
        whole = Transaction2Request(
            setup=b"\x08\0",
            parameters=SetFileInformationRequest(fid, level).encode(unicode=True),
            data=data,
            max_parameter_count=2,
        )
        client.send(Command.TRANSACTION2, whole)
        assert client.answer().header.status != 0
    assert fault.seen == 2


def test_a_stray_secondary_is_seen_by_its_own_name(client: Client, faults: Faults) -> None:
    stray = Transaction2SecondaryRequest(parameters=b"x", total_parameter_count=1)
    every = faults.inject(command="TRANSACTION2", fail=NT.ACCESS_DENIED)
    own = faults.inject(command="TRANSACTION2_SECONDARY", nth=9, fail=NT.ACCESS_DENIED)
    client.send(Command.TRANSACTION2_SECONDARY, stray)
    assert client.answer().header.status == NT.INVALID_PARAMETER
    assert (every.seen, own.seen) == (0, 1)


def nt_create(client: Client, name: str, root: int = 0) -> int:
    """The status of an NT_TRANSACT_CREATE."""
    asked = NtCreateRequest(
        root_directory_fid=root,
        desired_access=0x12019F,
        share_access=7,
        create_disposition=3,
        name_length=2 * len(name),
        file_name=name,
    )
    whole = NtTransactRequest(function=1, parameters=asked.encode(unicode=True), max_parameter_count=100)
    client.send(Command.NT_TRANSACT, whole)
    return client.answer().header.status


def test_functions_of_nt_transact(client: Client, faults: Faults) -> None:
    """By the file's name, relative to an open directory, too; by FID in the setup words."""
    folder = client.create("dir", options=1)
    with faults.inject(command="OPEN", path="dir/n*", fail=NT.ACCESS_DENIED) as fault:
        assert nt_create(client, "new", folder) == NT.ACCESS_DENIED
        assert nt_create(client, "\\dir\\new") == NT.ACCESS_DENIED
        assert nt_create(client, "new") == 0
        assert (fault.seen, fault.hits) == (2, 2)
    fid = client.create("a.txt")
    for setup in (IoctlSetup(0x140078, fid, 1).encode(), b"ab"):
        with faults.inject(subcommand="NT_TRANSACT_IOCTL", path="a.txt", fail=NT.ACCESS_DENIED) as fault:
            client.send(Command.NT_TRANSACT, NtTransactRequest(function=2, setup=setup, max_data_count=64))
            assert (client.answer().header.status == NT.ACCESS_DENIED) is bool(fault.hits) is (len(setup) > 2)


def test_the_pipe_of_a_transaction_is_its_path(client: Client, faults: Faults) -> None:
    client.connect("IPC$")
    fid = client.create("srvsvc")
    with faults.inject(subcommand="PEEK_NMPIPE", path="srvsvc", share="IPC$", fail=NT.PIPE_BROKEN) as fault:
        setup = b"\x23\0" + fid.to_bytes(2, "little")
        client.send(
            Command.TRANSACTION, TransactionRequest(name="\\PIPE\\", setup=setup, max_parameter_count=9)
        )
        assert client.answer().header.status == NT.PIPE_BROKEN
        assert fault.hits == 1


# -- beside other taps -------------------------------------------------------------------------------------


class Watching(Tap):
    """Keeps what leaves."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sending(self, connection: SMBConnection, frame: list[Buffer]) -> list[Buffer]:
        self.sent.append(b"".join(frame))
        return frame


def test_a_tap_sees_what_the_client_gets(server: InMemoryServer, client: Client, faults: Faults) -> None:
    tap = Watching()
    faults.inject(command="ECHO", corrupt="mid")
    server.server.arm(tap)
    faults.inject(command="CHECK_DIRECTORY", trickle=1000)
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    assert tap.sent == [client.stream()]
    client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest("dir"))
    server.server.arm()
    assert len(server.server.armed) == 1
    client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest("dir"))
    faults.clear()
    client.clock.pump([0.02] * 20)
    assert client.stream().count(b"\xffSMB") == 2
    assert tap.sent[1].count(b"\xffSMB") == 1
    assert "_exchange_class" not in vars(client.connection)
    assert client.connection._send == client.connection._out


def test_a_name_that_is_none_is_still_a_path(client: Client, faults: Faults) -> None:
    """A request may name what no file can be called; rules meet it, and nothing breaks."""
    fault = faults.inject(path="*", fail=NT.ACCESS_DENIED)
    for name in ("a|b", "..\\..\\x", "a" * 300, "\0"):
        client.send(Command.CHECK_DIRECTORY, CheckDirectoryRequest(name))
        assert client.answer().header.status == NT.ACCESS_DENIED
    assert fault.hits == 4
