"""Sentences of those commands that have more to say than a template: sign-ins, opens, transactions, pipes, locks."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.nt.status import NT
from fakesmb.record.entry import from_root
from fakesmb.record.events import Message, Part
from fakesmb.record.words import higher
from fakesmb.trace import saying
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.dcerpc import PacketType
from fakesmb.wire.fragments import Fragment
from fakesmb.wire.kerberos_told import KerberosToken
from fakesmb.wire.ntlmssp import MessageType
from fakesmb.wire.opnums import operation_name
from fakesmb.wire.rap import RapRequest, RapResponse

_OF_THE_CHAIN: Final = 0xFFFF
"""The FID of a command that follows an open in the same message."""
_ENDPOINTS: Final = {
    "srvsvc": "the Server service",
    "wkssvc": "the Workstation service",
    "samr": "the account manager",
    "lsarpc": "the security authority",
    "winreg": "the registry",
    "spoolss": "the print spooler",
    "svcctl": "the service manager",
    "browser": "the browser service",
}
_ISSUES: Final = {
    PacketType.BIND: "The client says over the pipe which interface it wants to call: {whom}",
    PacketType.ALTER_CONTEXT: "The client wants to call one more interface over the same pipe",
    PacketType.AUTH3: "The client ends its sign-in inside the pipe",
    PacketType.BIND_ACK: "The server's end of the pipe accepts: calls may follow",
    PacketType.BIND_NAK: "The server's end of the pipe refuses the interface",
    PacketType.ALTER_CONTEXT_RESP: "The server's end of the pipe accepts the further interface",
    PacketType.FAULT: "The call failed: the answer is a fault in place of results",
    PacketType.RESPONSE: "The results of the call come back through the pipe",
}


class Values(dict[str, str]):
    """What a sentence may name, looked up when it does."""

    def __init__(self, message: Message, part: Part) -> None:
        super().__init__()
        self._message = message
        self._part = part

    def __missing__(self, name: str) -> str:
        message, body = self._message, self._part.body
        match name:
            case "user":
                return message.user or "the client"
            case "path":
                return _named(from_root(message.path) or str(getattr(body, "file_name", "")))
            case "share":
                return str(getattr(body, "path", "") or message.share or "the share")
            case "tid" | "uid":
                return f"0x{getattr(message.header, name):04X}"
            case "fid":
                fid = getattr(body, "fid", message.fid)
                if fid is None or fid == _OF_THE_CHAIN:
                    return "the file"
                path = from_root(message.path)
                return f"FID 0x{fid:04X} ({path})" if path else f"FID 0x{fid:04X}"
            case "names":
                count = getattr(body, "search_count", getattr(body, "count", 0))
                return "1 name" if count == 1 else f"{count} names"
            case "bytes":
                return _count(body)
            case "dialect":
                return (
                    "NT LM 0.12"
                    if hasattr(body, "capabilities")
                    else f"number {getattr(body, 'dialect_index', '?')}"
                )
        return str(getattr(body, name, name))


def _named(path: str) -> str:
    return "the root of the share" if path in ("", "\\") else path


def _count(body: Any) -> str:
    for name in ("max_count", "count"):
        value = getattr(body, name, None)
        if isinstance(value, int):
            value |= (getattr(body, "count_high", 0) or 0) << 16
            return _bytes(value)
    data = getattr(body, "data", None)
    return _bytes(len(data)) if data is not None else "bytes"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count:,} bytes"


def _session_setup(message: Message, part: Part) -> str:
    token = higher.token_of(part.body)
    if isinstance(token, KerberosToken):
        return _by_kerberos(message, token)
    kind = None if token is None else token.message_type
    if message.request:
        if kind == MessageType.NEGOTIATE:
            return "The client begins to sign in with NTLM: it says what it can do, and nothing secret yet"
        if kind == MessageType.AUTHENTICATE and token is not None:
            who = token.user or "nobody, anonymously"
            return f"The client signs in as {who}: it proves that it knows the password, without sending it"
        account = getattr(part.body, "account_name", None)
        if account is not None:
            return f"The client signs in as {account or 'nobody, anonymously'}"
        return "The client begins to sign in"
    if message.status == NT.MORE_PROCESSING_REQUIRED:
        return (
            "The server answers with a challenge, eight random bytes that the client is to prove its password with. "
            "STATUS_MORE_PROCESSING_REQUIRED is no error: one more message is needed"
        )
    who = message.user or "the client"
    guest = " as a guest" if getattr(part.body, "action", 0) & 1 else ""
    return f"The server lets {who} in{guest}: UID 0x{message.header.uid:04X} stands for that from now on"


def _by_kerberos(message: Message, token: KerberosToken) -> str:
    if message.request:
        return (
            f"The client brings a ticket of Kerberos for {token.service}: who it is stands inside, sealed with a key "
            "that only the server and the domain controller know"
        )
    if token.error:
        return f"The server does not take the ticket, {token.error}, and the client may try again"
    who = message.user or "the client"
    if message.status == NT.MORE_PROCESSING_REQUIRED:
        return f"The server proves to {who} that it could open the ticket; one more message is needed"
    uid = f"UID 0x{message.header.uid:04X}"
    return f"The server proves that it could open the ticket, and lets {who} in: {uid} stands for that from now on"


def _tree_connect(message: Message, part: Part) -> str:
    if message.request:
        service = getattr(part.body, "service", "")
        any_kind = ", whatever kind it is (?????)" if service.startswith("?") else ""
        return f"The client wants to use {getattr(part.body, 'path', 'a share')}{any_kind}"
    share = message.share or "the share"
    service = getattr(part.body, "service", "")
    kind = saying.SERVICES.get(str(service).rstrip(":").upper(), "")
    return f"The share {share} is connected{kind}: TID 0x{message.header.tid:04X} stands for it from now on"


def _open(message: Message, part: Part) -> str:
    pipe = message.share.upper() == "IPC$"
    if message.request:
        name = _named(from_root(message.path or str(getattr(part.body, "file_name", ""))) or "")
        whom = _ENDPOINTS.get(name.rpartition("\\")[2].lower())
        if pipe:
            return f"The client opens the pipe {name}" + (f", behind which is {whom}" if whom else "")
        return f"The client opens {name}"
    fid = getattr(part.body, "fid", message.fid)
    what = "The directory" if getattr(part.body, "directory", 0) else from_root(message.path) or "The file"
    what = "The pipe" if pipe else what
    if fid is None:
        return f"{what} is open"
    return f"{what} is open: FID 0x{fid:04X} stands for it until it is closed"


def _transaction(message: Message, part: Part) -> str:
    detail = part.detail
    if type(detail) is Fragment:
        return fragment(detail, message)
    if type(detail) in (RapRequest, RapResponse):
        return (
            "The client calls the old Remote Administration Protocol of LAN Manager"
            if message.request
            else "The results of the LAN Manager call come back"
        )
    if part.subcommand is None:
        return "The server is ready for the rest of the request" if not message.request else ""
    name = names.subcommand_name(part.command, part.subcommand)
    templates = saying.SUBCOMMANDS.get(name)
    if templates is None:
        return ""
    values = Values(
        message, Part(part.command, part.parameters if part.parameters is not None else part.body)
    )
    return templates[0 if message.request else 1].format_map(values)


def fragment(pdu: Fragment, message: Message) -> str:
    """What goes through a pipe."""
    pipe = message.path.rsplit("\\", 1)[-1].lower()
    whom = _ENDPOINTS.get(pipe, pipe or "the service behind the pipe")
    if pdu.packet_type == PacketType.REQUEST and pdu.opnum is not None:
        return f"The client calls {operation_name(pdu.opnum, pipe=pipe)} of {whom}, through the pipe"
    words = _ISSUES.get(PacketType(pdu.packet_type), "").format(whom=whom)
    refused = sum(1 for result in pdu.results if result)
    if refused and pdu.packet_type == PacketType.BIND_ACK:
        words += f"; {refused} of {len(pdu.results)} interfaces are refused"
    return words


def _locking(message: Message, part: Part) -> str:
    body = part.body
    if getattr(body, "type_of_lock", 0) & 0x02:
        if message.request and message.header.mid != 0xFFFF:
            return "The client gives its oplock back: what it had kept to itself is written, others may go on"
        return "The server asks the client to give its oplock back: another one wants the file"
    if not message.request:
        return "It is done: the ranges are locked or free"
    locks, unlocks = len(getattr(body, "locks", ())), len(getattr(body, "unlocks", ()))
    words = [f"locks {locks} range{'s' * (locks != 1)}"] * bool(locks)
    words += [f"frees {unlocks} range{'s' * (unlocks != 1)}"] * bool(unlocks)
    return f"The client {' and '.join(words) or 'changes locks'} of {from_root(message.path) or 'the file'}"


def _negotiate(message: Message, part: Part) -> str:
    if message.request:
        dialects = getattr(part.body, "dialects", ())
        if not dialects:
            return ""
        span = f", from {dialects[0]} to {dialects[-1]}" if len(dialects) > 1 else f": {dialects[0]}"
        return (
            f"The client says which {'dialects' if len(dialects) > 1 else 'dialect'} of SMB it speaks{span}"
        )
    if getattr(part.body, "dialect_index", 0) == 0xFFFF:
        return "The server speaks none of the dialects that the client offered"
    return ""


SPECIAL: Final[Mapping[int, Callable[[Message, Part], str]]] = {
    Command.NEGOTIATE: _negotiate,
    Command.SESSION_SETUP_ANDX: _session_setup,
    Command.TREE_CONNECT_ANDX: _tree_connect,
    Command.TREE_CONNECT: _tree_connect,
    Command.NT_CREATE_ANDX: _open,
    Command.OPEN_ANDX: _open,
    Command.OPEN: _open,
    Command.TRANSACTION: _transaction,
    Command.TRANSACTION2: _transaction,
    Command.NT_TRANSACT: _transaction,
    Command.LOCKING_ANDX: _locking,
}
