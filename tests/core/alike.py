"""Whether two runs of a server said the same, where times of files and their numbers differ."""

from fakesmb.nt.filetime import TICKS_PER_SECOND, from_seconds

SIGNATURE_AT = 14
SIGNATURE_END = 22
DAY = 86400
"""Seconds: how far a time that is about now may be off."""
Inodes = tuple[set[int], set[int]]
"""The numbers that the files of both runs had."""


def same(one: bytes, two: bytes, inodes: Inodes, now: float) -> bool:
    """Whether two runs said the same, but for when files of theirs changed and what numbers they have."""
    if one == two:
        return True
    if len(one) != len(two):
        return False
    at = 0
    while at < len(one):
        if one[at] == two[at]:
            at += 1
            continue
        for start in range(max(at - 7, 0), at + 1):
            size = _excused(one[start : start + 8], two[start : start + 8], inodes, now)
            if start + size > at:
                at = start + size
                break
        else:
            return False
    return True


def same_message(one: bytes, two: bytes, inodes: Inodes, now: float) -> bool:
    """As `same`; the signatures of messages whose times differ do so, too."""
    unsigned = [message[:SIGNATURE_AT] + bytes(8) + message[SIGNATURE_END:] for message in (one, two)]
    return one == two or (unsigned[0] != unsigned[1] and same(unsigned[0], unsigned[1], inodes, now))


def frames(stream: bytes) -> list[bytes]:
    """The messages of a stream, which end where it does."""
    found, at = [], 0
    while at < len(stream):
        end = at + 4 + int.from_bytes(stream[at + 1 : at + 4], "big")
        assert end <= len(stream)
        found.append(stream[at + 4 : end])
        at = end
    return found


def _excused(one: bytes, two: bytes, inodes: Inodes, now: float) -> int:
    """How many of these bytes are a time of about now, or the number of a file, on both sides."""
    longs = [int.from_bytes(value, "little") for value in (one, two)]
    ticks = from_seconds(int(now))
    if all(abs(value - ticks) < DAY * TICKS_PER_SECOND for value in longs):
        return 8
    if all(value in known for value, known in zip(longs, inodes, strict=True)):
        return 8
    words = [value & 0xFFFFFFFF for value in longs]
    if all(abs(value - now) < DAY for value in words):
        return 4
    if all(
        value in {known & 0xFFFFFFFF for known in numbers}
        for value, numbers in zip(words, inodes, strict=True)
    ):
        return 4
    return 0
