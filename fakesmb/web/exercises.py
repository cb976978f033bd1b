"""The exercises: what to do, what to look for, and the questions to the journal that say whether it was done.

Each can be done with `fakesmb serve --web 8080` on the sample shares, `fakesmb demo` and smbclient. In texts `{host}`
and `{port}` stand for the server, a line that begins with `$ ` is a command, and what is between grave accents is code.
"""

from typing import Any, Final

import msgspec

SMBCLIENT: Final = "smbclient //{host}/%s -p {port} -m NT1 --option='client min protocol=NT1' -U alice%%%s"
"""Samba's client, which speaks SMB1 only when it is told to."""


class Exercise(msgspec.Struct, frozen=True):
    """One exercise, as data."""

    name: str
    title: str
    about: str
    """In a line, for the list."""
    text: tuple[str, ...]
    question: str
    steps: tuple[dict[str, Any], ...]
    """Questions to the journal, by its criteria: what must have happened, in this order."""
    answer: str
    """What of the last one answers the question, by its name in the journal."""
    missing: str
    """Said where it has not happened."""
    hint: str
    """Said with a wrong answer: where to look."""
    praise: str
    solution: tuple[str, ...]
    apart: bool = False
    """Whether the steps are of several clients."""


def _client(share: str, commands: str, password: str = "Secret123") -> str:
    return f"$ {SMBCLIENT % (share, password)} -c '{commands}'"


