"""The transaction envelopes: golden bytes, pieces that fit a buffer, secondaries, and lies."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.wire.codec import DecodeError
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    NtTransactSecondaryRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionResponse,
    TransactionSecondaryRequest,
)
from tests.wire.wire_blocks import block, encoded, octets

GOLDEN: list[tuple[Any, str]] = [
    (
        TransactionRequest(
            name="\\PIPE\\",
            setup=octets("2600 0240"),
            data=b"abc",
            total_data_count=3,
            max_data_count=1024,
        ),
        """10 0000 0300 0000 0004 00 00 0000 00000000 0000 0000 5400 0300 5400 02 00 2600 0240
        1400 00 5c00 5000 4900 5000 4500 5c00 0000 0000 616263""",
    ),
    (
        Transaction2Request(
            setup=octets("0300"),
            parameters=octets("0501"),
            total_parameter_count=2,
            max_parameter_count=10,
            max_data_count=560,
            max_setup_count=1,
            flags=2,
            timeout=5,
        ),
        """0f 0200 0000 0a00 3002 01 00 0200 05000000 0000 0200 4400 0000 4800 01 00 0300
        0700 00 0000 0501 0000""",
    ),
    (
        NtTransactRequest(
            function=4,
            setup=octets("17000000 0140 01 00"),
            max_parameter_count=32,
        ),
        """17 00 0000 00000000 00000000 20000000 00000000 00000000 54000000 00000000 54000000 04 0400
        17000000 0140 01 00 0300 000000""",
    ),
    (
        TransactionSecondaryRequest(data=b"abcd", total_data_count=10, data_displacement=6),
        "08 0000 0a00 0000 3400 0000 0400 3400 0600 0500 00 61626364",
    ),
    (
        Transaction2SecondaryRequest(parameters=b"pq", total_parameter_count=4, parameter_displacement=2),
        "09 0400 0000 0200 3800 0200 0000 3c00 0000 ffff 0700 000000 7071 0000",
    ),
    (
        NtTransactSecondaryRequest(data=b"ab", total_data_count=2),
        """12 000000 00000000 02000000 00000000 48000000 00000000 02000000 48000000 00000000 00
        0300 00 6162""",
    ),
    (
        TransactionResponse(parameters=b"pq", data=b"abc", total_parameter_count=2, total_data_count=3),
        "0a 0200 0300 0000 0200 3800 0000 0300 3c00 0000 00 00 0800 00 7071 0000 616263",
    ),
    (
        TransactionResponse(setup=b"\x01\x00", total_parameter_count=0, total_data_count=0),
        "0b 0000 0000 0000 0000 3c00 0000 0000 3c00 0000 01 00 0100 0300 000000",
    ),
    (
        NtTransactResponse(parameters=b"pqrs", data=b"a", total_parameter_count=4, total_data_count=1),
        """12 000000 04000000 01000000 04000000 48000000 00000000 01000000 4c000000 00000000 00
        0600 00 70717273 61""",
    ),
]


@pytest.mark.parametrize(("value", "golden"), GOLDEN, ids=lambda one: type(one).__name__)
def test_envelopes_are_these_bytes(value: Any, golden: str) -> None:
    assert encoded(value).hex(" ") == octets(golden).hex(" ")
    assert type(value).decode(block(golden)) == value


def test_the_subcommand_is_the_first_setup_word_or_the_function() -> None:
    assert TransactionRequest(setup=octets("2600 0240")).subcommand == 0x26
    assert TransactionRequest(setup=octets("2600 0240")).setup_fid == 0x4002
    assert TransactionRequest().subcommand is None
    assert TransactionRequest().setup_fid is None
    assert NtTransactRequest(function=6).subcommand == 6


def test_a_request_whose_rest_is_to_come_says_so() -> None:
    assert TransactionRequest(data=b"ab", total_data_count=2).complete
    assert not TransactionRequest(data=b"ab", total_data_count=3).complete


def test_a_byte_count_of_zero_hides_nothing() -> None:
    """Popcorn Hour sends it in TRANSACTION: offsets count against the message."""
    raw = bytearray(encoded(TransactionRequest(name="\\PIPE\\", setup=octets("2600 0240"), data=b"abc")))
    at = 1 + 2 * 16
    raw[at : at + 2] = b"\0\0"
    request = TransactionRequest.decode(block(bytes(raw)))
    assert (request.name, bytes(request.data)) == ("\\PIPE\\", b"abc")


@pytest.mark.parametrize(
    ("kind", "golden"),
    [
        (TransactionRequest, "0d" + "0000" * 13 + "0000"),
        (TransactionRequest, "0e" + "00" * 26 + "01 00 0000"),
        (TransactionRequest, "0e 0000 0100" + "00" * 18 + "0200 4000 00 00 0400 61626364"),
        (TransactionRequest, "0e 0000 0200" + "00" * 18 + "0200 4200 00 00 0100 00"),
        (Transaction2Request, "0e 0000 0200" + "00" * 18 + "0200 0400 00 00 0400 61626364"),
        (NtTransactRequest, "12" + "0000" * 18 + "0000"),
        (NtTransactRequest, "13 00 0000 00000000 ffffffff" + "00" * 16 + "ffffffff 48000000 00 0000 0000"),
        (TransactionSecondaryRequest, "07" + "0000" * 7 + "0000"),
        (TransactionSecondaryRequest, "08 0000 0200 0000 0000 0000 0200 3300 0100 0200 6162"),
        (TransactionResponse, "09" + "0000" * 9 + "0000"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_counts_and_offsets_that_lie_are_refused(kind: Any, golden: str) -> None:
    with pytest.raises(DecodeError):
        kind.decode(block(golden))


@given(
    st.sampled_from([TransactionResponse, NtTransactResponse]),
    st.binary(max_size=300),
    st.binary(max_size=2000),
    st.integers(0, 2).map(lambda n: bytes(2 * n)),
    st.integers(120, 900),
)
def test_pieces_fit_and_make_the_whole_again(
    kind: Any, parameters: bytes, data: bytes, setup: bytes, max_size: int
) -> None:
    whole = kind(parameters=parameters, data=data, setup=setup)
    got_parameters, got_data = bytearray(len(parameters)), bytearray(len(data))
    filled = 0
    for piece in whole.pieces(max_size):
        raw = encoded(piece)
        assert 32 + len(raw) <= max_size
        assert len(raw) == piece.size(32)
        read = kind.decode(block(raw))
        assert (read.total_parameter_count, read.total_data_count) == (len(parameters), len(data))
        for part, into, at in (
            (read.parameters, got_parameters, read.parameter_displacement),
            (read.data, got_data, read.data_displacement),
        ):
            into[at : at + len(part)] = part
            filled += len(part)
    assert bytes(got_parameters) == parameters
    assert bytes(got_data) == data
    assert filled == len(parameters) + len(data)


def test_a_response_that_fits_is_one_piece_and_its_data_are_not_copied() -> None:
    data = bytes(1000)
    whole = TransactionResponse(parameters=b"pq", data=data)
    (piece,) = whole.pieces(65535)
    assert piece is whole
    assert piece.encode(32)[-1] is data


def test_a_buffer_too_small_for_anything_still_moves_on() -> None:
    """A client that says MaxBufferSize 1 gets tiny pieces, not an endless loop."""
    pieces = list(TransactionResponse(data=bytes(20)).pieces(1))
    assert sum(len(one.data) for one in pieces) == 20
