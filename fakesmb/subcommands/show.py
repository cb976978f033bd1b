"""`fakesmb show`."""

import contextlib
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from fakesmb.commandline.forms import argument, command, option
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import FILE, Whole
from fakesmb.saying import fail, one_line, tell

EXAMPLES: Final = (
    Example("Print a capture, one line a message:", "fakesmb show talk.pcapng"),
    Example(
        "See what failed in it, field by field:", "fakesmb show talk.pcapng -v --filter 'status!=SUCCESS'"
    ),
    Example("Make a page of it for a browser:", "fakesmb show talk.pcapng --html talk.html"),
    Example("Count what was asked in a log of fakesmb serve --log-file:", "fakesmb show log.jsonl --summary"),
)

if TYPE_CHECKING:
    from fakesmb.record.filters import Filter
    from fakesmb.show.showing import Wanted


@command(examples=EXAMPLES, one_only="one FILE at a time")
@argument(
    "file",
    type=FILE,
    about="A log of JSON lines (serve --log-file), or a capture (pcap, pcapng); - is standard input.",
)
@option(
    "-v", "--verbose", is_flag=True, help="Print every field of each message: name, value, meaning, section."
)
@option("-x", "--hex", "hexadecimal", is_flag=True, help="Print the bytes, too, with [ before each field.")
@option(
    "--filter",
    "expression",
    metavar="EXPR",
    help="Print only what matches, such as 'status!=SUCCESS' (docs/filter.md).",
)
@option("--json", "as_json", is_flag=True, help="Print JSON lines, as serve's log has them.")
@option(
    "--html",
    "page",
    type=FILE,
    metavar="PAGE",
    help="Write a page that explains every byte to this file; - is standard output.",
)
@option("--summary", is_flag=True, help="Print at the end what all came to.")
@option(
    "--port",
    "ports",
    type=Whole(1, 65535, "a port number from 1 to 65535"),
    multiple=True,
    metavar="PORT",
    help="Take this port for one of SMB, beside 139 and 445. May come again.",
)
@option(
    "--secrets",
    is_flag=True,
    help="Print responses to challenges, keys and tokens, too, as far as they are there.",
)
def show(
    *,
    file: str,
    verbose: bool,
    hexadecimal: bool,
    expression: str | None,
    as_json: bool,
    page: str | None,
    summary: bool,
    ports: tuple[int, ...],
    secrets: bool,
) -> None:
    """Print a log or a capture, one line a message, with more of each if asked."""
    from fakesmb.mistakes import ConfigError, absent
    from fakesmb.show.showing import Wanted

    filter = None if expression is None else _filter(expression)
    if as_json and (verbose or hexadecimal or summary or page):
        fail("--json is for programs: it goes with --filter, --port and --secrets only")
    if page and (verbose or hexadecimal or summary):
        fail("--html makes a page of all there is: it goes with --filter, --port and --secrets only")
    wanted = Wanted(verbose, hexadecimal, as_json, filter, summary, secrets, ports)
    try:
        with click.open_file(file, "rb") as opened:
            _run(opened, file, wanted, page)  # type: ignore[arg-type]
    except ConfigError as error:
        fail(str(error))
    except BrokenPipeError:
        _end_quietly()
    except FileNotFoundError:
        fail(absent(file))
    except OSError as error:
        fail(f"{file}: {error.strerror or error}")


def _filter(expression: str) -> "Filter":
    from fakesmb.record.filters import Filter, FilterError

    try:
        return Filter.parse(expression)
    except FilterError as error:
        fail(f"filter: {error}")


def _run(file: BinaryIO, name: str, wanted: "Wanted", page: str | None) -> None:
    from fakesmb.show.output import screen_of
    from fakesmb.show.showing import show

    name = "standard input" if name == "-" else name
    if page is not None:
        from fakesmb.subcommands.showpage import save

        troubles = save(file, name, wanted, page)
    else:
        troubles = show(file, name, wanted, screen_of(sys.stdout.buffer))
    tell("".join(f"fakesmb: {one_line(line)}\n" for line in troubles))


def _end_quietly() -> None:
    """Whoever read our output has enough of it: nothing is left to be said, or to be written at the end."""
    with contextlib.suppress(OSError):
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  (the interpreter flushes it at its end)
    sys.exit(0)
