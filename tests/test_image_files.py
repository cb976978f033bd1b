"""The files under docker/, as far as they can be judged without an engine (tests/docker has one)."""

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
DOCKER = CHECKOUT / "docker"
NEEDED_BY_OTHERS = {
    "attrs": "twisted",
    "constantly": "twisted",
    "incremental": "twisted",
    "pyasn1": "impacket",
    "six": "impacket",
    "typing-extensions": "twisted",
    "zope-interface": "twisted",
}
"""What is installed besides our own dependencies, and what loads it."""


def plain(name: str) -> str:
    """A package's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements() -> dict[str, str]:
    lines = (DOCKER / "requirements.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {plain(name): version for name, version in pairs}


def test_the_image_has_what_the_package_depends_on_and_what_that_loads() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    ours = {plain(re.split(r"[ <>=~!\[;]", one)[0]) for one in project["dependencies"]}
    assert {*requirements()} == ours | {*NEEDED_BY_OTHERS}
    assert {*NEEDED_BY_OTHERS.values()} <= ours


def test_the_dockerfile_asks_no_registry_but_for_its_base() -> None:
    """Neither for a frontend (`# syntax=`), nor by a digest; the base is an argument."""
    text = (DOCKER / "Dockerfile").read_text()
    assert not re.search(r"^#\s*syntax\s*=", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert "--mount" not in text
    assert "<<" not in text
