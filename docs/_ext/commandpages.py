"""The command line, from the commands themselves: docs/command.md, the manual pages in man/, by `make docs`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from fakesmb import __version__, cli
from fakesmb.commandline.forms import HELP
from fakesmb.commandline.help import arguments_of, groups_of, sentence_of, text_of, told, usage_of, written
from fakesmb.commandline.parts import Example

sys.path.insert(0, str(Path(__file__).parent))
import keytables

ROOT: Final = Path(__file__).parent.parent.parent
FAKESMB: Final = "fakesmb"


def commands() -> dict[str, click.Command]:
    """The command itself and those in it, by what is typed."""
    return {FAKESMB: cli.main} | {f"{FAKESMB} {name}": one for name, one in cli.main.commands.items()}


def examples_of(command: click.Command) -> tuple[Example, ...]:
    """Those at the end of its help."""
    return tuple(getattr(command, "examples", ()))


def options_of(command: click.Command, typed: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Headings, and under each the options as they are written with their sentences."""
    context = click.Context(command, info_name=typed, help_option_names=HELP)
    return [
        (title, [(written(one), told(one)) for one in options])
        for title, options in groups_of(command, context)
        if options
    ]


# -- docs/command.md -----------------------------------------------------------------------------------------

_HEAD: Final = """# The command line

Every command with its options, made from the commands themselves (`make docs`): the same as `fakesmb COMMAND --help`
and the manual pages (`man fakesmb-serve`). Options of `serve` may also stand in its environment and in a file:
[configuration.md](configuration.md).

Mistakes are one line on standard error and the exit code 2: which option, what it must be, and what may be meant.
`fakesmb completion bash` (`zsh`, `fish`) prints what lets the shell complete commands, options and their values;
new shells do so after one of these lines:

```sh
fakesmb completion bash >> ~/.bashrc
fakesmb completion zsh >> ~/.zshrc                      # behind its compinit
fakesmb completion fish >> ~/.config/fish/config.fish
```

"""


def page() -> str:
    """docs/command.md."""
    return _HEAD + "\n".join(_section(typed, one) for typed, one in commands().items())


def _section(typed: str, command: click.Command) -> str:
    parts = [
        f"## {typed}\n",
        f"```text\n{typed} {usage_of(command)}\n```\n",
        f"{_escaped(text_of(command))}\n",
    ]
    if isinstance(command, click.Group):
        rows = [
            (f"[{FAKESMB} {name}](#{FAKESMB}-{name})", _escaped(sentence_of(one)))
            for name, one in command.commands.items()
        ]
        parts.append(_table("command", "what it does", rows))
    if arguments := arguments_of(command):
        parts.append(
            _table("argument", "what it is", [(f"`{name}`", _escaped(about)) for name, about in arguments])
        )
    for title, options in options_of(command, typed):
        rows = [(f"`{_bar(form)}`", _escaped(sentence)) for form, sentence in options]
        parts.append(_table(title, "", rows))
    if examples := examples_of(command):
        lines = "\n\n".join(f"# {what.rstrip(':')}\n{line}" for what, line in examples)
        parts.append(f"```console\n{re.sub('^(?=fakesmb)', '$ ', lines, flags=re.MULTILINE)}\n```\n")
    return "\n".join(parts)


def _table(first: str, second: str, rows: list[tuple[str, str]]) -> str:
    body = "".join(f"| {one} | {other} |\n" for one, other in rows)
    return f"| {first} | {second} |\n| --- | --- |\n{body}"


def _bar(text: str) -> str:
    return text.replace("|", "\\|")


def _escaped(text: str) -> str:
    """What Markdown would read otherwise than it stands."""
    return re.sub(r"([\\`*<>|\[\]])", r"\\\1", text)


# -- man/ ----------------------------------------------------------------------------------------------------


def roff(text: str) -> str:
    """Text as troff shows it unchanged."""
    text = (
        text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace('"', "\\(dq")
        .replace("`", "")
    )
    return re.sub(r"^(?=[.])", r"\\&", text, flags=re.MULTILINE)


def manual(typed: str, command: click.Command) -> str:
    """The page of section 1 of a command."""
    name = typed.replace(" ", "-")
    lines = [
        *_begin(name, 1, sentence_of(command)),
        ".SH SYNOPSIS",
        f".B {roff(typed)}",
        f".RI {_synopsis(usage_of(command))}",
        ".SH DESCRIPTION",
        *_paragraphs(text_of(command)),
    ]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for one, sub in command.commands.items():
            lines += [".TP", f".BR {roff(f'{FAKESMB}-{one}')} (1)", roff(sentence_of(sub))]
    if arguments := arguments_of(command):
        lines.append(".SH ARGUMENTS")
        lines += _items(arguments)
    lines.append(".SH OPTIONS")
    for title, options in options_of(command, typed):
        lines += [*([] if title == "Options" else [f".SS {roff(title)}"]), *_items(options)]
    if typed == f"{FAKESMB} serve":
        lines += [".SH ENVIRONMENT", *_paragraphs(_ENVIRONMENT)]
    lines += [".SH EXIT STATUS", *_paragraphs(_EXIT.get(typed, _USUAL_EXIT))]
    if examples := examples_of(command):
        lines.append(".SH EXAMPLES")
        for what, line in examples:
            lines += [".PP", roff(what), ".PP", ".RS 4", ".nf", roff(line), ".fi", ".RE"]
    return "\n".join([*lines, *_end(name)]) + "\n"


