"""Oplocks of one file: who may cache it, and what takes that away ([MS-FSA] 2.1.4.12, 2.1.5.18, 2.1.5.19).

One open alone may hold an exclusive or batch oplock, any number hold level II. A level II oplock ends with a
notice. The holder of an exclusive or batch one is asked to give it up, and operations that need it gone raise
`OplockBreaking` until it has acknowledged or closed.
"""

import os
from contextlib import suppress
from typing import Final

from fakesmb.nt.files import Access, Oplock
from fakesmb.vfs.rules.held import NOT_BREAKING, Held, Oplocks
from fakesmb.vfs.rules.openfiles import Open, OpenFile, OpenFiles
from fakesmb.vfs.store import CreateParameters, OplockBreaking, SharingViolation

_ATTRIBUTES_ONLY: Final = Access.READ_ATTRIBUTES | Access.WRITE_ATTRIBUTES | Access.SYNCHRONIZE
"""Opens with only these rights break no oplock."""


def break_exclusive(file: OpenFile, level: int) -> None:
    """Asks the holder of an exclusive or batch oplock, once, to give it up; raises `OplockBreaking` until it has."""
    oplocks = file.oplocks
    if oplocks is None or oplocks.exclusive is None:
        return
    held = oplocks.exclusive
    if oplocks.breaking_to == NOT_BREAKING:
        oplocks.breaking_to = level if held.level_two else Oplock.NONE
        held.tell(oplocks.breaking_to, True)
    raise OplockBreaking(file.wait_for_close, held.handle.shown_path)


def before_open(file: OpenFile, access: int, request: CreateParameters, *, replacing: bool) -> None:
    """Makes way for an open that share modes allow ([MS-FSA] 2.1.5.1.2); raises `OplockBreaking`."""
    oplocks = file.oplocks
    if oplocks is None:
        return
    if replacing or access & ~_ATTRIBUTES_ONLY:
        to_none = replacing or request.resizes
        break_exclusive(file, Oplock.NONE if to_none else Oplock.LEVEL_II)
    if replacing:
        before_change(file)


def before_change(file: OpenFile) -> None:
    """Ends level II for all where data or size change, whoever changes them. It is not acknowledged.

    An exclusive or batch holder is alone with the file, or those beside it opened nothing but attributes. That the
    change is its own is noted: local programs' changes look the same.
    """
    oplocks = file.oplocks
    if oplocks is None:
        return
    oplocks.own = True
    if oplocks.stamp and _write_time(oplocks) != oplocks.stamp:
        lost_locally(file)
    end_shared(file)


def after_change(file: OpenFile) -> None:
    """The holder's change of data is on the disk: a later write time is a local program's."""
    oplocks = file.oplocks
    if oplocks is not None and oplocks.stamp:
        oplocks.stamp = _write_time(oplocks)


def after_facts(file: OpenFile | None) -> None:
    """The server has set times, mode, owner or links of the file itself."""
    if file is not None and file.oplocks is not None:
        file.oplocks.own_facts = True
        after_change(file)


def _write_time(oplocks: Oplocks) -> int:
    """Of the file on the disk now, POSIX nanoseconds; 0 where nobody holds it alone."""
    return 0 if oplocks.exclusive is None else os.fstat(oplocks.exclusive.handle.fd).st_mtime_ns


def end_shared(file: OpenFile) -> None:
    """Ends level II for all."""
    oplocks = file.oplocks
    if oplocks is None or not oplocks.shared:
        return
    _end(file)
    for held in oplocks.shared:
        held.handle.oplock = None
    for held in oplocks.shared:
        held.tell(Oplock.NONE, False)


def before_refusal(file: OpenFile, violation: SharingViolation, *, replacing: bool = False) -> None:
    """Raises the violation, after the holder of a batch oplock had the chance to close.

    The holder may have closed the file long ago as far as its user knows ([MS-FSA] 2.1.5.1.2, BATCH_OPLOCK).
    """
    oplocks = file.oplocks
    if oplocks is not None and oplocks.batch:
        break_exclusive(file, Oplock.NONE if replacing else Oplock.LEVEL_II)
    raise violation


def before_rename(file: OpenFile, handle: Open | None) -> None:
    """Ends another's batch oplock when a file gets or loses a name: its holder may open it again by the old one.

    Others stay: level II and exclusive holders keep no name ([MS-FSA] 2.1.5.15.11, 2.1.5.15.6). Windows 7 and later.
    """
    oplocks = file.oplocks
    if (
        oplocks is not None
        and oplocks.batch
        and (oplocks.exclusive is None or oplocks.exclusive.handle is not handle)
    ):
        break_exclusive(file, Oplock.NONE)


def before_replace(file: OpenFile) -> None:
    """Asks the batch holder of a file that a rename or link would replace to close it."""
    if file.oplocks is not None and file.oplocks.batch:
        break_exclusive(file, Oplock.LEVEL_II)


def before_moving(opens: OpenFiles, directory: str) -> None:
    """Asks all who hold batch oplocks in a directory that is to move to close ([MS-FSA] 2.1.5.15.11)."""
    first: OplockBreaking | None = None
    for handle in opens.below(directory):
        if handle.oplock is None:
            continue
        file = handle.file
        oplocks = file.oplocks
        if oplocks is not None and oplocks.batch and oplocks.exclusive is handle.oplock:
            try:
                break_exclusive(file, Oplock.LEVEL_II)
            except OplockBreaking as breaking:
                first = first or breaking
    if first is not None:
        raise first


