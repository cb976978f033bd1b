"""A load for a server: `python load.py PORT FOLDER SECONDS SEED` over real sockets. Prints figures as JSON.

Each such process has three connections. Two thirds of its work is a walk with the model in a directory of its own
(`file_model.Twin`: every answer must be the model's). The rest meets the other processes on files that all share,
where what must hold at any time is checked: exclusive locks and opens are exclusive, of several renames of one name
one succeeds, and oplocks that break are given up.
"""

import contextlib
import json
import mmap
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import CreateDirectoryRequest, RenameRequest
from fuzz import sockets
from tests.file_model import Twin

RANGES = 16
"""Ranges of the shared file that processes lock in turn; one byte for each in the file that tells who has it."""


class SocketClient(sockets.SocketClient):
    """One that gives its oplocks up as soon as they break."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.broken: list[int] = []

    def heed_breaks(self) -> None:
        """An answer may wait for them."""
        while self.breaks:
            self.acknowledged(self.breaks.pop().fid)

    def acknowledged(self, fid: int) -> None:
        """Gives an oplock up as soon as it breaks; nothing comes back for it."""
        before = self.mid
        self.acknowledge(fid)
        self.mid = before
        self.broken.append(fid)


def enter(port: int) -> SocketClient:
    """A signed-in client; every process may have many."""
    client = SocketClient(port)
    client.sign_in(vc_number=7)
    client.connect("files")
    return client


def expected(error: SMBError, *statuses: NT) -> None:
    assert NT(error.status) in statuses, f"{NT(error.status)!r} is none of {statuses}"


class Shared:
    """What processes do to the files that all of them use. `owners` is memory that all of them see."""

    def __init__(self, client: SocketClient, folder: Path, number: int, dice: Random) -> None:
        self.client, self.number, self.dice = client, number, dice
        with contextlib.suppress(SMBError):
            client.call(0x00, CreateDirectoryRequest("shared"), Empty)
        with (folder.parent / "owners").open("r+b") as file:
            self.owners = mmap.mmap(file.fileno(), 0)
        self.fid = client.create("shared\\data", disposition=3)
        self.counts: Counter[str] = Counter()

    def step(self) -> None:
        self.dice.choice(
            (self.lock_and_write, self.lock_and_write, self.open_alone, self.pass_on, self.break_oplock)
        )()

    def lock_and_write(self) -> None:
        """Whoever has a range alone writes and reads back; nobody else may have it meanwhile."""
        which = self.dice.randrange(RANGES)
        offset = which * 100
        try:
            self.client.lock(self.fid, offset, 100)
        except SMBError as error:
            expected(error, NT.LOCK_NOT_GRANTED, NT.FILE_LOCK_CONFLICT)
            self.counts["lock refused"] += 1
            return
        self.take(which)
        data = bytes((self.dice.randrange(256),)) * 100
        self.client.write(self.fid, data, offset)
        assert self.client.read(self.fid, offset, 100) == data, "another wrote into a locked range"
        self.give(which)
        self.client.unlock(self.fid, offset, 100)
        self.counts["locked"] += 1

    def open_alone(self) -> None:
        """An open that shares nothing is the only one."""
        try:
            fid = self.client.create("shared\\alone", share=0, disposition=3, access=0x13019F)
        except SMBError as error:
            expected(error, NT.SHARING_VIOLATION, NT.DELETE_PENDING)
            self.counts["open refused"] += 1
            return
        self.take(RANGES)
        self.client.write(fid, self.dice.randbytes(50))
        self.give(RANGES)
        self.client.close(fid)
        self.counts["opened alone"] += 1

    def pass_on(self) -> None:
        """There is one token; a rename moves it, for one of those who try."""
        old, new = self.dice.sample(range(4), 2)
        try:
            self.client.call(0x07, RenameRequest(0x16, f"shared\\token{old}", f"shared\\token{new}"), Empty)
        except SMBError as error:
            expected(error, NT.OBJECT_NAME_NOT_FOUND)
            self.counts["token elsewhere"] += 1
        else:
            self.counts["token passed on"] += 1

    def break_oplock(self) -> None:
        """A batch oplock is asked for, perhaps given, perhaps broken, and given up."""
        fid = self.client.create("shared\\oplocked", disposition=3, flags=6, access=0x12019F)
        self.client.write(fid, b"x" * 10, 10 * self.number)
        assert len(self.client.read(fid, 10 * self.number, 10)) == 10
        self.client.close(fid)
        self.counts["oplocked"] += 1

    def take(self, which: int) -> None:
        assert self.owners[which] == 0, f"range {which} is process {self.owners[which]}'s"
        self.owners[which] = self.number + 1

    def give(self, which: int) -> None:
        assert self.owners[which] == self.number + 1, f"range {which} was taken by {self.owners[which]}"
        self.owners[which] = 0


def main(port: int, folder: Path, seconds: float, number: int) -> None:
    dice, end = Random(number), time.monotonic() + seconds
    clients = [enter(port) for _ in range(3)]
    twin = Twin(f"own{number}")
    clients[0].call(0x00, CreateDirectoryRequest(f"own{number}"), Empty)
    shared = Shared(enter(port), folder, number, dice)
    figures: Counter[str] = Counter()
    while time.monotonic() < end:
        for _ in range(200):
            twin.random(dice, clients)
        for _ in range(100):
            shared.step()
        figures["checks of the disk"] += 1
        twin.check_disk(folder / f"own{number}")
        if dice.random() < 0.2:
            gone = dice.randrange(len(clients))
            twin.files, left = [f for f in twin.files if f.client is not clients[gone]], twin.files
            for file in left:
                if file.client is clients[gone]:
                    file.client.close(file.fid)
                    twin.model.close(file.held)
            clients[gone].lost()
            clients[gone] = enter(port)
            figures["reconnections"] += 1
    figures["with the model"] = twin.done
    figures["oplock breaks"] = len(shared.client.broken)
    print(json.dumps({**figures, **shared.counts, "refusals": twin.refused}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
