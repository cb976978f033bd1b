"""fakesmb.toml and arguments: what they make, and one clear line for every mistake."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakesmb import FakeSMB
from fakesmb.config import forms, merging, parts, tomlfile, whole
from fakesmb.config.merging import Arguments
from fakesmb.config.parts import FilePart, SharePart
from fakesmb.core import profiles
from fakesmb.core.settings import Limits, Timing
from fakesmb.faults.reading import KEYS
from fakesmb.mistakes import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pub").mkdir()
    (tmp_path / "file").write_text("not a folder")
    return tmp_path


def read(folder: Path, text: str) -> FilePart:
    (folder / "fakesmb.toml").write_text(text, encoding="utf-8")
    return tomlfile.read(str(folder / "fakesmb.toml"))


def test_a_whole_file(folder: Path) -> None:
    """Every table of docs/configuration.md arrives where it belongs."""
    part = read(
        folder,
        """
        [server]
        host = "::1"
        port = 0
        netbios_port = 139
        name = "lab"
        signing = "required"
        challenge = "0123456789abcdef"
        guest = "read-only"
        [timing]
        sharing_violation = 0
        [limits]
        connections = 5
        [log]
        format = "json"
        file = "out.jsonl"
        [[user]]
        name = "alice"
        password = "Secret123"
        admin = true
        [[user]]
        name = "bob"
        nt_hash = "0123456789abcdef0123456789ABCDEF"
        [[share]]
        name = "Public"
        path = "pub"
        read_only = true
        users = ["alice"]
        """,
    )
    made = merging.merge(part, Arguments())
    assert (made.host, made.port, made.netbios_port, made.guest) == ("::1", 0, 139, "read-only")
    assert made.settings.name == "LAB"
    assert made.settings.signing == "required"
    assert made.settings.challenge == bytes.fromhex("0123456789abcdef")
    assert made.settings.timing.sharing_violation == 0
    assert made.settings.limits.connections == 5
    assert [user.name for user in made.users] == ["alice", "bob"]
    assert made.shares[0].path == str(folder / "pub")
    assert made.log.file == str(folder / "out.jsonl")
    assert made.loopback


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[server]\nport = 70000\n", 2, "server.port: must be a port number"),
        ("[server]\nport = true\n", 2, "server.port: must be a port number"),
        ("[server]\n\nprot = 1\n", 3, "server.prot: no such key; did you mean port"),
        ("[srever]\n", 1, "srever: no such table; did you mean [server] or [[user]]?"),
        ("[[shares]]\n", 1, "shares: no such table; did you mean [[share]]"),
        ("[server]\njournal = 5\n", 2, "server.journal: no such key here; [log] has it"),
        ("[share]\nname = 'p'\n", 1, "share: is a list of tables: write [[share]]"),
        ("[user]\nname = 'p'\n", 1, "user: is a list of tables: write [[user]]"),
        (
            "[server]\ndeterministic = 'yes'\n",
            2,
            "server.deterministic: must be true or false or a whole number",
        ),
        (
            "[server]\nprofile = 'windows-nt5'\n",
            2,
            "server.profile: no profile is called 'windows-nt5'; did you",
        ),
        ("[settings]\nraw_mode = false\n", 1, "settings: no such key here; the table [profile] has it"),
        ("[server]\nraw_mode = false\n", 2, "server.raw_mode: no such key here; [profile] has it"),
        ("[server]\nhost = '300.1.1.1'\n", 2, "server.host: is no IPv4 address"),
        ("acls = true\n", 1, "acls: no such key here; [[share]] has it"),
        (
            "[[share]]\nname = 'p'\npath = 'pub'\nreadonly = 1\n",
            4,
            "share[0].readonly: no such key; did you mean read_only",
        ),
        *(
            (f"[[share]]\nname='p'\npath='pub'\ndfs = {links}\n", 4, f"share[0].dfs: link {why}")
            for links, why in (
                (
                    "{a = 'other'}",
                    "'a': the target 'other' is no UNC path: write '\\\\server\\share' (in TOML",
                ),
                ("{a = 'h\\s'}", "'a': the target 'h\\s' is no UNC path: write '\\\\h\\s' (in TOML between"),
                (
                    "{a = 'smb://h/s/t'}",
                    "'a': the target 'smb://h/s/t' is no UNC path: write '\\\\h\\s\\t' (in",
                ),
                ("{a = '//h'}", "'a': the target '//h' is no UNC path"),
                ("{a = '//h/s:t'}", "'a': the target '//h/s:t' has characters or dots"),
                ("{a = '//h/s/..'}", "'a': the target '//h/s/..' has characters or dots"),
                ("{a = []}", "'a': give it a target"),
                ("{'' = '//h/s'}", "'': give the name of a folder in the share: the root"),
                ("{'a:b' = '//h/s'}", "'a:b': no folder is called so"),
                ("{'a/../b' = '//h/s'}", "'a/../b': write the path without dots"),
                ("{'../b' = '//h/s'}", "'../b': no folder is called so: the path climbs out"),
                ("{'a?' = '//h/s'}", "'a?': no folder is called so"),
                ("{a = '//h/s', A = '//h/s'}", "'A': it is the same folder as 'a'"),
                ("{a = '//h/s', 'a/b' = '//h/s'}", "'a/b': it lies in the link 'a'"),
                ("{'a/b' = '//h/s', '/A/' = '//h/s'}", "'/A/': it has in it the link 'a/b'"),
            )
        ),
        (
            "[[share]]\nname='p'\npath='pub'\nlocal_breaks = 'open'\n",
            4,
            "share[0].local_breaks: must be true, false or opens; did you mean opens?",
        ),
        (
            "[server]\nsigning = 'requird'\n",
            2,
            "server.signing: must be off, offered or required; did you mean required?",
        ),
        (
            "[server]\naccept = ['ntlm3']\n",
            2,
            "server.accept: must be a list of ntlmv2, ntlm2, ntlmv1 and lm, of one of them at least; did you",
        ),
        ("[server]\nport = 139\nnetbios_port = 139\n", 3, "server.netbios_port: the same as port"),
        ("[timing]\nwrite_time = nan\n", 2, "timing.write_time: must be a number"),
        ("[[share]]\nname = 'p'\npath = ''\n", 3, "share[0].path: the path is empty"),
        ('[[share]]\nname = "p"\npath = "a\\u0000b"\n', 3, "share[0].path: no path holds a NUL"),
        ("[server]\nname = 'a name that is too long'\n", 2, "server.name: must be a NetBIOS name"),
        ("[server]\nchallenge = '01'\n", 2, "server.challenge: must be 16 hexadecimal digits"),
        ("[server]\nsigning = 'maybe'\n", 2, "server.signing: must be off, offered or required"),
        ("[server]\noem_encoding = 'cp0'\n", 2, "server.oem_encoding: Python knows no encoding"),
        ("[server]\noem_encoding = 'utf-16'\n", 2, "server.oem_encoding: utf-16 is no code page"),
        ("[server]\noem_encoding = 'utf-7'\n", 2, "server.oem_encoding: utf-7 is no code page"),
        (
            "[server]\noem_encoding = 'unicode_escape'\n",
            2,
            "server.oem_encoding: unicode_escape is no code page",
        ),
        ("[server]\ndfs = 1\n", 2, "server.dfs: must be true or false, not a whole number"),
        ("[log]\njournal = -1\n", 2, "log.journal: must be a number of events, at least 0"),
        ("[limits]\nopens = 0\n", 2, "limits.opens: must not be 0"),
        ("[timing]\n# how long\nwrite_time = -1\n", 3, "timing.write_time: must be 0 or more"),
        (
            "[timing]\nwrite_time = 'long'\n",
            2,
            "timing.write_time: must be a number: write it without quotes",
        ),
        (
            "[[user]]\nname = 'a'\npassword = 'b'\n[[user]]\nname = 'c'\n",
            4,
            "user[1]: give either password or",
        ),
        ("[[user]]\nname = 'a'\nnt_hash = 'xyz'\n", 3, "user[0].nt_hash: must be 32 hexadecimal digits"),
        (
            "[[user]]\nname='a'\npassword=''\n[[user]]\nname='A'\npassword=''\n",
            5,
            "user[1].name: there is another",
        ),
        ("[[share]]\npath = 'pub'\n", 1, "share[0].name: is missing"),
        ("[[share]]\nname = 'p'\npath = 'nowhere'\n", 3, "share[0].path: there is no folder"),
        ("[[share]]\nname = 'p'\npath = 'file'\n", 3, "share[0].path: "),
        ("[[share]]\nname = 'ipc$'\npath = 'pub'\n", 2, "share[0].name: IPC$ is there already"),
        ("[[share]]\nname = 'a/b'\npath = 'pub'\n", 2, "share[0].name: must be a share name"),
        (
            "[[share]]\nname='p'\npath='pub'\n[[share]]\nname='P'\npath='pub'\n",
            5,
            "share[1].name: there is another",
        ),
        (
            "[[share]]\nname='p'\npath='pub'\nquota=1\n",
            4,
            "share[0].quota: no such key",
        ),
        ("[server]\nport = = 1\n", 2, "not TOML: "),
        ("[server]\nport = 1\nport = 2\n", 3, "not TOML: "),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(folder: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    message = str(caught.value)
    assert message.startswith(f"{folder}/fakesmb.toml:{line}: {words}"), message
    assert "\n" not in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file .*none\.toml"):
        tomlfile.read(str(tmp_path / "none.toml"))


def test_arguments_win_over_the_file(folder: Path) -> None:
    part = read(
        folder,
        "[server]\nport = 1\nname = 'FILE'\n[[user]]\nname = 'alice'\npassword = 'file'\n"
        "[[user]]\nname = 'bob'\npassword = 'file'\n[[share]]\nname = 'p'\npath = 'pub'\n",
    )
    given = Arguments(
        server={"port": 2},
        users=[forms.user("ALICE:argument")],
        shares=[forms.share(f"P={folder},ro")],
    )
    made = merging.merge(part, given)
    assert (made.port, made.settings.name) == (2, "FILE")
    assert {user.name: user.password for user in made.users} == {"bob": "file", "ALICE": "argument"}
    assert [(share.name, share.path, share.read_only) for share in made.shares] == [("P", str(folder), True)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: forms.user("alice"), "a user is NAME:PASSWORD"),
        (lambda: forms.user(":x"), "user name '':"),
        (lambda: forms.share("docs"), "a share is NAME=PATH"),
        (lambda: forms.share("a*b=/tmp"), "must be a share name"),
        (lambda: merging.merge(FilePart(), Arguments(server={"port": -1})), "port -1: must be a port number"),
        (
            lambda: merging.merge(FilePart(), Arguments(server={"port": 4455, "netbios_port": 4455})),
            "netbios_port 4455: the same as port",
        ),
        (
            lambda: merging.merge(FilePart(), Arguments(server={"netbios_port": 65536})),
            "netbios_port 65536: must",
        ),
        (lambda: merging.merge(FilePart(), Arguments(server={"name": "x" * 16})), "must be a NetBIOS name"),
        (
            lambda: merging.merge(FilePart(), Arguments(shares=[forms.share("a=/no/where")])),
            "there is no folder",
        ),
        (
            lambda: merging.merge(FilePart(), Arguments(users=[forms.user("a:1"), forms.user("A:2")])),
            "named twice",
        ),
    ],
)
def test_a_mistake_in_the_arguments(given: Callable[[], object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        given()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_may_hold_colons_and_a_path_commas() -> None:
    assert forms.user("a:b:c").password == "b:c"
    assert forms.share("s=/a,b").path == "/a,b"
    with pytest.raises(
        ConfigError, match="no folder /tmp,r0; behind a comma may stand ro, rw or overlay, not r0"
    ):
        forms.share("s=/tmp,r0")
    assert forms.share("s=/a,b,ro").read_only


def test_each_visible_subdirectory_is_a_share(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    assert [share.name for share in forms.subdirectories(str(tmp_path))] == ["a", "b"]
    with pytest.raises(ConfigError, match="no sub-directory"):
        forms.subdirectories(str(tmp_path / "a"))
    with pytest.raises(ConfigError, match="there is no folder"):
        forms.subdirectories(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_what_loopback_is(host: str, expected: bool) -> None:
    assert merging.is_loopback(host) is expected


def test_every_key_is_documented(checkout: Path) -> None:
    """docs/configuration.md names every key of every table."""
    text = (checkout / "docs" / "configuration.md").read_text(encoding="utf-8")
    tables = (
        parts.ServerPart,
        Timing,
        Limits,
        parts.LogPart,
        parts.CapturePart,
        parts.WebPart,
        parts.NamesPart,
        parts.UserPart,
        parts.SharePart,
    )
    missing = [key for table in tables for key in table.__struct_fields__ if f"`{key}`" not in text]
    assert missing == []


def test_the_settings_for_a_shared_network_are_settings(checkout: Path) -> None:
    """The file that SECURITY.md shows can be used, and asks for more than the defaults."""
    text = (checkout / "SECURITY.md").read_text(encoding="utf-8")
    text = text.partition("```toml\n")[2].partition("```")[0].replace('"..."', f'"{"0" * 32}"')
    part = msgspec.toml.decode(text, type=FilePart)
    assert (part.server.signing, part.server.anonymous, part.server.guest) == ("required", False, "off")
    assert part.server.run_as
    assert part.timing.lock_out > 0
    assert part.limits.connections < Limits().connections
    assert [share.users for share in part.share] == [[user.name for user in part.user]]


def test_the_documented_file_has_every_key_and_the_defaults(checkout: Path) -> None:
    """And serves, where its share's folder is."""
    text = (checkout / "docs" / "fakesmb.toml").read_text(encoding="utf-8")
    part = msgspec.toml.decode(text, type=FilePart)
    plain = msgspec.structs.replace(part, user=[], share=[])
    assert merging.merge(plain, Arguments()) == merging.merge(FilePart(), Arguments())
    shown = msgspec.toml.decode(
        re.sub(r"^# (?=\w+ = |\[)", "", text, flags=re.MULTILINE), type=dict[str, Any]
    )
    shown |= {"user": shown["user"][0], "share": shown["share"][0]}
    tables = FilePart.__struct_fields__
    assert set(shown.pop("profile")) <= set(profiles.KEYS)
    assert [set(rule) <= set(KEYS) for rule in shown.pop("fault")] == [True]
    tables = tuple(table for table in tables if table not in ("profile", "fault"))
    kinds = (
        parts.ServerPart,
        Timing,
        Limits,
        parts.LogPart,
        parts.CapturePart,
        parts.WebPart,
        parts.NamesPart,
        parts.UserPart,
        parts.SharePart,
    )
    assert {table: set(shown[table]) for table in tables} == {
        table: set(kind.__struct_fields__) for table, kind in zip(tables, kinds, strict=True)
    }


