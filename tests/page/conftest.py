"""One Chromium for the tests of a worker. It is driven by a thread of its own, in which tests with a `page` run.

Playwright's event loop would be in the way of other tests, if it ran in the thread that runs them all.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from fakesmb.show.details import details
from fakesmb.web import standalone
from fakesmb.world import World
from tests.core.folders import MONDAY_NS
from tests.page.talks import events_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = "/usr/bin/chromium"
T = TypeVar("T")


class Chromium:
    """A browser and the thread that it is driven by."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self.browser: Browser = self.run(self._start)

    def _start(self) -> "Browser":
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        return self._playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

    def run(self, work: Callable[[], T]) -> T:
        """Does it in the browser's thread, and waits."""
        return self._thread.submit(work).result()

    def close(self) -> None:
        """Ends the browser and the thread."""
        self.run(self.browser.close)
        self.run(self._playwright.stop)
        self._thread.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Debian's Chromium; tests are skipped where it or playwright is missing."""
    pytest.importorskip("playwright")
    if not os.path.exists(CHROMIUM):
        pytest.skip("chromium is not installed")
    chromium = Chromium()
    yield chromium
    chromium.close()


@pytest.fixture
def page(chromium: Chromium) -> "Iterator[Page]":
    """An empty page. What its scripts complain of fails the test."""
    complaints: list[str] = []

    def said(message: "ConsoleMessage") -> None:
        about_answers = (
            "Failed to load resource",
            "CORS policy",
        )  # these are shown, or are the point of the test
        if message.type == "error" and not any(words in message.text for words in about_answers):
            complaints.append(message.text)

    def opened() -> "Page":
        page = chromium.browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", said)
        return page

    page = chromium.run(opened)
    yield page
    chromium.run(page.close)
    assert complaints == []


@pytest.fixture(scope="session")
def documented_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the documented exchange as a saved page."""
    folder = tmp_path_factory.mktemp("documented")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "now_ns", lambda world: MONDAY_NS)
        told = list(details(events_of("documented", folder / "files")))
    file = folder / "talk.html"
    file.write_text(standalone.page(told), "utf-8")
    return file.as_uri()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Tests with a page run where the browser is driven."""
    if "page" not in pyfuncitem.fixturenames:
        return None
    chromium: Chromium = pyfuncitem._request.getfixturevalue("chromium")
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    chromium.run(lambda: pyfuncitem.obj(**arguments))
    return True
