"""Arguments of `serve` as variables of the environment."""

import json
import select
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from fakesmb import FakeSMB, cli
from fakesmb.config.environment import ROOT, Environment
from fakesmb.config.merging import Config
from fakesmb.folders.places import VARIABLE
from fakesmb.mistakes import ConfigError
from fakesmb.serving.configure import configure
from fakesmb.serving.environment import options_of, read
from fakesmb.subcommands.serve import serve
from tests.serving import port_in

USER = {"FAKESMB_USER_1": "alice:Secret123"}


def arguments(*words: str) -> dict[str, Any]:
    """What the command is given for these words."""
    given: dict[str, Any] = serve.make_context("serve", list(words)).params
    return given


def told(variables: Mapping[str, str], *words: str) -> tuple[Config, list[str]]:
    """The configuration of a server with this environment, and what a person is told."""
    given = arguments(*words)
    return configure(given, read(serve, variables).but(given))


def mistake(variables: Mapping[str, str], *words: str) -> str:
    """The line about what is wrong."""
    with pytest.raises(ConfigError) as caught:
        told(variables, *words)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / "root" / name).mkdir(parents=True)
    return tmp_path / "root"


# -- what there is -----------------------------------------------------------------------------------------


def test_every_option_has_a_variable_of_its_own() -> None:
    options = list(options_of(serve))
    assert {one.key for one in options} == {
        one.name for one in serve.params if isinstance(one, click.Option) and one.name != "help"
    }
    assert len({one.variable for one in options}) == len(options)
    assert {one.variable for one in options if one.secret} == {
        "FAKESMB_USER",
        "FAKESMB_ADMIN",
        "FAKESMB_SHARE_PASSWORD",
        "FAKESMB_READ_ONLY_PASSWORD",
        "FAKESMB_WEB_TOKEN",
    }


