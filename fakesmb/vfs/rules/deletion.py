"""What FILE_DELETE_ON_CLOSE does ([MS-FSA] 2.1.5.5).

The close of an open that asked for it marks the file for deletion, which the last close carries out. What Windows
does beyond the specification: the close of an open that found the file there, which others opened after it, deletes
only if another open with DELETE access is left. An open that made the file, or of a directory, always deletes.
"""

from fakesmb.vfs.rules.openfiles import Open, OpenFile


def others_open(file: OpenFile) -> None:
    """A file that is open gets another open."""
    for other in file.opens.wishes:
        other.delete_needs_another = True
    file.opens.wishes.clear()


def deletes(handle: Open) -> bool:
    """Whether the close of an open that asked for delete on close marks the file."""
    if not handle.delete_needs_another:
        return True
    return handle.file.opens.others_may_delete(handle)
