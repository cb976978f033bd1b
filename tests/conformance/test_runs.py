"""Leaves one by one, for people: `python -m tests.conformance`."""

import shutil
from pathlib import Path

import pytest

from tests.conformance import samba as peer
from tests.conformance.__main__ import BASELINE, Verdict, capture_of, chosen, listed, main, told
from tests.conformance.torture import leaves, reason

LEAF = "base.charset.Testing naked diacritical (umlaut).Testing naked diacritical (umlaut)"
SAID = """\
Testing mkdir collision
(../../source4/torture/raw/mkdir.c:62) Incorrect status NT_STATUS_ACCESS_DENIED - should be NT_STATUS_OK
error: raw.mkdir.mkdir [
Unknown error/failure. Missing torture_fail() or torture_assert_*() call?
]
"""


@pytest.fixture
def smbtorture() -> None:
    if shutil.which("smbtorture") is None:
        pytest.skip("smbtorture is not installed (Debian: samba-testsuite)")


def test_the_reason_of_a_failure_is_one_line() -> None:
    assert reason(SAID).startswith("(../../source4/torture/raw/mkdir.c:62) Incorrect status")
    assert reason("failure: x [\nstatus was A,\n  expected B\n]\n") == "status was A, expected B"
    assert reason("") == "no verdict"


def test_patterns_choose_leaves_and_a_name_that_there_is_not_is_told() -> None:
    assert chosen(["raw.mkdir.mkdir"]) == ["raw.mkdir.mkdir"]
    assert len(chosen(["raw.lock.*"])) > 10
    assert len(chosen([])) > 400
    with pytest.raises(SystemExit, match=r"no leaf is called raw\.mkdri"):
        chosen(["raw.mkdri"])


def test_what_is_told_of_a_failure_leads_to_the_talk(tmp_path: Path) -> None:
    verdict = Verdict("raw.mkdir.mkdir", False, 1.25, SAID)
    lines = list(told(verdict, tmp_path, {"raw.mkdir.mkdir": "so it says"}))
    assert lines[:2] == ["FAILED    1.2 s  raw.mkdir.mkdir", "    Samba fails here: so it says"]
    assert any("Incorrect status" in line for line in lines)
    assert str(capture_of("raw.mkdir.mkdir", tmp_path)) in lines[-1]
    assert list(told(verdict._replace(passed=True), None, {})) == ["passed    1.2 s  raw.mkdir.mkdir"]
    assert capture_of(LEAF, tmp_path).name.isascii()


@pytest.mark.client
@pytest.mark.usefixtures("smbtorture")
def test_a_leaf_is_run_and_its_talk_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([LEAF, "--keep", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("1 of 1 passed\n")
    assert capture_of(LEAF, tmp_path).stat().st_size > 1000


@pytest.mark.client
@pytest.mark.slow
@pytest.mark.usefixtures("smbtorture")
def test_samba_is_asked_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if lacking := peer.missing():
        pytest.skip(lacking)
    written = tmp_path / "samba.txt"
    assert main(["raw.mkdir.mkdir", "raw.qfsinfo.qfsinfo", "--samba", "--write", str(written)]) == 1
    assert "1 of 2 passed" in capsys.readouterr().out
    assert list(leaves(written.read_text())) == ["raw.qfsinfo.qfsinfo"]


def test_what_samba_fails_is_of_our_leaves_each_with_its_reason(checkout: Path) -> None:
    baseline = listed(BASELINE.name)
    assert set(baseline) <= set(chosen([]))
    assert [leaf for leaf, why in baseline.items() if len(why.split()) < 2] == []
    whole, known = len(chosen([])), len(listed("known_failures.txt"))
    told_there = (checkout / "docs" / "proof.md").read_text(encoding="utf-8")
    assert f"{whole - known} say something" in told_there
    assert f"passes {whole - len(baseline)} of the {whole}" in told_there
