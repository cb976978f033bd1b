"""The command: what it says, when it refuses, how it ends."""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from pwd import getpwnam

import pytest
from click.testing import CliRunner
from impacket.smb import SMB_DIALECT
from impacket.smb3structs import FILE_READ_DATA
from impacket.smbconnection import SessionError, SMBConnection

from fakesmb import FakeSMB, cli, coverage, samples
from fakesmb.config.parts import SAMPLE_USER
from fakesmb.mistakes import ConfigError
from fakesmb.nt.status import NT
from fakesmb.saying import MISTAKE
from fakesmb.serving.configure import configure
from fakesmb.serving.greeting import share_line
from fakesmb.serving.run import RUNS_AS_ROOT
from fakesmb.serving.startup import on_first_use
from fakesmb.transport.process import RightsError, run_as
from tests.serving import port_in

Spawn = Callable[..., subprocess.Popen[str]]

LONG = 30
"""Seconds for what takes a moment, on a machine with much else to do."""
SESSION_REQUEST = (
    bytes.fromhex("81000044")
    + b"\x20CKFDENECFDEFFCFGEFFCCACACACACACA\0"  # *SMBSERVER<20>
    + b"\x20EMEBFAFEEPFACACACACACACACACACAAA\0"  # LAPTOP<00>
)
NOTHING: dict[str, object] = {
    "root": None,
    "file": None,
    "shares": (),
    "printers": (),
    "overlay": False,
    "users": (),
    "admins": (),
    "guest": None,
    "accept": (),
    "security": None,
    "plain_text": False,
    "share_passwords": (),
    "read_only_passwords": (),
    "host": None,
    "port": None,
    "netbios_port": None,
    "names": False,
    "name_port": None,
    "datagram_port": None,
    "broadcast": None,
    "master": False,
    "name": None,
    "workgroup": None,
    "profile": None,
    "deterministic": None,
    "clock": None,
    "switches": (),
    "signing": None,
    "log": None,
    "log_file": None,
    "filter": None,
    "log_truncate": False,
    "pcap": None,
    "snap": None,
    "pcap_ports": None,
    "secrets": False,
    "journal": None,
    "keep_data": None,
    "no_plans": False,
    "quiet": False,
    "run_as": None,
    "keytab": None,
    "web": None,
    "web_token": None,
    "web_port_file": None,
}


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def folder_of_all() -> Iterator[Path]:
    """A folder that everybody may reach and write to, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o777)
        yield Path(made)


@pytest.fixture
def spawn(fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path) -> Iterator[Spawn]:
    """Starts the command in a process; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(
        *words: object, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*fakesmb_command, *map(str, words)],
            stdout=stdout,
            stderr=stderr,
            text=True,
            cwd=tmp_path,
            env=fakesmb_environment | {"XDG_DATA_HOME": str(tmp_path / "data")},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def talk(port: int) -> bytes:
    """Negotiates and gives the answer's first bytes."""
    dialect = b"\x02NT LM 0.12\0"
    header = bytes.fromhex("ff534d42 72 00000000 18 53c8 0000 0000000000000000 0000 ffff fefe 0000 0000 00")
    message = header + len(dialect).to_bytes(2, "little") + dialect
    with socket.create_connection(("127.0.0.1", port), LONG) as client:
        client.sendall(len(message).to_bytes(4, "big") + message)
        return client.recv(1000)


# -- a server in a process -----------------------------------------------------------------------------------


