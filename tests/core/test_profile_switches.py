"""What a profile's switch takes away is refused: a raw request for each, by plans and the general way."""

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.core import profiles
from fakesmb.core.profile import CAPABILITIES
from fakesmb.core.settings import Settings
from fakesmb.nt.files import Disposition
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Event, Exchanged
from fakesmb.testing import CHALLENGE, GUID, PASSWORD, USER, Answer, Client, InMemoryServer
from fakesmb.wire.codec import Body, Empty, Rest, Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.dirs import (
    QueryInformation2Request,
    QueryInformation2Response,
    QueryInformationRequest,
    QueryInformationResponse,
)
from fakesmb.wire.eas import Ea, encode_list
from fakesmb.wire.files import (
    OpenAndxRequest,
    OpenAndxResponse,
    ReadAndxRequest,
    ReadRequest,
    ReadResponse,
    WriteAndxRequest,
    WriteRequest,
)
from fakesmb.wire.header import ERROR_BLOCK, HEADER_SIZE, Flags2
from fakesmb.wire.locking import LockingAndxRequest, LockRange
from fakesmb.wire.negotiate import NegotiateCoreResponse, NegotiateNtResponse, NegotiateRequest
from fakesmb.wire.raw import ReadRawRequest, WriteRawRequest
from fakesmb.wire.session import EchoRequest, SessionSetupAndxResponse, SessionSetupPlainRequest
from fakesmb.wire.trans2 import (
    CreateDirectory2Request,
    FindFirst2Request,
    QueryFileInformationRequest,
    QueryFsInformationRequest,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    Trans2,
)
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectAndxResponse
from fakesmb.wire.unix import UnixFsLevel
from tests.core import extended
from tests.core.conftest import Make

With = Callable[..., Client]
BATCH = 0x06


@pytest.fixture(params=[True, False], ids=["plans", "general"])
def server_with(make: Make, request: pytest.FixtureRequest) -> Callable[..., InMemoryServer]:
    """Makes a server with switches over Windows Server 2003."""

    def server(**switches: Any) -> InMemoryServer:
        profile = profiles.profile(switches=switches)
        settings = Settings(
            challenge=CHALLENGE, guid=GUID, profile=profile, signing=profile.signing, plans=request.param
        )
        return make(settings=settings)

    return server


class Told:
    """A sink that keeps events as they are."""

    def __init__(self, events: list[Event]) -> None:
        self.write = events.append

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def with_(server_with: Callable[..., InMemoryServer]) -> With:
    """A client signed in at a server with switches, connected to `public`."""

    def client(**switches: Any) -> Client:
        return server_with(**switches).client().sign_in().connect("public")

    return client


def raw(client: Client, command: int, body: Body) -> Answer:
    """The one answer, whatever its status."""
    client.send(command, body)
    return client.answer()


def status_of(client: Client, command: int, body: Body) -> int:
    answer = raw(client, command, body)
    assert bytes(answer.message[HEADER_SIZE:]) == ERROR_BLOCK
    return answer.header.status


def refused(act: Callable[[], object]) -> int:
    with pytest.raises(SMBError) as error:
        act()
    return error.value.status


def query_path(client: Client, level: int, name: str = "a.txt") -> bytes:
    response = client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(level, 0, name))
    return bytes(response.data)


def find(client: Client, level: int, name: str = "*") -> bytes:
    return bytes(client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 1, level, 0, name)).data)


def query_fs(client: Client, level: int) -> bytes:
    return bytes(client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(level)).data)


def opened(client: Client, name: str, *, mode: int = 2) -> int:
    """OPEN_ANDX, which every make of server has; gives the FID."""
    request = OpenAndxRequest(access_mode=mode, open_mode=0x11, file_name=name)
    return client.call(Command.OPEN_ANDX, request, OpenAndxResponse).fid


