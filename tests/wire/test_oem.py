"""Text in a code page that is cut to a size."""

import pytest

from fakesmb.wire.oem import encode_short


@pytest.mark.parametrize(
    ("text", "encoding", "size", "raw"),
    [
        ("PLAIN", "cp850", 11, b"PLAIN"),
        ("ABCDEFGHIJKLMN", "cp850", 11, b"ABCDEFGHIJK"),
        ("A三四五", "cp932", 5, "A三四".encode("cp932")),
        ("A三四五", "cp932", 4, "A三".encode("cp932")),
        ("三", "cp932", 1, b""),
        ("Ω三", "cp850", 2, b"__"),
        ("", "cp932", 0, b""),
    ],
)
def test_no_character_is_cut_in_two(text: str, encoding: str, size: int, raw: bytes) -> None:
    assert encode_short(text, encoding, size) == raw
