"""Who may do what, by real clients through real sockets."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.session import SessionSetupPlainRequest
from fakesmb.wire.trans import TransactionRequest, TransactionResponse
from fuzz.sockets import SocketClient
from tests.clients.client_runs import PASSWORD, USER, WRONG, Running, Start, need, run

pytestmark = pytest.mark.usefixtures("_samba")


@pytest.fixture
def _samba() -> None:
    need("smbclient", "rpcclient")


@pytest.mark.parametrize("form", [[], ["--option=client use spnego=no"]])
def test_signing_required_of_guests(start: Start, form: list[str]) -> None:
    """They have no key to sign with."""
    with start("--signing", "required", "--guest", "rw") as smb:
        (smb.folder / "a").write_text("x")
        words: list[str | Path] = ["smbclient", "-s", smb.config, "-p", str(smb.port), *form]
        for who in (["-U", "%"], ["-N"], ["-U", "nobody%x"]):
            for what in (["//127.0.0.1/files", "-c", "ls"], ["-L", "127.0.0.1"]):
                assert "NT_STATUS_ACCESS_DENIED" in run(*words, *who, *what).stdout
        assert "  a  " in run(*words, "-U", f"{USER}%{PASSWORD}", "//127.0.0.1/files", "-c", "ls").stdout
    assert {entry["kind"] for entry in smb.entries() if entry["event"] == "signed_in"} == {"user"}


ASKED = (
    "enumdomusers",
    "querydispinfo",
    "querydominfo",
    "lookupdomain builtin",
    "lsaquery",
    "lookupnames bob",
    "lookupsids S-1-5-32-544",
    "lsaenumsid",
    "netshareenumall",
    "netsharegetinfo files",
    "netsessenum",
    "netconnenum",
    "netfileenum",
    "srvinfo",
    "wkssvc_wkstagetinfo",
    "wkssvc_enumerateusers",
)
TOLD = ("alice", "bob", "files", "docs", "BUILTIN", "Administrators", "platform_id")
"""What only the answers hold, and no question."""


@pytest.fixture(scope="module")
def silent(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server as it is beyond loopback: it tells anonymous clients nothing."""
    config = tmp_path_factory.mktemp("config") / "fakesmb.toml"
    config.write_text("[server]\nanonymous_listing = false\n")
    with start("--config", str(config)) as smb:
        yield smb


def samba(smb: Running, program: str, *more: str) -> str:
    """What one of Samba's programs says."""
    return run(program, "-s", smb.config, "-p", str(smb.port), *more).stdout


@pytest.mark.parametrize("who", ["%", f"{USER}%{PASSWORD}"])
def test_anonymous_clients_are_told_nothing_by_rpc(silent: Running, who: str) -> None:
    for question in ASKED:
        said = samba(silent, "rpcclient", "-U", who, "127.0.0.1", "-c", question)
        if who == "%":
            said = "\n".join(line for line in said.splitlines() if question not in line)
            assert not any(word in said for word in TOLD), (question, said)
            assert "ACCESS_DENIED" in said, (question, said)
    if who != "%":
        said = samba(silent, "rpcclient", "-U", who, "127.0.0.1", "-c", "; ".join(ASKED))
        assert all(word in said for word in TOLD)


@pytest.mark.parametrize("who", ["%", f"{USER}%{PASSWORD}"])
def test_anonymous_clients_are_told_nothing_by_lists(silent: Running, who: str) -> None:
    """`smbclient -L` asks by RPC, and by RAP where that fails; `net rap` by RAP alone."""
    told = who != "%"
    said = samba(silent, "smbclient", "-U", who, "-m", "NT1", "-L", "127.0.0.1")
    assert ("files" in said) is told
    assert ("docs" in said) is told
    said = samba(silent, "net", "rap", "share", "-S", "127.0.0.1", "-U", who)
    assert ("files" in said) is told
    for what in ("user", "session", "printq", "group", "admin"):
        said = samba(silent, "net", "rap", what, "-S", "127.0.0.1", "-U", who)
        assert told or not any(word in said for word in TOLD), said


