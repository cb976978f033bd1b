"""The calls of lessons: what they are, and whether a student has done one."""

from typing import Any, Final

import msgspec

from fakesmb.nt.nearest import nearest
from fakesmb.web import lessons
from fakesmb.web.answer import Answer, RefusedError, json
from fakesmb.web.routes import Ask, Route

LONGEST_ANSWER: Final = 200


class Lessons(msgspec.Struct, frozen=True):
    """All lessons."""

    lessons: list[dict[str, Any]]
    """`name`, `title`, `about`, `text`, `question`, `solution`, `steps` of each."""


class CheckBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a student says."""

    answer: str = ""
    connection: int | None = None
    """Number of their conversation; without it the newest that fits."""


def listed(ask: Ask) -> Answer:
    """`GET /api/v1/lessons`."""
    return json({"lessons": lessons.as_json()})


def checked(ask: Ask) -> Answer:
    """`POST /api/v1/lessons/{name}/check`."""
    name, body = ask.names["name"], ask.body
    if len(body.answer) > LONGEST_ANSWER:
        raise RefusedError(400, f"answer: {LONGEST_ANSWER} characters at most")
    try:
        return json(lessons.check(name, ask.web.service.recorder, body.answer, body.connection))
    except LookupError:
        raise RefusedError(404, f"there is no lesson {name!r}{nearest(name, lessons.names())}") from None
    except RuntimeError as error:  # the journal is off
        raise RefusedError(409, str(error)) from None


ROUTES: Final = (
    Route("GET", "/api/v1/lessons", listed, "The lessons of the page", {200: Lessons}),
    Route(
        "POST",
        "/api/v1/lessons/{name}/check",
        checked,
        "Whether a lesson is done, by what the journal has",
        {200: lessons.Outcome, 404: None, 409: None},
        body=CheckBody,
        optional=True,
    ),
)
