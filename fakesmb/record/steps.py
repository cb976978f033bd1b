"""Steps of a sequence: one function for each verb, and `exchange` for whatever else an exchange is.

    journal.sequence(opened("a.txt"), read(), closed(), per="path")

Most take the path, `connected` the share, `signed_in` the user; all take any criterion by its name.
"""

from collections.abc import Callable
from os import PathLike
from re import Pattern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmb.record.criteria import Criterion

Text = str | Pattern[str] | Callable[[str], bool] | None
"""What a name may be asked for by; None: any."""
PathText = Text | PathLike[str]
"""What a path may be asked for by."""


class Step:
    """What one exchange of a sequence has to be like."""

    __slots__ = ("criteria",)

    def __init__(self, criteria: "dict[str, Criterion]") -> None:
        self.criteria = criteria

    def __repr__(self) -> str:
        from fakesmb.record.criteria import shown  # which takes longer to import than most tests need

        given = dict(self.criteria)
        verb = given.pop("verb", None)
        name = verb if isinstance(verb, str) else "exchange"
        if name == "exchange":
            given = self.criteria
        return f"{name}({', '.join(f'{one}={shown(value)}' for one, value in given.items())})"


def exchange(**criteria: "Criterion") -> Step:
    """An exchange that meets the criteria: `exchange(command="SMB_COM_ECHO")`."""
    return Step(criteria)


def _step(verb: str, criteria: "dict[str, Criterion]", **named: "Criterion") -> Step:
    if "verb" in criteria:
        raise TypeError(f"{verb}(...) is the verb already: exchange(verb={criteria['verb']!r}) has another")
    return Step(
        {"verb": verb} | {name: value for name, value in named.items() if value is not None} | criteria
    )


def negotiated(**criteria: "Criterion") -> Step:
    """A dialect was agreed on."""
    return _step("negotiated", criteria)


def signed_in(user: Text = None, **criteria: "Criterion") -> Step:
    """A session setup succeeded, as a user, a guest or anonymously."""
    return _step("signed_in", criteria, user=user)


def signed_off(user: Text = None, **criteria: "Criterion") -> Step:
    """A session was ended."""
    return _step("signed_off", criteria, user=user)


def connected(share: Text = None, **criteria: "Criterion") -> Step:
    """A share was connected (the tree connection, not TCP)."""
    return _step("connected", criteria, share=share)


def disconnected(share: Text = None, **criteria: "Criterion") -> Step:
    """A tree connection was ended."""
    return _step("disconnected", criteria, share=share)


def opened(path: PathText = None, **criteria: "Criterion") -> Step:
    """A file, a directory or a pipe was opened; it may have been made thereby."""
    return _step("opened", criteria, path=path)


def created(path: PathText = None, **criteria: "Criterion") -> Step:
    """A file was made that had not been there."""
    return _step("created", criteria, path=path)


def truncated(path: PathText = None, **criteria: "Criterion") -> Step:
    """An open emptied or replaced a file that was there."""
    return _step("truncated", criteria, path=path)


def read(path: PathText = None, **criteria: "Criterion") -> Step:
    """Data were read from a file or a pipe."""
    return _step("read", criteria, path=path)


def wrote(path: PathText = None, **criteria: "Criterion") -> Step:
    """Data were written to a file or a pipe."""
    return _step("wrote", criteria, path=path)


def resized(path: PathText = None, **criteria: "Criterion") -> Step:
    """The length of a file was set."""
    return _step("resized", criteria, path=path)


def flushed(path: PathText = None, **criteria: "Criterion") -> Step:
    """What was written was put on the disk."""
    return _step("flushed", criteria, path=path)


def closed(path: PathText = None, **criteria: "Criterion") -> Step:
    """An open was ended."""
    return _step("closed", criteria, path=path)


def printed(path: PathText = None, **criteria: "Criterion") -> Step:
    """A print job is complete; the path is its title."""
    return _step("printed", criteria, path=path)


