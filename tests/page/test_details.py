"""All that can be said of each message, from the events of a server."""

from pathlib import Path

import pytest

from fakesmb.record.dissect import messages
from fakesmb.record.events import Exchanged
from fakesmb.show.details import details
from tests.core.conftest import frozen  # noqa: F401  (a fixture)
from tests.page.talks import events_of


@pytest.mark.usefixtures("frozen")
def test_messages_have_a_tree_tables_and_a_sentence(tmp_path: Path) -> None:
    events = events_of("documented", tmp_path)
    told = list(details(events))
    assert [one["message"]["id"] for one in told] == list(range(1, len(told) + 1))
    assert len(told) == sum(len(messages(event)) if isinstance(event, Exchanged) else 1 for event in events)
    for one in told:
        message = one["message"]["event"] in ("request", "response")
        assert (one["tree"] is not None) == (one["tables"] is not None) == message
        assert one["sentence"]
        if message:
            assert one["tree"]["size"] == one["message"]["length"]


@pytest.mark.usefixtures("frozen")
def test_tables_are_those_of_the_moment(tmp_path: Path) -> None:
    told = [one for one in details(events_of("documented", tmp_path)) if one["tables"]]
    opened = [
        (one["message"]["command"], one["message"]["event"], list(one["tables"]["fids"])) for one in told
    ]
    first = next(at for at, (command, _, _) in enumerate(opened) if command == "SMB_COM_NT_CREATE_ANDX")
    assert opened[first][1:] == ("request", [])
    assert [row["fid"] for row in opened[first + 1][2]] == [0x4000]
    close = next(at for at, (command, _, _) in enumerate(opened) if command == "SMB_COM_CLOSE")
    assert [row["fid"] for row in opened[close][2]] == [0x4000]
    assert opened[close + 1][1:] == ("response", [])
    assert [row["user"] for row in told[-2]["tables"]["uids"]] == ["alice"]
    assert told[-1]["tables"]["uids"] == ()


@pytest.mark.usefixtures("frozen")
def test_secrets_are_hidden(tmp_path: Path) -> None:
    events = events_of("documented", tmp_path)
    plain, hidden = (
        next(one for one in details(events, secrets=secrets) if "AUTHENTICATE" in one["message"]["summary"])
        for secrets in (True, False)
    )
    assert plain["tree"]["buffers"] != hidden["tree"]["buffers"]
    assert '"secret"' in str(hidden).replace("'", '"')
