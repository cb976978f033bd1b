"""`fakesmb check`: what it says of servers, and of what is none."""

import contextlib
import errno
import io
import re
import resource
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from fakesmb import FakeSMB, __main__, check, cli
from fakesmb.__main__ import main
from fakesmb.address import Place
from fakesmb.check import Answer, CheckError
from fakesmb.core import profiles
from fakesmb.core.dialects import DIALECTS
from fakesmb.record import events
from fakesmb.saying import MISTAKE
from fakesmb.wire import hello
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.frame import FrameType, prefix
from fakesmb.wire.header import Flags, Flags2, Header
from fakesmb.wire.negotiate import NegotiateLanmanResponse

HOST = "127.0.0.1"
ALICE = {"alice": "Secret123"}
BRIEF = 0.5
"""Seconds that a check waits for a peer that says nothing."""


def said(port: int, **more: Any) -> str:
    """The line of a check that fails."""
    with pytest.raises(CheckError) as caught:
        check.check(Place(HOST, port), more.pop("seconds", 10), **more)
    text = str(caught.value)
    assert text.startswith(f"{HOST}:{port} ")
    assert text.isprintable()
    return text.removeprefix(f"{HOST}:{port} ")


@contextmanager
def peer(answers: Callable[[socket.socket], None], connections: int = 1) -> Iterator[int]:
    """The port of a peer that does so with each of its connections, and then closes it."""
    with socket.create_server((HOST, 0)) as listening:
        done: list[BaseException] = []

        def serve() -> None:
            try:
                for _ in range(connections):
                    line, _ = listening.accept()
                    with line:
                        line.settimeout(30)
                        answers(line)
            except BaseException as error:
                done.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(30)
        assert not thread.is_alive()
        assert not done, done


def asked(line: socket.socket) -> bytes:
    """The request that came, without its frame."""
    head = line.recv(4, socket.MSG_WAITALL)
    return line.recv(int.from_bytes(head[1:], "big"), socket.MSG_WAITALL)


def answering(data: bytes) -> Callable[[socket.socket], None]:
    """Sends these bytes when a request has come."""

    def answer(line: socket.socket) -> None:
        asked(line)
        line.sendall(data)

    return answer


def reply(words: bytes, data: bytes = b"", status: int = 0, flags2: int = Flags2.NT_STATUS) -> bytes:
    """An answer to the negotiate, in its frame."""
    header = Header(0x72, status, Flags.REPLY, flags2, 0, bytes(8), 0, 0, 0, 1)
    message = (
        bytes(header.encode()) + bytes((len(words) // 2,)) + words + len(data).to_bytes(2, "little") + data
    )
    return prefix(len(message)) + message


def has_ended(smb: FakeSMB, connections: int) -> bool:
    """Waits until so many have."""

    def met() -> bool:
        return sum(isinstance(one, events.Disconnected) for one in smb.journal.events) >= connections

    return smb.journal.wait_until(met, 30)


# -- our own server ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[FakeSMB]:
    with FakeSMB({"public": {"a.txt": "a"}}, name="OFFICE", workgroup="PEOPLE", users=ALICE) as smb:
        yield smb


def test_our_server_answers_with_its_name(served: FakeSMB) -> None:
    answer = check.check(Place(HOST, served.port))
    assert answer.offer == hello.Offer("NT LM 0.12", ("OFFICE in PEOPLE",))
    shown = re.fullmatch(
        rf"{HOST}:{served.port} speaks NT LM 0\.12 \(OFFICE in PEOPLE\), answered in (\d+\.\d) ms",
        str(answer),
    )
    assert shown
    assert float(shown[1]) == pytest.approx(answer.seconds * 1000, abs=0.1)


def test_a_check_is_one_request_and_no_sign_in() -> None:
    with FakeSMB({"public": {}}, users=ALICE) as smb:
        check.check(Place(HOST, smb.port))
        assert has_ended(smb, 1)
        found = [type(one) for one in smb.journal.events]
    assert found == [events.Connected, events.Exchanged, events.Disconnected]


def test_a_netbios_session_comes_first_where_it_is_asked_for() -> None:
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    with FakeSMB({"public": {}}, netbios_port=port, name="OFFICE", users=ALICE):
        for called in (check.ANY_SERVER, "office"):
            assert check.check(Place(HOST, port), called=called).offer.dialect == Dialect.NT_LM
        assert said(port, called="NOBODY") == (
            "refuses a NetBIOS session for NOBODY (it has no such name): call it by its name, --netbios NAME"
        )


@pytest.mark.parametrize("name", [row.name for row in profiles.ROWS])
def test_every_profile_answers(name: str) -> None:
    with FakeSMB({"public": {}}, profile=name, users=ALICE) as smb:
        assert check.check(Place(HOST, smb.port)).offer.dialect in {row.name for row in DIALECTS}


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"signing": "required"}, ("FAKESMB in WORKGROUP", "signing required")),
        ({"security": "share"}, ("FAKESMB in WORKGROUP", "share level")),
        ({"plain_text": True}, ("FAKESMB in WORKGROUP", "passwords in plain text")),
        ({"unicode": False, "workgroup": "BÜRO"}, ("FAKESMB in BÜRO",)),
        ({"extended_security": False}, ("FAKESMB in WORKGROUP",)),
    ],
)
def test_what_a_server_asks_for_is_said(keywords: dict[str, Any], words: tuple[str, ...]) -> None:
    if "security" not in keywords:
        keywords = {"users": ALICE, **keywords}
    with FakeSMB({"public": {}}, **keywords) as smb:
        assert check.check(Place(HOST, smb.port)).offer == hello.Offer("NT LM 0.12", words)


