"""What `serve` prints for a person to paste: commands of clients, quoted for the shell, without anybody's password."""

import os
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from shlex import quote
from typing import Final
from urllib.parse import quote as percent

from fakesmb.address import Place
from fakesmb.config.merging import Config
from fakesmb.config.parts import SAMPLE, SharePart, UserPart
from fakesmb.folders.content import File
from fakesmb.nt.names import fold
from fakesmb.wire.negotiate import Capability

_MOST_LOOKED_AT: Final = 1000
"""Entries of a share's folder among which a file is sought."""
_DIALECT: Final = "NT LM 0.12"
"""Which the commands are for."""
_OLD: Final = ("client lanman auth=yes", "client ntlmv2 auth=no")
"""What lets smbclient prove a password by LM or NTLMv1, as at share level; in plain text with one more."""
_PLAIN: Final = "client plaintext auth=yes"
_NO_SPNEGO: Final = "client use spnego=no"
"""What lets it prove one by NTLMv2 to a server without extended security."""
_NO_NETBIOS: Final = "disable netbios=yes"
"""Else `smbclient -L` asks on port 139, too, who is in the workgroup, and says that nobody answers there."""
_NETBIOS_PORT: Final = 139
_PACKAGES: Final[Mapping[str, tuple[str, str]]] = {
    "smbclient": ("smbclient", "smbclient"),
    "curl": ("curl", "curl"),
    "mount": ("mount.cifs", "cifs-utils"),
}
"""By the words of commands: the program that each needs, and the package of Debian that brings it."""
_FOR_ROOT: Final = "/usr/sbin:/sbin"
"""Where programs lie that the PATH of others than root does not lead to."""
_NOT_FOR_SMBCLIENT: Final = frozenset("%@")
"""What separates other things from a user's name there, and cannot be quoted."""


def lines(config: Config, host: str, port: int, service: str = "") -> list[str]:
    """All of it: whether it answers, what it shares, a command for each client, and which of these are not here."""
    listed = _listing(config, host, port)
    pasted = [*([listed] if listed else []), *commands(config, host, port, service)]
    return [
        f"{_program()} check {word(str(Place(host, port)))}",
        *pasted,
        *(_not_here(pasted) if config.loopback else []),
    ]


def _program() -> str:
    """How a person who pastes it calls the command."""
    if shutil.which("fakesmb"):
        return "fakesmb"
    called = sys.argv[0]
    return word(called) if os.path.basename(called) == "fakesmb" else f"{word(sys.executable)} -m fakesmb"


def _not_here(pasted: Sequence[str]) -> list[str]:
    """Which clients are not on this machine, and what brings them."""
    words = {name for line in pasted for name in line.split()[:2]}
    path = f"{os.environ.get('PATH', os.defpath)}:{_FOR_ROOT}"
    missing = [
        (program, package)
        for name, (program, package) in _PACKAGES.items()
        if name in words and shutil.which(program, path=path) is None
    ]
    if not missing:
        return []
    programs, packages = zip(*missing, strict=True)
    return [
        f"not on this machine: {', '.join(programs)}; on Debian: {_sudo()}apt install {' '.join(packages)}"
    ]


def _sudo() -> str:
    """Who is root needs none, and often has none."""
    return "" if os.geteuid() == 0 and shutil.which("sudo") is None else "sudo "


def _listing(config: Config, host: str, port: int) -> str:
    """The command that lists the shares, where a user may sign in by a password."""
    user, password = _who(config)
    nobody = user is None and config.guest == "off"
    name = "guest" if user is None else user.name
    unknown = _DIALECT not in config.settings.profile.dialects or bool(_NOT_FOR_SMBCLIENT & set(name))
    if config.settings.security == "share" or nobody or unknown:
        return ""
    who = name if password is None else f"{name}%{password}"
    return _smbclient(
        port, who, f"-L {word(host)}", (*_proof(config), *([] if port == _NETBIOS_PORT else [_NO_NETBIOS]))
    )


def _proof(config: Config) -> tuple[str, ...]:
    """What smbclient is told beyond its defaults, so that it proves the password in a way that the server knows."""
    if config.settings.plain_text:
        return (*_OLD, _PLAIN)
    if config.settings.profile.offers(Capability.EXTENDED_SECURITY):
        return ()
    return _OLD if {"ntlmv1", "lm"} & set(config.accept) else (_NO_SPNEGO,)


def _who(config: Config) -> tuple[UserPart | None, str | None]:
    """The user whom commands name, None for a guest, and the password that may be told; None: the client asks."""
    user = next((one for one in config.users if one.password or one.nt_hash), None)
    if user is None and config.guest == "off":
        user = next(iter(config.users), None)
    password = "" if user is None else user.password
    return user, None if password and user is not SAMPLE else password


