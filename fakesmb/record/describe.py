"""The one describer: a message in the shorthand of the field, and its values under their names.

Text log, JSON lines, journal, `fakesmb show` and the web lab all use it. The words are those of Microsoft's
Network Monitor, as the published walk through the documented exchange shows them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from fakesmb.nt.status import label
from fakesmb.record.events import (
    Connected,
    Disconnected,
    Happening,
    Message,
    Named,
    Part,
    Printed,
    Problem,
    SignedIn,
    SignInRefused,
)
from fakesmb.record.values import plain, struct_values
from fakesmb.record.words import dirs as words_dirs
from fakesmb.record.words import files as words_files
from fakesmb.record.words import higher as words_higher
from fakesmb.record.words import session as words_session
from fakesmb.record.words import trans as words_trans
from fakesmb.record.words.files import Words
from fakesmb.wire import names
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import ReadAndxResponse

WORDS: Final[Mapping[type, Words]] = {
    **words_files.WORDS,
    **words_session.WORDS,
    **words_dirs.WORDS,
}
"""What is said after the title, by the class of the decoded structure."""

_CLOSE: Final = 0x04
_SEVERITIES: Final = ("Success", "Informational", "Warning", "Error")
_DOS_CLASSES: Final = (1, 2, 3)


def summary(message: Message, decoded: Sequence[Any] | None = None) -> str:
    """The message without the `SMB:` tag: `C; Nt Create Andx, FileName = \\srvsvc`.

    `decoded` is what `parameters` gave for each part, if the caller has that already.
    """
    higher = words_higher.of(message)
    smb = carrier(message, decoded)
    return f"{higher} ({smb})" if higher else smb


def tagged(message: Message) -> str:
    """As `summary`, under the tag of the highest protocol: `SMB:C; Nt Create Andx, FileName = \\srvsvc`."""
    higher = words_higher.of(message)
    smb = carrier(message)
    return f"{higher} ({smb})" if higher else f"SMB:{smb}"


def parameters(message: Message) -> Sequence[Any] | None:
    """The decoded parameters of each part that is a transaction; None for a message that has none."""
    parts = message.parts
    if len(parts) == 1 and parts[0].command not in words_trans.COMMANDS:
        return None
    request, unicode = message.request, message.header.unicode
    return [words_trans.parameters_of(part, request, unicode) for part in parts]


def carrier(message: Message, decoded: Sequence[Any] | None = None) -> str:
    """The SMB commands of the message and, of a reply, its status where that is not plain success."""
    parts = message.parts
    if decoded is None:
        decoded = parameters(message)
    if decoded is None:
        words = _part(parts[0], message, None)
    else:
        words = "; ".join([_part(part, message, values) for part, values in zip(parts, decoded, strict=True)])
    fault = f" ({_of_fault(message.fault)})" if message.fault else ""
    if message.request:
        return f"C; {words}{fault}"
    if message.status:
        words = f"{words} - {status_words(message.status)}"
        problem = parts[-1].problem if parts else ""
        # The published words end with the status; the reason is in the JSON line and in `show -v`.
        if problem and not words_trans.is_refused_referral(parts[-1], message.status):
            words = f"{words} ({problem})"
    return f"R; {words}{fault}"


def _of_fault(name: str) -> str:
    """`fault 1` is a name that says what it is; `full disk` is not."""
    return name if name.startswith("fault") else f"fault {name}"


def _part(part: Part, message: Message, values: Any) -> str:
    command, body, request = part.command, part.body, message.request
    if command in words_trans.COMMANDS:
        words = words_trans.words(part, request, message.status, values)
    else:
        words = title(command)
        say = WORDS.get(type(body))
        if say is not None:
            words += say(body)
        elif command == _CLOSE and type(body) is Empty:
            words += ", FID = 0x0000"
    if part.problem and (request or not message.status):
        return f"{words}, {part.problem}"
    if request and body is None:
        return f"{words}, not implemented"
    return words


@lru_cache(maxsize=512)
def status_words(code: int) -> str:
    """`NT Status: System - Error, Code = (14) STATUS_NO_SUCH_DEVICE`: severity, low 16 bits, name."""
    severity = code >> 30
    if severity == 0 and code >> 16 and code & 0xFFFF in _DOS_CLASSES:
        severity = (
            3  # a DOS class and code in NT's clothes ([MS-CIFS] 2.2.2.4): an error whatever its top bits say
        )
    return f"NT Status: System - {_SEVERITIES[severity]}, Code = ({code & 0xFFFF}) {label(code)}"


def fields(
    message: Message, secrets: bool = False, decoded: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """The decoded values of each command. `detail` has what it carries, decoded one layer further.

    Of a transaction, `parameters` are decoded too where their structure is known.
    """
    if decoded is None:
        decoded = parameters(message)
    if decoded is None:
        return [_fields(message.parts[0], None, secrets)]
    return [_fields(part, values, secrets) for part, values in zip(message.parts, decoded, strict=True)]


def _fields(part: Part, values: Any, secrets: bool) -> dict[str, Any]:
    body = part.body
    found: dict[str, Any] = struct_values(body, secrets) if isinstance(body, Struct) else {}
    if type(body) is ReadAndxResponse and not body.data_offset:
        found["data_length"] = len(body.data)  # these two are filled in on encoding
        del found["data_offset"]
    if values is not None:
        found["parameters"] = plain(values, secrets)
    detail = part.detail
    if detail is None:
        detail = words_higher.token_of(body)
    if detail is not None and detail is not values:
        found["detail"] = plain(detail, secrets)
    return found


def happening(event: Happening) -> str:
    """What befell a connection, in a line."""
    return _HAPPENINGS[type(event)](event)


def is_bad(event: Happening) -> bool:
    """Whether a person should look."""
    return isinstance(event, (Problem, SignInRefused))


def _disconnected(event: Disconnected) -> str:
    return (
        f"connection {event.connection} closed{' by the server' if event.by_server else ''}: {event.reason}"
    )


def _account(domain: str, user: str) -> str:
    return f"{domain}\\{user}" if domain else user


def _signed_in(event: SignedIn) -> str:
    who = event.kind if event.kind != "user" else _account(event.domain, event.user) or "a user"
    if event.kind == "guest" and event.user:
        who = f"guest ({_account(event.domain, event.user)})"
    how = f" with {event.protection}" if event.protection else ""
    where = f" from {event.workstation}" if event.workstation else ""
    inside = " inside a pipe" if event.pipe else ""
    return f"connection {event.connection}: {who} signed in{inside}{how}{where}"


def _refused(event: SignInRefused) -> str:
    who = _account(event.domain, event.user) or "a sign-in"
    return f"connection {event.connection}: {who} was refused, {label(event.status)}: {event.reason}"


def _printed(event: Printed) -> str:
    job = f"print job {event.job} of {event.user or 'nobody'} on {event.printer}"
    what = f"{job}, {event.document!r}, {event.size} bytes"
    where = "" if event.connection is None else f"connection {event.connection}: "
    if not event.file:
        return f"{where}{what}, was removed: {event.reason}"
    return f"{where}{what}, is {event.file}{f' ({event.reason})' if event.reason else ''}"


_NAMED: Final[Mapping[str, str]] = {
    "registered": "{name} is registered",
    "queried": "{peer} asks for {name}",
    "refused": "{peer} is refused {name}",
    "conflict": "{peer} refuses us {name}",
    "released": "{name} is released",
    "listed": "{peer} announces {name}",
    "elected": "{name} is ours",
}


def _named(event: Named) -> str:
    text = _NAMED[event.what].format(peer=event.peer, name=event.name)
    return f"names: {text}" + (f": {event.said}" if event.said else "")


def _problem(event: Problem) -> str:
    where = "" if event.connection is None else f"connection {event.connection}: "
    return f"{where}problem: {event.text}"


def _connected(event: Connected) -> str:
    fault = f" ({_of_fault(event.fault)})" if event.fault else ""
    return f"connection {event.connection} opened from {event.peer}{fault}"


_HAPPENINGS: Final[Mapping[type, Words]] = {
    Connected: _connected,
    Disconnected: _disconnected,
    SignedIn: _signed_in,
    SignInRefused: _refused,
    Printed: _printed,
    Named: _named,
    Problem: _problem,
}


command_name = lru_cache(maxsize=256)(names.command_name)
"""`SMB_COM_NT_CREATE_ANDX`, `SMB_COM_0x5A` for a code that has no name."""

_subcommand_name = lru_cache(maxsize=256)(names.subcommand_name)
title = lru_cache(maxsize=256)(names.title)
"""`Nt Create Andx`."""


def subcommand_name(message: Message, part: Part) -> str | None:
    """`TRANS2_FIND_FIRST2` and the like; None for commands that have none."""
    code = part.subcommand
    if code is None:
        code = getattr(part.body, "subcommand", None) if message.request else None
    return None if code is None else _subcommand_name(part.command, code)
