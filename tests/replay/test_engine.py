"""What a replay keeps and what it translates: scenes of clients in memory, sent again where identifiers are others."""

import contextlib
import json
import struct
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fakesmb import FakeSMB, Share
from fakesmb.address import Place
from fakesmb.capture.trouble import CaptureError
from fakesmb.core.profile import Signing
from fakesmb.core.settings import Settings
from fakesmb.keywords import Switches
from fakesmb.mistakes import ConfigError
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Exchanged, SignedIn, SignInRefused
from fakesmb.replay.listings import last_entry
from fakesmb.replay.places import Users, Who
from fakesmb.replay.report import Report
from fakesmb.replay.rests import NO_REST
from fakesmb.replay.run import replayed as replayed_file
from fakesmb.testing import CHALLENGE, GUID, Client
from fakesmb.wire import dirs, files, nt_trans, search, session, trans, trans2, tree
from fakesmb.wire import raw as raws
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.locking import LockRange
from tests.capture.written import Sniffed, Tcp
from tests.core.extended import negotiate as offers_extended
from tests.core.extended import sign_in as signs_in
from tests.replay import pdus
from tests.replay.taping import USERS, Done, run

FILES = {"a.txt": b"hello", "b.txt": b"other", "docs": {f"file {n:02}.txt": bytes(n) for n in range(40)}}
ALL = 0x001F01FF
NAMES = 3
CREATE, LOCKING, NT_TRANSACT = Command.NT_CREATE_ANDX, Command.LOCKING_ANDX, Command.NT_TRANSACT
Scene = Callable[[Sniffed], None]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSMB]:
    """Its UIDs, TIDs and FIDs are others than those of the scenes."""
    numbers: Switches = {"first_uid": 0x0100, "first_tid": 0x0300, "first_fid": 0x0500}
    with FakeSMB({"public": FILES}, users=USERS, signing="off", settings=numbers) as smb:
        yield smb


@pytest.fixture
def smb(server: FakeSMB) -> FakeSMB:
    server.reset()
    return server


@pytest.fixture
def sniffed(tmp_path: Path) -> Sniffed:
    folder = tmp_path / "public"
    (folder / "docs").mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (folder / name).write_bytes(FILES[name])  # type: ignore[arg-type]
    for n in range(40):
        (folder / "docs" / f"file {n:02}.txt").write_bytes(bytes(n))
    return Sniffed(folder, settings=Settings(signing="off", challenge=CHALLENGE, guid=GUID))


def replayed(smb: FakeSMB, sniffed: Sniffed, folder: Path, *arguments: str) -> Done:
    path = folder / "scene.pcap"
    path.write_bytes(sniffed.capture.pcap())
    return run(smb, path, *arguments)


def enter(sniffed: Sniffed) -> Client:
    return sniffed.client().sign_in().connect("public")


def ask(client: Client, name: str, flags: int = 0, **how: int) -> int:
    fields = {"desired_access": ALL, "share_access": 7} | how
    return client.send(CREATE, files.NtCreateAndxRequest(flags=flags, file_name=name, **fields))


# -- scenes --------------------------------------------------------------------------------------------------


def opens_in_another_order(sniffed: Sniffed) -> None:
    """FIDs are of the open that they came with, whatever the numbers are."""
    client = enter(sniffed)
    one, other = client.create("a.txt"), client.create("b.txt")
    assert client.read(other) == b"other"
    client.close(one)
    again = client.create("b.txt", access=1)
    client.write(other, b"OTHER")
    assert client.read(again) == b"OTHER"
    client.close(other)
    client.close(again)


def a_stale_fid(sniffed: Sniffed) -> None:
    client = enter(sniffed)
    fid = client.create("a.txt")
    client.close(fid)
    client.send(Command.CLOSE, files.CloseRequest(fid))
    client.send(Command.FLUSH, files.FlushRequest(0x0501))
    client.send(Command.FLUSH, files.FlushRequest(0xFFFF))
    assert [one.header.status for one in client.answers()] == [0xC0000008, 0xC0000008, 0]


def two_sessions_and_two_trees(sniffed: Sniffed) -> None:
    client = enter(sniffed)
    first = client.uid, client.tid
    client.sign_in(vc_number=0).connect("IPC$")
    second = client.uid, client.tid
    pipe = client.create("\\srvsvc")
    client.uid, client.tid = first
    fid = client.create("a.txt")
    client.uid, client.tid = second
    client.close(pipe)
    client.send(Command.TREE_DISCONNECT, tree.TreeDisconnectRequest())
    client.send(Command.LOGOFF_ANDX, session.LogoffAndxRequest())
    client.uid, client.tid = first
    assert len(client.answers()) == 2
    client.read(fid)