def commands(config: Config, host: str, port: int, service: str = "") -> list[str]:
    """A command each for smbclient, curl and mount, as the first user and to the first share that admits that one.

    The sample user's password is in them, since everybody knows it; the clients ask for any other. What a client
    cannot be told has no command: a curl signs in by NTLMv1 only, signs no messages, knows ASCII only, opens by
    NT_CREATE_ANDX, and reads a file, which must be there. Neither curl nor mount sends passwords in plain text, or
    those of shares. Where only tickets are taken, smbclient is told of one for `service`, what the keytab calls the
    server. A server of older dialects only has none.
    """
    if _DIALECT not in config.settings.profile.dialects:
        return []
    plain = config.settings.plain_text
    if config.settings.security == "share":
        return _at_share_level(config, host, port)
    if service and not config.users and config.guest == "off":
        return [_with_ticket(config, host, port, service)]
    user, password = _who(config)
    name = "guest" if user is None else user.name
    share = next((one for one in config.shares if _admits(one, user) and not one.printer), None)
    unc = word(f"//{host}/{'IPC$' if share is None else share.name}")
    told = []
    if not _NOT_FOR_SMBCLIENT & set(name):
        who = name if password is None else f"{name}%{password}"
        told.append(_smbclient(port, who, unc, _proof(config)))
    if plain:
        return told
    file = "" if share is None else _file_of(share)
    opens = config.settings.signing != "required" and config.settings.profile.offers(Capability.NT_SMBS)
    takes_curl = opens and (user is None or "ntlmv1" in config.accept)
    if share is not None and file and takes_curl:
        who = name if password is None else f"{name}:{password}"
        if f"{who}{share.name}{file}".isascii():
            url = f"smb://{Place(host, port)}/{percent(share.name)}/{percent(file)}"
            told.append(f"curl {_option('-u', who)} {word(url)}")
    if share is not None:
        mount = f"vers=1.0,port={port},username={name}" + (
            "" if password is None else f",password={password}"
        )
        told.append(f"{_sudo()}mount -t cifs -o {word(mount)} {unc} /mnt")
    return told


def _at_share_level(config: Config, host: str, port: int) -> list[str]:
    """A command for smbclient, to the first share, as nobody in particular: it asks for the share's password."""
    share = next(iter(config.shares), None)
    unc = word(f"//{host}/{'IPC$' if share is None else share.name}")
    if share is None or not share.has_password:
        return [_smbclient(port, "guest%", unc)]
    return [_smbclient(port, "guest", unc, (*_OLD, _PLAIN) if config.settings.plain_text else _OLD)]


def _smbclient(port: int, who: str, unc: str, options: Sequence[str] = ()) -> str:
    said = " ".join(f"--option={quote(one)}" for one in ("client min protocol=NT1", *options))
    return f"smbclient {said} -m NT1 -p {port} {_option('-U', who)} {unc}"


def _with_ticket(config: Config, host: str, port: int, service: str) -> str:
    share = next((one.name for one in config.shares if one.users is None), "IPC$")
    words = (
        f"smbclient --option='client min protocol=NT1' -m NT1 --use-kerberos=required -N -I {host} -p {port}"
    )
    return f"{words} {word(f'//{service}/{share}')}"


def _file_of(share: SharePart) -> str:
    if share.content is None:
        return file_in(share.path)
    return next((f"/{name}" for name, value in share.content.tree.items() if isinstance(value, File)), "")


def _admits(share: SharePart, user: UserPart | None) -> bool:
    if user is None or share.users is None:
        return share.users is None
    return user.admin or fold(user.name) in map(fold, share.users)


def file_in(folder: str) -> str:
    """A file that everybody may see there, README.txt rather than others; "" for none."""
    found: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        found.extend(entry.name for entry in islice(entries, _MOST_LOOKED_AT) if _is_readable(entry))
    return min(found, key=lambda name: (name != "README.txt", name), default="")


def _is_readable(entry: "os.DirEntry[str]") -> bool:
    return (
        not entry.name.startswith(".")
        and entry.name.isascii()
        and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
        and os.access(entry.path, os.R_OK)
    )


def _option(letter: str, value: str) -> str:
    """The option and its value; one that looks like an option itself is attached."""
    return f"{letter}{word(value)}" if value.startswith("-") else f"{letter} {word(value)}"


def word(text: str) -> str:
    """One word for the shell, whatever it holds; what a terminal would not show is an escape in `$'...'`."""
    if text.isprintable():
        return quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(one: str) -> str:
    if one in "\\'":
        return f"\\{one}"
    if one.isprintable():
        return one
    code = ord(one)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code & 0xFF:02x}"
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}" if code > 0x7E else f"\\x{code:02x}"