VALUES: dict[str, tuple[str, Callable[[Config], object], object]] = {
    "HOST": ("127.0.0.2", lambda config: config.host, "127.0.0.2"),
    "PORT": ("445", lambda config: config.port, 445),
    "NETBIOS_PORT": ("139", lambda config: config.netbios_port, 139),
    "NAMES": ("yes", lambda config: (config.names.port, config.names.datagram_port), (137, 138)),
    "NAME_PORT": ("5137", lambda config: config.names.port, 5137),
    "ACCEPT_1": ("lm", lambda config: config.accept, ("lm",)),
    "PLAIN_TEXT": ("1", lambda config: config.settings.plain_text, True),
    "SECURITY": ("share", lambda config: config.settings.security, "share"),
    "PROFILE": ("samba-3", lambda config: config.settings.profile.name, "samba-3"),
    "SET_4": ("max_mpx=7", lambda config: config.settings.profile.max_mpx, 7),
    "DETERMINISTIC": ("5", lambda config: config.seed, 5),
    "NAME": ("OFFICE", lambda config: config.settings.name, "OFFICE"),
    "WORKGROUP": ("PEOPLE", lambda config: config.settings.workgroup, "PEOPLE"),
    "SIGNING": ("required", lambda config: config.settings.signing, "required"),
    "LOG": ("json", lambda config: config.log.format, "json"),
    "FILTER": ("command=READ", lambda config: config.log.filter, "command=READ"),
    "QUIET": ("true", lambda config: config.log.format, "none"),
    "LOG_FILE": ("/x/y.jsonl", lambda config: config.log.file, "/x/y.jsonl"),
    "LOG_TRUNCATE": ("on", lambda config: config.log.truncate, True),
    "PCAP": ("/x/y.pcapng", lambda config: config.capture.file, "/x/y.pcapng"),
    "SNAP": ("99", lambda config: config.capture.snap, 99),
    "PCAP_PORTS": ("real", lambda config: config.capture.ports, "real"),
    "SECRETS": ("TRUE", lambda config: config.log.secrets, True),
    "JOURNAL": ("12", lambda config: config.log.journal, 12),
    "KEEP_DATA": ("34", lambda config: config.log.keep_data, 34),
    "NO_PLANS": ("1", lambda config: config.settings.plans, False),
    "WEB": ("127.0.0.3:8080", lambda config: (config.web.host, config.web.port), ("127.0.0.3", 8080)),
    "WEB_TOKEN": ("abc", lambda config: config.web.token, "abc"),
    "GUEST": ("rw", lambda config: config.guest, "read-write"),
    "OVERLAY": ("1", lambda config: all(share.overlay for share in config.shares), True),
    "RUN_AS": ("nobody", lambda config: config.run_as, "nobody"),
    "KEYTAB": ("/x/keytab", lambda config: config.keytab, "/x/keytab"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_variable_says_what_its_option_says(name: str, tmp_path: Path) -> None:
    text, look, expected = VALUES[name]
    users = {"FAKESMB_SHARE_1": f"x={tmp_path}"} | ({} if name == "SECURITY" else USER)
    config, _ = told(users | {f"FAKESMB_{name}": text})
    assert look(config) == expected
    assert look(told(users)[0]) != expected


def test_shares_and_users_have_numbers(folders: Path) -> None:
    config, _ = told(
        {
            "FAKESMB_SHARE_10": f"ten={folders}",
            "FAKESMB_SHARE_2": f"two={folders},ro",
            "FAKESMB_SHARE": f"alone={folders},ro,overlay",
            "FAKESMB_PRINTER_1": f"printer={folders}",
            "FAKESMB_USER_1": "bob:a:b",
            "FAKESMB_ADMIN_7": "carol:",
        }
    )
    assert [(one.name, one.read_only, one.overlay, one.printer) for one in config.shares] == [
        ("alone", True, True, False),
        ("two", True, False, False),
        ("ten", False, False, False),
        ("printer", False, False, True),
    ]
    assert [(one.name, one.password, one.admin) for one in config.users] == [
        ("bob", "a:b", False),
        ("carol", "", True),
    ]


def test_passwords_of_shares(folders: Path) -> None:
    variables = {
        "FAKESMB_SECURITY": "share",
        "FAKESMB_SHARE_1": f"one={folders}",
        "FAKESMB_SHARE_PASSWORD_1": "one:all",
        "FAKESMB_READ_ONLY_PASSWORD_1": "one:read",
    }
    (share,) = told(variables)[0].shares
    assert (share.password, share.read_only_password) == ("all", "read")
    (share,) = told(variables, "--share-password", "one:other")[0].shares
    assert share.password == "other"


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_secrets_may_be_in_files(tmp_path: Path, end: str) -> None:
    (tmp_path / "user").write_bytes(b"\xef\xbb\xbfdora:p\xc3\xa4ss \t" + end.encode())
    (tmp_path / "token").write_text(f"abc{end}")
    config, _ = told(
        {"FAKESMB_USER_3_FILE": str(tmp_path / "user"), "FAKESMB_WEB_TOKEN_FILE": str(tmp_path / "token")}
    )
    assert [(one.name, one.password) for one in config.users] == [("dora", "päss \t")]
    assert config.web.token == "abc"


# -- what is over what -------------------------------------------------------------------------------------


def test_arguments_are_over_the_environment_and_that_is_over_the_file(tmp_path: Path, folders: Path) -> None:
    file = tmp_path / "fakesmb.toml"
    file.write_text(
        f"""
[server]
port = 1
name = "FILE"
plain_text = true
workgroup = "FILE"
[[user]]
name = "alice"
password = "file"
[[user]]
name = "fred"
password = "file"
[[share]]
name = "one"
path = "{folders}"
comment = "file"
"""
    )
    variables = {
        "FAKESMB_CONFIG": str(file),
        "FAKESMB_PORT": "2",
        "FAKESMB_NAME": "ENVIRONMENT",
        "FAKESMB_PLAIN_TEXT": "0",
        "FAKESMB_USER_1": "ALICE:environment",
        "FAKESMB_USER_2": "bob:environment",
        "FAKESMB_SHARE_1": f"ONE={folders},ro",
        "FAKESMB_ACCEPT": "lm",
        "FAKESMB_SET_1": "max_mpx=7",
        "FAKESMB_SET_2": "first_uid=9",
    }
    config, _ = told(variables)
    settings = config.settings
    assert (config.port, settings.name, settings.workgroup, settings.plain_text) == (
        2,
        "ENVIRONMENT",
        "FILE",
        False,
    )
    assert [(one.name, one.password) for one in config.users] == [
        ("fred", "file"),
        ("ALICE", "environment"),
        ("bob", "environment"),
    ]
    assert [(one.name, one.read_only) for one in config.shares] == [("ONE", True)]
    assert config.accept == ("lm",)

    words = [
        "--port",
        "3",
        "--plain-text",
        "--user",
        "bob:said",
        "--share",
        f"one={folders}",
        "--accept",
        "ntlmv2",
    ]
    config, _ = told(variables, *words, "--set", "max_mpx=8", "--name", "SAID")
    assert (config.port, config.settings.name, config.settings.plain_text) == (3, "SAID", True)
    assert [(one.name, one.password) for one in config.users] == [
        ("fred", "file"),
        ("bob", "said"),
        ("ALICE", "environment"),
    ]
    assert [(one.name, one.read_only) for one in config.shares] == [("one", False)]
    assert config.accept == ("ntlmv2",)
    assert (config.settings.profile.max_mpx, config.settings.profile.first_uid) == (8, 9)


def test_an_empty_variable_says_nothing() -> None:
    assert (
        told({"FAKESMB_LOG": "", "FAKESMB_USER_1": "", "FAKESMB_ROOT": "", "FAKESMB_NONSENSE": ""})[0]
        == told({})[0]
    )


def test_sub_directories_of_a_root_are_shares_beside_the_rest_of_the_environment(folders: Path) -> None:
    config, _ = told(
        {"FAKESMB_SHARE_1": f"one={folders}", "FAKESMB_SHARE_2": f"three={folders}"}, str(folders)
    )
    assert [(one.name, one.path) for one in config.shares] == [
        ("one", str(folders / "one")),
        ("two", str(folders / "two")),
        ("three", str(folders)),
    ]


# -- the place where folders are mounted ---------------------------------------------------------------------


def test_the_root_of_the_environment_counts_where_nothing_else_names_shares(
    folders: Path, tmp_path: Path
) -> None:
    variables = {ROOT: str(folders)}
    assert [one.name for one in told(variables)[0].shares] == ["one", "two"]
    elsewhere = f"x={folders}"
    assert [one.name for one in told(variables, "--share", elsewhere)[0].shares] == ["x"]
    assert [one.name for one in told(variables | {"FAKESMB_SHARE_1": elsewhere})[0].shares] == ["x"]
    file = tmp_path / "fakesmb.toml"
    file.write_text(f'[[share]]\nname = "x"\npath = "{folders}"\n')
    assert [one.name for one in told(variables, "--config", str(file))[0].shares] == ["x"]


def test_a_root_with_nothing_mounted_has_the_samples(tmp_path: Path) -> None:
    (tmp_path / "root" / ".hidden").mkdir(parents=True)
    config, notes = told({ROOT: str(tmp_path / "root")})
    assert [one.name for one in config.shares] == ["public", "docs", "c$"]
    assert f"{tmp_path}/root has no sub-directory, which would be a share" in notes


def test_a_root_that_may_not_be_read_is_no_reason_for_samples(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {str(folders / "one")}
    monkeypatch.setattr("os.access", lambda path, mode: str(path) not in closed)
    config, notes = told({ROOT: str(folders)})
    assert [one.name for one in config.shares] == ["two"]
    assert f"{folders}/one is left out: it may not be read" in notes
    closed.add(str(folders / "two"))
    assert mistake({ROOT: str(folders)}) == (
        f"FAKESMB_ROOT: {folders}/one is left out: it may not be read; "
        f"{folders}/two is left out: it may not be read; so there is nothing to serve"
    )
    assert mistake({ROOT: "/nowhere"}) == "FAKESMB_ROOT: there is no folder /nowhere"


# -- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        ("FAKESMB_PROFIL", "FAKESMB_PROFIL: there is no such variable; did you mean FAKESMB_PROFILE"),
        ("FAKESMB_SHARES_3", "FAKESMB_SHARES_3: there is no such variable; did you mean FAKESMB_SHARE_3"),
        ("FAKESMB_USER_ALICE", "FAKESMB_USER_ALICE: there is no such variable; did you mean FAKESMB_USER_1"),
        ("FAKESMB_PORT_1", "FAKESMB_PORT_1: there is no such variable; did you mean FAKESMB_PORT"),
        (
            "FAKESMB_LOG_1_FILE",
            "FAKESMB_LOG_1_FILE: there is no such variable; did you mean FAKESMB_LOG_FILE",
        ),
        (
            "FAKESMB_SHARE_1_FILE",
            "FAKESMB_SHARE_1_FILE: a file is for what is secret; this is FAKESMB_SHARE_1",
        ),
        ("FAKESMB_HOST_FILE", "FAKESMB_HOST_FILE: a file is for what is secret; this is FAKESMB_HOST"),
        ("FAKESMB_TPM", "FAKESMB_TPM: there is no such variable; did you mean FAKESMB_TMP"),
        ("FAKESMB_X_Y_Z_HELLO", "FAKESMB_X_Y_Z_HELLO: there is no such variable"),
        ("FAKESMB_", "FAKESMB_: there is no such variable"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest(variable: str, line: str) -> None:
    assert mistake({variable: "a"}).startswith(line)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"FAKESMB_PORT": "many"}, "FAKESMB_PORT: 'many': must be a port number from 0 to 65535"),
        (
            {"FAKESMB_PORT": "70000"},
            "FAKESMB_PORT: '70000': must be a port number from 0 to 65535 (0: any free one)",
        ),
        (
            {"FAKESMB_HOST": "a:1"},
            "FAKESMB_HOST 'a:1': must be an address or a name of this machine, without a port",
        ),
        (
            {"FAKESMB_LOG": "jsonl"},
            "FAKESMB_LOG: 'jsonl': must be text, json, summary or none; did you",
        ),
        ({"FAKESMB_FILTER": "statos=1"}, "FAKESMB_FILTER: nothing that a filter compares is called 'statos'"),
        (
            {"FAKESMB_WEB": "9" * 5000},
            "FAKESMB_WEB 999999999999999999999999999999999999999999999999999999999999",
        ),
        ({"FAKESMB_QUIET": "2"}, "FAKESMB_QUIET: '2' is neither 1 nor 0 (true, false)"),
        ({"FAKESMB_PROFILE": "windows-3"}, "FAKESMB_PROFILE 'windows-3': "),
        ({"FAKESMB_SET_1": "max_mxp=1"}, "FAKESMB_SET_1: "),
        ({"FAKESMB_CONFIG": "/nowhere.toml"}, "FAKESMB_CONFIG: there is no file /nowhere.toml"),
        ({"FAKESMB_WEB": "a"}, "FAKESMB_WEB a: is PORT or ADDRESS:PORT, as 8080 or 127.0.0.1:8080"),
        (
            {"FAKESMB_WEB": "0.0.0.0:1"},
            "the control API on 0.0.0.0 can be reached by others: give it a token (--web-",
        ),
        (
            {"FAKESMB_WEB_PORT_FILE": "/x/y"},
            "FAKESMB_WEB_PORT_FILE: there is no control API without --web PORT",
        ),
        (
            {"FAKESMB_SHARE_1": "/data"},
            "FAKESMB_SHARE_1: /data: a share is NAME=PATH, NAME=PATH,ro or NAME=PATH,over",
        ),
        ({"FAKESMB_SHARE_1": "x=/nowhere"}, "FAKESMB_SHARE_1: share x: there is no folder /nowhere"),
        ({"FAKESMB_SHARE_1": "a/b=/"}, "FAKESMB_SHARE_1: share name 'a/b': must be a share name: "),
        (
            {"FAKESMB_SHARE_1": "x=/", "FAKESMB_SHARE_2": "X=/"},
            "FAKESMB_SHARE_2: share X is named by FAKESMB_SHARE_1",
        ),
        ({"FAKESMB_SHARE_PASSWORD": "x:y"}, "FAKESMB_SHARE_PASSWORD: no share is called 'x'"),
        ({"FAKESMB_USER_1_FILE": "/nowhere"}, "FAKESMB_USER_1_FILE: /nowhere: No such file or directory"),
        (
            USER | {"FAKESMB_USER_1_FILE": "/x"},
            "FAKESMB_USER_1_FILE and FAKESMB_USER_1 both say it: give one of them",
        ),
        (
            {"FAKESMB_HOST": "0.0.0.0"},
            "on 0.0.0.0 others can connect: name users (--user NAME:PASSWORD, FAKESMB_USER",
        ),
    ],
)
def test_a_mistake_in_a_value_names_the_variable(variables: dict[str, str], line: str) -> None:
    assert mistake(variables).startswith(line)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"FAKESMB_USER_1": "Hush"}, "FAKESMB_USER_1: a user is NAME:PASSWORD, and there is no colon"),
        ({"FAKESMB_USER_1": "a,b:Hush"}, "FAKESMB_USER_1: user name 'a,b': must be a user name"),
        (
            {"FAKESMB_USER_1": "a:Hush", "FAKESMB_ADMIN_1": "A:Hush"},
            "FAKESMB_ADMIN_1: user A is named by",
        ),
        ({"FAKESMB_USER_1": "a:Hush\udc80"}, "FAKESMB_USER_1: user a: password: is no text"),
        (
            {"FAKESMB_SHARE_PASSWORD_1": "Hush"},
            "FAKESMB_SHARE_PASSWORD_1 is NAME:PASSWORD, and there is no colon",
        ),
        ({"FAKESMB_WEB_TOKEN": "Hush Hush"}, "FAKESMB_WEB_TOKEN: must be printable ASCII without blanks"),
    ],
)
def test_no_secret_is_repeated(variables: dict[str, str], line: str) -> None:
    said = mistake(variables)
    assert said.startswith(line)
    assert "Hush" not in said


