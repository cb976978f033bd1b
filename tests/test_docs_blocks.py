"""Every block of the pages for readers is run, here or by a test that is named, or says why it cannot be."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
import pytest

from fakesmb import FakeSMB
from fakesmb.cli import main
from fakesmb.config.merging import Config
from fakesmb.config.parts import CapturePart
from fakesmb.serving.configure import configure
from fakesmb.serving.environment import read
from tests.docsblocks import CHECKOUT, ELSEWHERE, RUN, Block, blocks, pages, unclear
from tests.docsscenes import SCENES, USUAL, Scene, server, take_capture

PAGES = pages()
RUN_HERE = {
    name: [block for block in blocks(page) if block.language in RUN and not block.not_run]
    for name, page in PAGES.items()
    if name not in ELSEWHERE
}
SERVE = re.compile(r"^(?:\w+=\S+ )*(?:sudo )?(?:\S*/)?fakesmb serve\b[^|>&]*$")
LOG_LINE = re.compile(r"^(\d+|-) +\d+\.\d{6} ")
STEP = "-- step {} --"


class Step(NamedTuple):
    """One command of a page, or the lines of a block of commands."""

    page: str
    line: int
    command: str
    shown: str = ""
    """What it prints, as the page shows it."""

    @property
    def is_server(self) -> bool:
        """Whether it is a server that would go on until it is ended."""
        return bool(SERVE.match(self.command))


def joined(text: str) -> list[str]:
    """Lines; those that a backslash continues in one."""
    return re.sub(r"\\\n\s*", " ", text).splitlines()


def steps(block: Block) -> Iterator[Step]:
    """The commands of a block."""
    if block.language == "console":
        for found in re.finditer(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
            yield Step(block.page, block.line, " ".join(joined(found[1])), found[2])
        return
    kept: list[str] = []
    for line in joined(block.text):
        if SERVE.match(line):
            yield Step(block.page, block.line, "\n".join(kept))
            yield Step(block.page, block.line, line)
            kept = []
        else:
            kept.append(line)
    yield Step(block.page, block.line, "\n".join(kept))


def form(line: str) -> str:
    """A line without what differs from run to run: numbers, and how wide that makes columns."""
    line = re.sub(r"0x[0-9A-Fa-f]+|\d+", "0", line)
    return re.sub(r"\s+", " ", line).strip()


def _fits(shown: str, said: str) -> bool:
    pattern = ".*".join(re.escape(form(part)) for part in shown.split("..."))
    return re.fullmatch(pattern.replace("\\ .*", ".*").replace(".*\\ ", ".*"), form(said)) is not None


def missing(shown: str, said: str) -> str:
    """The first line that is shown and was not said, in their order; `...` as a line are any lines. Empty: none."""
    wanted = [line for line in shown.splitlines() if line.strip()]
    lines = [line for line in said.splitlines() if line.strip()]
    at, anywhere = 0, True
    for line in wanted:
        if line.strip() == "...":
            anywhere = True
            continue
        found = next((i for i in range(at, len(lines)) if _fits(line, lines[i])), None)
        if found is None or (found > at and not anywhere):
            return line
        at, anywhere = found + 1, False
    return ""


@pytest.fixture(scope="module")
def smb() -> Iterator[FakeSMB]:
    with server() as smb:
        yield smb


@pytest.fixture(scope="module")
def environment(
    fakesmb_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Where `fakesmb` and `python` are those of the tests, and `sudo` is nobody else."""
    programs = tmp_path_factory.mktemp("bin")
    found = {
        "fakesmb": f'{sys.executable} -m fakesmb "$@"',
        "python": f'{sys.executable} "$@"',
        "sudo": '"$@"',
    }
    if smbclient := shutil.which("smbclient"):  # which on a terminal alone writes its lines in their order
        spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        found["smbclient"] = f'{sys.executable} -ISc "{spawn}" {smbclient} "$@"'
    for name, words in found.items():
        (programs / name).write_text(f"#!/bin/sh\nexec {words}\n")
        (programs / name).chmod(0o755)
    return fakesmb_environment | {"PATH": f"{programs}:{os.environ['PATH']}"}


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where the blocks of a page run."""
    scene = SCENES.get(request.param, USUAL)
    (tmp_path / "srv" / "lab" / "public").mkdir(parents=True)
    here = tmp_path / "here"
    here.mkdir()
    for name, text in scene.files.items():
        path = here / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(text)
    if scene.capture:
        take_capture(here / scene.capture)
    return here


def placed(text: str, scene: Scene, folder: Path, smb: FakeSMB) -> str:
    """A command with the server's port, and folders that there are."""
    for said, meant in scene.changed.items():
        assert said in text or scene is not USUAL
        text = text.replace(said, meant)
    for named in re.findall(r"(?<![\w.])/srv/[\w/]+", text):
        (folder.parent / named[1:]).mkdir(parents=True, exist_ok=True)
    text = re.sub(r"(?<![\w.])/srv/", f"{folder.parent}/srv/", text)
    return re.sub(r"\b8080\b", str(smb.web_port), re.sub(r"\b4450\b", str(smb.port), text))


