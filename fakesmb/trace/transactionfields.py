"""TRANSACTION, TRANSACTION2 and NT_TRANSACT as fields: words, setup, name, parameters and data."""

from collections.abc import Mapping
from typing import Any, Final

from fakesmb.nt.controls import Fsctl
from fakesmb.record.events import Part
from fakesmb.trace import transactionwords as words
from fakesmb.trace.carrying import region_field
from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.region import Kind, Region
from fakesmb.trace.sections import subcommand_section
from fakesmb.trace.settle import group, leaf
from fakesmb.trace.walk import walk
from fakesmb.wire import nt_trans, pipes, rap, trans, trans2
from fakesmb.wire.codec import Body, Cursor, Record, Structure
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.names import SUBCOMMANDS

WORDS: Final[Mapping[type[Body], type[Record]]] = {
    trans.TransactionRequest: words.TransactionWords,
    trans.Transaction2Request: words.TransactionWords,
    trans.NtTransactRequest: words.NtWords,
    trans.TransactionSecondaryRequest: words.SecondaryWords,
    trans.Transaction2SecondaryRequest: words.Secondary2Words,
    trans.NtTransactSecondaryRequest: words.NtSecondaryWords,
    trans.TransactionResponse: words.ResponseWords,
    trans.NtTransactResponse: words.NtResponseWords,
}
"""The words of each class that reads them itself."""

_PREFIXES: Final[Mapping[int, str]] = {
    Command.TRANSACTION: "Trans",
    Command.TRANSACTION_SECONDARY: "Trans",
    Command.TRANSACTION2: "Trans2",
    Command.TRANSACTION2_SECONDARY: "Trans2",
    Command.NT_TRANSACT: "NT_Trans",
    Command.NT_TRANSACT_SECONDARY: "NT_Trans",
}
_DATA_KINDS: Final[Mapping[int, Kind]] = {
    Command.TRANSACTION: Kind.TRANS_DATA,
    Command.TRANSACTION_SECONDARY: Kind.TRANS_DATA,
    Command.TRANSACTION2: Kind.TRANS2_DATA,
    Command.TRANSACTION2_SECONDARY: Kind.TRANS2_DATA,
    Command.NT_TRANSACT: Kind.NT_DATA,
    Command.NT_TRANSACT_SECONDARY: Kind.NT_DATA,
}
_PIPE_DATA: Final = frozenset(
    {
        PipeFunction.TRANSACT_NMPIPE,
        PipeFunction.CALL_NMPIPE,
        PipeFunction.READ_NMPIPE,
        PipeFunction.RAW_READ_NMPIPE,
        PipeFunction.WRITE_NMPIPE,
        PipeFunction.RAW_WRITE_NMPIPE,
        PipeFunction.PEEK_NMPIPE,
    }
)
_MAILSLOT: Final = "\\MAILSLOT\\"
_BY_NAME: Final = frozenset({PipeFunction.WAIT_NMPIPE, PipeFunction.CALL_NMPIPE})
_PIPE_REQUESTS: Final[Mapping[int, type[Structure]]] = {PipeFunction.SET_NMPIPE_STATE: pipes.PipeState}
_PIPE_RESPONSES: Final[Mapping[int, type[Structure]]] = {
    PipeFunction.QUERY_NMPIPE_STATE: pipes.PipeState,
    PipeFunction.PEEK_NMPIPE: pipes.PeekResponse,
    PipeFunction.WRITE_NMPIPE: pipes.WriteNmpipeResponse,
    PipeFunction.RAW_WRITE_NMPIPE: pipes.WriteNmpipeResponse,
}

_OPEN2_EXTENDED: Final = len(trans2.Open2ExtendedResponse(fid=0).encode())
_NT_CREATE_EXTENDED: Final = len(nt_trans.NtCreateExtendedResponse(fid=0).encode())