def test_a_representation_has_no_secret() -> None:
    environment = read(serve, USER | {"FAKESMB_WEB_TOKEN": "abc"})
    assert repr([environment.many, environment.one]) == (
        "[{'users': [Told('FAKESMB_USER_1')]}, {'web_token': Told('FAKESMB_WEB_TOKEN')}]"
    )


def test_files_of_secrets_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"Hush:\xff\xfe")
    (tmp_path / "large").write_bytes(b"Hush" * 20_000)
    (tmp_path / "empty").touch()
    (tmp_path / "two").write_text("alice:Hush\nbob:Hush\n")
    for name, why in (
        ("bytes", f"{tmp_path}/bytes: is no text in UTF-8"),
        ("large", f"{tmp_path}/large: has more than 65536 bytes, and one line is wanted"),
        ("empty", f"{tmp_path}/empty: its first line is empty"),
        ("two", f"{tmp_path}/two: has more than one line"),
    ):
        for variable in ("FAKESMB_ADMIN_1_FILE", "FAKESMB_WEB_TOKEN_FILE"):
            assert mistake({variable: str(tmp_path / name)}) == f"{variable}: {why}"


# -- what is none of ours ------------------------------------------------------------------------------------


def test_what_kubernetes_tells_of_a_service_called_fakesmb_is_left_alone() -> None:
    variables = {
        "FAKESMB_SERVICE_HOST": "10.0.0.1",
        "FAKESMB_SERVICE_PORT": "445",
        "FAKESMB_SERVICE_PORT_SMB": "445",
        "FAKESMB_PORT": "tcp://10.0.0.1:445",
        "FAKESMB_PORT_445_TCP": "tcp://10.0.0.1:445",
        "FAKESMB_PORT_445_TCP_PROTO": "tcp",
        "FAKESMB_PORT_445_TCP_PORT": "445",
        "FAKESMB_PORT_445_TCP_ADDR": "10.0.0.1",
        "FAKESMB_OLD_NAS_SERVICE_HOST": "10.0.0.2",
        "FAKESMB_OLD_NAS_PORT": "tcp://10.0.0.2:445",
        "FAKESMB_OLD_NAS_PORT_445_TCP": "tcp://10.0.0.2:445",
    }
    assert told(variables)[0] == told({})[0]


