"""The description of the API is true: a validator reads it, and what is made of it gets no answer that says 500."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fakesmb import FakeSMB
from fakesmb.web.openapi import types_of
from tests.web.memory import Memory

QUICK, WHOLE = 1, 30
"""Requests for each call."""
ENDLESS = {"/api/v1/events", "/capture.pcapng"}
IMPATIENT = 0.01


def test_a_validator_takes_it(memory: Memory) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    told = memory.get("/openapi.json").json
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []
    assert told["paths"]["/api/v1/verify"]["post"]["requestBody"]["required"]


def test_no_two_structures_have_one_name(memory: Memory) -> None:
    """What is made in steps, so that nobody is held up, is what is made at once."""
    told = memory.get("/openapi.json").json
    kinds = list(dict.fromkeys(types_of(memory.http.site.routes.table)))
    _, whole = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    assert told["components"]["schemas"] == msgspec.json.decode(msgspec.json.encode(whole))
    assert memory.get("/openapi.json").json == told


def test_every_call_has_words_and_an_own_name(memory: Memory) -> None:
    told = memory.get("/openapi.json").json
    operations = [one for methods in told["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert all(one["summary"] for one in operations)


@pytest.fixture
def smb() -> Iterator[FakeSMB]:
    with FakeSMB({"in": {"a.txt": b"hello"}}, web=0) as smb:
        yield smb


def impatient(case: Any) -> None:
    """Waits are short, and shares and captures are such as there are, as far as that matters."""
    for values in (case.query, case.body):
        if isinstance(values, dict):
            for name in ("wait", "timeout"):
                if isinstance(values.get(name), int | float):
                    values[name] = min(values[name], IMPATIENT)
    if case.operation.path.endswith("/wait") and isinstance(case.body, dict):
        case.body.setdefault("timeout", IMPATIENT)
    if isinstance(case.path_parameters, dict) and "share" in case.path_parameters:
        case.path_parameters["share"] = "in"


def asked(operation: Any, number: int, told: list[tuple[str, int]]) -> None:
    """Sends so many requests that keep to the description, and as many that do not."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis import GenerationMode

    def ask(case: Any) -> None:
        impatient(case)
        got = case.call(timeout=20)
        what = f"{case.method} {case.formatted_path} {case.query} {case.body!r:.200}"
        told.append((what, got.status_code))

    wanted = settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    modes = [GenerationMode.POSITIVE]
    if operation.body or number > QUICK:
        modes.append(
            GenerationMode.NEGATIVE
        )  # names in paths are hardly ever wrong, which takes long to find
    for mode in modes:
        try:
            test: Any = seed(1)(wanted(given(operation.as_strategy(generation_mode=mode))(ask)))  # type: ignore[no-untyped-call]
            test()
        except Unsatisfiable:  # a call without parameters has no wrong ones
            assert mode is GenerationMode.NEGATIVE


def answers(smb: FakeSMB, number: int) -> list[tuple[str, int]]:
    """What was asked, and the status, of each call."""
    import schemathesis

    schema = schemathesis.openapi.from_url(f"{smb.web_url}/openapi.json")
    told: list[tuple[str, int]] = []
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an Err has none, and fails
        slow_to_make = operation.path_parameters and not operation.body
        if operation.path not in ENDLESS and not (slow_to_make and number == QUICK):
            asked(operation, number, told)
    return told


def test_no_request_that_is_made_of_it_ends_in_a_500(smb: FakeSMB) -> None:
    told = answers(smb, QUICK)
    assert len(told) >= 20
    assert [one for one in told if one[1] in (500, 501, 502)] == []
    assert {200, 400, 404, 409} <= {status for _, status in told}
    assert smb.journal.problems() == []


@pytest.mark.slow
def test_nor_does_one_of_a_thousand(smb: FakeSMB) -> None:
    told = answers(smb, WHOLE)
    assert len(told) >= 1000
    assert [one for one in told if one[1] in (500, 501, 502)] == []
    assert smb.journal.problems() == []
