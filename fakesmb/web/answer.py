"""What a call is answered with."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

JSON: Final = "application/json"
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)
_NONE: Final[Mapping[str, str]] = {}


class Answer:
    """A status, headers and a body, which is whole."""

    __slots__ = ("body", "headers", "media", "status")

    def __init__(
        self, body: bytes = b"", media: str = JSON, status: int = 200, headers: Mapping[str, str] = _NONE
    ) -> None:
        self.status = status
        self.media = media
        """Content type."""
        self.body = body
        self.headers = headers
        """Those beside the content type."""


class RefusedError(Exception):
    """A call that is answered with an error: one line that says what is wrong, and what to do."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] = _NONE, **more: Any) -> None:
        if not text.isprintable():  # names and paths hold anything
            text = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers
        self.more = more
        """What the answer tells beside the line."""

    @property
    def answer(self) -> Answer:
        """`{"error": "..."}`."""
        return json({"error": self.text, **self.more}, self.status, self.headers)


def json(value: Any, status: int = 200, headers: Mapping[str, str] = _NONE) -> Answer:
    """A value as JSON."""
    return Answer(encoded(value) + b"\n", JSON, status, headers)


def encoded(value: Any) -> bytes:
    """A value as JSON; half of a surrogate pair, which NTFS allows in a name and UTF-8 does not, is an escape."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_encodable(msgspec.to_builtins(value, enc_hook=str)))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list | tuple) else value
