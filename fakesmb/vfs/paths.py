"""Names inside a share: parsing what clients send, and the two ways Windows compares and abbreviates names.

Confinement starts here: a `Path` has no `..`, no NUL, no separator inside a component, no drive letter.
"""

import re
from functools import lru_cache
from typing import Final, Self

import msgspec

from fakesmb.nt.names import fold as fold  # the one folding of names; whoever deals in paths finds it here
from fakesmb.nt.status import NT, SMBError

MAX_COMPONENT: Final = 255
"""UTF-16 code units in one component ([MS-FSCC] 2.1.5)."""

MAX_PATH: Final = 32_760
"""UTF-16 code units in a whole path ([MS-FSCC] 2.1.5)."""

# [MS-FSCC] 2.1.5.2; lone surrogates too: UTF-8 has none, and they would reach undecodable names on disk.
_ILLEGAL: Final = re.compile(r'[\x00-\x1f"<>|?*:\ud800-\udfff]')
_ILLEGAL_BUT_WILDCARDS: Final = re.compile(r"[\x00-\x1f|:\ud800-\udfff]")
_ON_DISK: Final = re.compile(r'[\x00-\x1f"<>|?*:\\\ud800-\udfff]')
# A path without these needs no normalising: nearly all paths that clients send.
_NOT_PLAIN: Final = re.compile(r'[\x00-\x1f"<>|?*:/\ud800-\udfff]|(?:^|\\)\.{0,2}(?:\\|$)')
_POSIX_ILLEGAL: Final = re.compile("[\0\ud800-\udfff]")
_LONGEST_POSIX: Final = 255
"""Bytes of UTF-8 in one component of a POSIX name."""
_CHECK_LENGTH: Final = MAX_COMPONENT // 2
_REMEMBERED: Final = 4096
"""Short paths that are not parsed again. Clients ask about one file several times, and come back to it."""
_DEFAULT_STREAM_TYPE: Final = "$DATA"
_INDEX_TYPE: Final = "$INDEX_ALLOCATION"
_INDEX_NAMES: Final = ("", "$I30")
"""The names of a directory's $INDEX_ALLOCATION stream; others are INVALID_PARAMETER ([MS-FSA] 2.1.5.1, phase 5)."""


class Path(msgspec.Struct, frozen=True):
    """A checked path inside a share: components as the client spelt them, and a stream name."""

    parts: tuple[str, ...] = ()
    stream: str = ""
    unnamed: bool = False
    """Whether the client named the unnamed stream (`name::$DATA`), which no directory has."""

    @classmethod
    def parse(cls, text: str, *, wildcards: bool = False) -> Self:
        """Reads `\\dir\\name[:stream]`, with or without leading and trailing separators; "" is the root.

        `/` before a name separates it too, as in Samba for clients that send it; at the end of a path it is
        a character that no name can have, as in Windows. `a\\..\\b` is `b`; `name::$DATA` is `name`
        ([MS-FSCC] 2.1.5.3).

        Raises SMBError: OBJECT_PATH_SYNTAX_BAD where the path climbs out, OBJECT_NAME_INVALID for characters
        and names no file can have; wildcards only where `wildcards` allows them in the last component.
        """
        if len(text) <= _CHECK_LENGTH:
            plain = _plain(text)
            if plain is not None:
                return plain  # type: ignore[return-value]
        text = text.strip("\\")
        if not text.strip("/"):
            return cls()
        if text[-1] == "/":
            raise SMBError(NT.OBJECT_NAME_INVALID, "the path ends in a slash")
        text = text.replace("/", "\\").lstrip("\\")
        stream, unnamed = "", False
        if ":" in text:
            text, stream = _split_stream(text)
            unnamed = not stream
        if len(text) > MAX_PATH:
            raise SMBError(NT.OBJECT_NAME_INVALID, f"a path of {len(text)} characters is too long")
        parts = _normalise(text.split("\\"), pattern=wildcards)
        last = len(parts) - 1 if wildcards else -1
        for at, part in enumerate(parts):
            _check(part, _ILLEGAL_BUT_WILDCARDS if at == last else _ILLEGAL)
        return cls(tuple(parts), stream, unnamed)

    @property
    def parent(self) -> "Path":
        """The directory that holds it; the root is its own parent."""
        return Path(self.parts[:-1])

    @property
    def name(self) -> str:
        """The last component; "" for the root."""
        return self.parts[-1] if self.parts else ""

    def join(self, name: str) -> "Path":
        """The path of `name`, one component, in this directory. Raises OBJECT_NAME_INVALID."""
        check_name(name)
        return Path((*self.parts, name))

    def __str__(self) -> str:
        text = "\\" + "\\".join(self.parts)
        return f"{text}:{self.stream}" if self.stream else text


