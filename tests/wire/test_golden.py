"""The declared structures against golden bytes, field by field, in both directions."""

from typing import Any

import pytest

from fakesmb.wire import dirs, files, locking, negotiate, printing, raw, search, session, tree
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.header import Flags, block_at, pack_header
from tests.wire.wire_blocks import block, encoded, octets

UNICODE: list[tuple[Any, str]] = [
    (
        files.NtCreateAndxRequest(
            name_length=14,
            flags=0x16,
            root_directory_fid=1,
            desired_access=0x2019F,
            allocation_size=2,
            ext_file_attributes=0x80,
            share_access=3,
            create_disposition=1,
            create_options=0x40,
            impersonation_level=2,
            security_flags=3,
            file_name="\\srvsvc",
        ),
        """18 ff 00 0000 00 0e00 16000000 01000000 9f010200 0200000000000000 80000000 03000000 01000000
        40000000 02000000 03 1100 00 5c00 7300 7200 7600 7300 7600 6300 0000""",
    ),
    (
        files.NtCreateAndxResponse(
            oplock_level=2,
            fid=0x4000,
            create_disposition=1,
            create_time=1,
            last_access_time=2,
            last_write_time=3,
            last_change_time=4,
            ext_file_attributes=0x20,
            allocation_size=5,
            end_of_file=6,
            resource_type=2,
            nm_pipe_status=0x5FF,
            directory=0,
        ),
        """22 ff 00 0000 02 0040 01000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000
        20000000 0500000000000000 0600000000000000 0200 ff05 00 0000""",
    ),
    (
        files.OpenAndxRequest(
            flags=1,
            access_mode=0x42,
            search_attributes=0x16,
            file_attributes=0x20,
            creation_time=5,
            open_mode=0x11,
            allocation_size=6,
            timeout=7,
            file_name="\\a",
        ),
        """0f ff 00 0000 0100 4200 1600 2000 05000000 1100 06000000 07000000 00000000
        0700 00 5c00 6100 0000""",
    ),
    (
        files.OpenAndxResponse(
            fid=1,
            file_attributes=0x20,
            last_write_time=2,
            file_data_size=3,
            access_rights=2,
            resource_type=0,
            nm_pipe_status=0,
            open_results=1,
            server_fid=9,
        ),
        "0f ff 00 0000 0100 2000 02000000 03000000 0200 0000 0000 0100 09000000 0000 0000",
    ),
    (
        files.OpenAndxExtendedResponse(fid=1, maximal_access_rights=0x1F01FF),
        """13 ff 00 0000 0100 0000 00000000 00000000 0000 0000 0000 0100 00000000 0000 ff011f00 00000000
        0000""",
    ),
    (
        files.ReadAndxRequest(0x4000, 0x10, 1024, 1, 0xFFFFFFFF, 0, 2),
        "0c ff 00 0000 0040 10000000 0004 0100 ffffffff 0000 02000000 0000",
    ),
    (
        files.ReadAndxResponse(data_length=3, data_offset=60, data=b"abc"),
        "0c ff 00 0000 ffff 0000 0000 0300 3c00 0000 0000000000000000 0400 00 616263",
    ),
    (
        files.WriteAndxRequest(0x4000, 1, 2, 8, 3, 0, 3, 64, 4, b"abc"),
        "0e ff 00 0000 0040 01000000 02000000 0800 0300 0000 0300 4000 04000000 0400 00 616263",
    ),
    (files.WriteAndxResponse.of(0x10002), "06 ff 00 0000 0200 ffff 0100 0000 0000"),
    (files.CloseRequest(0x4001), "03 0140 ffffffff 0000"),
    (files.FlushRequest(0xFFFF), "01 ffff 0000"),
    (files.ClosePrintFileRequest(0x4000), "01 0040 0000"),
    (printing.OpenPrintFileRequest(5, 1, "a"), "02 0500 0100 0500 04 6100 0000"),
    (
        printing.IoctlResponse.of(printing.JobInfo(7, b"S", b"lp").encode()),
        "08 0000 2000 0000 0000 0000 2000 3400 0000 2100 00 0700 53" + "00" * 15 + "6c70" + "00" * 12,
    ),
    (printing.OpenPrintFileResponse(7), "01 0700 0000"),
    (printing.WritePrintFileRequest(7, b"page"), "01 0700 0700 01 0400 70616765"),
    (printing.GetPrintQueueRequest(0xFFFF, 3), "02 ffff 0300 0000"),
    (
        printing.GetPrintQueueResponse(1, 2, bytes(12) + b"alice" + bytes(11)),
        "02 0100 0200 1f00 01 1c00" + "00" * 12 + "616c696365" + "00" * 11,
    ),
    (
        printing.IoctlResponse.of(b"ab"),
        "08 0000 0200 0000 0000 0000 0200 3400 0000 0300 00 6162",
    ),
    (files.OpenRequest(2, 6, "\\a"), "02 0200 0600 0700 04 5c00 6100 0000"),
    (files.OpenResponse(1, 0x20, 2, 3, 4), "07 0100 2000 02000000 03000000 0400 0000"),
    (files.CreateResponse(7), "01 0700 0000"),
    (files.ReadRequest(1, 2, 3, 4), "05 0100 0200 03000000 0400 0000"),
    (
        files.ReadResponse(2, data=b"ab"),
        "05 0200 0000000000000000 0500 01 0200 6162",
    ),
    (files.WriteRequest(1, 2, 3, 4, b"ab"), "05 0100 0200 03000000 0400 0500 01 0200 6162"),
    (files.WriteResponse(2), "01 0200 0000"),
    (
        files.WriteAndCloseRequest(1, 2, 3, 4, bytes(12), 0, b"ab"),
        "0c 0100 0200 03000000 04000000 000000000000000000000000 0300 00 6162",
    ),
    (files.SeekRequest(1, 2, -3), "04 0100 0200 fdffffff 0000"),
    (files.SeekResponse(5), "02 05000000 0000"),
    (raw.ReadRawRequest(1, 2, 3, 4, 5, 0, 6), "0a 0100 02000000 0300 0400 05000000 0000 06000000 0000"),
    (raw.ReadMpxRequest(1, 2, 3, 4, 5), "08 0100 02000000 0300 0400 05000000 0000 0000"),
    (raw.WriteRawInterimResponse(), "01 ffff 0000"),
    (raw.WriteCompleteResponse(9), "01 0900 0000"),
    (raw.WriteMpxResponse(0x80000001), "02 01000080 0000"),
    (
        session.SessionSetupExtendedRequest(
            max_buffer_size=4356,
            max_mpx_count=10,
            vc_number=0,
            session_key=1,
            security_blob_length=3,
            capabilities=0x800000D4,
            security_blob=b"abc",
            native_os="W",
            native_lan_man="L",
        ),
        """0c ff 00 0000 0411 0a00 0000 01000000 0300 00000000 d4000080
        0b00 616263 5700 0000 4c00 0000""",
    ),
    (
        session.SessionSetupPlainRequest(
            oem_password_length=1,
            unicode_password_length=2,
            capabilities=0x50,
            oem_password=b"o",
            unicode_password=b"uu",
            account_name="a",
            primary_domain="d",
            native_os="W",
            native_lan_man="L",
        ),
        """0d ff 00 0000 ffff 0200 0100 00000000 0100 0200 00000000 50000000
        1300 6f 7575 6100 0000 6400 0000 5700 0000 4c00 0000""",
    ),
    (
        session.SessionSetupAndxResponse(action=1, native_os="W", native_lan_man="L", primary_domain="D"),
        "03 ff 00 0000 0100 0d00 00 5700 0000 4c00 0000 4400 0000",
    ),
    (
        session.SessionSetupExtendedResponse(
            security_blob_length=2, security_blob=b"xy", native_os="W", native_lan_man="L"
        ),
        "04 ff 00 0000 0000 0200 0b00 7879 00 5700 0000 4c00 0000",
    ),
    (session.LogoffAndxRequest(), "02 ff 00 0000 0000"),
    (session.EchoRequest(2, b"ab"), "01 0200 0200 6162"),
    (session.EchoResponse(1, b"ab"), "01 0100 0200 6162"),
    (
        negotiate.NegotiateRequest(("PC NETWORK PROGRAM 1.0", "NT LM 0.12")),
        "00 2400 02 5043204e4554574f524b2050524f4752414d20312e3000 02 4e54204c4d20302e313200",
    ),
    (
        negotiate.NegotiateNtResponse(
            dialect_index=5,
            security_mode=3,
            max_mpx_count=10,
            max_number_vcs=1,
            max_buffer_size=4356,
            max_raw_size=65536,
            session_key=7,
            capabilities=0xE3FD,
            system_time=0x01CD038938C4552A,
            server_time_zone=-60,
            challenge=b"12345678",
            domain_name="W",
            server_name="S",
        ),
        """11 0500 03 0a00 0100 04110000 00000100 07000000 fde30000 2a55c4388903cd01 c4ff 08
        1000 3132333435363738 5700 0000 5300 0000""",
    ),
    (
        negotiate.NegotiateExtendedResponse(
            dialect_index=5, capabilities=0x80000000, server_guid=b"0123456789abcdef", security_blob=b"`H"
        ),
        """11 0500 03 3200 0100 04410000 00000100 00000000 00000080 0000000000000000 0000 00
        1200 30313233343536373839616263646566 6048""",
    ),
    (negotiate.NegotiateCoreResponse(), "01 ffff 0000"),
    (
        tree.TreeConnectAndxRequest(
            flags=8, password_length=1, password=b"\0", path="\\\\h\\s", service="?????"
        ),
        "04 ff 00 0000 0800 0100 1300 00 5c00 5c00 6800 5c00 7300 0000 3f3f3f3f3f00",
    ),
    (
        tree.TreeConnectAndxResponse(optional_support=1, service="IPC", native_file_system=""),
        "03 ff 00 0000 0100 0700 49504300 00 0000",
    ),
    (
        tree.TreeConnectAndxExtendedResponse(
            optional_support=1,
            maximal_share_access_rights=0x1FF,
            guest_maximal_share_access_rights=0x1FF,
            service="A:",
            native_file_system="NTFS",
        ),
        "07 ff 00 0000 0100 ff010000 ff010000 0d00 413a00 4e00 5400 4600 5300 0000",
    ),
    (tree.TreeConnectAndxLanmanResponse("A:"), "02 ff 00 0000 0300 413a00"),
    (tree.TreeConnectRequest("\\\\h\\s", "p", "A:"), "00 0e00 04 5c5c685c7300 04 7000 04 413a00"),
    (tree.TreeConnectResponse(0x4104, 3), "02 0441 0300 0000"),
    (tree.TreeDisconnectRequest(), "00 0000"),
    (tree.QueryInformationDiskResponse(1, 2, 3, 4), "05 0100 0200 0300 0400 0000 0000"),
    (dirs.CreateDirectoryRequest("\\d"), "00 0700 04 5c00 6400 0000"),
    (dirs.DeleteRequest(6, "\\*"), "01 0600 0700 04 5c00 2a00 0000"),
    (
        dirs.RenameRequest(6, "\\a", "\\b"),
        "01 0600 0f00 04 5c00 6100 0000 04 00 5c00 6200 0000",
    ),
    (
        dirs.NtRenameRequest(6, dirs.NtRenameLevel.LINK, 0, "\\a", "\\b"),
        "04 0600 0301 00000000 0f00 04 5c00 6100 0000 04 00 5c00 6200 0000",
    ),
    (dirs.QueryInformationResponse(0x20, 1, 2), "0a 2000 01000000 02000000 00000000000000000000 0000"),
    (
        dirs.SetInformationRequest(0x20, 1, bytes(10), "\\a"),
        "08 2000 01000000 00000000000000000000 0700 04 5c00 6100 0000",
    ),
    (dirs.QueryInformation2Request(9), "01 0900 0000"),
    (
        dirs.QueryInformation2Response(1, 2, 3, 4, 5, 6, 7, 8, 0x20),
        "0b 0100 0200 0300 0400 0500 0600 07000000 08000000 2000 0000",
    ),
    (dirs.SetInformation2Request(9, 1, 2, 3, 4, 5, 6), "07 0900 0100 0200 0300 0400 0500 0600 0000"),
    (
        dirs.CopyRequest(1, 2, 3, "\\a", "\\b"),
        "03 0100 0200 0300 0f00 04 5c00 6100 0000 04 00 5c00 6200 0000",
    ),
    (
        locking.LockingAndxRequest(
            fid=0x4005,
            type_of_lock=0x11,
            timeout=locking.FOREVER,
            number_of_requested_locks=1,
            locks=(locking.LockRange(0xFEFF, 0, 0xFFFFFFFFFFFFFFFF),),
        ),
        """08 ff 00 0000 0540 11 00 ffffffff 0000 0100
        1400 fffe 0000 00000000 00000000 ffffffff ffffffff""",
    ),
    (
        locking.LockingAndxRequest(
            fid=1,
            number_of_requested_unlocks=1,
            number_of_requested_locks=1,
            unlocks=(locking.LockRange(1, 2, 3),),
            locks=(locking.LockRange(4, 5, 6),),
        ),
        """08 ff 00 0000 0100 00 00 00000000 0100 0100
        1400 0100 02000000 03000000 0400 05000000 06000000""",
    ),
    (locking.LockingAndxResponse(), "02 ff 00 0000 0000"),
    (locking.LockByteRangeRequest(1, 2, 3), "05 0100 02000000 03000000 0000"),
    (locking.UnlockByteRangeRequest(1, 2, 3), "05 0100 02000000 03000000 0000"),
    (search.FindClose2Request(0xFFFF), "01 ffff 0000"),
]