def test_it_serves_the_samples_and_ends_cleanly(spawn: Spawn, tmp_path: Path) -> None:
    """With nothing but a port: ready, the samples, one user, three commands; SIGTERM ends it soon, with 0."""
    process = spawn("serve", "--port", 0, "--port-file", "port")
    port = port_in(tmp_path / "port", process)
    assert talk(port)[4:9] == b"\xffSMB\x72"
    idle = socket.create_connection(("127.0.0.1", port), LONG)
    idle.sendall(SESSION_REQUEST)
    assert idle.recv(4) == bytes.fromhex("82000000")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=LONG)
    assert time.monotonic() - began < 5
    idle.close()
    assert process.returncode == 0, err
    assert f"fakesmb: ready on 127.0.0.1:{port}\n" in err
    assert f"user {SAMPLE_USER}" in err
    for words in ("smbclient ", "curl ", "mount "):
        assert words in err
    assert "C; Negotiate, Dialect = NT LM 0.12" in out
    assert "the server is stopping" in out
    assert (tmp_path / "data" / "fakesmb" / "shares" / "public" / "README.txt").exists()


@pytest.mark.parametrize("words", [(), ("--log", "json")])
def test_a_quiet_server_says_only_what_needs_a_person(
    spawn: Spawn, tmp_path: Path, words: tuple[str, ...]
) -> None:
    process = spawn("serve", "--quiet", "--user", "bob:", "--port", 0, "--port-file", "port", *words)
    talk(port_in(tmp_path / "port", process))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    said = [line for line in err.splitlines() if RUNS_AS_ROOT not in line]
    assert said == ["fakesmb: user bob has an empty password: whoever connects can be bob"]
    assert ("SMB_COM_NEGOTIATE" in out) == bool(words)
    assert out == "" or words


SECRET = "Geheim-4711"
HASH = "0123456789abcdef0123456789abcdeZ"


@pytest.mark.parametrize(
    "text",
    [
        f'[[user]]\nname = "b/d"\npassword = "{SECRET}"',
        f'[[user]]\nname = "bob"\npasword = "{SECRET}"',
        f'[[user]]\nname = "bob"\npassword = {SECRET}',
        f'[[user]]\nname = "bob"\npassword = "{SECRET}',
        f'[[user]]\nname = "bob"\npassword = ["{SECRET}"]',
        f'[[user]]\nname = "bob"\npassword = "{SECRET}"\npassword = "{SECRET}"',
        f'[[user]]\nname = "bob"\npassword = "{SECRET}"\nnt_hash = "{HASH[:-1]}f"',
        f'[[user]]\nname = "bob"\nnt_hash = "{HASH}"',
        f'[[user]]\nname = "bob"\npassword = "{SECRET}"\n[[user]]\nname = "BOB"\npassword = "{SECRET}"',
        f'[user]\nbob = "{SECRET}"',
        f'[[user]]\nbob = "{SECRET}"',
        f'[[user]]\nname = "bob"\npassword = "{SECRET}"\n[[share]]\nname = "a"\npath = "/no/where"',
    ],
)
def test_no_mistake_in_a_configuration_tells_a_password(spawn: Spawn, tmp_path: Path, text: str) -> None:
    (tmp_path / "fakesmb.toml").write_text(text)
    process = spawn("serve", "--config", "fakesmb.toml")
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert len(err.splitlines()) == 1
    assert SECRET not in out + err
    assert HASH[:-1] not in out + err


@pytest.mark.parametrize(
    "words",
    [
        ("--user", SECRET),
        ("--user", f"b/d:{SECRET}"),
        ("--user", f":{SECRET}"),
        ("--user", f"bob:{SECRET}", "--admin", f"BOB:{SECRET}"),
        ("--user", f"bob:{SECRET}", "--port", "70000"),
        ("--admin", f"bob:{SECRET}", "--share", "x"),
        ("--user", f"bob:{SECRET}", "--nonsense"),
    ],
)
def test_no_mistake_in_arguments_tells_a_password(spawn: Spawn, words: tuple[str, ...]) -> None:
    process = spawn("serve", *words)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert SECRET not in out + err


def test_no_mistake_in_python_tells_a_password(tmp_path: Path) -> None:
    for users in ({"bob": ["Geheim"]}, {"b/d": "Geheim"}, {"bob": 4711}):
        with pytest.raises(ConfigError) as error:
            FakeSMB(shares={"a": tmp_path}, users=users)  # type: ignore[arg-type]
        assert "Geheim" not in str(error.value)
        assert "4711" not in str(error.value)


