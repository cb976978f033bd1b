"""RAP: golden requests of real clients, descriptors, buffers that are too small."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.rap import functions as rap
from fakesmb.rap import uses
from fakesmb.rpc.view import Caller, ServerFacts, SessionRow, ShareRow
from fakesmb.wire.codec import DecodeError
from tests.rpc.rpc_client import ADMIN, NOBODY, USER, ListView


def call(
    opcode: int,
    descriptor: str,
    fields: str,
    arguments: bytes,
    *,
    caller: Caller = USER,
    view: ListView | None = None,
    max_data: int = 0xFFFF,
) -> tuple[tuple[int, ...], bytes]:
    """The words of the answer and its data."""
    parameters = struct.pack("<H", opcode) + f"{descriptor}\0{fields}\0".encode() + arguments
    words, data = rap.transact(parameters, b"", 8, max_data, view or ListView(), caller)
    return struct.unpack(f"<{len(words) // 2}H", words), data


def level(number: int, room: int = 8192) -> bytes:
    return struct.pack("<HH", number, room)


def text_at(data: bytes, at: int) -> str:
    return data[at : data.index(0, at)].decode("cp850")


def test_jcifs_share_list_byte_for_byte() -> None:
    """jcifs asks this before srvsvc; so do PS2 loaders, Windows 95 and OS/2."""
    view = ListView(share_rows=[ShareRow("public", comment="all"), ShareRow("IPC$", 3, "")])
    parameters = bytes.fromhex("0000") + b"WrLeh\0B13BWz\0" + bytes.fromhex("0100 0020")
    words, data = rap.transact(memoryview(parameters), b"", 8, 8192, view, USER)
    assert words == bytes.fromhex("0000 0000 0200 0200")
    assert data == (
        b"public\0\0\0\0\0\0\0\0" + bytes.fromhex("0000 28000000")
        + b"IPC$\0\0\0\0\0\0\0\0\0\0" + bytes.fromhex("0300 2c000000")
        + b"all\0" + b"\0"
    )  # fmt: skip


def test_no_remark_pointer_is_zero() -> None:
    """Windows 7's Explorer crashes on one that is."""
    words, data = call(0, "WrLeh", "B13BWz", level(1))
    offsets = [struct.unpack_from("<I", data, 20 * i + 16)[0] for i in range(words[2])]
    assert [text_at(data, at) for at in offsets] == ["For all: Grüße", "", "Default share", "Remote IPC"]
    assert all(offsets)


def test_names_of_more_than_12_characters_are_left_out() -> None:
    view = ListView(share_rows=[ShareRow("a" * 12), ShareRow("b" * 13)])
    words, data = call(0, "WrLeh", "B13", level(0), view=view)
    assert (words, data) == ((0, 0, 1, 1), b"a" * 12 + b"\0")


@pytest.mark.parametrize(("room", "count", "status"), [(8192, 4, 0), (50, 1, 234), (19, 0, 234), (0, 0, 234)])
def test_only_whole_rows_with_their_strings_are_given(room: int, count: int, status: int) -> None:
    words, data = call(0, "WrLeh", "B13BWz", level(1, room))
    assert words == (status, 0, count, 4)
    assert len(data) <= room


def test_the_transactions_own_limit_counts_too() -> None:
    assert call(0, "WrLeh", "B13", level(0), max_data=30)[0] == (234, 0, 2, 4)


def test_share_level_2_has_uses_and_path() -> None:
    words, data = call(1, "zWrLh", "B13BWzWWWzB9B", b"PUBLIC\0" + level(2))
    assert words == (0, 0, len(data))
    kind, remark, permissions, most, uses, path = struct.unpack_from("<HIHHHI", data, 14)
    assert (kind, permissions, most, uses) == (0, 0, 0xFFFF, 2)
    assert (text_at(data, remark), text_at(data, path)) == ("For all: Grüße", "C:\\public")


def test_share_info_of_no_share() -> None:
    assert call(1, "zWrLh", "B13", b"none\0" + level(0)) == ((2310, 0), b"")


def test_share_info_that_does_not_fit_says_how_much_it_takes() -> None:
    assert call(1, "zWrLh", "B13", b"docs\0" + level(0, 5)) == ((2123, 0, 13), b"")


def test_server_info() -> None:
    words, data = call(13, "WrLh", "B16BBDz", level(1))
    assert data == b"FAKESMB".ljust(16, b"\0") + bytes.fromhex("05 02 03900000 1a000000") + b"a fake\0"
    assert words == (0, 0, len(data))


