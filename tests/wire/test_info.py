"""Information levels: golden bytes from one set of facts, listings, set levels, EAs, volumes."""

import contextlib
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.vfs.store import Info, Volume
from fakesmb.wire import eas, file_info, find_info, fs_info, set_info
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.info import LevelContext, Stream
from fakesmb.wire.set_info import SET_LEVELS
from tests.wire.wire_blocks import octets

# 2020-02-03 04:05:06 UTC, and one, two and three seconds later
CREATED = 132251763060000000
USED, WRITTEN, CHANGED = CREATED + 10_000_000, CREATED + 20_000_000, CREATED + 30_000_000
CREATED_HEX = struct.pack("<Q", CREATED).hex()
TIMES_HEX = struct.pack("<4Q", CREATED, USED, WRITTEN, CHANGED).hex()
DOS_HEX = "4350 a320 4350 a320 4350 a420"
"""Date and time of each of the first three, in steps of two seconds."""

FACTS = Info(
    name="Long name.txt",
    path="\\d\\Long name.txt",
    creation_time=CREATED,
    last_access_time=USED,
    last_write_time=WRITTEN,
    change_time=CHANGED,
    attributes=0x20,
    end_of_file=0x1_0000_0005,
    allocation_size=0x1_0000_1000,
    number_of_links=2,
    file_id=0x1122334455667788,
    ea_size=9,
    delete_pending=1,
)
DIRECTORY = Info(
    name="d",
    path="\\d",
    creation_time=CREATED,
    last_access_time=USED,
    last_write_time=WRITTEN,
    change_time=CHANGED,
    attributes=0x10,
    end_of_file=0,
    allocation_size=0,
    number_of_links=1,
    file_id=5,
    is_directory=1,
)
CONTEXT = LevelContext(access=0x120089, position=7, mode=2)
PATH_HEX = "20000000" + FACTS.path.encode("utf-16-le").hex()
STANDARD_HEX = "0010000001000000 0500000001000000 02000000 01 00 0000"

QUERIES: list[tuple[int, str]] = [
    (0x0001, DOS_HEX + "ffffffff ffffffff 2000"),
    (0x0002, DOS_HEX + "ffffffff ffffffff 2000 09000000"),
    (0x0003, "04000000"),
    (0x0004, "04000000"),
    (0x0006, ""),
    (0x0101, TIMES_HEX + "20000000 00000000"),
    (0x0102, STANDARD_HEX),
    (0x0103, "09000000"),
    (0x0104, PATH_HEX),
    (0x0105, "0010000001000000"),
    (0x0106, "0500000001000000"),
    (0x0107, TIMES_HEX + "20000000 00000000" + STANDARD_HEX + "09000000" + PATH_HEX),
    (0x0108, "18000000" + FACTS.short_name.encode("utf-16-le").hex()),
    (0x0109, ""),
    (0x010B, "0500000001000000 0000 00 00 00 000000"),
    (1004, TIMES_HEX + "20000000 00000000"),
    (1005, STANDARD_HEX),
    (1006, "8877665544332211"),
    (1007, "09000000"),
    (1008, "89001200"),
    (1009, PATH_HEX),
    (1015, ""),
    (1014, "0700000000000000"),
    (1016, "02000000"),
    (1017, "00000000"),
    (1018, TIMES_HEX + "20000000 00000000" + STANDARD_HEX + "09000000" + PATH_HEX),
    (1019, "0010000001000000"),
    (1020, "0500000001000000"),
    (1021, "18000000" + FACTS.short_name.encode("utf-16-le").hex()),
    (1022, ""),
    (1028, "0500000001000000 0000 00 00 00 000000"),
    (1034, TIMES_HEX + "0010000001000000 0500000001000000 20000000 00000000"),
    (1035, "20000000 00000000"),
]


@pytest.mark.parametrize(
    ("code", "golden"), QUERIES, ids=lambda one: f"{one:#x}" if isinstance(one, int) else ""
)
def test_query_levels_are_these_bytes(code: int, golden: str) -> None:
    level = file_info.LEVELS[code]
    assert level.encode is not None
    assert level.encode(FACTS, CONTEXT).hex(" ") == octets(golden).hex(" ")


def test_every_query_level_has_golden_bytes() -> None:
    assert {code for code, _ in QUERIES} == set(file_info.LEVELS)


def test_names_are_oem_where_the_message_is() -> None:
    encode = file_info.LEVELS[0x0104].encode
    assert encode is not None
    assert encode(FACTS, LevelContext(False)) == b"\x10\0\0\0\\d\\Long name.txt"


