"""What the shares of servers in memory hold, and the moment at which a frozen clock stands."""

import os
from pathlib import Path

MONDAY_NS = 1_086_000_000_000_000_000
"""2004-05-31 10:40:00 UTC, POSIX nanoseconds: the moment at which the frozen clock stands."""
README = b"Whoever reads this has walked the whole exchange.\r\n"


def make_folders(base: Path) -> dict[str, Path]:
    """Three shares, and a folder outside them that nobody may reach."""
    made = {name: base / name for name in ("public", "docs", "c$")}
    for folder in made.values():
        folder.mkdir()
    (made["c$"] / "readme.txt").write_bytes(README)
    (made["c$"] / "Program Files").mkdir()
    (made["docs"] / "manual.txt").write_bytes(b"read only")
    (made["public"] / "a.txt").write_bytes(b"0123456789" * 10)
    (made["public"] / "dir").mkdir()
    (base / "outside").mkdir()
    (base / "outside" / "secret.txt").write_bytes(b"secret")
    os.utime(made["c$"] / "readme.txt", ns=(MONDAY_NS, MONDAY_NS))
    return made
