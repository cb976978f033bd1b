"""Security descriptors as NT_TRANSACT carries them ([MS-CIFS] 2.2.7.3, 2.2.7.6; [MS-DTYP] 2.4.6)."""

from fakesmb.nt import descriptor as security
from fakesmb.nt.descriptor import Descriptor
from fakesmb.wire.codec import Buffer, DecodeError


def read_descriptor(data: Buffer) -> Descriptor:
    """A self-relative descriptor; raises `DecodeError`."""
    try:
        return security.read_descriptor(data)
    except ValueError as error:
        raise DecodeError(str(error)) from None


def read_sid(data: Buffer, at: int = 0) -> tuple[str, int]:
    """A SID in its canonical form, and where it ends; raises `DecodeError`."""
    try:
        return security.read_sid(data, at)
    except ValueError as error:
        raise DecodeError(str(error)) from None
