"""What a disk's stat becomes in the terms of NT: sizes, allocation in clusters, directories, open files."""

import os
import pathlib
from types import SimpleNamespace
from typing import cast

from fakesmb.nt.files import Attribute
from fakesmb.nt.filetime import LATEST, UNIX_EPOCH, from_ns
from fakesmb.vfs.local.facts import info_of, round_up
from fakesmb.vfs.local.posixnames import posix_info
from fakesmb.vfs.rules.openfiles import OpenFile
from fakesmb.vfs.rules.times import Times, WriteClock
from fakesmb.vfs.stored import NOTHING, Stored
from fakesmb.world import World


def test_facts_of_a_file(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "A long name.txt"
    file.write_bytes(b"x" * 5000)
    st = os.stat(file)
    info = info_of(st, NOTHING, file.name, "\\" + file.name, None)
    assert (info.name, info.path) == ("A long name.txt", "\\A long name.txt")
    assert (info.end_of_file, info.allocation_size, info.number_of_links) == (5000, 8192, 1)
    assert info.last_write_time == from_ns(st.st_mtime_ns)
    assert info.change_time == from_ns(st.st_ctime_ns)
    assert (info.file_id, info.device, info.mode_bits) == (st.st_ino, st.st_dev, st.st_mode)
    assert info.short_name.endswith(".TXT")


def test_times_that_windows_does_not_know_are_the_nearest_it_does(tmp_path: pathlib.Path) -> None:
    """Before 1601 a FILETIME would be negative, and a disk may have later times than 64 bits hold."""
    st = os.stat(tmp_path)
    for seconds, told in ((-11_644_473_601, 0), (10**15, LATEST), (0, UNIX_EPOCH)):
        fields = {name: getattr(st, name) for name in dir(st) if name.startswith("st_")}
        old = SimpleNamespace(**fields | {"st_mtime_ns": seconds * 10**9, "st_atime_ns": seconds * 10**9})
        for info in (
            info_of(cast(os.stat_result, old), NOTHING, "d", "\\d", None),
            posix_info(cast(os.stat_result, old), NOTHING, "d", "\\d"),
        ):
            assert (info.last_write_time, info.last_access_time) == (told, told)
            assert 0 <= info.creation_time <= LATEST


def test_a_directory_has_no_size(tmp_path: pathlib.Path) -> None:
    info = info_of(os.stat(tmp_path), NOTHING, "d", "\\d", None)
    assert (info.end_of_file, info.allocation_size, info.number_of_links) == (0, 0, 1)
    assert (info.is_directory, info.attributes, info.short_name) == (1, Attribute.DIRECTORY, "")


def test_a_sparse_file_takes_what_it_takes(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "a"
    file.touch()
    os.truncate(file, 1 << 20)
    assert info_of(os.stat(file), NOTHING, "a", "\\a", None).allocation_size == 1 << 20
    assert info_of(os.stat(file), Stored(Attribute.SPARSE), "a", "\\a", None).allocation_size < 1 << 20


def test_what_the_open_file_adds(tmp_path: pathlib.Path) -> None:
    st = os.stat(tmp_path)
    file = OpenFile((st.st_dev, st.st_ino))
    file.times = Times(WriteClock(World().filetime), st)
    file.times.put(42)
    file.delete_pending = True
    info = info_of(st, NOTHING, "d", "\\d", file)
    assert (info.last_write_time, info.delete_pending, info.number_of_links) == (42, 1, 0)


def test_whole_clusters() -> None:
    assert [round_up(n) for n in (0, 1, 4096, 4097)] == [0, 4096, 4096, 8192]
