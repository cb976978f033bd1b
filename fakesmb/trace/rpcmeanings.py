"""What numbers in PDUs of DCE/RPC mean ([C706] 12.6.3, appendix E; [MS-RPCE] 2.2.2)."""

from typing import Final
from uuid import UUID

from fakesmb.trace.meanings import hexadecimal, named
from fakesmb.wire.dcerpc import NDR, NDR64, FaultStatus, NakReason, PacketType
from fakesmb.wire.interfaces import interface_name

PACKET_TYPES: Final = named({kind.value: kind.name.lower() for kind in PacketType}, other="no type of PDU")
RESULTS: Final = named({0: "acceptance", 1: "user_rejection", 2: "provider_rejection", 3: "negotiate_ack"})
RESULT_REASONS: Final = named(
    {
        0: "reason_not_specified",
        1: "abstract_syntax_not_supported",
        2: "proposed_transfer_syntaxes_not_supported",
        3: "local_limit_exceeded",
    }
)
NAK_REASONS: Final = named(
    {
        NakReason.NOT_SPECIFIED: "REASON_NOT_SPECIFIED",
        1: "TEMPORARY_CONGESTION",
        2: "LOCAL_LIMIT_EXCEEDED",
        NakReason.PROTOCOL: "PROTOCOL_VERSION_NOT_SUPPORTED",
        NakReason.AUTHENTICATION_TYPE: "AUTHENTICATION_TYPE_NOT_RECOGNIZED",
        NakReason.INVALID_CHECKSUM: "INVALID_CHECKSUM",
    }
)
_FAULTS: Final = {
    FaultStatus.ACCESS_DENIED: "ERROR_ACCESS_DENIED",
    FaultStatus.NO_CALL_ACTIVE: "RPC_S_NO_CALL_ACTIVE",
    FaultStatus.BAD_STUB_DATA: "RPC_X_BAD_STUB_DATA",
    FaultStatus.SECURITY_PACKAGE: "RPC_S_SEC_PKG_ERROR",
    FaultStatus.CONTEXT_MISMATCH: "nca_s_fault_context_mismatch",
    FaultStatus.NO_MEMORY: "nca_s_fault_remote_no_memory",
    FaultStatus.OPERATION_RANGE: "nca_s_op_rng_error",
    FaultStatus.UNKNOWN_INTERFACE: "nca_s_unk_if",
    FaultStatus.PROTOCOL: "nca_s_proto_error",
    0x1C000009: "nca_s_invalid_pres_context_id",
    0x1C000001: "nca_s_fault_int_div_by_zero",
    0x1C000002: "nca_s_fault_addr_error",
    0x1C00000D: "nca_s_fault_cancel",
    0x1C010014: "nca_s_server_too_busy",
}
_hex32: Final = hexadecimal(8)
_TRANSFERS: Final = {str(NDR.uuid): "NDR", str(NDR64.uuid): "NDR64"}
_FEATURES: Final = "6cb71c2c-9812-4540-"
"""[MS-RPCE] 3.3.1.5.3: how the transfer syntax begins by which a client asks for features."""


def FAULTS(value: int) -> str:  # noqa: N802
    """The status of a fault."""
    name = _FAULTS.get(value)
    return _hex32(value) if name is None else f"{name} ({_hex32(value)})"


def uuid_text(raw: bytes, order: str) -> str:
    """A UUID in its text form, of the byte order of its PDU."""
    return str(UUID(bytes_le=raw) if order == "little" else UUID(bytes=raw))


def uuid_meaning(uuid: str) -> str:
    """The common name of an interface or a transfer syntax; the UUID itself where it has none."""
    if uuid.startswith(_FEATURES):
        return "bind time features"
    return _TRANSFERS.get(uuid) or interface_name(uuid)
