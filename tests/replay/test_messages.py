"""Captured messages made into others: identifiers, names, chains whose commands change their size."""

import struct

import pytest

from fakesmb.address import Place
from fakesmb.replay.identifiers import Identifiers, Numbers, with_mid
from fakesmb.replay.listings import Entry, last_entry, search_keys
from fakesmb.replay.live import Live
from fakesmb.replay.pipe_auth import LAST_STEP, SEALED, Refused, without_verifier
from fakesmb.replay.places import Who
from fakesmb.replay.rebuild import rebuilt
from fakesmb.replay.references import Reference, references
from fakesmb.replay.requests import Renaming, with_changes
from fakesmb.replay.sent import Sent, is_whole
from fakesmb.replay.shares import ShareMap
from fakesmb.replay.sign_in import SignIn
from fakesmb.replay.tokens import Tokens
from fakesmb.wire import dirs, files, nt_trans, search, session, trans, trans2, tree
from fakesmb.wire.chain import Joiner
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.header import Header
from tests.replay import pdus


def header(command: int, flags2: int = 0xC803, **fields: int) -> Header:
    values = {"tid": 0x0800, "uid": 0x0800, "mid": 5} | fields
    return Header(command, 0, 0x18, flags2, 0, bytes(8), values["tid"], 0x1234, values["uid"], values["mid"])


def message(*bodies: tuple[int, Body], flags2: int = 0xC803) -> tuple[bytes, Header]:
    """One message, a chain of several commands."""
    head = header(bodies[0][0], flags2)
    joiner = Joiner()
    for index, (code, body) in enumerate(bodies):
        at = joiner.next_offset() if index else 32
        joiner.add(code, body.encode(at, unicode=head.unicode), chains=body.ANDX)
    return head.encode() + b"".join(joiner.blocks), head


# -- identifiers ---------------------------------------------------------------------------------------------


def test_numbers_that_nobody_gave_never_mean_something() -> None:
    numbers = Numbers({0x4000: 0x0100, 0x4001: 0x0101})
    assert numbers.meant(0x4000) == 0x0100
    assert numbers.meant(0x7777) == 0x7777
    assert numbers.meant(0x0100) == 0x0201
    assert Numbers({1: 3}).meant(3) == 0x0104


def test_where_identifiers_are() -> None:
    """Of opens, relative opens, pipes, searches, transactions of NT, renames by a level, chains, second trees."""
    cases: list[tuple[tuple[tuple[int, Body], ...], list[tuple[str, int]]]] = [
        (((Command.CLOSE, files.CloseRequest(0x4001)),), [("fid", 0x4001)]),
        (
            ((Command.NT_CREATE_ANDX, files.NtCreateAndxRequest(root_directory_fid=0x4002)),),
            [("root", 0x4002)],
        ),
        (
            (
                (Command.WRITE_ANDX, files.WriteAndxRequest(0x4003, data=b"x")),
                (Command.CLOSE, files.CloseRequest(0x4004)),
            ),
            [("fid", 0x4003), ("fid", 0x4004)],
        ),
        (
            (
                (
                    Command.TRANSACTION,
                    trans.TransactionRequest(
                        name="\\PIPE\\", setup=struct.pack("<HH", 0x26, 0x4005), data=b"x"
                    ),
                ),
            ),
            [("fid", 0x4005)],
        ),
        (
            (
                (
                    Command.TRANSACTION,
                    trans.TransactionRequest(name="\\MAILSLOT\\x", setup=struct.pack("<HHH", 1, 1, 2)),
                ),
            ),
            [],
        ),
        (((Command.FIND_CLOSE2, search.FindClose2Request(9)),), [("sid", 9)]),
        (
            (
                (
                    Command.TRANSACTION2,
                    trans.Transaction2Request(
                        setup=b"\2\0", parameters=trans2.FindNext2Request(7, 1, 0x104, 0, 0, "x").encode()
                    ),
                ),
            ),
            [("sid", 7)],
        ),
        (
            (
                (
                    Command.TRANSACTION2,
                    trans.Transaction2Request(
                        setup=b"\x08\0",
                        parameters=trans2.SetFileInformationRequest(0x4006, 1010).encode(),
                        data=struct.pack("<III", 1, 0x4007, 0),
                    ),
                ),
            ),
            [("fid", 0x4006), ("root", 0x4007)],
        ),
        (
            (
                (
                    Command.NT_TRANSACT,
                    trans.NtTransactRequest(
                        function=4, setup=nt_trans.NotifySetup(1, 0x4008).encode(), max_parameter_count=9
                    ),
                ),
            ),
            [("fid", 0x4008)],
        ),
        (
            (
                (
                    Command.NT_TRANSACT,
                    trans.NtTransactRequest(
                        function=6, parameters=nt_trans.SecurityDescRequest(0x4009, 0, 7).encode()
                    ),
                ),
            ),
            [("fid", 0x4009)],
        ),
        (((Command.COPY, dirs.CopyRequest(0x0801, 0, 0, "a", "b")),), [("tid", 0x0801)]),
        (
            ((Command.TRANSACTION2_SECONDARY, trans.Transaction2SecondaryRequest(data=b"x")),),
            [("fid", 0xFFFF)],
        ),
    ]
    for bodies, wanted in cases:
        data, head = message(*bodies)
        found = references(data, head)
        assert [(kind, int.from_bytes(data[at : at + size], "little")) for kind, at, size in found] == wanted