def test_unix_extensions_are_there_unless_a_share_says_no(tmp_path: Path) -> None:
    """`unix_extensions` of a share, on by default."""
    part = msgspec.convert({"name": "a", "path": str(tmp_path)}, SharePart)
    assert part.unix_extensions
    part = msgspec.convert({"name": "a", "path": str(tmp_path), "unix_extensions": False}, SharePart)
    assert not part.unix_extensions


def test_oplocks_of_a_share(tmp_path: Path) -> None:
    """Given, and broken by local changes, unless the share says something else; nothing else is understood."""
    share = {"name": "a", "path": str(tmp_path)}
    part = msgspec.convert(share, SharePart)
    assert part.oplocks is True
    assert part.local_breaks is True
    part = msgspec.convert(share | {"oplocks": False, "local_breaks": "opens"}, SharePart)
    assert part.oplocks is False
    assert part.local_breaks == "opens"
    for wrong in ({"local_breaks": "reads"}, {"oplocks": "no"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(share | wrong, SharePart)


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["user1876", "user19534"], "user user1876"),
        (["None"], "the group None"),
        (["bob", "nONE"], "the group"),
    ],
)
def test_no_two_accounts_have_one_sid(names: list[str], other: str) -> None:
    """Who has the SID of another has what descriptors give that one."""
    made = merging.merge(FilePart(), Arguments(users=[forms.user(f"{name}:x") for name in names]))
    with pytest.raises(ConfigError, match=f"user {names[-1]} would have the SID of {other}"):
        whole.check_whole(made)


