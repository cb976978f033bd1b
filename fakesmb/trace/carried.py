"""What SMB carries for others, as labelled fields: one function for each kind of region."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.record.pairs import PRIMARY
from fakesmb.trace import carriedcontrols as controls
from fakesmb.trace import carriedrap
from fakesmb.trace.carriedlevels import level_row, take_level
from fakesmb.trace.carriedlists import full_eas, search_entries
from fakesmb.trace.carriedprinting import job_info, print_entries
from fakesmb.trace.carriedrpc import pipe_fields
from fakesmb.trace.context import Half as Past
from fakesmb.trace.descriptors import descriptor
from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.joining import Asked
from fakesmb.trace.region import Kind, Region
from fakesmb.trace.settle import settled, unread
from fakesmb.trace.taking import Taking
from fakesmb.wire import rap
from fakesmb.wire.codec import DecodeError, Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.nt_trans import (
    NT_TRANSACT_REQUESTS,
    NT_TRANSACT_RESPONSES,
    IoctlSetup,
    NtCreateRequest,
    NtTransact,
)
from fakesmb.wire.trans import TransactionResponse
from fakesmb.wire.trans2 import TRANS2_REQUESTS, TRANS2_RESPONSES, Trans2

Fields = tuple[Field, ...]


def carried(region: Region, half: Half) -> Fields:
    """The fields that a region holds; () where nothing is known of it."""
    if region.kind is Kind.PIPE:
        return pipe_fields(region.at, region.end, half)
    row = _ROWS.get(region.kind)
    if row is None:
        return ()
    what = _What(region, half, half.past)
    if region.whole or what.is_cut:
        return _taken(row, what, half.message, region.at, region.end, 0)
    return _pieces(row, what)


class _What:
    """What a region is, and what explains it."""

    def __init__(self, region: Region, half: Half, past: Past) -> None:
        self.region = region
        self.half = half
        self.past = past

    @property
    def is_cut(self) -> bool:
        """Whether its other bytes were in the same message, and were not kept."""
        past = self.past
        return bool(self.half.cut) and not self.region.displacement and not past.piece and past.whole is None

    @property
    def request(self) -> bool:
        """Whether it is the request's."""
        return self.half.is_request

    @property
    def subcommand(self) -> int:
        """The function of the transaction; -1 where that is not known."""
        asked = self.region.asked
        code = asked.subcommand if asked is not None else None
        if code is None and self.past.asked is not None:
            code = self.past.asked.subcommand
        return -1 if code is None else code

    @property
    def asked(self) -> Any:
        """The decoded parameters, or the setup, of the request."""
        asked = self.region.asked
        if asked is not None and asked.parameters is not None:
            return asked.parameters
        past = self.past.asked
        return None if past is None else _parameters_of(past, self.half.encoding)

    @property
    def call(self) -> rap.RapRequest | None:
        """The call of the Remote Administration Protocol that is made or answered."""
        asked = self.region.asked
        if asked is not None and isinstance(asked.detail, rap.RapRequest):
            return asked.detail
        past = self.past.asked
        if past is None or past.name.upper() != rap.LANMAN_PIPE:
            return None
        try:
            return rap.RapRequest.decode(past.parameters, unicode=False, encoding=self.half.encoding)
        except DecodeError:
            return None


def _parameters_of(past: Asked, encoding: str) -> Any:
    try:
        if past.command == Command.TRANSACTION2:
            row = TRANS2_REQUESTS.get(-1 if past.subcommand is None else past.subcommand)
            return (
                None if row is None else row.decode(past.parameters, unicode=past.unicode, encoding=encoding)
            )
        if past.command == Command.NT_TRANSACT and past.subcommand == NtTransact.IOCTL:
            return IoctlSetup.decode(past.setup)
        if past.command == Command.NT_TRANSACT and past.subcommand == NtTransact.CREATE:
            return NtCreateRequest.decode(past.parameters, unicode=past.unicode, encoding=encoding)
    except DecodeError:
        return None
    return None


Row = Callable[[Taking, _What], bool]
"""Takes the fields of a region; False where nothing is known of it. Raises `DecodeError`."""


def _taken(row: Row, what: _What, data: bytes, at: int, end: int, buffer: int) -> Fields:
    """The fields that a row takes of the bytes; what it does not take is unread, with the reason."""
    half = what.half
    take = Taking(data, at, end, buffer=buffer, unicode=half.unicode, encoding=half.encoding)
    why = "nothing of the message says what these bytes are"
    try:
        if not row(take, what):
            return ()
    except DecodeError as error:
        why = half.cut or str(error)
        if not half.cut:
            half.problems.append(why)
    fields = take.fields
    if take.at < end:
        rest = data[take.at : end]
        if why or any(rest):
            fields.append(_rest(take, end, why))
    return settled(fields, at, end, data, buffer=buffer)


def _rest(take: Taking, end: int, why: str) -> Field:
    rest = take.data[take.at : end]
    if not any(rest) and len(rest) < _FEW:
        return Field("Pad", take.at, len(rest), rest.hex(), buffer=take.buffer)
    return unread(take.at, end, why, take.data, buffer=take.buffer)


_FEW: Final = 8


