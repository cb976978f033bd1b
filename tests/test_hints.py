"""The commands that `serve` prints: one can paste them, and no password of a configuration is in them."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakesmb import hints
from fakesmb.config import forms, merging
from fakesmb.config.merging import Arguments, Config
from fakesmb.config.parts import SAMPLE, FilePart, SharePart, UserPart
from fakesmb.hints import commands, file_in, word
from fakesmb.mistakes import ConfigError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The share's folder, with a file."""
    (tmp_path / "README.txt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/bin/{name}")
    return tmp_path


def made(*users: UserPart, share: str = "public", **server: object) -> Config:
    part = FilePart(share=[SharePart(name=share, path=os.getcwd())])
    return merging.merge(part, Arguments(server=dict(server), users=list(users)))


def test_the_sample_user() -> None:
    """Everybody knows that password."""
    assert commands(made(SAMPLE), "127.0.0.1", 4450) == [
        "smbclient --option='client min protocol=NT1' -m NT1 -p 4450 -U alice%Secret123 //127.0.0.1/public",
        "curl -u alice:Secret123 smb://127.0.0.1:4450/public/README.txt",
        "sudo mount -t cifs -o vers=1.0,port=4450,username=alice,password=Secret123 //127.0.0.1/public /mnt",
    ]


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({"profile": "windows-2003"}, ""),
        ({"profile": "windows-nt4"}, "--option='client lanman auth=yes' --option='client ntlmv2 auth=no' "),
        ({"profile": "windows-98"}, "--option='client lanman auth=yes' --option='client ntlmv2 auth=no' "),
        ({"profile": "windows-nt4", "accept": ["ntlmv2"]}, "--option='client use spnego=no' "),
        ({"extended_security": False, "accept": ["ntlmv2"]}, "--option='client use spnego=no' "),
    ],
)
def test_a_server_without_extended_security(server: dict[str, Any], told: str) -> None:
    """Else smbclient says NT_STATUS_ACCESS_DENIED, and nothing of it comes to the server."""
    listed, opened = hints.lines(made(SAMPLE, **server), "127.0.0.1", 4450)[1:3]
    assert opened.startswith(f"smbclient --option='client min protocol=NT1' {told}-m NT1 ")
    assert listed.startswith(
        f"smbclient --option='client min protocol=NT1' {told}--option='disable netbios=yes' "
    )


def test_curl_opens_as_windows_98_does_not_know() -> None:
    assert "curl" not in "".join(
        commands(made(SAMPLE, profile="windows-98", accept=["ntlmv1"]), "127.0.0.1", 4450)
    )
    assert "curl" in "".join(commands(made(SAMPLE, profile="windows-nt4"), "127.0.0.1", 4450))


def test_a_server_of_the_core_dialect_has_no_command_that_would_fail() -> None:
    assert hints.lines(made(SAMPLE, profile="core-only"), "127.0.0.1", 4450) == [
        "fakesmb check 127.0.0.1:4450"
    ]


def test_where_only_tickets_are_taken() -> None:
    """By the name that is in the keytab, at an address that need not be that name's."""
    config = made(keytab="files.keytab")
    assert commands(config, "127.0.0.1", 4450, "files.lab.example") == [
        "smbclient --option='client min protocol=NT1' -m NT1 --use-kerberos=required -N -I 127.0.0.1 -p 4450 "
        "//files.lab.example/public"
    ]
    assert "alice" in commands(made(SAMPLE, keytab="files.keytab"), "127.0.0.1", 4450, "files.lab.example")[0]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_no_password_of_a_configuration(name: str) -> None:
    """Even where somebody chose the sample's."""
    one = UserPart(name=name, password="Secret123")
    lines = commands(made(one), "127.0.0.1", 4450)
    assert len(lines) == 3
    assert "Secret123" not in "".join(lines) + repr(made(one))
    hashed = UserPart(name=name, nt_hash="0123456789abcdef0123456789abcdef")
    assert "0123456789abcdef" not in "".join(commands(made(hashed), "::1", 1)) + repr(made(hashed))
    assert all(name in line for line in lines)


@pytest.mark.parametrize("text", ["it's", "$(touch x)", "`id`", "a b", "!!", "-rf", "a&b", "#1", "~"])
def test_what_is_pasted_is_one_word_each(text: str) -> None:
    lines = commands(made(UserPart(name=text, password="x"), share=text), "127.0.0.1", 445)
    smbclient, curl, mount = map(shlex.split, lines)
    user = [f"-U{text}"] if text.startswith("-") else ["-U", text]
    assert smbclient[-1 - len(user) :] == [*user, f"//127.0.0.1/{text}"]
    assert curl[:-1] == ["curl", *(one.replace("-U", "-u", 1) for one in user)]
    assert set(curl[-1]).isdisjoint(" '$`!&#(")
    assert mount[-3:] == [f"vers=1.0,port=445,username={text}", f"//127.0.0.1/{text}", "/mnt"]


@pytest.mark.parametrize(
    "text", ["Zoë", "x\x7fy", "x\u202ey", "\u2028'\\", "\U000e0041", "a\xa0b", "x\udce4"]
)
def test_the_shell_makes_of_a_word_what_it_was(text: str) -> None:
    """What a terminal would not show as it is (or at all) is an escape."""
    one = word(text)
    assert one.isprintable()
    command = ["bash", "-c", f"printf %s {one}"]
    assert subprocess.check_output(command, env={"LC_ALL": "C.UTF-8"}) == os.fsencode(text)


