"""Every command's request and reply as fields, in all its forms: golden bytes, and what bytes may lie about."""

import re
from typing import Any

import msgspec
import pytest

from fakesmb.record.events import Exchanged, Shown
from fakesmb.trace import otherlayouts, transactionwords
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.sections import command_section, subcommand_section
from fakesmb.trace.specnames import spec_name
from fakesmb.trace.trees import as_json, trees
from fakesmb.wire import (
    dirs,
    files,
    locking,
    messages,
    negotiate,
    nt_trans,
    pipes,
    printing,
    session,
    trans,
    trans2,
    tree,
)
from fakesmb.wire.codec import Body, Empty, layout_of
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX, Flags2
from fakesmb.wire.locking import LockRange, LockType, oplock_break
from fakesmb.wire.names import COMMANDS, SUBCOMMANDS
from fakesmb.wire.session import SESSION_SETUP_FORMS
from fuzz import captures
from fuzz import messages as fuzzing
from fuzz.values import Dice
from tests.record.test_dissect import exchange, message
from tests.trace.treechecks import check, everything, found, leaves, names
from tests.wire import test_golden, test_trans, test_transactions
from tests.wire.wire_blocks import octets

GOLDEN = [(value, octets(golden), True) for value, golden in test_golden.UNICODE]
GOLDEN += [
    (value, octets(golden), False)
    for value, golden in test_golden.OEM
    if not isinstance(
        value, session.SessionSetupLanmanResponse
    )  # read as the form with names, which are empty
]
ENVELOPES = [(value, octets(golden), True) for value, golden in test_trans.GOLDEN]
BY_ID: Any = lambda one: type(one).__name__ if isinstance(one, Body) else ""  # noqa: E731


PARAMETERS = ("Trans2_Parameters", "NT_Trans_Parameters")
UNDOCUMENTED = (
    session.SessionSetupLanmanRequest,
    negotiate.NegotiateLanmanResponse,
    tree.TreeConnectAndxLanmanResponse,
)
"""Forms of LAN Manager, which [MS-CIFS] mentions at most: they are told by their command's section."""


def code_of(cls: type[Body]) -> tuple[int, bool]:
    """A command that has such a structure, and whether it asks."""
    for code, form in otherlayouts.REQUESTS.items():
        if form is cls:
            return code, True
    if cls in SESSION_SETUP_FORMS.values():
        return Command.SESSION_SETUP_ANDX, True
    for code, forms in messages.RESPONSES.items():
        if cls in forms.values():
            return code, False
    assert cls.__name__ == "NegotiateExtendedResponse"
    return Command.NEGOTIATE, False


def tree_of(data: bytes, request: bool, **more: Any) -> Tree:
    """The whole tree of a message."""
    shown = Shown.REQUEST if request else Shown.REPLY
    one = exchange(data if request else b"", b"" if request else data, shown=shown, **more)
    (told,) = trees(one, secrets=True)
    check(told)
    msgspec.json.encode(as_json(told))
    return told


def golden_message(cls: type[Body], raw: bytes, unicode: bool) -> tuple[bytes, bool]:
    """A message whose block is these bytes."""
    code, asks = code_of(cls)
    flags2 = Flags2.NT_STATUS | (Flags2.UNICODE if unicode else 0)
    head = message(code, Empty(), reply=not asks, flags2=flags2)[:HEADER_SIZE]
    return head + raw, asks


def shown_value(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, (bytes, bytearray, memoryview)) else value


