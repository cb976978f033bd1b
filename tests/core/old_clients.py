"""Clients of the dialects below NT LM 0.12, in memory: OEM strings, DOS errors, sign-in by one password."""

from fakesmb.testing import PASSWORD, USER, Answer, Client, InMemoryServer
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Flags2
from fakesmb.wire.negotiate import NegotiateRequest
from fakesmb.wire.session import SessionSetupLanmanRequest
from fakesmb.wire.tree import TreeConnectAndxRequest
from tests.auth.ntlm_client import desl, lm_hash

DOS_LIST = (
    "PC NETWORK PROGRAM 1.0",
    "MICROSOFT NETWORKS 3.0",
    "DOS LM1.2X002",
    "DOS LANMAN2.1",
    "Windows for Workgroups 3.1a",
)
OS2_LIST = ("PC NETWORK PROGRAM 1.0", "XENIX CORE", "LANMAN1.0", "LM1.2X002", "LANMAN2.1")


def negotiated(server: InMemoryServer, *dialects: str, long_names: bool = False) -> tuple[Client, Answer]:
    """A client that offers these, and the answer."""
    client = server.client()
    client.flags2 = Flags2.LONG_NAMES if long_names else 0
    client.send(Command.NEGOTIATE, NegotiateRequest(dialects))
    return client, client.answer()


def setup(client: Client, user: str = USER, password: str = PASSWORD) -> SessionSetupLanmanRequest:
    """A session setup of 10 words with the LM response."""
    response = desl(lm_hash(password), client.connection.challenge)
    return SessionSetupLanmanRequest(
        max_buffer_size=4356, password_length=len(response), password=response, account_name=user
    )


def signed_in(
    server: InMemoryServer, dialect: str, share: str = "public", *, long_names: bool = False
) -> Client:
    """A client of that dialect, connected to a share."""
    client, _ = negotiated(server, dialect, long_names=long_names)
    client.uid = 0
    client.send(Command.SESSION_SETUP_ANDX, setup(client))
    answer = client.answer()
    assert not answer.header.status
    client.uid = answer.header.uid
    client.send(
        Command.TREE_CONNECT_ANDX,
        TreeConnectAndxRequest(password_length=1, path=f"\\\\SERVER\\{share}"),
        tid=0,
    )
    client.tid = client.answer().header.tid
    return client


def dos_error(client: Client, command: int, body: Body) -> tuple[int, int]:
    """Class and code of the one answer to a request; (0, 0) for success."""
    client.send(command, body)
    header = client.answer().header
    assert not header.flags2 & Flags2.NT_STATUS
    return header.status & 0xFF, header.status >> 16
