"""Events for the tests of the record, built as the core builds them."""

from typing import Any

from fakesmb.record.events import Message, Part
from fakesmb.wire.header import Header

CLIENT, SERVER = "192.168.1.6:1240", "192.168.1.8:445"
START = 1_700_000_000.0


def header(command: int, **changes: int) -> Header:
    """A header as XP sends it."""
    values: dict[str, int] = {
        "status": 0,
        "flags": 0x18,
        "flags2": 0xC807,
        "pid_high": 0,
        "tid": 0x0800,
        "pid_low": 0xFEFF,
    }
    values |= {"uid": 0x0800, "mid": 0x40} | changes
    return Header(command=command, signature=bytes(8), **values)


def message(
    command: int,
    body: Any = None,
    *more: Part,
    request: bool = True,
    time: float = START,
    number: int = 1,
    subcommand: int | None = None,
    detail: Any = None,
    problem: str = "",
    **rest: Any,
) -> Message:
    """A message of one command, or of a chain if `more` parts are given."""
    part = Part(command, body, subcommand, detail, problem)
    values: dict[str, Any] = {"connection": 1, "peer": CLIENT, "local": SERVER, "size": 100} | rest
    return Message(
        time=time, number=number, request=request, header=header(command), parts=(part, *more), **values
    )


def reply(command: int, body: Any = None, *more: Part, **rest: Any) -> Message:
    """The reply to one."""
    return message(command, body, *more, request=False, **rest)
