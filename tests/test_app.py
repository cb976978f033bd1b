"""The library: servers in threads, side by side, and the output that never waits."""

import asyncio
import contextlib
import errno
import gc
import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from impacket.smb import SMB, SMB_DIALECT, NewSMBPacket, SMBCommand, SMBReadAndX_Parameters
from impacket.smbconnection import SessionError, SMBConnection
from twisted.internet.defer import Deferred, gatherResults

from fakesmb import NT, FakeSMB, FakeSMBService
from fakesmb.config.merging import Arguments, Config, merge
from fakesmb.config.parts import FilePart, SharePart, UserPart
from fakesmb.mistakes import ConfigError
from fakesmb.record.events import Event
from fakesmb.transport.thread import ReactorThread, ThreadEndedError


@pytest.fixture(autouse=True, scope="module")
def reserve() -> None:
    """Twisted keeps a descriptor from the first port on, where the process has a global reactor, as of a plugin."""
    with FakeSMB({}):
        pass


def client(smb: FakeSMB | FakeSMBService, password: str = "Secret123") -> SMBConnection:
    connection = SMBConnection(
        "FAKESMB", smb.host, sess_port=smb.port, preferredDialect=SMB_DIALECT, timeout=10
    )
    connection.login("alice", password)
    return connection


def serving(folder: Path, **keys: Any) -> FakeSMB:
    return FakeSMB(shares={"public": folder}, users={"alice": "Secret123"}, **keys)


def test_a_server_in_a_with_block(tmp_path: Path) -> None:
    """Listens when the block begins, answers, remembers what was asked, and is gone when it ends."""
    (tmp_path / "a.txt").write_bytes(b"hello")
    with serving(tmp_path) as smb:
        assert smb.unc("public", "dir/a.txt") == "\\\\127.0.0.1\\public\\dir\\a.txt"
        assert smb.url("public", "a b.txt") == f"smb://127.0.0.1:{smb.port}/public/a%20b.txt"
        came = io.BytesIO()
        connection = client(smb)
        connection.getFile("public", "a.txt", came.write)
        assert came.getvalue() == b"hello"
        smb.journal.verify(command="SMB_COM_NT_CREATE_ANDX", path=r"\a.txt", count=1)
        with pytest.raises(SessionError):
            client(smb, "wrong")
        assert smb.journal.exchanges(status=NT.LOGON_FAILURE)
        assert smb.journal.problems() == []
    with pytest.raises(OSError, match="refused"):
        client(smb)
    assert smb.journal.entries(event="disconnected")


def test_two_servers_share_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with serving(tmp_path / "one") as one, serving(tmp_path / "two", name="OTHER") as two:
        assert one.port != two.port
        client(one).createDirectory("public", "made")
        assert not list((tmp_path / "two").iterdir())
        assert len(two.journal) == 0
        assert client(two).getServerName() == "OTHER"


def test_a_journal_that_is_held_does_not_lag_behind_the_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path) as smb:
        journal = smb.journal
        write = journal.write

        def late(event: Event) -> None:
            time.sleep(0.05)  # the answer has left, and its client goes on
            write(event)

        connection = client(smb)
        monkeypatch.setattr(journal, "write", late)
        connection.getSMBServer().echo(b"anything")
        assert len(journal.verify(command="SMB_COM_ECHO", count=1)) == 1
        assert len(journal.verify(command="SMB_COM_ECHO", status=NT.SUCCESS, count=1)) == 1


def test_a_server_can_be_entered_again(tmp_path: Path) -> None:
    smb = serving(tmp_path)
    for _ in range(2):
        with smb:
            smb.journal.clear()
            client(smb).close()
            assert smb.journal.exchanges(command="SMB_COM_NEGOTIATE")


def configuration(folder: Path, **server: object) -> Config:
    users = [UserPart(name="alice", password="Secret123")]
    shares = [SharePart(name="public", path=str(folder))]
    return merge(FilePart(), Arguments(server={"port": 0, **server}, users=users, shares=shares))


def test_the_journal_is_on_for_a_server_made_from_a_configuration(tmp_path: Path) -> None:
    with FakeSMB.from_config(configuration(tmp_path)) as smb:
        client(smb).close()
        smb.journal.verify(command="SMB_COM_NEGOTIATE", count=1)


