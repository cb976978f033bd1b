"""The image, built once; containers of it, removed after each test."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.engine import BASE, DOCKERFILE, WHO, Container, Engine, build, why_no_engine

IMAGE = "fakesmb:test"
CLIENT = "fakesmb-client:test"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Left out, visibly, where no engine answers, and beside other tests: seconds are counted here."""
    ours = [item for item in items if item.get_closest_marker("docker")]
    if not ours:
        return
    beside_others = hasattr(config, "workerinput")
    reason = "tests of the image run alone: make image-test" if beside_others else why_no_engine()
    if reason:
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=f"docker: {reason}"))


@pytest.fixture(scope="session")
def image() -> str:
    """The image of this checkout."""
    build(DOCKERFILE, IMAGE, "--build-arg", f"PYTHON_IMAGE={BASE}")
    return IMAGE


@pytest.fixture(scope="session")
def client_image() -> str:
    """An image with smbclient."""
    build("docker/client.Dockerfile", CLIENT)
    return CLIENT


@pytest.fixture
def engine(image: str) -> Iterator[Engine]:
    with contextlib.ExitStack() as stack:
        yield Engine(image, stack)


@pytest.fixture(scope="module")
def server(image: str) -> Iterator[Container]:
    """A server with the sample shares and a user, as hardened as in docker/compose.yaml; tests share it."""
    with contextlib.ExitStack() as stack:
        words = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        words += ["--tmpfs", "/tmp:mode=1777", "--tmpfs", "/var/lib/fakesmb:mode=1777"]
        yield Engine(image, stack).start(*words, "--env", f"FAKESMB_USER_1={WHO}").ready()
