"""Protocols that SMB carries, under tags of their own as Network Monitor shows them: NTLMSSP, Kerberos, MSRPC, DFS."""

from typing import Final

from fakesmb.record.events import Message, Part
from fakesmb.wire import tokens
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.dcerpc import PacketType
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.fragments import Fragment
from fakesmb.wire.kerberos_told import KerberosToken
from fakesmb.wire.ntlmssp import MessageType
from fakesmb.wire.opnums import operation_name
from fakesmb.wire.session import SessionSetupExtendedRequest, SessionSetupExtendedResponse
from fakesmb.wire.tokens import Token
from fakesmb.wire.trans2 import Trans2

_TOKENS: Final = frozenset({SessionSetupExtendedRequest, SessionSetupExtendedResponse})


def of(message: Message) -> str:
    """What the message carries, with its tag; empty where that is nothing but SMB."""
    for part in message.parts:
        detail = part.detail
        if type(detail) is Fragment:
            return of_fragment(detail, message.path)
        if type(part.body) in _TOKENS:
            token = detail if isinstance(detail, Token | KerberosToken) else token_of(part.body)
            if token is not None:
                return _ntlmssp(token) if isinstance(token, Token) else _kerberos(token)
        elif part.command == Command.TRANSACTION2 and part.subcommand == Trans2.GET_DFS_REFERRAL:
            return _dfs(message, part)
    return ""


def token_of(body: object) -> Token | KerberosToken | None:
    """The token of a session setup, bare or wrapped; None where there is none that can be read."""
    return tokens.told(body.security_blob) if type(body) in _TOKENS else None  # type: ignore[attr-defined]


def _kerberos(token: KerberosToken) -> str:
    words = f"Kerberos:{token.title}"
    return ", ".join(filter(None, (words, token.service and f"Service: {token.service}", token.error)))


def _ntlmssp(token: Token) -> str:
    words = f"NTLMSSP:{token.title}"
    if token.message_type != MessageType.AUTHENTICATE:
        return words
    domain, user, workstation = token.domain or "NULL", token.user or "NULL", token.workstation or "NULL"
    return f"{words}, Domain: {domain}, User: {user}, Workstation: {workstation}"


def of_fragment(fragment: Fragment, path: str) -> str:
    """What a DCE/RPC fragment on that pipe is, with its tag."""
    words = _call(fragment, path)
    return f"{words}, {fragment.protection}" if fragment.protection else words


def _call(fragment: Fragment, path: str) -> str:
    pipe = path.rsplit("\\", 1)[-1].lower()
    call = f"Call = 0x{fragment.call_id:X}"
    head = f"MSRPC:c/o {fragment.title}:"
    kind = fragment.packet_type
    if kind in (PacketType.BIND, PacketType.ALTER_CONTEXT):
        offered = zip(fragment.interface_names, fragment.interfaces, strict=True)
        unique = dict.fromkeys(f"{name} UUID{{{uuid.upper()}}}" for name, uuid in offered)
        return f"{head} {', '.join(unique)}, {call}"
    if kind == PacketType.REQUEST and fragment.opnum is not None:
        operation = operation_name(fragment.opnum, pipe=pipe)
        name = f"{pipe} {operation}".lstrip()
        return f"{head} {name}, {call}, Opnum = 0x{fragment.opnum:X}, Context = {fragment.context_id}"
    words = f"{head} {pipe}, {call}" if pipe else f"{head} {call}"
    if fragment.status is not None:
        return f"{words}, Status = 0x{fragment.status:08X}"
    if kind == PacketType.RESPONSE:
        return f"{words}, Context = {fragment.context_id}"
    refused = sum(1 for result in fragment.results if result)
    return f"{words}, {refused} of {len(fragment.results)} refused" if refused else words


def _dfs(message: Message, part: Part) -> str:
    if not message.request:
        return "" if part.body is None else "DFS:Get DFS Referral Response"
    asked = part.parameters or part.detail
    if not isinstance(asked, GetDfsReferralRequest):
        if part.body is None:
            return ""
        try:
            parameters = part.body.parameters  # type: ignore[attr-defined]
            asked = GetDfsReferralRequest.decode(parameters, unicode=message.header.unicode)
        except DecodeError:
            return ""
    name, level = asked.request_file_name, asked.max_referral_level
    return f"DFS:Get DFS Referral Request, FileName: {name}, MaxReferralLevel: {level}"
