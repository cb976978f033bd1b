"""Samba's smbd, limited to SMB1 and set up as fairly as could be: what leaves say of fakesmb, beside that."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.conformance.torture import MICROSECONDS, PASSWORD, SHARE, SHARING_VIOLATION, USER, WRITE_TIME

ACCOUNT: Final = "games"
"""An account that every Debian has: the SMB user's. Its group stands for Domain Admins, BUILTIN for Administrators: so
the user may do what "admin access" and the leaves of ACLs ask for without being root."""
BUILTIN: Final = "sambashare"
START_SECONDS: Final = 20
MODULE: Final = "*/samba/vfs/streams_xattr.so"
"""Where Debian has the modules that keep streams and descriptors."""
_FOLDERS: Final = ("private", "state", "cache", "lock", "pid", "ncalrpc", "log")
_CONF: Final = """\
[global]
    netbios name = LABSMB
    workgroup = LAB
    server role = standalone server
    interfaces = 127.0.0.1
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    server min protocol = LANMAN1
    server max protocol = NT1
    ntlm auth = ntlmv1-permitted
    lanman auth = yes
    map to guest = Never
    username map = {root}/users.map
    passdb backend = tdbsam:{root}/private/passdb.tdb
    private dir = {root}/private
    binddns dir = {root}/private
    lock directory = {root}/lock
    state directory = {root}/state
    cache directory = {root}/cache
    pid directory = {root}/pid
    ncalrpc dir = {root}/ncalrpc
    log file = {root}/log/log.%m
    usershare path =
    time server = yes
    load printers = no
    printcap name = /dev/null
    disable spoolss = yes
    smbd:sharedelay = {sharing_violation}
    smbd:writetimeupdatedelay = {write_time}
    # as in Samba's own selftest
    kernel oplocks = no
    kernel change notify = no
    read only = no
    map archive = no
    map hidden = no
    map system = no
    map readonly = no
    store dos attributes = yes
    create mask = 0755
    dos filemode = yes
    strict rename = yes
    strict sync = yes
    mangled names = yes
    ea support = yes
    unix extensions = yes
    check parent directory delete on close = yes
    vfs objects = acl_xattr streams_xattr

[{share}]
    path = {folder}
"""


def missing() -> str:
    """What is not there that it takes; empty: nothing."""
    if os.geteuid():
        return "Samba is started by root only"
    lacking = [name for name in ("smbd", "smbpasswd", "net") if shutil.which(name) is None]
    lacking += [] if any(Path("/usr/lib").glob(MODULE)) else [Path(MODULE).name]
    return f"{', '.join(lacking)}: not installed (Debian: samba, samba-vfs-modules)" if lacking else ""


@contextmanager
def samba(root: Path, folder: Path) -> Iterator[int]:
    """Runs smbd over the folder, with databases and logs below `root`; gives its port. Raises `RuntimeError`."""
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.chown(folder, ACCOUNT, ACCOUNT)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    conf = root / "smb.conf"
    conf.write_text(
        _CONF.format(
            port=port,
            root=root,
            share=SHARE,
            folder=folder,
            sharing_violation=int(SHARING_VIOLATION * MICROSECONDS),
            write_time=int(WRITE_TIME * MICROSECONDS),
        )
    )
    (root / "users.map").write_text(f"{ACCOUNT} = {USER}\n")
    _accounts(str(conf))
    process = subprocess.Popen(
        ["smbd", "--foreground", "--no-process-group", "-s", str(conf)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # at its end it ends its process group
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _accounts(conf: str) -> None:
    """The user's password, and the groups that make an administrator."""
    _run("smbpasswd", "-c", conf, "-L", "-s", "-a", ACCOUNT, said=f"{PASSWORD}\n{PASSWORD}\n")
    sid = _run("net", "-s", conf, "getlocalsid").split()[-1]
    groups = ("net", "-s", conf, "groupmap")
    _run(*groups, "add", "ntgroup=Domain Admins", f"unixgroup={ACCOUNT}", "rid=512", "type=d")
    _run(*groups, "add", "ntgroup=Administrators", f"unixgroup={BUILTIN}", "sid=S-1-5-32-544", "type=builtin")
    _run(*groups, "addmem", "S-1-5-32-544", f"{sid}-512")


def _run(*command: str, said: str = "") -> str:
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=60, check=False).stdout


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        if process.poll() is not None:
            raise RuntimeError(f"smbd ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"smbd does not listen after {START_SECONDS} s")
