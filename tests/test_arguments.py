"""What a program may say when it makes a server, and what it is told where it errs."""

from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from fakesmb import ConfigError, FakeSMB, FakeSMBService, Share, User, arguments
from fakesmb.config import LogPart, ServerPart, SharePart, UserPart
from fakesmb.core import settings


def keys(kind: type) -> set[str]:
    return set(get_type_hints(kind))


def test_every_key_of_the_file_has_its_argument_and_every_argument_its_key() -> None:
    server = keys(arguments.Keywords) - set(arguments.IN_LOG) - arguments.OF_THEIR_OWN
    assert server == set(ServerPart.__struct_fields__)
    assert set(arguments.IN_LOG.values()) == set(LogPart.__struct_fields__)
    assert set(arguments.IN_LOG) < keys(arguments.Keywords)
    assert keys(arguments.Timing) == set(settings.Timing.__struct_fields__)
    assert keys(arguments.Limits) == set(settings.Limits.__struct_fields__)
    assert keys(arguments.ShareKeys) == set(SharePart.__struct_fields__) - {"name", "path"}
    assert keys(arguments.UserKeys) == set(UserPart.__struct_fields__) - {"name", "password"}


@pytest.mark.parametrize(
    ("kind", "struct"), [(arguments.Timing, settings.Timing), (arguments.Limits, settings.Limits)]
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


@pytest.mark.parametrize("kind", [FakeSMB, FakeSMBService])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"read_onyl": True}, "no argument 'read_onyl'"),
        ({"user": {}}, "no argument 'user'; did you mean users?"),
        ({"shares": ["a"]}, "shares is a mapping of names to folders, not a list"),
        ({"shares": "x.toml"}, "FakeSMB.from_file('x.toml')"),
        ({"users": ["alcie"]}, "users is a mapping of names to passwords, not a list"),
        ({"shares": {"a": 5}}, "share a: a folder or Share"),
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
    with pytest.raises(TypeError, match="did you mean admin"):
        User("x", adnim=True)  # type: ignore[call-arg]


def test_a_user_keeps_its_secrets() -> None:
    assert repr(User("Geheim", admin=True)) == "User(..., admin=True)"
    assert "0" * 32 not in repr(User(nt_hash="0" * 32))
    assert repr(Share("x", read_only=True)) == "Share('x', read_only=True)"