def test_streams_are_chained_at_multiples_of_eight() -> None:
    encode = file_info.LEVELS[1022].encode
    assert encode is not None
    streams = (Stream("::$DATA", 5, 4096), Stream(":x:$DATA", 1, 8))
    assert encode(FACTS, LevelContext(streams=streams)) == octets(
        """28000000 0e000000 0500000000000000 0010000000000000 3a003a00240044004100540041000000
        00000000 10000000 0100000000000000 0800000000000000 3a0078003a00240044004100540041 00"""
    )


def test_an_alternate_name_is_the_name_where_there_is_no_other() -> None:
    encode = file_info.LEVELS[1021].encode
    assert encode is not None
    assert encode(DIRECTORY, LevelContext()) == b"\2\0\0\0d\0"


# -- listings ------------------------------------------------------------------------------------------------

NAME_HEX = FACTS.name.encode("utf-16-le").hex()
SHORT_HEX = FACTS.short_name.encode("utf-16-le").hex()
DIR_HEAD = TIMES_HEX + "0500000001000000 0010000001000000 20000000 1a000000"
ENTRIES: list[tuple[int, str]] = [
    (0x0101, "00000000 07000000" + DIR_HEAD + NAME_HEX + "0000"),
    (0x0102, "00000000 07000000" + DIR_HEAD + "09000000" + NAME_HEX + "0000"),
    (0x0103, "00000000 07000000 1a000000" + NAME_HEX + "0000"),
    (0x0104, "00000000 07000000" + DIR_HEAD + "09000000 18 00" + SHORT_HEX + NAME_HEX + "0000"),
    (0x0105, "00000000 07000000" + DIR_HEAD + "09000000 00000000 8877665544332211" + NAME_HEX + "0000"),
    (
        0x0106,
        "00000000 07000000"
        + DIR_HEAD
        + "09000000 18 00"
        + SHORT_HEX
        + "0000 8877665544332211"
        + NAME_HEX
        + "0000",
    ),
    (0x0001, DOS_HEX + "ffffffff ffffffff 2000 1a 00" + NAME_HEX + "0000"),
    (0x0002, DOS_HEX + "ffffffff ffffffff 2000 09000000 1a" + NAME_HEX + "00"),
    (0x0003, DOS_HEX + "ffffffff ffffffff 2000 04000000 1a" + NAME_HEX + "00"),
]


@pytest.mark.parametrize(
    ("code", "golden"), ENTRIES, ids=lambda one: f"{one:#x}" if isinstance(one, int) else ""
)
def test_entries_are_these_bytes(code: int, golden: str) -> None:
    entries = find_info.EntryList(find_info.LEVELS[code], 1000, LevelContext())
    assert entries.add(FACTS, 7)
    assert entries.finish().hex(" ") == octets(golden).hex(" ")


def test_the_only_name_of_a_listing_is_followed_by_a_null_that_is_not_counted() -> None:
    """XP SP3: "refers to a location that is unavailable" without it."""
    entries = find_info.EntryList(find_info.LEVELS[0x104], 1000, LevelContext())
    entries.add(DIRECTORY)
    assert entries.finish()[-6:] == b"\0\0d\0\0\0"


def test_an_oem_name_counts_its_null_and_has_no_short_name() -> None:
    """Windows 9x: shell32 faults on a short name."""
    entries = find_info.EntryList(find_info.LEVELS[0x104], 1000, LevelContext(False))
    entries.add(FACTS)
    data = bytes(entries.finish())
    assert data.endswith(b"Long name.txt\0")
    assert struct.unpack_from("<I", data, 60)[0] == 14
    assert data[68:94] == bytes(26)


def test_old_entries_have_resume_keys_where_they_are_wanted() -> None:
    entries = find_info.EntryList(find_info.LEVELS[1], 1000, LevelContext(False), resume_keys=True)
    entries.add(DIRECTORY, 0x01020304)
    entries.add(DIRECTORY, 5)
    data = bytes(entries.finish())
    assert data[:4] == b"\4\3\2\1"
    assert data[26:29] == b"\1d\0"
    assert data[29:33] == b"\5\0\0\0"
    assert entries.last == 29


def test_level_3_holds_the_eas_that_were_asked_for() -> None:
    entries = find_info.EntryList(find_info.LEVELS[3], 1000, LevelContext(False))
    entries.add(DIRECTORY, eas=eas.encode_list([eas.Ea(b"A", b"v")]))
    assert bytes(entries.finish())[22:] == octets("0b000000 00 01 0100 4100 76 01 6400")


