"""Each fault as real clients see it, in processes of their own: smbclient, curl, pysmb, impacket; and on the wire."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakesmb import NT, FakeSMB
from fakesmb.faults.asked import Asked
from tests.clients.client_runs import PASSWORD, USER, need, run

pytestmark = pytest.mark.client

DATA = bytes(range(256)) * 20
SIZE = len(DATA)


class Driven:
    """pysmb and impacket in another process."""

    def __init__(self, smb: FakeSMB) -> None:
        words = [sys.executable, "-m", "tests.clients.driven", smb.host, str(smb.port), USER, PASSWORD]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert self._line() == "ready"

    def _line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def begin(self, what: str, *words: str) -> None:
        """Tells it what to do, and does not wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, *words]) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """What came of it."""
        said: dict[str, Any] = self._line()
        return said

    def do(self, what: str, *words: str) -> dict[str, Any]:
        """What came of it: what it gave or raised, and how long that took."""
        self.begin(what, *words)
        return self.end()

    def gave(self, what: str, *words: str) -> Any:
        """What it gave, where nothing went wrong."""
        said = self.do(what, *words)
        assert "raised" not in said, said
        return said["gave"]

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeSMB, Path]]:
    folder = tmp_path_factory.mktemp("faults")
    with FakeSMB({"in": folder}, users={USER: PASSWORD}, timing={"wrong_password": 0}) as smb:
        yield smb, folder


@pytest.fixture(scope="module")
def driven(started: tuple[FakeSMB, Path]) -> Iterator[Driven]:
    one = Driven(started[0])
    yield one
    one.close()


@pytest.fixture
def folder(started: tuple[FakeSMB, Path]) -> Path:
    folder = started[1]
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "a.txt").write_bytes(DATA)
    return folder


@pytest.fixture
def smb(started: tuple[FakeSMB, Path], folder: Path) -> Iterator[FakeSMB]:
    smb = started[0]
    yield smb
    smb.faults.clear()
    assert smb.journal.problems() == []


def smbclient(smb: FakeSMB, command: str, *more: str) -> str:
    need("smbclient")
    words = ["smbclient", "-m", "NT1", "--option=client min protocol=NT1", "-p", str(smb.port), *more]
    return run(*words, "-U", f"{USER}%{PASSWORD}", f"//{smb.host}/in", "-c", command).stdout


def curl(smb: FakeSMB, *more: str, path: str = "a.txt") -> tuple[int, bytes, float]:
    """The exit code, what came, and how long that took."""
    need("curl")
    began = time.monotonic()
    words = ["curl", "-s", "-u", f"{USER}:{PASSWORD}", *more, smb.url("in", path)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False, timeout=60)
    return done.returncode, done.stdout, time.monotonic() - began


# -- statuses ----------------------------------------------------------------------------------------------