def listed(path: PathText = None, **criteria: "Criterion") -> Step:
    """Names in a directory were asked for; the path is that of the pattern, or of the directory."""
    return _step("listed", criteria, path=path)


def queried(path: PathText = None, **criteria: "Criterion") -> Step:
    """Attributes, sizes, times, EAs, streams or links of a file were asked for."""
    return _step("queried", criteria, path=path)


def queried_volume(**criteria: "Criterion") -> Step:
    """Sizes or names of the volume were asked for."""
    return _step("queried_volume", criteria)


def queried_security(path: PathText = None, **criteria: "Criterion") -> Step:
    """A security descriptor was asked for."""
    return _step("queried_security", criteria, path=path)


def set_attributes(path: PathText = None, **criteria: "Criterion") -> Step:
    """Attributes or times were set."""
    return _step("set_attributes", criteria, path=path)


def set_eas(path: PathText = None, **criteria: "Criterion") -> Step:
    """Extended attributes were set."""
    return _step("set_eas", criteria, path=path)


def set_security(path: PathText = None, **criteria: "Criterion") -> Step:
    """A security descriptor or an ACL was set."""
    return _step("set_security", criteria, path=path)


def renamed(path: PathText = None, to: PathText = None, **criteria: "Criterion") -> Step:
    """A file or directory has another name; `to` is the new one."""
    return _step("renamed", criteria, path=path, to=to)


def deleted(path: PathText = None, **criteria: "Criterion") -> Step:
    """A file is gone: deleted by name, or with the close of its last open."""
    return _step("deleted", criteria, path=path)


def made_directory(path: PathText = None, **criteria: "Criterion") -> Step:
    """A directory was made."""
    return _step("made_directory", criteria, path=path)


def removed_directory(path: PathText = None, **criteria: "Criterion") -> Step:
    """A directory is gone, by name or with a close."""
    return _step("removed_directory", criteria, path=path)


def linked(path: PathText = None, to: PathText = None, **criteria: "Criterion") -> Step:
    """A file got one more name; `to` is the new one."""
    return _step("linked", criteria, path=path, to=to)


def made_symlink(path: PathText = None, to: PathText = None, **criteria: "Criterion") -> Step:
    """A symbolic link was made; `to` is where it leads."""
    return _step("made_symlink", criteria, path=path, to=to)


def copied(path: PathText = None, to: PathText = None, **criteria: "Criterion") -> Step:
    """The server copied data from one file to another; `to` is the target, where it has a name."""
    return _step("copied", criteria, path=path, to=to)


def locked(path: PathText = None, **criteria: "Criterion") -> Step:
    """Ranges of a file were locked."""
    return _step("locked", criteria, path=path)


def unlocked(path: PathText = None, **criteria: "Criterion") -> Step:
    """Ranges of a file were freed."""
    return _step("unlocked", criteria, path=path)


def watched(path: PathText = None, **criteria: "Criterion") -> Step:
    """Changes in a directory were asked for: that waits until there are some."""
    return _step("watched", criteria, path=path)


def notified(path: PathText = None, **criteria: "Criterion") -> Step:
    """A watch was answered with changes."""
    return _step("notified", criteria, path=path)


def called(**criteria: "Criterion") -> Step:
    """A call went through a pipe: DCE/RPC, or the Remote Administration Protocol."""
    return _step("called", criteria)


def oplock_broken(path: PathText = None, **criteria: "Criterion") -> Step:
    """The server asked for an oplock back."""
    return _step("oplock_broken", criteria, path=path)


def oplock_released(path: PathText = None, **criteria: "Criterion") -> Step:
    """The client gave an oplock back."""
    return _step("oplock_released", criteria, path=path)


def echoed(**criteria: "Criterion") -> Step:
    """An echo was answered."""
    return _step("echoed", criteria)


def referred(**criteria: "Criterion") -> Step:
    """A DFS referral was given."""
    return _step("referred", criteria)
