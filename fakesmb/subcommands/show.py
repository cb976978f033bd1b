"""`fakesmb show`."""

import click

from fakesmb.saying import fail


@click.command()
@click.argument("file")
@click.option("-v", "--verbose", is_flag=True, help="With the decoded fields of every message.")
def show(*, file: str, verbose: bool) -> None:
    """A record of JSON lines (FILE, or - for standard input), one line a message."""
    from fakesmb.mistakes import ConfigError
    from fakesmb.show.records import lines

    try:
        with click.open_file(file, "rb") as records:
            for line in lines(records, file, verbose=verbose):
                click.echo(line)
    except ConfigError as error:
        fail(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{file}: {error.strerror}")
