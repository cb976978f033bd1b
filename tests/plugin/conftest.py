"""Projects of testers, made for a test and run in this process."""

from collections.abc import Callable
from importlib.metadata import entry_points
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
WITHOUT = ("twisted", "asyncio", "xdist", "cov", "hypothesispytest", "randomly")
"""Plugins that keep something of the process, of whose runs there is one already."""

CLIENT = """
import io
from smb.SMBConnection import SMBConnection

def client(smb, user="alice", password="Secret123"):
    one = SMBConnection(user, password, "TESTER", "FAKESMB", use_ntlm_v2=True, is_direct_tcp=True)
    assert one.connect(smb.host, smb.port, timeout=10), "signed in"
    return one
"""


def plugin_options() -> list[str]:
    """What loads the plugin where the environment was made before it was an entry point."""
    there = any(one.value == pytest_plugin.__name__ for one in entry_points(group="pytest11"))
    return [] if there else ["-p", pytest_plugin.__name__]


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
        without = [word for name in WITHOUT for word in ("-p", f"no:{name}")]
        return pytester.runpytest_inprocess(*plugin_options(), *without, *options)

    return run
