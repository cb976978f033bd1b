"""Faults of a server that listens: armed from any thread, before the start and while clients are there; waited for."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from fakesmb import NT, FakeSMB, FakeSMBService
from fakesmb.faults.fault import Fault, Faults
from fakesmb.faults.keys import FaultKeys
from fakesmb.faults.reading import KEYS
from fakesmb.faults.waiting import when_hit
from fakesmb.testing import PASSWORD, USER
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ReadAndxRequest, ReadAndxResponse
from fakesmb.wire.session import EchoRequest
from fuzz.sockets import SocketClient


@pytest.fixture
def smb(tmp_path: Path) -> Iterator[FakeSMB]:
    (tmp_path / "a.txt").write_bytes(b"hello")
    with FakeSMB({"in": tmp_path}, users={USER: PASSWORD}) as smb:
        yield smb


def client_of(smb: FakeSMB) -> SocketClient:
    client = SocketClient(smb.port)
    client.sign_in(vc_number=7)
    client.connect("in")
    return client


def echo(client: SocketClient) -> bool:
    """Whether an ECHO is answered as it should be."""
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    return client.answer().header.status == 0


def test_the_typed_keys_are_all_there_are() -> None:
    assert set(FaultKeys.__annotations__) == set(KEYS)


def test_a_rule_armed_while_a_client_is_there_acts_on_it(smb: FakeSMB) -> None:
    client = client_of(smb)
    assert echo(client)
    with smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED) as fault:
        assert not echo(client)
        fault.wait()
        assert [(one.command, one.status, one.fault) for one in fault.exchanges] == [
            ("SMB_COM_ECHO", "STATUS_ACCESS_DENIED", "fault 1")
        ]
        smb.journal.verify(fault="fault 1", count=1)
    assert echo(client)
    client.lost()


def test_the_log_names_the_rule_once(smb: FakeSMB) -> None:
    client = client_of(smb)
    for name in ("fault 1", "no echoes"):
        with smb.faults.inject(name=name, command="ECHO", fail=NT.ACCESS_DENIED):
            echo(client)
            assert smb.journal.lines(1)[0].endswith(
                f"STATUS_ACCESS_DENIED ({name if name == 'fault 1' else f'fault {name}'})"
            )
    client.lost()


def test_a_reset_clears_them(smb: FakeSMB) -> None:
    """Whoever hangs is dropped, and the names begin anew."""
    client = client_of(smb)
    fault = smb.faults.inject(command="ECHO", hang=True)
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    fault.wait()
    smb.reset()
    assert client.wire.socket.recv(100) == b""
    client.lost()
    assert not fault.armed
    assert (len(smb.faults), smb.faults.all) == (0, [])
    with smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED) as again:
        assert again.name == "fault 1"
        other = client_of(smb)
        assert not echo(other)
        assert len(again.exchanges) == 1
        other.lost()


def test_a_service_gives_a_deferred(smb: FakeSMB) -> None:
    """In the reactor's thread, where nobody may block."""
    fault = smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED)
    thread, service = smb._thread, smb._service
    assert thread is not None
    client = client_of(smb)
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    thread.wait(lambda: service._wait_for_hits(fault, 1, 5))
    assert fault.hits == 1
    with pytest.raises(AssertionError, match=r"fault 1 acted once within 0.01 seconds, not 2 times"):
        thread.wait(lambda: service._wait_for_hits(fault, 2, 0.01))
    client.lost()


def test_exchanges_are_those_since_it_was_armed(smb: FakeSMB) -> None:
    client = client_of(smb)
    with smb.faults.inject(name="no", command="ECHO", fail=NT.ACCESS_DENIED) as first:
        echo(client)
    with smb.faults.inject(name="no", command="ECHO", fail=NT.ACCESS_DENIED) as second:
        assert second.exchanges == []
        echo(client)
        assert len(second.exchanges) == 1
    assert len(first.exchanges) == 1  # the second one's is not its own
    client.lost()


