"""Who may do what: access checks, inheritance and changes of security descriptors ([MS-DTYP] 2.5.3).

Rules over descriptors alone: where they are kept and when they are asked for is `vfs.local.descriptors`'.
"""

import os
import stat
from typing import Final

import msgspec

from fakesmb.nt.descriptor import (
    Ace,
    AceFlag,
    AceType,
    Acl,
    Control,
    Descriptor,
    SecurityInformation,
    WellKnown,
    acl_of,
    allow,
)
from fakesmb.nt.files import Access, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.nt.token import Token
from fakesmb.vfs.rules.access import map_generic

OWNER_RIGHTS: Final = Access.READ_CONTROL | Access.WRITE_DAC
"""What an owner may do whatever the DACL says."""
_BACKUP: Final = (
    Access.FILE_READ
    | Access.FILE_EXECUTE
    | Access.FILE_WRITE
    | Access.DELETE
    | Access.WRITE_DAC
    | Access.WRITE_OWNER
)
"""What SeBackupPrivilege and SeRestorePrivilege give an open for backup ([MS-FSA] 2.1.5.1, phase 4)."""
_INHERITABLE: Final = AceFlag.OBJECT_INHERIT | AceFlag.CONTAINER_INHERIT
_TO_ALL: Final = _INHERITABLE
_ALLOWS: Final = frozenset((AceType.ALLOWED, AceType.ALLOWED_OBJECT))
_DENIES: Final = frozenset((AceType.DENIED, 6))

_Parts = SecurityInformation
_DACL_BITS: Final = (
    Control.DACL_PRESENT | Control.DACL_DEFAULTED | Control.DACL_AUTO_INHERITED | Control.DACL_PROTECTED
)
_SACL_BITS: Final = (
    Control.SACL_PRESENT | Control.SACL_DEFAULTED | Control.SACL_AUTO_INHERITED | Control.SACL_PROTECTED
)


def allowed(descriptor: Descriptor, token: Token) -> int:
    """All rights that a descriptor gives a user ([MS-DTYP] 2.5.3.2): the first entry that names a right decides."""
    dacl = descriptor.dacl
    if dacl is None:
        return Access.FILE_ALL
    given = refused = 0
    owner = token.has(descriptor.owner)
    owner_rights = OWNER_RIGHTS if owner else 0
    for ace in dacl.aces:
        if ace.flags & AceFlag.INHERIT_ONLY:
            continue
        if ace.sid == WellKnown.OWNER_RIGHTS:
            if not owner:
                continue
            owner_rights = 0  # the entry says what owners get, instead of the usual
        elif not token.has(ace.sid):
            continue
        mask = map_generic(ace.mask)
        if ace.type in _ALLOWS:
            given |= mask & ~refused
        elif ace.type in _DENIES:
            refused |= mask & ~given
    return (given | owner_rights) & Access.FILE_ALL


def through_privileges(token: Token, wanted: int, options: int) -> int:
    """Rights that administrators have whatever a descriptor says, where they ask for them."""
    if not token.admin:
        return 0
    given = wanted & Access.WRITE_OWNER
    return given | _BACKUP if options & Option.BACKUP_INTENT else given


def through_parent(parent: Descriptor, token: Token) -> int:
    """Rights that the directory gives over what is in it: deleting, and seeing what a listing shows."""
    rights = allowed(parent, token)
    return (Access.DELETE if rights & Access.DELETE_CHILD else 0) | (
        Access.READ_ATTRIBUTES if rights & Access.LIST_DIRECTORY else 0
    )


def default_descriptor(st: os.stat_result) -> Descriptor:
    """The descriptor of a file that has none: everyone may do what the server's process may do.

    For a directory it is inheritable, so that keeping it changes nothing for what is made there later.
    """
    euid = os.geteuid() if hasattr(os, "geteuid") else 0
    mine = st.st_uid == euid
    owner = WellKnown.ADMINISTRATORS if mine else f"{WellKnown.UNIX_USERS}-{st.st_uid}"
    in_group = mine or (hasattr(os, "getegid") and st.st_gid == os.getegid())
    group = WellKnown.USERS if in_group else f"{WellKnown.UNIX_GROUPS}-{st.st_gid}"
    directory = stat.S_ISDIR(st.st_mode)
    mode = 0o7 if not euid else st.st_mode >> (6 if mine else 3 if in_group else 0) & 0o7
    rights = Access.FILE_ALL
    if not mode & stat.S_IROTH:
        rights &= ~(Access.READ_DATA | Access.READ_EA)
    if not mode & stat.S_IWOTH:
        rights &= ~(Access.WRITE_DATA | Access.APPEND_DATA | Access.WRITE_EA | Access.DELETE_CHILD)
    if directory and not mode & stat.S_IXOTH:
        rights &= ~Access.TRAVERSE
    dacl = acl_of([allow(WellKnown.EVERYONE, rights, _TO_ALL if directory else 0)])
    return Descriptor(owner, group, dacl, None, Control.SELF_RELATIVE | Control.DACL_PRESENT)


