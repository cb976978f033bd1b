"""The SMB1/CIFS file server for tests, real clients and classrooms."""

# What checks types takes it for True. `typing` costs half of what runs before signals are heard.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fakesmb.app import FakeSMB
    from fakesmb.nt.status import NT

__all__ = ["NT", "FakeSMB"]


def __getattr__(name: str) -> "Any":
    """`from fakesmb import FakeSMB, NT` without the cost of either for those who import something else."""
    if name == "FakeSMB":
        from fakesmb.app import FakeSMB

        return FakeSMB
    if name == "NT":
        from fakesmb.nt.status import NT

        return NT
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
