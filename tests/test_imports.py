"""Who may import whom: the layers of ARCHITECTURE.md, read from the sources."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType

import pytest

from fakesmb.rpc.pipes import SERVICES
from fakesmb.vfs import disk

PACKAGE = Path(__file__).parent.parent / "fakesmb"

BOTTOM = {"nt", "world"}
BELOW_CORE = BOTTOM | {"wire", "vfs", "record", "auth", "rpc", "rap", "faults"}
MAY_IMPORT: dict[str, set[str]] = {
    "nt": set(),
    "address": set(),
    "world": {"nt"},
    "wire": BOTTOM,
    "vfs": BOTTOM,
    "record": BOTTOM | {"wire"},
    "auth": BOTTOM | {"wire"},
    "rpc": BOTTOM | {"wire"},
    "rap": BOTTOM | {"wire", "rpc"},
    "faults": BOTTOM | {"wire", "vfs"},
    "folders": BOTTOM | {"vfs"},
    "core": BELOW_CORE,
    "netbios": BOTTOM | {"wire"},
    "transport": BELOW_CORE | {"core", "netbios"},
    "trace": BOTTOM | {"wire", "record", "rpc", "rap"},
    "capture": BOTTOM | {"wire", "record", "trace", "version"},
    "replay": BOTTOM | {"address", "wire", "record", "auth", "trace", "capture", "mistakes"},
    "web": BELOW_CORE
    | {"core", "transport", "folders", "config", "mistakes", "resets", "keywords"}
    | {"trace", "capture", "show", "version"},
    "version": set(),
    "show": BOTTOM | {"wire", "record", "trace", "capture", "mistakes"},
    "mistakes": {"nt"},
    "config": BELOW_CORE | {"core", "folders", "mistakes"},
    "samples": {"config", "folders", "mistakes"},
    "check": {"nt", "wire", "address", "saying"},
    "coverage": BELOW_CORE | {"core"},
    "keywords": {"nt", "vfs", "faults", "core", "folders", "config", "mistakes"},
    "arguments": {"core", "folders", "config", "keywords", "mistakes"},
    "portfile": {"mistakes"},
    "printjobs": {"core"},
    "handlers": {"core"},
    "sinks": {"record", "capture", "config", "mistakes"},
    "stores": BELOW_CORE | {"core", "transport", "config", "mistakes"},
    "rights": {"auth", "transport", "config", "mistakes"},
    "resets": {"nt", "core", "folders", "mistakes", "transport"},
    "app": BELOW_CORE
    | {"core", "folders", "handlers", "transport", "web", "config", "mistakes", "arguments", "keywords"}
    | {"trace", "capture"}
    | {"printjobs", "resets", "sinks", "stores", "rights"},
    "library": BELOW_CORE
    | {
        "core",
        "folders",
        "transport",
        "config",
        "mistakes",
        "arguments",
        "keywords",
        "app",
        "capture",
        "printjobs",
        "resets",
    },
}
"""The part of the package: what else of it that part may import. Parts that are not here may import all."""

CONTRACT_OF_SERVICES = {"caller", "faults", "groups", "interface", "printview", "view"}
NAMES_OF_FILES = {"paths", "wildcards", "shortnames", "stored"}
ROOMS_MAY_IMPORT: dict[str, dict[str, set[str]]] = {
    "vfs": {
        "paths": set(),
        "wildcards": {"paths"},
        "shortnames": {"paths"},
        "stored": set(),
        "reactor": set(),
        "store": {"paths", "shortnames"},
        "eas": {"paths", "store"},
        "disktask": set(),
        "disk": {"disktask"},
        "laned": {"disktask", "paths", "store"},
        "wrapped": {"store"},
        "lesser": {"laned", "paths", "store", "wrapped"},
        "junctions": {"disk", "laned", "paths", "store", "wildcards", "wrapped"},
        "dated": {"disk", "paths", "rules", "store"},
        "repeatable": {"dated", "laned", "paths", "store"},
        "rules": NAMES_OF_FILES | {"disk", "store"},
        "programs": NAMES_OF_FILES | {"reactor", "store", "rules"},
        "local": NAMES_OF_FILES | {"disk", "disktask", "eas", "store", "rules"},
    },
    "rpc": {
        "caller": set(),
        "printview": {"caller"},
        "view": {"caller", "printview"},
        "faults": set(),
        "groups": {"faults"},
        "interface": {"groups", "view"},
        "security": {"faults", "view"},
        "sign_ins": {"faults", "security"},
        "presentation": {"faults", "interface"},
        "assembly": {"faults", "presentation", "security", "sign_ins"},
        "association": CONTRACT_OF_SERVICES | {"assembly", "presentation", "security", "sign_ins"},
        "pipe_quotas": set(),
        "pipes": CONTRACT_OF_SERVICES | {"association", "pipe_quotas", "security"},
        "byteorder": set(),
        "stub": CONTRACT_OF_SERVICES | {"byteorder"},
        "ndr": {"stub"},
        "fields": {"byteorder", "stub"},
        "ndrsecrets": set(),
        "ndrnetdfs": set(),
        "ndrspoolss": set(),
        "ndrforms": {"ndrnetdfs", "ndrsecrets", "ndrspoolss"},
        "ndrwalk": {"ndrsecrets"},
        "services": CONTRACT_OF_SERVICES | {"byteorder", "fields", "ndr", "ndrnetdfs", "security", "stub"},
    },
}
"""Inside a part: the room (a package or a module at the top of the part), and what else of the part it may import."""

CONTRACT_OF_FILES = {
    "paths",
    "wildcards",
    "shortnames",
    "reactor",
    "store",
    "eas",
    "disktask",
    "lesser",
    "junctions",
    "repeatable",
}
"""The rooms of vfs that the core may import: none that implements a store."""

FAMILIES = {"commands", "trans", "trans2", "nt_trans"}
"""The packages of handlers inside core."""

IMPACKET = {"auth", "rpc"}
REACTOR = {"transport", "app", "resets", "rights", "serving", "testing", "pytest_plugin", "web"}
PURE_TWISTED = ("twisted.internet.defer", "twisted.python.failure")
"""What may be used where no I/O belongs."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(module: str) -> str:
    """`fakesmb.core.state` is of the part `core`."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, wherever in it."""
    for line, level, name in imported_by(path.read_text(encoding="utf-8")):
        assert level == 0, f"{path}:{line}: a relative import"
        yield line, name


