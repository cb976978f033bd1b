"""docs/command.md, the pages of the manual and completion are those of the commands as they are now."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from fakesmb import cli


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    """docs/_ext/commandpages.py."""
    path = Path(__file__).parents[2] / "docs" / "_ext" / "commandpages.py"
    spec = importlib.util.spec_from_file_location("commandpages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_current(checkout: Path, pages: ModuleType) -> None:
    """`make docs` mends it."""
    assert (checkout / "docs" / "command.md").read_text(encoding="utf-8") == pages.page()
    there = {one.name: one.read_text(encoding="utf-8") for one in (checkout / "man").iterdir()}
    assert there == pages.manuals()


def test_every_option_is_on_its_pages(pages: ModuleType) -> None:
    manuals = pages.manuals()
    for name, command in cli.main.commands.items():
        text = manuals[f"fakesmb-{name}.1"].replace("\\-", "-")
        for one in command.params:
            assert max(one.opts, key=len) in text or one.name.upper() in text or one.metavar in text


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_the_manual_is_set_without_a_warning(pages: ModuleType) -> None:
    for name, text in pages.manuals().items():
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tutf8"], input=text.encode(), capture_output=True, check=True
        )
        assert (name, done.stderr.decode()) == (name, "")
        assert len(done.stdout) > 500


def test_what_troff_would_take_for_its_own(pages: ModuleType) -> None:
    assert pages.roff(".x\n'y' \\ -z") == "\\&.x\n\\(aqy\\(aq \\e \\-z"


def completed(shell: str, words: list[str], incomplete: str, cwd: Path) -> list[str]:
    """What the shell is told, as its script asks for it."""
    words = ["fakesmb", *words]
    asked = {
        "_FAKESMB_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join([*words, incomplete]),
        "COMP_CWORD": str(len(words)) if shell != "fish" else incomplete,
    }
    done = CliRunner(env=asked).invoke(cli.main, prog_name="fakesmb")
    return done.output.splitlines()


@pytest.mark.parametrize(
    ("words", "incomplete", "found"),
    [
        ([], "se", ["plain,serve"]),
        (["serve"], "--po", ["plain,--port", "plain,--port-file"]),
        (["serve", "--log"], "j", ["plain,json"]),
        (["serve", "--profile"], "windows-9", ["plain,windows-98"]),
        (["serve", "--config"], "lab", ["file,lab"]),
        (["serve"], "", ["dir,"]),
        (["completion"], "", ["plain,bash", "plain,zsh", "plain,fish"]),
    ],
)
def test_values_are_completed(words: list[str], incomplete: str, found: list[str], tmp_path: Path) -> None:
    assert completed("bash", words, incomplete, tmp_path) == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str) -> None:
    done = CliRunner().invoke(cli.main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_FAKESMB_COMPLETE={shell}_complete" in done.output


def test_bash_completes(checkout: Path, tmp_path: Path) -> None:
    """By the file that a package puts where bash-completion looks."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    (tmp_path / "fakesmb").write_text(f'#!/bin/sh\nexec {sys.executable} -m fakesmb "$@"\n')
    (tmp_path / "fakesmb").chmod(0o755)
    script = (
        f". {checkout}/completions/fakesmb.bash\n"
        "COMP_WORDS=(fakesmb serve --sign) COMP_CWORD=2 COMP_LINE='fakesmb serve --sign'\n"
        '_fakesmb_completion fakesmb\necho "${COMPREPLY[@]}"\n'
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(checkout)}
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["--signing"]


def test_the_line_for_bash_is_enough_where_home_is_empty(checkout: Path, tmp_path: Path) -> None:
    """No folder has to be there, and no other package."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    [line] = re.findall(
        r"^fakesmb completion bash .*$", (checkout / "docs/command.md").read_text("utf-8"), re.M
    )
    (tmp_path / "fakesmb").write_text(f'#!/bin/sh\nexec {sys.executable} -m fakesmb "$@"\n')
    (tmp_path / "fakesmb").chmod(0o755)
    (tmp_path / "home").mkdir()
    environment = {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(checkout),
    }
    script = f"set -e; {line}; . ~/.bashrc; complete -p fakesmb"
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert "_fakesmb_completion" in done.stdout
