"""One event as the record shows it: the stable names that JSON lines, the journal and the web lab share.

docs/record.md describes every event and key; a test compares the two.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, assert_never

import msgspec

from fakesmb.nt.status import label
from fakesmb.record import describe
from fakesmb.record.dissect import messages
from fakesmb.record.events import (
    Connected,
    Disconnected,
    Event,
    Exchanged,
    Happening,
    Message,
    Named,
    Part,
    Printed,
    Problem,
    SignedIn,
    SignInRefused,
)
from fakesmb.record.moments import iso

EVENTS: Final = (
    "request",
    "response",
    "connected",
    "disconnected",
    "signed_in",
    "sign_in_refused",
    "printed",
    "not_printed",
    "name",
    "problem",
)
"""Every value of `event`."""


class Entry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One event. What does not apply is None here and absent in JSON."""

    time: str
    """UTC, ISO 8601, microseconds, `Z`."""
    event: str
    """One of `EVENTS`."""
    number: int | None = None
    """Of the message, from 1: the number of the text form."""
    connection: int | None = None
    """Counts connections, from 1."""
    peer: str | None = None
    """The client's `address:port`."""
    direction: str | None = None
    """`C` from the client, `R` for a reply, as in the shorthand."""
    command: str | None = None
    """`SMB_COM_NT_CREATE_ANDX`; of a chain, its first."""
    subcommand: str | None = None
    """`TRANS2_FIND_FIRST2`, `NT_TRANSACT_NOTIFY_CHANGE`, `TRANS_TRANSACT_NMPIPE`."""
    status: str | None = None
    """Of a response: `STATUS_SUCCESS`."""
    mid: int | None = None
    uid: int | None = None
    tid: int | None = None
    pid: int | None = None
    fid: int | None = None
    """The open file or pipe that the message is about."""
    user: str | None = None
    share: str | None = None
    path: str | None = None
    """Inside the share, from its root: `\\a.txt`."""
    length: int | None = None
    """Bytes of the SMB message."""
    took_us: int | None = None
    """Microseconds from the request's arrival to this response."""
    summary: str | None = None
    """The shorthand: `C; Nt Create Andx, FileName = \\srvsvc`."""
    problem: str | None = None
    """Why the message could not be decoded; of a problem, what it is."""
    fields: dict[str, Any] | None = None
    """Decoded values under their names in `fakesmb.wire`; bytes as hexadecimal."""
    chain: list[dict[str, Any]] | None = None
    """The further commands of an AndX chain: `command`, `subcommand`, `problem`, `fields` of each."""
    reason: str | None = None
    """Why a connection ended, a sign-in was refused or a print job removed."""
    by_server: bool | None = None
    """Whether we ended the connection."""
    domain: str | None = None
    workstation: str | None = None
    native_os: str | None = None
    kind: str | None = None
    """Of a sign-in: `user`, `guest` or `anonymous`; of the name service, what it did."""
    protection: str | None = None
    """How the password was proved: `NTLMv2`, `NTLMv1`, `LM`."""
    pipe: bool | None = None
    """Of a sign-in inside a pipe: true."""
    job: int | None = None
    """The number of a print job; `share` is its printer, `path` its file."""
    document: str | None = None
    """Its title."""
    bytes: int | None = None
    """Of its data."""
    traceback: str | None = None
    """Of a problem that is a bug of ours."""
    fault: str | None = None
    """The armed rule that acted on it; of a response, or of a request that has none."""
    name: str | None = None
    """Of the name service: the NetBIOS name, as `FAKESMB<20>`."""


def entry_of(event: Message | Happening, *, secrets: bool = False) -> Entry:
    """The event under its stable names. Password proofs, keys and tokens only with `secrets`."""
    if isinstance(event, Message):
        return _message(event, secrets)
    return _happening(event)


