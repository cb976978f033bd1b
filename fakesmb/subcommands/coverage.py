"""`fakesmb coverage`."""

import click


@click.command()
@click.option("--markdown", is_flag=True, help="As docs/coverage.md.")
def coverage(*, markdown: bool) -> None:
    """Every command, subcommand and information level, and whether it is answered."""
    from fakesmb import coverage as found

    click.echo(found.markdown() if markdown else found.text(), nl=False)
