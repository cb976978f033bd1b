"""The SMB1/CIFS file server for tests, real clients and classrooms."""

# What checks types takes it for True. `typing` costs half of what runs before signals are heard.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from fakesmb.app import FakeSMBService
    from fakesmb.faults.fault import Fault
    from fakesmb.folders.content import File
    from fakesmb.folders.overlay import Overlay
    from fakesmb.keywords import Limits, Names, Share, Timing, User, Web
    from fakesmb.library import FakeSMB
    from fakesmb.mistakes import ConfigError
    from fakesmb.nt.status import NT
    from fakesmb.record.steps import (
        called,
        closed,
        connected,
        copied,
        created,
        deleted,
        disconnected,
        echoed,
        exchange,
        flushed,
        linked,
        listed,
        locked,
        made_directory,
        made_symlink,
        negotiated,
        notified,
        opened,
        oplock_broken,
        oplock_released,
        printed,
        queried,
        queried_security,
        queried_volume,
        read,
        referred,
        removed_directory,
        renamed,
        resized,
        set_attributes,
        set_eas,
        set_security,
        signed_in,
        signed_off,
        truncated,
        unlocked,
        watched,
        wrote,
    )
    from fakesmb.version import __version__
    from fakesmb.wire.commands import Command

__all__ = [
    "NT",
    "Command",
    "ConfigError",
    "FakeSMB",
    "FakeSMBService",
    "Fault",
    "File",
    "Limits",
    "Names",
    "Overlay",
    "Share",
    "Timing",
    "User",
    "Web",
    "__version__",
    "called",
    "closed",
    "connected",
    "copied",
    "created",
    "deleted",
    "disconnected",
    "echoed",
    "exchange",
    "flushed",
    "linked",
    "listed",
    "locked",
    "made_directory",
    "made_symlink",
    "negotiated",
    "notified",
    "opened",
    "oplock_broken",
    "oplock_released",
    "printed",
    "queried",
    "queried_security",
    "queried_volume",
    "read",
    "referred",
    "removed_directory",
    "renamed",
    "resized",
    "set_attributes",
    "set_eas",
    "set_security",
    "signed_in",
    "signed_off",
    "truncated",
    "unlocked",
    "watched",
    "wrote",
]

_HOMES = {
    "NT": "nt.status",
    "Command": "wire.commands",
    "ConfigError": "mistakes",
    "FakeSMB": "library",
    "FakeSMBService": "app",
    "File": "folders.content",
    "Fault": "faults.fault",
    "Limits": "keywords",
    "Overlay": "folders.overlay",
    "Share": "keywords",
    "Timing": "keywords",
    "User": "keywords",
    "Names": "keywords",
    "Web": "keywords",
    "__version__": "version",
    "called": "record.steps",
    "closed": "record.steps",
    "connected": "record.steps",
    "copied": "record.steps",
    "created": "record.steps",
    "deleted": "record.steps",
    "disconnected": "record.steps",
    "echoed": "record.steps",
    "exchange": "record.steps",
    "flushed": "record.steps",
    "linked": "record.steps",
    "listed": "record.steps",
    "locked": "record.steps",
    "made_directory": "record.steps",
    "made_symlink": "record.steps",
    "negotiated": "record.steps",
    "notified": "record.steps",
    "opened": "record.steps",
    "oplock_broken": "record.steps",
    "oplock_released": "record.steps",
    "printed": "record.steps",
    "queried": "record.steps",
    "queried_security": "record.steps",
    "queried_volume": "record.steps",
    "read": "record.steps",
    "referred": "record.steps",
    "removed_directory": "record.steps",
    "renamed": "record.steps",
    "resized": "record.steps",
    "set_attributes": "record.steps",
    "set_eas": "record.steps",
    "set_security": "record.steps",
    "signed_in": "record.steps",
    "signed_off": "record.steps",
    "truncated": "record.steps",
    "unlocked": "record.steps",
    "watched": "record.steps",
    "wrote": "record.steps",
}
"""The modules that the public names come from: `from fakesmb import NT` costs nobody who imports something else."""


def __getattr__(name: str) -> object:
    """The public name, whose module is imported by the first who asks for it."""
    if name in _HOMES:
        from importlib import import_module

        found: object = getattr(import_module(f"fakesmb.{_HOMES[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
