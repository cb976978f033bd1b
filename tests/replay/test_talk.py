"""Which answers belong to which requests of a capture."""

from pathlib import Path

import pytest

from fakesmb.capture.trouble import Trouble
from fakesmb.core.settings import Settings
from fakesmb.record.events import Client, Connected, Disconnected, Exchanged, Shown
from fakesmb.replay import talk
from fakesmb.replay.talk import Ask, Told, items
from fakesmb.replay.witness import summary
from fakesmb.testing import CHALLENGE, GUID
from fakesmb.wire import files
from fakesmb.wire.header import Header
from tests.capture.written import Sniffed

CLIENT = Client(1, "10.0.0.1:1", "10.0.0.2:445")


def event(
    message: bytes, number: int, shown: int, *, data: bytes | None = None, request: bytes = b""
) -> Exchanged:
    if shown == Shown.REPLY:
        return Exchanged(
            CLIENT, 1.0, 1.0, number, request, len(request), message, len(message), shown, data=data
        )
    return Exchanged(CLIENT, 1.0, 1.0, number, message, len(message), b"", 0, shown, data=data)


def smb(command: int, mid: int, *, reply: bool = False, pid: int = 9) -> bytes:
    return Header(command, 0, 0x98 if reply else 0x18, 0, 0, bytes(8), 1, pid, 1, mid).encode() + b"\0\0\0"


def test_answers_find_their_requests_by_mid_pid_and_command() -> None:
    found = list(
        items(
            [
                Connected(0.0, 1, "a", "b"),
                event(smb(0x04, 1), 1, Shown.REQUEST),
                event(smb(0x2E, 2), 2, Shown.REQUEST),
                event(smb(0x2E, 1, pid=8), 3, Shown.REQUEST),
                event(smb(0x2E, 2, reply=True), 4, Shown.REPLY),
                event(smb(0x04, 1, reply=True), 5, Shown.REPLY),
                event(smb(0x04, 7, reply=True), 6, Shown.REPLY),
                event(smb(0x24, 0xFFFF), 7, Shown.REPLY),
                event(b"\xffSMB", 8, Shown.REPLY),
                Trouble(9, "a gap"),
                Disconnected(0.0, 1, "a", "b", "bye"),
                event(smb(0x04, 1, reply=True), 10, Shown.REPLY),
            ]
        )
    )
    told = [one for one in found if isinstance(one, Told)]
    assert [one.ask.frame if one.ask else None for one in told] == [2, 1, None, None, None]
    assert [one.unasked for one in told] == [False, False, False, True, False]
    asks = [one for one in found if isinstance(one, Ask)]
    assert [one.next_frame for one in asks] == [2, 3, 0]
    assert [type(one).__name__ for one in found].count("Trouble") == 1


def test_bare_data_belong_to_raw_requests() -> None:
    write, read = smb(0x1D, 1), smb(0x1A, 2)
    found = list(
        items(
            [
                event(write, 1, Shown.REQUEST),
                event(write, 2, 0, data=b"data"),
                event(read, 3, Shown.REQUEST),
                event(read, 4, 0, data=b"more"),
                event(b"", 5, 0, data=b"whose"),
            ]
        )
    )
    assert [type(one).__name__ for one in found] == ["Ask", "Ask", "Ask", "Told"]
    data = found[1]
    assert isinstance(data, Ask)
    assert (data.of, data.message, data.command) == (found[0], b"data", -1)
    assert summary(data) == "4 bytes of data"
    told = found[3]
    assert isinstance(told, Told)
    assert (told.ask, told.bare, told.message) == (found[2], True, b"more")


def test_a_capture_that_is_too_large_is_replayed_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "MOST_BYTES", 600)
    (tmp_path / "a.txt").write_bytes(b"x")
    sniffed = Sniffed(tmp_path, settings=Settings(signing="off", challenge=CHALLENGE, guid=GUID))
    client = sniffed.client().sign_in().connect("public")
    client.create("a.txt", access=files.CreateFlag.REQUEST_OPLOCK)
    found = list(items(sniffed.capture.events()))
    assert isinstance(found[-1], Trouble)
    assert "the rest is left out" in found[-1].text
