"""Cost curves: what one unit of work costs as what it works on grows. Flat is what they should be.

    python bench/curves.py [--quick] [NAME...]

Runs in this process, in a folder of its own, on the disk of the temporary directory (TMPDIR). A cell is microseconds
of the processor a unit, so that a busy machine does little harm; lines that end in "longest" are the longest time, in
milliseconds, for which one request keeps all others waiting.
"""

import argparse
import gc
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path as OsPath
from typing import Final, NamedTuple, TypeVar

sys.path.insert(0, str(OsPath(__file__).resolve().parent.parent))

from fakesmb.nt.files import Access, Disposition, ShareMode
from fakesmb.nt.status import SMBError
from fakesmb.testing import InMemoryServer
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.programs import local_locks
from fakesmb.vfs.reactor import DelayedCall
from fakesmb.vfs.rules.locks import LockTable
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import CreateParameters, Opened, Unfinished
from fakesmb.wire.commands import Command
from fakesmb.wire.session import EchoRequest

T = TypeVar("T")
Measure = Callable[["Lab", int], dict[str, float]]

READS_AND_WRITES: Final = 0x12019F
ALL_FILES: Final = 0x16
SETTLING_SECONDS: Final = 0.05
"""A directory that changed less than this ago is listed anew for every name: not what is measured."""


class Lab:
    """A folder, and a store over it."""

    def __init__(self, root: OsPath, *, quick: bool) -> None:
        self.root = root
        self.quick = quick
        self.opens = OpenFiles()
        self.store = LocalStore(str(root), self.opens)
        self.random = random.Random(1)

    def file(self, name: str) -> Path:
        """A new file, and its path."""
        path = Path.parse(name)
        self.store.close(self.open(path, disposition=Disposition.OPEN_IF).handle)
        return path

    def open(
        self,
        path: Path,
        access: int = READS_AND_WRITES,
        *,
        disposition: int = Disposition.OPEN,
        options: int = 0,
        share: int = ShareMode.ALL,
    ) -> Opened:
        """Opens; raises what the store raises."""
        request = CreateParameters(
            access=access, share=share, disposition=disposition, options=options, pid=1, owner=self
        )
        return self.store.create(path, request)

    def folder(self, size: int, spelling: str = "File {:06}.txt") -> str:
        """A directory of so many empty files."""
        folder = self.root / f"d{size}"
        if not folder.exists():
            folder.mkdir()
            base = str(folder)
            for number in range(size):
                os.close(os.open(f"{base}/{spelling.format(number)}", os.O_CREAT | os.O_WRONLY))
        wait(SETTLING_SECONDS)
        return folder.name

    def scattered(self, size: int, count: int, spelling: str = "d{}\\File {:06}.txt") -> list[Path]:
        """Paths of files in that directory, no two in a row alike."""
        numbers = [self.random.randrange(size) for _ in range(count)]
        return [Path.parse(spelling.format(size, number)) for number in numbers]


def wait(seconds: float) -> None:
    """Lets the clock of the disk go on."""
    time.sleep(seconds)


def each(count: int, act: Callable[[int], object]) -> float:
    """Microseconds for one of `count` calls."""
    begin = time.process_time()
    for number in range(count):
        act(number)
    return (time.process_time() - begin) / count * 1e6


class Slices:
    """Calls what may raise `Unfinished` until it is done, as `core.waiting` does."""

    def __init__(self) -> None:
        self.longest = 0.0
        """The longest call, in milliseconds."""

    def run(self, act: Callable[[], T]) -> T:
        """The result."""
        while True:
            begin = time.process_time()
            try:
                return act()
            except Unfinished:
                continue
            finally:
                self.longest = max(self.longest, (time.process_time() - begin) * 1e3)


# -- directories -------------------------------------------------------------------------------------------


def query(lab: Lab, size: int) -> dict[str, float]:
    lab.folder(size)
    paths = lab.scattered(size, 5000)
    ask = lab.store.query
    for path in paths[:100]:
        ask(path)
    return {"": each(len(paths), lambda at: ask(paths[at]))}


def open_close(lab: Lab, size: int) -> dict[str, float]:
    lab.folder(size)
    paths = lab.scattered(size, 3000)
    return {"": each(len(paths), lambda at: lab.store.close(lab.open(paths[at]).handle))}


def other_case(lab: Lab, size: int) -> dict[str, float]:
    lab.folder(size)
    paths = lab.scattered(size, 2000, "D{}\\FILE {:06}.TXT")
    lab.store.query(paths[0])
    return {"": each(len(paths), lambda at: lab.store.query(paths[at]))}


