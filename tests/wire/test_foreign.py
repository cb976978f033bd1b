"""Other protocols are known by their first bytes, and told of in one line."""

import pytest

from fakesmb.wire.foreign import protocol_of, shown, told

CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303")


@pytest.mark.parametrize(
    ("beginning", "protocol"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
        (b"PROPFIND /share HTTP/1.1\r\n", "HTTP"),
        (b"PROP", "HTTP"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (CLIENT_HELLO, "TLS"),
        (b"\x15\x03\x03\x00\x02", "TLS"),
        (b"SSH-2.0-OpenSSH_9.2", "SSH"),
        (b"SSH-", "SSH"),
        (b"\xffSMBr\0\0\0", "SMB without the four bytes of a frame before it"),
        (b"\xfeSMB@\0\0\0", "SMB without the four bytes of a frame before it"),
        (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 445\r\n", "PROXY, which a load balancer puts before a connection"),
        (bytes.fromhex("0300001300e00000"), "RDP"),
        (b"\0\0\0\x55\xffSMB", ""),
        (b"GE", ""),
        (b"get / http", ""),
        (b"", ""),
    ],
)
def test_a_protocol_is_known_by_its_first_bytes(beginning: bytes, protocol: str) -> None:
    assert protocol_of(beginning) == protocol


@pytest.mark.parametrize(
    ("beginning", "text"),
    [
        (b"GET / HTTP/1.1\r\nHost: x", "GET / HTTP/1.1"),
        (b"Hello", "Hello"),
        (b"x" * 41, "x" * 40 + "..."),
        (b"\x16\x03\x01", "16 03 01"),
        (bytes(range(20)), "00 01 02 03 04 05 06 07 08 09 0a 0b 0c ..."),
        (b"\xc3\xa4", "c3 a4"),
        (b"\r\n\r\n", "0d 0a 0d 0a"),
        (b"\x1b[31mred", "1b 5b 33 31 6d 72 65 64"),
        (b"", ""),
    ],
)
def test_bytes_are_shown_to_a_person(beginning: bytes, text: str) -> None:
    assert shown(beginning) == text


def test_what_to_do_is_told() -> None:
    assert told(b"GET /x HTTP/1.1\r\n") == (
        "that is HTTP (GET /x HTTP/1.1), and this port speaks SMB: "
        "the page and the control API have a port of their own (--web PORT)"
    )
    assert told(b"RFB 003.008\n").endswith(" and this port speaks SMB: the client has the wrong port")
    assert told(b"\xffSMBr\0\0\0").endswith(
        " and this port speaks SMB: each message stands behind its length"
    )
    assert told(b"PROXY TCP4 ").endswith(" and this port speaks SMB: have that left out")
    assert told(b"\x47\x00") == "that is no SMB: 47 00"
