"""What the Linux kernel's client relies on, as `mount -t cifs -o vers=1.0` showed it."""

import os
import stat
import struct
from pathlib import Path

import pytest

from fakesmb.core.connection import plans_of
from fakesmb.core.plan import NoPlans
from fakesmb.core.settings import Limits, Settings
from fakesmb.nt.posixacl import of_mode
from fakesmb.nt.status import NT
from fakesmb.testing import Client
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import DeleteRequest, NtRenameRequest, RenameRequest
from fakesmb.wire.files import ReadAndxRequest, ReadAndxResponse, WriteAndxRequest, WriteAndxResponse
from fakesmb.wire.trans2 import QueryFsInformationRequest, SetFsInformationRequest, Trans2
from fakesmb.wire.unix import UnixCapability, UnixFsInfo
from tests.core.conftest import Make
from tests.core.test_posix_acls import packed
from tests.core.test_unix import (
    CREATE,
    READ,
    READ_WRITE,
    basic,
    change,
    mode_of,
    posix_names,
    posix_open,
    query,
)
from tests.refusals import Refuses

MIB = 1 << 20


@pytest.fixture
def unix(make: Make) -> Client:
    return posix_names(make().client().sign_in().connect("public"))


def offered(client: Client) -> int:
    answer = client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x200)).data
    return UnixFsInfo.decode(answer).capabilities


def choose(client: Client, capabilities: int) -> None:
    asked = UnixFsInfo(capabilities=capabilities).encode()
    client.trans2(Trans2.SET_FS_INFORMATION, SetFsInformationRequest(0, 0x200), asked)


def read(client: Client, fid: int, size: int) -> int:
    asked = ReadAndxRequest(fid, 0, size & 0xFFFF, 0, size >> 16)
    return len(client.call(0x2E, asked, ReadAndxResponse).data)


def set_ea(client: Client, path: str, name: bytes, value: bytes) -> None:
    entry = struct.pack("<BBH", 0, len(name), len(value)) + name + b"\0" + value
    change(client, 2, path, struct.pack("<I", 4 + len(entry)) + entry)


@pytest.mark.turns
def test_a_read_gives_as_much_as_a_client_asks_for_that_chose_large_reads(
    make: Make, folders: dict[str, Path]
) -> None:
    """Linux asks for 1 MiB where it is offered, and reads page by page after a short answer."""
    (folders["public"] / "big").write_bytes(os.urandom(3 * MIB))
    for short in (True, False):
        client = make().client().sign_in().connect("public")
        if not short:
            client.connection._plans = NoPlans()
        fid = client.create("\\big", disposition=1)
        assert read(client, fid, MIB) == 0x20000
        choose(client, offered(client))
        assert read(client, fid, MIB) == MIB
        # No more of a file is taken into memory at once.
        assert read(client, fid, 4 * MIB) == MIB
    choose(client, offered(client))
    client.connection._plans = plans_of(client.connection.server)
    sent: list[int] = []
    client.connection.send_range = lambda _, part: sent.append(part.length)
    client.send(0x2E, ReadAndxRequest(fid, 0, 4 * MIB & 0xFFFF, 0, 4 * MIB >> 16))
    assert sent == [3 * MIB]


def test_writes_as_long_as_a_frame_are_offered_where_such_messages_are_taken(make: Make) -> None:
    """Linux sends 1 MiB where LARGE_WRITE is offered: the connection would end, and with it the mount's files."""
    assert not offered(make().client().sign_in().connect("public")) & UnixCapability.LARGE_WRITE
    settings = Settings(limits=Limits(message_bytes=0xFFFFFF))
    client = make(settings=settings).client().sign_in().connect("public")
    assert offered(client) & UnixCapability.LARGE_WRITE
    fid = client.create("\\big", disposition=2)
    reply = client.call(0x2F, WriteAndxRequest(fid, 0, data=bytes(MIB)), WriteAndxResponse)
    assert reply.count_high << 16 | reply.count == MIB


def test_acls_are_offered_to_all(unix: Client) -> None:
    assert offered(unix) & UnixCapability.POSIX_ACLS
    unix.connection.sessions.entries[unix.uid].native_os = "Linux version 6.1.0-56-amd64"
    assert offered(unix) & UnixCapability.POSIX_ACLS


