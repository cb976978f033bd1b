"""The port file: nobody reads the port of a server that is not there."""

from pathlib import Path

import pytest

from fakesmb.mistakes import ConfigError
from fakesmb.portfile import PortFile


def test_a_stale_file_goes_at_once_and_ours_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("4450\n")
    file = PortFile(str(path))
    assert not path.exists()
    file.write(1234)
    assert path.read_text() == "1234\n"
    file.remove()
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_another_server_put_in_its_place_stays(tmp_path: Path) -> None:
    path = tmp_path / "port"
    file = PortFile(str(path))
    file.write(1)
    other = PortFile(str(path))
    other.write(2)
    file.remove()
    assert path.read_text() == "2\n"


def test_a_stale_link_goes_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("precious")
    (tmp_path / "port").symlink_to("data")
    PortFile(str(tmp_path / "port"))
    assert [one.name for one in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dev/null", "the port file /dev/null is no file"),
        ("/", "the port file / is no file"),
        (
            "/dev/null/x",
            "cannot remove the port file /dev/null/x, which an earlier server left: Not a directory",
        ),
        ("a\0b", "no path holds a NUL"),
    ],
)
def test_what_cannot_be_one(path: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        PortFile(path)


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = PortFile(str(tmp_path / "port"))
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(PermissionError):
        file.write(1)
    assert list(tmp_path.iterdir()) == []