def test_a_list_of_users_names_accounts(folder: Path) -> None:
    """`kevin` without an account would be whoever says so."""
    part = read(
        folder,
        """
        [[user]]
        name = "Alice"
        password = "x"
        [[share]]
        name = "pub"
        path = "pub"
        users = ["ALICE", "\u212aevin"]
        """,
    )
    made = merging.merge(part, Arguments())
    with pytest.raises(ConfigError, match=r"fakesmb\.toml:8: share\[0\]\.users: no user '\u212aevin' has"):
        whole.check_whole(made, str(folder / "fakesmb.toml"), part)
    with pytest.raises(ConfigError, match="share pub: no user '\u212aevin' has an account"):
        FakeSMB.from_config(made)
    with_kevin = Arguments(users=[forms.user("\u212aevin:y")])
    whole.check_whole(merging.merge(part, with_kevin))


@pytest.mark.parametrize(
    ("host", "accept", "expected"),
    [
        ("127.0.0.1", None, ("ntlmv2", "ntlm2", "ntlmv1", "lm")),
        ("::1", None, ("ntlmv2", "ntlm2", "ntlmv1", "lm")),
        ("localhost", ["ntlmv2"], ("ntlmv2",)),
        ("0.0.0.0", None, ("ntlmv2",)),
        ("::", None, ("ntlmv2",)),
        ("192.168.1.4", None, ("ntlmv2",)),
        ("nas.lan", ["ntlmv2", "lm"], ("ntlmv2", "lm")),
    ],
)
def test_old_forms_of_sign_in_are_off_beyond_loopback(
    host: str, accept: list[str] | None, expected: tuple[str, ...]
) -> None:
    made = merging.merge(FilePart(), Arguments(server={"host": host, "accept": accept}))
    assert made.accept == expected


