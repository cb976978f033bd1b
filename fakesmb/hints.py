"""What `serve` prints for a person to paste: commands of clients, quoted for the shell, without anybody's password."""

from shlex import quote
from urllib.parse import quote as percent

from fakesmb.config import SAMPLE, Config


def commands(config: Config, host: str, port: int) -> list[str]:
    """A command each for smbclient, curl and mount, as the first user and to the first share.

    The sample user's password is in them, since everybody knows it; the clients ask for any other. A curl signs in by
    NTLMv1 only, so there is none where that is not accepted.
    """
    user = next((one for one in config.users if one.password or one.nt_hash), None)
    name = "guest" if user is None else user.name
    password = "" if user is None else user.password if user is SAMPLE else None
    share = next((one.name for one in config.shares), "IPC$")
    unc = quote(f"//{host}/{share}")
    address = f"[{host}]" if ":" in host else host
    url = f"smb://{address}:{port}/{percent(share)}/README.txt"
    smbclient = name if password is None else f"{name}%{password}"
    curl = name if password is None else f"{name}:{password}"
    mount = f"vers=1.0,port={port},username={name}" + ("" if password is None else f",password={password}")
    lines = [
        f"smbclient --option='client min protocol=NT1' -m NT1 -p {port} -U {quote(smbclient)} {unc}",
        f"curl -u {quote(curl)} {quote(url)}",
        f"sudo mount -t cifs -o {quote(mount)} {unc} /mnt",
    ]
    if user is not None and "ntlmv1" not in config.accept:
        del lines[1]
    return lines


def shown(text: str) -> str:
    """A text that may hold anything, on one line of a terminal."""
    return text if text.isprintable() else ascii(text)
