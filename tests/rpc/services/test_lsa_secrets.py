"""LSA secrets: set, asked for, deleted, and never in the clear."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.crypto import decryptSecret
from impacket.dcerpc.v5 import lsad
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import PipeService
from fakesmb.rpc.services.lsa_secrets import LONGEST_NAME, MOST_SECRETS, decrypted, encrypted
from fakesmb.rpc.view import Caller
from tests.rpc.rpc_client import USER, ListView, PipeTransport

LSARPC = uuidtup_to_bin(("12345778-1234-ABCD-EF00-0123456789AB", "0.0"))
KEY = bytes(range(16))
ADMIN = Caller("root", "LAB", admin=True, session_key=KEY)
SET, QUERY = 29, 30


class Server:
    """Clients of one server, with its clock."""

    def __init__(self) -> None:
        self.view = ListView()
        self.service = PipeService(self.view)

    def connect(self, caller: Caller = ADMIN) -> tuple[Any, bytes]:
        dce = PipeTransport(self.service.open("lsarpc", caller)).get_dce_rpc()
        dce.connect()
        dce.bind(LSARPC)
        return dce, lsad.hLsarOpenPolicy2(dce)["PolicyHandle"]


def value(data: bytes | None) -> bytes:
    if data is None:
        return bytes(4)
    size = len(data)
    return struct.pack("<7I", 0x20000, size, size, 0x20004, size, 0, size) + data + bytes(-size % 4)


def put(dce: Any, handle: bytes, current: bytes | None, old: bytes | None = None) -> int:
    dce.call(SET, handle + value(current) + value(old))
    (status,) = struct.unpack("<I", dce.recv())
    return int(status)


def ask(dce: Any, handle: bytes) -> tuple[bytes | None, int, bytes | None, int]:
    """Both values, decrypted, and both times."""
    dce.call(QUERY, handle + struct.pack("<IIIQIIIxxxxQ", *(0x20000, 0, 0x20004, 0) * 2))
    stub = dce.recv()
    assert stub[-4:] == bytes(4)
    at, values, times = 0, list[bytes | None](), list[int]()
    for _ in range(2):
        referent, inner = struct.unpack_from("<II", stub, at)
        assert referent
        at += 8
        data = None
        if inner:
            size, most, _, room, _, actual = struct.unpack_from("<6I", stub, at)
            assert size == most == room == actual
            data = plain(stub[at + 24 : at + 24 + size])
            at += 24 + size
        at += -at % 4 + 4
        at += -at % 8
        (time,) = struct.unpack_from("<Q", stub, at)
        at += 8
        values.append(data)
        times.append(time)
    return values[0], times[0], values[1], times[1]


def plain(data: bytes) -> bytes:
    """Decrypted by impacket, which the length in there tells nothing."""
    secret = decrypted(KEY, data)
    assert decryptSecret(KEY, data)[: len(secret)] == secret
    return secret


def made(dce: Any, policy: bytes, name: str = "G$test") -> bytes:
    handle: bytes = lsad.hLsarCreateSecret(dce, policy, name)["SecretHandle"]
    return handle


def test_a_secret_and_what_it_was_before() -> None:
    server = Server()
    dce, policy = server.connect()
    handle = made(dce, policy)
    began = from_seconds(server.view.now)
    assert ask(dce, handle) == (None, began, None, began)
    assert put(dce, handle, encrypted(KEY, b"first")) == NT.SUCCESS
    assert ask(dce, handle)[0] == b"first"
    server.view.now += 1
    assert put(dce, handle, encrypted(KEY, b"second, and longer")) == NT.SUCCESS
    current, time, old, old_time = ask(dce, handle)
    assert (current, old, time - old_time) == (b"second, and longer", b"first", 10_000_000)


def test_the_old_value_alone_takes_the_new_one_away() -> None:
    dce, policy = Server().connect()
    handle = made(dce, policy)
    put(dce, handle, encrypted(KEY, b"now"))
    put(dce, handle, None, encrypted(KEY, b"then"))
    current, time, old, old_time = ask(dce, handle)
    assert (current, old, time == old_time) == (None, b"then", True)


def test_another_key_is_found_out() -> None:
    dce, policy = Server().connect()
    handle = made(dce, policy)
    assert put(dce, handle, encrypted(bytes(16), b"now")) == NT.UNKNOWN_REVISION
    assert put(dce, handle, b"odd") == NT.INVALID_PARAMETER
    assert ask(dce, handle)[0] is None


def test_only_what_is_asked_for_is_told() -> None:
    dce, policy = Server().connect()
    dce.call(QUERY, made(dce, policy) + bytes(16))
    assert dce.recv() == bytes(20)


def test_secrets_are_found_by_name_in_any_case_until_they_are_deleted() -> None:
    server = Server()
    dce, policy = server.connect()
    handle = made(dce, policy, "Secret")
    put(dce, handle, encrypted(KEY, b"x"))
    other, its_policy = server.connect()
    found = lsad.hLsarOpenSecret(other, its_policy, "SECRET")["SecretHandle"]
    assert ask(other, found)[0] == b"x"
    lsad.hLsarDeleteObject(dce, handle)
    refused_uses: tuple[tuple[NT, Callable[[], object]], ...] = (
        (NT.INVALID_HANDLE, lambda: lsad.hLsarDeleteObject(other, found)),
        (NT.OBJECT_NAME_NOT_FOUND, lambda: lsad.hLsarOpenSecret(other, its_policy, "Secret")),
    )
    for status, use in refused_uses:
        with pytest.raises(DCERPCException) as refused:
            use()
        assert refused.value.get_error_code() == status


def test_names_that_are_there_missing_or_too_long() -> None:
    dce, policy = Server().connect()
    handle = made(dce, policy, "one")
    for name, status in (
        ("One", NT.OBJECT_NAME_COLLISION),
        ("", NT.INVALID_PARAMETER),
        ("n" * (LONGEST_NAME + 1), NT.NAME_TOO_LONG),
    ):
        with pytest.raises(DCERPCException) as refused:
            made(dce, policy, name)
        assert refused.value.get_error_code() == status
    lsad.hLsarClose(dce, handle)


def test_one_that_was_never_set_goes_with_its_handle() -> None:
    """smbtorture's sealed leaves give up half-way, and those after them use the same name."""
    server = Server()
    dce, policy = server.connect()
    made(dce, policy)
    dce.get_rpc_transport().pipe.close()
    assert made(*server.connect())