@pytest.mark.parametrize("accept", ["[]", '["kerberos"]', '"ntlmv2"'])
def test_what_accept_may_not_be(folder: Path, accept: str) -> None:
    with pytest.raises(ConfigError, match=r"fakesmb\.toml:2: server\.accept.*: must be a list of ntlmv2"):
        read(folder, f"[server]\naccept = {accept}\n")


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [("127.0.0.1", None, True), ("::1", False, False), ("0.0.0.0", None, False), ("192.168.1.4", True, True)],
)
def test_anonymous_listing_is_off_beyond_loopback(host: str, given: bool | None, expected: bool) -> None:
    made = merging.merge(FilePart(), Arguments(server={"host": host, "anonymous_listing": given}))
    assert made.settings.anonymous_listing is expected


def rule_problem(tmp_path: Path, fault: str) -> str:
    """What is said of a file with that rule."""
    path = tmp_path / "fakesmb.toml"
    path.write_text(f'[[share]]\nname = "in"\npath = "."\n\n[[fault]]\nhang = true\n\n[[fault]]\n{fault}\n')
    part = tomlfile.read(str(path))
    with pytest.raises(ConfigError) as error:
        whole.check_whole(merging.merge(part, Arguments()), str(path), part)
    return str(error.value).removeprefix(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            'comand = "WRITE"',
            "fakesmb.toml:9: fault[1].comand: a fault has no such key; did you mean command",
        ),
        ('fail = "DISK_FUL"', "fakesmb.toml:9: fault[1].fail: no status is called 'DISK_FUL'; did you mean"),
        (
            'share = "inn"\nhang = true',
            "fakesmb.toml:9: fault[1].share: there is no share 'inn'; did you mean in?",
        ),
        ('hang = true\nshare = "inn"', "fakesmb.toml:10: fault[1].share: there is no share 'inn'"),
        ('command = "WRITE"', "fakesmb.toml:8: fault[1]: there is nothing to do"),
        (
            'call = "f"',
            "fakesmb.toml:9: fault[1].call: must be a Python function, which a file of settings cannot",
        ),
        ("hang = true\nnth = 0", "fakesmb.toml:10: fault[1].nth: must be at least 1, not 0"),
    ],
)
def test_a_mistake_in_a_rule_names_line_and_key(tmp_path: Path, fault: str, said: str) -> None:
    assert rule_problem(tmp_path, fault).startswith(said)


