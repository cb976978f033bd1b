"""Groups are filled whatever a walker gives, what carried protocols give included; values mean what they say."""

from typing import Any

import pytest

from fakesmb.nt.filetime import LATEST
from fakesmb.record.events import Shown
from fakesmb.trace import bitnames, carrying, meanings
from fakesmb.trace.field import Field
from fakesmb.trace.region import Region
from fakesmb.trace.settle import group, leaf
from fakesmb.trace.trees import trees
from fakesmb.wire.commands import Command
from fakesmb.wire.files import WriteAndxRequest
from tests.record.test_dissect import exchange, message
from tests.trace.treechecks import check, found, leaves

DATA = bytes(range(16))


def spans(field: Field) -> list[tuple[str, int, int]]:
    return [(one.name, one.at, one.size) for one in leaves([field])]


class TestGroups:
    def test_gaps_are_padding_where_they_can_be(self) -> None:
        data = bytes(6) + b"\1\2" + b"0123456789"
        one = group("Group", 0, 18, [leaf("A", 2, 2, 0), leaf("B", 8, 2, 0)], data)
        assert spans(one) == [("Pad", 0, 2), ("A", 2, 2), ("Pad", 4, 4), ("B", 8, 2), ("Unread", 10, 8)]

    def test_what_two_claim_the_first_has(self) -> None:
        fields = [leaf("B", 2, 6, 0), leaf("A", 0, 4, 0), leaf("C", 3, 1, 0)]
        assert spans(group("Group", 0, 8, fields, DATA)) == [("A", 0, 4), ("Unread", 4, 4)]

    def test_a_group_is_cut_to_the_room(self) -> None:
        inner = group("Inner", 2, 12, [leaf("A", 2, 4, 0), leaf("B", 6, 6, 0)], DATA)
        one = group("Group", 4, 8, [inner, leaf("Out", 20, 2, 0)], DATA)
        assert spans(one) == [("Unread", 4, 2), ("Unread", 6, 2)]
        assert one.fields[0].name == "Inner"

    def test_a_secret_that_is_cut_stays_one(self) -> None:
        one = group("Group", 0, 4, [Field("Key", 0, 8, DATA[:8].hex(), secret=True)], DATA)
        assert [(field.size, field.secret) for field in leaves([one])] == [(4, True)]

    def test_a_value_of_no_bytes_keeps_its_place(self) -> None:
        one = group("Group", 0, 4, [leaf("A", 0, 4, 0), leaf("Interface", 2, 0, "srvsvc")], DATA)
        assert ("Interface", 4, 0) in spans(one)


def write() -> Any:
    data = message(Command.WRITE_ANDX, WriteAndxRequest(fid=1, data=DATA))
    return exchange(data, shown=Shown.REQUEST, share="IPC$")


