"""A client that makes many kinds of request, in a process of its own: `python -m tests.clients.repeated_tour PORT ...`.

Nothing of it is left to chance, and it does the same at each port. Once it is connected it says so, and goes on when a
line comes on standard input.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from impacket.dcerpc.v5 import lsad, lsat, samr, srvs, transport, wkst
from impacket.smbconnection import SMBConnection

from tests.clients.client_runs import PASSWORD, USER

CALLS: Final[tuple[tuple[str, Any, tuple[Callable[[Any], Any], ...]], ...]] = (
    ("\\wkssvc", wkst.MSRPC_UUID_WKST, (lambda rpc: wkst.hNetrWkstaGetInfo(rpc, 100),)),
    (
        "\\srvsvc",
        srvs.MSRPC_UUID_SRVS,
        (lambda rpc: srvs.hNetrServerGetInfo(rpc, 101), lambda rpc: srvs.hNetrRemoteTOD(rpc)),
    ),
    (
        "\\samr",
        samr.MSRPC_UUID_SAMR,
        (lambda rpc: samr.hSamrEnumerateDomainsInSamServer(rpc, samr.hSamrConnect(rpc)["ServerHandle"]),),
    ),
    (
        "\\lsarpc",
        lsat.MSRPC_UUID_LSAT,
        (lambda rpc: lsat.hLsarLookupNames(rpc, lsad.hLsarOpenPolicy2(rpc)["PolicyHandle"], [USER]),),
    ),
)


def tour(port: int) -> None:
    """Signs in, calls by RPC, makes, writes, lists, renames and deletes."""
    client = SMBConnection("FAKESMB", "127.0.0.1", sess_port=port, preferredDialect="NT LM 0.12")
    print("connected", flush=True)
    sys.stdin.readline()
    client.login(USER, PASSWORD)
    client.listShares()
    for pipe, interface, calls in CALLS:
        rpc = transport.SMBTransport("127.0.0.1", port, pipe, smb_connection=client).get_dce_rpc()
        rpc.connect()
        rpc.bind(interface)
        for call in calls:
            call(rpc)
        rpc.disconnect()
    tree = client.connectTree("files")
    for number in range(10):
        fid = client.createFile(tree, f"n{number}")
        client.writeFile(tree, fid, b"data" * 250 * number)
        client.queryInfo(tree, fid)
        client.closeFile(tree, fid)
    for pattern in ("*", "dir\\*"):
        client.listPath("files", pattern)
    client.createDirectory("files", "sub")
    client.rename("files", "n1", "sub\\n1")
    client.deleteFile("files", "n0")
    for pattern in ("sub\\*", "*"):
        client.listPath("files", pattern)
    client.logoff()
    client.close()


def main(ports: Iterable[int]) -> None:
    """Talks to the servers that listen on ports of this machine, one after the other."""
    vars(time)["time"] = lambda: 1_075_629_600.0
    vars(os)["getpid"] = lambda: 4242
    for port in ports:
        random.seed(5)
        tour(port)


if __name__ == "__main__":
    main(map(int, sys.argv[1:]))
