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
    if sys.argv[1:2] == ["check"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from fakesmb.check import run  # containers ask so every few seconds: without what reads options

        sys.exit(run(sys.argv[2]))
    from fakesmb import cli

    cli.main()


if __name__ == "__main__":
    main()
