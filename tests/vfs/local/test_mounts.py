"""Which disks may hang, as mountinfo of proc(5) tells, and which shares wait for each other."""

from pathlib import Path

import pytest

from fakesmb.vfs.local.mounts import Mount, lanes_of, may_hang, mounts

MOUNTINFO = r"""
22 27 0:20 / /proc rw,nosuid shared:12 - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
40 27 0:38 / /srv/remote rw shared:20 - nfs4 server:/x rw,vers=4.2
41 27 0:39 / /srv/with\040space/sub rw,nosuid - fuse.sshfs me@host: rw
42 40 254:0 /tmp /srv/remote/local rw - ext4 /dev/root rw
43 27 0:41 / /srv/over rw - virtiofs tag rw
44 43 0:42 / /srv/over rw - tmpfs none rw
""".lstrip()


@pytest.fixture
def mounted(tmp_path: Path) -> list[Mount]:
    """What is mounted there."""
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTINFO)
    return mounts(str(table))


@pytest.mark.parametrize(
    ("folder", "hangs"),
    [
        ("/home/files", False),
        ("/srv/remote", True),
        ("/srv/remote/deep/folder", True),
        ("/srv/remote/local/folder", False),  # another disk again
        ("/srv/remote2", False),
        ("/srv/with space", True),  # it has such a disk below it
        ("/srv/with space/sub/folder", True),
        ("/srv", True),
        ("/srv/over/folder", False),  # what was mounted there last is what is there
    ],
)
def test_disks_that_may_hang(mounted: list[Mount], folder: str, hangs: bool) -> None:
    assert may_hang(folder, mounted) is hangs


def test_no_table_tells_nothing(tmp_path: Path) -> None:
    """Elsewhere than on Linux."""
    assert mounts(str(tmp_path / "none")) == []
    assert may_hang(str(tmp_path), []) is False


def test_shares_of_one_disk_have_one_lane(tmp_path: Path) -> None:
    """And those that cannot hang have none."""
    folders = [tmp_path / name for name in ("a", "b", "a/inner")]
    for folder in folders:
        folder.mkdir()
    places = [str(folder) for folder in folders]
    first, second, inner = lanes_of(places, [True, True, True])
    assert first is second is inner is not None
    for one in range(2):
        lanes = lanes_of(places[:2], [index == one for index in range(2)])
        assert [lane is not None for lane in lanes] == [index == one for index in range(2)]


def test_a_folder_in_one_that_may_hang_may_hang(tmp_path: Path) -> None:
    """And one around it."""
    (tmp_path / "inner").mkdir()
    places = [str(tmp_path), str(tmp_path / "inner")]
    for hang in ([True, False], [False, True]):
        first, second = lanes_of(places, hang)
        assert first is second is not None


def test_disks_that_a_folder_joins_have_one_lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share that has both below it waits for either."""
    for name in ("top/a", "top/b"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr("fakesmb.vfs.local.mounts._meet", lambda one, other: one in other or other in one)
    places = [str(tmp_path / name) for name in ("top/a", "top/b", "top")]
    assert len(set(lanes_of(places[:2], [True, True]))) == 2
    assert len(set(lanes_of(places, [True, True, True]))) == 1