def an_oplock_is_broken(sniffed: Sniffed) -> None:
    """The second client's open waits for the first one's answer to the break."""
    holder, other = enter(sniffed), enter(sniffed)
    ask(holder, "a.txt", 6)
    fid = holder.answer().body(files.NtCreateAndxResponse).fid
    ask(other, "a.txt")
    assert other.answers() == []
    holder.answers()
    assert len(holder.breaks) == 1
    holder.acknowledge(fid, holder.breaks[0].new_oplock_level)
    assert other.answer().header.status == 0


def a_lock_is_waited_for(sniffed: Sniffed) -> None:
    holder, other = enter(sniffed), enter(sniffed)
    held, wanted = holder.create("a.txt"), other.create("a.txt")
    holder.lock(held, 0, 4)
    other.send(LOCKING, other.locking(wanted, LockRange(other.pid & 0xFFFF, 0, 4), timeout=60_000))
    assert other.answers() == []
    holder.read(held)
    holder.unlock(held, 0, 4)
    assert other.answer().header.status == 0


def a_change_is_waited_for(sniffed: Sniffed) -> None:
    """The answer comes when another client made it come; requests of the same connection go on meanwhile."""
    watcher, other = enter(sniffed), enter(sniffed)
    fid = watcher.create("", access=0x00100081, options=1)
    setup = nt_trans.NotifySetup(NAMES, fid, 0).encode()
    request = trans.NtTransactRequest(
        function=nt_trans.NtTransact.NOTIFY_CHANGE, setup=setup, max_parameter_count=1000
    )
    watcher.send(NT_TRANSACT, request)
    watcher.create("b.txt")
    other.call(Command.CREATE_DIRECTORY, dirs.CreateDirectoryRequest("new"), Empty)
    assert watcher.answer().header.status == 0


def a_wait_is_cancelled(sniffed: Sniffed) -> None:
    client = enter(sniffed)
    fid = client.create("", access=0x00100081, options=1)
    setup = nt_trans.NotifySetup(NAMES, fid, 0).encode()
    request = trans.NtTransactRequest(
        function=nt_trans.NtTransact.NOTIFY_CHANGE, setup=setup, max_parameter_count=1000
    )
    mid = client.send(NT_TRANSACT, request)
    client.create("a.txt")
    client.send(Command.NT_CANCEL, session.NtCancelRequest(), mid=mid)
    assert client.answer().header.status == 0xC0000120


def requests_ahead(sniffed: Sniffed) -> None:
    """A client that does not wait for the answers."""
    client = enter(sniffed)
    fid = client.create("a.txt")
    for _ in range(20):
        client.send(Command.READ_ANDX, files.ReadAndxRequest(fid, max_count=5))
        client.send(Command.ECHO, session.EchoRequest(2, b"x"))
    assert len(client.answers()) == 60


def a_search_goes_on(sniffed: Sniffed) -> None:
    """SIDs, resume keys and last names."""
    client = enter(sniffed)
    for level, flags in ((0x0104, 4), (0x0101, 0), (1, 4), (2, 4)):
        asked = trans2.FindFirst2Request(0x16, 7, flags, level, 0, "docs\\*")
        answer = client.trans2(1, asked, max_data=2000)
        sid = int.from_bytes(answer.parameters[:2], "little")
        for number in range(3):
            key, name = last_of(level, answer, flags & 4, 6 if number else 8)
            following = trans2.FindNext2Request(sid, 7, level, key, flags, name)
            answer = client.trans2(2, following, max_data=2000)
        client.call(Command.FIND_CLOSE2, search.FindClose2Request(sid), Empty)


def last_of(level: int, answer: trans.TransactionResponse, keyed: int, at: int) -> tuple[int, str]:
    """Resume key and name of the last entry, of an answer whose parameters have LastNameOffset at `at`."""
    last = int.from_bytes(answer.parameters[at : at + 2], "little")
    found = last_entry(level, bytes(answer.data), last, bool(keyed), True)
    assert found is not None
    return found.key, found.name


