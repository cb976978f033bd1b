"""The source tree that is copied, and what a copy must have of it."""

import os
import random
import stat
import tarfile
from pathlib import Path

from mounting import shell

TREE = Path("/tmp/tree")


def make_tree(archive: Path, owner: str) -> None:
    """The sources, and beside them what a tree may have besides; its owner is who owns the copies, too."""
    with tarfile.open(archive) as whole:
        whole.extractall(TREE)
    (sources,) = TREE.iterdir()
    sources.rename(TREE / "sources")
    odd = TREE / "odd"
    (odd / "empty").mkdir(parents=True)
    (odd / "sp ace").write_text("hello\n")
    (odd / "ünï").write_bytes(random.Random(1).randbytes(70_001))
    (odd / "nothing").touch()
    (odd / "Makefile.IN").touch()
    for name, mode in (("sp ace", 0o600), ("ünï", 0o751), ("empty", 0o777), ("nothing", 0o444)):
        (odd / name).chmod(mode)
        os.utime(odd / name, (981173106, 981173106))
    shell("chown", "-R", owner, TREE)


def add_links(owner: str) -> None:
    odd = TREE / "odd"
    (odd / "link").symlink_to("../sources")
    (odd / "dangling").symlink_to("no/such")
    os.link(odd / "sp ace", odd / "hard")
    os.utime(odd / "dangling", (981173106, 981173106), follow_symlinks=False)
    shell("chown", "-hR", owner, odd)


def facts(root: Path, *, unix: bool) -> list[tuple]:
    """What must survive a copy: of directories the size does not, and without Unix extensions only times do."""
    found = []
    for path in sorted(root.rglob("*")):
        st = path.lstat()
        kind = stat.S_IFMT(st.st_mode)
        size = st.st_size if kind == stat.S_IFREG else 0
        moment = int(st.st_mtime) if kind != stat.S_IFDIR or unix else 0
        links = st.st_nlink if kind == stat.S_IFREG else 0
        owner = (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, links) if unix else ()
        target = os.readlink(path) if kind == stat.S_IFLNK else ""
        found.append((str(path.relative_to(root)), kind, size, moment, owner, target))
    return found


def same(root: Path, *, unix: bool) -> None:
    shell("diff", "-r", "--no-dereference", TREE, root)
    wanted, got = facts(TREE, unix=unix), facts(root, unix=unix)
    assert got == wanted, sorted(set(got) ^ set(wanted))[:6]
