"""`smb.capture(path)`: what clients and the server said, as Wireshark reads it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.nt.status import NT
from fakesmb.wire.commands import Command
from tests.capture.sharks import assert_sound, comments, smb, tshark
from tests.clients.client_runs import PASSWORD, USER, need, run


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeSMB]:
    (tmp_path / "public").mkdir()
    (tmp_path / "public/a.txt").write_bytes(b"hello" * 20_000)
    log = tmp_path / "log.jsonl"
    with FakeSMB({"public": tmp_path / "public"}, users={USER: PASSWORD}, log_file=log) as smb:
        yield smb


def smbclient(server: FakeSMB, command: str) -> str:
    need("smbclient")
    where = ["-p", str(server.port), "//127.0.0.1/public", "-U", f"{USER}%{PASSWORD}"]
    return run("smbclient", "-m", "NT1", "--option=client min protocol=NT1", *where, "-c", command).stdout


def lines(file: Path) -> list[dict[str, Any]]:
    """The messages of a log."""
    told = (json.loads(line) for line in file.read_text().splitlines())
    return [one for one in told if one["event"] in ("request", "response")]


def test_tshark_reads_what_the_log_tells(server: FakeSMB, tmp_path: Path) -> None:
    need("tshark")
    file = tmp_path / "talk.pcapng"
    with server.capture(file):
        said = smbclient(
            server, f"ls; get a.txt {tmp_path}/got; put {tmp_path}/got b; rename b c; rm c; get none"
        )
    assert "OBJECT_NAME_NOT_FOUND" in said
    server.stop()
    assert_sound(file)
    told, shown = lines(tmp_path / "log.jsonl"), smb(file)
    assert len(told) == len(shown) > 40
    for line, one in zip(told, shown, strict=True):
        assert Command(one.command).name == line["command"].removeprefix("SMB_COM_")
        assert NT(one.status).name == line.get("status", "STATUS_SUCCESS").removeprefix("STATUS_")
        if any(one.fids):
            assert line["fid"] in one.fids
        if line["command"] == "SMB_COM_NT_CREATE_ANDX":
            assert line["path"] in one.files
    said_of = [one for one in comments(file) if one.startswith(("C; ", "R; ", "NTLMSSP:", "DFS:"))]
    assert [one.partition("; connection ")[0] for one in said_of] == [line["summary"] for line in told]
    assert comments(file)[0].startswith("connection 1 opened from 127.0.0.1:")
    assert "connection 1 closed: the client closed it" in comments(file)


def test_the_port_is_written_as_445_or_as_it_is(server: FakeSMB, tmp_path: Path) -> None:
    need("tshark")
    known, real = tmp_path / "445.pcapng", tmp_path / "real.pcapng"
    with server.capture(known), server.capture(real, ports="real"):
        smbclient(server, "ls")
    port = server.port
    for file, written in ((known, 445), (real, port)):
        ends = tshark(file, "-T", "fields", "-e", "tcp.dstport", "-Y", "tcp.flags.syn == 1")
        assert ends.split()[0] == str(written)
    told = run("capinfos", known).stdout
    assert f"the server on 127.0.0.1:{port}; port {port} is written as 445" in told


def test_secrets_are_zeros_unless_they_are_wanted(server: FakeSMB, tmp_path: Path) -> None:
    need("tshark")
    hidden, open_ = tmp_path / "hidden.pcapng", tmp_path / "open.pcapng"
    with server.capture(hidden), server.capture(open_, secrets=True):
        smbclient(server, "ls")
    fields = ("-T", "fields", "-e", "ntlmssp.ntlmv2_response.ntproofstr", "-e", "ntlmssp.auth.username")
    [found] = tshark(hidden, "-Y", "ntlmssp.auth.username", *fields).splitlines()
    [wanted] = tshark(open_, "-Y", "ntlmssp.auth.username", *fields).splitlines()
    assert found == f"{'0' * 32}\talice"
    assert wanted.split("\t")[1] == "alice"
    assert set(wanted.split("\t")[0]) != {"0"}
    assert_sound(hidden)
    assert_sound(open_)


def test_snap_keeps_the_beginnings_of_packets(server: FakeSMB, tmp_path: Path) -> None:
    need("tshark")
    file = tmp_path / "short.pcapng"
    with server.capture(file, snap=200):
        smbclient(server, f"get a.txt {tmp_path}/got; put {tmp_path}/got b")
    kept = tshark(file, "-T", "fields", "-e", "frame.cap_len", "-e", "frame.len")
    sizes = [tuple(map(int, line.split())) for line in kept.splitlines()]
    assert all(cap <= min(size, 200) for cap, size in sizes)
    assert (200, 64_630) in sizes  # a read, whose data the kernel sends
    assert max(size for _, size in sizes) > 64_630
    assert tshark(file, "-Y", "tcp.analysis.lost_segment || tcp.checksum.status == 0") == ""
