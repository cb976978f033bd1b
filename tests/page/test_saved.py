"""A page that holds its messages itself: one file, which a browser opens from the disk without a network."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesmb.web import standalone

if TYPE_CHECKING:
    from playwright.sync_api import Page


def field(name: str, at: int, size: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "at": at, "size": size} | more


def details(count: int) -> list[dict[str, Any]]:
    """As many messages of six bytes, requests and their answers."""
    found = []
    for number in range(1, count + 1):
        request = number % 2 == 1
        entry = {
            "time": f"2004-05-31T10:40:{number // 1000 % 60:02}.{number % 1000:03}000Z", "number": number,
            "event": "request" if request else "response", "direction": "C" if request else "R", "connection": 1,
            "mid": (number + 1) // 2 % 65535, "pid": 1, "user": "alice",
            "status": None if request else "STATUS_SUCCESS",
            "summary": f"{'C' if request else 'R'}; Echo <b>{number}</b>", "fields": {"echo_count": 1},
        }  # fmt: skip
        group = field(
            "SMB_Header",
            0,
            4,
            fields=[field("Protocol", 0, 3, value="ff534d"), field("Command", 3, 1, value=43)],
        )
        fields = [
            group,
            field("EchoCount", 4, 2, value=number, note="A sentence.", section="[MS-CIFS] 2.2.4.39.1"),
        ]
        found.append(
            {
                "message": entry,
                "tree": {"fields": fields, "buffers": [f"ff534d2b{number % 65536:04x}"], "size": 6},
                "tables": {"uids": [{"uid": 2048, "user": "alice"}], "tids": [], "fids": []},
                "sentence": f"The client asks for the {number}th time.",
            }
        )
    return found


def test_the_page_needs_nothing_else() -> None:
    html = standalone.page(details(3), title="<A & B>")
    assert "<title>&lt;A &amp; B&gt;</title>" in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert (
        "import "
        not in re.sub(r'<script type="text/plain".*?</script>', "", html, flags=re.DOTALL).split("<script")[
            -1
        ]
    )
    assert "default-src 'none'" in html
    assert "data-live" not in html
    assert "<b>1</b>" not in html


def test_no_name_of_a_module_is_another_ones_too() -> None:
    """They are one script in a saved page."""
    names: list[str] = []
    for file in standalone.FOLDER.glob("*.js"):
        if file.name not in ("main.js", "lessons.js"):
            text = file.read_text("utf-8")
            names += re.findall(
                r"^(?:export )?(?:async )?(?:const|let|class|function\*?) (\w+)", text, re.MULTILINE
            )
    assert len(names) > 30
    assert len(names) == len(set(names))


def test_it_shows_its_messages_from_the_disk(page: "Page", tmp_path: Path) -> None:
    file = tmp_path / "talk.html"
    file.write_text(standalone.page(details(150)), "utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.get_by_role("option", name="Echo <b>1</b>").click()
    page.get_by_text("The client asks for the 1th time.").wait_for()
    page.locator("#ladder").press("End")
    page.get_by_text("The client asks for the 150th time.").wait_for()
    assert page.locator("#tree [role=treeitem]").count() == 4
    page.locator("#filter").fill("echo 149")
    page.locator("#filter").press("Enter")
    page.get_by_text("The client asks for the 149th time.").wait_for()
    assert page.get_by_role("option").count() == 1
    assert asked == [file.as_uri()]
