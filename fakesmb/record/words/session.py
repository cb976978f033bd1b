"""What the shorthand says of negotiation, sign-in, tree connections and locks."""

from collections.abc import Mapping
from typing import Any, Final

from fakesmb.record.words.files import Words
from fakesmb.wire import locking, negotiate, session, tree
from fakesmb.wire.dialect import Dialect

_RANGES_SHOWN: Final = 3


def _dialects(body: negotiate.NegotiateRequest) -> str:
    return f", Dialect = {', '.join(body.dialects)}"


def _nt_chosen(body: negotiate.NegotiateNtWords) -> str:
    return f", Dialect is {Dialect.NT_LM} (#{body.dialect_index})"


def _extended_chosen(body: negotiate.NegotiateExtendedResponse) -> str:
    return f"{_nt_chosen(body)}, extended security"


def _chosen(body: Any) -> str:
    if body.dialect_index == negotiate.NO_DIALECT:
        return ", no dialect in common"
    return f", Dialect #{body.dialect_index}"


def _account(body: Any) -> str:
    who = body.account_name or "anonymous"
    return f", Domain: {body.primary_domain}, User: {who}" if body.primary_domain else f", User: {who}"


def _signed_in(body: Any) -> str:
    return ", guest" if body.action & session.Action.GUEST else ""


def _connect(body: Any) -> str:
    return f", Path = {body.path}, Service = {body.service}"


def _service(body: Any) -> str:
    return f", Service = {body.service}"


def _free(body: tree.QueryInformationDiskResponse) -> str:
    unit = body.blocks_per_unit * body.block_size
    return f", {body.free_units * unit} of {body.total_units * unit} bytes free"


def _range(one: locking.LockRange) -> str:
    return f"{one.length} bytes at Offset {one.offset}"


def _ranges(word: str, ranges: tuple[locking.LockRange, ...]) -> str:
    if not ranges:
        return ""
    shown = ", ".join(_range(one) for one in ranges[:_RANGES_SHOWN])
    more = len(ranges) - _RANGES_SHOWN
    return f", {word} {shown} and {more} more" if more > 0 else f", {word} {shown}"


def _locking(body: locking.LockingAndxRequest) -> str:
    kinds = locking.LockType
    kind = body.type_of_lock
    words = f", FID = 0x{body.fid:04X}"
    if kind & kinds.OPLOCK_RELEASE:
        level = "level II" if body.new_oplock_level == locking.OplockLevel.BREAK_TO_LEVEL_II else "none"
        words += f", oplock break to {level}"
    lock = "shared lock of" if kind & kinds.SHARED else "lock of"
    if kind & kinds.CANCEL_LOCK:
        lock = "cancel the lock of"
    elif kind & kinds.CHANGE_LOCKTYPE:
        lock = f"change to a {lock}"
    words += _ranges("unlock", body.unlocks) + _ranges(lock, body.locks)
    if not body.locks or not body.timeout:
        return words
    return f"{words}, waits" + ("" if body.timeout == locking.FOREVER else f" {body.timeout} ms")


def _byte_range(body: Any) -> str:
    return f", FID = 0x{body.fid:04X}, {body.count} bytes at Offset {body.offset}"


def _nothing(_: Any) -> str:
    return ""


WORDS: Final[Mapping[type, Words]] = {
    negotiate.NegotiateRequest: _dialects,
    negotiate.NegotiateNtResponse: _nt_chosen,
    negotiate.NegotiateExtendedResponse: _extended_chosen,
    negotiate.NegotiateLanmanResponse: _chosen,
    negotiate.NegotiateCoreResponse: _chosen,
    session.SessionSetupLanmanRequest: _account,
    session.SessionSetupPlainRequest: _account,
    session.SessionSetupExtendedRequest: _nothing,
    session.SessionSetupAndxResponse: _signed_in,
    session.SessionSetupExtendedResponse: _signed_in,
    session.SessionSetupLanmanResponse: _signed_in,
    session.LogoffAndxRequest: _nothing,
    session.NtCancelRequest: _nothing,
    session.LogoffAndxResponse: _nothing,
    session.EchoRequest: lambda body: f", {len(body.data)} bytes, {body.echo_count} times",
    session.EchoResponse: lambda body: f", {len(body.data)} bytes, #{body.sequence_number}",
    tree.TreeConnectAndxRequest: _connect,
    tree.TreeConnectAndxResponse: _service,
    tree.TreeConnectAndxExtendedResponse: _service,
    tree.TreeConnectAndxLanmanResponse: _service,
    tree.TreeConnectRequest: _connect,
    tree.TreeConnectResponse: lambda body: f", TID = 0x{body.tid:04X}",
    tree.TreeDisconnectRequest: _nothing,
    tree.ProcessExitRequest: _nothing,
    tree.QueryInformationDiskRequest: _nothing,
    tree.QueryInformationDiskResponse: _free,
    locking.LockingAndxRequest: _locking,
    locking.LockingAndxResponse: _nothing,
    locking.LockByteRangeRequest: _byte_range,
    locking.UnlockByteRangeRequest: _byte_range,
}
