"""The page of a server that runs, with a real client: at once, filtered, with a fault; nobody else's pages may."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from fakesmb import FakeSMB
from fakesmb.address import Place
from fakesmb.replay.demo import Demo
from fakesmb.replay.places import Who
from tests.clients.client_runs import need, run

if TYPE_CHECKING:
    from playwright.sync_api import Page

SAMPLES = Path(__file__).parents[2] / "shares"
SHOWN = """() => new Promise((resolve, reject) => {
  setTimeout(reject, 10000);
  // Milliseconds from the reply's leaving the server to its being on the page.
  const list = document.querySelector('#ladder');
  new MutationObserver((_, observer) => {
    const row = [...list.querySelectorAll('[role=option]')].find((one) => one.textContent.includes('Find First2, SID'));
    if (!row) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve([Number(row.dataset.id), Date.now()]));
  }).observe(list, { childList: true, subtree: true });
})"""


@pytest.fixture(scope="module")
def running() -> Iterator[FakeSMB]:
    shares: dict[str, Any] = {
        "public": {"README.txt": b"for everybody\n"},
        "docs": {"README.txt": (SAMPLES / "docs" / "README.txt").read_bytes()},
        "c$": {"readme.txt": b"Whoever reads this has walked the whole exchange.\r\n"},
    }
    with FakeSMB(shares, users={"alice": "Secret123"}, web=0) as one:
        yield one


@pytest.fixture
def smb(running: FakeSMB) -> Iterator[FakeSMB]:
    running.reset()
    yield running
    assert running.journal.problems() == []


def smbclient(smb: FakeSMB, share: str, commands: str, password: str = "Secret123") -> str:
    need("smbclient")
    words = ["smbclient", f"//127.0.0.1/{share}", "-p", str(smb.port), "-m", "NT1"]
    words += ["--option=client min protocol=NT1", "-U", f"alice%{password}", "-c", commands]
    return run(*words, timeout=30).stdout


def test_what_a_client_does_is_seen_at_once(page: "Page", smb: FakeSMB) -> None:
    page.goto(smb.web_url)
    page.locator("#state.live").wait_for()
    page.evaluate(f"() => {{ window.shown = ({SHOWN})(); }}")
    assert "README.txt" in smbclient(smb, "public", "ls")
    number, seen = page.evaluate("window.shown")
    entry = json.load(urllib.request.urlopen(f"{smb.web_url}/api/v1/messages/{number}"))["message"]
    left = page.evaluate("time => Date.parse(time)", entry["time"])
    assert seen - left < 300
    page.get_by_text("as of this message").wait_for()
    page.locator("#ladder").press("End")
    page.locator("#sentence", has_text="The client ends the connection").wait_for()


def test_a_filter_is_the_servers_and_a_mistake_in_it_changes_nothing(page: "Page", smb: FakeSMB) -> None:
    demo(smb)
    page.goto(smb.web_url)
    page.locator("#filter").fill("command=NT_CREATE_ANDX path=srvsvc")
    page.locator("#filter").press("Enter")
    page.locator("#filter-said", has_text="4 lines").wait_for()
    assert page.get_by_role("option").count() == 4
    page.locator("#filter").fill("pth=srvsvc")
    page.locator("#filter").press("Enter")
    page.locator("#filter-said", has_text="did you mean path").wait_for()
    assert page.locator("#filter").get_attribute("aria-invalid") == "true"
    assert page.get_by_role("option").count() == 4
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("option").nth(8).wait_for()
    page.get_by_role("button", name="Pause").click()
    rows = page.get_by_role("option").first.get_attribute("aria-setsize")
    demo(smb)
    page.locator("#state", has_text="waiting").wait_for()
    assert page.get_by_role("option").first.get_attribute("aria-setsize") == rows
    page.get_by_role("button", name="Pause").click()
    page.locator("#state.live").wait_for()
    page.get_by_role("button", name="2 · alice").wait_for()


def test_a_reset_empties_the_page_and_it_goes_on(page: "Page", smb: FakeSMB) -> None:
    demo(smb)
    page.goto(smb.web_url)
    page.get_by_role("option").first.wait_for()
    smb.reset()
    page.get_by_text("Nothing has been said yet.").wait_for()
    demo(smb)
    page.locator("#sentence", has_text="The UID is no longer valid").wait_for()


def test_a_capture_is_dropped_on_the_page_and_saved_as_one(
    page: "Page", smb: FakeSMB, tmp_path: Path
) -> None:
    capture = tmp_path / "talk.pcapng"
    with smb.capture(capture):
        demo(smb)
        smb.journal.wait_for(event="disconnected")
    smb.reset()
    page.goto(smb.web_url)
    page.get_by_text("Nothing has been said yet.").wait_for()
    page.locator("#load-file").set_input_files(str(capture))
    page.get_by_text("talk.pcapng: 5").wait_for()
    page.locator("#sentence", has_text="dialects of SMB").wait_for()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Save as page").click()
    saved = tmp_path / downloaded.value.suggested_filename
    downloaded.value.save_as(saved)
    assert saved.name == "talk.html"
    page.get_by_role("button", name="Back to the live server").click()
    page.get_by_text("Nothing has been said yet.").wait_for()
    page.goto(saved.as_uri())
    page.locator("#sentence", has_text="dialects of SMB").wait_for()
    page.locator("#ladder").press("End")
    page.locator("#sentence", has_text="The").wait_for()
    bad = tmp_path / "notes.txt"
    bad.write_text("no capture at all")
    page.goto(smb.web_url)
    page.locator("#load-file").set_input_files(str(bad))
    page.locator(".notice.bad", has_text="notes.txt: ").wait_for()


def test_the_next_write_fails_in_one_click(page: "Page", smb: FakeSMB, tmp_path: Path) -> None:
    page.goto(smb.web_url)
    page.locator("#empty code").wait_for()
    page.get_by_role("button", name="Make the next write fail").click()
    page.locator(".notice.armed", has_text="will fail with STATUS_DISK_FULL").wait_for()
    demo(smb)  # which writes to a pipe: that is not meant
    local = tmp_path / "new.txt"
    local.write_text("data")
    assert "NT_STATUS_DISK_FULL" in smbclient(smb, "public", f'put "{local}" new.txt')
    page.locator(".notice.armed", has_text="told the client STATUS_DISK_FULL").wait_for()
    page.get_by_role("button", name="Show it").click()
    page.locator("#message-title", has_text="DISK_FULL").wait_for()
    assert "new.txt" in page.locator(".notice.armed").inner_text()
    smbclient(smb, "public", f'put "{local}" again.txt')
    assert smb.share("public").read("again.txt") == b"data"
    assert len(smb.faults) == 0


def test_pages_of_other_sites_can_do_nothing(page: "Page", smb: FakeSMB) -> None:
    """A page on another port of this machine is another origin."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title>")

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    other = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=other.serve_forever, daemon=True).start()
    try:
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        tried = page.evaluate(
            """async (url) => {
              const found = [];
              for (const type of ['text/plain', 'application/json']) {
                try {
                  const headers = { 'Content-Type': type }, body = '{"answer": "1"}';
                  const got = await fetch(url, { method: 'POST', headers, body });
                  found.push(got.status);
                } catch (error) { found.push(error.name); }
              }
              return found;
            }""",
            f"{smb.web_url}/api/v1/lessons/sign-in/check",
        )
        assert tried == ["TypeError", "TypeError"]  # nothing may be read, as there is no CORS
    finally:
        other.shutdown()
        other.server_close()
    posted = urllib.request.Request(
        f"{smb.web_url}/api/v1/lessons/sign-in/check",
        b"{}",
        {"Content-Type": "application/json", "Origin": "http://evil.example"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(posted)
    assert refused.value.code == 403


def demo(smb: FakeSMB) -> None:
    Demo(Place("127.0.0.1", smb.port), Who("alice", "Secret123"), say=lambda _: None).run()
