"""What the shorthand says of opens, reads, writes and closes: a table from structure to words.

The words begin with a comma. Those of the documented exchange are Network Monitor's, letter for letter, and so
is FID 0x0000 in answers that carry none.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.wire import files, printing, raw

Words = Callable[[Any], str]

_EMPTY: Final = '""'


def span(fid: int, count: int, offset: int) -> str:
    """`, FID = 0x4000, 1024 bytes at Offset 0`."""
    return f", FID = 0x{fid:04X}, {count} bytes at Offset {offset}"


def file_name(name: str) -> str:
    """`, FileName = \\srvsvc`; the root's empty name shows as two quotes."""
    return f", FileName = {name or _EMPTY}"


def attributes(bits: int) -> str:
    """DOS attributes by their letters, as `attrib` and `dir` show them; `N` for none."""
    letters = "".join(letter for bit, letter in _ATTRIBUTES if bits & bit)
    return letters or "N"


_ATTRIBUTES: Final = (
    (0x01, "R"),
    (0x02, "H"),
    (0x04, "S"),
    (0x08, "V"),
    (0x10, "D"),
    (0x20, "A"),
    (0x100, "T"),
    (0x200, "P"),
    (0x400, "L"),
    (0x800, "C"),
    (0x1000, "O"),
)


def _fid(body: Any) -> str:
    return f", FID = 0x{body.fid:04X}"


def _name(body: Any) -> str:
    return file_name(body.file_name)


def _jobs(count: int) -> str:
    """How many jobs of a queue: a negative number goes backwards."""
    return f"{count} jobs" if count < 0x8000 else f"{0x10000 - count} jobs backwards"


def _read_andx(body: files.ReadAndxRequest) -> str:
    return span(body.fid, body.size if body.timeout else body.max_count, body.offset)


def _read(body: Any) -> str:
    return span(body.fid, body.count, body.offset)


def _read_raw(body: Any) -> str:
    return span(body.fid, body.max_count, body.offset)


def _write_andx(body: files.WriteAndxRequest) -> str:
    return span(body.fid, len(body.data), body.offset)


def _write(body: files.WriteRequest) -> str:
    if not body.count:
        return f", FID = 0x{body.fid:04X}, sets the size to {body.offset}"
    return span(body.fid, body.count, body.offset)


def _write_raw(body: raw.WriteRawRequest) -> str:
    return f"{span(body.fid, body.count, body.offset)}, {len(body.data)} of them here"


def _write_mpx(body: raw.WriteMpxRequest) -> str:
    return f"{span(body.fid, len(body.data), body.offset)}, {body.total_byte_count} in all"


def _seek(body: files.SeekRequest) -> str:
    whence = ("the start", "the current position", "the end")
    origin = whence[body.mode] if body.mode < len(whence) else f"mode {body.mode}"
    return f", FID = 0x{body.fid:04X}, {body.offset} from {origin}"


def _bytes(body: Any) -> str:
    return f", {len(body.data)} bytes"


def _count(body: Any) -> str:
    return f", FID = 0x0000, {body.count} bytes"


WORDS: Final[Mapping[type, Words]] = {
    files.NtCreateAndxRequest: _name,
    files.NtCreateAndxResponse: _fid,
    files.NtCreateAndxExtendedResponse: _fid,
    files.OpenAndxRequest: _name,
    files.OpenAndxResponse: _fid,
    files.OpenAndxExtendedResponse: _fid,
    files.OpenRequest: _name,
    files.OpenResponse: _fid,
    files.CreateRequest: lambda body: (
        f"{file_name(body.file_name)}, Attributes = {attributes(body.file_attributes)}"
    ),
    files.CreateResponse: _fid,
    files.CreateTemporaryRequest: lambda body: f", Directory = {body.directory_name}",
    files.CreateTemporaryResponse: lambda body: (
        f", FID = 0x{body.fid:04X}, FileName = {body.temporary_file_name}"
    ),
    files.ReadAndxRequest: _read_andx,
    files.ReadAndxResponse: _bytes,
    files.ReadRequest: _read,
    files.ReadResponse: _bytes,
    files.WriteAndxRequest: _write_andx,
    files.WriteAndxResponse: lambda body: f", FID = 0x0000, {body.count_high << 16 | body.count} bytes",
    files.WriteRequest: _write,
    files.WriteResponse: _count,
    files.WriteAndCloseRequest: _read,
    files.CloseRequest: _fid,
    files.ClosePrintFileRequest: _fid,
    files.FlushRequest: lambda body: ", all files" if body.fid == 0xFFFF else _fid(body),
    files.SeekRequest: _seek,
    files.IoctlRequest: lambda body: (
        f", FID = 0x{body.fid:04X}, Category = 0x{body.category:04X}, Function = 0x{body.function:04X}"
    ),
    files.SeekResponse: lambda body: f", Offset {body.offset}",
    printing.OpenPrintFileRequest: lambda body: f", Identifier = {body.identifier or _EMPTY}",
    printing.OpenPrintFileResponse: _fid,
    printing.WritePrintFileRequest: _fid,
    printing.GetPrintQueueRequest: lambda body: f", {_jobs(body.max_count)} from {body.start_index}",
    printing.GetPrintQueueResponse: lambda body: f", {body.count} jobs",
    printing.IoctlResponse: lambda body: f", {body.data_count} bytes",
    raw.ReadRawRequest: _read_raw,
    raw.ReadMpxRequest: _read_raw,
    raw.WriteRawRequest: _write_raw,
    raw.WriteMpxRequest: _write_mpx,
    raw.WriteRawInterimResponse: lambda _: ", send the data",
    raw.WriteMpxResponse: lambda body: f", Mask = 0x{body.response_mask:08X}",
    raw.WriteCompleteResponse: _count,
}