def other_case_changing(lab: Lab, size: int) -> dict[str, float]:
    """A local program makes and removes a file before each query."""
    lab.folder(size)
    paths = lab.scattered(size, 20, "d{}\\FILE {:06}.TXT")
    lab.store.query(paths[0])
    slices, total = Slices(), 0.0
    for path in paths:
        made = lab.root / f"d{size}" / f"made {lab.random.random()}"
        made.touch()
        begin = time.process_time()
        slices.run(lambda path=path: lab.store.query(path))  # type: ignore[misc]
        total += time.process_time() - begin
        made.unlink()
    return {"": total / len(paths) * 1e6, "longest": slices.longest}


def listed(lab: Lab, size: int) -> dict[str, float]:
    name = lab.folder(size)
    slices = Slices()
    gc.collect()
    begin = time.process_time()
    search = slices.run(lambda: lab.store.search(Path.parse(name), "*", ALL_FILES))
    count = 0
    while slices.run(lambda: some(search.next)) is not None:
        count += 1
    spent = time.process_time() - begin
    assert count == size + 2
    return {"": spent / count * 1e6}


def some(act: Callable[[], T]) -> T:
    return act()


def first_entry(lab: Lab, size: int) -> dict[str, float]:
    """FIND_FIRST of one entry, the directory new to the server each time."""
    name = lab.folder(size)
    slices, begin = Slices(), time.process_time()
    for _ in range(5):
        search = slices.run(lambda: lab.store.search(Path.parse(name), "*", ALL_FILES))
        for _ in range(3):
            slices.run(search.next)
        search.close()
    return {"": (time.process_time() - begin) / 5 * 1e6, "longest": slices.longest}


def in_turn(lab: Lab, size: int) -> dict[str, float]:
    """One query in each of so many directories, again and again."""
    for number in range(size):
        folder = lab.root / f"turn{number}"
        folder.mkdir(exist_ok=True)
        (folder / "a.txt").touch()
    paths = [Path.parse(f"turn{number}\\a.txt") for number in range(size)]
    for path in paths:
        lab.store.query(path)
    return {"": each(2000, lambda at: lab.store.query(paths[at % size]))}


# -- files -------------------------------------------------------------------------------------------------


def read(lab: Lab, size: int) -> dict[str, float]:
    """60 KiB at scattered places of a sparse file of so many MiB."""
    path = lab.file(f"size{size}.bin")
    handle = lab.open(path).handle
    lab.store.set_end_of_file(handle, size << 20)
    places = [lab.random.randrange(max((size << 20) - 61440, 1)) for _ in range(1000)]
    result = each(len(places), lambda at: lab.store.read(handle, places[at], 61440, 1))
    lab.store.close(handle)
    os.unlink(lab.root / f"size{size}.bin")
    return {"": result}


def write(lab: Lab, size: int) -> dict[str, float]:
    """4 KiB at 300 scattered places of a sparse file of so many MiB."""
    path = lab.file(f"size{size}.bin")
    handle = lab.open(path).handle
    lab.store.set_end_of_file(handle, size << 20)
    data = bytes(4096)
    places = [lab.random.randrange(size << 8) << 12 for _ in range(300)]
    result = each(len(places), lambda at: lab.store.write(handle, places[at], data, 1))
    lab.store.close(handle)
    os.unlink(lab.root / f"size{size}.bin")
    return {"": result}


# -- locks -------------------------------------------------------------------------------------------------


class Owner:
    """Stands for an open: a descriptor."""

    owner = None

    def __init__(self, fd: int = -1) -> None:
        self.fd = fd


def locks(lab: Lab, size: int) -> dict[str, float]:
    """So many one-byte locks, scattered: taking, writing beside, freeing; in the table alone."""
    return _locks(lab, LockTable(), Owner(), size)


def shared_locks(lab: Lab, size: int) -> dict[str, float]:
    """The same, shared, each of ten bytes, which overlap."""
    return _locks(lab, LockTable(), Owner(), size, exclusive=False, length=10)


def _later(seconds: float, call: Callable[[], None]) -> DelayedCall:
    raise NotImplementedError


def local_program_locks(lab: Lab, size: int) -> dict[str, float]:
    """The same while local programs meet them too."""
    if not local_locks.SUPPORTED:
        return {}
    fd = os.open(lab.root / "locked", os.O_RDWR | os.O_CREAT)
    try:
        return _locks(lab, LockTable(local_locks.LocalLocks(_later)), Owner(fd), size)
    finally:
        os.close(fd)


