"""Messages of real clients and servers (Windows XP, OS X, Samba), read field by field."""

import pytest

from fakesmb.nt.files import FileAction
from fakesmb.wire import files, find_info, locking, negotiate, nt_trans, session, tokens, trans, trans2, tree
from fakesmb.wire.codec import Body
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.info import LevelContext
from tests.wire.wire_blocks import captured, encoded

NEGOTIATE = """
ff534d4272000000001853c80000000000000000000000000000fffe00000000006200025043204e4554574f524b2050524f4752414d2031
2e3000024c414e4d414e312e30000257696e646f777320666f7220576f726b67726f75707320332e316100024c4d312e325830303200024c
414e4d414e322e3100024e54204c4d20302e313200
"""
NEGOTIATE_ANSWER = """
ff534d4272000000009853c80000000000000000000000000000fffe00000000110500030a000100041100000000010000000000fde30080
2a55c4388903cd012c01001000fe82f1640b66ba4abb81e1ea54aeb866
"""
SETUP_1 = """
ff534d4273000000001807c80000000000000000000000000000fffe000000cd0cff00ca0004110a00000000000000280000000000d40000
a08f004e544c4d5353500001000000078208a2000000000000000000000000000000000501280a0000000f00570069006e0064006f007700
7300200032003000300032002000530065007200760069006300650020005000610063006b00200033002000320036003000300000005700
69006e0064006f007700730020003200300030003200200035002e00310000000000
"""
READ_REQUEST = """
ff534d422e000000001807e80000000000000000000000000008fffe000831ce0cff00dede01400000000000100010000000000010000000
000000
"""
READ_ANSWER = """
ff534d422e000000009807c80000000000000000000000000308fffe000813f90cff00000000000000000002003c00000000000000000000
000300000d0a
"""
WRITE_REQUEST = """
ff534d422f000000001807c80000000000000000000000000108fffe000841f20eff00dede0cc000000000ffffffff080048000000480040
00000000004900ee05000b03100000004800000001000000b810b81000000000010000000000010001d08c334422f131aaaa900038001003
01000000045d888aeb1cc9119fe808002b10486002000000
"""
CREATE_REQUEST = """
ff534d42a2000000001807c800000000000000000000000000088c0c0008b0cd18ff00dede00000010000000000000000100100000000000
000000000000000007000000010000000100000002000000000300000000
"""
CREATE_ANSWER = """
ff534d42a2000000009807c800000000000000000000000000088c0c0008b0cd2aff00870000004001000000244d8dd4d9d9cc01106b3f3a
8903cd011656b1fc8603cd011656b1fc8603cd01160000000000000000000000000000000000000000000700010000000000000000000000
00000000000000000000000000ff011f00000000000000
"""
LOCK_REQUEST = """
ff534d4224000000001807c80000000000000000000000000008fffe000891db08ff00dede05401100ffffffff000001001400fffe000000
00000000000000ffffffffffffffff
"""
TREE_ANSWER = """
ff534d4275000000009807c80000000000000000000000000008fffe000820cd07ff003e000100ff010000ff0100000d00413a004e005400
460053000000
"""
LANMAN_ANSWER = """
ff534d4272000000009853c800000000000000000000000000003412000001000d0300030004112000010000000000000033283a5b4a0108
00000012001122334455667788574f524b47524f555000
"""
NOTIFY_REQUEST = """
ff534d42a0000000001807c800000000000000000000000000088c0c0008d0cd170000000000000000000000200000000000000000000000
54000000000000000000000004040017000000004000000300000000
"""
NOTIFY_ANSWER = """
ff534d42a0000000009807c800000000000000000000000000088c0c000860f1120000001a000000000000001a0000004800000000000000
000000006400000000000000001d001700000000030000000e000000570049004e0044004f00570053000000
"""
FIND_REQUEST = """
ff534d4232000000001807c800000000000000000000000000081808000850cd0f120000000a000040000000000000000000001200440000
0000000100010015000000001600560506000401000000005c002a000000
"""
FIND_ANSWER = """
ff534d4232000000009807c800000000000000000000000000081808000881ce0a0a006c0000000a00380000006c00440000000000790000
01080100010000000000000000000000000000006683f6d9d9d9cc01e262ca368803cd01e262ca368803cd01e262ca368803cd0100000000
000000000000000000000000100000000e000000000000000000000000000000000000000000000000000000000000000000570049004e00
44004f0057005300
"""
SET_DISPOSITION = """
ff534d4232000000001807c80000000000000000000000000408a40b0008707a0f0600010002000000000000000000000000000600440001
004c00010008000c000000000a00f5030000000001
"""


def test_xp_offers_six_dialects_and_chooses_the_sixth() -> None:
    _, block = captured(NEGOTIATE)
    assert negotiate.NegotiateRequest.decode(block).dialects == (
        Dialect.CORE,
        Dialect.LANMAN1,
        Dialect.WFW,
        Dialect.LANMAN2,
        Dialect.LANMAN21,
        Dialect.NT_LM,
    )
    _, block = captured(NEGOTIATE_ANSWER)
    answer = negotiate.NegotiateExtendedResponse.decode(block)
    assert (answer.dialect_index, answer.max_mpx_count, answer.max_buffer_size) == (5, 10, 4356)
    assert answer.capabilities == 0x8000E3FD
    assert answer.server_time_zone == 300
    assert answer.server_guid.hex() == "fe82f1640b66ba4abb81e1ea54aeb866"
    assert bytes(answer.security_blob) == b""
    assert encoded(answer) == bytes(block.message[HEADER_SIZE:])