def test_rules_from_many_threads_while_clients_ask(smb: FakeSMB) -> None:
    """Each thread arms and removes rules of its own as fast as it can; a rule that all meet counts all."""
    watched = smb.faults.inject(command="ECHO", every=10, fail=NT.ACCESS_DENIED, name="every tenth")
    refused: list[int] = []
    errors: list[BaseException] = []

    def ask() -> None:
        client = client_of(smb)
        refused.append(sum(not echo(client) for _ in range(100)))
        client.lost()

    def arm() -> None:
        for _ in range(30):
            with smb.faults.inject(command="WRITE", path="*.bak", fail=NT.DISK_FULL) as fault:
                assert fault in list(smb.faults)
                assert len(smb.faults) >= 2
            assert not fault.armed

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (ask, arm, ask, arm, ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert (watched.seen, watched.hits, sum(refused)) == (300, 30, 30)
    assert len(watched.exchanges) == 30
    assert list(smb.faults) == [watched]
    assert len({fault.name for fault in smb.faults.all}) == 61


def test_waiting_for_hits(smb: FakeSMB) -> None:
    fault = smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED)
    client = client_of(smb)
    later = threading.Timer(0.05, lambda: [echo(client) for _ in range(2)])
    later.start()
    fault.wait(2, timeout=5)
    assert fault.hits == 2
    later.join()
    with pytest.raises(
        AssertionError, match=r"fault 1 acted 2 times within 0.01 seconds, not 3 times: it saw 2"
    ):
        fault.wait(3, timeout=0.01)
    client.lost()
    thread = smb._thread
    assert thread is not None
    with pytest.raises(RuntimeError, match="this thread serves the clients"):
        thread.call(fault.wait)


def test_rules_stay_when_the_server_starts_again(tmp_path: Path) -> None:
    smb = FakeSMB({"in": tmp_path}, users={USER: PASSWORD})
    fault = smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED)
    for _ in range(2):
        with smb:
            client = client_of(smb)
            assert not echo(client)
            client.lost()
    assert fault.hits == 2
    smb.faults.clear()
    assert len(smb.faults) == 0


def test_a_server_that_stops_leaves_nothing_that_hangs(smb: FakeSMB) -> None:
    fault = smb.faults.inject(command="ECHO", hang=True)
    client = client_of(smb)
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    fault.wait()
    smb.stop()
    assert client.wire.socket.recv(100) == b""
    fault.remove()
    client.lost()
    assert smb.journal.problems() == []


def test_connections_that_have_been_are_no_more(smb: FakeSMB) -> None:
    client_of(smb).lost()
    with pytest.raises(ValueError, match="connection: connection 1 has connected already: the next one is 2"):
        smb.faults.inject(on="connect", connection=1, reset=True)
    here = client_of(smb)
    smb.faults.inject(connection=2, command="ECHO", fail=NT.ACCESS_DENIED)
    assert not echo(here)
    here.lost()


def test_what_the_kernel_sends_waits_for_a_trickle_too(smb: FakeSMB, tmp_path: Path) -> None:
    data = bytes(range(256)) * 200
    (tmp_path / "large").write_bytes(data)
    client = client_of(smb)
    fid = client.create("large")
    with smb.faults.inject(command="ECHO", trickle=400, times=1):
        client.send(Command.ECHO, EchoRequest(1, b"x"))
        client.send(Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=50_000))
        echoed, read = client.answers()
    assert echoed.header.command == Command.ECHO
    assert read.body(ReadAndxResponse).data == data[:50_000]
    assert client.read(fid, 0, 50_000) == data[:50_000]
    client.lost()


@pytest.mark.parametrize("takes", [True, False])
def test_a_reset_after_a_long_answer_comes_behind_it(smb: FakeSMB, tmp_path: Path, takes: bool) -> None:
    """What the kernel still has to send would be thrown away; but a client that takes nothing is not waited for."""
    (tmp_path / "large").write_bytes(bytes(120_000))
    client = client_of(smb)
    client.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    fid = client.create("large")
    smb.faults.inject(command="READ", drop="after", reset=True)
    client.send(
        Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=120_000 & 0xFFFF, timeout=120_000 >> 16)
    )
    came = 0
    if not takes:
        smb.journal.wait_for(event="disconnected", timeout=5)
        deadline = time.monotonic() + 5
        while smb._service._factory.connected and time.monotonic() < deadline:  # type: ignore[union-attr]
            time.sleep(0.05)
    ended = False
    while not ended:
        try:
            data = client.wire.socket.recv(65536)
        except ConnectionResetError:
            break
        came += len(data)
        ended = not data
        time.sleep(0.001)
    assert not ended
    assert (came == 120_064) is takes
    client.lost()


@pytest.mark.parametrize("how", ["remove", "stop", "reset"])
def test_waiting_ends_when_a_rule_can_act_no_more(smb: FakeSMB, how: str) -> None:
    fault = smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED)
    ending = threading.Timer(0.05, {"remove": fault.remove, "stop": smb.stop, "reset": smb.reset}[how])
    ending.start()
    why = "the server has stopped" if how == "stop" else "it was removed"
    for _ in range(2):  # while it waits, and when it is over
        with pytest.raises(
            AssertionError, match=rf"fault 1 acted 0 times, not once, and will not again: {why}; it saw 0"
        ):
            fault.wait(timeout=20)
    ending.join()


