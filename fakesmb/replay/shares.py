"""Which share stands for one of the capture: `--map '\\\\OLD\\C$=public'`."""

from collections.abc import Iterable
from typing import Final

from fakesmb.mistakes import ConfigError
from fakesmb.nt.names import fold

ANY: Final = "*"
IPC: Final = "IPC$"
_MUST_BE: Final = r"write '\\OLD\C$=public', 'C$=public', or '*=public' for all that hold files"


class ShareMap:
    """Shares of the capture, and what they are called on the server that the replay goes to."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Raises `ConfigError`."""
        self._named: dict[tuple[str, str], str] = {}
        self.any: str | None = None
        """For every share of files that has no name of its own here."""
        for text in texts:
            old, equals, new = text.rpartition("=")
            server, share = split(old)
            new = new.strip("\\/")
            if not equals or not share or not new or "\\" in new or "/" in new:
                raise ConfigError(f"--map {text!r}: {_MUST_BE}")
            if share == ANY:
                self.any = new
            else:
                self._named[fold(server), fold(share)] = new

    def meant(self, path: str) -> str:
        """The share to connect to in place of `\\\\SERVER\\SHARE`."""
        server, share = split(path)
        for key in ((fold(server), fold(share)), ("", fold(share))):
            if key in self._named:
                return self._named[key]
        return share if self.any is None or fold(share) == fold(IPC) else self.any


def split(path: str) -> tuple[str, str]:
    """Server, which may be missing, and share of a UNC path."""
    parts = path.replace("/", "\\").strip("\\").split("\\")
    return ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
