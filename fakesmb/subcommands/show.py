"""`fakesmb show`."""

import contextlib
import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from fakesmb.saying import fail, one_line, tell

if TYPE_CHECKING:
    from fakesmb.record.filters import Filter
    from fakesmb.show.showing import Wanted


@click.command()
@click.argument("file")
@click.option(
    "-v", "--verbose", is_flag=True, help="With every field of each message: name, value, meaning, section."
)
@click.option("-x", "--hex", "hexadecimal", is_flag=True, help="With the bytes, [ before each field of them.")
@click.option(
    "--filter", "expression", metavar="EXPR", help="Only what matches: 'status!=SUCCESS' (docs/filter.md)."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON lines, those of our own log.")
@click.option(
    "--html",
    "page",
    metavar="PAGE",
    help="Write one page that explains every byte to this file (-: standard output).",
)
@click.option("--summary", is_flag=True, help="And at the end what all came to.")
@click.option(
    "--port",
    "ports",
    type=click.IntRange(1, 65535),
    multiple=True,
    help="A port of SMB beside 139 and 445. May come again.",
)
@click.option(
    "--secrets", is_flag=True, help="With responses to challenges, keys and tokens, as far as they are there."
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
    """A log of JSON lines, or a capture (pcap, pcapng), one line a message. FILE may be - for standard input."""
    from fakesmb.mistakes import ConfigError
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
