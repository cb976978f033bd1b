"""`fakesmb replay`."""

import contextlib
import sys

import click

from fakesmb.saying import fail, one_line, tell


@click.command()
@click.argument("capture")
@click.argument("address", metavar="HOST:PORT")
@click.option(
    "-u",
    "--user",
    "accounts",
    multiple=True,
    metavar="[OLD=]NAME:PASSWORD",
    help="Who signs in, for all users of the capture or for OLD. May come again  [the user of serve's samples]",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="SHARE=NAME",
    help=r"A share of the capture and what it is called here: '\\OLD\C$=public', '*=public'. May come again.",
)
@click.option(
    "--fail-on",
    metavar="KIND,...",
    help="Kinds of differences that make the exit code 1: status, names, ..., all, none  [different]",
)
@click.option("--pace", is_flag=True, help="With the pauses of the capture.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.01, 3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an answer may take.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one for each message, and a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Also the differences that are to be expected.")
@click.option("-q", "--quiet", is_flag=True, help="The summary alone.")
def replay(
    *,
    capture: str,
    address: str,
    accounts: tuple[str, ...],
    maps: tuple[str, ...],
    fail_on: str | None,
    pace: bool,
    timeout: float,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Send the client's side of CAPTURE (-: standard input) to a server again, and compare the answers by field."""
    from fakesmb.capture.reading import open_capture
    from fakesmb.capture.trouble import CaptureError
    from fakesmb.config.parts import SAMPLE_PASSWORD, SAMPLE_USER
    from fakesmb.mistakes import ConfigError
    from fakesmb.replay.line import LineError
    from fakesmb.replay.places import Who, place, users
    from fakesmb.replay.report import Report, failing_kinds
    from fakesmb.replay.run import replayed
    from fakesmb.replay.shares import ShareMap

    try:
        failing = failing_kinds(fail_on)
        where, shares = place(address), ShareMap(maps)
        signs_in = users(accounts, Who(SAMPLE_USER, SAMPLE_PASSWORD))
        report = Report(lambda line: click.echo(one_line(line)), json=as_json, quiet=quiet, verbose=verbose)
        with contextlib.nullcontext(sys.stdin.buffer) if capture == "-" else open_capture(capture) as file:
            good = replayed(file, where, signs_in, report, failing, shares=shares, timeout=timeout, pace=pace)
    except (ConfigError, CaptureError) as error:
        fail(str(error))
    except LineError as error:
        tell(f"fakesmb: {one_line(str(error))}\n")
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        fail(f"{capture}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0 if good else 1)