def inherited(parent: Acl, owner: str, group: str, *, directory: bool, mark: int) -> tuple[Ace, ...]:
    """What a new object gets of its directory's list ([MS-DTYP] 2.5.3.4.1); `mark`: INHERITED, or 0."""
    found: list[Ace] = []
    creators = {WellKnown.CREATOR_OWNER: owner, WellKnown.CREATOR_GROUP: group}
    for ace in parent.aces:
        flags = ace.flags
        goes_on = directory and flags & _INHERITABLE and not flags & AceFlag.NO_PROPAGATE
        effective = flags & (AceFlag.CONTAINER_INHERIT if directory else AceFlag.OBJECT_INHERIT)
        kept = flags & _INHERITABLE if goes_on else 0
        audit = flags & 0xC0
        if effective:
            sid, mask = creators.get(ace.sid, ace.sid), map_generic(ace.mask)
            changed = sid != ace.sid or mask != ace.mask
            here = audit | mark | (0 if changed else kept)
            found.append(msgspec.structs.replace(ace, flags=here, mask=mask, sid=sid))
            if not changed:
                continue
        if kept:
            found.append(msgspec.structs.replace(ace, flags=audit | mark | kept | AceFlag.INHERIT_ONLY))
    return tuple(found)


def _mapped(acl: Acl | None) -> Acl | None:
    """Generic rights as the specific ones they are here; what is only for others to inherit stays."""
    if acl is None:
        return None
    return msgspec.structs.replace(
        acl,
        aces=tuple(
            ace
            if ace.flags & AceFlag.INHERIT_ONLY
            else msgspec.structs.replace(ace, mask=map_generic(ace.mask))
            for ace in acl.aces
        ),
    )


def for_new(parent: Descriptor, given: Descriptor | None, token: Token, *, directory: bool) -> Descriptor:
    """The descriptor of a new file or directory ([MS-DTYP] 2.5.3.4). `given` came with the create.

    Raises INVALID_OWNER for an owner that this user may not make one.
    """
    given = given or Descriptor()
    if given.owner is not None:
        check_owner(given.owner, token)
    owner = given.owner or token.owner
    group = given.group or token.primary_group
    dacl, dacl_bits = _list_for_new(
        parent.dacl,
        parent.control & Control.DACL_AUTO_INHERITED,
        given.dacl,
        given.control & (Control.DACL_PRESENT | Control.DACL_PROTECTED),
        owner,
        group,
        directory=directory,
    )
    if not dacl_bits:
        dacl = acl_of([allow(owner, Access.FILE_ALL), allow(WellKnown.SYSTEM, Access.FILE_ALL)])
        dacl_bits = Control.DACL_PRESENT
    # The bits of the SACL are those of the DACL, one place to the left; PRESENT is two.
    sacl, sacl_bits = _list_for_new(
        parent.sacl,
        (parent.control & Control.SACL_AUTO_INHERITED) >> 1,
        given.sacl,
        (given.control & Control.SACL_PRESENT) >> 2 | (given.control & Control.SACL_PROTECTED) >> 1,
        owner,
        group,
        directory=directory,
    )
    present = (sacl_bits & Control.DACL_PRESENT) << 2
    control = Control.SELF_RELATIVE | dacl_bits | present | (sacl_bits & ~Control.DACL_PRESENT) << 1
    return Descriptor(owner, group, dacl, sacl, control)


