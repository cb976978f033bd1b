"""Every command's structures by its code: the request's, and the replies' by their WordCount.

Commands without a structure, and replies that are only a status, are not here.
"""

from collections.abc import Mapping
from typing import Final

from fakesmb.wire import dirs, files, locking, negotiate, printing, raw, search, session, trans, tree
from fakesmb.wire.codec import Block, Body, DecodeError, Empty
from fakesmb.wire.commands import Command

REQUESTS: Final[Mapping[int, type[Body]]] = {
    Command.CREATE_DIRECTORY: dirs.CreateDirectoryRequest,
    Command.DELETE_DIRECTORY: dirs.DeleteDirectoryRequest,
    Command.OPEN: files.OpenRequest,
    Command.CREATE: files.CreateRequest,
    Command.CLOSE: files.CloseRequest,
    Command.FLUSH: files.FlushRequest,
    Command.DELETE: dirs.DeleteRequest,
    Command.RENAME: dirs.RenameRequest,
    Command.QUERY_INFORMATION: dirs.QueryInformationRequest,
    Command.SET_INFORMATION: dirs.SetInformationRequest,
    Command.READ: files.ReadRequest,
    Command.WRITE: files.WriteRequest,
    Command.LOCK_BYTE_RANGE: locking.LockByteRangeRequest,
    Command.UNLOCK_BYTE_RANGE: locking.UnlockByteRangeRequest,
    Command.CREATE_TEMPORARY: files.CreateTemporaryRequest,
    Command.CREATE_NEW: files.CreateRequest,
    Command.CHECK_DIRECTORY: dirs.CheckDirectoryRequest,
    Command.PROCESS_EXIT: tree.ProcessExitRequest,
    Command.SEEK: files.SeekRequest,
    Command.LOCK_AND_READ: files.ReadRequest,
    Command.WRITE_AND_UNLOCK: files.WriteRequest,
    Command.READ_RAW: raw.ReadRawRequest,
    Command.READ_MPX: raw.ReadMpxRequest,
    Command.WRITE_RAW: raw.WriteRawRequest,
    Command.WRITE_MPX: raw.WriteMpxRequest,
    Command.SET_INFORMATION2: dirs.SetInformation2Request,
    Command.QUERY_INFORMATION2: dirs.QueryInformation2Request,
    Command.LOCKING_ANDX: locking.LockingAndxRequest,
    Command.TRANSACTION: trans.TransactionRequest,
    Command.TRANSACTION_SECONDARY: trans.TransactionSecondaryRequest,
    Command.IOCTL: files.IoctlRequest,
    Command.COPY: dirs.CopyRequest,
    Command.MOVE: dirs.CopyRequest,
    Command.ECHO: session.EchoRequest,
    Command.WRITE_AND_CLOSE: files.WriteAndCloseRequest,
    Command.OPEN_ANDX: files.OpenAndxRequest,
    Command.READ_ANDX: files.ReadAndxRequest,
    Command.WRITE_ANDX: files.WriteAndxRequest,
    Command.TRANSACTION2: trans.Transaction2Request,
    Command.TRANSACTION2_SECONDARY: trans.Transaction2SecondaryRequest,
    Command.FIND_CLOSE2: search.FindClose2Request,
    Command.TREE_CONNECT: tree.TreeConnectRequest,
    Command.TREE_DISCONNECT: tree.TreeDisconnectRequest,
    Command.NEGOTIATE: negotiate.NegotiateRequest,
    Command.SESSION_SETUP_ANDX: session.SessionSetupAndxRequest,
    Command.LOGOFF_ANDX: session.LogoffAndxRequest,
    Command.TREE_CONNECT_ANDX: tree.TreeConnectAndxRequest,
    Command.QUERY_INFORMATION_DISK: tree.QueryInformationDiskRequest,
    Command.SEARCH: search.SearchRequest,
    Command.FIND: search.SearchRequest,
    Command.FIND_UNIQUE: search.SearchRequest,
    Command.FIND_CLOSE: search.SearchRequest,
    Command.NT_TRANSACT: trans.NtTransactRequest,
    Command.NT_TRANSACT_SECONDARY: trans.NtTransactSecondaryRequest,
    Command.NT_CREATE_ANDX: files.NtCreateAndxRequest,
    Command.NT_CANCEL: session.NtCancelRequest,
    Command.NT_RENAME: dirs.NtRenameRequest,
    Command.OPEN_PRINT_FILE: printing.OpenPrintFileRequest,
    Command.WRITE_PRINT_FILE: printing.WritePrintFileRequest,
    Command.CLOSE_PRINT_FILE: files.ClosePrintFileRequest,
    Command.GET_PRINT_QUEUE: printing.GetPrintQueueRequest,
}
"""Command to the class of its request; where a request has several forms, `decode` of the class knows them."""

