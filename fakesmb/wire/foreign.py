"""Other protocols than SMB, by the first bytes that one of their sides sends."""

from typing import Final

_NAKED: Final = "SMB without the four bytes of a frame before it"
_PROXY: Final = "PROXY, which a load balancer puts before a connection"
_METHODS: Final = (
    *(b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"TRACE ", b"PATCH ", b"CONNECT "),
    *(
        b"PROPFIND ",
        b"PROPPATCH ",
        b"MKCOL ",
        b"COPY ",
        b"MOVE ",
        b"LOCK ",
        b"UNLOCK ",
        b"REPORT ",
        b"PRI * HTTP/2",
    ),
)
"""How requests of HTTP and WebDAV begin (RFC 9110, RFC 4918), and a connection of HTTP/2 (RFC 9113 3.4)."""
_BEGINNINGS: Final = (
    ("HTTP", (*_METHODS, b"HTTP/", b"<!DOCTYPE", b"<html")),
    ("TLS", (b"\x16\x03", b"\x15\x03")),
    ("SSH", (b"SSH-",)),
    (_NAKED, (b"\xffSMB", b"\xfeSMB", b"\xfdSMB")),
    (_PROXY, (b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n")),
    ("RDP", (b"\x03\0\0",)),
    ("DCE/RPC without SMB", (b"\x05\0\x0b", b"\x05\0\x0c", b"\x05\0\x0d")),
    ("RTSP", (b"RTSP/", b"DESCRIBE ", b"SETUP ")),
    ("FTP or SMTP", (b"220 ", b"220-", b"EHLO ", b"HELO ", b"USER ")),
    ("POP3", (b"+OK",)),
    ("IMAP", (b"* OK",)),
    ("VNC", (b"RFB 0",)),
    ("Redis", (b"-ERR ", b"*1\r\n$", b"PING\r\n")),
)
"""A protocol, and what it begins with: TLS by the type of a record and the major version (RFC 8446 5.1), SSH by RFC
4253 4.2, RDP by the TPKT header ([MS-RDPBCGR] 2.2.1.1), DCE/RPC by version and type of a bind (C706 12.6)."""
_ENOUGH: Final = 4
_WRONG_PORT: Final = "the client has the wrong port"
_MOST_SHOWN: Final = 40


ADVICE: Final = {
    "HTTP": "the page and the control API have a port of their own (--web PORT)",
    "TLS": "SMB1 knows no encryption of that kind, so connect without",
    "SSH": "its port is 22, as a rule",
    _NAKED: "each message stands behind its length",
    _PROXY: "have that left out",
}
"""What to do where one of them comes to a port of SMB; else the client has the wrong port."""


def told(beginning: bytes) -> str:
    """For who serves SMB: what came instead of it, and what to do."""
    protocol = protocol_of(beginning)
    if not protocol:
        return f"that is no SMB: {shown(beginning)}"
    return f"that is {protocol} ({shown(beginning)}), and this port speaks SMB: {ADVICE.get(protocol, _WRONG_PORT)}"


def protocol_of(beginning: bytes) -> str:
    """What is spoken by whoever sends these bytes first; "" for what is none of those known here.

    Four bytes of more that are to come are enough, where all of them fit.
    """
    return next(
        (name for name, starts in _BEGINNINGS if any(_begins(beginning, start) for start in starts)),
        "",
    )


def _begins(beginning: bytes, start: bytes) -> bool:
    if len(beginning) < len(start):
        return len(beginning) >= _ENOUGH and start.startswith(beginning)
    return beginning.startswith(start)


def shown(beginning: bytes) -> str:
    """Bytes for a person: the first line where they are text, else hexadecimal digits; not at any length."""
    line = beginning.splitlines()[0] if beginning.strip() else beginning
    text = line[:_MOST_SHOWN].decode("ascii", "replace")
    if line and text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text:
        return text.strip() + ("..." if len(line) > _MOST_SHOWN else "")
    digits = beginning[: _MOST_SHOWN // 3].hex(" ")
    return digits + (" ..." if len(beginning) > _MOST_SHOWN // 3 else "")
