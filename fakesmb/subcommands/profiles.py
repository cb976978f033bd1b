"""`fakesmb profiles`."""

import click

from fakesmb.saying import fail


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.option("--markdown", is_flag=True, help="As docs/profiles.md.")
def profiles(*, name: str | None, as_json: bool, markdown: bool) -> None:
    """The makes of servers that serve --profile can be like; with NAME what is different there, and who says so."""
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