class TestTheDefault:
    def test_it_is_windows_2003_and_its_tables_are_the_plain_ones(self, server: InMemoryServer) -> None:
        from fakesmb.core.commands.table import COMMANDS
        from fakesmb.core.trans2.table import SUBCOMMANDS

        commands, subcommands = server.server.handlers()
        assert commands is COMMANDS
        assert subcommands is SUBCOMMANDS
        assert server.server.profile == profiles.profile()
        assert server.server.profile.unread_flags2 == 0

    def test_its_files_are_the_stores_own(self, server: InMemoryServer) -> None:
        assert not any("Lesser" in type(share.store).__name__ for share in server.server.shares.values())

    def test_the_bits_of_capabilities_are_the_first_switches(self) -> None:
        """As docs/profiles.md says below it."""
        assert profiles.KEYS[: len(CAPABILITIES)] == tuple(CAPABILITIES)

    @pytest.mark.parametrize("switch", CAPABILITIES)
    def test_a_switch_takes_its_capability_out_of_the_negotiate(self, make: Make, switch: str) -> None:
        profile = profiles.profile(switches={switch: False})
        client = make(settings=Settings(challenge=CHALLENGE, guid=GUID, profile=profile)).client()
        offered = client.negotiate().capabilities
        assert not offered & CAPABILITIES[switch]
        assert not profile.offers(CAPABILITIES[switch])

    def test_a_reply_says_by_its_flags2_what_both_know(self, make: Make) -> None:
        """pysmb signs in by NTLMSSP where a reply has the bit of extended security, whatever the capabilities are."""
        for switch, bit in (
            ("unicode", Flags2.UNICODE),
            ("status32", Flags2.NT_STATUS),
            ("extended_security", Flags2.EXTENDED_SECURITY),
            ("eas", Flags2.EAS),
            ("dfs", Flags2.DFS),
        ):
            for on in (True, False):
                profile = profiles.profile(switches={switch: on})
                client = make(settings=Settings(challenge=CHALLENGE, guid=GUID, profile=profile)).client()
                client.flags2 |= bit
                client.send(Command.NEGOTIATE, NegotiateRequest((Dialect.NT_LM,)))
                assert bool(client.answer().header.flags2 & bit) is on, switch


class TestRawMode:
    def test_a_raw_read_gives_an_empty_frame(self, with_: With) -> None:
        client = with_(raw_mode=False)
        fid = client.create("a.txt")
        client.send(Command.READ_RAW, ReadRawRequest(fid, 0, 100, 0, 0))
        assert client.stream() == bytes(4)
        assert client.read(fid, 0, 10) == b"0123456789"

    def test_a_raw_write_is_told_to_use_standard(self, with_: With, folders: dict[str, Path]) -> None:
        client = with_(raw_mode=False)
        fid = client.create("a.txt")
        request = WriteRawRequest(fid, 4, 0, 0, 0, 0, 0, 4, 64, 0, b"\0\0\0raw!")
        assert status_of(client, Command.WRITE_RAW, request) == NT.SMB_USE_STANDARD
        assert (folders["public"] / "a.txt").read_bytes().startswith(b"0123")

    def test_with_it_a_raw_read_gives_data(self, with_: With) -> None:
        client = with_()
        fid = client.create("a.txt")
        client.send(Command.READ_RAW, ReadRawRequest(fid, 0, 100, 0, 0))
        assert client.stream() == (100).to_bytes(4, "big") + b"0123456789" * 10


@pytest.fixture
def oem(server_with: Callable[..., InMemoryServer]) -> Client:
    """A client of a server without Unicode that signed in by OEM strings, and says UNICODE from then on."""
    client = server_with(unicode=False).client()
    client.flags2 &= ~Flags2.UNICODE
    client.sign_in().connect("public")
    client.flags2 |= Flags2.UNICODE
    return client


class TestUnicode:
    def test_strings_are_oem_whatever_flags2_says(self, oem: Client, folders: dict[str, Path]) -> None:
        (folders["public"] / "größe.txt").write_bytes(b"seven")
        client = oem
        message = bytearray(client.message(Command.QUERY_INFORMATION, Empty()))
        message[HEADER_SIZE:] = b"\0" + struct.pack("<H", 11) + b"\4" + "größe.txt\0".encode("cp850")
        client.send_raw(bytes(message))
        answer = client.answer()
        assert answer.body(QueryInformationResponse).file_size == 5
        assert not answer.header.flags2 & Flags2.UNICODE

    def test_a_utf_16_name_is_no_name(self, oem: Client) -> None:
        """Its first null byte ends it: `a`."""
        with pytest.raises(SMBError):
            oem.call(Command.QUERY_INFORMATION, QueryInformationRequest("a.txt"), QueryInformationResponse)

    def test_the_names_of_a_listing_are_oem(self, oem: Client) -> None:
        request = FindFirst2Request(0x16, 100, 0, 0x104, 0, "*").encode(unicode=False)
        found = oem.trans2(Trans2.FIND_FIRST2, _Encoded(request))
        assert b"a.txt" in bytes(found.data)
        assert "a.txt".encode("utf-16-le") not in bytes(found.data)

    def test_the_negotiate_says_its_names_in_oem(self, server_with: Callable[..., InMemoryServer]) -> None:
        client = server_with(unicode=False).client()
        client.send(Command.NEGOTIATE, NegotiateRequest((Dialect.NT_LM,)))
        assert bytes(client.answer().message).endswith(b"WORKGROUP\0FAKESMB\0")

    def test_a_sign_in_in_unicode_is_not_understood(self, server_with: Callable[..., InMemoryServer]) -> None:
        assert refused(lambda: server_with(unicode=False).client().sign_in()) == NT.LOGON_FAILURE


