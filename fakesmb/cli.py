"""The command `fakesmb`: a group of those in `subcommands`."""

import click

from fakesmb.commandline.forms import HELP, Commands
from fakesmb.commandline.parts import Example
from fakesmb.subcommands.check import check
from fakesmb.subcommands.completion import completion
from fakesmb.subcommands.coverage import coverage
from fakesmb.subcommands.demo import demo
from fakesmb.subcommands.profiles import profiles
from fakesmb.subcommands.replay import replay
from fakesmb.subcommands.serve import serve
from fakesmb.subcommands.show import show
from fakesmb.version import __version__

EXAMPLES = (
    Example("Start a server with sample shares, and be told how to look at them:", "fakesmb serve"),
    Example("Read all options of a command, with examples:", "fakesmb serve --help"),
)


@click.group(cls=Commands, examples=EXAMPLES, context_settings={"help_option_names": HELP})
@click.version_option(__version__, "-V", "--version", prog_name="fakesmb", help="Show the version and exit.")
def main() -> None:
    """The SMB1/CIFS file server for tests, real clients and classrooms."""


for _command in (serve, check, show, replay, demo, profiles, coverage, completion):
    main.add_command(_command)