@pytest.mark.parametrize(
    ("kind", "descriptor", "domain", "names"),
    [
        (0xFFFFFFFF, "WrLehDO", b"", [b"FAKESMB"]),
        (0x80000000, "WrLehDO", b"", [b"LAB"]),
        (0x00000002, "WrLehDz", b"lab\0", [b"FAKESMB"]),
        (0x00000002, "WrLehDz", b"OTHER\0", []),
        (0x00000008, "WrLehDO", b"", []),
    ],
)
def test_network_browsing_over_a_null_session(
    kind: int, descriptor: str, domain: bytes, names: list[bytes]
) -> None:
    """Windows 10 asks for all servers, then for domains."""
    arguments = level(0) + struct.pack("<I", kind) + domain
    words, data = call(104, descriptor, "B16", arguments, caller=NOBODY)
    assert words == (0, 0, len(names), len(names))
    assert data == b"".join(name.ljust(16, b"\0") for name in names)


def test_server_enum_3_goes_on_at_a_name() -> None:
    arguments = level(0) + struct.pack("<I", 0xFFFFFFFF) + b"\0"
    assert call(215, "WrLehDzz", "B16", arguments + b"A\0")[0] == (0, 0, 1, 1)
    assert call(215, "WrLehDzz", "B16", arguments + b"Z\0")[0] == (0, 0, 0, 0)


def test_windows_95_gets_its_workstation_info() -> None:
    words, data = call(63, "WrLh", "zzzBBzz", level(10))
    name, user, group, major, minor, domain, others = struct.unpack_from("<IIIBBII", data)
    assert [text_at(data, at) for at in (name, user, group, domain, others)] == [
        "FAKESMB", "alice", "LAB", "LAB", "",
    ]  # fmt: skip
    assert (major, minor, words) == (5, 2, (0, 0, len(data)))


def test_time_of_day_is_local() -> None:
    words, data = call(91, "rL", "DDBBBBWWBBWB", struct.pack("<H", 100))
    assert words == (0, 0)
    assert struct.unpack("<IIBBBBhHBBHB", data)[2:] == (11, 40, 0, 25, -60, 310, 31, 5, 2004, 1)


def test_sessions_are_for_administrators() -> None:
    assert call(6, "WrLeh", "zzWWWDDDz", level(2)) == ((5, 0), b"")
    words, data = call(6, "WrLeh", "zzWWWDDDz", level(2), caller=ADMIN)
    assert words == (0, 0, 2, 2)
    client, user, _, opens, _, active, idle, guest, kind = struct.unpack_from("<IIHHHIIII", data)
    assert [text_at(data, at) for at in (client, user, kind)] == ["10.0.0.5", "alice", "Windows 5.1"]
    assert (opens, active, idle, guest) == (3, 61, 7, 0)
    one = call(7, "zWrLh", "zzDD", b"\\\\10.0.0.5\0" + level(10), caller=ADMIN)
    assert one[0][0] == 0
    assert call(7, "zWrLh", "zzDD", b"nobody\0" + level(10), caller=ADMIN)[0] == (2312, 0)


@pytest.mark.parametrize(
    ("opcode", "descriptor", "fields", "arguments", "status"),
    [
        (999, "", "", b"", 50),
        (0, "WrLh", "B13", level(0), 87),
        (0, "WrLeh", "B13", b"\0", 87),
        (0, "WrLeh", "B13", level(7), 124),
        (0, "WrLeh", "B13BWz", level(0), 87),
    ],
    ids=["opcode", "descriptor", "short", "level", "fields"],
)
def test_trouble_is_a_status(
    opcode: int, descriptor: str, fields: str, arguments: bytes, status: int
) -> None:
    assert call(opcode, descriptor, fields, arguments) == ((status, 0), b"")


