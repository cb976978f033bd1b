"""docs/keys.md and docs/fakesmb.toml are what the structures of the configuration say."""

import sys
from pathlib import Path
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.config import links, parts

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
import keytables  # noqa: E402  # a module of the site


def test_both_are_as_the_code_is() -> None:
    for name, made in (("keys.md", keytables.page()), ("fakesmb.toml", keytables.sample())):
        assert (DOCS / name).read_text(encoding="utf-8") == made, "make docs"


def test_every_table_and_every_key_is_there_and_says_something() -> None:
    tables = {table.name: table for table in keytables.TABLES}
    assert tables.keys() == set(parts.FilePart.__struct_fields__) - {"profile", "fault"}
    for table in tables.values():
        found = list(keytables.keys(table))
        assert tuple(key.name for key in found) == table.kind.__struct_fields__
        assert [key.name for key in found if len(key.what.split()) < 3] == []


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("server.port", "`--port`<br>`FAKESMB_PORT`<br>`port=...`"),
        ("server.plans", "`--no-plans`<br>`FAKESMB_NO_PLANS`<br>`plans=...`"),
        ("server.comment", "`comment=...`"),
        ("log.file", "`--log-file`<br>`FAKESMB_LOG_FILE`<br>`log_file=...`"),
        ("capture.file", "`--pcap`<br>`FAKESMB_PCAP`<br>`pcap=...`"),
        ("limits.connections", "`limits=Limits(connections=...)`"),
        ("names.port", "`--name-port`<br>`FAKESMB_NAME_PORT`<br>`names=Names(port=...)`"),
        ("user.nt_hash", "`User(..., nt_hash=...)`"),
        ("share.read_only", "`--share NAME=PATH,ro`<br>`FAKESMB_SHARE_1`<br>`Share(..., read_only=...)`"),
    ],
)
def test_how_a_key_is_given_otherwise(place: str, expected: str) -> None:
    name = place.partition(".")[0]
    [key] = [
        key
        for table in keytables.TABLES
        if table.name == name
        for key in keytables.keys(table)
        if key.place == place
    ]
    assert keytables.ways(key) == expected


def test_what_names_keys_by_hand_names_keys() -> None:
    places = {key.place for table in keytables.TABLES for key in keytables.keys(table)}
    for by_hand in (keytables.FORMS, keytables.IN_PYTHON, keytables.EXAMPLES, keytables.SAID):
        assert by_hand.keys() <= places


def test_kinds_in_words() -> None:
    words: list[tuple[Any, str]] = [
        (bool, "true, false"),
        (parts.Port | None, "number, 0 to 65535"),
        (parts.Bytes, "number, 1 or more"),
        (parts.Accept, 'list of `"ntlmv2"`, `"ntlm2"`, `"ntlmv1"`, `"lm"`'),
        (links.Links | None, "table"),
    ]
    for annotation, expected in words:
        assert keytables.kind(annotation) == expected


def test_a_server_starts_by_the_sample(tmp_path: Path) -> None:
    (tmp_path / "files" / "public").mkdir(parents=True)
    (tmp_path / "fakesmb.toml").write_text(keytables.sample(), encoding="utf-8")
    with FakeSMB.from_file(tmp_path / "fakesmb.toml", port=0) as smb:
        assert [share.name for share in smb.config.shares] == ["public"]
