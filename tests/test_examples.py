"""Every example is run: programs with their tests, as their READMEs say; configurations are served to a client."""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner
from impacket.smbconnection import SessionError, SMBConnection

from fakesmb import FakeSMB, Names
from fakesmb.cli import main
from fakesmb.config.merging import Config
from fakesmb.serving.configure import configure
from fakesmb.serving.environment import read
from tests.docsblocks import blocks
from tests.plugin.conftest import plugin_options

FOLDER = Path(__file__).parent.parent / "examples"
PROGRAMS = ("pytest-uploader", "unittest-inbox", "asyncio-watcher", "node-service", "replay")
"""Whose README has a shell block that runs without an engine for containers."""
NEEDS = {"node-service": ("node", "curl")}
CONFIGURATIONS = ("classroom", "scanner", "retro-lab", "public-read-only")
HERE: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "run_as": ""}
"""In place of the addresses and ports of a real network."""
PATIENCE = 100


@pytest.fixture
def programs(fakesmb_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment in which `fakesmb` and `python` are those of the tests."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, words in (("fakesmb", "-m fakesmb "), ("python", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        (folder / name).chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    options = shlex.join([*plugin_options(), "-p", "no:cacheprovider"])
    return fakesmb_environment | {"PATH": path, "PYTEST_ADDOPTS": options, "PYTHONDONTWRITEBYTECODE": ""}


IN_PROCESS = ("unittest-inbox", "asyncio-watcher", "replay")
"""Those that are run in this process, too, which takes a tenth of the time."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in IN_PROCESS)) for name in PROGRAMS]
)
def test_a_program_and_its_tests_run_as_the_readme_says(
    name: str, programs: dict[str, str], tmp_path: Path
) -> None:
    for needed in NEEDS.get(name, ()):
        if shutil.which(needed) is None:
            pytest.skip(f"no {needed} here")
    there = tmp_path / "examples"
    shutil.copytree(FOLDER / name, there)
    [block] = [block.text for block in blocks(FOLDER / name / "README.md") if block.language == "sh"]
    done = subprocess.run(
        ["bash", "-eu", "-c", block],
        cwd=there,
        env=programs,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if name == "replay":
        assert " 0 different, 0 missing" in done.stdout
    else:
        assert re.search(r"passed|^OK|# fail 0", done.stdout + done.stderr, re.MULTILINE)


@pytest.mark.parametrize("name", ["unittest-inbox", "asyncio-watcher"])
def test_tests_of_unittest_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER / name))
    said = io.StringIO()
    suite = unittest.TestLoader().discover(str(FOLDER / name))
    result = unittest.TextTestRunner(said).run(suite)
    assert result.wasSuccessful(), said.getvalue()
    assert result.testsRun >= 2


def test_the_talk_is_played_again_and_one_that_differs_is_told(tmp_path: Path) -> None:
    talk = str(FOLDER / "replay" / "upload.pcapng")
    with served("replay", tmp_path) as smb:
        words = ["replay", talk, f"{smb.host}:{smb.port}", "-u", "alice:Secret123"]
        same = CliRunner().invoke(main, words)
        assert same.exit_code == 0, same.output
        assert " 0 different, 0 missing" in same.output
        smb.share("share").delete("report.txt")
        other = CliRunner().invoke(main, words)
        assert other.exit_code == 1
        assert "STATUS_SUCCESS, here STATUS_NO_SUCH_FILE" in other.output
        assert ", 2 different, " in other.output


@contextmanager
def served(name: str, tmp_path: Path, **more: Any) -> Iterator[FakeSMB]:
    """The configuration of an example, on a free port of this machine."""
    there = tmp_path / name
    shutil.copytree(FOLDER / name, there)
    with FakeSMB.from_file(there / "fakesmb.toml", **(HERE | more)) as smb:
        yield smb


def signed_in(smb: FakeSMB, user: str = "", password: str = "") -> SMBConnection:
    client = SMBConnection(smb.host, smb.host, sess_port=smb.port, preferredDialect="NT LM 0.12", timeout=20)
    client.login(user, password)
    return client


def test_in_class_pairs_write_and_only_the_teacher_reads_solutions(tmp_path: Path) -> None:
    with served("classroom", tmp_path, web=0) as smb:
        pair = signed_in(smb, "pair1", "alpha")
        pair.putFile("work", "pair1/answer.txt", io.BytesIO(b"Session Setup").read)
        assert {entry.get_longname() for entry in pair.listPath("tasks", "*")} >= {"tasks.txt"}
        for share in ("tasks", "solutions"):
            with pytest.raises(SessionError, match="ACCESS_DENIED"):
                pair.putFile(share, "new.txt", io.BytesIO(b"x").read)
        smb.journal.verify(command="SMB_COM_TREE_CONNECT_ANDX", status="ACCESS_DENIED", user="pair1")
        teacher = signed_in(smb, "teacher", "change-this-too")
        found = io.BytesIO()
        teacher.getFile("solutions", "solutions.txt", found.write)
        assert b"STATUS_ACCESS_DENIED" in found.getvalue()
        for client in (pair, teacher):
            client.close()


def test_a_scanner_puts_a_file_and_nobody_else_does(tmp_path: Path) -> None:
    with served("scanner", tmp_path, netbios_port=0) as smb:
        with pytest.raises(SessionError, match="LOGON_FAILURE"):
            signed_in(smb, "scanner", "guessed")
        with pytest.raises(SessionError, match="LOGON_FAILURE"):
            signed_in(smb, "somebody", "else")
        device = signed_in(smb, "scanner", "change-this-word")
        device.putFile("scans", "page1.pdf", io.BytesIO(b"%PDF").read)
        device.close()
        assert smb.share("scans").read("page1.pdf") == b"%PDF"


def test_an_old_machine_finds_shares_by_passwords_of_theirs(tmp_path: Path) -> None:
    if shutil.which("smbclient") is None:
        pytest.skip("no smbclient here (Debian: smbclient)")
    names = Names(port=0, datagram_port=0, host="127.0.0.1", broadcast="255.255.255.255")
    with served("retro-lab", tmp_path, netbios_port=0, names=names) as smb:
        smb.share("GAMES").write("ELITE.EXE", b"MZ")

        def old(password: str, what: str, share: str = "GAMES") -> str:
            words = ["smbclient", "-m", "LANMAN1", "--option=client min protocol=CORE"]
            words += [
                "--option=client lanman auth=yes",
                "--option=client ntlmv2 auth=no",
                "--option=client plaintext auth=yes",
                "-p",
                str(smb.port),
            ]
            words += ["-U", f"guest%{password}", f"//127.0.0.1/{share}", "-c", what]
            done = subprocess.run(
                words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
            )
            return done.stdout + done.stderr

        (tmp_path / "save.dat").write_text("level 7")
        assert "ELITE.EXE" in old("PLAY", "ls")
        assert "NT_STATUS" in old("PLAY", "put save.dat")
        assert "NT_STATUS" not in old("SAVEGAME", "put save.dat")
        assert smb.share("GAMES").exists("save.dat")
        assert "NT_STATUS" in old("wrong", "ls")
        old("", "print save.dat", "PRINTER")
        assert [job.data for job in smb.jobs()] == [b"level 7"]


def test_everybody_reads_and_nobody_writes(tmp_path: Path) -> None:
    with served("public-read-only", tmp_path) as smb:
        for user in ("", "somebody"):
            client = signed_in(smb, user)
            found = io.BytesIO()
            client.getFile("public", "README.txt", found.write)
            assert found.getvalue() == b"Everybody may read this.\n"
            with pytest.raises(SessionError, match="ACCESS_DENIED"):
                client.putFile("public", "new.txt", io.BytesIO(b"x").read)
            client.close()


def commands(text: str) -> list[list[str]]:
    """The lines that start fakesmb, as words."""
    lines = text.replace("\\\n", " ").splitlines()
    found = [line.strip().removeprefix("sudo ") for line in lines]
    return [shlex.split(line.removesuffix("&")) for line in found if line.startswith("fakesmb ")]


def test_options_of_commands_in_the_readmes_are_there() -> None:
    seen = 0
    for readme in FOLDER.glob("*/README.md"):
        for words in commands(readme.read_text(encoding="utf-8")):
            command = main.get_command(None, words[1])  # type: ignore[arg-type]
            assert command, words
            known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            assert [word for word in words if word.startswith("-") and word not in known] == [], readme
            seen += 1
    assert seen >= 8


def on_free_ports(arguments: list[str]) -> Config:
    """What arguments of `serve` say, with whoever runs this and ports that nobody has; addresses are as they say."""
    serve = main.get_command(click.Context(main), "serve")
    assert serve is not None
    with serve.make_context("serve", arguments) as context:
        environment = read(serve, {}).but(context.params)
        config, _ = configure(environment.under(context.params), environment)
    ports = {key: 0 for key in ("port", "datagram_port") if getattr(config.names, key) is not None}
    return msgspec.structs.replace(
        config,
        port=0,
        netbios_port=None if config.netbios_port is None else 0,
        run_as="",
        names=msgspec.structs.replace(config.names, **ports),
    )


def test_ports_and_addresses_that_the_readmes_lay_over_a_file_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `sudo` is there for is the ports: with the arguments of the second command nobody needs to be root."""
    for name in ("scanner", "retro-lab", "public-read-only"):
        *_, words = [
            words for words in commands((FOLDER / name / "README.md").read_text("utf-8")) if "--host" in words
        ]
        told = (FOLDER / name / "fakesmb.toml").read_text(encoding="utf-8")
        ports = re.findall(r"^(\w*port) = (\d+)", told, re.MULTILINE)
        options = {"port": "--port" if name != "retro-lab" else "--name-port"}
        assert ports
        for key, number in ports:
            assert int(number) < 1024
            option = f"--{key.replace('_', '-')}"
            assert option in words or options[key] in words, f"{name}: {key}"
        assert "--run-as" in words
        shutil.copytree(FOLDER / name, tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        with FakeSMB.from_config(on_free_ports(words[2:])) as smb:
            assert smb.port


class TestContinuousIntegration:
    """The jobs are those of their services' formats, and what they run works."""

    @pytest.fixture
    def jobs(self) -> dict[str, dict[str, Any]]:
        yaml = pytest.importorskip("yaml", reason="no PyYAML here")
        read = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (FOLDER / "ci").glob("*.yml")}
        assert read.keys() == {"github-actions", "gitlab-ci"}
        github, gitlab = read["github-actions"], read["gitlab-ci"]
        return {**{f"github {name}": job for name, job in github["jobs"].items()}, **gitlab} | {
            "github": github
        }

    def scripts(self, jobs: dict[str, dict[str, Any]]) -> list[str]:
        found = [line for job in jobs.values() if isinstance(job, dict) for line in job.get("script", [])]
        steps = [step for job in jobs.values() if isinstance(job, dict) for step in job.get("steps", [])]
        return found + [step["run"] for step in steps if "run" in step]

    def test_they_have_the_form(self, jobs: dict[str, dict[str, Any]]) -> None:
        github = jobs["github"]
        assert {"name", True, "jobs"} == set(github)  # YAML 1.1 reads `on` as true
        for name in ("github python", "github any-language"):
            assert jobs[name]["runs-on"]
            assert all(("run" in step) != ("uses" in step) for step in jobs[name]["steps"])
        assert jobs["any-language"]["services"][0]["alias"] == "fakesmb"
        assert jobs["github any-language"]["services"]["fakesmb"]["ports"] == ["4450:445"]
        for name in ("python", "any-language"):
            assert jobs[name]["stage"] in jobs["stages"]

    def test_their_lines_are_shell(self, jobs: dict[str, dict[str, Any]]) -> None:
        scripts = self.scripts(jobs)
        assert len(scripts) == 9
        for line in scripts:
            subprocess.run(["bash", "-n", "-c", line.replace("${{", "${").replace("}}", "}")], check=True)

    def test_what_they_install_is_what_the_package_has(
        self, jobs: dict[str, dict[str, Any]], checkout: Path
    ) -> None:
        extras = set(re.findall(r"fakesmb\[(\w+)\]", "\n".join(self.scripts(jobs))))
        assert extras == {"pytest"}
        assert re.search(r"^pytest = \[", (checkout / "pyproject.toml").read_text("utf-8"), re.MULTILINE)

    def test_their_clients_put_a_file(self, jobs: dict[str, dict[str, Any]], tmp_path: Path) -> None:
        if shutil.which("smbclient") is None:
            pytest.skip("no smbclient here (Debian: smbclient)")
        (tmp_path / "README.md").write_text("all is well\n")
        lines = [line for line in self.scripts(jobs) if line.startswith("smbclient ")]
        assert len(lines) == 2
        with FakeSMB({"public": {}}, users={"alice": "Secret123"}) as smb:
            for line in lines:
                here = line.replace(" -p 4450", "").replace("//fakesmb/", "//127.0.0.1/")
                here = here.replace("smbclient ", f"smbclient -p {smb.port} ", 1)
                subprocess.run(["bash", "-eu", "-c", here], cwd=tmp_path, check=True, capture_output=True)
            assert smb.share("public").read("README.md") == b"all is well\n"
            smb.journal.verify(verb="wrote", path="README.md", count=2)


def test_every_example_is_in_both_lists_and_is_run(checkout: Path) -> None:
    folders = {
        path.name for path in FOLDER.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    }
    assert {*IN_PROCESS, *NEEDS, "pytest-uploader"} == set(PROGRAMS)
    assert folders == {*PROGRAMS, *CONFIGURATIONS, "ci", "containers"}
    listed = set(re.findall(r"\((\S+)/README\.md\)", (FOLDER / "README.md").read_text("utf-8")))
    assert listed == folders
    page = (checkout / "docs" / "examples.md").read_text(encoding="utf-8")
    assert {name for name in folders if f"../examples/{name}/" in page} == folders


def test_what_the_readmes_lead_to_is_there() -> None:
    for readme in FOLDER.rglob("README.md"):
        for link in re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", readme.read_text("utf-8")):
            assert (readme.parent / link).exists(), f"{readme}: {link}"
