"""What pages for those who carry on name is there: files, targets of make, programs, options, tables of the code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakesmb.cli import main
from fakesmb.version import __version__
from tests.docsblocks import blocks

ROOT = Path(__file__).parent.parent
PAGES = (
    "CONTRIBUTING.md",
    "SECURITY.md",
    "ARCHITECTURE.md",
    "bench/README.md",
    "fuzz/README.md",
    "docs/proof.md",
)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link, anchor in re.findall(r"\]\(([^):#\s]*)(#[^)\s]*)?\)", text(page)):
        file = (ROOT / page).parent / link if link else ROOT / page
        assert file.exists(), link
        if anchor:
            assert anchor in anchors(file), f"{link}{anchor}"


def anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, as the pages of a repository have them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return {f"#{one}" for one in plain}


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_are_there(page: str) -> None:
    makefile = text("Makefile")
    for target in re.findall(r"^[` ]*make ([a-z][a-z-]+)", "\n".join(code(page)), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def code(page: str) -> list[str]:
    """What stands in backticks, in fences and indented."""
    of_page = text(page)
    fenced = re.findall(r"^```\w*\n(.*?)^```$", of_page, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    \S.*$", of_page, re.MULTILINE)
    return re.findall(r"`[^`\n]+`", of_page) + fenced + indented


@pytest.mark.parametrize("page", PAGES)
def test_programs_and_files_that_commands_name_are_there(page: str) -> None:
    for words in code(page):
        for module in re.findall(r"python -m ([\w.]+)", words):
            place = ROOT / module.replace(".", "/")
            assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), module
        for path in re.findall(r"\b((?:tests|bench|fuzz|docs|fakesmb|examples)/[\w/.-]+\.\w+)", words):
            assert (ROOT / path).exists() or "NAME" in path or path.endswith("smbclient_mkdir.smb"), path


@pytest.mark.parametrize("page", PAGES)
def test_options_of_fakesmb_are_there(page: str) -> None:
    for line in "\n".join(code(page)).splitlines():
        found = re.search(r"fakesmb (show|serve|replay|demo) (.*)", line.strip("`"))
        if found is None:
            continue
        command = main.get_command(None, found[1])  # type: ignore[arg-type]
        assert command
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        given = {word for word in found[2].split("'")[0].split() if re.match(r"--?[a-z]", word)}
        assert {word.partition("=")[0] for word in given} <= known, line


def test_where_a_new_thing_goes_names_modules_and_tables_that_are_there() -> None:
    of_page = text("ARCHITECTURE.md")
    part = of_page[of_page.index("## Where a new") : of_page.index("## Tests")]
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "fakesmb").rglob("*.py"))
    for name in re.findall(r"`([\w/.]+)`", part):
        if "/" in name or name.endswith((".py", ".js")):
            found = [
                ROOT / name,
                *(ROOT / "fakesmb").rglob(name.rstrip("/")),
                *(ROOT / "tests").rglob(name.rstrip("/")),
            ]
            assert any(path.exists() for path in found), name
        elif name.isupper():
            assert re.search(rf"\b\w*{name}\b", sources), name


def test_everything_that_contributing_promises_a_place_for_has_one() -> None:
    [listed] = re.findall(r"has the places, file by file: (.+?)\.\n", text("CONTRIBUTING.md"), re.DOTALL)
    of_page = text("ARCHITECTURE.md").lower()
    part = of_page[of_page.index("## where a new") : of_page.index("## tests")]
    for thing in re.split(r",\s+", listed.replace("\n", " ")):
        first = thing.split()[0].lower()
        assert re.search(rf"\*\*[^*]*{first}[^*]*\*\*", part), thing


def test_the_line_that_is_mended_is_that_of_the_version() -> None:
    newest = ".".join(__version__.split(".")[:2])
    assert re.findall(r"\b(\d+\.\d+)\.x\b", text("SECURITY.md")) == [newest, newest]
    assert f"| before {newest}.0 | no |" in text("SECURITY.md")


def test_the_floor_of_coverage_is_that_of_the_makefile() -> None:
    [floor] = re.findall(r"^COVERAGE_FLOOR := (\d+)$", text("Makefile"), re.MULTILINE)
    assert f"held to {floor} %" in text("CONTRIBUTING.md")


def test_the_failing_leaf_is_shown_as_it_is_told() -> None:
    shown = text("CONTRIBUTING.md")
    assert (
        "once more, with the talk kept: python -m tests.conformance raw.mkdir.mkdir --keep torture" in shown
    )
    assert "once more, with the talk kept: " in text("tests/conformance/test_smbtorture.py")
    assert "raw.mkdir.mkdir\n" in text("tests/conformance/smbtorture.txt")


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path) -> None:
    """Those that end by themselves, in a copy of what they write."""
    for program in ("smbtorture", "smbclient"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in (
        ("fakesmb", "-m fakesmb "),
        ("python", ""),
        ("pytest", "-m pytest -p no:cacheprovider "),
    ):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        (programs / name).chmod(0o755)
    ran = 0
    for block in blocks(ROOT / "CONTRIBUTING.md"):
        if block.language != "sh" or block.not_run:
            continue
        script = block.text.replace(".venv/bin/", f"{programs}/")
        script = script.replace("tests/transcripts/smbclient_mkdir.smb", str(tmp_path / "made.smb"))
        script = script.replace("build/chain.smb", str(tmp_path / "chain.smb"))
        script = re.sub(r"\btorture(?=$|/)", str(tmp_path), script, flags=re.MULTILINE)
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        ran += 1
    assert ran == 3
    assert (tmp_path / "made.smb").is_file()
    assert (tmp_path / "chain.smb").is_file()
