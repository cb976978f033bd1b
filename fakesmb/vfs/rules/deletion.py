"""What FILE_DELETE_ON_CLOSE comes to ([MS-FSA] 2.1.5.5).

The close of an open that asked for it marks the file for deletion, which the last close carries out. What Windows
does beyond the specification: an open that found the file there loses the wish once others open the file after it,
unless one with DELETE access is left when it closes. One that made the file keeps it, and so do directories.
"""

from fakesmb.vfs.rules.openfiles import Open, OpenFile


def contest(file: OpenFile) -> None:
    """A file that is open gets another open."""
    for other in file.opens.wishes:
        other.contested = True
    file.opens.wishes.clear()


def deletes(handle: Open) -> bool:
    """Whether the close of an open that asked for delete on close marks the file."""
    if not handle.contested:
        return True
    return handle.file.opens.others_may_delete(handle)
