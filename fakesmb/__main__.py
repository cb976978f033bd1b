"""`python -m fakesmb`."""

import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class Leave:
    """A handler of signals that ends the program as if it had been finished."""

    def __init__(self) -> None:
        self.wanted = False
        """Told to end: the exception is lost where Python ignores them, as in a finalizer."""

    def __call__(self, number: int, frame: "FrameType | None") -> None:
        """Ends it."""
        self.wanted = True
        raise SystemExit(0)


def main() -> None:
    """The command. A server that is told to end while it still loads its parts ends with 0."""
    if sys.argv[1:2] == ["serve"]:
        leave = Leave()
        signal.signal(signal.SIGTERM, leave)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, leave)
    if sys.argv[1:2] == ["check"]:
        _check_quickly(sys.argv[2:])
    from fakesmb import cli

    cli.main(complete_var="_FAKESMB_COMPLETE")


def _check_quickly(words: list[str]) -> None:
    """Containers ask so every second: without what reads options. Returns for words that are in no plain form."""
    from fakesmb.check import USUAL_SECONDS, run

    seconds = USUAL_SECONDS
    if len(words) == 3 and words[0] == "--timeout" and words[1].isdecimal() and 0 < int(words[1]) <= 60:
        seconds, words = float(words[1]), words[2:]
    if len(words) == 1 and not words[0].startswith("-"):
        sys.exit(run(words[0], seconds))


if __name__ == "__main__":
    main()
