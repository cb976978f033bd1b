"""An open with FILE_APPEND_DATA and without FILE_WRITE_DATA, by every command that writes or sets a size."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fakesmb.nt.files import Access
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client
from fakesmb.wire.files import (
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteAndxResponse,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.nt_trans import IoctlSetup, NtTransact
from fakesmb.wire.raw import WriteRawRequest
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import SetFileInformationRequest

OLD, NEW = b"0123456789", b"NEW"
STREAM = "user.DosStream.s:$DATA"
ACCESS = Access.APPEND_DATA | Access.READ_ATTRIBUTES | Access.SYNCHRONIZE


def andx(offset: int) -> Callable[[Client, int], object]:
    def write(client: Client, fid: int) -> object:
        request = WriteAndxRequest(fid, offset & 0xFFFFFFFF, offset_high=offset >> 32, data=NEW)
        return client.call(0x2F, request, WriteAndxResponse)

    return write


def core(offset: int) -> Callable[[Client, int], object]:
    return lambda client, fid: client.call(0x0B, WriteRequest(fid, 3, offset, data=NEW), WriteResponse)


def unlocking(client: Client, fid: int) -> None:
    client.lock(fid, 0, 3)
    client.call(0x14, WriteRequest(fid, 3, 0, data=NEW), WriteResponse)


def closing(client: Client, fid: int) -> None:
    client.call(0x2C, WriteAndCloseRequest(fid, 3, 0, 0, data=NEW), WriteResponse)


def raw(first: int) -> Callable[[Client, int], object]:
    """Write-through, with so many of the bytes in the request."""

    def write(client: Client, fid: int) -> None:
        client.send(0x1D, WriteRawRequest(fid, 3, 0, 0, 0, 1, 0, first, 63 if first else 0, data=NEW[:first]))
        assert client.answer().header.status == 0
        rest = NEW[first:]
        client.connection.receive(len(rest).to_bytes(4, "big") + rest)
        assert client.answer().header.status == 0

    return write


def control(client: Client, fid: int, code: int, data: bytes) -> NtTransactResponse:
    setup = IoctlSetup(code, fid, 1, 0).encode()
    request = NtTransactRequest(
        function=NtTransact.IOCTL, setup=setup, data=data, max_parameter_count=0, max_data_count=100
    )
    return client.call(0xA0, request, NtTransactResponse)


def copying(client: Client, fid: int) -> None:
    source = client.create("\\source", access=0x120089)
    key = bytes(control(client, source, 0x140078, b"").data)[:24]
    control(client, fid, 0x1440F2, key + struct.pack("<II QQII", 1, 0, 0, 0, 3, 0))
    client.close(source)


WRITES: dict[str, Callable[[Client, int], object]] = {
    "WRITE_ANDX": andx(0),
    "WRITE_ANDX far beyond the end": andx(1 << 62),
    "WRITE_ANDX to the end": andx((1 << 64) - 1),
    "WRITE": core(0),
    "WRITE far beyond the end": core(0xFFFFFFFF),
    "WRITE_AND_UNLOCK": unlocking,
    "WRITE_AND_CLOSE": closing,
    "WRITE_RAW": raw(1),
    "WRITE_RAW without data in the request": raw(0),
    "COPYCHUNK": copying,
}


@pytest.mark.parametrize("stream", ["", ":s"])
@pytest.mark.parametrize("write", WRITES)
def test_every_write_goes_to_the_end(
    client: Client, folders: dict[str, Path], write: str, stream: str
) -> None:
    path = folders["public"] / "log"
    path.write_bytes(OLD)
    os.setxattr(path, STREAM, OLD + b"\0")
    (folders["public"] / "source").write_bytes(NEW)
    fid = client.create(f"\\log{stream}", access=ACCESS)
    WRITES[write](client, fid)
    data = os.getxattr(path, STREAM)[:-1] if stream else path.read_bytes()
    assert data == OLD + NEW


def size(level: int, wanted: int) -> Callable[[Client, int], object]:
    return lambda client, fid: client.trans2(
        8, SetFileInformationRequest(fid, level), struct.pack("<Q", wanted)
    )


SIZES: dict[str, Callable[[Client, int], object]] = {
    "WRITE of nothing that truncates": lambda client, fid: client.call(
        0x0B, WriteRequest(fid, 0, 4), WriteResponse
    ),
    "WRITE of nothing that extends": lambda client, fid: client.call(
        0x0B, WriteRequest(fid, 0, 40), WriteResponse
    ),
    "SET_ZERO_DATA": lambda client, fid: control(client, fid, 0x980C8, struct.pack("<qq", 0, 5)),
    **{
        f"level {level} {wanted}": size(level, wanted)
        for level in (0x103, 0x104, 1019, 1020)
        for wanted in (2, 50)
    },
}


@pytest.mark.parametrize("change", SIZES)
def test_nothing_else_may_change_the_data(client: Client, folders: dict[str, Path], change: str) -> None:
    path = folders["public"] / "log"
    path.write_bytes(OLD)
    fid = client.create("\\log", access=ACCESS)
    with pytest.raises(SMBError) as error:
        SIZES[change](client, fid)
    assert error.value.status == NT.ACCESS_DENIED
    assert path.read_bytes() == OLD
