"""`reset()`: the server is as it was when it started, whatever its clients were in the middle of."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from fakesmb import ConfigError, FakeSMB, FakeSMBService, Limits, Overlay, Share, Timing, resets
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Disconnected, Event
from fakesmb.testing import PASSWORD, USER
from fakesmb.transport import direct
from fakesmb.transport.thread import ReactorThread
from fakesmb.vfs.local.store import LocalStore
from fuzz.sockets import SocketClient
from tests.core.test_notify import Watcher

CREATE, OPEN_IF = 2, 3
USERS = {USER: PASSWORD}


def client(smb: FakeSMB, share: str = "in") -> SocketClient:
    one = SocketClient(smb.port)
    one.sign_in(vc_number=7)
    one.connect(share)
    return one


def names(smb: FakeSMB, share: str = "in") -> list[str]:
    assert smb.server is not None
    store = smb.server.shares[share.upper()].store
    assert isinstance(store, LocalStore)
    return sorted(os.listdir(store.root))


def is_dropped(one: SocketClient) -> bool:
    while one.arrived(5):
        pass
    return one.closed


@pytest.fixture
def smb(place: Path) -> Iterator[FakeSMB]:
    with FakeSMB(
        {"in": {"a.txt": b"x", "dir/": {}}}, users=USERS, timing=Timing(sharing_violation=30, oplock_break=30)
    ) as server:
        yield server
        assert server.journal.problems() == []


def test_everything_begins_anew(smb: FakeSMB) -> None:
    seen = []
    for _ in range(3):
        one = client(smb)
        fid = one.create("a.txt")
        one.write(fid, b"changed")
        one.create("new", disposition=CREATE)
        seen.append((one.uid, one.tid, fid, [entry.connection for entry in smb.journal.entries()][:1]))
        assert smb.server is not None
        assert smb.server.counters.sessions == 1
        smb.reset()
        assert names(smb) == ["a.txt", "dir"]
        assert len(smb.journal) == 0
        assert is_dropped(one)
        assert (smb.server.messages, smb.server.counters.sessions, smb.server.connections) == (0, 0, {})
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][3] == [1]
    one = client(smb)
    assert one.read(one.create("A.TXT")) == b"x"


def test_the_last_events_come_before_the_journal_is_cleared(
    smb: FakeSMB, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    write, clear = smb.journal.write, smb.journal.clear

    def written(event: Event) -> None:
        if isinstance(event, Disconnected):
            order.append(event.reason)
        write(event)

    def cleared(parts: object) -> None:
        assert parts == resets.PARTS
        order.append("cleared")
        clear()

    monkeypatch.setattr(smb.journal, "write", written)
    monkeypatch.setattr(smb._service._resets, "_forget", cleared)
    clients = [client(smb) for _ in range(3)]
    smb.reset()
    assert order == ["the server is reset"] * 3 + ["cleared"]
    assert all(map(is_dropped, clients))


def test_clients_in_the_middle_of_anything_are_dropped(smb: FakeSMB) -> None:
    """A watch, a lock that is waited for, an open that meets a sharing violation, an oplock that breaks, a message
    half sent, a file to be deleted."""
    watcher = client(smb)
    watch = Watcher(watcher)
    watch.ask(tree=True)
    holder, waiter, opener, breaker, half = (client(smb) for _ in range(5))
    fid = holder.create("a.txt", access=0x00130089, share=0, disposition=OPEN_IF)
    holder.lock(fid, 0, 10)
    opener.send(0xA2, _create("a.txt"))
    batch = waiter.create("batch", disposition=CREATE, flags=6)
    breaker.send(0xA2, _create("batch"))
    deleted = holder.create("dir\\gone", access=0x00130089, disposition=CREATE, options=0x1000)
    assert deleted
    assert batch
    half.wire.socket.send(b"\0\0\1\0\xffSMB")
    time.sleep(0.05)
    smb.reset()
    for one in (watcher, holder, waiter, opener, breaker, half):
        assert is_dropped(one)
    assert names(smb) == ["a.txt", "dir"]
    assert names(smb) == ["a.txt", "dir"]
    assert smb.server is not None
    assert [
        len(share.store.opens) for share in smb.server.shares.values() if isinstance(share.store, LocalStore)
    ] == [0]
    fresh = client(smb)
    fid = fresh.create("a.txt", share=0)
    fresh.lock(fid, 0, 10)
    assert fresh.read(fid) == b"x"


def _create(name: str) -> Any:
    from fakesmb.wire.files import NtCreateAndxRequest

    return NtCreateAndxRequest(
        desired_access=0x0012019F,
        share_access=0,
        create_disposition=1,
        ext_file_attributes=0x80,
        file_name=name,
    )


class Recorder(SocketClient):
    """Keeps all that the server sends."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.came = b""

    def arrived(self, seconds: float) -> bool:
        found = super().arrived(seconds)
        self.came += self._sent[-1] if found else b""
        return found


