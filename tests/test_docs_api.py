"""docs/api.md has every public name, and says something of each."""

import importlib
import sys
from pathlib import Path

import fakesmb

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
import apidirectives  # noqa: E402  # a module of the site

PAGE = (DOCS / "api.md").read_text(encoding="utf-8")


def test_every_public_name_is_there() -> None:
    found = apidirectives.named(PAGE)
    assert {f"fakesmb.{name}" for name in fakesmb.__all__} - set(found) == set()
    assert len(found) == len(set(found))


def test_every_name_that_is_there_says_what_it_is_for() -> None:
    for name in apidirectives.named(PAGE):
        module, _, attribute = name.rpartition(".")
        assert (getattr(importlib.import_module(module), attribute).__doc__ or "").strip(), name


def test_comments_become_directives() -> None:
    made = apidirectives.directives(PAGE)
    assert "<!-- autodoc" not in made
    assert ".. autoclass:: fakesmb.FakeSMB\n   :members:\n   :inherited-members:\n" in made
    assert ".. autofunction:: fakesmb.opened\n" in made


def test_indented_examples_are_blocks() -> None:
    made = apidirectives.with_blocks(["An example:", "", "    a = 1", "", "    b = 2", "", "And text."])
    assert made == ["An example:", "", "::", "", "    a = 1", "", "    b = 2", "", "And text."]