def test_the_journal_remembers_as_many_events_as_the_configuration_says(tmp_path: Path) -> None:
    config = merge(FilePart(), Arguments(server={"port": 0}, log={"format": "none", "journal": 2}))
    with FakeSMB.from_config(config) as smb, contextlib.suppress(SessionError):
        client(smb)
    assert (len(smb.journal), smb.journal.forgotten > 0) == (2, True)


def test_the_journal_is_on_for_a_server_in_a_reactor(tmp_path: Path) -> None:
    thread = ReactorThread()
    thread.begin()
    smb = FakeSMBService.from_config(configuration(tmp_path))
    try:
        assert thread.wait(lambda: smb.start(thread.reactor)) is smb
        client(smb).close()
        thread.call(bool)
        smb.journal.verify(command="SMB_COM_NEGOTIATE", count=1)
        thread.wait(smb.stop)
    finally:
        thread.end()


def descriptors() -> dict[str, str]:
    """What this process holds open, by number."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one that listed them
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are listed in /proc")
@pytest.mark.parametrize("number", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_servers_leave_no_descriptor_and_no_thread(tmp_path: Path, number: int) -> None:
    """Some of them after a client that kept a file open; the 500th server of a process used to fail."""

    def serve(*, used: bool) -> None:
        with serving(tmp_path) as smb:
            if used:
                connection = client(smb)
                connection.createFile(connection.connectTree("public"), "kept.txt")
                connection.getSMBServer().get_socket().close()

    gc.collect()  # sockets of clients that other tests left to the collector
    before = descriptors(), set(threading.enumerate())
    for turn in range(number):
        serve(used=turn % 20 == 0)
    assert (descriptors(), set(threading.enumerate())) == before


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are listed in /proc")
def test_a_server_that_cannot_start_leaves_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    gc.collect()
    with serving(tmp_path) as smb:
        before = descriptors(), set(threading.enumerate())
        for _ in range(3):
            with pytest.raises(ConfigError, match="in use"):
                serving(tmp_path, port=0, netbios_port=smb.port).__enter__()
        assert (descriptors(), set(threading.enumerate())) == before


def test_a_server_in_a_thread_leaves_the_choice_of_the_global_reactor_to_the_program(tmp_path: Path) -> None:
    """A program under test may install another one afterwards, as pytest-twisted does."""
    program = (
        "import sys; from fakesmb import FakeSMB\n"
        f"with FakeSMB(shares={{'public': {str(tmp_path)!r}}}, users={{'a': 'b'}}): pass\n"
        "assert 'twisted.internet.reactor' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_cannot_be_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        FakeSMB(shares={"public": tmp_path / "none"})
    with pytest.raises(RuntimeError, match="not been started"):
        _ = serving(tmp_path).port
    with (
        serving(tmp_path) as smb,
        pytest.raises(ConfigError, match="in use"),
        serving(tmp_path, port=smb.port),
    ):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "fakesmb"]


ENTERING_AND_LEAVING: Final = """
import sys, time
from fakesmb import FakeSMB

entering, leaving = [], []
for _ in range(20):
    began = time.perf_counter()
    with FakeSMB({"public": sys.argv[1]}, users={"alice": "secret"}):
        entered = time.perf_counter()
    entering.append(entered - began)
    leaving.append(time.perf_counter() - entered)
