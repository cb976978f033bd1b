"""Figures of the pages that are constants of the code: a page says what the code does, or this fails."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from bench import soak, soakprobe
from fakesmb import app, ending, library, world
from fakesmb.capture import connections, conversation, fragments, framing, streams
from fakesmb.core.commands import io
from fakesmb.core.settings import Limits, Timing
from fakesmb.netbios import browselist, browser
from fakesmb.record import apart, columns, events, journal, linesink, misses, patient, spool, values, writer
from fakesmb.trace import tables
from fakesmb.transport import direct, reactor
from fakesmb.vfs import disktask, paths, shortnames
from fakesmb.web import asked, files, loaded, protocol, routes
from fakesmb.web import streams as web_streams
from fakesmb.wire import dfs, frame

DOCS = Path(__file__).parent.parent / "docs"
KIB, MIB = 1 << 10, 1 << 20
LIMITS, TIMING = Limits(), Timing()


class Figure(NamedTuple):
    """Words of a page, and what of the code they are about."""

    page: str
    words: str
    holds: bool


FIGURES = (
    Figure("configuration.md", "within 0.6 s are dropped", app.STOP_SECONDS == 0.6),
    Figure("configuration.md", "ends all the same after 0.8 s", ending.SECONDS == 0.8),
    Figure(
        "configuration.md",
        "holds `stop` up for 5 ms (`fakesmb serve` grants 0.6 s)",
        library.STOP_SECONDS == 0.005,
    ),
    Figure(
        "configuration.md",
        "a root for 300 seconds and a link for 1,800",
        (dfs.ROOT_TTL, dfs.LINK_TTL) == (300, 1800),
    ),
    Figure("configuration.md", "at most 64 MiB of them; beyond that", journal.MOST_BYTES == 64 * MIB),
    Figure("configuration.md", "(64 of which may hang at a time)", disktask._MOST_CALLS == 64),
    Figure("configuration.md", "a quarter of `connections`, at least 64,", direct.LEAST_PER_ADDRESS == 64),
    Figure("record.md", "the latest 20,000 events", journal.MOST_EVENTS == 20_000),
    Figure("record.md", "of a message over 4,096 bytes only the beginning", events.MOST_KEPT == 4096),
    Figure(
        "record.md",
        "hexadecimal, at most 64 of them; lists have at most 64",
        (values.MOST_BYTES, values.MOST_ITEMS) == (64, 64),
    ),
    Figure(
        "record.md",
        "when 256 exchanges or 1 MiB of them wait",
        (linesink.MOST_WAITING, linesink.MOST_BYTES) == (256, MIB),
    ),
    Figure("record.md", "up to 16 MiB wait for it", patient.MOST_UNREAD == 16 * MIB),
    Figure("record.md", "up to 64 MiB of messages wait for that", spool.SPOOL_BYTES == 64 * MIB),
    Figure("record.md", "up to 50 ms with each 512 events", (writer.WAIT, apart.BATCH) == (0.05, 512)),
    Figure("record.md", "keeps another 16 MiB itself", writer.MOST_KEPT == 16 * MIB),
    Figure("record.md", "at least 40): below 130 columns", (columns.NARROWEST, columns._FULL) == (40, 130)),
    Figure("record.md", "below 100 the arrow", columns._WITH_PEER == 100),
    Figure(
        "journal.md",
        "(20,000 events and 64 MiB; `journal=`)",
        (journal.MOST_EVENTS, journal.MOST_BYTES) == (20_000, 64 * MIB),
    ),
    Figure("journal.md", "in ten lines at most", misses.MOST_LINES == 10),
    Figure("captures.md", "Of a message the first 256 KiB are kept", framing.MOST_KEPT == 256 * KIB),
    Figure("captures.md", "together hold at most 64 MiB", connections.MOST_HELD == 64 * MIB),
    Figure("captures.md", "beyond 4,096 connections at once", connections.MOST_CONNECTIONS == 4096),
    Figure("captures.md", "1,024 requests of a connection wait", conversation.MOST_WAITING == 1024),
    Figure("captures.md", "8,192 opens are known", tables.MOST_OPENS == 8192),
    Figure("captures.md", "8 MiB of fragments wait", fragments.Fragments.MOST_BYTES == 8 * MIB),
    Figure("captures.md", "up to 4,096 segments of a direction wait", streams.MOST_EARLY == 4096),
    Figure("control.md", "(60 at most) for the first one", asked.LONGEST_WAIT == 60),
    Figure("control.md", "with the first 100", asked.MOST_TOLD == 100),
    Figure("control.md", "(pcap, pcapng, 32 MiB at most", loaded.MOST_BYTES == 32 * MIB),
    Figure("control.md", "The last four are kept", loaded.MOST_KEPT == 4),
    Figure("control.md", "**Files** are at most 64 MiB", files.MOST_FILE == 64 * MIB),
    Figure(
        "control.md",
        "1 MiB of JSON and 64 MiB of a file",
        (routes.MOST_BODY, files.MOST_FILE) == (MIB, 64 * MIB),
    ),
    Figure("control.md", "256 connections", protocol.MOST_CLIENTS == 256),
    Figure(
        "control.md",
        "10 seconds for the head of a request and 60 for its body",
        (protocol.HEAD_SECONDS, protocol.BODY_SECONDS) == (10, 60),
    ),
    Figure("control.md", "128 streams", web_streams.MOST_STREAMS == 128),
    Figure("names.md", "every 1, 2, 4, 8 and then 12 minutes", browser.INTERVALS == (60, 120, 240, 480, 720)),
    Figure("names.md", "three times as long as it said", browselist.MISSED == 3),
    Figure("performance.md", "**130,000 bytes of stream at a time**", direct.RECEIVE_SIZE == 130_000),
    Figure("performance.md", "Up to 8 KiB the pieces of a reply", frame.FEW_BYTES == 8 * KIB),
    Figure("performance.md", "from 16 KiB on, `sendfile`", io.SMALLEST_RANGE == 16 * KIB),
    Figure("performance.md", "came within 50 us", reactor.BRISK_SECONDS == 50e-6),
    Figure(
        "performance.md",
        "remembered, 4,096 of each",
        (paths._REMEMBERED, shortnames._REMEMBERED) == (4096, 4096),
    ),
    Figure(
        "proof.md",
        "1,000 clients, signed in and working for ten minutes",
        (soak.CLIENTS, soak.SECONDS) == (1000, 600),
    ),
    Figure("proof.md", "but for a tenth or 16 MiB", (soak.GROWTH_SHARE, soak.MOST_GROWTH_MIB) == (0.1, 16)),
    Figure("proof.md", "but for the 64 folders that lookups keep", soak.KEPT_FOLDERS == 64),
    Figure(
        "proof.md",
        "one every 10 ms, is answered within 100 ms",
        (soakprobe.EVERY, soakprobe.HELD_UP) == (0.01, 0.1),
    ),
    Figure("../SECURITY.md", "slices of some 25 ms", world.TURN_SECONDS + world.SLICE_SECONDS == 0.025),
    Figure("security.md", "guessed wrongly 50 times", LIMITS.lock_out_after == 50),
    Figure("troubleshooting.md", "more than five wrong passwords", LIMITS.wrong_passwords == 5),
    Figure("troubleshooting.md", "wait a second each", TIMING.wrong_password == 1.0),
)
"""What of the pages no other test looks at."""


@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: f"{one.page}: {one.words[:40]}")
def test_a_figure_of_a_page_is_that_of_the_code(figure: Figure) -> None:
    page = re.sub(r"\s+", " ", (DOCS / figure.page).read_text(encoding="utf-8"))
    assert figure.words in page
    assert figure.holds
