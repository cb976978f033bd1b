"""Packets of names and datagrams as nobody sends them, to a server that has both: what must hold is looked at.

    python -m fuzz.names --seconds 60 --seed 7

A packet is a real one with something wrong in it, or bytes. What must hold: nothing raises; one packet leaves at most
for one that came, and none for a response; none is longer than RFC 1002 allows; lists stay within bounds.
"""

import argparse
import random
import sys
import time
from typing import Final

from twisted.internet.task import Clock

from fakesmb.netbios import datagrams, frames, packets
from fakesmb.netbios.browser import Browser, Identity
from fakesmb.netbios.datagrams import Datagram
from fakesmb.netbios.nameservice import NameService
from fakesmb.netbios.packets import Kind, Opcode, Owner, Packet, Question, Record
from fakesmb.netbios.rates import Rates
from fakesmb.netbios.told import Around, Place
from fakesmb.wire.netbios import MSBROWSE, NetBIOSName

MOST_LISTED: Final = 20
_ALL: Final = ("10.0.0.255", 138)
_NAMES: Final = (
    NetBIOSName("FAKESMB"), NetBIOSName("FAKESMB", 0), NetBIOSName("LAB", 0), NetBIOSName("LAB", 0x1D),
    NetBIOSName("LAB", 0x1E), NetBIOSName("*", 0), NetBIOSName("OTHER"), NetBIOSName("FAKESMB", 0x20, "SCOPE"),
    MSBROWSE,
)  # fmt: skip


class Target:
    """A server's names and its browser, a master, and what leaves them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sent: list[tuple[bytes, Place]] = []
        around = Around(self.clock, random.Random(1).randbytes, lambda *told: None, lambda other: "10.0.0.1")
        rates = (Rates(1 << 30, 1 << 30, self.clock.seconds) for _ in range(2))
        self.names = NameService(around, self._send, None, next(rates))
        for name in _NAMES[:3]:
            self.names.register(name, group=name.name == "LAB")
        identity = Identity("FAKESMB", "LAB", "a fake", (5, 2), 0x9003)
        self.browser = Browser(
            around, identity, self.names, self._send, _ALL, next(rates), MOST_LISTED, wants_master=True
        )
        self.browser.begin()
        self.clock.pump([0.8] * 5)

    def _send(self, data: bytes, place: Place) -> None:
        self.sent.append((data, place))

    def play(self, data: bytes, sender: Place) -> str:
        """What was broken; "" where all held."""
        for what, takes in (("name service", self.names.received), ("datagrams", self.browser.received)):
            self.sent.clear()
            try:
                takes(data, sender)
            except Exception as error:
                return f"{what}: {type(error).__name__}: {error}"
            if len(self.sent) > 1:
                return f"{what}: {len(self.sent)} packets for one"
            is_response = what == "name service" and len(data) > 2 and data[2] & 0x80
            if self.sent and is_response:
                return f"{what}: a response is answered"
            if any(len(one) > packets.LONGEST for one, _ in self.sent):
                return f"{what}: a packet of {len(self.sent[0][0])} bytes"
        lists = (self.browser.servers, self.browser.workgroups)
        if any(len(rows.rows()) > MOST_LISTED for rows in lists):
            return "more is listed than may be"
        return ""


def packet(dice: random.Random) -> bytes:
    """A real packet or datagram, or bytes; most with something wrong in them."""
    kind = dice.randrange(10)
    if kind == 0:
        return dice.randbytes(dice.randrange(120))
    data = bytearray(_of_names(dice) if kind < 6 else _datagram(dice))
    for _ in range(dice.choice((0, 1, 1, 2, 5))):
        data[dice.randrange(len(data))] = dice.choice((0, 1, 0x20, 0xC0, 0xFF, dice.randrange(256)))
    if not dice.randrange(5):
        del data[dice.randrange(len(data)) :]
    return bytes(data)


def _of_names(dice: random.Random) -> bytes:
    name = dice.choice(_NAMES)
    opcode = dice.choice((*Opcode, dice.randrange(16)))
    asks = Question(name, dice.choice(tuple(Kind)))
    data = packets.address_data(Owner(bool(dice.randrange(2)), "10.0.0.9"))
    record = Record(dice.choice((name, dice.choice(_NAMES))), Kind.ADDRESS, dice.randrange(1 << 32), data)
    flags = dice.randrange(1 << 16) & 0x87B0
    return packets.encode(
        Packet(
            dice.randrange(1 << 16), opcode, flags, dice.randrange(8), dice.choice((asks, asks, None)),
            dice.choice((record, None)),
        )
    )  # fmt: skip


def _datagram(dice: random.Random) -> bytes:
    name = dice.choice(("OTHER", "FAKESMB", "", f"PC{dice.randrange(1000)}"))
    frame = dice.choice(
        (
            frames.Announcement(
                name, dice.randrange(1 << 32), "a comment", (4, 0), 60, dice.choice((1, 12, 15))
            ),
            frames.Election(dice.randrange(3), dice.randrange(1 << 32), dice.randrange(1 << 32), name),
            frames.BackupRequest(dice.randrange(256), dice.randrange(1 << 32)),
            frames.BackupResponse(1, (name, "B")),
            frames.AnnouncementRequest(name),
        )
    )
    mailslot = dice.choice((datagrams.BROWSE, "\\MAILSLOT\\LANMAN", "\\mailslot\\browse"))
    message = datagrams.message(mailslot, frames.encode(frame))
    return datagrams.encode(
        Datagram(
            dice.choice(_NAMES)._replace(scope=""), dice.choice(_NAMES), message, dice.choice((16, 17, 18))
        )
    )


def run(seed: str, seconds: float, most: int = 1 << 62) -> tuple[int, str]:
    """Plays packets for so long: how many, and what was broken."""
    dice, target = random.Random(seed), Target()
    end, count = time.monotonic() + seconds, 0
    while count < most and (count % 100 or time.monotonic() < end):
        count += 1
        data = packet(dice)
        if wrong := target.play(data, (f"10.0.{dice.randrange(4)}.9", dice.choice((137, 138, 4711)))):
            return count, f"{wrong}: {data.hex()}"
        if not count % 1000:
            target.clock.advance(dice.choice((0.2, 1.0, 700.0)))
    return count, ""


def main() -> int:
    """Does what the arguments say; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    count, wrong = run(options.seed, options.seconds)
    print(f"{count} packets: {wrong or 'all held'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
