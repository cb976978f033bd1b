"""The lists of what a server loads, with the versions that pip chooses today: `python -m tests.lean`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.leanrun import canonical

TREE: Final = Path(__file__).parent.parent
LISTS: Final = (TREE / "requirements" / "lean.txt", TREE / "docker" / "requirements.txt")
"""For people, and for the image."""


def chosen() -> dict[str, str]:
    """Every distribution that installing this tree brings, and its version."""
    words = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", "-"]
    said = subprocess.run([*words, f"{TREE}[kerberos]"], check=True, capture_output=True, text=True).stdout
    found = [one["metadata"] for one in json.loads(said)["install"]]
    return {canonical(one["name"]): one["version"] for one in found}


def renewed(text: str, versions: dict[str, str]) -> str:
    """The list with these versions. Raises KeyError for a line that nothing brings any more."""
    return re.sub(r"(?m)^([\w.-]+)==.*$", lambda line: f"{line[1]}=={versions[canonical(line[1])]}", text)


if __name__ == "__main__":
    versions = chosen()
    for one in LISTS:
        one.write_text(renewed(one.read_text(encoding="utf-8"), versions), encoding="utf-8")