class TestGoldenBytes:
    @pytest.mark.parametrize(("value", "raw", "unicode"), GOLDEN, ids=BY_ID)
    def test_every_field_has_its_value_under_its_name(self, value: Any, raw: bytes, unicode: bool) -> None:
        cls: Any = type(value)
        data, asks = golden_message(cls, raw, unicode)
        told = tree_of(data, asks)
        assert not told.problem
        by_name: dict[str, Field] = {}
        for one in everything(told.fields[1].fields):
            by_name.setdefault(one.name, one)
        if not hasattr(value, "security_blob"):
            assert not [one for one in leaves(told.fields) if one.name == "Unread"]
        for name in layout_of(cls).names:
            expected = shown_value(getattr(value, name))
            if isinstance(expected, tuple) or name == "pad" or expected in ("", b""):
                continue
            if name in ("security_blob", "payload") or (name, expected) == ("name_length", 0):
                continue  # a group of its own, or filled in on encoding
            one = by_name[spec_name(name, cls)]
            assert one.value == expected or one.fields, name

    @pytest.mark.parametrize(("value", "raw", "unicode"), ENVELOPES, ids=BY_ID)
    def test_the_words_of_transactions_are_named(self, value: Any, raw: bytes, unicode: bool) -> None:
        data, asks = golden_message(type(value), raw, unicode)
        told = tree_of(data, asks)
        assert not told.problem
        for field, name in (
            ("total_parameter_count", "TotalParameterCount"),
            ("total_data_count", "TotalDataCount"),
            ("max_data_count", "MaxDataCount"),
            ("data_displacement", "DataDisplacement"),
            ("timeout", "Timeout"),
            ("name", "Name"),
        ):
            expected = getattr(value, field, None)
            if expected:
                assert found(told, name).value == expected
        for part, ending in ((value.parameters, "_Parameters"), (value.data, "_Data")):
            if len(part):
                (one,) = [
                    one
                    for one in everything(told.fields)
                    if one.name.endswith(ending) and one.name[0] in "TN"
                ]
                assert told.buffers[0][one.at : one.at + one.size] == bytes(part)

    @pytest.mark.parametrize(("value", "raw", "unicode"), [*GOLDEN, *ENVELOPES], ids=BY_ID)
    def test_no_byte_of_them_can_be_changed_into_a_traceback(
        self, value: Any, raw: bytes, unicode: bool
    ) -> None:
        data, asks = golden_message(type(value), raw, unicode)
        for at in range(HEADER_SIZE, min(len(data), 120)):
            byte = (0, 0xFF, data[at] ^ 1)[at % 3]
            tree_of(data[:at] + bytes((byte,)) + data[at + 1 :], asks)


class TestSections:
    def test_every_command_and_form_has_one(self) -> None:
        for code in COMMANDS:
            for request in (True, False):
                assert command_section(code, None, is_request=request).startswith("[MS-CIFS] 2.2.4.")
        assert command_section(0x99, None, is_request=True) == ""

    def test_so_has_every_subcommand(self) -> None:
        for command, table in SUBCOMMANDS.items():
            for code in table:
                for request in (True, False):
                    section = subcommand_section(command, code, is_request=request)
                    assert re.fullmatch(r"\[MS-(CIFS|SMB)\] 2\.2\.[\d.]+\d", section)
        assert subcommand_section(Command.TRANSACTION2, 0x77, is_request=True) == ""

    def test_mailslots_have_their_own(self) -> None:
        told = tree_of(
            transaction(Command.TRANSACTION, name="\\MAILSLOT\\a", setup=b"\1\0\0\0\2\0", data=b"hello"), True
        )
        assert found(told, "Trans_Data").section == "[MS-CIFS] 2.2.5.12"

    def test_forms_of_other_documents_are_there(self) -> None:
        section = command_section(
            Command.SESSION_SETUP_ANDX, session.SessionSetupExtendedRequest, is_request=True
        )
        assert section == "[MS-SMB] 2.2.4.6.1"

    @pytest.mark.parametrize(("value", "raw", "unicode"), GOLDEN, ids=BY_ID)
    def test_it_is_that_of_the_structures_docstring(self, value: Any, raw: bytes, unicode: bool) -> None:
        data, asks = golden_message(type(value), raw, unicode)
        section = tree_of(data, asks).fields[1].section
        text = " ".join(f"{cls.__doc__}" for cls in type(value).__mro__ if issubclass(cls, Body))
        number = section.split()[1].rpartition(".")[0]
        assert number in text or type(value) in UNDOCUMENTED


