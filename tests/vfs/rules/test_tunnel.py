"""Long names that come back when a file is made again by its short one."""

import pytest

from fakesmb.nt.files import Disposition
from fakesmb.nt.filetime import TICKS_PER_SECOND
from fakesmb.vfs.paths import Path
from fakesmb.vfs.shortnames import short_name
from tests.vfs.lab import Lab

LONG = "A rather long name.text"
SHORT = short_name(LONG)


def make(lab: Lab, name: str) -> str:
    opened = lab.open(name, disposition=Disposition.CREATE)
    lab.store.close(opened.handle)
    return opened.info.name


@pytest.mark.parametrize("spelt", [SHORT, SHORT.lower()])
def test_made_again_it_has_its_name_back(lab: Lab, spelt: str) -> None:
    make(lab, LONG)
    lab.store.delete(Path.parse(spelt))
    assert make(lab, spelt) == LONG
    assert (lab.root / LONG).exists()


def test_renaming_it_away_counts_too(lab: Lab) -> None:
    make(lab, LONG)
    lab.store.rename(Path.parse(LONG), Path.parse("b"), replace=False)
    assert make(lab, SHORT) == LONG


def test_only_once(lab: Lab) -> None:
    make(lab, LONG)
    lab.store.delete(Path.parse(LONG))
    make(lab, SHORT)
    lab.store.rename(Path.parse(LONG), Path.parse("b"), replace=False)
    lab.store.delete(Path.parse("b"))
    assert make(lab, SHORT) == LONG, "the rename is what is remembered now"
    lab.opens.tunnel._gone.clear()
    lab.store.delete(Path.parse(LONG))
    lab.opens.tunnel._gone.clear()
    assert make(lab, SHORT) == SHORT


def test_not_in_another_directory(lab: Lab) -> None:
    (lab.root / "d").mkdir()
    make(lab, LONG)
    lab.store.delete(Path.parse(LONG))
    assert make(lab, f"d\\{SHORT}") == SHORT


def test_not_after_a_while(lab: Lab) -> None:
    make(lab, LONG)
    lab.store.delete(Path.parse(LONG))
    present = lab.opens.clock.now
    lab.opens.clock.now = lambda: present() + 16 * TICKS_PER_SECOND
    assert make(lab, SHORT) == SHORT


def test_not_where_a_file_has_that_name_now(lab: Lab) -> None:
    make(lab, LONG)
    lab.store.delete(Path.parse(LONG))
    make(lab, "b")
    assert make(lab, "C~1") == "C~1", "a name that was nobody's short one"
