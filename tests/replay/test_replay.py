"""`fakesmb replay`: captures of real clients sent again, and what differs."""

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from impacket.dcerpc.v5 import rpcrt, srvs, transport
from impacket.smb import SMB_DIALECT
from smb.SMBConnection import SMBConnection  # type: ignore[import-untyped]

from fakesmb import NT, FakeSMB
from fakesmb.address import Place
from fakesmb.core.profile import Signing
from fakesmb.replay import pipe_auth
from fakesmb.replay.demo import Demo
from fakesmb.replay.places import Who
from tests.replay.taping import USERS, run, taped

TREE = {"readme.txt": b"hello, world", "docs": {"a.txt": b"aaa", "b.txt": b"bbb"}}


def demo(port: int) -> None:
    Demo(Place("127.0.0.1", port), Who("alice", "Secret123"), "public", say=lambda _: None).run()


def pysmb(port: int) -> None:
    with SMBConnection("alice", "Secret123", "tester", "FAKESMB", is_direct_tcp=True) as client:
        assert client.connect("127.0.0.1", port, timeout=10)
        client.listShares()
        client.listPath("public", "/")
        client.createDirectory("public", "/made")
        client.storeFile("public", "/made/file.bin", io.BytesIO(bytes(range(256)) * 300))
        client.getAttributes("public", "/made/file.bin")
        client.retrieveFile("public", "/made/file.bin", io.BytesIO())
        client.rename("public", "/made/file.bin", "/made/other.bin")
        client.listPath("public", "/docs")
        client.deleteFiles("public", "/made/other.bin")
        client.deleteDirectory("public", "/made")


def smbclient(port: int) -> None:
    """With Unix extensions, too."""
    with tempfile.TemporaryDirectory() as local:
        smbclient_in(Path(local), port)


def smbclient_in(local: Path, port: int) -> None:
    """Its files lie there."""
    (local / "put.txt").write_bytes(b"put" * 30_000)
    commands = (
        f"lcd {local}; ls; put put.txt; allinfo put.txt; get put.txt got.txt; rename put.txt other.txt; mkdir made; "
        "cd docs; ls; cd ..; rmdir made; del other.txt; volume; posix; ls"
    )
    words = [
        "smbclient",
        "-m",
        "NT1",
        "--option=client min protocol=NT1",
        "-p",
        str(port),
        "-U",
        "alice%Secret123",
    ]
    done = subprocess.run(
        [*words, "//127.0.0.1/public", "-c", commands],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, (local / "got.txt").stat().st_size) == (0, 90_000), done


needs_smbclient = pytest.mark.skipif(shutil.which("smbclient") is None, reason="smbclient is not installed")


@pytest.mark.parametrize("signing", ["off", "offered"])
@pytest.mark.parametrize("client", [demo, pysmb, pytest.param(smbclient, marks=needs_smbclient)])
def test_a_fresh_server_of_the_same_make_gives_nothing_different(
    tmp_path: Path, client: Callable[[int], None], signing: Signing
) -> None:
    with FakeSMB({"public": TREE}, users=USERS, signing=signing) as smb:
        capture = taped(smb, tmp_path, client)
    with FakeSMB({"public": TREE}, users=USERS, signing=signing) as smb:
        done = run(smb, capture)
        assert done.different == []
        assert done.code == 0
        assert done.summary["missing"] == done.summary["unsent"] == 0
        assert done.summary["sent"] == len(done.of("answer")) > 20


def calls(port: int, level: int) -> None:
    """impacket asks for the shares over a pipe with a sign-in of its own."""
    way = transport.DCERPCTransportFactory(f"ncacn_np:127.0.0.1[{chr(92)}pipe{chr(92)}srvsvc]")
    way.set_dport(port)
    way.set_credentials("alice", "Secret123")
    way.preferred_dialect(SMB_DIALECT)
    dce = way.get_dce_rpc()
    dce.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
    dce.set_auth_level(level)
    dce.connect()
    dce.bind(srvs.MSRPC_UUID_SRVS)
    srvs.hNetrShareEnum(dce, 1)
    dce.disconnect()


