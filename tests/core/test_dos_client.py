"""An MS-DOS network client at a share with a password, step by step, as it was seen at a Windows 98 machine.

Dialects to Windows for Workgroups 3.1a; a session setup of ten words with the tree connect in its chain and 24 bytes
for the share's password; then a file and a directory are made and taken away. Statuses and forms are Windows 98's.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.auth.accounts import Accounts
from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.core.settings import Settings
from fakesmb.nt.status import ERRDOS
from fakesmb.testing import CHALLENGE, GUID, Answer, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
)
from fakesmb.wire.files import CloseRequest, OpenAndxRequest, OpenAndxResponse, WriteRequest, WriteResponse
from fakesmb.wire.negotiate import NegotiateLanmanResponse, NegotiateRequest
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.session import EchoRequest, SessionSetupAndxResponse, SessionSetupLanmanRequest
from fakesmb.wire.tree import TreeConnectAndxLanmanResponse, TreeConnectAndxRequest
from tests.auth.ntlm_client import desl, lm_hash
from tests.core.old_clients import DOS_LIST

HEADER = 32
NO_MORE_FILES = (ERRDOS, 18)
EVERYTHING = "\\????????.???"


@pytest.fixture
def dos(tmp_path: Path) -> Iterator[Client]:
    """The client, with nothing sent yet, and a server at share level."""
    share = tmp_path / "test"
    share.mkdir()
    server = InMemoryServer(
        {"test": share},
        accounts=Accounts([]),
        settings=Settings(challenge=CHALLENGE, guid=GUID, security="share", signing="off"),
        passwords={"test": SharePasswords("test", "TEST", None)},
    )
    client = server.client()
    client.flags2 = 0
    yield client
    client.lost()
    assert [problem.text for problem in server.problems] == []


def status(answer: Answer) -> tuple[int, int]:
    return answer.header.status & 0xFF, answer.header.status >> 16


def asked(client: Client, command: int, *bodies: object) -> Answer:
    client.send(command, *bodies)  # type: ignore[arg-type]
    answer = client.answer()
    assert answer.header.flags2 & 0xC000 == 0
    return answer


def words(answer: Answer) -> tuple[int, int]:
    """WordCount and ByteCount."""
    count = answer.message[HEADER]
    return count, struct.unpack_from("<H", answer.message, HEADER + 1 + 2 * count)[0]


def connected(client: Client, password: str) -> Answer:
    answer = asked(client, Command.NEGOTIATE, NegotiateRequest(DOS_LIST))
    body = answer.body(NegotiateLanmanResponse)
    assert (answer.message[HEADER], body.dialect_index) == (13, 4)
    assert body.security_mode == 2  # passwords of shares, as responses
    response = desl(lm_hash(password), client.connection.challenge)
    return asked(
        client,
        Command.SESSION_SETUP_ANDX,
        SessionSetupLanmanRequest(max_buffer_size=2920, account_name="DOSUSER", primary_domain="SAMPLE"),
        (
            Command.TREE_CONNECT_ANDX,
            TreeConnectAndxRequest(
                password_length=24, password=response, path="\\\\MDJR98\\TEST", service="A:"
            ),
        ),
    )


def test_the_whole_talk(dos: Client, tmp_path: Path) -> None:
    answer = connected(dos, "TEST")
    setup, tree = answer.chained((SessionSetupAndxResponse, TreeConnectAndxLanmanResponse))
    assert isinstance(setup, SessionSetupAndxResponse)
    assert isinstance(tree, TreeConnectAndxLanmanResponse)
    assert tree.service == "A:"
    dos.uid, dos.tid = answer.header.uid, answer.header.tid
    assert bytes(asked(dos, Command.ECHO, EchoRequest(1, b"DOSECHO")).message).endswith(b"DOSECHO")
    found = asked(dos, Command.SEARCH, SearchRequest(20, 0x16, EVERYTHING))
    listing = found.body(SearchResponse)
    assert (listing.count, words(found)) == (2, (1, 3 + 2 * 43))
    key = bytes(listing.entries[43 : 43 + 21])
    over = asked(dos, Command.SEARCH, SearchRequest(20, 0x16, "", key))
    assert (status(over), words(over)) == (NO_MORE_FILES, (0, 0))
    assert words(asked(dos, Command.QUERY_INFORMATION_DISK, Empty())) == (5, 0)

    for flags in (0x11, 0x01):
        opened = asked(
            dos, Command.OPEN_ANDX, OpenAndxRequest(access_mode=0x22, open_mode=flags, file_name="\\TEST.TXT")
        )
        assert opened.message[HEADER] == 15
        fid = opened.body(OpenAndxResponse).fid
        if flags == 0x11:
            written = asked(dos, Command.WRITE, WriteRequest(fid, 1124, 0, 0, bytes(1124)))
            assert written.body(WriteResponse).count == 1124
        assert words(asked(dos, Command.CLOSE, CloseRequest(fid, 0))) == (0, 0)
    assert (tmp_path / "test" / "TEST.TXT").stat().st_size == 1124

    assert status(asked(dos, Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\TEST.TXT"))) == (ERRDOS, 3)
    for command, body in (
        (Command.DELETE, DeleteRequest(0, "\\TEST.TXT")),
        (Command.CREATE_DIRECTORY, CreateDirectoryRequest("\\TEST")),
    ):
        answer = asked(dos, command, body)
        assert (status(answer), words(answer)) == ((0, 0), (0, 0))
    listing = asked(dos, Command.SEARCH, SearchRequest(20, 0x16, EVERYTHING)).body(SearchResponse)
    names = [bytes(listing.entries[43 * n + 30 : 43 * n + 43]) for n in range(listing.count)]
    assert names == [name.ljust(13, b"\0") for name in (b".", b"..", b"TEST")]
    assert words(asked(dos, Command.DELETE_DIRECTORY, DeleteDirectoryRequest("\\TEST"))) == (0, 0)
    assert words(asked(dos, Command.TREE_DISCONNECT, Empty())) == (0, 0)
    assert list((tmp_path / "test").iterdir()) == []


def test_a_wrong_share_password(dos: Client) -> None:
    """ERRSRV/ERRbadpw, behind the session setup, which every share level server grants."""
    answer = connected(dos, "WRONG")
    assert status(answer) == (2, 2)
