"""A model of an NT file system in a page, and what makes it and a real share do the same and compares the answers.

The model knows trees, contents, share modes, deletion and byte-range locks ([MS-FSA] 2.1.5), and nothing of how
fakesmb does them. `test_core_model` walks it with hypothesis in memory, `clients/load.py` by dice over sockets.
"""

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path as OsPath
from random import Random

from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import (
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    QueryInformationRequest,
    QueryInformationResponse,
    RenameRequest,
)
from fakesmb.wire.locking import FOREVER, LockingAndxResponse, LockRange
from fakesmb.wire.trans2 import SetFileInformationRequest

READ, WRITE, DELETE = 0x1, 0x2 | 0x4, 0x10000
ACCESSES = (0x120089, 0x120116, 0x12019F, 0x13019F, 0x13019F, 0x110080, 0x100080)
SHARES = (0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7)
SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF = range(6)
REPLACING = {SUPERSEDE: DELETE, OVERWRITE: 2, OVERWRITE_IF: 2}
NAMES = (
    "a",
    "A",
    "B.txt",
    "long name.dat",
    "d",
    "e\\f",
    "d\\a",
    "d\\e",
    "D\\A",
    "d\\e\\a",
    "d\\e\\g h",
    "none\\a",
)
PIDS = (0x1234, 0x99)
PENDING = "waits"

Outcome = object
Wait = tuple[Client, int]
"""What an operation comes to: a value, `PENDING`, or the NT status that refuses it."""


class Node:
    """A file or a directory."""

    def __init__(self, *, directory: bool = False) -> None:
        self.data = bytearray()
        self.children: dict[str, tuple[str, Node]] | None = {} if directory else None
        self.opens: list[Held] = []
        self.locks: list[Range] = []
        self.waiting: list[Range] = []
        self.deleting = False

    def below(self) -> "Iterator[Node]":
        """What is in a directory, at any depth."""
        for _, node in (self.children or {}).values():
            yield node
            yield from node.below()


class Held:
    """One open."""

    def __init__(self, node: Node, path: str, access: int, share: int) -> None:
        self.node, self.path, self.access, self.share = node, path, access, share
        self.delete_on_close = self.made = self.delete_needs_another = False
        self.failed_at = -1