def harmless(config: Config) -> Config:
    """The same on free ports of loopback, with this process's rights and nothing on its standard output."""
    web = (
        config.web
        if config.web.port is None
        else msgspec.structs.replace(config.web, port=0, host="127.0.0.1")
    )
    ports = {key: 0 for key in ("port", "datagram_port") if getattr(config.names, key) is not None}
    names = msgspec.structs.replace(config.names, **ports, **({"host": "127.0.0.1"} if ports else {}))
    return msgspec.structs.replace(
        config,
        host="127.0.0.1",
        port=0,
        netbios_port=None if config.netbios_port is None else 0,
        run_as="",
        log=msgspec.structs.replace(config.log, format="none"),
        capture=CapturePart() if config.capture.file == "-" else config.capture,
        web=web,
        names=names,
    )


def start(step: Step, text: str) -> None:
    """Starts the server that a line asks for, in this process, and stops it."""
    words = shlex.split(text, comments=True)
    at = words.index("serve")
    variables = dict(word.split("=", 1) for word in words[:at] if word.startswith("FAKESMB_"))
    serve = main.get_command(click.Context(main), "serve")
    assert serve is not None
    with serve.make_context("serve", words[at + 1 :]) as context:
        environment = read(serve, variables).but(context.params)
        config, _ = configure(environment.under(context.params), environment)
    with FakeSMB.from_config(harmless(config)) as smb:
        assert smb.port, step


def greeted(step: Step, text: str, folder: Path, environment: dict[str, str]) -> None:
    """Starts the server that a line asks for as a process, until it has said what is shown. Its port is a free one."""
    words = [*shlex.split(text, comments=True), "--port", "0"]
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    said: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if "ready on" in line:
                process.send_signal(signal.SIGTERM)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        assert process.wait(60) == 0, "".join(said)
    finally:
        process.kill()  # where it never is ready: else the thread, and so pytest, would wait for ever
        thread.join()
    assert not missing(step.shown, "".join(said)), "".join(said)


def run(found: list[Step], scene: Scene, folder: Path, smb: FakeSMB, environment: dict[str, str]) -> None:
    """Runs the commands in one shell, and compares what they print with what is shown."""
    script = []
    for number, step in enumerate(found):
        text = placed(step.command, scene, folder, smb)
        script += [f"echo; echo '{STEP.format(number)}'", f"{{ {text}\n}} || true" if step.shown else text]
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "exec 2>&1\n" + "\n".join(script)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    said = re.split(STEP.format(r"\d+"), done.stdout)[1:]
    for step, output in zip(found, said, strict=True):
        lost = missing(step.shown, output)
        assert not lost, f"{step.page}:{step.line}: {lost!r} is not in\n{output}"


def programs(found: list[Step]) -> set[str]:
    """Clients that the commands want."""
    return {
        name
        for step in found
        for name in ("smbclient", "curl", "tshark")
        if re.search(rf"\b{name}\b", step.command)
    }


