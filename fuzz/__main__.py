"""Talks to a server as no client should, and looks whether what must hold does.

    make fuzz                                        ten minutes: half in process, half over TCP
    make fuzz ARGS='--seconds 3600 --seed 7'
    python -m fuzz --captures FOLDER                 with the requests of the .pcap files there, too
    python -m fuzz --play FILE.talk [--over tcp]     one talk again, as it was saved
    python -m fuzz --talk SEED                       prints the talk of a seed

Each talk is made from a seed and plays to one or two clients of any kind. What must hold: nothing raises past the
connection; every request gets exactly one answer, or the connection ends with a reason; no bug is recorded; nothing
takes long, grows, or is left when all clients have gone; nothing outside the shares is read or changed; and another
connection keeps being answered. A talk that breaks this is made shorter and saved; exit code 1.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from fuzz import captures, inprocess, overtcp
from fuzz.shrink import shrunk
from fuzz.talk import Talk, make, read

SECONDS: Final = 600.0
MOST_FAULTS: Final = 20
_TELL_EVERY: Final = 30.0


class Player(Protocol):
    """What plays talks."""

    messages: int
    slowest: float
    """Seconds that an answer to another connection took, where there is a clock."""

    def play(self, talk: Talk) -> str | None:
        """What was broken; None where all held."""


def main() -> int:
    """Does what the arguments say; the exit code."""
    options = _arguments().parse_args()
    corpus = captures.corpus(sorted(options.captures.glob("*.pcap")) if options.captures else ())
    if options.talk is not None:
        print(make(options.talk, corpus).text(), end="")
        return 0
    if options.play:
        return _play(options.play, options.over or "core")
    options.out.mkdir(parents=True, exist_ok=True)
    ways = [options.over] if options.over else ["core", "tcp"]
    faults = 0
    for way in ways:
        faults += _run(way, f"{options.seed}.{way}", options.seconds / len(ways), corpus, options.out)
    return 1 if faults else 0


def _play(paths: Sequence[Path], way: str) -> int:
    code = 0
    for path in paths:
        with _player(way) as player:
            wrong = player.play(read(path))
        print(f"{path}: {wrong or 'all held'}")
        code = 1 if wrong else code
    return code


def _player(way: str) -> inprocess.Player | overtcp.Player:
    return inprocess.Player() if way == "core" else overtcp.Player()


def _run(way: str, seed: str, seconds: float, corpus: Sequence[bytes], out: Path) -> int:
    """Plays talks for so long; how many broke something."""
    began = told = time.monotonic()
    number = messages = faults = 0
    slowest = 0.0
    while time.monotonic() < began + seconds and faults < MOST_FAULTS:
        with _player(way) as player:
            while (now := time.monotonic()) < began + seconds:
                talk = make(f"{seed}.{number}", corpus)
                number += 1
                wrong = player.play(talk)
                if now > told + _TELL_EVERY:
                    told = now
                    print(
                        f"{way}: {number} talks, {messages + player.messages} messages, {faults} broke something",
                        flush=True,
                    )
                if wrong is not None:
                    faults += 1
                    _save(way, talk, wrong, out)
                    if way == "tcp":
                        break  # with a new server: the old one may be in any state
            messages += player.messages
            slowest = max(slowest, player.slowest)
    if slowest:
        print(f"{way}: the slowest answer to another connection took {slowest * 1000:.0f} ms")
    print(
        f"{way}: {number} talks, {messages} messages in {time.monotonic() - began:.0f} s, {faults} broke something"
    )
    return faults


def _save(way: str, talk: Talk, wrong: str, out: Path) -> None:
    if way == "core":
        kind = _kind(wrong)

        def breaks(shorter: Talk) -> bool:
            with inprocess.Player() as player:
                return _kind(player.play(shorter) or "") == kind

        if breaks(talk):
            talk = shrunk(talk, breaks)
    path = out / f"{talk.about.replace(' ', '-')}.talk"
    path.write_text(talk.text((way, *wrong.splitlines())), "utf-8")
    print(f"{talk.about}: {wrong}\n    python -m fuzz --over {way} --play {path}", flush=True)


def _kind(wrong: str) -> str:
    """What two faults have in common that are the same: the first words, and where a traceback ends."""
    lines = wrong.strip().splitlines() or [""]
    return f"{lines[0][:16]} {lines[-1] if len(lines) > 1 else ''}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="in all; 600")
    parser.add_argument("--seed", default="1", help="any text; equal seeds play equal talks; 1")
    parser.add_argument("--over", choices=("core", "tcp"), help="one way only")
    parser.add_argument("--captures", type=Path, metavar="FOLDER", help="of .pcap files")
    parser.add_argument(
        "--out", type=Path, default=Path("fuzz-faults"), help="where what broke something is saved"
    )
    parser.add_argument("--play", type=Path, nargs="+", metavar="FILE", help="talks to play again")
    parser.add_argument("--talk", metavar="SEED", help="print the talk of a seed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
