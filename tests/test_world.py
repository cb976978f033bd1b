"""`fakesmb.world` is the one source of time and randomness of what a run of a server is made of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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
