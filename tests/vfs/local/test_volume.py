"""The volume of a share: its size in Windows' terms, and a serial number for each folder."""

import os
import pathlib

from fakesmb.vfs.local.volume import volume_of


def test_the_disk_in_windows_terms(tmp_path: pathlib.Path) -> None:
    volume = volume_of(str(tmp_path), str(tmp_path), "LAB", 7)
    disk = os.statvfs(tmp_path)
    assert (volume.label, volume.creation_time, volume.file_system) == ("LAB", 7, "NTFS")
    assert (
        volume.bytes_per_sector * volume.sectors_per_unit * volume.total_units
        == disk.f_frsize * disk.f_blocks
    )


def test_each_folder_is_a_volume_of_its_own(tmp_path: pathlib.Path) -> None:
    (tmp_path / "b").mkdir()
    one, same, other = (volume_of(str(p), str(p), "", 0) for p in (tmp_path, tmp_path, tmp_path / "b"))
    assert one.serial_number == same.serial_number != other.serial_number
