"""Verbs say what happened, whichever of the many commands did it."""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fakesmb
from fakesmb.core.profile import Profile
from fakesmb.handlers import tables
from fakesmb.nt.status import SMBError
from fakesmb.record import steps
from fakesmb.record.verbs import ROWS, VERBS, commands_of
from fakesmb.testing import Client
from fakesmb.wire import dirs, files, locking, nt_trans, raw, search, session, trans, trans2, tree, unix
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.families import Kind
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.trans2 import Trans2
from tests.core.test_copychunk import copy, resume_key
from tests.core.test_pipes import BIND
from tests.record.talks import Talk, check_glances, filled, whole

DELETE_ACCESS, DELETE_ON_CLOSE, DIRECTORY, OVERWRITE_IF, CREATE = 0x0013019F, 0x1000, 1, 5, 2

Deed = Callable[[Client], object]


def send(command: int, *bodies: Any) -> Deed:
    """Sends a request and takes what comes."""

    def act(client: Client) -> None:
        client.send(command, *bodies)
        client.answers()

    return act


def with_file(command: int, body: Callable[[int], Any], name: str = "a.txt", **opened: Any) -> Deed:
    """Sends a request about an open file."""

    def act(client: Client) -> None:
        client.send(command, body(client.create(name, **opened)))
        client.stream()

    return act


def by_level(level: int, data: bytes, name: str = "a.txt") -> Deed:
    """SET_PATH_INFORMATION."""
    return lambda client: client.trans2(
        Trans2.SET_PATH_INFORMATION, trans2.SetPathInformationRequest(level, 0, name), data
    )


def by_fid(level: int, data: bytes, name: str = "a.txt", *, closes: bool = False) -> Deed:
    """SET_FILE_INFORMATION."""

    def act(client: Client) -> None:
        fid = client.create(name, access=DELETE_ACCESS)
        client.trans2(Trans2.SET_FILE_INFORMATION, trans2.SetFileInformationRequest(fid, level), data)
        if closes:
            client.close(fid)

    return act


def name_data(name: str) -> bytes:
    encoded = name.encode("utf-16-le")
    return struct.pack("<B3xII", 0, 0, len(encoded)) + encoded


def nt_transact(function: int, *, setup: bytes = b"", parameters: bytes = b"", data: bytes = b"") -> Any:
    return trans.NtTransactRequest(
        function=function,
        setup=setup,
        parameters=parameters,
        data=data,
        max_parameter_count=200,
        max_data_count=200,
    )


def on_pipe(client: Client, deed: Callable[[Client, int], object]) -> None:
    client.connect("IPC$")
    deed(client, client.create("\\srvsvc"))


def pipe_function(client: Client, function: int, fid: int, data: bytes = b"") -> None:
    body = trans.TransactionRequest(
        name="\\PIPE\\", setup=struct.pack("<HH", function, fid), data=data, max_data_count=1000
    )
    client.send(Command.TRANSACTION, body)
    client.answers()


def posix(client: Client) -> Client:
    asked = unix.UnixFsInfo(capabilities=0x30).encode()
    client.trans2(Trans2.SET_FS_INFORMATION, trans2.SetFsInformationRequest(0, 0x200), asked)
    return client


def posix_open(name: str, flags: int) -> Deed:
    data = unix.PosixOpenRequest(0, flags, 0o644, 0xFFFF).encode()
    return lambda client: by_level(0x209, data, name)(posix(client))


def write_raw(client: Client) -> None:
    client.send(
        Command.WRITE_RAW, raw.WriteRawRequest(client.create("a.txt"), 6, 0, 0, 0, 0, 0, 0, 0, data=b"abc")
    )
    client.frames()
    client.send_raw(b"def")


def watch(client: Client) -> None:
    fid = client.create("dir", access=0x00100081, options=DIRECTORY)
    client.send(
        Command.NT_TRANSACT,
        nt_transact(NtTransact.NOTIFY_CHANGE, setup=nt_trans.NotifySetup(3, fid).encode()),
    )


