"""`fakesmb check`."""

import sys

import click

from fakesmb.check import USUAL_SECONDS, run


@click.command()
@click.argument("address", metavar="HOST[:PORT]")
@click.option(
    "--timeout",
    type=click.FloatRange(0.01, 3600),
    default=USUAL_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long all of it may take.",
)
@click.option(
    "--netbios",
    "called",
    default="",
    metavar="NAME",
    help="Begin with a NetBIOS session for this name  [on port 139: *SMBSERVER]",
)
def check(*, address: str, timeout: float, called: str) -> None:
    """Whether an SMB1 server answers (on port 4450 if none is said): one negotiate, no sign-in; exit code 0 or 1."""
    sys.exit(run(address, timeout, called))
