"""The measurements of `make bench`: the load client against the server, and the words of the table."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import bench, show, tester, workloads
from bench.floors import TARGETS, verdict
from bench.md4 import md4
from bench.servers import Server, ServerFailed
from fakesmb.auth.hashes import nt_hash

NAN = float("nan")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    one = Server(*bench.FAKESMB.split("=", 1))
    try:
        one.start(big_file=4 << 20)  # as far as the workloads get here
        yield one
    finally:
        one.stop()


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_a_workload_gives_a_figure(server: Server, name: str) -> None:
    assert math.isfinite(workloads.WORKLOADS[name](server, 0.02))


def test_a_server_that_ends_is_named_with_its_code() -> None:
    one = Server("bad", "{python} -c 'raise SystemExit(7)'")
    try:
        with pytest.raises(ServerFailed, match="code 7"):
            one.start()
    finally:
        one.stop()


def test_the_digest_is_the_one_of_the_accounts() -> None:
    assert md4("Bench123".encode("utf-16-le")) == nt_hash("Bench123")


def test_floors_are_of_lines_that_are_measured() -> None:
    assert set(TARGETS) <= {workloads.STARTUP, *workloads.WORKLOADS}


@pytest.mark.parametrize(
    ("line", "samba", "fakesmb", "words"),
    [
        ("echo/s", 100, 90, "0.90 (floor 0.85: met, goal 1: missed)"),
        ("echo/s", 100, 80, "0.80 (floor 0.85: missed, goal 1: missed)"),
        ("start-up s", 0.1, 0.21, "0.21 s (floor 0.3: met, goal 0.22: met)"),
        ("idle session KiB", 600, 1, ""),
        ("echo/s", NAN, 80, ""),
    ],
)
def test_the_verdict_names_floor_and_goal(line: str, samba: float, fakesmb: float, words: str) -> None:
    assert verdict(line, samba, fakesmb) == words


def test_ratios_are_to_the_first_server_and_above_1_where_that_one_is_better() -> None:
    rows = list(
        bench.table(
            {
                "samba": {"start-up s": 0.1, "echo/s": 100.0},
                "fakesmb": {"start-up s": 0.2, "echo/s": 50.0},
            }
        )
    )
    assert rows[0].split() == ["samba", "fakesmb", "fakesmb", "beside", "samba"]
    assert rows[1].split()[:5] == ["start-up", "s", "0.1", "0.2", "(2.00x)"]
    assert rows[2].split()[:4] == ["echo/s", "100", "50", "(2.00x)"]
    assert rows[2].endswith("0.50 (floor 0.85: missed, goal 1: missed)")


def test_what_a_tester_pays_is_the_median_of_ratios_taken_side_by_side() -> None:
    runs = {
        tester.WITHOUT: {"echo/s": [100, 50, 1000]},
        tester.WITH: {"echo/s": [95, 50, 100]},
        tester.FAULT: {"echo/s": [95, 40, 99]},
    }
    head, row = tester.costs(runs)
    assert head.split() == ["no", "journal", "journal", "ratio", "fault", "armed", "ratio"]
    assert row.split() == ["echo/s", "100", "95", "0.95", "95", "0.99", "met"]


def test_a_tester_s_waits_are_measured() -> None:
    rows = [row.split("  ")[0] for row in tester.waits(times=3)]
    assert rows == ["enter", "leave", "reset, 3 files", "reset, 10,000 files"]


def test_what_show_reads_is_measured(tmp_path: Path) -> None:
    capture, log = show.talk(tmp_path, requests=20)
    rows = list(show.rates([str(capture), str(log)], 0))
    assert [row.split()[1] for row in rows] == ["talk.pcapng", "talk.jsonl"]
    assert all("messages" in row and row.rstrip().endswith(("met", "missed")) for row in rows)
    messages = [int(row.split()[2].replace(",", "")) for row in rows]
    assert min(messages) >= 40
