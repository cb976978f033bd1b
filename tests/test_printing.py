"""Printers of a program and of the command line; the blocks of docs/printing.md do what is said there."""

from pathlib import Path

import pytest

import fakesmb
from fakesmb import ConfigError, FakeSMB, Share
from fakesmb.app import FakeSMBService
from fakesmb.config import forms
from fakesmb.config.tomlfile import read


def blocks(checkout: Path, language: str) -> list[str]:
    parts = (checkout / "docs" / "printing.md").read_text(encoding="utf-8").split(f"```{language}\n")
    return [part.partition("```")[0] for part in parts[1:]]


def test_the_python_of_the_page(checkout: Path) -> None:
    for block in blocks(checkout, "python"):
        exec(compile(block, "docs/printing.md", "exec"), {})


def test_the_configuration_of_the_page(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    file = tmp_path / "fakesmb.toml"
    file.write_text("".join(blocks(checkout, "toml")))
    (share,) = read(str(file)).share
    assert (share.name, share.printer, share.printer_driver) == ("laser", True, "HP LaserJet 4")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"printer": True, "read_only": True}, "read_only a printer that is read-only takes no jobs"),
        ({"printer_driver": "HP"}, "printer_driver is for printers: add printer = true"),
        ({"printer": True, "printer_driver": "a,b"}, "printer_driver"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, keys: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        FakeSMB({"lp": Share(tmp_path, **keys)})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_printer_on_the_command_line(tmp_path: Path) -> None:
    share = forms.printer(f"lp={tmp_path}")
    assert (share.name, share.path, share.printer) == ("lp", str(tmp_path), True)
    for wrong in ("lp", "lp="):
        with pytest.raises(ConfigError, match=r"a printer is NAME=FOLDER"):
            forms.printer(wrong)


def test_jobs_of_what_is_no_printer(tmp_path: Path) -> None:
    service = FakeSMBService({"lp": Share(tmp_path, printer=True), "files": tmp_path})
    assert service.jobs() == service.jobs("LP") == []
    with pytest.raises(ValueError, match="no printer is called 'lpx'; did you mean lp"):
        service.jobs("lpx")
    with pytest.raises(ValueError, match="no printer is called 'files'"):
        service.jobs("files")


def test_the_verb_is_a_function() -> None:
    assert fakesmb.printed("letter.txt").criteria == {"verb": "printed", "path": "letter.txt"}
