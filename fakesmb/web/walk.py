"""The documented exchange, message by message: the frames of the published trace, and what a newcomer asks about each.

The published list has frames 4 to 29 and 34 to 37; what is before and behind them was told in words there.
"""

from collections.abc import Iterator
from typing import Final

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One message."""

    frame: str
    """Its number in the published trace, or where it belongs."""
    title: str
    text: str
    command: str
    reply: bool
    subcommand: str = ""


# [frames] command and subcommand; then the request (>) and the reply (<): title, colon, text, which may go on below.
_TEXT: Final = """
[1, 2] NEGOTIATE
> Negotiate: The client lists the dialects that it speaks, oldest first. The last one, `NT LM 0.12`, is what is
  called SMB1.
< The dialect: The server picks one by its place in the list, 5, counted from 0, and says what it can do:
  `Capabilities`. With extended security the sign-in will go by tokens.
[4, 5] SESSION_SETUP_ANDX
> NTLM NEGOTIATE MESSAGE: The sign-in begins. NTLM and not Kerberos, for the server was named by its address:
  Kerberos needs a name. The token says what the client can do; its flags are NegotiateFlags.
< NTLM CHALLENGE MESSAGE: Eight random bytes, `ServerChallenge`. The status is STATUS_MORE_PROCESSING_REQUIRED,
  which analysers show as `Error`: it only says that one more message is needed. The UID of the header is the
  session to be.
[6, 7] SESSION_SETUP_ANDX
> NTLM AUTHENTICATE MESSAGE: Name, domain, workstation, and the proof: the challenge, hashed with the password. The
  password is not in here, and fakesmb hides the proof all the same: with it passwords can be guessed.
< Signed in: Success: the UID of the header stands for the user until the logoff. It is in the table below from now
  on.
[8, 9] TREE_CONNECT_ANDX
> Tree Connect to IPC$: `Service = ?????` is no mistake: the client does not say which kind of share it expects, any
  will do.
< Service = IPC: It is the share of the pipes. The TID of the header stands for it.
[10, 11] NT_CREATE_ANDX
> The pipe \\srvsvc: A pipe is opened as a file is. Behind this one is the Server service, which knows shares and
  sessions.
< FID = 0x4000: The number of this open: reads, writes and the close name it. The first open of a Windows server has
  0x4000.
[12, 13] WRITE_ANDX
> A bind, 72 bytes: What is written to the pipe is DCE/RPC: a bind, which says that the interface srvsvc, version 3,
  is wanted. The published analyser could not read it and showed `MSRPC:Warning:`.
< FID = 0x0000, 72 bytes: All 72 bytes were taken. Replies to Write carry no FID: analysers show 0x0000, and the MID
  of the header says which request this answers.
[14, 15] READ_ANDX
> 1024 bytes at Offset 0: The answer waits in the pipe, so the client reads. A pipe has no places, so the offset is
  0.
< Bind Ack: The interface is there. Calls may follow.
[16, 17] TRANSACTION TRANS_TRANSACT_NMPIPE
> A call: One transaction writes the call and reads what comes back. The client asks what kind of server that is:
  NetrServerGetInfo.
< Its results: Name, version, kind of server and comment, in the encoding of DCE/RPC, NDR.
[18, 19] CLOSE
> Close, FID = 0x4000: The client is done with this open of the pipe.
< FID = 0x0000: Closed: the row of the FID is gone from the table. Again the 0x0000 is only the analyser's.
[20, 21] NT_CREATE_ANDX
> The pipe once more: XP opens the pipe anew for each question.
< FID = 0x4001: Another open has another number.
[22, 23] WRITE_ANDX
> Bind: As in frame 12: each open of a pipe is a conversation of its own.
< 72 bytes: As in frame 13.
[24, 25] READ_ANDX
> Read: As in frame 14.
< Bind Ack: As in frame 15.
[26, 27] TRANSACTION TRANS_TRANSACT_NMPIPE
> NetrShareGetInfo: Now it asks about the one share that it is to open.
< The share: Its name, kind and comment.
[28, 29] CLOSE
> Close, FID = 0x4001: Done with the pipe.
< Closed: Nothing is open now: look at the table.
[34, 35] TREE_CONNECT_ANDX
> IPC$ again: Another part of the client, which knows DFS, connects to IPC$ for itself.
< A second TID: The same share, connected twice: two rows in the table of TIDs.
[36, 37] TRANSACTION2 TRANS2_GET_DFS_REFERRAL
> Get DFS Referral: Is \\\\HOST\\c$ a DFS namespace, whose folders may lie on other servers? The client asks before it
  connects.
< STATUS_NO_SUCH_DEVICE: No: the client is to connect directly. It is the usual answer and no failure. The analyser
  says `Open2` as a refusal has no setup words, and subcommand 0 is Open2.
[behind 37] TREE_CONNECT_ANDX
> The share itself: Now the client connects to \\\\HOST\\c$.
< Service = A:: A disk. A third TID stands for it.
[behind 37] TRANSACTION2 TRANS2_QUERY_FS_INFORMATION
> About the volume: What can the file system do?
< Its attributes: Which names it takes, and what it is called: `NTFS`.
[behind 37] TRANSACTION2 TRANS2_QUERY_PATH_INFORMATION
> About the root: The root of the share, by its name, which is empty.
< Times and attributes: Times are in steps of 100 nanoseconds since 1601.
[behind 37] TRANSACTION2 TRANS2_FIND_FIRST2
> The names in it: A search: which names match `*`?
< The listing: As many entries as fit into the answer, each with its times, size and attributes.
[behind 37] NT_CREATE_ANDX
> Opening a file: The first file of the listing. DesiredAccess says what the client wants to do with it.
< Its FID: Files and pipes are counted together.
[behind 37] TRANSACTION2 TRANS2_QUERY_FILE_INFORMATION
> How long is it?: A question about an open file, by its FID.
< Its size: EndOfFile is the length, AllocationSize what it takes on the disk.
[behind 37] READ_ANDX
> Reading: Up to 4096 bytes from offset 0: the offset counts here.
< The data: As many bytes as the file has.
[behind 37] CLOSE
> Close: The client is done with the file.
< Closed: Its FID stands for nothing any more.
[the end] TREE_DISCONNECT
> Tree Disconnect: The client gives the share back.
< Disconnected: Its TID is gone from the table; those of IPC$ are still there.
[the end] LOGOFF_ANDX
> Logoff: And the session: with it ends all that its user still has open.
< Signed off: The UID stands for nobody any more. What is left in the table, the two connections to IPC$, ends with the
  TCP connection.
"""


def _steps(text: str) -> Iterator[Step]:
    frames, command, subcommand = [""], "", ""
    for line in text.strip().replace("\n  ", " ").splitlines():
        kind, rest = line[0], line[2:]
        if kind == "[":
            where, _, what = line[1:].partition("] ")
            frames = where.split(", ") * 2
            command, _, subcommand = what.partition(" ")
            continue
        title, _, words = rest.partition(": ")
        reply = kind == "<"
        yield Step(frames[reply], title, words, f"SMB_COM_{command}", reply, subcommand)


WALK: Final[tuple[Step, ...]] = tuple(_steps(_TEXT))
"""Requests and replies in turn."""