def test_a_server_in_python_that_nobody_can_use_says_so(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="nobody can use the shares") as caught:
        FakeSMB(shares={"a": tmp_path}, guest="off")
    assert caught[0].filename == __file__


def test_names_that_would_disturb_a_terminal_are_told_as_escapes(spawn: Spawn, tmp_path: Path) -> None:
    name = "a\u202eb\u2028\x85"
    (tmp_path / name).mkdir()
    words = ("--share", f"{name}={tmp_path / name}", "--user", f"{name}:x", "--log-file", f"{name}/no/log")
    process = spawn("serve", "--port", 0, *words)
    _, err = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert err.endswith("\n")
    assert err[:-1].isprintable()
    process = spawn("serve", "--port", 0, "--port-file", "port", *words[:4], "--log", "none")
    port_in(tmp_path / "port", process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    assert "ready on" in err
    assert err.replace("\n", "").isprintable()


def test_starting_loads_no_tls_no_http_and_no_impacket(
    fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    """They would cost a third of the time that it takes to start; a sign-in by NTLMv2 needs MD4 only."""
    words = [
        "-X",
        "importtime",
        "-m",
        "fakesmb",
        "serve",
        "--port",
        "0",
        "--port-file",
        str(tmp_path / "port"),
    ]
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=fakesmb_environment
    )
    talk(port_in(tmp_path / "port", process))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    imported = {line.rpartition(b"|")[2].strip().decode() for line in err.splitlines()}
    assert {"Cryptodome.Hash.MD4", "fakesmb.core.commands.session"} <= imported
    assert not {"_ssl", "http.client", "email", "OpenSSL", "impacket.ntlm", "rich"} & imported


def test_a_module_left_for_its_first_use_is_whole_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with on_first_use("colorsys"):
        import colorsys
    assert "rgb_to_hsv" not in object.__getattribute__(colorsys, "__dict__")
    assert colorsys.rgb_to_hsv(0, 0, 1) == (2 / 3, 1.0, 1)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT ends processes, also where the tests run in the background of a shell, which has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_it_too(spawn: Spawn, tmp_path: Path) -> None:
    process = spawn("serve", "--port", 0, "--port-file", "port", "--log", "none")
    port_in(tmp_path / "port", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LONG)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_json_goes_to_standard_output_and_to_a_file(spawn: Spawn, tmp_path: Path) -> None:
    process = spawn("serve", "--port", 0, "--port-file", "port", "--log", "json", "--log-file", "log.jsonl")
    talk(port_in(tmp_path / "port", process))
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=LONG)
    assert out == (tmp_path / "log.jsonl").read_text()
    assert [json.loads(line)["event"] for line in out.splitlines() if RUNS_AS_ROOT not in line][:3] == [
        "connected",
        "request",
        "response",
    ]


def test_a_closed_pipe_ends_the_log_but_not_the_server(spawn: Spawn, tmp_path: Path) -> None:
    """`fakesmb serve | head`."""
    reading, writing = os.pipe()
    process = spawn("serve", "--port", 0, "--port-file", "port", stdout=writing)
    os.close(writing)
    os.close(reading)
    port = port_in(tmp_path / "port", process)
    for _ in range(3):
        assert talk(port)
        time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "stopped recording" in err


def test_a_pipe_that_nobody_reads_stops_nothing(spawn: Spawn, tmp_path: Path) -> None:
    """A test that starts the server with a pipe and never reads it: 64 KiB of log must not be the end."""
    process = spawn("serve", "--port", 0, "--port-file", "port", "--log", "json")
    port = port_in(tmp_path / "port", process)
    for _ in range(200):
        assert talk(port)[4:9] == b"\xffSMB\x72"


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_terminal_held_by_ctrl_s_stops_nothing(spawn: Spawn, tmp_path: Path, kind: str) -> None:
    """Standard output and standard error on one terminal, as most people start it."""
    keyboard, screen = pty.openpty()
    termios.tcflow(screen, termios.TCOOFF)
    process = spawn("serve", "--port", 0, "--port-file", "port", "--log", kind, stdout=screen, stderr=screen)
    os.close(screen)
    port = port_in(tmp_path / "port", process)
    for _ in range(300):
        assert talk(port)[4:9] == b"\xffSMB\x72"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONG) == 0
    assert time.monotonic() - began < 3
    os.close(keyboard)


