"""Old sign-in with real programs: share level, plain text, LM, and clients without a name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb import FakeSMB, Share
from tests.clients.client_runs import PASSWORD, USER, WRONG, need, run

pytestmark = pytest.mark.client

FULL, LOOK = "Write4Me", "look"
OLD = ("lanman auth=yes", "ntlmv2 auth=no", "use spnego=no", "plaintext auth=yes")
BELOW_NT1 = ("CORE", "COREPLUS", "LANMAN1", "LANMAN2")
TOUR = "put README.md up.txt; ls up.txt; rename up.txt ip.txt; del ip.txt"


def content() -> dict[str, str]:
    return {"a.txt": "hello\n", "README.md": "read me\n"}


@pytest.fixture(scope="module")
def share_level() -> Iterator[FakeSMB]:
    shares = {
        "files": Share(content(), password=FULL, read_only_password=LOOK),
        "free": Share(content()),
    }
    with FakeSMB(shares, security="share", timing={"wrong_password": 0}) as smb:
        yield smb


@pytest.fixture(scope="module")
def plain() -> Iterator[FakeSMB]:
    with FakeSMB(
        {"files": content()}, users={USER: PASSWORD}, plain_text=True, timing={"wrong_password": 0}
    ) as smb:
        yield smb


@pytest.fixture(scope="module")
def guests() -> Iterator[FakeSMB]:
    with FakeSMB({"files": content()}, users={USER: PASSWORD}, guest="read-write") as smb:
        yield smb


def smbclient(smb: FakeSMB, *words: str, dialect: str = "NT1", options: tuple[str, ...] = OLD) -> str:
    """What smbclient says, without its warnings of options that are old."""
    need("smbclient")
    said = [f"--option=client {one}" for one in ("min protocol=CORE", *options)]
    done = run("smbclient", *said, "-m", dialect, "-p", str(smb.port), *words)
    return "\n".join(line for line in done.stdout.splitlines() if "WARNING" not in line)


def tour(smb: FakeSMB, share: str, *who: str, dialect: str = "NT1", options: tuple[str, ...] = OLD) -> str:
    commands = f"lcd {Path(__file__).parents[2]}; {TOUR}"
    return smbclient(smb, *who, f"//127.0.0.1/{share}", "-c", commands, dialect=dialect, options=options)


def worked(said: str) -> bool:
    return "up.txt" in said and not re.search("NT_STATUS|ERR", said)


@pytest.mark.parametrize("dialect", ["NT1", "LANMAN1", pytest.param("LANMAN2", marks=pytest.mark.slow)])
def test_share_level(share_level: FakeSMB, dialect: str) -> None:
    """By LM responses, whose case tells nothing; the user's name neither."""
    assert worked(tour(share_level, "files", "-U", f"bob%{FULL.upper()}", dialect=dialect))
    only_read = tour(share_level, "files", "-U", f"bob%{LOOK}", dialect=dialect)
    assert re.search("ACCESS_DENIED|ERRnoaccess", only_read), only_read
    assert "hello" in smbclient(
        share_level, "-U", f"bob%{LOOK}", "//127.0.0.1/files", "-c", "get a.txt -", dialect=dialect
    )
    for wrong in (WRONG, ""):
        said = tour(share_level, "files", "-U", f"bob%{wrong}", dialect=dialect)
        assert "tree connect failed: NT_STATUS_WRONG_PASSWORD" in said
    assert worked(tour(share_level, "free", "-U", "bob%any", dialect=dialect))


def test_shares_are_listed_at_share_level(share_level: FakeSMB) -> None:
    listed = smbclient(share_level, "-U", "%", "-L", "127.0.0.1")
    assert re.search(r"files +Disk", listed), listed


