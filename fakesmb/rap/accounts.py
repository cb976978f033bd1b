"""Users and groups as LAN Manager clients ask for them ([MS-RAP] 2.5.8): `net rap user`, `net rap group`, OS/2.

Global groups are meant, of which a server without a domain has one: None, of all its users.
"""

from collections.abc import Mapping
from typing import Any, Final

from fakesmb.nt.names import fold
from fakesmb.rap.answers import ACCESS_DENIED, Answer, Level, Request, describe, enumerate_rows, oem, shown
from fakesmb.rpc.view import AccountRow

GROUP_NOT_FOUND: Final = 2220
USER_NOT_FOUND: Final = 2221
NAME_SIZE: Final = 21
"""Bytes of the name of a user or group, its null included: longer ones are left out."""
GUEST_RID: Final = 501
NOT_LIMITED: Final = 0xFFFFFFFF
HOURS: Final = b"\xff" * 21
"""A bit for each hour of a week: at all of them."""
LOGON_SERVER: Final = "\\\\*"
_SCRIPT: Final = 0x0001
_DISABLED: Final = 0x0002
_NORMAL: Final = 0x0200


def _privilege(one: AccountRow) -> int:
    """USER_PRIV_GUEST 0, USER 1, ADMIN 2."""
    return 0 if one.rid == GUEST_RID else 2 if one.admin else 1


def _flags(one: AccountRow) -> int:
    return _SCRIPT | _NORMAL | (_DISABLED if one.disabled else 0)


def _short(one: AccountRow) -> tuple[Any, ...]:
    return one.name, 0, "", 0, _privilege(one), "", "", _flags(one), ""


def _whole(one: AccountRow) -> tuple[Any, ...]:
    """Behind the short one: whom it may do what for, its names, and when it came and may come."""
    return (
        *_short(one), 0, "", "", "", "", 0, 0, NOT_LIMITED, NOT_LIMITED, 168, HOURS, 0, 0, LOGON_SERVER, 0, 0,
    )  # fmt: skip


def _of_user(one: AccountRow) -> tuple[Any, ...]:
    return (
        one.name, 0, "", "", "", _privilege(one), 0, 0, "", "", 0, 0, 0, 0, LOGON_SERVER, 0, "", NOT_LIMITED, 168,
        HOURS, 0,
    )  # fmt: skip


USER_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B21", lambda one: (one.name,)),
    1: Level("B21BB16DWzzWz", _short),
    2: Level("B21BB16DWzzWzDzzzzDDDDWb21WWzWW", _whole),
    10: Level("B21Bzzz", lambda one: (one.name, 0, "", "", "")),
    11: Level("B21BzzzWDDzzDDWWzWzDWb21W", _of_user),
}
"""2.5.8.3. Passwords and descriptions are empty."""
OPEN_LEVELS: Final = frozenset({0, 10})
"""Levels that a user is told of others; all else is for administrators, and of oneself."""
GROUP_LEVELS: Final[Mapping[int, Level]] = {
    0: Level("B21", lambda one: (one[0],)),
    1: Level("B21Bz", lambda one: (one[0], 0, one[1])),
}
_NONE: Final = ("None", "Ordinary users")


def _users(request: Request) -> list[AccountRow]:
    """The accounts whose names fit, and that the code page can spell."""
    found = [
        one for one in request.view.facts.accounts if not one.group and shown(one.name, request.encoding)
    ]
    return [one for one in found if len(oem(one.name, request.encoding)) <= NAME_SIZE]


def _user(request: Request, name: str) -> AccountRow | None:
    return next((one for one in _users(request) if fold(one.name) == fold(name)), None)


def user_enum(request: Request) -> Answer:
    """NetUserEnum."""
    (level,) = request.arguments
    if level not in OPEN_LEVELS and not request.caller.admin:
        return Answer(ACCESS_DENIED)
    return enumerate_rows(request, USER_LEVELS, _users(request), level)


def user_get_info(request: Request) -> Answer:
    """NetUserGetInfo, 2.5.8.2."""
    name, level = request.arguments
    caller = request.caller
    own = not caller.guest and not caller.anonymous and fold(caller.user) == fold(name)
    if level not in OPEN_LEVELS and not caller.admin and not own:
        return Answer(ACCESS_DENIED)
    found = _user(request, name)
    return Answer(USER_NOT_FOUND) if found is None else describe(request, USER_LEVELS, found, level)


def user_get_groups(request: Request) -> Answer:
    """NetUserGetGroups."""
    name, level = request.arguments
    if _user(request, name) is None:
        return Answer(USER_NOT_FOUND)
    return enumerate_rows(request, {0: GROUP_LEVELS[0]}, [_NONE], level)


def group_enum(request: Request) -> Answer:
    """NetGroupEnum."""
    (level,) = request.arguments
    return enumerate_rows(request, GROUP_LEVELS, [_NONE], level)


def group_get_info(request: Request) -> Answer:
    """NetGroupGetInfo."""
    name, level = request.arguments
    if fold(name) != fold(_NONE[0]):
        return Answer(GROUP_NOT_FOUND)
    return describe(request, GROUP_LEVELS, _NONE, level)


def group_get_users(request: Request) -> Answer:
    """NetGroupGetUsers."""
    name, level = request.arguments
    if fold(name) != fold(_NONE[0]):
        return Answer(GROUP_NOT_FOUND)
    return enumerate_rows(request, {0: USER_LEVELS[0]}, _users(request), level)
