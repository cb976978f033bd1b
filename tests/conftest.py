"""For all tests: no surprises from hypothesis on a busy machine, nothing of the person's own settings."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("fakesmb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fakesmb"))


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
