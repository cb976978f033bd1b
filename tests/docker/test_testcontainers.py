"""examples/containers: the image under testcontainers, as other projects start it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker


def test_the_example_runs(image: str, checkout: Path, tmp_path: Path) -> None:
    pytest.importorskip("testcontainers", reason="testcontainers is not installed")
    there = tmp_path / "containers"
    shutil.copytree(checkout / "examples" / "containers", there)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=there,
        env=os.environ | {"FAKESMB_IMAGE": image, "TESTCONTAINERS_RYUK_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
