"""The SMB header as fields ([MS-CIFS] 2.2.3.1)."""

from typing import Final

from fakesmb.nt.doserrors import class_name, code_name
from fakesmb.trace import bitnames, notes, noting
from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.meanings import status
from fakesmb.trace.settle import group
from fakesmb.wire.header import HEADER_SIZE, Flags2
from fakesmb.wire.names import command_name

SECTION: Final = "[MS-CIFS] 2.2.3.1"


def header_field(half: Half) -> Field:
    """The header of a message that has one."""
    header, message = half.header, half.message
    pid = header.pid
    fields = [
        Field("Protocol", 0, 4, message[:4].hex(), "0xFF and SMB"),
        Field("Command", 4, 1, header.command, command_name(header.command)),
        _status(half),
        Field("Flags", 9, 1, header.flags, bitnames.FLAGS(header.flags)),
        Field("Flags2", 10, 2, header.flags2, bitnames.FLAGS2(header.flags2)),
        Field("PIDHigh", 12, 2, header.pid_high),
        _features(half),
        Field("Reserved", 22, 2, int.from_bytes(message[22:24], "little")),
        Field("TID", 24, 2, header.tid, _known(half, "tids", header.tid), note=noting.tid_note(half)),
        Field(
            "PIDLow",
            26,
            2,
            header.pid_low,
            f"PID 0x{pid:08X}" if pid > 0xFFFF else f"0x{pid:04X}",
            note=notes.KERNEL if pid == noting.KERNEL_PID else "",
        ),
        Field("UID", 28, 2, header.uid, _known(half, "uids", header.uid), note=noting.uid_note(half)),
        Field("MID", 30, 2, header.mid, f"0x{header.mid:04X}"),
    ]
    return group("SMB_Header", 0, HEADER_SIZE, fields, message, section=SECTION)


def _known(half: Half, kind: str, number: int) -> str:
    known = half.known(kind, number)
    return f"0x{number:04X} ({known})" if known else f"0x{number:04X}"


def _status(half: Half) -> Field:
    header, message = half.header, half.message
    note = noting.status_note(half)
    if header.flags2 & Flags2.NT_STATUS:
        return Field("Status", 5, 4, header.status, status(header.status), note=note)
    kind, code = message[5], int.from_bytes(message[7:9], "little")
    name = code_name(kind, code)
    inside = [
        Field("ErrorClass", 5, 1, kind, class_name(kind)),
        Field("Reserved", 6, 1, message[6]),
        Field("ErrorCode", 7, 2, code, name),
    ]
    told = f"{class_name(kind)}, {name}" if kind else class_name(kind)
    meant = half.exchange.status
    if not half.is_request and kind and meant not in (0, header.status):
        told = f"{told}: as NT status {status(meant)}"
    return group("Status", 5, 9, inside, message, meaning=told, note=note)


def _features(half: Half) -> Field:
    signature = half.header.signature
    note = notes.PLACEHOLDER if signature == noting.PLACEHOLDER else ""
    inside = [Field("SecuritySignature", 14, 8, signature.hex(), note=note)]
    return group("SecurityFeatures", 14, 22, inside, half.message)
