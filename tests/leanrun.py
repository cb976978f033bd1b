"""A server that works with nothing but the distributions that are named: `python -m tests.leanrun NAME ...`.

All others are as if they were not installed. Writes those of the named that were loaded to standard output, a line
each. It is run in a process of its own, as pytest loads more.
"""

import importlib.abc
import re
import socket
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType


class Absent(importlib.abc.MetaPathFinder):
    """Finds nothing of what is not wanted, before others do."""

    def __init__(self, homes: Mapping[str, Sequence[str]], wanted: set[str]) -> None:
        self._absent = {
            module for module, names in homes.items() if not wanted & {canonical(name) for name in names}
        }

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises `ModuleNotFoundError` for a module of a distribution that is absent."""
        if name.partition(".")[0] in self._absent:
            raise ModuleNotFoundError(f"No module named {name!r} (it is not in the list)", name=name)
        return None


def canonical(name: str) -> str:
    """The name of a distribution as registries compare them."""
    return re.sub("[-_.]+", "-", name).lower()


def serve_once() -> None:
    """Sign-in, pipes, files, the page's API and a capture, by the clients that come with fakesmb."""
    from fakesmb import FakeSMB, Web
    from fakesmb.address import Place
    from fakesmb.replay.demo import Demo
    from fakesmb.replay.places import Who

    with TemporaryDirectory() as folder:
        capture = Path(folder, "talk.pcapng")
        content = {"c$": {"boot.ini": "[boot loader]\r\n"}}
        with FakeSMB(content, users={"alice": "Secret123"}, pcap=capture, web=Web(port=0)) as smb:
            said: list[str] = []
            Demo(Place(smb.host, smb.port), Who("alice", "Secret123"), "c$", say=said.append).run()
            with urllib.request.urlopen(f"{smb.web_url}/version", timeout=10) as answer:
                assert b"fakesmb" in answer.read()
        assert any("boot.ini" in line for line in said), said
        assert capture.stat().st_size > 2000


def main() -> None:
    """Leaves out what is not named, imports and serves, and says what was loaded."""
    homes = packages_distributions()
    wanted = {canonical(name) for name in sys.argv[1:]}
    sys.meta_path.insert(0, Absent(homes, wanted | {"fakesmb"}))
    socket.setdefaulttimeout(30)
    from fakesmb.rights import load_all  # what `serve --run-as` does before it gives its rights up

    load_all()
    serve_once()
    loaded = {canonical(name) for module in sys.modules for name in homes.get(module.partition(".")[0], ())}
    print(*sorted(loaded & wanted), sep="\n")


if __name__ == "__main__":
    main()
