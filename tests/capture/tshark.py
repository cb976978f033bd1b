"""What tshark says of each SMB message of a capture, frame by frame, to be compared with what we say.

As a program: `python -m tests.capture.tshark CAPTURE...` prints each difference, and how much was compared.
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fakesmb.capture.events import events
from fakesmb.record.dissect import messages
from fakesmb.record.entry import entries_of, entry_of
from fakesmb.record.events import Exchanged, Message
from fakesmb.wire.commands import Command
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.trans2 import Trans2

FIELDS = (
    "frame.number",
    "smb.cmd",
    "smb.nt_status",
    "smb.error_class",
    "smb.error_code",
    "smb.fid",
    "smb.file",
    "smb.search_pattern",
    "smb.dir_name",
    "smb.old_file",
    "_ws.malformed",
)
NO_COMMAND = "0xff"
SEPARATOR = "\x1f"


class Said(NamedTuple):
    """What is said of a frame."""

    commands: list[int]
    statuses: list[int]
    fids: set[int]
    paths: list[str]
    lists: bool = False
    """Whether it has names of a listing, which tshark does not tell from paths: answers of searches, changes."""


def there() -> bool:
    return shutil.which("tshark") is not None


def theirs(capture: Path, *options: str) -> dict[int, Said]:
    """What tshark says of the frames with SMB messages that it does not call malformed."""
    fields = [part for name in FIELDS for part in ("-e", name)]
    form = ["-E", f"aggregator={SEPARATOR}"]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(capture), *options, "-Y", "smb", "-T", "fields", *form, *fields],
        capture_output=True,
        encoding="latin-1",
        check=True,
    )
    found = {}
    for line in re.split(r"\n(?=\d+\t0x)", done.stdout.strip("\n")):  # names may have line feeds
        frame, *rest, malformed = line.split("\t")
        commands, statuses, classes, codes, fids, *names = (
            [one for one in value.split(SEPARATOR) if one] for value in rest
        )
        if malformed:
            continue
        found[int(frame)] = Said(
            [int(one, 16) for one in commands if one != NO_COMMAND],
            [int(one, 16) for one in statuses]
            or [int(kind, 0) | int(code, 0) << 16 for kind, code in zip(classes, codes, strict=True)],
            {int(one, 16) for one in fids},
            [name for group in names for name in group],
        )
    return found


def ours(capture: Path) -> dict[int, Said]:
    """What we say of all frames with SMB messages."""
    found: dict[int, list[Message]] = defaultdict(list)
    with capture.open("rb") as file:
        for event in events(file):
            if type(event) is Exchanged:
                for message in messages(event):
                    found[message.number].append(message)
    return {frame: _said(told) for frame, told in found.items()}


def _said(told: list[Message]) -> Said:
    return Said(
        [part.command for one in told for part in one.parts],
        [one.header.status for one in told],
        {fid for one in told for fid in _fids(one)},
        [path for one in told if (path := entry_of(one).path)],
        any(_lists(one) for one in told),
    )


def _lists(message: Message) -> bool:
    part = message.parts[0]
    if part.command in LISTING:
        return True  # a request that goes on has a name in its resume key
    return not message.request and (part.command, part.subcommand) in LISTING_SUBCOMMANDS


LISTING = {Command.SEARCH, Command.FIND}
LISTING_SUBCOMMANDS = {
    (Command.TRANSACTION2, Trans2.FIND_FIRST2),
    (Command.TRANSACTION2, Trans2.FIND_NEXT2),
    (Command.NT_TRANSACT, NtTransact.NOTIFY_CHANGE),
}


def _from_root(path: str) -> str:
    return path if path.startswith("\\") else f"\\{path}"


def _escaped(path: str) -> str:
    """As tshark writes it: a byte for each half of UTF-16, a question mark where that takes more."""
    units = memoryview(path.encode("utf-16-le", "surrogatepass")).cast("H")
    return "".join(chr(unit) if unit < 0x100 else "?" for unit in units).translate(ESCAPES)


ESCAPES = {ord(character): f"\\{letter}" for character, letter in zip("\b\t\n\f\r", "btnfr", strict=True)}


def _fids(message: Message) -> Iterator[int]:
    if message.fid is not None:
        yield message.fid
    for entry in entries_of(message):
        if entry.fields and isinstance(entry.fields.get("fid"), int):
            yield entry.fields["fid"]


def differences(capture: Path, *options: str) -> Iterator[str]:
    """Where we and tshark say different things.

    FID 0 is left out: tshark makes it up for an open that was refused, and goes on to name it. In a reply that has none
    it tells of the request's only where it saw that opened.
    """
    mine, other = ours(capture), theirs(capture, *options)
    for frame, said in other.items():
        own = mine.get(frame)
        if own is None:
            yield f"frame {frame}: tshark has {said}, we have nothing"
            continue
        if own.commands != said.commands:
            yield f"frame {frame}: commands {said.commands} of tshark, ours {own.commands}"
        if own.statuses != said.statuses:
            yield f"frame {frame}: statuses {said.statuses} of tshark, ours {own.statuses}"
        if said.fids and said.fids - {0} != own.fids - {0}:
            yield f"frame {frame}: FIDs {said.fids} of tshark, ours {own.fids}"
        listed = own.lists or not said.paths
        if not listed and not {_escaped(path) for path in own.paths} & {
            _from_root(path) for path in said.paths
        }:
            yield f"frame {frame}: paths {said.paths} of tshark, ours {own.paths}"
    for frame in mine.keys() - other.keys():
        yield f"frame {frame}: we have {mine[frame]}, tshark nothing (or calls it malformed)"


def main() -> None:
    for name in sys.argv[1:]:
        capture = Path(name)
        print(name, len(theirs(capture)), "frames")
        for line in differences(capture):
            print("  ", line)


if __name__ == "__main__":
    main()
