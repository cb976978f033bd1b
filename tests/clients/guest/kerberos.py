"""Runs in the guest: mounts a share with a ticket, signed and not, and works on it. Says one line of JSON for each."""

import json
import os
import shutil
import subprocess
import traceback
from pathlib import Path

from mounting import SERVER, shell

PLACE = Path("/tmp/mounted")


def work(job: dict, options: str) -> None:
    """What somebody does there; fails where it is not what it should be."""
    words = f"vers=1.0,ip={SERVER},port={job['port']},cruid=0,{options}"
    shell("mount", "-t", "cifs", f"//{job['name']}/{job['share']}", PLACE, "-o", words)
    try:
        assert (PLACE / "a.txt").read_bytes() == b"hello\n"
        data = os.urandom(300_000)
        (PLACE / "new.bin").write_bytes(data)
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
        assert (PLACE / "new.bin").read_bytes() == data
        (PLACE / "new.bin").rename(PLACE / "moved.bin")
        assert sorted(one.name for one in PLACE.iterdir()) == ["a.txt", "moved.bin"]
        (PLACE / "moved.bin").unlink()
    finally:
        shell("umount", PLACE)


def main() -> None:
    job = json.loads(Path("/test/job.json").read_text())
    shutil.copy("/test/tickets", "/tmp/krb5cc_0")
    PLACE.mkdir()
    for options in job["mounts"]:
        error = ""
        try:
            work(job, options)
        except BaseException:
            kernel = subprocess.run(["dmesg"], capture_output=True, text=True, check=False).stdout
            error = traceback.format_exc() + kernel[-2000:]
        print(json.dumps({"mount": options, "error": error}), flush=True)


main()
