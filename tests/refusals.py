"""What tests say of a refusal: `with refuses(NT.X):`, a fixture of all tests."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from fakesmb.nt.status import NT, SMBError

Refuses = Callable[[NT], AbstractContextManager[object]]


class Refused:
    """The block ends in that status. Nothing keeps the error, whose frames would hold descriptors open."""

    def __init__(self, status: NT) -> None:
        self.status = status

    def __enter__(self) -> "Refused":
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        assert isinstance(error, SMBError), f"{self.status.label} expected, not {error!r}"
        assert NT(error.status) is self.status
        return True
