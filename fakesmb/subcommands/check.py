"""`fakesmb check`."""

import sys
from typing import Final

from fakesmb.check import USUAL_SECONDS, run
from fakesmb.commandline.forms import argument, command, option
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import Seconds

EXAMPLES: Final = (
    Example("See whether the server answers that fakesmb serve started:", "fakesmb check 127.0.0.1:4450"),
    Example(
        "Give a machine of the network no more than a second:", "fakesmb check --timeout 1 192.168.1.8:445"
    ),
)


@command(examples=EXAMPLES)
@argument(
    "address",
    metavar="HOST[:PORT]",
    about="Where the server is; without PORT, on 4450, where serve listens. An IPv6 address with a port is [::1]:4450.",
)
@option(
    "--timeout",
    type=Seconds(0.01, 3600),
    default=USUAL_SECONDS,
    usual=f"{USUAL_SECONDS:g}",
    metavar="SECONDS",
    help="Wait so long for all of it.",
)
@option(
    "--netbios",
    "called",
    default="",
    metavar="NAME",
    help="Begin with a NetBIOS session for this name.",
    usual="on port 139 *SMBSERVER, else none",
)
def check(*, address: str, timeout: float, called: str) -> None:
    """See whether an SMB1 server answers, by one negotiate and without signing in.

    The exit code is 0 if one does, and 1 if none does or another service answers.
    """
    sys.exit(run(address, timeout, called))
