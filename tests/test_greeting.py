"""What `serve` says at its start: where it is reached, what Windows wants, folders that cannot be written to, ports."""

import errno
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import CannotListenError

from fakesmb import FakeSMB
from fakesmb.config.merging import Config
from fakesmb.config.parts import SharePart
from fakesmb.mistakes import ConfigError
from fakesmb.serving import greeting
from fakesmb.serving.configure import configure
from fakesmb.serving.notices import unwritable
from fakesmb.subcommands.serve import serve
from fakesmb.transport import addresses, process


def config(*words: str) -> Config:
    """Of a server that is started so."""
    given: dict[str, Any] = serve.make_context("serve", list(words)).params
    return configure(given)[0]


# -- the addresses of the machine --------------------------------------------------------------------------


def test_one_address_is_that_one() -> None:
    assert addresses.addresses_of("127.0.0.1") == ["127.0.0.1"]
    assert addresses.addresses_of("192.168.1.8") == ["192.168.1.8"]


def test_all_addresses_are_those_of_the_machine() -> None:
    """Each can be bound, so it is one of ours, and none comes twice; loopback comes last."""
    found = addresses.addresses_of("0.0.0.0")
    assert found[-1] == "127.0.0.1"
    assert len(set(found)) == len(found)
    for one in found:
        with socket.create_server((one, 0)):
            assert one == found[-1] or addresses.is_for_others(one)
    both = addresses.addresses_of("::")
    assert both[-2:] == ["127.0.0.1", "::1"]
    assert set(found) <= set(both)


def test_the_way_out_comes_first_and_what_others_cannot_reach_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "_on_the_way_out", lambda family, there: iter(["192.168.1.8"]))
    monkeypatch.setattr(
        addresses, "_of_interfaces", lambda: iter(["127.0.0.1", "10.0.0.5", "169.254.7.7", "192.168.1.8"])
    )
    assert addresses.addresses_of("0.0.0.0") == ["192.168.1.8", "10.0.0.5", "127.0.0.1"]


def test_a_system_that_tells_of_no_interfaces_has_loopback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "if_nameindex", refuse)
    monkeypatch.setattr(addresses, "_OF_IPV6", str(tmp_path / "none"))
    assert addresses.addresses_of("0.0.0.0") == ["127.0.0.1"]
    assert addresses.addresses_of("::") == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("address", "so"),
    [
        ("192.168.1.8", True),
        ("127.0.0.2", False),
        ("169.254.1.1", False),
        ("fe80::1%eth0", False),
        ("fd00::2", True),
    ],
)
def test_who_can_reach_an_address(address: str, so: bool) -> None:
    assert addresses.is_for_others(address) == so