def test_what_cannot_be_read_has_no_identifiers() -> None:
    data, head = message((Command.TRANSACTION, trans.TransactionRequest(name="\\PIPE\\", data=b"x" * 50)))
    for size in range(32, len(data)):
        assert references(data[:size], head) == []
    assert references(header(0x5A).encode() + b"\1\0\0\0\0", header(0x5A)) == []


def test_identifiers_are_put_in() -> None:
    ids = Identifiers()
    ids.uids[0x0800], ids.tids[0x0800], ids.fids[0x4000] = 0x0100, 0x0200, 0x0300
    for fid, meant in ((0x4000, 0x0300), (0xFFFF, 0xFFFF), (0x0300, 0x0401), (0x5555, 0x5555)):
        data, head = message((Command.CLOSE, files.CloseRequest(fid)))
        changed = bytearray(data)
        ids.translate(changed, head, signs_in=False, encoding="cp850")
        now = Header.decode(changed)
        assert (now.uid, now.tid) == (0x0100, 0x0200)
        assert int.from_bytes(changed[33:35], "little") == meant
    data, head = message((Command.NT_CREATE_ANDX, files.NtCreateAndxRequest(file_name="x")))
    changed = bytearray(data)
    ids.fids[0] = 0x0300
    ids.translate(changed, head, signs_in=False, encoding="cp850")
    assert Reference("root", 32 + 1 + 4 + 1 + 2 + 4, 4) in references(data, head)
    assert ids.of_header(header(0x73, uid=0, tid=0), signs_in=True) == (0, 0)
    ids.uids[0] = 9  # a server with passwords of shares gives UID 0
    assert ids.of_header(header(0x2E, uid=0, tid=0), signs_in=False) == (9, 0)
    ids.usual_uid, ids.usual_tid = 0x11, 0x22
    assert ids.of_header(header(0x2E, uid=0x77, tid=0x88), signs_in=False) == (0x11, 0x22)
    assert with_mid(data, 0x1234)[30:32] == b"\x34\x12"


# -- chains --------------------------------------------------------------------------------------------------


def test_a_chain_is_joined_anew() -> None:
    """What stands before a change stays, what follows it moves."""
    setup = session.SessionSetupPlainRequest(account_name="a", native_os="x")
    connect = tree.TreeConnectAndxRequest(password_length=1, path="\\\\OLD\\C$")
    opened = files.OpenAndxRequest(access_mode=0x40, file_name="\\a.txt")
    data, head = message(
        (Command.SESSION_SETUP_ANDX, setup), (Command.TREE_CONNECT_ANDX, connect), (Command.OPEN_ANDX, opened)
    )
    longer = tree.TreeConnectAndxRequest(password_length=1, path="\\\\a.much.longer.name\\public")
    expected, _ = message(
        (Command.SESSION_SETUP_ANDX, setup), (Command.TREE_CONNECT_ANDX, longer), (Command.OPEN_ANDX, opened)
    )
    assert rebuilt(data, head, {1: longer}) == expected
    with pytest.raises(DecodeError, match="cannot be read"):
        rebuilt(data, head, {3: longer})
    assert with_changes(data, head, {3: longer}, "cp850") == data
    assert with_changes(data, head, {}, "cp850") == data


