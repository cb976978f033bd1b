"""The report of a replay: lines for people, or JSON lines."""

import textwrap
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from fakesmb.mistakes import ConfigError
from fakesmb.nt.nearest import nearest
from fakesmb.replay.expected import ALL_KINDS, NOT_EXPECTED, OTHERS, REASONS
from fakesmb.replay.witness import DIFFERENT, Comparison, Finding

MOST_SHOWN: Final = 8
"""Differences of one message in the report for people; the JSON form has all."""
WIDTH: Final = 79
_LEFT: Final = 4
_REASON_AT: Final = 24
"""Where the reason of a kind begins."""
ANY: Final = "different"
NONE: Final = "none"
ALL: Final = "all"


def failing_kinds(text: str | None) -> frozenset[str]:
    """The kinds of `--fail-on`: names with commas; `different` is all that are not expected. Raises `ConfigError`."""
    found: set[str] = set()
    for name in (text or ANY).split(","):
        name = name.strip().lower()
        if name in (ANY, NONE, ALL):
            found |= {ANY: NOT_EXPECTED, NONE: frozenset(), ALL: frozenset(ALL_KINDS)}[name]
        elif name in ALL_KINDS:
            found.add(name)
        else:
            known = (*ALL_KINDS, ANY, ALL, NONE)
            raise ConfigError(
                f"--fail-on: there is no kind {name!r} of difference{nearest(name, known)}; "
                f"the kinds are {', '.join(ALL_KINDS)}"
            )
    return frozenset(found)


class Report:
    """Shows findings as they come, and what they come to."""

    def __init__(
        self, out: Callable[[str], None], *, json: bool = False, quiet: bool = False, verbose: bool = False
    ) -> None:
        """`quiet` shows the end alone, `verbose` also what is expected."""
        self._out = out
        self._json = json
        self._quiet = quiet
        self._verbose = verbose
        self.comparison: Comparison | None = None

    def tell(self, finding: Finding) -> None:
        """One finding."""
        if self._quiet:
            return
        if self._json:
            self._out(msgspec.json.encode(self._told(finding)).decode("utf-8", "replace"))
        elif finding.event == "note":
            where = f"frame {finding.frame}: " if finding.frame else ""
            self._out(f"  {where}{finding.text}")
        elif finding.verdict == DIFFERENT or (self._verbose and finding.differences):
            self._show(finding)

    def _told(self, finding: Finding) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(finding)
        for one, row in zip(finding.differences, told.get("differences", ()), strict=True):
            row["verdict"] = self._verdict(one)
        return told

    def _verdict(self, difference: Any) -> str:
        return DIFFERENT if self.comparison is None else self.comparison.verdict_of(difference)

    def _show(self, finding: Finding) -> None:
        what = finding.summary or f"connection {finding.connection}: {finding.text}"
        head = f"frame {finding.frame:<6} {what}" if finding.frame else what
        self._out(textwrap.shorten(head, WIDTH, placeholder=" ..."))
        if finding.text and finding.summary:
            label = "not sent" if finding.event == "unsent" else "no answer"
            self._line(f"{label}: {finding.text}")
        if finding.event in ("unsent", "missing", "oplock", "closed"):
            return
        shown = [one for one in finding.differences if self._verbose or self._verdict(one) == DIFFERENT]
        for one in shown[:MOST_SHOWN]:
            verdict = f"{one.kind}, expected" if self._verdict(one) != DIFFERENT else one.kind
            self._line(f"{_short(one.name)}: {one.captured}, here {one.here}  ({verdict})")
        if len(shown) > MOST_SHOWN:
            self._line(f"and {len(shown) - MOST_SHOWN} more fields")

    def _line(self, text: str, hang: int = 2 * _LEFT) -> None:
        """One line, or several whose further ones begin at that column."""
        lines = textwrap.wrap(
            text,
            WIDTH,
            initial_indent=" " * _LEFT,
            subsequent_indent=" " * hang,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        for line in lines:
            self._out(line)

    # -- the end ---------------------------------------------------------------------------------------------

    def end(self, failing: Iterable[str]) -> bool:
        """Shows the counts; True where nothing is of a kind that fails."""
        comparison = self.comparison
        assert comparison is not None
        count = comparison.count
        failed = sorted(set(failing) & set(count.kinds))
        if self._json:
            summary: dict[str, Any] = {"event": "summary", **msgspec.to_builtins(count), "failed": failed}
            summary["kinds"] = dict(count.kinds)
            self._out(msgspec.json.encode(summary).decode())
            return not failed
        self._out(
            f"{_many(count.sent, 'request')} sent, {count.unsent} not; "
            f"answers: {count.same} the same, {count.expected} as expected, {count.different} different, "
            f"{count.missing} missing"
        )
        for title, wanted in (("different", True), ("expected", False)):
            kinds = [
                (kind, number)
                for kind, number in count.kinds.most_common()
                if (kind in comparison.different_kinds) is wanted
            ]
            if kinds:
                self._out(f"{title}:")
            for kind, number in kinds:
                why = REASONS.get(kind) or OTHERS.get(kind, "")
                self._line(f"{number:>6}  {kind:<11} {why}".rstrip(), hang=_REASON_AT)
        return not failed


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _short(name: str) -> str:
    """A field's place without what every message has around it."""
    parts = [part for part in name.split(".") if part not in ("SMB_Parameters", "SMB_Data", "SMB_Header")]
    return ".".join(
        part
        for part, following in zip(parts, [*parts[1:], ""], strict=True)
        if not following.startswith(f"{part}[")
    )
