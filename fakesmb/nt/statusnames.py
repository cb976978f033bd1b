"""How a status is spelt by people: `DISK_FULL`, `STATUS_DISK_FULL`, `NT_STATUS_DISK_FULL`, `0xC000007F`."""

import re

from fakesmb.nt.nearest import nearest
from fakesmb.nt.status import NT


def status_by_name(name: str) -> int:
    """The status of that name, or of that number in hexadecimal. Raises ValueError with the nearest names."""
    spelt = name.strip().upper().removeprefix("NT_").removeprefix("STATUS_")
    found = NT.__members__.get(spelt)
    if found is not None:
        return found
    if re.fullmatch(r"0X[0-9A-F]{1,8}", spelt):
        return int(spelt, 16)
    known = {spelling: one.label for one in NT for spelling in (one.name, one.label)}
    raise ValueError(f"no status is called {name!r}{nearest(name, known)}")
