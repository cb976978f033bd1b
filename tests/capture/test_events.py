"""A capture of our own server says what its own record does."""

from pathlib import Path
from typing import Any

from fakesmb.capture.trouble import Trouble
from fakesmb.record.dissect import messages
from fakesmb.record.events import Connected, Disconnected, Event, Exchanged, Message, SignedIn
from fakesmb.testing import Client
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import DeleteRequest, RenameRequest
from fakesmb.wire.files import CloseRequest, OpenAndxRequest, ReadAndxRequest
from fakesmb.wire.session import EchoRequest
from fakesmb.wire.trans2 import FindFirst2Request, QueryPathInformationRequest, Trans2
from fakesmb.wire.tree import TreeDisconnectRequest
from tests.capture.written import Sniffed, halves, troubles

OPENERS = {Command.SESSION_SETUP_ANDX, Command.TREE_CONNECT_ANDX, Command.NT_CREATE_ANDX, Command.OPEN_ANDX}
"""Requests whose answer gives an identifier."""


def decoded(events: list[Event | Trouble]) -> list[Message]:
    return [message for event in events if type(event) is Exchanged for message in messages(event)]


def compared(message: Message) -> tuple[Any, ...]:
    """What both must say alike."""
    return (
        message.request,
        message.header.command,
        message.header.mid,
        message.status,
        message.user,
        message.share,
        message.path,
        message.fid,
        message.size,
        [part.problem for part in message.parts if not message.status],
    )


def check(sniffed: Sniffed) -> list[Event | Trouble]:
    """That the capture tells what the server's record did; gives what it tells."""
    found = sniffed.capture.events()
    assert not troubles(found)
    ours = [compared(one) for one in decoded(list(sniffed.kept.events))]
    theirs = [compared(one) for one in decoded(found)]
    for own, other in zip(ours, theirs, strict=True):
        if own[0] and own[1] in OPENERS:
            # What the answer gives is known to the server's record, which tells both together, and not yet to a reader.
            own = tuple(mine if yours else yours for mine, yours in zip(own, other, strict=True))
        elif other[6] == "\\closed.txt":
            own = (*own[:6], other[6], *own[7:])  # we name what a closed FID was, to the server it is nothing
        assert own == other
    return found


def talk(client: Client) -> None:
    client.sign_in()
    client.connect("public")
    fid = client.create("\\a.txt", disposition=5, access=0x3)
    client.write(fid, b"hello")
    client.read(fid)
    client.close(fid)
    client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 6, 0x104, 0, "\\*"))
    client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x101, 0, "\\a.txt"))
    client.send(Command.RENAME, RenameRequest(0x16, "\\a.txt", "\\b.txt"))
    client.answer()
    client.send(
        Command.OPEN_ANDX,
        OpenAndxRequest(file_name="\\b.txt"),
        (Command.READ_ANDX, ReadAndxRequest(fid=0, max_count=10)),
    )
    client.answer()
    client.send(Command.DELETE, DeleteRequest(0x16, "\\nothing.txt"))
    client.answer()
    client.send(Command.ECHO, EchoRequest(3, b"abc"))
    assert len(client.answers()) == 3
    client.send(Command.TREE_DISCONNECT, TreeDisconnectRequest())
    client.answer()
    client.connect("IPC$")
    pipe = client.create("\\srvsvc")
    client.send(Command.CLOSE, CloseRequest(pipe, 0))
    client.answer()


def test_names_are_those_of_the_servers_own_record(tmp_path: Path) -> None:
    sniffed = Sniffed(tmp_path)
    client = sniffed.client()
    talk(client)
    client.connect("public")
    fid = client.create("\\closed.txt", disposition=5)
    client.close(fid)
    client.send(Command.READ_ANDX, ReadAndxRequest(fid=fid, max_count=10))
    client.answer()
    found = check(sniffed)
    assert type(found[0]) is Connected
    signed_in = next(one for one in found if type(one) is SignedIn)
    own = next(one for one in sniffed.kept.events if type(one) is SignedIn)
    assert (signed_in.user, signed_in.kind, signed_in.protection) == (own.user, own.kind, own.protection)


def test_two_connections_keep_their_identifiers_apart(tmp_path: Path) -> None:
    sniffed = Sniffed(tmp_path)
    first, second = sniffed.client(), sniffed.client()
    for client in (first, second):
        client.sign_in()
        client.connect("public")
    fids = [client.create(f"\\{name}.txt", disposition=5) for client, name in ((first, "a"), (second, "b"))]
    for client, fid in zip((first, second), fids, strict=True):
        client.close(fid)
    found = check(sniffed)
    assert {one.client.connection for one in halves(found)} == {1, 2}
    assert {one.path for one in halves(found) if one.request[4:5] == b"\x04"} == {"\\a.txt", "\\b.txt"}
    assert not [one for one in found if type(one) is Disconnected]
