"""RAP's users, groups, connections, files and services, refused changes, and answers at any size of a buffer."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.rap import functions as rap
from fakesmb.rap import uses
from fakesmb.rap.answers import fixed_size
from fakesmb.rpc.view import (
    AccountRow,
    Caller,
    FileRow,
    Neighbours,
    ServerFacts,
    ServerRow,
    ShareKind,
    ShareRow,
)
from tests.rap.test_rap import call, level, text_at
from tests.rpc.rpc_client import ADMIN, USER, ListView

ACCOUNTS = (
    AccountRow("root", 500, admin=True),
    AccountRow("alice", 1000),
    AccountRow("Guest", 501, disabled=True),
    AccountRow("a name of more than twenty", 1001),
    AccountRow("Алиса", 1002),
    AccountRow("Staff", 1003, group=True),
)
VIEW = ListView(ServerFacts("FAKESMB", "LAB", accounts=ACCOUNTS))
L1, L2 = "B21BB16DWzzWz", "B21BB16DWzzWzDzzzzDDDDWb21WWzWW"
L11 = "B21BzzzWDDzzDDWWzWzDWb21W"


def names(data: bytes, size: int = 21) -> list[str]:
    return [text_at(data, at) for at in range(0, len(data), size)]


def test_users_are_listed_by_names_that_fit() -> None:
    """`net rap user`: an account whose name is longer than 20, or beyond the code page, cannot be told."""
    words, data = call(0x35, "WrLeh", "B21", level(0), view=VIEW)
    assert words == (0, 0, 3, 3)
    assert names(data) == ["root", "alice", "Guest"]


def test_users_in_detail_are_for_administrators() -> None:
    assert call(0x35, "WrLeh", L1, level(1), view=VIEW)[0][0] == 5
    words, data = call(0x35, "WrLeh", L1, level(1), view=VIEW, caller=ADMIN)
    assert words == (0, 0, 3, 3)
    size = fixed_size(L1)
    rows = [struct.unpack_from("<21sx16sIHIIHI", data, at) for at in range(0, 3 * size, size)]
    assert [row[3] for row in rows] == [2, 1, 0]
    assert [row[6] for row in rows] == [0x0201, 0x0201, 0x0203]
    assert all(row[1] == bytes(16) for row in rows)


@pytest.mark.parametrize(("number", "fields"), [(0, "B21"), (1, L1), (2, L2), (10, "B21Bzzz"), (11, L11)])
@pytest.mark.parametrize("told", [True, False])
def test_a_user_at_every_level(number: int, fields: str, told: bool) -> None:
    """[MS-RAP] 2.5.8.2.1: the request has no data descriptor; others send the structure's."""
    words, data = call(
        0x38, "zWrLh", fields if told else "", b"ALICE\0" + level(number), view=VIEW, caller=USER
    )
    assert words == (0, 0, len(data))
    assert text_at(data, 0) == "alice"
    assert len(data) >= fixed_size(fields)


def test_where_a_user_may_come_from_and_when() -> None:
    """Level 11, 2.5.8.3.5: at all hours, from anywhere."""
    _, data = call(0x38, "zWrLh", L11, b"alice\0" + level(11), view=VIEW)
    values = struct.unpack_from("<21sxIIIHIIIIIIHHIHIIHIH", data)
    assert values[4] == 1
    assert text_at(data, values[13]) == "\\\\*"
    assert values[16:18] == (0xFFFFFFFF, 168)
    assert data[values[18] : values[18] + 21] == b"\xff" * 21


@pytest.mark.parametrize(
    ("caller", "name", "number", "status"),
    [
        (USER, b"root", 11, 5),
        (USER, b"root", 10, 0),
        (USER, b"nobody", 0, 2221),
        (ADMIN, b"root", 11, 0),
        (ADMIN, b"Staff", 0, 2221),
        (ADMIN, b"root", 3, 124),
        (Caller("alice", guest=True), b"alice", 1, 5),
    ],
)
def test_who_is_told_of_whom(caller: Caller, name: bytes, number: int, status: int) -> None:
    words, _ = call(0x38, "zWrLh", "", name + b"\0" + level(number), view=VIEW, caller=caller)
    assert words[0] == status


def test_groups() -> None:
    """A server without a domain has one, of all its users."""
    assert names(call(0x2F, "WrLeh", "B21", level(0), view=VIEW)[1]) == ["None"]
    words, data = call(0x6A, "zWrLh", "B21Bz", b"none\0" + level(1), view=VIEW)
    assert words == (0, 0, len(data))
    assert text_at(data, struct.unpack_from("<I", data, 22)[0]) == "Ordinary users"
    assert names(call(0x34, "zWrLeh", "B21", b"None\0" + level(0), view=VIEW)[1]) == [
        "root",
        "alice",
        "Guest",
    ]
    assert names(call(0x3B, "zWrLeh", "B21", b"alice\0" + level(0), view=VIEW)[1]) == ["None"]
    for opcode, descriptor, status in ((0x6A, "zWrLh", 2220), (0x34, "zWrLeh", 2220), (0x3B, "zWrLeh", 2221)):
        assert call(opcode, descriptor, "B21", b"x\0" + level(0), view=VIEW)[0][0] == status


