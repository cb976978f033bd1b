"""What of a captured request is of its server and its share: names in paths, passwords of shares, session keys."""

from msgspec.structs import replace

from fakesmb.address import Place
from fakesmb.replay.live import Live
from fakesmb.replay.places import Who
from fakesmb.replay.rebuild import rebuilt
from fakesmb.replay.references import blocks
from fakesmb.replay.shares import ShareMap, split
from fakesmb.replay.sign_in import SignIn
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.dialect import SecurityMode
from fakesmb.wire.header import Header
from fakesmb.wire.trans import Transaction2Request
from fakesmb.wire.trans2 import FindNext2Request, Trans2
from fakesmb.wire.tree import TreeConnectAndxRequest, TreeConnectRequest

PLACED: frozenset[int] = frozenset(
    {Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX, Command.TRANSACTION2, Command.SESSION_SETUP_ANDX}
)
"""First commands of messages that may name a server."""


class Renaming:
    """Puts the names of the server that is there now into requests."""

    def __init__(self, place: Place, shares: ShareMap, who: Who) -> None:
        self.place = place
        self.shares = shares
        self.who = who

    def changes(self, message: bytes, header: Header, live: Live) -> dict[int, Body]:
        """The commands that are to be others, by their place in the chain."""
        found: dict[int, Body] = {}
        if header.command not in PLACED:
            return found
        sign_in = live.sign_in
        for index, (code, block) in enumerate(blocks(message, header, live.encoding)):
            try:
                body: Body | None = None
                if code == Command.TREE_CONNECT_ANDX:
                    body = self._tree_andx(TreeConnectAndxRequest.decode(block), sign_in)
                elif code == Command.TREE_CONNECT:
                    body = self._tree(TreeConnectRequest.decode(block), sign_in)
                elif code == Command.TRANSACTION2:
                    request = Transaction2Request.decode(block)
                    if request.subcommand == Trans2.FIND_NEXT2:
                        body = _resumed(request, header, live)
                    else:
                        body = self._referral(request)
            except DecodeError:
                continue
            if body is not None:
                found[index] = body
        return found

    def unc(self, path: str) -> str:
        """`\\\\SERVER\\SHARE` as it is called now."""
        return f"\\\\{self.place.host}\\{self.shares.meant(path)}"

    def _tree_andx(self, asked: TreeConnectAndxRequest, sign_in: SignIn) -> Body:
        return replace(asked, path=self._as_written(asked.path), password=self._password(sign_in))

    def _tree(self, asked: TreeConnectRequest, sign_in: SignIn) -> Body:
        password = self._password(sign_in).rstrip(b"\0").decode("cp850", "replace")
        return replace(asked, path=self._as_written(asked.path), password=password)

    def _as_written(self, path: str) -> str:
        """Old clients may name the share alone."""
        return self.unc(path) if path.startswith(("\\", "/")) else self.shares.meant(path)

    def _password(self, sign_in: SignIn) -> bytes:
        """Servers with users want none here, those with passwords of shares want that of the share."""
        by_user = sign_in.security_mode & SecurityMode.USER
        return b"\0" if by_user else sign_in.share_password(self.who)

    def _referral(self, asked: Transaction2Request) -> Body | None:
        if asked.subcommand != Trans2.GET_DFS_REFERRAL or not asked.complete:
            return None
        request = GetDfsReferralRequest.decode(bytes(asked.parameters))
        _, share = split(request.request_file_name)
        parts = request.request_file_name.strip("\\").split("\\")
        if len(parts) < 2 or not share:
            return None
        name = "\\".join(["", self.place.host, self.shares.meant(request.request_file_name), *parts[2:]])
        parameters = replace(request, request_file_name=name).encode()
        return replace(asked, parameters=parameters, total_parameter_count=0)


def _resumed(asked: Transaction2Request, header: Header, live: Live) -> Body | None:
    """FIND_NEXT2 goes on behind the last entry that came here, where it did so in the capture."""
    request = FindNext2Request.decode(asked.parameters, unicode=header.unicode, encoding=live.encoding)
    known = live.resumed.get(request.sid)
    if known is None:
        return None
    was, now = known
    key = now.key if request.resume_key == was.key else request.resume_key
    name = now.name if request.file_name == was.name else request.file_name
    if (key, name) == (request.resume_key, request.file_name):
        return None
    parameters = replace(request, resume_key=key, file_name=name).encode(
        unicode=header.unicode, encoding=live.encoding
    )
    return replace(asked, parameters=parameters, total_parameter_count=0)


def with_changes(message: bytes, header: Header, changes: dict[int, Body], encoding: str) -> bytes:
    """The message with its changes; as it is where they cannot be made."""
    if not changes:
        return message
    try:
        return rebuilt(message, header, changes, encoding)
    except DecodeError:
        return message