def test_signed_calls_over_a_pipe_go_without_their_signatures(smb: FakeSMB, tmp_path: Path) -> None:
    capture = taped(smb, tmp_path, lambda port: calls(port, rpcrt.RPC_C_AUTHN_LEVEL_PKT_INTEGRITY))
    smb.reset()
    done = run(smb, capture)
    assert {one["text"] for one in done.of("note")} == {
        "the sign-in inside the pipe is left out: its keys are the captured client's"
    }
    assert [one["text"] for one in done.of("unsent")] == [pipe_auth.LAST_STEP]
    assert not {name for _, name in done.different if "Stub" in name}
    assert smb.journal.verify(summary=re.compile("Response"))


def test_sealed_calls_over_a_pipe_cannot_be_sent(smb: FakeSMB, tmp_path: Path) -> None:
    capture = taped(smb, tmp_path, lambda port: calls(port, rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY))
    smb.reset()
    done = run(smb, capture, "--timeout", "0.2")
    assert [one["text"] for one in done.of("unsent")] == [pipe_auth.LAST_STEP, pipe_auth.SEALED]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of the documented exchange."""
    with FakeSMB({"public": TREE}, users=USERS, signing="off") as smb:
        return taped(smb, tmp_path_factory.mktemp("talk"), demo)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSMB]:
    with FakeSMB({"public": TREE, "other": TREE}, users=USERS, signing="off") as smb:
        yield smb


@pytest.fixture
def smb(server: FakeSMB) -> FakeSMB:
    server.reset()
    return server


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"command": "NT_CREATE_ANDX", "path": "readme.txt", "fail": NT.ACCESS_DENIED}, "Status"),
        (
            {"command": "TREE_CONNECT_ANDX", "share": "public", "corrupt": "optional_support"},
            "OptionalSupport",
        ),
        ({"command": "NT_CREATE_ANDX", "path": "readme.txt", "corrupt": "end_of_file"}, "EndOfFile"),
        ({"command": "READ_ANDX", "path": "readme.txt", "corrupt": -1}, "Data"),
        ({"command": "CLOSE", "path": "readme.txt", "corrupt": "uid"}, "SMB_Header.UID"),
        ({"command": "CLOSE", "path": "readme.txt", "corrupt": "tid"}, "SMB_Header.TID"),
        ({"command": "CLOSE", "path": "readme.txt", "corrupt": "pid_low"}, "SMB_Header.PIDLow"),
    ],
)
def test_what_a_server_answers_otherwise_is_found_by_the_name_of_the_field(
    smb: FakeSMB, talk: Path, fault: dict[str, Any], field: str
) -> None:
    smb.faults.inject(**fault)
    done = run(smb, talk)
    assert done.code == 1
    found = [name for _, name in done.different]
    assert found[0].endswith(field), found
    if field != "Status":
        assert len(found) == 1


def test_what_fails_is_for_the_person_to_say(smb: FakeSMB, talk: Path) -> None:
    smb.faults.inject(command="NT_CREATE_ANDX", path="readme.txt", corrupt="end_of_file")
    assert run(smb, talk, "--fail-on", "status,names").code == 0
    assert run(smb, talk, "--fail-on", "sizes").code == 1
    assert run(smb, talk, "--fail-on", "none").code == 0
    done = run(smb, talk, "--fail-on", "times")
    assert done.code == 1
    assert done.summary["failed"] == ["times"]
    assert {
        row["verdict"]
        for one in done.findings
        for row in one.get("differences", ())
        if row["kind"] == "times"
    } == {"different"}


def test_shares_have_other_names_here(smb: FakeSMB, talk: Path) -> None:
    done = run(smb, talk, "--map", r"\\127.0.0.1\public=other")
    assert done.different == [], done.different
    smb.journal.verify(verb="read", share="other", path="readme.txt")
    smb.journal.never(verb="read", share="public")