def test_connections_of_a_share_and_of_a_client() -> None:
    """`net rap session info` asks for those of an address."""
    for qualifier in (b"10.0.0.5\0", b"\\\\10.0.0.5\0", b"PUBLIC\0"):
        words, data = call(9, "zWrLeh", "WWWWDzz", qualifier + level(1), caller=ADMIN)
        assert words == (0, 0, 1, 1)
        number, kind, opens, users, seconds, user, share = struct.unpack_from("<HHHHIII", data)
        assert (number, kind, opens, users, seconds) == (1, 0, 2, 1, 30)
        assert (text_at(data, user), text_at(data, share)) == ("alice", "public")
    assert call(9, "zWrLeh", "WWWWDzz", b"public\0" + level(1))[0][0] == 5
    assert call(9, "zWrLeh", "W", b"nothing\0" + level(0), caller=ADMIN)[0][0] == 2310
    assert call(9, "zWrLeh", "W", b"docs\0" + level(0), caller=ADMIN)[0] == (0, 0, 0, 0)


def test_open_files_of_a_user_and_below_a_folder() -> None:
    """`net rap file`, whose answer ends with a key to go on by; a name that nobody can spell is empty."""
    view = ListView(
        file_rows=[FileRow(65537, "C:\\public\\a.txt", "alice", 3, 1), FileRow(9, "C:\\\u0416", "bob")]
    )
    request = b"\0\0" + level(3) + bytes(8)
    parameters = struct.pack("<H", 0x70) + b"zzWrLehb8g8\0DWWzz\0" + request
    words, data = rap.transact(parameters, b"", 100, 0xFFFF, view, ADMIN)
    assert struct.unpack("<8H", words) == (0, 0, 2, 2, 0, 0, 0, 0)
    number, permissions, locks, path, user = struct.unpack_from("<IHHII", data)
    assert (number, permissions, locks) == (65537, 3, 1)
    assert (text_at(data, path), text_at(data, user)) == ("C:\\public\\a.txt", "alice")
    assert text_at(data, struct.unpack_from("<I", data, 16 + 8)[0]) == ""
    for arguments, count in ((b"\0BOB\0", 1), (b"c:\\public\0\0", 1), (b"d:\\\0\0", 0)):
        told = call(0x7B, "zzWrLehb8g8", "D", arguments + level(2) + bytes(8), view=view, caller=ADMIN)[0]
        assert told[:4] == (0, 0, count, count)
    assert call(0x70, "zzWrLehb8g8", "DWWzz", request, view=view)[0] == (5, 0)
    one = call(0x7C, "DWrLh", "DWWzz", struct.pack("<I", 65537) + level(3), view=view, caller=ADMIN)
    assert one[0] == (0, 0, len(one[1]))
    assert call(0x7C, "DWrLh", "D", struct.pack("<I", 1) + level(2), view=view, caller=ADMIN)[0][0] == 2314
    assert call(0x7C, "DWrLh", "D", struct.pack("<I", 9) + level(2), view=view)[0][0] == 5


def test_services() -> None:
    words, data = call(0x27, "WrLeh", "B16WDWB64", level(2))
    assert words == (0, 0, 2, 2)
    assert [(text_at(data, at), data[at + 16]) for at in (0, 88)] == [("WORKSTATION", 3), ("SERVER", 3)]


@pytest.mark.parametrize("opcode", uses.CHANGES)
def test_nothing_is_changed(opcode: int) -> None:
    for caller, status in ((ADMIN, 50), (USER, 5)):
        words, data = rap.transact(struct.pack("<H", opcode) + b"zsT\0\0x\0", b"data", 8, 100, VIEW, caller)
        assert (words, data) == (struct.pack("<HH", status, 0), b"")


@pytest.mark.parametrize("opcode", uses.PASSWORD_CHANGES)
def test_no_password_is_changed(opcode: int) -> None:
    words, _ = rap.transact(
        struct.pack("<H", opcode) + b"zsT\0B516B16\0alice\0", bytes(532), 4, 0, VIEW, USER
    )
    assert words == struct.pack("<HH", 2243, 0)


# -- the network -----------------------------------------------------------------------------------------------

NETWORK = ListView(
    near=Neighbours(
        (ServerRow("ALPHA", 0x1003, "first", (4, 0)), ServerRow("ZETA", 0x203, "last", (4, 9))),
        (ServerRow("ATELIER", 0x80001000, "ALPHA", (4, 0)),),
        "ALPHA",
        0x59003,
    )
)


def listed(kind: int, domain: bytes = b"") -> list[tuple[str, int, str]]:
    words, data = call(
        0x68, "WrLehDz", "B16BBDz", level(1) + struct.pack("<I", kind) + domain + b"\0", view=NETWORK
    )
    rows = [struct.unpack_from("<16sBBII", data, 26 * one) for one in range(words[2])]
    return [(text_at(row[0], 0), row[3], text_at(data, row[4])) for row in rows]


