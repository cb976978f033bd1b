"""Blocks of pcapng, read back by others."""

from pathlib import Path

from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket, InterfaceDescription, InterfaceStatistics, SectionHeader

from fakesmb.capture import pcapng
from tests.capture.sharks import comments, packets


def written(tmp_path: Path, *blocks: bytes) -> Path:
    file = tmp_path / "a.pcapng"
    head = pcapng.section("fakesmb 1") + pcapng.interface("fakesmb", "the server on [::1]:4450", snap=96)
    file.write_bytes(head + b"".join(blocks))
    return file


def test_a_capture_has_a_section_and_its_interface(tmp_path: Path) -> None:
    file = written(tmp_path, pcapng.statistics(0, 1_000_000, 1 << 40, packets=3, dropped=2))
    with file.open("rb") as data:
        section, interface, statistics = FileScanner(data)
    assert isinstance(section, SectionHeader)
    assert section.options["shb_userappl"] == "fakesmb 1"
    assert isinstance(interface, InterfaceDescription)
    assert interface.options["if_name"] == "fakesmb"
    assert interface.options["if_description"] == "the server on [::1]:4450"
    assert interface.timestamp_resolution == 1e-6
    assert (interface.link_type, interface.snaplen) == (1, 96)
    assert isinstance(statistics, InterfaceStatistics)
    assert (statistics.options["isb_ifrecv"], statistics.options["isb_ifdrop"]) == (3, 2)
    assert statistics.options["isb_endtime"] is not None


def test_packets_keep_their_time_their_sizes_and_their_comment(tmp_path: Path) -> None:
    now = 1_700_000_000_123_456
    made = [
        pcapng.packet(
            0, now + size, bytes(range(size)), size + 1, direction=pcapng.INBOUND, comment="é" * size
        )
        for size in range(1, 9)
    ]
    for size, one in enumerate(packets(written(tmp_path, *made)), 1):
        assert isinstance(one, EnhancedPacket)
        assert (one.packet_data, one.captured_len, one.packet_len) == (bytes(range(size)), size, size + 1)
        assert one.timestamp_high << 32 | one.timestamp_low == now + size
    assert comments(written(tmp_path, *made)) == ["é" * size for size in range(1, 9)]


def test_a_comment_is_cut_at_a_whole_character(tmp_path: Path) -> None:
    made = [
        pcapng.packet(0, 0, b"", 0, direction=pcapng.OUTBOUND, comment="x" * n + "€" * 2000) for n in range(3)
    ]
    for found in comments(written(tmp_path, *made)):
        assert found.endswith("€...")
        assert len(found.encode()) <= pcapng.LONGEST_COMMENT


def test_half_a_surrogate_pair_is_written_as_an_escape(tmp_path: Path) -> None:
    made = pcapng.packet(0, 0, b"", 0, direction=pcapng.OUTBOUND, comment="a\ud800b")
    assert comments(written(tmp_path, made)) == ["a\\ud800b"]


def test_whole_blocks_end_where_a_block_ends() -> None:
    one, other = pcapng.section("x"), pcapng.packet(0, 0, b"abc", 3, direction=pcapng.INBOUND)
    both = one + other
    ends = {pcapng.whole_blocks(both, most) for most in range(len(both) + 1)}
    assert ends == {0, len(one), len(both)}
    assert pcapng.whole_blocks(both, len(both) - 1) == len(one)
    assert pcapng.whole_blocks(bytes(100), 100) == 0
