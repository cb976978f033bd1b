"""Stub data walked by the NDR types that impacket declares: names, offsets and values ([C706] chapter 14).

    walked = walk_call(srvs.NetrShareEnumResponse, stub, big_endian=False)

gives a tree of `Node`s in the order of their bytes. What a pointer of a structure points to lies after that structure,
so it is a node of its own there, named after the pointer. Whatever the bytes are, nothing is raised and the number of
nodes is bounded: where reading ends, `problem` says why.

Importing this module imports impacket's RPC stack (a tenth of a second): only who shows a stub does so.
"""

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from impacket.dcerpc.v5 import dtypes, ndr

from fakesmb.nt.descriptor import read_sid
from fakesmb.rpc.ndrsecrets import SECRET_MEMBERS, SECRET_TYPES

MOST_NODES: Final = 60_000
"""Nodes of one stub: a list of 1,000 shares has 32,000."""
MOST_DEEP: Final = 60
"""Types within types: those that point to their own kind go on as long as the bytes do."""
_COUNT: Final = 4
_CONFORMANT: Final = (ndr.NDRUniConformantArray, ndr.NDRUniConformantVaryingArray)
_HANDLE_SIZE: Final = 20


class Node:
    """Some bytes of a stub: one value, or what is in it."""

    __slots__ = ("at", "children", "kind", "meaning", "name", "secret", "size", "value")

    def __init__(
        self, name: str, kind: str, at: int, size: int = 0, value: Any = None, *, secret: bool = False
    ) -> None:
        self.name = name
        self.kind = kind
        """Of the NDR type: `ULONG`, `SHARE_INFO_1`; `count` and `offset` of arrays, `pointer`."""
        self.at = at
        self.size = size
        self.value = value
        """int, str or bytes; None of a group."""
        self.meaning = ""
        self.secret = secret
        self.children: list[Node] = []


class Walked(NamedTuple):
    """What a stub holds."""

    nodes: list[Node]
    end: int
    """Where reading ended."""
    problem: str = ""
    """Why it did not come to its end."""


class _Stop(Exception):
    """The bytes are not what the type says, or there are too many of them."""


class _Later(NamedTuple):
    """What a pointer that was read points to."""

    name: str
    referent: tuple[tuple[str, Any], ...]
    pointer: Node
    secret: bool
    owner: str
    holder: Node | None = None
    """The string that the pointer is a part of: what it points to is its meaning, too."""


def walk_call(kind: Any, stub: bytes, *, big_endian: bool = False) -> Walked:
    """The parameters of a request or a response."""
    walker = _Walker(stub, big_endian)
    found: list[Node] = []
    try:
        for name, member in kind.commonHdr + kind.structure:
            later: list[_Later] = []
            walker.value(found, name, member, later, kind.__name__, whole=True)
            walker.resolve(found, later)
    except (_Stop, struct.error) as error:
        return Walked(found, walker.at, str(error))
    except RecursionError:
        return Walked(found, walker.at, "types within types without end")
    return Walked(found, walker.at)


