"""A server in memory for each test that asks for one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.web.memory import Memory


@pytest.fixture
def new_memory() -> Iterator[Callable[..., Memory]]:
    """Makes servers, which end with the test; none may have had a problem."""
    made: list[Memory] = []

    def make(shares: Any = None, **keywords: Any) -> Memory:
        made.append(Memory(shares, **keywords))
        return made[-1]

    yield make
    for memory in made:
        memory.stop()


@pytest.fixture
def memory(new_memory: Callable[..., Memory]) -> Iterator[Memory]:
    """A server with the share `in`, and in it a.txt."""
    made = new_memory()
    yield made
    assert made.service.journal.problems() == []
