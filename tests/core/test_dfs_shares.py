"""Shares that are DFS roots: paths under the DFS flag, links that are elsewhere, what is told of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Attribute
from fakesmb.nt.status import ERRSRV, NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.vfs.junctions import REPARSE_TAG_DFS
from fakesmb.wire import dirs, files, search, trans2, tree
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dfs import GetDfsReferralRequest, ReferralResponse
from fakesmb.wire.header import Flags2
from fakesmb.wire.nt_trans import IoctlSetup
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import Trans2
from tests.core.old_clients import dos_error, signed_in

LINKS = {"link": "\\\\other\\share", "sub/far link": ["//a/x", "//b/y/z"], "Zulu": "\\\\other\\share"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    (made / "plain.txt").write_bytes(b"here")
    (made / "beside").mkdir()
    return made


@pytest.fixture
def server(folder: Path) -> InMemoryServer:
    return InMemoryServer({"dfs": folder, "plain": folder}, dfs={"dfs": LINKS})


@pytest.fixture
def client(server: InMemoryServer) -> Client:
    """One who knows DFS, and writes whole paths."""
    client = server.client().sign_in().connect("dfs")
    client.flags2 |= Flags2.DFS
    return client


def refused(call: Callable[[], object]) -> int:
    with pytest.raises(SMBError) as error:
        call()
    return error.value.status


def names_in(
    client: Client, pattern: str, level: int = 0x0104, count: int = 100
) -> dict[str, tuple[int, int]]:
    """What a listing has, in its order: attributes and EaSize by name."""
    request = trans2.FindFirst2Request(0x16, count, 6, level, 0, pattern)
    answer = client.trans2(Trans2.FIND_FIRST2, request)
    found, data = {}, bytes(answer.data)
    at = 0
    while data:
        following = int.from_bytes(data[at : at + 4], "little")
        attributes = int.from_bytes(data[at + 56 : at + 60], "little")
        size = int.from_bytes(data[at + 60 : at + 64], "little")
        ea_size = int.from_bytes(data[at + 64 : at + 68], "little")
        found[data[at + 94 : at + 94 + size].decode("utf-16-le").rstrip("\0")] = attributes, ea_size
        at += following
        if not following:
            break
    return found


def query(client: Client, path: str) -> bytes:
    return bytes(
        client.trans2(Trans2.QUERY_PATH_INFORMATION, trans2.QueryPathInformationRequest(0x0101, 0, path)).data
    )


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "\\SERVER\\dfs\\plain.txt",
            "\\\\SERVER\\DFS\\plain.txt",
            "/10.0.0.1/dfs/plain.txt",
            "SERVER\\dfs\\plain.txt",
            "\\plain.txt",
            "plain.txt",
        ],
    )
    def test_server_and_share_are_taken_off(self, client: Client, path: str) -> None:
        assert len(query(client, path)) == 40

    def test_the_root_is_what_is_left_of_server_and_share(self, client: Client) -> None:
        assert query(client, "\\SERVER\\dfs") == query(client, "\\SERVER\\dfs\\") == query(client, "\\")

    def test_without_the_flag_a_path_is_as_it_is(self, client: Client) -> None:
        client.flags2 &= ~Flags2.DFS
        assert refused(lambda: query(client, "\\SERVER\\dfs\\plain.txt")) == NT.OBJECT_PATH_NOT_FOUND

    def test_a_share_that_is_no_root_takes_paths_as_they_are(self, server: InMemoryServer) -> None:
        """The Linux kernel sets the flag on everything."""
        client = server.client().sign_in().connect("plain")
        client.flags2 |= Flags2.DFS
        assert len(query(client, "\\plain.txt")) == 40
        assert refused(lambda: query(client, "\\SERVER\\plain\\plain.txt")) == NT.OBJECT_PATH_NOT_FOUND

    def test_in_oem_too(self, client: Client) -> None:
        client.flags2 &= ~Flags2.UNICODE
        client.call(Command.CHECK_DIRECTORY, dirs.CheckDirectoryRequest("\\SERVER\\dfs\\beside"), Empty)
        body = dirs.CheckDirectoryRequest("\\SERVER\\dfs\\link\\x")
        assert refused(lambda: client.call(Command.CHECK_DIRECTORY, body, Empty)) == NT.PATH_NOT_COVERED

    def test_the_record_has_the_path_in_the_share(self, server: InMemoryServer, client: Client) -> None:
        client.create("\\SERVER\\dfs\\plain.txt")
        assert server.messages[-1].path == "\\plain.txt"
        body = dirs.RenameRequest(0x16, "\\SERVER\\dfs\\plain.txt", "\\SERVER\\dfs\\new.txt")
        client.call(Command.RENAME, body, Empty)
        assert server.messages[-1].path == "\\plain.txt"


REQUESTS: list[tuple[int, Callable[[str], Body]]] = [
    (Command.NT_CREATE_ANDX, lambda path: files.NtCreateAndxRequest(desired_access=1, file_name=path)),
    (Command.CREATE_DIRECTORY, dirs.CreateDirectoryRequest),
    (Command.DELETE_DIRECTORY, dirs.DeleteDirectoryRequest),
    (Command.CHECK_DIRECTORY, dirs.CheckDirectoryRequest),
    (Command.QUERY_INFORMATION, dirs.QueryInformationRequest),
    (Command.DELETE, lambda path: dirs.DeleteRequest(0x16, path)),
    (Command.RENAME, lambda path: dirs.RenameRequest(0x16, path, "\\SERVER\\dfs\\new")),
    (Command.RENAME, lambda path: dirs.RenameRequest(0x16, "\\SERVER\\dfs\\plain.txt", path)),
    (Command.OPEN, lambda path: files.OpenRequest(0x40, 0x16, path)),
]


class TestLinks:
    @pytest.mark.parametrize(
        "path", ["link", "LINK", "link\\a\\b", "sub\\FAR link", "sub\\far link\\x", "link:stream"]
    )
    @pytest.mark.parametrize("flags", [Flags2.DFS, 0])
    @pytest.mark.parametrize(("command", "body"), REQUESTS)
    def test_what_is_beyond_a_link_is_not_covered(
        self, client: Client, command: int, body: Callable[[str], Body], path: str, flags: int
    ) -> None:
        client.flags2 = client.flags2 & ~Flags2.DFS | flags
        whole = f"\\SERVER\\dfs\\{path}" if flags else f"\\{path}"
        assert refused(lambda: client.call(command, body(whole), Empty)) == NT.PATH_NOT_COVERED

    @pytest.mark.parametrize("command", [Command.COPY, Command.MOVE])
    def test_copies_and_moves_of_lan_manager_go_into_no_link(
        self, server: InMemoryServer, folder: Path, command: int
    ) -> None:
        client = signed_in(server, "LANMAN2.1", "dfs", long_names=True)
        client.flags2 |= Flags2.DFS
        (folder / "luau").write_bytes(b"may become Zulu")
        for old, new in (("plain.txt", "link\\x"), ("plain.txt", "link"), ("luau", "Z?lu"), ("lua*", "Z?lu")):
            request = dirs.CopyRequest(0xFFFF, 0x10, 0, f"\\SERVER\\dfs\\{old}", f"\\SERVER\\dfs\\{new}")
            assert dos_error(client, command, request) == (ERRSRV, 3)
        request = dirs.CopyRequest(0xFFFF, 0x10, 0, "\\SERVER\\dfs\\plain.txt", "\\SERVER\\dfs\\new.txt")
        assert client.call(command, request, dirs.CopyResponse).count == 1
        assert (folder / "new.txt").read_bytes() == b"here"
        client.lost()

    def test_a_copy_from_another_share_goes_into_no_link(self, server: InMemoryServer, folder: Path) -> None:
        client = signed_in(server, "LANMAN2.1", "dfs", long_names=True)
        client.flags2 |= Flags2.DFS
        root = client.tid
        body = tree.TreeConnectAndxRequest(password_length=1, path="\\\\SERVER\\plain")
        client.send(Command.TREE_CONNECT_ANDX, body, tid=0)
        client.tid = client.answer().header.tid
        request = dirs.CopyRequest(root, 0x10, 0, "\\plain.txt", "\\SERVER\\dfs\\link\\x")
        assert dos_error(client, Command.COPY, request) == (ERRSRV, 3)
        request = dirs.CopyRequest(root, 0x10, 0, "\\plain.txt", "\\SERVER\\dfs\\beside")
        assert client.call(Command.COPY, request, dirs.CopyResponse).count == 1
        assert (folder / "beside" / "plain.txt").read_bytes() == b"here"
        client.lost()

    @pytest.mark.parametrize("old", ["luau", "lua*"])
    def test_a_pattern_gives_nothing_a_link_s_name(self, client: Client, folder: Path, old: str) -> None:
        (folder / "luau").write_bytes(b"may become Zulu")
        body = dirs.RenameRequest(0x16, f"\\SERVER\\dfs\\{old}", "\\SERVER\\dfs\\Z?lu")
        assert refused(lambda: client.call(Command.RENAME, body, Empty)) == NT.PATH_NOT_COVERED
        assert (folder / "luau").exists()

    def test_searches_go_into_no_link_and_find_it_in_its_folder(self, client: Client) -> None:
        assert refused(lambda: names_in(client, "\\SERVER\\dfs\\link\\*")) == NT.PATH_NOT_COVERED
        assert list(names_in(client, "\\SERVER\\dfs\\link")) == ["link"]

    def test_links_are_listed_as_directories_elsewhere(self, client: Client) -> None:
        there = Attribute.DIRECTORY | Attribute.REPARSE_POINT
        listed = names_in(client, "\\SERVER\\dfs\\*")
        assert list(listed) == [".", "..", "beside", "plain.txt", "sub", "link", "Zulu"]
        assert listed["link"] == (there, REPARSE_TAG_DFS)
        assert names_in(client, "\\SERVER\\dfs\\sub\\*")["far link"] == (there, REPARSE_TAG_DFS)
        assert list(names_in(client, "\\SERVER\\dfs\\l*k")) == ["link"]

    def test_a_listing_goes_on_in_the_middle_of_the_links(self, client: Client) -> None:
        request = trans2.FindFirst2Request(0x16, 6, 0, 0x0104, 0, "\\SERVER\\dfs\\*")
        first = client.trans2(Trans2.FIND_FIRST2, request)
        sid = int.from_bytes(bytes(first.parameters[:2]), "little")
        for flags, name, key in ((8, "", 0), (0, "link", 0), (0, "LINK", 0), (0, "", 0x40000001)):
            again = trans2.FindNext2Request(sid, 10, 0x0104, key, flags, name)
            more = bytes(client.trans2(Trans2.FIND_NEXT2, again).data)
            assert more[94:].decode("utf-16-le").startswith("Zulu"), name
        back = trans2.FindNext2Request(sid, 10, 0x0104, 0, 0, "plain.txt")
        told = bytes(client.trans2(Trans2.FIND_NEXT2, back).data).decode("utf-16-le", "replace")
        assert told.index("sub") < told.index("link") < told.index("Zulu")

    def test_an_old_search_finds_them_where_it_asks_for_directories(self, client: Client) -> None:
        found = client.call(
            Command.SEARCH, search.SearchRequest(10, 0x10, "\\SERVER\\dfs\\LINK", b""), search.SearchResponse
        )
        assert found.count == 1
        body = search.SearchRequest(10, 0, "\\SERVER\\dfs\\LINK", b"")
        assert refused(lambda: client.call(Command.SEARCH, body, search.SearchResponse)) == NT.NO_MORE_FILES

    def test_by_the_unix_extensions_a_link_is_a_symbolic_link(self, server: InMemoryServer) -> None:
        """As from Samba: Linux would take a directory for one of this server."""
        client = server.client().sign_in().connect("dfs")
        request = trans2.FindFirst2Request(0x16, 100, 6, 0x0202, 0, "/*")
        data = bytes(client.trans2(Trans2.FIND_FIRST2, request).data)
        kinds, at = {}, 0
        while True:
            name = data[at + 108 :].decode("utf-16-le", "ignore").split("\0")[0]
            kinds[name] = int.from_bytes(data[at + 8 + 56 : at + 8 + 60], "little")
            following = int.from_bytes(data[at : at + 4], "little")
            if not following:
                break
            at += following
        assert kinds["link"] == kinds["Zulu"] == 2
        assert (kinds["sub"], kinds["plain.txt"]) == (1, 0)

    def test_what_the_disk_has_by_that_name_is_hidden(self, client: Client, folder: Path) -> None:
        (folder / "Link").write_bytes(b"in the way")
        assert list(names_in(client, "\\SERVER\\dfs\\L*")) == ["link"]

    def test_folders_with_links_stay(self, client: Client, folder: Path) -> None:
        assert (folder / "sub").is_dir()
        body = dirs.DeleteDirectoryRequest("\\SERVER\\dfs\\sub")
        assert refused(lambda: client.call(Command.DELETE_DIRECTORY, body, Empty)) == NT.DIRECTORY_NOT_EMPTY
        moved = dirs.RenameRequest(0x16, "\\SERVER\\dfs\\sub", "\\SERVER\\dfs\\new")
        assert refused(lambda: client.call(Command.RENAME, moved, Empty)) == NT.ACCESS_DENIED
        at_end = {"access": 0x00110080, "options": 0x1001}
        assert refused(lambda: client.create("\\SERVER\\dfs\\sub", **at_end)) == NT.DIRECTORY_NOT_EMPTY
        fid = client.create("\\SERVER\\dfs\\sub", access=0x00110080, options=1)
        wish = trans2.SetFileInformationRequest(fid, 1013)
        delete = lambda: client.trans2(Trans2.SET_FILE_INFORMATION, wish, b"\x01")  # noqa: E731
        assert refused(delete) == NT.DIRECTORY_NOT_EMPTY
        name = "new".encode("utf-16-le")
        wish = trans2.SetFileInformationRequest(fid, 1010)
        rename = lambda: client.trans2(  # noqa: E731
            Trans2.SET_FILE_INFORMATION, wish, bytes(8) + len(name).to_bytes(4, "little") + name
        )
        assert refused(rename) == NT.ACCESS_DENIED

    def test_a_name_in_its_folder_is_not_given_a_link_s_name(self, client: Client) -> None:
        fid = client.create("\\SERVER\\dfs\\plain.txt", access=0x00110080)
        name = "link".encode("utf-16-le")
        wish = trans2.SetFileInformationRequest(fid, 1010)
        rename = lambda: client.trans2(  # noqa: E731
            Trans2.SET_FILE_INFORMATION, wish, bytes(8) + len(name).to_bytes(4, "little") + name
        )
        assert refused(rename) == NT.PATH_NOT_COVERED

    def test_a_path_from_an_open_folder_is_no_dfs_path_and_is_held_up_by_links(self, client: Client) -> None:
        root = client.create("\\SERVER\\dfs", access=0x00100081, options=1)
        client.call(
            Command.NT_CREATE_ANDX,
            files.NtCreateAndxRequest(root_directory_fid=root, desired_access=1, file_name="plain.txt"),
            files.NtCreateAndxResponse,
        )
        body = files.NtCreateAndxRequest(root_directory_fid=root, desired_access=1, file_name="link\\x")
        assert refused(lambda: client.call(Command.NT_CREATE_ANDX, body, Empty)) == NT.PATH_NOT_COVERED

    def test_a_read_only_disk_is_served_without_the_folders_above_links(
        self, server: InMemoryServer, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no(*_: object, **__: object) -> None:
            raise PermissionError(13, "no")

        monkeypatch.setattr("fakesmb.vfs.disk.mkdir", no)
        client = server.client().sign_in().connect("dfs")
        assert refused(lambda: query(client, "\\sub\\far link")) == NT.PATH_NOT_COVERED
        assert not (folder / "sub").exists()

    def test_a_root_whose_folder_is_gone_is_none(self, server: InMemoryServer, folder: Path) -> None:
        client = server.client().sign_in()
        folder.rename(folder.parent / "elsewhere")
        assert refused(lambda: client.connect("dfs")) == NT.BAD_NETWORK_NAME


@pytest.mark.parametrize(("share", "support"), [("dfs", 3), ("plain", 1), ("IPC$", 1)])
def test_a_tree_connect_says_that_the_share_is_in_dfs(
    server: InMemoryServer, share: str, support: int
) -> None:
    client = server.client().sign_in()
    path = f"\\\\S\\{share}"
    plain = tree.TreeConnectAndxRequest(password_length=1, path=path)
    answer = client.call(Command.TREE_CONNECT_ANDX, plain, tree.TreeConnectAndxResponse)
    extended = tree.TreeConnectAndxRequest(flags=8, password_length=1, path=path)
    more = client.call(Command.TREE_CONNECT_ANDX, extended, tree.TreeConnectAndxExtendedResponse)
    assert (answer.optional_support, more.optional_support) == (support, support)


class TestReferrals:
    def refer(self, server: InMemoryServer, path: str, level: int = 3, room: int = 4096) -> ReferralResponse:
        client = server.client().sign_in().connect("IPC$")
        asked = GetDfsReferralRequest(level, path)
        return ReferralResponse.decode(
            bytes(client.trans2(Trans2.GET_DFS_REFERRAL, asked, max_data=room).data)
        )

    def test_root_and_links(self, server: InMemoryServer) -> None:
        assert self.refer(server, "\\SERVER\\dfs\\plain.txt").targets == ("\\SERVER\\dfs",)
        assert self.refer(server, "\\SERVER\\dfs\\sub\\far link\\x", 4).targets == ("\\a\\x", "\\b\\y\\z")

    def test_as_many_targets_as_have_room(self, server: InMemoryServer) -> None:
        assert self.refer(server, "\\S\\dfs\\sub\\far link", room=150).targets == ("\\a\\x",)
        assert refused(lambda: self.refer(server, "\\S\\dfs\\link", room=20)) == NT.BUFFER_OVERFLOW

    def test_another_share_is_no_device_of_dfs(self, server: InMemoryServer) -> None:
        """As in the documented exchange."""
        assert refused(lambda: self.refer(server, "\\SERVER\\plain")) == NT.NO_SUCH_DEVICE

    def test_by_a_control_whatever_the_fid(self, server: InMemoryServer) -> None:
        """FSCTL_DFS_GET_REFERRALS asks the server, not a file."""
        client = server.client().sign_in().connect("IPC$")

        def ask(path: str, room: int) -> bytes:
            request = NtTransactRequest(
                function=2,
                setup=IoctlSetup(Fsctl.DFS_GET_REFERRALS, 0xFFFF, 1).encode(),
                data=GetDfsReferralRequest(4, path).encode(),
                max_data_count=room,
            )
            return bytes(client.call(Command.NT_TRANSACT, request, NtTransactResponse).data)

        assert ReferralResponse.decode(ask("\\S\\dfs\\LINK\\x", 4096)).targets == ("\\other\\share",)
        assert refused(lambda: ask("\\S\\dfs\\link", 8)) == NT.BUFFER_OVERFLOW
        assert refused(lambda: ask("\\S\\plain", 4096)) == NT.NO_SUCH_DEVICE

    def test_inconsistencies_are_not_reported_to_it(self, server: InMemoryServer) -> None:
        """TRANS2_REPORT_DFS_INCONSISTENCY is reserved and not implemented ([MS-CIFS] 2.2.6.17)."""
        client = server.client().sign_in().connect("IPC$")
        asked = GetDfsReferralRequest(3, "\\S\\dfs")
        report = lambda: client.trans2(Trans2.REPORT_DFS_INCONSISTENCY, asked)  # noqa: E731
        assert refused(report) == NT.NOT_IMPLEMENTED
