"""`fakesmb replay`."""

import contextlib
import sys
from typing import Final

import click

from fakesmb.commandline.forms import argument, command, option
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import FILE, Seconds
from fakesmb.saying import fail, one_line, tell

EXAMPLES: Final = (
    Example(
        "Ask the server of fakesmb serve what the capture asked:", "fakesmb replay talk.pcapng 127.0.0.1:4450"
    ),
    Example(
        "Sign in as bob, and find all shares of the capture in one:",
        "fakesmb replay talk.pcapng 127.0.0.1:4450 -u bob:Passw0rd --map '*=public'",
    ),
)


@command(examples=EXAMPLES, one_only="one CAPTURE and one server at a time")
@argument("capture", type=FILE, about="A pcap or pcapng file; - is standard input.")
@argument("address", metavar="HOST:PORT", about="Where the server is that is asked again.")
@option(
    "-u",
    "--user",
    "accounts",
    multiple=True,
    metavar="[OLD=]NAME:PASSWORD",
    help="Sign in as this user, for all users of the capture or for OLD. May come again.",
    usual="the user of the sample shares",
)
@option(
    "--map",
    "maps",
    multiple=True,
    metavar="SHARE=NAME",
    help=r"Take this share for one of the capture: '\\OLD\C$=public', or '*=public' for all. May come again.",
)
@option(
    "--fail-on",
    metavar="KIND,...",
    help="End with exit code 1 for these kinds of differences: status, names, ..., all, none.",
    usual="different",
)
@option("--pace", is_flag=True, help="Keep the pauses of the capture.")
@option(
    "--timeout",
    type=Seconds(0.01, 3600),
    default=5.0,
    usual="5",
    metavar="SECONDS",
    help="Wait so long for an answer.",
)
@option("--json", "as_json", is_flag=True, help="Print JSON lines: one for each message, and a summary.")
@option("-v", "--verbose", is_flag=True, help="Print the differences that are to be expected, too.")
@option("-q", "--quiet", is_flag=True, help="Print the summary alone.")
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
    """Send the client's side of a capture to a server again, and compare the answers by field.

    The exit code is 1 if an answer differs in what --fail-on names.
    """
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
