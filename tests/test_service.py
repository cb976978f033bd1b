"""FakeSMBService in a program that runs a reactor: here pytest-twisted's."""

import struct
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import ClientCreator, Protocol, connectionDone
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from fakesmb import ConfigError, FakeSMB, FakeSMBService

NEGOTIATE = (
    b"\xffSMB\x72"
    + struct.pack("<IBH12xHHHH", 0, 0x18, 0xC001, 0, 1, 0, 1)
    + b"\0"
    + b"\x0c\0\x02NT LM 0.12\0"
)
SECONDS = 10


class Client(Protocol):
    """Waits for one answer, or for the end."""

    def __init__(self) -> None:
        self.answered: Deferred[bytes] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self._came = b""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self._came += data
        if len(self._came) >= 4 + int.from_bytes(self._came[1:4], "big") and not self.answered.called:
            self.answered.callback(self._came)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self.ended.callback(None)

    def negotiate(self) -> "Deferred[bytes]":
        """Its answer."""
        assert self.transport is not None
        self.transport.write(struct.pack(">I", len(NEGOTIATE)) + NEGOTIATE)
        return self.answered

    def leave(self) -> None:
        """Closes the connection."""
        assert self.transport is not None
        self.transport.loseConnection()


@pytest.fixture
def reactor() -> Any:
    from twisted.internet import reactor  # noqa: TID251  (the one of pytest-twisted)

    return reactor


def connect(reactor: Any, smb: FakeSMB | FakeSMBService) -> "Deferred[Client]":
    found: Deferred[Client] = ClientCreator(reactor, Client).connectTCP(smb.host, smb.port, timeout=SECONDS)
    return found


def a_service(folder: Path, **keywords: Any) -> FakeSMBService:
    return FakeSMBService({"public": folder}, users={"alice": "Secret123"}, **keywords)


@pytest_twisted.ensureDeferred
async def test_clients_of_the_same_reactor_are_served_and_dropped_at_the_end(
    reactor: Any, tmp_path: Path
) -> None:
    service = a_service(tmp_path)
    assert await service.start(reactor) is service
    client = await connect(reactor, service)
    answer = await client.negotiate()
    assert answer[4:9] == b"\xffSMB\x72"
    service.journal.verify(command="SMB_COM_NEGOTIATE", count=1)
    await service.stop()
    await client.ended
    with pytest.raises(Exception, match="refused"):
        await connect(reactor, service)


@pytest_twisted.ensureDeferred
async def test_several_live_side_by_side_and_one_that_has_stopped_starts_again(
    reactor: Any, tmp_path: Path
) -> None:
    services = [a_service(tmp_path, name=f"S{number}") for number in range(3)]
    await gatherResults([service.start(reactor) for service in services])
    assert len({service.port for service in services}) == 3
    await services[1].stop()
    await services[1].start(reactor)
    for service in services:
        client = await connect(reactor, service)
        await client.negotiate()
        assert len(service.journal.exchanges()) == 1
        client.leave()
    await gatherResults([service.stop() for service in services])


@pytest_twisted.ensureDeferred
async def test_a_start_that_fails_is_a_failure_of_its_deferred(reactor: Any, tmp_path: Path) -> None:
    first = a_service(tmp_path)
    await first.start(reactor)
    with pytest.raises(ConfigError, match="in use"):
        await a_service(tmp_path, port=first.port).start(reactor)
    await first.stop()


@pytest_twisted.ensureDeferred
async def test_a_server_with_a_thread_of_its_own_runs_beside_the_reactor(
    reactor: Any, tmp_path: Path
) -> None:
    smb = FakeSMB({"public": tmp_path}, users={"alice": "Secret123"})
    await deferToThread(smb.start)
    client = await connect(reactor, smb)
    await client.negotiate()
    smb.journal.verify(command="SMB_COM_NEGOTIATE", count=1)
    client.leave()
    await client.ended
    smb.stop()


@pytest_twisted.ensureDeferred
async def test_the_journal_of_the_reactor_gives_deferreds(reactor: Any, tmp_path: Path) -> None:
    service = a_service(tmp_path)
    with pytest.raises(RuntimeError, match="has not been started"):
        service.journal.wait_for(verb="negotiated")
    await service.start(reactor)
    client = await connect(reactor, service)
    waiting = service.journal.wait_for(verb="negotiated", timeout=SECONDS)
    await client.negotiate()
    assert [entry.command for entry in await waiting] == ["SMB_COM_NEGOTIATE"]
    other = await connect(reactor, service)
    async with service.journal.expect(verb="negotiated", connection=2, timeout=SECONDS) as expected:
        await other.negotiate()
    assert len(expected.found) == 1
    with pytest.raises(AssertionError, match=r"^After 0.05 s: at least 1 exchange"):
        await service.journal.wait_for(verb="opened", timeout=0.05)
    await service.stop()
    service.journal.verify(verb="negotiated", count=2)