def entries_of(event: Event, *, secrets: bool = False) -> Iterator[Entry]:
    """As `entry_of`, but one for each command of an AndX chain: what the journal counts."""
    if type(event) is Exchanged:
        for message in messages(event):
            yield from entries_of(message, secrets=secrets)
        return
    assert not isinstance(event, Exchanged)
    if type(event) is not Message or len(event.parts) < 2:
        yield entry_of(event, secrets=secrets)
        return
    for part in event.parts:
        yield _message(msgspec.structs.replace(event, parts=(part,)), secrets)


def _message(message: Message, secrets: bool) -> Entry:
    header = message.header
    parts = message.parts
    part = parts[0]
    decoded = describe.parameters(message)
    fields = describe.fields(message, secrets, decoded)
    request = message.request
    # By position: this is done for every message, and two dozen keywords cost more than all the rest of it.
    return Entry(
        iso(message.time),
        "request" if request else "response",
        message.number,
        message.connection,
        message.peer,
        "C" if request else "R",
        describe.command_name(part.command),
        describe.subcommand_name(message, part),
        None if request else status_label(message.status),
        header.mid,
        header.uid,
        header.tid,
        header.pid_high << 16 | header.pid_low,
        message.fid,
        message.user or None,
        message.share or None,
        from_root(message.path),
        message.size,
        None if request else round(message.took * 1e6),
        describe.summary(message, decoded),
        part.problem or None,
        fields[0] or None,
        None
        if len(parts) == 1
        else [_link(message, *link) for link in zip(parts[1:], fields[1:], strict=True)],
        fault=message.fault or None,
    )


def from_root(path: str) -> str | None:
    """A path with its leading backslash; None for none."""
    if not path:
        return None
    return path if path[0] in "\\/" else f"\\{path}"  # pipes are opened as `srvsvc` too


def _link(message: Message, part: Part, values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"command": describe.command_name(part.command)}
    subcommand = describe.subcommand_name(message, part)
    if subcommand is not None:
        found["subcommand"] = subcommand
    if part.problem:
        found["problem"] = part.problem
    if values:
        found["fields"] = values
    return found


def _happening(event: Happening) -> Entry:
    when = iso(event.time)
    summary = describe.happening(event)
    if isinstance(event, Connected):
        return Entry(
            time=when,
            event="connected",
            connection=event.connection,
            peer=event.peer,
            summary=summary,
            fault=event.fault or None,
        )
    if isinstance(event, Disconnected):
        return Entry(
            time=when,
            event="disconnected",
            connection=event.connection,
            peer=event.peer,
            summary=summary,
            reason=event.reason,
            by_server=event.by_server,
        )
    if isinstance(event, SignedIn):
        return Entry(
            time=when,
            event="signed_in",
            connection=event.connection,
            peer=event.peer,
            user=event.user,
            summary=summary,
            domain=event.domain or None,
            workstation=event.workstation or None,
            native_os=event.native_os or None,
            kind=event.kind,
            protection=event.protection or None,
            pipe=event.pipe or None,
        )
    if isinstance(event, SignInRefused):
        return Entry(
            time=when,
            event="sign_in_refused",
            connection=event.connection,
            peer=event.peer,
            status=status_label(event.status),
            user=event.user,
            summary=summary,
            reason=event.reason,
            domain=event.domain or None,
            workstation=event.workstation or None,
        )
    if isinstance(event, Printed):
        return Entry(
            time=when,
            event="printed" if event.file else "not_printed",
            connection=event.connection,
            peer=event.peer,
            user=event.user,
            share=event.printer,
            path=f"\\{event.file}" if event.file else None,
            summary=summary,
            reason=event.reason or None,
            job=event.job,
            document=event.document,
            bytes=event.size,
        )
    if isinstance(event, Named):
        return Entry(
            time=when, event="name", peer=event.peer or None, name=event.name, kind=event.what, summary=summary,
            reason=event.said or None,
        )  # fmt: skip
    if isinstance(event, Problem):
        return Entry(
            time=when,
            event="problem",
            connection=event.connection,
            summary=summary,
            problem=event.text,
            traceback=event.traceback or None,
        )
    assert_never(event)


status_label = lru_cache(maxsize=512)(label)
"""`STATUS_...` of a code; few codes, each asked for all the time."""
