"""What the image is made of."""

import json
import re
from functools import cache
from typing import Any

import pytest

from tests.docker.engine import BASE, CHECKOUT, docker

pytestmark = pytest.mark.docker

MOST_ABOVE_THE_BASE = 40_000_000
"""Bytes."""
PYTHON = "/opt/fakesmb/bin/python"

LOADED = """
import importlib, os, pkgutil, sys
import fakesmb
for one in pkgutil.walk_packages(fakesmb.__path__, "fakesmb."):
    if not one.name.rpartition(".")[2].startswith(("__main__", "pytest")):
        importlib.import_module(one.name)
bare = [one for one, module in sys.modules.items()
        if (cached := getattr(module, "__cached__", None)) and not os.path.exists(cached)]
import importlib.metadata, json
tops = importlib.metadata.packages_distributions()
names = {name for top in {name.partition(".")[0] for name in sys.modules} for name in tops.get(top, ())}
there = {one.name for one in importlib.metadata.distributions(path=[p for p in sys.path if "/opt/" in p])}
print(json.dumps({"loaded": sorted(names), "installed": sorted(there), "bare": bare}))
"""
"""Imports all modules, and tells the packages that they loaded, those there are, and modules without bytecode."""


@cache
def facts(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", "--format", "{{json .}}", image).stdout)
    return found


def inside(image: str, *words: str) -> str:
    return docker("run", "--rm", "--entrypoint", words[0], image, *words[1:]).stdout


def plain(name: str) -> str:
    """A package's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def listed() -> set[str]:
    lines = (CHECKOUT / "docker" / "requirements.txt").read_text().splitlines()
    return {plain(line.partition("==")[0]) for line in lines if line and not line.startswith("#")}


def test_its_layers_above_the_base_are_small(image: str) -> None:
    above = facts(image)["Size"] - facts(BASE)["Size"]
    assert 0 < above <= MOST_ABOVE_THE_BASE, f"{above / 1e6:.1f} MB"
    assert (
        facts(image)["RootFS"]["Layers"][: len(facts(BASE)["RootFS"]["Layers"])]
        == facts(BASE)["RootFS"]["Layers"]
    )


def test_it_has_the_packages_that_load_and_no_others(image: str) -> None:
    found = json.loads(inside(image, PYTHON, "-c", LOADED))
    assert {*map(plain, found["loaded"])} == listed() | {"fakesmb"}
    assert {*map(plain, found["installed"])} == listed() | {"fakesmb"}
    assert found["bare"] == []


def test_nothing_can_be_built_or_installed_in_it(image: str) -> None:
    script = """
    for one in pip pip3 gcc cc make; do command -v $one && echo "there is $one"; done
    for python in /opt/fakesmb/bin/python $(command -v python3) /usr/local/bin/python3; do
        for one in pip ensurepip setuptools hatchling; do
            $python -c "import $one" 2>/dev/null && echo "$python: $one"
        done
    done
    find /opt/fakesmb -type d '(' -name test -o -name tests -o -name SelfTest -o -name examples ')'
    find /opt/fakesmb -name 'test_*.py'
    find /opt/fakesmb /etc/fakesmb.toml -writable ! -type l
    exit 0
    """
    assert inside(image, "/bin/sh", "-c", script) == ""


def test_how_it_is_called_and_what_it_says_of_itself(image: str) -> None:
    config = facts(image)["Config"]
    assert config["Entrypoint"] == ["fakesmb"]
    assert config["Cmd"] == ["serve"]
    assert [*config["ExposedPorts"]] == ["445/tcp"]  # the page's only where somebody asks for a page
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"][0] == "CMD-SHELL"
    assert "fakesmb check" in config["Healthcheck"]["Test"][1]
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): value for name, value in config["Labels"].items() if prefix in name}
    assert labels["title"] == "fakesmb"
    assert labels["licenses"] == "MIT"
    assert {"description", "version", "revision"} <= {*labels}
    assert inside(image, "fakesmb", "--version").startswith("fakesmb, version ")


def test_it_runs_as_nobody_in_particular(image: str) -> None:
    assert inside(image, "id", "-u").strip() == "10001"
    assert facts(image)["Config"]["User"] == "fakesmb"
