"""What must hold whatever clients do, and how it is found out. Both players share it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fakesmb.wire.chain import links
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, MAGIC, Header
from fakesmb.wire.messages import REQUESTS
from fuzz.values import SECRET

FIRST_MID: Final = 0x100
"""Of a talk; what a client asks before has lower ones."""
MAY_BE_SILENT: Final = frozenset(
    {
        Command.NT_CANCEL,  # what it cancels is answered
        Command.LOCKING_ANDX,  # the answer to an oplock break
        Command.TRANSACTION_SECONDARY, Command.TRANSACTION2_SECONDARY, Command.NT_TRANSACT_SECONDARY,
        Command.TRANSACTION,  # one that says NO_RESPONSE
        Command.TRANSACTION2,
        Command.WRITE_RAW, Command.READ_RAW, Command.WRITE_MPX, Command.WRITE_MPX_SECONDARY,
        Command.ECHO,  # of no echoes
    }
)  # fmt: skip
"""Commands that the protocol lets a server answer by silence, in some form of theirs."""
MAY_BE_MANY: Final = frozenset(
    {
        Command.ECHO, Command.READ_MPX, Command.WRITE_RAW, Command.WRITE_MPX, Command.TRANSACTION, Command.TRANSACTION2,
        Command.NT_TRANSACT, Command.TRANSACTION_SECONDARY, Command.TRANSACTION2_SECONDARY,
        Command.NT_TRANSACT_SECONDARY,
    }
)  # fmt: skip
"""Commands whose answer may come in several messages."""
MAY_WAIT: Final = frozenset(
    {
        Command.LOCKING_ANDX, Command.LOCK_BYTE_RANGE, Command.LOCK_AND_READ, Command.NT_TRANSACT, Command.TRANSACTION,
        Command.READ_ANDX, Command.READ, Command.READ_RAW, Command.TRANSACTION2, Command.NT_TRANSACT_SECONDARY,
        Command.TRANSACTION_SECONDARY,
    }
)  # fmt: skip
"""Commands that may wait for as long as others let them: for a lock, a change, the other end of a pipe."""


def commands(data: bytes) -> frozenset[int]:
    """The commands of a message, as far as they can be read."""
    try:
        header = Header.decode(data)
    except DecodeError:
        return frozenset()

    def read(code: int, block: object) -> object:
        kind = REQUESTS.get(code)
        return None if kind is None else kind.decode(block)  # type: ignore[arg-type]

    found = links(data, header.command, read, unicode=header.unicode, encoding="cp850")  # type: ignore[arg-type]
    return frozenset(link.code for link in found)


class Answers:
    """What one connection was asked and what it answered, by MID."""

    def __init__(self) -> None:
        self.asked: dict[int, list[bytes]] = {}
        self.got: Counter[int] = Counter()
        self.certain = True
        """False once the stream has had bytes that need not be messages."""

    def ask(self, mid: int, data: bytes) -> None:
        """A message goes out."""
        if len(data) < HEADER_SIZE or data[:4] != MAGIC:
            self.certain = False
        self.asked.setdefault(mid, []).append(data)

    def take(self, frame: bytes) -> str | None:
        """A frame comes in. The reason, where it should not have come."""
        if SECRET in frame:
            return "escape: an answer holds what lies outside the shares"
        if frame[:4] != MAGIC or len(frame) < HEADER_SIZE:
            return None  # raw data
        header = Header.decode(frame)
        if not header.is_reply:
            return None  # an oplock break
        self.got[header.mid] += 1
        about = self.asked.get(header.mid)
        if self.certain and about is None and header.mid >= FIRST_MID:
            return f"an answer to MID {header.mid}, which was not asked"
        if about is not None and self.got[header.mid] > len(about) and not _all(about) & MAY_BE_MANY:
            return f"{self.got[header.mid]} answers to {_names(_all(about))}"
        return None

    def missing(self, allowed: frozenset[int] = frozenset()) -> Iterable[str]:
        """What is unanswered and should not be; `allowed` are commands that may be so besides."""
        raw_data_next = False
        for mid, sent in self.asked.items() if self.certain else ():
            about = _all(sent)
            if not self.got[mid] and not raw_data_next and not about & (MAY_BE_SILENT | allowed):
                yield f"no answer to {_names(about)}, MID {mid}"
            raw_data_next = Command.WRITE_RAW in about


def _all(messages: Iterable[bytes]) -> frozenset[int]:
    return frozenset().union(*map(commands, messages))


def _names(codes: Iterable[int]) -> str:
    return ", ".join(f"0x{code:02X}" for code in sorted(codes)) or "a message without a command"


def make_folders(base: Path) -> dict[str, Path]:
    """Two shares, and beside them what nobody may reach."""
    folders = {name: base / name for name in ("public", "docs")}
    for folder in (*folders.values(), base / "outside"):
        folder.mkdir(exist_ok=True)
    (base / "outside" / "secret.txt").write_bytes(SECRET)
    (folders["docs"] / "manual.txt").write_bytes(b"read only")
    public = folders["public"]
    for name in ("a.txt", "b.txt", "long name of a file.txt", "\u2603.txt"):
        (public / name).write_bytes(b"0123456789" * 10)
    (public / "dir" / "sub").mkdir(parents=True)
    (public / "dir" / "c.txt").write_bytes(b"")
    (public / "link").symlink_to("../outside")
    (public / "linked.txt").symlink_to("../outside/secret.txt")
    return folders


def outside_problem(base: Path) -> str | None:
    """The reason, where something outside the shares has changed."""
    there = sorted(path.name for path in base.iterdir())
    inside = sorted(path.name for path in (base / "outside").iterdir())
    if there != ["docs", "outside", "public"] or inside != ["secret.txt"]:
        return f"escape: beside the shares there are {there} and {inside}"
    if (base / "outside" / "secret.txt").read_bytes() != SECRET:
        return "escape: a file outside the shares has changed"
    if [path.name for path in (base / "docs").iterdir()] != ["manual.txt"]:
        return "escape: a read-only share has changed"
    return None


def resident_mib(pid: int | str = "self") -> float:
    """What a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / (1 << 20)
