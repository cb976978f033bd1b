"""Streams and extended attributes as clients ask for them: levels, commands, lists in both shapes."""

import os
import struct
from pathlib import Path

import pytest

from fakesmb.nt.files import Disposition
from fakesmb.nt.status import NT
from fakesmb.testing import Client
from fakesmb.wire.dirs import (
    DeleteRequest,
    NtRenameLevel,
    NtRenameRequest,
    QueryInformationRequest,
    RenameRequest,
)
from fakesmb.wire.eas import Ea, encode_full, encode_list, read_full, read_list
from fakesmb.wire.files import CreateFlag, NtCreateAndxExtendedResponse, NtCreateAndxRequest
from fakesmb.wire.nt_trans import NtCreateRequest, NtCreateResponse
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import (
    CreateDirectory2Request,
    FindFirst2Request,
    FindFirst2Response,
    Open2Request,
    QueryFileInformationRequest,
    QueryFsInformationRequest,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from tests.refusals import Refuses

A = "\\a.txt"
ONE = Ea(b"ONE", b"first")
TWO = Ea(b"TWO", b"second")
NONE_THERE = struct.pack("<I", 4)


def query(client: Client, level: int, name: str = A, data: bytes = b"") -> bytes:
    asked = QueryPathInformationRequest(level, 0, name)
    return bytes(client.trans2(Trans2.QUERY_PATH_INFORMATION, asked, data).data)


def set_eas(client: Client, *eas: Ea, name: str = A) -> None:
    client.trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(2, 0, name), encode_list(eas))


def names(*asked: bytes) -> bytes:
    """SMB_GEA_LIST."""
    body = b"".join(bytes([len(name)]) + name + b"\0" for name in asked)
    return struct.pack("<I", 4 + len(body)) + body


def streams(client: Client, name: str = A, level: int = 0x109) -> dict[str, int]:
    data, found, at = query(client, level, name), {}, 0
    while data:
        following, length, size, _ = struct.unpack_from("<IIQQ", data, at)
        found[data[at + 24 : at + 24 + length].decode("utf-16-le")] = size
        if not following:
            break
        at += following
    return found