class Transaction:
    """One message of a transaction, while its fields are found."""

    def __init__(self, half: Half, code: int, part: Part, asked: Part | None) -> None:
        self.half = half
        self.code = code
        self.part = part
        self.asked = asked
        self.name = ""
        self.values: Any = None
        self.setup_at = 0
        self.setup_end = 0

    @property
    def subcommand(self) -> int | None:
        """The function that it asks for; a further message of it has it from the first."""
        code = None if self.asked is None else self.asked.subcommand
        past = self.half.past.asked
        return past.subcommand if code is None and past is not None else code

    def words(self, cls: type[Record], at: int, end: int) -> list[Field]:
        """The fixed words and the setup words."""
        half = self.half
        walked = walk(cls, half.message, at, end, known=half.known)
        self.values = walked.value
        found = walked.fields
        self.setup_at = self.setup_end = end
        if walked.value is None:
            half.problems.append(half.cut or walked.problem)
            return found
        count = getattr(walked.value, "setup_count", 0)
        self.setup_at, self.setup_end = walked.end, min(walked.end + 2 * count, end)
        if walked.end + 2 * count != end:
            half.problems.append(
                f"{(end - at) // 2} words, and {count} setup words after {(walked.end - at) // 2}"
            )
        return [self._function_named(one) for one in found] + self._setup()

    def _setup(self) -> list[Field]:
        """The setup words, as the subcommand has them."""
        half, at, end = self.half, self.setup_at, self.setup_end
        if at >= end:
            return []
        cls = self._setup_class()
        if cls is None or end - at < cls.size():
            return [leaf("Setup", at, end - at, half.message[at:end].hex())]
        walked = walk(cls, half.message, at, end, known=half.known)
        inside = [self._function_named(one) for one in walked.fields]
        return [group("Setup", at, end, inside, half.message)]

    def _setup_class(self) -> type[Record] | None:
        if not self.half.is_request:
            return None
        if self.code == Command.TRANSACTION2:
            return words.Trans2Setup
        if self.code == Command.NT_TRANSACT:
            return nt_trans.NT_TRANSACT_SETUPS.get(self.values.function)
        if self._pipe_name().startswith(_MAILSLOT):
            return words.MailslotSetup
        return words.PipeNameSetup if self.subcommand in _BY_NAME else words.PipeFidSetup

    def _function_named(self, one: Field) -> Field:
        if one.name not in ("Function", "Subcommand"):
            return one
        return leaf(one.name, one.at, one.size, one.value, subcommand_meaning(self.code, one.value))

    def name_field(self, at: int, end: int) -> list[Field]:
        """The name of a TRANSACTION: of the pipe or of the mailslot."""
        half = self.half
        cursor = Cursor(half.message, at, end, unicode=half.unicode, encoding=half.encoding)
        if half.unicode:
            cursor.align(2)
        start = cursor.at
        self.name = cursor.text(strict=False)
        if cursor.at == start:
            return []
        return [Field("Name", start, cursor.at - start, self.name)]

    def blocks(self, bytes_at: int) -> list[Field]:
        """Parameters and data, where the words say that they are."""
        values = self.values
        if values is None:
            return []
        found = []
        prefix = _PREFIXES[self.code]
        for name, count, offset, displacement, total, walker in (
            (
                f"{prefix}_Parameters",
                values.parameter_count,
                values.parameter_offset,
                getattr(values, "parameter_displacement", 0),
                values.total_parameter_count,
                self._parameters,
            ),
            (
                f"{prefix}_Data",
                values.data_count,
                values.data_offset,
                getattr(values, "data_displacement", 0),
                values.total_data_count,
                self._data,
            ),
        ):
            if not count:
                continue
            place = self._place(name, offset, count, bytes_at)
            if place is None:
                continue
            region = Region(Kind.NT_DATA, *place, self.part, self.asked, displacement, total)
            found.append(walker(name, region))
        return found

    def _place(self, name: str, offset: int, count: int, bytes_at: int) -> tuple[int, int] | None:
        half = self.half
        if offset < bytes_at or offset + count > half.size:
            half.problems.append(f"{name} at {offset}, {count} bytes, in a message of {half.size}")
            return None
        if offset >= len(half.message):
            return None
        return offset, min(offset + count, len(half.message))

    def _section(self, cls: type | None = None) -> str:
        mailslot = self._pipe_name().startswith(_MAILSLOT)
        return subcommand_section(
            self.code, self.subcommand, cls, is_request=self.half.is_request, mailslot=mailslot
        )

    def _pipe_name(self) -> str:
        """The name of the request, in capitals."""
        body = None if self.asked is None else self.asked.body
        if isinstance(body, trans.TransactionRequest):
            return body.name.upper()
        past = self.half.past.asked
        return "" if past is None else past.name.upper()

    def _parameters(self, name: str, region: Region) -> Field:
        half, message = self.half, self.half.message
        carried_kind = self._carried_parameters()
        if carried_kind is not None:
            return region_field(name, region._replace(kind=carried_kind), half, section=self._section())
        past = half.past
        if not region.whole and (past.piece or past.whole is not None):
            pieces = region._replace(kind=Kind.PARAMETERS_IN_PIECES)
            return region_field(name, pieces, half, section=self._section())
        cls = self._parameter_class(region) if not region.displacement else None
        if cls is None:
            return Field(name, region.at, region.size, message[region.at : region.end].hex())
        unicode = half.unicode or (
            self.code == Command.TRANSACTION2 and self.subcommand == trans2.Trans2.GET_DFS_REFERRAL
        )
        walked = walk(
            cls,
            message,
            region.at,
            region.end,
            unicode=unicode,
            encoding=half.encoding,
            known=half.known,
        )
        if walked.problem and half.whole:
            half.problems.append(walked.problem)
        return group(name, region.at, region.end, walked.fields, message, section=self._section(cls))

    def _carried_parameters(self) -> Kind | None:
        if self.code in (Command.TRANSACTION, Command.TRANSACTION_SECONDARY):
            return Kind.TRANS_PARAMETERS if self._is_rap() else None
        if self.code == Command.NT_TRANSACT and not self.half.is_request:
            return Kind.NT_PARAMETERS if self.subcommand == nt_trans.NtTransact.NOTIFY_CHANGE else None
        return None

    def _is_rap(self) -> bool:
        body = None if self.asked is None else self.asked.body
        return self._pipe_name() == rap.LANMAN_PIPE and not getattr(body, "setup", b"")

    def _parameter_class(self, region: Region) -> type[Record] | type[Structure] | None:
        code = -1 if self.subcommand is None else self.subcommand
        request = self.half.is_request
        if self.code == Command.TRANSACTION2:
            cls = (trans2.TRANS2_REQUESTS if request else trans2.TRANS2_RESPONSES).get(code)
            if cls is trans2.Open2Response and region.size >= _OPEN2_EXTENDED:
                return trans2.Open2ExtendedResponse
            return cls
        if self.code == Command.NT_TRANSACT:
            cls = (nt_trans.NT_TRANSACT_REQUESTS if request else nt_trans.NT_TRANSACT_RESPONSES).get(code)
            if cls is nt_trans.NtCreateResponse and region.size >= _NT_CREATE_EXTENDED:
                return nt_trans.NtCreateExtendedResponse
            return cls
        return (_PIPE_REQUESTS if request else _PIPE_RESPONSES).get(code)

    def _data(self, name: str, region: Region) -> Field:
        half = self.half
        kind = _DATA_KINDS[self.code]
        if kind is Kind.TRANS_DATA and not self._is_rap():
            if self.subcommand == PipeFunction.QUERY_NMPIPE_INFO and not half.is_request:
                return self._pipe_info(name, region)
            kind = Kind.PIPE if self.subcommand in _PIPE_DATA else kind
        elif kind is Kind.NT_DATA and self._is_transceive():
            kind = Kind.PIPE
        return region_field(name, region._replace(kind=kind), half, section=self._section())

    def _is_transceive(self) -> bool:
        setup = None if self.asked is None else self.asked.parameters
        return type(setup) is nt_trans.IoctlSetup and setup.function_code == Fsctl.PIPE_TRANSCEIVE

    def _pipe_info(self, name: str, region: Region) -> Field:
        half, message = self.half, self.half.message
        walked = walk(pipes.PipeInfo, message, region.at, region.end)
        found = walked.fields
        if walked.value is not None and walked.end < region.end:
            cursor = Cursor(message, walked.end, region.end, unicode=half.unicode, encoding=half.encoding)
            if half.unicode:
                cursor.align(2)
            at = cursor.at
            text = cursor.text(strict=False)
            found.append(Field("PipeName", at, cursor.at - at, text))
        return group(name, region.at, region.end, found, message, section=self._section())


def subcommand_meaning(command: int, code: int) -> str:
    """The name of a subcommand; its number in hexadecimal where it has none."""
    known = SUBCOMMANDS.get(command, {}).get(code)
    return f"0x{code:04X}" if known is None else known.name