def watch_and_change(client: Client) -> None:
    watch(client)
    client.send(Command.CREATE_DIRECTORY, dirs.CreateDirectoryRequest("dir\\new"))
    client.answers()


def copy_chunks(client: Client) -> None:
    key = resume_key(client, client.create("a.txt"))
    copy(client, client.create("c.txt", disposition=OVERWRITE_IF), key, (0, 0, 5))


def list_on(client: Client) -> None:
    first = trans2.FindFirst2Request(0x16, 1, 0, 0x104, 0, "*")
    sid = trans2.FindFirst2Response.decode(client.trans2(Trans2.FIND_FIRST2, first).parameters).sid
    client.trans2(Trans2.FIND_NEXT2, trans2.FindNext2Request(sid, 1, 0x104, 0, 8, ""))


def search_first(command: int) -> Deed:
    return send(command, search.SearchRequest(10, 0x16, "dir\\*.*"))


def unlocks(client: Client) -> None:
    fid = client.create("a.txt")
    client.lock(fid, 3, 5)
    client.unlock(fid, 3, 5)


def oplock(client: Client) -> None:
    fid = client.create("a.txt", flags=2)
    client.acknowledge(fid)


def delete_by_all(client: Client) -> None:
    """Another open keeps the file: it goes with the close of that."""
    fid, other = client.create("a.txt"), client.create("a.txt", access=DELETE_ACCESS, options=DELETE_ON_CLOSE)
    client.close(other)
    client.send(Command.ECHO, session.EchoRequest(1))
    client.answers()
    client.close(fid)


