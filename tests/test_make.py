"""What `make serve` and `make test` say of what they install, with programs in the place of apt-get and pip; what
`.ci/run` does."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

APT = """#!/bin/sh
case "$*" in
*-s*) echo 'Inst python3.11 [3.11.2-6] (3.11.2-6+deb12u6 Debian [amd64])'; echo 'Inst wanted (1.0 Debian [all])' ;;
*install*)
    [ -e "$FAILS" ] && { echo 'E: Unable to locate package wanted'; exit 100; }
    echo 'Setting up python3.11 (3.11.2-6+deb12u6) ...'; echo 'Setting up wanted (1.0) ...'
    printf '#!/bin/sh\\n' >"$THERE/wanted"; chmod +x "$THERE/wanted" ;;
esac
"""
PIP = """#!/bin/sh
[ "$1" = list ] && { echo a==1; echo b==2; exit 0; }
echo 'Collecting click>=8.1 (from fakesmb)'; echo '  Downloading click.whl'; echo 'Collecting msgspec'
echo 'Installing collected packages: msgspec, click'
[ "$2" = --disable-pip-version-check ] && exit ${ENDS:-0}
exit 3
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("fails", [False, True])
def test_packages_of_debian(checkout: Path, tmp_path: Path, *, fails: bool) -> None:
    """What is wanted, what else changes, how far it is, what came; or why it did not."""
    program(tmp_path / "bin" / "apt-get", APT)
    program(tmp_path / "bin" / "id", "#!/bin/sh\necho 0\n")
    if fails:
        (tmp_path / "fails").touch()
    done = subprocess.run(
        [str(checkout / ".ci" / "packages"), "wanted=wanted"],
        env={
            "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
            "THERE": f"{tmp_path}/bin",
            "FAILS": f"{tmp_path}/fails",
        },
        capture_output=True,
        text=True,
    )
    told = done.stderr.splitlines()
    assert told[:4] == [
        "this machine lacks wanted, needed here: apt-get installs that (once)",
        "    reading Debian's lists",
        "    this also upgrades python3.11 from 3.11.2-6 to 3.11.2-6+deb12u6",
        "    fetching 2 packages",
    ]
    assert done.returncode == fails
    if fails:
        assert told[4:] == [
            "    E: Unable to locate package wanted",
            "could not install: wanted (without a network?)",
        ]
    else:
        assert told[4] == "    2 of 2 are set up"
        assert told[5].startswith("wanted: installed, after ")


@pytest.mark.parametrize("ends", [0, 1])
def test_packages_of_python(checkout: Path, tmp_path: Path, ends: int) -> None:
    program(tmp_path / "bin" / "pip", PIP)
    done = subprocess.run(
        [str(checkout / ".ci" / "pip-install"), str(tmp_path), "-e", "."],
        env={"PATH": "/usr/bin:/bin", "ENDS": str(ends)},
        capture_output=True,
        text=True,
    )
    told = done.stderr.splitlines()
    assert told[:3] == ["    click", "    msgspec", "    unpacking all of them"]
    assert done.returncode == ends
    assert len(told) == (3 if ends else 4)
    if not ends:
        assert " has 2 packages and " in told[3]


ENGINE = """#!/bin/sh
echo "engine $1" >>"$TOLD"
case $1 in
status) exit 1 ;;
up) exit "$UP" ;;
env) echo 'export ENGINE=up' ;;
esac
"""


@pytest.mark.parametrize(
    ("there", "answers", "steps"),
    [
        ("", 1, ["make test COVERAGE=1 "]),
        ("0", 1, ["engine status", "engine up", "engine env", "make test COVERAGE=1 up", "engine down"]),
        ("1", 1, ["engine status", "engine up", "make test COVERAGE=1 ", "engine down"]),
        ("0", 0, ["make test COVERAGE=1 "]),
    ],
    ids=["no engine is known", "it comes up", "it does not", "one answers"],
)
def test_continuous_integration_ends_as_its_tests_do(
    checkout: Path, tmp_path: Path, there: str, answers: int, steps: list[str]
) -> None:
    """With and without an engine, no standard input, and no HOME."""
    (tmp_path / "source" / ".ci").mkdir(parents=True)
    for name in ("run", "packages"):
        shutil.copy(checkout / ".ci" / name, tmp_path / "source" / ".ci" / name)
    if there:
        program(tmp_path / "shared" / "docker" / "engine.sh", ENGINE)
    program(tmp_path / "bin" / "docker", f"#!/bin/sh\nexit {answers}\n")
    program(tmp_path / "bin" / "make", '#!/bin/sh\necho "make $* $ENGINE" >>"$TOLD"\nexit 7\n')
    done = subprocess.run(
        [tmp_path / "source" / ".ci" / "run"],
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "TOLD": str(tmp_path / "told"), "UP": there},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "told").read_text().splitlines() == steps
    assert done.returncode == 7
    assert done.stderr.count("\n") == (there != "0" or not answers), done.stderr


def test_make_help_explains_every_target(checkout: Path) -> None:
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    [targets] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    told = re.findall(r"^# make (\S+)", makefile, re.MULTILINE)
    assert sorted(told) == sorted({*targets.split()} - {"help"})
