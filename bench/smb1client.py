"""A bare SMB1 load client: raw struct packing, blocking sockets, nothing shared with any server.

It speaks just enough of the protocol to load a server: NT LM 0.12 with extended security, raw NTLMSSP (NTLMv2), tree
connect, NT_CREATE_ANDX, READ_ANDX, WRITE_ANDX, CLOSE, TRANS2 path queries and directory searches, tree disconnect and
logoff. Any error status raises `SmbError`.
"""

import hashlib
import hmac
import os
import socket
import struct
from collections.abc import Collection
from typing import Final, Self

from bench.md4 import md4

NEGOTIATE: Final = 0x72
SESSION_SETUP: Final = 0x73
LOGOFF: Final = 0x74
TREE_CONNECT: Final = 0x75
TREE_DISCONNECT: Final = 0x71
NT_CREATE: Final = 0xA2
READ: Final = 0x2E
WRITE: Final = 0x2F
CLOSE: Final = 0x04
TRANS2: Final = 0x32
ECHO: Final = 0x2B
DELETE: Final = 0x06
MORE_PROCESSING_REQUIRED: Final = 0xC0000016
HEADER: Final = struct.Struct("<4sBIBHH8sHHHHH")
FLAGS2: Final = 0x8000 | 0x4000 | 0x0800 | 0x0001 | 0x0002
"""Unicode, NT status, extended security, long names, extended attributes."""


class SmbError(Exception):
    """A server answered with an error status."""

    def __init__(self, command: int, status: int) -> None:
        super().__init__(f"command 0x{command:02x}: status 0x{status:08x}")
        self.status = status