class _Walker:
    """A place in a stub. Nodes are appended before what they hold is read, so that a stop leaves what was read."""

    def __init__(self, stub: bytes, big_endian: bool) -> None:
        self.stub = stub
        self.at = 0
        self.order = ">" if big_endian else "<"
        self.text = "utf-16-be" if big_endian else "utf-16-le"
        self.nodes = 0
        self.depth = 0
        self.secret = 0

    # -- bytes -----------------------------------------------------------------------------------------------

    def align(self, size: int) -> None:
        """Goes on at a multiple of `size`."""
        if size > 1:
            self.at += -self.at % size

    def number(self, form: str) -> Any:
        """A number, at a multiple of its size."""
        size = struct.calcsize("=" + form)
        self.align(size)
        self.need(size)
        (value,) = struct.unpack_from(self.order + form, self.stub, self.at)
        self.at += size
        return value

    def need(self, size: int) -> None:
        """Raises `_Stop` unless so many bytes are left."""
        if self.at + size > len(self.stub):
            raise _Stop(f"{size} bytes are due at {self.at} of {len(self.stub)}")

    def node(self, found: list[Node], name: str, kind: str, at: int) -> Node:
        """A new node, among its siblings."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _Stop(f"more than {MOST_NODES} values")
        made = Node(name, kind, at, secret=self.secret > 0)
        found.append(made)
        return made

    def leaf(self, found: list[Node], name: str, kind: str, form: str) -> Any:
        """A node of one number."""
        size = struct.calcsize("=" + form)
        self.align(size)
        self.need(size)
        node = self.node(found, name, kind, self.at)
        node.value = self.number(form)
        node.size = size
        if isinstance(node.value, bytes) and form == "c":
            node.value = node.value[0]
        return node.value

    def raw(self, found: list[Node], name: str, kind: str, size: int) -> Node:
        """A node of bytes."""
        self.need(size)
        node = self.node(found, name, kind, self.at)
        node.value, node.size = self.stub[self.at : self.at + size], size
        self.at += size
        return node

    # -- types -----------------------------------------------------------------------------------------------

    def value(
        self,
        found: list[Node],
        name: str,
        kind: Any,
        later: list[_Later],
        owner: str,
        *,
        whole: bool = False,
    ) -> None:
        """One value. `whole`: it is not part of another, so an array has its count before it."""
        secret = (owner, name) in SECRET_MEMBERS or getattr(kind, "__name__", "") in SECRET_TYPES
        self.secret += secret
        self.depth += 1
        if self.depth > MOST_DEEP:
            raise _Stop(f"more than {MOST_DEEP} types within types")
        try:
            self._value(found, name, kind, later, whole, owner)
        finally:
            self.depth -= 1
            self.secret -= secret

    def _value(
        self, found: list[Node], name: str, kind: Any, later: list[_Later], whole: bool, owner: str
    ) -> None:
        if isinstance(kind, str):
            form = _form(kind)
            if form == ":":
                raise _Stop(f"impacket does not say how long {owner}.{name} is")
            if len(form) > 1:
                self.raw(found, name, "bytes", struct.calcsize("=" + form))
            else:
                self.leaf(found, name, _PLAIN.get(form, form), form)
        elif issubclass(kind, ndr.NDRPOINTER):
            self._pointer(found, name, kind, later, owner)
        elif issubclass(kind, ndr.NDRUNION):
            self._union(found, name, kind, later)
        elif issubclass(kind, ndr.NDRSTRUCT):
            self._structure(found, name, kind, later, whole=whole)
        elif issubclass(kind, ndr.NDRArray):
            self._array(found, name, kind, later, self._hoisted(found, kind) if whole else None)
        elif issubclass(kind, ndr.NDRENUM):
            value = self.leaf(found, name, kind.__name__, _form(kind.structure[0][1]))
            found[-1].meaning = _enum_name(kind, value)
        else:
            self.leaf(found, name, kind.__name__, _form(kind.structure[0][1]))

    def _pointer(
        self,
        found: list[Node],
        name: str,
        kind: Any,
        later: list[_Later],
        owner: str,
        holder: Node | None = None,
    ) -> None:
        value = self.leaf(found, name, "pointer", "I")
        pointer = found[-1]
        if value:
            pointer.meaning = "points to what follows"
            told = name if holder is None else holder.name
            later.append(_Later(told, kind.referent, pointer, self.secret > 0, owner, holder))
        else:
            pointer.meaning = "NULL"

    def resolve(self, found: list[Node], later: list[_Later]) -> None:
        """What pointers point to, each followed by what the pointers in it point to."""
        for one in later:
            self.secret += one.secret
            try:
                for inner, kind in one.referent:
                    deeper: list[_Later] = []
                    name = one.name if inner == "Data" else inner
                    before = len(found)
                    self.value(found, name, kind, deeper, one.owner, whole=True)
                    target = next((node for node in found[before:] if node.name == name), None)
                    if target is not None:
                        one.pointer.meaning = _points_to(target)
                        if one.holder is not None and not target.secret:
                            one.holder.meaning = target.meaning
                    self.resolve(found, deeper)
            finally:
                self.secret -= one.secret

    def _union(self, found: list[Node], name: str, kind: Any, later: list[_Later]) -> None:
        tag_kind = kind.commonHdr[0][1]
        self.align(alignment(tag_kind))
        group = self.node(found, name, kind.__name__, self.at)
        try:
            self.value(group.children, "tag", tag_kind, later, kind.__name__)
            tag = group.children[-1].value
            self.align(1 if hasattr(kind, "notAlign") else _COUNT)
            arm = kind.union.get(tag, kind.union.get("default", ()))
            if arm == ():
                raise _Stop(f"{kind.__name__} has no arm {tag}")
            if arm is not None:
                self.value(group.children, arm[0], arm[1], later, kind.__name__)
        finally:
            _close(group)

    def _structure(
        self, found: list[Node], name: str, kind: Any, later: list[_Later], *, whole: bool
    ) -> None:
        if kind.commonHdr and kind.commonHdr[0][0] == "MaximumCount":
            self._string(found, name, kind)
            return
        members = kind.commonHdr + kind.structure
        if len(members) == 1 and members[0][0] == "Data" and not isinstance(members[0][1], str):
            self.value(found, name, members[0][1], later, kind.__name__, whole=whole)  # impacket's wrapping
            return
        count = self._hoisted(found, kind) if whole else None
        self.align(alignment(kind))
        if kind is dtypes.GUID:
            node = self.raw(found, name, "GUID", 16)
            raw = bytes(node.value)
            node.value = str(UUID(bytes_le=raw) if self.order == "<" else UUID(bytes=raw))
            return
        if len(members) == 1 and isinstance(members[0][1], str) and _form(members[0][1]).endswith("s"):
            self.raw(found, name, kind.__name__, struct.calcsize("=" + _form(members[0][1])))
            return
        group = self.node(found, name, kind.__name__, self.at)
        start = self.at
        try:
            for inner, member in members:
                if member == ":":
                    self._told_by_impacket(group, inner, kind)
                elif inner == "ReferentID" and kind.referent:  # a structure that impacket makes a pointer of
                    self._pointer(group.children, "Buffer", kind, later, kind.__name__, group)
                elif kind is dtypes.RPC_UNICODE_STRING and issubclass(_class(member), ndr.NDRPOINTER):
                    self._pointer(group.children, "Buffer", member, later, kind.__name__, group)
                else:
                    self._member(group.children, inner, member, later, kind, count)
        finally:
            _close(group)
        if kind is dtypes.RPC_SID:
            group.meaning = self._sid(start)
        elif kind is dtypes.FILETIME:
            group.meaning = "filetime"

    def _member(
        self, found: list[Node], name: str, member: Any, later: list[_Later], owner: Any, count: int | None
    ) -> None:
        if isinstance(member, type) and issubclass(member, _CONFORMANT):
            secret = (owner.__name__, name) in SECRET_MEMBERS or member.__name__ in SECRET_TYPES
            self.secret += secret
            self._array(found, name, member, later, count)
            self.secret -= secret
        elif isinstance(member, type) and issubclass(member, ndr.NDRSTRUCT) and count is not None:
            inside = self.nested(found, name, member, later, count)
            if not inside:
                self.value(found, name, member, later, owner.__name__)
        else:
            self.value(found, name, member, later, owner.__name__)

    def nested(self, found: list[Node], name: str, kind: Any, later: list[_Later], count: int) -> bool:
        """A structure within one, where its last member is the array whose count came first."""
        if conformant_of(kind) is None:
            return False
        self.align(alignment(kind))
        group = self.node(found, name, kind.__name__, self.at)
        try:
            for inner, member in kind.commonHdr + kind.structure:
                self._member(group.children, inner, member, later, kind, count)
        finally:
            _close(group)
        return True

    def _sid(self, start: int) -> str:
        raw = self.stub[start : self.at]
        if self.order == ">" and len(raw) >= 8:
            numbers = struct.unpack_from(f">{(len(raw) - 8) // 4}I", raw, 8)
            raw = raw[:8] + struct.pack(f"<{len(numbers)}I", *numbers)
        try:
            return read_sid(raw)[0]
        except ValueError:
            return "not a SID"

    def _string(self, found: list[Node], name: str, kind: Any) -> None:
        """A string with its three counts: WSTR, STR."""
        self.align(_COUNT)
        group = self.node(found, name, kind.__name__, self.at)
        try:
            for inner in ("MaximumCount", "Offset", "ActualCount"):
                count = self.leaf(group.children, inner, "count", "I")
            width = 2 if "//2" in kind.commonHdr[0][1] else 1
            node = self.raw(group.children, "String", "text", count * width)
            raw = bytes(node.value)
            node.value = _text(raw, self.text if width == 2 else "latin-1")
            group.meaning = "" if self.secret else node.value
        finally:
            _close(group)

    def _hoisted(self, found: list[Node], kind: Any) -> int | None:
        """The maximum count of a conformant array, which comes before what it is the end of."""
        if conformant_of(kind) is None:
            return None
        count: int = self.leaf(found, "MaximumCount", "count", "I")
        return count

    def _array(self, found: list[Node], name: str, kind: Any, later: list[_Later], count: int | None) -> None:
        if issubclass(kind, ndr.NDRUniConformantVaryingArray | ndr.NDRUniVaryingArray):
            self.leaf(found, "Offset", "offset", "I")
            count = self.leaf(found, "ActualCount", "count", "I")
        elif issubclass(kind, ndr.NDRUniFixedArray):
            self._fixed(found, name, kind)
            return
        if count is None:
            raise _Stop(f"{kind.__name__} without its count")
        item = kind.item
        width = _width(item)
        if width == 1 or (width == 2 and _is_text(kind)):
            node = self.raw(found, name, kind.__name__, count * width)
            if _is_text(kind):
                node.value = _text(bytes(node.value), self.text if width == 2 else "latin-1")
            return
        if count * max(width, 1) > len(self.stub) - self.at:
            raise _Stop(f"{count} elements of {name} are due in {len(self.stub) - self.at} bytes")
        self.align(alignment(item))
        group = self.node(found, name, kind.__name__, self.at)
        group.meaning = f"{count} elements"
        try:
            for index in range(count):
                before = len(later)
                self.value(group.children, f"[{index}]", item, later, kind.__name__)
                later[before:] = [_in_element(one, index) for one in later[before:]]
        finally:
            _close(group)

    def _fixed(self, found: list[Node], name: str, kind: Any) -> None:
        node = self.raw(found, name, kind.__name__, self._length(kind, ()))
        if issubclass(kind, dtypes.WIDESTR):
            node.value = _text(bytes(node.value), self.text)

    def _told_by_impacket(self, group: Node, name: str, kind: Any) -> None:
        """Bytes whose number impacket works out from the members before them."""
        node = self.raw(group.children, name, "bytes", self._length(kind, group.children))
        if any("//2" in str(form) for _, form in kind.commonHdr):
            node.value = group.meaning = _text(bytes(node.value), self.text)

    def _length(self, kind: Any, before: Sequence[Node]) -> int:
        try:
            made = kind()
            for node in before:
                if node.name in made.fields:
                    made.fields[node.name] = node.value
            size = int(made.getDataLen(self.stub, self.at))
        except Exception as error:
            raise _Stop(f"impacket does not say how long {kind.__name__} is: {error!r}") from None
        if not 0 <= size <= len(self.stub) - self.at:
            raise _Stop(f"{size} bytes are due at {self.at} of {len(self.stub)}")
        return size


def _in_element(one: _Later, index: int) -> _Later:
    """What an element of an array points to, named after both."""
    return one if one.name.startswith("[") else one._replace(name=f"[{index}].{one.name}")


def _class(member: Any) -> type:
    return member if isinstance(member, type) else str


def _close(group: Node) -> None:
    """The size of a group, from what is in it."""
    if group.children:
        last = group.children[-1]
        group.at = min(group.at, group.children[0].at)
        group.size = last.at + last.size - group.at


def _points_to(target: Node) -> str:
    where = f"points to byte {target.at} of the stub"
    if target.secret or not isinstance(target.meaning, str) or not target.meaning:
        return where
    return f"{target.meaning} ({where})"


def _text(raw: bytes, encoding: str) -> str:
    text = raw[: len(raw) & ~1] if encoding.startswith("utf-16") else raw
    return text.decode(encoding, "replace").split("\0", 1)[0]


def _form(declared: str) -> str:
    """How `struct` calls a number that impacket writes as `<L=0`; longer for bytes, `:` for what has no size."""
    form = declared.partition("=")[0].lstrip("<>=!")
    return {"l": "i", "L": "I"}.get(form, form)


_PLAIN: Final = {
    "B": "UCHAR",
    "b": "CHAR",
    "c": "CHAR",
    "H": "USHORT",
    "h": "SHORT",
    "I": "ULONG",
    "i": "LONG",
    "Q": "UHYPER",
    "q": "HYPER",
}


def _enum_name(kind: Any, value: int) -> str:
    try:
        return str(kind.enumItems(value).name)
    except (ValueError, AttributeError):
        return ""


@cache
def _is_text(kind: Any) -> bool:
    """Whether an array holds characters."""
    return issubclass(kind, ndr.NDRConformantVaryingString | ndr.NDRVaryingString) or kind.__name__ in _TEXTS


_TEXTS: Final = frozenset({"WCHAR_ARRAY"})


@cache
def _width(item: Any) -> int:
    """Bytes that an element has at least."""
    if item is None:
        return 1
    if isinstance(item, str):
        return 0 if _form(item) == ":" else struct.calcsize("=" + _form(item))
    if issubclass(item, ndr.NDRPOINTER):
        return _COUNT
    if issubclass(item, ndr.NDRSTRUCT | ndr.NDRUNION):
        return max(sum(_width(kind) for _, kind in item.commonHdr + item.structure), 2)
    if issubclass(item, ndr.NDRArray):
        return 2
    return _width(item.structure[0][1])


@cache
def alignment(kind: Any) -> int:
    """Where a type begins: at a multiple of this."""
    if kind is None:
        return 1
    if isinstance(kind, str):
        form = _form(kind)
        return 1 if form == ":" or form.endswith("s") else struct.calcsize("=" + form)
    if kind.getAlignment.__module__ != ndr.__name__:
        told: int = kind().getAlignment()
        return told
    if issubclass(kind, ndr.NDRPOINTER):
        return _COUNT
    if issubclass(kind, ndr.NDRUNION):
        return alignment(kind.commonHdr[0][1])
    if issubclass(kind, ndr.NDRSTRUCT):
        return max((alignment(member) for _, member in kind.commonHdr + kind.structure), default=4)
    if issubclass(kind, ndr.NDRArray):
        return alignment(kind.item) if getattr(kind, "item", None) is not None else 1
    return alignment(kind.structure[0][1])


@cache
def conformant_of(kind: Any) -> Any:
    """The conformant array that a type is or ends with, whose count comes before it; None for other types."""
    if isinstance(kind, str):
        return None
    if issubclass(kind, _CONFORMANT):
        return kind
    if issubclass(kind, ndr.NDRSTRUCT) and not issubclass(kind, ndr.NDRPOINTER):
        members = kind.commonHdr + kind.structure
        return conformant_of(members[-1][1]) if members else None
    return None
