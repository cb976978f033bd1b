"""The ladder and the message beside it, in a real browser: many messages, waiting ones, every byte, keys."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakesmb.show.details import details
from fakesmb.web import standalone
from tests.core.conftest import frozen  # noqa: F401  (a fixture)
from tests.page import test_saved
from tests.page.talks import events_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROWS = "document.querySelectorAll('#ladder [role=option]').length"
ELEMENTS = "document.querySelectorAll('#ladder *').length"
SCROLL = """async () => {
  const list = document.querySelector('#ladder'), gaps = [], rows = [];
  const step = list.scrollHeight / 20;
  let last = performance.now();
  for (let at = 0; at < 20; at += 1) {
    list.scrollTop = at * step;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    rows.push(list.querySelectorAll('[role=option]').length);
    const bottom = list.getBoundingClientRect().bottom;
    const shown = [...list.querySelectorAll('[role=option]')];
    const last_row = Math.max(...shown.map((row) => row.getBoundingClientRect().bottom));
    if (last_row < bottom - 1 && at < 18) return { empty: at, last_row, bottom };
  }
  gaps.sort((one, other) => one - other);
  return { rows: Math.max(...rows), median: gaps[10], worst: gaps.at(-1) };
}"""
BYTES = """() => {
  // Each byte selects its field in the tree, the smallest one; and that field marks the byte again.
  const hex = document.querySelector('#hex'), tree = document.querySelector('#tree'), wrong = [];
  const size = Number(/[\\d,]+/.exec(document.querySelector('#hex-said').textContent)[0].replace(',', ''));
  hex.style.height = '9000px';
  hex.parentElement.style.height = '9000px';
  document.body.style.height = 'auto';
  hex.dispatchEvent(new Event('scroll'));
  for (let at = 0; at < size; at += 1) {
    const byte = hex.querySelector(`.digits [data-at="${at}"]`);
    if (!byte) { wrong.push(`byte ${at} is not shown`); break; }
    byte.click();
    const chosen = tree.querySelectorAll('[aria-selected=true]');
    if (chosen.length !== 1) { wrong.push(`byte ${at}: ${chosen.length} fields are chosen`); continue; }
    const item = chosen[0], [from, length] = item.querySelector('.where').textContent.split('+').map(Number);
    if (!(from <= at && at < from + length)) wrong.push(`byte ${at}: the field at ${from}, ${length} bytes`);
    if (item.hasAttribute('aria-expanded')) wrong.push(`byte ${at}: a group, ${item.textContent}`);
    const on = [...hex.querySelectorAll('.digits .on')].map((one) => Number(one.dataset.at));
    if (on.length !== length || on[0] !== from) wrong.push(`byte ${at}: bytes ${on} are marked`);
    item.firstChild.click();
    const again = [...hex.querySelectorAll('.digits .on')].map((one) => Number(one.dataset.at));
    if (!again.includes(at)) wrong.push(`the field of byte ${at} marks ${again}`);
  }
  return { size, wrong };
}"""


def saved(tmp_path: Path, told: list[dict[str, Any]]) -> str:
    file = tmp_path / "talk.html"
    file.write_text(standalone.page(told), "utf-8")
    return file.as_uri()


def transcript_page(tmp_path: Path, name: str) -> str:
    return saved(tmp_path, list(details(events_of(name, tmp_path / "files"))))


def test_of_20000_messages_few_are_in_the_page(page: "Page", tmp_path: Path) -> None:
    page.goto(saved(tmp_path, test_saved.details(20_000)))
    page.get_by_role("option").first.wait_for()
    assert 5 < page.evaluate(ROWS) < 60
    told = page.evaluate(SCROLL)
    assert "empty" not in told, told
    assert told["rows"] < 60
    page.locator("#ladder").press("End")
    page.get_by_text("The client asks for the 20000th time.").wait_for()
    assert page.evaluate(ROWS) < 60
    assert page.evaluate(ELEMENTS) < 2000
    assert page.get_by_role("option", selected=True).get_attribute("aria-posinset") == "20000"


@pytest.mark.usefixtures("frozen")
def test_a_request_that_waits_is_drawn_long(page: "Page", tmp_path: Path) -> None:
    page.goto(transcript_page(tmp_path, "lock_waits"))
    page.get_by_role("option").first.wait_for()
    heights = page.locator(".wait.long").evaluate_all("bars => bars.map((bar) => bar.offsetHeight)")
    row = page.locator("#ladder [role=option]").first.evaluate("row => row.offsetHeight")
    assert heights
    assert max(heights) > 2 * row
    page.get_by_role("button", name="Side by side").click()
    assert page.locator(".lifeline").count() == page.locator(".head").count() == 2


def test_each_byte_has_a_field_and_each_field_its_bytes(page: "Page", documented_page: str) -> None:
    """Of one message here; with --slow of the whole exchange."""
    page.goto(documented_page)
    page.get_by_role("option", name="NTLM CHALLENGE MESSAGE").click()
    page.get_by_text("eight random bytes").first.wait_for()
    told = page.evaluate(BYTES)
    assert told["size"] > 200
    assert told["wrong"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("frozen")
def test_each_byte_of_the_documented_exchange_has_a_field(page: "Page", tmp_path: Path) -> None:
    told = [one for one in details(events_of("documented", tmp_path / "files")) if one["tree"]]
    page.goto(saved(tmp_path, told))
    page.get_by_role("option").first.wait_for()
    for at, one in enumerate(told):
        page.locator("#ladder").press("ArrowDown" if at else "Home")
        page.locator("#message-title", has_text=f"{one['message']['number']} ").wait_for()
        page.wait_for_function(
            "text => document.querySelector('#sentence').textContent === text", arg=one["sentence"]
        )
        found = page.evaluate(BYTES)
        assert found["wrong"] == [], one["message"]["summary"]
        assert found["size"] == len(one["tree"]["buffers"][0]) // 2
    assert len(told) == 54


def test_all_of_it_goes_by_keys(page: "Page", documented_page: str) -> None:
    page.goto(documented_page)
    page.get_by_role("option").first.wait_for()
    focused = "document.activeElement.id || document.activeElement.closest('[id]')?.id"
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break  # behind the last one
        reached.append(page.evaluate(focused))
        outline = page.evaluate(
            "(() => { const one = document.activeElement;"
            " const style = getComputedStyle(one.matches('[role=treeitem]') ? one.firstChild : one);"
            " return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; })()"
        )
        assert outline, (reached, page.evaluate("document.activeElement.outerHTML")[:300])
    assert {"filter", "theme", "keys-open", "ladder", "hex"} <= set(reached)
    page.keyboard.press("m")
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.get_by_text("eight random bytes").first.wait_for()
    page.keyboard.press("Enter")  # to the request
    page.get_by_text("The client begins to sign in with NTLM").wait_for()
    page.keyboard.press("f")
    page.keyboard.press("End")
    last = page.locator("#tree [aria-selected=true]")
    assert last.count() == 1
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#tree [aria-selected=true]").get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "Protocol" in page.locator("#tree [aria-selected=true]").inner_text()
    page.keyboard.press("b")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "Status" in page.locator("#tree [aria-selected=true]").inner_text()
    page.keyboard.press("/")
    assert page.evaluate(focused) == "filter"


def test_scrubbing_back_shows_what_was_open_then(page: "Page", documented_page: str) -> None:
    page.goto(documented_page)
    page.get_by_role("option").first.wait_for()
    tables = page.locator("#tables")
    page.locator("#ladder").press("End")
    tables.get_by_text("nobody is signed in").wait_for()
    page.get_by_role("option", name="Read Andx, 51 bytes").click()
    tables.get_by_text("\\readme.txt").wait_for()
    page.locator("#ladder").press("Home")
    for _ in range(11):
        page.locator("#ladder").press("ArrowDown")
    tables.get_by_text("\\srvsvc").wait_for()
    assert "0x4000" in tables.inner_text()
    assert "readme" not in tables.inner_text()