def test_two_rules_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    fault = 'hang = true\nname = "x"\n[[fault]]\nhang = true\nname = "x"'
    assert rule_problem(tmp_path, fault) == "fakesmb.toml:13: fault[2].name: another fault is called 'x'"


def test_rules_of_the_file_come_first(tmp_path: Path) -> None:
    (tmp_path / "fakesmb.toml").write_text("[[fault]]\nhang = true\n")
    part = tomlfile.read(str(tmp_path / "fakesmb.toml"))
    assert merging.merge(part, Arguments(faults=[{"reset": True}])).faults == (
        {"hang": True},
        {"reset": True},
    )


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (
            "dfs = {a = '//fakesmb/P'}\n",
            "link 'a': its target '\\\\fakesmb\\P' is this share: it would lead to",
        ),
        ("dfs = {a = '//FAKESMB/p/A/x'}\n", "link 'a': its target '\\\\FAKESMB\\p\\A\\x' is this share"),
        (
            "dfs = {a = '//h/s'}\n[server]\nprofile = 'windows-xp'\n",
            "the profile windows-xp has no DFS, so no client would follow links: set dfs = true under [server]",
        ),
        ("dfs = {a = '//fakesmb/p/b', b = '//fakesmb/other'}\n", ""),
        ("dfs = {}\n", ""),
    ],
)
def test_links_that_nobody_could_follow(folder: Path, rest: str, why: str) -> None:
    """Links to other links and other shares of the server are good; so is a root without any."""
    path = folder / "fakesmb.toml"
    path.write_text(f"[[share]]\nname = 'p'\npath = 'pub'\n{rest}")
    part = tomlfile.read(str(path))
    if not why:
        whole.check_whole(merging.merge(part, Arguments()), str(path), part)
        return
    with pytest.raises(ConfigError) as caught:
        whole.check_whole(merging.merge(part, Arguments()), str(path), part)
    assert str(caught.value).startswith(f"{path}:4: share[0].dfs: {why}")