def test_a_rule_that_goes_away_after_it_acted_has_been_waited_for(smb: FakeSMB) -> None:
    client = client_of(smb)
    with smb.faults.inject(command="ECHO", fail=NT.ACCESS_DENIED) as fault:
        echo(client)
    fault.wait()
    client.lost()


def test_rules_by_name(smb: FakeSMB) -> None:
    client = client_of(smb)
    former = smb.faults.inject(name="d", command="ECHO", fail=NT.ACCESS_DENIED)
    assert not echo(client)
    smb.faults.remove("d")
    assert echo(client)
    with smb.faults.inject(name="d", command="ECHO", fail=NT.ACCESS_DENIED) as again:
        echo(client)
        echo(client)
    assert (len(former.exchanges), len(again.exchanges)) == (1, 2)
    smb.faults.inject(hang=True)
    with pytest.raises(KeyError, match=r"no fault is called 'fault1'; did you mean fault 1\?"):
        smb.faults["fault1"]
    with pytest.raises(KeyError, match="no fault is called 'd'"):
        smb.faults.remove("d")
    with pytest.raises(TypeError, match="remove takes what inject gave, or the name of a rule, not 1"):
        smb.faults.remove(1)  # type: ignore[arg-type]
    for wrong in ({"n": "x"}, {"timeout": "1"}, {"n": True}):
        with pytest.raises(TypeError, match=f"{next(iter(wrong))} is "):
            again.wait(**wrong)
    client.lost()


# -- in a reactor ------------------------------------------------------------------------------------------


@pytest.fixture
def fault() -> Fault:
    return Faults().inject(hang=True)


def test_a_deferred_fires_when_a_rule_has_acted(fault: Fault) -> None:
    clock = Clock()
    fired: list[None] = []

    def note(_: None) -> None:
        fired.append(None)

    when_hit(clock.callLater, fault, 2, 5).addCallback(note)
    fault.acted()
    assert fired == []
    fault.acted()
    assert fired == [None]
    fault.acted()
    when_hit(clock.callLater, fault, 2, 5).addCallback(note)
    assert fired == [None, None]
    assert clock.getDelayedCalls() == []


def test_a_deferred_fails_when_a_rule_does_not_act(fault: Fault) -> None:
    clock = Clock()
    failed: list[str] = []
    when_hit(clock.callLater, fault, 1, 5).addErrback(lambda failure: failed.append(str(failure.value)))
    cancelled = when_hit(clock.callLater, fault, 1, 7)
    cancelled.addErrback(lambda _: None)
    cancelled.cancel()
    clock.advance(5)
    assert failed == [
        "fault 1 acted 0 times within 5 seconds, not once: it saw 0 of the requests that it means"
    ]
    assert clock.getDelayedCalls() == []
    fault.acted()


def test_a_deferred_fails_when_a_rule_can_act_no_more() -> None:
    """Nothing of it stays in the reactor."""
    clock, faults = Clock(), Faults()
    failed: list[str] = []
    for end in (faults.clear, faults.stopped):
        fault = faults.inject(hang=True)
        when_hit(clock.callLater, fault, 1, 5).addErrback(lambda failure: failed.append(str(failure.value)))
        end()
        assert clock.getDelayedCalls() == []
    assert [text.partition(": ")[2].partition(";")[0] for text in failed] == [
        "it was removed",
        "the server has stopped",
    ]


def test_a_service_that_has_not_started_cannot_be_waited_for(tmp_path: Path) -> None:
    service = FakeSMBService({"in": tmp_path})
    failed: list[BaseException] = []
    service.faults.inject(hang=True).wait().addErrback(lambda failure: failed.append(failure.value))
    assert isinstance(failed[0], RuntimeError)


def test_exchanges_need_a_journal(fault: Fault) -> None:
    with pytest.raises(RuntimeError, match="no journal"):
        assert fault.exchanges


def test_rules_from_threads_while_the_server_starts_and_stops(tmp_path: Path) -> None:
    """Nobody waits for somebody who waits for him."""
    smb = FakeSMB({"in": tmp_path}, users={USER: PASSWORD})
    over, armed = threading.Event(), [0]
    errors: list[BaseException] = []

    def arm() -> None:
        while not over.is_set():
            try:
                with smb.faults.inject(command="WRITE", delay=0.001):
                    armed[0] += 1
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=arm) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        with smb:
            client = client_of(smb)
            assert echo(client)
            client.lost()
    over.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert errors == []
    assert armed[0] > 0
    assert len(smb.faults) == 0
