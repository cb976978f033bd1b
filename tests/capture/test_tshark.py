"""tshark says the same of our own conversations: command, status, FID and path of every message."""

from pathlib import Path

import pytest

from tests.capture import tshark
from tests.capture.test_events import talk
from tests.capture.written import Sniffed

pytestmark = pytest.mark.skipif(not tshark.there(), reason="no tshark")


def test_tshark_says_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    sniffed = Sniffed(folder)
    sniffed.largest = 1460
    talk(sniffed.client())
    capture = tmp_path / "own.pcap"
    capture.write_bytes(sniffed.capture.pcap())
    assert len(tshark.theirs(capture)) > 30
    assert list(tshark.differences(capture)) == []
