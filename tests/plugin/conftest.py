"""Projects of testers, made for a test and run in this process."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import pytest

from fakesmb import library, pytest_marks, pytest_plugin, pytest_report, pytest_support, pytest_wire

Run = Callable[..., pytest.RunResult]
LOADED: tuple[ModuleType, ...] = (
    library,
    pytest_marks,
    pytest_plugin,
    pytest_report,
    pytest_support,
    pytest_wire,
)
"""Imported before a run, which forgets what it imports: else each would have classes of its own."""
CLIENT = """
import io
from smb.SMBConnection import SMBConnection

def client(smb, user="alice", password="Secret123"):
    one = SMBConnection(user, password, "TESTER", "FAKESMB", use_ntlm_v2=True, is_direct_tcp=True)
    assert one.connect(smb.host, smb.port, timeout=10), "signed in"
    return one
"""


def plugin_options(*others: str) -> list[str]:
    """What loads the plugin, and of the plugins of other packages only those named.

    Each of the others would keep something of the process, or cost a run in a process of its own up to a second.
    """
    found = entry_points(group="pytest11")
    words = [word for one in found if not _stays(one, others) for word in ("-p", f"no:{one.name}")]
    # An environment that was made before the plugin was an entry point has none.
    there = any(one.value == pytest_plugin.__name__ for one in found)
    return words if there else [*words, "-p", pytest_plugin.__name__]


def _stays(plugin: EntryPoint, others: tuple[str, ...]) -> bool:
    return plugin.value == pytest_plugin.__name__ or plugin.name in others


ON_CI = ("CI", "BUILD_NUMBER")
"""With one of them set pytest repeats all of a failure in its summary, where a person is given one line of it."""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one module of tests, which finds `client` in a module of its own."""
    for name in ON_CI:
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(clients=CLIENT)

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=source)
        return pytester.runpytest_inprocess(*plugin_options(), *options)

    return run
