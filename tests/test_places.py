"""What ARCHITECTURE.md says of a new thing is noticed where it is forgotten: names, documentation, rows of tables."""

import re
from collections.abc import Iterable
from pathlib import Path

from fakesmb.faults import reading
from fakesmb.faults.action import Action
from fakesmb.rap.functions import OPERATIONS
from fakesmb.record import filternames
from fakesmb.web.api import TABLE
from fakesmb.wire import rap


def lacking(page: Path, names: Iterable[str]) -> list[str]:
    """Those that the page does not have in backticks or in a block."""
    text = page.read_text(encoding="utf-8")
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def test_a_rap_call_that_is_answered_has_a_name() -> None:
    assert set(OPERATIONS) <= set(rap.FUNCTIONS)


def test_a_name_of_the_filter_is_documented(checkout: Path) -> None:
    assert lacking(checkout / "docs" / "filter.md", filternames._NAMES) == []


def test_a_call_of_the_control_api_is_documented(checkout: Path) -> None:
    paths = {re.sub(r"\{\w+\}.*", "", route.path).rstrip("/") for route in TABLE}
    assert lacking(checkout / "docs" / "control.md", paths) == []


def test_what_a_fault_does_can_be_written(checkout: Path) -> None:
    assert set(Action.__struct_fields__) == {*reading._ACTIONS, "corrupt"}
    assert lacking(checkout / "docs" / "faults.md", reading.KEYS) == []
