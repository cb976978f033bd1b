"""`fakesmb coverage`."""

from typing import Final

import click

from fakesmb.commandline.forms import command, option
from fakesmb.commandline.parts import Example

EXAMPLES: Final = (
    Example("See whether a command is answered:", "fakesmb coverage | grep LOCKING"),
    Example("See all that is refused:", "fakesmb coverage | grep ' -  '"),
)


@command(examples=EXAMPLES)
@option("--markdown", is_flag=True, help="Print them as docs/coverage.md.")
def coverage(*, markdown: bool) -> None:
    """List every command, subcommand and information level of SMB1, and whether it is answered."""
    from fakesmb import coverage as found

    click.echo(found.markdown() if markdown else found.text(), nl=False)
