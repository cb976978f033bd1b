"""How the status is spelt that a request fails with."""

from collections.abc import Sequence
from typing import Final

from fakesmb.faults.action import Refusal
from fakesmb.faults.spelling import is_number
from fakesmb.nt.doserrors import DOS_CLASSES, DOS_CODES, DOS_NAMES
from fakesmb.nt.nearest import nearest
from fakesmb.nt.status import is_dos_pair
from fakesmb.nt.statusnames import status_by_name

_LEAST_FAILURE: Final = 0x80000000
"""Warnings and errors are from here on ([MS-ERREF] 2.3); but for DOS pairs in the shape of a status."""


def status(value: object) -> Refusal:
    """An NT status by name or number, or a DOS class and code: `ERRDOS/5`, `ERRDOS/ERRnoaccess`, `(1, 5)`."""
    if isinstance(value, bool):
        raise ValueError(f"must be a status, not {value!r}")
    if isinstance(value, int):
        return _checked(value)
    if isinstance(value, str):
        if "/" in value:
            return _dos(*value.split("/", 1))
        return _checked(status_by_name(value))
    if isinstance(value, Sequence) and len(value) == 2:
        return _dos(*value)
    raise ValueError(
        f"must be a status as DISK_FULL, or a DOS class and code as ERRDOS/ERRnoaccess, not {value!r}"
    )


def _checked(code: int) -> Refusal:
    if not 0 <= code <= 0xFFFFFFFF:
        raise ValueError(f"must be a status of 32 bits, not {code}")
    if code < _LEAST_FAILURE and not is_dos_pair(code):
        raise ValueError(f"0x{code:08X} is success: nothing fails by it")
    return Refusal(code)


def _dos(error_class: object, code: object) -> Refusal:
    """A pair goes out as it is, to clients of NT status too: such a status is a class and a code in NT's clothes."""
    if isinstance(error_class, str):
        number = DOS_CLASSES.get(error_class.strip().upper())
        if number is None:
            raise ValueError(
                f"no DOS error class is called {error_class!r}{nearest(error_class, list(DOS_CLASSES))}"
            )
    elif error_class in DOS_CLASSES.values():
        number = error_class  # type: ignore[assignment]
    else:
        raise ValueError(f"must be ERRDOS, ERRSRV or ERRHRD, not {error_class!r}")
    assert number is not None
    if isinstance(code, str) and code.strip().isdigit():
        code = int(code)
    if isinstance(code, str):
        found = DOS_CODES[number].get(code.strip().upper())
        if found is None:
            known = {name: name for name in DOS_NAMES[number]}
            raise ValueError(f"no DOS error of that class is called {code!r}{nearest(code, known)}")
        code = found
    if not is_number(code) or not 1 <= code <= 0xFFFF:  # type: ignore[operator]
        raise ValueError(f"must have a DOS error code from 1 to 65535, not {code!r}")
    assert isinstance(code, int)
    return Refusal(number | code << 16, (number, code))