def _list_for_new(
    parent: Acl | None,
    auto: int,
    given: Acl | None,
    control: int,
    owner: str,
    group: str,
    *,
    directory: bool,
) -> tuple[Acl | None, int]:
    """A list and its control bits, as a DACL's; no bits where there is neither a list nor anything to inherit."""
    mark = AceFlag.INHERITED if auto else 0
    entries: tuple[Ace, ...] = ()
    if parent is not None and not control & Control.DACL_PROTECTED:
        entries = inherited(parent, owner, group, directory=directory, mark=mark)
    if not control & Control.DACL_PRESENT:
        return (acl_of(entries), Control.DACL_PRESENT | auto) if entries else (None, 0)
    own = _mapped(given)
    if own is None or not auto or control & Control.DACL_PROTECTED:
        return own, control
    explicit = tuple(ace for ace in own.aces if not ace.flags & AceFlag.INHERITED)
    return acl_of((*explicit, *entries)), control | auto


def check_owner(sid: str, token: Token) -> None:
    """Raises INVALID_OWNER: others than administrators can only give a file to themselves."""
    if not token.admin and sid != token.user:
        raise SMBError(NT.INVALID_OWNER, f"this user may not make {sid} the owner")


def rights_to_query(parts: int) -> int:
    """What an open needs for reading these parts ([MS-FSA] 2.1.5.14)."""
    needed = Access.SYSTEM_SECURITY if parts & _Parts.SACL else 0
    if parts & (_Parts.OWNER | _Parts.GROUP | _Parts.DACL | _Parts.LABEL):
        needed |= Access.READ_CONTROL
    return needed


def rights_to_set(parts: int) -> int:
    """What an open needs for changing these parts ([MS-FSA] 2.1.5.17)."""
    needed = 0
    if parts & (_Parts.OWNER | _Parts.GROUP | _Parts.LABEL):
        needed |= Access.WRITE_OWNER
    if parts & _Parts.DACL:
        needed |= Access.WRITE_DAC
    if parts & _Parts.SACL:
        needed |= Access.SYSTEM_SECURITY
    return needed


def selected(descriptor: Descriptor, parts: int) -> Descriptor:
    """Only these parts of a descriptor."""
    dacl, sacl = parts & _Parts.DACL, parts & _Parts.SACL
    return Descriptor(
        descriptor.owner if parts & _Parts.OWNER else None,
        descriptor.group if parts & _Parts.GROUP else None,
        descriptor.dacl if dacl else None,
        descriptor.sacl if sacl else None,
        Control.SELF_RELATIVE
        | (descriptor.control & _DACL_BITS if dacl else 0)
        | (descriptor.control & _SACL_BITS if sacl else 0),
    )


def changed(old: Descriptor, new: Descriptor, parts: int, token: Token | None) -> Descriptor:
    """A descriptor with these parts exchanged ([MS-FSA] 2.1.5.17). Raises INVALID_OWNER."""
    owner, group, dacl, sacl, control = old.owner, old.group, old.dacl, old.sacl, old.control
    if parts & _Parts.OWNER:
        if new.owner is None:
            raise SMBError(NT.INVALID_OWNER, "the descriptor has no owner")
        if token is not None and new.owner != old.owner:
            check_owner(new.owner, token)
        owner = new.owner
    if parts & _Parts.GROUP:
        if new.group is None:
            raise SMBError(NT.INVALID_SECURITY_DESCR, "the descriptor has no group")
        group = new.group
    if parts & _Parts.DACL:
        dacl = _mapped(new.dacl)
        control = control & ~_DACL_BITS | _new_bits(
            new.control, _DACL_BITS, Control.DACL_AUTO_INHERITED, Control.DACL_AUTO_INHERIT_REQ
        )
        control |= Control.DACL_PRESENT  # without a list everything is allowed
        if parts & _Parts.PROTECTED_DACL:
            control |= Control.DACL_PROTECTED
        elif parts & _Parts.UNPROTECTED_DACL:
            control &= ~Control.DACL_PROTECTED
    if parts & _Parts.SACL:
        sacl = _mapped(new.sacl)
        control = control & ~_SACL_BITS | _new_bits(
            new.control, _SACL_BITS, Control.SACL_AUTO_INHERITED, Control.SACL_AUTO_INHERIT_REQ
        )
        if parts & _Parts.PROTECTED_SACL:
            control |= Control.SACL_PROTECTED
        elif parts & _Parts.UNPROTECTED_SACL:
            control &= ~Control.SACL_PROTECTED
    return Descriptor(owner, group, dacl, sacl, control)


def _new_bits(control: int, taken: int, auto: int, requested: int) -> int:
    """The control bits that a set takes over; AUTO_INHERITED only where it is requested too."""
    bits = control & taken
    return bits if control & requested else bits & ~auto
