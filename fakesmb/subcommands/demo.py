"""`fakesmb demo`."""

import sys
from typing import Final

import click

from fakesmb.commandline.forms import argument, command, option
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import Seconds
from fakesmb.saying import fail, one_line, tell

EXAMPLES: Final = (
    Example("Watch it with the server of fakesmb serve:", "fakesmb demo 127.0.0.1:4450"),
    Example(
        "Follow it slowly, at a share of your own:", "fakesmb demo 127.0.0.1:4450 --share public --pace 1"
    ),
    Example(
        "Hold a file open, to see how other clients wait for the oplock:",
        "fakesmb demo 127.0.0.1:4450 --share public --hold README.txt",
    ),
)

HELD_BACK = 2.0
"""Seconds that --hold lets the server wait for the oplock, so that one sees it wait."""


@command(examples=EXAMPLES, one_only="one server at a time")
@argument("address", metavar="HOST:PORT", about="Where the server is.")
@option(
    "-u",
    "--user",
    metavar="NAME:PASSWORD",
    help="Sign in as this user.",
    usual="the user of the sample shares",
)
@option("--share", default="c$", usual="c$", metavar="NAME", help="Look at this share after IPC$.")
@option(
    "--pace",
    type=Seconds(0, 3600),
    default=0.0,
    usual="0",
    metavar="SECONDS",
    help="Wait so long before each request, so that one can follow.",
)
@option(
    "--hold",
    metavar="FILE",
    help="Only open this file of the share, and keep it with an oplock until Ctrl-C.",
)
@option(
    "--seconds",
    type=Seconds(0),
    metavar="SECONDS",
    help="Keep the file of --hold so long.",
    usual="until Ctrl-C",
)
@option("-q", "--quiet", is_flag=True, help="Say only what the server does otherwise than is documented.")
def demo(
    *,
    address: str,
    user: str | None,
    share: str,
    pace: float,
    hold: str | None,
    seconds: float | None,
    quiet: bool,
) -> None:
    """Speak the documented exchange to a server, as Windows XP does, and say what happens.

    It signs in, asks by a pipe for the shares, asks for a DFS referral, and lists and reads files of one share.
    """
    from fakesmb.config.parts import SAMPLE_PASSWORD, SAMPLE_USER
    from fakesmb.mistakes import ConfigError
    from fakesmb.replay.conversation import Otherwise
    from fakesmb.replay.demo import Demo
    from fakesmb.replay.holder import Holder
    from fakesmb.replay.line import LineError
    from fakesmb.replay.places import Who, place, who

    def say(text: str) -> None:
        if not quiet:
            click.echo(one_line(text))

    try:
        signs_in = Who(SAMPLE_USER, SAMPLE_PASSWORD) if user is None else who(user)
        if hold is not None:
            Holder(place(address), signs_in, share, hold, say=say, pause=pace or HELD_BACK).run(seconds)
        elif seconds is not None:
            raise ConfigError(
                "--seconds says how long --hold FILE keeps the file; without it there is nothing to keep"
            )
        else:
            Demo(place(address), signs_in, share, say=say, pace=pace).run()
    except ConfigError as error:
        fail(str(error))
    except (LineError, Otherwise) as error:
        tell(f"fakesmb: {one_line(str(error))}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
