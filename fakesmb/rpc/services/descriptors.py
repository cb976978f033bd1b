"""Security descriptors of the objects behind handles: administrators may do all, everybody may look."""

from fakesmb.nt.descriptor import (
    Ace,
    AceType,
    Acl,
    Control,
    Descriptor,
    SecurityInformation,
    WellKnown,
    descriptor_bytes,
)
from fakesmb.nt.status import NT
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.stub import Call


def query_security(call: Call, everything: int, look: int, wanted: int) -> bytes:
    """The response of LsarQuerySecurityObject ([MS-LSAD] 3.1.4.9.1) and of SamrQuerySecurityObject.

    `everything` and `look` are the rights of administrators and of all others. Lists of what is audited are
    for administrators, and empty.
    """
    if wanted & SecurityInformation.SACL:
        call.require_admin()
    raw = descriptor_bytes(_descriptor(everything, look, wanted))
    writer = Writer()
    writer.referent()
    writer.numbers("I", len(raw))
    writer.pointer(lambda: _array(writer, raw))
    return writer.done(NT.SUCCESS)


def _array(writer: Writer, raw: bytes) -> None:
    writer.numbers("I", len(raw))
    writer.raw(raw)


def _descriptor(everything: int, look: int, wanted: int) -> Descriptor:
    owner = WellKnown.ADMINISTRATORS if wanted & SecurityInformation.OWNER else None
    group = WellKnown.SYSTEM if wanted & SecurityInformation.GROUP else None
    if not wanted & SecurityInformation.DACL:
        return Descriptor(owner, group)
    dacl = Acl(
        (
            Ace(AceType.ALLOWED, 0, everything, WellKnown.ADMINISTRATORS),
            Ace(AceType.ALLOWED, 0, look, WellKnown.EVERYONE),
        )
    )
    return Descriptor(owner, group, dacl, control=Control.SELF_RELATIVE | Control.DACL_PRESENT)
