"""Plans: a command alone in an unsigned message, answered at once, in one generated function for each row.

Nearly every request is such a message. The function is made from the declared layout of the row's structure: one
`struct` takes header and words apart, what the row needs is checked inline, the handler is called, and its answer is
packed behind its header. It gives False, having changed nothing, for whatever it does not fit: a chain, another
WordCount, bytes that do not decode, a UID or TID that is refused. The general way (`core.exchange`) then says what is
wrong. Where the handler answers late, in several messages or with an error, the exchange goes on from its outcome.

Tests hold every plan to the general way, byte for byte and event for event, and run with all plans off, too.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from struct import Struct
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from fakesmb.core.dispatch import CommandRow, Needs
from fakesmb.core.keeping import Finish, keeping
from fakesmb.core.planned_reply import finish
from fakesmb.core.planned_transaction import finish_transaction
from fakesmb.core.request import Request
from fakesmb.core.transactions import SubcommandRow
from fakesmb.core.waiting import once_finished
from fakesmb.vfs.store import Unfinished
from fakesmb.wire.codec import (
    CountedTextPart,
    Cursor,
    DecodeError,
    PayloadPart,
    decode_utf16,
    layout_of,
    read_parts,
    reads_parts_in_order,
    structure_decoder,
)
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, MAGIC, NO_ANDX, Flags, Flags2, Header, block_at
from fakesmb.wire.trans import TRANSACTION_WORDS, Setup, Transaction2Request

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

Plan = Callable[["SMBConnection", memoryview], bool]
"""Answers a message of a connection; False where it is no message for the plan, and nothing has changed."""

_HEADER: Final = "4sBIBHH8s2xHHHH"
_SUBCOMMAND_AT: Final = HEADER_SIZE + 1 + 2 * Transaction2Request.FIXED_WORDS
_SUBCOMMAND_END: Final = _SUBCOMMAND_AT + 2
_HEADER_NAMES: Final = "magic, code, status, flags, flags2, pid_high, signature, tid, pid, uid, mid"


# -- the source of a plan ----------------------------------------------------------------------------------


def plan_source(row: CommandRow) -> str:
    """The function of a command's row as Python source; `_names` has what it refers to."""
    taken_apart = _by_layout(row) if reads_parts_in_order(row.request) else _by_own_decode(row)
    return _source(taken_apart, row.needs, [], "finish(connection, request, answer)")


def subplan_source(row: SubcommandRow) -> str:
    """The function of a TRANSACTION2 subcommand's row as Python source; `_subnames` has what it refers to.

    The transaction is whole, and its subcommand the only setup word.
    """
    taken_apart = [
        "    size = len(message)",
        "    if size < BYTES_AT:",
        "        return False",
        f"    ({_HEADER_NAMES}, word_count, total_parameters, total_data, max_parameters, max_data, max_setup,",
        "     transaction_flags, timeout, _, parameter_count, parameters_at, data_count, data_at, setup_count,",
        "     function, byte_count) = unpack(message)",
        "    parameters_end, data_end = parameters_at + parameter_count, data_at + data_count",
        "    if (word_count != WORD_COUNT or setup_count != 1 or magic != MAGIC or flags & REPLY or transaction_flags",
        "            or parameter_count != total_parameters or data_count != total_data",
        "            or parameters_at < BYTES_AT or parameters_end > size or BYTES_AT + byte_count > size",
        "            or data_count and (data_at < BYTES_AT or data_end > size)):",
        "        return False",
        *_or_false(
            "params = decode(message, parameters_at, parameters_end, flags2 & UNICODE != 0, connection.oem_encoding)"
        ),
    ]
    transaction = [
        "    request.transaction = whole = Transaction(",
        "        setup=SETUP, parameters=message[parameters_at:parameters_end],",
        "        data=message[data_at:data_end] if data_count else b'', total_parameter_count=total_parameters,",
        "        total_data_count=total_data, max_parameter_count=max_parameters, max_data_count=max_data,",
        "        max_setup_count=max_setup, flags=0, timeout=timeout)",
    ]
    return _source(
        taken_apart, row.needs | Needs.TREE, transaction, "finish(connection, request, whole, answer)"
    )


def _source(taken_apart: list[str], needs: int, prepared: list[str], finished: str) -> str:
    state = (
        f"{'session' if needs & Needs.SESSION else 'None'}, {'tree' if needs & Needs.CONNECTED else 'None'}"
    )
    lines = [
        "def plan(connection, message):",
        *taken_apart,
        "    arrived = connection.now()",
        *_needs(needs),
        "    header = Header(code, status, flags, flags2, pid_high, signature, tid, pid, uid, mid)",
        f"    request = Request(connection, message, header, ROW, params, {state}, arrived)",
        *prepared,
        "    try:",
        "        answer = handler(request)",
        "    except Unfinished as obstacle:",
        "        answer = once_finished(handler, request, obstacle, connection.server)",
        "    except Exception as error:",
        "        answer = error",
        f"    {finished}",
        "    return True",
    ]
    return "\n".join(lines)


