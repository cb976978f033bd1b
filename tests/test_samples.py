"""The sample shares where a person has a home, and where nothing can be kept."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from fakesmb import samples
from fakesmb.folders import places
from fakesmb.mistakes import ConfigError

SAMPLES = ["public", "docs", "c$"]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "fakesmb" / "shares"


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """As a disk does that cannot be written to."""

    def mkdir(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", mkdir)


def test_a_person_has_a_copy_that_is_kept(home: Path) -> None:
    shares, told = samples.served()
    assert [(one.name, one.path, one.overlay, one.read_only) for one in shares] == [
        ("public", str(home / "public"), False, False),
        ("docs", str(home / "docs"), False, True),
        ("c$", str(home / "c$"), False, False),
    ]
    assert told == f"the sample shares are in {home}, yours to change"
    (home / "public" / "mine.txt").touch()
    assert samples.served() == (shares, "")
    assert (home / "public" / "mine.txt").exists()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_where_nothing_can_be_kept_they_are_private_copies(
    home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse(monkeypatch, number)
    shares, told = samples.served()
    assert [(one.name, one.overlay, one.read_only) for one in shares] == [
        ("public", True, False),
        ("docs", True, True),
        ("c$", True, False),
    ]
    assert all(Path(one.path, "README.txt").exists() or one.name == "c$" for one in shares)
    assert told == (
        f"the sample shares are copies that go away at the end, as nothing is kept ({home}: {os.strerror(number)})"
    )


def test_a_home_of_which_the_folders_are_files(home: Path) -> None:
    home.parent.parent.touch()
    shares, told = samples.served()
    assert all(one.overlay for one in shares)
    assert told.endswith("(File exists)") or "Not a directory" in told


@pytest.mark.parametrize("named", [None, "", "relative/data"])
def test_who_has_no_home_writes_nothing_beside_it(
    named: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a user of a container of whom the machine has only the number."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if named is not None:
        monkeypatch.setenv("XDG_DATA_HOME", named)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    shares, told = samples.served()
    assert [one.name for one in shares] == SAMPLES
    assert all(one.overlay for one in shares)
    assert "(this user has no folder of their own)" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", ["", "/nowhere/at/all"])
def test_where_nothing_at_all_can_be_written_they_are_read_only(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    refuse(monkeypatch, errno.EROFS)
    monkeypatch.setenv(places.VARIABLE, variable)
    monkeypatch.setattr(places, "IN_MEMORY", "/nowhere")

    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    shares, told = samples.served()
    assert [(one.name, one.overlay, one.read_only) for one in shares] == [
        (name, False, True) for name in SAMPLES
    ]
    assert (
        told
        == f"the sample shares are read-only, as nothing can be written here ({home}: Read-only file system)"
    )


def test_memory_is_a_place_without_a_temporary_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(places, "IN_MEMORY", str(tmp_path))
    assert list(places.places()) == [os.path.realpath(tmp_path)]


def test_an_installation_without_samples_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda self: False)
    with pytest.raises(ConfigError, match="this installation has no sample shares; name a folder to serve"):
        samples.served()