class TestFormsAndChains:
    def test_a_chain_has_a_group_for_each_command(self) -> None:
        data = message(
            Command.LOCKING_ANDX,
            locking.LockingAndxRequest(
                fid=1, type_of_lock=LockType.LARGE_FILES, locks=(LockRange(7, 1 << 33, 5),)
            ),
            files.WriteAndxRequest(fid=1, data=b"hello"),
            files.CloseRequest(1),
            codes=(Command.WRITE_ANDX, Command.CLOSE),
        )
        told = tree_of(data, True)
        commands = [one for one in told.fields if one.name.startswith("SMB_COM")]
        assert [one.name for one in commands] == [
            "SMB_COM_LOCKING_ANDX",
            "SMB_COM_WRITE_ANDX",
            "SMB_COM_CLOSE",
        ]
        assert found(told, "AndXCommand").meaning == "SMB_COM_WRITE_ANDX"
        (lock,) = [one for one in everything(told.fields) if one.name == "LOCKING_ANDX_RANGE64"]
        assert lock.meaning == f"lock 5 bytes at {1 << 33}"
        assert not told.problem

    def test_data_behind_the_next_command_have_their_place(self) -> None:
        """Nothing says that a payload lies before the next command of its chain."""
        data = bytearray(
            message(
                Command.WRITE_ANDX,
                files.WriteAndxRequest(fid=1, data=b"hello"),
                files.CloseRequest(1),
                codes=(Command.CLOSE,),
            )
        )
        data[55:57] = len(data).to_bytes(2, "little")
        told = tree_of(bytes(data) + b"hello", True)
        assert told.fields[-1].name == "Data"
        assert told.fields[-1].value == b"hello".hex()

    @pytest.mark.parametrize(
        ("offset", "problem"),
        [(32, "does not lead forward"), (0x7000, "leads out of the message"), (34, "")],
    )
    def test_an_offset_that_lies_is_told(self, offset: int, problem: str) -> None:
        data = bytearray(message(Command.LOGOFF_ANDX, session.LogoffAndxRequest()))
        data[33:37] = bytes((Command.ECHO, 0)) + offset.to_bytes(2, "little")
        told = tree_of(bytes(data), True)
        assert problem in told.problem

    def test_a_chain_without_end_is_told_up_to_a_bound(self) -> None:
        block = b""
        for index in range(40):
            at = HEADER_SIZE + 7 * (index + 1)
            block += bytes((2, Command.LOGOFF_ANDX, 0)) + at.to_bytes(2, "little") + b"\0\0"
        head = message(Command.LOGOFF_ANDX, session.LogoffAndxRequest())[:HEADER_SIZE]
        assert "more than 32" in tree_of(head + block, True).problem

    def test_an_extended_create_answer_has_fifty_words(self) -> None:
        body = files.NtCreateAndxExtendedResponse(fid=0x4000, file_id=7, maximal_access_rights=0x1F01FF)
        told = tree_of(message(Command.NT_CREATE_ANDX, body, reply=True), False)
        assert found(told, "WordCount").value == 42
        assert found(told, "MaximalAccessRights").meaning == "FILE_ALL_ACCESS"
        assert found(told, "ByteCount").value == 0
        assert not told.problem

    def test_an_oplock_break_is_a_request_of_the_server(self) -> None:
        told = tree_of(oplock_break(1, 0x4000, 1), False)
        assert found(told, "TypeOfLock").meaning == "OPLOCK_RELEASE"
        assert any("The server asks" in one for one in told.notes)

    def test_a_bare_status_has_its_counts_and_no_more(self) -> None:
        told = tree_of(
            message(Command.CLOSE, Empty(), reply=True, status=0xC0000008), False, status=0xC0000008
        )
        assert names(told.fields[1].fields) == ["WordCount", "ByteCount"]

    def test_a_status_of_dos_has_a_class_and_a_code(self) -> None:
        data = message(Command.CLOSE, Empty(), reply=True, status=0x00060001, flags2=0)
        told = tree_of(data, False, status=0xC0000008)
        assert [(one.name, one.value, one.meaning) for one in found(told, "Status").fields] == [
            ("ErrorClass", 1, "ERRDOS"),
            ("Reserved", 0, ""),
            ("ErrorCode", 6, "ERRbadfid"),
        ]
        assert found(told, "Status").meaning == (
            "ERRDOS, ERRbadfid: as NT status STATUS_INVALID_HANDLE (0xC0000008)"
        )
        foreign = tree_of(data, False, status=0x00060001)
        assert found(foreign, "Status").meaning == "ERRDOS, ERRbadfid"

    def test_no_error_of_dos_is_success(self) -> None:
        data = message(Command.CLOSE, Empty(), reply=True, flags2=0)
        assert found(tree_of(data, False), "Status").meaning == "SUCCESS"

    def test_codes_of_dos_without_a_name_are_numbers(self) -> None:
        data = message(Command.CLOSE, Empty(), reply=True, status=0x01070009, flags2=0)
        assert found(tree_of(data, False), "Status").meaning == "0x09, 263"

    @pytest.mark.parametrize("count", [3, 5, 9, 200])
    def test_a_form_that_no_command_has_is_unread(self, count: int) -> None:
        for code in (Command.TREE_CONNECT, Command.OPEN_ANDX, Command.NEGOTIATE, 0x99):
            for request in (True, False):
                head = message(code, Empty(), reply=not request)[:HEADER_SIZE]
                told = tree_of(head + bytes((count,)) + bytes(2 * count) + b"\3\0abc", request)
                assert told.problem

    @pytest.mark.parametrize("code", sorted(otherlayouts.REQUESTS))
    def test_a_request_without_its_words_is_told(self, code: int) -> None:
        head = message(code, Empty())[:HEADER_SIZE]
        for rest in (b"\0\3\0abc", b"\1\0\0\3\0abc", b"\0\0\0", b"\0"):
            told = tree_of(head + rest, True)
            assert "Error" not in told.problem

    def test_the_names_of_a_servers_answer_follow_its_capabilities(self) -> None:
        """[MS-SMB] 2.2.4.5.2.2: in Unicode if the server knows it, whatever Flags2 say."""
        body = negotiate.NegotiateNtResponse(
            dialect_index=0,
            capabilities=negotiate.Capability.UNICODE,
            challenge=bytes(8),
            domain_name="GROUP",
            server_name="SERVER",
        )
        told = tree_of(message(Command.NEGOTIATE, body, reply=True, flags2=0), False)
        assert found(told, "DomainName").value == "GROUP"
        assert found(told, "ServerName").value == "SERVER"

    def test_samba_adds_a_domain(self) -> None:
        body = session.SessionSetupExtendedResponse(native_os="Unix", native_lan_man="Samba")
        data = bytearray(message(Command.SESSION_SETUP_ANDX, body, reply=True))
        extra = "GROUP\0".encode("utf-16-le")
        data[41:43] = (int.from_bytes(data[41:43], "little") + len(extra)).to_bytes(2, "little")
        assert found(tree_of(bytes(data) + extra, False), "PrimaryDomain").value == "GROUP"

    def test_a_write_to_a_pipe_in_raw_mode_begins_with_the_length_of_the_whole(self) -> None:
        mode = files.WriteMode.RAW | files.WriteMode.MESSAGE_START
        body = files.WriteAndxRequest(fid=1, write_mode=mode, data=b"\5\0hello")
        told = tree_of(message(Command.WRITE_ANDX, body), True, share="IPC$")
        assert found(told, "MessageLength").value == 5

    def test_controls_of_devices_have_their_blocks(self) -> None:
        body = files.IoctlRequest(
            1, 0x53, 0x60, parameter_count=2, parameter_offset=64, data_count=3, data_offset=68
        )
        head = message(Command.IOCTL, body)
        data = bytearray(head[:63] + b"\0ab\0\0xyz")
        told = tree_of(bytes(data), True)
        assert (found(told, "Parameters").value, found(told, "Data").value) == (b"ab".hex(), b"xyz".hex())

    @pytest.mark.parametrize(
        ("code", "body", "reply"),
        [
            (Command.READ_MPX, otherlayouts.ReadMpxResponse(0, 3, 0, 0, 0, 3, 52, b"\0abc"), True),
            (Command.OPEN_PRINT_FILE, printing.OpenPrintFileRequest(0, 1, "job"), False),
            (Command.WRITE_PRINT_FILE, printing.WritePrintFileRequest(1, b"page"), False),
            (Command.IOCTL, printing.IoctlResponse(0, 0, 0, 0, 0, 0, 0, 0), True),
            (Command.MOVE, dirs.CopyRequest(1, 0, 0, "a", "b"), False),
        ],
        ids=lambda value: value.name if isinstance(value, Command) else "",
    )
    def test_commands_that_only_others_speak(self, code: int, body: Body, reply: bool) -> None:
        told = tree_of(message(code, body, reply=reply), not reply)
        assert not told.problem
        assert not [one for one in leaves(told.fields) if one.name == "Unread"]


