"""A real client lists, reads, writes, renames and deletes whatever make of server it talks to."""

import io
from pathlib import Path
from typing import cast

import pytest
from impacket.smbconnection import SMBConnection as Impacket
from smb.SMBConnection import SMBConnection as PySMB  # type: ignore[import-untyped]

from fakesmb import FakeSMB
from fakesmb.core.profile import CAPABILITIES
from fakesmb.core.profiles import ROWS, profile
from fakesmb.keywords import Switches
from tests.clients.client_runs import PASSWORD, USER, need, run

NTLMV1 = ("--option=client NTLMv2 auth=no", "--option=client lanman auth=yes")
OF_NT = [row.name for row in ROWS if profile(row.name).nt_smbs]
"""Those with NT_CREATE_ANDX, which clients of NT LM 0.12 want; the others: tests/clients/test_dialects.py."""
WANTED = ("nt_smbs", "nt_find")
"""What Samba's client cannot do without: it opens by NT_CREATE_ANDX, and lists by level 0x104 wherever those are."""
DATA = bytes(range(256)) * 600


def smbclient(smb: FakeSMB, conf: Path, commands: str, *options: str, share: str = "files") -> str:
    """What smbclient says; SMB1 is all that it may speak."""
    conf.write_text("[global]\nclient min protocol = NT1\nclient max protocol = NT1\n")
    words = (
        "smbclient",
        "-s",
        str(conf),
        f"//{smb.host}/{share}",
        "-p",
        str(smb.port),
        *options,
        "-c",
        commands,
    )
    return run(*words).stdout


def tour(smb: FakeSMB, folder: Path, tmp_path: Path, *options: str) -> None:
    """One visit: what the client puts on the server is what lies in the folder and comes back."""
    (tmp_path / "put.bin").write_bytes(DATA)
    (folder / "there.txt").write_bytes(b"from the server")
    commands = (
        f"put {tmp_path}/put.bin put.bin; ls; get there.txt {tmp_path}/there.txt; get put.bin {tmp_path}/back.bin;"
        "rename put.bin new.bin; mkdir sub; rename new.bin sub\\new.bin; del there.txt; ls sub\\*; cd sub"
    )
    text = smbclient(smb, tmp_path / "smb.conf", commands, *options)
    assert "there.txt" in text, text
    assert "put.bin" in text, text
    assert "NT_STATUS" not in text, text
    assert (tmp_path / "back.bin").read_bytes() == DATA
    assert (tmp_path / "there.txt").read_bytes() == b"from the server"
    assert (folder / "sub" / "new.bin").read_bytes() == DATA
    assert not (folder / "there.txt").exists()
    assert smb.journal.problems() == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("smbclient")
    made = tmp_path / "files"
    made.mkdir()
    return made


@pytest.mark.parametrize("name", OF_NT)
def test_smbclient_works_with_every_profile(name: str, folder: Path, tmp_path: Path) -> None:
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, profile=name) as smb:
        how = () if smb.config.settings.profile.extended_security else NTLMV1
        tour(smb, folder, tmp_path, "-U", f"{USER}%{PASSWORD}", *how)
        shares = smbclient(smb, tmp_path / "smb.conf", "", "-U", f"{USER}%{PASSWORD}", *how, "-L", smb.host)
        assert "Sharename" in shares, shares
        assert "\tfiles " in shares, shares


@pytest.mark.parametrize("switch", [name for name in CAPABILITIES if name not in WANTED])
def test_smbclient_works_without_any_one_capability(switch: str, folder: Path, tmp_path: Path) -> None:
    switches = cast(Switches, {switch: False})
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, settings=switches) as smb:
        how = () if smb.config.settings.profile.extended_security else NTLMV1
        tour(smb, folder, tmp_path, "-U", f"{USER}%{PASSWORD}", *how)


@pytest.mark.parametrize("name", OF_NT)
def test_pysmb_and_impacket_work_with_every_profile(name: str, tmp_path: Path) -> None:
    """pysmb goes by the Flags2 of replies, impacket by Capabilities."""
    with FakeSMB({"files": tmp_path}, users={USER: PASSWORD}, profile=name) as smb:
        v2 = "ntlmv2" in smb.config.accept
        python = PySMB(USER, PASSWORD, "test", "FAKESMB", use_ntlm_v2=v2, is_direct_tcp=True)
        assert python.connect(smb.host, smb.port)
        python.storeFile("files", "p.bin", io.BytesIO(DATA))
        assert {"p.bin"} <= {one.filename for one in python.listPath("files", "/")}
        python.rename("files", "p.bin", "q.bin")
        python.close()
        other = Impacket("FAKESMB", smb.host, sess_port=smb.port, preferredDialect="NT LM 0.12")
        other.login(USER, PASSWORD)
        got = io.BytesIO()
        other.getFile("files", "q.bin", got.write)
        other.deleteFile("files", "q.bin")
        assert len(other.listShares()) == 2
        other.close()
        assert got.getvalue() == DATA
        assert list(tmp_path.iterdir()) == []
        assert smb.journal.problems() == []


def test_the_old_nas_lets_unknown_users_in_as_guests(folder: Path, tmp_path: Path) -> None:
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, profile="old-nas") as smb:
        tour(smb, folder, tmp_path, "-U", "somebody%else", *NTLMV1)


def test_guest_only_makes_a_wrong_password_a_guest(folder: Path, tmp_path: Path) -> None:
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, settings={"guest_only": True}) as smb:
        tour(smb, folder, tmp_path, "-U", f"{USER}%wrong", "--option=client signing=off")
