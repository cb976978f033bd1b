"""A Linux machine of Debian's packages for the kernel's own SMB1 client: qemu runs it, nobody needs to be root.

The packages are unpacked and not installed, and all of it is one initramfs: there is no disk. The first run fetches
some 110 MB with apt, into a folder of its own below the temporary directory, and takes half a minute; later ones find
it made.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

from tests.clients.client_runs import need

RELEASE: Final = "bookworm"
"""Whose kernel, 6.1, still speaks SMB1."""
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR: Final = "http://deb.debian.org/debian"
DEPMOD: Final = "/usr/sbin/depmod"
MODPROBE: Final = "/usr/sbin/modprobe"
KERNEL: Final = "linux-image-amd64"
SOURCE: Final = "zlib"
"""What is built on the mount: small, with a configure script, tests, and shared libraries that are symbolic links."""
PACKAGES: Final = (
    *("bash", "coreutils", "dash", "diffutils", "findutils", "grep", "mawk", "sed", "tar", "util-linux"),
    *("acl", "attr", "cifs-utils", "iproute2", "keyutils", "kmod", "mount", "rsync"),
    *("libc6-dev", "make", "tcc"),  # gcc would take ten times as long where the processor is emulated
    *("libpython3-stdlib", "python3-minimal"),
)
MODULES: Final = ("virtio_pci", "virtio_net", "cifs", "nls_utf8", "md5", "hmac", "sha256", "cmac", "ecb")
_OF_KERNEL: Final = ("./boot/vmlinuz-*", "./lib/modules/*")
_LEFT_OUT: Final = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info")
_MERGED: Final = ("bin", "lib", "lib64", "sbin")
MEMORY: Final = "1536"
"""MiB: the archive and what is unpacked from it are there at once."""


class Guest:
    """The machine, made and ready to be run."""

    def __init__(self, folder: Path) -> None:
        self.kernel = folder / "vmlinuz"
        self.system = folder / "system.cpio"
        (self.source,) = folder.glob(f"{SOURCE}_*.orig.tar.*")

    def run(self, files: Path, scratch: Path, seconds: float) -> str:
        """Boots with `files` laid over the system and runs their `/init`; gives what it wrote to /dev/ttyS1."""
        over = scratch / "files.cpio"
        pack(files, over)
        initrd, console, said = scratch / "initrd", scratch / "console", scratch / "said"
        with initrd.open("wb") as whole:
            for part in (self.system, over):
                with part.open("rb") as archive:
                    shutil.copyfileobj(archive, whole, 1 << 20)
        words = ["qemu-system-x86_64", "-accel", accelerator(), "-cpu", "max", "-smp", "2", "-m", MEMORY]
        words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        words += ["-serial", f"file:{console}", "-serial", f"file:{said}"]
        words += ["-kernel", str(self.kernel), "-initrd", str(initrd)]
        words += ["-append", "console=ttyS0 quiet panic=-1 mitigations=off"]
        words += ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"]
        words += ["-device", "virtio-rng-pci"]
        try:
            subprocess.run(words, timeout=seconds, check=True, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            so_far = (said.read_text() if said.exists() else "")[-2000:]
            last = (console.read_text(errors="replace") if console.exists() else "")[-2000:]
            pytest.fail(f"the guest is not done after {seconds:.0f} s: {so_far}\n{last}")
        finally:
            initrd.unlink()
        return said.read_text(errors="surrogateescape")


def accelerator() -> str:
    """KVM where the processor can do it by itself, else emulation: a /dev/kvm alone may be much slower than that."""
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    able = flags is not None and {"vmx", "svm"} & set(flags[1].split())
    return "kvm" if able and os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg,thread=multi"


def guest() -> Guest:
    """The machine, made if need be; skips the test where that cannot be."""
    need("qemu-system-x86_64", "apt-get", "apt-cache", "dpkg-deb", "tar", "cpio", DEPMOD, MODPROBE)
    if not KEYRING.exists():
        pytest.skip("debian-archive-keyring is not installed")
    known = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"fakesmb-guest-{os.getuid()}-{known}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(prefix="fakesmb-guest-") as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            _make(Path(scratch), made)
            for former in folder.parent.glob(f"fakesmb-guest-{os.getuid()}-*"):
                shutil.rmtree(former, ignore_errors=True)
            shutil.copytree(made, folder)
            folder.chmod(0o700)
    if folder.stat().st_uid != os.getuid() or stat.S_IMODE(folder.stat().st_mode) != 0o700:
        pytest.skip(f"{folder} belongs to somebody else")
    return Guest(folder)


def pack(folder: Path, archive: Path) -> None:
    """What is in a folder as an archive that the kernel unpacks, everything root's."""
    with archive.open("wb") as out:
        words = ["cpio", "--create", "--format=newc", "--owner=0:0", "--null", "--quiet"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, cwd=folder) as cpio:
            assert cpio.stdin is not None
            for path in sorted(folder.rglob("*")):
                cpio.stdin.write(os.fsencode(path.relative_to(folder)) + b"\0")
    assert cpio.returncode == 0