RAP: dict[str, tuple[bytes, bool]] = {
    "NetShareEnum 0": (b"\0\0WrLeh\0B13\0\0\0\0\x10", False),
    "NetShareEnum 1": (b"\0\0WrLeh\0B13BWz\0\1\0\0\x10", False),
    "NetShareEnum 2": (b"\0\0WrLeh\0B13BWzWWWzB9B\0\2\0\0\x10", False),
    "NetShareGetInfo": (b"\1\0zWrLh\0B13BWz\0files\0\1\0\0\x10", False),
    "NetSessionEnum": (b"\6\0WrLeh\0zzDD\0\x0a\0\0\x10", False),
    "NetUserEnum": (b"\x35\0WrLeh\0B21\0\0\0\0\x10", False),
    "NetUserGetInfo": (b"\x38\0zWrLh\0B21\0bob\0\0\0\0\x10", False),
    "NetServerGetInfo": (b"\x0d\0WrLh\0B16BBDz\0\1\0\0\x10", True),
    "NetServerEnum2": (b"\x68\0WrLehDO\0B16BBDz\0\1\0\0\x10\xff\xff\xff\xff", True),
    "an opcode of nobody": (b"\xff\0W\0\0\0\0", False),
}


@pytest.mark.parametrize("name", RAP)
def test_raw_rap_of_anonymous_clients(silent: Running, name: str) -> None:
    asked, open_to_all = RAP[name]
    client = SocketClient(silent.port)
    client.negotiate()
    client.send(0x73, SessionSetupPlainRequest())
    client.uid = client.answer().header.uid
    client.connect("IPC$")
    request = TransactionRequest(
        name="\\PIPE\\LANMAN", parameters=asked, max_parameter_count=8, max_data_count=4096
    )
    body = client.call(0x25, request, TransactionResponse)
    status = int.from_bytes(body.parameters[:2], "little")
    assert status == (0 if open_to_all else 5)
    assert not any(word.encode() in bytes(body.data) for word in TOLD)
    assert (b"FAKESMB" in bytes(body.data)) is open_to_all
    client.lost()


# -- wrong passwords, by address -----------------------------------------------------------------------------


def attempt(port: int, password: str, source: str = "127.0.0.1") -> tuple[int, float]:
    """The status of a sign-in, and the seconds that it took."""
    client = SocketClient(port, source)
    client.negotiate()
    status, began = 0, time.monotonic()
    try:
        client.sign_in(USER, password)
    except SMBError as error:
        status = error.status
    client.lost()
    return status, time.monotonic() - began


def test_an_address_that_sent_wrong_passwords_waits(start: Start, tmp_path: Path) -> None:
    """On whatever connection; another address does not."""
    config = tmp_path / "fakesmb.toml"
    config.write_text("[timing]\nwrong_password = 1.5\n[limits]\nwrong_passwords = 2\n")
    with start("--config", str(config)) as smb:
        for _ in range(2):
            status, seconds = attempt(smb.port, WRONG)
            assert status == NT.LOGON_FAILURE
            assert seconds < 1
        for source, waits in (("127.0.0.2", False), ("127.0.0.1", True), ("127.0.0.1", False)):
            status, seconds = attempt(smb.port, PASSWORD, source)
            assert status == 0
            assert (seconds > 0.5) is waits
        assert "2 wrong passwords from 127.0.0.1" in "".join(smb.problems())


def test_an_address_that_goes_on_is_locked_out(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "fakesmb.toml"
    config.write_text("[timing]\nwrong_password = 0\nlock_out = 3\n[limits]\nlock_out_after = 3\n")
    with start("--config", str(config)) as smb:
        began = time.monotonic()
        for form in ([], ["--option=client use spnego=no"], []):
            said = samba(smb, "smbclient", *form, "-U", f"{USER}%{WRONG}", "//127.0.0.1/files", "-c", "ls")
            assert "NT_STATUS_LOGON_FAILURE" in said
        said = samba(smb, "smbclient", "-U", f"{USER}%{PASSWORD}", "//127.0.0.1/files", "-c", "ls")
        status, _ = attempt(smb.port, PASSWORD)
        if time.monotonic() < began + 3:
            assert "NT_STATUS_ACCOUNT_LOCKED_OUT" in said
            assert status == NT.ACCOUNT_LOCKED_OUT
        assert attempt(smb.port, PASSWORD, "127.0.0.2")[0] == 0
        time.sleep(3)
        assert attempt(smb.port, PASSWORD)[0] == 0
        assert "locked out for 3 s" in "".join(smb.problems())
