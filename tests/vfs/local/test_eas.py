"""OS/2's extended attributes, kept as `user.<NAME>`."""

import contextlib
import errno
import os

import pytest

from fakesmb.nt.files import Access, Attribute, Disposition
from fakesmb.nt.status import NT
from fakesmb.vfs.eas import size_of
from fakesmb.vfs.local.attributes import decode, encode
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Ea
from fakesmb.vfs.stored import NOTHING, Stored
from tests.refusals import Refuses
from tests.vfs.lab import Lab

A = Path.parse("a")


def test_they_are_kept_as_samba_keeps_them(lab: Lab) -> None:
    (lab.root / "a").touch()
    lab.store.set_eas(A, [Ea("Comments", b"fine")])
    assert os.getxattr(lab.root / "a", "user.COMMENTS") == b"fine"
    os.setxattr(lab.root / "a", "user.mime_type", b"text/plain")
    assert lab.store.eas(A) == [Ea("COMMENTS", b"fine"), Ea("mime_type", b"text/plain")]


def test_names_are_the_same_in_any_case_and_an_empty_value_deletes(lab: Lab) -> None:
    (lab.root / "a").touch()
    os.setxattr(lab.root / "a", "user.Mixed", b"1")
    lab.store.set_eas(A, [Ea("MIXED", b"2"), Ea("other", b"3")])
    assert lab.store.eas(A) == [Ea("Mixed", b"2"), Ea("OTHER", b"3")]
    lab.store.set_eas(A, [Ea("mixed", b""), Ea("never there", b"")])
    assert lab.store.eas(A) == [Ea("OTHER", b"3")]


def test_what_the_server_keeps_there_is_hidden(lab: Lab, refuses: Refuses) -> None:
    handle = lab.open("a:stream", disposition=Disposition.CREATE).handle
    lab.store.close(handle)
    lab.store.set_basic(A, attributes=Attribute.HIDDEN)
    os.setxattr(lab.root / "a", "user.fakesmb.object_id", b"x")
    os.setxattr(lab.root / "a", "user.SAMBA_PAI", b"x")
    os.setxattr(lab.root / "a", "user.with:colon", b"no client could ask for it")
    assert lab.store.eas(A) == []
    with refuses(NT.ACCESS_DENIED):
        lab.store.set_eas(A, [Ea("DosAttrib", b"0x0")])


@pytest.mark.parametrize("name", ["", "x" * 255, *(f"a{c}" for c in '"*+,/:;<=>?[\\]|\x01\x1f')])
def test_one_bad_name_and_none_is_set(lab: Lab, refuses: Refuses, name: str) -> None:
    (lab.root / "a").touch()
    with refuses(NT.INVALID_EA_NAME):
        lab.store.set_eas(A, [Ea("GOOD", b"1"), Ea(name, b"2")])
    assert lab.store.eas(A) == []


def test_flags_are_checked(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "a").touch()
    with refuses(NT.INVALID_EA_FLAG):
        lab.store.set_eas(A, [Ea("A", b"1", 1)])
    lab.store.set_eas(A, [Ea("A", b"1", 0x80)])


def test_too_many_bytes_of_them(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "a").touch()
    lab.store.set_eas(A, [Ea("A", b"1")])
    with refuses(NT.EA_TOO_LARGE):
        lab.store.set_eas(A, [Ea("A", b"2"), Ea("B", bytes(0xFFFF))])
    assert lab.store.eas(A) == [Ea("A", b"1")]


def test_a_disk_that_is_full_leaves_what_was(
    lab: Lab, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab.root / "a").touch()
    lab.store.set_eas(A, [Ea("A", b"1"), Ea("Z", b"9")])
    real = os.setxattr

    def full(target: str, name: str, value: bytes, *args: object, **more: object) -> None:
        if len(value) > 100:
            raise OSError(errno.ENOSPC, "full")
        real(target, name, value)

    monkeypatch.setattr(os, "setxattr", full)
    with refuses(NT.EA_TOO_LARGE):
        lab.store.set_eas(A, [Ea("A", b"2"), Ea("B", bytes(101)), Ea("Z", b"")])
    assert lab.store.eas(A) == [Ea("A", b"1"), Ea("Z", b"9")]


def test_rights(lab: Lab, refuses: Refuses) -> None:
    handle = lab.open("a", Access.READ_DATA, disposition=Disposition.CREATE).handle
    with refuses(NT.ACCESS_DENIED):
        lab.store.set_eas(handle, [Ea("A", b"1")])
    with refuses(NT.ACCESS_DENIED):
        lab.store.eas(handle)
    handle = lab.open("a", Access.WRITE_EA | Access.READ_EA).handle
    lab.store.set_eas(handle, [Ea("A", b"1")])
    assert lab.store.eas(handle) == [Ea("A", b"1")]


