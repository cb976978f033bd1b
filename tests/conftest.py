"""For all tests: no surprises from hypothesis on a busy machine, nothing of the person's own settings."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from fakesmb.config.environment import PREFIX
from fakesmb.core import connection
from fakesmb.core.plan import NoPlans
from fakesmb.folders.places import VARIABLE
from fakesmb.testing import InMemoryServer
from tests.examples import make_all
from tests.late_threads import LateThreads
from tests.refusals import Refused, Refuses
from tests.workers import compile_share, workers

settings.register_profile("fakesmb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fakesmb"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--slow`, `--no-plans`, `--slow-disk`, `--overlay` and `--record`."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")
    parser.addoption(
        "--no-plans", action="store_true", help="have every server answer every request the general way"
    )
    parser.addoption(
        "--slow-disk",
        action="store_true",
        help="have servers in memory, and that of smbtorture, wait for their disk and serve others meanwhile",
    )
    parser.addoption(
        "--overlay",
        action="store_true",
        help="have smbtorture's server serve an overlay, which is reset before each leaf",
    )
    parser.addoption(
        "--record",
        type=Path,
        metavar="FILE.smb",
        help="write the talk of the one test of tests/core as a transcript",
    )


def pytest_configure(config: pytest.Config) -> None:
    """With `--no-plans` servers in memory have none; those in processes of their own are told so.

    With `--slow-disk` those in memory serve others at each system call that asks the disk; with `--slow` hypothesis
    makes all its examples.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX) and name != VARIABLE]:
        del os.environ[name]  # which configure a person's own server
    if config.getoption("--slow"):
        make_all()
    if config.getoption("--no-plans"):
        vars(connection)["Plans"] = lambda *_: NoPlans()
    if config.getoption("--slow-disk"):
        InMemoryServer.new_threads = LateThreads


YOUNG_OBJECTS = 20_000
"""New objects between two runs of the collector."""


@pytest.fixture(scope="session")
def serve_options(request: pytest.FixtureRequest) -> list[str]:
    """What every `fakesmb serve` of the tests is started with besides."""
    return ["--no-plans"] if request.config.getoption("--no-plans") else []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """What `-n auto` means."""
    asked = "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ
    return None if asked else workers(len(os.sched_getaffinity(0)))


def pytest_collection(session: pytest.Session) -> None:
    """Before the modules of tests are loaded."""
    compile_share(session.config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Left out, visibly: slow tests without `--slow`, and those that mean nothing under an option that is given."""
    reasons = {
        "slow": "" if config.getoption("--slow") else "slow: runs with pytest --slow",
        "plans": "about plans: not with pytest --no-plans" if config.getoption("--no-plans") else "",
        "turns": "about turns: not with pytest --slow-disk" if config.getoption("--slow-disk") else "",
    }
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish(session: pytest.Session) -> None:
    """One conversation makes one transcript.

    Ten thousand tests and what they import stay to the end: the collector need not look through them each time.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    if session.config.getoption("--record") is not None and (
        len(session.items) != 1 or "make" not in getattr(session.items[0], "fixturenames", ())
    ):
        raise pytest.UsageError(
            "--record takes one test of tests/core that has a client in memory (and no -n)"
        )


@pytest.fixture
def refuses() -> Refuses:
    """`with refuses(NT.X):` the block ends in that status."""
    return Refused


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository's folder."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def fakesmb_command() -> list[str]:
    """What starts the command, whether or not the package is installed."""
    return [sys.executable, "-m", "fakesmb"]


@pytest.fixture(scope="session")
def fakesmb_environment(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a `fakesmb` process: this checkout, and a home of its own."""
    home = tmp_path_factory.mktemp("home")
    path = os.pathsep.join(filter(None, (str(checkout), os.environ.get("PYTHONPATH", ""))))
    return os.environ | {"PYTHONPATH": path, "XDG_DATA_HOME": str(home), "HOME": str(home), "NO_COLOR": "1"}