OEM: list[tuple[Any, str]] = [
    (
        files.NtCreateAndxRequest(name_length=7, desired_access=1, file_name="\\srvsvc"),
        """18 ff 00 0000 00 0700 00000000 00000000 01000000 0000000000000000 00000000 00000000 01000000
        00000000 02000000 00 0800 5c73727673766300""",
    ),
    (
        files.CreateTemporaryResponse(1, "TMP12345"),
        "01 0100 0900 544d50313233343500",
    ),
    (files.CreateRequest(0x20, 1, "\\é"), "03 2000 01000000 0400 04 5c8200"),
    (files.CreateTemporaryRequest(0x20, 1, "\\"), "03 2000 01000000 0300 04 5c00"),
    (
        session.SessionSetupLanmanRequest(
            max_buffer_size=4356,
            max_mpx_count=1,
            vc_number=0,
            session_key=2,
            password_length=2,
            password=b"pw",
            account_name="A",
            primary_domain="D",
            native_os="",
            native_lan_man="",
        ),
        "0a ff 00 0000 0411 0100 0000 02000000 0200 00000000 0800 7077 4100 4400 00 00",
    ),
    (
        negotiate.NegotiateLanmanResponse(
            dialect_index=3,
            security_mode=3,
            max_buffer_size=4356,
            max_mpx_count=2,
            max_number_vcs=1,
            raw_mode=3,
            session_key=7,
            server_time=0x2833,
            server_date=0x5B3A,
            server_time_zone=330,
            challenge=b"\x11\x22\x33\x44\x55\x66\x77\x88",
            primary_domain="WORKGROUP",
        ),
        """0d 0300 0300 0411 0200 0100 0300 07000000 3328 3a5b 4a01 0800 0000
        1200 1122334455667788 574f524b47524f555000""",
    ),
    (
        negotiate.NegotiateLanmanResponse(
            dialect_index=4,
            security_mode=2,
            max_buffer_size=2920,
            max_mpx_count=2,
            raw_mode=3,
            session_key=0x80031505,
            server_time=0x64B2,
            server_date=0x4F8F,
            server_time_zone=-60,
            challenge=b"\x11\x22\x33\x44\x55\x66\x77\x88",
        ),
        """0d 0400 0200 680b 0200 0100 0300 05150380 b264 8f4f c4ff 0800 0000
        0800 1122334455667788""",
    ),
    (
        negotiate.NegotiateLanmanResponse.of_core_plus(1, 3),
        "0d 0100 0000 0000 0000 0000 0300 00000000 0000 0000 0000 0000 0000 0000",
    ),
    (session.SessionSetupLanmanResponse(2), "03 ff 00 0000 0200 0000"),
    (search.SearchRequest(1, 0x16, "*.*", b""), "02 0100 1600 0800 04 2a2e2a00 05 0000"),
    (
        search.SearchRequest(1, 0x16, "", bytes(range(21))),
        "02 0100 1600 1a00 04 00 05 1500 000102030405060708090a0b0c0d0e0f1011121314",
    ),
    (search.SearchResponse(0, b""), "01 0000 0300 05 0000"),
]