def test_what_follows_must_be_known() -> None:
    connect = tree.TreeConnectAndxRequest(password_length=1, path="\\\\OLD\\C$")
    data, head = message(
        (Command.TREE_CONNECT_ANDX, connect), (Command.QUERY_SERVER, tree.TreeDisconnectRequest())
    )
    with pytest.raises(DecodeError, match="not known"):
        rebuilt(data, head, {0: connect})


# -- names ---------------------------------------------------------------------------------------------------


def live() -> Live:
    one = Live.__new__(Live)
    one.sign_in = SignIn.__new__(SignIn)
    one.sign_in.security_mode, one.sign_in.challenge = 3, bytes(8)
    one.encoding = "cp850"
    one.resumed = {}
    return one


RENAMING = Renaming(Place("new", 445), ShareMap(["C$=public"]), Who("alice", "Secret123"))


def test_trees_are_called_by_the_server_here() -> None:
    data, head = message(
        (
            Command.TREE_CONNECT_ANDX,
            tree.TreeConnectAndxRequest(password_length=24, password=bytes(24), path="\\\\OLD\\C$"),
        )
    )
    body = RENAMING.changes(data, head, live())[0]
    assert isinstance(body, tree.TreeConnectAndxRequest)
    assert (body.path, body.password) == ("\\\\new\\public", b"\0")
    data, head = message(
        (Command.TREE_CONNECT, tree.TreeConnectRequest("\\\\OLD\\C$", "secret", "A:")), flags2=3
    )
    old = RENAMING.changes(data, head, live())[0]
    assert isinstance(old, tree.TreeConnectRequest)
    assert (old.path, old.password, old.service) == ("\\\\new\\public", "", "A:")


def test_a_share_may_have_a_password() -> None:
    one = live()
    one.sign_in.security_mode = 0
    data, head = message(
        (Command.TREE_CONNECT_ANDX, tree.TreeConnectAndxRequest(password_length=1, path="C$"))
    )
    body = RENAMING.changes(data, head, one)[0]
    assert isinstance(body, tree.TreeConnectAndxRequest)
    assert (body.path, body.password) == ("public", b"Secret123\0")


def test_referrals_are_asked_for_by_the_names_here() -> None:
    def renamed(name: str) -> str | None:
        request = trans.Transaction2Request(
            setup=b"\x10\0", parameters=GetDfsReferralRequest(3, name).encode(), max_data_count=100
        )
        data, head = message((Command.TRANSACTION2, request))
        found = RENAMING.changes(data, head, live())
        if not found:
            return None
        body = found[0]
        assert isinstance(body, trans.Transaction2Request)
        return GetDfsReferralRequest.decode(body.parameters).request_file_name

    assert renamed("\\OLD\\C$\\a\\b") == "\\new\\public\\a\\b"
    assert renamed("\\OLD") is None
    data, head = message((Command.TRANSACTION2, trans.Transaction2Request(setup=b"\x10\0", parameters=b"\3")))
    assert RENAMING.changes(data, head, live()) == {}


def test_a_search_goes_on_behind_the_entry_that_came_here() -> None:
    one = live()
    one.resumed[7] = (Entry(5, "old"), Entry(9, "new"))

    def resumed(sid: int, key: int, name: str) -> tuple[int, str] | None:
        parameters = trans2.FindNext2Request(sid, 1, 0x104, key, 0, name).encode()
        request = trans.Transaction2Request(setup=b"\2\0", parameters=parameters)
        data, head = message((Command.TRANSACTION2, request))
        body = RENAMING.changes(data, head, one).get(0)
        if body is None:
            return None
        assert isinstance(body, trans.Transaction2Request)
        found = trans2.FindNext2Request.decode(body.parameters)
        return found.resume_key, found.file_name

    assert resumed(7, 5, "old") == (9, "new")
    assert resumed(7, 3, "old") == (3, "new")
    assert resumed(7, 3, "else") is None
    assert resumed(8, 5, "old") is None


# -- listings, tokens, answers -------------------------------------------------------------------------------