def path_without_stream(text: str, *, wildcards: bool = False) -> Path:
    """As `Path.parse`, where there are no streams: a colon is OBJECT_NAME_INVALID."""
    if ":" in text:
        raise SMBError(NT.OBJECT_NAME_INVALID, "a colon, and the file system has no streams")
    return Path.parse(text, wildcards=wildcards)


@lru_cache(maxsize=_REMEMBERED)
def _plain(text: str) -> Path | None:
    """The path of a short text that needs no normalising; None for others."""
    text = text.strip("\\")
    if not text or _NOT_PLAIN.search(text) is not None:
        return None
    return Path(tuple(text.split("\\")))


def _split_stream(text: str) -> tuple[str, str]:
    """`a\\b:s:$DATA` as `a\\b` and `s`. Colons elsewhere (drive letters too) are no part of any name."""
    head, separator, tail = text.rpartition("\\")
    name, *rest = tail.split(":")
    if ":" in head or len(rest) > 2:
        raise SMBError(NT.OBJECT_NAME_INVALID, "a colon where no stream name can begin")
    stream = rest[0]
    if len(rest) == 2 and rest[1].upper() != _DEFAULT_STREAM_TYPE:
        index = rest[1].upper() == _INDEX_TYPE and stream.upper() not in _INDEX_NAMES
        raise SMBError(
            NT.INVALID_PARAMETER if index else NT.OBJECT_NAME_INVALID, "a stream type other than $DATA"
        )
    if head and not name:
        raise SMBError(NT.OBJECT_NAME_INVALID, "a stream name without the name of a file")
    if not stream and len(rest) == 1:
        raise SMBError(NT.OBJECT_NAME_INVALID, "an empty stream name")
    # Stream names may hold control characters ([MS-FSCC] 2.1.5.3): Explorer wants `:\005SummaryInformation`.
    if len(stream) > MAX_COMPONENT or _POSIX_ILLEGAL.search(stream) is not None:
        raise SMBError(
            NT.OBJECT_NAME_INVALID,
            f"{len(stream)} characters of a stream name: too many, a NUL or half a character",
        )
    return head + separator + name, stream


def _normalise(parts: list[str], *, pattern: bool) -> list[str]:
    """Without empty components and `..`; the last one may be a search's pattern, in the directory before it."""
    done: list[str] = []
    left = sum(map(bool, parts)) - pattern
    for part in filter(None, parts):
        left -= 1
        if part == "..":
            if not done:
                raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, "the path climbs out of the share")
            done.pop()
        elif part == ".":
            # Clients resolve it themselves; one that arrives is a name that no file has ([MS-FSCC] 2.1.5.1),
            # and so no directory of anything either.
            status = NT.OBJECT_PATH_NOT_FOUND if left > 0 else NT.OBJECT_NAME_INVALID
            raise SMBError(status, "no name is a dot alone")
        else:
            done.append(part)
    return done


def check_name(name: str) -> None:
    """Raises OBJECT_NAME_INVALID unless a file may get this name."""
    if not name or name in (".", "..") or "\\" in name or "/" in name:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"{name!r} is not a name of one component")
    _check(name, _ILLEGAL)


def _check(part: str, illegal: re.Pattern[str]) -> None:
    if illegal.search(part) is not None:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"{part!r} has characters that no name can have")
    if len(part) > _CHECK_LENGTH and len(part.encode("utf-16-le")) > 2 * MAX_COMPONENT:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"a component of {len(part)} characters is too long")


def check_posix_name(name: str) -> None:
    """Raises OBJECT_NAME_INVALID unless a file may get this name."""
    if name in ("", ".", "..") or "/" in name or _POSIX_ILLEGAL.search(name):
        raise SMBError(NT.OBJECT_NAME_INVALID, f"{name!r} is not a name of one component")
    if len(name.encode()) > _LONGEST_POSIX:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"a component of {len(name.encode())} bytes is too long")


def posix_path(text: str, *, wildcards: bool = False) -> Path:
    """Reads `/dir/name`: names may have any character but the separator. `wildcards` changes nothing.

    Raises SMBError: OBJECT_PATH_SYNTAX_BAD where the path climbs out, OBJECT_NAME_INVALID.
    """
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, "the path climbs out of the share")
            parts.pop()
        elif part not in ("", "."):
            check_posix_name(part)
            parts.append(part)
    return Path(tuple(parts))


def is_utf8(text: str) -> bool:
    """Whether a POSIX name can be told to clients: it holds no NUL and no byte that is not UTF-8."""
    return _POSIX_ILLEGAL.search(text) is None


def is_legal_on_wire(name: str, longest: int = MAX_COMPONENT) -> bool:
    """Whether a client could ask for a name found on disk; it is shown the 8.3 name of one it could not."""
    return _ON_DISK.search(name) is None and len(name) <= longest