@cache
def imported_by(source: str) -> tuple[tuple[int, int, str], ...]:
    """Line, level and full name of everything that a source imports."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, 0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, node.level, f"{node.module}.{alias.name}") for alias in node.names]
    return tuple(found)


def room_of(module: str) -> str:
    """`fakesmb.vfs.rules.locks` is in the room `rules`."""
    return module.split(".")[2] if module.count(".") > 1 else ""


def module_of(path: Path) -> str:
    """The full name of the module that a file is."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


KNOWN = frozenset(map(module_of, MODULES))


def modules_imported(path: Path) -> set[str]:
    """The modules of fakesmb that a module imports, types included: not the names in them."""
    names = {name for _, name in imports(path)}
    return {name if name in KNOWN else name.rpartition(".")[0] for name in names} & KNOWN


def graph_of_parts() -> dict[str, set[str]]:
    """Every part of the package, and the other parts that it imports, types included."""
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        part = part_of(module_of(path))
        graph.setdefault(part, set()).update({part_of(other) for other in modules_imported(path)} - {part})
    return graph


def circles(part: str) -> list[set[str]]:
    """The sets of modules of a part that reach each other by imports."""
    return circles_in({module_of(path): modules_imported(path) for path in (PACKAGE / part).rglob("*.py")})


