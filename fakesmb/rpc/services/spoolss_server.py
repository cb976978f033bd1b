"""spoolss: what a print server has beside printers: forms, ports, monitors, drivers ([MS-RPRN] 3.1.4.4 to 3.1.4.11)."""

from collections.abc import Callable, Sequence

from fakesmb.nt.names import fold
from fakesmb.rpc.printview import RAW
from fakesmb.rpc.services.spoolss_asked import (
    Asked,
    PrintError,
    Run,
    buffer,
    buffer_of,
    failed_buffer,
    of_table,
    status_of,
)
from fakesmb.rpc.services.spoolss_levels import (
    ENVIRONMENTS,
    FORMS,
    MONITOR_LEVELS,
    PORT_LEVELS,
    PROCESSOR,
    Structure,
    form,
    pack,
)
from fakesmb.rpc.stub import Win32, wide


def forms(asked: Asked) -> Callable[[int], Sequence[Structure]]:
    handle = asked.handle()

    def rows(level: int) -> Sequence[Structure]:
        asked.opened(handle)
        if level != 1:
            raise PrintError(Win32.INVALID_LEVEL)
        return [form(name) for name in FORMS]

    return rows


def get_form(asked: Asked) -> bytes:
    """RpcGetForm, 3.1.4.5.3."""
    asked.opened()
    name, level = asked.text(), asked.number()
    room = asked.room()
    found = next((one for one in FORMS if fold(one) == fold(name)), None)
    if level != 1 or found is None:
        code = Win32.INVALID_LEVEL if level != 1 else Win32.INVALID_FORM_NAME
        return failed_buffer(room, code, counted=False)
    return buffer(pack([form(found)]), room)


def ports(asked: Asked) -> Callable[[int], Sequence[Structure]]:
    asked.unique_text()
    return of_table(PORT_LEVELS)


def monitors(asked: Asked) -> Callable[[int], Sequence[Structure]]:
    asked.unique_text()
    return of_table(MONITOR_LEVELS)


def _environment(name: str | None) -> str:
    """The folder of an environment; raises INVALID_ENVIRONMENT for one that there is not."""
    folder = ENVIRONMENTS.get(fold(name or "Windows NT x86"))
    if folder is None:
        raise PrintError(Win32.INVALID_ENVIRONMENT)
    return folder


def drivers(asked: Asked) -> Callable[[int], Sequence[Structure]]:
    """No driver can be had from here: clients bring their own."""
    asked.unique_text()
    environment = asked.unique_text()

    def rows(level: int) -> Sequence[Structure]:
        if level not in (1, 2, 3, 4, 5, 6, 8):
            raise PrintError(Win32.INVALID_LEVEL)
        if fold(environment or "") != "ALL":
            _environment(environment)
        return []

    return rows


def get_printer_driver(asked: Asked, *, newer: bool = False) -> bytes:
    """RpcGetPrinterDriver and RpcGetPrinterDriver2, 3.1.4.4.3 and 3.1.4.4.6: clients are to use one of their own."""
    asked.printer()
    environment, _ = asked.unique_text(), asked.number()
    room = asked.room()
    _environment(environment)
    versions = bytes(8) if newer else b""
    return buffer_of(b"", room) + bytes(4) + versions + status_of(Win32.UNKNOWN_PRINTER_DRIVER)


def directory(place: str) -> Run:
    """RpcGetPrinterDriverDirectory, 3.1.4.4.4, and RpcGetPrintProcessorDirectory, 3.1.4.8.4: a path by environment."""

    def run(asked: Asked) -> bytes:
        asked.unique_text()
        environment, level = asked.unique_text(), asked.number()
        room = asked.room()
        try:
            folder = _environment(environment)
        except PrintError as error:
            return failed_buffer(room, error.code, counted=False)
        if level != 1:
            return failed_buffer(room, Win32.INVALID_LEVEL, counted=False)
        path = place.format(server=asked.call.view.facts.name, folder=folder)
        return buffer(wide(path).encode("utf-16-le"), room)

    return run


def processors(asked: Asked) -> Callable[[int], Sequence[Structure]]:
    asked.unique_text()
    environment = asked.unique_text()

    def rows(level: int) -> Sequence[Structure]:
        _environment(environment)
        return of_table({1: [("z", PROCESSOR)]})(level)

    return rows


def datatypes(asked: Asked) -> Callable[[int], Sequence[Structure]]:
    asked.unique_text()
    processor = asked.unique_text()

    def rows(level: int) -> Sequence[Structure]:
        if fold(processor or "") != fold(PROCESSOR):
            raise PrintError(Win32.UNKNOWN_PRINTPROCESSOR)
        return of_table({1: [("z", RAW)]})(level)

    return rows