def _pieces(row: Row, what: _What) -> Fields:
    """A region that holds a part of a transaction's bytes: with the last part all of them, in a buffer of their own."""
    region, half, past = what.region, what.half, what.past
    data = half.message[region.at : region.end].hex()
    secret = region.kind in (Kind.TRANS_PARAMETERS, Kind.TRANS_DATA)
    of = f"bytes {region.displacement} to {region.displacement + region.size} of {region.total}"
    if past.whole is None:
        told = f"{of}: the last message of the transaction shows them together"
        return (Field("Piece", region.at, region.size, data, told, secret=secret),)
    parameters = region.kind in _PARAMETERS
    whole = past.whole.parameters if parameters else past.whole.data
    buffer = half.add(whole)
    inside = _taken(row, what, whole, 0, len(whole), buffer)
    told = f"{of}: what {past.whole.messages} messages carried follows"
    group = Field(
        "Together", 0, len(whole), None if inside else whole.hex(), "", "", "", False, buffer, inside
    )
    return Field("Piece", region.at, region.size, data, told, secret=secret), group


_PARAMETERS: Final = frozenset({Kind.TRANS_PARAMETERS, Kind.NT_PARAMETERS, Kind.PARAMETERS_IN_PIECES})


# -- the kinds of regions ------------------------------------------------------------------------------------


def _trans2(take: Taking, what: _What) -> bool:
    asked = what.asked
    level = getattr(asked, "information_level", None)
    row = level_row(what.subcommand, level, request=what.request)
    if row is None:
        return False
    with take.group(row.name, section=row.section):
        take_level(take, row, asked)
    return True


def _nt_data(take: Taking, what: _What) -> bool:
    code, asked = what.subcommand, what.asked
    if code == NtTransact.IOCTL and isinstance(asked, IoctlSetup):
        known = controls.control(asked.function_code, request=what.request) if asked.is_fsctl else None
        if known is None:
            return False
        with take.group(known.name, section=known.section):
            known.take(take)
        return True
    if code == NtTransact.CREATE and what.request and isinstance(asked, NtCreateRequest):
        _create_data(take, asked)
        return True
    row = _NT_DATA.get((code, what.request))
    if row is None:
        return False
    row(take)
    return True


def _create_data(take: Taking, asked: NtCreateRequest) -> None:
    """A security descriptor and then extended attributes ([MS-CIFS] 2.2.7.1.1)."""
    end = take.end
    if asked.security_descriptor_length:
        take.need(asked.security_descriptor_length, "SecurityDescriptor")
        take.end = take.at + asked.security_descriptor_length
        _descriptor(take)
        take.raw("Unused", take.left)
        take.end = end
    if asked.ea_length:
        with take.group("ExtendedAttributes"):
            full_eas(take)


def _descriptor(take: Taking) -> None:
    with take.group("SecurityDescriptor", section="[MS-DTYP] 2.4.6"):
        descriptor(take)


_NT_DATA: Final[Mapping[tuple[int, bool], Callable[[Taking], None]]] = {
    (NtTransact.QUERY_SECURITY_DESC, False): _descriptor,
    (NtTransact.SET_SECURITY_DESC, True): _descriptor,
    (NtTransact.QUERY_QUOTA, True): controls.quota_sids,
    (NtTransact.QUERY_QUOTA, False): controls.quotas,
    (NtTransact.SET_QUOTA, True): controls.quotas,
}


def _parameters(take: Taking, what: _What) -> bool:
    """Parameters that came in several messages: the structure of the subcommand."""
    command = what.half.header.command
    command = PRIMARY.get(command, command)  # type: ignore[call-overload]
    table = _STRUCTURES.get((command, what.request), {})
    cls = table.get(what.subcommand)
    if cls is None:
        return False
    take.unicode |= command == Command.TRANSACTION2 and what.subcommand == Trans2.GET_DFS_REFERRAL
    take.structure(cls)
    return True


_STRUCTURES: Final[Mapping[tuple[int, bool], Mapping[int, type[Structure]]]] = {
    (Command.TRANSACTION2, True): TRANS2_REQUESTS,
    (Command.TRANSACTION2, False): TRANS2_RESPONSES,
    (Command.NT_TRANSACT, True): NT_TRANSACT_REQUESTS,
    (Command.NT_TRANSACT, False): NT_TRANSACT_RESPONSES,
}


def _nt_parameters(take: Taking, what: _What) -> bool:
    controls.notifications(take)
    return True


def _rap_parameters(take: Taking, what: _What) -> bool:
    if what.request:
        carriedrap.request_parameters(take)
    else:
        carriedrap.response_parameters(take, what.call)
    return True


def _rap_data(take: Taking, what: _What) -> bool:
    call = what.call
    if call is None:
        return False
    if what.request:
        take.raw("Data", take.left, secret=call.function in rap.PASSWORDS)
        return True
    carriedrap.response_data(take, call, _answer_parameters(what))
    return True


def _answer_parameters(what: _What) -> bytes:
    """The parameters of the answer whose data the region is."""
    if what.past.whole is not None:
        return what.past.whole.parameters
    body = what.region.part.body
    return bytes(body.parameters) if isinstance(body, TransactionResponse) else b""


def _search(take: Taking, what: _What) -> bool:
    search_entries(take)
    return True


def _print_queue(take: Taking, what: _What) -> bool:
    print_entries(take)
    return True


def _print_job(take: Taking, what: _What) -> bool:
    job_info(take)
    return True


_ROWS: Final[Mapping[Kind, Row]] = {
    Kind.TRANS2_DATA: _trans2,
    Kind.NT_DATA: _nt_data,
    Kind.NT_PARAMETERS: _nt_parameters,
    Kind.TRANS_PARAMETERS: _rap_parameters,
    Kind.TRANS_DATA: _rap_data,
    Kind.PARAMETERS_IN_PIECES: _parameters,
    Kind.SEARCH_ENTRIES: _search,
    Kind.PRINT_ENTRIES: _print_queue,
    Kind.JOB_INFO: _print_job,
}