def an_old_search_goes_on(sniffed: Sniffed) -> None:
    client = enter(sniffed)
    key = b""
    for _ in range(4):
        pattern = "" if key else "\\docs\\????????.???"
        body = client.call(Command.SEARCH, search.SearchRequest(5, 0x16, pattern, key), search.SearchResponse)
        key = bytes(body.entries[-43:][:21])


def raw_reads_and_writes(sniffed: Sniffed) -> None:
    client = enter(sniffed)
    fid = client.create("a.txt")
    request = raws.WriteRawRequest(fid, 3000, 0, 0, 0, 1, 0, 0, 60)
    client.send(Command.WRITE_RAW, request)
    client.answer()
    data = bytes(3000)
    client.connection.receive(len(data).to_bytes(4, "big") + data)
    client.frames()
    client.send(Command.READ_RAW, raws.ReadRawRequest(fid, 0, 2000, 0, 0))
    assert [len(one) for one in client.frames()] == [2000]
    client.read(fid)


def a_transaction_in_pieces(sniffed: Sniffed) -> None:
    """The rest of a request is sent when the server asked for it."""
    client = enter(sniffed)
    path = trans2.SetPathInformationRequest(0x0101, 0, "a.txt").encode()
    data = bytes(40)
    mid = client.send(
        Command.TRANSACTION2,
        trans.Transaction2Request(
            setup=b"\6\0",
            parameters=path,
            data=data[:16],
            total_parameter_count=len(path),
            total_data_count=40,
            max_parameter_count=2,
        ),
    )
    client.answer()
    rest = trans.Transaction2SecondaryRequest(
        data=data[16:], total_parameter_count=len(path), total_data_count=40, data_displacement=16
    )
    client.send(Command.TRANSACTION2_SECONDARY, rest, mid=mid)
    client.answer()


def a_chain(sniffed: Sniffed) -> None:
    """Sign-in, tree connect, open and read in one message."""
    client = sniffed.client()
    client.negotiate()
    client.sign_in().connect("public")
    one: list[Body | tuple[int, Body]] = [
        files.OpenAndxRequest(access_mode=0x40, file_name="a.txt"),
        (Command.READ_ANDX, files.ReadAndxRequest(0xFFFF, max_count=5)),
    ]
    client.send(Command.OPEN_ANDX, *one)
    assert client.answer().header.status == 0


def opens_of_all_ages(sniffed: Sniffed) -> None:
    client = enter(sniffed)
    made = client.call(Command.OPEN, files.OpenRequest(0x42, 0x16, "\\a.txt"), files.OpenResponse)
    client.call(Command.READ, files.ReadRequest(made.fid, 5, 0, 5), files.ReadResponse)
    new = client.call(Command.CREATE, files.CreateRequest(0, 0, "\\new.txt"), files.CreateResponse)
    client.call(Command.WRITE, files.WriteRequest(new.fid, 3, 0, 0, b"abc"), files.WriteResponse)
    client.close(new.fid)
    client.close(made.fid)
    fields = nt_trans.NtCreateRequest(desired_access=ALL, share_access=7, file_name="b.txt").encode()
    request = trans.NtTransactRequest(
        function=nt_trans.NtTransact.CREATE, parameters=fields, max_parameter_count=69
    )
    answer = client.call(NT_TRANSACT, request, trans.NtTransactResponse)
    fid = int.from_bytes(answer.parameters[2:4], "little")
    client.read(fid)
    folder = client.create("docs", access=ALL, options=1)
    inside = files.NtCreateAndxRequest(
        root_directory_fid=folder, desired_access=ALL, share_access=7, file_name="file 07.txt"
    )
    assert client.call(CREATE, inside, files.NtCreateAndxResponse).end_of_file == 7


def handles_of_a_pipe(sniffed: Sniffed) -> None:
    """LsarOpenPolicy2 gives a handle, and LsarClose takes it back."""
    client = sniffed.client().sign_in().connect("IPC$")
    fid = client.create("\\lsarpc")
    client.write(fid, pdus.bind())
    client.read(fid, size=1024)
    for _ in range(2):
        client.write(fid, pdus.open_policy())
        handle = client.read(fid, size=1024)[24:44]
        assert any(handle)
        client.write(fid, pdus.close(handle))
        assert client.read(fid, size=1024)[-4:] == bytes(4)


