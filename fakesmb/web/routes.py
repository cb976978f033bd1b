"""Which call does what: a table of routes, and how path, query and body are read by it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec

from fakesmb.mistakes import explained
from fakesmb.nt.nearest import nearest
from fakesmb.web.answer import JSON, RefusedError
from fakesmb.web.guard import SIMPLE, content_type

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.web.protocol import Call, Outcome
    from fakesmb.web.site import Web

MOST_BODY: Final = 1 << 20
"""Bytes of a JSON body."""
_NO_ALIASES: Final[Mapping[str, str]] = {}
_BODILESS: Final = ("GET", "HEAD", "DELETE")


class Ask(NamedTuple):
    """A call that has been read."""

    web: "Web"
    call: "Call"
    names: Mapping[str, str]
    """What stands in the path for the words in braces."""
    query: Any
    """The structure of the route."""
    body: Any
    """Likewise; bytes where the route takes octets."""


Handler = Callable[[Ask], "Outcome | Deferred[Outcome]"]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call without a query."""


class Octets(NamedTuple):
    """A body that is no JSON: its content types, the first of which is said to who sends another, and its bounds."""

    media: tuple[str, ...]
    most: int


class Route(NamedTuple):
    """A call: what it takes, and what it gives."""

    method: str
    path: str
    """`{name}` stands for a part of a path, `{name...}` for all parts that are left."""
    does: Handler
    says: str
    """One line for people."""
    answers: Mapping[int, Any]
    """For each status the type of the JSON, or a content type."""
    query: type[msgspec.Struct] = NoQuery
    body: Any = None
    """A structure, `Octets`, or None."""
    optional: bool = False
    """Whether a call without a body is as good."""
    free: bool = False
    """Whether the body may have keys that the structure does not name: the handler gets a mapping, and checks it."""

    @property
    def most(self) -> int:
        """Bytes of the body at most."""
        if self.body is None:
            return 0
        return self.body.most if isinstance(self.body, Octets) else MOST_BODY


class Found(NamedTuple):
    """The route of a call, and the names in its path."""

    route: Route
    names: Mapping[str, str]


class Routes:
    """The table, by path."""

    def __init__(self, table: Sequence[Route], aliases: Mapping[str, str] = _NO_ALIASES) -> None:
        """`aliases` are paths that stand for others."""
        self.table = table
        self._aliases = aliases
        self._by_path: dict[str, dict[str, Route]] = {}
        for route in table:
            self._by_path.setdefault(route.path, {})[route.method] = route

    def find(self, method: str, path: str) -> Found:
        """Raises `RefusedError`: 404 with the nearest path, 405 with the methods that there are."""
        parts = _parts(self._aliases.get(path, path))
        for template, methods in self._by_path.items():
            names = _matched(template.strip("/").split("/"), parts)
            if names is None:
                continue
            route = methods.get("GET" if method == "HEAD" else method)
            if route is None:
                raise RefusedError(
                    405,
                    f"{path} takes {_or(_allowed(methods))}, not {method}",
                    {"Allow": ", ".join(_allowed(methods))},
                )
            return Found(route, names)
        raise RefusedError(404, f"there is no {path}{nearest(path, list(self._by_path))}")


def _allowed(methods: Iterable[str]) -> list[str]:
    return [name for method in methods for name in ((method, "HEAD") if method == "GET" else (method,))]


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _parts(path: str) -> list[str]:
    if not path.startswith("/"):
        raise RefusedError(404, f"there is no {path}: a path begins with /")
    try:
        return [unquote(part, errors="strict") for part in path[1:].split("/")]
    except UnicodeDecodeError:
        raise RefusedError(400, "the path is not UTF-8 with percent signs") from None


def _matched(template: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    """The names, where the parts are of that form."""
    names: dict[str, str] = {}
    for index, word in enumerate(template):
        if word.endswith("...}"):
            names[word[1:-4]] = "/".join(parts[index:])
            return names if len(parts) > index else None
        if index >= len(parts):
            return None
        if word.startswith("{"):
            if not parts[index]:
                return None
            names[word[1:-1]] = parts[index]
        elif word != parts[index]:
            return None
    return names if len(parts) == len(template) else None


# -- what a call says --------------------------------------------------------------------------------------


def check_media(route: Route, given: list[str], length: int | None) -> None:
    """Raises `RefusedError` for a body of another content type: of those of forms, which pages of any site may send."""
    kind = content_type(given)
    if route.method in _BODILESS:
        if length and kind != JSON:
            raise RefusedError(415, f"{route.method} takes no body")
        return
    if isinstance(route.body, Octets):
        wanted = route.body.media
        if kind not in wanted and (kind in SIMPLE and not (kind == "" and route.method == "PUT")):
            raise RefusedError(415, f"say what the body is by Content-Type: {_or(wanted)}")
        return
    if kind != JSON:
        raise RefusedError(415, f"the body is JSON: say so by Content-Type: {JSON}")


def query_of(route: Route, text: str) -> Any:
    """The query as the route's structure. Raises `RefusedError` that names the key."""
    given: dict[str, str] = {}
    for key, value in parse_qsl(text, keep_blank_values=True, errors="backslashreplace", max_num_fields=None):
        if key in given:
            raise RefusedError(400, f"{key}: is there twice")
        given[key] = value
    kind = route.query
    for key in given:
        if key not in kind.__struct_fields__:
            raise RefusedError(400, f"{key}: no such key in the query{nearest(key, kind.__struct_fields__)}")
    return _made(lambda: msgspec.convert(given, kind, strict=False), kind)


def body_of(route: Route, body: bytes) -> Any:
    """The body as the route's structure. Raises `RefusedError` that names the key."""
    if route.body is None or isinstance(route.body, Octets):
        return body
    if not body:
        if route.optional:
            return {} if route.free else route.body()
        raise RefusedError(400, "there is no body: it is a JSON object")
    kind = dict[str, Any] if route.free else route.body
    return _made(lambda: msgspec.json.decode(body, type=kind), kind)


def _made(make: Callable[[], Any], kind: Any) -> Any:
    try:
        return make()
    except msgspec.ValidationError as error:
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            raise RefusedError(400, "the body is a JSON object, with keys") from None
        key, problem = explained(str(error), kind)
        raise RefusedError(400, f"{key}: {problem}" if key else problem) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, f"the body is no JSON: {str(error).partition(' (')[0]}") from None


def whole(name: str, text: str) -> int:
    """A number in a path. Raises `RefusedError`."""
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise RefusedError(400, f"{name}: a whole number, not {text[:80]}")
    return int(text)