class _Encoded(Structure, frozen=True):
    """Parameters that are bytes already."""

    data: Rest = b""

    def encode(self, *, unicode: bool = True, encoding: str = "cp850") -> bytes:
        return bytes(self.data)


class TestStatus32:
    def test_statuses_are_classes_and_codes(self, with_: With) -> None:
        client = with_(status32=False)
        answer = raw(client, Command.QUERY_INFORMATION, QueryInformationRequest("none.txt"))
        assert answer.header.status == 0x00020001  # ERRDOS/ERRbadfile
        assert not answer.header.flags2 & Flags2.NT_STATUS

    def test_it_takes_extended_security_with_it(self) -> None:
        assert not profiles.profile(switches={"status32": False}).extended_security
        with pytest.raises(profiles.ProfileError, match="needs status32"):
            profiles.profile(switches={"status32": False, "extended_security": True})


class TestLargeFiles:
    @pytest.fixture
    def big(self, folders: dict[str, Path]) -> str:
        with (folders["public"] / "big.bin").open("wb") as file:
            file.write(b"low")
            file.seek(1 << 32)
            file.write(b"HIGH")
        return "big.bin"

    def test_the_upper_half_of_an_offset_is_not_read(self, with_: With, big: str, folders: Any) -> None:
        client = with_(large_files=False)
        fid = client.create(big)
        assert client.read(fid, 1 << 32, 3) == b"low"
        client.write(fid, b"LOW", 1 << 32)
        assert (folders["public"] / big).open("rb").read(3) == b"LOW"

    def test_with_it_both_halves_are(self, with_: With, big: str) -> None:
        client = with_()
        assert client.read(client.create(big), 1 << 32, 4) == b"HIGH"

    def test_64_bit_locks_are_refused_and_others_are_not(self, with_: With) -> None:
        client = with_(large_files=False)
        fid = client.create("a.txt")
        assert refused(lambda: client.lock(fid, 0, 10)) == NT.INVALID_PARAMETER
        request = client.locking(fid, LockRange(client.pid, 0, 10), kind=0)
        assert raw(client, Command.LOCKING_ANDX, request).header.status == 0

    def test_a_raw_read_reads_the_lower_half_alone(self, with_: With, big: str) -> None:
        client = with_(large_files=False)
        fid = client.create(big)
        client.send(Command.READ_RAW, ReadRawRequest(fid, 0, 3, 0, 0, 0, 1))
        assert client.stream()[4:] == b"low"


class TestNtSmbs:
    @pytest.mark.parametrize(
        "command",
        [Command.NT_CREATE_ANDX, Command.NT_TRANSACT, Command.NT_TRANSACT_SECONDARY, Command.NT_RENAME],
    )
    def test_its_commands_are_bad_commands(self, with_: With, command: int) -> None:
        """Whatever is in them: nobody reads it."""
        client = with_(nt_smbs=False)
        assert status_of(client, command, Empty()) == NT.SMB_BAD_COMMAND

    def test_a_whole_create_is_one_too(self, with_: With) -> None:
        client = with_(nt_smbs=False)
        assert refused(lambda: client.create("a.txt")) == NT.SMB_BAD_COMMAND

    def test_a_cancel_is_not_answered(self, with_: With) -> None:
        client = with_(nt_smbs=False)
        client.send(Command.NT_CANCEL, Empty())
        assert client.frames() == []

    @pytest.mark.parametrize("level", [0x101, 0x107, 0x109])
    def test_its_levels_are_not_known(self, with_: With, level: int) -> None:
        client = with_(nt_smbs=False)
        assert refused(lambda: query_path(client, level)) == NT.INVALID_LEVEL

    def test_the_levels_of_lan_manager_are(self, with_: With) -> None:
        client = with_(nt_smbs=False)
        assert len(query_path(client, 1)) >= 22
        assert len(query_fs(client, 1)) == 18
        assert refused(lambda: query_fs(client, 0x105)) == NT.INVALID_LEVEL

    def test_files_are_opened_and_read_by_old_commands(self, with_: With) -> None:
        client = with_(nt_smbs=False)
        assert client.read(opened(client, "a.txt"), 0, 4) == b"0123"

    @pytest.mark.parametrize("level", [0x101, 0x102, 0x103, 0x104, 0x105, 0x106])
    def test_nor_are_its_levels_in_listings(self, with_: With, level: int) -> None:
        client = with_(nt_smbs=False)
        assert refused(lambda: find(client, level)) == NT.INVALID_LEVEL
        assert "a.txt".encode("utf-16-le") in find(client, 1)

    @pytest.mark.parametrize(
        ("switch", "command", "body", "reason"),
        [
            ("nt_smbs", Command.NT_CREATE_ANDX, Empty(), "there is no SMB_COM_NT_CREATE_ANDX"),
            ("lock_and_read", Command.LOCK_AND_READ, Empty(), "there is no SMB_COM_LOCK_AND_READ"),
            ("raw_mode", Command.WRITE_RAW, Empty(), "there is no SMB_COM_WRITE_RAW"),
            (
                "large_files",
                Command.LOCKING_ANDX,
                LockingAndxRequest(fid=0, type_of_lock=0x10, locks=(LockRange(1, 0, 1),)),
                "there are no 64-bit ranges",
            ),
        ],
    )
    def test_the_reason_is_the_switch(
        self,
        server_with: Callable[..., InMemoryServer],
        switch: str,
        command: int,
        body: Body,
        reason: str,
    ) -> None:
        """Whoever set it, the profile or a person."""
        server = server_with(**{switch: False})
        told: list[Event] = []
        server.server.log.add(Told(told))
        status_of(server.client().sign_in().connect("public"), command, body)
        (reasons,) = [event.reason for event in told if isinstance(event, Exchanged) and event.reason]
        assert reasons == f"{switch} is off: {reason}"