class Client:
    """One session over one connection."""

    def __init__(self, host: str, port: int, user: str, password: str, timeout: float = 30) -> None:
        self.user, self.uid, self.tid, self.mid = user, 0, 0, 0
        self.max_buffer = 0
        self.ntlm_key = hmac.new(
            md4(password.encode("utf-16le")), user.upper().encode("utf-16le"), hashlib.md5
        ).digest()
        self.sock = socket.create_connection((host, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(1 << 18)

    # -- framing -------------------------------------------------------------------------------------------

    def send(self, command: int, words: bytes, data: bytes = b"") -> None:
        """Sends one message."""
        self.mid = (self.mid + 1) & 0x7FFF
        header = HEADER.pack(
            b"\xffSMB", command, 0, 0x18, FLAGS2, 0, b"\0" * 8, 0, self.tid, 0x1234, self.uid, self.mid
        )
        body = header + bytes((len(words) // 2,)) + words + struct.pack("<H", len(data) & 0xFFFF) + data
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def receive(self) -> memoryview:
        """The next message as a memoryview into the client's own buffer (valid until the next call)."""
        view = memoryview(self.buffer)
        while True:
            self._fill(view[:4])
            kind, length = view[0], int.from_bytes(view[1:4], "big")
            if length > len(self.buffer):
                raise SmbError(0, 0xFFFFFFFF)
            self._fill(view[:length])
            if kind == 0:
                return view[:length]

    def _fill(self, view: memoryview) -> None:
        while view:
            count = self.sock.recv_into(view)
            if not count:
                raise ConnectionError("the server closed the connection")
            view = view[count:]

    def check(self, message: memoryview, *also: int) -> int:
        """Raises for an error status that is not among `also`."""
        status = int.from_bytes(message[5:9], "little")
        if status and status not in also:
            raise SmbError(message[4], status)
        return status

    def call(self, command: int, words: bytes, data: bytes = b"", also: Collection[int] = ()) -> memoryview:
        """Sends a request and gives its answer."""
        self.send(command, words, data)
        message = self.receive()
        self.check(message, *also)
        return message

    # -- session -------------------------------------------------------------------------------------------

    def login(self) -> Self:
        """Negotiates and signs in."""
        message = self.call(NEGOTIATE, b"", b"\x02NT LM 0.12\0")
        self.max_buffer = int.from_bytes(message[33 + 7 : 33 + 11], "little")
        flags = 0xE2088297
        blob = b"NTLMSSP\0" + struct.pack("<II", 1, flags) + b"\0" * 16 + bytes.fromhex("0501280a0000000f")
        message = self._session_setup(blob, also=(MORE_PROCESSING_REQUIRED,))
        self.uid = int.from_bytes(message[28:30], "little")
        start = bytes(message).index(b"NTLMSSP\0")
        challenge = bytes(message[start + 24 : start + 32])
        target_len, _, target_off = struct.unpack_from("<HHI", message, start + 40)
        target = bytes(message[start + target_off : start + target_off + target_len])
        temp = (
            b"\x01\x01" + b"\0" * 6 + self._timestamp(target) + os.urandom(8) + b"\0" * 4 + target + b"\0" * 4
        )
        proof = hmac.new(self.ntlm_key, challenge + temp, hashlib.md5).digest()
        nt, lm, user = proof + temp, b"\0" * 24, self.user.encode("utf-16le")
        offset, fields, payload = 64, b"", b""
        for value in (lm, nt, b"", user, b"", b""):
            fields += struct.pack("<HHI", len(value), len(value), offset + len(payload))
            payload += value
        flags &= ~0x40000000  # no key exchange
        blob = b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", flags) + payload
        self._session_setup(blob)
        return self

    @staticmethod
    def _timestamp(target: bytes) -> bytes:
        position = 0
        while position + 4 <= len(target):
            kind, length = struct.unpack_from("<HH", target, position)
            if kind == 7:
                return target[position + 4 : position + 12]
            position += 4 + length
        return struct.pack("<Q", 133_000_000_000_000_000)

    def _session_setup(self, blob: bytes, also: Collection[int] = ()) -> memoryview:
        words = struct.pack("<BBHHHHIHII", 0xFF, 0, 0, 0xFFFF, 50, 1, 0, len(blob), 0, 0x800000D4)
        data = blob + b"\0" * (1 - len(blob) % 2) + "Bench\0Bench\0".encode("utf-16le")
        return self.call(SESSION_SETUP, words, data, also)

    def connect(self, unc: str) -> Self:
        """Connects to a share."""
        data = b"\0" + unc.encode("utf-16le") + b"\0\0" + b"?????\0"
        self.tid = 0
        message = self.call(TREE_CONNECT, struct.pack("<BBHHH", 0xFF, 0, 0, 0, 1), data)
        self.tid = int.from_bytes(message[24:26], "little")
        return self

    def logoff(self) -> None:
        """Disconnects from the share, signs off, closes the connection."""
        self.call(TREE_DISCONNECT, b"")
        self.call(LOGOFF, struct.pack("<BBH", 0xFF, 0, 0))
        self.sock.close()

    # -- files ---------------------------------------------------------------------------------------------

    def create(self, name: str, access: int = 0x0012019F, disposition: int = 3, options: int = 0x40) -> int:
        """NT_CREATE_ANDX; returns the FID. The defaults open or create a file for reading and writing."""
        path = name.encode("utf-16le")
        words = struct.pack(
            "<BBHBHIIIQIIIIIB", 0xFF, 0, 0, 0, len(path), 0, 0, access, 0, 0x80, 7, disposition, options, 2, 0
        )
        message = self.call(NT_CREATE, words, b"\0" + path + b"\0\0")
        return int.from_bytes(message[32 + 1 + 4 + 1 : 32 + 1 + 4 + 3], "little")

    def close(self, fid: int) -> None:
        """CLOSE."""
        self.call(CLOSE, struct.pack("<HI", fid, 0xFFFFFFFF))

    def delete(self, name: str) -> None:
        """DELETE."""
        self.call(DELETE, struct.pack("<H", 0x16), b"\x04" + name.encode("utf-16le") + b"\0\0")

    def send_read(self, fid: int, offset: int, count: int) -> None:
        """READ_ANDX; the answer is for `receive_read`."""
        self.send(
            READ,
            struct.pack(
                "<BBHHIHHIHI",
                0xFF,
                0,
                0,
                fid,
                offset & 0xFFFFFFFF,
                count & 0xFFFF,
                0,
                count >> 16,
                0,
                offset >> 32,
            ),
        )

    def receive_read(self) -> memoryview:
        """The bytes of the next READ_ANDX response, as a memoryview."""
        message = self.receive()
        self.check(message)
        low, start, high = struct.unpack_from("<HHH", message, 33 + 10)
        return message[start : start + (low | high << 16)]

    def send_write(self, fid: int, offset: int, payload: bytes) -> None:
        """WRITE_ANDX; the answer is for `receive_write`."""
        size = len(payload)
        words = struct.pack(
            "<BBHHIIHHHHHI",
            0xFF,
            0,
            0,
            fid,
            offset & 0xFFFFFFFF,
            0,
            0,
            0,
            size >> 16,
            size & 0xFFFF,
            64,
            offset >> 32,
        )
        self.send(WRITE, words, b"\0" + payload)

    def receive_write(self) -> int:
        """How many bytes the next WRITE_ANDX response says were written."""
        message = self.receive()
        self.check(message)
        low, _, high = struct.unpack_from("<HHH", message, 33 + 4)
        return int(low | high << 16)

    def trans2(
        self, function: int, parameters: bytes, data: bytes = b"", max_data: int = 16384
    ) -> memoryview:
        """TRANSACTION2 in one message."""
        head = 32 + 1 + 30 + 2 + 1
        pad = -head % 4
        start = head + pad
        words = struct.pack(
            "<HHHHBBHIHHHHHBBH",
            len(parameters),
            len(data),
            64,
            max_data,
            0,
            0,
            0,
            0,
            0,
            len(parameters),
            start,
            len(data),
            start + len(parameters),
            1,
            0,
            function,
        )
        return self.call(TRANS2, words, b"\0" * (1 + pad) + parameters + data)

    def query_path(self, name: str, level: int = 0x0107) -> memoryview:
        """TRANS2_QUERY_PATH_INFORMATION."""
        return self.trans2(5, struct.pack("<HI", level, 0) + name.encode("utf-16le") + b"\0\0")

    def search(self, pattern: str, level: int = 0x0104) -> int:
        """FIND_FIRST2 and FIND_NEXT2 to the end; returns how many entries the server listed."""
        message = self.trans2(
            1,
            struct.pack("<HHHHI", 0x16, 512, 2, level, 0) + pattern.encode("utf-16le") + b"\0\0",
            max_data=65535,
        )
        start = struct.unpack_from("<H", message, 33 + 8)[0]
        sid, count, end = struct.unpack_from("<HHH", message, start)
        total = int(count)
        while not end:
            message = self.trans2(
                2, struct.pack("<HHHIH", sid, 512, level, 0, 0x000A) + b"\0\0", max_data=65535
            )
            start = struct.unpack_from("<H", message, 33 + 8)[0]
            count, end = struct.unpack_from("<HH", message, start)
            total += count
            if not count:
                break
        return total

    def echo(self) -> None:
        """ECHO."""
        self.call(ECHO, struct.pack("<H", 1), b"ping")
