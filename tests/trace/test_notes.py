"""What puzzles a newcomer has a sentence: each row of the documented exchange that does, and what else is met first."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pytest

from fakesmb import trace, wire
from fakesmb.nt.status import NT
from fakesmb.record.events import Shown
from fakesmb.trace import fieldmeanings, notes, specnames
from fakesmb.trace.trees import sentences, trees
from fakesmb.wire import files, locking, session, tree
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from tests.core import transcript
from tests.record.test_dissect import exchange, message, transcript_exchanges
from tests.trace.treechecks import found


def of_the_documented_exchange() -> Iterator[tuple[str, str]]:
    for name in ("documented", "documented_spnego"):
        for one, words in transcript_exchanges(transcript.FOLDER / f"{name}.smb"):
            (told,) = trees(one)
            yield words, " ".join(sentences(told))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("C; Tree Connect Andx, Path = \\\\127.0.0.1\\IPC$, Service = ?????", "whatever kind of share"),
        ("R; Write Andx, FID = 0x0000", "writes FID = 0x0000 for such an answer"),
        ("R; Close, FID = 0x0000", "named FID 0x4000"),
        ("STATUS_MORE_PROCESSING_REQUIRED", "No error: the sign-in takes one more round"),
        ("STATUS_MORE_PROCESSING_REQUIRED", "each sign-in seems to have one"),
        ("STATUS_NO_SUCH_DEVICE", "so it connects to the share directly"),
        ("R; Transact2, Open2", "The request asked for TRANS2_GET_DFS_REFERRAL"),
    ],
)
def test_the_documented_exchange_is_explained(row: str, sentence: str) -> None:
    told = [said for words, said in of_the_documented_exchange() if row in words]
    assert any(sentence in said for said in told)


def test_what_puzzles_nobody_has_no_sentence() -> None:
    told = [said for words, said in of_the_documented_exchange() if words.startswith("R; Tree Disconnect")]
    assert told == ["", ""]


def notes_of(command: int, body: Any, **more: Any) -> str:
    asked = message(command, body)
    if not more:
        (told,) = trees(exchange(asked, shown=Shown.REQUEST))
        return " ".join(sentences(told))
    reply = message(command, more.get("reply", Empty()), reply=True, status=more.get("status", 0))
    (told,) = trees(exchange(asked, reply, shown=Shown.REPLY, status=more.get("status", 0)))
    return " ".join(sentences(told))


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (NT.LOGON_FAILURE, "Servers do not say which"),
        (NT.SHARING_VIOLATION, "see ShareAccess of both"),
        (NT.BUFFER_OVERFLOW, "reads the rest"),
        (NT.NO_MORE_FILES, "The listing has ended".lower()),
        (NT.ACCESS_DENIED, ""),
    ],
)
def test_statuses_that_mislead_are_explained(status: int, sentence: str) -> None:
    assert sentence in notes_of(Command.CLOSE, files.CloseRequest(0x4000), status=status)


def test_a_refusal_of_a_referral_is_one_only_there() -> None:
    assert notes.status_note(NT.NO_SUCH_DEVICE, referral=False) == ""
    assert notes.status_note(NT.NO_SUCH_DEVICE, referral=True) == notes.CONNECT_DIRECTLY


@pytest.mark.parametrize(
    ("command", "body", "sentence"),
    [
        (
            Command.NT_CREATE_ANDX,
            files.NtCreateAndxRequest(share_access=0, file_name="a"),
            "SHARING_VIOLATION",
        ),
        (Command.WRITE, files.WriteRequest(1, 0, 9), "sets the end of the file"),
        (Command.TREE_CONNECT_ANDX, tree.TreeConnectAndxRequest(path="\\\\a\\IPC$"), "named pipes"),
        (Command.SESSION_SETUP_ANDX, session.SessionSetupLanmanRequest(vc_number=0), "have long ceased"),
        (
            Command.LOCKING_ANDX,
            locking.LockingAndxRequest(fid=1, timeout=0xFFFFFFFF),
            "when the lock is granted",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else "",
)
def test_values_that_puzzle_are_explained(command: int, body: Any, sentence: str) -> None:
    assert sentence in notes_of(command, body)


def test_an_error_of_dos_is_explained_as_the_status_that_it_stands_for() -> None:
    asked = message(Command.CLOSE, files.CloseRequest(1), flags2=0)
    reply = message(Command.CLOSE, Empty(), reply=True, status=0x00200001, flags2=0)
    (told,) = trees(exchange(asked, reply, shown=Shown.REPLY, status=0x00200001))
    assert found(told, "Status").meaning == "ERRDOS, ERRbadshare"
    assert "see ShareAccess of both" in found(told, "Status").note


def test_uid_0_may_be_somebody() -> None:
    asked = message(Command.ECHO, session.EchoRequest(1), uid=0)
    (told,) = trees(exchange(asked, shown=Shown.REQUEST, user="alice"))
    assert (found(told, "UID").meaning, found(told, "UID").note) == ("0x0000 (alice)", "")


def test_headers_are_explained() -> None:
    asked = message(Command.ECHO, session.EchoRequest(1), tid=0xFFFF, uid=0, pid_low=0xFEFF)
    asked = asked[:14] + b"BSRSPYL " + asked[22:]
    (told,) = trees(exchange(asked, shown=Shown.REQUEST))
    assert found(told, "TID").note == notes.NO_TID
    assert found(told, "UID").note == notes.NO_UID
    assert found(told, "PIDLow").note == notes.KERNEL
    assert found(told, "SecuritySignature").note == notes.PLACEHOLDER


def structures() -> Iterator[type]:
    packages = [wire.__name__, trace.__name__]
    for package in (wire, trace):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for one in vars(importlib.import_module(module.name)).values():
                of_ours = str(getattr(one, "__module__", "")).rpartition(".")[0] in packages
                if of_ours and isinstance(one, type) and issubclass(one, msgspec.Struct):
                    yield one


def test_every_row_of_the_tables_is_about_a_field_that_there_is() -> None:
    """A name of a class or of a field that was changed would silently lose its meaning, its name or its sentence."""
    fields = {(cls.__name__, name) for cls in structures() for name in get_type_hints(cls)}
    rows = {
        *notes._NOTES,
        *fieldmeanings._BY_CLASS,
        *specnames._OF_CLASS,
        *specnames._LENGTHS,
    }
    assert {row for row in rows if row not in fields} == set()
    names = {name for _, name in fields}
    assert {name for name in fieldmeanings._BY_NAME if name not in names} == set()
    assert {name for name in specnames._WHOLE if name not in names} == set()