class TestStreams:
    """[MS-FSCC] 2.1.5.3, 2.4.49."""

    @pytest.mark.parametrize("level", [0x109, 1022])
    def test_are_listed(self, client: Client, level: int) -> None:
        fid = client.create(A + ":side", disposition=Disposition.CREATE)
        client.write(fid, b"12345")
        assert streams(client, level=level) == {"::$DATA": 100, ":side:$DATA": 5}
        assert streams(client, "\\dir", level) == {}

    def test_have_the_short_name_of_their_file(self, client: Client, folders: dict[str, Path]) -> None:
        """[MS-FSA] 2.1.5.12.3: `allinfo` of smbclient asks for it by the stream's name."""
        for name in ("a.txt", "not of eight and three"):
            (folders["public"] / name).touch()
            client.close(client.create(f"\\{name}:side", disposition=Disposition.CREATE))
            short = query(client, 0x108, f"\\{name}")
            assert query(client, 0x108, f"\\{name}:side") == short

    def test_a_handle_tells_its_file_s(self, client: Client) -> None:
        fid = client.create(A + ":side", disposition=Disposition.CREATE)
        asked = QueryFileInformationRequest(fid, 0x109)
        data = bytes(client.trans2(Trans2.QUERY_FILE_INFORMATION, asked).data)
        assert struct.unpack_from("<IIQQ", data)[2] == 100

    def test_the_name_of_a_stream_s_handle(self, client: Client) -> None:
        fid = client.create(A + ":side:$DATA", disposition=Disposition.CREATE)
        asked = QueryFileInformationRequest(fid, 0x104)
        data = bytes(client.trans2(Trans2.QUERY_FILE_INFORMATION, asked).data)
        assert data[4:].decode("utf-16-le") == "\\a.txt:side"

    def test_are_deleted_by_name_and_the_file_stays(self, client: Client, folders: dict[str, Path]) -> None:
        client.close(client.create(A + ":side", disposition=Disposition.CREATE))
        client.send(0x06, DeleteRequest(0x16, A + ":side"))
        assert client.answer().header.status == 0
        assert streams(client) == {"::$DATA": 100}
        assert (folders["public"] / "a.txt").exists()

    def test_no_search_finds_one(self, client: Client, refuses: Refuses) -> None:
        """smbclient's `rm a.txt:side` deletes what the search finds: not the file, please."""
        client.close(client.create(A + ":side", disposition=Disposition.CREATE))
        with refuses(NT.OBJECT_NAME_INVALID):
            client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 0, 0x104, 0, A + ":side"))

    @pytest.mark.parametrize("command", [0x07, 0xA5])
    def test_are_renamed_by_name(self, client: Client, command: int) -> None:
        client.close(client.create(A + ":old", disposition=Disposition.CREATE))

        def rename(new: str) -> int:
            if command == 0x07:
                client.send(command, RenameRequest(0x16, A + ":old", new))
            else:
                client.send(command, NtRenameRequest(0x16, NtRenameLevel.RENAME, 0, A + ":old", new))
            return client.answer().header.status

        assert rename("\\b.txt") == NT.INVALID_PARAMETER
        assert rename(A + ":new") == NT.INVALID_PARAMETER
        assert rename("::$DATA") == NT.OBJECT_NAME_COLLISION
        assert rename(":new") == 0
        assert streams(client) == {"::$DATA": 100, ":new:$DATA": 0}

    def test_are_renamed_by_their_handle(self, client: Client, refuses: Refuses) -> None:
        fid = client.create(A + ":old", disposition=Disposition.CREATE, access=0x001F01FF)
        asked = SetFileInformationRequest(fid, 1010)

        def rename(new: str) -> None:
            raw = new.encode("utf-16-le")
            data = struct.pack("<B3xII", 1, 0, len(raw)) + raw
            client.trans2(Trans2.SET_FILE_INFORMATION, asked, data)

        with refuses(NT.NOT_SUPPORTED):
            rename(A + ":new")
        rename(":new:$DATA")
        assert list(streams(client)) == ["::$DATA", ":new:$DATA"]

    def test_the_volume_says_so(self, client: Client) -> None:
        data = client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x105)).data
        assert struct.unpack_from("<I", data)[0] & 0x40000

    def test_extended_answers_say_what_need_not_be_asked_for(self, client: Client) -> None:
        """FileStatusFlags: Windows copies no streams that these deny."""

        def status(name: str, disposition: int = Disposition.OPEN) -> int:
            asked = NtCreateAndxRequest(
                flags=CreateFlag.EXTENDED_RESPONSE,
                desired_access=0x00120089,
                share_access=7,
                create_disposition=disposition,
                file_name=name,
            )
            return client.call(0xA2, asked, NtCreateAndxExtendedResponse).nm_pipe_status

        assert status("\\new", Disposition.CREATE) == 7
        assert status(A) == 7
        client.close(client.create(A + ":side", disposition=Disposition.CREATE))
        assert status(A) == 5
        set_eas(client, ONE)
        assert status(A) == 4


