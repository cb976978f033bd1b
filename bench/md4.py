"""MD4 (RFC 1320), which OpenSSL 3 no longer offers to hashlib."""

import struct
from collections.abc import Callable, Sequence
from typing import Final

Mix = Callable[[int, int, int], int]

ROUNDS: Final[Sequence[tuple[Mix, int, Sequence[int], Sequence[int]]]] = (
    (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
    (
        lambda x, y, z: x & y | x & z | y & z,
        0x5A827999,
        (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        (3, 5, 9, 13),
    ),
    (
        lambda x, y, z: x ^ y ^ z,
        0x6ED9EBA1,
        (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
        (3, 9, 11, 15),
    ),
)
"""Function, constant, order of the words, shifts."""


def md4(data: bytes) -> bytes:
    """The digest, 16 bytes."""
    mask, h = 0xFFFFFFFF, [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    bits = len(data) * 8
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", bits)

    def rol(x: int, n: int) -> int:
        x &= mask
        return (x << n | x >> (32 - n)) & mask

    for start in range(0, len(data), 64):
        x = struct.unpack("<16I", data[start : start + 64])
        s = list(h)
        for mix, constant, order, shifts in ROUNDS:
            for i, k in enumerate(order):
                a, b, c, d = (s[(j - i) % 4] for j in range(4))
                s[(-i) % 4] = rol(a + mix(b, c, d) + x[k] + constant, shifts[i % 4])
        h = [(a + b) & mask for a, b in zip(h, s, strict=True)]
    return struct.pack("<4I", *h)