def test_listings_that_cannot_be_read_have_no_end() -> None:
    assert last_entry(0x104, b"", 0, False, True) is None
    assert last_entry(0x104, b"x" * 20, 0, False, True) is None
    assert last_entry(1, b"x" * 10, 50, True, True) is None
    oem = bytes(22) + b"\5a.txt\0"
    assert last_entry(1, oem, 0, False, False) == Entry(0, "a.txt")


def test_keys_of_searches_go_by_names() -> None:
    def entry(number: int, name: bytes) -> bytes:
        return search.SearchEntry(bytes([number]) * 21, 0, 0, 0, 0, name).encode()

    found = dict(search_keys(entry(1, b"A") + entry(2, b"B"), entry(8, b"B") + entry(9, b"C")))
    assert found == {b"\2" * 17: b"\x08" * 17} | {b"\2" * 17: b"\x08" * 17}
    assert list(search_keys(b"", entry(1, b"A"))) == []


def test_groups_of_associations_are_those_of_the_server_here() -> None:
    tokens = Tokens()
    ack = pdus.pdu(12, 1, struct.pack("<HHI", 4280, 4280, 0x1111) + bytes(40))
    here = pdus.pdu(12, 1, struct.pack("<HHI", 4280, 4280, 0x2222) + bytes(40))
    tokens.learn_pdus(ack, here)
    write, head = message((Command.WRITE_ANDX, files.WriteAndxRequest(1, data=pdus.bind(0x1111))))
    assert pdus.bind(0x2222) in tokens.replaced(write, head)
    other, head = message((Command.WRITE_ANDX, files.WriteAndxRequest(1, data=pdus.bind(0x3333))))
    assert tokens.replaced(other, head) == other
    tokens.learn_pdus(b"no pdu", here)
    tokens.learn_pdus(ack, pdus.pdu(3, 1, bytes(20)))


def test_verifiers_are_cut_off() -> None:
    stub = struct.pack("<IHH", 6, 0, 15) + b"stub!!"
    trailer = struct.pack("<BBBBI", 10, 5, 2, 0, 0) + b"V" * 16
    signed = bytearray(pdus.pdu(0, 2, stub + b"\0\0" + trailer))
    struct.pack_into("<H", signed, 10, 16)
    plain = without_verifier(bytes(signed))
    assert plain == pdus.pdu(0, 2, stub)
    assert without_verifier(pdus.pdu(0, 2, stub)) is None
    assert without_verifier(b"\5\0") is None
    sealed = bytes(signed).replace(b"\x0a\x05\x02", b"\x0a\x06\x02")
    with pytest.raises(Refused, match=SEALED):
        without_verifier(sealed)
    with pytest.raises(Refused, match="last step"):
        without_verifier(sealed[:2] + b"\x10" + sealed[3:])
    assert LAST_STEP.startswith("it is the last step")
    assert without_verifier(sealed[:2] + b"\x02" + sealed[3:]) is None
    assert without_verifier(bytes(signed[:10]) + b"\xff\0" + bytes(signed[12:])) is None
    much = bytes(signed).replace(b"\x0a\x05\x02", b"\x0a\x05\xff")
    assert without_verifier(much) is None


def test_when_an_answer_is_whole() -> None:
    def piece(at: int, size: int) -> bytes:
        body = trans.TransactionResponse(
            data=bytes(size), total_parameter_count=0, total_data_count=10, data_displacement=at
        )
        return header(0x32).encode() + b"".join(body.encode(32))

    assert not is_whole(trans.TransactionResponse, [piece(0, 4)])
    assert is_whole(trans.TransactionResponse, [piece(0, 4), piece(4, 6)])
    error = header(0x32).encode()[:5] + b"\x22\0\0\xc0" + header(0x32).encode()[9:] + b"\0\0\0"
    assert is_whole(trans.TransactionResponse, [error])
    interim = header(0x32).encode() + b"\0\0\0"
    sent = Sent(None, b"", header(0x32), answers=[interim])
    assert sent.interim
    assert not sent.complete
    assert sent.awaits(1)
    assert not Sent(None, b"", header(0x32), dead="gone").awaits(0)
    assert is_whole(trans.TransactionResponse, [interim, piece(0, 10)])