print(min(entering), min(leaving))
"""


def test_entering_and_leaving_take_less_than_10_ms_each(tmp_path: Path) -> None:
    """A server for every test must cost next to nothing. The best of some, for busy machines, and in a process that
    is not traced: measuring what the tests reach doubles the time."""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", ENTERING_AND_LEAVING, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(float(least) < 0.01 for least in said.stdout.split()), said.stdout


def test_without_users_anybody_is_a_guest_who_may_write_on_loopback(tmp_path: Path) -> None:
    with FakeSMB({"public": tmp_path}) as smb:
        client(smb, "anything").createDirectory("public", "made")
        nameless = SMBConnection("FAKESMB", smb.host, sess_port=smb.port, preferredDialect=SMB_DIALECT)
        nameless.login("", "")
        nameless.deleteDirectory("public", "made")
    assert list(tmp_path.iterdir()) == []


def test_start_and_stop_may_come_twice(tmp_path: Path) -> None:
    smb = serving(tmp_path)
    smb.stop()
    assert smb.start() is smb
    port = smb.port
    assert smb.start().port == port
    client(smb)
    smb.stop()
    smb.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fakesmb")]


def test_a_server_under_asyncio(tmp_path: Path) -> None:
    before = set(threading.enumerate())

    async def serve() -> None:
        async with serving(tmp_path) as smb:
            _, writer = await asyncio.open_connection(smb.host, smb.port)
            writer.close()
            assert smb.journal.entries(event="connected")
        with pytest.raises(ConfigError, match="cannot listen"):
            await serving(tmp_path, host="192.0.2.1").__aenter__()
        assert set(threading.enumerate()) == before

    asyncio.run(serve())


def test_a_service_starts_and_stops_once(tmp_path: Path) -> None:
    thread = ReactorThread()
    thread.begin()
    smb = FakeSMBService({"public": tmp_path}, users={"alice": "Secret123"})
    try:
        for _ in range(2):
            assert thread.wait(lambda: smb.start(thread.reactor)) is smb
        client(smb)

        def stop() -> "Deferred[list[None]]":
            both = gatherResults([smb.stop(), smb.stop()])
            started = smb.start(thread.reactor)
            started.addErrback(lambda failure: refused.append(failure.getErrorMessage()))
            return both

        refused: list[str] = []
        assert thread.wait(stop) == [None, None]
        assert "is stopping" in refused[0]
        thread.wait(smb.stop)
    finally:
        thread.end()


def test_a_log_file_begins_anew_when_asked_and_only_once_the_server_listens(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("old\n")
    with serving(tmp_path) as other, pytest.raises(ConfigError, match="in use"):
        serving(tmp_path, log_file=log, log_truncate=True, netbios_port=other.port).start()
    assert log.read_text() == "old\n"
    for truncate, connections in ((False, 1), (True, 1), (False, 2)):
        with serving(tmp_path, log_file=log, log_truncate=truncate) as smb:
            socket.create_connection((smb.host, smb.port)).close()
        assert log.read_text().count('"connected"') == connections, truncate
        assert ("old" in log.read_text()) == (connections == 1 and not truncate)


def test_without_a_journal_nothing_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path, journal=0) as smb:
        client(smb)
        assert smb.server is not None
        assert smb.journal not in smb.server.log.sinks
        assert len(smb.journal) == 0


def test_a_client_that_takes_no_replies_does_not_hold_up_the_end(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(1 << 20))
    with serving(tmp_path) as smb:
        connection = client(smb)
        tree = connection.connectTree("public")
        file = connection.openFile(tree, "big")
        server = connection.getSMBServer()
        for _ in range(200):
            packet = NewSMBPacket()
            packet["Tid"] = tree
            read = SMBCommand(SMB.SMB_COM_READ_ANDX)
            read["Parameters"] = SMBReadAndX_Parameters()
            read["Parameters"]["Fid"], read["Parameters"]["Offset"] = file, 0
            read["Parameters"]["MaxCount"] = 60_000
            packet.addCommand(read)
            server.sendSMB(packet)
        smb.journal.entries()
        began = time.perf_counter()
    assert time.perf_counter() - began < 0.3  # 0.6 s is what `serve` grants


def test_a_server_that_is_not_stopped_ends_with_its_program(tmp_path: Path) -> None:
    """Its log file is complete all the same."""
    program = (
        "import socket; from fakesmb import FakeSMB\n"
        f"smb = FakeSMB({{'public': {str(tmp_path)!r}}}, log_file={str(tmp_path / 'log')!r}).start()\n"
        "socket.create_connection((smb.host, smb.port)).close()\n"
        "assert smb.journal.entries(event='connected')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert '"connected"' in (tmp_path / "log").read_text()


def test_the_child_of_a_fork_has_no_server(tmp_path: Path) -> None:
    """It is told so, leaves the one of its parent alone, and can have one of its own."""
    program = f"""
import os, socket
from fakesmb import FakeSMB
with FakeSMB({{"public": {str(tmp_path)!r}}}) as smb:
    child = os.fork()
    if not child:
        for ask in (smb.start, smb.journal.entries):
            try:
                ask()
            except RuntimeError as error:
                assert "from which this one was forked" in str(error), error
            else:
                os._exit(1)
        smb.stop()
        with FakeSMB({{"public": {str(tmp_path)!r}}}) as own:
            socket.create_connection((own.host, own.port)).close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    socket.create_connection((smb.host, smb.port)).close()
    assert smb.journal.entries(event="connected")
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)