def circles_in(graph: dict[str, set[str]]) -> list[set[str]]:
    """The sets of nodes of a graph that reach each other."""
    reached = {node: set(others & graph.keys()) for node, others in graph.items()}
    for middle in graph:
        for module in graph:
            if middle in reached[module]:
                reached[module] |= reached[middle]
    found: list[set[str]] = []
    for module in sorted(graph):
        circle = {other for other in reached[module] if module in reached[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def wrong(path: Path) -> Iterator[str]:
    """What this module must not import, one line each."""
    here = path.relative_to(PACKAGE.parent)
    part = here.parts[1].removesuffix(".py")
    for line, name in imports(path):
        if name.startswith("fakesmb."):
            other = part_of(name)
            if part in MAY_IMPORT and other != part and other not in MAY_IMPORT[part]:
                yield f"{here}:{line}: {part} may not import {name}"
            rooms = ROOMS_MAY_IMPORT.get(part)
            if rooms is not None and other == part:
                room, asked = room_of(module_of(path)), room_of(name)
                if room != "__init__" and asked != room and asked not in rooms[room]:
                    yield f"{here}:{line}: the room {room} of {part} may not import {name}"
        elif name.split(".")[0] in ("impacket", "Cryptodome") and part not in IMPACKET:
            yield f"{here}:{line}: {name} only in auth and rpc"
        elif name.startswith("twisted.") and part not in REACTOR and not name.startswith(PURE_TWISTED):
            yield f"{here}:{line}: no I/O in {part}: {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_below(path: Path) -> None:
    assert list(wrong(path)) == []


@pytest.mark.parametrize("part", ROOMS_MAY_IMPORT)
def test_no_circle_of_imports_inside_a_part_even_for_types(part: str) -> None:
    assert circles(part) == []


def test_no_circle_of_imports_between_parts_even_for_types() -> None:
    graph = graph_of_parts()
    assert graph["core"] > {"wire", "vfs", "record"}
    assert circles_in(graph) == []


def test_a_circle_between_parts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = PACKAGE / "nt" / "token.py"
    source = "def late() -> None:\n    from fakesmb.wire.codec import Body\n"
    original = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **_: source if self == bad else original(self))
    assert {"nt", "wire"} <= circles_in(graph_of_parts())[0]


def test_the_core_knows_of_files_only_the_contract() -> None:
    used = {name for path in (PACKAGE / "core").rglob("*.py") for name in modules_imported(path)}
    assert {room_of(name) for name in used if part_of(name) == "vfs"} <= CONTRACT_OF_FILES


def test_the_core_imports_none_of_its_handlers_even_for_types() -> None:
    own = (PACKAGE / "core").glob("*.py")
    used = {name for path in own for name in modules_imported(path) if part_of(name) == "core"}
    assert not {name for name in used if room_of(name) in FAMILIES}


def test_no_circle_between_the_families_of_handlers() -> None:
    """The commands that carry transactions import the tables of subcommands; families of subcommands, no other."""
    families = {
        family: {
            room_of(name)
            for path in (PACKAGE / "core" / family).glob("*.py")
            for name in modules_imported(path)
            if part_of(name) == "core" and room_of(name) in FAMILIES - {family}
        }
        for family in FAMILIES
    }
    assert families == {"commands": FAMILIES - {"commands"}} | {f: set() for f in FAMILIES - {"commands"}}


def test_the_rules_find_what_they_forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: a module that breaks every rule is found out."""
    bad = PACKAGE / "wire" / "never_written.py"
    source = "import impacket.ntlm\nfrom twisted.internet import reactor\nfrom fakesmb.core import state\n"
    original = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **_: source if self == bad else original(self))
    assert len(list(wrong(bad))) == 3


def test_a_room_and_a_circle_that_are_wrong_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = PACKAGE / "vfs" / "rules" / "access.py"
    source = "from fakesmb.vfs.local import eas\nfrom fakesmb.vfs.rules.permissions import allowed\n"
    original = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **_: source if self == bad else original(self))
    assert len(list(wrong(bad))) == 1
    assert {"fakesmb.vfs.rules.access", "fakesmb.vfs.rules.permissions"} <= circles("vfs")[0]


def test_an_rpc_service_is_named_by_a_string_and_imported_by_nobody() -> None:
    named = set(SERVICES.values())
    imported = {name for path in MODULES for name in modules_imported(path)}
    assert named <= {module_of(path) for path in MODULES}
    assert not named & imported


def test_rap_knows_of_rpc_only_what_the_server_lets_be_seen() -> None:
    used = {name for path in (PACKAGE / "rap").glob("*.py") for name in modules_imported(path)}
    assert {name for name in used if part_of(name) == "rpc"} == {
        "fakesmb.rpc.printview",
        "fakesmb.rpc.view",
    }


def test_architecture_has_the_same_table(checkout: Path) -> None:
    """But for the parts that are still to come."""
    text = (checkout / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*)\|$", text, re.MULTILINE)
    there = {part_of(module_of(path)) for path in MODULES}
    allowed = {part: others & there for part, others in MAY_IMPORT.items() if part in there}
    assert {part: set(re.findall(r"`(\w+)`", others)) for part, others in rows} == allowed


def test_packages_hold_no_code() -> None:
    """`__init__.py` says what a package is for; only the top one gives names away, lazily."""
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent != PACKAGE:
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert all(isinstance(node, ast.Expr) for node in body), path


ASKS_THE_DISK = {
    name for name, kind in vars(disk).items() if isinstance(kind, FunctionType) and hasattr(os, name)
}
MAY_ASK = {
    ("vfs/local/directory.py", "close"),  # of a finalizer, which cannot wait
    ("vfs/local/directory.py", "readlink"),  # of /proc
    ("vfs/local/mounts.py", "stat"),  # before anybody is served
    ("vfs/rules/oplocks.py", "fstat"),  # of local programs, which a disk that may hang knows nothing of
}
"""Where a system call is made by the thread that serves everybody, whatever the disk does."""


@pytest.mark.parametrize("room", ["local", "rules"])
def test_a_store_asks_the_disk_by_what_may_wait_for_it(room: str) -> None:
    """Else a disk that hangs would hold up everybody."""
    asked = {
        (str(path.relative_to(PACKAGE)), node.attr)
        for path in (PACKAGE / "vfs" / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert {(path, name) for path, name in asked if name in ASKS_THE_DISK} <= MAY_ASK
    for path in (PACKAGE / "vfs" / room).rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        by_hand = [
            one for one in calls if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "libc"
        ]
        assert not by_hand or path.name == "replacing.py", (
            path
        )  # which hands `disk.ask` a function of its own
    assert {"pread", "open", "getxattr", "rename"} <= ASKS_THE_DISK
