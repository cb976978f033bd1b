"""What a program may say when it makes a server, and what it is told where it errs."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from fakesmb import ConfigError, FakeSMB, FakeSMBService, Share, User, arguments, keywords
from fakesmb.config.merging import Arguments, merge
from fakesmb.config.parts import CapturePart, FilePart, LogPart, ServerPart, SharePart, UserPart
from fakesmb.core import settings
from fakesmb.core.profiles import KEYS


def keys(kind: type) -> set[str]:
    return set(get_type_hints(kind))


def test_every_key_of_the_file_has_its_argument_and_every_argument_its_key() -> None:
    server = keys(keywords.Keywords) - {*keywords.IN_LOG, *keywords.IN_CAPTURE, *keywords.OF_THEIR_OWN}
    assert server == set(ServerPart.__struct_fields__)
    assert set(keywords.IN_LOG.values()) == set(LogPart.__struct_fields__)
    assert set(keywords.IN_CAPTURE.values()) == set(CapturePart.__struct_fields__)
    assert {*keywords.IN_LOG, *keywords.IN_CAPTURE} < keys(keywords.Keywords)
    assert keys(keywords.Timing) == set(settings.Timing.__struct_fields__)
    assert keys(keywords.Switches) == set(KEYS)
    assert keys(keywords.Limits) == set(settings.Limits.__struct_fields__)
    assert keys(keywords.ShareKeys) == set(SharePart.__struct_fields__) - {"name", "path", "content"}
    assert keys(keywords.UserKeys) == set(UserPart.__struct_fields__) - {"name", "password"}


@pytest.mark.parametrize(
    ("kind", "struct"), [(keywords.Timing, settings.Timing), (keywords.Limits, settings.Limits)]
)
def test_the_types_of_arguments_are_those_of_the_file(kind: type, struct: type[msgspec.Struct]) -> None:
    assert get_type_hints(kind) == get_type_hints(struct)


def test_the_arguments_arrive(tmp_path: Path) -> None:
    smb = FakeSMB(
        {"plain": tmp_path, "more": Share(tmp_path, read_only=True, comment="c", users=["root"])},
        users={"alice": "Secret123", "root": User(nt_hash="0" * 32, admin=True)},
        timing={"sharing_violation": 0},
        limits={"connections": 5},
        log_file=tmp_path / "log.jsonl",
        journal=7,
        name="lab",
        signing="off",
    )
    config = smb.config
    assert [(one.name, one.path, one.read_only) for one in config.shares] == [
        ("plain", str(tmp_path), False),
        ("more", str(tmp_path), True),
    ]
    assert config.shares[1].users == ["root"]
    assert [(one.name, one.admin) for one in config.users] == [("alice", False), ("root", True)]
    assert (config.settings.timing.sharing_violation, config.settings.limits.connections) == (0, 5)
    assert (config.log.file, config.log.journal, config.log.format) == (
        str(tmp_path / "log.jsonl"),
        7,
        "none",
    )
    assert (config.port, config.settings.name, config.settings.signing) == (0, "LAB", "off")


def toml(value: Any) -> str:
    """As fakesmb.toml has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r} = {toml(one)}" for key, one in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def other_than(hint: Any, usual: Any, name: str) -> Any:
    """A value that a key may have, and that is not its default."""
    if name in VALUES:
        return VALUES[name]
    kinds = [inner for one in (hint, *get_args(hint)) for inner in (one, *get_args(one))]
    if bool in kinds:
        return usual is False
    if any(get_origin(one) is dict for one in kinds):
        return {"link": "//other/share"}
    words = [one for one in kinds if isinstance(one, str) and one != usual]
    return words[0] if words else usual + 1