class TestFind:
    @pytest.mark.parametrize("level", [0x101, 0x102, 0x103, 0x104])
    def test_its_levels_are_not_known(self, with_: With, level: int) -> None:
        client = with_(nt_find=False)
        assert refused(lambda: find(client, level)) == NT.INVALID_LEVEL

    def test_levels_without_commands(self, with_: With) -> None:
        """`nt_levels`: Windows 9x has the levels of NT without its commands."""
        client = with_(nt_find=False, nt_smbs=False, nt_levels=True)
        assert "a.txt".encode("utf-16-le") in find(client, 0x104)
        assert refused(lambda: client.create("a.txt")) == NT.SMB_BAD_COMMAND

    def test_listings_of_lan_manager_are_given(self, with_: With) -> None:
        assert "a.txt".encode("utf-16-le") in find(with_(nt_find=False), 1)


class TestRpc:
    def test_no_pipe_is_found(self, server_with: Callable[..., InMemoryServer]) -> None:
        client = server_with(rpc_remote_apis=False).client().sign_in().connect("IPC$")
        assert refused(lambda: client.create("\\srvsvc")) == NT.OBJECT_NAME_NOT_FOUND
        assert refused(lambda: opened(client, "\\PIPE\\srvsvc")) == NT.OBJECT_NAME_NOT_FOUND


class TestOplocks:
    def test_level_ii_is_not_given(self, server_with: Callable[..., InMemoryServer]) -> None:
        server = server_with(level_ii_oplocks=False)
        first, second = (server.client().sign_in().connect("public") for _ in range(2))
        first.create("a.txt", access=0x80000000, flags=BATCH)
        second.send(
            Command.NT_CREATE_ANDX,
            msgspec.structs.replace(_create("a.txt"), flags=BATCH, desired_access=0x80000000),
        )
        first.answers()
        assert [one.new_oplock_level for one in first.breaks] == [0]

    def test_with_it_it_is(self, server_with: Callable[..., InMemoryServer]) -> None:
        server = server_with()
        first, second = (server.client().sign_in().connect("public") for _ in range(2))
        first.create("a.txt", access=0x80000000, flags=BATCH)
        second.send(
            Command.NT_CREATE_ANDX,
            msgspec.structs.replace(_create("a.txt"), flags=BATCH, desired_access=0x80000000),
        )
        first.answers()
        assert [one.new_oplock_level for one in first.breaks] == [1]

    def test_none_is_given(self, with_: With) -> None:
        assert with_(oplocks=False).create_response("a.txt", flags=BATCH).oplock_level == 0
        assert with_().create_response("a.txt", flags=BATCH).oplock_level == 2


def _create(name: str) -> Any:
    from fakesmb.wire.files import NtCreateAndxRequest

    return NtCreateAndxRequest(share_access=7, create_disposition=1, ext_file_attributes=0x80, file_name=name)


