"""8.3 names ([MS-FSCC] 2.1.5.2.1) for names that are not.

Nearly all depend on nothing but the name. Only where two files of a directory would get the same, or one that is the
real name of another, they get others: `Aliases`. No file ever has an 8.3 name that is not its alone.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from zlib import crc32

from fakesmb.vfs.paths import fold, is_legal_on_wire

_CHARACTERS: Final = r"[!#-)\-0-9@A-Z^_`a-z{}~]"
_IS_8_3: Final = re.compile(rf"(?:{_CHARACTERS}{{1,8}}(?:\.{_CHARACTERS}{{1,3}})?|\.\.?)\Z")
"""With the two names that every directory has."""
_NOT_SHORT: Final = re.compile(r"[^!#-)\-0-9@A-Z^_`{}~]")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PAIRS: Final = tuple(a + b for a in _DIGITS for b in _DIGITS)
_MADE: Final = re.compile(r".(?=[0-9A-Z]*~)([0-9A-Z~]{7})(?:\.|\Z)")
"""What a made name looks like: a character, six digits and among them a `~`."""

_REMEMBERED: Final = 4096
"""Names whose short name is not made again: clients list a directory several times while they work in it."""
_HASHES: Final = len(_PAIRS) ** 3
_MOST_ALIKE: Final = 1000
"""Names of equal hashes that get others: of more, which somebody has made on purpose, none gets any."""
_OTHERS: Final = range(1, 6)
"""Further names that one may get; each has the `~` at another place, so that no two kinds are ever equal."""


def is_short(name: str) -> bool:
    """Whether a name is its own 8.3 name (case aside)."""
    return _IS_8_3.match(name) is not None


@lru_cache(maxsize=_REMEMBERED)
def short_name(name: str) -> str:
    """The 8.3 name of a name that is not one, else "".

    A letter of the name, five characters of a hash, `~`, one more, then the extension: `RA4QX7~K.TXT`.
    A hash instead of `~1`, `~2`: no look at the directory, and the same answer after files come and go.
    """
    if not name or _IS_8_3.match(name) is not None:
        return ""
    upper = fold(name)
    return _made(upper, crc32(upper.encode("utf-8", "surrogatepass")), 6)


def _made(upper: str, value: int, tilde: int) -> str:
    """The 8.3 name of a folded name by a hash of it, with the `~` at that place."""
    base, dot, extension = upper.rpartition(".")
    if not dot or not base:
        base, extension = upper.lstrip("."), ""
    value, low = divmod(value, 1296)
    high, middle = divmod(value, 1296)
    digits = _PAIRS[low] + _PAIRS[middle] + _PAIRS[high % 1296]
    first = base[:1]
    if not ("A" <= first <= "Z"):
        first = _NOT_SHORT.sub("", base[:8])[:1] or "_"
    hashed = f"{first}{digits[: tilde - 1]}~{digits[tilde - 1 :]}"
    if not extension:
        return hashed
    if not (extension.isascii() and extension.isalnum()):
        extension = _NOT_SHORT.sub("", extension)
    return f"{hashed}.{extension[:3]}" if extension else hashed


def _another(name: str, which: int) -> str:
    """A further 8.3 name, which differs even between names that differ only in case."""
    raw = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, salt=bytes([which])).digest()
    return _made(fold(name), int.from_bytes(raw, "little") % _HASHES, 6 - which)


def shown_name(name: str) -> str:
    """The name a client is given for a name on disk: a short one where SMB has no way to write it."""
    return name if is_legal_on_wire(name) else short_name(name)


class Aliases:
    """The 8.3 names of all names of one directory, none of which is another's, nor a real name of the directory.

    Of names that would get the same, all get others: what was shown for one never means another of them. It keeps
    hashes, and makes 8.3 names only of those that may collide: 100,000 names take some 30 ms.
    """

    __slots__ = ("_again", "_by_hash", "_others", "_real", "_real_by_hash")

    def __init__(self) -> None:
        self._by_hash: dict[int, str] = {}
        self._again: dict[int, dict[str, None]] = {}
        """All names of a hash that several have."""
        self._real: dict[str, set[str]] = {}
        """Real names that look like made ones, by their folded form."""
        self._real_by_hash: dict[int, set[str]] = {}
        """These forms, by the hash that is in them."""
        self._others: dict[str, str] | None = None

    def add(self, names: Sequence[str]) -> None:
        """Some more names of the directory."""
        if not names:
            return
        text = "/".join(names)
        folded = text.upper() if text.isascii() else "/".join(map(fold, names))
        values = [
            value if value < _HASHES else value - _HASHES
            for value in map(crc32, folded.encode("utf-8", "surrogatepass").split(b"/"))
        ]
        new = dict(zip(values, names, strict=True))
        if len(new) == len(names) and self._by_hash.keys().isdisjoint(new):
            self._by_hash.update(new)
        else:
            for value, name in zip(values, names, strict=True):
                self._add_slowly(value, name)
        if "~" in folded:
            for key, name in zip(folded.split("/"), names, strict=True):
                if _MADE.match(key) and is_short(name):
                    self._real.setdefault(key, set()).add(name)
                    self._real_by_hash.setdefault(_hash_in(key), set()).add(key)
        self._others = None

    def _add_slowly(self, value: int, name: str) -> None:
        before = self._by_hash.setdefault(value, name)
        if before != name:
            self._again.setdefault(value, {before: None})[name] = None

    def remove(self, name: str) -> None:
        """The directory has that name no longer."""
        key = fold(name)
        value = _hash(key)
        same = self._again.get(value)
        if same is not None:
            same.pop(name, None)
            if self._by_hash[value] == name:
                self._by_hash[value] = next(iter(same))
            if len(same) == 1:
                del self._again[value]
        elif self._by_hash.get(value) == name:
            del self._by_hash[value]
        real = self._real.get(key)
        if real is not None:
            real.discard(name)
            if not real:
                del self._real[key]
                alike = self._real_by_hash[_hash_in(key)]
                alike.remove(key)
                if not alike:
                    del self._real_by_hash[_hash_in(key)]
        self._others = None

    @property
    def others(self) -> dict[str, str]:
        """The names whose 8.3 name is not what `short_name` says, and theirs: "" for one that gets none."""
        if self._others is None:
            self._others = self._find_others()
        return self._others

    def _find_others(self) -> dict[str, str]:
        met = self._real_by_hash.keys() & self._by_hash.keys()
        if sum(map(len, self._again.values())) + len(met) > _MOST_ALIKE:
            alike = {name: "" for names in self._again.values() for name in names}
            return alike | {self._by_hash[value]: "" for value in met}
        again = {
            name: short for names in self._again.values() for name in names if (short := short_name(name))
        }
        left = again.keys() - self._alone(again)
        for value in met:
            name = self._by_hash[value]
            if short_name(name) in self._real_by_hash[value]:
                left.add(name)
        found: dict[str, str] = {}
        for which in _OTHERS:
            if not left:
                break
            found |= self._alone({name: _another(name, which) for name in left})
            left -= found.keys()
        return found | dict.fromkeys(left, "")

    def _alone(self, made: dict[str, str]) -> dict[str, str]:
        """Those of the names whose 8.3 name is theirs alone, and it."""
        times = Counter(made.values())
        return {name: one for name, one in made.items() if times[one] == 1 and one not in self._real}

    def of(self, name: str) -> str:
        """The 8.3 name of a name of the directory, "" for one that is its own or gets none."""
        found = self.others.get(name)
        return short_name(name) if found is None else found

    def find(self, key: str) -> str | None:
        """The name whose 8.3 name, or which itself, is that, in its folded form."""
        real = self._real.get(key)
        if real is not None:
            return min(real)
        if _MADE.match(key) is None:
            return None
        others, value = self.others, _hash_in(key)
        for name in self._again.get(value) or (self._by_hash.get(value, ""),):
            if name not in others and short_name(name) == key:
                return name
        return next((name for name, other in others.items() if other == key), None)


def _hash(folded: str) -> int:
    """The part of a name's hash that is in its 8.3 name."""
    return crc32(folded.encode("utf-8", "surrogatepass")) % _HASHES


def _hash_in(key: str) -> int:
    """The hash in a name that looks like one of `short_name`'s; any number for another."""
    digits = (key[1:6] + key[7:8]).replace("~", "0").ljust(6, "0")
    low, middle, high = (int(digits[at : at + 2], 36) for at in (0, 2, 4))
    return (high * 1296 + middle) * 1296 + low
