"""Lists as fields: directory entries of all levels, extended attributes, POSIX ACLs, who a Unix client is."""

from typing import Any, Final

from fakesmb.trace.descriptors import sid
from fakesmb.trace.meanings import bits, id32
from fakesmb.trace.taking import Taking
from fakesmb.wire import find_info, unix
from fakesmb.wire.codec import DecodeError, layout_of
from fakesmb.wire.find_info import FindLevel
from fakesmb.wire.info_layouts import PosixAclEntry, PosixAclHead, UnixBasic, WhoamiHead
from fakesmb.wire.search import ResumeKey, SearchEntry
from fakesmb.wire.trans2 import FindFlag
from fakesmb.wire.unix_acl import NO_ACL

_ALL_FINDS: Final = dict(find_info.LEVELS) | dict(unix.FIND_LEVELS)
_EA_FLAGS: Final = bits({0x80: "FILE_NEED_EA"})


# -- extended attributes -------------------------------------------------------------------------------------


def _ea(take: Taking, name_size: int, value_size: int) -> str:
    name = take.text("AttributeName", name_size + 1, wide=False)
    take.raw("AttributeValue", value_size, lambda raw: raw.decode("ascii") if raw.isascii() else "")
    return name


def fea_list(take: Taking) -> None:
    """SMB_FEA_LIST, [MS-CIFS] 2.2.1.2.2.1."""
    start = take.at
    size = take.number("SizeOfListInBytes", 4)
    end = min(start + max(size, 4), take.end)
    while take.at < end:
        with take.group("SMB_FEA", section="[MS-CIFS] 2.2.1.2.2") as group:
            take.number("ExtendedAttributeFlag", 1, _EA_FLAGS)
            name_size = take.number("AttributeNameLengthInBytes", 1)
            value_size = take.number("AttributeValueLengthInBytes", 2)
            group.meaning = _ea(take, name_size, value_size)


def gea_list(take: Taking) -> None:
    """SMB_GEA_LIST, [MS-CIFS] 2.2.1.2.1.1."""
    start = take.at
    size = take.number("SizeOfListInBytes", 4)
    end = min(start + max(size, 4), take.end)
    while take.at < end:
        with take.group("SMB_GEA", section="[MS-CIFS] 2.2.1.2.1") as group:
            name_size = take.number("AttributeNameLengthInBytes", 1)
            group.meaning = take.text("AttributeName", name_size + 1, wide=False)


def full_eas(take: Taking) -> None:
    """FILE_FULL_EA_INFORMATION, [MS-FSCC] 2.4.16."""
    while take.left:
        start = take.at
        with take.group("FILE_FULL_EA_INFORMATION", section="[MS-FSCC] 2.4.16") as group:
            following = take.number("NextEntryOffset", 4)
            take.number("Flags", 1, _EA_FLAGS)
            name_size = take.number("EaNameLength", 1)
            value_size = take.number("EaValueLength", 2)
            group.meaning = _ea(take, name_size, value_size)
            if not following:
                return
            take.raw("Pad", start + following - take.at)


# -- the Unix extensions -------------------------------------------------------------------------------------


def posix_acl(take: Taking) -> None:
    """SMB_QUERY_POSIX_ACL."""
    head = take.structure(PosixAclHead)
    for title, count in (("FileAcl", head.num_file_acls), ("DefaultAcl", head.num_def_acls)):
        for _ in range(0 if count == NO_ACL else count):
            with take.group(title):
                take.structure(PosixAclEntry)


def whoami(take: Taking) -> None:
    """SMB_QUERY_POSIX_WHOAMI."""
    head = take.structure(WhoamiHead)
    for _ in range(head.num_supplementary_gids):
        take.number("SupplementaryGid", 8)
    for _ in range(head.num_sids):
        sid(take, "Sid")


def unix_entries(take: Taking, asked: Any) -> None:
    """Entries at level 0x202, names ending with a null, or at 0x20B, names counted."""
    level = _ALL_FINDS[asked.information_level]
    while take.left:
        start = take.at
        with take.group(level.name) as group:
            following = take.number("NextEntryOffset", 4)
            take.number("ResumeKey", 4)
            assert level.layout is not None
            take.structure(level.layout)
            if level.layout is UnixBasic:
                group.meaning = take.zeroed("FileName")
            else:
                group.meaning = take.text("FileName", take.number("FileNameLength", 4))
            if not following:
                return
            take.raw("Pad", start + following - take.at)


# -- directory entries ---------------------------------------------------------------------------------------


def find_entries(take: Taking, asked: Any) -> None:
    """The entries of FIND_FIRST2 and FIND_NEXT2; `asked` has the parameters of the request."""
    level = _ALL_FINDS[asked.information_level]
    if level.head is None:
        _old_entries(take, level, bool(asked.flags & FindFlag.RETURN_RESUME_KEYS))
    else:
        _nt_entries(take, level)


def _nt_entries(take: Taking, level: FindLevel) -> None:
    layout: Any = level.layout
    size = layout_of(layout).fixed.size
    end = take.end
    while take.left:
        start = take.at
        following = int.from_bytes(take.data[start : start + 4], "little")
        if following and not size <= following <= end - start:
            raise DecodeError(f"NextEntryOffset {following} in an entry of at least {size} bytes")
        take.end = start + following if following else end
        with take.group(level.name) as group:
            entry: Any = take.structure(layout)
            group.meaning = entry.file_name
            _after_name(take, bool(following))
        take.end = end
        if not following:
            return


def _after_name(take: Taking, more: bool) -> None:
    """The null that no length counts, and padding to the next entry."""
    if more and take.left:
        take.raw("Pad", take.left)
    elif not more and 0 < take.left <= 2:
        take.raw("Null", take.left)


def _old_entries(take: Taking, level: FindLevel, resume_keys: bool) -> None:
    while take.left:
        with take.group(level.name) as group:
            if resume_keys:
                take.number("ResumeKey", 4, id32)
            layout: Any = level.layout
            take.structure(layout)
            if level.eas == "list":
                with take.group("ExtendedAttributeList"):
                    fea_list(take)
            size = take.number("FileNameLength", 1)
            wide = take.unicode
            if wide and not level.eas:
                take.align(2)
            name_at = take.at
            group.meaning = take.text("FileName", size)
            null = 2 if wide and not level.eas else 1
            counted = bytes(take.data[name_at : take.at]).endswith(bytes(null))
            if not counted or take.data[take.at : take.at + null] == bytes(null):
                take.raw("Null", min(null, take.left))


def search_entries(take: Taking) -> None:
    """SMB_Directory_Information of SEARCH and FIND, [MS-CIFS] 2.2.4.58.2."""
    while take.left:
        with take.group("SMB_Directory_Information", section="[MS-CIFS] 2.2.4.58.2") as group:
            at = take.at
            if take.left >= ResumeKey.size():
                with take.group("ResumeKey"):
                    take.structure(ResumeKey)
            rest = take.data[at : at + SearchEntry.size()]
            if len(rest) < SearchEntry.size():
                raise DecodeError(f"an entry has {SearchEntry.size()} bytes, {len(rest)} are left")
            _search_entry(take)
            group.meaning = take.text("FileName", 13, wide=False)


def _search_entry(take: Taking) -> None:
    from fakesmb.trace import bitnames
    from fakesmb.trace.meanings import dos_date, dos_time

    take.number("FileAttributes", 1, bitnames.FILE_ATTRIBUTES)
    take.number("LastWriteTime", 2, dos_time)
    take.number("LastWriteDate", 2, dos_date)
    take.number("FileSize", 4)
