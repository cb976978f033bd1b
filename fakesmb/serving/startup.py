"""What makes a start short, and the time after it free of hold-ups: what is loaded when, the reactor, the collector."""

import contextlib
import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from threading import Thread
from types import ModuleType
from typing import Any, Final

LOAD_AFTER_SECONDS: Final = 3.0
"""So long after the start a thread loads what only RPC needs: who starts a server for a moment does without."""
YOUNG_OBJECTS: Final = 20_000
"""New objects between two runs of the collector, once the server listens."""
TLS_MODULES: Final = ("twisted.internet._newtls", "twisted.protocols.tls", "twisted.internet.ssl", "ssl")
"""SMB1 knows no TLS, and OpenSSL is a third of Twisted's start-up."""
UNUSED_MODULES: Final = ("http.cookiejar",)
"""What Twisted imports for the sake of old programs, and what would load an HTTP client and a mail parser."""


def choose_reactor() -> None:
    """Installs the reactor that serves fastest; without epoll Twisted chooses one."""
    try:
        from fakesmb.transport.reactor import new_reactor, processors
    except ImportError:
        return
    from twisted.internet import main

    install: Callable[[Any], None] = main.installReactor
    install(new_reactor(watchful=processors() > 1))


def load_services(reactor: Any) -> None:
    """A thread loads the services of RPC: it takes a fifth of a second, for which the first call held up everybody."""

    from fakesmb.rpc.pipes import SERVICES

    def load() -> None:
        for module in SERVICES.values():
            importlib.import_module(module)
        reactor.callFromThread(gc.freeze)  # as what was imported before

    Thread(target=load, daemon=True).start()


def settle_collector() -> None:
    """Requests leave no reference cycles behind: the collector may run seldom, and skip what was imported."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 4, 100)


@contextlib.contextmanager
def without(*modules: str) -> Iterator[None]:
    """Inside the block these modules cannot be imported, as if they were not installed."""
    absent = [name for name in modules if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails as if it were not installed
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextlib.contextmanager
def on_first_use(*modules: str) -> Iterator[None]:
    """Inside the block an import of these modules notes them only: they are run when a name of theirs is used."""

    class Finder:
        @staticmethod
        def find_spec(
            name: str, path: Sequence[str] | None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            spec = PathFinder.find_spec(name, path, target) if name in modules else None
            if spec is not None and spec.loader is not None:
                spec.loader = LazyLoader(spec.loader)
            return spec

    sys.meta_path.insert(0, Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(Finder)


def load_ntlm() -> None:
    """Before the first client signs in, and after it can connect."""
    from fakesmb.auth import hashes

    with without("cffi"):  # Cryptodome takes ctypes instead
        hashes.load()
