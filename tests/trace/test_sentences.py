"""What just happened, in a sentence: of every message of the transcripts, and of every command there is."""

import re
import string

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt.status import NT
from fakesmb.record.events import Disconnected, Message, Named, Part, Problem, SignedIn, SignInRefused
from fakesmb.trace import saying
from fakesmb.trace.sentences import sentence
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header
from tests.core import transcript
from tests.core.conftest import Make, folders, frozen, make, recording, unsigned  # noqa: F401  (fixtures)

OBSOLETE = {
    *(Command.READ_MPX_SECONDARY, Command.WRITE_MPX_SECONDARY, Command.WRITE_COMPLETE, Command.QUERY_SERVER),
    *(Command.IOCTL_SECONDARY, Command.NEW_FILE_SIZE, Command.CLOSE_AND_TREE_DISC),
    *(Command.FIND_NOTIFY_CLOSE, Command.SECURITY_PACKAGE_ANDX, Command.GET_PRINT_QUEUE, Command.READ_BULK),
    *(Command.WRITE_BULK, Command.WRITE_BULK_DATA, Command.INVALID),
}
"""Commands that no server answers: the general words do for them."""


def message(
    command: int, *, request: bool = True, status: int = 0, body: object = None, problem: str = ""
) -> Message:
    header = Header(command, status, 0, 0, 0, bytes(8), 1, 2, 3, 4)
    part = Part(command, body, problem=problem)
    return Message(0, 1, 1, "127.0.0.1:5000", "127.0.0.1:445", request, header, (part,), status=status)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("file", sorted(transcript.FOLDER.glob("*.smb")), ids=lambda path: path.stem)
def test_every_message_of_a_transcript_has_one(file, make: Make, unsigned: Settings) -> None:  # type: ignore[no-untyped-def] # noqa: F811
    server = make(settings=unsigned)
    transcript.play(file, transcript.Stage(server))
    for event in server.sink.events:
        said = sentence(event)
        assert re.fullmatch(r"[A-Z\\a-z$].*[.?]", said, re.DOTALL), said
        assert not re.search(r"\b(search_count|file_name|directory_name|bytes of the root|None)\b", said), (
            said
        )


@pytest.mark.usefixtures("frozen")
def test_the_documented_exchange_is_told_like_this(make: Make, unsigned: Settings) -> None:  # noqa: F811
    server = make(settings=unsigned)
    transcript.play(transcript.FOLDER / "documented.smb", transcript.Stage(server))
    said = [sentence(event) for event in server.sink.events if isinstance(event, Message)]
    for expected in (
        "The client says which dialects of SMB it speaks, from PC NETWORK PROGRAM 1.0 to NT LM 0.12.",
        "The client begins to sign in with NTLM: it says what it can do, and nothing secret yet.",
        "The client signs in as alice: it proves that it knows the password, without sending it.",
        r"The client wants to use \\127.0.0.1\IPC$, whatever kind it is (?????).",
        "The share IPC$ is connected for talking to programs on the server: TID 0x0800 stands for it from now on.",
        r"The client opens the pipe \srvsvc, behind which is the Server service.",
        "The client says over the pipe which interface it wants to call: the Server service.",
        "The client calls NetrShareGetInfo of the Server service, through the pipe.",
        r"The client asks whether \127.0.0.1\c$ leads to another server: is this a DFS namespace?",
        "The server answers that this is no DFS namespace (STATUS_NO_SUCH_DEVICE): "
        "the client is to connect to the share directly.",
        "The server gives 1 name.",
        r"The client closes FID 0x4002 (\readme.txt).",
    ):
        assert expected in said
    assert any("STATUS_MORE_PROCESSING_REQUIRED is no error" in one for one in said)


def test_a_refusal_names_the_status_and_why() -> None:
    refused = message(
        Command.DELETE, request=False, status=NT.ACCESS_DENIED, problem="the share is read-only"
    )
    assert sentence(refused) == (
        "The server refuses Delete: that is not allowed (STATUS_ACCESS_DENIED) – the share is read-only."
    )


@pytest.mark.parametrize("request_", [True, False], ids=["request", "reply"])
@pytest.mark.parametrize("command", sorted(names.COMMANDS), ids=names.title)
def test_every_command_has_a_sentence_even_without_a_body(command: int, request_: bool) -> None:
    said = sentence(message(command, request=request_))
    assert said.endswith((".", "?"))
    if request_ and command not in OBSOLETE:
        assert not said.startswith(f"The client asks for {names.title(command)}"), said


def test_templates_name_nothing_that_cannot_be() -> None:
    known = {"user", "path", "share", "fid", "tid", "uid", "bytes", "names", "dialect", "sid", "offset"}
    known |= {"directory_name", "old_file_name", "new_file_name", "source_file_name", "target_file_name"}
    known |= {"count", "temporary_file_name", "file_name"}
    pairs = [text for pair in saying.SUBCOMMANDS.values() for text in pair]
    for text in [*saying.REQUESTS.values(), *saying.REPLIES.values(), *pairs]:
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= known


def test_events_of_a_connection() -> None:
    client = (0.0, 1, "127.0.0.1:5000")
    assert sentence(SignedIn(*client, "alice", protection="LM")) == (
        "The server has let alice in; the password was proved by LM."
    )
    assert sentence(SignedIn(*client, "bob", kind="guest")) == "The server has let bob in as a guest."
    assert "without a name" in sentence(SignedIn(*client, "", kind="anonymous"))
    assert sentence(SignInRefused(*client, "eve", NT.LOGON_FAILURE, "the password is wrong")) == (
        "The server turns eve away: the password is wrong."
    )
    assert sentence(Disconnected(*client, "127.0.0.1:445", "the client left")) == (
        "The client ends the connection: the client left."
    )
    assert (
        sentence(Problem(0, None, "a bug", "Traceback")) == "Something went wrong inside the server: a bug."
    )
    assert (
        sentence(Problem(0, None, "it runs as root")) == "The server has something to say: it runs as root."
    )
    assert sentence(Named(0, "queried", "p", "LAB<20>", "10.0.0.1")) == (
        "Beside the connections, by UDP: p asks for LAB<20>: 10.0.0.1."
    )


def test_what_cannot_be_read_is_told_all_the_same() -> None:
    class Hostile:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    assert sentence(message(Command.NT_CREATE_ANDX, body=Hostile())) == "The client asks for Nt Create Andx."
