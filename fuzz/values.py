"""What fields are filled with: numbers at the edges, names that are hard to take, bytes. All of one seeded source."""

from collections.abc import Sequence
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")

SECRET: Final = b"fakesmb-fuzz: nobody may read this"
"""What a file outside the shares holds; an answer that has it has escaped."""

_EDGES: Final = (
    0, 1, 2, 3, 4, 7, 8, 0x10, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFF,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
)  # fmt: skip
_STEMS: Final = (
    "a.txt", "b.txt", "new.txt", "dir", "dir\\c.txt", "dir\\sub", "deep", "A.TXT", "LONGNA~1.TXT",
    "long name of a file.txt", "", "\\", ".", "..", "..\\outside\\secret.txt", "dir\\..\\..\\outside",
    "link", "link\\secret.txt", "/a.txt", "a.txt.", "a.txt ", "a.txt:s", "a.txt::$DATA", "a.txt:s:$DATA",
    ":s", "dir:s", "a.txt:s:$BAD", "CON", "nul.txt", "x" * 255, "x" * 256, "\\".join(["d"] * 60),
    "\u2603.txt", "\U0001f600", "\ud800", "\udfff.txt", "K\u212a.txt", "\u0130\u0131", "e\u0301.txt", "\0",
    "a\0b", "\x01\x1f", "?", "???.txt", "\uf02a.txt", "\u202egpj.txt", "\u2028", "PIPE\\srvsvc", "srvsvc",
    "lsarpc", "samr", "wkssvc", "epmapper", "LANMAN", "@GMT-2001.01.01-00.00.00\\a.txt",
)  # fmt: skip
_THERE: Final = 8
"""So many of them there are, or may be made."""
_PATTERNS: Final = (
    "*",
    "*.*",
    "?",
    "????????.???",
    "<",
    ">",
    '"',
    "<.<",
    "*.txt",
    "dir\\*",
    "*?*?*?*?*?*?*x",
    "a*",
    "LONGNA~?.*",
)
_UNCS: Final = (
    "\\\\H\\public",
    "\\\\H\\IPC$",
    "\\\\H\\docs",
    "\\\\\\public",
    "public",
    "\\\\H\\NONE",
    "\\\\H\\public\\dir",
    "\\",
)
_USERS: Final = ("alice", "ALICE", "bob", "nobody", "", "alice@LAB", "LAB\\alice", "\u212aevin", "x" * 300)
_LOOKS: Final = {"pattern": _PATTERNS, "path": _UNCS, "account": _USERS, "user": _USERS}
"""Parts of names of fields, and what such a field is filled with half of the time."""
_ACCESSES: Final = (
    0x0012019F,
    0x02000000,
    0x10000000,
    0x80000000,
    1,
    2,
    4,
    0x10000,
    0x40000,
    0x80000,
    0x1000000,
    0x1F01FF,
)
_NUMBERS: Final[dict[str, Sequence[int]]] = {
    "fid": (0x4000, 0x4000, 0x4001, 0x4002, 0x4003, 0x4004, 0xFFFF, 0),
    "sid": (1, 2, 3, 0, 0xFFFF),
    "uid": (0x800, 0x801, 0),
    "tid": (1, 2, 0x800, 0),
    "access": _ACCESSES,
    "disposition": (0, 1, 2, 3, 4, 5, 6),
    "options": (0, 1, 0x20, 0x40, 0x1000, 0x200000, 0x1041),
    "flags": (0, 1, 2, 4, 6, 8, 0x10, 0x16),
    "count": (0, 1, 2, 16, 100, 4096, 0xFFFF),
    "offset": (0, 1, 50, 99, 100, 4096, 0x7FFFFFFF, 0xFFFFFFFF),
    "timeout": (0, 0, 1, 100, 0xFFFFFFFF),
    "function_code": (
        0x900A8, 0x900A4, 0x900C0, 0x94264, 0x980C8, 0x144064, 0x1440F2, 0x1400EC, 0x9009C, 0x11C017, 0x110018,
    ),
}  # fmt: skip


class Dice:
    """The source of a conversation. Equal seeds throw equal conversations, on every machine."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)

    def one(self, among: Sequence[T]) -> T:
        """One of them."""
        return among[int(self.random.random() * len(among))]

    def chance(self, share: float) -> bool:
        """Whether something happens that does with that probability."""
        return self.random.random() < share

    def below(self, end: int) -> int:
        """A number from 0 to `end` - 1; 0 where there is none."""
        return int(self.random.random() * end) if end > 0 else 0

    def number(self, bits: int, field: str = "") -> int:
        """What fits `bits` bits: what such a field takes, an edge, or anything."""
        known = next((values for key, values in _NUMBERS.items() if key in field), None)
        if known is not None and self.chance(0.9):
            return self.one(known) & ((1 << bits) - 1)
        if self.chance(0.7):
            return (self.one(_EDGES) + self.one((0, 0, 1, -1))) & ((1 << bits) - 1)
        return self.random.getrandbits(bits)

    def name(self, field: str = "") -> str:
        """A name of a file, a pattern, a UNC path or a user, as the field's name asks for."""
        known = next((values for key, values in _LOOKS.items() if key in field), None)
        if known is not None and self.chance(0.5):
            return self.one(known)
        stem = self.one(_STEMS[:_THERE] if self.chance(0.5) else _STEMS)
        if self.chance(0.1):
            stem = f"{stem}\\{self.one(_STEMS)}"
        if self.chance(0.03):
            stem += self.one(_PATTERNS)
        if self.chance(0.03):
            stem += self.one(("x", "\\..", ":", "\u2603", "*")) * self.below(4000)
        return stem

    def octets(self, most: int = 200) -> bytes:
        """Bytes: none, few, patterned, random, now and then as many as a large write has."""
        if self.chance(0.02):
            return bytes(self.below(60_000))
        size = self.below(self.one((1, 8, 40, most)))
        return self.one((b"\0" * size, b"\xff" * size, self.random.randbytes(size), (b"A\0" * size)[:size]))

    def words(self, most: int = 30) -> bytes:
        """Pieces of 32 bits and less, so that counts, pointers and sizes come about."""
        return b"".join(
            self.number(32).to_bytes(4, "little") if self.chance(0.7) else self.octets(9)
            for _ in range(self.below(most))
        )
