"""TREE_DISCONNECT, LOGOFF and PROCESS_EXIT of a client that has hundreds of files open: others have turns meanwhile."""

from itertools import count
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from fakesmb.nt.status import NT
from fakesmb.testing import InMemoryServer
from fakesmb.wire.codec import Body
from fakesmb.wire.session import EchoRequest, EchoResponse, LogoffAndxRequest, NtCancelRequest
from fakesmb.wire.trans import Transaction2Request
from fakesmb.wire.trans2 import FindFirst2Request, Trans2
from fakesmb.wire.tree import ProcessExitRequest, TreeDisconnectRequest

pytestmark = pytest.mark.turns

OPENS = 300
ENDS: list[tuple[int, Body]] = [
    (0x71, TreeDisconnectRequest()),
    (0x74, LogoffAndxRequest()),
    (0x11, ProcessExitRequest()),
    (
        0x32,
        Transaction2Request(
            setup=Trans2.FIND_FIRST2.to_bytes(2, "little"),
            parameters=FindFirst2Request(0x16, 1, 1, 0x0101, 0, "\\a.txt").encode(),
            max_parameter_count=10,
            max_data_count=400,
            flags=1,
        ),
    ),
]


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize(("command", "request_"), ENDS)
def test_all_is_closed_before_the_answer(
    server: InMemoryServer, folders: dict[str, Path], command: int, request_: Body, *, leaves: bool
) -> None:
    """Files to be deleted with their last close are gone then, and what waited for a lock has heard."""
    client = server.client().sign_in().connect("public")
    for number in range(OPENS):
        client.create(f"file {number}", access=0x13019F, disposition=2, options=0x1000)
    opened = client.connection.opens
    assert len(list(opened)) == OPENS
    turn = server.server.world.turn
    turn.now = count(0, 0.001).__next__
    client.send(command, request_)
    mid = client.mid
    assert client.answers() == []
    assert server.client().sign_in().call(0x2B, EchoRequest(1, b"?"), EchoResponse).data == b"?"
    assert 0 < len(list(opened)) < OPENS
    client.send(0xA4, NtCancelRequest())  # of nothing
    assert isinstance(server.clock, Clock)
    if leaves:
        client.lost()
    for _ in range(OPENS):
        server.clock.advance(0)
    turn.now = float
    assert list((folders["public"]).glob("file *")) == []
    assert len(list(opened)) == 0
    if not leaves:
        (answer,) = [one for one in client.answers() if one.header.mid == mid]
        assert answer.header.status == NT.SUCCESS
    assert server.problems == []
