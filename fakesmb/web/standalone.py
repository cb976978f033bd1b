"""One HTML page that explains every byte of a conversation, and needs nothing else: no server, no network.

It is the page of the control API with its modules in one script, and the messages in it: `show --html`, "Save as page".
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from fakesmb.web.answer import encoded

FOLDER: Final = Path(__file__).parent / "page"
"""The files of the page, as they are served."""
CHUNK: Final = 64
"""Messages whose trees are packed together: as many are unpacked when one is looked at."""
_FIRST: Final = "saved.js"
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./([a-z]+\.js)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ", re.MULTILINE)
_OF_SERVERS: Final = re.compile(r"^ *<(?:button|input)[^>]*\bdata-live\b.*\n", re.MULTILINE)
_HEAD: Final = re.compile(r'<link rel="icon".*?</script>\n', re.DOTALL)
_WITHOUT: Final = (
    "<noscript><p>This page shows its messages by JavaScript, which is switched off.</p></noscript>\n"
)
_LESSONS: Final = re.compile(r'  <aside id="lessons".*?</aside>\n', re.DOTALL)


def page(details: Iterable[Mapping[str, Any]], *, title: str = "A conversation") -> str:
    """The page of messages, each as `GET /api/v1/messages/{id}` has it: `message`, `tree`, `tables`, `sentence`."""
    builder = Builder(title=title)
    for detail in details:
        builder.add(detail)
    return builder.page()


class Builder:
    """Makes a page message by message."""

    def __init__(self, *, title: str = "A conversation") -> None:
        self.title = title
        self._entries: list[Mapping[str, Any]] = []
        self._chunk: list[Mapping[str, Any]] = []
        self._packed: list[str] = []

    def add(self, detail: Mapping[str, Any]) -> None:
        """Adds a message; trees are packed `CHUNK` at a time."""
        entry = dict(detail["message"])
        entry.setdefault("id", len(self._entries) + 1)
        entry.pop("fields", None)  # the tree has them
        entry.pop("chain", None)
        self._entries.append(entry)
        self._chunk.append({name: value for name, value in detail.items() if name != "message"})
        if len(self._chunk) == CHUNK:
            self._pack()

    def _pack(self) -> None:
        if self._chunk:
            self._packed.append(_packed(f"details-{len(self._packed)}", self._chunk))
            self._chunk = []

    def page(self) -> str:
        """The whole."""
        self._pack()
        style = (FOLDER / "style.css").read_text("utf-8").replace('url("icon.svg")', f'url("{_icon()}")')
        script = _script()
        policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"
        head = (
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            f'<link rel="icon" href="{_icon()}">\n'
            f"<style>{style}</style>\n"
        )
        html = (FOLDER / "index.html").read_text("utf-8")
        html = _HEAD.sub(lambda _: head, _LESSONS.sub("", _OF_SERVERS.sub("", html)))
        html = html.replace("<title>fakesmb</title>", f"<title>{escape(self.title)}</title>")
        data = "".join([_packed("entries", self._entries), *self._packed])
        return html.replace("</body>", f'{_WITHOUT}{data}<script type="module">{script}</script>\n</body>')


def _packed(name: str, values: object) -> str:
    data = base64.b64encode(gzip.compress(encoded(values), 6, mtime=0)).decode()
    return f'<script type="text/plain" id="{name}" data-size="{CHUNK}">{data}</script>\n'


def _script() -> str:
    """All modules that the page of a saved conversation needs, as one: each behind those that it imports."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for needed in _IMPORT.findall((FOLDER / name).read_text("utf-8")):
            visit(needed)
        order.append(name)

    visit(_FIRST)
    texts = [_IMPORT.sub("", (FOLDER / name).read_text("utf-8")) for name in order]
    return "".join(_EXPORT.sub("", text) for text in texts)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _icon() -> str:
    return "data:image/svg+xml;base64," + base64.b64encode((FOLDER / "icon.svg").read_bytes()).decode()
