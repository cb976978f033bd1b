"""As much DER as SPNEGO needs ([RFC 4178] 4.2, X.690): definite lengths, one-byte tags, strict bounds."""

from collections.abc import Iterator

from fakesmb.wire.codec import DecodeError

OBJECT_IDENTIFIER = 0x06
OCTET_STRING = 0x04
ENUMERATED = 0x0A
GENERAL_STRING = 0x1B
SEQUENCE = 0x30
APPLICATION_0 = 0x60
_LONGEST_LENGTH = 4


def context(number: int) -> int:
    """The tag `[number]`."""
    return 0xA0 | number


def element(tag: int, *contents: bytes) -> bytes:
    """One element around its contents."""
    body = b"".join(contents)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and contents of each element in `data`; raises `DecodeError`."""
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag & 0x1F == 0x1F:
            raise DecodeError(f"DER tag 0x{tag:02x} at {at} has several bytes")
        body_at, size = _length(data, at + 1)
        at = body_at + size
        if at > end:
            raise DecodeError(f"a DER element of {size} bytes at {body_at}, {end - body_at} there")
        yield tag, data[body_at:at]


def only(data: bytes, tag: int) -> bytes:
    """The contents of the element of that tag which `data` begins with; raises `DecodeError`.

    What follows it is ignored, as some clients pad their blob.
    """
    for found, body in elements(data):
        if found == tag:
            return body
        raise DecodeError(f"DER tag 0x{found:02x} where 0x{tag:02x} belongs")
    raise DecodeError(f"nothing where DER tag 0x{tag:02x} belongs")


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise DecodeError(f"a DER element ends at {at}, before its length")
    size = data[at]
    at += 1
    if size < 0x80:
        return at, size
    count = size & 0x7F
    if not 0 < count <= _LONGEST_LENGTH or at + count > len(data):
        raise DecodeError(f"a DER length of {count} bytes at {at}")
    return at + count, int.from_bytes(data[at : at + count], "big")
