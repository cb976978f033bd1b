"""What pytest shows of a mistake is the line of the test, and not our source."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from fakesmb import FakeSMB, File, Overlay


def reset_of_one_that_has_stopped(smb: FakeSMB) -> None:
    smb.stop()
    smb.reset()


MISTAKES: list[Callable[[FakeSMB], object]] = [
    lambda smb: smb.share("inn"),
    lambda smb: smb.share("in").read("b"),
    lambda smb: smb.share("in").list("b"),
    lambda smb: smb.share("in").write("b*", b""),
    lambda smb: smb.share("in").delete("b"),
    lambda smb: smb.share("in").read(5),  # type: ignore[arg-type]
    reset_of_one_that_has_stopped,
    lambda smb: File(hiden=True),  # type: ignore[arg-type]
    lambda smb: File(eas={"a*": b"1"}),
    lambda smb: File(streams={"a:b": b"1"}),
    lambda smb: File(modified="x"),  # type: ignore[arg-type]
    lambda smb: Overlay("x", limit=0),
]


@pytest.mark.parametrize("mistake", range(len(MISTAKES)))
def test_a_mistake_shows_the_line_of_the_test_alone(place: Path, mistake: int) -> None:
    with (
        FakeSMB({"in": {"a": b""}}) as smb,
        pytest.raises((OSError, ValueError, TypeError, RuntimeError)) as error,
    ):
        MISTAKES[mistake](smb)
    frames = [frame for frame, _ in traceback.walk_tb(error.value.__traceback__)]
    shown = [frame.f_code.co_filename for frame in frames if not frame.f_locals.get("__tracebackhide__")]
    assert set(shown) == {__file__}
