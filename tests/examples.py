"""How many examples hypothesis makes: as many as a test deserves with `pytest --slow`, a third of them else."""

from typing import Final

_PART: Final = 3
_asked = {"all": False}


def make_all() -> None:
    """For `--slow`: before the modules of the tests are loaded."""
    _asked["all"] = True


def examples(count: int) -> int:
    """`max_examples` of a test that takes seconds: `count`, or a third of it."""
    return count if _asked["all"] else -(-count // _PART)