def _locks(
    lab: Lab, table: LockTable, owner: Owner, size: int, *, exclusive: bool = True, length: int = 1
) -> dict[str, float]:
    places = list(range(0, size * 7, 7))
    lab.random.shuffle(places)
    taking = each(size, lambda at: table.take(owner, 1, places[at], length, exclusive=exclusive))
    count = min(size, 1000)
    checking = (
        each(count, lambda at: table.check_read(owner, 2, places[at] + 20, 0x10))
        if not exclusive
        else each(count, lambda at: table.check_write(owner, 1, places[at], length))
    )
    lab.random.shuffle(places)
    half = size // 2
    freeing = each(half, lambda at: table.free(owner, 1, places[at], length)) if half else 0.0
    left = len(table)
    begin = time.process_time()
    table.drop(owner)
    dropping = (time.process_time() - begin) / max(left, 1) * 1e6
    return {"take": taking, "check": checking, "free": freeing, "close": dropping}


def posix_locks(lab: Lab, size: int) -> dict[str, float]:
    """Locks by POSIX rules of two processes, a byte each."""
    path = lab.file("posix.bin")
    handle = lab.open(path).handle
    assert isinstance(handle, LocalHandle)
    places = list(range(0, size * 7, 7))
    lab.random.shuffle(places)
    table = lab.store.posix.locks(handle)
    count = min(size, 1000)
    for place in places[count:]:
        table.take(1 + place % 2, place, 1, exclusive=True, waits=False)
    taking = each(
        count, lambda at: table.take(1 + places[at] % 2, places[at], 1, exclusive=True, waits=False)
    )
    freeing = each(count, lambda at: table.free(1 + places[at] % 2, places[at], 1))
    lab.store.close(handle)
    return {"take": taking, "free": freeing}


def waiting_locks(lab: Lab, size: int) -> dict[str, float]:
    """One holder, so many that wait for a byte each of another range: taking and freeing one beside them."""
    table, one, other = LockTable(), Owner(), Owner()
    table.take(one, 1, 0, size, exclusive=True)
    for place in range(size):
        table.wait(other, 2, place, 1, exclusive=True).addErrback(lambda failure: None)

    def turn(at: int) -> None:
        table.take(one, 1, size + at, 1, exclusive=True)
        table.free(one, 1, size + at, 1)

    return {"": each(50, turn)}


# -- opens -------------------------------------------------------------------------------------------------


def one_more_open(lab: Lab, size: int) -> dict[str, float]:
    path = lab.file("shared.bin")
    opened = [lab.open(path, Access.READ_ATTRIBUTES | Access.READ_DATA).handle for _ in range(size)]
    result = each(300, lambda _: lab.store.close(lab.open(path).handle))
    lab.random.shuffle(opened)
    closing = each(size, lambda at: lab.store.close(opened[at]))
    return {"": result, "close": closing}


def _open_below(lab: Lab, size: int) -> tuple[Path, list[Opened]]:
    folder = lab.root / f"tree{size}"
    (folder / "deeper").mkdir(parents=True)
    (lab.root / "beside").mkdir(exist_ok=True)
    opened = [
        lab.open(
            Path.parse(f"tree{size}\\deeper\\f{number}"),
            Access.READ_ATTRIBUTES,
            disposition=Disposition.OPEN_IF,
        )
        for number in range(size)
    ]
    return Path.parse(f"tree{size}"), opened


def refused_rename(lab: Lab, size: int) -> dict[str, float]:
    """A directory with so many opens below it, which Windows does not rename."""
    path, opened = _open_below(lab, size)

    def turn(at: int) -> None:
        try:
            lab.store.rename(path, Path.parse("elsewhere"), replace=False)
        except SMBError:
            return
        raise AssertionError("renamed")

    result = each(100, turn)
    for one in opened:
        lab.store.close(one.handle)
    shutil.rmtree(lab.root / str(path)[1:])
    return {"": result}


def rename_beside(lab: Lab, size: int) -> dict[str, float]:
    """A directory with nothing open in it, beside one with so many opens below."""
    path, opened = _open_below(lab, size)
    names = [Path.parse("beside"), Path.parse("beside2")]
    result = each(100, lambda at: lab.store.rename(names[at % 2], names[1 - at % 2], replace=False))
    for one in opened:
        lab.store.close(one.handle)
    shutil.rmtree(lab.root / str(path)[1:])
    return {"": result}


def posix_rename(lab: Lab, size: int) -> dict[str, float]:
    """For an open: a directory that a client of the Unix extensions renames with so many opens below it."""
    path, opened = _open_below(lab, size)
    store = lab.store.with_posix_names()
    names = [path, Path.parse("posix-renamed")]
    result = each(10, lambda at: store.rename(names[at % 2], names[1 - at % 2], replace=False))
    for one in opened:
        lab.store.close(one.handle)
    shutil.rmtree(lab.root / str(path)[1:])
    return {"": result / size}