CASES: list[tuple[str, Deed, dict[str, Any]]] = [
    ("negotiated", lambda c: None, {"command": "SMB_COM_NEGOTIATE"}),
    ("signed_in", lambda c: None, {"user": "alice"}),
    ("connected", lambda c: None, {"share": "public", "user": "ALICE"}),
    ("connected", send(0x70, tree.TreeConnectRequest("\\\\S\\public", "", "A:")), {"command": Command.TREE_CONNECT}),
    ("disconnected", send(0x71, tree.TreeDisconnectRequest()), {"share": "public"}),
    ("signed_off", send(0x74, session.LogoffAndxRequest()), {"user": "alice"}),
    ("echoed", send(0x2B, session.EchoRequest(2, b"x")), {}),
    ("opened", lambda c: c.create("a.txt"), {"path": "/A.TXT", "fid": 0x4000}),
    ("opened", lambda c: c.create("new", disposition=CREATE), {"path": "new"}),
    ("created", lambda c: c.create("new", disposition=CREATE), {"path": "new"}),
    ("truncated", lambda c: c.create("a.txt", disposition=OVERWRITE_IF), {"path": "a.txt"}),
    ("made_directory", lambda c: c.create("d", disposition=CREATE, options=1, access=0x100081), {"path": "d"}),
    ("opened", send(0x02, files.OpenRequest(0x42, 0x16, "a.txt")), {"path": "a.txt"}),
    ("created", send(0x03, files.CreateRequest(0, 0, "new")), {"path": "new"}),
    ("truncated", send(0x03, files.CreateRequest(0, 0, "a.txt")), {"path": "a.txt"}),
    ("created", send(0x0F, files.CreateRequest(0, 0, "new")), {"path": "new"}),
    ("created", send(0x0E, files.CreateTemporaryRequest(0, 0, "dir")), {"path": re.compile(r"^\\dir\\SRV")}),
    ("opened", send(0x2D, files.OpenAndxRequest(file_name="a.txt")), {"path": "a.txt"}),
    ("created", send(0x2D, files.OpenAndxRequest(open_mode=0x10, access_mode=2, file_name="n")), {"path": "n"}),
    ("truncated", send(0x2D, files.OpenAndxRequest(open_mode=2, access_mode=2, file_name="a.txt")), {"path": "a.txt"}),
    (
        "created",
        lambda c: c.trans2(0, trans2.Open2Request(0, 2, 0, 0, 0, 0x10, 0, bytes(10), "n")),
        {"path": "n", "subcommand": "TRANS2_OPEN2"},
    ),
    (
        "created",
        send(0xA0, nt_transact(1, parameters=nt_trans.NtCreateRequest(
            desired_access=0x12019F, create_disposition=2, file_name="n").encode())),
        {"path": "n", "subcommand": "NT_TRANSACT_CREATE"},
    ),
    ("opened", posix_open("/a.txt", 1), {"path": "a.txt", "level": "SMB_POSIX_PATH_OPEN"}),
    ("created", posix_open("/n", 0x14), {"path": "n"}),
    ("truncated", posix_open("/a.txt", 0x44), {"path": "a.txt"}),
    ("made_directory", posix_open("/n", 0x211), {"path": "n"}),
    ("read", lambda c: c.read(c.create("a.txt"), 6, 5), {"path": "a.txt", "offset": 6, "length": 5}),
    ("read", with_file(0x0A, lambda fid: files.ReadRequest(fid, 5, 6)), {"path": "a.txt", "offset": 6, "length": 5}),
    ("read", with_file(0x13, lambda fid: files.ReadRequest(fid, 5, 6)), {"path": "a.txt"}),
    ("locked", with_file(0x13, lambda fid: files.ReadRequest(fid, 5, 6)), {"path": "a.txt", "length": 5}),
    ("read", with_file(0x1A, lambda fid: raw.ReadRawRequest(fid, 6, 5, 0, 0)), {"path": "a.txt", "length": 5}),
    ("wrote", lambda c: c.write(c.create("a.txt"), b"xy", 3), {"path": "a.txt", "offset": 3, "length": 2}),
    ("wrote", with_file(0x0B, lambda fid: files.WriteRequest(fid, 2, 3, 0, b"xy")), {"offset": 3, "length": 2}),
    ("resized", with_file(0x0B, lambda fid: files.WriteRequest(fid, 0, 3, 0, b"")), {"path": "a.txt", "offset": 3}),
    ("wrote", with_file(0x2C, lambda fid: files.WriteAndCloseRequest(fid, 2, 3, 0, data=b"xy")), {"length": 2}),
    ("closed", with_file(0x2C, lambda fid: files.WriteAndCloseRequest(fid, 2, 3, 0, data=b"xy")), {"path": "a.txt"}),
    ("wrote", write_raw, {"path": "a.txt", "length": 6}),
    ("closed", lambda c: c.close(c.create("a.txt")), {"path": "a.txt", "fid": 0x4000}),
    ("flushed", with_file(0x05, files.FlushRequest), {"path": "a.txt"}),
    ("locked", lambda c: c.lock(c.create("a.txt"), 3, 5), {"path": "a.txt", "offset": 3, "length": 5}),
    ("unlocked", unlocks, {"path": "a.txt", "offset": 3, "length": 5}),
    ("locked", with_file(0x0C, lambda fid: locking.LockByteRangeRequest(fid, 5, 3)), {"offset": 3, "length": 5}),
    ("oplock_released", oplock, {"path": "a.txt"}),
    ("listed", lambda c: c.trans2(1, trans2.FindFirst2Request(0x16, 9, 1, 0x104, 0, "dir\\*")), {"path": "dir"}),
    ("listed", lambda c: c.trans2(1, trans2.FindFirst2Request(0x16, 9, 1, 0x104, 0, "*")), {"path": "/"}),
    ("listed", list_on, {"path": "", "command": "FIND", "subcommand": "TRANS2_FIND_NEXT2"}),
    ("listed", search_first(0x81), {"path": "dir"}),
    ("listed", search_first(0x82), {"path": r"\dir\*.*"}),
    ("listed", search_first(0x83), {"path": "dir"}),
    ("queried", send(0x10, dirs.CheckDirectoryRequest("dir")), {"path": "dir"}),
    ("queried", send(0x08, dirs.QueryInformationRequest("a.txt")), {"path": "a.txt"}),
    ("queried", with_file(0x23, dirs.QueryInformation2Request), {"path": "a.txt"}),
    (
        "queried",
        lambda c: c.trans2(5, trans2.QueryPathInformationRequest(0x107, 0, "a.txt")),
        {"path": "a.txt", "level": "SMB_QUERY_FILE_ALL_INFO"},
    ),
    ("queried", lambda c: c.trans2(7, trans2.QueryFileInformationRequest(c.create("a.txt"), 1004)), {"level": 1004}),
    ("queried_volume", lambda c: c.trans2(3, trans2.QueryFsInformationRequest(0x103)), {}),
    ("queried_volume", send(0x80, tree.QueryInformationDiskRequest()), {}),
    ("set_attributes", send(0x09, dirs.SetInformationRequest(0x20, 0, bytes(10), "a.txt")), {"path": "a.txt"}),
    ("set_attributes", with_file(0x22, lambda fid: dirs.SetInformation2Request(fid, *[0] * 6)), {"path": "a.txt"}),
    ("set_attributes", by_level(0x101, bytes(32) + b"\x20\0\0\0" + bytes(4)), {"path": "a.txt"}),
    ("resized", by_fid(0x104, (99).to_bytes(8, "little")), {"path": "a.txt", "length": 99}),
    ("set_eas", by_level(2, b"\x0b\0\0\0\0\1\1\0A\0\x01"), {"path": "a.txt"}),
    ("renamed", send(0x07, dirs.RenameRequest(0x16, "a.txt", "/dir/c.txt")), {"path": "a.txt", "to": "dir/c.txt"}),
    ("renamed", send(0xA5, dirs.NtRenameRequest(0x16, 0x104, 0, "a.txt", "c")), {"path": "a.txt", "to": "c"}),
    ("linked", send(0xA5, dirs.NtRenameRequest(0x16, 0x103, 0, "a.txt", "c")), {"path": "a.txt", "to": "c"}),
    ("copied", send(0xA5, dirs.NtRenameRequest(0x16, 0x105, 0, "a.txt", "c")), {"path": "a.txt", "to": "c"}),
    ("copied", copy_chunks, {"path": "c.txt"}),
    ("renamed", by_fid(1010, name_data("c"), "dir\\b.txt"), {"path": "dir/b.txt", "to": "dir/c"}),
    ("renamed", by_level(1010, name_data("c"), "dir\\b.txt"), {"path": "dir/b.txt", "to": "dir/c"}),
    ("linked", by_fid(1011, name_data("\\c"), "dir\\b.txt"), {"path": "dir/b.txt", "to": "c"}),
    ("linked", lambda c: by_level(0x203, "a.txt\0".encode("utf-16-le"), "h")(posix(c)), {"path": "a.txt", "to": "h"}),
    ("made_symlink", lambda c: by_level(0x201, "a.txt\0".encode("utf-16-le"), "s")(posix(c)), {"path": "s"}),
    ("deleted", send(0x06, dirs.DeleteRequest(0x16, "a.txt")), {"path": "a.txt"}),
    ("deleted", send(0x06, dirs.DeleteRequest(0x16, "dir\\*.txt")), {"path": "dir/b.txt"}),
    ("deleted", by_fid(0x102, b"\1", closes=True), {"path": "a.txt", "command": Command.CLOSE}),
    ("deleted", by_level(0x102, b"\1"), {"path": "a.txt", "subcommand": "TRANS2_SET_PATH_INFORMATION"}),
    (
        "deleted",
        lambda c: c.close(c.create("a.txt", access=DELETE_ACCESS, options=DELETE_ON_CLOSE)),
        {"path": "a.txt", "command": "SMB_COM_CLOSE"},
    ),
    ("deleted", delete_by_all, {"path": "a.txt", "fid": 0x4000}),
    ("deleted", lambda c: by_level(0x20A, b"\0\0", "/a.txt")(posix(c)), {"path": "a.txt"}),
    ("made_directory", send(0x00, dirs.CreateDirectoryRequest("n")), {"path": "n"}),
    ("made_directory", lambda c: c.trans2(13, trans2.CreateDirectory2Request(0, "n")), {"path": "n"}),
    ("removed_directory", send(0x01, dirs.DeleteDirectoryRequest("empty")), {"path": "empty"}),
    (
        "removed_directory",
        lambda c: c.close(c.create("empty", access=0x00110080, options=DELETE_ON_CLOSE | DIRECTORY)),
        {"path": "empty"},
    ),
    ("watched", watch, {"path": "dir", "answered": False}),
    ("notified", watch_and_change, {"path": "dir"}),
    (
        "queried_security",
        with_file(0xA0, lambda fid: nt_transact(6, parameters=nt_trans.SecurityDescRequest(fid, 0, 1).encode())),
        {"path": "a.txt"},
    ),
    ("read", lambda c: on_pipe(c, lambda c, fid: (c.write(fid, BIND), c.read(fid, 0, 99))), {"share": "IPC$"}),
    ("wrote", lambda c: on_pipe(c, lambda c, fid: c.write(fid, BIND)), {"share": "IPC$", "path": "srvsvc"}),
    ("called", lambda c: on_pipe(c, lambda c, fid: pipe_function(c, 0x26, fid, BIND)), {"path": "srvsvc"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "deed", "criteria"), CASES, ids=lambda one: one if isinstance(one, str) else ""
)
def test_what_was_done_is_found_whatever_did_it(
    tmp_path: Path, verb: str, deed: Deed, criteria: dict[str, Any]
) -> None:
    (filled(tmp_path) / "empty").mkdir()
    talk = Talk(tmp_path)
    client = talk.client()
    deed(client)
    (found,) = talk.journal.verify(verb=verb, count=1, **criteria)
    assert verb in found.verbs
    talk.journal.verify(tried=verb, at_least=1, **criteria)
    talk.journal.verify(command=found.command, path=found.path, at_least=1)
    assert whole(talk.journal, verb=verb, **criteria) == [found]
    check_glances(talk.journal)


@pytest.mark.parametrize(
    ("verb", "deed"),
    [
        ("opened", send(0x2D, files.OpenAndxRequest(file_name="none"))),
        ("created", send(0x0F, files.CreateRequest(0, 0, "a.txt"))),
        ("created", lambda c: c.create("a.txt")),
        ("deleted", send(0x06, dirs.DeleteRequest(0x16, "none"))),
        ("deleted", lambda c: c.close(c.create("a.txt"))),
        ("deleted", by_fid(0x102, b"\1")),
        ("renamed", send(0x07, dirs.RenameRequest(0x16, "none", "c"))),
        ("made_directory", send(0x00, dirs.CreateDirectoryRequest("dir"))),
        ("wrote", with_file(0x2C, lambda fid: files.WriteAndCloseRequest(fid, 0, 3, 0))),
        ("closed", with_file(0x2C, lambda fid: files.WriteAndCloseRequest(fid, 0, 3, 0))),
        ("read", with_file(0x1A, lambda fid: raw.ReadRawRequest(fid + 1, 6, 5, 0, 0))),
        ("locked", lambda c: send(0x24, locking.LockingAndxRequest(fid=c.create("a.txt")))(c)),
    ],
)  # fmt: skip
def test_what_was_not_done_is_not(tmp_path: Path, verb: str, deed: Deed) -> None:
    talk = Talk(filled(tmp_path))
    deed(talk.client())
    talk.journal.never(verb=verb)


def test_what_failed_was_tried(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    with pytest.raises(SMBError):
        talk.client().create("none.txt")
    talk.journal.verify(tried="opened", path="none.txt", status="STATUS_OBJECT_NAME_NOT_FOUND", count=1)
    with pytest.raises(
        AssertionError, match="verb: expected 'opened', but it failed: STATUS_OBJECT_NAME_NOT_FOUND"
    ):
        talk.journal.verify(verb="opened", path="none.txt")


def test_an_oplock_that_is_asked_back_is_an_exchange_that_the_server_began(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    holder, other = talk.client(), talk.client()
    fid = holder.create("a.txt", flags=2)
    other.send(
        Command.NT_CREATE_ANDX, files.NtCreateAndxRequest(desired_access=2, share_access=7, file_name="a.txt")
    )
    (asked,) = talk.journal.verify(verb="oplock_broken", connection=1, count=1)
    assert (asked.command, asked.status, asked.answered, asked.fid) == (
        "SMB_COM_LOCKING_ANDX",
        None,
        False,
        fid,
    )


def test_a_transaction_in_several_messages_is_one_exchange_with_all_that_it_carried(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    client = talk.client()
    parameters = trans2.SetPathInformationRequest(1010, 0, "a.txt").encode()
    data = name_data("renamed.txt")
    first = trans.Transaction2Request(
        setup=b"\6\0", parameters=parameters, total_parameter_count=len(parameters), data=data[:9],
        total_data_count=len(data), max_parameter_count=10,
    )  # fmt: skip
    mid = client.send(Command.TRANSACTION2, first)
    for start, end in ((9, 20), (20, len(data))):
        more = trans.Transaction2SecondaryRequest(
            total_parameter_count=len(parameters), total_data_count=len(data), data=data[start:end],
            data_displacement=start,
        )  # fmt: skip
        client.send(Command.TRANSACTION2_SECONDARY, more, mid=mid)
    assert len(client.answers()) == 2
    (found,) = talk.journal.verify(verb="renamed", path="a.txt", to="renamed.txt", count=1)
    assert found.level == "FileRenameInformation"
    talk.journal.never(command=Command.TRANSACTION2_SECONDARY)


def test_a_user_who_is_refused_was_the_one_who_tried(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    with pytest.raises(SMBError):
        talk.server.client().sign_in("mallory", "x")
    talk.journal.verify(
        command=Command.SESSION_SETUP_ANDX, user="Mallory", status="STATUS_LOGON_FAILURE", count=1
    )
    talk.journal.never(verb="signed_in")


def test_a_share_that_is_not_there_was_asked_for(tmp_path: Path) -> None:
    talk = Talk(filled(tmp_path))
    with pytest.raises(SMBError):
        talk.client("nothing")
    talk.journal.verify(tried="connected", share="nothing", status="STATUS_BAD_NETWORK_NAME", count=1)


def test_every_command_that_is_answered_has_its_row() -> None:
    commands, subcommands = tables(Profile())
    known = {kind.command for kind in ROWS}
    assert set(commands) - known == {Command.TRANSACTION2_SECONDARY, Command.TRANSACTION_SECONDARY, 0xA1}
    assert {Kind(Command.TRANSACTION2, code) for code in subcommands} <= set(ROWS)
    assert {Kind(Command.TRANSACTION, code) for code in PipeFunction} <= set(ROWS)


def test_every_verb_is_done_by_something_and_has_a_function() -> None:
    for verb in VERBS:
        assert commands_of(verb)
        step = getattr(fakesmb, verb)()
        assert step.criteria == {"verb": verb}
        assert getattr(steps, verb) is getattr(fakesmb, verb)
        assert verb in fakesmb.__all__
    assert {verb for row in ROWS.values() for verb in row.verbs} == set(VERBS)
    assert fakesmb.exchange(command=4).criteria == {"command": 4}