def grant(file: OpenFile, handle: Open, request: CreateParameters) -> int:
    """Gives a new open what it may have of the level that it asks for ([MS-FSA] 2.1.5.18.1, 2.1.5.18.2).

    An open that is alone with the file gets that level; beside others it gets level II, if it knows that and none of
    them holds more or has locked a byte range. A directory gets none ([MS-CIFS] 3.3.5.2.7).
    """
    tell = request.break_oplock
    if handle.is_directory or tell is None:
        return Oplock.NONE
    oplocks = file.oplocks
    if len(file.opens) == 1:
        level = request.oplock
    elif not request.level_two or file.locks or (oplocks is not None and oplocks.exclusive is not None):
        return Oplock.NONE
    else:
        level = Oplock.LEVEL_II
    if oplocks is None:
        oplocks = file.oplocks = Oplocks()
    held = handle.oplock = Held(
        handle, level, tell, level_two=request.level_two, local_breaks=request.local_breaks
    )
    if level == Oplock.LEVEL_II:
        oplocks.shared.append(held)
    else:
        oplocks.exclusive = held
    _guard(file, handle.fd, held)
    return level


def acknowledge(handle: Open, level: int) -> None:
    """Ends a break: the holder keeps level II where it was offered and is wanted, else nothing."""
    file = handle.file
    oplocks, held = file.oplocks, handle.oplock
    if (
        oplocks is None
        or held is None
        or oplocks.exclusive is not held
        or oplocks.breaking_to == NOT_BREAKING
    ):
        return
    kept = level == Oplock.LEVEL_II and oplocks.breaking_to == Oplock.LEVEL_II
    oplocks.exclusive = None
    oplocks.breaking_to = NOT_BREAKING
    if kept:
        held.level = Oplock.LEVEL_II
        oplocks.shared.append(held)
        _guard(file, handle.fd, held)
    else:
        handle.oplock = None
        if not oplocks.shared:
            _end(file)
    file.wake()


def drop(handle: Open) -> None:
    """Removes the oplock of an open that ends; the close wakes the requests that wait."""
    held, oplocks = handle.oplock, handle.file.oplocks
    handle.oplock = None
    if held is None or oplocks is None:
        return
    if oplocks.exclusive is held:
        oplocks.exclusive = None
        oplocks.breaking_to = NOT_BREAKING
    elif held in oplocks.shared:
        oplocks.shared.remove(held)
    if oplocks.exclusive is None and not oplocks.shared:
        _end(handle.file)


def opened_locally(file: OpenFile) -> None:
    """A local program has opened the file."""
    with suppress(OplockBreaking):
        break_exclusive(file, Oplock.LEVEL_II)


def changed_locally(file: OpenFile, *, closed: bool) -> None:
    """The file was changed, perhaps by its holder, or (`closed`) somebody who could write has let it go.

    Beside changes of the holder's own those of a local program are known by the write time; where they have the same,
    they are seen when the program closes the file.
    """
    oplocks = file.oplocks
    if oplocks is None:
        return
    if oplocks.own and not closed:
        oplocks.doubtful = True
        if oplocks.stamp and _write_time(oplocks) != oplocks.stamp:
            lost_locally(file)
    elif not closed or oplocks.doubtful:
        lost_locally(file)


def may_have_changed(file: OpenFile) -> None:
    """A local program has had the file open while its changes were not looked at: it is known when it closes it."""
    if file.oplocks is not None:
        file.oplocks.doubtful = True


def lost_locally(file: OpenFile) -> None:
    """What clients keep of the file is not what is on the disk by its name."""
    with suppress(OplockBreaking):
        break_exclusive(file, Oplock.NONE)
    end_shared(file)


def renamed_locally(file: OpenFile) -> None:
    """The file has got or lost a name: its batch holder may open it again by the old one."""
    oplocks = file.oplocks
    if oplocks is not None:
        with suppress(OplockBreaking):
            break_exclusive(file, Oplock.NONE if oplocks.batch else Oplock.LEVEL_II)


def looked_at(file: OpenFile) -> bool:
    """What was done to the file so far has been looked at; says whether its holder changed it."""
    oplocks = file.oplocks
    if oplocks is None:
        return False
    own, oplocks.own, oplocks.own_facts = oplocks.own, False, False
    return own


def share(file: OpenFile, *, alone: bool) -> None:
    """Whether the holder is alone with the file, or a local program has it open, too, and could write at any moment."""
    oplocks = file.oplocks
    if oplocks is not None:
        oplocks.stamp = 0 if alone else _write_time(oplocks)
        oplocks.doubtful = oplocks.doubtful and not alone


def _guard(file: OpenFile, fd: int, held: Held) -> None:
    """Tells `LocalOpens`, if there is one, what local programs break this oplock by."""
    if file.local_opens is not None and held.local_breaks:
        exclusive = held.level != Oplock.LEVEL_II
        opens = held.local_breaks == "opens"
        file.local_opens.guard(file, fd, exclusive=exclusive, opens=opens)


def _end(file: OpenFile) -> None:
    """The last oplock is gone."""
    file.oplocks = None
    if file.local_opens is not None:
        file.local_opens.release(file)
