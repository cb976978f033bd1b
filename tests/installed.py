"""What `make dist` built is installed and used, outside of the tree: `python -m tests.installed FOLDER`.

In an environment that pip fills as for anybody, and in one of requirements/lean.txt: the command starts and serves, a
share is listed and a file read by impacket and, if it is there, smbclient; `fakesmb check` finds the server; the plugin
of pytest is loaded. The wheel, which was built of the sdist, is that of the tree, and pytest finds the tests of the
sdist. Tells what it did with seconds and sizes; ends with 1 and what is wrong otherwise.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

TREE: Final = Path(__file__).parent.parent
LEAN_LIMIT: Final = 60
"""Megabytes of 10**6 bytes on the disk that a lean environment has at most, after the server ran in it."""
ENVIRONMENT: Final = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
}
SEEN: Final = """
import sys
from impacket.smbconnection import SMBConnection
client = SMBConnection("FAKESMB", "127.0.0.1", sess_port=int(sys.argv[1]), preferredDialect="NT LM 0.12")
client.login("alice", "Secret123")
print(sorted(share["shi1_netname"][:-1] for share in client.listShares()))
read = []
client.getFile("public", "README.txt", read.append)
print(b"".join(read).decode().splitlines()[0])
client.logoff()
"""
SHARES: Final = ["IPC$", "c$", "docs", "public"]
TEST_OF_A_USER: Final = """
import socket

def test_it(smb):
    socket.create_connection((smb.host, smb.port)).close()
    smb.share("share").write("a.txt", b"text")
    assert smb.share("share").read("a.txt") == b"text"
"""


def tell(text: str) -> None:
    """A line of what was done."""
    print(text, flush=True)


def run(*words: str | Path, cwd: Path, **more: str) -> str:
    """Standard output of a program that must end with 0."""
    done = subprocess.run(
        words, cwd=cwd, env={**ENVIRONMENT, **more}, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def megabytes(folder: Path) -> float:
    """What a folder takes on the disk, as du counts it."""
    blocks = sum(path.lstat().st_blocks for path in [folder, *folder.rglob("*")])
    return blocks * 512 / 1e6


def expect(what: str, found: object, wanted: object) -> None:
    """Ends with what is wrong unless they are equal."""
    if found != wanted:
        sys.exit(f"{what}: {found!r}, not {wanted!r}")


def ordinary(folder: Path, wheel: Path) -> Path:
    """As the first lines of docs/install.md have it. Its programs' folder."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    run(folder / "bin" / "pip", "install", "-q", f"{wheel}[pytest]", cwd=folder.parent)
    return folder / "bin"


def lean(folder: Path, wheel: Path) -> Path:
    """Without pip, bytecode, and what is never loaded. Its programs' folder."""
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    install: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "-q",
        "--no-compile",
        "--no-deps",
    ]
    run(*install, "-r", TREE / "requirements" / "lean.txt", wheel, cwd=folder.parent)
    return folder / "bin"


@contextmanager
def serving(programs: Path, home: Path) -> Iterator[int]:
    """The server on the sample shares, on a free port. SIGTERM must end it with 0."""
    port_file = home / "port"
    words: list[str | Path] = [
        programs / "fakesmb",
        "serve",
        "--port",
        "0",
        "--port-file",
        port_file,
        "--log",
        "none",
    ]
    environment = {**ENVIRONMENT, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    with (home / "said").open("w") as said:
        process = subprocess.Popen(words, cwd=home, env=environment, stderr=said)
    try:
        deadline = time.monotonic() + 60
        while not port_file.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if not port_file.exists():
            sys.exit(f"it does not serve: {(home / 'said').read_text()}")
        yield int(port_file.read_text())
        process.terminate()
        expect("exit code of the server", process.wait(20), 0)
    finally:
        process.kill()
        process.wait()


def use(programs: Path, version: str) -> None:
    """The command, a server, clients."""
    with TemporaryDirectory() as name:
        home = Path(name)
        for command in ([programs / "fakesmb"], [programs / "python", "-m", "fakesmb"]):
            expect("--version", run(*command, "--version", cwd=home), f"fakesmb, version {version}\n")
        with serving(programs, home) as port:
            seen = run(programs / "python", "-c", SEEN, str(port), cwd=home).splitlines()
            expect("shares, by impacket", seen[0], str(SHARES))
            readme = (TREE / "shares" / "public" / "README.txt").read_text(encoding="utf-8")
            expect("public/README.txt, by impacket", seen[1], readme.splitlines()[0])
            tell("  " + run(programs / "fakesmb", "check", f"127.0.0.1:{port}", cwd=home).strip())
            if shutil.which("smbclient"):
                words = ["smbclient", "--option=client min protocol=NT1", "-m", "NT1", "-p", str(port), "-g"]
                listed = run(*words, "-U", "alice%Secret123", "-L", "127.0.0.1", cwd=home)
                found = sorted(line.split("|")[1] for line in listed.splitlines() if "|" in line)
                expect("shares, by smbclient", found, SHARES)
            else:
                tell("  smbclient is not here: not listed by it")


def use_plugin(programs: Path) -> None:
    """A test of somebody who has installed `fakesmb[pytest]`."""
    with TemporaryDirectory() as name:
        Path(name, "test_it.py").write_text(TEST_OF_A_USER)
        said = run(programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=Path(name))
    if "1 passed" not in said:
        sys.exit(said)


def collected(tree: Path, *words: str) -> int:
    """How many tests pytest finds in a tree; as quiet as pyproject.toml has it, it says so in its last line."""
    said = run(sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *words, cwd=tree)
    found = re.search(r"(?m)^(\d+) tests? collected", said)
    return int(found[1]) if found else 0


def check_sdist(sdist: Path, wheel: Path, folder: Path) -> None:
    """The wheel was built of it, and is that of the tree; it has the tests."""
    with tarfile.open(sdist) as file:
        file.extractall(folder, filter="data")
    [tree] = folder.iterdir()
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder / "wheel",
    ]
    run(*build, TREE, cwd=folder)
    [made] = (folder / "wheel").iterdir()
    with zipfile.ZipFile(made) as one, zipfile.ZipFile(wheel) as other:
        expect("files of the wheel of the tree", sorted(one.namelist()), sorted(other.namelist()))
    expect("the wheels of sdist and tree are alike", made.read_bytes() == wheel.read_bytes(), True)
    found = collected(tree)
    tell(f"sdist: gave the wheel of this tree, byte for byte; {found} tests collected")
    expect("whether the sdist has tests", found > 1, True)


def main() -> None:
    """Goes through all of it."""
    dist = Path(sys.argv[1]).resolve()
    [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    version = wheel.name.split("-")[1]
    tell(
        f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB; {sdist.name}: {sdist.stat().st_size / 1e6:.1f} MB"
    )
    with TemporaryDirectory() as name:
        for kind, install in (("pip install", ordinary), ("lean", lean)):
            folder = Path(name, install.__name__)
            start = time.monotonic()
            programs = install(folder, wheel)
            took, before = time.monotonic() - start, megabytes(folder)
            use(programs, version)
            after = megabytes(folder)
            tell(f"{kind}: serves; {before:.0f} MB, {after:.0f} MB once it ran; installed in {took:.0f} s")
            if install is ordinary:
                use_plugin(programs)
            elif after > LEAN_LIMIT:
                sys.exit(f"a lean environment has {LEAN_LIMIT} MB at most")
        check_sdist(sdist, wheel, Path(name, "sdist"))


if __name__ == "__main__":
    main()
