"""The SMB1/CIFS file server for tests, real clients and classrooms."""

# What checks types takes it for True. `typing` costs half of what runs before signals are heard.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from fakesmb.app import FakeSMBService
    from fakesmb.arguments import Limits, Share, Timing, User
    from fakesmb.config import ConfigError
    from fakesmb.faults.fault import Fault
    from fakesmb.folders.content import File
    from fakesmb.folders.overlay import Overlay
    from fakesmb.library import FakeSMB
    from fakesmb.nt.status import NT
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
    "Overlay",
    "Share",
    "Timing",
    "User",
]

_HOMES = {
    "NT": "nt.status",
    "Command": "wire.commands",
    "ConfigError": "config",
    "FakeSMB": "library",
    "FakeSMBService": "app",
    "File": "folders.content",
    "Fault": "faults.fault",
    "Limits": "arguments",
    "Overlay": "folders.overlay",
    "Share": "arguments",
    "Timing": "arguments",
    "User": "arguments",
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
