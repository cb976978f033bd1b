"""Conversations in memory whose events are followed."""

from pathlib import Path
from typing import Any

from fakesmb.record.events import Event, Exchanged
from fakesmb.testing import Client, InMemoryServer
from fakesmb.trace.context import Context
from fakesmb.trace.follow import Follower
from fakesmb.wire.files import ReadAndxRequest, ReadAndxResponse, WriteAndxRequest, WriteAndxResponse

NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860 02000000")
SRVSVC = bytes.fromhex("c84f324b7016d30112785a47bf6ee188 03000000")


class Followed:
    """A sink that follows what it is given."""

    def __init__(self) -> None:
        self.follower = Follower()
        self.told: list[tuple[Exchanged, Context]] = []

    def write(self, event: Event) -> None:
        context = self.follower.follow(event)
        if type(event) is Exchanged:
            self.told.append((event, context))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    @property
    def last(self) -> Context:
        return self.told[-1][1]


class Talk:
    """A server in memory, followed, and a client that is signed in."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.server = InMemoryServer({"public": folder}, **options)
        self.followed = Followed()
        self.server.server.log.add(self.followed)
        self.client = self.server.client().sign_in()

    def pipe(self, name: str = "srvsvc") -> int:
        """The FID of a pipe."""
        self.client.connect("IPC$")
        return self.client.create(f"\\{name}")


def bind(syntax: bytes = SRVSVC, *, call: int = 1, context: int = 0) -> bytes:
    """A bind PDU that offers one interface."""
    body = (
        bytes.fromhex("b810b810 00000000 01000000") + context.to_bytes(2, "little") + b"\1\0" + syntax + NDR
    )
    return head(11, 16 + len(body), call) + body


def head(kind: int, length: int, call: int, flags: int = 3) -> bytes:
    return (
        bytes((5, 0, kind, flags, 0x10, 0, 0, 0))
        + length.to_bytes(2, "little")
        + b"\0\0"
        + call.to_bytes(4, "little")
    )


def request(opnum: int, stub: bytes, *, call: int = 2, context: int = 0, flags: int = 3) -> bytes:
    """A request PDU."""
    body = (
        len(stub).to_bytes(4, "little") + context.to_bytes(2, "little") + opnum.to_bytes(2, "little") + stub
    )
    return head(0, 16 + len(body), call, flags) + body


def write(client: Client, fid: int, data: bytes) -> None:
    client.call(0x2F, WriteAndxRequest(fid=fid, data=data), WriteAndxResponse)


def read(client: Client, fid: int, size: int = 4280) -> bytes:
    return bytes(client.call(0x2E, ReadAndxRequest(fid=fid, max_count=size), ReadAndxResponse).data)
