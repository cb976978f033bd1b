"""libsmbclient, by which file managers and players reach shares: smbget, and Debian's python3-smbc."""

import os
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, make_tree, need, run, tree_of

pytestmark = pytest.mark.client

SYSTEM_PYTHON, SMBC = "/usr/bin/python3", "/usr/lib/python3/dist-packages/smbc"
TOUR = r"""
import os, sys
import smbc

server, folder, password = sys.argv[1:]
context = smbc.Context(auth_fn=lambda *_: ("", "alice", password))
base = f"{server}/files/{folder}"


def refused(call, *words):
    try:
        return call(*words) and "done"
    except Exception as error:
        return type(error).__name__


def stat(name):
    found = context.stat(f"{base}/{name}")
    return oct(found[0]), found[6]


print(sorted(entry.name for entry in context.opendir(server).getdents()))
context.mkdir(f"{base}/d", 0o755)
print(refused(context.mkdir, f"{base}/d", 0o755), stat("d"))
file = context.open(f"{base}/d/ü 1", os.O_CREAT | os.O_RDWR)
file.write(b"0123456789" * 10000)
file.lseek(5, 0)
print(file.read(6), file.fstat()[6])
file.close()
for name, flags in (("d/none", os.O_RDONLY), ("d", os.O_RDWR), ("d/ü 1", os.O_CREAT | os.O_EXCL | os.O_WRONLY)):
    print(refused(context.open, f"{base}/{name}", flags))
context.rename(f"{base}/d/ü 1", f"{base}/d/2")
context.chmod(f"{base}/d/2", 0o444)
print(stat("d/2"), refused(context.unlink, f"{base}/d/2"))
context.chmod(f"{base}/d/2", 0o644)
print(stat("d/2"))
file = context.open(f"{base}/d/2", os.O_WRONLY | os.O_APPEND)
file.write(b"more")
file.close()
print(stat("d/2"), sorted((entry.name, entry.smbc_type) for entry in context.opendir(f"{base}/d").getdents()))
print(refused(context.rmdir, f"{base}/d"), refused(context.unlink, f"{base}/none"))
context.unlink(f"{base}/d/2")
context.rmdir(f"{base}/d")
"""
SEEN = """\
['IPC$', 'c$', 'docs', 'files']
ExistsError ('0o40755', 0)
b'567890' 100000
NoEntryError
RuntimeError
ExistsError
('0o100444', 100000) ValueError
('0o100644', 100000)
('0o100744', 100004) [('.', 7), ('..', 7), ('2', 8)]
NotEmptyError NoEntryError
"""
"""Executable for the owner means the archive bit, which `chmod` took away and the write has set again."""


@pytest.fixture
def home(smb: Running, tmp_path: Path) -> Path:
    """libsmbclient finds smb.conf in the home directory."""
    (tmp_path / "home" / ".smb").mkdir(parents=True)
    (tmp_path / "home" / ".smb" / "smb.conf").write_text(smb.config.read_text())
    return tmp_path / "home"


def test_smbget_brings_a_tree(smb: Running, work: Path, home: Path, tmp_path: Path) -> None:
    need("smbget")
    files = make_tree(work)
    (tmp_path / "got").mkdir()
    url = f"smb://127.0.0.1:{smb.port}/files/{work.name}"

    def smbget(*words: str) -> str:
        return str(run("env", f"HOME={home}", "smbget", "-n", *words, cwd=tmp_path / "got").stdout)

    smbget("-q", "-R", "-U", f"{USER}%{PASSWORD}", url)
    assert tree_of(tmp_path / "got") == files
    assert "can't be found" in smbget("-O", "-U", f"{USER}%{PASSWORD}", f"{url}/none")
    assert "Permission denied" in smbget("-R", "-U", f"{USER}%wrong", url)


def test_python_smbc(smb: Running, work: Path, home: Path) -> None:
    need(SYSTEM_PYTHON, SMBC)

    def tour(password: str) -> str:
        server = f"smb://127.0.0.1:{smb.port}"
        words = ("-c", TOUR, server, work.name, password)
        return str(run("env", f"HOME={home}", SYSTEM_PYTHON, *words).stdout)

    assert tour(PASSWORD) == SEEN
    assert os.listdir(work) == []
    assert "PermissionError" in tour("wrong")
