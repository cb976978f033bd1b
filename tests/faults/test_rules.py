"""Rules as they are written: what each key takes, and what is said of mistakes when a rule is armed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fakesmb.faults.errors import FaultKeyError, FaultValueError
from fakesmb.faults.fault import Faults
from fakesmb.faults.known import Known
from fakesmb.faults.reading import KEYS, KEYS_OF_ACTIONS, rule_of
from fakesmb.nt.status import NT
from fakesmb.wire.commands import Command
from fakesmb.wire.families import FAMILIES, Kind
from fakesmb.wire.trans2 import Trans2

KNOWN = Known(["in", "docs", "IPC$"], ["alice", "bob"], signs=False)

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"comand": "WRITE", "hang": True}, "comand: a fault has no such key; did you mean command"),
    ({"command": "WRITE", "status": "DISK_FULL"}, "status: a fault has no such key; did you mean fail?"),
    ({"command": "WRITE", "latency": 1}, "did you mean delay?"),
    ({"command": "WRTE", "hang": True}, "command: no command is called 'WRTE'; did you mean WRITE"),
    ({"command": "SMB_COM_CLOES", "hang": True}, "did you mean SMB_COM_CLOSE"),
    ({"command": "RAED", "hang": True}, "did you mean READ"),
    ({"command": 0x1FF, "hang": True}, "command: a command has a code of one byte, not 511"),
    ({"command": 0x55, "hang": True}, "command: no command has code 0x55"),
    ({"command": True, "hang": True}, "command: must be the name or the code of a command"),
    ({"command": [], "hang": True}, "command: an empty list has no command"),
    ({"command": "TRANS2_FIND_FIRST2", "hang": True}, "say subcommand='TRANS2_FIND_FIRST2'"),
    ({"command": "NT_CANCEL", "fail": "ACCESS_DENIED"}, "command: SMB_COM_NT_CANCEL is never answered"),
    ({"subcommand": "TRANS2_FIND_FIRST", "hang": True}, "did you mean TRANS2_FIND_FIRST2"),
    ({"subcommand": 1, "hang": True}, "subcommand: 1 needs the command"),
    ({"subcommand": 0x55, "command": "TRANSACTION2", "hang": True}, "SMB_COM_TRANSACTION2 has no subcommand 0x0055"),
    ({"subcommand": 1, "command": "CLOSE", "hang": True}, "SMB_COM_CLOSE has no subcommands"),
    ({"subcommand": "FIND_FIRST2", "command": "NT_TRANSACT", "hang": True}, "is a subcommand of SMB_COM_TRANSACTION2"),
    ({"subcommand": 1.5, "hang": True}, "subcommand: must be the name or the code"),
    ({"level": 0x104, "hang": True}, "level: needs the command or subcommand that has levels"),
    ({"level": 1, "command": "CLOSE", "hang": True}, "level: needs the command or subcommand that has levels"),
    (
        {"level": "SMB_FIND_FILE_BOTH_DIRECTORY_INF", "subcommand": "FIND_FIRST2", "hang": True},
        "level: no level is called 'SMB_FIND_FILE_BOTH_DIRECTORY_INF'; did you mean SMB_FIND_FILE_BOTH_DIRECTORY_INFO",
    ),
    ({"level": -1, "subcommand": "FIND_FIRST2", "hang": True}, "level: must be a level from 0"),
    ({"level": None, "subcommand": "FIND_FIRST2", "hang": True}, "level: must be the number or the name"),
    ({"path": None, "hang": True}, "path: must be a text"),
    ({"command": None, "hang": True}, "command: must be the name or the code"),
    ({"nth": None, "hang": True}, "nth: must be a whole number"),
    ({"fail": None}, "fail: must be a status"),
    ({"level": 1.5, "subcommand": "FIND_FIRST2", "hang": True}, "level: must be the number or the name"),
    ({"path": "..\\x", "hang": True}, "path: no request can name '..\\\\x': the path climbs out of the share"),
    ({"path": "dir/../../x", "hang": True}, "path: no request can name"),
    ({"path": "C:\\x", "hang": True}, "path: no request can name"),
    ({"path": "a|b", "hang": True}, "path: no request can name"),
    ({"path": "\\\\server\\in\\a.txt", "hang": True}, "is the name of a server: say share="),
    ({"path": "", "hang": True}, "path: must be a text that is not empty"),
    ({"path": 5, "hang": True}, "path: must be a text"),
    ({"share": "inn", "hang": True}, "share: there is no share 'inn'; did you mean in?"),
    ({"user": "alcie", "hang": True}, "user: no user 'alcie' has an account; did you mean alice?"),
    ({"connection": 0, "hang": True}, "connection: must be the number of a connection, from 1"),
    ({"peer": "1.2.3", "hang": True}, "peer: must be an IP address or a network"),
    ({"peer": "10.0.0.1/8", "hang": True}, "has host bits set"),
    ({"on": "conect", "reset": True}, "on: must be request or connect, not 'conect'; did you mean connect?"),
    ({"on": "connect", "command": "WRITE", "reset": True}, "command: goes with requests"),
    ({"on": "connect", "fail": "DISK_FULL"}, "fail: goes with requests"),
    ({"on": "connect", "drop": "after"}, 'only "before" can be'),
    ({"on": "connect", "connection": 2, "nth": 2, "reset": True}, "nth: a connection connects once"),
    ({"on": "connect", "nth": 2, "per": "connection", "reset": True}, "each connection is seen once"),
    ({"on": "connect", "nth": 2, "per": "path", "reset": True}, "nothing has a path"),
    ({"nth": 0, "hang": True}, "nth: must be at least 1, not 0"),
    ({"nth": -1, "hang": True}, "nth: must be at least 1, not -1"),
    ({"nth": [], "hang": True}, "nth: must be a number from 1, or several"),
    ({"nth": "3", "hang": True}, "nth: must be a whole number"),
    ({"nth": True, "hang": True}, "nth: must be a whole number"),
    ({"nth": 2.5, "hang": True}, "nth: must be a whole number"),
    ({"nth": 3, "every": 2, "hang": True}, "every: does not go with nth"),
    ({"nth": 3, "times": 2, "hang": True}, "times: 2 times, and nth names fewer"),
    ({"times": 0, "hang": True}, "times: must be at least 1, not 0"),
    ({"every": 0, "hang": True}, "every: must be at least 1, not 0"),
    ({"skip": -1, "hang": True}, "skip: must be at least 0, not -1"),
    ({"command": "WRITE", "short_read": 5}, "short_read: WRITE does not read"),
    ({"split": {3: 1}}, "split: must be a size in bytes, or several"),
    ({"per": "sever", "nth": 1, "hang": True}, "per: must be server, connection or path, not 'sever'"),
    ({"per": "path", "hang": True}, "per: says what nth, skip, every and times count"),
    ({"chance": 2, "hang": True}, "chance: must be a probability"),
    ({"chance": 0, "hang": True}, "chance: must be a probability"),
    ({"seed": 1, "hang": True}, "seed: is for the dice of chance"),
    ({"seed": 1.5, "chance": 0.5, "hang": True}, "seed: must be a whole number"),
    ({"command": "WRITE"}, "there is nothing to do: say one of fail, delay"),
    ({"command": "WRITE", "reset": False}, "there is nothing to do"),
    ({"fail": "DISK_FUL"}, "fail: no status is called 'DISK_FUL'; did you mean STATUS_DISK_FULL?"),
    ({"fail": 0}, "fail: 0x00000000 is success"),
    ({"fail": NT.PENDING}, "fail: 0x00000103 is success"),
    ({"fail": True}, "fail: must be a status"),
    ({"fail": 1 << 33}, "fail: must be a status of 32 bits"),
    ({"fail": [1, 2, 3]}, "fail: must be a status as DISK_FULL"),
    ({"fail": "ERRDO/5"}, "fail: no DOS error class is called 'ERRDO'; did you mean ERRDOS"),
    ({"fail": (4, 5)}, "fail: must be ERRDOS, ERRSRV or ERRHRD"),
    ({"fail": "ERRDOS/ERRnoacces"}, "did you mean ERRnoaccess"),
    ({"fail": (1, 0)}, "fail: must have a DOS error code from 1"),
    ({"delay": 0}, "delay: must be a number of seconds above 0"),
    ({"delay": "1"}, "delay: must be a number of seconds"),
    ({"delay": float("inf")}, "delay: must be a number of seconds"),
    ({"hang": 1}, "hang: must be true or false"),
    ({"drop": "befor"}, "drop: must be before, mid-response or after, not 'befor'; did you mean before?"),
    ({"trickle": 0}, "trickle: must be at least 1"),
    ({"split": []}, "split: must be a size in bytes, or several"),
    ({"split": [1, 0]}, "split: must be at least 1"),
    ({"split": "1"}, "split: must be a size"),
    ({"corrupt": "midd"}, "corrupt: such a reply has no field 'midd'; did you mean mid?"),
    ({"command": "CLOSE", "corrupt": "data_length"}, "corrupt: such a reply has no field 'data_length'"),
    ({"corrupt": {"ofset": 1}}, "corrupt: has no key 'ofset'; did you mean offset?"),
    ({"corrupt": {"offset": 1, "field": "mid"}}, "corrupt: must have either an offset or a field"),
    ({"corrupt": {"offset": "mid"}}, "corrupt: offset must be a number of bytes"),
    ({"corrupt": {"field": 1}}, "corrupt: field must be a name"),
    ({"corrupt": {"field": "mid", "xor": 0}}, "corrupt: xor must be a number above 0"),
    ({"corrupt": {"offset": 1, "xor": 256}}, "corrupt: xor must fit the byte"),
    ({"corrupt": 1.5}, "corrupt: must be an offset"),
    ({"bad_signature": True}, "bad_signature: signing is off"),
    ({"short_read": -1}, "short_read: must be a number of bytes"),
    ({"command": "CLOSE", "short_read": 5}, "short_read: SMB_COM_CLOSE does not read"),
    ({"command": "READ_ANDX", "flush_fails": True}, "flush_fails: SMB_COM_READ_ANDX does not wait"),
    ({"command": "ECHO", "io_error": True}, "io_error: SMB_COM_ECHO does not reach a disk"),
    ({"call": 5}, "call: must be a Python function"),
    ({"fail": "DISK_FULL", "hang": True}, "hang: hang does not go with fail"),
    ({"fail": "DISK_FULL", "reset": True}, "reset: reset does not go with fail"),
    ({"fail": "DISK_FULL", "drop": "before"}, "drop: drop='before' does not go with fail"),
    ({"fail": "DISK_FULL", "io_error": True}, "io_error: io_error does not go with fail"),
    ({"trickle": 1, "split": [1]}, "split: split does not go with trickle"),
    ({"hang": True, "delay": 1}, "delay: delay does not go with hang"),
    ({"drop": "before", "corrupt": 5}, "corrupt: corrupt does not go with drop"),
    ({"name": "", "hang": True}, "name: must be a text"),
    ({"command": "ECHO", "path": "a.txt", "hang": True}, "path: SMB_COM_ECHO names no path"),
    ({"command": "NEGOTIATE", "user": "alice", "hang": True}, "user: SMB_COM_NEGOTIATE comes before anybody"),
    ({"share": "IPC$", "io_error": True}, "share: IPC$ has no disk"),
    ({"share": "x*", "hang": True}, "share: there is no share 'x*'"),
    ({"corrupt": {"field": "command", "xor": 0x100}, "command": "ECHO"},
     "xor 0x100 changes no bit of command, which has 8"),
    ({"corrupt": {"field": "data_length", "xor": 1 << 20}, "command": "READ_ANDX"},
     "xor 0x100000 changes no bit of data_length"),
    ({"corrupt": 10**9}, "corrupt: no answer has so many bytes: 1000000000 (at most 16777215)"),
    ({"corrupt": -(10**9)}, "corrupt: no answer has so many bytes"),
    ({"corrupt": "mid", "command": "READ_RAW"}, "corrupt: the answer to SMB_COM_READ_RAW is bare data, without fields"),
    ({"bad_signature": True, "command": "READ_RAW"}, "bad_signature: "),
    ({"command": "READ", "disk_full_after": 1}, "disk_full_after: READ takes no room on a disk"),
    ({"command": "FIND", "disk_full_after": 1}, "disk_full_after: FIND takes no room on a disk"),
    ({"command": "LOCKING_ANDX", "disk_full_after": 1}, "disk_full_after: SMB_COM_LOCKING_ANDX does not reach a disk"),
    ({"command": "LOCKING_ANDX", "io_error": True}, "io_error: SMB_COM_LOCKING_ANDX does not reach a disk"),
    ({"command": "LOCKING_ANDX", "slow_disk": 1}, "slow_disk: SMB_COM_LOCKING_ANDX does not reach a disk"),
    ({"io_error": True, "flush_fails": True}, "flush_fails: flush_fails does not go with io_error"),
    ({"io_error": True, "disk_full_after": 5}, "disk_full_after: disk_full_after does not go with io_error"),
    ({"subcommand": "FIND_FIRST2", "level": "SMB_QUERY_FILE_ALL_INFO", "hang": True},
     "level: TRANS2_FIND_FIRST2 has no level 'SMB_QUERY_FILE_ALL_INFO'"),
    ({"command": "WRITE", "level": 0x104, "hang": True}, "level: needs the command or subcommand that has levels"),
    ({"skip": -1, "hang": True}, "skip: must be at least 0, not -1"),
    ({"Fail": "DISK_FULL"}, "Fail: a fault has no such key; did you mean fail?"),
    ({"FAIL": "DISK_FULL"}, "FAIL: a fault has no such key; did you mean fail?"),
    ({"disk_full_after": 5, "nth": 2}, "nth: does not go with disk_full_after"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "said"), MISTAKES, ids=lambda value: str(value)[:60])
def test_a_mistake_is_an_error_when_the_rule_is_armed(rule: dict[str, Any], said: str) -> None:
    """A key that is wrong is a TypeError, a value that is wrong a ValueError; both name the nearest right one."""
    with pytest.raises((TypeError, ValueError)) as error:
        Faults(lambda: KNOWN).inject(**rule)
    assert said in str(error.value)
    unknown = "no such key" in said or " does not go with" in said or "nothing to do" in said
    assert isinstance(error.value, FaultKeyError if unknown else (FaultKeyError, FaultValueError))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "rule",
    [
        {"command": "FIND", "level": 0x104},
        {"command": "FIND", "level": "SMB_FIND_FILE_BOTH_DIRECTORY_INFO"},
        {"subcommand": "SET_PATH_INFORMATION", "level": 1010},
        {"command": "TRANSACTION2", "level": "SMB_QUERY_FILE_ALL_INFO"},
        {"subcommand": "QUERY_FS_INFORMATION", "level": "SMB_QUERY_FS_SIZE_INFO"},
    ],
    ids=str,
)
def test_a_level_goes_with_what_has_it(rule: dict[str, Any]) -> None:
    assert rule_of({**rule, "hang": True}).match.level


def test_a_rule_of_short_reads_and_failing_flushes_means_both() -> None:
    kinds = rule_of({"short_read": 1, "flush_fails": True}).match.kinds
    assert kinds is not None
    assert {Kind(Command.READ_ANDX), Kind(Command.FLUSH)} <= kinds


def test_every_key_is_told_by_what_it_is_near_to() -> None:
    for key in KEYS:
        if len(key) > 3:
            with pytest.raises(TypeError, match=rf"did you mean .*{key}"):
                rule_of({f"{key}x": 1})


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("WRITE", FAMILIES["WRITE"]),
        ("write", FAMILIES["WRITE"]),
        ("SMB_COM_WRITE", {Kind(Command.WRITE)}),
        (Command.WRITE, {Kind(Command.WRITE)}),
        (0x0B, {Kind(Command.WRITE)}),
        ("CLOSE", {Kind(Command.CLOSE)}),
        ("smb_com_close", {Kind(Command.CLOSE)}),
        (["CLOSE", Command.ECHO], {Kind(Command.CLOSE), Kind(Command.ECHO)}),
    ],
)
def test_commands_have_many_names(value: object, kinds: set[Kind]) -> None:
    assert rule_of({"command": value, "hang": True}).match.kinds == frozenset(kinds)


@pytest.mark.parametrize(
    "rule",
    [
        {"subcommand": "TRANS2_FIND_FIRST2"},
        {"subcommand": "find_first2"},
        {"subcommand": 1, "command": "TRANSACTION2"},
        {"subcommand": Trans2.FIND_FIRST2, "command": 0x32},
        {"subcommand": "FIND_FIRST2", "command": "SMB_COM_TRANSACTION2"},
    ],
)
def test_subcommands_have_many_names(rule: dict[str, Any]) -> None:
    kinds = rule_of({**rule, "hang": True}).match.kinds
    assert kinds == frozenset({Kind(Command.TRANSACTION2, Trans2.FIND_FIRST2)})


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (NT.DISK_FULL, NT.DISK_FULL),
        ("DISK_FULL", NT.DISK_FULL),
        ("STATUS_DISK_FULL", NT.DISK_FULL),
        ("nt_status_disk_full", NT.DISK_FULL),
        ("0xC000007F", NT.DISK_FULL),
        (0xC000007F, NT.DISK_FULL),
        (0xC0FFEE00, 0xC0FFEE00),
        ("BUFFER_OVERFLOW", NT.BUFFER_OVERFLOW),
        ("SMB_BAD_UID", NT.SMB_BAD_UID),
        ("ERRDOS/ERRnoaccess", 0x00050001),
        ("errdos/5", 0x00050001),
        ((1, 5), 0x00050001),
        (["ERRSRV", "ERRbaduid"], NT.SMB_BAD_UID),
    ],
)
def test_statuses_have_many_names(value: object, status: int) -> None:
    refusal = rule_of({"fail": value}).act.fail
    assert refusal is not None
    assert refusal.status == status


def test_a_subcommand_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="no subcommand is called"):
        rule_of({"subcommand": "CREATE_DIR", "hang": True})


def test_a_rule_is_shown_as_it_would_be_written() -> None:
    faults = Faults()
    fault = faults.inject(
        command="WRITE", path=r"*.bak", nth=(1, 2), fail=NT.DISK_FULL, corrupt={"offset": 1}
    )
    assert repr(fault) == (
        '[[fault]] name = "fault 1", command = "WRITE", path = "*.bak", nth = [1, 2], fail = "DISK_FULL", '
        "corrupt = { offset = 1 }  # seen 0, hits 0"
    )
    assert repr(faults) == repr(fault)
    fault.remove()
    fault.remove()
    assert repr(fault).endswith("# seen 0, hits 0, removed")
    assert repr(faults) == "no faults"
    assert "call = <" in repr(faults.inject(call=print))
    assert "path = 'a\\b'" in repr(faults.inject(path=r"a\b", reset=True))
    assert r'path = "\u0000"' not in repr(faults)
    assert repr(faults.inject(name="two\nlines", reset=True)).startswith(r'[[fault]] name = "two\nlines"')
    assert "reset = true" in repr(faults["fault 3"])


def test_rules_have_names_of_their_own() -> None:
    faults = Faults()
    named = faults.inject(name="full", fail="DISK_FULL")
    assert [fault.name for fault in (named, faults.inject(hang=True), faults.inject(hang=True))] == [
        "full",
        "fault 1",
        "fault 2",
    ]
    with pytest.raises(ValueError, match="name: another fault is called 'full'"):
        faults.inject(name="full", hang=True)
    assert faults["full"] is named
    assert next(iter(faults)) is named
    assert len(faults) == 3
    with pytest.raises(KeyError):
        faults["fault 3"]
    faults["fault 1"].remove()
    assert [fault.name for fault in faults.all] == ["full", "fault 1", "fault 2"]
    faults.clear()
    assert (len(faults), faults.all) == (0, [])
    with faults.inject(hang=True) as first:
        assert first.name == "fault 1"
        assert first.armed
    assert not first.armed
    assert len(faults) == 0


# -- the documentation -------------------------------------------------------------------------------------


def examples(checkout: Path) -> list[dict[str, Any]]:
    """The examples in the tables of docs/faults.md, as keywords."""
    text = (checkout / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `\w+` \|.*\| ([^|]+) \|$", text, re.MULTILINE)
    cells = [code for row in rows for code in re.findall(r"`([^`]+)`", row)]
    return [eval(f"dict({code})", {"print": print}) for code in cells]


def test_every_key_has_an_example_and_every_example_can_be_armed(checkout: Path) -> None:
    known = Known(["in"], ["alice"], signs=True)
    shown: set[str] = set()
    for example in examples(checkout):
        shown |= set(example)
        ends = {"reset": True} if example.get("on") == "connect" else {"hang": True}
        act = {} if set(KEYS_OF_ACTIONS) & set(example) else ends
        rule_of({**example, **act}, known)
    assert shown == set(KEYS) - {"name"}


def test_the_documented_file_is_a_rule(checkout: Path) -> None:
    text = (checkout / "docs" / "faults.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    [rule] = tomllib.loads(block)["fault"]
    assert rule_of(rule).given == {"command": "WRITE", "path": "*.bak", "nth": 3, "fail": "DISK_FULL"}


async def _later(_: object) -> None:
    raise AssertionError


class _Later:
    async def __call__(self, _: object) -> None:
        raise AssertionError


@pytest.mark.parametrize("function", [_later, _Later()])
def test_an_async_function_cannot_be_called(function: Any) -> None:
    with pytest.raises(ValueError, match="call: must be a plain function, not an async one"):
        Faults().inject(command="READ", call=function)
