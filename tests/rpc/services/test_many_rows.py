"""Enumerations of many rows are packed by hand, and say what impacket would have said."""

from typing import Any

import pytest

from fakesmb.rpc.services import srvsvc_rows
from fakesmb.rpc.services.srvsvc_rows import FILES, SESSIONS
from fakesmb.rpc.stub import Page, encode
from fakesmb.rpc.view import FileRow


def plain(node: Any) -> Any:
    """What impacket read, without its referents."""
    return [
        (row["fi3_id"], row["fi3_permissions"], row["fi3_path_name"], row["fi3_username"]) for row in node
    ]


@pytest.mark.parametrize("resume", [None, 0, 7])
def test_the_same_rows(monkeypatch: pytest.MonkeyPatch, resume: int | None) -> None:
    rows = [FileRow(number, f"C:\\files\\{'x' * (number % 7)}", f"user {number}", 3) for number in range(200)]
    page = Page(rows, 250, 7 if resume else 0, 234)
    fast = FILES.answer(3, page, resume)
    assert isinstance(fast, bytes)
    monkeypatch.setattr(srvsvc_rows, "_MANY", 1000)
    slow = encode(FILES.answer(3, page, resume))
    read = [FILES.response(one) for one in (fast, slow)]
    for one in read:
        assert one["TotalEntries"] == 250
        assert one["ErrorCode"] == 234
    first, second = (plain(one["InfoStruct"]["FileInfo"]["Level3"]["Buffer"]) for one in read)
    assert first == second
    assert len(first) == 200
    assert len(fast) == len(slow)


def test_which_rows_are_plain() -> None:
    assert all(srvsvc_rows._is_plain(FILES.row_of(level)) for level in (2, 3))
    assert all(srvsvc_rows._is_plain(SESSIONS.row_of(level)) for level in (0, 1, 2, 10, 502))