class TestLockAndRead:
    def test_both_commands_are_bad_commands(self, with_: With) -> None:
        client = with_(lock_and_read=False)
        fid = client.create("a.txt")
        assert status_of(client, Command.LOCK_AND_READ, ReadRequest(fid, 4, 0, 0)) == NT.SMB_BAD_COMMAND
        assert status_of(client, Command.WRITE_AND_UNLOCK, Empty()) == NT.SMB_BAD_COMMAND

    def test_with_it_it_reads(self, with_: With) -> None:
        client = with_()
        fid = client.create("a.txt")
        answer = client.call(Command.LOCK_AND_READ, ReadRequest(fid, 4, 0, 0), ReadResponse)
        assert bytes(answer.data) == b"0123"


class TestDfs:
    def refer(self, client: Client) -> int:
        request = GetDfsReferralRequest(3, "\\FAKESMB\\public")
        return refused(lambda: client.trans2(Trans2.GET_DFS_REFERRAL, request))

    @pytest.mark.parametrize("dfs", [True, False])
    @pytest.mark.parametrize("status", ["NO_SUCH_DEVICE", "NOT_FOUND", "NOT_IMPLEMENTED"])
    def test_the_status_is_the_profiles(self, with_: With, dfs: bool, status: str) -> None:
        assert self.refer(with_(dfs=dfs, referral_status=status)) == NT[status]

    def test_without_it_no_namespace_is_told(self, server_with: Callable[..., InMemoryServer]) -> None:
        from fakesmb.core.namespaces import Namespace
        from fakesmb.core.referrals import ReferralTable

        for dfs in (True, False):
            server = server_with(dfs=dfs)
            server.server.referrals = ReferralTable([Namespace("public", {"a": "\\\\OTHER\\x"})])
            client = server.client().sign_in().connect("IPC$")
            request = GetDfsReferralRequest(3, "\\FAKESMB\\public")
            if dfs:
                assert client.trans2(Trans2.GET_DFS_REFERRAL, request).data
            else:
                assert self.refer(client) == NT.NO_SUCH_DEVICE


class TestPassthrough:
    def test_levels_from_1000_on_are_not_known(self, with_: With) -> None:
        client = with_(infolevel_passthru=False)
        fid = client.create("a.txt")
        by_fid = QueryFileInformationRequest(fid, 1004)
        assert refused(lambda: query_path(client, 1004)) == NT.INVALID_LEVEL
        assert refused(lambda: client.trans2(Trans2.QUERY_FILE_INFORMATION, by_fid)) == NT.INVALID_LEVEL
        assert refused(lambda: query_fs(client, 1001)) == NT.INVALID_LEVEL
        assert refused(lambda: find(client, 1003)) == NT.INVALID_LEVEL
        change = SetFileInformationRequest(fid, 1020)
        assert (
            refused(lambda: client.trans2(Trans2.SET_FILE_INFORMATION, change, bytes(8))) == NT.INVALID_LEVEL
        )
        assert query_path(client, 0x101)

    def test_with_it_they_are(self, with_: With) -> None:
        assert len(query_path(with_(), 1004)) == 40


class TestLargeReads:
    def test_a_read_gives_what_fits_the_buffer(self, with_: With, folders: dict[str, Path]) -> None:
        (folders["public"] / "long.bin").write_bytes(bytes(100_000))
        client = with_(large_readx=False, max_buffer=4356)
        fid = client.create("long.bin")
        answer = raw(client, Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=60_000))
        assert len(answer.message) == 4356
        assert len(client.read(fid, 0, 0x1_1000)) == 4096  # MaxCountHigh is not read
        assert len(client.read(fid, 0, 100)) == 100

    def test_nor_more_than_the_clients_buffer(self, with_: With, folders: dict[str, Path]) -> None:
        (folders["public"] / "long.bin").write_bytes(bytes(100_000))
        client = with_(large_readx=False)
        client.connection.max_buffer = 1024
        fid = client.create("long.bin")
        answer = raw(client, Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=60_000))
        assert len(answer.message) == 1024

    def test_with_it_it_gives_all(self, with_: With, folders: dict[str, Path]) -> None:
        (folders["public"] / "long.bin").write_bytes(bytes(100_000))
        client = with_(max_buffer=4356)
        assert len(client.read(client.create("long.bin"), 0, 0x1_1000)) == 0x1_1000

    def test_the_largest_read(self, with_: With, folders: dict[str, Path]) -> None:
        (folders["public"] / "long.bin").write_bytes(bytes(100_000))
        client = with_(largest_read=8192)
        assert len(client.read(client.create("long.bin"), 0, 60_000)) == 8192