# -- what is said of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hosts", "netbios", "line"),
    [
        (["127.0.0.1"], None, "ready on 127.0.0.1:445"),
        (["127.0.0.1"], 139, "ready on 127.0.0.1:445 and 127.0.0.1:139"),
        (["::1"], None, "ready on [::1]:445"),
        (["10.0.0.5", "127.0.0.1"], None, "ready on 10.0.0.5:445 and 127.0.0.1:445"),
        (
            ["10.0.0.5", "127.0.0.1"],
            139,
            "ready on 10.0.0.5:445, 127.0.0.1:445, 10.0.0.5:139 and 127.0.0.1:139",
        ),
    ],
)
def test_the_last_line_says_where(hosts: list[str], netbios: int | None, line: str) -> None:
    assert greeting.ready_line(hosts, 445, netbios) == line


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is told."""
    found: list[str] = []
    monkeypatch.setattr(greeting, "tell", lambda text: found.extend(text.splitlines()))
    return found


class Listening:
    """A server that has started, as far as its greeting asks."""

    def __init__(self, config: Config, host: str, direct: int, netbios: int | None = None) -> None:
        self.config = config
        self.ports = type("Ports", (), {"host": host, "direct": direct, "netbios": netbios})
        self.server = self.names = None
        self.disks_that_may_hang: list[str] = []
        self.web_port = 8080


def greeted(said: list[str], host: str, *ports: int, share: str, more: Sequence[str] = ()) -> list[str]:
    words = ["--host", host, "--user", "alice:Secret123", "--share", share, *more]
    greeting.greet(Listening(config(*words), host, *ports), [])  # type: ignore[arg-type]
    return [line.removeprefix("fakesmb: ") for line in said]


@pytest.fixture
def two_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "addresses_of", lambda host: ["192.168.1.8", "10.0.0.5", "127.0.0.1"])


@pytest.mark.usefixtures("two_networks")
def test_all_addresses_and_what_to_type_at_a_windows(said: list[str], tmp_path: Path) -> None:
    lines = greeted(said, "0.0.0.0", 445, share=f"public={tmp_path}")
    assert lines[-1] == "ready on 192.168.1.8:445, 10.0.0.5:445 and 127.0.0.1:445"
    assert r"Windows: \\192.168.1.8\public or \\10.0.0.5\public" in lines
    assert any(line.startswith("smbclient ") and line.endswith(" //192.168.1.8/public") for line in lines)


@pytest.mark.usefixtures("two_networks")
def test_windows_reaches_no_other_port(said: list[str], tmp_path: Path) -> None:
    lines = greeted(said, "0.0.0.0", 4450, share=f"public={tmp_path}")
    assert "Windows connects to ports 445 and 139 only: --port 445 for it" in lines
    said.clear()
    assert r"Windows: \\192.168.1.8\public or \\10.0.0.5\public" in greeted(
        said, "0.0.0.0", 4450, 139, share=f"public={tmp_path}"
    )


@pytest.mark.usefixtures("two_networks")
def test_a_hidden_share_is_not_what_to_type_first(said: list[str], tmp_path: Path) -> None:
    assert r"Windows: \\192.168.1.8 or \\10.0.0.5" in greeted(said, "0.0.0.0", 445, share=f"c$={tmp_path}")


@pytest.mark.usefixtures("two_networks")
def test_the_page_is_told_by_each_address(said: list[str], tmp_path: Path) -> None:
    more = ("--web", "0.0.0.0:8080", "--web-token", "Hush")
    lines = greeted(said, "0.0.0.0", 445, share=f"public={tmp_path}", more=more)
    assert (
        "control API and page: http://192.168.1.8:8080/, http://10.0.0.5:8080/ and http://127.0.0.1:8080/"
        in lines
    )
    assert "Hush" not in "".join(lines)


def test_this_machine_alone_has_nothing_for_windows(said: list[str], tmp_path: Path) -> None:
    lines = greeted(said, "127.0.0.1", 445, share=f"public={tmp_path}")
    assert lines[-1] == "ready on 127.0.0.1:445"
    assert not any("Windows" in line for line in lines)


def test_the_packages_of_missing_clients_are_named(
    said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"curl"}
    monkeypatch.setattr(shutil, "which", lambda program, **_: program if program in there else None)
    lines = greeted(said, "127.0.0.1", 4450, share=f"public={tmp_path}")
    [line] = [
        one for one in lines if one.startswith("not on this machine: smbclient, mount.cifs; on Debian: ")
    ]
    assert line.endswith("apt install smbclient cifs-utils")
    assert any(one.endswith(" check 127.0.0.1:4450") for one in lines)
    there |= {"smbclient", "mount.cifs"}
    said.clear()
    assert not any(
        "apt install" in one for one in greeted(said, "127.0.0.1", 4450, share=f"public={tmp_path}")
    )
    there.clear()
    said.clear()
    monkeypatch.setattr(addresses, "addresses_of", lambda host: ["192.168.1.8"])
    assert not any(
        "apt install" in one for one in greeted(said, "192.168.1.8", 445, share=f"public={tmp_path}")
    )


# -- folders that cannot be written to ---------------------------------------------------------------------


def with_shares(tmp_path: Path, *names: str, **keys: Any) -> Config:
    made = config("--share", f"x={tmp_path}")
    import msgspec

    return msgspec.structs.replace(
        made, shares=tuple(SharePart(name=name, path=str(tmp_path / name), **keys) for name in names)
    )


def test_a_folder_of_somebody_else_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir(mode=0o755)
    theirs = tmp_path / "theirs"
    monkeypatch.setattr(os, "access", lambda path, mode, **_: path != str(theirs))
    owner = theirs.stat()
    assert list(unwritable(with_shares(tmp_path, "ours", "theirs"))) == [
        f"share theirs: nothing can be made in {theirs}: it belongs to uid {owner.st_uid} and gid {owner.st_gid}, "
        f"mode 755, and the server has uid {os.geteuid()} and gid {os.getegid()}"
    ]
    assert list(unwritable(with_shares(tmp_path, "ours", "theirs", read_only=True))) == []
    assert list(unwritable(with_shares(tmp_path, "theirs", overlay=True))) == []


def test_a_read_only_mount_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounted").mkdir()
    served = with_shares(tmp_path, "mounted")
    monkeypatch.setattr(os, "access", lambda path, mode, **_: False)
    mounted = type("Facts", (), {"f_flag": os.ST_RDONLY})
    monkeypatch.setattr(os, "statvfs", lambda path: mounted)
    assert list(unwritable(served)) == [
        f"share mounted: nothing can be made in {tmp_path}/mounted: "
        "it is mounted read-only (,ro says so to clients, too)"
    ]


def test_a_folder_that_is_gone_is_told_of(tmp_path: Path) -> None:
    assert list(unwritable(with_shares(tmp_path, "gone"))) == [
        f"share gone: nothing can be made in {tmp_path}/gone: No such file or directory"
    ]


# -- ports of root's ---------------------------------------------------------------------------------------


@pytest.fixture
def ports_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_first_of_all", lambda: 1024)


@pytest.mark.usefixtures("ports_of_root")
def test_a_port_of_roots_is_told_with_the_ways_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(link))
    monkeypatch.setattr(sys, "platform", "linux")
    assert process.no_right_to(445) == (
        "ports below 1024 are root's. One of: a port from 1024 on, such as 4450; sudo with --run-as USER; "
        "sudo sysctl net.ipv4.ip_unprivileged_port_start=445; "
        f"sudo setcap cap_net_bind_service=+ep {os.path.realpath(link)}"
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    assert process.no_right_to(445) == (
        "ports below 1024 are root's. One of: a port from 1024 on, such as 4450; sudo with --run-as USER"
    )


@pytest.mark.usefixtures("ports_of_root")
def test_a_port_that_something_else_forbids() -> None:
    assert process.no_right_to(4450) == "something beside the rights of users forbids it"


def test_which_ports_are_roots_is_asked() -> None:
    assert 0 <= process._first_of_all() <= 65535


@pytest.mark.usefixtures("ports_of_root")
@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "Permission denied: ports below 1024 are root's. One of: ",
        ),
        (
            OSError(errno.EADDRINUSE, "Address already in use"),
            "Address already in use; port 0 takes a free one",
        ),
    ],
)
def test_a_server_without_rights_says_which_it_needs(
    problem: OSError, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from twisted.internet.posixbase import PosixReactorBase

    def refuse(self: object, port: int, *_: object, interface: str = "", **__: object) -> None:
        raise CannotListenError(interface, port, problem)

    monkeypatch.setattr(PosixReactorBase, "listenTCP", refuse)
    with pytest.raises(ConfigError) as caught, FakeSMB({"x": tmp_path}, port=445):
        pass
    assert str(caught.value).startswith(f"cannot listen on 127.0.0.1:445: {line}")


@pytest.mark.usefixtures("ports_of_root")
def test_so_says_a_name_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from twisted.internet.posixbase import PosixReactorBase

    def refuse(self: object, port: int, *_: object, interface: str = "", **__: object) -> None:
        raise CannotListenError(interface, port, PermissionError(errno.EACCES, "Permission denied"))

    monkeypatch.setattr(PosixReactorBase, "listenUDP", refuse)
    with pytest.raises(ConfigError) as caught, FakeSMB({"x": tmp_path}, names={"port": 137}):
        pass
    assert str(caught.value).startswith(
        "cannot listen for names on 127.0.0.1:137 (UDP): Permission denied: ports below 1024 are root's. One of: "
    )