NEEDS: dict[str, dict[str, Any]] = {"overlay_limit": {"overlay": True}, "printer_driver": {"printer": True}}
"""Keys of a share that go with others."""
VALUES: dict[str, Any] = {
    "host": "127.0.0.2",
    "port": 4451,
    "netbios_port": 1139,
    "name": "OTHER",
    "workgroup": "LAB",
    "comment": "a comment",
    "oem_encoding": "cp437",
    "profile": "windows-nt4",
    "filter": "command=READ",
    "signing": "required",
    "max_buffer": 4096,
    "time_zone": "Europe/Berlin",
    "challenge": "0123456789abcdef",
    "accept": ["ntlm2"],
    "guest": "read-only",
    "anonymous": False,
    "anonymous_listing": False,
    "run_as": "nobody",
    "keytab": "/tmp/never-read.keytab",
    "clock": "2004-02-01T10:00:00Z",
    "format": "json",
    "file": "/tmp/never-written.jsonl",
    "users": ["alice"],
    "local_breaks": "opens",
    "may_hang": True,
    "printer_driver": "HP LaserJet 4",
    "overlay_limit": 1 << 20,
    "nt_hash": None,
}


@pytest.mark.parametrize(
    ("table", "struct"),
    [
        ("server", ServerPart),
        ("log", LogPart),
        ("timing", settings.Timing),
        ("limits", settings.Limits),
        ("share", SharePart),
        ("user", UserPart),
    ],
)
def test_each_argument_says_what_its_key_says(
    tmp_path: Path, table: str, struct: type[msgspec.Struct]
) -> None:
    """In a file that has the key, and in a program: the same configuration, and not that without it."""
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        if field.name in ("path", "content", "password", "read_only_password", "nt_hash"):
            continue
        if struct is not ServerPart and field.name == "name":
            continue
        value = other_than(hints[field.name], field.default, field.name)
        texts = {
            "share": f"[[share]]\nname = 's'\npath = '{tmp_path}'\n",
            "user": "[[user]]\nname = 'alice'\npassword = 'x'\n",
            table if table not in ("share", "user") else "": f"[{table}]\n",
        }
        line = f"{field.name} = {toml(value)}\n"
        needs = NEEDS.get(field.name, {}) if table == "share" else {}
        texts[table] += line + "".join(f"{key} = {toml(needed)}\n" for key, needed in needs.items())
        file = tmp_path / "x.toml"
        file.write_text("".join(text for name, text in texts.items() if name))
        share: dict[str, Any] = {field.name: value, **needs} if table == "share" else {}
        user: dict[str, Any] = {field.name: value} if table == "user" else {}
        more: dict[str, Any] = {}
        if table in ("timing", "limits"):
            more[table] = {field.name: value}
        elif table == "log":
            more[arguments._argument(table, field.name)] = value
        elif table == "server":
            more[field.name] = value
        program = FakeSMB({"s": Share(tmp_path, **share)}, users={"alice": User("x", **user)}, **more).config
        assert FakeSMB.from_file(file).config == program, field.name
        plain = FakeSMB({"s": tmp_path}, users={"alice": "x"}).config
        assert program != plain, field.name


def test_arguments_lie_over_the_file_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "pub").mkdir()
    file = tmp_path / "x.toml"
    file.write_text(
        '[server]\nname = "LAB"\nworkgroup = "W"\n[timing]\nwrite_time = 0.5\n[log]\njournal = 3\n'
        '[[user]]\nname = "bob"\npassword = "x"\n[[share]]\nname = "pub"\npath = "pub"\n'
    )
    smb = FakeSMB.from_file(file, {"more": tmp_path}, timing={"sharing_violation": 0}, name="OTHER")
    config = smb.config
    assert [one.path for one in config.shares] == [str(tmp_path / "pub"), str(tmp_path)]
    assert (config.settings.name, config.settings.workgroup, config.port) == ("OTHER", "W", 0)
    assert (config.settings.timing.write_time, config.settings.timing.sharing_violation) == (0.5, 0)
    assert (config.log.journal, config.log.format, config.guest) == (3, "none", "off")


