"""Runs in the guest in place of run.py: follows DFS links with the kernel's client, with Unix extensions and without.

Says one line of JSON for each way of mounting.
"""

import json
import traceback
from pathlib import Path

from mounting import Mount, shell


def follow(mount: Mount) -> dict[str, str]:
    """What is found through the links."""
    root = mount.a
    listed = sorted(path.name for path in root.iterdir())
    (root / "link" / "new.txt").write_text("made through the link\n")
    return {
        "listed": " ".join(listed),
        "own": (root / "own.txt").read_text(),
        "through": (root / "link" / "top.txt").read_text(),
        "deep": (root / "sub" / "far" / "b.txt").read_text(),
        "inside": " ".join(sorted(path.name for path in (root / "link").iterdir())),
        "mounts": str(sum("cifs" in line and "/tmp/a/" in line for line in shell("mount").splitlines())),
    }


def main() -> None:
    job = json.loads(Path("/test/job.json").read_text())
    for options in job["mounts"]:
        said: dict[str, str] = {"mount": options}
        try:
            with Mount(options, job) as mount:
                said |= follow(mount)
                for place in ("link", "sub/far"):
                    shell("umount", mount.a / place)
        except BaseException:
            said["error"] = traceback.format_exc() + shell("dmesg", "--notime")[-2000:]
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