def test_a_long_old_name_keeps_its_bytes_though_its_length_does_not_fit() -> None:
    entries = find_info.EntryList(find_info.LEVELS[1], 4000, LevelContext())
    long = msgspec.structs.replace(DIRECTORY, name="n" * 200)
    assert entries.add(long)
    assert entries.finish()[22] == 0xFF


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40), min_size=1, max_size=12
    ),
    st.sampled_from([0x101, 0x102, 0x103, 0x104, 0x105, 0x106, 1001, 1002, 1003, 1012]),
    st.integers(0, 1500),
)
def test_a_listing_reads_back_and_stays_under_its_limit(names: list[str], code: int, limit: int) -> None:
    entries = find_info.EntryList(find_info.LEVELS[code], limit, LevelContext())
    given_out = []
    for key, name in enumerate(names, 1):
        facts = msgspec.structs.replace(FACTS, name=name)
        if not entries.add(facts, key):
            break
        given_out.append((name, key))
    data = entries.finish()
    assert len(data) <= limit
    assert entries.count == len(given_out)
    if given_out:
        found = find_info.read_entries(code, data, LevelContext())
        assert [(one.name, one.key) for one in found] == given_out
        assert found[-1].name == find_info.read_entries(code, data[entries.last :], LevelContext())[0].name


def test_the_last_entry_of_samba_leads_to_the_end_of_the_listing() -> None:
    """Its NextEntryOffset is not 0, as Windows' is."""
    entry = struct.pack("<IIQQQQQQIIIBx24s", 96, 7, *[0] * 6, 0x20, 2, 0, 0, b"") + b"a\0"
    assert [one.name for one in find_info.read_entries(0x104, entry * 2, LevelContext())] == ["a", "a"]


def test_a_listing_that_lies_is_refused() -> None:
    for data in (b"", bytes(50), b"\xff\0\0\0" + bytes(90), bytes(60) + b"\xff\0\0\0" + bytes(40)):
        with pytest.raises(DecodeError):
            find_info.read_entries(0x104, data, LevelContext())
    with pytest.raises(DecodeError):
        find_info.read_entries(1, bytes(100), LevelContext())


# -- set levels ----------------------------------------------------------------------------------------------

SETS: list[tuple[int, str, Any]] = [
    (
        0x0001,
        DOS_HEX + "00000000 00000000 0000",
        set_info.SetBasic(CREATED, CREATED, CREATED + 20_000_000),
    ),
    (0x0002, "0b000000 00 01 0100 4100 76", set_info.SetEas((eas.Ea(b"A", b"v"),))),
    (0x0101, TIMES_HEX + "20000000", set_info.SetBasic(CREATED, USED, WRITTEN, CHANGED, 0x20)),
    (1004, "ff" * 8 + "00" * 24 + "20000000 00000000", set_info.SetBasic(-1, 0, 0, 0, 0x20)),
    (0x0102, "01", set_info.SetDisposition(True)),
    (1013, "00", set_info.SetDisposition(False)),
    (0x0103, "0010000000000000", set_info.SetAllocation(4096)),
    (1019, "0010000000000000", set_info.SetAllocation(4096)),
    (0x0104, "0500000001000000", set_info.SetEndOfFile(0x100000005)),
    (1020, "0500000001000000", set_info.SetEndOfFile(0x100000005)),
    (1010, "01 000000 00000000 04000000 6100 6200", set_info.SetRename("ab", True, 0)),
    (1011, "00 000000 09000000 02000000 6100", set_info.SetLink("a", False, 9)),
    (1014, "0700000000000000", set_info.SetPosition(7)),
    (1015, "00000000 80 01 0100 4100 76", set_info.SetEas((eas.Ea(b"A", b"v", 0x80),))),
    (1016, "02000000", set_info.SetMode(2)),
    (1023, "01000000 00000000", set_info.SetPipe(1, 0)),
]


@pytest.mark.parametrize(
    ("code", "data", "wanted"), SETS, ids=lambda one: f"{one:#x}" if isinstance(one, int) else ""
)
def test_set_levels_say_what_is_wanted(code: int, data: str, wanted: Any) -> None:
    level = SET_LEVELS[code]
    assert level.decode is not None
    assert level.decode(octets(data), LevelContext()) == wanted


def test_every_set_level_has_golden_bytes() -> None:
    assert {code for code, _, _ in SETS} == set(SET_LEVELS)


@given(st.sampled_from(sorted(SET_LEVELS)), st.binary(max_size=80), st.booleans())
def test_set_levels_refuse_nonsense_with_a_decode_error_only(code: int, data: bytes, unicode: bool) -> None:
    decode = SET_LEVELS[code].decode
    assert decode is not None
    with contextlib.suppress(DecodeError):
        decode(data, LevelContext(unicode))