def test_a_server_of_another_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path) as smb:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            for ask in (smb.start, smb.journal.entries, smb.reset, partial(smb.faults.inject, hang=True)):
                with pytest.raises(RuntimeError, match="from which this one was forked"):
                    ask()
            smb.stop()
        client(smb)


def test_the_servers_own_thread_cannot_wait_for_itself(tmp_path: Path) -> None:
    with serving(tmp_path) as smb:
        thread = smb._thread
        assert thread is not None
        for ask in (smb.start, smb.stop):
            with pytest.raises(RuntimeError, match="thread of the server itself"):
                thread.call(ask)
        assert thread.call(smb.journal.entries) == []


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads change places after a microsecond, and so nearly anywhere."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_threads_may_ask_start_and_stop_at_once(tmp_path: Path) -> None:
    """None waits for a thread that has ended, none is taken for a handler of a signal, and nothing is left."""
    before = set(threading.enumerate())
    smb = serving(tmp_path)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(30):
                (smb.start, smb.journal.entries, smb.stop, smb.journal.entries)[number % 4]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    smb.stop()
    assert errors == []
    assert set(threading.enumerate()) == before


def test_what_was_asked_of_a_thread_that_ends_is_told(tmp_path: Path) -> None:
    thread = ReactorThread()
    thread.begin()
    never: Deferred[None] = Deferred()
    told: list[str] = []

    def ask() -> None:
        try:
            thread.wait(lambda: never)
        except ThreadEndedError as error:
            told.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(TimeoutError, match=r"has not answered for 0\.05 s"):
        thread.wait(lambda: Deferred(), patience=0.05)
    thread.end()
    asking.join(20)
    assert told == ["the server has stopped"]
    never.callback(None)  # too late for anybody
    with pytest.raises(ThreadEndedError):
        thread.call(bool)


def test_a_task_that_is_cancelled_while_it_starts_a_server_leaves_none(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    smb = serving(tmp_path)

    async def serve() -> None:
        task = asyncio.ensure_future(smb.__aenter__())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve())
    assert set(threading.enumerate()) == before


def test_under_another_event_loop_a_server_starts_without_one(tmp_path: Path) -> None:
    smb = serving(tmp_path)
    with pytest.raises(StopIteration):
        smb.__aenter__().__await__().__next__()
    client(smb)
    with pytest.raises(StopIteration):
        smb.__aexit__(None, None, None).__await__().__next__()


@pytest.mark.slow
def test_600_servers_one_after_the_other_need_few_descriptors(tmp_path: Path) -> None:
    program = f"""
import os, resource, threading
from fakesmb import FakeSMB
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
before = os.listdir("/proc/self/fd"), threading.enumerate()
for number in range(600):
    with FakeSMB({{"public": {str(tmp_path)!r}}}, log_file={str(tmp_path / "log")!r}):
        pass
assert (os.listdir("/proc/self/fd"), threading.enumerate()) == before
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_a_server_for_which_no_descriptors_are_left_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr("fakesmb.transport.thread.new_reactor", none_left)
        with pytest.raises(ConfigError, match="cannot start a server: Too many open files"):
            serving(tmp_path).start()


def test_a_server_for_which_no_thread_is_left_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    gc.collect()
    before = descriptors()
    smb = serving(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        with pytest.raises(ConfigError, match="cannot start a server: can't start new thread"):
            smb.start()
    assert descriptors() == before
    with smb:
        client(smb)


def test_who_calls_into_a_thread_that_ends_writes_to_nobodys_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reactor is woken by a byte in a pipe, whose number may be another's once the thread has ended."""
    thread = ReactorThread()
    thread.begin()
    call = thread.reactor.callFromThread
    thread.end()
    written: list[bytes] = []
    monkeypatch.setattr(os, "write", lambda _, data: written.append(data))
    call(bool)
    thread.reactor.callFromThread(bool)
    thread.end()
    assert written == []


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are listed in /proc")
@pytest.mark.parametrize("how", ["the folder is gone", "the log", "the port", "in the body", "connected"])
def test_nothing_is_left_however_a_server_ends(tmp_path: Path, how: str) -> None:
    folder, log = tmp_path / "shared", tmp_path / "log"
    folder.mkdir()
    clients: list[SMBConnection] = []

    def serve() -> None:
        smb = serving(folder, log_file=log if how != "the log" else tmp_path, netbios_port=taken)
        if how == "the folder is gone":
            folder.rmdir()
        try:
            with smb:
                clients.extend(client(smb) for _ in range(2))
                clients[0].createFile(clients[0].connectTree("public"), "kept.txt")
                if how == "in the body":
                    raise ZeroDivisionError
        except (ConfigError, ZeroDivisionError) as error:
            said.append(str(error))
        for one in clients:
            one.getSMBServer().get_socket().close()
        clients.clear()
        folder.mkdir(exist_ok=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1] if how == "the port" else None
        said: list[str] = []
        gc.collect()
        serve()
        gc.collect()
        before = descriptors(), set(threading.enumerate())
        for _ in range(3):
            serve()
        gc.collect()
        assert (descriptors(), set(threading.enumerate())) == before
    words = {
        "the folder is gone": "there is no folder",
        "the log": "cannot write the log",
        "the port": "in use",
    }
    assert len(said) == (0 if how == "connected" else 4)
    assert all(words.get(how, "") in one for one in said)