@pytest.mark.parametrize("dialect", [row.name for row in DIALECTS if row.name != Dialect.NT_LANMAN])
def test_a_server_of_any_one_dialect_answers(dialect: Any) -> None:
    with FakeSMB({"public": {}}, settings={"dialects": [dialect]}, users=ALICE) as smb:
        assert check.check(Place(HOST, smb.port)).offer.dialect == dialect


def test_a_server_that_is_full_says_so_by_closing() -> None:
    with FakeSMB({"public": {}}, limits={"connections": 1}, users=ALICE) as smb:
        with socket.create_connection((HOST, smb.port)):
            assert smb.journal.wait_until(lambda: bool(smb.journal.events), 30)
            assert said(smb.port) == (
                "closes the connection without an answer: its limit of connections is reached, or it speaks no SMB1"
            )
        assert has_ended(smb, 1)
        check.check(Place(HOST, smb.port))


# -- what goes wrong ---------------------------------------------------------------------------------------


def test_nothing_listens() -> None:
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    assert said(port) == (
        f"refuses connections: nothing listens there; is the server started, and on port {port}?"
    )


def test_a_name_that_nobody_knows() -> None:
    for host in ("nobody.invalid", "a" * 64):
        with pytest.raises(CheckError, match=rf"{host}: no such host \(.+\); is the name right\?"):
            check.check(Place(host, 445))


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            "cannot be reached (Network is unreachable): is",
        ),
        (
            OSError(errno.EHOSTUNREACH, "No route to host"),
            "cannot be reached (No route to host): is the address",
        ),
        (TimeoutError(), "does not answer within 3 s: no machine has that address, or a firewall drops"),
        (
            ConnectionResetError(),
            "closes the connection without an answer: its limit of connections is reached",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be reached: Permission denied"),
    ],
)
def test_a_machine_that_cannot_be_reached(
    problem: OSError, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise problem

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert said(445, seconds=3).startswith(line)


def test_the_next_address_of_a_host_is_tried(served: FakeSMB, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as listening:
        nobody = listening.getsockname()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", one) for one in (nobody, (HOST, served.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert check.check(Place("both.example", 1)).offer.dialect == Dialect.NT_LM


def test_a_system_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = socket.socket

    def old(family: int = -1, *more: Any, **named: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return plain(family, *more, **named)

    monkeypatch.setattr(socket, "socket", old)
    with pytest.raises(CheckError, match="cannot be reached: Address family not supported"):
        check.check(Place("::1", 1))


def test_the_time_is_for_asking_who_the_host_is_too(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def ask(*_: object, flags: int = 0, **__: object) -> Any:
        if not flags:
            done.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    with pytest.raises(
        CheckError, match=r"^slow.example: nobody tells its address within 0.1 s; is the name"
    ):
        check.check(Place("slow.example", 445), 0.1)
    done.set()


def test_keepalives_without_an_end_are_no_answer() -> None:
    def go_on(line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                line.sendall(bytes((FrameType.KEEPALIVE, 0, 0, 0)) * 1000)

    with peer(go_on, connections=2) as port:
        assert said(port, seconds=BRIEF).startswith("takes the connection and says nothing within 0.5 s")


def test_who_takes_the_connection_and_says_nothing() -> None:
    def listen(line: socket.socket) -> None:
        while line.recv(100):
            pass

    with peer(listen, connections=2) as port:
        assert said(port, seconds=BRIEF) == (
            "takes the connection and says nothing within 0.5 s: it hangs, or is no SMB server"
        )


def test_half_an_answer_is_none() -> None:
    def half(line: socket.socket) -> None:
        asked(line)
        line.sendall(reply(bytes(34))[:20])
        line.recv(1)

    with peer(half) as port:
        assert said(port, seconds=BRIEF) == "sends no more than a part of an answer within 0.5 s"


@pytest.mark.parametrize("rudely", [False, True])
def test_who_closes_at_once(rudely: bool) -> None:
    def close(line: socket.socket) -> None:
        if rudely:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            asked(line)

    with peer(close, connections=2) as port:
        assert said(port).startswith("closes the connection without an answer: its limit of connections")


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP, not SMB: is the port right?"),
        (b"<!DOCTYPE HTML>\n<html>400", "speaks HTTP, not SMB: is the port right?"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "speaks TLS, not SMB: is the port right?"),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "speaks SSH, not SMB: is the port right?"),
        (b"220 mail.example ESMTP\r\n", "speaks FTP or SMTP, not SMB: is the port right?"),
        (b"Hello, who are you?\r\n", "does not speak SMB, it sends: Hello, who are you?"),
        (b"\xca\xfe\xba\xbe\x00", "does not speak SMB, it sends: ca fe ba be 00"),
        (prefix(5) + b"hello", "answers a negotiate by what is no message of SMB1"),
        (bytes((FrameType.RETARGET_RESPONSE, 0, 0, 0)), "does not speak SMB, it sends: 84 00 00 00"),
        (bytes((FrameType.NEGATIVE_RESPONSE, 0, 0, 1, 0x8F)), "wants a NetBIOS session first: add --netbios"),
        (reply(bytes(34), status=0xC000009A), "refuses the negotiate: STATUS_INSUFFICIENT_RESOURCES"),
        (reply(bytes(34), status=0xC0FFEE00), "refuses the negotiate: status 0xC0FFEE00"),
        (reply(bytes(34), status=0x00590002, flags2=0), "refuses the negotiate: error 89 of class 2"),
        (reply(b"\x63\0"), "chooses dialect 99 of the 12 that it was offered"),
        (reply(b""), "answers a negotiate by a message that is cut short"),
    ],
)
def test_an_answer_that_is_none(sent: bytes, line: str) -> None:
    with peer(answering(sent)) as port:
        assert said(port).startswith(line)


def test_another_message_than_the_answer() -> None:
    sent = bytearray(reply(bytes(34)))
    sent[8] = 0x2B
    with peer(answering(bytes(sent))) as port:
        assert said(port) == "answers a negotiate by another message (command 0x2B)"


def test_an_answer_in_pieces_behind_keepalives() -> None:
    def pieces(line: socket.socket) -> None:
        asked(line)
        for byte in bytes((FrameType.KEEPALIVE, 0, 0, 0)) * 2 + reply(b"\x01\0"):
            line.sendall(bytes((byte,)))

    with peer(pieces) as port:
        assert check.check(Place(HOST, port)).offer == hello.Offer(Dialect.CORE_OLD, ())


def test_a_lan_manager_says_how_people_sign_in() -> None:
    words = b"".join(
        map(bytes, NegotiateLanmanResponse(dialect_index=5, security_mode=0).encode(36, unicode=False))
    )
    with peer(answering(reply(words[1:27]))) as port:
        offer = check.check(Place(HOST, port)).offer
    assert offer == hello.Offer(Dialect.LANMAN1, ("share level", "passwords in plain text"))


def test_what_a_server_said_before_it_closed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As sshd does, say, where it has had enough before our request is on its way."""
    send = socket.socket.sendall

    def sent_too_late(line: socket.socket, data: bytes) -> None:
        if data.startswith(b"SSH"):
            send(line, data)
            return
        assert select.select([line], [], [], 30)[0]
        raise BrokenPipeError

    monkeypatch.setattr(socket.socket, "sendall", sent_too_late)
    with peer(lambda line: line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as port:
        assert said(port) == "speaks SSH, not SMB: is the port right?"


def later(line: socket.socket) -> None:
    """A server that has SMB1 switched off."""
    if b"SMB 2.???" in asked(line):
        line.sendall(prefix(68) + b"\xfeSMB" + bytes(64))


def no_dialect(line: socket.socket) -> None:
    """Another, as smbd does it."""
    if b"SMB 2.???" in asked(line):
        line.sendall(prefix(68) + b"\xfeSMB" + bytes(64))
    else:
        line.sendall(reply(b"\xff\xff"))


@pytest.mark.parametrize("server", [later, no_dialect])
def test_a_server_of_smb2_only(server: Callable[[socket.socket], None]) -> None:
    with peer(server, connections=2) as port:
        assert said(port) == "speaks SMB 2 or later only: SMB1 is switched off there"


def test_a_server_that_takes_no_dialect_at_all() -> None:
    with peer(answering(reply(b"\xff\xff")), connections=2) as port:
        assert said(port) == "takes none of the dialects of SMB1"


def test_http_that_waits_for_a_line_is_found_out() -> None:
    def waits(line: socket.socket) -> None:
        came = b""
        while b"\n" not in came and (data := line.recv(1000)):
            came += data
        if came:
            line.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    with peer(waits, connections=2) as port:
        assert said(port, seconds=BRIEF) == "speaks HTTP, not SMB: is the port right?"


@pytest.mark.parametrize(
    ("response", "line"),
    [
        (
            b"\x83\0\0\1\x82",
            "refuses a NetBIOS session for *SMBSERVER (it has no such name): call it by its name",
        ),
        (
            b"\x83\0\0\1\x8f",
            "refuses a NetBIOS session for *SMBSERVER (it says no more): call it by its name",
        ),
        (b"\x84\0\0\6\x0a\0\0\x07\0\x8b", "sends who calls *SMBSERVER on to 10.0.0.7:139: check that one"),
        (b"\0\0\0\0", "does not speak SMB, it sends: 00 00 00 00"),
    ],
)
def test_answers_to_a_netbios_session_request(response: bytes, line: str) -> None:
    with peer(answering(response)) as port:
        assert said(port, called=check.ANY_SERVER).startswith(line)


def test_a_netbios_session_is_for_any_server_on_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[bytes] = []

    def session(line: socket.socket) -> None:
        came.append(asked(line))
        line.sendall(b"\x82\0\0\0")
        asked(line)
        line.sendall(reply(b"\0\0"))

    with peer(session) as port:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (HOST, port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert check.check(Place(HOST, 139)).offer.dialect == Dialect.CORE
    assert came[0].startswith(b"\x20CKFDENECFDEFFCFGEFFCCACACACACACA\0\x20")


# -- the command -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_process(fakesmb_environment: dict[str, str]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    def run(*words: str, code: str = "from fakesmb.__main__ import main; main()") -> Any:
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            env=fakesmb_environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_the_command_loads_next_to_nothing(served: FakeSMB, own_process: Any) -> None:
    """Above all no Twisted, of which a health check would pay the start-up every second."""
    code = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr))
from fakesmb.__main__ import main
main()
"""
    address = f"{HOST}:{served.port}"
    for words, heavy in (
        ([address], {"click", "msgspec"}),
        (["--timeout", "9", address], {"click", "msgspec"}),  # as the image's health check does
        ([address, "--timeout", "9"], {"msgspec"}),
    ):
        done = own_process("check", *words, code=code)
        assert done.returncode == 0
        assert done.stdout.startswith(
            f"{HOST}:{served.port} speaks NT LM 0.12 (OFFICE in PEOPLE), answered in "
        )
        assert not set(done.stderr.split()) & ({"twisted", "impacket", "Cryptodome", "asyncio"} | heavy)


def test_the_command_takes_most_of_its_time_from_python_itself(served: FakeSMB, own_process: Any) -> None:
    """In processor time, which a busy machine does not stretch as much."""

    def cost(*words: str, code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert own_process(*words, code=code).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = min(cost(code="import socket, typing") for _ in range(2))
    code = "from fakesmb.__main__ import main; main()"
    assert min(cost("check", f"{HOST}:{served.port}", code=code) for _ in range(2)) < 3 * bare


def test_exit_codes_and_where_it_is_said(
    served: FakeSMB, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    refused = f"fakesmb: {HOST}:{port} refuses connections: "
    for words, code, line in (
        ([f"{HOST}:{port}"], check.NO_SERVER, refused),
        (["--timeout", "1", f"{HOST}:{port}"], check.NO_SERVER, refused),
        ([f"{HOST}:{port}", "--timeout", "0.9"], check.NO_SERVER, refused),
        (["host:nonsense"], MISTAKE, "fakesmb: 'host:nonsense': 'nonsense' is no port; it is a number"),
        ([f"{HOST}:{served.port}"], 0, f"{HOST}:{served.port} speaks NT LM 0.12"),
    ):
        monkeypatch.setattr(sys, "argv", ["fakesmb", "check", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        assert caught.value.code == code
        said, other = (err, out) if code else (out, err)
        assert (said.count("\n"), other) == (1, "")
        assert said.startswith(line)


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ([], MISTAKE, "HOST[:PORT] is missing: "),
        (["a", "b"], MISTAKE, "too many arguments: b"),
        (["a", "--timeout", "0"], MISTAKE, "--timeout 0: must be a number of seconds, from 0.01 to 3600"),
        (["[::1"], MISTAKE, "'[::1' is no address: write HOST:PORT, such as 127.0.0.1:4450 or [::1]:4450"),
        (["4460"], MISTAKE, "'4460' is a port without a host: write HOST:PORT, such as 127.0.0.1:4460\n"),
        (["nobody.invalid"], check.NO_SERVER, "nobody.invalid: no such host ("),
    ],
)
def test_mistakes_are_one_line(words: list[str], code: int, line: str) -> None:
    result = CliRunner().invoke(cli.main, ["check", *words])
    assert result.exit_code == code
    assert result.output.startswith(f"fakesmb: {line}")
    assert result.output.count("\n") == 1


def test_the_command_in_process(served: FakeSMB) -> None:
    result = CliRunner().invoke(cli.main, ["check", f"{HOST}:{served.port}", "--netbios", "office"])
    assert result.exit_code == 0
    assert result.output.startswith(f"{HOST}:{served.port} speaks NT LM 0.12 (OFFICE in PEOPLE)")


def test_a_name_with_letters_that_the_terminal_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answer(
        Place(HOST, 445), hello.Offer(Dialect.NT_LM, ("B\N{LATIN SMALL LETTER U WITH DIAERESIS}RO",)), 0.001
    )
    monkeypatch.setattr(check, "check", lambda *_: answer)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    assert check.run(HOST) == 0
    assert written.getvalue() == rb"127.0.0.1:445 speaks NT LM 0.12 (B\xfcRO), answered in 1.0 ms" + b"\n"


def test_the_port_of_serve_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[Place] = []

    def answer(server: Place, seconds: float, called: str) -> Answer:
        asked_for.append(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check", answer)
    assert check.run("somewhere") == check.INTERRUPTED
    assert check.run("[::1]") == check.INTERRUPTED
    assert asked_for == [Place("somewhere", 4450), Place("::1", 4450)]


def test_ipv6() -> None:
    with FakeSMB({"public": {}}, host="::1", users=ALICE) as smb:
        answer = check.check(Place("::1", smb.port))
        assert str(answer).startswith(f"[::1]:{smb.port} speaks NT LM 0.12")


@pytest.mark.parametrize("words", [[], ["--timeout", "2"], ["--timeout", "0.5"], ["--netbios", "X"]])
def test_the_quick_way_says_what_the_other_one_says(
    served: FakeSMB, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which of them is taken depends on the words; an option that stands behind the address takes the other one."""
    address = f"{HOST}:{served.port}"
    lines = []
    for line in ([*words, address], [address, *words]):
        monkeypatch.setattr(sys, "argv", ["fakesmb", "check", *line])
        with pytest.raises(SystemExit) as end:
            __main__.main()
        assert end.value.code == 0
        lines.append(re.sub(r"[\d.]+ ms", "", capsys.readouterr().out))
    assert lines[0] == lines[1]
