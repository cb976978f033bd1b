"""What the journal says of real clients: pysmb, impacket and smbclient, each by commands of its own."""

import io
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from impacket.smbconnection import SMBConnection

from fakesmb import NT, FakeSMB, closed, connected, disconnected, opened, read, signed_in
from tests.record.talks import check_glances

needs_smbclient = pytest.mark.skipif(shutil.which("smbclient") is None, reason="smbclient is not there")


def pysmb(smb: FakeSMB) -> Any:
    """A connection of pysmb, which is told to leave SMB 2 alone."""
    structs = pytest.importorskip("smb.smb_structs", reason="pysmb is not there")
    module = pytest.importorskip("smb.SMBConnection")
    structs.SUPPORT_SMB2 = False
    client = module.SMBConnection("alice", "Secret123", "me", "SERVER", use_ntlm_v2=True, is_direct_tcp=True)
    assert client.connect(smb.host, smb.port)
    return client


def smbclient(smb: FakeSMB, commands: str, user: str = "alice%Secret123", protocol: str = "NT1") -> int:
    command = [
        "smbclient",
        f"//{smb.host}/in",
        "-p",
        str(smb.port),
        "-U",
        user,
        "-m",
        protocol,
        "-c",
        commands,
    ]
    options = [] if protocol != "NT1" else ["--option=client min protocol=NT1"]
    return subprocess.run([*command, *options], capture_output=True, timeout=60, check=False).returncode


@pytest.fixture
def smb() -> Iterator[FakeSMB]:
    with FakeSMB({"in": {"a.txt": b"hello", "dir": {}}}, users={"alice": "Secret123"}, keep_data=100) as smb:
        yield smb


def test_pysmb_opens_by_a_command_of_its_own(smb: FakeSMB) -> None:
    client = pysmb(smb)
    came = io.BytesIO()
    client.retrieveFile("in", "/a.txt", came)
    assert came.getvalue() == b"hello"
    journal = smb.journal
    journal.verify(verb="opened", path="a.txt", count=1)
    journal.verify(verb="read", data=b"hello")
    with pytest.raises(AssertionError, match=r'Nearest miss: .*Open Andx.*\n.*verb="opened" finds it'):
        journal.verify(command="SMB_COM_NT_CREATE_ANDX", path=r"\a.txt", count=1)
    journal.sequence(signed_in("alice"), connected("in"), opened("a.txt"), read(), closed(), per="connection")
    with journal.expect(verb="wrote", path="new.txt", data=b"written", count=1):
        client.storeFile("in", "/new.txt", io.BytesIO(b"written"))
    journal.verify(verb="created", path="new.txt", count=1)
    client.rename("in", "/new.txt", "/dir/moved.txt")
    journal.verify(verb="renamed", path="new.txt", to="dir/moved.txt", count=1)
    client.deleteFiles("in", "/dir/moved.txt")
    journal.verify(verb="deleted", path="dir/moved.txt", count=1)
    client.createDirectory("in", "/made")
    client.deleteDirectory("in", "/made")
    journal.verify(verb="made_directory", path="made", count=1)
    journal.verify(verb="removed_directory", path="made", count=1)
    client.listPath("in", "/dir")
    journal.verify(verb="listed", path="dir")
    client.close()
    check_glances(journal)


def test_impacket_is_waited_for_in_another_thread(smb: FakeSMB) -> None:
    def later() -> None:
        client = SMBConnection(smb.host, smb.host, sess_port=smb.port, preferredDialect="NT LM 0.12")
        client.login("alice", "Secret123")
        client.putFile("in", "b.txt", io.BytesIO(b"from impacket").read)
        client.deleteFile("in", "a.txt")
        client.close()

    thread = threading.Thread(target=later)
    thread.start()
    (wrote,) = smb.journal.wait_for(verb="wrote", path="b.txt", timeout=30)
    assert wrote.data == b"from impacket"
    smb.journal.wait_for(verb="deleted", path="a.txt", timeout=30)
    thread.join()
    assert smb.journal.entries(event="disconnected") or smb.journal.wait_for(verb="signed_off", timeout=30)
    check_glances(smb.journal)


@needs_smbclient
def test_smbclient_by_its_own_commands(smb: FakeSMB) -> None:
    assert smbclient(smb, "ls; mkdir made; cd made; cd ..; rename a.txt b.txt; del b.txt; rmdir made") == 0
    journal = smb.journal
    journal.verify(verb="listed", path="/")
    journal.verify(verb="made_directory", path="made", count=1)
    journal.verify(verb="renamed", path="a.txt", to="b.txt", count=1)
    journal.verify(verb="deleted", path="b.txt", count=1)
    journal.verify(verb="removed_directory", path="made", count=1)
    journal.sequence(connected("in"), disconnected("in"))
    check_glances(journal)


@needs_smbclient
def test_why_smbclient_did_nothing(smb: FakeSMB) -> None:
    assert smbclient(smb, "ls", "alice%wrong") != 0
    with pytest.raises(
        AssertionError, match=r"Why: connection \d+: .*alice was refused, STATUS_LOGON_FAILURE"
    ):
        smb.journal.verify(verb="listed")
    smb.journal.verify(tried="signed_in", user="alice", status=NT.LOGON_FAILURE)
    smb.journal.clear()
    command = [
        "smbclient",
        f"//{smb.host}/in",
        "-p",
        str(smb.port),
        "-U",
        "alice%Secret123",
        "-m",
        "SMB3",
        "-c",
        "ls",
    ]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0
    with pytest.raises(
        AssertionError, match=r"(?s)Why: connection \d+ closed by the server: .*(SMB 2|NT LM 0.12)"
    ):
        smb.journal.verify(verb="listed")
