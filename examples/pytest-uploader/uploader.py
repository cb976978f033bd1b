"""Uploads a file to an SMB1 share, so that nobody ever sees half of it.

python uploader.py HOST:PORT SHARE FILE USER      the password is read from SMB_PASSWORD
"""

import os
import sys
import time
from pathlib import Path

from impacket import nt_errors
from impacket.smb3structs import FILE_OVERWRITE_IF, FILE_SHARE_READ
from impacket.smbconnection import SessionError, SMBConnection

PIECE = 16_000
WRITE_ACCESS = 0x0002_0116  # GENERIC_WRITE in the rights of a file
MISSING = {nt_errors.STATUS_NO_SUCH_FILE, nt_errors.STATUS_OBJECT_NAME_NOT_FOUND}
BUSY = {nt_errors.STATUS_SHARING_VIOLATION, nt_errors.STATUS_FILE_LOCK_CONFLICT}


def sign_in(host: str, port: int, user: str, password: str) -> SMBConnection:
    client = SMBConnection(host, host, sess_port=port, preferredDialect="NT LM 0.12", timeout=10)
    client.login(user, password)
    return client


def upload(client: SMBConnection, share: str, source: Path, tries: int = 3, pause: float = 0.05) -> None:
    """Writes NAME.part, then gives it its name; what fails leaves no NAME.part behind.

    A file that somebody else has open is waited for, `tries` times. Raises `SessionError`.
    """
    tree = client.connectTree(share)
    part = f"{source.name}.part"
    try:
        write(client, tree, part, source.read_bytes())
        for left in reversed(range(tries)):
            try:
                replace(client, share, part, source.name)
                return
            except SessionError as error:
                if error.getErrorCode() not in BUSY or not left:
                    raise
                time.sleep(pause)
    except SessionError:
        client.deleteFile(share, part)
        raise
    finally:
        client.disconnectTree(tree)


def write(client: SMBConnection, tree: int, name: str, data: bytes) -> None:
    file = client.createFile(
        tree,
        name,
        desiredAccess=WRITE_ACCESS,
        shareMode=FILE_SHARE_READ,
        creationDisposition=FILE_OVERWRITE_IF,
    )
    try:
        for at in range(0, len(data), PIECE):
            client.writeFile(tree, file, data[at : at + PIECE], at)
    finally:
        client.closeFile(tree, file)


def replace(client: SMBConnection, share: str, old: str, new: str) -> None:
    """A rename does not replace a file: an older one of that name goes first."""
    try:
        client.deleteFile(share, new)
    except SessionError as error:
        if error.getErrorCode() not in MISSING:
            raise
    client.rename(share, old, new)


def main() -> None:
    where, share, file, user = sys.argv[1:]
    host, _, port = where.partition(":")
    upload(sign_in(host, int(port or 445), user, os.environ["SMB_PASSWORD"]), share, Path(file))


if __name__ == "__main__":
    main()
