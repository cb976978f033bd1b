"""The hooks of .pre-commit-config.yaml are the tools of `make lint`, from the environment; they need no network."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="no PyYAML here (it comes with the tests' own packages)")


@pytest.fixture
def hooks(checkout: Path) -> list[dict[str, Any]]:
    text = (checkout / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    [repository] = yaml.safe_load(text)["repos"]
    assert repository["repo"] == "local", "a hook from elsewhere is fetched from the network"
    return list(repository["hooks"])


def test_no_hook_is_installed_from_elsewhere(hooks: list[dict[str, Any]]) -> None:
    assert {hook["language"] for hook in hooks} == {"system"}
    assert len({hook["id"] for hook in hooks}) == len(hooks)


def test_hooks_run_the_tools_of_make_lint(hooks: list[dict[str, Any]], checkout: Path) -> None:
    programs = {Path(shlex.split(hook["entry"])[0]) for hook in hooks}
    assert {program.parent for program in programs} == {Path(".venv/bin")}
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert lint
    linters = set(re.findall(r"\$\(BIN\)/(\w+)", lint[1]))
    assert linters == {program.name for program in programs} - {"pytest"}


def test_files_that_hooks_name_are_there(hooks: list[dict[str, Any]], checkout: Path) -> None:
    named = [
        word
        for hook in hooks
        for word in shlex.split(hook["entry"])
        if word.endswith((".py", ".md", ".toml"))
    ]
    assert named
    assert [word for word in named if not (checkout / word).is_file()] == []