@pytest.mark.parametrize(("value", "golden"), UNICODE, ids=lambda one: type(one).__name__)
def test_unicode_messages_are_these_bytes(value: Any, golden: str) -> None:
    assert encoded(value).hex(" ") == octets(golden).hex(" ")
    assert type(value).decode(block(golden)) == value


@pytest.mark.parametrize(("value", "golden"), OEM, ids=lambda one: type(one).__name__)
def test_oem_messages_are_these_bytes(value: Any, golden: str) -> None:
    assert encoded(value, unicode=False).hex(" ") == octets(golden).hex(" ")
    assert type(value).decode(block(golden, unicode=False)) == value


@pytest.mark.parametrize(
    ("kind", "golden", "value"),
    [
        (
            files.ReadAndxRequest,
            "0a ff 00 0000 0040 10000000 0004 0100 00000000 0000 0000",
            files.ReadAndxRequest(0x4000, 0x10, 1024, 1),
        ),
        (
            files.WriteAndxRequest,
            "0c ff 00 0000 0040 01000000 02000000 0800 0300 0000 0300 3c00 0400 00 616263",
            files.WriteAndxRequest(0x4000, 1, 2, 8, 3, 0, 3, 60, 0, b"abc"),
        ),
        (
            files.WriteAndCloseRequest,
            "06 0100 0200 03000000 04000000 0300 00 6162",
            files.WriteAndCloseRequest(1, 2, 3, 4, data=b"ab"),
        ),
        (
            raw.ReadRawRequest,
            "08 0100 02000000 0300 0400 05000000 0000 0000",
            raw.ReadRawRequest(1, 2, 3, 4, 5),
        ),
        (
            raw.WriteRawRequest,
            "0c 0100 0900 0000 02000000 03000000 0100 00000000 0200 3b00 0200 6162",
            raw.WriteRawRequest(1, 9, 0, 2, 3, 1, 0, 2, 59, data=b"ab"),
        ),
        (
            raw.WriteMpxRequest,
            "0c 0100 0900 0000 02000000 03000000 0100 04000000 0200 3b00 0200 6162",
            raw.WriteMpxRequest(1, 9, 0, 2, 3, 1, 4, 2, 59, b"ab"),
        ),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_shorter_forms_and_requests_that_are_only_read(kind: Any, golden: str, value: Any) -> None:
    assert kind.decode(block(golden)) == value


def test_an_extended_create_answer_says_42_words_and_has_50() -> None:
    """[MS-SMB] 2.2.4.9.2; Windows and Samba do so, and clients read it so."""
    value = files.NtCreateAndxExtendedResponse(
        fid=0x4000, volume_guid=bytes(range(16)), file_id=5, maximal_access_rights=0x1F01FF
    )
    golden = octets(
        """2a ff 00 0000 00 0040 01000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000
        80000000 0000000000000000 0000000000000000 0000 0000 00
        000102030405060708090a0b0c0d0e0f 0500000000000000 ff011f00 00000000 0000"""
    )
    assert encoded(value) == golden
    assert len(golden) == 103
    assert files.NtCreateAndxExtendedResponse.decode(block(golden)) == value
    honest = b"\x32" + golden[1:]
    assert files.NtCreateAndxExtendedResponse.decode(block(honest)) == value


def test_an_extended_create_answer_that_is_cut_is_refused() -> None:
    with pytest.raises(DecodeError):
        files.NtCreateAndxExtendedResponse.decode(block(b"\x2a" + bytes(88)))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (10, session.SessionSetupLanmanRequest),
        (12, session.SessionSetupExtendedRequest),
        (13, session.SessionSetupPlainRequest),
    ],
)
def test_the_word_count_chooses_the_form_of_session_setup(words: int, kind: type) -> None:
    golden = bytes([words]) + b"\xff\0\0\0" + bytes(2 * words - 4) + b"\0\0"
    assert type(session.SessionSetupAndxRequest.decode(block(golden))) is kind


