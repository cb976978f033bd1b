"""What is on a share, from a test's side: listing, reading, writing, deleting. No path leads out (`ShareFiles`)."""

import errno
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from fakesmb.folders.sharefiles import ShareFiles
from fakesmb.web.answer import Answer, RefusedError, json
from fakesmb.web.routes import Ask, Octets, Route

T = TypeVar("T")

MOST_FILE: Final = 64 << 20
"""Bytes of a file that comes or goes by HTTP."""
OCTETS: Final = "application/octet-stream"
_STATUSES: Final[tuple[tuple[type[OSError], int], ...]] = (
    (FileNotFoundError, 404),
    (PermissionError, 403),
    (IsADirectoryError, 409),
    (NotADirectoryError, 409),
    (FileExistsError, 409),
)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_CANNOT_BE: Final = (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP)


class Name(msgspec.Struct, frozen=True):
    """A file or a directory."""

    name: str
    directory: bool
    size: int | None = None
    """Bytes of a file."""


class Listing(msgspec.Struct, frozen=True):
    """A directory."""

    path: str
    files: list[Name]


def _share(ask: Ask) -> ShareFiles:
    try:
        return ask.web.service.files_of(ask.names["share"], lambda work: work())
    except ValueError as error:
        raise RefusedError(404, str(error)) from None


def _done(work: Callable[[], T]) -> T:
    """What comes of it. Raises `RefusedError`."""
    try:
        return work()
    except OSError as error:
        status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 0)
        if error.errno in _CANNOT_BE:
            status = 400
        if error.errno in _FULL:
            status = 507
        raise RefusedError(status or 409, str(error)) from None
    except ValueError as error:
        raise RefusedError(400, str(error)) from None
    except RuntimeError as error:  # it does not run any more
        raise RefusedError(503, str(error)) from None


def read(ask: Ask) -> Answer:
    """`GET`: a file, or what is in a directory."""
    files, path = _share(ask), ask.names.get("path", "")

    def look() -> Answer:
        if files.is_directory(path):
            return json(Listing(path.strip("/"), [_name(files, path, one) for one in files.list(path)]))
        if ":" not in path and (size := files.on_disk(path).stat().st_size) > MOST_FILE:
            raise RefusedError(413, f"{path} has {size} bytes, and {MOST_FILE} are given out at most")
        return Answer(files.read(path), OCTETS)

    return _done(look)


def _name(files: ShareFiles, path: str, name: str) -> Name:
    whole = f"{path.rstrip('/')}/{name}".lstrip("/")
    try:
        if files.is_directory(whole):
            return Name(name, directory=True)
        return Name(name, directory=False, size=files.on_disk(whole).stat().st_size)
    except (OSError, ValueError):  # a link that leads nowhere, or out of the share
        return Name(name, directory=False)


def write(ask: Ask) -> Answer:
    """`PUT`: a file with those bytes, or a directory where the path ends in `/`."""
    files, path = _share(ask), ask.names["path"]

    def change() -> bool:
        new = not files.exists(path)
        if not path.endswith("/"):
            files.write(path, ask.body)
        elif ask.body:
            raise ValueError(f"{path}: a path that ends in / is a directory, which has no bytes")
        elif new:
            files.make_directory(path)
        return new

    return Answer(status=201 if _done(change) else 204)


def delete(ask: Ask) -> Answer:
    """`DELETE`: a file, or a directory with all that is in it."""
    files, path = _share(ask), ask.names["path"]
    _done(lambda: files.delete(path))
    return Answer(status=204)


_FILES: Final = "/api/v1/shares/{share}/files"
_ONE: Final = "/api/v1/shares/{share}/files/{path...}"
_BODY: Final = Octets((OCTETS,), MOST_FILE)
_READ: Final[dict[int, Any]] = {200: OCTETS, 404: None}

ROUTES: Final = (
    Route("GET", _FILES, read, "What is on a share", {200: Listing, 404: None}),
    Route("GET", _ONE, read, "A file's bytes, or what is in a directory, as JSON", _READ),
    Route("PUT", _ONE, write, "Make a file, or give it other contents", {201: None, 204: None}, body=_BODY),
    Route("DELETE", _ONE, delete, "Delete a file or a directory", {204: None, 404: None}),
)