def _by_layout(row: CommandRow) -> list[str]:
    """Header and words by one `struct`; parts, where there are any, by their declared readers."""
    layout = layout_of(row.request)
    words = layout.names[: len(layout.formats)]
    values = "".join(f"w_{name}, " for name in words)
    andx = "andx, andx_reserved, andx_offset, " if row.request.ANDX else ""
    chain = " or andx != NO_ANDX" if row.request.ANDX else ""
    lines = [
        "    size = len(message)",
        "    if size < BYTES_AT:",
        "        return False",
        f"    {_HEADER_NAMES}, word_count, {andx}{values}byte_count = unpack(message)",
        f"    if word_count != WORD_COUNT or magic != MAGIC or flags & REPLY{chain}:",
        "        return False",
        "    if BYTES_AT + byte_count > size:",
        "        return False",
    ]
    if not layout.parts:
        return [*lines, f"    params = Params({values})"]
    if layout.rest:
        return [*lines, f"    params = Params({values}message[BYTES_AT:BYTES_AT + byte_count])"]
    if layout.payload is not None:
        return [*lines, *_payload(layout.payload), f"    params = Params({values}data)"]
    cursor = (
        "Cursor(message, BYTES_AT, BYTES_AT + byte_count, "
        "unicode=flags2 & UNICODE != 0, encoding=connection.oem_encoding)"
    )
    by_cursor = _or_false(f"params = Params(*read_parts(({values}), {cursor}))")
    only = layout.parts[0][1] if len(layout.parts) == 1 else None
    if type(only) is CountedTextPart:
        return [*lines, *_counted_text(only, values, by_cursor)]
    return [*lines, *by_cursor]


def _counted_text(part: CountedTextPart, values: str, by_cursor: list[str]) -> list[str]:
    """A Unicode string that ends at its null, as `CountedTextPart.read` takes it; other strings by cursor, among them
    those whose first byte is null: they may stand beside their place.
    """
    text = "decode_utf16(message[TEXT_AT:BYTES_AT + byte_count & ~1]).partition('\\0')"
    return [
        f"    if flags2 & UNICODE and w_{part.size_field} and byte_count > 2 and message[TEXT_AT] and (",
        f"        text := {text}",
        "    )[1]:",
        f"        params = Params({values}text[0])",
        "    else:",
        *(f"    {line}" for line in by_cursor),
    ]


def _payload(part: PayloadPart) -> list[str]:
    """Data by offset and length, as `PayloadPart.read` takes them."""
    return [
        f"    length = w_{part.high_field} << 16 | w_{part.length_field}",
        f"    data_end = w_{part.offset_field} + length",
        f"    if length and (w_{part.offset_field} < BYTES_AT or data_end > size):",
        "        return False",
        f"    data = message[w_{part.offset_field}:data_end] if length else message[:0]",
    ]


def _by_own_decode(row: CommandRow) -> list[str]:
    """The header by one `struct`, the rest by the structure's own `decode`."""
    chain = [f"    if word_count > 1 and message[{HEADER_SIZE + 1}] != NO_ANDX:", "        return False"]
    block = (
        f"block_at(message, {HEADER_SIZE}, unicode=flags2 & UNICODE != 0, encoding=connection.oem_encoding)"
    )
    return [
        f"    if len(message) < {HEADER_SIZE + 3}:",
        "        return False",
        f"    {_HEADER_NAMES}, word_count = unpack(message)",
        "    if magic != MAGIC or flags & REPLY:",
        "        return False",
        *(chain if row.request.ANDX else []),
        *_or_false(f"params = decode({block})"),
    ]


def _or_false(statement: str) -> list[str]:
    return ["    try:", f"        {statement}", "    except DecodeError:", "        return False"]


def _needs(needs: int) -> list[str]:
    """What `core.exchange` checks, in its order, and refuses with a reason."""
    lines = []
    if needs & Needs.SESSION:
        lines += [
            "    session = connection.sessions.entries.get(uid)",
            "    if session is None or session.identity is None:",
            "        return False",
            "    session.last_used = arrived",
        ]
    if needs & Needs.CONNECTED:
        lines += [
            "    tree = connection.trees.entries.get(tid)",
            "    if tree is None or tree.identity is not session.identity and not tree.serves(session):",
            "        return False",
        ]
    if needs & Needs.ON_DISK:
        lines += ["    if tree.store is None:", "        return False"]
    if needs & Needs.NOT_READ_ONLY:
        lines += ["    if tree.read_only:", "        return False"]
    return lines


@cache
def _code(source: str, name: str) -> CodeType:
    return compile(source, f"<plan of {name}>", "exec")


def _heeding(source: str, unread_flags2: int) -> str:
    """The source, where a server does not know all bits of Flags2: it takes them out once the header is read."""
    if not unread_flags2:
        return source
    return source.replace("= unpack(message)", f"= unpack(message); flags2 &= ~{unread_flags2}", 1)


