"""What docs/troubleshooting.md has of `mount -t cifs`, as mount says it in the guest. `pytest --slow`."""

from pathlib import Path

import pytest

from fakesmb import FakeSMB
from tests.clients import kernel_guest
from tests.test_docs_troubleshooting import SENTENCES

pytestmark = [pytest.mark.client, pytest.mark.slow]

INIT = Path(__file__).parent / "guest" / "init"
HOST = "10.0.2.2"
"""The host's loopback address, as qemu's user network has it."""
GOOD = "username=alice,password=Secret123"
TRIED = {
    "mount error(112): Host is down": (f"{HOST}/public", "port={usual}," + GOOD),
    "mount error(95): Operation not supported": (
        f"{HOST}/public",
        "vers=1.0,port={unsigned},sec=ntlmsspi," + GOOD,
    ),
    "mount error(13): Permission denied": (
        f"{HOST}/public",
        "vers=1.0,port={usual},username=alice,password=wrong",
    ),
    "mount error(6): No such device or address": (f"{HOST}/nosuch", "vers=1.0,port={usual}," + GOOD),
    "mount error(111): could not connect to": (f"{HOST}/public", "vers=1.0,port=1," + GOOD),
    "mount error(22): Invalid argument": (f"{HOST}/public", "vers=1.0,port={usual},sec=ntlm," + GOOD),
    "mount error(126): Required key not available": (
        f"{HOST}/public",
        "vers=1.0,port={usual},sec=krb5," + GOOD,
    ),
}
"""Each sentence, and the share and options that bring it about."""
OF_THE_KERNEL = {
    "mount error(95): Operation not supported": "Server does not support signing!",
    "mount error(13): Permission denied": "NT_STATUS_LOGON_FAILURE",
    "mount error(22): Invalid argument": "bad security option",
}
"""What the page says that dmesg has beside it."""
UNTRIED = {
    "mount error(115): Operation now in progress": "needs a packet filter",
    "bad option; for several filesystems": "needs a machine without cifs-utils",
    "mount error: cifs filesystem not supported by the system": "needs a kernel without the module",
}


def test_mount_says_what_the_page_has(tmp_path: Path) -> None:
    assert TRIED.keys() | UNTRIED.keys() == {
        one for one, part in SENTENCES.items() if part == "mount -t cifs"
    }
    guest = kernel_guest.guest()
    shares, users = {"public": {"a.txt": "text"}}, {"alice": "Secret123"}
    with (
        FakeSMB(shares, users=users, timing={"wrong_password": 0}) as usual,
        FakeSMB(shares, users=users, signing="off") as unsigned,
    ):
        lines = ["mkdir -p /mnt"]
        for number, (unc, options) in enumerate(TRIED.values()):
            said = options.format(usual=usual.port, unsigned=unsigned.port)
            lines += [
                "dmesg -C",
                f"echo '== {number}'",
                f"timeout 60 mount -t cifs //{unc} /mnt -o {said}",
                "dmesg",
            ]
        files = tmp_path / "files"
        files.mkdir()
        script = INIT.read_text().replace("python3 /test/run.py", "\n".join(lines))
        assert script != INIT.read_text()
        (files / "init").write_text(script)
        (files / "init").chmod(0o755)
        told = guest.run(files, tmp_path, 600).split("== ")[1:]
    for sentence, words in zip(TRIED, told, strict=True):
        assert sentence in words
        assert OF_THE_KERNEL.get(sentence, "") in words
    assert "Try mounting with vers=1.0" in told[0]
