"""The structures that spoolss puts into buffers ([MS-RPRN] 2.2.2): fixed members, then what their offsets lead to.

A member is `I` a double word, `H` a word, `z` an offset to a string (None: none), `b` one to bytes, `t` a SYSTEMTIME.
Offsets are from the beginning of the structure that has them; those of an array come first, one after the other.
"""

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from fakesmb.nt.descriptor import Ace, AceType, Acl, Control, Descriptor, WellKnown, descriptor_bytes
from fakesmb.rpc.printview import JobPhase, JobRow, PrinterRow
from fakesmb.rpc.stub import wide
from fakesmb.rpc.view import ServerFacts

Member = tuple[str, Any]
Structure = Sequence[Member]

PORT: Final = "LPT1:"
PROCESSOR: Final = "winprint"
DRIVER: Final = "RAW"
"""What a printer's driver is called where its share names none."""
PRIORITY: Final = 1
ATTRIBUTES: Final = 0x0000_0008 | 0x0000_0040 | 0x0000_0100
"""PRINTER_ATTRIBUTE_SHARED | LOCAL | KEEPPRINTEDJOBS."""
STATUS_PAUSED: Final = 1
PRINT: Final = 0x00020008
"""PRINTER_ACCESS_USE | READ_CONTROL."""
EVERYTHING: Final = 0x000F000C
UNPUBLISHED: Final = 4
JOB_STATUS: Final = {JobPhase.SPOOLING: 0x08, JobPhase.WAITING: 0, JobPhase.PAUSED: 0x01}
"""JOB_STATUS_SPOOLING, none, JOB_STATUS_PAUSED ([MS-RPRN] 2.2.3.12)."""
_SIZES: Final = {"I": 4, "H": 2, "z": 4, "b": 4, "t": 16}


def pack(structures: Sequence[Structure]) -> bytes:
    """An array of structures as a buffer holds it."""
    sizes = [sum(_SIZES[kind] for kind, _ in one) for one in structures]
    fixed, behind = bytearray(), bytearray()
    start = sum(sizes)
    for one, size in zip(structures, sizes, strict=True):
        base = len(fixed)
        for kind, value in one:
            if kind in "zb":
                fixed += struct.pack("<I", _place(kind, value, start - base, behind))
            elif kind == "t":
                fixed += _system_time(value)
            else:
                fixed += struct.pack("<" + kind, value)
        assert len(fixed) == base + size
    return bytes(fixed + behind)


def _place(kind: str, value: str | bytes | None, start: int, behind: bytearray) -> int:
    """Puts what a member points to behind the structures; gives its offset."""
    if value is None:
        return 0
    if isinstance(value, bytes):
        behind += bytes(-len(behind) % 4)
    at = start + len(behind)
    behind += value if isinstance(value, bytes) else wide(value).encode("utf-16-le")
    behind += bytes(-len(behind) % 2)
    return at


def _system_time(seconds: float) -> bytes:
    """SYSTEMTIME, [MS-DTYP] 2.3.13, UTC."""
    parts = time.gmtime(seconds)
    return struct.pack(
        "<8H", parts.tm_year, parts.tm_mon, (parts.tm_wday + 1) % 7, parts.tm_mday, parts.tm_hour, parts.tm_min,
        parts.tm_sec, int(seconds * 1000) % 1000,
    )  # fmt: skip


@cache
def security() -> bytes:
    """Administrators may do all, everybody may print."""
    aces = (
        Ace(AceType.ALLOWED, 0, EVERYTHING, WellKnown.ADMINISTRATORS),
        Ace(AceType.ALLOWED, 0, PRINT, WellKnown.EVERYONE),
    )
    control = Control.SELF_RELATIVE | Control.DACL_PRESENT
    return descriptor_bytes(
        Descriptor(WellKnown.ADMINISTRATORS, WellKnown.SYSTEM, Acl(aces), control=control)
    )


