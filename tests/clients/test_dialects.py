"""smbclient in every dialect that it speaks: all that it can do in each, and a wrong password."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from fakesmb import FakeSMB, Share
from tests.clients.client_runs import PASSWORD, USER, WRONG, need, run

pytestmark = pytest.mark.client

LONG = "A rather long name.text"
OPTIONS = ("min protocol=CORE", "lanman auth=yes", "ntlmv2 auth=no", "plaintext auth=yes")
DIALECTS = ("CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1")
BIG = Random(1).randbytes(200_000)
"""More than any buffer, and no multiple of one."""


@pytest.fixture(scope="module")
def user_level(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSMB]:
    folder = content(tmp_path_factory.mktemp("files"))
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, timing={"wrong_password": 0}) as smb:
        yield smb


@pytest.fixture(scope="module")
def share_level(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSMB]:
    shares = {"files": Share(content(tmp_path_factory.mktemp("files")), password=PASSWORD)}
    with FakeSMB(shares, security="share", plain_text=True, timing={"wrong_password": 0}) as smb:
        yield smb


def content(folder: Path) -> Path:
    """A folder with a short name, a long one and a directory in it."""
    (folder / "sub").mkdir()
    (folder / "a.txt").write_text("hello\n")
    (folder / LONG).write_text("long\n")
    (folder / "sub" / "inside.txt").write_text("deep\n")
    return folder


def folder_of(smb: FakeSMB) -> Path:
    """Where the share's files are."""
    return next(Path(share.path) for share in smb.config.shares if share.name == "files")


def server_of(dialect: str, request: pytest.FixtureRequest) -> FakeSMB:
    """Core clients know nothing but passwords of shares in plain text."""
    found: FakeSMB = request.getfixturevalue("share_level" if dialect.startswith("CORE") else "user_level")
    return found


def smbclient(smb: FakeSMB, dialect: str, commands: str, cwd: Path, password: str = PASSWORD) -> str:
    """What smbclient says, without its warnings of options that are old."""
    need("smbclient")
    said = [f"--option=client {one}" for one in OPTIONS]
    done = run(
        *("smbclient", *said, "-m", dialect, "-p", str(smb.port), "-U", f"{USER}%{password}"),
        *("//127.0.0.1/files", "-c", commands),
        cwd=cwd,
    )
    return "\n".join(line for line in done.stdout.splitlines() if "WARNING" not in line)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_everything_that_files_need(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """List, get, put, mkdir, rename, delete; the disk is asked as well as the client."""
    smb = server_of(dialect, request)
    root = folder_of(smb)
    (tmp_path / "big.bin").write_bytes(BIG)
    said = smbclient(
        smb,
        dialect,
        "ls; get a.txt; put big.bin; mkdir new; rename big.bin new\\moved.bin; ls new\\*; cd new; get moved.bin",
        tmp_path,
    )
    assert not re.search("NT_STATUS|ERR[A-Z]{3}", said), said
    names = {line.split("  ")[1] for line in said.splitlines() if re.match(r"  \S.* [AD]+ ", line)}
    long_names = dialect in ("LANMAN2", "NT1")
    assert ({"a.txt", LONG, "sub"} if long_names else {"A.TXT", "SUB"}) <= names, said
    assert long_names or [name for name in names if re.fullmatch(r"[A-Z0-9]+~[0-9A-Z]\.TEX", name)], said
    assert ("moved.bin" if long_names else "MOVED.BIN") in names
    assert (tmp_path / "a.txt").read_text() == "hello\n"
    assert (tmp_path / "moved.bin").read_bytes() == BIG == (root / "new" / "moved.bin").read_bytes()
    said = smbclient(smb, dialect, "del new\\moved.bin; rmdir new; ls new", tmp_path)
    assert re.search("NO_SUCH_FILE|ERRbadfile|ERRnofiles|NO_MORE_FILES|OBJECT_NAME_NOT_FOUND", said), said
    assert not (root / "new").exists()


@pytest.mark.parametrize("dialect", ["CORE", "LANMAN1"])
def test_a_long_file_by_its_short_name(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What SEARCH lists can be read, and so can what a directory holds."""
    smb = server_of(dialect, request)
    found = re.search(r"(\S+~\S+\.TEX)", smbclient(smb, dialect, "ls *.tex", tmp_path))
    assert found is not None
    smbclient(smb, dialect, f"get {found[1]} long.txt; get SUB\\INSIDE.TXT deep.txt", tmp_path)
    assert (tmp_path / "long.txt").read_text() == "long\n"
    assert (tmp_path / "deep.txt").read_text() == "deep\n"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_wrong_password(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    said = smbclient(server_of(dialect, request), dialect, "ls", tmp_path, WRONG)
    assert re.search(
        "(session setup|tree connect) failed: (NT_STATUS_(LOGON_FAILURE|WRONG_PASSWORD)|ERRSRV:ERRbadpw)",
        said,
    )
    assert "a.txt" not in said.lower()


@pytest.mark.parametrize(
    "dialect", ["NT1", *(pytest.param(one, marks=pytest.mark.slow) for one in ("CORE", "LANMAN2"))]
)
def test_windows_98(dialect: str, tmp_path: Path) -> None:
    """A server without NT_CREATE_ANDX, and with 2,920 bytes for a message."""
    (tmp_path / "files").mkdir()
    shares = {"files": Share(content(tmp_path / "files"), password=PASSWORD)}
    with FakeSMB(shares, security="share", plain_text=True, profile="windows-98") as smb:
        said = smbclient(
            smb, dialect, "ls; mkdir new; rename a.txt new\\b.txt; get new\\b.txt b.txt", tmp_path
        )
        assert "A.TXT" in said.upper(), said
        assert (folder_of(smb) / "new" / "b.txt").read_text() == (tmp_path / "b.txt").read_text() == "hello\n"