def test_linux_sets_the_mode_of_a_plain_directory_by_chmod(unix: Client, refuses: Refuses) -> None:
    """Where its ACL can be set, `cp -a` takes the default ACL away, too, and Linux 6.1 cannot do that."""
    plain = packed(of_mode(0o750))
    change(unix, 0x204, "/dir", plain)
    assert mode_of(unix, "/dir") == 0o750
    unix.connection.sessions.entries[unix.uid].native_os = "Linux version 6.1.0-56-amd64"
    with refuses(NT.NOT_SUPPORTED):
        change(unix, 0x204, "/dir", plain)
    change(unix, 0x204, "/a.txt", plain)
    assert mode_of(unix, "/a.txt") == 0o750


def test_files_and_blocks_are_counted_as_statfs_has_them(unix: Client, folders: dict[str, Path]) -> None:
    data = unix.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x201)).data
    blocks, free, available, nodes, free_nodes = struct.unpack_from("<QQQQQ", data, 8)
    facts = os.statvfs(folders["public"])
    assert nodes == (facts.f_files or 0xFFFFFFFFFFFFFFFF)
    assert free_nodes <= nodes
    assert free - available == facts.f_bfree - facts.f_bavail  # what is reserved for root is not in use
    assert free <= blocks


def test_a_directory_moves_though_files_in_it_are_open(unix: Client, folders: dict[str, Path]) -> None:
    """As POSIX has it, and Samba for clients with POSIX names; the files go on under their new path."""
    change(unix, 0x200, "/dir/sub", basic(kind=1, mode=0o755))
    fid = posix_open(unix, "/dir/sub/f", CREATE | READ_WRITE).fid
    unix.call(0x07, RenameRequest(0x16, "/dir", "/moved"), Empty)
    assert unix.write(fid, b"still") == 5
    entry = unix.connection.opens.entries[fid]
    assert entry.handle is not None
    assert str(entry.handle.path) == "\\moved\\sub\\f"
    doomed = unix.create("/moved/sub/g", access=0x10003, disposition=2, options=0x1000)
    unix.call(0x07, RenameRequest(0x16, "/moved/sub", "/sub"), Empty)
    unix.close(doomed)
    assert os.listdir(folders["public"] / "sub") == ["f"]


def test_a_directory_with_open_files_stays_for_clients_without_posix_names(
    make: Make, refuses: Refuses
) -> None:
    client = make().client().sign_in().connect("public")
    client.create("\\dir\\f", disposition=2)
    with refuses(NT.ACCESS_DENIED):
        client.call(0x07, RenameRequest(0x16, "\\dir", "\\moved"), Empty)


def test_wildcards_in_posix_names_are_characters(unix: Client, folders: dict[str, Path]) -> None:
    """Linux with `nomapposix` sends names as they are; else it maps such characters to U+F0xx."""
    for name in ("q?", "s*", 'q"', "a<b>"):
        unix.close(posix_open(unix, f"/{name}", CREATE | READ_WRITE).fid)
        unix.call(0x07, RenameRequest(0x16, f"/{name}", f"/dir/{name}"), Empty)
        assert os.listdir(folders["public"] / "dir") == [name]
        unix.call(0xA5, NtRenameRequest(0x16, 0x103, 0, f"/dir/{name}", f"/{name}"), Empty)
        unix.call(0x06, DeleteRequest(0x16, f"/dir/{name}"), Empty)
    assert sorted(os.listdir(folders["public"])) == ["a.txt", "a<b>", "dir", 'q"', "q?", "s*"]


def test_extended_attributes_keep_their_spelling(unix: Client, make: Make, folders: dict[str, Path]) -> None:
    """Linux compares them with their case: of upper case alone, `getfattr -n user.name` finds nothing."""
    set_ea(unix, "/a.txt", b"Name", b"value")
    windows = make().client().sign_in().connect("public")
    set_ea(windows, "\\a.txt", b"NAME", b"more")
    set_ea(windows, "\\a.txt", b"Other", b"x")
    names = os.listxattr(folders["public"] / "a.txt")
    assert {"user.Name", "user.OTHER"} <= set(names)
    assert os.getxattr(folders["public"] / "a.txt", "user.Name") == b"more"


def test_named_pipes_and_sockets_are_made_and_not_opened(
    unix: Client, folders: dict[str, Path], refuses: Refuses
) -> None:
    for kind, name, format_ in ((5, "pipe", stat.S_IFIFO), (6, "socket", stat.S_IFSOCK)):
        change(unix, 0x200, f"/{name}", basic(kind=kind, mode=0o640))
        assert stat.S_IFMT((folders["public"] / name).stat().st_mode) == format_
        assert struct.unpack_from("<I", query(unix, 0x200, f"/{name}"), 56) == (kind,)
        assert mode_of(unix, f"/{name}") == 0o640
        with refuses(NT.ACCESS_DENIED):
            posix_open(unix, f"/{name}", READ)