@pytest.mark.parametrize("dialect", ["NT1", *BELOW_NT1])
def test_share_level_in_plain_text(dialect: str) -> None:
    shares = {"files": Share(content(), password=FULL, read_only_password=LOOK)}
    with FakeSMB(shares, security="share", plain_text=True) as smb:
        assert worked(tour(smb, "files", "-U", f"bob%{FULL}", dialect=dialect))
        assert not worked(tour(smb, "files", "-U", f"bob%{LOOK}", dialect=dialect))
        assert "WRONG_PASSWORD" in tour(smb, "files", "-U", f"bob%{WRONG}", dialect=dialect)


@pytest.mark.parametrize("dialect", ["NT1", "LANMAN1", pytest.param("LANMAN2", marks=pytest.mark.slow)])
def test_plain_text(plain: FakeSMB, dialect: str) -> None:
    assert worked(tour(plain, "files", "-U", f"{USER}%{PASSWORD}", dialect=dialect))
    assert "session setup failed" in tour(plain, "files", "-U", f"{USER}%{WRONG}", dialect=dialect)


def test_no_log_and_no_capture_has_a_password(tmp_path: Path) -> None:
    log, pcap = tmp_path / "log.jsonl", tmp_path / "talk.pcapng"
    shares = {"files": Share(content(), password=FULL)}
    usual = {"plain_text": True, "log_file": log, "pcap": pcap}
    for more in ({"security": "share"}, {"users": {USER: FULL}}):
        with FakeSMB(shares if "security" in more else {"files": content()}, **usual, **more) as smb:  # type: ignore[arg-type]
            assert worked(tour(smb, "files", "-U", f"{USER}%{FULL}"))
            assert worked(tour(smb, "files", "-U", f"{USER}%{FULL}", dialect="LANMAN1"))
            if "security" in more:
                assert worked(tour(smb, "files", "-U", f"{USER}%{FULL}", dialect="CORE"))
            tour(smb, "files", "-U", f"{USER}%{FULL}x")
        for file in (log, pcap):
            said = file.read_bytes().lower()
            assert b"up.txt" in said or "up.txt".encode("utf-16-le") in said
            assert FULL.lower().encode() not in said
            assert FULL.lower().encode("utf-16-le") not in said


@pytest.mark.parametrize("options", [(), OLD], ids=["spnego", "old"])
@pytest.mark.parametrize(
    "who",
    [("-U", "%"), *(pytest.param(one, marks=pytest.mark.slow) for one in (("-N",), ("-U", "nobody%x")))],
)
def test_clients_without_a_name_are_guests(
    guests: FakeSMB, who: tuple[str, ...], options: tuple[str, ...]
) -> None:
    assert worked(tour(guests, "files", *who, options=options))
    listed = smbclient(guests, *who, "-L", "127.0.0.1", options=options)
    assert re.search(r"files +Disk", listed), listed


@pytest.mark.parametrize("dialect", BELOW_NT1)
def test_guests_of_old_dialects(guests: FakeSMB, dialect: str) -> None:
    assert worked(tour(guests, "files", "-U", "%", dialect=dialect))


@pytest.mark.parametrize(
    "form", ["LM", *(pytest.param(one, marks=pytest.mark.slow) for one in ("NTLM", "LMV2", "NTLMV2"))]
)
def test_hydra(guests: FakeSMB, plain: FakeSMB, tmp_path: Path, form: str) -> None:
    """It offers LAN Manager alone for LM, with names in Unicode; of a server of plain text it minds."""
    need("hydra")
    words = tmp_path / "words"
    words.write_text(f"{WRONG}\n{PASSWORD}\n")
    for smb in (guests, plain):
        done = run(
            *(
                "hydra",
                "-l",
                USER,
                "-P",
                words,
                "-s",
                str(smb.port),
                "-t",
                "1",
                "-I",
                "127.0.0.1",
                "smb",
                "-m",
                form,
            ),
            cwd=tmp_path,
        )
        assert f"login: {USER}   password: {PASSWORD}" in done.stdout, done.stdout


