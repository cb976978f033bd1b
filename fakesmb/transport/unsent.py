"""What the kernel still has to send."""

import struct
import sys
from typing import Final

_SIOCOUTQ: Final = 0x5411
"""Linux, tcp(7)."""


def unsent(descriptor: int) -> int:
    """Bytes of a TCP socket that the other side has not acknowledged; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    from fcntl import ioctl

    try:
        found = ioctl(descriptor, _SIOCOUTQ, bytes(4))
    except OSError:  # gone
        return 0
    return int(struct.unpack("i", found)[0])
