"""A client that speaks the documented exchange as it was published, and says in plain words what it does."""

import struct
from collections.abc import Callable
from typing import Final

from fakesmb.address import Place
from fakesmb.nt.files import Attribute
from fakesmb.nt.status import NT
from fakesmb.replay import pipe_calls, xp
from fakesmb.replay.conversation import PROGRAM_PID, Answer, Conversation, Otherwise, good
from fakesmb.replay.entry import Entry
from fakesmb.replay.line import Line
from fakesmb.replay.narrator import Narrator
from fakesmb.replay.places import Who
from fakesmb.wire import dfs, files, session, trans, trans2, tree
from fakesmb.wire.codec import DecodeError, Structure
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.find_info import Listed, read_entries
from fakesmb.wire.header import Flags2
from fakesmb.wire.info import LevelContext
from fakesmb.wire.trans2 import FindFlag, Trans2
from fakesmb.world import World

IPC: Final = "IPC$"
PIPE: Final = "\\srvsvc"
FIRST_FID: Final = 0x4000
ATTRIBUTE_INFO: Final = 0x0105
BASIC_INFO: Final = (0x0101, 1004)
"""The level of servers that know no native information classes, and of those that do."""
STANDARD_INFO: Final = (0x0102, 1005)
BOTH_DIRECTORY_INFO: Final = 0x0104
LEAVE_TIME_ALONE: Final = 0xFFFFFFFF
MOST_LISTINGS: Final = 64
"""FIND_NEXT2 requests: a folder that has more is not the demo's to show."""


