"""The command `fakesmb`: a group of those in `subcommands`."""

import click

from fakesmb.commandline.mistakes import OneLine
from fakesmb.subcommands.check import check
from fakesmb.subcommands.coverage import coverage
from fakesmb.subcommands.demo import demo
from fakesmb.subcommands.profiles import profiles
from fakesmb.subcommands.replay import replay
from fakesmb.subcommands.serve import serve
from fakesmb.subcommands.show import show


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fakesmb")
def main() -> None:
    """The SMB1/CIFS file server for tests, real clients and classrooms."""


for _command in (serve, show, replay, demo, check, coverage, profiles):
    main.add_command(_command)