CONFIG = merge(FilePart(), Arguments())


@pytest.mark.parametrize("kind", [FakeSMB, FakeSMBService])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"hots": "::1"}, "no argument 'hots'; did you mean host or pcap_ports?"),
        ({"user": {}}, "no argument 'user'; did you mean users?"),
        ({"share": {}}, "no argument 'share'; did you mean shares?"),
        ({"format": "text"}, "no argument 'format'; did you mean log"),
        ({"read_only": True}, "no argument 'read_only': give it as Share(folder, read_only=...)"),
        ({"admin": True}, "give it as User(password, admin=...)"),
        ({"sharing_violation": 0}, "give it as timing=Timing(sharing_violation=...)"),
        ({"connections": 0}, "give it as limits=Limits(connections=...)"),
        ({"shares": ["a"]}, "shares is a mapping, {'name': folder}, not a list"),
        ({"shares": "x.toml"}, "from_file('x.toml')"),
        ({"shares": "/srv"}, "shares is a mapping, {'name': '/srv'}, not a str"),
        ({"shares": Share("/srv")}, "shares is a mapping, {'name': folder}, not a Share"),
        ({"shares": CONFIG}, "from_config"),
        ({"shares": {"a": 5}}, "share a: a folder, content by names, Overlay(...) or Share(...), not an int"),
        (
            {"shares": {"a": None}},
            "share a: a folder, content by names, Overlay(...) or Share(...), not a NoneType",
        ),
        ({"shares": {5: "a"}}, "shares: a name is a text, not an int"),
        ({"users": ["alcie"]}, "users is a mapping, {'name': 'password'}, not a list"),
        ({"users": [("alice", "x")]}, "users is a mapping, {'name': 'password'}, not a list"),
        ({"users": "alice:Secret123"}, "users is a mapping, {'name': 'password'}, not a str"),
        (
            {"users": {"alice": ("Secret123", True)}},
            "user alice: a password or User(password, ...), not a tuple",
        ),
        ({"timing": 5}, "timing is Timing(...), a mapping of its keys, not an int"),
        ({"timing": {"sharing_violatoin": 0}}, "'sharing_violatoin'; did you mean sharing_violation"),
        ({"limits": {"conections": 1}}, "'conections'; did you mean connections"),
    ],
)
def test_what_is_no_argument_is_said(kind: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError) as error:
        kind(**given)
    assert isinstance(error.value, ConfigError)
    assert words in str(error.value)


