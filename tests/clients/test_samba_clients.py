"""smbclient and rpcclient against a real server."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, WRONG, Running, Start, make_tree, need, run, tree_of

pytestmark = pytest.mark.client


def smbclient(
    smb: Running, *words: str, share: str = "files", command: str = "", user: str = f"{USER}%{PASSWORD}"
) -> str:
    """Runs smbclient and gives what it says; fails where it fails."""
    done = raw_smbclient(smb, *words, share=share, command=command, user=user)
    assert done.returncode == 0, done.stdout
    return done.stdout


def raw_smbclient(
    smb: Running, *words: str, share: str = "files", command: str = "", user: str = f"{USER}%{PASSWORD}"
) -> subprocess.CompletedProcess[str]:
    need("smbclient")
    target = [f"//127.0.0.1/{share}"] if share else []
    more = ["-c", command] if command else []
    return run(
        "smbclient", "-s", smb.config, "-m", "NT1", "-p", str(smb.port), "-U", user, *target, *more, *words
    )


def rpcclient(
    smb: Running, command: str, user: str = f"{USER}%{PASSWORD}", host: str = "127.0.0.1"
) -> subprocess.CompletedProcess[str]:
    need("rpcclient")
    return run("rpcclient", "-s", smb.config, "-p", str(smb.port), "-U", user, host, "-c", command)


def test_the_shares_are_listed(smb: Running) -> None:
    said = smbclient(smb, "-L", "//127.0.0.1", share="")
    for name, kind in (("files", "Disk"), ("docs", "Disk"), ("c$", "Disk"), ("IPC$", "IPC")):
        assert re.search(rf"^\s+{re.escape(name)}\s+{kind}\b", said, re.MULTILINE), said


@pytest.mark.parametrize("user", [f"{USER}%{WRONG}", f"nobody%{PASSWORD}"])
def test_a_wrong_password_or_user_is_refused(smb: Running, user: str) -> None:
    done = raw_smbclient(smb, command="ls", user=user)
    assert done.returncode != 0
    assert "NT_STATUS_LOGON_FAILURE" in done.stdout
    assert "NT_STATUS_LOGON_FAILURE" in rpcclient(smb, "srvinfo", user).stdout


def test_ls_shows_names_sizes_and_free_space(smb: Running, work: Path) -> None:
    make_tree(work)
    said = smbclient(smb, command=f'cd "{work.name}"; ls')
    assert re.search(r"^  a\.txt\s+\S*\s+6  ", said, re.MULTILINE), said
    assert re.search(r"^  with space\s+D\s+0  ", said, re.MULTILINE), said
    assert "Ελληνικά" in said
    assert "blocks available" in said


def test_a_tree_comes_and_goes_unchanged(smb: Running, work: Path, tmp_path: Path) -> None:
    """Recursive mget, then mput of what came: both are the tree."""
    files = make_tree(work / "there")
    smbclient(smb, command=f'cd "{work.name}/there"; lcd {tmp_path}; recurse; prompt; mget *')
    assert tree_of(tmp_path) == files
    smbclient(
        smb,
        command=f'mkdir "{work.name}/back"; cd "{work.name}/back"; lcd {tmp_path}; recurse; prompt; mput *',
    )
    assert tree_of(work / "back") == files


def test_allinfo_rename_delete_and_volume(smb: Running, work: Path) -> None:
    (work / "before.txt").write_bytes(b"x" * 1234)
    said = smbclient(smb, command=f'cd "{work.name}"; allinfo before.txt')
    assert "stream: [::$DATA], 1234 bytes" in said
    assert "create_time:" in said
    smbclient(smb, command=f'cd "{work.name}"; rename before.txt after.txt')
    assert [path.name for path in work.iterdir()] == ["after.txt"]
    smbclient(smb, command=f'cd "{work.name}"; mkdir folder; del after.txt; rmdir folder')
    assert list(work.iterdir()) == []
    assert re.search(r"Volume: \|.*\| serial number 0x", smbclient(smb, command="volume"))


def test_what_is_read_only_stays_as_it_is(smb: Running, tmp_path: Path) -> None:
    (tmp_path / "new").write_text("x")
    said = raw_smbclient(
        smb, share="docs", command=f"lcd {tmp_path}; put new; del readme.txt; get readme.txt"
    ).stdout
    assert said.count("NT_STATUS_ACCESS_DENIED") >= 2
    assert (tmp_path / "readme.txt").read_text() == "read only\n"


@pytest.mark.parametrize("protection", ["sign", "off"])
def test_64_mib_there_and_back(smb: Running, work: Path, tmp_path: Path, protection: str) -> None:
    """Every message signed, or none: the bytes are the same."""
    size = 64 * 1024 * 1024
    data = os.urandom(1 << 20) * (size >> 20)
    (tmp_path / "big").write_bytes(data)
    option = [f"--client-protection={protection}"]
    smbclient(smb, *option, command=f'cd "{work.name}"; lcd {tmp_path}; put big; get big again')
    assert (work / "big").read_bytes() == data
    assert (tmp_path / "again").read_bytes() == data


def test_signing_required(start: Start) -> None:
    with start("--signing", "required") as smb:
        (smb.folder / "a").write_text("x")
        assert re.search(r"^  a ", smbclient(smb, command="ls"), re.MULTILINE)


def test_the_old_form_of_sign_in(smb: Running) -> None:
    """Without extended security: a 13-word session setup with NTLMv2, NTLMv1 and LM responses."""
    for options in (
        ["--option=client use spnego=no"],
        ["--option=client use spnego=no", "--option=client ntlmv2 auth=no"],
        [
            "--option=client use spnego=no",
            "--option=client ntlmv2 auth=no",
            "--option=client lanman auth=yes",
        ],
    ):
        assert "blocks available" in smbclient(smb, *options, command="ls")
        refused = raw_smbclient(smb, *options, command="ls", user=f"{USER}%{WRONG}")
        assert "NT_STATUS_LOGON_FAILURE" in refused.stdout


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("srvinfo", r"FAKESMB\b"),
        ("netshareenum", r"netname: files"),
        ("netshareenumall", r"netname: c\$"),
        ("netsharegetinfo files", r"netname: files"),
        ("netsessenum", r"Received [1-9]\d* entries"),
        ("enumdomusers", rf"user:\[{USER}\]"),
        (f"queryuser {USER}", r"acb_info :\s+0x00000210"),
        ("queryaliasmem builtin 544", r"sid:\[S-1-5-21-[0-9-]+-500\]"),
        ("querydominfo", r"ROLE_DOMAIN_PDC"),
        ("enumprivs", r"SeBackupPrivilege"),
        ("lsaenumsid", r"S-1-5-32-544"),
        (f"lookupnames {USER}", rf"{USER} S-1-5-21-"),
        ("epmlookup", r"lsass"),
    ],
)
def test_rpcclient(smb: Running, command: str, expected: str) -> None:
    done = rpcclient(smb, command)
    assert done.returncode == 0, done.stdout
    assert re.search(expected, done.stdout), done.stdout


@pytest.mark.parametrize(
    "options", ["connect", "packet", "sign", "seal", "ntlm,seal", "spnego,sign,bigendian"]
)
def test_rpcclient_signs_in_inside_the_pipe(smb: Running, options: str) -> None:
    done = rpcclient(smb, f"enumdomusers;lookupnames {USER}", host=f"ncacn_np:127.0.0.1[{options}]")
    assert done.returncode == 0, done.stdout
    assert f"user:[{USER}]" in done.stdout
    assert re.search(rf"{USER} S-1-5-21-", done.stdout), done.stdout
