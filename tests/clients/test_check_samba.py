"""`fakesmb check` of Debian's Samba, with SMB1 and without."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakesmb import check
from fakesmb.address import Place
from fakesmb.check import CheckError
from fakesmb.wire.dialect import Dialect

SMBD = shutil.which("smbd", path=f"{os.environ['PATH']}:/usr/sbin")

pytestmark = [
    pytest.mark.client,
    pytest.mark.skipif(
        SMBD is None or bool(os.geteuid()), reason="only root can start smbd, where it is installed"
    ),
]


@contextmanager
def samba(base: Path, *settings: str) -> Iterator[Place]:
    """An smbd with these settings, where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    folders = [
        f"{name} = {base}" for name in ("private dir", "lock directory", "state directory", "cache directory")
    ]
    folders += [f"{name} = {base}" for name in ("pid directory", "ncalrpc dir")]
    own = ["workgroup = PEOPLE", "netbios name = OFFICE", "interfaces = lo", "bind interfaces only = yes"]
    own += [f"log file = {base}/log", "load printers = no", "disable spoolss = yes"]
    config = base / "smb.conf"
    config.write_text("\n".join(["[global]", *folders, *own, *settings, "[public]", f"path = {base}"]))
    assert SMBD is not None
    words = [SMBD, "--foreground", "--no-process-group", f"--configfile={config}", f"--port={port}"]
    # In a session of its own: at its end smbd ends all of its group.
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert process.poll() is None, (base / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.01)
        yield Place("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(20)


def test_a_samba_with_smb1_answers(tmp_path: Path) -> None:
    with samba(tmp_path, "server min protocol = NT1", "server signing = mandatory") as place:
        answer = check.check(place, 20)
    assert answer.offer.dialect == Dialect.NT_LM
    assert answer.offer.words == ("OFFICE in PEOPLE", "signing required")


def test_a_samba_as_it_comes_speaks_later_dialects_only(tmp_path: Path) -> None:
    with samba(tmp_path) as place, pytest.raises(CheckError) as caught:
        check.check(place, 20)
    assert str(caught.value) == f"{place} speaks SMB 2 or later only: SMB1 is switched off there"
