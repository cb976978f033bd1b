"""Fetches what lies in an inbox on an SMB1 share, and moves it to `done`."""

from io import BytesIO
from pathlib import PurePath

from impacket.smbconnection import SMBConnection


def fetch(client: SMBConnection, share: str) -> dict[str, bytes]:
    """The files of the share's root by name; afterwards they lie in its folder `done`."""
    names = [entry.get_longname() for entry in client.listPath(share, "*") if not entry.is_directory()]
    found: dict[str, bytes] = {}
    for name in names:
        content = BytesIO()
        client.getFile(share, name, content.write)
        client.rename(share, name, str(PurePath("done", name)))
        found[name] = content.getvalue()
    return found
