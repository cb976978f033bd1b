"""Many tests in one run, and few descriptors: nothing adds up."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import plugin_options

TESTS = """
import os, socket, threading
import pytest

kept = []

@pytest.mark.parametrize("number", range(NUMBER))
def test_one(smb, number):
    kept.append(socket.create_connection((smb.host, smb.port)))  # a client that is left behind
    smb.share("share").write("a.txt", b"x")
    assert not smb.share("share").exists("b.txt")
    assert len(threading.enumerate()) < 5
    if len(kept) > 10:
        assert kept.pop(0).recv(1) == b"", "the server has dropped it"
"""


@pytest.mark.parametrize(
    ("number", "descriptors"), [(60, 80), pytest.param(600, 256, marks=pytest.mark.slow)]
)
def test_many_tests_with_few_descriptors(
    tmp_path: Path, fakesmb_environment: dict[str, str], number: int, descriptors: int
) -> None:
    (tmp_path / "test_it.py").write_text(TESTS.replace("NUMBER", str(number)))
    words = [sys.executable, "-m", "pytest", "-q", *plugin_options(), "test_it.py"]
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *words],
        cwd=tmp_path,
        env=fakesmb_environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert f"{number} passed" in done.stdout
