"""The distribution: its metadata, what it asks for, and what is in the wheel."""

import ast
import re
import sys
import tomllib
from email.message import Message
from email.parser import BytesParser
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

import fakesmb
from fakesmb.version import __version__
from tests.installed import collected
from tests.leanrun import canonical

hatchling = pytest.importorskip("hatchling.build", reason="no hatchling here (it comes with the extra dev)")

DISTRIBUTION_OF = {
    "Cryptodome": "pycryptodomex",
    "_pytest": "pytest",
    "pluggy": "pytest",
    "zope": "zope-interface",
}
"""Where modules are called otherwise than what brings them; pytest has its pluggy with it."""


@pytest.fixture(scope="module")
def project(checkout: Path) -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    found: dict[str, Any] = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return found


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build(checkout, tmp_path_factory.mktemp("wheel"))


def build(checkout: Path, folder: Path) -> Path:
    """Builds the wheel, as `make dist` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(checkout)
        return Path(folder, hatchling.build_wheel(str(folder)))


def metadata(wheel: Path) -> Message:
    """METADATA of a wheel."""
    with ZipFile(wheel) as file:
        return BytesParser().parsebytes(file.read(f"fakesmb-{__version__}.dist-info/METADATA"))


def names(requirements: list[str]) -> set[str]:
    """Of the distributions that are asked for."""
    return {canonical(Requirement(one).name) for one in requirements}


@cache
def imported_by_the_package() -> dict[str, set[str]]:
    """Distributions of others that the package imports, and the modules that do so."""
    root = Path(fakesmb.__file__).parent
    found: dict[str, set[str]] = {}
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            full: list[str] = []
            if isinstance(node, ast.Import):
                full = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = [node.module]
            for top in {name.partition(".")[0] for name in full} - sys.stdlib_module_names - {"fakesmb"}:
                found.setdefault(canonical(DISTRIBUTION_OF.get(top, top)), set()).add(path.name)
    return found


def test_what_is_imported_is_asked_for_and_nothing_else(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    by_plugin = {
        name for name, files in imported_by_the_package().items() if all("pytest" in one for one in files)
    }
    by_all = imported_by_the_package().keys() - by_plugin - names(extras["kerberos"])
    assert names(project["dependencies"]) == by_all
    assert by_plugin == names(extras["pytest"])
    assert imported_by_the_package()["pyasn1"] == {"krb5.py"}


def test_every_requirement_has_a_lower_bound(project: dict[str, Any]) -> None:
    for requirement in map(Requirement, project["dependencies"]):
        assert [one.operator for one in requirement.specifier] == [">="], requirement


def test_one_place_says_the_version(wheel: Path, checkout: Path) -> None:
    assert metadata(wheel)["Version"] == __version__ == fakesmb.__version__
    others = [
        str(path)
        for path in [
            checkout / "pyproject.toml",
            checkout / "Makefile",
            *(checkout / "fakesmb").rglob("*.py"),
        ]
        if f'"{__version__}"' in path.read_text(encoding="utf-8")
    ]
    assert others == [str(checkout / "fakesmb" / "version.py")]


def test_the_classifiers_name_the_pythons_from_the_one_that_is_required(project: dict[str, Any]) -> None:
    told = [one.rpartition(" :: ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert told == ["3.11", "3.12", "3.13", "3.14"]
    assert project["requires-python"] == f">={told[0]}"
    assert "Development Status :: 5 - Production/Stable" in project["classifiers"]


def test_the_wheel_has_all_files_of_the_package_and_the_shares(wheel: Path, checkout: Path) -> None:
    with ZipFile(wheel) as file:
        packed = {name for name in file.namelist() if name.startswith("fakesmb/")}
    wanted = {
        path.relative_to(base).as_posix()
        for base, top in ((checkout, "fakesmb"), (checkout, "shares"))
        for path in (base / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == {name if name.startswith("fakesmb/") else f"fakesmb/{name}" for name in wanted}
    assert {
        "fakesmb/py.typed",
        "fakesmb/shares/public/names/東京タワー.txt",
        "fakesmb/web/page/index.html",
    } <= packed


def test_the_wheel_has_the_pages_of_the_manual_and_the_completions(wheel: Path, checkout: Path) -> None:
    with ZipFile(wheel) as file:
        data = {name.partition(".data/data/share/")[2]: name for name in file.namelist() if ".data/" in name}
        text = file.read(data["man/man1/fakesmb.1"])
    pages = {f"man/man{path.suffix[1:]}/{path.name}" for path in (checkout / "man").iterdir()}
    assert data.keys() == pages | {
        "bash-completion/completions/fakesmb",
        "fish/vendor_completions.d/fakesmb.fish",
        "zsh/site-functions/_fakesmb",
    }
    assert text == (checkout / "man" / "fakesmb.1").read_bytes()


def test_the_page_of_the_package_has_no_link_that_leads_nowhere(wheel: Path, checkout: Path) -> None:
    page = str(metadata(wheel).get_payload())
    assert page.startswith("# fakesmb\n")
    assert "docs/start.md has each start" in page
    assert re.findall(r"\]\((?![a-z]+:)", page) == []
    assert re.findall(r"\]\((?![a-z]+:)", (checkout / "README.md").read_text(encoding="utf-8"))


def test_the_wheel_starts_the_command_and_the_plugin(wheel: Path) -> None:
    with ZipFile(wheel) as file:
        entry_points = file.read(f"fakesmb-{__version__}.dist-info/entry_points.txt").decode()
    assert "[console_scripts]\nfakesmb = fakesmb.__main__:main" in entry_points
    assert "[pytest11]\nfakesmb = fakesmb.pytest_plugin" in entry_points


def test_the_same_tree_gives_the_same_bytes(wheel: Path, checkout: Path, tmp_path: Path) -> None:
    assert sha256(wheel.read_bytes()).digest() == sha256(build(checkout, tmp_path).read_bytes()).digest()


def test_make_dist_counts_the_tests_of_an_sdist(checkout: Path) -> None:
    """By the options of pyproject.toml, under which pytest says less or more."""
    assert collected(checkout, "tests/test_places.py") > 1