def test_one_that_was_set_stays() -> None:
    server = Server()
    dce, policy = server.connect()
    put(dce, made(dce, policy), encrypted(KEY, b"x"))
    dce.get_rpc_transport().pipe.close()
    dce, policy = server.connect()
    assert ask(dce, lsad.hLsarOpenSecret(dce, policy, "G$test")["SecretHandle"])[0] == b"x"


def test_secrets_are_for_administrators() -> None:
    dce, policy = Server().connect(USER)
    for use in (lsad.hLsarCreateSecret, lsad.hLsarOpenSecret):
        with pytest.raises(DCERPCException) as refused:
            use(dce, policy, "G$test")
        assert refused.value.get_error_code() == NT.ACCESS_DENIED


def test_there_is_an_end_to_secrets() -> None:
    dce, policy = Server().connect()
    for number in range(MOST_SECRETS):
        handle = made(dce, policy, f"n{number}")
        assert put(dce, handle, encrypted(KEY, b"x")) == NT.SUCCESS
        lsad.hLsarClose(dce, handle)
    assert put(dce, made(dce, policy, "more"), encrypted(KEY, b"x")) == NT.INSUFFICIENT_RESOURCES


@given(st.binary(min_size=7, max_size=24), st.binary(max_size=200))
def test_what_is_encrypted_is_decrypted(key: bytes, secret: bytes) -> None:
    assert decrypted(key, encrypted(key, secret)) == secret


@given(st.binary(max_size=64))
def test_bytes_from_strangers_are_refused_or_a_secret(data: bytes) -> None:
    try:
        decrypted(KEY, data)
    except SMBError:
        return