class Range:
    """A byte range that is locked, or waited for."""

    def __init__(
        self, held: Held, pid: int, offset: int, length: int, *, exclusive: bool, wait: Wait | None = None
    ) -> None:
        self.held, self.pid, self.start, self.end, self.exclusive = (
            held,
            pid,
            offset,
            offset + length,
            exclusive,
        )
        self.wait = wait

    def covers(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end

    def forbids(self, new: "Range") -> bool:
        mine = self.held is new.held and self.pid == new.pid
        if not new.exclusive and (mine or not self.exclusive):
            return False
        return self.covers(new.start, new.end)


def excluded(access: int, share: int, other: Held) -> bool:
    """Whether a new open and one that is there exclude each other ([MS-FSA] 2.1.5.1.2.2)."""
    kinds = ((READ | 0x20, 1), (WRITE, 2), (DELETE, 4))
    everything = READ | 0x20 | WRITE | DELETE
    if not access & everything or not other.access & everything:
        return False
    return any(
        (access & kind and not other.share & bit) or (other.access & kind and not share & bit)
        for kind, bit in kinds
    )


class Model:
    """The file system. Every method gives what the client should see; refusals are raised as `SMBError`."""

    def __init__(self) -> None:
        self.root = Node(directory=True)
        self.answered: list[tuple[Wait, NT]] = []
        """Waits that ended since someone looked."""

    def _end_wait(self, one: "Range", status: NT) -> None:
        assert one.wait is not None
        self.answered.append((one.wait, status))

    # -- names ---------------------------------------------------------------------------------------------

    def parent(self, path: str) -> tuple[Node, str]:
        """The directory that a path's last name is in."""
        *folders, name = path.split("\\")
        node = self.root
        for folder in folders:
            found = (node.children or {}).get(folder.lower())
            if found is None or found[1].children is None:
                raise SMBError(NT.OBJECT_PATH_NOT_FOUND)
            node = found[1]
        return node, name

    def look(self, path: str) -> Node | None:
        parent, name = self.parent(path)
        assert parent.children is not None
        found = parent.children.get(name.lower())
        return found[1] if found else None

    def find(self, path: str) -> Node:
        node = self.look(path)
        if node is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND)
        if node.deleting:
            raise SMBError(NT.DELETE_PENDING)
        return node

    def put(self, path: str, node: Node) -> None:
        parent, name = self.parent(path)
        assert parent.children is not None
        parent.children[name.lower()] = (name, node)

    def remove(self, path: str) -> None:
        parent, name = self.parent(path)
        assert parent.children is not None
        del parent.children[name.lower()]

    def tree(self, node: Node | None = None) -> dict[str, object]:
        """Names as they are spelt, and contents."""
        children = (node or self.root).children
        assert children is not None
        return {
            name: bytes(child.data) if child.children is None else self.tree(child)
            for name, child in children.values()
        }

    # -- operations ----------------------------------------------------------------------------------------

    def create(self, path: str, access: int, share: int, disposition: int, *, delete_on_close: bool) -> Held:
        node = self.look(path)
        if node is not None:
            if node.children is not None:
                raise SMBError(NT.FILE_IS_A_DIRECTORY)
            if disposition == CREATE:
                raise SMBError(NT.OBJECT_NAME_COLLISION)
            if node.deleting:
                raise SMBError(NT.DELETE_PENDING)
            wanted = access | REPLACING.get(disposition, 0)
            if any(excluded(wanted, share, other) for other in node.opens):
                raise SMBError(NT.SHARING_VIOLATION)
            if disposition in REPLACING:
                node.data.clear()
            for other in node.opens:
                other.delete_needs_another = other.delete_needs_another or (
                    other.delete_on_close and not other.made
                )
        elif disposition in (OPEN, OVERWRITE):
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND)
        made = node is None
        if node is None:
            node = Node()
            self.put(path, node)
        held = Held(node, path, access, share)
        held.delete_on_close, held.made = delete_on_close, made
        node.opens.append(held)
        return held

    def close(self, held: Held) -> None:
        node = held.node
        for one in [one for one in node.waiting if one.held is held]:
            node.waiting.remove(one)
            self._end_wait(one, NT.RANGE_NOT_LOCKED)
        node.locks = [one for one in node.locks if one.held is not held]
        self.pump(node)
        others = [other for other in node.opens if other is not held]
        if held.delete_on_close and (
            not held.delete_needs_another or any(other.access & DELETE for other in others)
        ):
            node.deleting = True
        node.opens = others
        if node.deleting and not others:
            self.remove(held.path)

    def read(self, held: Held, offset: int, size: int, pid: int) -> bytes:
        if not held.access & READ:
            raise SMBError(NT.ACCESS_DENIED)
        for one in held.node.locks:
            if (
                one.exclusive
                and size
                and one.covers(offset, offset + size)
                and (one.held, one.pid) != (held, pid)
            ):
                raise SMBError(NT.FILE_LOCK_CONFLICT)
        return bytes(held.node.data[offset : offset + size])

    def write(self, held: Held, offset: int, data: bytes, pid: int) -> int:
        if not held.access & WRITE:
            raise SMBError(NT.ACCESS_DENIED)
        end = offset + len(data)
        for one in held.node.locks:
            mine = one.exclusive and (one.held, one.pid) == (held, pid)
            if data and one.covers(offset, end) and not mine:
                raise SMBError(NT.FILE_LOCK_CONFLICT)
        if data:
            content = held.node.data
            content.extend(bytes(max(offset - len(content), 0)))
            content[offset:end] = data
        return len(data)

    def resize(self, held: Held, size: int) -> None:
        if not held.access & 2:
            raise SMBError(NT.ACCESS_DENIED)
        del held.node.data[size:]
        held.node.data.extend(bytes(size - len(held.node.data)))

    def lock(self, ranges: Sequence[Range], *, wait: bool = False) -> Outcome:
        """All at once or none; with `wait` (one range) it may come later."""
        held = ranges[0].held
        node = held.node
        if not held.access & (READ | WRITE):
            raise SMBError(NT.ACCESS_DENIED)
        taken: list[Range] = []
        for one in ranges:
            if one.end > 1 << 64:
                error = NT.INVALID_LOCK_RANGE
            elif not any(other.forbids(one) for other in node.locks):
                node.locks.append(one)
                taken.append(one)
                continue
            elif wait:
                node.waiting.append(one)
                return PENDING
            else:
                conflict = held.failed_at == one.start or 0xEF000000 <= one.start < 1 << 63
                error = NT.FILE_LOCK_CONFLICT if conflict else NT.LOCK_NOT_GRANTED
                held.failed_at = one.start
            for back in taken:
                node.locks.remove(back)
            raise SMBError(error)
        return None

    def unlock(self, held: Held, pid: int, offset: int, length: int) -> None:
        if not held.access & (READ | WRITE):
            raise SMBError(NT.ACCESS_DENIED)
        fits = [
            one
            for one in held.node.locks
            if (one.held, one.pid, one.start, one.end) == (held, pid, offset, offset + length)
        ]
        if not fits:
            raise SMBError(NT.RANGE_NOT_LOCKED)
        held.node.locks.remove(next((one for one in fits if one.exclusive), fits[0]))
        self.pump(held.node)

    def pump(self, node: Node) -> None:
        """Those that wait get what became free, first come, first served."""
        for one in list(node.waiting):
            if not any(other.forbids(one) for other in node.locks):
                node.waiting.remove(one)
                node.locks.append(one)
                self._end_wait(one, NT.SUCCESS)

    def expire(self, node: Node, one: Range) -> None:
        """A wait's time is over."""
        node.waiting.remove(one)
        one.held.failed_at = one.start
        self._end_wait(one, NT.FILE_LOCK_CONFLICT)

    def mark(self, held: Held, *, delete: bool) -> None:
        if not held.access & DELETE:
            raise SMBError(NT.ACCESS_DENIED)
        held.node.deleting = delete

    def delete(self, path: str) -> None:
        node = self.find(path)
        if node.children is not None:
            raise SMBError(NT.FILE_IS_A_DIRECTORY)
        if any(excluded(DELETE, 0, other) for other in node.opens):
            raise SMBError(NT.SHARING_VIOLATION)
        if node.opens:
            node.deleting = True
        else:
            self.remove(path)

    def rename(self, old: str, new: str) -> None:
        node = self.find(old)
        if any(excluded(DELETE, 3, other) for other in node.opens):
            raise SMBError(NT.SHARING_VIOLATION)
        self._move(node, old, new, replace=False)

    def rename_open(self, held: Held, new: str, *, replace: bool) -> None:
        if not held.access & DELETE:
            raise SMBError(NT.ACCESS_DENIED)
        self._move(held.node, held.path, new, replace=replace)

    def _move(self, node: Node, old: str, new: str, *, replace: bool) -> None:
        above, _ = self.parent(new)
        if self.parent(old)[0] is above and self._spelt(old) == new.rpartition("\\")[2]:
            return
        if node.children is not None:
            if above is node or above in node.below():
                raise SMBError(NT.SHARING_VIOLATION)
            if any(one.opens for one in node.below()):
                raise SMBError(NT.ACCESS_DENIED)
        target = self.look(new)
        if target is not None and target is not node:
            if not replace:
                raise SMBError(NT.OBJECT_NAME_COLLISION)
            if target.children is not None or target.opens:
                raise SMBError(NT.ACCESS_DENIED)
            self.remove(new)
        self.remove(old)
        self.put(new, node)
        for held in node.opens:
            held.path = new

    def _spelt(self, path: str) -> str:
        parent, name = self.parent(path)
        assert parent.children is not None
        return parent.children[name.lower()][0]

    def make_directory(self, path: str) -> None:
        if self.look(path) is not None:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        self.put(path, Node(directory=True))

    def remove_directory(self, path: str) -> None:
        node = self.look(path)
        if node is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND)
        if node.children is None:
            raise SMBError(NT.NOT_A_DIRECTORY)
        if node.children:
            raise SMBError(NT.DIRECTORY_NOT_EMPTY)
        self.remove(path)

    def size(self, path: str) -> int:
        return len(self.find(path).data)


