"""Any bytes make a message or a DecodeError; what was decoded encodes to something that decodes the same."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakesmb.wire import (
    dirs,
    files,
    locking,
    negotiate,
    nt_trans,
    raw,
    search,
    session,
    trans,
    trans2,
    tree,
)
from fakesmb.wire.codec import Block, Body, DecodeError, Record, Structure, words_of
from fakesmb.wire.header import HEADER_SIZE, Flags, block_at, pack_header
from tests.examples import examples

MODULES: tuple[ModuleType, ...] = (
    dirs,
    files,
    locking,
    negotiate,
    nt_trans,
    raw,
    search,
    session,
    trans,
    trans2,
    tree,
)


def classes(base: type) -> list[Any]:
    """Every class of the wire modules with that base."""
    found = {
        one
        for module in MODULES
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, base) and one is not base
    }
    return sorted(found, key=lambda one: one.__name__)


ENVELOPES: list[Any] = [
    trans.TransactionRequest,
    trans.Transaction2Request,
    trans.NtTransactRequest,
    trans.TransactionSecondaryRequest,
    trans.Transaction2SecondaryRequest,
    trans.NtTransactSecondaryRequest,
    trans.TransactionResponse,
    trans.NtTransactResponse,
]
MESSAGES = [one for one in classes(Body) if one not in ENVELOPES]


def word_counts(kind: Any) -> list[int]:
    """The WordCounts that a class may accept, and some that it does not."""
    if kind in MESSAGES:
        return [*words_of(kind).forms, 10, 12, 13]
    return list(range(8, 22))


def blocks(kind: Any) -> st.SearchStrategy[Block]:
    """Well-formed blocks with the right WordCount more often than not, and any words and bytes."""

    def build(count: int, words: bytes, data: bytes, unicode: bool) -> Block:
        body = bytes([count]) + words[: 2 * count].ljust(2 * count, b"\0")
        message = bytes(HEADER_SIZE) + body + len(data).to_bytes(2, "little") + data
        return block_at(message, HEADER_SIZE, unicode=unicode)

    return st.builds(
        build,
        st.sampled_from(word_counts(kind)),
        st.binary(max_size=80).map(lambda one: one.ljust(80, b"\0")) | st.binary(min_size=80, max_size=110),
        st.binary(max_size=90) | st.lists(st.sampled_from([0, 1, 4, 5, 0x41, 0x5C]), max_size=60).map(bytes),
        st.booleans(),
    )


def sent(value: Any, *, unicode: bool) -> Block:
    """A message's block as the other side finds it; the header says only that it may be a create answer."""
    header = pack_header(0xA2, 0, Flags.REPLY, 0, 0, 0, 0, 0, 0)
    message = header + b"".join(value.encode(HEADER_SIZE, unicode=unicode))
    return block_at(message, HEADER_SIZE, unicode=unicode)


@settings(max_examples=examples(600))
@given(st.sampled_from([*MESSAGES, *ENVELOPES]).flatmap(lambda kind: st.tuples(st.just(kind), blocks(kind))))
def test_any_block_is_a_message_or_a_decode_error(case: tuple[Any, Block]) -> None:
    kind, block = case
    try:
        value = kind.decode(block)
    except DecodeError:
        return
    first = kind.decode(sent(value, unicode=block.unicode))
    assert kind.decode(sent(first, unicode=block.unicode)) == first


@settings(max_examples=examples(200))
@given(kind=st.sampled_from(classes(Structure)), data=st.binary(max_size=120), unicode=st.booleans())
def test_any_parameters_are_a_structure_or_a_decode_error(kind: Any, data: bytes, unicode: bool) -> None:
    try:
        value = kind.decode(data, unicode=unicode)
    except DecodeError:
        return
    first = kind.decode(value.encode(unicode=unicode), unicode=unicode)
    assert kind.decode(first.encode(unicode=unicode), unicode=unicode) == first


@given(kind=st.sampled_from(classes(Record)), data=st.binary(max_size=60))
def test_any_record_comes_back(kind: Any, data: bytes) -> None:
    size = kind.size()
    try:
        value = kind.decode(data)
    except DecodeError:
        assert len(data) < size
        return
    assert value.encode() == data[:size]


@given(st.binary(max_size=120), st.integers(0, 130))
def test_any_bytes_have_a_block_or_a_decode_error(message: bytes, at: int) -> None:
    try:
        block = block_at(message, at, unicode=True)
    except DecodeError:
        return
    assert block.bytes_at + block.byte_count <= len(message)


def structures() -> Iterator[Any]:
    """All declared classes."""
    yield from MESSAGES
    yield from classes(Structure)
    yield from classes(Record)


@pytest.mark.parametrize("kind", [*structures(), *ENVELOPES], ids=lambda one: one.__name__)
def test_every_structure_names_its_section_and_is_frozen(kind: Any) -> None:
    assert kind.__struct_config__.frozen
    assert not kind.__struct_config__.gc
    text = " ".join(base.__doc__ or "" for base in kind.__mro__[:2])
    assert "[MS-" in text or "LANMAN" in text, kind


def test_replace_works_on_messages() -> None:
    """The record drops payloads so."""
    assert replace(files.CloseRequest(1), fid=2) == files.CloseRequest(2)