SCENES: list[Scene] = [
    opens_in_another_order,
    a_stale_fid,
    two_sessions_and_two_trees,
    an_oplock_is_broken,
    a_lock_is_waited_for,
    a_change_is_waited_for,
    a_wait_is_cancelled,
    a_search_goes_on,
    requests_ahead,
    an_old_search_goes_on,
    raw_reads_and_writes,
    a_transaction_in_pieces,
    a_chain,
    opens_of_all_ages,
    handles_of_a_pipe,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_same_happens_again(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path, scene: Scene) -> None:
    scene(sniffed)
    done = replayed(smb, sniffed, tmp_path)
    assert done.different == []
    assert (done.summary["missing"], done.summary["unsent"], done.code) == (0, 0, 0)
    assert done.summary["sent"] > 3


def test_the_rest_of_an_answer_that_is_short_here_is_not_read(smb: FakeSMB, tmp_path: Path) -> None:
    """It would be waited for without end. The server here has one share, that of the capture forty."""
    sniffed = Sniffed(tmp_path, settings=Settings(signing="off", challenge=CHALLENGE, guid=GUID))
    for number in range(40):
        sniffed.server.server.shares[f"SHARE{number:02}"] = share_named(sniffed, f"share{number:02}")
    client = sniffed.client().sign_in().connect("IPC$")
    fid = client.create("\\srvsvc")
    client.write(fid, pdus.bind(interface=pdus.SRVSVC))
    client.read(fid, size=1024)
    for _ in range(2):
        setup = struct.pack("<HH", PipeFunction.TRANSACT_NMPIPE, fid)
        ask = trans.TransactionRequest(
            name="\\PIPE\\", setup=setup, data=pdus.share_enum(), max_data_count=1024
        )
        client.send(Command.TRANSACTION, ask)
        assert client.answers()[-1].header.status == NT.BUFFER_OVERFLOW
        more = True
        while more:
            client.send(Command.READ_ANDX, files.ReadAndxRequest(fid, max_count=1024))
            more = client.answers()[-1].header.status == NT.BUFFER_OVERFLOW
    client.close(fid)
    done = replayed(smb, sniffed, tmp_path)
    assert (done.summary["missing"], done.summary["unsent"]) == (0, 4)
    assert [one["text"] for one in done.of("unsent")] == [NO_REST] * 4


def test_an_answer_in_several_messages_is_one(tmp_path: Path) -> None:
    """However many messages the server here takes for it."""
    sniffed = Sniffed(tmp_path, settings=Settings(signing="off", challenge=CHALLENGE, guid=GUID))
    shares: dict[str, dict[str, Any]] = {f"share{number:02}": {} for number in range(40)}
    for name in shares:
        sniffed.server.server.shares[name.upper()] = share_named(sniffed, name)
    del sniffed.server.server.shares["PUBLIC"]
    client = sniffed.client().sign_in(max_buffer=1024).connect("IPC$")
    fid = client.create("\\srvsvc")
    client.write(fid, pdus.bind(interface=pdus.SRVSVC))
    client.read(fid)
    request = trans.TransactionRequest(
        name="\\PIPE\\", setup=struct.pack("<HH", 0x26, fid), data=pdus.share_enum(), max_data_count=4280
    )
    client.send(Command.TRANSACTION, request)
    assert len(client.answers()) > 2
    with FakeSMB(shares, users=USERS, signing="off") as smb:
        done = replayed(smb, sniffed, tmp_path)
    assert done.different == []
    assert done.summary["sent"] == 7


def share_named(sniffed: Sniffed, name: str) -> Any:
    public = sniffed.server.server.shares["PUBLIC"]
    return type(public)(name, public.store)


# -- sign-ins ------------------------------------------------------------------------------------------------


def statuses(smb: FakeSMB) -> list[tuple[str, str]]:
    """Who signed in, or did not, on the server, and how."""
    found = []
    for one in smb.journal.events:
        if isinstance(one, SignedIn):
            found.append((one.user, one.protection))
        elif isinstance(one, SignInRefused):
            found.append((one.user, "refused"))
    return found


def plain(client: Client) -> None:
    client.sign_in("alice")


def extended(client: Client) -> None:
    offers_extended(client)
    answer = signs_in(client, "alice", "Secret123")
    assert answer is not None
    assert answer.header.status == 0


def wrong(client: Client) -> None:
    offers_extended(client)
    answer = signs_in(client, "alice", "wrong")
    client.clock.advance(5)
    assert answer is not None or client.answers()[0].header.status == 0xC000006D


def wrong_plain(client: Client) -> None:
    with contextlib.suppress(SMBError):
        client.sign_in("alice", "wrong")
    client.clock.advance(5)


@pytest.mark.parametrize("profile", ["windows-2003", "windows-nt4"])
@pytest.mark.parametrize("enters", [plain, extended], ids=["plain", "extended"])
def test_a_sign_in_takes_the_form_that_the_server_wants(
    sniffed: Sniffed, tmp_path: Path, enters: Callable[[Client], None], profile: str
) -> None:
    """One message of the capture may be two here, and two may be one; what follows is answered as it was."""
    client = sniffed.client()
    enters(client)
    client.connect("public")
    assert client.read(client.create("a.txt")) == b"hello"
    users = {"bob": "Other123"}
    with FakeSMB({"public": FILES}, users=users, signing="off", profile=profile) as smb:
        path = tmp_path / "scene.pcap"
        path.write_bytes(sniffed.capture.pcap())
        done = run(smb, path, user="bob:Other123")
        assert statuses(smb) == [("bob", "NTLMv2")]
        smb.journal.verify(verb="read", path="a.txt", user="bob")
    assert [one["frame"] for one in done.of("missing")] == []
    assert {one["verdict"] for one in done.of("answer")[-1:]} <= {
        "same",
        "expected",
    }


def test_old_proofs_are_tried_where_ntlmv2_is_not_known(sniffed: Sniffed, tmp_path: Path) -> None:
    plain(sniffed.client())
    with FakeSMB(
        {"public": FILES}, users=USERS, signing="off", accept=["ntlmv1"], profile="windows-nt4"
    ) as smb:
        done = replayed(smb, sniffed, tmp_path)
        assert [how for _, how in statuses(smb)] == ["refused", "NTLMv1"]
    assert done.summary["sent"] == 3


@pytest.mark.parametrize("enters", [wrong, wrong_plain])
def test_a_refused_sign_in_is_refused_again(
    smb: FakeSMB, sniffed: Sniffed, tmp_path: Path, enters: Callable[[Client], None]
) -> None:
    enters(sniffed.client())
    done = replayed(smb, sniffed, tmp_path)
    assert statuses(smb) == [("alice", "refused")]
    assert done.different == []


def test_an_anonymous_client_stays_anonymous(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    client = sniffed.client()
    client.negotiate()
    request = session.SessionSetupPlainRequest(oem_password_length=1, oem_password=b"\0", native_os="x")
    client.send(Command.SESSION_SETUP_ANDX, request)
    assert client.answer().header.status == 0
    done = replayed(smb, sniffed, tmp_path)
    assert done.different == []
    assert [one.kind for one in smb.journal.events if isinstance(one, SignedIn)] == ["anonymous"]


def test_a_wrong_user_is_told(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    enter(sniffed)
    path = tmp_path / "scene.pcap"
    path.write_bytes(sniffed.capture.pcap())
    done = run(smb, path, user="alice:wrong")
    assert done.code == 1
    assert [name for _, name in done.different] == ["Status", "Status"]


@pytest.mark.parametrize(
    ("client", "server"), [("off", "required"), ("offered", "off"), ("offered", "offered")]
)
def test_messages_are_signed_anew(tmp_path: Path, client: Signing, server: Signing) -> None:
    """With the key of the new sign-in, where the server wants it, whatever the capture has."""
    sniffed = Sniffed(tmp_path, settings=Settings(signing=client, challenge=CHALLENGE, guid=GUID))
    (tmp_path / "a.txt").write_bytes(b"hello")
    one = sniffed.client().sign_in(signing=client == "offered").connect("public")
    one.read(one.create("a.txt"))
    with FakeSMB({"public": {"a.txt": b"hello"}}, users=USERS, signing=server) as smb:
        done = replayed(smb, sniffed, tmp_path)
        last = [e for e in smb.journal.events if isinstance(e, Exchanged)][-1]
        assert any(last.request[14:22]) is (server != "off")
    assert [row for row in done.different if "SecurityMode" not in row[1]] == []


# -- captures that are not whole -----------------------------------------------------------------------------


def test_a_capture_that_begins_late(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    """A sign-in is made, and a share connected to; what was opened before is not known."""
    client = enter(sniffed)
    old = client.create("b.txt")
    del sniffed.capture.frames[:]
    fid = client.create("a.txt")
    client.read(fid)
    client.send(Command.READ_ANDX, files.ReadAndxRequest(old, max_count=5))
    client.answer()
    done = replayed(smb, sniffed, tmp_path, "--map", "*=public")
    assert [one["text"] for one in done.of("note") if "sign-in" in one["text"]] == [
        "the capture begins after the sign-in, which is made anew"
    ]
    assert [(one["command"], one["verdict"]) for one in done.of("answer")] == [
        ("SMB_COM_NT_CREATE_ANDX", "expected"),
        ("SMB_COM_READ_ANDX", "expected"),
        ("SMB_COM_READ_ANDX", "different"),
    ]
    done = replayed(smb, sniffed, tmp_path)
    assert "its shares are not known: --map '*=SHARE' names one" in done.of("note")[-1]["text"]


def test_what_was_not_captured_of_a_message_is_zeros(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    client = enter(sniffed)
    fid = client.create("a.txt")
    client.write(fid, b"x" * 1000)
    client.read(fid)
    for number, frame in enumerate(sniffed.capture.frames):
        sniffed.capture.frames[number] = frame._replace(data=frame.data[:400])
    done = replayed(smb, sniffed, tmp_path)
    assert [one["text"] for one in done.of("note") if "zeros" in one["text"]]
    written = smb.share("public").read("a.txt")
    assert len(written) == 1000
    assert 100 < len(written.rstrip(b"\0")) < 400
    assert set(written.rstrip(b"\0")) == set(b"x")
    assert done.summary["unsent"] == 0


def test_a_gap(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    """Answers that were not captured are not compared, requests that were not are not sent."""
    client = enter(sniffed)
    first = len(sniffed.capture.frames)
    fid = client.create("a.txt")
    client.read(fid)
    client.create("b.txt")
    del sniffed.capture.frames[first + 1 : first + 3]
    done = replayed(smb, sniffed, tmp_path)
    assert len(done.of("answer")) == 4
    assert done.different == []


def test_an_answer_that_does_not_come(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    """One line, and the replay goes on."""
    client = enter(sniffed)
    client.read(client.create("a.txt"))
    client.create("b.txt")
    with smb.faults.inject(command="READ_ANDX", hang=True):
        done = replayed(smb, sniffed, tmp_path, "--timeout", "0.2")
    assert [(one["command"], one["text"]) for one in done.of("missing")] == [
        ("SMB_COM_READ_ANDX", "no answer within 0.2 seconds")
    ]
    assert [one["verdict"] for one in done.of("answer")][-1] == "expected"
    assert done.code == 1


def test_the_pauses_of_the_capture(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    client = enter(sniffed)
    sniffed.capture.time += 0.2
    client.create("a.txt")
    began = time.monotonic()
    assert replayed(smb, sniffed, tmp_path, "--pace").code == 0
    assert time.monotonic() - began > 0.2


def test_a_server_that_says_nothing_any_more(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    client = enter(sniffed)
    for _ in range(10):
        client.create("a.txt")
    with smb.faults.inject(command="NT_CREATE_ANDX", hang=True):
        done = replayed(smb, sniffed, tmp_path, "--timeout", "0.1")
    assert done.summary["missing"] == 3
    assert {one["text"] for one in done.of("unsent")} == {"3 answers in a row did not come"}
    assert done.summary["unsent"] == 7


def test_a_server_that_hangs_up(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    client = enter(sniffed)
    client.read(client.create("a.txt"))
    client.create("b.txt")
    with smb.faults.inject(command="READ_ANDX", drop="before"):
        done = replayed(smb, sniffed, tmp_path)
    assert [one["text"] for one in done.of("missing")] == ["the server closed the connection"]
    assert [one["text"] for one in done.of("unsent")] == ["the server closed the connection"]


def test_a_server_that_takes_none_of_the_dialects(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    """The refusal is told, and the rest is compared in NT LM 0.12."""
    client = enter(sniffed)
    client.read(client.create("a.txt"))
    path = tmp_path / "scene.pcap"
    path.write_bytes(sniffed.capture.pcap().replace(b"NT LM 0.12", b"XX YY 0.12"))
    done = run(smb, path)
    assert "goes on in NT LM 0.12" in done.of("note")[0]["text"]
    assert [one["verdict"] for one in done.of("answer")][1:] == ["expected"] * 4
    assert done.of("answer")[0]["verdict"] == "different"


def test_an_oplock_that_only_this_server_asks_back(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    """It is given back at once, so that nobody waits for it."""
    holder, other = enter(sniffed), enter(sniffed)
    ask(holder, "a.txt")
    holder.answer()
    ask(other, "a.txt")
    other.answer()
    capture = sniffed.capture.pcap()
    # the captured client asked for no oplock: here it does
    plain_open = struct.pack("<I", 0) + struct.pack("<I", 0) + struct.pack("<I", ALL)
    assert plain_open in capture
    path = tmp_path / "scene.pcap"
    path.write_bytes(capture.replace(plain_open, struct.pack("<III", 6, 0, ALL), 1))
    done = run(smb, path)
    assert [one["text"] for one in done.of("oplock")] == [
        "the server asks an oplock back, which it did not in the capture"
    ]
    assert done.summary["missing"] == 0


def test_an_oplock_that_was_asked_back_in_the_capture_alone(sniffed: Sniffed, tmp_path: Path) -> None:
    """Its acknowledgement is not sent."""
    an_oplock_is_broken(sniffed)
    with FakeSMB({"public": Share(FILES, oplocks=False)}, users=USERS, signing="off") as smb:
        done = replayed(smb, sniffed, tmp_path, "--timeout", "0.3")
    assert [one["text"] for one in done.of("oplock")] == [
        "the server asks an oplock back, which it did not here"
    ]
    assert [one["text"] for one in done.of("unsent")] == ["the server did not ask for the oplock"]


def test_ends_of_connections(smb: FakeSMB, sniffed: Sniffed, tmp_path: Path) -> None:
    """Who hung up in the capture is compared with who did here."""
    tcp = Tcp(sniffed.capture, ("10.0.0.1", 1025)).open()
    sniffed.client(tcp).negotiate()
    tcp.reset()
    done = replayed(smb, sniffed, tmp_path, "--timeout", "0.2")
    assert [(one["text"], one["differences"][0]["captured"]) for one in done.of("closed")] == [
        ("the server closed it, which it did not here", "closed by the server")
    ]
    with smb.faults.inject(command="NEGOTIATE", drop="after"):
        done = replayed(smb, sniffed, tmp_path)
    assert done.of("closed") == []


def test_a_server_that_takes_no_more_connections(sniffed: Sniffed, tmp_path: Path) -> None:
    """What was to go over them is told as not sent."""
    enter(sniffed)
    enter(sniffed)
    with FakeSMB({"public": FILES}, users=USERS, signing="off") as smb:
        smb.faults.inject(on="connect", connection=2, reset=True)
        done = replayed(smb, sniffed, tmp_path)
    assert done.summary["sent"] >= 3
    assert done.summary["unsent"] + done.summary["missing"] == 3


# -- hostile captures ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    found = []
    for scene in SCENES:
        folder = tmp_path_factory.mktemp("scene")
        (folder / "docs").mkdir()
        for name in ("a.txt", "b.txt"):
            (folder / name).write_bytes(FILES[name])  # type: ignore[arg-type]
        for n in range(40):
            (folder / f"docs/file {n:02}.txt").write_bytes(bytes(n))
        one = Sniffed(folder, settings=Settings(signing="off", challenge=CHALLENGE, guid=GUID))
        scene(one)
        found.append(one.capture.pcap())
    return found


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_capture_makes_it_fall(server: FakeSMB, scenes: list[bytes], data: st.DataObject) -> None:
    """Whatever the bytes are, the replay comes to its end, with lines for people."""
    hostile(server, scenes, data)


@pytest.mark.slow
@hypothesis_settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_many_captures_do_not_make_it_fall(server: FakeSMB, scenes: list[bytes], data: st.DataObject) -> None:
    hostile(server, scenes, data)


def hostile(server: FakeSMB, scenes: list[bytes], data: st.DataObject) -> None:
    capture = bytearray(scenes[data.draw(st.integers(0, len(scenes) - 1))])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(24, len(capture) - 1))
        kind = data.draw(st.sampled_from(["set", "cut", "put"]))
        if kind == "set":
            capture[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del capture[at : at + data.draw(st.integers(1, 40))]
        else:
            capture[at:at] = data.draw(st.binary(min_size=1, max_size=40))
    place, users = Place("127.0.0.1", server.port), Users(Who("alice", "Secret123"))
    lines: list[str] = []
    with contextlib.suppress(CaptureError, ConfigError):
        report = Report(lines.append, json=True)
        replayed_file(BytesIO(bytes(capture)), place, users, report, (), timeout=0.05)
        assert json.loads(lines[-1])["event"] == "summary"
