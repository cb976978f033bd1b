"""A talk: what one or two clients do to a server, made from a seed, kept as a file that can be read and played again.

# anything: a comment
kinds plain ipc          one line: what the clients are when the talk begins
> 0 ff534d42...          client 0 sends a message with a MID of its own (see `clients.own` for what is filled in)
= 0 ff534d42...          ... with the MID of the message before
+ 0 ff534d42...          ... held back, and sent in one piece with the next
5 0 ff534d42...          ... in pieces of 5 bytes
~ 0 00000010ff...        client 0 sends bytes of the stream, which need not be a frame
. 2.5                    so many seconds pass (of the server's clock where that is ours)
x 0                      client 0 leaves without a word, and comes again
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from fuzz import clients
from fuzz.messages import messages
from fuzz.values import Dice

SEND: Final = ">"
SAME: Final = "="
HELD: Final = "+"
STREAM: Final = "~"
WAIT: Final = "."
LEAVE: Final = "x"
_LONGEST: Final = 60


class Action(NamedTuple):
    """One line; `kind` is one of the above, or the number of bytes of a piece."""

    kind: str
    client: int = 0
    data: bytes = b""
    seconds: float = 0

    def line(self) -> str:
        """As it stands in a file."""
        if self.kind == WAIT:
            return f"{WAIT} {self.seconds:g}"
        return f"{self.kind} {self.client} {self.data.hex()}".rstrip()


class Talk(NamedTuple):
    """What happens; `about` says where it comes from."""

    kinds: tuple[str, ...]
    actions: Sequence[Action]
    about: str = ""

    def text(self, why: Iterable[str] = ()) -> str:
        """As a file; `why` goes above it as comments."""
        comments = [f"# {line}" for line in (self.about, *why) if line]
        return "\n".join(
            (*comments, f"kinds {' '.join(self.kinds)}", *(one.line() for one in self.actions), "")
        )


def read(path: Path) -> Talk:
    """A file; raises `ValueError` for a line that is none of a talk."""
    kinds: tuple[str, ...] = ("plain",)
    actions = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "kinds":
            kinds = tuple(words[1:])
        elif words[0] == WAIT:
            actions.append(Action(WAIT, seconds=float(words[1])))
        elif words[0] in (SEND, SAME, HELD, STREAM, LEAVE) or words[0].isdigit():
            actions.append(Action(words[0], int(words[1]), bytes.fromhex("".join(words[2:]))))
        else:
            raise ValueError(f"{path}:{number}: no line of a talk: {line}")
    return Talk(kinds, actions, str(path))


def make(seed: str, corpus: Sequence[bytes]) -> Talk:
    """The talk of a seed. The same corpus and seed give the same one."""
    dice = Dice(seed)
    kinds = tuple(dice.one(clients.KINDS) for _ in range(dice.one((1, 1, 2))))
    actions: list[Action] = []
    for _ in range(1 + dice.below(_LONGEST)):
        actions += _next(dice, kinds, corpus)
    return Talk(kinds, actions, f"seed {seed}")


def _next(dice: Dice, kinds: Sequence[str], corpus: Sequence[bytes]) -> list[Action]:
    who = dice.below(len(kinds))
    chance = dice.random.random()
    if chance < 0.02:
        return [Action(WAIT, seconds=dice.one((0.1, 2.0, 40.0)))]
    if chance < 0.03:
        return [Action(LEAVE, who)]
    if chance < 0.04:
        prefix = (
            bytes((dice.one((0, 0, 0x81, 0x85, 0x82, 0xFF)),))
            + dice.one((b"\0\0", b"\0\1", b"\xff\xff"))
            + b"\x20"
        )
        return [Action(STREAM, who, prefix + dice.octets()), Action(LEAVE, who)]
    made = messages(dice, clients.flags2_of(kinds[who]), corpus, pipes=kinds[who] in clients.OF_PIPES)
    how = dice.one((SEND,) * 20 + (HELD, HELD, "1", "7", "33"))
    return [
        Action(how if index == 0 and one.own_mid else SEND if one.own_mid else SAME, who, one.data)
        for index, one in enumerate(made)
    ]