def test_where_private_folders_are_is_no_argument() -> None:
    environment = read(serve, {VARIABLE: "/dev/shm", "PATH": "/bin", "fakesmb_port": "1"})
    assert (environment.one, environment.many, environment.root) == ({}, {}, "")


def test_a_server_that_a_program_makes_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKESMB_NONSENSE", "1")
    monkeypatch.setenv("FAKESMB_PORT", "no number")
    with FakeSMB({"public": {"a": "b"}}) as smb:
        assert smb.port


def test_other_commands_do_not_look_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKESMB_NONSENSE", "1")
    assert CliRunner().invoke(cli.main, ["profiles"]).exit_code == 0


def test_arguments_alone_are_as_ever() -> None:
    told({})  # copies the samples
    assert configure(arguments()) == configure(arguments(), Environment())


# -- the command -------------------------------------------------------------------------------------------


def test_a_process_is_configured_by_its_environment(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path, folders: Path
) -> None:
    (tmp_path / "secret").write_text("erin:Hush123\n")
    variables = {
        "FAKESMB_PORT": "0",
        "FAKESMB_PORT_FILE": str(tmp_path / "port"),
        "FAKESMB_LOG": "json",
        "FAKESMB_SHARE_1": f"data={folders},ro",
        "FAKESMB_USER_1_FILE": str(tmp_path / "secret"),
    }
    process = subprocess.Popen(
        [*fakesmb_command, "serve"],
        env=fakesmb_environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = port_in(tmp_path / "port", process)
        done = subprocess.run(
            [*fakesmb_command, "check", f"127.0.0.1:{port}"],
            env=fakesmb_environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 30)
        assert ready, "a log of JSON lines comes as it is written, also into a pipe"
    finally:
        process.terminate()
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0
    told_of = [json.loads(line)["event"] for line in stdout.splitlines()]
    assert [one for one in told_of if one not in ("problem",)][:2] == ["connected", "request"]
    assert f"share data: {folders} (read-only)" in stderr
    assert "erin" in stderr
    assert "Hush123" not in stdout + stderr


def test_the_command_with_a_variable_that_is_none_ends_with_one_line() -> None:
    done = CliRunner().invoke(cli.main, ["serve", "--port", "0"], env={"FAKESMB_PROT": "445"})
    assert done.exit_code == 2
    assert done.output.startswith("fakesmb: FAKESMB_PROT: there is no such variable; did you mean ")
    assert done.output.count("\n") == 1