_ENVIRONMENT: Final = (
    "Each option can be a variable: FAKESMB_PORT is --port, and FAKESMB_SHARE_1, FAKESMB_SHARE_2 and so on are what "
    "may come again. Arguments win over the environment, and that over the file of --config.\n\n"
    "FAKESMB_USER_1_FILE, FAKESMB_WEB_TOKEN_FILE and so on name files that hold what is secret."
)
_USUAL_EXIT: Final = "0 if all went well, 2 for a mistake in the arguments or in what they name."
_EXIT: Final = {
    f"{FAKESMB} serve": "0 after SIGTERM or Ctrl-C, 2 for a mistake in the arguments, the environment or the file.",
    f"{FAKESMB} check": "0 if an SMB1 server answers, 1 if not, 2 for a mistake in the arguments.",
    f"{FAKESMB} replay": (
        "0 if the answers are those of the capture, 1 if one differs in what --fail-on names or the server is not "
        "reached, 2 for a mistake in the arguments or the capture."
    ),
    f"{FAKESMB} demo": (
        "0 if all is as documented, 1 if the server does otherwise or is not reached, 2 for a mistake in the arguments."
    ),
}


def file_manual() -> str:
    """The page of section 5 of fakesmb.toml."""
    lines = [
        *_begin("fakesmb.toml", 5, "configuration of an SMB1 server."),
        ".SH DESCRIPTION",
        *_paragraphs(
            "A file in TOML, which fakesmb serve --config FILE reads. Every key may be left out, but for name. "
            "Relative paths are relative to the file. What [profile] and [[fault]] have, the documentation lists: "
            "docs/profiles.md and docs/faults.md."
        ),
    ]
    for table in keytables.TABLES:
        lines += [f".SH {roff(table.heading)}", roff(_plain(table.what))]
        for key in keytables.keys(table):
            lines += [".TP", f".B {roff(key.name)}", roff(_plain(key.what) or _plain(table.what))]
            lines += [f"[{roff(_plain(key.kind))}; {roff(_usual(key))}]"]
    return "\n".join([*lines, *_end("fakesmb.toml")]) + "\n"


def _usual(key: keytables.Key) -> str:
    shown = _plain(key.shown_default)
    return shown if shown == "must be there" else f"default: {shown}"


def _plain(text: str) -> str:
    """Without Markdown's links and code."""
    return re.sub(r" ?\(\[[^\]]*\]\([^)]*\)\)", "", text).replace("`", "")


def _begin(name: str, section: int, sentence: str) -> Iterator[str]:
    first = sentence.rstrip(".")
    yield '.\\" Made by "make docs" from the code.'
    yield f'.TH {name.upper()} {section} "" "fakesmb {__version__}" "SMB1 for tests, real clients and classrooms"'
    yield ".SH NAME"
    yield f"{roff(name)} \\- {roff(first[0].lower() + first[1:] if not first.startswith('The ') else first[4:])}"


def _synopsis(usage: str) -> str:
    return '"' + roff(usage) + '"'


def _paragraphs(text: str) -> Iterator[str]:
    for one in text.split("\n\n"):
        yield ".PP"
        yield roff(one)


def _items(pairs: list[tuple[str, str]]) -> Iterator[str]:
    for form, sentence in pairs:
        yield from (".TP", f".B {roff(form)}", roff(sentence))


def _end(name: str) -> Iterator[str]:
    others = [*(typed.replace(" ", "-") for typed in commands()), "fakesmb.toml"]
    told = [f".BR {roff(one)} ({5 if one.endswith('toml') else 1})" for one in others if one != name]
    yield ".SH SEE ALSO"
    yield from [f"{line}," for line in told[:-1]]
    yield told[-1]


def manuals() -> dict[str, str]:
    """The pages of the manual by the names of their files."""
    found = {f"{typed.replace(' ', '-')}.1": manual(typed, one) for typed, one in commands().items()}
    return found | {"fakesmb.toml.5": file_manual()}


def main() -> None:
    """Writes all of them."""
    (ROOT / "docs" / "command.md").write_text(page(), encoding="utf-8")
    (ROOT / "man").mkdir(exist_ok=True)
    for name, text in manuals().items():
        (ROOT / "man" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