def test_a_named_stream_has_none(lab: Lab, refuses: Refuses) -> None:
    handle = lab.open("a:s", Access.FILE_ALL, disposition=Disposition.CREATE).handle
    for target in (handle, Path.parse("a:s")):
        with refuses(NT.INVALID_PARAMETER):
            lab.store.eas(target)
        with refuses(NT.INVALID_PARAMETER):
            lab.store.set_eas(target, [Ea("A", b"1")])


def test_a_new_file_comes_with_them_and_an_overwritten_one_with_new_ones(lab: Lab) -> None:
    lab.store.close(lab.open("a", disposition=Disposition.CREATE, eas=(Ea("A", b"1"),)).handle)
    assert lab.store.eas(A) == [Ea("A", b"1")]
    lab.store.close(lab.open("a", disposition=Disposition.OPEN_IF, eas=(Ea("B", b"2"),)).handle)
    assert lab.store.eas(A) == [Ea("A", b"1")]
    lab.store.close(lab.open("a", disposition=Disposition.OVERWRITE, eas=(Ea("C", b"3"),)).handle)
    assert lab.store.eas(A) == [Ea("C", b"3")]
    lab.store.close(lab.open("a", disposition=Disposition.SUPERSEDE).handle)
    assert lab.store.eas(A) == []


def test_an_overwrite_makes_room_for_itself(lab: Lab) -> None:
    """EAs that fill what the disk has for them go before the attributes are stored, where there is no other way."""
    path = lab.root / "full"
    path.write_bytes(b"old")
    size = 1
    with contextlib.suppress(OSError):
        for size in range(60_000, 0, -500):
            with contextlib.suppress(OSError):
                os.setxattr(path, "user.LARGE", bytes(size))
                break
        for number in range(600):
            os.setxattr(path, f"user.A{number}", b"12345678")
    lab.store.close(lab.open("full", disposition=Disposition.OVERWRITE, attributes=2).handle)
    assert (path.read_bytes(), lab.store.eas(Path.parse("full"))) == (b"", [])
    assert lab.query("full").attributes == 0x22


def test_a_bad_name_makes_no_file(lab: Lab, refuses: Refuses) -> None:
    with refuses(NT.INVALID_EA_NAME):
        lab.open("a", disposition=Disposition.CREATE, eas=(Ea("A:B", b"1"),))
    assert not (lab.root / "a").exists()


def test_their_size_is_remembered_and_on_demand_true(lab: Lab) -> None:
    """Listings know it without looking, where this server wrote the attributes last."""
    lab.store.close(lab.open("a", disposition=Disposition.CREATE).handle)
    lab.store.set_eas(A, [Ea("NAME", b"value")])
    size = size_of([Ea("NAME", b"value")])
    assert size == 4 + 4 + 5 + 5
    assert lab.store.query(A).ea_size == size
    lab.store.set_basic(A, attributes=Attribute.HIDDEN)
    assert lab.store.query(A).ea_size == size
    os.removexattr(lab.root / "a", "user.NAME")
    assert lab.store.query(A, ea_size=True).ea_size == 0


def test_the_size_is_in_samba_s_place_of_the_blob() -> None:
    stored = Stored(Attribute.HIDDEN, 5, 77)
    assert decode(encode(stored)) == stored
    assert encode(stored)[16:20] == (77).to_bytes(4, "little")
    assert decode(encode(Stored(Attribute.HIDDEN, 5))).ea_size == NOTHING.ea_size == -1


def test_a_disk_without_extended_attributes_takes_none(
    lab: Lab, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab.root / "a").touch()

    def refused(*args: object, **more: object) -> None:
        raise OSError(errno.ENOTSUP, "not here")

    for call in ("getxattr", "setxattr", "listxattr", "removexattr"):
        monkeypatch.setattr(os, call, refused)
    assert lab.store.eas(A) == []
    assert lab.store.query(A, ea_size=True).ea_size == 0
    with refuses(NT.EAS_NOT_SUPPORTED):
        lab.store.set_eas(A, [Ea("A", b"1")])
    with refuses(NT.EAS_NOT_SUPPORTED):
        lab.open("b", disposition=Disposition.CREATE, eas=(Ea("A", b"1"),))
    assert not (lab.root / "b").exists()
