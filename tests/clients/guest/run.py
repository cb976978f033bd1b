"""Runs in the guest: mounts a share in several ways with the kernel's client, and works on it as programs do.

Says one line of JSON on standard output for each check and each mount. /test/job.json says what to do.
"""

import json
import os
import re
import subprocess
import time
import traceback
from pathlib import Path

import checks  # noqa: F401 - for CHECKS
from mounting import CHECKS, Mount, shell
from tree import TREE, add_links, make_tree

HARMLESS = re.compile(
    r"less secure dialect|Attempting to mount|SMB signature verification returned error = -13"
    r"|callbacks suppressed|cifs_setlk failed rc=-13|__readahead_batch\(\) returned"
)
"""What the kernel says of CIFS against Samba too: of its own bugs (it miscalculates signatures of long reads, and
forgets pages of a read-ahead), and of locks that another holds."""


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def run(mount: Mount, name: str) -> str:
    """Runs one check; what went wrong, or ""."""
    try:
        work = mount.enter(name)
        CHECKS[name](mount)
        os.chdir("/")
        shell("rm", "-rf", work)
    except BaseException:
        os.chdir("/")
        subprocess.run(["rm", "-rf", mount.a / name], stderr=subprocess.DEVNULL)
        return traceback.format_exc()
    return ""


def main() -> None:
    job = json.loads(Path("/test/job.json").read_text())
    make_tree(Path("/test") / job["source"], job["owner"])
    for options in sorted(
        job["mounts"], key=lambda one: "nounix" not in one
    ):  # no links in the tree at first
        subprocess.run(["dmesg", "--clear"])
        if "nounix" not in options and not (TREE / "odd" / "link").is_symlink():
            add_links(job["owner"])
        error = ""
        try:
            with Mount(options, job) as mount:
                for name in job["mounts"][options] or CHECKS:
                    began = time.monotonic()
                    say(
                        mount=options,
                        check=name,
                        error=run(mount, name),
                        took=round(time.monotonic() - began, 1),
                    )
        except BaseException:
            error = traceback.format_exc()
        said = shell("dmesg", "--notime").splitlines()
        complaints = [
            line for line in said if re.search("CIFS|cifs|BUG|Call Trace", line) and not HARMLESS.search(line)
        ]
        say(mount=options, error=error, kernel=complaints)


if __name__ == "__main__":
    main()
