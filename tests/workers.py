"""How many workers run the tests beside one another, and how they begin."""

import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def workers(cores: int) -> int:
    """Half as many again as there are cores: tests of clients wait a third of their time."""
    return cores + (cores + 1) // 2


def compile_share(config: pytest.Config) -> None:
    """In a fresh checkout each worker compiles some of the modules of tests, and reads what the others compiled.

    Compiling all takes twice the processor time of all else that happens before the first test.
    """
    name, count = (os.environ.get(f"PYTEST_XDIST_WORKER{rest}", "") for rest in ("", "_COUNT"))
    if not name or sys.dont_write_bytecode:
        return
    asked = [Path(config.invocation_params.dir, arg.partition("::")[0]).resolve() for arg in config.args]
    uncompiled = [file for file in sorted(TESTS.rglob("test_*.py")) if not is_compiled(file)]
    for file in uncompiled[int(name.removeprefix("gw")) :: int(count)]:
        if any(file.is_relative_to(path) for path in asked):
            with suppress(Exception, pytest.skip.Exception):  # which collection will tell
                importlib.import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))


def is_compiled(file: Path) -> bool:
    """Whether pytest has compiled it some time; it looks itself whether that is the file of today."""
    return any(file.parent.glob(f"__pycache__/{file.stem}.*-pytest-*.pyc"))
