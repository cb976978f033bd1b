"""A server that is killed between two system calls: what it was doing is done, or has not begun, or lost nothing.

Each change runs in a process of its own that ends, without any clearing up, before its first call that changes the
disk, before its second, and so on. Then a new store is opened over what is left.
"""

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path as Folder
from typing import Any

import pytest

from fakesmb.nt.files import Access, Disposition
from fakesmb.vfs.local import replacing
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import CreateParameters, Ea

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is done in one step is told of Linux")

P = Path.parse
CHANGES = (
    "rename", "link", "unlink", "mkdir", "rmdir", "setxattr", "removexattr", "ftruncate", "truncate", "utime", "chmod",
    "fchmod", "pwrite", "symlink",
)  # fmt: skip
MAKES = os.O_CREAT | os.O_TRUNC
STREAM = "user.DosStream.s:$DATA"

Files = dict[str, tuple[bytes, dict[str, bytes]] | None]
"""By path below the share: contents, and streams and EAs; None for a directory."""


def files(root: Folder) -> Files:
    found: Files = {}
    for path in sorted(root.rglob("*")):
        kept = {
            name: os.getxattr(path, name) for name in os.listxattr(path) if name.lower() != "user.dosattrib"
        }
        found[str(path.relative_to(root))] = None if path.is_dir() else (path.read_bytes(), kept)
    return found


def make(root: Folder) -> None:
    (root / "dir").mkdir()
    (root / "dir" / "inner").write_bytes(b"inner")
    (root / "empty").mkdir()
    for name in ("a", "b"):
        (root / name).write_bytes(name.encode() * 9)
        os.setxattr(root / name, STREAM, b"stream of " + name.encode() + b"\0")
        os.setxattr(root / name, "user.OWNER", b"of " + name.encode())


Change = Callable[[LocalStore], object]


def opened(store: LocalStore, path: str, access: int = Access.FILE_ALL, **how: Any) -> Any:
    return store.create(P(path), CreateParameters(access, share=7, **how)).handle


def rename_stream(store: LocalStore) -> None:
    store.rename(opened(store, "a:s"), P(":t"), replace=False)


def rename_large_stream(store: LocalStore) -> None:
    store.rename(opened(store, "large:s"), P(":t"), replace=False)


def stream_becomes_data(store: LocalStore) -> None:
    store.rename(opened(store, "hollow:s"), P("::$DATA"), replace=True)


CASES: dict[str, Change] = {
    "write": lambda store: store.write(opened(store, "a"), 0, b"new", 1),
    "create": lambda store: opened(store, "c", disposition=Disposition.CREATE, eas=(Ea("X", b"1"),)),
    "overwrite": lambda store: opened(store, "a", disposition=Disposition.OVERWRITE, attributes=2),
    "overwrite with EAs": lambda store: opened(
        store, "a", disposition=Disposition.OVERWRITE_IF, eas=(Ea("X", b"1"), Ea("Y", b"2"))
    ),
    "supersede": lambda store: opened(store, "a", disposition=Disposition.SUPERSEDE),
    "rename": lambda store: store.rename(P("a"), P("c"), replace=False),
    "rename in another spelling": lambda store: store.rename(P("a"), P("A"), replace=False),
    "rename replaces": lambda store: store.rename(P("a"), P("B"), replace=True),
    "rename of a directory": lambda store: store.rename(P("dir"), P("dir2"), replace=False),
    "directory replaces": lambda store: store.rename(P("dir"), P("B"), replace=True),
    "link": lambda store: store.link(P("a"), P("c"), replace=False),
    "link replaces": lambda store: store.link(P("a"), P("B"), replace=True),
    "link replaces elsewhere": lambda store: store.link(P("a"), P("dir\\inner"), replace=True),
    "stream": lambda store: store.write(opened(store, "a:s"), 0, b"new", 1),
    "new stream": lambda store: opened(store, "a:t", disposition=Disposition.CREATE),
    "rename of a stream": rename_stream,
    "rename of a large stream": rename_large_stream,
    "stream becomes the data": stream_becomes_data,
    "EAs": lambda store: store.set_eas(P("a"), [Ea("OWNER", b""), Ea("X", b"1"), Ea("Y", b"2")]),
    "delete": lambda store: store.delete(P("a"), 0),
    "remove": lambda store: store.remove_directory(P("empty")),
    "delete on close": lambda store: store.close(opened(store, "a", options=0x1000)),
    "attributes": lambda store: store.set_basic(P("a"), attributes=3),
}


def run(root: Folder, change: Change, last: int) -> bool:
    """Makes the change in a process of its own, which ends before its call number `last`; True where it is done."""
    child = os.fork()
    if not child:
        try:
            calls = 0

            def ends(
                call: Callable[..., Any], *, when: Callable[..., bool] = lambda *a: True
            ) -> Callable[..., Any]:
                def counted(*args: Any, **how: Any) -> Any:
                    nonlocal calls
                    if when(*args):
                        if calls == last:
                            os._exit(1)
                        calls += 1
                    return call(*args, **how)

                return counted

            store = LocalStore(str(root), OpenFiles())
            for name in CHANGES:
                setattr(os, name, ends(getattr(os, name)))
            os.open = ends(os.open, when=lambda _, flags, *more: bool(flags & MAKES))
            replacing._exchange = ends(replacing._exchange)
            change(store)
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status != 2
    return status == 0


@pytest.mark.parametrize("case", CASES)
def test_at_every_moment(tmp_path: Folder, case: str) -> None:
    states: list[Files] = []
    done = False
    while not done:
        root = tmp_path / str(len(states))
        root.mkdir()
        make(root)
        if "large" in case:  # ext4 has no room for two of these
            (root / "large").write_bytes(b"")
            os.setxattr(root / "large", STREAM, bytes(range(1, 256)) * 9 + b"\0")
        if "becomes" in case:
            (root / "hollow").write_bytes(b"")
            os.setxattr(root / "hollow", STREAM, b"hollow\0")
        done = run(root, CASES[case], len(states))
        LocalStore(str(root), OpenFiles()).shutdown()
        states.append(files(root))
        assert not os.listxattr(root)
        with suppress(OSError):
            shutil.rmtree(root)
    before, after = states[0], states[-1]
    assert before != after or case == "attributes"
    assert len(states) > 1
    for state in states:
        check(state, before, after)


def check(state: Files, before: Files, after: Files) -> None:
    """Each file is there with what belongs to it; names may be spelt as before."""
    now, was, will = folded(state), folded(before), folded(after)
    assert now.keys() in (was.keys(), will.keys())
    for path, found in now.items():
        old, new = was.get(path), will.get(path)
        if found in (old, new):
            continue
        assert found is not None
        assert new is not None
        data, kept = found
        if old is None:  # made, and not yet all that belongs to it
            assert kept.items() <= new[1].items()
            continue
        assert data in (old[0], new[0])
        assert kept.items() <= {*old[1].items(), *new[1].items()}
        assert {*old[1].values()} & {*new[1].values()} <= {*kept.values()}
        if old[0] != new[0] == b"" != data:  # not yet emptied: nothing of it is gone
            assert old[1].items() <= kept.items()


def folded(found: Files) -> Files:
    return {path.casefold(): what for path, what in found.items()}
