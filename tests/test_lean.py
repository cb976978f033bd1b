"""requirements/lean.txt is what a server loads, and no more."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.lean import LISTS, renewed
from tests.leanrun import canonical


@pytest.fixture(scope="module")
def lean(checkout: Path) -> dict[str, str]:
    """The names of the list as registries compare them, with their versions."""
    return listed(checkout / "requirements" / "lean.txt")


def listed(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonical(name): version for name, version in pairs}


def loaded(checkout: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """A server that has these distributions only."""
    words = [sys.executable, "-m", "tests.leanrun", *names]
    return subprocess.run(words, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)


def test_a_server_works_with_the_list_and_loads_all_of_it(checkout: Path, lean: dict[str, str]) -> None:
    done = loaded(checkout, *lean)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == set(lean), "these are in the list, and never loaded"


def test_a_server_that_lacks_one_of_the_list_says_so(checkout: Path, lean: dict[str, str]) -> None:
    done = loaded(checkout, *(lean.keys() - {"six"}))
    assert done.returncode != 0
    assert "No module named 'six'" in done.stderr


def test_the_list_has_what_pyproject_asks_for_in_a_version_that_it_allows(
    checkout: Path, lean: dict[str, str]
) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["kerberos"]]
    for requirement in map(Requirement, asked):
        assert lean[canonical(requirement.name)] in requirement.specifier


def test_the_image_has_the_same_versions(checkout: Path, lean: dict[str, str]) -> None:
    """Else what the tests ran with is not what people get."""
    assert {file.relative_to(checkout).as_posix() for file in LISTS} == {
        "requirements/lean.txt",
        "docker/requirements.txt",
    }
    for file in LISTS:
        assert listed(file) == lean, "make lean"


def test_every_version_is_one(lean: dict[str, str]) -> None:
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in lean.values())


def test_other_versions_are_put_into_the_list() -> None:
    text = "# why\nsix==1.0\nzope-interface==7.0\n"
    assert renewed(text, {"six": "1.1", "zope-interface": "8.0"}) == "# why\nsix==1.1\nzope-interface==8.0\n"
    with pytest.raises(KeyError, match="six"):
        renewed(text, {})
