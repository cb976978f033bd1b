"""`[server] keytab`: what is said of a file that is none, or has nothing for a file server."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.mistakes import ConfigError
from tests.auth.tickets import keytab, new_key, service_key

KEY = new_key()


def test_a_program_gives_one(tmp_path: Path) -> None:
    """And shares may name principals that have no account."""
    file = tmp_path / "files.keytab"
    file.write_bytes(keytab(service_key(KEY)))
    with FakeSMB({"in": {}}, keytab=file, guest="off") as smb:
        assert smb.port


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"", "is empty: no keytab"),
        (b"[server]\n", "is no keytab: it does not begin with 05 02"),
        (keytab(service_key(KEY, ("http", "www"))), "has no key for a file server: a service cifs/NAME"),
        (keytab(), "has no keys"),
        (b"\x05\x02" + bytes(1 << 20), "is larger than a keytab is (1 MiB)"),
    ],
    ids=["empty", "text", "http", "none", "large"],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, contents: bytes, why: str) -> None:
    file = tmp_path / "files.keytab"
    file.write_bytes(contents)
    with pytest.raises(ConfigError) as error, FakeSMB({"in": {}}, keytab=file):
        pass
    assert str(error.value).startswith(f"keytab {file} {why}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, why in (
        ("none", "cannot be read: No such file"),
        ("", "is not a file"),
        ("a\0b", "no path holds"),
    ):
        with pytest.raises(ConfigError, match=why), FakeSMB({"in": {}}, keytab=f"{tmp_path}/{path}"):
            pass


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"security": "share"}, 'security = "share" asks nobody who it is'),
        ({"plain_text": True}, "plain_text leaves it out"),
        ({"extended_security": False}, "extended_security is off"),
        ({"profile": "windows-nt4"}, "extended_security is off"),
    ],
)
def test_where_no_ticket_could_be_brought_it_says_so(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError) as error:
        FakeSMB({"in": {}}, keytab="any", **more)
    assert str(error.value) == f"keytab: Kerberos needs extended security, and {why}"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a file"), FakeSMB({"in": {}}, keytab=tmp_path / "pipe"):
        pass


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "files.keytab"
    file.write_bytes(keytab(service_key(KEY)))
    monkeypatch.setitem(__import__("sys").modules, "fakesmb.auth.krb5", None)
    monkeypatch.delattr("fakesmb.auth.krb5", raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'fakesmb\[kerberos\]'"), FakeSMB({}, keytab=file):
        pass


def test_serve_says_it_on_one_line_and_a_file_is_relative_to_its_own(
    tmp_path: Path, fakesmb_command: list[str], fakesmb_environment: dict[str, str]
) -> None:
    (tmp_path / "bad.keytab").write_bytes(b"nothing")
    (tmp_path / "f.toml").write_text('[server]\nport = 0\nkeytab = "bad.keytab"\n')
    done = subprocess.run(
        [*fakesmb_command, "serve", "--config", str(tmp_path / "f.toml")],
        env=fakesmb_environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
    )
    assert done.returncode == 2
    why = "is no keytab: it does not begin with 05 02"
    assert done.stderr.splitlines()[-1] == f"fakesmb: keytab {tmp_path}/bad.keytab {why}"
    assert "Traceback" not in done.stderr


def test_kerberos_is_loaded_with_a_keytab_only(fakesmb_command: list[str]) -> None:
    """It costs a tenth of a second, which no other server pays."""
    code = (
        "import sys; from fakesmb import FakeSMB\n"
        "with FakeSMB({'in': {}}): print([one for one in sys.modules if 'krb5' in one or 'pyasn1' in one])"
    )
    done = subprocess.run([fakesmb_command[0], "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
