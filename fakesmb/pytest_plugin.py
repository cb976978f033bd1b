"""fakesmb in pytest: fixtures, a marker, options, and what the server saw in the report of a test that failed.

Loaded into every pytest run where fakesmb is installed, so this module imports pytest and the standard library only;
all else comes with the first fixture or marker that is used: `fakesmb.pytest_support`. docs/testing.md is the guide.
"""

import sys
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from fakesmb import FakeSMB
    from fakesmb.pytest_support import Servers

USUAL: Final = {"smb_profile": "", "smb_keep": "failed"}
"""Options whose mistakes are told at the start, as they are where nobody gives them."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """`--smb-log`, `--smb-pcap` and the ini options."""
    # pytest compiles whatever comes with a plugin anew, to say more of its assertions: half a second for all of fakesmb
    # where no bytecode is written, and we assert nothing about others' code.
    getattr(pluginmanager.rewrite_hook, "_must_rewrite", set()).discard("fakesmb")
    getattr(pluginmanager.rewrite_hook, "_marked_for_rewrite_cache", {}).clear()
    group = parser.getgroup("fakesmb", "fakesmb, the SMB1 server for tests")
    group.addoption(
        "--smb-log", metavar="DIR", help="keep the log of every test, as JSON lines, in a file of DIR"
    )
    group.addoption(
        "--smb-pcap", metavar="DIR", help="keep a capture of every test, as pcapng, in a file of DIR"
    )
    parser.addini("smb_profile", "the profile of the servers: fakesmb profiles lists them", default="")
    parser.addini("smb_keep", "which tests' logs and captures to keep: failed, all or none", default="failed")
    parser.addini("smb_keep_dir", "the folder of those files (default: fakesmb in pytest's cache)")
    parser.addini(
        "smb_strict", "fail a test that armed a fault which was never hit", type="bool", default=False
    )


def pytest_configure(config: pytest.Config) -> None:
    """Explains the marker, refuses what the options do not mean."""
    config.addinivalue_line(
        "markers",
        "smb(shares=..., users=..., profile=..., faults=..., **arguments of FakeSMB): what the server of the fixture "
        "smb is to be; markers of module, class and function are merged",
    )
    try:
        config.getini("smb_strict")
    except (ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"smb_strict: {error}") from None
    if any(config.getini(name) != usual for name, usual in USUAL.items()):
        from fakesmb.pytest_options import check

        check(config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A marker that FakeSMB would not take is an error of collection."""
    report = yield
    marked = [node for node in (collector, *report.result) for mark in node.own_markers if mark.name == "smb"]
    if marked:
        from fakesmb.pytest_marks import watch_over, wrong_markers

        watch_over(collector.config)
        wrong = wrong_markers(marked)
        if wrong:
            report.outcome, report.longrepr, report.result = "failed", wrong, []
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where a module has imported a server, what it makes of it is in reports, too."""
    if "fakesmb.app" in sys.modules:
        from fakesmb.pytest_own import NAME, OwnServers

        if not session.config.pluginmanager.has_plugin(NAME):
            session.config.pluginmanager.register(OwnServers(session.config), NAME)


@pytest.fixture(scope="session")
def smb_arguments() -> Mapping[str, Any]:
    """What the session's server is made with: the arguments of FakeSMB. Override it in conftest.py."""
    return {}


@pytest.fixture(scope="session")
def smb_server(_smb_servers: "Servers", smb_arguments: Mapping[str, Any]) -> "FakeSMB":
    """The server of the session, as its tests left it: `smb` is the same, but as new for each test."""
    return _smb_servers.of_session(smb_arguments)


@pytest.fixture
def smb(request: pytest.FixtureRequest) -> Iterator["FakeSMB"]:
    """A server as new: a writable share `share`, the user `alice` with `Secret123`, or what the markers say."""
    from fakesmb.pytest_support import served

    yield from served(request)


@pytest.fixture(scope="session")
def _smb_servers(pytestconfig: pytest.Config) -> Iterator["Servers"]:
    from fakesmb.pytest_support import servers

    yield from servers(pytestconfig)
