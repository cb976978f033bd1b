"""The API as OpenAPI 3.1, made of the table of calls and the structures that read and write them."""

import re
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

import msgspec

from fakesmb.web.answer import JSON
from fakesmb.web.routes import MOST_BODY, NoQuery, Octets, Route

_NAME: Final = re.compile(r"\{(\w+)(?:\.\.\.)?\}")
_REF: Final = "#/components/schemas/{name}"


class Error(msgspec.Struct, frozen=True):
    """What was wrong, in one line."""

    error: str


def described(table: Sequence[Route]) -> Generator[None, None, dict[str, Any]]:
    """The document, which the generator returns: it takes a tenth of a second, of which each step is a small part."""
    from fakesmb.version import __version__

    by_type: dict[Any, Any] = {}
    components: dict[str, Any] = {}
    for kind in dict.fromkeys(types_of(table)):
        (by_type[kind],), inner = msgspec.json.schema_components((kind,), ref_template=_REF)
        components |= inner
        yield
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(_NAME.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(
            route, by_type
        )
        yield
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fakesmb",
            "version": __version__,
            "description": "The control API of an SMB1 server for tests, real clients and classrooms.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def types_of(table: Iterable[Route]) -> Iterable[Any]:
    """What bodies and answers are made of."""
    yield Error
    for route in table:
        if route.body is not None and not isinstance(route.body, Octets):
            yield route.body
        yield from (kind for kind in route.answers.values() if not isinstance(kind, str))


def _operation(route: Route, by_type: dict[Any, Any]) -> dict[str, Any]:
    words = [word for word in re.split(r"\W+", route.path) if word not in ("api", "v1", "")]
    operation: dict[str, Any] = {
        "operationId": "_".join((route.method.lower(), *words)),
        "summary": route.says,
        "responses": {
            **{str(status): _response(status, kind, by_type) for status, kind in route.answers.items()},
            "default": _response(400, Error, by_type),
        },
    }
    parameters = [_in_path(name) for name in _NAME.findall(route.path)] + list(_in_query(route.query))
    if parameters:
        operation["parameters"] = parameters
    if isinstance(route.body, Octets):
        content = {media: {"schema": {"type": "string", "format": "binary"}} for media in route.body.media}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.body is not None:
        content = {JSON: {"schema": by_type[route.body]}}
        operation["requestBody"] = {"required": not route.optional, "content": content}
        operation["x-most-bytes"] = MOST_BODY
    return operation


def _response(status: int, kind: Any, by_type: dict[Any, Any]) -> dict[str, Any]:
    about = {200: "What was asked for", 201: "It was made", 204: "It was done", 409: "It is not so: why"}
    told: dict[str, Any] = {"description": about.get(status, "What is wrong")}
    if kind is not None:
        text = isinstance(kind, str)
        told["content"] = {kind if text else JSON: {"schema": {} if text else by_type[kind]}}
    return told


def _in_path(name: str) -> dict[str, Any]:
    number = name == "id"
    schema = {"type": "integer", "minimum": 0} if number else {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(kind: type[msgspec.Struct]) -> Iterable[dict[str, Any]]:
    if kind is NoQuery:
        return
    schema = msgspec.json.schema(kind)
    properties = schema["$defs"][kind.__name__]["properties"]
    for field in msgspec.structs.fields(kind):
        yield {
            "name": field.name,
            "in": "query",
            "required": field.required,
            "schema": properties[field.encode_name],
        }