def test_a_negative_size_is_refused() -> None:
    decode = SET_LEVELS[1020].decode
    assert decode is not None
    with pytest.raises(DecodeError):
        decode(b"\xff" * 8, LevelContext())


# -- extended attributes -------------------------------------------------------------------------------------

LISTS = st.lists(
    st.builds(eas.Ea, st.binary(max_size=9), st.binary(max_size=20), st.integers(0, 255)), max_size=5
)


@given(LISTS)
def test_ea_lists_come_back(given_list: list[eas.Ea]) -> None:
    assert eas.read_list(eas.encode_list(given_list)) == given_list
    assert eas.read_full(eas.encode_full(given_list)) == given_list


@given(st.binary(max_size=60))
def test_ea_lists_refuse_nonsense_with_a_decode_error_only(data: bytes) -> None:
    for read in (eas.read_list, eas.read_full, eas.read_names):
        with contextlib.suppress(DecodeError):
            read(data)


def test_ea_lists_are_these_bytes() -> None:
    assert eas.encode_list([]) == b"\4\0\0\0"
    assert eas.read_names(octets("0a000000 01 4100 01 4200")) == [b"A", b"B"]
    two = [eas.Ea(b"A", b"v"), eas.Ea(b"B", b"")]
    assert eas.encode_full(two) == octets("0c000000 00 01 0100 4100 76 00 00000000 00 01 0000 4200")


# -- volumes -------------------------------------------------------------------------------------------------

VOLUME = Volume("PUBLIC", 0x01020304, CREATED, 1000, 400, 8, 512)
VOLUMES: list[tuple[int, str]] = [
    (0x0001, "00000000 08000000 e8030000 90010000 0002"),
    (0x0002, "04030201 0c 5000 5500 4200 4c00 4900 4300"),
    (0x0102, CREATED_HEX + "04030201 0c000000 0000 5000 5500 4200 4c00 4900 4300"),
    (0x0103, "e803000000000000 9001000000000000 08000000 00020000"),
    (0x0104, "07000000 20000000"),
    (0x0105, "07000000 ff000000 08000000 4e00 5400 4600 5300"),
    (1001, CREATED_HEX + "04030201 0c000000 0000 5000 5500 4200 4c00 4900 4300"),
    (1003, "e803000000000000 9001000000000000 08000000 00020000"),
    (1004, "07000000 20000000"),
    (1005, "07000000 ff000000 08000000 4e00 5400 4600 5300"),
    (1006, "00" * 24 + "ff" * 16 + "00000000 00000000"),
    (1007, "e803000000000000 9001000000000000 9001000000000000 08000000 00020000"),
    (1008, "04030201" + "00" * 12 + CREATED_HEX + "00" * 40),
]


@pytest.mark.parametrize(
    ("code", "golden"), VOLUMES, ids=lambda one: f"{one:#x}" if isinstance(one, int) else ""
)
def test_volume_levels_are_these_bytes(code: int, golden: str) -> None:
    encode = fs_info.LEVELS[code].encode
    assert encode is not None
    assert encode(VOLUME, LevelContext()).hex(" ") == octets(golden).hex(" ")


def test_every_volume_level_has_golden_bytes() -> None:
    assert {code for code, _ in VOLUMES} == set(fs_info.LEVELS)


def test_the_file_system_has_no_null_for_windows_9x() -> None:
    encode = fs_info.LEVELS[0x0105].encode
    assert encode is not None
    assert encode(Volume("", 0, 0, 1, 1, 1, 512, "FAT"), LevelContext(False))[8:] == b"\3\0\0\0FAT"


def test_the_unix_version_is_read() -> None:
    decode = fs_info.SET_LEVELS[0x200].decode
    assert decode is not None
    assert decode(octets("0100 0000 0b00000000000000"), LevelContext()) == fs_info.UnixInfo(1, 0, 11)


@given(st.sampled_from(sorted(fs_info.SET_LEVELS)), st.binary(max_size=60))
def test_volume_set_levels_refuse_nonsense_with_a_decode_error_only(code: int, data: bytes) -> None:
    decode = fs_info.SET_LEVELS[code].decode
    assert decode is not None
    with contextlib.suppress(DecodeError):
        decode(data, LevelContext())


def test_lists_that_run_in_circles_or_overlap_are_refused() -> None:
    """Else a few bytes would cost as much as their square."""
    with pytest.raises(DecodeError):
        eas.read_full(octets("01000000 00 01 0100 4100 76") * 2)
    with pytest.raises(DecodeError):
        find_info.read_entries(0x103, octets("01000000 00000000 02000000 6100") * 2, LevelContext())
