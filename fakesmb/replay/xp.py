"""What a Windows XP sends in the documented exchange: its sign-in, the opens of pipes and files."""

from typing import Final

from fakesmb.replay.initiator import Responses
from fakesmb.replay.places import Who
from fakesmb.wire import files, session
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.negotiate import Capability

PUBLISHED_NAME: Final = "GTSC-B7A3A93C1A"
"""The client's name in the published exchange, which is also the domain of its account."""
DIALECTS: Final = (
    Dialect.CORE,
    Dialect.LANMAN1,
    Dialect.WFW,
    Dialect.LANMAN2,
    Dialect.LANMAN21,
    Dialect.NT_LM,
)
CAPABILITIES: Final = 0xA00000D4
"""Unicode, NT SMBs, NT status, level II oplocks, dynamic reauthentication, extended security."""
MAX_BUFFER: Final = 4356
MAX_MPX: Final = 10
NATIVE_OS: Final = "Windows 2002 Service Pack 3 2600"
NATIVE_LAN_MAN: Final = "Windows 2002 5.1"
PIPE_ACCESS: Final = 0x0002019F
"""Read and write data, EAs and attributes, READ_CONTROL."""
FILE_ACCESS: Final = 0x00020089
CREATE_FLAGS: Final = (
    files.CreateFlag.REQUEST_OPLOCK | files.CreateFlag.REQUEST_OPBATCH | files.CreateFlag.EXTENDED_RESPONSE
)
CONTEXT_TRACKING: Final = 0x03
"""SecurityFlags of opens: SMB_SECURITY_CONTEXT_TRACKING and EFFECTIVE_ONLY."""
MOST_ENTRIES: Final = 1366
"""Entries of a directory that it asks for at once."""
PIPE_READ: Final = 1024
FILE_READ: Final = 4096


def setup(blob: bytes) -> session.SessionSetupExtendedRequest:
    """Session Setup with a security token."""
    return session.SessionSetupExtendedRequest(
        max_buffer_size=MAX_BUFFER,
        max_mpx_count=MAX_MPX,
        vc_number=0,
        security_blob_length=len(blob),
        capabilities=CAPABILITIES,
        security_blob=blob,
        native_os=NATIVE_OS,
        native_lan_man=f"{NATIVE_LAN_MAN}\0",  # an XP has an empty primary domain behind it
    )


def plain_setup(who: Who, answers: Responses) -> session.SessionSetupPlainRequest:
    """Session Setup without extended security, with responses to the challenge."""
    return session.SessionSetupPlainRequest(
        max_buffer_size=MAX_BUFFER,
        max_mpx_count=MAX_MPX,
        vc_number=0,
        oem_password_length=len(answers.lm),
        unicode_password_length=len(answers.nt),
        capabilities=CAPABILITIES & ~(Capability.EXTENDED_SECURITY | Capability.DYNAMIC_REAUTH),
        oem_password=answers.lm,
        unicode_password=answers.nt,
        account_name=who.name,
        primary_domain=who.domain,
        native_os=NATIVE_OS,
        native_lan_man=NATIVE_LAN_MAN,
    )


def create(name: str, access: int, *, share: int, options: int) -> files.NtCreateAndxRequest:
    """An open of what is there, with a batch oplock asked for."""
    return files.NtCreateAndxRequest(
        flags=CREATE_FLAGS,
        desired_access=access,
        share_access=share,
        create_options=options,
        security_flags=CONTEXT_TRACKING,
        file_name=name,
    )