class TestLargeWrites:
    def test_a_write_that_is_longer_than_the_buffer_is_refused(
        self, with_: With, folders: dict[str, Path]
    ) -> None:
        client = with_(large_writex=False, max_buffer=4356)
        fid = client.create("new.bin", disposition=Disposition.CREATE)
        room = 4356 - HEADER_SIZE - 32
        assert client.write(fid, b"x" * room) == room
        request = WriteAndxRequest(fid=fid, data=b"y" * (room + 1))
        assert status_of(client, Command.WRITE_ANDX, request) == NT.INVALID_SMB
        assert (folders["public"] / "new.bin").read_bytes() == b"x" * room

    def test_with_it_it_is_written(self, with_: With) -> None:
        client = with_(max_buffer=4356)
        fid = client.create("new.bin", disposition=Disposition.CREATE)
        assert client.write(fid, bytes(60_000)) == 60_000


class TestTheBuffer:
    def test_a_longer_message_is_refused(self, with_: With) -> None:
        client = with_(max_buffer=4356)
        room = 4356 - HEADER_SIZE - 5
        assert raw(client, Command.ECHO, EchoRequest(1, b"x" * room)).header.status == 0
        assert status_of(client, Command.ECHO, EchoRequest(1, b"x" * (room + 1))) == NT.INVALID_SMB

    def test_so_are_its_old_writes_which_do_nothing(self, with_: With, folders: dict[str, Path]) -> None:
        client = with_(max_buffer=4356)
        fid = client.create("new.bin", disposition=Disposition.CREATE)
        assert status_of(client, Command.WRITE, WriteRequest(fid, 5000, 0, 0, bytes(5000))) == NT.INVALID_SMB
        assert (folders["public"] / "new.bin").read_bytes() == b""

    def test_and_its_transactions(self, with_: With) -> None:
        client = with_(max_buffer=1024)
        assert refused(lambda: query_path(client, 0x107, "long" * 200)) == NT.INVALID_SMB
        assert len(query_path(client, 0x107)) > 60

    def test_of_the_size_of_windows_2003_longer_ones_are_done(self, with_: With) -> None:
        assert raw(with_(), Command.ECHO, EchoRequest(1, bytes(20_000))).header.status == 0


class TestUnixExtensions:
    def test_their_levels_are_refused(self, with_: With) -> None:
        client = with_(unix_extensions=False)
        assert refused(lambda: query_fs(client, UnixFsLevel.UNIX)) == NT.INVALID_LEVEL
        assert query_fs(with_(), UnixFsLevel.UNIX)


class TestSignIn:
    def test_a_token_without_extended_security_is_refused(
        self, server_with: Callable[..., InMemoryServer]
    ) -> None:
        client = server_with(extended_security=False).client()
        client.flags2 |= Flags2.EXTENDED_SECURITY
        assert client.negotiate().challenge == CHALLENGE
        answer = raw(client, Command.SESSION_SETUP_ANDX, extended.setup(b"NTLMSSP\0" + bytes(24)))
        assert answer.header.status == NT.INVALID_SMB

    def test_native_strings(self, server_with: Callable[..., InMemoryServer]) -> None:
        server = server_with(native_os="Unix", native_lan_manager="Samba 3.0.25b")
        client = server.client()
        client.negotiate()
        client.send(Command.SESSION_SETUP_ANDX, _sign_in_as_guest())
        answer = client.answer().body(SessionSetupAndxResponse)
        assert (answer.native_os, answer.native_lan_man) == ("Unix", "Samba 3.0.25b")

    def test_everybody_is_a_guest(self, make: Make) -> None:
        accounts = Accounts([Account.with_password(USER, PASSWORD)], guest=Guest.READ_WRITE, guest_only=True)
        server = make(accounts=accounts)
        for password in (PASSWORD, "wrong"):
            client = server.client().sign_in(USER, password)
            (session,) = client.connection.sessions
            assert session.identity is not None
            assert session.identity.kind == "guest"

    def test_the_dialects(self, server_with: Callable[..., InMemoryServer]) -> None:
        server = server_with(dialects=["NT LANMAN 1.0"])
        asked = NegotiateRequest((Dialect.NT_LANMAN, Dialect.NT_LM))
        assert server.client().call(Command.NEGOTIATE, asked, NegotiateNtResponse).dialect_index == 0
        refused_client = server.client()
        answer = refused_client.call(
            Command.NEGOTIATE, NegotiateRequest((Dialect.NT_LM,)), NegotiateCoreResponse
        )
        assert answer.dialect_index == 0xFFFF
        assert refused_client.closed

    def test_the_newest_dialect_that_both_have(self, server_with: Callable[..., InMemoryServer]) -> None:
        server = server_with(dialects=["NT LANMAN 1.0", "NT LM 0.12"])
        asked = NegotiateRequest(("LANMAN1.0", Dialect.NT_LM, Dialect.NT_LANMAN))
        assert server.client().call(Command.NEGOTIATE, asked, NegotiateNtResponse).dialect_index == 1

    def test_the_version_of_ntlmssp(self) -> None:
        assert profiles.profile().version_bytes == bytes.fromhex("0502ce0e0000000f")
        assert profiles.profile("windows-xp").version_bytes == bytes.fromhex("0501280a0000000f")
        assert profiles.profile("samba-3").version_bytes == b""


