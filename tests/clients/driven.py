"""`python -m tests.clients.driven HOST PORT USER PASSWORD`: pysmb and impacket in a process of their own, told by lines
of JSON what to do; each is answered with what came of it."""

import io
import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from impacket import smb, smbconnection
from smb.SMBConnection import SMBConnection as PySMB  # type: ignore[import-untyped]

HOST, PORT, USER, PASSWORD = "", 0, "", ""


class Pysmb:
    """One connection of pysmb to the share `in`."""

    def __init__(self) -> None:
        self.client = PySMB(USER, PASSWORD, "driven", "FAKESMB", use_ntlm_v2=True, is_direct_tcp=True)
        assert self.client.connect(HOST, PORT, timeout=5)

    def read(self, path: str) -> str:
        """The file's content."""
        got = io.BytesIO()
        self.client.retrieveFile("in", path, got, timeout=5)
        return got.getvalue().decode("latin-1")

    def write(self, path: str, data: str) -> int:
        """Stores a file."""
        return int(self.client.storeFile("in", path, io.BytesIO(data.encode("latin-1")), timeout=5))

    def list(self) -> list[str]:
        """The names in the root."""
        return sorted(one.filename for one in self.client.listPath("in", "/", timeout=5))

    def delete(self, path: str) -> None:
        """Deletes a file."""
        self.client.deleteFiles("in", path, timeout=5)


class Impacket:
    """One connection of impacket to the share `in`."""

    def __init__(self) -> None:
        self.client = smbconnection.SMBConnection(
            HOST, HOST, sess_port=PORT, preferredDialect=smb.SMB_DIALECT, timeout=5
        )
        self.client.login(USER, PASSWORD)
        self.tree = self.client.connectTree("in")

    def read(self, path: str) -> str:
        """The file's content."""
        fid = self.client.openFile(self.tree, path)
        return bytes(self.client.readFile(self.tree, fid)).decode("latin-1")

    def write(self, path: str, data: str) -> None:
        """Stores a file."""
        fid = self.client.createFile(self.tree, path)
        self.client.writeFile(self.tree, fid, data.encode("latin-1"))
        self.client.closeFile(self.tree, fid)

    def list(self) -> list[str]:
        """The names in the root."""
        return sorted(one.get_longname() for one in self.client.listPath("in", "*"))

    def delete(self, path: str) -> None:
        """Deletes a file."""
        self.client.deleteFile("in", path)

    def flush(self, path: str) -> int:
        """Sends SMB_COM_FLUSH for a file, which impacket has no method for; gives the status."""
        fid = self.client.openFile(self.tree, path, 0x12019F)
        server = self.client.getSMBServer()
        packet = smb.NewSMBPacket()
        packet["Tid"] = self.tree
        command = smb.SMBCommand(0x05)
        command["Parameters"] = struct.pack("<H", fid)
        packet.addCommand(command)
        server.sendSMB(packet)
        answer = server.recvSMB()
        return int(answer["ErrorClass"] | answer["_reserved"] << 8 | answer["ErrorCode"] << 16)

    def echo(self) -> None:
        """Sends an ECHO and waits for its answer."""
        self.client.getSMBServer().echo(b"x")


def connected() -> str:
    """What a bare socket sees that connects and waits for the server."""
    with socket.create_connection((HOST, PORT), 5) as one:
        return one.recv(1).decode("latin-1")


def main() -> None:
    """Does what each line says, on the connection that was made last unless a new one is asked for."""
    global HOST, PORT, USER, PASSWORD
    HOST, port, USER, PASSWORD = sys.argv[1:]
    PORT = int(port)
    kinds: dict[str, Callable[[], Any]] = {"pysmb": Pysmb, "impacket": Impacket}
    client: Any = None
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        what, *words = json.loads(line)
        began = time.monotonic()
        try:
            if what in kinds:
                client = kinds[what]()
                given = None
            else:
                given = connected() if what == "connected" else getattr(client, what)(*words)
            said = {"gave": given}
        except Exception as error:
            said = {"raised": type(error).__name__, "text": str(error)}
        print(json.dumps(said | {"took": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    main()
