"""What `serve` says on standard error: before it is ready, when it is, and at its end."""

import contextlib
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from fakesmb.address import Place
from fakesmb.config.merging import Config
from fakesmb.config.parts import SharePart
from fakesmb.saying import one_line, tell

if TYPE_CHECKING:
    from fakesmb.app import FakeSMBService

STANDARD_ERROR: Final = 2
_PORTS_OF_WINDOWS: Final = {445, 139}


class Greeting(str):
    """A note that tells a person something and warns of nothing: `--quiet` leaves it out."""

    __slots__ = ()


@contextlib.contextmanager
def patient_standard_error() -> Iterator[None]:
    """Inside the block nobody who leaves standard error unread (Ctrl-S, a full pipe) stops the server."""
    before = sys.stderr
    try:
        patient = before is not None and before.fileno() == STANDARD_ERROR
    except (OSError, ValueError):
        patient = False
    if not patient:  # closed by whoever started us, or in the hands of a program that calls us
        yield
        return
    from fakesmb.record.patient import PatientText

    text = PatientText(STANDARD_ERROR)
    sys.stderr = text
    try:
        yield
    finally:
        sys.stderr = before
        text.finish()


def warn(notes: list[str]) -> None:
    """What a person should know, also one who wants no greeting."""
    tell("".join(f"fakesmb: {one_line(note)}\n" for note in notes if not isinstance(note, Greeting)))


def share_line(share: SharePart) -> str:
    served = "the content of the configuration" if share.content is not None else share.path
    words = ["a copy"] * share.overlay + ["read-only"] * share.read_only + ["a printer"] * share.printer
    return f"share {share.name}: {served}" + (f" ({', '.join(words)})" if words else "")


def greet(smb: "FakeSMBService", notes: list[str]) -> None:
    """The address, the user and commands to paste, on standard error."""
    from fakesmb import hints
    from fakesmb.transport.addresses import addresses_of

    ports, config = smb.ports, smb.config
    assert ports is not None
    hosts = addresses_of(ports.host)
    lines = [
        *notes,
        *(share_line(one) for one in config.shares),
        *(
            f"share {name}: its disk may hang; what local programs do there is not noticed (may_hang)"
            for name in smb.disks_that_may_hang
        ),
        *hints.lines(config, hosts[0], ports.direct, "" if smb.server is None else smb.server.service),
        *_windows_line(config, hosts, {ports.direct, ports.netbios}),
        *([] if config.web.port is None else [_web_line(addresses_of(config.web.host), smb.web_port)]),
        *_names_line(smb),
        ready_line(hosts, ports.direct, ports.netbios),
    ]
    tell("".join(f"fakesmb: {one_line(line)}\n" for line in lines))


def ready_line(hosts: Sequence[str], port: int, netbios: int | None) -> str:
    """Where the server is reached: `ready on 127.0.0.1:4450`."""
    places = [str(Place(host, one)) for one in filter(None, (port, netbios)) for host in hosts]
    return f"ready on {_joined(places, 'and')}"


def _web_line(hosts: Sequence[str], port: int) -> str:
    urls = [f"http://{Place(host, port)}/" for host in hosts]
    return f"control API and page: {_joined(urls, 'and')}"


def _windows_line(config: Config, hosts: Sequence[str], ports: Collection[int | None]) -> list[str]:
    """What a person types at a Windows of the network, which takes no port."""
    from fakesmb.transport.addresses import is_for_others

    others = [host for host in hosts if is_for_others(host) and ":" not in host]
    if config.loopback or not others:
        return []
    if not _PORTS_OF_WINDOWS & set(ports):
        return ["Windows connects to ports 445 and 139 only: --port 445 for it"]
    share = next((one.name for one in config.shares if not one.name.endswith("$") and not one.printer), "")
    uncs = ["\\".join(filter(None, (rf"\\{host}", share))) for host in others]
    return [f"Windows: {_joined(uncs, 'or')}"]


def _joined(words: Sequence[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _names_line(smb: "FakeSMBService") -> list[str]:
    """By which names the server is found, and where they are told."""
    if smb.names is None:
        return []
    name_port, datagram_port = smb.names.ports
    beside = "" if datagram_port is None else f", announced on {datagram_port}"
    settings = smb.config.settings
    return [
        f"name {settings.name} in {settings.workgroup} told on {smb.config.names.host}:{name_port} (UDP){beside}"
    ]


def tell_hold_up(smb: "FakeSMBService") -> None:
    """At the end: how long the server kept somebody waiting at most."""
    server = smb.server
    if server is not None and (longest := server.counters.longest_hold_up):
        tell(f"fakesmb: the longest hold-up of any request was {longest * 1000:.1f} ms\n")
