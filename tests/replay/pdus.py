"""DCE/RPC of lsarpc ([MS-LSAD] 3.1.4.4), by hand."""

import struct

NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860") + struct.pack("<I", 2)
LSARPC = bytes.fromhex("785734123412cdabef000123456789ab") + struct.pack("<HH", 0, 0)


def pdu(kind: int, call: int, body: bytes) -> bytes:
    return struct.pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body), 0, call) + body


SRVSVC = bytes.fromhex("c84f324b7016d30112785a47bf6ee188") + struct.pack("<HH", 3, 0)


def bind(group: int = 0, interface: bytes = LSARPC) -> bytes:
    return pdu(11, 1, struct.pack("<HHIIHBB", 4280, 4280, group, 1, 0, 1, 0) + interface + NDR)


def request(opnum: int, stub: bytes, call: int = 2) -> bytes:
    return pdu(0, call, struct.pack("<IHH", len(stub), 0, opnum) + stub)


def open_policy() -> bytes:
    """LsarOpenPolicy2: no system name, empty attributes, all that is allowed."""
    return request(
        44, struct.pack("<I", 0) + struct.pack("<IIIIII", 24, 0, 0, 0, 0, 0) + struct.pack("<I", 0x02000000)
    )


def close(handle: bytes) -> bytes:
    """LsarClose."""
    return request(0, handle)


def share_enum() -> bytes:
    """NetrShareEnum at level 1 ([MS-SRVS] 3.1.4.8): no server name, an empty container, as much as there is."""
    return request(15, struct.pack("<IIIIIIII", 0, 1, 1, 0x20000, 0, 0, 0xFFFFFFFF, 0))