EXERCISES: Final = (
    Exercise(
        name="sign-in",
        title="Sign in",
        about="Three messages prove a password that is never sent.",
        text=(
            "Before a client gets anything it says who it is. In a terminal:",
            _client("docs", "ls"),
            "Look for the hexagons N: NTLMSSP, the sign-in. In the first the client says what it can do. "
            "The server answers with a challenge; its status looks like an error and is none, it means "
            "`one more message`. In the third the client proves that it knows the password: choose it, "
            "open `SecurityBlob`, and see that the proof is hidden, here as in all that fakesmb shows.",
            "When the server has let it in, a number stands for the user in every message: the UID, below.",
        ),
        question="Which UID did your client get?",
        steps=(
            {"command": "SMB_COM_SESSION_SETUP_ANDX", "status": "STATUS_MORE_PROCESSING_REQUIRED"},
            {"verb": "signed_in"},
            {"verb": "connected"},
        ),
        answer="uid",
        missing="No sign-in with a challenge and a success has been seen yet",
        hint="look at the header of the Tree Connect Andx, or at the table of UIDs below",
        praise="From its Logoff on the number stands for nobody again.",
        solution=(
            "Choose the last `Session Setup Andx` reply: the table UID has one row from there on, and so "
            "has the header of each message. The first UID of a connection is 0x0800 here; another server "
            "counts in another way.",
            "The challenge is eight random bytes; the proof is computed from it and the password, so that "
            "a proof that was overheard is of no use for the next sign-in.",
        ),
    ),
    Exercise(
        name="share-list",
        title="List the shares",
        about="A list of shares is a call of a program on the server, through a pipe that is opened as files are.",
        text=(
            "`IPC$` is no folder: what can be opened there are pipes, which lead to programs of the server.",
            "$ smbclient -L {host} -p {port} -m NT1 --option='client min protocol=NT1' -U alice%Secret123",
            "(smbclient then tries port 139 for a list of workgroups and says that it cannot connect: that"
            " is not meant.)",
            "Look for the circles R, calls through the pipe `\\srvsvc`: a bind says which interface is "
            "wanted, then comes the call, NetrShareEnum. Choose its reply and find the names of the shares"
            " in its fields and in its bytes.",
        ),
        question="Which FID did the server give to the pipe \\srvsvc?",
        steps=(
            {"verb": "opened", "path": "srvsvc"},
            {"verb": "called"},
            {"verb": "closed", "path": "srvsvc"},
        ),
        answer="fid",
        missing="No pipe \\srvsvc has been opened, called through and closed yet",
        hint="look at the reply to Nt Create Andx, FileName = \\srvsvc",
        praise="Reads, writes and the close name the pipe by that number, as they do with files.",
        solution=(
            "The reply to `Nt Create Andx, FileName = \\srvsvc` has it: 0x4000, the first of a connection."
            " The table FID has a row from this reply to the reply to Close, and none before and after.",
        ),
    ),
    Exercise(
        name="open-read-close",
        title="Open, read, close",
        about="A file is read: a name becomes a number, the number gives bytes.",
        text=(
            _client("docs", "get README.txt -"),
            "Follow the file through the conversation: `Nt Create Andx` turns its name into a FID, `Read "
            "Andx` gives bytes of that FID, `Close` ends it. Type `path=\\README.txt` into the filter: "
            "only what is about this file is left.",
        ),
        question="How many bytes did the server give in the reply to Read Andx?",
        steps=(
            {"verb": "opened", "path": "README.txt"},
            {"verb": "read", "path": "README.txt"},
        ),
        answer="length",
        missing="No README.txt has been opened and read yet",
        hint="look at DataLength of the reply to Read Andx, not at what the client asked for",
        praise="A client asks for what its buffer holds; the server gives what the file has.",
        solution=(
            "The reply to `Read Andx` has `DataLength`, 96 for the README.txt of the share docs: it is as "
            "long as the file, which the client had asked for before.",
        ),
    ),
    Exercise(
        name="sharing-violation",
        title="A sharing violation",
        about="Two clients want one file, and the first one does not share it.",
        text=(
            "Whoever opens a file says what others may do with it meanwhile. In one terminal, a client "
            "that stays:",
            f"$ {SMBCLIENT % ('public', 'Secret123')}",
            "At its prompt, `smb: \\>`, type `open README.txt` and leave it at that. smbclient lets others"
            " read and write the file meanwhile, and not delete it: see `ShareAccess` of its Nt Create "
            "Andx. In a second terminal:",
            _client("public", "del README.txt"),
            "With `Side by side` both conversations stand beside each other.",
        ),
        question="With which status does the server refuse the second client?",
        steps=({"tried": "deleted", "path": "README.txt", "status": "STATUS_SHARING_VIOLATION"},),
        answer="status",
        missing="No deletion of README.txt has been refused yet",
        hint="look at the reply to Delete",
        praise="The file is still there; once the first client has closed it, it can be deleted.",
        solution=(
            "STATUS_SHARING_VIOLATION. `ShareAccess` of the first client's open is 0x3, FILE_SHARE_READ "
            "and FILE_SHARE_WRITE: without FILE_SHARE_DELETE nobody may delete the file or give it another"
            " name until the Close.",
        ),
    ),
    Exercise(
        name="oplock-break",
        title="An oplock is broken",
        about="A client may keep to itself what it knows of a file, until another one comes.",
        text=(
            "With an oplock a client need not ask the server all the time: it is told before another one "
            "gets at the file. In one terminal, a client that opens a file and keeps it:",
            "$ fakesmb demo {host}:{port} --share public --hold README.txt",
            "In a second one:",
            _client("public", "get README.txt -"),
            "The second client's Nt Create Andx waits: its bar is drawn long and hatched. Meanwhile the "
            "server asks the first client, of itself, to give the oplock back; here that takes it two "
            "seconds.",
        ),
        question="Which FID does the server name when it asks the first client?",
        steps=(
            {"verb": "oplock_broken", "path": "README.txt"},
            {"verb": "oplock_released", "path": "README.txt"},
        ),
        answer="fid",
        missing="No oplock of README.txt has been broken and given back yet",
        hint="look at the Locking Andx that the server sends of itself",
        praise="The server is the one who asks, and its question has no answer but another request: Locking Andx.",
        solution=(
            "The server's `Locking Andx` to the first client has it, 0x4000: the FID of that client's own "
            "open. TypeOfLock is 0x02, OPLOCK_RELEASE, in the question as in the client's `Locking Andx` "
            "that gives it back.",
            "Only then is the second client's Nt Create Andx answered: see after how long.",
        ),
        apart=True,
    ),
    Exercise(
        name="wrong-password",
        title="A wrong password",
        about="Which message fails, and what does the server tell?",
        text=(
            _client("docs", "ls", "wrong"),
            "Compare it with a sign-in that succeeds: up to which message are they alike?",
        ),
        question="Which status does the last Session Setup Andx get?",
        steps=(
            {
                "command": "SMB_COM_SESSION_SETUP_ANDX",
                "status": ["STATUS_LOGON_FAILURE", "STATUS_ACCOUNT_LOCKED_OUT", "STATUS_ACCOUNT_RESTRICTION"],
            },
        ),
        answer="status",
        missing="No sign-in has been refused yet",
        hint="look at the reply to the NTLM AUTHENTICATE MESSAGE",
        praise="The same status for a user that does not exist: the server does not help to guess names.",
        solution=(
            "STATUS_LOGON_FAILURE, in the reply to the third message of NTLMSSP: the challenge is given to"
            " anybody, only the proof can be wrong.",
        ),
    ),
)