def directory_opens(lab: Lab, size: int) -> dict[str, float]:
    """Open and close of one more file while so many others are open."""
    lab.folder(10)
    _, opened = _open_below(lab, size)
    paths = lab.scattered(10, 500)
    result = each(len(paths), lambda at: lab.store.close(lab.open(paths[at]).handle))
    for one in opened:
        lab.store.close(one.handle)
    shutil.rmtree(lab.root / f"tree{size}")
    return {"": result}


# -- connections -------------------------------------------------------------------------------------------


def connections(lab: Lab, size: int) -> dict[str, float]:
    """An echo and a path query, each from the next of so many clients."""
    (lab.root / "a.txt").touch()
    server = InMemoryServer({"public": lab.root})
    clients = [server.client().sign_in().connect("public") for _ in range(size)]
    messages = [client.message(Command.ECHO, EchoRequest(1, b"hello")) for client in clients]
    frames = [b"\0" + len(message).to_bytes(3, "big") + message for message in messages]
    rounds = 2000

    def turn(at: int) -> None:
        clients[at % size].connection.receive(frames[at % size])
        clients[at % size]._sent.clear()
        server.sink.events.clear()

    return {"echo": each(rounds, turn)}


class Curve(NamedTuple):
    """One line of the table, or several."""

    measure: Measure
    sizes: tuple[int, ...]
    of: str


NAMES: Final = (10, 100, 1000, 10_000, 100_000)
LOCKS: Final = (1, 100, 1000, 10_000, 36_000)
OPENS: Final = (1, 10, 100, 1000, 4000)
CURVES: Final = {
    "query": Curve(query, NAMES, "names in the directory"),
    "open_close": Curve(open_close, NAMES, "names in the directory"),
    "other_case": Curve(other_case, NAMES, "names in the directory"),
    "other_case_changing": Curve(other_case_changing, NAMES, "names in the directory"),
    "listed": Curve(listed, NAMES, "names in the directory"),
    "first_entry": Curve(first_entry, NAMES, "names in the directory"),
    "in_turn": Curve(in_turn, (1, 10, 64, 100, 200), "directories"),
    "read": Curve(read, (1, 16, 256, 4096), "MiB of the file"),
    "write": Curve(write, (1, 16, 256, 4096), "MiB of the file"),
    "locks": Curve(locks, LOCKS, "locks on the file"),
    "shared_locks": Curve(shared_locks, LOCKS, "locks on the file"),
    "local_program_locks": Curve(local_program_locks, LOCKS, "locks on the file"),
    "posix_locks": Curve(posix_locks, LOCKS, "locks on the file"),
    "waiting_locks": Curve(waiting_locks, (1, 100, 1000, 10_000), "requests that wait"),
    "one_more_open": Curve(one_more_open, OPENS, "opens of the file"),
    "directory_opens": Curve(directory_opens, OPENS, "other open files"),
    "refused_rename": Curve(refused_rename, OPENS, "opens below the directory"),
    "rename_beside": Curve(rename_beside, OPENS, "opens elsewhere"),
    "posix_rename": Curve(posix_rename, OPENS, "opens below the directory"),
    "connections": Curve(connections, (1, 10, 100, 1000), "connections"),
}


def rows(name: str, curve: Curve, root: OsPath, *, quick: bool) -> Iterator[tuple[str, list[str]]]:
    """The lines of one curve."""
    sizes = curve.sizes[:-1] if quick else curve.sizes
    found: dict[str, list[str]] = {}
    for size in sizes:
        lab = Lab(root, quick=quick)
        for part, value in curve.measure(lab, size).items():
            digits = 1 if value < 1000 else 0
            found.setdefault(part, []).append(f"{value:,.{digits}f}")
        lab.store.shutdown()
    for part, cells in found.items():
        yield f"{name} {part}".strip(), cells


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without the largest size of each curve")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CURVES))
    wanted = parser.parse_args()
    heading: tuple[str, tuple[int, ...]] | None = None
    with tempfile.TemporaryDirectory(prefix="fakesmb-curves-") as folder:
        for name, curve in CURVES.items():
            if wanted.names and name not in wanted.names:
                continue
            if heading != (curve.of, curve.sizes):
                heading = curve.of, curve.sizes
                print(f"\n{curve.of:28}" + "".join(f"{size:>10,}" for size in curve.sizes))
            for label, cells in rows(name, curve, OsPath(folder), quick=wanted.quick):
                print(f"{label:28}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
