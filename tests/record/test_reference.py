"""docs/journal.md: its lists are those of the code, and its program runs."""

from pathlib import Path

import pytest

from fakesmb.record.criteria import NAMES
from fakesmb.record.reference import made, renewed
from fakesmb.record.verbs import VERBS

PAGE = Path(__file__).parents[2] / "docs" / "journal.md"


def test_the_lists_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert renewed(text) == text, "make docs"
    for name in (*NAMES, *VERBS):
        assert f"| `{name}` |" in made()


def test_a_page_without_a_place_for_them_is_an_error() -> None:
    with pytest.raises(ValueError, match="made by make docs"):
        renewed("# Nothing")


def test_the_program_of_the_page_runs() -> None:
    from impacket.smbconnection import SMBConnection

    def fetch(url: str) -> None:
        host, _, rest = url.removeprefix("smb://").partition("/")
        share, _, path = rest.partition("/")
        address, _, port = host.partition(":")
        client = SMBConnection(address, address, sess_port=int(port), preferredDialect="NT LM 0.12")
        client.login("", "")
        client.getFile(share, path, lambda data: None)
        client.close()

    text = PAGE.read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    exec(compile(program, "docs/journal.md", "exec"), {"fetch": fetch})