class Both:
    """A file that is open in the model and by a client."""

    def __init__(self, client: Client, fid: int, held: Held) -> None:
        self.client, self.fid, self.held = client, fid, held


class Twin:
    """Does everything with a client and with the model, and insists that both come to the same."""

    def __init__(self, prefix: str = "") -> None:
        self.model = Model()
        self.prefix = prefix
        """What the model's root is called in the share."""
        self.files: list[Both] = []
        self.waits: dict[Wait, tuple[Node, Range, bool]] = {}
        """What is waited for: by client and MID, the range, and whether it ends in time by itself."""
        self.done = 0
        self.history: list[str] = []
        self.refused: dict[str, int] = {}

    def at(self, path: str) -> str:
        return f"{self.prefix}\\{path}" if self.prefix else path

    def same(
        self, what: str, real: Callable[[], Outcome], model: Callable[[], Outcome]
    ) -> tuple[Outcome, Outcome]:
        """Calls both; an `AssertionError` tells what led to a difference."""
        outcomes = []
        for act in (real, model):
            try:
                outcomes.append(act())
            except SMBError as error:
                outcomes.append(NT(error.status))
        self.done += 1
        got, expected = outcomes
        self.history = [*self.history[-30:], f"{what}: {expected}"]
        refused = [one for one in outcomes if isinstance(one, NT)]
        if refused:
            self.refused[refused[-1].label] = self.refused.get(refused[-1].label, 0) + 1
            self.insist(got is expected, f"{got!r}, not {expected!r}")
        return got, expected

    def insist(self, right: bool, why: str) -> None:
        assert right, why + "\n" + "\n".join(self.history)

    def equal(self, what: str, real: Callable[[], Outcome], model: Callable[[], Outcome]) -> None:
        got, expected = self.same(what, real, model)
        self.insist(got == expected, f"{got!r}, not {expected!r}")

    # -- operations ----------------------------------------------------------------------------------------

    def create(
        self,
        client: Client,
        path: str,
        access: int,
        share: int,
        disposition: int,
        *,
        delete_on_close: bool = False,
    ) -> None:
        delete_on_close = delete_on_close and bool(access & DELETE)
        fid, held = self.same(
            f"create {path!r} access {access:X} share {share} disposition {disposition} {delete_on_close}",
            lambda: client.create(
                self.at(path),
                access=access,
                share=share,
                disposition=disposition,
                options=0x1040 if delete_on_close else 0x40,
            ),
            lambda: self.model.create(path, access, share, disposition, delete_on_close=delete_on_close),
        )
        if isinstance(held, Held):
            assert isinstance(fid, int)
            self.files.append(Both(client, fid, held))

    def close(self, file: Both) -> None:
        self.files.remove(file)
        self.equal(
            f"close {file.held.path}",
            lambda: file.client.close(file.fid),
            lambda: self.model.close(file.held),
        )

    def read(self, file: Both, offset: int, size: int) -> None:
        self.equal(
            f"read {file.held.path} {offset} {size}",
            lambda: file.client.read(file.fid, offset, size),
            lambda: self.model.read(file.held, offset, size, file.client.pid),
        )

    def write(self, file: Both, offset: int, data: bytes) -> None:
        self.equal(
            f"write {file.held.path} {offset} {len(data)}",
            lambda: file.client.write(file.fid, data, offset),
            lambda: self.model.write(file.held, offset, data, file.client.pid),
        )

    def set_info(self, file: Both, level: int, data: bytes) -> None:
        file.client.trans2(8, SetFileInformationRequest(file.fid, level), data)

    def resize(self, file: Both, size: int) -> None:
        self.equal(
            f"resize {file.held.path} {size}",
            lambda: self.set_info(file, 0x104, size.to_bytes(8, "little")),
            lambda: self.model.resize(file.held, size),
        )

    def mark(self, file: Both, *, delete: bool) -> None:
        self.equal(
            f"mark {file.held.path} {delete}",
            lambda: self.set_info(file, 0x102, bytes((delete,))),
            lambda: self.model.mark(file.held, delete=delete),
        )

    def rename_open(self, file: Both, name: str, *, replace: bool) -> None:
        """Over SMB a rename of an open file stays in its directory ([MS-SMB] 2.2.8.4)."""
        above, slash, _ = file.held.path.rpartition("\\")
        new, encoded = above + slash + name, name.encode("utf-16-le")
        self.equal(
            f"rename open {file.held.path} {new!r} {replace}",
            lambda: self.set_info(file, 1010, struct.pack("<B3xII", replace, 0, len(encoded)) + encoded),
            lambda: self.model.rename_open(file.held, new, replace=replace),
        )

    def lock(
        self,
        file: Both,
        ranges: Sequence[tuple[int, int, int]],
        *,
        exclusive: bool,
        timeout: int = 0,
    ) -> None:
        """`ranges`: PID, offset, length; `timeout` in milliseconds (one range only)."""
        client = file.client
        model = [Range(file.held, *one, exclusive=exclusive) for one in ranges]

        def real() -> object:
            asked = [LockRange(*one) for one in ranges]
            mid = client.send(
                0x24, client.locking(file.fid, *asked, timeout=timeout, kind=0x10 if exclusive else 0x11)
            )
            model[0].wait = (client, mid)
            found = client.answers()
            if not found:
                return PENDING
            assert len(found) == 1
            if found[0].header.status:
                raise SMBError(found[0].header.status)
            found[0].body(LockingAndxResponse)
            return None

        self.equal(
            f"lock {file.held.path} {ranges} {exclusive} {timeout}",
            real,
            lambda: self.model.lock(model, wait=timeout != 0),
        )
        if model[0] in file.held.node.waiting:
            assert model[0].wait is not None
            self.waits[model[0].wait] = (file.held.node, model[0], timeout != FOREVER)

    def unlock(self, file: Both, pid: int, offset: int, length: int) -> None:
        one = LockRange(pid, offset, length)

        def real() -> None:
            client = file.client
            mid = client.send(0x24, client.locking(file.fid, unlocks=(one,)))
            # What waits may be answered before the unlock is, on this very connection.
            found = client.answers()
            self.kept = [(client, a.header.mid, NT(a.header.status)) for a in found if a.header.mid != mid]
            (own,) = (a for a in found if a.header.mid == mid)
            if own.header.status:
                raise SMBError(own.header.status)

        self.equal(
            f"unlock {file.held.path} {one}", real, lambda: self.model.unlock(file.held, pid, offset, length)
        )

    kept: Sequence[tuple[Client, int, NT]] = ()

    def delete(self, client: Client, path: str) -> None:
        self.equal(
            f"delete {path!r}",
            lambda: client.call(0x06, DeleteRequest(0x16, self.at(path)), Empty) and None,
            lambda: self.model.delete(path),
        )

    def rename(self, client: Client, old: str, new: str) -> None:
        self.equal(
            f"rename {old!r} {new!r}",
            lambda: client.call(0x07, RenameRequest(0x16, self.at(old), self.at(new)), Empty) and None,
            lambda: self.model.rename(old, new),
        )

    def make_directory(self, client: Client, path: str) -> None:
        self.equal(
            f"mkdir {path!r}",
            lambda: client.call(0x00, CreateDirectoryRequest(self.at(path)), Empty) and None,
            lambda: self.model.make_directory(path),
        )

    def remove_directory(self, client: Client, path: str) -> None:
        self.equal(
            f"rmdir {path!r}",
            lambda: client.call(0x01, DeleteDirectoryRequest(self.at(path)), Empty) and None,
            lambda: self.model.remove_directory(path),
        )

    def size(self, client: Client, path: str) -> None:
        self.equal(
            f"size {path!r}",
            lambda: (
                client.call(0x08, QueryInformationRequest(self.at(path)), QueryInformationResponse).file_size
            ),
            lambda: self.model.size(path),
        )

    def leave(self, client: Client) -> None:
        """A client is gone: the model closes what it had open, in the order of the opens."""
        self.history.append("leave")
        for file in [file for file in self.files if file.client is client]:
            self.files.remove(file)
            self.model.close(file.held)
        self.model.answered = [one for one in self.model.answered if one[0][0] is not client]
        self.waits = {key: value for key, value in self.waits.items() if key[0] is not client}

    def check_answers(self, clients: Sequence[Client]) -> None:
        """The waits that ended are those that should have."""
        got = [*self.kept]
        got += [
            (client, answer.header.mid, NT(answer.header.status))
            for client in clients
            for answer in client.answers()
        ]
        self.kept = ()
        expected = [(*wait, status) for wait, status in self.model.answered]
        self.model.answered = []
        for client, mid, _ in expected:
            self.waits.pop((client, mid), None)
        self.insist(sorted(map(repr, got)) == sorted(map(repr, expected)), f"answered {got}, not {expected}")

    def check_disk(self, folder: OsPath) -> None:
        """The folder behind the share holds what the model holds."""
        got, expected = disk_tree(folder), self.model.tree()
        self.insist(got == expected, f"on disk {got}, not {expected}")

    def random(self, dice: Random, clients: Sequence[Client], *, largest: int = 5000) -> None:
        """One operation by dice."""
        client, path, new = dice.choice(clients), dice.choice(NAMES), dice.choice(NAMES)
        file = dice.choice(self.files) if self.files else None
        kind = dice.randrange(100)
        offset, size = dice.choice((0, 1, 10, dice.randrange(largest))), dice.randrange(largest)
        if file is None or (kind < 25 and len(self.files) < 12):
            access, share = dice.choice(ACCESSES), dice.choice(SHARES)
            self.create(client, path, access, share, dice.randrange(6), delete_on_close=dice.random() < 0.2)
        elif kind < 35:
            self.close(file)
        elif kind < 50:
            self.read(file, offset, size)
        elif kind < 65:
            self.write(file, offset, dice.randbytes(size))
        elif kind < 68:
            self.resize(file, size)
        elif kind < 76:
            ranges = [
                (dice.choice(PIDS), dice.choice((0, 5, offset, 0xEF000000)), dice.choice((0, 1, 10, size)))
                for _ in range(dice.choice((1, 1, 2)))
            ]
            self.lock(file, ranges, exclusive=dice.random() < 0.6)
        elif kind < 80:
            mine = [one for one in file.held.node.locks if one.held is file.held]
            if mine and dice.random() < 0.8:
                one = dice.choice(mine)
                self.unlock(file, one.pid, one.start, one.end - one.start)
            else:
                self.unlock(file, dice.choice(PIDS), offset, size)
        elif kind < 82:
            self.mark(file, delete=dice.random() < 0.6)
        elif kind < 84:
            self.rename_open(file, new.rpartition("\\")[2], replace=dice.random() < 0.5)
        elif kind < 87:
            self.delete(client, path)
        elif kind < 91:
            self.rename(client, path, new)
        elif kind < 95:
            self.make_directory(client, path)
        elif kind < 97:
            self.remove_directory(client, path)
        else:
            self.size(client, path)


def disk_tree(folder: OsPath) -> dict[str, object]:
    """A folder as `Model.tree` gives it."""
    with os.scandir(folder) as entries:
        return {
            entry.name: disk_tree(OsPath(entry.path)) if entry.is_dir() else OsPath(entry.path).read_bytes()
            for entry in entries
        }
