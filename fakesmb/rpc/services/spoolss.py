"""spoolss: printers and their jobs, as Windows and rpcclient ask for them and print ([MS-RPRN])."""

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from fakesmb.nt.status import SMBError
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.interface import Client, Interface, Surroundings
from fakesmb.rpc.services.spoolss_asked import (
    Asked,
    PrintError,
    Run,
    code_of,
    denied,
    enumeration,
    status_of,
)
from fakesmb.rpc.services.spoolss_jobs import (
    abort_printer,
    add_job,
    end_doc,
    enum_jobs,
    get_job,
    page,
    set_job,
    start_doc,
    write_printer,
)
from fakesmb.rpc.services.spoolss_printers import (
    close_printer,
    enum_printers,
    find_close_change,
    find_first_change,
    get_printer,
    open_printer,
    refresh_change,
    set_printer,
)
from fakesmb.rpc.services.spoolss_server import (
    datatypes,
    directory,
    drivers,
    forms,
    get_form,
    get_printer_driver,
    monitors,
    ports,
    processors,
)
from fakesmb.rpc.services.spoolss_values import (
    enum_printer_data,
    enum_printer_data_ex,
    enum_printer_key,
    get_printer_data,
    get_printer_data_ex,
)
from fakesmb.rpc.stub import NO_HANDLE, Call, Win32
from fakesmb.rpc.view import ServerView
from fakesmb.wire.dcerpc import FaultStatus


class Served(NamedTuple):
    """What runs a call."""

    run: Run
    before: bytes = b""
    """What comes before the code where the call could not even be begun: no buffer, no handle."""
    refusal: bool = False
    """Nobody gets anything else here than a refusal."""


DENIED: Final = Served(denied(), refusal=True)
OPERATIONS: Final[Mapping[int, Served]] = {
    0: Served(enum_printers, bytes(12)),
    1: Served(open_printer, NO_HANDLE),
    2: Served(set_job),
    3: Served(get_job, bytes(8)),
    4: Served(enum_jobs, bytes(12)),
    5: Served(denied(20), refusal=True),
    6: DENIED,
    7: Served(set_printer),
    8: Served(get_printer, bytes(8)),
    9: DENIED,
    10: Served(enumeration(drivers)),
    11: Served(get_printer_driver, bytes(8)),
    12: Served(directory("\\\\{server}\\print$\\{folder}")),
    13: DENIED,
    14: DENIED,
    15: Served(enumeration(processors)),
    16: Served(directory("C:\\WINDOWS\\system32\\spool\\PRTPROCS\\{folder}")),
    17: Served(start_doc, bytes(4)),
    18: Served(page),
    19: Served(write_printer, bytes(4)),
    20: Served(page),
    21: Served(abort_printer),
    23: Served(end_doc),
    24: Served(add_job, bytes(8)),
    25: Served(lambda asked: status_of(Win32.SPL_NO_ADDJOB)),
    26: Served(get_printer_data),
    27: DENIED,
    29: Served(close_printer, NO_HANDLE),
    30: DENIED,
    31: DENIED,
    32: Served(get_form, bytes(8)),
    33: DENIED,
    34: Served(enumeration(forms)),
    35: Served(enumeration(ports)),
    36: Served(enumeration(monitors)),
    37: DENIED,
    39: DENIED,
    46: DENIED,
    47: DENIED,
    48: DENIED,
    51: Served(enumeration(datatypes)),
    53: Served(lambda asked: get_printer_driver(asked, newer=True), bytes(16)),
    56: Served(find_close_change),
    62: Served(find_first_change),
    65: Served(find_first_change),
    67: Served(refresh_change, bytes(4)),
    69: Served(open_printer, NO_HANDLE),
    70: Served(denied(20), refusal=True),
    72: Served(enum_printer_data),
    73: DENIED,
    77: DENIED,
    78: Served(get_printer_data_ex),
    79: Served(enum_printer_data_ex),
    80: Served(enum_printer_key),
    81: DENIED,
    82: DENIED,
    84: DENIED,
    89: DENIED,
}
"""By opnum."""


class Spoolss:
    """The interface, bound to a server."""

    def __init__(self, view: ServerView) -> None:
        self._view = view
        self.operations = OPERATIONS

    def call(self, operation: int, stub: bytes, client: Client) -> bytes:
        """Runs a call; raises `Fault` for an opnum that is not served, a handle that is not open, a senseless stub."""
        one = self.operations.get(operation)
        if one is None:
            raise Fault(FaultStatus.OPERATION_RANGE, f"no operation {operation}")
        asked = Asked(stub, big_endian=client.big_endian)
        asked.call = Call(self._view, client)
        try:
            return one.run(asked)
        except PrintError as error:
            return one.before + status_of(error.code)
        except (SMBError, OSError) as error:
            return one.before + status_of(code_of(error))
        except (struct.error, ValueError) as error:
            raise Fault(FaultStatus.BAD_STUB_DATA, repr(error)) from None


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return Spoolss(around.view)
