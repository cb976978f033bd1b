"""Encrypted messages of the CIFS Unix extensions: what stands in a frame in place of an SMB message.

Samba's, and written down nowhere: 0xFF, `E`, the number of the context, and then what GSS_Wrap gives, of NTLMSSP its
16 bytes of signature and the sealed rest of the message behind the four bytes of its protocol identifier.
"""

import struct
from typing import Final

MAGIC: Final = b"\xffE"
HEAD: Final = struct.Struct("<2sH")
"""The magic and the number of the context."""
SIGNATURE_AT: Final = HEAD.size
SEALED_AT: Final = SIGNATURE_AT + 16
