"""The declared structures of information levels are those that the levels' golden bytes have."""

import pytest

from fakesmb.wire import file_info, find_info, fs_info, set_info
from fakesmb.wire.codec import DecodeError, Record, Structure
from fakesmb.wire.info import LevelContext
from fakesmb.wire.info_layouts import NameInfo, RenameInfo
from tests.wire.test_info import ENTRIES, QUERIES, VOLUMES
from tests.wire.wire_blocks import octets


def again(layout: type[Record] | type[Structure], data: bytes) -> bytes:
    return layout.decode(data).encode()


@pytest.mark.parametrize(("code", "golden"), [(code, golden) for code, golden in QUERIES if golden])
def test_queries_of_files(code: int, golden: str) -> None:
    layout = file_info.LEVELS[code].layout
    data = octets(golden)
    if layout is not None:
        assert again(layout, data) == data


@pytest.mark.parametrize(("code", "golden"), VOLUMES)
def test_queries_of_volumes(code: int, golden: str) -> None:
    layout = fs_info.LEVELS[code].layout
    assert layout is not None
    assert again(layout, octets(golden)) == octets(golden)


@pytest.mark.parametrize(("code", "golden"), [(code, golden) for code, golden in ENTRIES if code > 3])
def test_entries(code: int, golden: str) -> None:
    layout = find_info.LEVELS[code].layout
    assert layout is not None
    assert again(layout, octets(golden)) + b"\0\0" == octets(golden)


def test_every_level_with_data_of_its_own_has_a_layout() -> None:
    lists = {0x0003, 0x0004, 0x0006, 1015}
    assert {code for code, level in file_info.LEVELS.items() if level.layout is None} == lists
    assert {code for code, level in set_info.SET_LEVELS.items() if level.layout is None} == {2, 1015}
    assert all(level.layout is not None for level in fs_info.LEVELS.values())
    assert all(entry.layout is not None for entry in find_info.LEVELS.values())


def test_texts_of_a_size() -> None:
    assert NameInfo.decode(b"\4\0\0\0a\0\0\0").file_name == "a"
    assert NameInfo.decode(b"\2\0\0\0ab", unicode=False).file_name == "ab"
    assert NameInfo(0, "ab").encode(unicode=False) == b"\2\0\0\0ab"
    with pytest.raises(DecodeError):
        NameInfo.decode(b"\4\0\0\0a\0")
    data = octets("01000000 00000000 04000000 61006200")
    rename = RenameInfo.decode(data)
    decode = set_info.SET_LEVELS[1010].decode
    assert decode is not None
    assert decode(data, LevelContext()).name == rename.file_name == "ab"
