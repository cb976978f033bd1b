"""How the page looks and reads: no serious finding of axe, nothing cut at 360 pixels or 200 %, dark and light."""

from typing import TYPE_CHECKING, Any

import pytest

from fakesmb.web import standalone

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LIMIT = 100_000


def findings(page: "Page") -> list[Any]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:4])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def open_talk(page: "Page", documented_page: str) -> None:
    page.goto(documented_page)
    page.get_by_role("option", name="NTLM CHALLENGE MESSAGE").click()
    page.get_by_text("eight random bytes").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_serious(page: "Page", documented_page: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_talk(page, documented_page)
    page.locator("#hex [data-at='40']").first.click()
    assert findings(page) == []


@pytest.mark.slow
def test_axe_finds_nothing_serious_in_the_dialog(page: "Page", documented_page: str) -> None:
    open_talk(page, documented_page)
    page.locator("#keys-open").click()
    assert findings(page) == []


def test_nothing_is_wider_than_the_window(page: "Page", documented_page: str) -> None:
    """640 by 400 is what 200 % leave of 1280 by 800."""
    open_talk(page, documented_page)
    for width, height in ((360, 740), (640, 400), (1280, 800), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate(WIDER) <= 0
        assert page.locator("#message-title").is_visible()
        if width < 1000:
            hex_row = page.locator(".hex-row").first.bounding_box()
            assert hex_row is not None
            assert hex_row["width"] <= width
            page.locator("#tables caption").first.scroll_into_view_if_needed()


def test_dark_and_light_can_be_switched(page: "Page", documented_page: str) -> None:
    open_talk(page, documented_page)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.emulate_media(color_scheme="dark")
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(paper) == light


def test_it_is_small_and_asks_nobody_else() -> None:
    files = list(standalone.FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < LIMIT
    for file in files:
        text = file.read_text("utf-8")
        assert "https://" not in text
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    index = (standalone.FOLDER / "index.html").read_text("utf-8")
    assert "style=" not in index
    assert "onclick" not in index