class TestEas:
    """[MS-CIFS] 2.2.1.2, 2.2.8.3.2 to .4, 2.2.8.4.2; [MS-FSCC] 2.4.16."""

    def test_set_and_asked_for(self, client: Client, folders: dict[str, Path]) -> None:
        set_eas(client, ONE, TWO)
        assert os.getxattr(folders["public"] / "a.txt", "user.ONE") == b"first"
        assert read_list(query(client, 4)) == [ONE, TWO]
        assert read_full(query(client, 1015)) == [ONE, TWO]
        asked = query(client, 3, data=names(b"two", b"NOT"))
        assert read_list(asked) == [TWO, Ea(b"NOT", b"")]
        set_eas(client, Ea(b"ONE", b""))
        assert read_list(query(client, 4)) == [TWO]

    def test_none(self, client: Client, refuses: Refuses) -> None:
        """OS/2's list is empty, NT's has a status of its own."""
        assert query(client, 4) == NONE_THERE
        with refuses(NT.NO_EAS_ON_FILE):
            query(client, 1015)

    @pytest.mark.parametrize(("level", "at"), [(2, 22), (0x103, 0), (1007, 0), (1018, 64)])
    def test_their_size(self, client: Client, level: int, at: int) -> None:
        assert struct.unpack_from("<I", query(client, level), at)[0] == 0
        set_eas(client, ONE)
        assert struct.unpack_from("<I", query(client, level), at)[0] == 4 + 5 + 3 + 5

    def test_set_by_nt(self, client: Client) -> None:
        fid = client.create(A, access=0x001F01FF)
        asked = SetFileInformationRequest(fid, 1015)
        client.trans2(Trans2.SET_FILE_INFORMATION, asked, encode_full([ONE, TWO]))
        assert read_list(query(client, 4)) == [ONE, TWO]

    def test_a_bad_name_is_a_warning_with_a_whole_answer(self, client: Client) -> None:
        """Samba's client looks into it."""
        request = NtTransactRequest(
            function=1,
            parameters=NtCreateRequest(
                desired_access=0x00120089, create_disposition=2, ea_length=13, file_name="\\new"
            ).encode(),
            data=encode_full([Ea(b"A:B", b"1")]),
            max_parameter_count=128,
        )
        client.send(0xA0, request)
        answer = client.answer()
        assert answer.header.status == NT.INVALID_EA_NAME
        assert answer.message[32] == 18
        assert query_fails(client, "\\new") == NT.OBJECT_NAME_NOT_FOUND

    def test_nt_transact_create_brings_them(self, client: Client) -> None:
        eas = encode_full([ONE, TWO])
        asked = NtCreateRequest(
            desired_access=0x00120089, create_disposition=2, ea_length=len(eas), file_name="\\new"
        )
        request = NtTransactRequest(
            function=1, parameters=asked.encode(), data=eas, max_parameter_count=128, max_data_count=0
        )
        answer = client.call(0xA0, request, NtTransactResponse)
        assert NtCreateResponse.decode(answer.parameters).create_action == 2
        assert read_list(query(client, 4, "\\new")) == [ONE, TWO]

    def test_open2_and_create_directory_bring_them(self, client: Client) -> None:
        opened = Open2Request(0, 0x42, 0, 0x20, 0, 0x10, 0, bytes(10), "\\new")
        client.trans2(Trans2.OPEN2, opened, encode_list([ONE]))
        client.trans2(Trans2.CREATE_DIRECTORY, CreateDirectory2Request(0, "\\made"), encode_list([TWO]))
        assert read_list(query(client, 4, "\\new")) == [ONE]
        assert read_list(query(client, 4, "\\made")) == [TWO]

    def test_listings_tell_those_asked_for(self, client: Client) -> None:
        """Level 3, OS/2: each entry with its list, before its name."""
        set_eas(client, ONE, TWO)
        asked = FindFirst2Request(0x16, 10, 0, 3, 0, "\\a*")
        answer = client.trans2(Trans2.FIND_FIRST2, asked, names(b"ONE", b"X"))
        assert FindFirst2Response.decode(answer.parameters).search_count == 1
        data = bytes(answer.data)
        size = struct.unpack_from("<I", data, 22)[0]
        assert read_list(data[22 : 22 + size]) == [ONE, Ea(b"X", b"")]

    def test_listings_tell_their_size(self, client: Client) -> None:
        set_eas(client, ONE)
        answer = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 10, 0, 2, 0, "\\a*"))
        assert struct.unpack_from("<I", answer.data, 22)[0] == 4 + 5 + 3 + 5

    def test_lists_that_make_no_sense(self, client: Client, refuses: Refuses) -> None:
        with refuses(NT.INVALID_PARAMETER):
            query(client, 3, data=b"\xff\0\0\0\x05")
        with refuses(NT.INVALID_PARAMETER):
            query(client, 3, data=b"")

    def test_a_read_only_share_takes_none(self, client: Client, refuses: Refuses) -> None:
        client.connect("docs")
        with refuses(NT.ACCESS_DENIED):
            set_eas(client, ONE, name="\\manual.txt")


def query_fails(client: Client, name: str) -> int:
    client.send(0x08, QueryInformationRequest(name))
    return client.answer().header.status
