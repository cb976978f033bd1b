"""`fakesmb demo`."""

import sys

import click

from fakesmb.saying import fail, one_line, tell

HELD_BACK = 2.0
"""Seconds that --hold lets the server wait for the oplock, so that one sees it wait."""


@click.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("-u", "--user", metavar="NAME:PASSWORD", help="Who signs in  [the user of serve's samples]")
@click.option("--share", default="c$", show_default=True, help="The share that is looked at after IPC$.")
@click.option(
    "--pace",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="Wait before each request  [0]",
)
@click.option(
    "--hold",
    metavar="FILE",
    help="Only open this file of the share and keep it, with an oplock, until Ctrl-C.",
)
@click.option(
    "--seconds", type=click.FloatRange(0), metavar="SECONDS", help="Of --hold: how long  [until Ctrl-C]"
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what the server did otherwise.")
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
    """Speak the documented exchange to a server as an XP does, and say what happens: sign-in, pipes, DFS, files."""
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