def test_a_server_on_all_addresses_is_reached_at_this_machine(tmp_path: Path) -> None:
    with serving(tmp_path, host="0.0.0.0") as smb:
        assert (smb.host, smb.unc("public")) == ("0.0.0.0", "\\\\127.0.0.1\\public")
        assert smb.url("public") == f"smb://127.0.0.1:{smb.port}/public"
    with serving(tmp_path, host="::1") as smb:
        assert smb.url("public", "dir\\a.txt") == f"smb://[::1]:{smb.port}/public/dir/a.txt"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["start", "stop"])
def test_an_interrupt_while_a_server_starts_or_stops_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, when: str
) -> None:
    """Ctrl-C comes while the caller waits for the thread of the server; it can be started again."""
    gc.collect()  # sockets of clients that other tests left to the collector
    smb = serving(tmp_path, log_file=tmp_path / "log")
    with smb:
        pass
    before = descriptors(), set(threading.enumerate())
    wait = ReactorThread.wait
    times: list[int] = []

    def interrupted(self: ReactorThread, function: Any, **more: Any) -> Any:
        times.append(1)
        if len(times) != (1 if call == "start" else 2):
            return wait(self, function, **more)
        if when == "after":
            wait(self, function, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ReactorThread, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt), smb:
            pass
    smb.stop()
    assert (descriptors(), set(threading.enumerate())) == before
    with smb:
        client(smb)


def test_a_server_says_where_it_listens(tmp_path: Path) -> None:
    smb = serving(tmp_path)
    assert repr(smb) == "<FakeSMB not running: public>"
    with smb:
        assert repr(smb) == f"<FakeSMB on 127.0.0.1:{smb.port}: public>"
    assert "Secret123" not in repr(smb)


class Alarm(BaseException):
    """What a signal raises in the midst of anything, as pytest-timeout does."""


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are listed in /proc")
def test_exceptions_of_signals_at_any_moment_leave_nothing(tmp_path: Path) -> None:
    """While a server starts, is reset and stops: the `stop` that follows ends whatever is there."""

    def ring(*_: object) -> None:
        raise Alarm

    gc.collect()
    before = descriptors(), {thread.name for thread in threading.enumerate()}
    choose = random.Random(7)
    handler = signal.signal(signal.SIGALRM, ring)
    rung = 0
    try:
        for _ in range(150):
            smb = FakeSMB({"in": {"a": b"x"}, "public": tmp_path})
            with contextlib.suppress(Alarm):
                try:
                    signal.setitimer(signal.ITIMER_REAL, choose.random() * 0.008 + 1e-5)
                    with smb:
                        smb.reset()
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Alarm:
                    rung += 1
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            smb.stop()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    gc.collect()
    assert rung > 20
    assert (descriptors(), {thread.name for thread in threading.enumerate()}) == before


def test_a_handler_of_a_signal_is_told_that_the_server_is_about_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait for ever: for the thread that it interrupted."""
    smb = serving(tmp_path)
    begin = ReactorThread.begin
    told: list[str] = []

    def interrupted(thread: ReactorThread) -> None:
        for call in (smb.stop, smb.start, smb.reset):
            with pytest.raises(RuntimeError) as error:
                call()
            told.append(str(error.value))
        begin(thread)

    monkeypatch.setattr(ReactorThread, "begin", interrupted)
    with smb:
        client(smb)
    assert told == ["called by a handler of a signal while this thread starts or stops the server"] * 3
