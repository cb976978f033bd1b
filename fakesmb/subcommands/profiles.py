"""`fakesmb profiles`."""

from typing import Final

import click

from fakesmb.commandline.forms import argument, command, option
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import Profile
from fakesmb.saying import fail

EXAMPLES: Final = (
    Example("List them:", "fakesmb profiles"),
    Example("See what Windows 98 does otherwise:", "fakesmb profiles windows-98"),
)


@command(examples=EXAMPLES, one_only="one NAME at a time")
@argument(
    "name",
    required=False,
    type=Profile(),
    about="One of them: what it does otherwise than the first, and who says so.",
)
@option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@option("--markdown", is_flag=True, help="Print docs/profiles.md.")
def profiles(*, name: str | None, as_json: bool, markdown: bool) -> None:
    """List the makes of servers that serve --profile can be like, or say what one of them does."""
    from fakesmb import profilepages
    from fakesmb.core.profiles import ProfileError

    try:
        if markdown:
            text = profilepages.markdown()
        elif as_json:
            text = profilepages.as_json(name)
        else:
            text = profilepages.listed() if name is None else profilepages.described(name)
    except ProfileError as error:
        fail(str(error))
    click.echo(text, nl=False)