def test_an_empty_password_is_none() -> None:
    lines = commands(made(UserPart(name="bob", password="")), "127.0.0.1", 445)
    assert "-U bob% " in lines[0]
    assert "curl -u bob: " in lines[1]


def test_a_client_that_could_not_do_it_has_no_command() -> None:
    """curl knows ASCII only, and reads a file, which must be there; smbclient divides the name."""
    names = {"Zoë": ["smbclient", "sudo"], "50%": ["curl", "sudo"], "a@b": ["curl", "sudo"]}
    for name, there in names.items():
        lines = commands(made(UserPart(name=name, password="x")), "127.0.0.1", 445)
        assert [line.split()[0] for line in lines] == there
    os.unlink("README.txt")
    assert [line.split()[0] for line in commands(made(SAMPLE), "127.0.0.1", 445)] == ["smbclient", "sudo"]


def test_a_file_that_the_share_has(folder: Path) -> None:
    (folder / "README.txt").unlink()
    (folder / ".hidden").touch()
    (folder / "a").mkdir()
    (folder / "link").symlink_to("b c#.txt")
    assert file_in(str(folder)) == ""
    (folder / "b c#.txt").touch()
    (folder / "c").touch()
    assert file_in(str(folder)) == "b c#.txt"
    assert "/public/b%20c%23.txt" in commands(made(SAMPLE), "127.0.0.1", 4450)[1]
    assert file_in("/no/where") == ""


def test_the_share_is_one_that_the_user_may_use() -> None:
    part = FilePart(
        user=[UserPart(name="bob", password="x"), UserPart(name="eve", password="x")],
        share=[
            SharePart(name="hers", path=os.getcwd(), users=["Eve"]),
            SharePart(name="his", path=os.getcwd(), users=["BOB"]),
        ],
    )
    lines = commands(merging.merge(part, Arguments()), "127.0.0.1", 445)
    assert all("/his" in line for line in lines)


def test_guests_need_no_password() -> None:
    lines = commands(made(guest="read-only", host="0.0.0.0"), "127.0.0.1", 445)
    assert "-U guest% " in lines[0]
    assert "curl -u guest: " in lines[1]


def test_curl_is_left_out_where_it_could_not_sign_in() -> None:
    lines = commands(made(SAMPLE, host="0.0.0.0"), "127.0.0.1", 445)
    assert [line.split()[0] for line in lines] == ["smbclient", "sudo"]


def test_a_text_without_colon_is_not_repeated() -> None:
    """It may be a password."""
    with pytest.raises(ConfigError) as caught:
        forms.user("Secret123")
    assert "Secret123" not in str(caught.value)


def test_no_curl_where_messages_must_be_signed() -> None:
    """It signs none."""
    lines = commands(made(SAMPLE, signing="required"), "127.0.0.1", 4450)
    assert not any(line.startswith("curl") for line in lines)


def test_all_that_is_told() -> None:
    """Whether it answers, what it shares (not who is in the workgroup, which only port 139 knows), then each client."""
    told = hints.lines(made(SAMPLE), "127.0.0.1", 4450)
    assert told == [
        "fakesmb check 127.0.0.1:4450",
        "smbclient --option='client min protocol=NT1' --option='disable netbios=yes' -m NT1 -p 4450 "
        "-U alice%Secret123 -L 127.0.0.1",
        *commands(made(SAMPLE), "127.0.0.1", 4450),
    ]
    assert hints.lines(made(SAMPLE), "::1", 4450)[0] == "fakesmb check '[::1]:4450'"
    assert "disable netbios" not in hints.lines(made(SAMPLE), "127.0.0.1", 139)[1]
    assert "-U guest% -L" in hints.lines(made(guest="read-only"), "127.0.0.1", 445)[1]


@pytest.mark.parametrize("config", [{"security": "share"}, {"keytab": "files.keytab"}])
def test_no_list_where_nobody_signs_in_by_a_password(config: dict[str, Any]) -> None:
    assert not any(
        " -L " in line for line in hints.lines(made(**config), "127.0.0.1", 445, "files.lab.example")
    )


def test_what_brings_a_client_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shutil, "which", lambda name, **_: None if name in ("smbclient", "mount.cifs") else name
    )
    (line,) = (one for one in hints.lines(made(SAMPLE), "127.0.0.1", 445) if "not on this machine" in one)
    assert (
        line == "not on this machine: smbclient, mount.cifs; on Debian: sudo apt install smbclient cifs-utils"
    )


def test_root_without_sudo_is_told_no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    for root in (True, False):
        monkeypatch.setattr(os, "geteuid", lambda root=root: 0 if root else 1000)
        told = hints.lines(made(SAMPLE), "127.0.0.1", 445)
        assert any(line.startswith("mount -t cifs") for line in told) == root
        assert "apt install" in told[-1]
        assert ("sudo" not in told[-1]) == root


@pytest.mark.parametrize(
    ("called", "on_path", "told"),
    [
        ("/usr/bin/fakesmb", True, "fakesmb"),
        (".venv/bin/fakesmb", False, ".venv/bin/fakesmb"),
        ("/a b/fakesmb", False, "'/a b/fakesmb'"),
        ("/x/fakesmb/__main__.py", False, "/usr/bin/python3 -m fakesmb"),
    ],
)
def test_the_command_as_it_was_called(
    called: str, told: str, monkeypatch: pytest.MonkeyPatch, *, on_path: bool
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if on_path else None)
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert hints.lines(made(SAMPLE), "127.0.0.1", 1)[0] == f"{told} check 127.0.0.1:1"