@pytest.mark.parametrize("kind", [0xFFFFFFFF, 0x40000000, 0x2, 0x40000002])
def test_the_computers_of_the_network(kind: int) -> None:
    assert listed(kind) == [
        ("ALPHA", 0x1003, "first"), ("FAKESMB", 0x59003, "a fake"), ("ZETA", 0x203, "last"),
    ]  # fmt: skip


def test_kinds_of_computers() -> None:
    """Printers (0x200), masters (0x40000), none of a kind that nobody is."""
    assert [one[0] for one in listed(0x200)] == ["ZETA"]
    assert [one[0] for one in listed(0x40000)] == ["FAKESMB"]
    assert listed(0x10) == []
    assert listed(0) == []


@pytest.mark.parametrize(("domain", "count"), [(b"LAB", 3), (b"FAKESMB", 3), (b"ATELIER", 0)])
def test_computers_of_a_workgroup(domain: bytes, count: int) -> None:
    assert len(listed(2, domain)) == count


@pytest.mark.parametrize("kind", [0x80000000, 0xC0000000])
def test_workgroups_and_their_masters(kind: int) -> None:
    assert [(name, comment) for name, _, comment in listed(kind)] == [("ATELIER", "ALPHA"), ("LAB", "ALPHA")]


# -- any size of a buffer --------------------------------------------------------------------------------------


def shares() -> st.SearchStrategy[list[ShareRow]]:
    row = st.builds(
        ShareRow,
        st.text("abcÄß$ _", min_size=1, max_size=14),
        st.sampled_from([0, 1]),
        st.text("xyzÄ–", max_size=30),
        st.text("C:\\ab", max_size=9),
    )
    return st.lists(row, max_size=6).map(lambda rows: [*rows, ShareRow("IPC$", ShareKind.IPC, "Remote IPC")])


LEVELS = [(0, "B13"), (1, "B13BWz"), (2, "B13BWzWWWzB9B")]


def check_rows(data: bytes, count: int, fields: str, rows: Sequence[ShareRow]) -> None:
    """The first rows, each pointer to a string that is whole and inside, none of them 0."""
    size = fixed_size(fields)
    for index, row in enumerate(rows[:count]):
        at = index * size
        assert text_at(data, at) == row.name
        pointers = [at + 16] * (fields != "B13") + [at + 26] * (fields == "B13BWzWWWzB9B")
        for place in pointers:
            (pointer,) = struct.unpack_from("<I", data, place)
            assert count * size <= pointer < len(data)
            assert data.index(0, pointer) < len(data)


@given(shares(), st.sampled_from(LEVELS), st.integers(0, 400), st.integers(0, 400))
def test_share_lists_at_any_size(rows: list[ShareRow], one: tuple[int, str], room: int, most: int) -> None:
    """As many whole rows as fit, in order, and how many there are; MORE_DATA where some are missing."""
    number, fields = one
    (status, converter, count, available), data = call(
        0, "WrLeh", fields, level(number, room), view=ListView(share_rows=rows), max_data=most
    )
    fitting = [row for row in rows if len(row.name.encode("cp850")) <= 12]
    assert available == len(fitting)
    assert converter == 0
    assert status == (0 if count == available else 234)
    assert len(data) <= min(room, most)
    check_rows(data, count, fields, fitting)
    if count < available:  # the next would not have fitted
        whole = call(0, "WrLeh", fields, level(number), view=ListView(share_rows=fitting[: count + 1]))[1]
        assert len(whole) > min(room, most)


@pytest.mark.parametrize("fields", LEVELS)
def test_every_size_from_nothing_up(fields: tuple[int, str]) -> None:
    number, descriptor = fields
    whole = len(call(0, "WrLeh", descriptor, level(number))[1])
    counts = [call(0, "WrLeh", descriptor, level(number, room))[0][2] for room in range(whole + 1)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-2], counts[-1]) == (0, 3, 4)


@pytest.mark.parametrize(("room", "status"), [(0, 2123), (19, 2123), (20, 234), (30, 234), (34, 0)])
def test_information_that_does_not_fit(room: int, status: int) -> None:
    """[MS-RAP] 3.2.5.2: more data; not even the structure: the buffer is too small. How much it takes is told."""
    words, data = call(1, "zWrLh", "B13BWz", b"c$\0" + level(1, room))
    assert words == (status, 0, 34)
    assert len(data) == (0 if status else 34)


@given(
    st.sampled_from(sorted(rap.OPERATIONS)),
    st.binary(max_size=60),
    st.text("WDBzrLehbgOsTPi0123", max_size=12),
)
def test_any_descriptors(opcode: int, tail: bytes, descriptor: str) -> None:
    for parameters in (descriptor, *rap.OPERATIONS[opcode].parameters):
        words, data = call(opcode, parameters, descriptor, tail, view=VIEW, caller=ADMIN, max_data=500)
        assert len(words) >= 2
        assert len(data) <= 500