@pytest.mark.parametrize(
    ("opcode", "descriptor", "arguments", "words"),
    [
        (0x45, "WrLeh", level(2), (0, 0, 0, 0)),
        (0x45, "WrLeh", level(6), (124, 0, 0, 0)),
        (0x46, "zWrLh", b"LPT1\0" + level(0), (2150, 0, 0)),
        (0x46, "zWrLh", b"\0" + level(0), (87, 0, 0)),
        (0x4C, "zWrLeh", b"LPT1\0" + level(2), (2150, 0, 0, 0)),
        (0x4D, "WWrLh", b"\1\0" + level(0), (2151, 0, 0)),
        (0x51, "W", b"\1\0", (2151, 0)),
        (0x54, "WrLeh", level(3), (0, 0, 0, 0)),
        (0x55, "zWrLh", b"LPT1\0" + level(0), (2152, 0, 0)),
        (0x93, "WWsTP", b"\1\0\1\0\4\0\1\0", (2151, 0)),
    ],
    ids=[
        "queues",
        "level",
        "queue",
        "nameless",
        "jobs",
        "job",
        "delete",
        "destinations",
        "destination",
        "set",
    ],
)
def test_there_are_no_printers(
    opcode: int, descriptor: str, arguments: bytes, words: tuple[int, ...]
) -> None:
    """Lists are empty, and nothing that is named is found."""
    assert call(opcode, descriptor, "B13", arguments) == (words, b"")


@given(st.binary(max_size=80), st.integers(0, 65535))
def test_garbage_is_answered_or_a_decode_error(data: bytes, room: int) -> None:
    try:
        words, answer = rap.transact(data, b"", 8, room, ListView(), ADMIN)
    except DecodeError:
        return
    assert len(words) >= 4
    assert len(answer) <= room


@given(st.sampled_from(sorted(code for code, row in rap.OPERATIONS.items() if row.parameters)), st.data())
def test_garbage_behind_good_descriptors_is_answered(opcode: int, data: st.DataObject) -> None:
    descriptor = data.draw(st.sampled_from(rap.OPERATIONS[opcode].parameters))
    fields = data.draw(
        st.sampled_from(["B13", "B13BWz", "B16", "B16BBDz", "zzDD", "zzzBBzz", "DDBBBBWWBBWB", "zz"])
    )
    words, _ = call(opcode, descriptor, fields, data.draw(st.binary(max_size=30)), caller=ADMIN)
    assert words[1] == 0


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_listed(name: str, comment: str) -> None:
    view = ListView(ServerFacts(name, comment=comment), share_rows=[ShareRow(name, comment=comment)])
    assert call(0, "WrLeh", "B13BWz", level(1), view=view)[0][0] == 0
    assert call(13, "WrLh", "B16BBDz", level(1), view=view)[0][0] == 0


def test_names_that_the_code_page_cannot_spell_are_not_shown() -> None:
    """No share by a name that is not its own, no `?` anywhere; comments are told as far as they can be."""
    shares = (
        ShareRow("public", comment="1–2", path="C:\\Папка"),
        ShareRow("папка", path="C:\\x"),
    )
    view = ListView(share_rows=shares)
    (status, _, count, available), data = call(0, "WrLeh", "B13BWz", level(1), view=view)
    assert (status, count, available) == (0, 1, 1)
    assert data[:7] == b"public\0"
    assert data.endswith(b"1_2\0")
    _, data = call(0, "WrLeh", "B13BWzWWWzB9B", level(2), view=view, caller=ADMIN)
    assert data.endswith(b"1_2\0\0")
    assert b"?" not in data
    words, _ = call(1, "zWrLh", "B13", b"?????\0" + level(0), view=view)
    assert words[0] == 2310
    sessions = (SessionRow("10.0.0.7", "Алиса"),)
    _, data = call(6, "WrLeh", "zzWWWDDDz", level(2), view=ListView(session_rows=sessions), caller=ADMIN)
    assert b"10.0.0.7\0\0" in data
    facts = ServerFacts("СЕРВЕР", "LAB", "")
    words, data = call(0x68, "WrLehDz", "B16", level(0) + b"\xff" * 4 + b"\0", view=ListView(facts=facts))
    assert (words[0], words[2], data) == (0, 0, b"")


@pytest.mark.parametrize("opcode", sorted(rap.OPERATIONS))
def test_who_is_anonymous_is_told_of_no_share_where_that_is_off(opcode: int) -> None:
    """Whatever lists, in whatever form it is asked, is refused before it is read."""
    told = {0x0D: b"WrLh\0B16\0" + level(0), 0x3F: b"WrLh\0zzzBBzz\0" + level(10)}
    parameters = struct.pack("<H", opcode) + told.get(opcode, b"\0\0")
    for caller in (NOBODY, USER):
        words, _ = rap.transact(parameters, b"", 8, 4096, ListView(), caller, anonymous_listing=False)
        (status,) = struct.unpack_from("<H", words)
        changes = opcode in uses.CHANGES  # which nobody else may, either
        assert (status == 5) is (changes or (caller is NOBODY and opcode not in rap.OPEN_TO_ANONYMOUS))
        assert (status == 0) is (opcode in told)