def _sign_in_as_guest() -> SessionSetupPlainRequest:
    return SessionSetupPlainRequest(
        max_buffer_size=0xFFFF,
        vc_number=1,
        oem_password_length=0,
        unicode_password_length=0,
        capabilities=0,
        oem_password=b"",
        unicode_password=b"",
        account_name="",
        primary_domain="",
        native_os="",
        native_lan_man="",
    )


class TestStreams:
    def test_a_name_with_a_colon_is_no_name(self, with_: With, folders: dict[str, Path]) -> None:
        client = with_(streams=False)
        for name in ("a.txt:s", "a.txt::$DATA", "c:a.txt"):
            act = partial(client.create, name, disposition=Disposition.OPEN_IF)
            assert refused(act) == NT.OBJECT_NAME_INVALID
        assert refused(lambda: query_path(client, 0x101, "a.txt:s")) == NT.OBJECT_NAME_INVALID

    @pytest.mark.parametrize("level", [0x109, 1022])
    def test_their_levels_are_refused(self, with_: With, level: int) -> None:
        assert refused(lambda: query_path(with_(streams=False), level)) == NT.INVALID_PARAMETER
        assert query_path(with_(), level)

    def test_the_volume_does_not_tell_of_them(self, with_: With) -> None:
        for streams in (True, False):
            (attributes,) = struct.unpack_from("<I", query_fs(with_(streams=streams), 0x105))
            assert bool(attributes & 0x00040000) is streams


class TestEas:
    def test_they_are_neither_set_nor_told(self, with_: With) -> None:
        client = with_(eas=False)
        fid = client.create("a.txt")
        data = encode_list([Ea(b"COLOUR", b"red")])
        change = SetFileInformationRequest(fid, 2)
        assert (
            refused(lambda: client.trans2(Trans2.SET_FILE_INFORMATION, change, data)) == NT.EAS_NOT_SUPPORTED
        )
        for level in (4, 1015):
            assert refused(partial(query_path, client, level)) == NT.EAS_NOT_SUPPORTED

    def test_their_size_is_none_though_the_disk_has_some(self, with_: With) -> None:
        whole = with_()
        data = encode_list([Ea(b"COLOUR", b"red")])
        whole.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(whole.create("a.txt"), 2), data)
        assert query_path(whole, 0x103) != bytes(4)
        assert query_path(with_(eas=False), 0x103) == bytes(4)


class TestTogether:
    """What another file system has not, by POSIX names, through new files and for another user."""

    def test_new_files_get_no_eas_and_streams_are_told_where_there_are_some(self, with_: With) -> None:
        client = with_(eas=False)
        data = encode_list([Ea(b"COLOUR", b"red")])
        make = CreateDirectory2Request(0, "new dir")
        assert refused(lambda: client.trans2(Trans2.CREATE_DIRECTORY, make, data)) == NT.EAS_NOT_SUPPORTED
        client.trans2(Trans2.CREATE_DIRECTORY, make)
        assert query_path(client, 0x109)

    def test_eas_are_kept_where_only_streams_are_missing(self, with_: With) -> None:
        client = with_(streams=False)
        fid = client.create("a.txt")
        data = encode_list([Ea(b"COLOUR", b"red")])
        client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, 2), data)
        assert b"red" in query_path(client, 4)

    def test_posix_names_are_of_the_same_files(self, with_: With) -> None:
        client = with_(eas=False)
        client.connection.trees.get(client.tid).choose_unix(0x10)  # type: ignore[union-attr]
        assert refused(lambda: query_path(client, 4, "/a.txt")) == NT.EAS_NOT_SUPPORTED


