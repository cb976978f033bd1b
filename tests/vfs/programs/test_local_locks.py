"""Locks of local programs (here: other open file descriptions) and those of clients keep each other out."""

import os
import struct
import sys
from collections.abc import Iterator
from functools import partial

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from fakesmb.nt.files import Access, ShareMode
from fakesmb.nt.status import NT
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.paths import Path
from fakesmb.vfs.programs import local_locks
from fakesmb.vfs.programs.local_locks import SUPPORTED, LocalLocks
from fakesmb.vfs.store import CreateParameters, Handle
from tests.refusals import Refuses
from tests.vfs.lab import Lab

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="only Linux has open file description locks")

if sys.platform == "linux":
    from fcntl import F_OFD_GETLK, F_OFD_SETLK, F_RDLCK, F_UNLCK, F_WRLCK, fcntl

FLOCK = struct.Struct("@hhqqi4x")
ALL = ShareMode.READ | ShareMode.WRITE | ShareMode.DELETE
READ_WRITE = Access.READ_DATA | Access.WRITE_DATA


class Program:
    """A local program that has the file open."""

    def __init__(self, path: os.PathLike[str]) -> None:
        self.fd = os.open(path, os.O_RDWR)

    def lock(self, start: int, length: int, *, shared: bool = False) -> bool:
        """Whether it could."""
        return self._set(F_RDLCK if shared else F_WRLCK, start, length)

    def unlock(self, start: int, length: int) -> None:
        assert self._set(F_UNLCK, start, length)

    def _set(self, kind: int, start: int, length: int) -> bool:
        try:
            fcntl(self.fd, F_OFD_SETLK, FLOCK.pack(kind, os.SEEK_SET, start, length, 0))
        except BlockingIOError:
            return False
        return True

    def sees(self, start: int, length: int) -> tuple[int, int, int] | None:
        """Kind, start and length of the first lock of another in that range."""
        asked = FLOCK.pack(F_WRLCK, os.SEEK_SET, start, length, 0)
        kind, _, at, size, _ = FLOCK.unpack(fcntl(self.fd, F_OFD_GETLK, asked))
        return None if kind == F_UNLCK else (kind, at, size)


@pytest.fixture
def clock(lab: Lab) -> Clock:
    """What the store looks again by."""
    clock = Clock()
    lab.opens.local_locks = partial(LocalLocks, clock.callLater)
    return clock


@pytest.fixture
def program(lab: Lab, clock: Clock) -> Iterator[Program]:
    (lab.root / "a").write_bytes(b"x" * 1000)
    made = Program(lab.root / "a")
    yield made
    os.close(made.fd)
    assert clock.getDelayedCalls() == []


def opened(lab: Lab, access: int = READ_WRITE) -> Handle:
    """The file, open as a client has it."""
    return lab.store.create(Path(("a",)), CreateParameters(access=access, share=ALL)).handle


def test_a_client_meets_a_programs_lock(lab: Lab, program: Program, refuses: Refuses) -> None:
    """As another client's: locking, reading and writing; shared locks let it read and lock so too."""
    handle = opened(lab)
    assert program.lock(100, 10)
    with refuses(NT.LOCK_NOT_GRANTED):
        lab.store.lock(handle, 1, 105, 1, exclusive=False)
    for offset in (90, 109):
        with refuses(NT.FILE_LOCK_CONFLICT):
            lab.store.read(handle, offset, 20, 1)
        with refuses(NT.FILE_LOCK_CONFLICT):
            lab.store.readable_range(handle, offset, 20, 1)
        with refuses(NT.FILE_LOCK_CONFLICT):
            lab.store.write(handle, offset, b"y" * 20, 1)
    assert lab.store.read(handle, 0, 100, 1) == b"x" * 100
    program.unlock(100, 10)
    assert program.lock(100, 10, shared=True)
    assert lab.store.read(handle, 90, 20, 1) == b"x" * 20
    lab.store.lock(handle, 1, 100, 1, exclusive=False)
    with refuses(NT.FILE_LOCK_CONFLICT):
        lab.store.write(handle, 100, b"y", 1)


