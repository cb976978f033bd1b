"""The server behaves as Windows does, as far as Samba's smbtorture can tell.

`smbtorture.txt` names the leaves that pass. `known_failures.txt` names those that do not, with what Windows does and
why the server does not yet; one that begins to pass fails the build until it is moved.
"""

import warnings
from pathlib import Path

import pytest

from tests.conformance.torture import Torture, leaves

HERE = Path(__file__).parent
PASSING = leaves((HERE / "smbtorture.txt").read_text(encoding="utf-8"))
FAILING = leaves((HERE / "known_failures.txt").read_text(encoding="utf-8"))
QUICK, SLOW = 60, 240
"""Seconds that a leaf may take."""


def cases() -> list[object]:
    """A test for each leaf; the slow ones are marked."""
    made: list[object] = []
    for leaf, note in PASSING.items():
        made.append(pytest.param(leaf, id=leaf, marks=[pytest.mark.slow] if note == "slow" else []))
    for leaf, reason in FAILING.items():
        made.append(pytest.param(leaf, id=leaf, marks=pytest.mark.xfail(strict=True, reason=reason)))
    return made


@pytest.mark.client
@pytest.mark.parametrize("leaf", cases())
def test_leaf(leaf: str, torture: Torture) -> None:
    patience = SLOW if PASSING.get(leaf) == "slow" else QUICK
    passed, said = torture.run(leaf, patience)
    if not passed and leaf in PASSING:
        # Its delays are real ones, and the machine may have been busy.
        warnings.warn(f"{leaf} is run once more: {said[-400:]}", stacklevel=1)
        passed, said = torture.run(leaf, patience)
    assert passed, said


def test_a_known_failure_has_a_reason_and_is_not_listed_as_passing() -> None:
    assert [leaf for leaf, reason in FAILING.items() if len(reason.split()) < 8 or leaf in PASSING] == []


def test_a_leaf_is_quick_or_slow() -> None:
    assert set(PASSING.values()) == {"", "slow"}
