"""SMB_COM_TRANSACTION by its name: named pipes, the Remote Administration Protocol, mailslots ([MS-CIFS] 2.2.5)."""

from typing import Final

from fakesmb.core.request import AnyRequest
from fakesmb.core.trans.table import FUNCTIONS
from fakesmb.core.transactions import Outcome, Results, invoke
from fakesmb.core.views import caller_of
from fakesmb.nt.status import NT, SMBError
from fakesmb.rap import functions as rap
from fakesmb.wire.commands import Command
from fakesmb.wire.trans import TransactionRequest

PIPE: Final = "\\PIPE"
LANMAN: Final = "\\PIPE\\LANMAN"
MAILSLOT: Final = "\\MAILSLOT\\"


def named_transaction(request: AnyRequest, whole: TransactionRequest) -> Outcome:
    """Runs a transaction by its name ([MS-CIFS] 3.3.5.57).

    Raises OBJECT_PATH_SYNTAX_BAD for a name that is neither pipe nor mailslot, OBJECT_NAME_NOT_FOUND for what
    nobody listens to.
    """
    name = whole.name.replace("/", "\\")
    request.path = name
    upper = name.upper()
    if upper.rstrip("\\") == PIPE or upper.startswith(f"{PIPE}\\"):
        if not whole.setup:
            # Windows asks for no particular share here, and clients send it wherever they are connected.
            return _remote_administration(request, whole, upper)
        if not request.tree.share.is_ipc:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"pipes are on IPC$, not on {request.tree.share.name}")
        return invoke(request, whole, FUNCTIONS, Command.TRANSACTION)
    if upper.startswith(MAILSLOT):
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"nobody listens to {name}")
    raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, f"{name!r} is neither a pipe nor a mailslot")


def _remote_administration(request: AnyRequest, whole: TransactionRequest, name: str) -> Results:
    """A transaction without setup words: a call of the Remote Administration Protocol, [MS-RAP] 3.1.4.

    jcifs, Windows 9x and OS/2 list shares this way.
    """
    if name != LANMAN:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"a transaction on {name} without a pipe function")
    parameters, data = rap.transact(
        whole.parameters,
        whole.data,
        whole.max_parameter_count,
        whole.max_data_count,
        request.server.view,
        caller_of(request.session),
        request.connection.oem_encoding,
        anonymous_listing=request.server.settings.anonymous_listing,
    )
    return Results(parameters=parameters, data=data)
