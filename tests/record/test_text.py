"""The text form: one line a message, as a network analyser lists frames."""

import msgspec
import pytest

from fakesmb.nt.status import NT
from fakesmb.record.events import Connected, Disconnected, Event, Named, Problem, SignInRefused
from fakesmb.record.text import TextLines
from fakesmb.wire import files
from tests.record.record_samples import CLIENT, SERVER, START, message, reply
from tests.record.test_describe import DOCUMENTED, light
from tests.record.test_jsonl import Output

NAME = files.NtCreateAndxRequest(desired_access=1, file_name="\\srvsvc")


def text_of(*events: Event, colour: bool = False) -> str:
    output = Output()
    sink = TextLines(output, started=START, colour=colour)
    for event in events:
        sink.write(event)
    sink.close()
    return output.data.decode()


def test_a_line_is_number_seconds_source_destination_and_description() -> None:
    shown = text_of(
        message(0xA2, NAME, number=10, time=START + 52.8764),
        reply(0xA2, files.NtCreateAndxResponse(fid=0x4000), number=11, time=START + 54.153964),
    )
    there = f"{CLIENT}       {SERVER}      "
    back = f"{SERVER}        {CLIENT}     "
    assert shown.splitlines() == [
        f"10         52.876400  {there}  SMB:C; Nt Create Andx, FileName = \\srvsvc",
        f"11         54.153964  {back}  SMB:R; Nt Create Andx, FID = 0x4000",
    ]


def test_the_documented_exchange_is_shown_in_the_same_words_and_order() -> None:
    events = [
        msgspec.structs.replace(light(event), number=number, time=START + number)
        for number, (event, _) in enumerate(DOCUMENTED, 4)
    ]
    shown = text_of(*events).splitlines()
    assert [line.split(maxsplit=4)[4] for line in shown] == [line for _, line in DOCUMENTED]
    assert [line.split()[0] for line in shown] == [str(number) for number in range(4, 4 + len(DOCUMENTED))]


def test_what_the_name_service_did_is_told() -> None:
    kinds = ("registered", "queried", "refused", "conflict", "released", "listed", "elected")
    shown = text_of(*(Named(START, kind, "10.0.0.9:137", "LAB<\x1b>", "why") for kind in kinds)).splitlines()
    assert [line.partition("names: ")[2] for line in shown] == [
        "LAB<\\x1b> is registered: why",
        "10.0.0.9:137 asks for LAB<\\x1b>: why",
        "10.0.0.9:137 is refused LAB<\\x1b>: why",
        "10.0.0.9:137 refuses us LAB<\\x1b>: why",
        "LAB<\\x1b> is released: why",
        "10.0.0.9:137 announces LAB<\\x1b>: why",
        "LAB<\\x1b> is ours: why",
    ]
    (line,) = text_of(Named(START, "registered", "", "LAB<20>", "")).splitlines()
    assert line.endswith("LAB<20> is registered")


def test_connections_opened_and_closed_are_told_with_the_reason() -> None:
    lines = text_of(
        Connected(START, 1, CLIENT, SERVER),
        SignInRefused(START, 1, CLIENT, "eve", NT.LOGON_FAILURE, "wrong password", "WG"),
        Disconnected(START + 2, 1, CLIENT, SERVER, "not an SMB message", True),
    ).splitlines()
    assert lines == [
        "-           0.000000  connection 1 opened from 192.168.1.6:1240",
        "-           0.000000  connection 1: WG\\eve was refused, STATUS_LOGON_FAILURE: wrong password",
        "-           2.000000  connection 1 closed by the server: not an SMB message",
    ]


def test_there_is_colour_only_where_asked_for() -> None:
    event = message(0xA2, NAME)
    assert "\x1b" not in text_of(event)
    coloured = text_of(event, colour=True)
    assert coloured.startswith("\x1b[2m1 ")
    assert coloured.endswith("FileName = \\srvsvc\x1b[0m\n")
    refused = reply(0xA2, None, status=NT.ACCESS_DENIED)
    assert "\x1b[31mSMB:R;" in text_of(refused, colour=True)


@pytest.mark.parametrize("name", ["\\a\nfake line", "\\\x1b[2J", "\\\ud800", "\\\u202etxt.exe", "\\\x07"])
def test_names_cannot_disturb_lines_or_terminals(name: str) -> None:
    body = files.NtCreateAndxRequest(desired_access=1, file_name=name)
    shown = text_of(message(0xA2, body))
    assert shown.endswith("\n")
    assert shown[:-1].isprintable()


def test_names_in_many_scripts_are_shown_as_they_are() -> None:
    body = files.NtCreateAndxRequest(desired_access=1, file_name="\\日本 Ελλάδα.txt")
    assert "\\日本 Ελλάδα.txt" in text_of(message(0xA2, body))


def test_a_traceback_stays_out_of_the_text() -> None:
    assert text_of(Problem(START, 1, "KeyError", "Traceback\n  File")).splitlines() == [
        "-           0.000000  connection 1: problem: KeyError"
    ]


def test_a_name_can_neither_move_the_cursor_nor_end_the_line() -> None:
    name = "\\a\x1b[2J\x9b1A\r\n\x7f\x85\u2028\u202e\u2066\u200f.txt"
    shown = text_of(message(0xA2, files.NtCreateAndxRequest(desired_access=1, file_name=name)))
    assert shown.endswith("\n")
    assert shown[:-1].isprintable()
    assert "\\x1b[2J" in shown
    assert "\\u202e" in shown
