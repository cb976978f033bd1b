"""Functions of rules: what they say of a request, and their mistakes, which are told as problems of the record."""

import traceback
from typing import TYPE_CHECKING

from fakesmb.faults.action import Refusal
from fakesmb.faults.asked import Asked
from fakesmb.faults.fault import Fault
from fakesmb.faults.statuses import status
from fakesmb.nt.status import NT, SMBError

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection


def called(connection: "SMBConnection", fault: Fault, asked: Asked) -> Refusal | SMBError | None:
    """What a rule's function says: a status to fail with, or nothing.

    Whatever it raises ends here: `pytest.fail` or `sys.exit` would leave the client without an answer otherwise.
    """
    function = fault.rule.act.call
    assert function is not None
    found: Refusal | SMBError | None
    try:
        try:
            said = function(asked)
            found = None if said is None else status(said)
        except SMBError as error:
            status(error.status)  # one that stands for success is a mistake
            found = error
        if found is not None and asked.code < 0:
            raise ValueError(
                "it gives a status, and a client that connects has asked for nothing that could fail"
            )
    except BaseException as error:
        text = "".join(traceback.format_exception(error))
        what = f"{fault.name}: {type(error).__name__} in the function that it calls: {error}"
        connection.problem(what, text)
        return SMBError(NT.INTERNAL_ERROR, what)
    if isinstance(found, SMBError):
        # A traceback would keep the frames, and so the message, until the collector runs.
        found.__context__ = found.__cause__ = None
        found = found.with_traceback(None)
    return found