def test_a_program_meets_a_clients_lock(lab: Lab, program: Program) -> None:
    """Until it is unlocked, or the open ends that held it."""
    handle, other = opened(lab), opened(lab)
    lab.store.lock(handle, 1, 10, 5, exclusive=True)
    lab.store.lock(other, 1, 20, 5, exclusive=False)
    assert program.sees(0, 100) == (F_WRLCK, 10, 5)
    assert program.sees(16, 100) == (F_RDLCK, 20, 5)
    assert not program.lock(12, 1, shared=True)
    assert program.lock(22, 1, shared=True)
    program.unlock(22, 1)
    lab.store.unlock(handle, 1, 10, 5)
    assert program.sees(0, 100) == (F_RDLCK, 20, 5)
    lab.store.close(other)
    assert program.sees(0, 100) is None


def test_an_owner_is_not_in_its_own_way(lab: Lab, program: Program) -> None:
    """Nor do clients meet through the system what they do not meet among themselves."""
    handle, other = opened(lab), opened(lab)
    lab.store.lock(handle, 1, 10, 5, exclusive=True)
    assert lab.store.write(handle, 10, b"12345", 1) == 5
    lab.store.lock(handle, 1, 12, 2, exclusive=False)
    lab.store.lock(handle, 1, 50, 5, exclusive=False)
    lab.store.lock(other, 2, 52, 5, exclusive=False)
    assert lab.store.read(other, 50, 5, 2) == b"x" * 5


def test_what_is_left_of_overlapping_locks_stays(lab: Lab, program: Program) -> None:
    """The system knows one lock for each byte: the stricter, and after an unlock the other."""
    handle = opened(lab)
    lab.store.lock(handle, 1, 10, 10, exclusive=True)
    lab.store.lock(handle, 1, 15, 10, exclusive=False)
    assert program.sees(0, 100) == (F_WRLCK, 10, 10)
    assert program.sees(20, 100) == (F_RDLCK, 20, 5)
    lab.store.unlock(handle, 1, 10, 10, exclusive=True)
    assert program.sees(0, 100) == (F_RDLCK, 15, 10)
    lab.store.unlock(handle, 1, 15, 10)
    assert program.sees(0, 100) is None


def test_beyond_what_the_system_locks(lab: Lab, program: Program) -> None:
    """From 2^63 - 1 on only clients meet; a lock across it is one to the end of the file for programs."""
    handle, other = opened(lab), opened(lab)
    lab.store.lock(handle, 1, 1 << 63, 10, exclusive=True)
    assert program.sees(0, 0) is None
    lab.store.lock(other, 1, 500, (1 << 63) - 500, exclusive=True)
    assert program.sees(0, 0) == (F_WRLCK, 500, 0)
    lab.store.lock(other, 1, 0, 0, exclusive=True)
    assert program.sees(0, 400) is None


def test_readers_and_writers_lock_as_well_as_they_can(lab: Lab, program: Program) -> None:
    """A descriptor that may not write cannot lock for writing: programs see a shared lock then."""
    reader = opened(lab, Access.READ_DATA)
    lab.store.lock(reader, 1, 10, 5, exclusive=True)
    assert program.sees(0, 100) == (F_RDLCK, 10, 5)


def test_waiting_for_a_program(lab: Lab, program: Program, clock: Clock) -> None:
    """The wait ends a tenth of a second after the lock at most."""
    handle = opened(lab)
    assert program.lock(0, 10)
    granted: list[None] = []
    waiting: Deferred[None] = lab.store.wait_lock(handle, 1, 5, 1, exclusive=True)
    waiting.addCallback(granted.append)
    clock.advance(0.1)
    assert granted == []
    program.unlock(0, 10)
    clock.advance(0.1)
    assert granted == [None]
    assert program.sees(0, 100) == (F_WRLCK, 5, 1)
    assert clock.getDelayedCalls() == []


def test_a_wait_that_is_given_up(lab: Lab, program: Program, clock: Clock, refuses: Refuses) -> None:
    """By a cancel, or with the open."""
    handle = opened(lab)
    assert program.lock(0, 10)
    waiting = lab.store.wait_lock(handle, 1, 5, 1, exclusive=True)
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    assert clock.getDelayedCalls() == []
    closed = lab.store.wait_lock(handle, 1, 5, 1, exclusive=True)
    closed.addErrback(lambda _: None)
    lab.store.close(handle)
    assert clock.getDelayedCalls() == []


