"""DFS referrals: the refusal of the documented exchange, and tables for those who configure one."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.core.namespaces import Namespace
from fakesmb.core.referrals import ReferralTable
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.dfs import LINK_TTL, GetDfsReferralRequest, ReferralResponse


def test_the_documented_request_is_level_3_and_a_path() -> None:
    data = b"\x03\0" + "\\192.168.1.8\\c$\0".encode("utf-16-le")
    request = GetDfsReferralRequest(3, "\\192.168.1.8\\c$")
    assert GetDfsReferralRequest.decode(memoryview(data)) == request
    assert request.encode() == data


def test_the_name_is_utf_16_whatever_the_message_says() -> None:
    data = b"\x03\0" + "\\a\0".encode("utf-16-le")
    assert GetDfsReferralRequest.decode(data, unicode=False).request_file_name == "\\a"
    assert GetDfsReferralRequest.decode(data, unicode=False).encode(unicode=False) == data


def test_an_unterminated_or_odd_path_is_taken_as_it_comes() -> None:
    data = b"\x01\0" + "\\a".encode("utf-16-le") + b"x"
    assert GetDfsReferralRequest.decode(data).request_file_name == "\\a"


@pytest.mark.parametrize("data", [b"", b"\x03"])
def test_a_request_without_its_level_is_a_decode_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        GetDfsReferralRequest.decode(data)


@given(st.binary())
def test_requests_decode_or_raise_decode_error(data: bytes) -> None:
    try:
        request = GetDfsReferralRequest.decode(data)
    except DecodeError:
        assert len(data) < 2
    else:
        assert "\0" not in request.request_file_name


@given(st.text(), st.integers(0, 65535))
def test_without_a_namespace_every_path_is_no_such_device(path: str, level: int) -> None:
    """The client then connects directly: step 5 of the documented exchange."""
    table = ReferralTable()
    with pytest.raises(SMBError) as refused:
        table.refer(path, level)
    assert refused.value.status == NT.NO_SUCH_DEVICE
    assert refused.value.why == "not a DFS namespace: connect to the share itself"


TABLE = ReferralTable(
    [Namespace("dfs", {"docs": ["\\\\a\\docs", "//b/docs2/deep/"], "sub\\far": "\\\\c\\far"})]
)


def text_at(data: bytes, at: int) -> str:
    end = at
    while data[end : end + 2] != b"\0\0":
        end += 2
    return data[at:end].decode("utf-16-le")


@pytest.mark.parametrize(("level", "version", "size"), [(2, 2, 22), (3, 3, 34), (4, 4, 34), (0xFFFF, 4, 34)])
def test_a_link_is_answered_at_the_highest_version_both_know(level: int, version: int, size: int) -> None:
    data = TABLE.refer("\\host\\DFS\\Docs\\deep\\file", level)
    consumed, count, flags, _ = struct.unpack_from("<4H", data)
    assert (consumed, count, flags) == (2 * len("\\host\\DFS\\Docs"), 2, 2)
    for number, target in enumerate(("\\a\\docs", "\\b\\docs2\\deep")):
        at = 8 + number * size
        if version == 2:
            got, length, kind, boundary, _, ttl, path, alternate, address = struct.unpack_from(
                "<HHHHIIHHH", data, at
            )
        else:
            got, length, kind, boundary, ttl, path, alternate, address = struct.unpack_from(
                "<HHHHIHHH", data, at
            )
        assert (got, length, kind, ttl) == (version, size, 0, LINK_TTL)
        assert boundary == (4 if version == 4 and not number else 0)
        assert [text_at(data, at + offset) for offset in (path, alternate, address)] == [
            "\\host\\DFS\\Docs",
            "\\host\\DFS\\Docs",
            target,
        ]


def test_version_1_has_the_target_inside_the_entry() -> None:
    data = TABLE.refer("\\x\\dfs", 1)
    assert data[:8] == struct.pack("<4H", 12, 1, 3, 0)
    assert struct.unpack_from("<4H", data, 8) == (1, 8 + 14, 1, 0)
    assert text_at(data, 16) == "\\x\\dfs"
    assert len(data) == 8 + 8 + 14


def test_a_share_that_merely_begins_alike_is_not_in_the_namespace() -> None:
    with pytest.raises(SMBError):
        TABLE.refer("\\host\\dfs2", 3)
    assert TABLE.refer("\\host\\dfs\\docs2", 3)[:2] == struct.pack("<H", 2 * len("\\host\\dfs"))


def test_level_0_is_refused() -> None:
    with pytest.raises(SMBError) as refused:
        TABLE.refer("\\host\\dfs", 0)
    assert refused.value.status == NT.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("path", "consumed"),
    [
        ("\\h\\dfs", "\\h\\dfs"),
        ("\\h\\dfs\\plain\\file", "\\h\\dfs"),
        ("\\h\\DFS\\sub", "\\h\\DFS"),
        ("\\h\\dfs\\SUB\\Far\\x", "\\h\\dfs\\SUB\\Far"),
        ("\\h\\dfs\\sub\\farther", "\\h\\dfs"),
        ("//h/dfs/docs/x", "//h/dfs/docs"),
        ("h\\dfs", "h\\dfs"),
    ],
)
def test_what_of_a_path_is_consumed(path: str, consumed: str) -> None:
    answer = ReferralResponse.decode(TABLE.refer(path, 3))
    assert (answer.path_consumed, answer.path) == (2 * len(consumed), consumed)
    assert answer.root == (consumed.lower().strip("/\\").endswith("dfs"))


@pytest.mark.parametrize("path", ["", "\\", "\\DOMAIN", "/domain.example/"])
def test_what_only_a_domain_controller_tells_is_refused(path: str) -> None:
    with pytest.raises(SMBError) as refused:
        TABLE.refer(path, 3)
    assert refused.value.status == NT.INVALID_PARAMETER


def test_only_whole_targets_are_told_and_at_least_one() -> None:
    """[MS-DFSC] 3.2.5.1: the answer is restricted to the client's buffer."""
    whole = TABLE.refer("\\h\\dfs\\docs", 3)
    assert TABLE.refer("\\h\\dfs\\docs", 3, len(whole)) == whole
    one = TABLE.refer("\\h\\dfs\\docs", 3, len(whole) - 1)
    assert ReferralResponse.decode(one).targets == ("\\a\\docs",)
    with pytest.raises(SMBError) as refused:
        TABLE.refer("\\h\\dfs\\docs", 3, len(one) - 1)
    assert refused.value.status == NT.BUFFER_OVERFLOW


@given(
    st.integers(1, 4),
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), min_size=1
    ),
    st.booleans(),
)
def test_what_is_referred_to_is_read_back(version: int, targets: list[str], root: bool) -> None:
    told = ("", 0) if version == 1 else ("\\host\\dfs", 300)
    response = ReferralResponse(18, version, tuple(targets), told[0], root, told[1])
    assert ReferralResponse.decode(response.encode()) == response


@given(st.binary(max_size=120), st.integers(0, 5))
def test_damaged_responses_raise_only_decode_errors(tail: bytes, version: int) -> None:
    try:
        ReferralResponse.decode(struct.pack("<5H", 0, 2, 0, 0, version) + tail)
    except DecodeError:
        return
