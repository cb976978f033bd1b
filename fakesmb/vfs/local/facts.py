"""From a stat result and the stored attributes to `Info`, the source of every information level."""

import os
import stat
from typing import Final

from fakesmb.nt.files import Attribute
from fakesmb.nt.filetime import UNIX_EPOCH, possible
from fakesmb.vfs.local.attributes import creation_time as creation_time_of
from fakesmb.vfs.local.attributes import effective
from fakesmb.vfs.rules.openfiles import OpenFile
from fakesmb.vfs.store import Info
from fakesmb.vfs.stored import Stored

_CLUSTER: Final = 4096
_FORMAT: Final = 0o170000
_SPARSE: Final = Attribute.SPARSE


def info_of(st: os.stat_result, stored: Stored, name: str, path: str, file: OpenFile | None) -> Info:
    """All that is known of a file: `name` and `path` as clients are shown them, `file` if it is open."""
    mode = st.st_mode
    directory = mode & _FORMAT == stat.S_IFDIR
    attributes = effective(mode, name, stored.attributes)
    if directory:
        size = allocated = 0
    else:
        size, allocated = st.st_size, st.st_blocks * 512
        if allocated < size and not attributes & _SPARSE:
            allocated = round_up(size)
    pending = 0
    write_time, change_time = st.st_mtime_ns // 100 + UNIX_EPOCH, st.st_ctime_ns // 100 + UNIX_EPOCH
    if stored.change_time and st.st_ctime_ns <= stored.change_until:
        change_time = stored.change_time
    if file is not None:
        pending = int(file.delete_pending)
        times = file.times
        if times is not None:
            times.settle()
            write_time, change_time = times.write, times.change
        if file.allocation > allocated:
            allocated = round_up(file.allocation)
    creation, access_time = creation_time_of(stored.creation_time, st), st.st_atime_ns // 100 + UNIX_EPOCH
    if (write_time | access_time) >> 63:
        creation, access_time, write_time = map(possible, (creation, access_time, write_time))
    return Info(
        name,
        path,
        creation,
        access_time,
        write_time,
        change_time,
        attributes,
        size,
        allocated,
        (1 if directory else st.st_nlink) - pending,
        st.st_ino,
        stored.ea_size if stored.ea_size > 0 else 0,
        pending,
        int(directory),
        0,
        st.st_dev,
        mode,
        st.st_uid,
        st.st_gid,
    )


def round_up(size: int) -> int:
    """Bytes as whole clusters."""
    return (size + _CLUSTER - 1) // _CLUSTER * _CLUSTER