def devmode(name: str) -> bytes:
    """DEVMODEW without anything of a driver ([MS-RPRN] 2.2.2.1): portrait, A4, one copy."""
    size = 220
    device = name.encode("utf-16-le", "replace")[:62].ljust(64, b"\0")
    head = struct.pack("<4HI", 0x0401, 0x0400, size, 0, 0x0000_0103)
    paper = struct.pack("<13h", 1, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    return (device + head + paper).ljust(size, b"\0")


# -- printers --------------------------------------------------------------------------------------------------


class Printer:
    """A printer of the server, as levels see it."""

    def __init__(self, row: PrinterRow, facts: ServerFacts, now: float) -> None:
        self.row = row
        self.facts = facts
        self.now = now
        self.server = f"\\\\{facts.name}"
        self.name = f"{self.server}\\{row.name}"
        self.driver = row.driver or DRIVER
        self.status = STATUS_PAUSED if row.paused else 0


def _stress(one: Printer) -> Structure:
    """PRINTER_INFO_STRESS, 2.2.1.10.1."""
    version = 2600 << 16 | one.facts.version_minor << 8 | one.facts.version_major
    numbers: list[Member] = [
        ("I", value) for value in (0, 0, version, 1, 0, 0, 1, 0, 0, 0, 1, 586, 0, 1, 0, one.status, 0, 0)
    ]
    return [
        ("z", one.name), ("z", one.server), ("I", one.row.jobs), ("I", one.row.total_jobs), ("I", 0),
        ("t", one.facts.started), *numbers, ("H", 0), ("H", 6), ("I", 0), ("I", 0), ("I", 0),
    ]  # fmt: skip


def _printer_1(one: Printer) -> Structure:
    description = f"{one.name},{one.driver},"
    return [("I", 0x0080_0000), ("z", description), ("z", one.name), ("z", one.row.comment)]


def _printer_2(one: Printer) -> Structure:
    return [
        ("z", one.server), ("z", one.name), ("z", one.row.name), ("z", PORT), ("z", one.driver), ("z", one.row.comment),
        ("z", ""), ("b", devmode(one.row.name)), ("z", ""), ("z", PROCESSOR), ("z", "RAW"), ("z", ""),
        ("b", security()),
        *[("I", value) for value in (ATTRIBUTES, PRIORITY, PRIORITY, 0, 0, one.status, one.row.jobs, 0)],
    ]  # fmt: skip


PRINTER_LEVELS: Final[Mapping[int, Callable[[Printer], Structure]]] = {
    0: _stress,
    1: _printer_1,
    2: _printer_2,
    3: lambda one: [("b", security())],
    4: lambda one: [("z", one.name), ("z", one.server), ("I", ATTRIBUTES)],
    5: lambda one: [("z", one.name), ("z", PORT), ("I", ATTRIBUTES), ("I", 15000), ("I", 45000)],
    6: lambda one: [("I", one.status)],
    7: lambda one: [("z", None), ("I", UNPUBLISHED)],
    8: lambda one: [("b", devmode(one.row.name))],
    9: lambda one: [("b", devmode(one.row.name))],
}
"""PRINTER_INFO, [MS-RPRN] 2.2.1.10."""
ENUMERATED: Final = (0, 1, 2, 4, 5)
"""Levels of PRINTER_INFO that RpcEnumPrinters gives."""


# -- jobs ------------------------------------------------------------------------------------------------------


def _job_1(job: JobRow, printer: Printer) -> Structure:
    return [
        ("I", job.number), ("z", printer.name), ("z", f"\\\\{job.client}"), ("z", job.user), ("z", job.document),
        ("z", job.datatype), ("z", None), ("I", JOB_STATUS[job.phase]), ("I", PRIORITY), ("I", job.position),
        ("I", 0), ("I", 0), ("t", job.submitted),
    ]  # fmt: skip


def _job_2(job: JobRow, printer: Printer) -> list[Member]:
    return [
        ("I", job.number), ("z", printer.name), ("z", f"\\\\{job.client}"), ("z", job.user), ("z", job.document),
        ("z", job.user), ("z", job.datatype), ("z", PROCESSOR), ("z", ""), ("z", printer.driver),
        ("b", devmode(printer.row.name)), ("z", None), ("b", None), ("I", JOB_STATUS[job.phase]),
        ("I", PRIORITY), ("I", job.position), ("I", 0), ("I", 0), ("I", 0), ("I", job.size & 0xFFFFFFFF),
        ("t", job.submitted), ("I", max(int(printer.now - job.submitted), 0) * 1000 & 0xFFFFFFFF), ("I", 0),
    ]  # fmt: skip


JOB_LEVELS: Final[Mapping[int, Callable[[JobRow, Printer], Structure]]] = {
    1: _job_1,
    2: _job_2,
    3: lambda job, _: [("I", job.number), ("I", 0), ("I", 0)],
    4: lambda job, printer: [*_job_2(job, printer), ("I", job.size >> 32)],
}
"""JOB_INFO, [MS-RPRN] 2.2.1.7."""


# -- what a server has -----------------------------------------------------------------------------------------

BUILT_IN: Final = 1
FORMS: Final[Mapping[str, tuple[int, int]]] = {
    "Letter": (215900, 279400),
    "Tabloid": (279400, 431800),
    "Legal": (215900, 355600),
    "Statement": (139700, 215900),
    "Executive": (184150, 266700),
    "A3": (297000, 420000),
    "A4": (210000, 297000),
    "A5": (148000, 210000),
    "B4 (JIS)": (257000, 364000),
    "B5 (JIS)": (182000, 257000),
    "Envelope #10": (104775, 241300),
    "Envelope DL": (110000, 220000),
    "Envelope C5": (162000, 229000),
    "Envelope Monarch": (98425, 190500),
}
"""The sizes of paper that every server has, in thousandths of a millimetre."""


def form(name: str) -> Structure:
    """FORM_INFO_1, [MS-RPRN] 2.2.1.6.1."""
    width, height = FORMS[name]
    return [("I", BUILT_IN), ("z", name), *[("I", value) for value in (width, height, 0, 0, width, height)]]


ENVIRONMENTS: Final[Mapping[str, str]] = {
    "WINDOWS NT X86": "W32X86",
    "WINDOWS X64": "x64",
    "WINDOWS IA64": "IA64",
    "WINDOWS 4.0": "WIN40",
    "WINDOWS NT R4000": "W32MIPS",
    "WINDOWS NT ALPHA_AXP": "W32ALPHA",
    "WINDOWS NT POWERPC": "W32PPC",
    "WINDOWS ARM64": "ARM64",
}
"""Environments of drivers, and their folders ([MS-RPRN] 2.2.4.4)."""
PORT_LEVELS: Final[Mapping[int, Structure]] = {
    1: [("z", PORT)],
    2: [("z", PORT), ("z", "Local Monitor"), ("z", "Local Port"), ("I", 3), ("I", 0)],
}
MONITOR_LEVELS: Final[Mapping[int, Structure]] = {
    1: [("z", "Local Port")],
    2: [("z", "Local Port"), ("z", "Windows NT x86"), ("z", "localspl.dll")],
}
