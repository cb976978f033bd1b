"""Every block of docs/testing.md, and of README.md's part about tests, does what is said there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fakesmb.config.tomlfile import read
from tests.docsblocks import Block, blocks, write
from tests.docslists import LISTS, PAGE, with_lists
from tests.plugin.conftest import plugin_options

FAILING = "failing/test_upload_fails.py"
JCIFS = Path("/usr/share/java/jcifs.jar")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def page() -> list[Block]:
    return blocks(PAGE)


@pytest.fixture(scope="module")
def project(page: list[Block], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page."""
    folder = tmp_path_factory.mktemp("project")
    write(page, folder)
    return folder


@pytest.fixture(scope="module")
def run(project: Path, fakesmb_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a command in the project, where `fakesmb` and `python` are those of the tests."""
    programs = tmp_path_factory.mktemp("bin")
    for name, words in (("fakesmb", "-m fakesmb "), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        (programs / name).chmod(0o755)
    environment = fakesmb_environment | {"PATH": f"{programs}:{os.environ['PATH']}"}

    def run(*command: str, folder: Path = project) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def pytest_in(run: Run, *options: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    plugins = plugin_options("asyncio", "twisted", "xdist")
    return run(sys.executable, "-m", "pytest", "-q", *plugins, *options, folder=folder)


def outcomes(report: Path) -> dict[str, list[str]]:
    """The modules of a run, and what became of the tests in each."""
    found: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        module = (case.get("classname") or case.get("name") or "").split(".")[0]
        found.setdefault(f"{module}.py", []).append(next((child.tag for child in case), "passed"))
    return found


def plain(text: str) -> list[str]:
    """Lines without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+ *", "SERVER ", text)
    text = re.sub(r"^(\S+ +)\d+\.\d{6}", r"\1TIME", text, flags=re.MULTILINE)
    # Whether the client's close has come by then is a race that the report does not wait for.
    return [line.rstrip() for line in text.splitlines() if line.strip() and "client closed it" not in line]


def test_the_python_blocks_are_tests_that_pass(page: list[Block], project: Path, run: Run) -> None:
    done = pytest_in(run, "-n", "2", "--ignore=failing", "--junitxml=report.xml", folder=project)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = outcomes(project / "report.xml")
    wanted = {block.file for block in page if block.language == "python" and block.file.startswith("test_")}
    assert ran.keys() == wanted
    assert {outcome for module in ran.values() for outcome in module} == {"passed"}


def test_in_an_empty_project_the_tests_of_the_readme_pass_and_the_report_of_one_that_fails_is_as_shown(
    page: list[Block], run: Run, checkout: Path, tmp_path: Path
) -> None:
    of_readme = [block for block in blocks(checkout / "README.md") if block.language == "python"]
    write([*of_readme, *(block for block in page if block.file in ("clients.py", FAILING))], tmp_path)
    done = pytest_in(run, "--junitxml=report.xml", folder=tmp_path)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    ran = outcomes(tmp_path / "report.xml")
    assert ran == {**{block.file: ["passed"] for block in of_readme}, "failing.py": ["failure"]}
    assert len(of_readme) == 2
    [shown] = [block for block in page if block.language == "text"]
    said, lines = plain(done.stdout), plain(shown.text)
    assert lines[0] in said, done.stdout
    begin = said.index(lines[0])
    assert said[begin : begin + len(lines)] == lines


def test_the_shell_blocks_run(page: list[Block], project: Path, run: Run) -> None:
    for program in ("smbclient",):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    shell = [block.text for block in page if block.language == "sh" and (java() or "javac" not in block.text)]
    (project / "port.txt").write_text("1\n")  # of a server that was killed
    done = run("bash", "-euxc", "\n".join(shell))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is well" in done.stdout
    assert (project / "in" / "report.txt").read_text() == "all is well\n"
    if not java():
        pytest.skip("no javac, or no jcifs: the rest of the shell blocks ran")
    assert (project / "in" / "java.txt").read_text() == "all is well"


def java() -> bool:
    return shutil.which("javac") is not None and JCIFS.exists()


def test_the_configuration_can_be_read(project: Path) -> None:
    assert read(str(project / "fakesmb.toml"))


def test_there_is_no_block_that_nothing_runs(page: list[Block]) -> None:
    for block in page:
        assert block.language in ("python", "sh", "text", "toml", "ini", "java"), block
        assert block.file or block.language in ("sh", "text"), block


def test_the_lists_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_lists(text), "make docs"
    assert text.count("<!-- list: ") == len(LISTS)