class Demo:
    """The documented exchange, from Negotiate to Logoff. `run` raises `LineError` and `Otherwise`."""

    def __init__(
        self,
        place: Place,
        who: Who,
        share: str = "c$",
        *,
        say: Callable[[str], None],
        pace: float = 0.0,
        timeout: float = 10.0,
        world: World | None = None,
    ) -> None:
        """`say` is given lines for people; `pace` are seconds before each request."""
        self.place = place
        self.who = who if who.domain or not who.name else Who(who.name, who.password, xp.PUBLISHED_NAME)
        self.share = share
        self._narrator = Narrator(say)
        self._tell = self._narrator.tell
        self._talk = Conversation(Line(place, timeout), self._narrator.message, pace)
        self._entry = Entry(self._talk, self.who, self._narrator, World() if world is None else world)
        self._tid = self._ipc = 0

    def run(self) -> None:
        """All steps, in the published order."""
        steps = (
            (self._entry.dialect, "The dialect"),
            (self._entry.sign_in, "The sign-in, frames 4 to 7 of the published trace"),
            (self._connect_ipc, "The share of the pipes, frames 8 and 9"),
            (self._pipe, "A pipe, frames 10 to 19"),
            (self._pipe_again, "The same again, frames 20 to 29"),
            (self._referral, "Is it a DFS namespace? Frames 34 to 37"),
            (self._connect_share, "The share itself"),
            (self._look, "What is on it"),
            (self._leave, "The end"),
        )
        try:
            for number, (step, title) in enumerate(steps, 1):
                self._narrator.title(f"{number}. {title}")
                step()
                self._narrator.end()
        finally:
            self._talk.line.close()

    # -- steps -----------------------------------------------------------------------------------------------

    def _connect(self, share: str) -> Answer:
        unc = f"\\\\{self.place.host}\\{share}"
        request = tree.TreeConnectAndxRequest(
            flags=tree.TreeConnectFlag.EXTENDED_RESPONSE, password_length=1, path=unc
        )
        answer = self._talk.ask(Command.TREE_CONNECT_ANDX, request)
        return good(answer, f"the connection to {unc}")

    def _connect_ipc(self) -> None:
        self._tell(
            'IPC$ is no folder: its "files" are pipes, to programs of the server. '
            'Service ????? means "whatever kind of share that is".'
        )
        self._ipc = self._connect(IPC).header.tid
        self._tell(f"It is of the service IPC, and has the TID 0x{self._ipc:04X}.")

    def _pipe(self) -> None:
        self._tell(
            "srvsvc is the service that knows of shares and sessions. Its pipe is opened as a file is."
        )
        fid = self._open_pipe(FIRST_FID)
        self._tell(
            '72 bytes go into the pipe: a DCE/RPC bind, "I want to talk to srvsvc, version 3". In answers to '
            "Write and Close the analyser shows FID 0x0000: they carry none, the MID says what they answer."
        )
        self._write(fid, pipe_calls.BIND)
        self._tell(
            "The answer waits in the pipe, so the client reads: up to 1024 bytes, offset 0 as pipes have none."
        )
        self._read_pipe(fid)
        self._tell(
            '"What kind of server are you?" A transaction writes the call and reads the response in one go.'
        )
        self._call(fid, pipe_calls.server_get_info(self.place.host))
        self._close(fid, IPC, self._ipc, PIPE)

    def _pipe_again(self) -> None:
        fid = self._open_pipe(FIRST_FID + 1)
        self._write(fid, pipe_calls.BIND)
        self._read_pipe(fid)
        self._tell(f"This time it asks about one share, {self.share}.")
        self._call(fid, pipe_calls.share_get_info(self.place.host, self.share))
        self._close(fid, IPC, self._ipc, PIPE)

    def _referral(self) -> None:
        self._tell(
            f"Before it connects to {self.share}, an XP asks whether that is a DFS namespace, whose folders may lie on "
            "other servers. It connects to IPC$ once more for that."
        )
        tid = self._connect(IPC).header.tid
        request = dfs.GetDfsReferralRequest(3, f"\\{self.place.host}\\{self.share}")
        answer = self._trans2(Trans2.GET_DFS_REFERRAL, request, tid=tid, on=IPC, parameters_most=0)
        if answer.header.status == NT.NO_SUCH_DEVICE:
            self._tell(
                "STATUS_NO_SUCH_DEVICE: it is none, so the client connects directly. That is the usual answer and no "
                "failure. The analyser says Open2, which is 0: a refusal carries no subcommand."
            )
        elif answer.failed:
            self._tell(
                f"{answer.status} instead of STATUS_NO_SUCH_DEVICE: other words for the same, it is no DFS namespace. "
                "The client connects directly."
            )
        else:
            self._tell(
                "It is one, other than in the published trace. The client connects directly all the same."
            )

    def _connect_share(self) -> None:
        self._tid = self._connect(self.share).header.tid
        self._tell(f"{self.share} is a share of files, service A:. TID 0x{self._tid:04X} stands for it.")

    def _look(self) -> None:
        self._tell("What can this volume do?")
        volume = self._trans2(
            Trans2.QUERY_FS_INFORMATION, trans2.QueryFsInformationRequest(ATTRIBUTE_INFO), most=560
        )
        good(volume, "the question about the volume")
        self._tell("What is its root: a folder, and of when?")
        root = trans2.QueryPathInformationRequest(BASIC_INFO[self._entry.passthrough], 0, "")
        good(self._trans2(Trans2.QUERY_PATH_INFORMATION, root, most=40, parameters_most=2), "the root")
        self._tell("What is in it? A search gives as many names as fit into an answer.")
        listed = self._search()
        one = next((entry for entry in listed if not entry.attributes & Attribute.DIRECTORY), None)
        self._tell(f"{_entries(len(listed))}: {_some([entry.name for entry in listed])}.")
        if one is None:
            self._tell("There is no file among them that could be read.")
        else:
            self._read(one)

    def _search(self) -> list[Listed]:
        flags = FindFlag.CLOSE_AT_END | FindFlag.RETURN_RESUME_KEYS
        first = trans2.FindFirst2Request(0x16, xp.MOST_ENTRIES, flags, BOTH_DIRECTORY_INFO, 0, "\\*")
        answer = self._trans2(Trans2.FIND_FIRST2, first, most=16384, parameters_most=10)
        found = good(answer, "the search").transaction()
        try:
            head = trans2.FindFirst2Response.decode(bytes(found.parameters))
            listed = read_entries(BOTH_DIRECTORY_INFO, found.data, LevelContext())
            end, sid = head.end_of_search, head.sid
            for _ in range(MOST_LISTINGS):
                if end or not listed:
                    break
                last = listed[-1]
                following = trans2.FindNext2Request(
                    sid, xp.MOST_ENTRIES, BOTH_DIRECTORY_INFO, last.key, flags, last.name
                )
                answer = self._trans2(Trans2.FIND_NEXT2, following, most=16384, parameters_most=8)
                found = good(answer, "going on with the search").transaction()
                end = trans2.FindNext2Response.decode(bytes(found.parameters)).end_of_search
                listed += read_entries(BOTH_DIRECTORY_INFO, found.data, LevelContext())
        except DecodeError as error:
            raise Otherwise(f"its list of files cannot be read: {error}") from None
        return [entry for entry in listed if entry.name not in (".", "..")]

    def _read(self, one: Listed) -> None:
        self._tell(f"{one.name} is opened, looked at, read and closed.")
        path, ask = f"\\{one.name}", self._talk.ask
        request = xp.create(path, xp.FILE_ACCESS, share=7, options=0x44)
        answer = ask(Command.NT_CREATE_ANDX, request, tid=self._tid, pid=PROGRAM_PID, share=self.share)
        fid = good(answer, f"opening {one.name}").body(files.NtCreateAndxResponse).fid
        query = trans2.QueryFileInformationRequest(fid, STANDARD_INFO[self._entry.passthrough])
        good(self._trans2(Trans2.QUERY_FILE_INFORMATION, query, most=24, parameters_most=2), "its size")
        size = xp.FILE_READ
        read = files.ReadAndxRequest(fid, max_count=size, min_count=size, remaining=size)
        answer = ask(Command.READ_ANDX, read, tid=self._tid, flags2=Flags2.PAGING_IO, share=self.share)
        if answer.header.status != NT.END_OF_FILE:
            good(answer, f"reading {one.name}")
        self._close(fid, self.share, self._tid, path)

    def _leave(self) -> None:
        self._tell("The client gives back the tree, and then the session.")
        ask = self._talk.ask
        good(ask(Command.TREE_DISCONNECT, tree.TreeDisconnectRequest(), tid=self._tid), "leaving the share")
        good(ask(Command.LOGOFF_ANDX, session.LogoffAndxRequest()), "the logoff")
        self._tell("Signed out. The connection closes.")

    # -- requests --------------------------------------------------------------------------------------------

    def _open_pipe(self, published: int) -> int:
        request = xp.create(PIPE, xp.PIPE_ACCESS, share=3, options=0x40)
        ask = self._talk.ask
        answer = ask(Command.NT_CREATE_ANDX, request, tid=self._ipc, pid=PROGRAM_PID, share=IPC)
        fid = good(answer, f"the pipe {PIPE}").body(files.NtCreateAndxResponse).fid
        other = "" if fid == published else f" (0x{published:04X} in the published trace)"
        self._tell(f"The server calls this open FID 0x{fid:04X}{other}.")
        return fid

    def _write(self, fid: int, pdu: bytes) -> None:
        request = files.WriteAndxRequest(
            fid,
            timeout=0xFFFFFFFF,
            write_mode=files.WriteMode.MESSAGE_START,
            remaining=len(pdu),
            data=pdu,
        )
        ask = self._talk.ask
        answer = ask(Command.WRITE_ANDX, request, tid=self._ipc, pid=PROGRAM_PID, share=IPC, path=PIPE)
        good(answer, "the bind")

    def _read_pipe(self, fid: int) -> None:
        size = xp.PIPE_READ
        request = files.ReadAndxRequest(
            fid, max_count=size, min_count=size, timeout=0xFFFFFFFF, remaining=size
        )
        ask = self._talk.ask
        answer = ask(Command.READ_ANDX, request, tid=self._ipc, pid=PROGRAM_PID, share=IPC, path=PIPE)
        pdu = bytes(good(answer, "reading the pipe").body(files.ReadAndxResponse).data)
        if not pipe_calls.accepts(pdu):
            raise Otherwise("srvsvc does not accept the bind")

    def _call(self, fid: int, pdu: bytes) -> None:
        request = trans.TransactionRequest(
            name="\\PIPE\\",
            setup=struct.pack("<HH", PipeFunction.TRANSACT_NMPIPE, fid),
            data=pdu,
            max_data_count=xp.PIPE_READ,
        )
        ask = self._talk.ask
        answer = ask(Command.TRANSACTION, request, tid=self._ipc, pid=PROGRAM_PID, share=IPC, path=PIPE)
        self._tell(pipe_calls.told(bytes(good(answer, "the call of srvsvc").transaction().data)))

    def _close(self, fid: int, share: str, tid: int, path: str) -> None:
        request = files.CloseRequest(fid, LEAVE_TIME_ALONE)
        good(self._talk.ask(Command.CLOSE, request, tid=tid, share=share, path=path), f"closing {path}")

    def _trans2(
        self,
        subcommand: int,
        parameters: Structure,
        *,
        tid: int | None = None,
        on: str | None = None,
        most: int = xp.FILE_READ,
        parameters_most: int = 0,
    ) -> Answer:
        request = trans.Transaction2Request(
            setup=struct.pack("<H", subcommand),
            parameters=parameters.encode(unicode=True),
            max_parameter_count=parameters_most,
            max_data_count=most,
        )
        return self._talk.ask(
            Command.TRANSACTION2,
            request,
            tid=self._tid if tid is None else tid,
            pid=PROGRAM_PID,
            share=self.share if on is None else on,
        )


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _some(names: list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most]) or "none"
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
