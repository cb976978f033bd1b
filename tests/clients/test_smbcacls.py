"""smbcacls and smbcquotas, which take no port: against a server of their own on port 445."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, Start, need, run

pytestmark = pytest.mark.client

PRIVATE_LOOPBACK = f"127.68.69.{1 + int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:])}"
"""This worker's alone, so that port 445 is free there."""
EVERYONE = "ACL:Everyone:ALLOWED"


@dataclass
class Desk:
    """Runs programs in one folder of a server."""

    smb: Running

    def run(self, program: str, *words: str) -> str:
        need(program)
        return str(
            run(
                program,
                "-s", self.smb.config,
                "-m", "NT1",
                "-U", f"{USER}%{PASSWORD}",
                f"//{PRIVATE_LOOPBACK}/files",
                *words,
            ).stdout
        )  # fmt: skip

    def acl(self, name: str, *words: str) -> str:
        return self.run("smbcacls", name, *words)

    def aces(self, name: str) -> list[str]:
        """The list's entries as smbcacls shows them."""
        lines = self.acl(name).splitlines()
        assert lines[0] == "REVISION:1", lines
        return [line for line in lines if line.startswith("ACL:")]


@pytest.fixture(scope="module")
def desk(start: Start) -> Iterator[Desk]:
    need("smbcacls")
    try:
        socket.create_server((PRIVATE_LOOPBACK, 445)).close()
    except OSError as error:
        pytest.skip(f"smbcacls wants port 445: {error}")
    with start("--host", PRIVATE_LOOPBACK, "--port", "445") as smb:
        yield Desk(smb)
        assert smb.problems() == []


def test_a_descriptor_is_shown_by_names_by_numbers_and_as_sddl(desk: Desk) -> None:
    (desk.smb.folder / "shown").touch()
    assert desk.acl("shown").splitlines() == [
        "REVISION:1",
        "CONTROL:SR|DP",
        "OWNER:BUILTIN\\Administrators",
        "GROUP:BUILTIN\\Users",
        f"{EVERYONE}/0x0/FULL",
    ]
    assert "ACL:S-1-1-0:0/0x0/0x001f01ff\n" in desk.acl("shown", "--numeric")
    assert desk.acl("shown", "--sddl").splitlines()[-1] == "O:BAG:BUD:(A;;0x001f01ff;;;WD)"
    assert "NT_STATUS_OBJECT_NAME_NOT_FOUND" in desk.acl("none")


def test_entries_are_added_changed_and_deleted(desk: Desk) -> None:
    (desk.smb.folder / "changed").touch()
    guests = "ACL:BUILTIN\\Guests:ALLOWED/0x0"
    denied = "ACL:BUILTIN\\Backup Operators:DENIED/0x0/0x00000001"
    assert desk.acl("changed", "-a", "ACL:BUILTIN\\Guests:ALLOWED/0/READ") == ""
    assert desk.acl("changed", "-a", "ACL:S-1-5-32-551:DENIED/0/0x1") == ""
    assert desk.aces("changed") == [denied, f"{EVERYONE}/0x0/FULL", f"{guests}/READ"]
    assert desk.acl("changed", "-M", "ACL:BUILTIN\\Guests:ALLOWED/0/CHANGE") == ""
    assert desk.aces("changed")[-1] == f"{guests}/CHANGE"
    assert "not found" in desk.acl("changed", "-M", "ACL:BUILTIN\\Power Users:ALLOWED/0/READ")
    assert desk.acl("changed", "-D", "ACL:BUILTIN\\Guests:ALLOWED/0/CHANGE") == ""
    assert desk.aces("changed") == [denied, f"{EVERYONE}/0x0/FULL"]


def test_owner_group_and_list_are_set(desk: Desk) -> None:
    (desk.smb.folder / "owned").touch()
    assert desk.acl("owned", "-S", f"{EVERYONE}/0/FULL,ACL:BUILTIN\\Users:ALLOWED/0/RWX") == ""
    assert desk.aces("owned") == [f"{EVERYONE}/0x0/FULL", "ACL:BUILTIN\\Users:ALLOWED/0x0/RWX"]
    assert desk.acl("owned", "-C", USER) == ""
    assert desk.acl("owned", "-G", "BUILTIN\\Guests") == ""
    assert desk.acl("owned").splitlines()[2:4] == [f"OWNER:FAKESMB\\{USER}", "GROUP:BUILTIN\\Guests"]
    assert desk.acl("owned", "--sddl", "-S", "O:BAG:BUD:(D;;0x1;;;BG)(A;;0x1f01ff;;;WD)").count("\n") <= 2
    assert desk.aces("owned") == ["ACL:BUILTIN\\Guests:DENIED/0x0/0x00000001", f"{EVERYONE}/0x0/FULL"]


def test_inheritance(desk: Desk) -> None:
    """What is made in a directory gets its inheritable entries; the client hands changes on to what is there."""
    top = desk.smb.folder / "top"
    (top / "inner").mkdir(parents=True)
    (top / "inner" / "file").touch()
    added = ("--propagate-inheritance", "-a", "ACL:BUILTIN\\Guests:ALLOWED/OI|CI/READ")
    assert desk.acl("top", *added) == ""
    assert desk.aces("top") == [f"{EVERYONE}/OI|CI/FULL", "ACL:BUILTIN\\Guests:ALLOWED/OI|CI/READ"]
    assert "ACL:BUILTIN\\Guests:ALLOWED/OI|CI|I/READ" in desk.aces("top/inner")
    assert "ACL:BUILTIN\\Guests:ALLOWED/I/READ" in desk.aces("top/inner/file")
    assert desk.acl("top/inner", "-I", "remove") == ""
    assert desk.aces("top/inner") == [f"{EVERYONE}/OI|CI/FULL"]
    assert desk.acl("top/inner").splitlines()[1] == "CONTROL:SR|PD|DP"
    assert desk.acl("top/inner", "-I", "allow") == ""
    assert "ACL:BUILTIN\\Guests:ALLOWED/OI|CI|I/READ" in desk.aces("top/inner")
    assert desk.acl("top/inner", "-I", "copy") == ""
    assert "ACL:BUILTIN\\Guests:ALLOWED/OI|CI/READ" in desk.aces("top/inner")


def test_what_is_denied_is_refused(desk: Desk) -> None:
    """bob may still read what the list lets him, and nothing else."""
    (desk.smb.folder / "mine").write_text("text")
    assert desk.acl("mine", "-S", f"ACL:{USER}:ALLOWED/0/FULL,ACL:bob:ALLOWED/0/READ") == ""
    target = ("-s", desk.smb.config, "-m", "NT1", f"//{PRIVATE_LOOPBACK}/files", "-U", "bob%Hunter22", "-c")
    said = run("smbclient", *target, "get mine -; setmode mine +h; reput /etc/hostname mine").stdout
    assert "text" in said
    assert "cli_setatr failed: NT_STATUS_ACCESS_DENIED" in said
    assert "NT_STATUS_ACCESS_DENIED opening remote file" in said


def test_quotas_are_not_kept(desk: Desk) -> None:
    for words in ((), ("-L",), ("-u", USER), ("-S", f"UQLIM:{USER}:1000/2000")):
        assert desk.run("smbcquotas", *words) == "Quotas are not supported by the server.\n"
