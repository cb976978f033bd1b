"""Logs with a filter: what does not match is left out of the text, of JSON lines and of the log file alike."""

import json
from pathlib import Path

import pytest

from fakesmb.arguments import config_of, config_of_file
from fakesmb.mistakes import ConfigError
from fakesmb.record.apart import LinesApart
from fakesmb.record.events import Event, Exchanged, Problem
from fakesmb.record.filters import Filter
from fakesmb.record.jsonl import JsonLines, shows_by
from fakesmb.record.text import TextLines
from fakesmb.sinks import Counting, _no_message
from tests.record.talks import Talk
from tests.record.test_filters import talk_of
from tests.record.test_jsonl import Output

FILTER = "command=READ path=\\dir\\*"


def written(sink: JsonLines | TextLines, output: Output, events: tuple[Event, ...]) -> list[str]:
    for event in events:
        sink.write(event)
    sink.close()
    return output.data.decode().splitlines()


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return talk_of(tmp_path)


def test_text_and_json_show_both_halves_of_what_matches(talk: Talk) -> None:
    events = talk.journal.events
    output = Output()
    told = written(TextLines(output, started=0.0, shows=Filter.parse(FILTER).matches), output, events)
    assert [line.split("SMB:")[1].split(",")[0] for line in told] == ["C; Read Andx", "R; Read Andx"]
    output = Output()
    told = written(JsonLines(output, shows=shows_by(FILTER)), output, events)
    assert [json.loads(line)["event"] for line in told] == ["request", "response"]
    assert shows_by("") is None


def test_the_process_that_makes_the_log_file_filters_it(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = LinesApart(str(path), filter=FILTER)
    for event in talk.journal.events * 40:
        log.write(event)
    log.close()
    told = [json.loads(line)["command"] for line in path.read_text().splitlines()]
    assert told == ["SMB_COM_READ_ANDX"] * 80


def test_a_server_without_that_process_filters_it_itself(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = LinesApart(str(path), filter="path=big command=WRITE")
    for event in talk.journal.events:
        log.write(event)
    log._here = log._made_here()  # as where no process can be started
    log.flush()
    log.close()
    assert {json.loads(line)["command"] for line in path.read_text().splitlines()} == {"SMB_COM_WRITE_ANDX"}


def test_problems_are_always_told() -> None:
    """Among them how many events were left out."""
    output = Output()
    sink = TextLines(output, started=0.0, shows=shows_by("command=READ"))
    assert written(sink, output, (Problem(1.0, None, "12 events left out: a full disk"),))


def test_what_cannot_be_judged_is_shown_and_what_cannot_be_counted_costs_no_line(talk: Talk) -> None:
    def broken(event: Event) -> bool:
        raise RuntimeError("a mistake of ours")

    output = Output()
    sink = JsonLines(output, shows=broken, seen=broken)
    assert len(written(sink, output, talk.journal.events)) > 10


def test_the_summary_counts_what_is_not_shown(talk: Talk) -> None:
    counting = Counting()
    output = Output()
    told = written(
        TextLines(output, started=0.0, shows=_no_message(None), seen=counting), output, talk.journal.events
    )
    assert told
    assert not [line for line in told if "SMB:" in line]
    assert counting.summary is not None
    halves = sum(2 if one.shown == 3 else 1 for one in talk.journal.events if isinstance(one, Exchanged))
    assert counting.summary.messages == halves


def test_the_summary_shows_what_a_filter_lets_through(talk: Talk) -> None:
    shows = _no_message(shows_by("event=signed_in or event=exchange"))
    output = Output()
    told = written(TextLines(output, started=0.0, shows=shows), output, talk.journal.events)
    assert told
    assert all("signed in" in line for line in told)


def test_a_filter_that_is_none_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="filter: command=REED: no command is called 'REED'; did you mean READ"
    ):
        config_of({}, {"log_filter": "command=REED"})
    toml = tmp_path / "fakesmb.toml"
    toml.write_text('[log]\nformat = "text"\nfilter = "comand=READ"\n')
    with pytest.raises(
        ConfigError, match=r"fakesmb.toml:3: log.filter: nothing that a filter compares is called"
    ):
        config_of_file(toml, {}, {})