def of_shell(name: str) -> list[Step]:
    """The commands of a page."""
    found = [step for block in RUN_HERE[name] if block.language != "python" for step in steps(block)]
    return [step for step in found if step.command.strip()]


WITH_SHELL = [name for name in RUN_HERE if of_shell(name)]
WITH_PYTHON = [
    name
    for name in RUN_HERE
    if name != "README.md" and any(one.language == "python" for one in RUN_HERE[name])
]


@pytest.mark.parametrize(("name", "folder"), [(name, name) for name in WITH_SHELL], indirect=["folder"])
def test_the_commands_of_a_page_run(
    name: str, folder: Path, smb: FakeSMB, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And print what the page shows, in form; so does the server's log."""
    scene, found = SCENES.get(name, USUAL), of_shell(name)
    for program in programs([step for step in found if not step.is_server]):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    smb.reset()
    clients = [step for step in found if not step.is_server]
    if clients:
        run(clients, scene, folder, smb, environment)
    log = "\n".join(smb.journal.lines(1000))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "home"))
    for step in found:
        if step.is_server:
            text = placed(step.command, scene, folder, smb)
            if step.shown:
                greeted(step, text, folder, environment)
            else:
                start(step, text)
    for block in blocks(PAGES[name]):
        if (
            block.language == "text"
            and LOG_LINE.match(block.text)
            and not block.not_run
            and "names:" not in block.text
        ):
            lost = missing(block.text, log)
            assert not lost, f"{name}:{block.line}: {lost!r} is not in\n{log}"


@pytest.mark.parametrize(("name", "folder"), [(name, name) for name in WITH_PYTHON], indirect=["folder"])
def test_the_python_blocks_of_a_page_run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = dict(SCENES.get(name, USUAL).names)
    for block in RUN_HERE[name]:
        if block.language == "python":
            exec(compile("\n" * block.line + block.text, str(PAGES[name]), "exec"), names)


def test_every_block_is_fenced_and_says_its_language() -> None:
    assert [line for page in PAGES.values() for line in unclear(page)] == []


def test_every_block_is_run_or_says_why_not() -> None:
    """None is left out in silence: what is counted here is what the parameters above and ELSEWHERE name."""
    ran = {(name, block.line) for name in {*WITH_SHELL, *WITH_PYTHON} for block in RUN_HERE[name]}
    for name, page in PAGES.items():
        for block in blocks(page):
            if block.language not in RUN or name in ELSEWHERE:
                continue
            by_plugin = name == "README.md" and block.language == "python"  # test_docs_testing
            assert block.not_run or by_plugin or (name, block.line) in ran, f"{name}:{block.line}"
            assert not block.not_run or len(block.not_run.split()) > 2, f"{name}:{block.line}: no reason"


def test_tests_that_are_named_are_there_and_read_the_page() -> None:
    for name, test in ELSEWHERE.items():
        text = (CHECKOUT / test).read_text(encoding="utf-8")
        assert Path(name).name in text or f'"{Path(name).parent.name}"' in text, name
    for name, page in PAGES.items():
        for block in blocks(page):
            for test in re.findall(r"tests/[\w/.]*\w", block.not_run):
                assert (CHECKOUT / test).exists(), f"{name}:{block.line}: {test}"


Missing = Callable[[str, str], str]


@pytest.mark.parametrize(
    ("shown", "said", "lost"),
    [
        ("a 12\nb", "x\na 1\nb\nc", ""),
        ("a\n...\nc", "a\nb\nc", ""),
        ("a\nc", "a\nb\nc", "c"),
        ("name ... end", "name of what is the end", ""),
        ("FID = 0x4000", "FID = 0x4001", ""),
        ("FID = 0x4000", "SID = 0x4001", "FID = 0x4000"),
        ("b\na", "a\nb", "a"),
    ],
)
def test_output_is_compared_in_form(shown: str, said: str, lost: str) -> None:
    assert missing(shown, said) == lost