class TestNumbers:
    def test_the_first_identifiers(self, with_: With) -> None:
        client = with_(first_uid=100, first_tid=1, first_fid=0x1000, first_sid=256)
        assert (client.uid, client.tid, client.create("a.txt")) == (100, 1, 0x1000)
        found = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 0, 1, 0, "*"))
        assert struct.unpack_from("<H", found.parameters) == (256,)

    def test_the_buffer_and_the_requests_at_a_time(self, server_with: Callable[..., InMemoryServer]) -> None:
        answer = server_with(max_mpx=10, max_buffer=4356).client().negotiate()
        assert (answer.max_mpx_count, answer.max_buffer_size) == (10, 4356)

    def test_one_more_that_waits_is_refused(self, server_with: Callable[..., InMemoryServer]) -> None:
        server = server_with(max_mpx=2)
        holder, waiter = (server.client().sign_in().connect("public") for _ in range(2))
        holder.lock(holder.create("a.txt"), 0, 10)
        fid = waiter.create("a.txt")
        for _ in range(2):
            waiter.send(Command.LOCKING_ANDX, waiter.locking(fid, LockRange(1, 0, 10), timeout=1000))
        assert waiter.answers() == []
        waiter.send(Command.LOCKING_ANDX, waiter.locking(fid, LockRange(1, 0, 10), timeout=1000))
        assert waiter.answer().header.status == NT.INSUFFICIENT_RESOURCES
        server.clock.advance(2)

    def test_the_file_systems_name(self, server_with: Callable[..., InMemoryServer]) -> None:
        client = server_with(file_system="FAT").client().sign_in()
        request = TreeConnectAndxRequest(password_length=1, path="\\\\SERVER\\public")
        answer = raw(client, Command.TREE_CONNECT_ANDX, request)
        assert answer.body(TreeConnectAndxResponse).native_file_system == "FAT"
        client.tid = answer.header.tid
        assert query_fs(client, 0x105).endswith("FAT".encode("utf-16-le"))

    def test_old_times_are_local(self, with_: With) -> None:
        """An hour west of UTC every old time is an hour less; times of NT are UTC everywhere."""
        here, west = with_(), with_(time_zone=60)
        asked = QueryInformationRequest("a.txt")
        times = [
            one.call(Command.QUERY_INFORMATION, asked, QueryInformationResponse).last_write_time
            for one in (here, west)
        ]
        assert times[0] - times[1] == 3600
        assert query_path(here, 0x101)[16:24] == query_path(west, 0x101)[16:24]
        clocks = []
        for one in (here, west):
            two = raw(one, Command.QUERY_INFORMATION2, QueryInformation2Request(opened(one, "a.txt")))
            body = two.body(QueryInformation2Response)
            clocks.append(body.last_write_time >> 11)
            clocks.append(struct.unpack_from("<H", query_path(one, 1), 10)[0] >> 11)
        assert clocks[0] == clocks[1]
        assert clocks[2] == clocks[3] == (clocks[0] - 1) % 24

    def test_the_zone_is_in_the_negotiate(self, server_with: Callable[..., InMemoryServer]) -> None:
        assert server_with(time_zone=-60).client().negotiate().server_time_zone == -60

    def test_what_an_old_time_is_set_to_is_local(self, with_: With, folders: dict[str, Path]) -> None:
        client = with_(time_zone=60)
        client.close(opened(client, "a.txt"), 1_000_000_000)
        assert (folders["public"] / "a.txt").stat().st_mtime == 1_000_003_600


class TestSigning:
    @pytest.mark.parametrize("signing", ["off", "offered", "required"])
    def test_the_mode_of_the_negotiate(
        self, server_with: Callable[..., InMemoryServer], signing: str
    ) -> None:
        mode = server_with(signing=signing).client().negotiate().security_mode
        assert mode & 0x0C == {"off": 0, "offered": 4, "required": 12}[signing]

    def test_off_no_answer_is_signed(self, server_with: Callable[..., InMemoryServer]) -> None:
        client = server_with(signing="off").client()
        client.flags2 |= Flags2.SIGNATURE
        client.sign_in().connect("public")
        answer = raw(client, Command.QUERY_INFORMATION, QueryInformationRequest("a.txt"))
        assert answer.header.signature == bytes(8)
        assert client.connection.signing is None


class TestReading:
    def test_a_read_of_a_pipe_is_bounded_too(self, server_with: Callable[..., InMemoryServer]) -> None:
        from fakesmb.rpc.pipes import Pipe

        asked: list[int] = []
        real = Pipe.receive

        def receive(self: Pipe, size: int) -> Any:
            asked.append(size)
            return real(self, size)

        client = server_with(large_readx=False, max_buffer=1024).client().sign_in().connect("IPC$")
        fid = client.create("\\srvsvc")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Pipe, "receive", receive)
            client.send(Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=4096))
        assert asked == [1024 - 60]
