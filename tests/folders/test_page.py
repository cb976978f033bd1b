"""docs/shares.md: its blocks are run, one after the other."""

import re
from pathlib import Path

import pytest


def test_the_blocks_of_the_page_run(
    checkout: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tests" / "data").mkdir(parents=True)
    (tmp_path / "tests" / "data" / "original.txt").write_bytes(b"original")
    monkeypatch.chdir(tmp_path)
    page = (checkout / "docs" / "shares.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/shares.md", "exec"), names)
    assert [path.name for path in (tmp_path / "tests" / "data").iterdir()] == ["original.txt"]