class TestCarried:
    """Fields of another hand are made to fit, and its mistakes do not hide the message."""

    def told(self, monkeypatch: pytest.MonkeyPatch, carried: Any) -> Any:
        monkeypatch.setattr(carrying, "carried", carried)
        (tree,) = trees(write())
        check(tree)
        return tree

    def test_its_groups_are_filled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def carried(region: Region, half: Any) -> tuple[Field, ...]:
            return (Field("PDU", region.at, 8, fields=(leaf("Version", region.at + 2, 1, 5),)),)

        tree = self.told(monkeypatch, carried)
        assert [one.name for one in found(tree, "Data", "PDU").fields] == ["Pad", "Version", "Pad"]

    def test_what_lies_outside_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def carried(region: Region, half: Any) -> tuple[Field, ...]:
            return (leaf("Before", 0, 40, 1), leaf("Behind", region.end - 2, 90, 1))

        assert found(self.told(monkeypatch, carried), "Data").fields

    def test_what_several_messages_carried_is_a_buffer_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def carried(region: Region, half: Any) -> tuple[Field, ...]:
            number = half.add(b"whole" * 4)
            whole = Field("Stub", 0, 20, fields=(leaf("A", 0, 12, 1, buffer=number),), buffer=number)
            return (leaf("Fragment", region.at, region.size, "part"), whole)

        tree = self.told(monkeypatch, carried)
        assert tree.buffers[1] == b"whole" * 4
        assert [one.name for one in leaves(tree.fields, 1)] == ["A", "Unread"]

    def test_a_mistake_of_it_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def carried(region: Region, half: Any) -> tuple[Field, ...]:
            raise IndexError("list index out of range")

        tree = self.told(monkeypatch, carried)
        assert tree.problem == "Data could not be read: IndexError: list index out of range"

    def test_its_secrets_are_hidden(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def carried(region: Region, half: Any) -> tuple[Field, ...]:
            return (Field("Key", region.at, region.size, "00", secret=True),)

        tree = self.told(monkeypatch, carried)
        assert found(tree, "Key").value is None
        assert tree.buffers[0].endswith(bytes(16))

    def test_a_walker_of_ours_that_fails_leaves_the_header(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("fakesmb.trace.trees.command_fields", lambda half: 1 // 0)
        (tree,) = trees(write())
        check(tree)
        assert found(tree, "MID")
        assert tree.problem.startswith("ZeroDivisionError")


@pytest.mark.parametrize(
    ("meaning", "value", "told"),
    [
        (meanings.filetime, 127_304_000_000_000_000, "2004-05-30 14:13:20.0000000 UTC"),
        (meanings.filetime, 0, "no time is given"),
        (meanings.filetime, LATEST, "never"),
        (meanings.filetime, (1 << 64) - 1, "the time is not to be changed"),
        (meanings.filetime, LATEST - 5, "after the year 9999"),
        (meanings.utime, 1_086_000_000, "2004-05-31 10:40:00, by the server's clock"),
        (meanings.utime, 0xFFFFFFFF, "no time is given"),
        (meanings.dos_date, 0x30BF, "2004-05-31"),
        (meanings.dos_date, 0, "no date is given"),
        (meanings.dos_date, 0xFFFF, "no date of any calendar"),
        (meanings.dos_time, 0x5501, "10:40:02"),
        (meanings.dos_time, 0xFFFF, "no time of day"),
        (meanings.zone, 0, "UTC"),
        (meanings.zone, -120, "UTC+02:00"),
        (meanings.zone, 210, "UTC-03:30"),
        (meanings.milliseconds, 0, "at once or not at all"),
        (meanings.milliseconds, 5000, "5000 ms"),
        (meanings.milliseconds, 0xFFFFFFFF, "as long as it takes"),
        (meanings.interval, -864_000_000_000, "86400 s"),
        (
            meanings.guid,
            bytes.fromhex("785634123412cdab0102030405060708"),
            "12345678-1234-abcd-0102-030405060708",
        ),
        (meanings.guid, b"short", ""),
        (meanings.status, 0xC000000E, "STATUS_NO_SUCH_DEVICE (0xC000000E)"),
        (meanings.status, 0xC0990001, "0xC0990001"),
        (meanings.id32, 0x7850, "0x00007850"),
        (
            bitnames.ACCESS,
            0x12019F,
            "FILE_READ_DATA, FILE_WRITE_DATA, FILE_APPEND_DATA, FILE_READ_EA, FILE_WRITE_EA, "
            "FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, READ_CONTROL, SYNCHRONIZE",
        ),
        (bitnames.ACCESS, 0, "no access"),
        (bitnames.ACCESS, 0x1F01FF, "FILE_ALL_ACCESS"),
        (bitnames.SECURITY_FLAGS, 0x82, "SMB_SECURITY_EFFECTIVE_ONLY, 0x80"),
        (bitnames.NM_PIPE_STATUS, 0x05FF, "ICount 255, read as messages, a message pipe, the client's end"),
        (bitnames.ACCESS_MODE, 0x42, "read and write, deny nothing to others"),
        (bitnames.OPEN_MODE, 0x11, "open if it exists, create if it does not exist"),
        (bitnames.DISPOSITION, 5, "FILE_OVERWRITE_IF"),
        (bitnames.DISPOSITION, 99, ""),
        (bitnames.YES_NO, 7, "yes"),
        (bitnames.OPTIONAL_SUPPORT, 0x0D, "SMB_SUPPORT_SEARCH_BITS, SMB_CSC_NO_CACHING"),
        (meanings.first_of(bitnames.DISPOSITION, meanings.id16), 7, "0x0007"),
        (meanings.first_of(bitnames.DISPOSITION), 7, ""),
    ],
)
def test_values_as_people_read_them(meaning: meanings.Meaning, value: Any, told: str) -> None:
    assert meaning(value) == told
