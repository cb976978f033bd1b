"""In a project that does not use the fixtures the plugin is not felt."""

import os
import subprocess
import sys
from pathlib import Path

from tests.plugin.conftest import plugin_options

MILLISECONDS = 3
TIMED = """
import sys, time
import pytest

def once():
    for name in [name for name in sys.modules if name.split(".")[0] == "fakesmb"]:
        del sys.modules[name]
    started = time.perf_counter()
    import fakesmb.pytest_plugin
    return time.perf_counter() - started

print(1000 * min(once() for _ in range(20)))
"""
PROJECT = """
import sys

def test_one(pytestconfig):
    assert pytestconfig.pluginmanager.get_plugin("PLUGIN")
    loaded = {name for name in sys.modules if name.split(".")[0] in ("fakesmb", "msgspec", "greenlet", "impacket")}
    assert loaded == {"fakesmb", "fakesmb.pytest_plugin"}
    assert not any(name.split(".")[0] == "twisted" for name in sys.modules)
"""


def run(*command: str | Path, folder: Path) -> str:
    checkout = Path(__file__).parent.parent.parent
    told = {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": ""}  # bytecode is written, as usual
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_takes_few_milliseconds_to_import(tmp_path: Path) -> None:
    assert float(run("-c", TIMED, folder=tmp_path)) < MILLISECONDS


def test_it_imports_nothing_of_the_server(tmp_path: Path) -> None:
    plugin = plugin_options()
    name = plugin[-1] if plugin[-1:] == ["fakesmb.pytest_plugin"] else "fakesmb"
    (tmp_path / "test_it.py").write_text(PROJECT.replace("PLUGIN", name))
    run("-m", "pytest", "-q", *plugin, "test_it.py", folder=tmp_path)