# -- making it ---------------------------------------------------------------------------------------------


class _Apt:
    """apt with lists, cache and an empty system of its own: what is installed here does not matter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        archive = f"[arch=amd64 signed-by={KEYRING}] {mirror()} {RELEASE} main"
        (folder / "sources.list").write_text(f"deb {archive}\ndeb-src {archive}\n")
        self.options = [
            f"-oDir::Etc::sourcelist={folder}/sources.list",
            f"-oDir::Etc::sourceparts={folder}/parts",
            f"-oDir::Etc::preferencesparts={folder}/parts",
            f"-oDir::State::lists={folder}/lists",
            f"-oDir::State::status={folder}/status",
            f"-oDir::Cache={folder}/cache",
            "-oAPT::Architecture=amd64",
            "-oAPT::Architectures=amd64",
            "-oAPT::Install-Recommends=false",
            "-oAPT::Sandbox::User=",
            "-oDebug::NoLocking=true",
            "-q",
        ]

    def __call__(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [program, *self.options, *words], cwd=self.folder, capture_output=True, text=True, timeout=600
        )
        if done.returncode:
            pytest.skip(f"{program} {words[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout


def mirror() -> str:
    """The Debian mirror that this machine uses, if any."""
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for place in places:
        found = re.search(r"https?://\S+/debian/?(?=\s)", place.read_text() if place.exists() else "")
        if found is not None:
            return found[0]
    return MIRROR


def _make(scratch: Path, made: Path) -> None:
    apt = _Apt(scratch)
    apt("apt-get", "update")
    (kernel,) = re.findall(r"Depends: (linux-image-\d\S+)", apt("apt-cache", "depends", KERNEL))
    apt("apt-get", "--download-only", "-y", "install", *PACKAGES)
    apt("apt-get", "download", kernel)
    apt("apt-get", "--download-only", "source", SOURCE)
    (source,) = scratch.glob(f"{SOURCE}_*.orig.tar.*")
    shutil.copy(source, made)
    system = scratch / "system"
    for name in _MERGED:
        (system / "usr" / name).mkdir(parents=True)
        (system / name).symlink_to(f"usr/{name}")
    for package in sorted((scratch / "cache" / "archives").glob("*.deb")):
        unpack(package, system, *(f"--exclude={name}" for name in _LEFT_OUT))
    (package,) = scratch.glob("linux-image-*.deb")
    unpack(package, scratch / "kernel", "--wildcards", *_OF_KERNEL)
    (image,) = (scratch / "kernel" / "boot").glob("vmlinuz-*")
    shutil.copy(image, made / "vmlinuz")
    _add_modules(scratch / "kernel", system, image.name.removeprefix("vmlinuz-"))
    for name, target in (("usr/bin/awk", "mawk"), ("usr/bin/cc", "tcc")):
        (system / name).symlink_to(target)  # what the scripts of the packages would have done
    for name in ("dev", "proc", "sys", "tmp", "etc"):
        (system / name).mkdir(exist_ok=True)
    (system / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\nsomebody:x:1000:1000::/:/bin/sh\n")
    (system / "etc" / "group").write_text("root:x:0:\nsomebody:x:1000:\n")
    pack(system, made / "system.cpio")


def unpack(package: Path, folder: Path, *words: str) -> None:
    """Puts the files of a package into a folder."""
    folder.mkdir(exist_ok=True)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as files:
        tar = ["tar", "-x", "-C", str(folder), "--keep-directory-symlink", "--no-same-owner", *words]
        subprocess.run(tar, stdin=files.stdout, check=True)


def _add_modules(kernel: Path, system: Path, version: str) -> None:
    """The modules that are needed, and those that they need."""
    subprocess.run([DEPMOD, "-b", kernel, version], check=True)
    words = [MODPROBE, "-d", str(kernel), "-S", version, "--show-depends", "-a", *MODULES]
    shown = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    chosen = {Path(line.split()[1]) for line in shown.splitlines() if line.startswith("insmod ")}
    target = system / "usr/lib/modules" / version
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(kernel / "lib/modules" / version / name, target)
    for module in chosen:
        place = target / module.relative_to(kernel / "lib/modules" / version)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, place)
    subprocess.run([DEPMOD, "-b", system, version], check=True)