def test_impacket(share_level: FakeSMB, plain: FakeSMB, guests: FakeSMB) -> None:
    from impacket.smb import SMB_DIALECT
    from impacket.smbconnection import SessionError, SMBConnection

    def signed_in(smb: FakeSMB, user: str, password: str) -> SMBConnection:
        client = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=smb.port, preferredDialect=SMB_DIALECT)
        client.login(user, password)
        assert "files\0" in [one["shi1_netname"] for one in client.listShares()]
        return client

    for smb, user, password, share in (
        (share_level, "", "", "free"),
        (plain, USER, PASSWORD, "files"),
        (guests, "", "", "files"),
        (guests, "GUEST", "", "files"),
    ):
        names = [one.get_longname() for one in signed_in(smb, user, password).listPath(share, "*")]
        assert "a.txt" in names
    with pytest.raises(SessionError, match="LOGON_FAILURE"):
        signed_in(plain, USER, WRONG)


def test_nmap(share_level: FakeSMB, plain: FakeSMB, guests: FakeSMB) -> None:
    """What it says of security; it lists shares at share level, though it has no passwords for them."""
    need("nmap")

    def nmap(smb: FakeSMB) -> str:
        return run(
            *(
                "nmap",
                "-n",
                "-Pn",
                "-sT",
                "-p",
                str(smb.port),
                "--script",
                "smb-security-mode,smb-enum-shares",
            ),
            *("--script-args", f"smbport={smb.port}", "127.0.0.1"),
        ).stdout

    said = nmap(share_level)
    assert "authentication_level: share" in said, said
    assert "challenge_response: supported" in said
    said = nmap(plain)
    assert "authentication_level: user" in said, said
    assert "challenge_response: plaintext-only" in said
    said = nmap(guests)
    assert re.search(r"files:(?s:.)*Anonymous access: READ/WRITE", said), said


def test_curl(share_level: FakeSMB, guests: FakeSMB) -> None:
    need("curl")
    if "smb" not in run("curl", "--version").stdout.split():
        pytest.skip("this curl does not speak SMB")
    for url, who in (
        (share_level.url("free", "a.txt"), "any:thing"),
        (guests.url("files", "a.txt"), "GUEST:"),
        (guests.url("files", "a.txt"), f"{USER}:{PASSWORD}"),
    ):
        assert run("curl", "-sS", "-u", who, url).stdout == "hello\n"


@pytest.mark.slow
def test_a_core_client_is_known_by_its_netbios_name(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    """Which it tells on port 139 alone, so in a network of its own."""
    need("unshare", "smbclient", "ip")
    if run("unshare", "-n", "true").returncode:
        pytest.skip("this user may make no network namespace")
    (tmp_path / "files").mkdir()
    serve = [
        *fakesmb_command,
        "serve",
        "--port",
        "139",
        "--share",
        f"files={tmp_path / 'files'}",
        "--plain-text",
    ]
    serve += ["--user", f"{USER}:{PASSWORD}", "--port-file", str(tmp_path / "port"), "--log", "none"]
    options = " ".join(f"--option='client {one}'" for one in ("min protocol=CORE", *OLD))
    tries = "; ".join(
        f"smbclient {options} -m CORE -p 139 -n {name} -U x%{password} //127.0.0.1/files -c 'ls; mkdir made{number}'"
        for number, (name, password) in enumerate([(USER, PASSWORD), (USER, WRONG), ("bob", PASSWORD)])
    )
    script = (
        f"ip link set lo up; {shlex.join(serve)} & server=$!\n"
        f"while [ ! -s {tmp_path / 'port'} ]; do kill -0 $server || exit 9; sleep 0.1; done\n"
        f"{tries}; kill $server; wait $server"
    )
    done = run("unshare", "-n", "sh", "-c", script)
    assert done.stdout.count("WRONG_PASSWORD") == 2, done.stdout
    assert [one.name.lower() for one in (tmp_path / "files").iterdir()] == ["made0"]
