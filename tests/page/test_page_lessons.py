"""Each lesson from its start to its solution: the commands as they are printed, the answer as the page shows it."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakesmb import FakeSMB
from fakesmb.address import Place
from fakesmb.replay.demo import Demo
from fakesmb.replay.places import Who
from fakesmb.web.exercises import EXERCISES
from fakesmb.web.walk import WALK
from tests.clients.client_runs import need

if TYPE_CHECKING:
    from playwright.sync_api import Page

SAMPLES = Path(__file__).parents[2] / "shares"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeSMB]:
    shares: dict[str, Any] = {
        name: {"README.txt": (SAMPLES / name / "README.txt").read_bytes()} for name in ("public", "docs")
    }
    shares["c$"] = {"readme.txt": b"Whoever reads this has walked the whole exchange.\r\n"}
    with FakeSMB(shares, users={"alice": "Secret123"}, web=0) as one:
        yield one


@pytest.fixture
def smb(running: FakeSMB) -> FakeSMB:
    running.reset()
    return running


def shown(page: "Page", words: str) -> str:
    """The row of the ladder that has these words, chosen."""
    row = page.locator("#ladder [role=option]", has_text=words).last
    row.wait_for()
    chosen = page.locator(f"#row-{row.get_attribute('data-id')}")
    number = chosen.locator(".number").inner_text().split()[0]
    chosen.click()
    page.wait_for_function(
        "number => document.querySelector('#message-title').textContent.startsWith(number + ' ')", arg=number
    )
    return chosen.inner_text()


def uid(page: "Page") -> str:
    shown(page, "Tree Connect Andx, Service = A:")
    return page.locator("#tables th[scope=row]").first.inner_text().split()[0]


def pipe(page: "Page") -> str:
    page.locator("#filter").fill("path=srvsvc")
    page.locator("#filter").press("Enter")
    page.locator("#filter-said", has_text="line").wait_for()
    return shown(page, "Nt Create Andx, FID").split("FID = ")[1][:6]


def length(page: "Page") -> str:
    shown(page, "Read Andx, 96 bytes")
    return page.locator("#tree .words", has_text="DataLength ").first.locator(".value").inner_text()


def status(words: str) -> Callable[["Page"], str]:
    def read(page: "Page") -> str:
        shown(page, words)
        return page.locator("#message-title .status").inner_text().strip()

    return read


def broken(page: "Page") -> str:
    found = re.search(r"FID = (0x\w+)", shown(page, "oplock break"))
    assert found
    return found[1]


ANSWERS: dict[str, Callable[["Page"], str]] = {
    "sign-in": uid,
    "share-list": pipe,
    "open-read-close": length,
    "sharing-violation": status("Delete (\\README.txt)"),
    "oplock-break": broken,
    "wrong-password": status("Session Setup Andx (wrong password"),
}
STAYS = {"sharing-violation": b"open README.txt\n", "oplock-break": b""}
"""Lessons whose first client stays, and what it is told at its prompt."""
QUICK = {"sign-in"}
"""The one that always runs; what the others ask of the journal tests/page/test_lessons.py asks, too."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(one.name, marks=[] if one.name in QUICK else [pytest.mark.slow]) for one in EXERCISES],
)
def test_a_lesson_is_done_with_its_own_commands(page: "Page", smb: FakeSMB, name: str) -> None:
    need("smbclient")
    lesson = next(one for one in EXERCISES if one.name == name)
    page.goto(smb.web_url)
    page.locator("#empty code").wait_for()
    page.get_by_role("button", name="Lessons").click()
    page.get_by_role("button", name=lesson.title).click()
    page.get_by_role("button", name="Check").click()
    page.locator(".result", has_text="yet").wait_for()
    commands = page.locator(".command code").all_inner_texts()
    assert all(
        f"127.0.0.1 -p {smb.port}" in one or f"127.0.0.1:{smb.port}" in one or f"-p {smb.port}" in one
        for one in commands
    )
    first = None
    if name in STAYS:
        first = start(commands.pop(0))
        assert first.stdin is not None
        first.stdin.write(STAYS[name])
        first.stdin.flush()
        smb.journal.wait_for(verb="opened", path="README.txt", timeout=20)
    for command in commands:
        done = start(command)
        done.communicate(timeout=30)
    if first is not None:
        first.kill()
        first.communicate()
    answer = ANSWERS[name](page)
    page.locator("#answer").fill("0x9999")
    page.get_by_role("button", name="Check").click()
    page.locator(".result", has_text="That is not it").wait_for()
    page.locator("#answer").fill(answer)
    page.get_by_role("button", name="Check").click()
    page.locator(".result", has_text="Right.").wait_for()
    assert page.locator(".result button").count() > 0
    page.locator(".result button").first.click()
    page.get_by_text("Solution").click()
    page.locator(".solution p").first.wait_for()
    page.get_by_role("button", name="All lessons").click()
    page.locator(".lesson", has_text=lesson.title).get_by_text("done").wait_for()


def start(command: str) -> "subprocess.Popen[bytes]":
    """A command as people type it; `fakesmb` is that of these sources."""
    command = re.sub(r"^fakesmb ", f"{sys.executable} -m fakesmb ", command)
    return subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(SAMPLES.parent)},
    )


@pytest.mark.slow
def test_the_documented_exchange_is_walked_frame_by_frame(page: "Page", smb: FakeSMB) -> None:
    page.goto(smb.web_url)
    page.locator("#state.live").wait_for()
    page.get_by_role("button", name="Lessons").click()
    page.get_by_role("button", name="The documented exchange").click()
    after = page.get_by_role("button", name="Next frame")
    after.click()
    page.locator(".step-text", has_text="Nobody has spoken it yet").wait_for()
    talk = threading.Thread(
        target=Demo(Place("127.0.0.1", smb.port), Who("alice", "Secret123"), say=lambda _: None).run
    )
    talk.start()
    talk.join()
    smb.journal.wait_for(event="disconnected")
    page.locator("#ladder [role=option]", has_text="Logoff Andx").last.wait_for()
    for at, step in enumerate(WALK):
        after.click()
        page.locator(".walk h3", has_text=f"Frame {step.frame} · {step.title}").wait_for()
        page.wait_for_function(
            "number => document.querySelector('#message-title').textContent.startsWith(number + ' ')",
            arg=str(at + 1),
        )
    assert after.is_disabled()
    page.get_by_role("button", name="Before").click()
    page.locator(".walk h3", has_text="Logoff").wait_for()
