"""The addresses of this machine, by which others reach a server that listens on all of them."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

_ALL: Final = ("0.0.0.0", "::")
_GET_ADDRESS: Final = 0x8915
"""SIOCGIFADDR of Linux: the IPv4 address of an interface (netdevice(7))."""
_GET_FLAGS: Final = 0x8913
"""SIOCGIFFLAGS: what it is and does."""
_RUNNING: Final = 0x40
"""IFF_RUNNING: there is a cable, or what stands for one."""
_REQUEST: Final = struct.Struct("256s")
_FLAGS: Final = struct.Struct("16xH")
_ADDRESS_AT: Final = 20
"""Where the address stands in its answer, a `struct ifreq`: behind the name, the family and a port."""
_OF_IPV6: Final = "/proc/net/if_inet6"
_ELSEWHERE: Final = ("192.0.2.1", "2001:db8::1")
"""Addresses of documentation (RFC 5737, RFC 3849): nothing is sent to them, only the way there is looked up."""


def addresses_of(host: str) -> list[str]:
    """By which addresses a server that listens on `host` is reached: that of the way to other networks first, those of
    this machine alone last. Just `host` where it is one of them.
    """
    if host not in _ALL:
        return [host]
    found = [*_on_the_way_out(socket.AF_INET, _ELSEWHERE[0]), *_of_interfaces()]
    loopback = ["127.0.0.1"]
    if host == "::":
        found += [*_on_the_way_out(socket.AF_INET6, _ELSEWHERE[1]), *_of_interfaces_ipv6()]
        loopback.append("::1")
    return [*dict.fromkeys(one for one in found if is_for_others(one)), *loopback]


def is_for_others(address: str) -> bool:
    """Whether other machines may reach it: not by loopback, and not by an address of one cable only."""
    found = ip_address(address.partition("%")[0])
    return not (found.is_loopback or found.is_link_local or found.is_unspecified)


def _on_the_way_out(family: socket.AddressFamily, there: str) -> Iterator[str]:
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((there, 9))
        yield str(probe.getsockname()[0])


def _of_interfaces() -> Iterator[str]:
    try:
        from fcntl import ioctl

        names = [name for _, name in socket.if_nameindex()]
    except (ImportError, OSError):  # no Unix, or one that hides them
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        for name in names:
            with suppress(
                OSError
            ):  # one without an address; or a system that numbers its requests in another way
                asked = _REQUEST.pack(name.encode()[:15])
                if _FLAGS.unpack_from(ioctl(asks, _GET_FLAGS, asked))[0] & _RUNNING:
                    yield socket.inet_ntoa(ioctl(asks, _GET_ADDRESS, asked)[_ADDRESS_AT : _ADDRESS_AT + 4])


def _of_interfaces_ipv6() -> Iterator[str]:
    with suppress(OSError), open(_OF_IPV6, encoding="ascii") as file:
        for line in file:
            yield socket.inet_ntop(socket.AF_INET6, bytes.fromhex(line.split()[0]))