def test_a_repeatable_server_says_the_same_again(place: Path, tmp_path: Path) -> None:
    """After a reset, and when it has been started anew: challenges, times, file numbers, FIDs."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_bytes(b"f")
    smb = FakeSMB(
        {"in": {"a.txt": b"x", "dir/": {"b": b"b"}}, "data": Overlay(tmp_path / "data")},
        users=USERS,
        deterministic=True,
    )

    def talk() -> bytes:
        one = Recorder(smb.port)
        one.sign_in(vc_number=7)
        one.connect("in")
        one.write(one.create("a.txt"), b"hello")
        one.create_response("dir\\b")
        one.create("new", disposition=CREATE)
        one.connect("data")
        one.create_response("f")
        return one.came

    said = []
    for _ in range(2):
        with smb:
            said.append(talk())
            smb.reset()
            said.append(talk())
    assert len(said[0]) > 500
    assert said[0] == said[1] == said[2] == said[3]


def test_faults_go_and_those_of_the_configuration_begin_anew(place: Path) -> None:
    with FakeSMB(
        {"in": {"a": b""}}, users=USERS, faults=[{"command": "READ", "nth": 1, "fail": NT.DISK_FULL}]
    ) as smb:
        smb.faults.inject(command="WRITE", fail=NT.DISK_FULL)
        for _ in range(2):
            one = client(smb)
            fid = one.create("a")
            with pytest.raises(SMBError):
                one.read(fid)
            assert one.read(fid) == b""
            assert smb.faults["fault 1"].hits == 1
            smb.reset()
            assert [fault.hits for fault in smb.faults] == [0]
        one = client(smb)
        assert one.write(one.create("a"), b"x") == 1


def test_nobody_is_waited_for_who_keeps_what_a_fault_has_ended(
    smb: FakeSMB, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = smb._service._factory
    assert factory is not None
    aborted: list[str] = []
    monkeypatch.setattr(factory, "abort_all", lambda: aborted.append("waited"))
    monkeypatch.setattr(resets, "PATIENCE", 2)
    monkeypatch.setattr(direct, "LINGER", 60)
    smb.faults.inject(command="READ", drop="after")
    one = client(smb)
    assert one.read(one.create("a.txt")) == b"x"
    smb.reset()
    assert aborted == []
    assert factory.connected == set()
    assert is_dropped(one)


def test_a_client_that_does_not_read_is_dropped_all_the_same(smb: FakeSMB) -> None:
    one = client(smb)
    fid = one.create("big", disposition=CREATE)
    for at in range(16):
        one.write(fid, bytes(60_000), at * 60_000)
    one.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    from fakesmb.wire.files import ReadAndxRequest

    for _ in range(400):
        one.mid = one.mid % 60000 + 1
        one.send_raw(one.message(0x2E, ReadAndxRequest(fid=fid, offset_low=0, max_count=60_000), mid=one.mid))
    began = time.monotonic()
    smb.reset()
    assert time.monotonic() - began < 2
    assert names(smb) == ["a.txt", "dir"]
    client(smb)


def test_plain_folders_stay_and_the_rest_does_not(place: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_bytes(b"original")
    with FakeSMB(
        {
            "plain": tmp_path / "plain",
            "data": Overlay(tmp_path / "data"),
            "ro": Share({"r": b""}, read_only=True),
        },
        users=USERS,
    ) as smb:
        one = client(smb, "plain")
        one.create("kept", disposition=CREATE)
        one.connect("data")
        one.write(one.create("f"), b"CHANGED!")
        smb.reset()
        assert os.listdir(tmp_path / "plain") == ["kept"]
        one = client(smb, "data")
        assert one.read(one.create("f")) == b"original"
        assert names(smb, "ro") == ["r"]
    assert (tmp_path / "data" / "f").read_bytes() == b"original"
    with FakeSMB({"plain": tmp_path / "plain"}, users=USERS) as smb:
        one = client(smb, "plain")
        smb.wait_for_spare()
        smb.reset()
        assert is_dropped(one)
        assert len(smb.journal) == 0


def test_wrong_passwords_are_forgotten(place: Path) -> None:
    with FakeSMB(
        {"in": {}},
        users=USERS,
        limits=Limits(lock_out_after=2),
        timing=Timing(lock_out=600, wrong_password=0),
    ) as smb:

        def refused(password: str) -> int:
            with pytest.raises(SMBError) as error:
                SocketClient(smb.port).sign_in(password=password)
            return error.value.status

        assert [NT(refused("wrong")) for _ in range(2)] == [NT.LOGON_FAILURE] * 2
        assert refused(PASSWORD) == NT.ACCOUNT_LOCKED_OUT
        smb.reset()
        client(smb)


def test_the_names_that_a_folder_had_do_not_come_back(smb: FakeSMB) -> None:
    """Tunneling gives a new file the long name of the one that had its 8.3 name a moment ago."""
    one = client(smb)
    one.create("long name.text", disposition=CREATE, options=0x1000, access=0x00130089)
    one.wire.socket.close()
    deadline = time.monotonic() + 5
    while "long name.text" in names(smb) and time.monotonic() < deadline:
        time.sleep(0.01)
    smb.reset()
    client(smb).create("LONGNA~1.TEX", disposition=CREATE)
    assert "LONGNA~1.TEX" in names(smb)


def test_side_tables_of_disks_without_extended_attributes_are_forgotten(smb: FakeSMB) -> None:
    assert smb.server is not None
    store = smb.server.shares["IN"].store
    assert isinstance(store, LocalStore)
    from fakesmb.vfs.stored import Stored

    device = os.stat(store.root).st_dev
    store.opens.side[device, 1] = Stored(attributes=2)
    store.opens.side[device + 1, 1] = Stored(attributes=2)
    smb.reset()
    assert list(store.opens.side) == [(device + 1, 1)]
    store.opens.side.clear()


def test_without_a_spare_copy_it_takes_longer_and_works(place: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_bytes(b"x" * 5000)
    with FakeSMB({"data": Overlay(tmp_path / "data", limit=10_000)}, users=USERS) as smb:
        smb.wait_for_spare()
        assert [entry.summary for entry in smb.journal.problems() if "no spare copy" in (entry.summary or "")]
        for _ in range(2):
            client(smb, "data").create("new", disposition=CREATE)
            smb.reset()
            assert names(smb, "data") == ["f"]
        (tmp_path / "data" / "f").write_bytes(b"x" * 50_000)
        with pytest.raises(ConfigError, match=r"share data: has more than 9.8 KiB"):
            smb.reset()
        assert names(smb, "data") == []
        client(smb, "data").create("new", disposition=CREATE)
        (tmp_path / "data" / "f").write_bytes(b"x")
        smb.reset()
        assert names(smb, "data") == ["f"]


def test_threads_that_reset_at_once_take_turns(smb: FakeSMB) -> None:
    errors: list[BaseException] = []

    def resets_often() -> None:
        try:
            for _ in range(5):
                smb.reset()
        except BaseException as error:
            errors.append(error)

    def works() -> None:
        while any(thread.is_alive() for thread in threads):
            try:
                one = client(smb)
                one.create("made", disposition=OPEN_IF)
            except (OSError, SMBError, AssertionError):
                pass

    threads = [threading.Thread(target=resets_often) for _ in range(3)]
    workers = [threading.Thread(target=works) for _ in range(2)]
    for thread in (*threads, *workers):
        thread.start()
    for thread in (*threads, *workers):
        thread.join(30)
    assert errors == []
    smb.reset()
    assert names(smb) == ["a.txt", "dir"]


def test_a_server_that_does_not_run_says_so(place: Path) -> None:
    smb = FakeSMB({"in": {}}, users=USERS)
    with pytest.raises(RuntimeError, match=r"does not run: start\(\) comes before reset\(\)"):
        smb.reset()
    with smb:
        smb.reset()
        assert smb._thread is not None
        with pytest.raises(RuntimeError, match="in the thread of the server itself"):
            smb._thread.call(smb.reset)
    with pytest.raises(RuntimeError, match="does not run"):
        smb.reset()
    with pytest.raises(RuntimeError, match="does not run"):
        smb.wait_for_spare()


def test_a_service_gives_deferreds(place: Path) -> None:
    service = FakeSMBService({"in": {"a": b"1"}}, users=USERS)
    outcome: list[Any] = []
    service.reset().addErrback(lambda failure: outcome.append(failure.value))
    assert "does not run" in str(outcome[0])
    thread = ReactorThread()
    thread.begin()
    try:
        thread.wait(lambda: service.start(thread.reactor))
        one = SocketClient(service.port)
        one.sign_in(vc_number=7)
        thread.wait(service.wait_for_spare)
        thread.wait(service.reset)
        assert is_dropped(one)
        thread.wait(service.stop)
        assert thread.wait(service.wait_for_spare) is None
    finally:
        thread.end()


def test_who_will_not_reset_it_needs_no_spare_copies(place: Path) -> None:
    """As `fakesmb serve`: large copies take no room twice. A reset works all the same."""
    service = FakeSMBService({"in": {"a": b"1"}}, users=USERS)
    thread = ReactorThread()
    thread.begin()
    try:
        thread.wait(lambda: service.start(thread.reactor, spares=False))
        folders = service._folders
        assert folders is not None
        assert sorted(os.listdir(folders.home)) == [".fakesmb", "in"]
        thread.call(service.share("in").delete, "a")
        thread.wait(service.reset)
        assert thread.call(service.share("in").list) == ["a"]
        thread.wait(service.stop)
    finally:
        thread.end()


def test_a_reset_that_waits_fails_when_the_server_stops(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for its spare copies; one that has not begun fails, too."""
    service = FakeSMBService({"in": {"a": b"1"}}, users=USERS)
    thread = ReactorThread()
    thread.begin()
    try:
        thread.wait(lambda: service.start(thread.reactor))
        thread.wait(service.wait_for_spare)
        folders = service._folders
        assert folders is not None
        held: list[Any] = []
        monkeypatch.setattr(folders, "when_ready", held.append)
        outcome: list[str] = []

        def begin() -> "Deferred[None]":
            for _ in range(2):
                service.reset().addErrback(lambda failure: outcome.append(str(failure.value)))
            stopped = service.stop()
            thread.reactor.callLater(0.01, held[0])
            return stopped

        thread.wait(begin)
        assert outcome == [resets.STOPPED] * 2
    finally:
        thread.end()


def test_a_disk_that_hangs_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeSMB({"in": {"a": b"1"}}, users=USERS) as smb:
        kept = client(smb)  # an object that nobody holds closes its connection
        monkeypatch.setattr(resets, "DISK_PATIENCE", 0.05)
        assert smb.server is not None
        connection = next(iter(smb.server.connections.values()))
        monkeypatch.setattr(connection, "_free_all", lambda *_: None)
        with pytest.raises(RuntimeError, match="1 connections wait for a disk that does not answer"):
            smb.reset()
        smb.server.connections.clear()
        monkeypatch.setattr(resets, "DISK_PATIENCE", 5)
        smb.reset()
        client(smb)
    del kept
