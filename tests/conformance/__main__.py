"""Runs leaves of smbtorture one by one, and says what each says of this server and of Samba.

    python -m tests.conformance raw.lock.lock.lock              one leaf, by its name in smbtorture.txt
    python -m tests.conformance 'raw.lock.*' --keep torture     a group, with the talk of each in torture/
    python -m tests.conformance 'raw.lock.*' --samba            against a Samba that is started for it (as root)

A leaf that fails is followed by what smbtorture printed, and by the commands that show the talk. `make conformance` has
pytest run all.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from fakesmb import FakeSMB
from tests.conformance import samba as peer
from tests.conformance.torture import Torture, configuration, known, leaves, reason, workplace

HERE = Path(__file__).parent
BASELINE = HERE / "samba.txt"
HEAD = """\
# Leaves that Samba does not pass by the same rules (--target=other), and why: leaf | what smbtorture says. The others
# of smbtorture.txt and known_failures.txt it passes. Written by: python -m tests.conformance --samba --write FILE
"""
PATIENCE = 240
"""Seconds that a leaf may take."""
Talk = Callable[[str], AbstractContextManager[object]]
"""Captures the talk of a leaf."""


class Verdict(NamedTuple):
    """What one run of a leaf came to."""

    leaf: str
    passed: bool
    seconds: float
    said: str


def listed(name: str) -> dict[str, str]:
    """A list of this folder: leaves, and what stands behind each."""
    return leaves((HERE / name).read_text(encoding="utf-8"))


def chosen(patterns: Sequence[str]) -> list[str]:
    """The listed leaves that the patterns name, in the lists' order. Raises `SystemExit` for one that names none."""
    every = known(*((HERE / name).read_text("utf-8") for name in ("smbtorture.txt", "known_failures.txt")))
    if not patterns:
        return every
    for pattern in patterns:
        if not any(fnmatchcase(leaf, pattern) for leaf in every):
            raise SystemExit(f"no leaf is called {pattern}: tests/conformance/smbtorture.txt has their names")
    return [leaf for leaf in every if any(fnmatchcase(leaf, pattern) for pattern in patterns)]


@contextmanager
def fakesmb(keep: Path | None) -> Iterator[tuple[Torture, Talk]]:
    """smbtorture and a server of this tree, in this process; with `keep` the talk of a leaf is captured there."""
    with workplace() as (folder, scratch), tempfile.TemporaryDirectory() as base:
        config = Path(base, "fakesmb.toml")
        config.write_text(configuration(folder), encoding="utf-8")
        with FakeSMB.from_file(config) as smb:

            def talk(leaf: str) -> AbstractContextManager[object]:
                return smb.capture(capture_of(leaf, keep)) if keep else nullcontext()

            yield Torture(smb.port, folder, scratch), talk


@contextmanager
def samba() -> Iterator[tuple[Torture, Talk]]:
    """smbtorture and a Samba of the machine."""
    if lacking := peer.missing():
        raise SystemExit(lacking)
    with workplace() as (folder, scratch), peer.samba(scratch.parent / "samba", folder) as port:
        yield Torture(port, folder, scratch), lambda leaf: nullcontext()


def capture_of(leaf: str, keep: Path) -> Path:
    """Where the talk of a leaf is kept."""
    return keep / f"{re.sub(r'[^A-Za-z0-9.+-]+', '_', leaf)}.pcapng"


def verdicts(torture: Torture, talk: Talk, names: Sequence[str]) -> Iterator[Verdict]:
    """Runs them one after the other."""
    for leaf in names:
        began = time.monotonic()
        with talk(leaf):
            passed, said = torture.run(leaf, PATIENCE)
        yield Verdict(leaf, passed, time.monotonic() - began, said)


def told(verdict: Verdict, keep: Path | None, beside: dict[str, str]) -> Iterator[str]:
    """The lines of a verdict; `beside` has what Samba fails, and why."""
    yield f"{'passed' if verdict.passed else 'FAILED'} {verdict.seconds:6.1f} s  {verdict.leaf}"
    if verdict.leaf in beside:
        yield f"    Samba fails here: {beside[verdict.leaf]}"
    if verdict.passed:
        return
    yield from (f"    {line}" for line in verdict.said.splitlines())
    if keep:
        capture = capture_of(verdict.leaf, keep)
        yield f"    the talk: fakesmb show '{capture}'    every field of it: fakesmb show -v '{capture}'"
    else:
        yield "    --keep FOLDER keeps the talk"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the arguments name; gives 0 where all of it passed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("leaves", nargs="*", metavar="LEAF", help="name or pattern; without one: all of them")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="capture the talk of each leaf there")
    parser.add_argument(
        "--samba", action="store_true", help="run them against Samba's smbd (root, Debian: samba)"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write what failed, and why, as a list like samba.txt"
    )
    options = parser.parse_args(arguments)
    if options.samba and options.keep:
        parser.error("--keep captures fakesmb; for Samba take tshark, on the loopback device")
    names = chosen(options.leaves)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    beside = {} if options.samba else listed(BASELINE.name)
    failed: list[Verdict] = []
    with samba() if options.samba else fakesmb(options.keep) as (torture, talk):
        for verdict in verdicts(torture, talk, names):
            print("\n".join(told(verdict, options.keep, beside)), flush=True)
            failed += [] if verdict.passed else [verdict]
    print(f"{len(names) - len(failed)} of {len(names)} passed")
    if options.write:
        rows = [f"{one.leaf} | {reason(one.said)[:240]}" for one in failed]
        options.write.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
