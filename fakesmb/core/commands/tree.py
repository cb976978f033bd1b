"""Connecting to shares: TREE_CONNECT_ANDX, TREE_DISCONNECT, QUERY_INFORMATION_DISK ([MS-CIFS] 2.2.4)."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.auth.ntlm import Claim
from fakesmb.core.any_uid import knows_no_users
from fakesmb.core.core_sign_in import sign_in_core
from fakesmb.core.dialects import Protocol
from fakesmb.core.dispatch import Needs, command
from fakesmb.core.endings import end
from fakesmb.core.files import maximal_rights
from fakesmb.core.proofs import opened_read_only, refuse, when_due
from fakesmb.core.request import Answer, AnyRequest, Empty, Request
from fakesmb.core.state import Share, Tree
from fakesmb.core.volumes import volume_for
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer
from fakesmb.wire.commands import Command
from fakesmb.wire.tree import (
    OptionalSupport,
    QueryInformationDiskRequest,
    QueryInformationDiskResponse,
    Service,
    TreeConnectAndxExtendedResponse,
    TreeConnectAndxLanmanResponse,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeConnectFlag,
    TreeConnectRequest,
    TreeConnectResponse,
    TreeDisconnectRequest,
)

_LARGEST: Final = 0xFFFF


def service_of(share: Share) -> str:
    """What kind of device a share is ([MS-CIFS] 2.2.4.50.1)."""
    if share.is_ipc:
        return Service.PIPE
    return Service.PRINTER if share.is_printer else Service.DISK


def share_of(request: AnyRequest, path: str, service: str) -> Share:
    """The share that `\\\\HOST\\NAME` or `NAME` names, if the user may have it as that service.

    Raises BAD_NETWORK_NAME, BAD_DEVICE_TYPE, ACCESS_DENIED ([MS-CIFS] 3.3.5.45).
    """
    name = path.replace("/", "\\").rstrip("\\").rpartition("\\")[2]
    share = request.server.share(name)
    if share is None:
        raise SMBError(NT.BAD_NETWORK_NAME, f"no share {name!r}")
    # One that is missing or cut short is any, as with Samba.
    if service[:1] not in ("", "?") and service != service_of(share):
        raise SMBError(NT.BAD_DEVICE_TYPE, f"{share.name} is not a {service!r}")
    identity = request.session.identity
    assert identity is not None
    # A null session sees what IPC$ tells, never files.
    if not share.is_ipc and (identity.kind == "anonymous" or not share.admits(identity)):
        raise SMBError(NT.ACCESS_DENIED, f"{identity.user or 'anonymous'} may not use {share.name}")
    if share.store is not None and not share.store.is_there():
        raise SMBError(NT.BAD_NETWORK_NAME, f"the folder of {share.name} is gone, or a link is in its place")
    return share


@command(Command.TREE_CONNECT_ANDX, TreeConnectAndxRequest, Needs.SESSION)
def tree_connect_andx(request: Request[TreeConnectAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TREE_CONNECT_ANDX, [MS-CIFS] 3.3.5.45 and [MS-SMB] 3.3.5.4."""
    params, connection, exchange = request.params, request.connection, request.exchange

    def connected(share: Share, read_only: bool) -> Answer:
        if params.flags & TreeConnectFlag.DISCONNECT_TID:
            old = connection.trees.get(exchange.tid)
            if old is not None and old.belongs_to(exchange.uid):
                disconnect(request, old)
        _connected(request, share, read_only)
        service = service_of(share)
        if connection.protocol < Protocol.LANMAN21:
            return TreeConnectAndxLanmanResponse(service)
        file_system = (
            "" if share.store is None or share.is_printer else volume_for(connection, share.store).file_system
        )
        support = OptionalSupport.SEARCH_BITS
        if share.dfs is not None:
            support |= OptionalSupport.SHARE_IS_IN_DFS
        if not params.flags & TreeConnectFlag.EXTENDED_RESPONSE:
            return TreeConnectAndxResponse(
                optional_support=support, service=service, native_file_system=file_system
            )
        return TreeConnectAndxExtendedResponse(
            optional_support=support,
            service=service,
            native_file_system=file_system,
            maximal_share_access_rights=maximal_rights(request),
        )

    return _connect(request, share_of(request, params.path, params.service), params.password, connected)