@pytest.mark.parametrize("words", [0, 2, 11])
def test_other_word_counts_of_session_setup_are_refused(words: int) -> None:
    with pytest.raises(DecodeError):
        session.SessionSetupAndxRequest.decode(block(bytes([words]) + bytes(2 * words + 2)))


def test_a_form_of_session_setup_refuses_the_other_forms() -> None:
    with pytest.raises(DecodeError):
        session.SessionSetupPlainRequest.decode(block(b"\x0c\xff" + bytes(25)))


def test_the_last_strings_of_session_setup_may_lack_their_nulls() -> None:
    """Windows cuts the last null in half, DOS clients send no strings at all."""
    golden = octets("0c ff 00 0000 0000 0000 0000 00000000 0000 00000000 00000000 0400 00 5700 00")
    request = session.SessionSetupAndxRequest.decode(block(golden))
    assert isinstance(request, session.SessionSetupExtendedRequest)
    assert (request.native_os, request.native_lan_man) == ("W", "")


@pytest.mark.parametrize(
    ("kind", "golden"),
    [
        (files.CloseRequest, "02 0140 ffff 0000"),
        (dirs.DeleteRequest, "01 0600 0000"),
        (dirs.RenameRequest, "01 0600 0700 04 5c00 6100 0000"),
        (files.WriteAndxRequest, "0e ff 00 0000" + "0000" * 7 + "0300 4100 00000000 0400 00 616263"),
        (files.WriteAndxRequest, "0e ff 00 0000" + "0000" * 7 + "0300 2000 00000000 0400 00 616263"),
        (files.NtCreateAndxRequest, "18 ff 00 0000 00 0800" + "00" * 41 + "0300 00 5c00"),
        (locking.LockingAndxRequest, "08 ff 00 0000 0100 00 00 00000000 0000 ffff 0a00" + "00" * 10),
        (
            session.SessionSetupExtendedRequest,
            "0c ff 00 0000" + "0000" * 5 + "ff00" + "00000000" * 2 + "0000",
        ),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_lengths_and_word_counts_that_lie_are_refused(kind: Any, golden: str) -> None:
    with pytest.raises(DecodeError):
        kind.decode(block(golden))


def test_a_read_answer_hands_its_payload_over_uncopied() -> None:
    data = bytes(100_000)
    parts = files.ReadAndxResponse(data=data).encode(32)
    assert parts[-1] is data
    answer = files.ReadAndxResponse.decode(block(b"".join(parts)))
    assert (answer.data_length, answer.data_length_high) == (100_000 & 0xFFFF, 1)
    assert len(answer.data) == 100_000


def test_a_write_longer_than_a_byte_count_can_say_is_read_whole() -> None:
    """ByteCount has 16 bits and wraps; smbclient writes 130,048 bytes at once."""
    data = bytes(range(256)) * 508
    request = files.WriteAndxRequest.decode(block(encoded(files.WriteAndxRequest(1, data=data))))
    assert request.data == data
    assert isinstance(request.data, memoryview)


def test_the_size_of_a_read_takes_the_high_word_unless_it_is_a_timeout() -> None:
    assert files.ReadAndxRequest(1, max_count=0x10, timeout=1).size == 0x10010
    assert files.ReadAndxRequest(1, max_count=0x400, timeout=0xFFFFFFFF).size == 0x400
    assert files.ReadAndxRequest(1, max_count=0x400, timeout=0xFFFF).size == 0x400


def test_offsets_have_64_bits() -> None:
    assert files.ReadAndxRequest(1, 0xFFFFFFFF, offset_high=1).offset == 0x1FFFFFFFF
    assert files.WriteAndxRequest(1, 5, offset_high=2).offset == 0x200000005


def test_an_oplock_break_is_a_whole_request_with_mid_ffff() -> None:
    """[MS-CIFS] 2.2.4.32.1: not a reply; Linux answers it by LOCKING_ANDX."""
    assert locking.oplock_break(0x0801, 0x4001, locking.OplockLevel.BREAK_TO_LEVEL_II) == octets(
        """ff534d42 24 00000000 00 0000 0000 0000000000000000 0000 0108 ffff 0000 ffff
        08 ff 00 0000 0140 02 01 00000000 0000 0000 0000"""
    )


def test_a_search_entry_is_43_bytes_with_a_null_padded_name() -> None:
    """[MS-CIFS] 2.2.4.58.2; WfW needs nulls, not spaces, and its client state back."""
    key = search.ResumeKey(1, b"server state" + bytes(4), b"cli!")
    entry = search.SearchEntry.of(key, b"README.TXT", 0x20, 5, 0x5B3A, 0x2833)
    golden = b"\x01server state\0\0\0\0cli!" + octets("20 3328 3a5b 05000000") + b"README.TXT\0\0\0"
    assert entry.encode() == golden
    assert len(golden) == 43
    assert search.SearchEntry.decode(golden).file_name == b"README.TXT\0\0\0"
    assert search.ResumeKey.decode(golden) == key


def test_the_jobs_of_a_queue_and_which_job_a_file_is() -> None:
    """[SMB-CORE] 5.26: 28 bytes; IOCTL_QUERY_JOB_INFO: 32."""
    entry = printing.PrintQueueEntry.of(0x2833, 0x5B3A, 3, 0x0102, 1 << 40, b"a name of sixteen and more")
    golden = octets("3328 3a5b 03 0201 ffffffff 00") + b"a name of sixte\0"
    assert entry.encode() == golden
    assert len(golden) == 28
    assert printing.PrintQueueEntry.decode(golden).spool_file_number == 0x0102
    info = octets("0700") + b"SERVER".ljust(16, b"\0") + b"lp".ljust(14, b"\0")
    assert printing.JobInfo(7, b"SERVER", b"lp").encode() == info
    assert len(info) == 32


def test_copy_takes_names_with_and_without_format_bytes() -> None:
    golden = octets("03 0100 0200 0300 0a00 04 5c6100 04 5c6200 0000")
    assert dirs.CopyRequest.decode(block(golden, unicode=False)).target_file_name == "\\b"
    bare = octets("03 0100 0200 0300 0600 5c6100 5c6200")
    assert dirs.CopyRequest.decode(block(bare, unicode=False)).target_file_name == "\\b"


def test_a_file_id_where_a_byte_count_is_looked_for_does_no_harm() -> None:
    """The 42 words of an extended create answer end before the file id, which may be any number."""
    value = files.NtCreateAndxExtendedResponse(fid=1, file_id=0x11223344FFFF)
    header = pack_header(0xA2, 0, Flags.REPLY, 0, 0, 1, 2, 3, 4)
    message = header + encoded(value)
    assert files.NtCreateAndxExtendedResponse.decode(block_at(message, 32, unicode=True)) == value
    request = pack_header(0xA2, 0, 0, 0, 0, 1, 2, 3, 4) + encoded(value)
    assert block_at(request, 32, unicode=True).byte_count == len(request) - 32 - 3 - 84