def transaction(command: int, **fields: Any) -> bytes:
    kinds: dict[int, type[Any]] = {
        Command.TRANSACTION: trans.TransactionRequest,
        Command.TRANSACTION2: trans.Transaction2Request,
        Command.NT_TRANSACT: trans.NtTransactRequest,
    }
    return message(command, kinds[command](**fields))


def answered(command: int, request: bytes, **fields: Any) -> Exchanged:
    cls = trans.NtTransactResponse if command == Command.NT_TRANSACT else trans.TransactionResponse
    return exchange(request, message(command, cls(**fields), reply=True), shown=Shown.REPLY)


class TestTransactions:
    @pytest.mark.parametrize(
        ("value", "raw"), [(value, octets(golden)) for value, golden in test_transactions.BLOCKS], ids=BY_ID
    )
    def test_parameters_of_every_subcommand(self, value: Any, raw: bytes) -> None:
        cls = type(value)
        for command, requests, responses in (
            (Command.TRANSACTION2, trans2.TRANS2_REQUESTS, trans2.TRANS2_RESPONSES),
            (Command.NT_TRANSACT, nt_trans.NT_TRANSACT_REQUESTS, nt_trans.NT_TRANSACT_RESPONSES),
        ):
            for code, form in requests.items():
                if form is cls:
                    self._check(value, self._asked(command, code, raw))
            for code, form in responses.items():
                if issubclass(cls, form):
                    request = self._asked(command, code, b"")
                    self._check(value, answered(command, request.request, parameters=raw))

    def _asked(self, command: int, code: int, parameters: bytes) -> Exchanged:
        fields: dict[str, Any] = {"parameters": parameters}
        if command == Command.NT_TRANSACT:
            fields["function"] = code
        else:
            fields["setup"] = code.to_bytes(2, "little")
        return exchange(transaction(command, **fields), shown=Shown.REQUEST)

    def _check(self, value: Any, one: Exchanged) -> None:
        (told,) = trees(one)
        check(told)
        assert not told.problem
        parameters = next(
            field
            for field in everything(told.fields)
            if field.name.endswith("_Parameters") and field.name[0] in "TN"
        )
        assert parameters.section
        by_name = {field.name: field for field in everything([parameters])}
        cls: Any = type(value)
        for name in layout_of(cls).names:
            assert by_name[spec_name(name, cls)].value == shown_value(getattr(value, name))

    def test_levels_have_their_names(self) -> None:
        one = self._asked(Command.TRANSACTION2, trans2.Trans2.QUERY_FS_INFORMATION, b"\5\1")
        (told,) = trees(one)
        assert found(told, "InformationLevel").meaning == "SMB_QUERY_FS_ATTRIBUTE_INFO"
        assert found(told, "Subcommand").meaning == "TRANS2_QUERY_FS_INFORMATION"

    def test_setups_of_nt_transact(self) -> None:
        setup = nt_trans.NotifySetup(0x17, 0x4000, 1).encode()
        data = transaction(Command.NT_TRANSACT, function=nt_trans.NtTransact.NOTIFY_CHANGE, setup=setup)
        told = tree_of(data, True)
        assert "FILE_NOTIFY_CHANGE_FILE_NAME" in found(told, "Setup", "CompletionFilter").meaning
        assert found(told, "Function").meaning == "NT_TRANSACT_NOTIFY_CHANGE"

    @pytest.mark.parametrize(
        ("name", "setup", "expected"),
        [
            ("\\PIPE\\", b"\x26\0\0\x40", ["Subcommand", "FID"]),
            ("\\PIPE\\a", b"\x53\0\0\0", ["Subcommand", "Priority"]),
            ("\\MAILSLOT\\a", b"\1\0\0\0\2\0", ["MailSlotOpcode", "Priority", "Class"]),
            ("\\PIPE\\", b"\x26\0", ["Setup"]),
        ],
    )
    def test_setups_of_pipes_and_mailslots(self, name: str, setup: bytes, expected: list[str]) -> None:
        told = tree_of(transaction(Command.TRANSACTION, name=name, setup=setup), True)
        assert names([found(told, "Setup")]) == expected
        assert found(told, "Name").value == name

    @pytest.mark.parametrize(
        ("function", "parameters", "data", "expected"),
        [
            (PipeFunction.QUERY_NMPIPE_STATE, pipes.PipeState(0x5FF).encode(), b"", "PipeState"),
            (PipeFunction.PEEK_NMPIPE, pipes.PeekResponse(1, 2, 3).encode(), b"ab", "MessageBytesLength"),
            (PipeFunction.WRITE_NMPIPE, pipes.WriteNmpipeResponse(4).encode(), b"", "BytesWritten"),
            (
                PipeFunction.QUERY_NMPIPE_INFO,
                b"",
                pipes.PipeInfo(1, 2, 3, 4, 4).encode() + b"\0" + "p\0".encode("utf-16-le"),
                "PipeName",
            ),
        ],
        ids=lambda value: value.name if isinstance(value, PipeFunction) else "",
    )
    def test_answers_of_pipe_functions(
        self, function: int, parameters: bytes, data: bytes, expected: str
    ) -> None:
        setup = function.to_bytes(2, "little") + b"\0\x40"
        request = transaction(Command.TRANSACTION, name="\\PIPE\\", setup=setup)
        (told,) = trees(answered(Command.TRANSACTION, request, parameters=parameters, data=data))
        check(told)
        assert found(told, expected)

    def test_a_piece_of_a_transaction_is_one_field(self) -> None:
        body = trans.Transaction2SecondaryRequest(
            parameters=b"abc", total_parameter_count=10, parameter_displacement=7
        )
        told = tree_of(message(Command.TRANSACTION2_SECONDARY, body), True)
        assert found(told, "Trans2_Parameters").value == b"abc".hex()
        assert found(told, "FID").value == 0xFFFF

    @pytest.mark.parametrize("at", [51, 53, 55, 57, 59])
    def test_counts_and_offsets_that_lie_are_told(self, at: int) -> None:
        data = bytearray(
            transaction(Command.TRANSACTION2, setup=b"\5\0", parameters=b"\1\1\0\0\0\0a\0\0\0", data=b"data")
        )
        data[at : at + 2] = b"\xf0\x7f"
        assert tree_of(bytes(data), True).problem

    def test_the_records_of_the_words_are_what_decodes(self) -> None:
        """`wire.trans` reads the words by one `struct` each; these have the same size, field by field."""
        for cls, size in (
            (transactionwords.TransactionWords, 28),
            (transactionwords.SecondaryWords, 16),
            (transactionwords.Secondary2Words, 18),
            (transactionwords.ResponseWords, 20),
            (transactionwords.NtWords, 38),
            (transactionwords.NtSecondaryWords, 36),
            (transactionwords.NtResponseWords, 36),
        ):
            assert cls.size() == size