@command(Command.TREE_CONNECT, TreeConnectRequest, Needs.NOTHING)
def tree_connect(request: Request[TreeConnectRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TREE_CONNECT, [MS-CIFS] 3.3.5.40: what DOS and Windows for Workgroups connect with.

    A core client signs in by each of them, in place of a session setup.
    """
    params = request.params

    def connected(share: Share, read_only: bool) -> Answer:
        tree = _connected(request, share, read_only)
        return TreeConnectResponse(min(request.server.profile.max_buffer, _LARGEST), tree.tid)

    def connect() -> "Answer | Deferred[Answer]":
        share = share_of(request, params.path, params.service)
        return _connect(request, share, password, connected)

    connection = request.connection
    password = params.password.encode(connection.oem_encoding, "replace")
    if knows_no_users(connection) and request.server.settings.security == "user":
        return sign_in_core(request, password, connect)
    request.session = request.exchange.find_session(params)
    return connect()


def _connect(
    request: AnyRequest, share: Share, password: Buffer, connected: Callable[[Share, bool], Answer]
) -> "Answer | Deferred[Answer]":
    """Has a share connected, at once or when the client may have another password looked at."""
    if share.passwords is None or request.server.settings.security != "share":
        return connected(share, False)
    identity = request.session.identity
    claim = Claim("" if identity is None else identity.user)

    def look() -> Answer:
        try:
            read_only = opened_read_only(request, share, password)
        except SMBError as error:
            refuse(request, error, claim, looked_at=True)
            raise
        return connected(share, read_only)

    return when_due(request, claim, look)


def _connected(request: AnyRequest, share: Share, read_only: bool) -> Tree:
    connection, exchange = request.connection, request.exchange
    tree = Tree(share, request.session, read_only=read_only)
    tree.tid = exchange.tid = connection.trees.add(tree)
    exchange.tree = request.tree = tree
    connection.signed_in()
    return tree


def disconnect(request: AnyRequest, tree: Tree) -> "Deferred[None] | None":
    """Ends a tree at once and everything in it: None where that is done, else when the Deferred fires."""
    request.connection.trees.pop(tree.tid)
    return end(request.connection, tree=tree, asking=request.exchange)


@command(Command.TREE_DISCONNECT, TreeDisconnectRequest, Needs.NOTHING)
def tree_disconnect(request: Request[TreeDisconnectRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TREE_DISCONNECT, [MS-CIFS] 3.3.5.41. The user may have signed out before, so no session is needed.

    SMB_BAD_UID for the tree of another user, as [MS-CIFS] 2.2.4.51.2 has it.
    """
    exchange = request.exchange
    tree = request.connection.trees.get(exchange.tid)
    if tree is None:
        raise SMBError(NT.SMB_BAD_TID, f"TID 0x{exchange.tid:04X} is not connected")
    if not tree.belongs_to(exchange.uid):
        raise SMBError(
            NT.SMB_BAD_UID, f"TID 0x{exchange.tid:04X} was not connected by UID 0x{exchange.uid:04X}"
        )
    exchange.tree = tree
    ended = disconnect(request, tree)
    return Empty() if ended is None else ended.addCallback(lambda _: Empty())


@command(Command.QUERY_INFORMATION_DISK, QueryInformationDiskRequest, Needs.DISK)
def query_information_disk(request: Request[QueryInformationDiskRequest]) -> Answer:
    """SMB_COM_QUERY_INFORMATION_DISK, [MS-CIFS] 3.3.5.46.

    16-bit counts: the unit grows until the disk fits, as it does in Windows and Samba for DOS programs.
    """
    volume = request.store.volume()
    total, free = volume.total_units, volume.free_units
    sectors, size = volume.sectors_per_unit, volume.bytes_per_sector
    while total > _LARGEST and sectors < 0x8000:
        sectors, total, free = sectors * 2, total // 2, free // 2
    return QueryInformationDiskResponse(min(total, _LARGEST), sectors, size, min(free, _LARGEST))