def compile_plan(row: CommandRow, unread_flags2: int = 0, finish: Finish = finish) -> Plan:
    """Makes the function of a row, which gives what its handler answers to `finish`."""
    namespace = _names(row, finish)
    exec(_code(_heeding(plan_source(row), unread_flags2), row.request.__name__), namespace)
    made: Plan = namespace["plan"]
    return made


def _shared(row: CommandRow, handler: object, finish: object) -> dict[str, Any]:
    """What the source of every plan refers to."""
    return {
        "MAGIC": MAGIC,
        "NO_ANDX": NO_ANDX,
        "REPLY": Flags.REPLY,
        "UNICODE": Flags2.UNICODE,
        "ROW": row,
        "DecodeError": DecodeError,
        "Header": Header,
        "Request": Request,
        "Unfinished": Unfinished,
        "once_finished": once_finished,
        "handler": handler,
        "finish": finish,
    }


def _names(row: CommandRow, finish: Finish) -> dict[str, Any]:
    """What the source of a plan refers to."""
    kind = row.request
    names = _shared(row, row.handler, finish)
    if not reads_parts_in_order(kind):
        unpack = Struct(f"<{_HEADER}B").unpack_from
        return names | {"unpack": unpack, "decode": kind.decode, "block_at": block_at}
    layout = layout_of(kind)
    andx = "BBH" if kind.ANDX else ""
    whole = Struct(f"<{_HEADER}B{andx}{layout.fixed.format.removeprefix('<')}H")
    return names | {
        "BYTES_AT": whole.size,
        "TEXT_AT": whole.size + (whole.size & 1),
        "WORD_COUNT": (whole.size - HEADER_SIZE - 3) // 2,
        "Cursor": Cursor,
        "Params": kind,
        "decode_utf16": decode_utf16,
        "read_parts": None if layout.readers is None else partial(read_parts, layout.readers),
        "unpack": whole.unpack_from,
    }


def compile_subplan(row: SubcommandRow, envelope: CommandRow, unread_flags2: int = 0) -> Plan:
    """Makes the function of a row of TRANSACTION2; `envelope` is the command's own."""
    unpack = Struct(f"<{_HEADER}B{TRANSACTION_WORDS}HH")
    assert not issubclass(row.request, Setup)
    namespace: dict[str, Any] = _shared(envelope, row.handler, finish_transaction) | {
        "BYTES_AT": unpack.size,
        "WORD_COUNT": Transaction2Request.FIXED_WORDS + 1,
        "SETUP": row.code.to_bytes(2, "little"),
        "Transaction": Transaction2Request,
        "decode": structure_decoder(row.request),
        "unpack": unpack.unpack_from,
    }
    exec(_code(_heeding(subplan_source(row), unread_flags2), row.request.__name__), namespace)
    made: Plan = namespace["plan"]
    return made


def transaction2_plan(
    envelope: CommandRow, rows: Mapping[int, SubcommandRow], unread_flags2: int = 0
) -> Plan:
    """The plan of TRANSACTION2: that of the subcommand which the only setup word names."""
    subplans: dict[int, Plan] = {}

    def plan(connection: "SMBConnection", message: memoryview) -> bool:
        if len(message) < _SUBCOMMAND_END:
            return False
        function = message[_SUBCOMMAND_AT] | message[_SUBCOMMAND_AT + 1] << 8
        subplan = subplans.get(function)
        if subplan is None:
            row = rows.get(function)
            subplan = no_plan if row is None else compile_subplan(row, envelope, unread_flags2)
            subplans[function] = subplan
        return subplan(connection, message)

    return plan


class Plans(dict[int, Plan]):
    """The plan of each row by command code, compiled when the first message of its command arrives."""

    def __init__(
        self,
        rows: Mapping[int, CommandRow],
        subrows: Mapping[int, SubcommandRow],
        unread_flags2: int = 0,
        keep_data: int = 0,
    ) -> None:
        """`unread_flags2`: the bits of a request's Flags2 that the server does not know. `keep_data`: bytes of each
        read and write that the record keeps.
        """
        super().__init__()
        self._rows = rows
        self._subrows = subrows
        self._unread = unread_flags2
        self._finish = keeping(finish, keep_data) if keep_data else finish

    def __missing__(self, code: int) -> Plan:
        row = self._rows.get(code)
        if row is None:
            made: Plan = no_plan
        elif code == Command.TRANSACTION2:
            made = transaction2_plan(row, self._subrows, self._unread)
        else:
            made = compile_plan(row, self._unread, self._finish)
        self[code] = made
        return made


def no_plan(connection: "SMBConnection", message: memoryview) -> bool:
    """The plan of a command without a row: the general way refuses it."""
    return False


class NoPlans(dict[int, Plan]):
    """Every message takes the general way."""

    def __missing__(self, code: int) -> Plan:
        return no_plan
