"""Shares of content and overlays, as clients see them."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import pytest
from impacket.smb import SMB_DIALECT
from impacket.smbconnection import SMBConnection

from fakesmb import ConfigError, FakeSMB, FakeSMBService, File, Overlay, Share
from fakesmb.config.forms import share as share_argument
from fakesmb.config.tomlfile import read


def client(smb: FakeSMB) -> SMBConnection:
    connection = SMBConnection(
        "FAKESMB", smb.host, sess_port=smb.port, preferredDialect=SMB_DIALECT, timeout=10
    )
    connection.login("guest", "")
    return connection


def content(connection: SMBConnection, share: str, path: str) -> bytes:
    came = io.BytesIO()
    connection.getFile(share, path, came.write)
    return came.getvalue()


def hashed(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        + str(path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_content_overlays_and_plain_folders_side_by_side(place: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "deep" / "a.bin").write_bytes(os.urandom(100_000))
    before = hashed(data)
    with FakeSMB(
        {
            "in": {"a.txt": b"x", "dir/": {}, "h": File("hid", hidden=True, read_only=True)},
            "data": Overlay(data),
            "docs": Share(data, read_only=True),
            "ro": Share({"b": "é"}, read_only=True, comment="content, too"),
        }
    ) as smb:
        connection = client(smb)
        assert content(connection, "in", "a.txt") == b"x"
        assert content(connection, "ro", "B") == "é".encode()
        found = {one.get_longname(): one for one in connection.listPath("in", "*")}
        assert set(found) == {".", "..", "a.txt", "dir", "h"}
        assert found["h"].is_hidden()
        assert found["h"].is_readonly()
        assert found["dir"].is_directory()
        assert content(connection, "data", "deep/a.bin") == (data / "deep" / "a.bin").read_bytes()
        connection.putFile("data", "deep/a.bin", io.BytesIO(b"changed").read)
        connection.deleteFile("in", "a.txt")
        assert content(connection, "data", "deep/a.bin") == b"changed"
        assert content(connection, "docs", "deep/a.bin") != b"changed"
        assert len(os.listdir(place)) == 1
        assert smb.journal.problems() == []
    assert hashed(data) == before
    assert os.listdir(place) == []


def test_an_overlay_of_a_folder_that_a_link_leads_to(place: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_bytes(b"a")
    (tmp_path / "link").symlink_to("data")
    with FakeSMB({"data": Overlay(tmp_path / "link")}) as smb:
        assert content(client(smb), "data", "a") == b"a"


def test_a_server_that_cannot_listen_leaves_no_folder(place: Path) -> None:
    with FakeSMB() as other, pytest.raises(ConfigError, match="cannot listen"):
        FakeSMB({"in": {"a": b""}}, port=other.port).start()
    assert os.listdir(place) == []


def test_a_server_started_again_begins_with_what_it_was_given(place: Path) -> None:
    smb = FakeSMB({"in": {"a": b"1"}})
    for _ in range(2):
        with smb:
            assert content(client(smb), "in", "a") == b"1"
            client(smb).deleteFile("in", "a")


@pytest.mark.parametrize("kind", [FakeSMB, FakeSMBService])
@pytest.mark.parametrize(
    ("shares", "keywords", "words"),
    [
        ({"in": {"a/": b"x"}}, {}, "share in: a/: ends in /"),
        ({"in": Share({"..": {}})}, {}, "share in: ..: .. is no name"),
        ({"in": [b"x"]}, {}, "share in: a folder, content by names, Overlay(...) or Share(...), not a list"),
        ({"in": Overlay("/nowhere")}, {}, "share in: there is no folder /nowhere"),
        ({"in": Overlay("/etc/passwd")}, {}, "share in: /etc/passwd is not a folder"),
        ({"in": Share({}, overlay=True)}, {}, "share in: overlay is for a folder, and this is content"),
        ({"in": Share({}, overlay_limit=0)}, {}, "share in: overlay_limit 0: must be"),
        ({"in": Share("/tmp", overlay_limit=5)}, {}, "share in: overlay_limit is for content and overlays"),
        ({"in": Share(Overlay("/tmp"), overlay=False)}, {}, "share in: the Overlay says it already"),
        (
            {"in": Share(Overlay("/tmp", limit=5), overlay_limit=5)},
            {},
            "share in: the Overlay says it already",
        ),
        ({"in": {}}, {"overlay_limit": 0}, "overlay_limit 0: must be"),
        ({"in": {}}, {"overlay_limits": 5}, "did you mean overlay_limit"),
    ],
)
def test_shares_that_cannot_be_are_errors_at_once(kind: Any, shares: Any, keywords: Any, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        kind(shares, **keywords)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ((3,), TypeError, "the path of an Overlay must be that of a folder, not int"),
        ((b"x",), TypeError, "the path of an Overlay"),
        (("x", "limit", "5"), TypeError, "limit of an Overlay must be a number of bytes, not '5'"),
        (("x", "limit", True), TypeError, "limit of an Overlay must be a number of bytes, not True"),
        (("x", "limit", 0), ValueError, "limit of an Overlay must be greater than 0, not 0"),
        (("x", "limt", 5), TypeError, "Overlay has no 'limt'; did you mean limit?"),
    ],
)
def test_an_overlay_that_cannot_be(given: tuple[Any, ...], kind: type[Exception], words: str) -> None:
    path, *more = given
    with pytest.raises(kind) as error:
        Overlay(path, **dict([more] if more else []))
    assert words in str(error.value)


def test_an_overlay_is_shown_as_it_is_written() -> None:
    assert repr(Overlay("tests/data")) == "Overlay('tests/data')"
    assert repr(Overlay(Path("x"), limit=5)) == "Overlay('x', limit=5)"


def test_the_limit_of_an_overlay_counts_before_that_of_the_server(place: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_bytes(b"x" * 5000)
    data = tmp_path / "data"
    for smb in (
        FakeSMB({"d": Overlay(data, limit=5000)}),
        FakeSMB({"d": Overlay(data)}, overlay_limit=5000),
        FakeSMB({"d": Share(str(data), overlay=True, overlay_limit=5000)}),
    ):
        with pytest.raises(
            ConfigError, match=r"share d: the copy of .*data takes 8.0 KiB, and overlay_limit is"
        ):
            smb.start()
    with FakeSMB({"d": Overlay(data, limit=50_000)}, overlay_limit=5000):
        pass


def test_the_file_and_the_command_line_have_them_too(place: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_bytes(b"f")
    file = tmp_path / "fakesmb.toml"
    file.write_text(
        '[[share]]\nname = "d"\npath = "data"\noverlay = true\n'
        '[[share]]\nname = "in"\n[share.content]\n"a.txt" = "text"\n"dir/" = {}\n'
    )
    with FakeSMB.from_file(file) as smb:
        connection = client(smb)
        assert content(connection, "in", "a.txt") == b"text"
        connection.deleteFile("d", "f")
    assert (tmp_path / "data" / "f").exists()
    made = share_argument(f"d={tmp_path},ro,overlay")
    assert (made.path, made.read_only, made.overlay) == (str(tmp_path), True, True)
    with pytest.raises(ConfigError, match="a share is NAME=PATH, NAME=PATH,ro or NAME=PATH,overlay"):
        share_argument("d=,overlay")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (
            'name = "in"\ncontent = { "a" = 5 }',
            "share[0].content: a: must be a text or a table",
        ),
        ('name = "in"\ncontent = 5', "share[0].content: must be a table"),
        ('name = "in"', "share[0].path: is missing"),
        ('name = "in"\npath = "."\ncontent = {}', "share[0].path: give either path or content"),
        ('name = "in"\npath = "."\noverlay = 5', "share[0].overlay: must be true or false"),
        ('name = "in"\npath = "."\noverlay_limit = 0', "share[0].overlay_limit"),
    ],
)
def test_a_file_that_is_wrong_names_the_key(tmp_path: Path, share: str, words: str) -> None:
    file = tmp_path / "fakesmb.toml"
    file.write_text(f"[[share]]\n{share}\n")
    with pytest.raises(ConfigError) as error:
        read(str(file))
    assert words in str(error.value)
