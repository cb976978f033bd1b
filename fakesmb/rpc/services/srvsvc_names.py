"""What [MS-SRVS] says of names and paths: which are valid, and of what type they are."""

import re
from typing import Final, NamedTuple

_BAD: Final = frozenset('"/\\[]:|<>+=;,?') | frozenset(map(chr, range(1, 0x20)))

INVALID_PARAMETER: Final = 87
INVALID_NAME: Final = 123
LANMAN2_RULES: Final = 0x80000000
"""Flag of the days when share names had 12 characters at most."""


class NameRule(NamedTuple):
    """A row of [MS-SRVS] 2.2.2.8."""

    least: int
    most: int
    bad: frozenset[str] = _BAD
    only_dots_and_spaces: bool = True
    """Whether a name of nothing but dots and spaces will do."""


_NAME_RULES: Final[dict[int, NameRule]] = {
    1: NameRule(1, 256, only_dots_and_spaces=False),  # user
    2: NameRule(0, 256, frozenset("\0")),  # password
    3: NameRule(1, 256, only_dots_and_spaces=False),  # group
    4: NameRule(1, 260, _BAD | {"*"}),  # computer
    5: NameRule(1, 16),  # event
    6: NameRule(1, 15, _BAD | {"*", " "}),  # domain
    7: NameRule(1, 80),  # service
    8: NameRule(1, 260),  # net name
    9: NameRule(1, 80),  # share
    10: NameRule(1, 15),  # message
    11: NameRule(1, 260),  # message destination
    12: NameRule(0, 8, frozenset("\0")),  # share password
    13: NameRule(1, 15, _BAD | {"*"}, only_dots_and_spaces=False),  # workgroup
}


def name_problem(name: str, kind: int, flags: int) -> int:
    """The status of NetprNameValidate: 0, ERROR_INVALID_NAME or ERROR_INVALID_PARAMETER."""
    rule = _NAME_RULES.get(kind)
    if rule is None or flags & ~LANMAN2_RULES:
        return INVALID_PARAMETER
    most = 12 if kind == 9 and flags & LANMAN2_RULES else rule.most
    if not rule.least <= len(name) <= most or rule.bad.intersection(name):
        return INVALID_NAME
    if name and not rule.only_dots_and_spaces and not name.strip(". "):
        return INVALID_NAME
    return 0


_DEVICE: Final = re.compile(r"(LPT|COM)[1-9]:?\Z|(CON|PRN|AUX|NUL):?\Z", re.IGNORECASE)
_DEVICES: Final = {"LPT": 0x4010, "PRN": 0x4010, "COM": 0x4020, "AUX": 0x4020, "CON": 0x4040, "NUL": 0x4050}
_DISK: Final = 0x4000
_UNC_COMPUTER: Final = 0x1030
_UNC: Final = 0x1000
_DRIVE: Final = 0x0004
_ABSOLUTE: Final = 0x0002
_RELATIVE: Final = 0x2000
_WILD: Final = 0x0001
_BAD_IN_PATH: Final = frozenset('"<>|') | frozenset(map(chr, range(1, 0x20)))


def path_type(path: str, flags: int) -> tuple[int, int]:
    """Type and status of NetprPathType ([MS-SRVS] 2.2.2.9): UNC, absolute, with drive, a device, ..."""
    if flags & ~1:
        return 0, INVALID_PARAMETER
    path = path.replace("/", "\\")
    device = _DEVICE.match(path)
    if device is not None:
        return _DEVICES[path[:3].upper()], 0
    drive = len(path) >= 2 and path[1] == ":" and path[0].isascii() and path[0].isalpha()
    if drive and len(path) == 2:
        return _DISK, 0
    rest = path[2:] if drive else path
    if not rest or len(path) > 260 or ":" in rest or _BAD_IN_PATH.intersection(rest):
        return 0, INVALID_NAME
    wild = _WILD if any(mark in rest for mark in "*?") else 0
    if rest.startswith("\\\\"):
        names = rest[2:].split("\\")
        if drive or not all(names):
            return 0, INVALID_NAME
        return (_UNC_COMPUTER if len(names) == 1 else _UNC) | wild, 0
    absolute = _ABSOLUTE if rest.startswith("\\") else 0
    return _RELATIVE | (_DRIVE if drive else 0) | absolute | wild, 0


def canonical_path(path: str, prefix: str, kind: int, flags: int) -> tuple[str, int, int]:
    """Canonical form, type and status of NetprPathCanonicalize: backslashes, no dots, no doubled separators.

    `kind` is the type that the caller knows it to be of, 0 for any. INVALID_NAME for a path that climbs out.
    """
    if flags & ~(1 | LANMAN2_RULES):
        return "", 0, INVALID_PARAMETER
    whole = (f"{prefix.rstrip(_SEPARATORS)}\\{path.lstrip(_SEPARATORS)}" if prefix else path).replace(
        "/", "\\"
    )
    found, status = path_type(whole, 0)
    if status or (kind and kind != found):
        return "", 0, status or INVALID_NAME
    drive, rest = (whole[:2], whole[2:]) if whole[1:2] == ":" else ("", whole)
    start = "\\\\" if rest.startswith("\\\\") else "\\" if rest.startswith("\\") else ""
    kept: list[str] = []
    least = 1 if start == "\\\\" else 0
    for part in rest.split("\\"):
        if part == "..":
            if len(kept) <= least:
                return "", 0, INVALID_NAME
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return drive + start + "\\".join(kept), found, 0


_SEPARATORS: Final = "\\/"
_UPPER: Final = frozenset({4, 6, 13})
"""Computers, domains and workgroups are names of NetBIOS."""


def canonical_name(name: str, kind: int) -> str:
    """The form of a name that NetprNameCanonicalize gives."""
    return name.upper() if kind in _UPPER else name
