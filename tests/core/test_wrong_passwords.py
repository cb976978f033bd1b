"""Sign-ins of an address that sent wrong passwords wait, in session setups of both forms and in pipes."""

import pytest

from fakesmb.core.settings import Limits, Settings, Timing
from fakesmb.nt.status import NT
from fakesmb.record.events import Problem, SignedIn, SignInRefused
from fakesmb.testing import PASSWORD, USER, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.session import SessionSetupPlainRequest
from tests.core import extended
from tests.core.conftest import Make

ADDRESS, OTHER = "10.0.0.1", "10.0.0.2"


@pytest.fixture
def server(make: Make) -> InMemoryServer:
    return make(settings=Settings(limits=Limits(wrong_passwords=3, waiting_sign_ins=2)))


def said(server: InMemoryServer) -> list[str]:
    """The problems that were recorded, which are expected then."""
    found = [event.text for event in server.sink.events if isinstance(event, Problem)]
    server.sink.events[:] = [event for event in server.sink.events if not isinstance(event, Problem)]
    return found


def one(server: InMemoryServer, address: str = ADDRESS) -> Client:
    return extended.negotiate(server.client(f"{address}:{5000 + len(server.server.connections)}"))


def old(client: Client, name: str) -> None:
    client.send(
        0x73,
        SessionSetupPlainRequest(account_name=name, unicode_password_length=24, unicode_password=bytes(24)),
    )


def use_up(server: InMemoryServer, count: int = 3) -> None:
    for _ in range(count):
        answer = extended.sign_in(one(server), "nobody", "wrong")
        assert answer is not None
        assert answer.header.status == NT.LOGON_FAILURE


def test_the_right_password_waits_too(server: InMemoryServer) -> None:
    """Else the time would tell at once which one is right."""
    use_up(server)
    assert said(server) == [
        f"3 wrong passwords from {ADDRESS}: the next sign-ins wait for 1 s after each further one"
    ]
    client = one(server)
    assert extended.sign_in(client, USER, PASSWORD) is None
    server.clock.advance(1)
    assert client.answer().header.status == 0
    assert client.connect("public").create("a.txt")


def test_every_connection_of_the_address_waits_and_no_other(server: InMemoryServer) -> None:
    use_up(server)
    said(server)
    first, second = one(server), server.client(f"{ADDRESS}:99")
    second.negotiate()
    assert extended.sign_in(first, USER, "wrong") is None
    old(second, USER)
    assert second.answers() == []
    answer = extended.sign_in(one(server, OTHER), USER, PASSWORD)
    assert answer is not None
    assert answer.header.status == 0
    server.clock.advance(1)
    assert first.answer().header.status == NT.LOGON_FAILURE
    assert second.answers() == []
    server.clock.advance(1)
    assert second.answer().header.status == NT.LOGON_FAILURE


def test_more_than_may_wait_are_refused_unseen(server: InMemoryServer) -> None:
    use_up(server)
    said(server)
    clients = [one(server) for _ in range(3)]
    answers = [extended.sign_in(client, USER, PASSWORD) for client in clients]
    assert answers[:2] == [None, None]
    assert answers[2] is not None
    assert answers[2].header.status == NT.LOGON_FAILURE
    refused = [event for event in server.sink.events if isinstance(event, SignInRefused)][-1]
    assert (
        refused.reason
        == f"the password was not looked at: 2 sign-ins from {ADDRESS} wait already (limits.waiting_sign_ins)"
    )
    assert len(clients[2].connection.sessions) == 0


def test_who_leaves_or_cancels_does_not_hold_up_others(server: InMemoryServer) -> None:
    use_up(server)
    said(server)
    gone, sorry, stays = one(server), one(server), one(server)
    extended.sign_in(gone, USER, "wrong")
    extended.sign_in(sorry, USER, "wrong")
    gone.lost()
    sorry.send(0xA4, Empty(), mid=sorry.mid)
    assert sorry.answer().header.status == NT.CANCELLED
    extended.sign_in(stays, USER, PASSWORD)
    server.clock.advance(1)
    assert stays.answer().header.status == 0
    assert server.clock.getDelayedCalls() != []  # those who have not signed in yet


def test_a_locked_out_address(make: Make) -> None:
    server = make(settings=Settings(timing=Timing(lock_out=60), limits=Limits(lock_out_after=2)))
    use_up(server, 2)
    assert said(server) == [f"2 wrong passwords from {ADDRESS}: locked out for 60 s (timing.lock_out)"]
    answer = extended.sign_in(one(server), USER, PASSWORD)
    assert answer is not None
    assert answer.header.status == NT.ACCOUNT_LOCKED_OUT
    server.clock.advance(59)
    answer = extended.sign_in(one(server, OTHER), USER, PASSWORD)
    assert answer is not None
    assert answer.header.status == 0
    server.clock.advance(1)
    answer = extended.sign_in(one(server), USER, PASSWORD)
    assert answer is not None
    assert answer.header.status == 0
    assert [event.user for event in server.sink.events if isinstance(event, SignedIn)] == [USER, USER]