def test_the_third_write_fails(smb: FakeSMB, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.bak").write_bytes(b"new")
    fault = smb.faults.inject(command="WRITE", path="*.bak", nth=3, fail=NT.DISK_FULL)
    commands = [f"put {tmp_path}/new.bak {name}" for name in ("1.bak", "2.bak", "no.txt", "3.bak", "4.bak")]
    said = smbclient(smb, "; ".join(commands))
    assert said.count("NT_STATUS_DISK_FULL") == 1
    assert (fault.seen, fault.hits) == (4, 1)
    assert [(one.path, one.status) for one in fault.exchanges] == [("\\3.bak", "STATUS_DISK_FULL")]
    assert {path.name for path in folder.iterdir() if path.read_bytes() == b"new"} == {
        "1.bak",
        "2.bak",
        "no.txt",
        "4.bak",
    }


def test_a_dos_error_goes_out_as_one(smb: FakeSMB) -> None:
    smb.faults.inject(command="OPEN", fail="ERRDOS/ERRnoaccess")
    said = smbclient(smb, "get a.txt -")
    assert "NT_STATUS_ACCESS_DENIED" in said or "ERRnoaccess" in said, said


def test_a_rule_reaches_a_client_that_is_there_and_its_end_too(smb: FakeSMB, driven: Driven) -> None:
    driven.gave("impacket")
    assert driven.gave("list") == [".", "..", "a.txt"]
    with smb.faults.inject(command="FIND", fail=NT.ACCESS_DENIED) as fault:
        assert "ACCESS_DENIED" in driven.do("list")["text"]
        assert fault.hits == 1
    assert driven.gave("list") == [".", "..", "a.txt"]


def test_a_sign_in_and_a_connection_to_a_share_fail(smb: FakeSMB) -> None:
    with smb.faults.inject(command="SESSION_SETUP_ANDX", user=USER, fail=NT.ACCOUNT_DISABLED) as fault:
        assert "NT_STATUS_ACCOUNT_DISABLED" in smbclient(smb, "ls")
        assert fault.hits == 1
    with smb.faults.inject(command="TREE_CONNECT_ANDX", share="in", fail=NT.BAD_NETWORK_NAME) as fault:
        assert "NT_STATUS_BAD_NETWORK_NAME" in smbclient(smb, "ls")
        assert fault.hits == 1


def test_a_function_decides(smb: FakeSMB, driven: Driven) -> None:
    asked: list[Asked] = []

    def no_deletions(one: Asked) -> object:
        asked.append(one)
        return NT.CANNOT_DELETE if one.path.endswith(".txt") else None

    fault = smb.faults.inject(command="DELETE", call=no_deletions)
    driven.gave("impacket")
    assert "raised" in driven.do("delete", "a.txt")
    assert (fault.hits, [one.path for one in asked]) == (1, ["\\a.txt"])


# -- time --------------------------------------------------------------------------------------------------


def test_a_delay_delays_one_and_no_other(smb: FakeSMB, driven: Driven) -> None:
    fault = smb.faults.inject(command="READ", times=1, delay=0.5)
    driven.gave("pysmb")
    driven.begin("read", "a.txt")
    fault.wait()
    code, came, took = curl(smb)
    assert (code, came) == (0, DATA)
    assert took < 0.4
    slow = driven.end()
    assert slow["gave"] == DATA.decode("latin-1")
    assert 0.5 <= slow["took"] < 1.5
    assert fault.hits == 1


def test_a_server_that_hangs(smb: FakeSMB, driven: Driven) -> None:
    fault = smb.faults.inject(command="READ", hang=True)
    code, came, took = curl(smb, "--max-time", "0.3")
    assert (code, came) == (28, b"")  # CURLE_OPERATION_TIMEDOUT
    assert 0.3 <= took < 1
    driven.gave("pysmb")
    driven.begin("read", "a.txt")
    fault.wait(2)
    fault.remove()
    assert driven.end()["gave"] == DATA.decode("latin-1")


def test_an_answer_trickles(smb: FakeSMB) -> None:
    fault = smb.faults.inject(command="READ", trickle=10_000, times=1)
    code, came, took = curl(smb)
    assert (code, came) == (0, DATA)
    assert 0.45 <= took < 1.5  # 5,120 bytes, and what is around them
    assert fault.hits == 1


def test_a_slow_disk(smb: FakeSMB, driven: Driven) -> None:
    driven.gave("impacket")
    with smb.faults.inject(share="in", command="OPEN", slow_disk=0.3) as fault:
        said = driven.do("read", "a.txt")
        assert said["gave"] == DATA.decode("latin-1")
        assert 0.3 <= said["took"] < 1
        assert fault.hits == 1


# -- the bytes of answers ----------------------------------------------------------------------------------


def test_a_changed_mid_is_no_answer(smb: FakeSMB, driven: Driven) -> None:
    fault = smb.faults.inject(command="READ", corrupt="magic")
    driven.gave("impacket")
    assert "raised" in driven.do("read", "a.txt")
    assert fault.hits == 1


def test_changed_data_arrive_changed(smb: FakeSMB, driven: Driven) -> None:
    fault = smb.faults.inject(command="READ", nth=1, corrupt={"field": "data", "xor": 0x80})
    driven.gave("pysmb")
    assert driven.gave("read", "a.txt") == "\x80" + DATA[1:].decode("latin-1")
    assert driven.gave("read", "a.txt") == DATA.decode("latin-1")
    assert fault.hits == 1


def test_a_wrong_signature_is_noticed(smb: FakeSMB) -> None:
    fault = smb.faults.inject(command="FIND", times=1, bad_signature=True)
    said = smbclient(smb, "ls", "--option=client signing=required")
    assert "NT_STATUS_ACCESS_DENIED" in said or "NT_STATUS_CONNECTION" in said, said
    assert "a.txt" not in said
    assert fault.hits == 1
    assert "a.txt" in smbclient(smb, "ls", "--option=client signing=required")


# -- disks -------------------------------------------------------------------------------------------------


def test_short_reads(smb: FakeSMB, driven: Driven, tmp_path: Path) -> None:
    """smbclient asks again behind what came, until it has all; pysmb takes it for the end; curl knows better (18)."""
    fault = smb.faults.inject(path="a.txt", short_read=1000)
    assert "NT_STATUS" not in smbclient(smb, f"get a.txt {tmp_path}/got")
    assert (tmp_path / "got").read_bytes() == DATA
    assert (fault.seen, fault.hits) == (SIZE // 1000 + 1, SIZE // 1000)
    fault.remove()
    fault = smb.faults.inject(path="a.txt", short_read=1000)
    driven.gave("pysmb")
    assert driven.gave("read", "a.txt") == DATA[:1000].decode("latin-1")
    code, came, _ = curl(smb)
    assert (code, came) == (18, DATA[:1000])
    assert (fault.seen, fault.hits) == (2, 2)


def test_a_disk_with_a_defect(smb: FakeSMB, driven: Driven, folder: Path, tmp_path: Path) -> None:
    with smb.faults.inject(command="READ", path="a.txt", io_error=True) as fault:
        said = smbclient(smb, f"get a.txt {tmp_path}/got")
        assert "NT_STATUS_DATA_ERROR" in said
        assert fault.hits >= 1
    assert "NT_STATUS" not in smbclient(smb, f"get a.txt {tmp_path}/got")
    driven.gave("impacket")
    with smb.faults.inject(flush_fails=True) as fault:
        assert driven.gave("flush", "a.txt") == NT.DATA_ERROR
        assert fault.hits == 1
    (folder / "b.txt").touch()
    assert driven.gave("flush", "b.txt") == 0


def test_a_disk_that_fills_up(smb: FakeSMB, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(9000))
    fault = smb.faults.inject(share="in", disk_full_after=10_000)
    said = smbclient(
        smb, f"put {tmp_path}/large first; put {tmp_path}/large second; get first {tmp_path}/back"
    )
    assert said.count("NT_STATUS_DISK_FULL") == 1
    assert fault.hits == 1
    assert (
        (tmp_path / "back").read_bytes()
        == (folder / "first").read_bytes()
        == (tmp_path / "large").read_bytes()
    )
    assert (folder / "second").read_bytes() == (tmp_path / "large").read_bytes()[:1000]
    assert "0 blocks available" in smbclient(smb, "ls")


# -- the end of connections --------------------------------------------------------------------------------


_END = b"the trace ends here"


class Trace:
    """What goes over the loopback to and from a port."""

    def __init__(self, port: int, file: Path) -> None:
        self._file = file
        self._port = port
        words = ["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(file)]
        self._process = subprocess.Popen(words, stderr=subprocess.PIPE, encoding="utf-8")
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith("File:"):
                break
        else:
            pytest.skip("dumpcap may not capture the loopback")

    def stop(self) -> list[tuple[int, bool, bool, int]]:
        """Of each segment that the server sent: its connection, RST, FIN, bytes.

        What is captured is written some time later: the last connection, which is ours, says that all is there.
        """
        with socket.create_connection(("127.0.0.1", self._port)) as last:
            last.sendall(_END)
        for _ in range(60):
            time.sleep(0.1)
            if _END in self._file.read_bytes():
                break
        self._process.send_signal(signal.SIGINT)
        self._process.wait(10)
        fields = [
            word for name in ("stream", "flags.reset", "flags.fin", "len") for word in ("-e", f"tcp.{name}")
        ]
        filter_ = f"tcp.srcport == {self._port}"
        words = ["tshark", "-n", "-r", str(self._file), "-Y", filter_, "-T", "fields", *fields]
        told = run(*words).stdout.split("\n")
        rows = [line.split("\t") for line in told if line.count("\t") == 3]
        return [(int(a), b in ("1", "True"), c in ("1", "True"), int(d)) for a, b, c, d in rows]


def test_a_packet_trace_tells_a_reset_from_a_close(smb: FakeSMB, driven: Driven, tmp_path: Path) -> None:
    """Each way to end a connection, with the segments that the server sent in it; and an answer in pieces."""
    need("dumpcap", "tshark")
    trace = Trace(smb.port, tmp_path / "trace.pcapng")
    rules: list[dict[str, Any]] = [
        {"command": "READ", "reset": True},
        {"command": "READ", "drop": "before"},
        {"command": "READ", "drop": "mid-response"},
        {"command": "READ", "drop": "mid-response", "reset": True},
        {"command": "READ", "drop": "after"},
        {"command": "READ", "split": [1, 3, 36], "times": 1},
        {"on": "connect", "reset": True},
        {"on": "connect", "drop": "before"},
    ]
    saw = []
    for rule in rules:
        if rule.get("on") == "connect":
            with smb.faults.inject(**rule) as fault:
                saw.append(driven.do("connected"))
                assert fault.hits == 1
        else:
            driven.gave("pysmb")
            with smb.faults.inject(**rule) as fault:
                saw.append(driven.do("read", "a.txt"))
                assert fault.hits == 1
    segments = trace.stop()
    connections = sorted({one[0] for one in segments})[: len(rules)]
    assert len(connections) == len(rules)
    ends = []
    for number in connections:
        own = [one for one in segments if one[0] == number]
        # After a FIN a client may still send something, to which the kernel says RST: what comes first counts.
        ends.append(next(((one[1], one[2]) for one in own if one[1] or one[2]), None))
    reset, closed = (True, False), (False, True)
    assert ends[:5] + ends[6:] == [reset, closed, closed, reset, closed, reset, closed]
    lengths = [one[3] for one in segments if one[0] == connections[5] and one[3]]
    assert any(lengths[at : at + 3] == [1, 3, 36] for at in range(len(lengths)))
    assert [one.get("raised") for one in saw[:1] + saw[6:7]] == ["ConnectionResetError"] * 2
    assert saw[5]["gave"] == DATA.decode("latin-1")
    assert saw[7]["gave"] == ""
    whole = SIZE + 60 + 4
    answers = {at: [one[3] for one in segments if one[0] == connections[at]][-1] for at in (2, 3)}
    for at in (2, 3):
        bytes_of = [one[3] for one in segments if one[0] == connections[at] and one[3]]
        assert bytes_of[-1] == whole // 2, answers


def test_a_client_may_be_turned_away_once(smb: FakeSMB) -> None:
    fault = smb.faults.inject(on="connect", times=1, reset=True)
    assert curl(smb)[0] != 0
    assert curl(smb)[:2] == (0, DATA)
    assert (fault.seen, fault.hits) == (2, 1)


def test_counts_are_exact_for_many_processes_at_once(smb: FakeSMB) -> None:
    need("curl")
    fault = smb.faults.inject(command="READ", nth=[2, 5], fail=NT.ACCESS_DENIED)
    every = smb.faults.inject(command="OPEN", every=4, fail=NT.SHARING_VIOLATION)
    words = ["curl", "-s", "-u", f"{USER}:{PASSWORD}", "-o", os.devnull, smb.url("in", "a.txt")]
    running = [subprocess.Popen(words) for _ in range(12)]
    codes = [one.wait(30) for one in running]
    assert (every.seen, every.hits) == (12, 3)
    assert fault.hits == 2
    assert sum(code != 0 for code in codes) == 5
