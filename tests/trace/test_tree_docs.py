"""docs/tree.md against what there is."""

import json
import re
from pathlib import Path

from fakesmb.record.events import Shown
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.trees import as_json, trees
from fakesmb.wire.commands import Command
from fakesmb.wire.files import CloseRequest
from tests.record.test_dissect import exchange, message

PAGE = (Path(__file__).parents[2] / "docs" / "tree.md").read_text()


def test_the_tables_have_every_key_and_no_other() -> None:
    tree, field = PAGE.split("Of a field;")
    for text, cls in ((tree, Tree), (field, Field)):
        rows = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
        assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(cls.__struct_fields__)


def test_the_example_is_what_comes_out() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    data = message(Command.CLOSE, CloseRequest(0x4000))
    (tree,) = trees(exchange(data, shown=Shown.REQUEST))
    assert json.loads(json.dumps(as_json(tree)))["fields"][1] == json.loads(example)
    assert len(data) == 41
