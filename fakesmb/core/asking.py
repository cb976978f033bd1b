"""What rules are told of a request: whose it is, what it names, and at what level it asks."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from fakesmb.core.resume_keys import sid_of
from fakesmb.faults.asked import Asked
from fakesmb.nt.status import SMBError
from fakesmb.wire import tokens
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Flags2, Header
from fakesmb.wire.info import LevelContext
from fakesmb.wire.nt_trans import NT_TRANSACT_REQUESTS, NT_TRANSACT_SETUPS
from fakesmb.wire.search import SearchRequest
from fakesmb.wire.set_info import SET_LEVELS, SetName
from fakesmb.wire.trans import TransactionRequest, TransactionSecondaryRequest
from fakesmb.wire.trans2 import TRANS2_REQUESTS, SetFileInformationRequest, SetPathInformationRequest

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.exchange import Exchange, Step
    from fakesmb.core.state import Session, Tree

_NAMES: Final = (
    "file_name",
    "old_file_name",
    "new_file_name",
    "directory_name",
    "source_file_name",
    "target_file_name",
    "new_name",
)
"""Fields that name files of a tree."""
_FIDS: Final = ("fid", "setup_fid")
_COMPLETED: Final[Mapping[int, int]] = {
    Command.TRANSACTION_SECONDARY: Command.TRANSACTION,
    Command.TRANSACTION2_SECONDARY: Command.TRANSACTION2,
    Command.NT_TRANSACT_SECONDARY: Command.NT_TRANSACT,
}


def asked_on_connect(connection: "SMBConnection") -> Asked:
    """A client that connects."""
    return Asked(connection=connection.number, peer=connection.peer)


def asked_of(exchange: "Exchange", step: "Step") -> Asked | None:
    """One command of a message; None for the part of a transaction of which more is to come."""
    connection = exchange.connection
    code, params = step.code, step.params
    whole: TransactionRequest | None = None
    if isinstance(params, TransactionSecondaryRequest):
        key = key_of(exchange, _COMPLETED[code])
        whole = connection.transactions.whole_with(key, params)
        if whole is not None:
            code = _COMPLETED[code]
        elif connection.transactions.first_message(key) is not None:
            return None
    elif isinstance(params, TransactionRequest):
        if not params.complete:
            return None
        whole = params
    function = None if whole is None else whole.subcommand
    about: Any = params if whole is None else _decoded(exchange, code, whole)
    session = connection.sessions.entries.get(exchange.uid)
    tree = connection.trees.entries.get(exchange.tid)
    return Asked(
        connection=connection.number,
        peer=connection.peer,
        code=code,
        sent=step.code,
        function=function,
        level=getattr(about, "information_level", None),
        paths=tuple(dict.fromkeys(_paths(exchange, tree, about, whole))),
        share=_share(code, about, tree),
        user=_user(about, session),
        params=about,
    )


def key_of(exchange: "Exchange", code: int) -> tuple[int, int, int, int, int]:
    """By what the parts of a transaction of that command belong together."""
    return code, exchange.header.pid, exchange.header.mid, exchange.uid, exchange.tid


def _decoded(exchange: "Exchange", code: int, whole: TransactionRequest) -> object:
    """What a transaction asks, where its parameters or its setup words have a structure and can be read."""
    function = whole.subcommand
    if function is None:
        return whole
    unicode, encoding = exchange.header.unicode, exchange.connection.oem_encoding
    try:
        if code == Command.TRANSACTION2 and function in TRANS2_REQUESTS:
            return TRANS2_REQUESTS[function].decode(whole.parameters, unicode=unicode, encoding=encoding)
        if code == Command.NT_TRANSACT and function in NT_TRANSACT_SETUPS:
            return NT_TRANSACT_SETUPS[function].decode(whole.setup)
        if code == Command.NT_TRANSACT and function in NT_TRANSACT_REQUESTS:
            return NT_TRANSACT_REQUESTS[function].decode(whole.parameters, unicode=unicode, encoding=encoding)
    except DecodeError:
        pass
    return whole


def _paths(
    exchange: "Exchange", tree: "Tree | None", about: object, whole: TransactionRequest | None
) -> Iterator[str]:
    opens = exchange.connection.opens.entries
    old = ""
    of_pipe = whole if isinstance(about, TransactionRequest) else None
    for name in _FIDS:
        fid = getattr(about if of_pipe is None else of_pipe, name, None)
        if fid is not None:
            entry = opens.get(fid if exchange.fid is None else exchange.fid)
            if entry is not None:
                old = entry.path
                yield old
    sid = _sid(about)
    if sid is not None:
        search = exchange.connection.searches.entries.get(sid)
        if search is not None:
            yield search.path
        return
    if tree is None or isinstance(about, TransactionRequest):
        return
    root = opens.get(getattr(about, "root_directory_fid", 0) or -1)
    for name in _NAMES:
        text = getattr(about, name, None)
        if isinstance(text, str):
            path = _parsed(tree, text, exchange.header)
            if root is not None and path != "\\":
                path = root.path.rstrip("\\") + path
            old = old or path
            yield path
    new = _new_name(exchange, about, whole)
    if new:
        bare = "\\" not in new and "/" not in new  # it stays in the directory ([MS-SMB] 2.2.8.4)
        yield (old.rpartition("\\")[0] if bare else "") + _parsed(tree, new, exchange.header)


def _sid(about: object) -> int | None:
    """The search that a request goes on with."""
    if isinstance(about, SearchRequest):
        return sid_of(about.resume_key)
    sid: int | None = getattr(about, "sid", None)
    return sid


def _new_name(exchange: "Exchange", about: Any, whole: TransactionRequest | None) -> str:
    """What a level of SET_PATH_INFORMATION or SET_FILE_INFORMATION renames or links a file to."""
    if whole is None or not isinstance(about, SetPathInformationRequest | SetFileInformationRequest):
        return ""
    level = SET_LEVELS.get(about.information_level)
    if level is None or level.decode is None:
        return ""
    context = LevelContext(unicode=exchange.header.unicode, encoding=exchange.connection.oem_encoding)
    try:
        wanted = level.decode(whole.data, context)
    except DecodeError:
        return ""
    return wanted.name if isinstance(wanted, SetName) else ""


def _parsed(tree: "Tree", text: str, header: Header) -> str:
    """A name as the record has it; one that no file can have, as it came."""
    if tree.store is None:
        return text
    if tree.namespace is not None and header.flags2 & Flags2.DFS:
        text = tree.namespace.local(text)
    try:
        return str(tree.parse(text, wildcards=True))
    except SMBError:
        return text


def _share(code: int, about: object, tree: "Tree | None") -> str:
    if code in (Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX):
        path = getattr(about, "path", "")
        return path.replace("/", "\\").rpartition("\\")[2] if isinstance(path, str) else ""
    return "" if tree is None else tree.share.name


def _user(about: object, session: "Session | None") -> str:
    name = getattr(about, "account_name", None)
    if isinstance(name, str):
        return name
    blob = getattr(about, "security_blob", None)
    if blob:
        with suppress(DecodeError):
            return tokens.read(blob).user
    return "" if session is None or session.identity is None else session.identity.user
