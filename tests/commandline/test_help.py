"""The help of all commands: whole sentences by subject, within 80 columns, and examples that work as printed."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from impacket.smbconnection import SMBConnection

from fakesmb import FakeSMB, cli
from fakesmb.commandline.forms import Command
from fakesmb.commandline.parts import Example
from fakesmb.config.merging import Config
from fakesmb.replay.holder import Holder

COMMANDS = ["", *cli.main.commands]
EXAMPLES = [
    (name, one) for name, command in cli.main.commands.items() for one in getattr(command, "examples", ())
]


def helped(name: str) -> str:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(
        cli.main, [*filter(None, [name]), "--help"], prog_name="fakesmb"
    )
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_whole_sentences_within_80_columns(name: str) -> None:
    text = helped(name)
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.replace("[ARGS]...", "").replace("KIND,...", "").replace("names, ..., all", "")
    command = cli.main.commands[name] if name else cli.main
    for one in command.params:
        if isinstance(one, click.Option):
            assert re.match(r"[A-Z].*\.$", one.help or "", re.DOTALL), one.name
        else:
            assert getattr(one, "about", "").endswith("."), one.name


def test_every_command_is_listed_with_what_it_does() -> None:
    text = " ".join(helped("").split())
    for name, command in cli.main.commands.items():
        sentence = " ".join((command.help or "").partition("\n\n")[0].split())
        assert sentence.endswith(".")
        assert f"{name} {sentence}" in text


def test_options_of_serve_stand_by_subject() -> None:
    """None but that of the help is left over."""
    titles = re.findall(r"^(\w.*):$", helped("serve"), re.MULTILINE)
    assert titles[:3] == ["Arguments", "Shares", "Users, and how they sign in"]
    assert titles[-2:] == ["Other options", "Examples"]
    assert helped("serve").partition("Other options:\n")[2].split("\n")[:2] == [
        "  -h, --help  Show this message and exit.",
        "",
    ]


def test_every_command_has_examples() -> None:
    assert all(isinstance(one, Command) and one.examples for one in cli.main.commands.values())
    assert all(what.endswith(":") and line.startswith(("fakesmb ", "eval ")) for _, (what, line) in EXAMPLES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that has what the sample shares and the users of examples are, and where its capture lies."""
    folder = tmp_path_factory.mktemp("examples")
    tree = {"README.txt": "hello"}
    users = {"alice": "Secret123", "bob": "Passw0rd"}
    with FakeSMB(
        {"public": tree, "c$": tree}, users=users, pcap=folder / "talk.pcapng", log_file=folder / "log.jsonl"
    ) as smb:
        client = SMBConnection("FAKESMB", smb.host, sess_port=smb.port, preferredDialect="NT LM 0.12")
        client.login("bob", "Passw0rd")
        client.listPath("public", "*")
        client.close()
        yield smb, folder


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[example.line for _, example in EXAMPLES])
def test_examples_work_as_printed(
    name: str, example: Example, server: tuple[FakeSMB, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the address of the server, whose port is a free one, and pauses; `serve` is stopped before it listens."""
    smb, folder = server
    for made in ("lab/in", "docs", "in"):
        (tmp_path / made).mkdir(parents=True)
    for file in ("talk.pcapng", "log.jsonl"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    configs: list[Config] = []
    monkeypatch.setattr("fakesmb.serving.run.run", lambda config, *_, **__: configs.append(config))
    monkeypatch.setattr("fakesmb.replay.conversation.sleep", lambda _: None)
    held = Holder.run
    monkeypatch.setattr(Holder, "run", lambda self, _: held(self, 0))
    line, _, rest = re.sub(r"\b[\d.]+:\d+\b(?!/)", f"{smb.host}:{smb.port}", example.line).partition(" | ")
    line = re.sub(r'eval "\$\((.*)\)"', r"\1", line).partition(" >> ")[0].partition(" > ")[0]
    done = CliRunner().invoke(cli.main, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    assert len(configs) == (name == "serve")
    if rest.startswith("grep "):
        assert shlex.split(rest)[1] in done.output
    elif name not in ("serve",) and "--html" not in line:
        assert done.output
