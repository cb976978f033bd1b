"""`fakesmb completion`."""

from typing import Final

import click

from fakesmb.commandline.forms import argument, command
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import OneOf

SHELLS: Final = ("bash", "zsh", "fish")
EXAMPLES: Final = (
    Example("Let the bash that runs complete it:", 'eval "$(fakesmb completion bash)"'),
    Example("Let every new bash do so:", "fakesmb completion bash >> ~/.bashrc"),
    Example("The same for zsh, behind its compinit:", "fakesmb completion zsh >> ~/.zshrc"),
    Example("The same for fish:", "fakesmb completion fish >> ~/.config/fish/config.fish"),
)


@command(examples=EXAMPLES, one_only="one SHELL at a time")
@argument(
    "shell",
    type=OneOf(*SHELLS),
    metavar="bash|zsh|fish",
    about="The shell: bash (4.4 or newer), zsh or fish.",
)
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print what lets a shell complete commands, options and their values."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    source = kind(ctx.find_root().command, {}, "fakesmb", "_FAKESMB_COMPLETE").source()
    click.echo(source)