class TestFuzzed:
    """Messages of the codec's own structures with something wrong in them, and those of the corpus."""

    @pytest.mark.parametrize("part", range(4))
    def test_each_byte_of_them_lies_in_one_field(self, part: int) -> None:
        dice, corpus = Dice(f"trees.{part}"), captures.corpus()
        for number in range(60):
            flags2 = 0xC803 if number % 3 else 0x4003
            for sent in fuzzing.messages(dice, flags2, corpus, pipes=number % 2 == 1):
                data = bytes(sent.data)
                reply = data[:9] + bytes((data[9] | 0x80,)) + data[10:] if len(data) > 10 else data
                one = exchange(data, reply, shown=Shown.BOTH, share="IPC$" if number % 2 else "public")
                for told in trees(one):
                    check(told)

    def test_recorded_requests_have_no_unread_bytes(self) -> None:
        for data in captures.corpus():
            told = tree_of(data, True)
            if not told.problem:
                assert [one for one in leaves(told.fields) if one.name == "Unread" and one.size > 16] == []


def test_no_command_at_all_ends_a_chain() -> None:
    data = message(Command.LOGOFF_ANDX, session.LogoffAndxRequest())
    assert data[33] == NO_ANDX
    assert found(tree_of(data, True), "AndXCommand").meaning == "no further command"
