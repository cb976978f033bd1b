"""Keytabs: MIT's format to its last byte, and what is said of files that are none."""

from contextlib import suppress

import pytest

from fakesmb.auth.kerberos import Kerberos
from fakesmb.auth.keytab import KeytabError, ServiceKey, is_file_service, read_keytab, spelt
from tests.auth.tickets import RC4, REALM, SERVICE, keytab, new_key, service_key

GOLDEN = bytes.fromhex(
    "0502"
    "00000049 0002 000b 4c41422e4558414d504c45 0004 63696673 0011 66696c65732e6c61622e6578616d706c65"
    "00000001 6b0bda24 02 0017 0010 000102030405060708090a0b0c0d0e0f 00000002"
)
"""As ktadd wrote it, with a key that is none."""


def test_golden_bytes() -> None:
    (key,) = read_keytab(GOLDEN)
    assert key == ServiceKey(SERVICE, REALM, 2, RC4, bytes(range(16)))
    assert key.principal == "cifs/files.lab.example@LAB.EXAMPLE"
    assert repr(key) == "ServiceKey('cifs/files.lab.example@LAB.EXAMPLE', kvno=2, enctype=23)"


def test_holes_and_the_end_of_the_keys_are_passed_over() -> None:
    one, two = service_key(new_key(), kvno=300), service_key(new_key(RC4))
    both = keytab(one, two)
    assert read_keytab(both) == [one, two]
    hole = (-9).to_bytes(4, "big", signed=True) + b"\xff" * 9
    assert read_keytab(both[:2] + hole + both[2:] + bytes(4) + b"rest") == [one, two]


def test_the_number_of_a_key_may_have_one_byte_only() -> None:
    short = bytearray(GOLDEN[:-4])
    short[5] -= 4
    assert read_keytab(bytes(short))[0].kvno == 2
    assert read_keytab(GOLDEN[:-4] + bytes(4))[0].kvno == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty: no keytab"),
        (b"\x05", "is no keytab: it does not begin with 05 02"),
        (b"[libdefaults]\n", "is no keytab: it does not begin with 05 02"),
        (b"\x05\x01\0\0", "is a keytab of version 1"),
        (b"\x05\x04\0\x0c", "is no keytab but a credentials cache"),
        (GOLDEN[:-1], "is damaged: an entry of 73 bytes at 6, and 72 are left"),
        (b"\x05\x02\0\0\0\2\0\1", "is damaged: the entry at 6 ends inside a field"),
    ],
)
def test_what_is_no_keytab_is_told_so(data: bytes, why: str) -> None:
    with pytest.raises(KeytabError) as error:
        read_keytab(data)
    assert str(error.value).startswith(why)


@pytest.mark.parametrize("end", range(len(GOLDEN)))
def test_every_beginning_is_read_or_refused(end: int) -> None:
    with suppress(KeytabError):
        assert read_keytab(GOLDEN[:end]) == []


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "has no keys"),
        (
            [service_key(new_key(), ("http", "www")), service_key(new_key(), ("alice",))],
            "has no key for a file server: a service cifs/NAME (or host/NAME) is wanted, and it has "
            "http/www@LAB.EXAMPLE, alice@LAB.EXAMPLE",
        ),
        ([service_key(new_key(), ())], "has no key for a file server: "),
        (
            [ServiceKey(SERVICE, REALM, 1, 20, bytes(32)), ServiceKey(SERVICE, REALM, 1, 77, b"")],
            "has keys for cifs/files.lab.example@LAB.EXAMPLE by aes256-cts-hmac-sha384-192, encryption type 77 only",
        ),
    ],
)
def test_a_keytab_without_a_key_that_is_of_use(keys: list[ServiceKey], why: str) -> None:
    with pytest.raises(KeytabError) as error:
        Kerberos(keys, 1, bytes)
    assert str(error.value).startswith(why)


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fakesmb.auth.krb5", None)
    monkeypatch.delattr("fakesmb.auth.krb5", raising=False)
    with pytest.raises(KeytabError, match=r"pip install 'fakesmb\[kerberos\]'"):
        Kerberos([service_key(new_key())], 1, bytes)


def test_services_of_a_file_server() -> None:
    assert all(map(is_file_service, [("cifs", "a"), ("HOST", "a"), ("FILES$",)]))
    assert not any(map(is_file_service, [("http", "a"), ("alice",), ("cifs$", "a"), ()]))


def test_no_two_principals_are_spelt_alike() -> None:
    assert spelt(("a/b",), "R") == "a\\/b@R"
    assert spelt(("a", "b"), "R") == "a/b@R"
    assert spelt(("a@R",)) == "a\\@R"
    assert spelt(("a\\",)) == "a\\\\"
