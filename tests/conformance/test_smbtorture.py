"""The server behaves as Windows does, as far as Samba's smbtorture can tell.

`smbtorture.txt` names the leaves that pass. `known_failures.txt` names those that do not, with what Windows does and
why the server does not yet; one that begins to pass fails the build until it is moved.

A process runs the quick leaves of a suite together. With `--slow` each leaf has a process, and a test, of its own:
`pytest --slow tests/conformance -k raw.open.open-for-delete` runs one.
"""

import shlex
import warnings
from pathlib import Path

import pytest

from tests.conformance.torture import Torture, groups, leaves, plain

HERE = Path(__file__).parent
PASSING = leaves((HERE / "smbtorture.txt").read_text(encoding="utf-8"))
FAILING = leaves((HERE / "known_failures.txt").read_text(encoding="utf-8"))
QUICK, SLOW = 60, 240
"""Seconds that a leaf may take."""
KNOWN = [
    pytest.param(leaf, id=leaf, marks=pytest.mark.xfail(strict=True, reason=reason))
    for leaf, reason in FAILING.items()
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for the quick leaves of each suite; or, with `--slow`, for each leaf."""
    quick = [leaf for leaf, note in PASSING.items() if not note]
    together = {} if metafunc.config.getoption("--slow") else groups(quick)
    if "suite" in metafunc.fixturenames:
        metafunc.parametrize("suite", [pytest.param(its, id=name) for name, its in together.items()])
    if metafunc.function is test_leaf:
        alone = [leaf for leaf, note in PASSING.items() if note or not together]
        slow = [pytest.mark.slow] if together else []
        metafunc.parametrize("leaf", [pytest.param(leaf, id=leaf, marks=slow) for leaf in alone])


@pytest.mark.client
def test_suite(suite: list[str], torture: Torture) -> None:
    # What does not pass among others may have found what they left, or a busy machine: its delays are real ones.
    passed = torture.passed(suite, SLOW)
    failed = {}
    for leaf in suite:
        if leaf not in passed:
            warnings.warn(f"{leaf} is run once more, alone", stacklevel=1)
            well, said = torture.run(leaf, QUICK)
            if not well:
                failed[leaf] = said
    assert not failed, "\n".join(explained(leaf, said) for leaf, said in failed.items())


@pytest.mark.client
def test_leaf(leaf: str, torture: Torture) -> None:
    patience = SLOW if PASSING[leaf] == "slow" else QUICK
    passed, said = torture.run(leaf, patience)
    if not passed:
        warnings.warn(f"{leaf} is run once more: {said[-400:]}", stacklevel=1)
        passed, said = torture.run(leaf, patience)
    assert passed, explained(leaf, said)


def explained(leaf: str, said: str) -> str:
    """What smbtorture said, and how to see what went over the wire: CONTRIBUTING.md has the rest."""
    again = shlex.join(["python", "-m", "tests.conformance", leaf, "--keep", "torture"])
    return f"{leaf}:\n{said}once more, with the talk kept: {again}"


@pytest.mark.client
@pytest.mark.parametrize("leaf", KNOWN)
def test_known_failure(leaf: str, torture: Torture) -> None:
    passed, said = torture.run(leaf, QUICK)
    assert passed, said


def test_each_leaf_has_a_verdict_of_its_own_among_others() -> None:
    assert len({plain(leaf) for leaf in PASSING}) == len(PASSING)


def test_a_known_failure_has_a_reason_and_is_not_listed_as_passing() -> None:
    assert [leaf for leaf, reason in FAILING.items() if len(reason.split()) < 8 or leaf in PASSING] == []


def test_a_leaf_is_quick_or_slow() -> None:
    assert set(PASSING.values()) == {"", "slow"}
