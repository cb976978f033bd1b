"""As much DER as SPNEGO needs ([RFC 4178] 4.2, X.690): definite lengths, one-byte tags, strict bounds."""

from collections.abc import Iterator

from fakesmb.nt.status import NT, SMBError

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


def broken(why: str) -> SMBError:
    """What Windows and Samba answer to a security blob that cannot be read."""
    return SMBError(NT.INVALID_PARAMETER, f"security blob: {why}")


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and contents of each element in `data`; raises `SMBError`."""
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag & 0x1F == 0x1F:
            raise broken("a tag of several bytes")
        body_at, size = _length(data, at + 1)
        at = body_at + size
        if at > end:
            raise broken(f"an element of {size} bytes in {end - body_at}")
        yield tag, data[body_at:at]


def only(data: bytes, tag: int) -> bytes:
    """The contents of the element of that tag which `data` begins with; raises `SMBError`.

    What follows it is ignored, as some clients pad their blob.
    """
    for found, body in elements(data):
        if found == tag:
            return body
        raise broken(f"tag 0x{found:02x} where 0x{tag:02x} belongs")
    raise broken(f"nothing where tag 0x{tag:02x} belongs")


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise broken("ends before a length")
    size = data[at]
    at += 1
    if size < 0x80:
        return at, size
    count = size & 0x7F
    if not 0 < count <= _LONGEST_LENGTH or at + count > len(data):
        raise broken("a length that cannot be")
    return at + count, int.from_bytes(data[at : at + count], "big")
