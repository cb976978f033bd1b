"""Where the secrets of a message are: by the type annotations of its structures, as the record leaves them out.

Passwords, responses to challenges, session keys, and tokens that hold them. Of an NTLMSSP token only those are hidden:
names, flags and versions stay. A token of another mechanism is hidden whole.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from fakesmb.wire.chain import links
from fakesmb.wire.codec import Block, Body, Buffer, DecodeError, layout_of, secret_fields
from fakesmb.wire.commands import Command
from fakesmb.wire.der import context
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, Header
from fakesmb.wire.messages import REQUESTS, response_class
from fakesmb.wire.ntlmssp import SIGNATURE, AuthenticateMessage, MessageType
from fakesmb.wire.spnego import NegTokenInit, NegTokenResp, open_token

Span = tuple[int, int]
"""Where bytes begin and end."""

WITH_SECRETS: Final = frozenset({Command.SESSION_SETUP_ANDX, Command.TREE_CONNECT_ANDX, Command.TREE_CONNECT})
"""Commands one of whose structures has a field that is marked `Secret`; a test holds the tables to it."""
_TOKENS: Final = frozenset({"security_blob"})
"""Of those fields the ones that hold a token."""
_AUTHENTICATE: Final = SIGNATURE + MessageType.AUTHENTICATE.to_bytes(4, "little")
_RESPONSES_AT: Final = {"lm": 12, "nt": 20, "session_key": 52}
"""Where an AUTHENTICATE_MESSAGE says how long its secrets are and where they lie ([MS-NLMP] 2.2.1.3)."""
_SIGNED: Final = b"\x01\0\0\0"
"""How a MIC of NTLMSSP begins, by which it is known ([MS-NLMP] 2.2.2.9)."""
_PLACE: Final = struct.Struct("<HHI")
_NAMES_AT: Final = (28, 36, 44)
"""The same of its names: what has none of the secrets."""


def secrets_of(message: bytes, size: int, *, is_request: bool, may_be_of_pipe: bool = True) -> list[Span]:
    """Where they are, as offsets from the SMB header, in a message of `size` bytes that begins with these."""
    found: list[Span] = []
    if len(message) > HEADER_SIZE and _has_secrets(message):
        found += _of_commands(message + bytes(min(size, 0x20000) - len(message)), is_request=is_request)
    elif may_be_of_pipe:
        found += _of_tokens(message, 0)
    return found


def _has_secrets(message: bytes) -> bool:
    """Whether one of its commands may have some; a chain begins with any of those that chain."""
    return message[COMMAND_AT] in WITH_SECRETS or (
        message[HEADER_SIZE] > 1
        and len(message) > HEADER_SIZE + 1
        and message[HEADER_SIZE + 1] in WITH_SECRETS
    )


def _of_commands(message: bytes, *, is_request: bool) -> Iterator[Span]:
    """Those of a chain. What cannot be read is hidden from the words of its command on."""
    header = Header.decode(message)
    blocks: list[Block] = []
    at = HEADER_SIZE
    for link in links(
        message, header.command, _reads(blocks, is_request), unicode=header.unicode, encoding="cp850"
    ):
        if link.body is None:
            if link.code in WITH_SECRETS:
                yield at, len(message)
            return
        block = blocks[-1]
        at = block.bytes_at + block.byte_count
        yield from _of_body(link.body, block)


def _reads(blocks: list[Block], is_request: bool) -> Callable[[int, Block], Body | None]:
    def read(code: int, block: Block) -> Body | None:
        blocks.append(block)
        kind = REQUESTS.get(code) if is_request else response_class(code, block)
        return None if kind is None else kind.decode(block)

    return read


def _of_body(body: Body, block: Block) -> Iterator[Span]:
    secret = secret_fields(type(body))
    if not secret:
        return
    cursor, before = block.cursor(), msgspec.structs.asdict(body)
    for name, part in layout_of(type(body)).parts:
        begin = cursor.at
        try:
            part.read(cursor, before)
        except DecodeError:
            yield begin, cursor.end
            return
        if name not in secret:
            continue
        if name in _TOKENS:
            yield from _of_blob(bytes(block.message[begin : cursor.at]), begin)
        else:
            yield begin, cursor.at


def _of_blob(blob: bytes, offset: int) -> Iterator[Span]:
    """Those of a security blob that begins at `offset`: a bare token, or one in SPNEGO with its MIC."""
    if blob.startswith(SIGNATURE):
        yield from _of_tokens(blob, offset)
        return
    try:
        tag, inside = open_token(blob)
        form = NegTokenInit if tag == context(0) else NegTokenResp
        token = form.decode(inside)
    except DecodeError:
        yield offset, offset + len(blob)
        return
    for name in secret_fields(form):
        value = getattr(token, name)
        at = blob.rfind(value) + offset
        if SIGNATURE in value:
            yield from _of_tokens(value, at)
        elif value:
            yield at + (len(_SIGNED) if value.startswith(_SIGNED) else 0), at + len(value)


def _of_tokens(data: Buffer, offset: int) -> Iterator[Span]:
    """Those of every AUTHENTICATE_MESSAGE in the data, which begin at `offset`: bare, in SPNEGO, in a PDU of a pipe."""
    whole = bytes(data)
    at = whole.find(_AUTHENTICATE)
    while at >= 0:
        for begin, end in _of_authenticate(whole[at:]):
            yield offset + at + begin, offset + at + end
        at = whole.find(_AUTHENTICATE, at + 1)


def _of_authenticate(token: bytes) -> Iterator[Span]:
    secret = secret_fields(AuthenticateMessage)
    first = len(token)
    """Where the names and responses begin: the short form of Windows 9x ends before the session key."""
    for place in (*_NAMES_AT, *_RESPONSES_AT.values()):
        if place + _PLACE.size <= min(first, len(token)):
            size, _, at = _PLACE.unpack_from(token, place)
            if size:
                first = min(first, at)
    for name, place in _RESPONSES_AT.items():
        if name in secret and place + _PLACE.size <= min(first, len(token)):
            size, _, at = _PLACE.unpack_from(token, place)
            if size:
                yield min(at, len(token)), min(at + size, len(token))