def test_a_lanman_server_answers_with_thirteen_words() -> None:
    header, block = captured(LANMAN_ANSWER)
    assert header.is_reply
    answer = negotiate.NegotiateLanmanResponse.decode(block)
    assert (answer.dialect_index, answer.server_time, answer.server_date) == (3, 0x2833, 0x5B3A)
    assert answer.challenge.hex() == "1122334455667788"
    assert answer.primary_domain == "WORKGROUP"


def test_the_extended_setup_of_xp_holds_a_bare_ntlmssp_token() -> None:
    _, block = captured(SETUP_1)
    request = session.SessionSetupAndxRequest.decode(block)
    assert isinstance(request, session.SessionSetupExtendedRequest)
    assert (request.max_buffer_size, request.vc_number, request.capabilities) == (4356, 0, 0xA00000D4)
    assert request.native_os == "Windows 2002 Service Pack 3 2600"
    assert request.native_lan_man == "Windows 2002 5.1"
    token = tokens.read(request.security_blob)
    assert (token.title, token.flags, token.version) == ("NTLM NEGOTIATE MESSAGE", 0xA2088207, "5.1.2600")
    assert not token.wrapped


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (CREATE_ANSWER, files.NtCreateAndxExtendedResponse),
        (TREE_ANSWER, tree.TreeConnectAndxExtendedResponse),
        (LANMAN_ANSWER, negotiate.NegotiateLanmanResponse),
        (READ_REQUEST, files.ReadAndxRequest),
        (LOCK_REQUEST, locking.LockingAndxRequest),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_windows_sent_comes_out_the_same(frame: str, kind: type[Body]) -> None:
    """Byte for byte, but for the AndX words, which the chain writes."""
    _, block = captured(frame)
    sent = bytearray(block.message[HEADER_SIZE:])
    ours = bytearray(encoded(kind.decode(block)))
    if getattr(kind, "ANDX", False):
        sent[1:5] = ours[1:5]
    assert sent.hex(" ") == ours.hex(" ")


def test_xp_opens_the_root_with_an_extended_answer_wanted() -> None:
    _, block = captured(CREATE_REQUEST)
    request = files.NtCreateAndxRequest.decode(block)
    assert request.flags == files.CreateFlag.EXTENDED_RESPONSE
    assert (request.desired_access, request.share_access, request.create_options) == (0x100001, 7, 1)
    assert (request.file_name, request.security_flags) == ("", 0)


def test_a_read_answer_has_its_data_at_60() -> None:
    _, block = captured(READ_ANSWER)
    answer = files.ReadAndxResponse.decode(block)
    assert bytes(answer.data) == b"\r\n"
    assert (answer.available, answer.data_offset) == (0, 60)


def test_a_bind_in_a_write_of_72_bytes() -> None:
    """The documented exchange's bind; the padding byte is whatever was in XP's memory."""
    _, block = captured(WRITE_REQUEST)
    request = files.WriteAndxRequest.decode(block)
    assert (request.fid, request.data_length, request.data_offset) == (0xC00C, 72, 64)
    assert request.write_mode == files.WriteMode.MESSAGE_START
    assert bytes(request.data[:4]) == b"\5\0\x0b\3"


def test_a_shared_lock_that_waits_for_ever() -> None:
    _, block = captured(LOCK_REQUEST)
    request = locking.LockingAndxRequest.decode(block)
    assert request.timeout == locking.FOREVER
    assert request.locks == (locking.LockRange(0xFEFF, 0, 0xFFFFFFFFFFFFFFFF),)


def test_explorer_watches_a_folder() -> None:
    _, block = captured(NOTIFY_REQUEST)
    request = trans.NtTransactRequest.decode(block)
    assert request.subcommand == nt_trans.NtTransact.NOTIFY_CHANGE
    assert request.max_parameter_count == 32
    assert nt_trans.NotifySetup.decode(request.setup) == nt_trans.NotifySetup(0x17, 0x4000)
    _, block = captured(NOTIFY_ANSWER)
    answer = trans.NtTransactResponse.decode(block)
    changes = nt_trans.read_notify_information(answer.parameters)
    assert changes == [(FileAction.MODIFIED, "WINDOWS")]
    assert nt_trans.notify_information(changes) == bytes(answer.parameters)


def test_explorer_lists_a_folder() -> None:
    _, block = captured(FIND_REQUEST)
    request = trans.Transaction2Request.decode(block)
    assert (request.subcommand, request.max_data_count) == (trans2.Trans2.FIND_FIRST2, 16384)
    params = trans2.FindFirst2Request.decode(request.parameters)
    assert params == trans2.FindFirst2Request(0x16, 1366, 6, 0x104, 0, "\\*")
    _, block = captured(FIND_ANSWER)
    answer = trans.TransactionResponse.decode(block)
    found = trans2.FindFirst2Response.decode(answer.parameters)
    assert found == trans2.FindFirst2Response(0x801, 1, 1, 0, 0)
    (entry,) = find_info.read_entries(0x104, answer.data, LevelContext())
    assert (entry.name, entry.attributes, entry.short_name) == ("WINDOWS", 0x10, "")


def test_a_deletion_is_a_passthrough_disposition() -> None:
    _, block = captured(SET_DISPOSITION)
    request = trans.Transaction2Request.decode(block)
    assert trans2.SetFileInformationRequest.decode(request.parameters).information_level == 1013
    assert bytes(request.data) == b"\1"
