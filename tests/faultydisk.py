"""`python -m tests.faultydisk CONTROL serve ...`: a server whose calls to the disk fail on cue.

The file CONTROL names them and the error, `pwrite,ftruncate 28`; without it all is well. Calls that are made by the C
library itself are not reached.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, Final

CALLS: Final = (
    "chmod",
    "close",
    "fsync",
    "ftruncate",
    "getxattr",
    "link",
    "listdir",
    "listxattr",
    "mkdir",
    "open",
    "pread",
    "pwrite",
    "removexattr",
    "rename",
    "rmdir",
    "scandir",
    "sendfile",
    "setxattr",
    "unlink",
    "utime",
)


def _failing(call: Callable[..., Any], control: str) -> Callable[..., Any]:
    look, read, done = os.open, os.read, os.close

    def told() -> list[str]:
        try:
            fd = look(control, os.O_RDONLY)
        except OSError:
            return []
        text = read(fd, 1000).decode()
        done(fd)
        return text.split()

    def attempt(*args: Any, **more: Any) -> Any:
        what = told()
        if what and call.__name__ in what[0].split(","):
            raise OSError(int(what[1]), os.strerror(int(what[1])))
        return call(*args, **more)

    return attempt


def main() -> None:
    """The command, once everything that it imports from the disk is there."""
    control = sys.argv.pop(1)
    from fakesmb import app, cli

    assert app
    for name in CALLS:
        setattr(os, name, _failing(getattr(os, name), control))
    cli.main()


if __name__ == "__main__":
    main()
