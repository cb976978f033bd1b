"""A rule: which requests it means, on which of them it acts, what it does."""

from collections.abc import Mapping
from typing import Any

import msgspec

from fakesmb.faults.action import Action
from fakesmb.faults.count import Count
from fakesmb.faults.match import Match

Given = Mapping[str, Any]
"""A rule as it was written."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that was found good."""

    name: str
    """Empty: it gets one when it is armed."""
    given: Given
    """As it was written, for people."""
    match: Match
    count: Count
    act: Action
