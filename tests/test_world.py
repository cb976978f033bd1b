"""`fakesmb.world` is the one source of time and randomness of what a run of a server is made of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fakesmb.app import FakeSMBService
from fakesmb.cli import main
from fakesmb.config import merging, tomlfile
from fakesmb.config.merging import Arguments
from fakesmb.mistakes import ConfigError
from fakesmb.world import Clock, RepeatableWorld, ToldTime, World

PACKAGE = Path(__file__).parent.parent / "fakesmb"
PARTS = ("core", "auth", "rpc", "rap", "vfs", "nt", "wire")
SOURCES = {
    "time": {"time", "time_ns", "localtime", "clock_gettime", "clock_gettime_ns"},
    "os": {"urandom", "getrandom"},
    "secrets": set(),
    "random": set(),
    "uuid": {"uuid1", "uuid4"},
    "datetime": {"now", "utcnow", "today"},
}
"""Module: what of it tells time or randomness; nothing listed: all of it."""

MODULES = sorted(path for part in PARTS for path in (PACKAGE / part).rglob("*.py"))


def asked_of_the_machine(source: str) -> Iterator[str]:
    """What a module uses of `SOURCES`, by whatever way it imports it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if SOURCES.get(one.name) == set())
        elif isinstance(node, ast.ImportFrom) and node.module in SOURCES:
            wanted = SOURCES[node.module]
            yield from (f"{node.module}.{one.name}" for one in node.names if not wanted or one.name in wanted)
        elif isinstance(node, ast.Attribute):
            module = ast.unparse(node.value).rpartition(".")[2]
            if node.attr in SOURCES.get(module, ()):
                yield f"{module}.{node.attr}"


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_asks_its_world_for_time_and_randomness(path: Path) -> None:
    assert list(asked_of_the_machine(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time\nnow = time.time_ns",
        "from time import time",
        "import os\nos.urandom(8)",
        "import secrets",
        "from secrets import token_bytes",
        "import random",
        "import uuid\nuuid.uuid4()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
    ],
)
def test_every_way_to_ask_the_machine_is_found(source: str) -> None:
    assert list(asked_of_the_machine(source))


def test_other_uses_of_the_same_modules_are_fine() -> None:
    assert not list(
        asked_of_the_machine("import os, uuid, time\nos.stat(path)\nuuid.UUID(text)\nst.st_mtime_ns")
    )


# -- what people say of it ---------------------------------------------------------------------------------


def merged(folder: Path, text: str) -> merging.Config:
    (folder / "fakesmb.toml").write_text(text, encoding="utf-8")
    return merging.merge(tomlfile.read(str(folder / "fakesmb.toml")), Arguments())


@pytest.mark.parametrize(
    ("text", "seed", "clock"),
    [
        ("", None, None),
        ("deterministic = false", None, None),
        ("deterministic = true", 1, None),
        ("deterministic = 0", 0, None),
        ("deterministic = 77\nclock = 2004-02-01T10:00:00Z", 77, Clock()),
        ('clock = "2004-02-01T10:00:00Z,step=1ms"', None, Clock(step=1_000_000)),
        ("clock = 2004-02-01T12:00:00+02:00", None, Clock()),
    ],
)
def test_in_a_file(tmp_path: Path, text: str, seed: int | None, clock: Clock | None) -> None:
    made = merged(tmp_path, f"[server]\n{text}\n")
    assert (made.seed, made.clock) == (seed, clock)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('clock = "noon"', ":2: server.clock: must be a time such as 2004-02-01T10:00:00Z"),
        ("clock = 5", ":2: server.clock: must be a time such as"),
        ('clock = "2004-02-01T10:00:00Z,step=fast"', ":2: server.clock: 'step=fast' is no step"),
        ("clock = 0001-01-01T00:00:00+14:00", ":2: server.clock: 1 is no year between 1980 and 2099"),
        ("clock = 9999-12-31T23:59:59-14:00", ":2: server.clock: 9999 is no year between 1980 and 2099"),
        ('clock = "2004-02-01T10:00:00Z,step=3601s"', ":2: server.clock: 'step=3601s' is more than an hour"),
        ("clock = 1970-01-01T00:00:00Z", ":2: server.clock: 1970 is no year between 1980 and 2099"),
        ('deterministic = "yes"', ":2: server.deterministic: "),
        ("deterministic = -1", ":2: server.deterministic: "),
    ],
)
def test_a_mistake_in_a_file_has_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        merged(tmp_path, f"[server]\n{text}\n")
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "seed", "clock"),
    [
        (("--deterministic",), 1, None),
        (("--deterministic=9", "--clock", "2004-02-01T10:00:00Z,step=1ms"), 9, Clock(step=1_000_000)),
        ((), None, None),
    ],
)
def test_as_arguments(
    tmp_path: Path,
    words: tuple[str, ...],
    seed: int | None,
    clock: Clock | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[merging.Config] = []

    def run(configured: merging.Config, *_: object, **__: object) -> None:
        made.append(configured)

    monkeypatch.setattr("fakesmb.serving.run.run", run)
    done = CliRunner().invoke(main, ["serve", "--share", f"x={tmp_path}", *words])
    assert done.exit_code == 0, done.output
    assert (made[0].seed, made[0].clock) == (seed, clock)


@pytest.mark.parametrize(
    "words",
    [
        ("--deterministic=x",),
        ("--clock", "noon"),
        ("--clock", "5,step=1ms"),
        ("--clock", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, ["serve", *words])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert words[0].lstrip("-").partition("=")[0] in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--deterministic", "."), "--deterministic .: must be a whole number, the seed"),
        (("--deterministic=-3",), "-3: no such option: no number here may be negative"),
    ],
)
def test_a_seed_that_is_none(words: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(main, ["serve", *words])
    assert done.exit_code == 2
    assert told in done.output


def test_on_a_network_it_is_told_what_a_seed_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr("fakesmb.serving.run.run", lambda _, notes, *__, **___: told.append(notes))
    for host in ("127.0.0.1", "0.0.0.0"):
        words = ["serve", "--share", f"x={tmp_path}", "--user", "a:b", "--host", host, "--deterministic"]
        assert CliRunner().invoke(main, words).exit_code == 0
    assert [any("whoever knows the seed" in note for note in notes) for notes in told] == [False, True]


def test_the_world_of_a_service() -> None:
    from fakesmb.app import _world

    assert type(_world(FakeSMBService().config)) is World
    assert type(_world(FakeSMBService(clock="2004-02-01T10:00:00Z").config)) is ToldTime
    made = _world(FakeSMBService(deterministic=5).config)
    assert isinstance(made, RepeatableWorld)
    assert (made.seed, made.clock) == (5, Clock())