ANY: Final = -1
"""Stands for every WordCount of a reply: its class checks that itself."""

RESPONSES: Final[Mapping[int, Mapping[int, type[Body]]]] = {
    Command.OPEN: {ANY: files.OpenResponse},
    Command.CREATE: {ANY: files.CreateResponse},
    Command.QUERY_INFORMATION: {ANY: dirs.QueryInformationResponse},
    Command.READ: {ANY: files.ReadResponse},
    Command.WRITE: {ANY: files.WriteResponse},
    Command.CREATE_TEMPORARY: {ANY: files.CreateTemporaryResponse},
    Command.CREATE_NEW: {ANY: files.CreateResponse},
    Command.SEEK: {ANY: files.SeekResponse},
    Command.LOCK_AND_READ: {ANY: files.ReadResponse},
    Command.WRITE_AND_UNLOCK: {ANY: files.WriteResponse},
    Command.WRITE_RAW: {ANY: raw.WriteRawInterimResponse},
    Command.WRITE_MPX: {ANY: raw.WriteMpxResponse},
    Command.WRITE_COMPLETE: {ANY: raw.WriteCompleteResponse},
    Command.QUERY_INFORMATION2: {ANY: dirs.QueryInformation2Response},
    # A server asks for an oplock back by the request of the same code.
    Command.LOCKING_ANDX: {2: locking.LockingAndxResponse, 8: locking.LockingAndxRequest},
    Command.TRANSACTION: {ANY: trans.TransactionResponse},
    Command.IOCTL: {ANY: printing.IoctlResponse},
    Command.COPY: {ANY: dirs.CopyResponse},
    Command.MOVE: {ANY: dirs.CopyResponse},
    Command.ECHO: {ANY: session.EchoResponse},
    Command.WRITE_AND_CLOSE: {ANY: files.WriteResponse},
    Command.OPEN_ANDX: {15: files.OpenAndxResponse, 19: files.OpenAndxExtendedResponse},
    Command.READ_ANDX: {ANY: files.ReadAndxResponse},
    Command.WRITE_ANDX: {ANY: files.WriteAndxResponse},
    Command.TRANSACTION2: {ANY: trans.TransactionResponse},
    Command.TREE_CONNECT: {ANY: tree.TreeConnectResponse},
    Command.NEGOTIATE: {
        1: negotiate.NegotiateCoreResponse,
        13: negotiate.NegotiateLanmanResponse,
        17: negotiate.NegotiateNtResponse,
    },
    Command.SESSION_SETUP_ANDX: {
        3: session.SessionSetupAndxResponse,
        4: session.SessionSetupExtendedResponse,
    },
    Command.LOGOFF_ANDX: {ANY: session.LogoffAndxResponse},
    Command.TREE_CONNECT_ANDX: {
        2: tree.TreeConnectAndxLanmanResponse,
        3: tree.TreeConnectAndxResponse,
        7: tree.TreeConnectAndxExtendedResponse,
    },
    Command.QUERY_INFORMATION_DISK: {ANY: tree.QueryInformationDiskResponse},
    Command.SEARCH: {ANY: search.SearchResponse},
    Command.FIND: {ANY: search.SearchResponse},
    Command.FIND_UNIQUE: {ANY: search.SearchResponse},
    Command.FIND_CLOSE: {ANY: search.SearchResponse},
    Command.NT_TRANSACT: {ANY: trans.NtTransactResponse},
    Command.NT_CREATE_ANDX: {
        34: files.NtCreateAndxResponse,
        files.NtCreateAndxExtendedResponse.DOCUMENTED_WORD_COUNT: files.NtCreateAndxExtendedResponse,
        files.NtCreateAndxExtendedResponse.TRUE_WORD_COUNT: files.NtCreateAndxExtendedResponse,
    },
    Command.OPEN_PRINT_FILE: {ANY: printing.OpenPrintFileResponse},
    Command.GET_PRINT_QUEUE: {ANY: printing.GetPrintQueueResponse},
}
"""Command to the classes of its replies by WordCount. Replies without words are `Empty`, or only a status."""


def response_class(code: int, block: Block) -> type[Body]:
    """The class of a reply that is no bare status; raises `DecodeError` for a WordCount that has none."""
    if not block.word_count:
        return Empty
    forms = RESPONSES.get(code, {})
    found = forms.get(block.word_count) or forms.get(ANY)
    if found is None:
        raise DecodeError(f"no reply of this command has {block.word_count} words")
    if found is negotiate.NegotiateNtResponse and negotiate.is_extended(block):
        return negotiate.NegotiateExtendedResponse
    return found