def names_of(server_host: str = "192.168.1.10", **keys: Any) -> parts.NamesPart:
    """What `[names]` comes to of a server there."""
    server = {"host": server_host, "guest": "read-only"}
    return merging.merge(FilePart(), Arguments(server=server, names=keys)).names


def test_names_have_the_address_of_the_server_and_reach_everybody() -> None:
    made = names_of(port=137, datagram_port=138)
    assert (made.host, made.address, made.broadcast) == ("192.168.1.10", "", "255.255.255.255")
    made = names_of("localhost", port=0)
    assert (made.host, made.broadcast) == ("127.0.0.1", "")
    made = names_of("::1", port=0, host="127.0.0.1", broadcast="127.255.255.255", address="10.0.0.1")
    assert (made.host, made.address, made.broadcast) == ("127.0.0.1", "10.0.0.1", "127.255.255.255")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"datagram_port": 138}, "datagram_port: needs a name service: port 137"),
        ({"datagram_port": 0}, "datagram_port: needs a name service: port 137"),
        ({"master": True}, "master: needs a name service: port 137"),
        ({"host": "127.0.0.1"}, "host: needs a name service: port 137"),
        ({"address": "10.0.0.1"}, "address: needs a name service: port 137"),
        ({"broadcast": "10.0.0.255"}, "broadcast: needs a name service: port 137"),
        ({"port": 137, "master": True}, "master: needs datagrams: datagram_port 138"),
        ({"port": 137, "datagram_port": 137}, "datagram_port 137 is the port of the name service, too"),
        ({"port": 137, "host": "::1"}, "host ::1: NetBIOS names are told by IPv4 addresses"),
        (
            {"port": 137, "broadcast": "everybody"},
            "broadcast everybody: NetBIOS names are told by IPv4 addresses",
        ),
        ({"port": 65536}, "port 65536: must be a port number"),
        ({"master": "yes"}, "master 'yes': must be true or false"),
    ],
)
def test_names_that_cannot_be(keys: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError) as error:
        names_of(**keys)
    assert why in str(error.value)