def test_a_standard_error_that_nobody_reads_stops_nothing(spawn: Spawn, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(1000))
    os.set_blocking(writing, True)
    process = spawn("serve", "--port", 0, "--port-file", "port", "--log", "none", stderr=writing)
    os.close(writing)
    assert talk(port_in(tmp_path / "port", process))
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONG) == 0
    os.close(reading)


def test_it_serves_with_its_outputs_closed(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    """As some supervisors start programs: no descriptor of a client may become the log's."""
    words = [*fakesmb_command, "serve", "--port", "0", "--port-file", str(tmp_path / "port")]
    with subprocess.Popen(
        ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *words], env=fakesmb_environment
    ) as process:
        try:
            port = port_in(tmp_path / "port", process)
            assert talk(port)[4:9] == b"\xffSMB\x72"
            process.send_signal(signal.SIGTERM)
            assert process.wait(LONG) == 0
        finally:
            process.kill()


def test_two_ports(spawn: Spawn, tmp_path: Path) -> None:
    process = spawn("serve", "--port", 0, "--netbios-port", 0, "--port-file", "port", "--log", "none")
    port_in(tmp_path / "port", process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    assert " and 127.0.0.1:" in err


def test_what_is_left_of_an_earlier_run_is_taken_for_nothing_of_this_one(
    spawn: Spawn, tmp_path: Path
) -> None:
    """A stale port file is gone before the server listens, also where it then cannot; the log begins anew if asked."""
    port, log = tmp_path / "port", tmp_path / "log.jsonl"
    words = ("serve", "--port-file", "port", "--log", "none", "--log-file", "log.jsonl")
    port.write_text("4450\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = spawn(*words, "--log-truncate", "--port", taken.getsockname()[1])
        assert process.wait(LONG) == 2
    assert not port.exists()
    log.write_text("old\n")
    for more, old in (((), True), (("--log-truncate",), False)):
        process = spawn(*words, *more, "--port", 0)
        talk(port_in(port, process))
        process.terminate()
        assert process.wait(LONG) == 0
        assert not port.exists()
        assert ("old" in log.read_text()) == old
        assert "NEGOTIATE" in log.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "{taken}"), "cannot listen on 127.0.0.1:{taken}: Address already in use"),
        (("--port", "70000"), "port 70000: must be a port number from 0 to 65535"),
        (("--host", "192.0.2.1", "--user", "a:b"), "cannot listen on 192.0.2.1:4450: Cannot assign"),
        (("--host", "0.0.0.0"), "on 0.0.0.0 others can connect: name users"),
        (("--share", "a=/no/where"), "share a: there is no folder /no/where"),
        (("/no/where",), "ROOT: there is no folder /no/where"),
        (("--config", "missing.toml"), "there is no file missing.toml"),
        (("--user", "alice"), "a user is NAME:PASSWORD, and there is no colon"),
        (
            ("--port", "0", "--run-as", "no-such-user"),
            "cannot run as no-such-user: there is no user no-such-user",
        ),
        (("--port", "0", "--log-file", "/no/where/x"), "cannot write the log /no/where/x: No such file"),
        (("--port", "0", "--log-file", "/dev"), "cannot write the log /dev: Is a directory"),
        (
            ("--port", "0", "--port-file", "/no/where/x"),
            "cannot write the port file /no/where/x: No such file",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(spawn: Spawn, words: tuple[str, ...], said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        process = spawn("serve", *(word.replace("{taken}", number) for word in words))
        out, err = process.communicate(timeout=LONG)
    assert process.returncode == 2, err
    assert said.replace("{taken}", number) in err
    lines = [line for line in err.splitlines() if "sample shares are in" not in line]
    assert len(lines) == 1, err
    assert out == ""


@pytest.mark.parametrize("how", ["argument", "file", "number"])
def test_a_root_server_gives_its_rights_up(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], folder_of_all: Path, how: str
) -> None:
    """Users, groups and the saved ones; the log file is open by then, and is written."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    log = folder_of_all / "log.jsonl"
    words = ["serve", "--share", f"a={folder_of_all}", "--user", "bob:builder", "--port", "0"]
    words += ["--port-file", str(folder_of_all / "port"), "--log", "none", "--log-file", str(log)]
    if how == "file":
        (folder_of_all / "f.toml").write_text('[server]\nrun_as = "nobody"\n')
        words += ["--config", str(folder_of_all / "f.toml")]
    else:
        words += ["--run-as", "nobody" if how == "argument" else str(getpwnam("nobody").pw_uid)]
    process = subprocess.Popen(
        [*fakesmb_command, *words], env=fakesmb_environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert talk(port_in(folder_of_all / "port", process))
        nobody = getpwnam("nobody")
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        )
        assert set(status["Uid"].split()) == {str(nobody.pw_uid)}
        assert set(status["Gid"].split()) == {str(nobody.pw_gid)}
        assert "0" not in status["Groups"].split()
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0
    finally:
        process.kill()
        _, err = process.communicate()
    assert RUNS_AS_ROOT not in err
    assert RUNS_AS_ROOT not in log.read_text()
    assert '"connected"' in log.read_text()


def test_a_folder_that_the_user_may_not_list_is_a_mistake(spawn: Spawn, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    (tmp_path / "mine").mkdir(mode=0o700)
    process = spawn("serve", "--share", f"a={tmp_path / 'mine'}", "--port", 0, "--run-as", "nobody")
    _, err = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert err.splitlines() == [f"fakesmb: share a: nobody may not list {tmp_path / 'mine'}"]


def test_a_root_server_says_in_its_log_that_it_is_one(spawn: Spawn, tmp_path: Path) -> None:
    process = spawn("serve", "--port", 0, "--port-file", "port", "--log", "none", "--log-file", "log.jsonl")
    port_in(tmp_path / "port", process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LONG)
    said = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [one["problem"] for one in said if one["event"] == "problem"] == [RUNS_AS_ROOT] * (
        os.geteuid() == 0
    )
    assert (RUNS_AS_ROOT in err) == (os.geteuid() == 0)


def fill(opened: list[int], one: Callable[[str], int]) -> None:
    while len(opened) < 300:
        opened.append(one(f"f{len(opened)}"))


def test_the_limit_of_descriptors_is_raised_and_files_leave_some_for_connections(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    """100 descriptors of the shell, 300 at most: a quarter of them stays for connections."""
    for number in range(300):
        (tmp_path / f"f{number}").touch()
    words = ["serve", "--share", f"s={tmp_path}", "--user", "bob:builder", "--port", "0", "--log", "none"]
    words += ["--port-file", str(tmp_path / "port"), "--log-file", str(tmp_path / "log.jsonl")]
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -Sn 100; ulimit -Hn 300; exec "$@"', "sh", *fakesmb_command, *words],
        env=fakesmb_environment,
        stderr=subprocess.PIPE,
    )
    try:
        port = port_in(tmp_path / "port", process)
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"Max open files +300 +300 ", limits)
        client = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=port, preferredDialect=SMB_DIALECT)
        client.login("bob", "builder")
        tree = client.connectTree("s")
        opened: list[int] = []
        with pytest.raises(SessionError) as refused:
            fill(opened, partial(client.openFile, tree, desiredAccess=FILE_READ_DATA))
        assert refused.value.getErrorCode() == NT.TOO_MANY_OPENED_FILES
        assert 150 < len(opened) < 225
        others = [socket.create_connection(("127.0.0.1", port), LONG) for _ in range(50)]
        assert talk(port)
        for one in others:
            one.close()
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0
    finally:
        process.kill()
        process.communicate()
    assert "files cannot be opened" in (tmp_path / "log.jsonl").read_text()


@pytest.mark.parametrize("name", ["root", "0", "no-such-user", "99999999999999999999999", "-1", "nobody\0"])
def test_a_user_that_cannot_be_is_one_line(name: str) -> None:
    with pytest.raises(RightsError) as refused:
        run_as(name)
    assert len(str(refused.value).splitlines()) == 1


# -- what arguments ask for ----------------------------------------------------------------------------------


def test_a_root_is_shared_folder_by_folder(tmp_path: Path) -> None:
    (tmp_path / "root" / "one").mkdir(parents=True)
    (tmp_path / "root" / "two").mkdir()
    config, _ = configure(
        NOTHING | {"root": str(tmp_path / "root"), "shares": (f"TWO={tmp_path}",), "users": ("a:b",)}
    )
    assert {share.name: share.path for share in config.shares} == {
        "TWO": str(tmp_path),
        "one": str(tmp_path / "root" / "one"),
    }


def test_copies_of_all_shares(tmp_path: Path) -> None:
    given = NOTHING | {"overlay": True, "shares": (f"a={tmp_path}", f"b={tmp_path},ro,overlay")}
    config, _ = configure(given)
    assert [(share.overlay, share.read_only) for share in config.shares] == [(True, False), (True, True)]
    assert [share_line(share) for share in config.shares] == [
        f"share a: {tmp_path} (a copy)",
        f"share b: {tmp_path} (a copy, read-only)",
    ]


def test_0_is_an_answer_too() -> None:
    config, _ = configure(NOTHING | {"port": 0, "journal": 0})
    assert (config.port, config.log.journal) == (0, 0)


@pytest.mark.parametrize(("given", "access"), [("ro", "read-only"), ("rw", "read-write")])
def test_guests_are_enough_for_other_addresses(given: str, access: str) -> None:
    config, _ = configure(NOTHING | {"guest": given, "host": "0.0.0.0"})
    assert (config.guest, config.users) == (access, ())
    with pytest.raises(ConfigError, match="others can connect"):
        configure(NOTHING | {"host": "::"})


def test_guests_cannot_sign() -> None:
    """Where signing is required they are in vain; where nobody else could sign in, that is a mistake."""
    given = NOTHING | {"guest": "ro", "signing": "required"}
    _, notes = configure(given | {"users": ("bob:x",)})
    assert "signing is required, which guests cannot do: they are refused" in notes
    with pytest.raises(
        ConfigError, match="signing is required, which guests cannot do: nobody could sign in"
    ):
        configure(given)
    with pytest.raises(ConfigError, match="nobody could sign in"):
        FakeSMB(guest="read-only", signing="required")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--signing", "maybe"], "--signing maybe: must be off, offered or required"),
        (
            ["serve", "--signing", "requird"],
            "--signing requird: must be off, offered or required; did you mean required?",
        ),
        (["serve", "--log", "jsn"], "--log jsn: must be text, json, summary or none; did you mean json?"),
        (["serve", "--guest", "read-only"], "--guest read-only: must be ro or rw; did you mean ro?"),
        (["serve", "--port", "80x"], "--port 80x: must be a port number from 0 to 65535 (0: any free one)"),
        (["serve", "--port", "²"], "--port ²: must be a port number from 0 to 65535 (0: any free one)"),
        (["serve", "--netbios-port", "65536"], "--netbios-port 65536: must be a port number from 0 to 65535"),
        (["serve", "--port", ""], "--port '': must be a port number from 0 to 65535 (0: any free one)"),
        (["serve", "--snap", "-1"], "--snap -1: must be a number of bytes, 0 or more (0: all)"),
        (
            ["serve", "--deterministic", "."],
            "--deterministic .: must be a whole number, the seed; without one",
        ),
        (["serve", "--deterministic=-3"], "-3: no such option: no number here may be negative"),
        (["show", "--port", "0", "x"], "--port 0: must be a port number from 1 to 65535"),
        (["demo", "x", "--pace", "nan"], "--pace nan: must be a number of seconds, from 0 to 3600"),
        (["demo", "x", "--seconds", "-1"], "--seconds -1: must be a number of seconds, 0 or more"),
        (
            ["serve", "one", "two three"],
            "too many arguments: 'two three'; one ROOT has all its sub-",
        ),
        (["serve", "port", "80"], "too many arguments: 80; did you mean --port 80?"),
        (["coverage", "x"], "too many arguments: x"),
        (["serve", "--user"], "--user NAME:PASSWORD needs a value, and nothing stands behind it"),
        (
            ["serve", "--share", "--quiet"],
            "--share NAME=PATH[,ro][,overlay] needs a value, and the option --quiet stands",
        ),
        (
            ["serve", "--log", "--filter", "x"],
            "--log text|json|summary|none needs a value, and the option --filter",
        ),
        (["serve", "--quiet=yes"], "--quiet takes no value: it stands alone"),
        (["serve", "--zz"], "--zz: no such option; main serve --help lists them"),
        (["serve", "--prot", "5"], "--prot: no such option; did you mean --port"),
        (["serve", "--quite"], "--quite: no such option; did you mean --quiet"),
        (["serve", "-p", "5"], "-p: no such option; did you mean --port or --pcap or --printer?"),
        (["serve", "-prot", "5"], "-p: no such option; did you mean --port"),
        (["serve", "-9"], "-9: no such option: no number here may be negative"),
        (["serve", "-z"], "-z: no such option; main serve --help lists them"),
        (["serve", "--fail-on", "all"], "--fail-on: no such option of serve: it is one of replay"),
        (["show", "--verbos", "x"], "--verbos: no such option; did you mean --verbose?"),
        (["--no-plans", "serve"], "--no-plans: no such option before the command: it belongs after serve"),
        (["--port=5", "serve"], "--port: no such option before the command: it belongs after serve or show"),
        (["serv"], "serv: no such command; did you mean serve?"),
        (["help"], "help: no such command; did you mean --help?"),
        (["start"], "start: no such command; did you mean serve?"),
        (["/"], "/: no such command; did you mean fakesmb serve /?"),
        (["a b.pcap"], "'a b.pcap': no such command; did you mean fakesmb show 'a b.pcap'?"),
        (["lab.toml"], "lab.toml: no such command; did you mean fakesmb serve --config lab.toml?"),
        (["nonsense"], "nonsense: no such command; fakesmb --help lists them"),
        (["show"], "FILE is missing: main show FILE"),
        (["replay", "x"], "HOST:PORT is missing: main replay CAPTURE HOST:PORT"),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line(words: list[str], said: str) -> None:
    done = CliRunner().invoke(cli.main, words)
    assert done.exit_code == MISTAKE
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"fakesmb: {said}")


def test_without_arguments_there_is_help() -> None:
    assert "Commands:" in CliRunner().invoke(cli.main, []).output


def test_an_empty_password_is_told() -> None:
    _, notes = configure(NOTHING | {"users": ("bob:",)})
    assert "user bob has an empty password: whoever connects can be bob" in notes


@pytest.mark.parametrize(
    ("nt_hash", "told"),
    [("8846f7eaee8fb117ad06bdd830b7586c", False), ("31D6CFE0D16AE931B73C59D7E0C089C0", True)],
)
def test_a_hash_is_told_only_where_it_is_that_of_an_empty_password(
    tmp_path: Path, nt_hash: str, *, told: bool
) -> None:
    file = tmp_path / "fakesmb.toml"
    file.write_text(f'[[user]]\nname = "bob"\nnt_hash = "{nt_hash}"\n')
    _, notes = configure(NOTHING | {"file": str(file)})
    assert ("user bob has an empty password: whoever connects can be bob" in notes) == told


def test_a_sub_directory_that_may_not_be_read_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("os.access", lambda path, _: "closed" not in path)
    config, notes = configure(NOTHING | {"root": str(tmp_path)})
    assert [share.name for share in config.shares] == ["open"]
    assert f"{tmp_path / 'closed'} is left out: it may not be read" in notes
    (tmp_path / "open").rmdir()
    with pytest.raises(ConfigError, match=r"^ROOT: .+/closed is left out: .+; so there is nothing to serve$"):
        configure(NOTHING | {"root": str(tmp_path)})


def test_the_file_counts_where_arguments_are_silent(tmp_path: Path) -> None:
    file = tmp_path / "fakesmb.toml"
    file.write_text(f'[server]\nport = 1\nsigning = "off"\n[[share]]\nname = "s"\npath = "{tmp_path}"\n')
    config, _ = configure(NOTHING | {"file": str(file), "signing": "required"})
    assert (config.port, config.settings.signing) == (1, "required")
    assert [share.name for share in config.shares] == ["s"]


# -- the samples ---------------------------------------------------------------------------------------------


def test_the_samples_are_copied_once_and_never_overwritten(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert samples.prepare(home)
    assert (home / samples.LARGE_FILE).stat().st_size == samples.LARGE_SIZE
    assert (home / "public" / "empty.txt").stat().st_size == 0
    (home / "public" / "README.txt").write_text("mine")
    (home / "docs" / "README.txt").unlink()
    assert not samples.prepare(home)
    assert (home / "public" / "README.txt").read_text() == "mine"
    assert not (home / "docs" / "README.txt").exists()
    assert [(share.name, share.read_only) for share in samples.shares(home)] == [
        ("public", False),
        ("docs", True),
        ("c$", False),
    ]
    assert sorted(path.name for path in home.iterdir()) == ["c$", "docs", "public"]


# -- coverage and show ---------------------------------------------------------------------------------------


def test_coverage_names_everything_with_its_section() -> None:
    done = CliRunner().invoke(cli.main, ["coverage"])
    assert done.exit_code == 0, done.output
    assert "0x75       yes  SMB_COM_TREE_CONNECT_ANDX" in done.output
    assert "0x35       -    SMB_COM_FIND_NOTIFY_CLOSE" in done.output
    assert "0x000900C4 yes  FSCTL_SET_SPARSE" in done.output
    for table in coverage.tables():
        assert table.rows
        assert all(row.section for row in table.rows)


def test_the_coverage_page_is_current(checkout: Path) -> None:
    """`fakesmb coverage --markdown > docs/coverage.md` mends it."""
    done = CliRunner().invoke(cli.main, ["coverage", "--markdown"])
    assert done.output == (checkout / "docs" / "coverage.md").read_text(encoding="utf-8")


def test_every_argument_of_serve_is_documented(checkout: Path) -> None:
    text = (checkout / "docs" / "configuration.md").read_text(encoding="utf-8")
    options = [
        name for one in cli.main.commands["serve"].params for name in one.opts if name.startswith("--")
    ]
    assert "--port" in options
    assert [name for name in options if f"`{name}" not in text] == []


def test_only_what_exists_is_offered() -> None:
    """Options of later versions are not there yet, so that nobody relies on them."""
    shown = CliRunner().invoke(cli.main, ["serve", "--help"]).output
    for option in (
        "--config",
        "--share",
        "--user",
        "--admin",
        "--guest",
        "--port-file",
        "--log-file",
        "--web",
        "--pcap",
    ):
        assert option in shown


def test_a_thread_loads_the_services_of_rpc() -> None:
    """The first call of each server held everybody up for a fifth of a second."""
    words = (
        "import sys, threading; from fakesmb.serving import startup\n"
        "class Reactor:\n"
        "    def callFromThread(self, work): print(work.__name__, 'impacket.dcerpc.v5.srvs' in sys.modules)\n"
        "startup.load_services(Reactor())\n"
        "[one.join() for one in threading.enumerate() if one.daemon]\n"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "freeze True\n"
