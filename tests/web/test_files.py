"""Files of shares by HTTP, and no way out of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fakesmb import Share
from fakesmb.folders.sharefiles import ShareFiles
from fakesmb.web import files
from tests.web.memory import Got, Memory

FILES = "/api/v1/shares/in/files"
OCTETS = {"Content-Type": "application/octet-stream"}


def put(memory: Memory, path: str, data: bytes = b"") -> Got:
    return memory.call("PUT", f"{FILES}/{path}", data, headers=OCTETS)


def test_what_is_there_is_listed_and_read(memory: Memory) -> None:
    assert memory.get(FILES).json == {"path": "", "files": [{"name": "a.txt", "directory": False, "size": 5}]}
    assert memory.get(f"{FILES}/").json["files"][0]["name"] == "a.txt"
    got = memory.get(f"{FILES}/A.TXT")
    assert (got.body, got.headers["content-type"]) == (b"hello", "application/octet-stream")
    head = memory.call("HEAD", f"{FILES}/a.txt")
    assert (head.body, head.headers["content-length"]) == (b"", "5")


def test_files_are_made_changed_and_deleted(memory: Memory) -> None:
    client = memory.smb()
    assert put(memory, "dir/new%20file.bin", bytes(range(256))).status == 201
    assert client.read(client.create("dir\\new file.bin"), 0, 256) == bytes(range(256))
    assert memory.get(f"{FILES}/dir").json == {
        "path": "dir",
        "files": [{"name": "new file.bin", "directory": False, "size": 256}],
    }
    assert put(memory, "dir/new%20file.bin", b"").status == 204
    assert memory.get(f"{FILES}/dir/new%20file.bin").body == b""
    assert put(memory, "a.txt:stream", b"more").status == 201
    assert memory.get(f"{FILES}/a.txt:stream").body == b"more"
    assert put(memory, "empty/").status == 201
    assert put(memory, "empty/").status == 204
    assert put(memory, "empty/", b"x").status == 400
    assert memory.get(f"{FILES}/empty").json["files"] == []
    assert memory.call("DELETE", f"{FILES}/dir").status == 204
    assert memory.get(f"{FILES}/dir").status == 404
    gone = memory.call("DELETE", f"{FILES}/dir")
    assert (gone.status, "did you mean" in gone.error) == (404, False)


def test_a_put_says_what_it_brings_where_a_form_could_have_sent_it(memory: Memory) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        got = memory.call("PUT", f"{FILES}/x", b"x", headers={"Content-Type": kind})
        assert (got.status, "application/octet-stream" in got.error) == (415, True)
    assert memory.call("PUT", f"{FILES}/x", b"x", headers={"Content-Type": "image/png"}).status == 201
    browser = memory.browser()
    browser.send(b"PUT /api/v1/shares/in/files/y HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\ny")
    assert browser.take().startswith(b"HTTP/1.1 201 ")


def test_names_that_are_not_there_are_answered_with_the_nearest(memory: Memory) -> None:
    assert "did you mean a.txt" in memory.get(f"{FILES}/a.txz").error
    got = memory.get("/api/v1/shares/inn/files/a.txt")
    assert (got.status, "did you mean in" in got.error) == (404, True)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "..%5csecret.txt",
        "dir/../../secret.txt",
        "link/secret.txt",
        "link",
        "linked.txt",
        "%00",
        "a%00b",
        "x" * 300,
        "/etc/passwd",
        "//etc/passwd",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_path_leads_out(new_memory: Callable[..., Memory], tmp_path: Path, path: str, method: str) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "dir").mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("outside")
    (folder / "link").symlink_to(tmp_path)
    (folder / "linked.txt").symlink_to(secret)
    memory = new_memory({"in": Share(folder)})
    got = put(memory, path, b"changed") if method == "PUT" else memory.call(method, f"{FILES}/{path}")
    assert b"outside" not in got.body
    assert secret.read_text() == "outside"
    assert got.status in (201, 204, 400, 403, 404, 409)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["secret.txt", "share"]
    assert not Path("/etc/passwd.new").exists()


def test_directories_and_files_are_not_taken_for_each_other(memory: Memory) -> None:
    put(memory, "dir/")
    assert put(memory, "dir", b"x").status == 409
    assert put(memory, "a.txt/b", b"x").status == 409
    assert memory.get(f"{FILES}/a.txt/b").status in (404, 409)
    assert memory.call("DELETE", f"{FILES}/").status == 400


def test_what_is_too_large_is_not_given_out(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILE", 4)
    got = memory.get(f"{FILES}/a.txt")
    assert (got.status, "5 bytes" in got.error) == (413, True)


def test_links_that_lead_nowhere_are_listed(new_memory: Callable[..., Memory], tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    memory = new_memory({"in": tmp_path})
    names = [one["name"] for one in memory.get(FILES).json["files"]]
    assert names in ([], ["dangling"])


def test_a_full_disk_and_others_are_told(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ShareFiles, "write", full)
    assert put(memory, "x", b"x").status == 507

    def stopped(*_: object) -> None:
        raise RuntimeError("it does not run")

    monkeypatch.setattr(ShareFiles, "write", stopped)
    assert put(memory, "x", b"x").status == 503

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(ShareFiles, "write", broken)
    assert put(memory, "x", b"x").status == 409