def test_posix_locks_of_clients(lab: Lab, program: Program, refuses: Refuses) -> None:
    """They are told which local lock stands in the way."""
    handle = opened(lab)
    assert isinstance(handle, LocalHandle)
    locks = lab.store.posix.locks(handle)
    assert program.lock(100, 0)
    met = locks.obstacle(7, 50, 100, exclusive=True)
    assert met is not None
    assert (met.start, met.end, met.exclusive) == (100, 1 << 64, True)
    with refuses(NT.FILE_LOCK_CONFLICT):
        locks.take(7, 50, 100, exclusive=True, waits=False)
    locks.take(7, 50, 50, exclusive=True, waits=False)
    assert program.sees(0, 0) == (F_WRLCK, 50, 50)
    locks.free(7, 60, 10)
    assert program.lock(60, 10)
    assert program.sees(70, 5) == (F_WRLCK, 70, 30)


def test_a_thousand_locks_of_clients_are_one_of_the_whole_file_to_programs(
    lab: Lab, program: Program
) -> None:
    """The system looks through all locks of a file each time: many would make each slower than the last."""
    handle, other = opened(lab), opened(lab)
    for at in range(999):
        lab.store.lock(handle, 1, 2 * at, 1, exclusive=True)
    assert program.lock(1, 1)
    program.unlock(1, 1)
    lab.store.lock(other, 1, 5000, 1, exclusive=True)
    assert program.sees(1, 1) == (F_WRLCK, 0, 0)
    lab.store.lock(other, 1, 7000, 10, exclusive=False)
    assert lab.store.write(handle, 0, b"x", 1) == 1
    for at in range(499):
        lab.store.unlock(handle, 1, 2 * at, 1)
    assert not program.lock(1, 1)
    lab.store.unlock(handle, 1, 2 * 499, 1)
    lab.store.unlock(handle, 1, 2 * 500, 1)
    assert program.sees(0, 2000) == (F_WRLCK, 1002, 1)
    assert program.sees(6000, 5000) == (F_RDLCK, 7000, 10)
    assert program.lock(1, 1)
    program.unlock(1, 1)
    lab.store.close(handle)
    lab.store.close(other)
    assert program.sees(0, 10_000) is None


def test_a_programs_lock_keeps_a_thousand_of_clients_single(lab: Lab, program: Program) -> None:
    handle = opened(lab)
    assert program.lock(9999, 1)
    for at in range(1000):
        lab.store.lock(handle, 1, 2 * at, 1, exclusive=True)
    assert program.lock(1, 1)
    program.unlock(1, 1)
    program.unlock(9999, 1)
    lab.store.close(handle)


def test_taking_and_freeing_a_lock_are_one_call_each(lab: Lab, program: Program) -> None:
    """`fcntl` is asked and told at once."""
    handle = opened(lab)
    lab.store.lock(handle, 1, 500, 1, exclusive=True)
    calls: list[int] = []

    def counted(fd: int, what: int, data: bytes) -> bytes:
        calls.append(what)
        return bytes(fcntl(fd, what, data))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_locks, "fcntl", counted)
        lab.store.lock(handle, 1, 10, 1, exclusive=True)
        lab.store.unlock(handle, 1, 10, 1)
    assert calls == [F_OFD_SETLK, F_OFD_SETLK]


def test_a_refused_lock_leaves_nothing_open(lab: Lab, program: Program, refuses: Refuses) -> None:
    handle = opened(lab)
    assert program.lock(0, 10)
    before = len(os.listdir("/proc/self/fd"))
    with refuses(NT.LOCK_NOT_GRANTED):
        lab.store.lock(handle, 1, 0, 1, exclusive=True)
    assert len(os.listdir("/proc/self/fd")) == before
    reader = opened(lab, Access.READ_DATA)
    with refuses(NT.LOCK_NOT_GRANTED):
        lab.store.lock(reader, 1, 0, 1, exclusive=True)
    assert len(os.listdir("/proc/self/fd")) == before + 1