def test_an_unknown_key_of_a_share_or_a_user_is_said(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="did you mean read_only"):
        Share(tmp_path, readonly=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Share: what is shared comes first: a folder"):
        Share(read_only=True)
    assert FakeSMB({}, users={"a": User(password="x")}).config.users[0].password == "x"
    with pytest.raises(TypeError, match="did you mean admin"):
        User("x", adnim=True)  # type: ignore[call-arg]


def test_a_type_checker_sees_what_arguments_are(tmp_path: Path) -> None:
    """Each `ignore` is an error of mypy that would be missed if it were not there."""
    with pytest.raises(TypeError):
        FakeSMB({"a": tmp_path}, hots="::1")  # type: ignore[call-arg]
    with pytest.raises(ConfigError):
        FakeSMB({"a": tmp_path}, port="any")  # type: ignore[arg-type]
    (tmp_path / "x.toml").touch()
    with pytest.raises(TypeError):
        FakeSMB.from_file(tmp_path / "x.toml", ["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        FakeSMBService({"a": tmp_path}, users={"alice": 5})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        FakeSMB({"a": tmp_path}, timing={"write_tiem": 5})  # type: ignore[typeddict-unknown-key]


def test_a_user_keeps_its_secrets() -> None:
    assert repr(User("Geheim", admin=True)) == "User(..., admin=True)"
    assert "0" * 32 not in repr(User(nt_hash="0" * 32))
    assert repr(Share("x", read_only=True)) == "Share('x', read_only=True)"


def share(**keys: Any) -> Share:
    """One whose mistakes a type checker would find."""
    return Share("/", **keys)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": 65536}, "port 65536: must be a port number from 0 to 65535"),
        ({"port": "x"}, "port 'x': must be a port number"),
        ({"netbios_port": -1}, "netbios_port -1: must be a port number"),
        ({"port": 4455, "netbios_port": 4455}, "netbios_port 4455: the same as port"),
        ({"journal": "\ud800"}, r"journal '\ud800': "),
        ({"signing": "\ud800"}, r"signing '\ud800': "),
        ({"shares": {"a": "\ud800"}}, r"share a: no path holds half of a surrogate pair: '\ud800'"),
        ({"shares": {"a": share(read_only="\ud800")}}, r"share a: read_only '\ud800': "),
        ({"users": {"bob": "\ud800"}}, "user bob: password: is no text"),
        ({"host": "300.1.1.1"}, "host '300.1.1.1': is no IPv4 address"),
        ({"limits": {"opens": -1}}, "limits opens -1: must be greater than 0"),
        ({"limits": {"idle_seconds": -1}}, "limits idle_seconds -1: must be 0 or more"),
        (
            {"shares": {".": "/"}},
            "share name '.': must be a share name: 1 to 80 characters, not . or .., none of",
        ),
        ({"shares": {"\ud800": "/"}}, r"share name '\ud800': must be a share name"),
        ({"users": {"\ud800u": "x"}}, r"user name '\ud800u': must be a user name"),
        ({"shares": {"a": Share({}, overlay=True)}}, "share a: overlay is for a folder, and this is content"),
        ({"host": ""}, "host '': must be an address or a name of this machine"),
        (
            {"host": "127.0.0.1:80"},
            "host '127.0.0.1:80': must be an address or a name of this machine, without a port",
        ),
        ({"name": "a\nb"}, r"name 'a\nb': must be a NetBIOS name"),
        ({"workgroup": "x" * 1000}, f"workgroup '{'x' * 76}...: must be a NetBIOS name"),
        ({"host": 5}, "host 5: must be an address"),
        (
            {"signing": "requierd"},
            "signing 'requierd': must be off, offered or required; did you mean required?",
        ),
        (
            {"guest": "read_write"},
            "guest 'read_write': must be off, read-only or read-write; did you mean read-write",
        ),
        ({"accept": ["ntlm3"]}, "accept ['ntlm3']: must be a list of ntlmv2"),
        ({"log": "jsno"}, "log 'jsno': must be text, json, summary or none; did you mean json?"),
        ({"log_file": 5}, "log_file 5: must be a text"),
        ({"journal": -1}, "journal -1: must be a number of events"),
        (
            {"oem_encoding": "cp85"},
            "oem_encoding 'cp85': Python knows no encoding 'cp85'; did you mean cp852 or cp850",
        ),
        ({"oem_encoding": "utf-16"}, "oem_encoding 'utf-16': utf-16 is no code page"),
        ({"timing": {"write_time": -1}}, "timing write_time -1: must be 0 or more"),
        ({"timing": {"write_time": float("nan")}}, "timing write_time nan: must be a number"),
        ({"limits": {"opens": 0}}, "limits opens 0: must not be 0"),
        ({"limits": {"opens": "many"}}, "limits opens 'many': must be a whole number"),
        ({"users": {"b/d": "x"}}, "user name 'b/d': must be a user name"),
        ({"users": {"bob": None}}, "user bob: give either password or nt_hash"),
        ({"users": {"bob": User("x", nt_hash="0" * 32)}}, "user bob: give either password or nt_hash"),
        ({"users": {"bob": User(nt_hash="xyz")}}, "user bob: nt_hash: must be 32 hexadecimal digits"),
        ({"users": {"bob": "x", "BOB": "y"}}, "user BOB is named twice"),
        ({"shares": {"a/b": "/"}}, "share name 'a/b': must be a share name"),
        ({"shares": {"a": ""}}, "share a: the path is empty"),
        ({"shares": {"a": "x\0y"}}, "share a: no path holds a NUL character"),
        ({"shares": {"a": "/no/where"}}, "share a: there is no folder /no/where"),
        ({"shares": {"a": __file__}}, "is not a folder"),
        ({"shares": {"a": share(read_only="no")}}, "share a: read_only 'no': must be true or false"),
        (
            {"shares": {"a": share(local_breaks="open")}},
            "share a: local_breaks 'open': must be true, false or opens; did you mean opens?",
        ),
        ({"shares": {"a": share(users="bob")}}, "share a: users 'bob': must be a list"),
        (
            {"shares": {"a": share(users=["bob"])}, "users": {"alice": "x"}},
            "share a: no user 'bob' has an account",
        ),
        ({"host": "0.0.0.0"}, "host 0.0.0.0: others can connect there: name users= or guest="),
        ({"guest": "read-only", "signing": "required"}, "nobody could sign in"),
    ],
)
def test_a_value_that_cannot_be_is_said_with_its_argument(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        FakeSMB(**given)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(ConfigError, match="is a link to nowhere, which is not there"):
        FakeSMB({"a": tmp_path / "link"})
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match="Too many levels of symbolic links"):
        FakeSMB({"a": tmp_path / "loop"})
    with pytest.raises(ConfigError, match=r"there is no folder /no\\n\\udcffwhere"):
        FakeSMB({"a": "/no\n\udcffwhere"})
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ConfigError, match="may not be read: Permission denied"):
        FakeSMB({"a": tmp_path})


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"command": "WRITE"}, "faults is a list of rules"),
        ("WRITE", "faults is a list of rules"),
        (["WRITE"], "faults is a list of rules"),
        (
            [{"hang": True}, {"comand": "WRITE"}],
            "faults[1].comand: a fault has no such key; did you mean command",
        ),
        ([{"share": "inn", "hang": True}], "faults[0].share: there is no share 'inn'; did you mean in?"),
        ([{"nth": 0, "hang": True}], "faults[0].nth: must be at least 1, not 0"),
        ([{"name": "a", "hang": True}] * 2, "faults[1].name: another fault is called 'a'"),
    ],
)
def test_faults_are_checked_with_the_rest(tmp_path: Path, faults: Any, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        FakeSMB({"in": tmp_path}, faults=faults)
    assert str(error.value).startswith(said)


def test_faults_are_there_before_the_start(tmp_path: Path) -> None:
    smb = FakeSMB({"in": tmp_path}, faults=[{"command": "WRITE", "fail": "DISK_FULL"}])
    more = smb.faults.inject(command="READ", hang=True)
    assert [fault.name for fault in smb.faults] == ["fault 1", "fault 2"]
    assert more is smb.faults["fault 2"]
    with pytest.raises(ValueError, match="there is no share 'inn'; did you mean in"):
        smb.faults.inject(share="inn", hang=True)
    with smb:
        assert smb.server is not None
        assert len(smb.server.armed) == 1


def test_the_documentation_names_every_argument_and_its_program_runs(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (checkout / "docs" / "configuration.md").read_text(encoding="utf-8")
    section = text.partition("## In Python\n")[2].partition("\n## ")[0]
    named = keys(keywords.Keywords) - set(ServerPart.__struct_fields__) | {"shares", "profile"}
    assert {name for name in named if f"`{name}`" not in section} == set()
    monkeypatch.chdir(checkout)
    program = section.partition("```python\n")[2].partition("```")[0]
    exec(compile(program, "docs/configuration.md", "exec"), {})
    assert "smb://127.0.0.1:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [
        {"port": "4450"},
        {"host": 5},
        {"secrets": 1},
        {"profile": None},
        {"guest": True},
        {"accept": "lm"},
        {"timing": {"sharing_violation": "x"}},
        {"shares": {"a": share(read_only="no")}},
        {"users": {"a": User(admin=1, password="x")}},  # type: ignore[arg-type]
    ],
)
def test_a_value_of_another_type_is_a_type_error_too(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        FakeSMB(**given)
    values: list[dict[str, Any]] = [{"port": 65536}, {"signing": "maybe"}]
    for value in values:
        with pytest.raises(ConfigError) as error:
            FakeSMB(**value)
        assert not isinstance(error.value, TypeError)


def test_what_is_called_otherwise_is_told(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="FakeSMBService has no argument 'prot'; did you mean port"):
        FakeSMBService({}, prot=1)  # type: ignore[call-arg]
    wrong: Any
    for wrong in (5, {}):
        with pytest.raises(TypeError, match="from_config: a Config, not a"):
            FakeSMB.from_config(wrong)
    with FakeSMB({"in": {}}) as smb:
        with pytest.raises(TypeError, match="the path is a text, not an int"):
            smb.url("in", 5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="the share is a text, not a NoneType"):
            smb.unc(None)  # type: ignore[arg-type]


def test_an_empty_password_is_told_unless_it_is_meant(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    FakeSMB({}, users={"alice": "", "bob": User("")})
    (warning,) = recwarn
    assert "user alice has an empty password: whoever connects can be alice" in str(warning.message)
    assert warning.filename == __file__


def test_paths_are_those_of_where_the_program_was_when_the_server_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    config = FakeSMB({"a": "data"}, log_file="x.jsonl").config
    assert (config.shares[0].path, config.log.file) == (str(tmp_path / "data"), str(tmp_path / "x.jsonl"))


def test_a_working_directory_that_is_gone_is_none_for_who_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with FakeSMB({"in": {"a": b""}, "folder": tmp_path}, log_file=tmp_path / "log"):
        pass
    with pytest.raises(ConfigError, match="there is no folder data"):
        FakeSMB({"a": "data"})
    with pytest.raises(ConfigError, match=r"x\.jsonl: the working directory cannot be found: No such file"):
        FakeSMB({}, log_file="x.jsonl")


def entered(smb: FakeSMB) -> None:
    with smb:
        pass


MISTAKES: list[Callable[[], object]] = [
    lambda: FakeSMB({}, prot=1),  # type: ignore[call-arg]
    lambda: FakeSMBService({}, prot=1),  # type: ignore[call-arg]
    lambda: FakeSMB({"in": "/nonexistent"}),
    lambda: FakeSMB({}, port="x"),  # type: ignore[arg-type]
    lambda: FakeSMB.from_file("/nonexistent"),
    lambda: Share(),
    lambda: User(adnim=True),  # type: ignore[call-arg]
    lambda: FakeSMB({}, host="192.0.2.1", users={"a": "b"}).start(),
    lambda: entered(FakeSMB({}, host="192.0.2.1", users={"a": "b"})),
    lambda: FakeSMB({}).port,
    lambda: FakeSMB({}).url("a"),
    lambda: FakeSMB({}).unc(5),  # type: ignore[arg-type]
    lambda: FakeSMB({}).reset(),
]


@pytest.mark.parametrize("mistake", range(len(MISTAKES)))
def test_a_mistake_shows_the_line_of_the_test_alone(mistake: int) -> None:
    """In the report of pytest: nobody reads the source of a library to find a misspelt argument."""
    with pytest.raises((ConfigError, RuntimeError, TypeError)) as error:
        MISTAKES[mistake]()
    frames = [frame for frame, _ in traceback.walk_tb(error.value.__traceback__)]
    shown = [frame.f_code.co_filename for frame in frames if not frame.f_locals.get("__tracebackhide__")]
    assert set(shown) == {__file__}
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None
