"""The command `fakesmb`."""

import contextlib
import gc
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import click

from fakesmb.saying import fail, one_line, tell
from fakesmb.subcommands.coverage import coverage
from fakesmb.subcommands.demo import demo
from fakesmb.subcommands.profiles import profiles
from fakesmb.subcommands.replay import replay
from fakesmb.subcommands.show import show

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from fakesmb.app import FakeSMBService
    from fakesmb.config.merging import Config
    from fakesmb.config.parts import SharePart
    from fakesmb.ending import Ending
    from fakesmb.portfile import PortFile

# Each command imports what it needs when it runs: start-up is part of every test run that starts a server.

STANDARD_ERROR: Final = 2
LOAD_AFTER_SECONDS: Final = 3.0
"""So long after the start a thread loads what only RPC needs: who starts a server for a moment does without."""
YOUNG_OBJECTS: Final = 20_000
"""New objects between two runs of the collector, once the server listens."""
TLS_MODULES: Final = ("twisted.internet._newtls", "twisted.protocols.tls", "twisted.internet.ssl", "ssl")
"""SMB1 knows no TLS, and OpenSSL is a third of Twisted's start-up."""
UNUSED_MODULES: Final = ("http.cookiejar",)
"""What Twisted imports for the sake of old programs, and what would load an HTTP client and a mail parser."""
RUNS_AS_ROOT: Final = "the server runs as root, with all rights over files: --run-as USER gives them up"

GUESTS: Final = {"ro": "read-only", "rw": "read-write"}


class Greeting(str):
    """A note that tells a person something and warns of nothing: `--quiet` leaves it out."""

    __slots__ = ()


class OneLine(click.Group):
    """The command, which tells mistakes in its arguments as all others: in one line."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Reads what stands before the name of a command."""
        with _usage_inone_line():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Reads the arguments of a command, and runs it."""
        with _usage_inone_line():
            return super().invoke(ctx)


@contextlib.contextmanager
def _usage_inone_line() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # which click has since 8.2: help, and no mistake
            raise
        fail(" ".join(_usage(error).split()))


def _usage(error: click.UsageError) -> str:
    """What is wrong with the arguments, with the nearest names."""
    from fakesmb.nt.nearest import nearest

    context = error.ctx
    if isinstance(error, click.NoSuchOption) and context is not None:
        name = error.option_name
        if re.fullmatch(r"-\d+", name):
            return f"No such option '{name}': no number here may be negative"
        near = nearest(name, _options(context.command, context))
        if not near and isinstance(context.command, click.Group):
            owners = [key for key, one in context.command.commands.items() if name in _options(one, context)]
            near = f"; it belongs after {' or '.join(owners)}" if owners else ""
        return f"No such option '{name}'{near}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        if error.param.name == "deterministic":
            return f"{error.format_message()} It is the seed; --deterministic alone stands before an option, or last"
        kind, value = error.param.type, re.match("'(.*)' is not one of", error.message)
        if isinstance(kind, click.Choice) and value:
            return f"{error.format_message().rstrip('.')}{nearest(value[1], kind.choices)}"
    if context is not None and isinstance(context.command, click.Group):
        command = re.match("No such command '(.*)'", error.message)
        if command:
            return f"No such command '{command[1]}'{nearest(command[1], list(context.command.commands))}"
    return error.format_message()


def _options(command: click.Command, context: click.Context) -> list[str]:
    return [name for one in command.get_params(context) for name in one.opts if name.startswith("--")]


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fakesmb")
def main() -> None:
    """The SMB1/CIFS file server for tests, real clients and classrooms."""


for _command in (show, replay, demo, coverage, profiles):
    main.add_command(_command)


@main.command()
@click.argument("root", required=False)
@click.option(
    "--config", "file", metavar="FILE", help="fakesmb.toml: all of this and more; arguments win over it."
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="NAME=PATH[,ro][,overlay]",
    help="A share; overlay: a copy, and PATH never changes. May come again.",
)
@click.option(
    "--printer",
    "printers",
    multiple=True,
    metavar="NAME=FOLDER",
    help="A printer: what clients print becomes files in FOLDER. May come again.",
)
@click.option(
    "--user", "users", multiple=True, metavar="NAME:PASSWORD", help="Who may sign in. May come again."
)
@click.option(
    "--admin", "admins", multiple=True, metavar="NAME:PASSWORD", help="A user who is an administrator."
)
@click.option(
    "--guest",
    type=click.Choice(sorted(GUESTS)),
    is_flag=False,
    flag_value="ro",
    help="Unknown users may sign in as guests: to read (ro, the default) or also to write (rw).",
)
@click.option("--overlay", is_flag=True, help="Serve copies of all shares: no folder ever changes.")
@click.option("--host", metavar="ADDRESS", help="Where to listen  [127.0.0.1]")
@click.option("--port", type=int, help="Port for direct TCP and NetBIOS sessions; 0: any free one  [4450]")
@click.option("--netbios-port", type=int, help="A second port, such as 139, for clients that know no other.")
@click.option(
    "--names", is_flag=True, help="Answer for the NetBIOS name: --name-port 137 and --datagram-port 138."
)
@click.option("--name-port", type=int, help="UDP port of the name service; 0: any free one  [none]")
@click.option(
    "--datagram-port",
    type=int,
    help="UDP port of datagrams: announce the server, list its neighbours  [none]",
)
@click.option("--broadcast", metavar="ADDRESS", help="Where the whole network hears of names.")
@click.option("--master", is_flag=True, help="Stand for election as master browser of the workgroup.")
@click.option(
    "--run-as", metavar="USER", help="Have the rights of this user, once the ports are bound; for root only."
)
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(["ntlmv2", "ntlm2", "ntlmv1", "lm"]),
    help="How a password may be proved. May come again  [loopback: all; elsewhere: ntlmv2]",
)
@click.option(
    "--keytab",
    metavar="FILE",
    help="Keys of the service cifs/NAME, from a KDC: clients may sign in by Kerberos.",
)
@click.option(
    "--plain-text", is_flag=True, help="Have clients send passwords as they are, for those that cannot else."
)
@click.option(
    "--security",
    type=click.Choice(["user", "share"]),
    help="share: nobody is asked who it is, and shares have passwords  [user]",
)
@click.option(
    "--share-password",
    "share_passwords",
    multiple=True,
    metavar="NAME:PASSWORD",
    help="What opens a share, with --security share. May come again.",
)
@click.option(
    "--read-only-password",
    "read_only_passwords",
    multiple=True,
    metavar="NAME:PASSWORD",
    help="What opens it to read only. May come again.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help="The make of server to be like; fakesmb profiles lists them  [windows-2003]",
)
@click.option(
    "--set", "switches", multiple=True, metavar="KEY=VALUE", help="A switch over the profile. May come again."
)
@click.option(
    "--deterministic",
    metavar="[=SEED]",
    type=int,
    is_flag=False,
    flag_value=1,
    help="Answer alike in each run: randomness is made of the seed, and time is told (--clock).",
)
@click.option(
    "--clock",
    metavar="TIME[,step=1ms]",
    help="The time that it is, such as 2004-02-01T10:00:00Z; it stands or steps.",
)
@click.option("--name", help="NetBIOS name of the server  [FAKESMB]")
@click.option("--workgroup", help="Workgroup or domain that it belongs to  [WORKGROUP]")
@click.option(
    "--signing", type=click.Choice(["off", "offered", "required"]), help="Message signing  [offered]"
)
@click.option(
    "--log",
    type=click.Choice(["text", "json", "summary", "none"]),
    help="Requests and responses on standard output; summary: only connections, sign-ins and problems  [text]",
)
@click.option(
    "--filter",
    metavar="EXPR",
    help="Log only what matches, such as 'command=READ status!=SUCCESS' (docs/filter.md).",
)
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Say only what needs a person; show requests only where --log asks for them.",
)
@click.option("--log-file", metavar="FILE.jsonl", help="Also append them to this file, as JSON lines.")
@click.option("--log-truncate", is_flag=True, help="Begin the log file anew, once the server listens.")
@click.option(
    "--pcap",
    metavar="FILE|-",
    help="Capture all that is said as pcapng, which Wireshark reads; -: on standard output.",
)
@click.option("--snap", type=int, metavar="BYTES", help="Keep so much of each packet of the capture  [all]")
@click.option(
    "--pcap-ports",
    type=click.Choice(["445", "real"]),
    help="What its packets have as the server's port; Wireshark knows SMB by 445  [445]",
)
@click.option(
    "--secrets",
    is_flag=True,
    help="Put challenge responses, keys and tokens into the JSON log and captures, too.",
)
@click.option(
    "--journal", type=int, metavar="N", help="How many events to remember; the oldest are forgotten  [20000]"
)
@click.option(
    "--keep-data", type=int, metavar="N", help="How many bytes of each read and write they keep; none  [0]"
)
@click.option(
    "--no-plans", is_flag=True, help="Answer every request the general way, to compare; slower, nothing else."
)
@click.option(
    "--port-file", metavar="FILE", help="Write the port number to this file once clients can connect."
)
@click.option(
    "--web",
    metavar="[ADDRESS:]PORT",
    help="The control API and the page, for browsers and tests; 0: any free port  [127.0.0.1]",
)
@click.option(
    "--web-token",
    metavar="TOKEN",
    envvar="FAKESMB_WEB_TOKEN",
    help="Who calls it has to show this (or in the environment: FAKESMB_WEB_TOKEN).",
)
@click.option("--web-port-file", metavar="FILE", help="Write the port of --web to this file, likewise.")
def serve(**given: Any) -> None:
    """Serve the sub-directories of ROOT as shares; without ROOT, --share and --config, the sample shares."""
    gc.disable()  # until the server listens: imports leave next to no garbage
    from fakesmb.ending import Ending
    from fakesmb.mistakes import ConfigError
    from fakesmb.portfile import PortFile

    try:
        with Ending() as ending, _patient_standard_error():
            try:
                files = [given[name] and PortFile(given[name]) for name in ("port_file", "web_port_file")]
                config, notes = configure(given)
                run(config, notes, files[0], ending, quiet=given["quiet"], web_port_file=files[1])
            except Exception as error:
                if ending.wanted:  # an error of what the signal interrupted took the place of its exception
                    sys.exit(0)
                if not isinstance(error, ConfigError):
                    raise
                fail(str(error))
    except KeyboardInterrupt:  # before the reactor takes it
        sys.exit(0)
    finally:
        gc.enable()


def _switches(given: Sequence[str]) -> dict[str, Any]:
    from fakesmb.core.profiles import ProfileError, spelt
    from fakesmb.mistakes import ConfigError

    try:
        return dict(map(spelt, given))
    except ProfileError as error:
        raise ConfigError(str(error)) from None


def configure(given: dict[str, Any]) -> "tuple[Config, list[str]]":
    """The configuration that the arguments ask for, and what to tell the person. Raises `ConfigError`."""
    from fakesmb.config import forms, merging, parts, tomlfile, whole
    from fakesmb.mistakes import ConfigError
    from fakesmb.nt.names import fold

    notes: list[str] = []
    part = tomlfile.read(given["file"]) if given["file"] else parts.FilePart()
    named = [forms.share(text) for text in given["shares"]]
    named += [forms.printer(text) for text in given["printers"]]
    roots = forms.subdirectories(given["root"]) if given["root"] else []
    closed = [share for share in roots if not os.access(share.path, os.R_OK | os.X_OK)]
    notes += [f"{share.path} is left out: it may not be read" for share in closed]
    roots = [share for share in roots if share not in closed]
    taken = {fold(share.name) for share in named}
    arguments = merging.Arguments(
        server=_said(
            given,
            "host",
            "port",
            "netbios_port",
            "name",
            "workgroup",
            "signing",
            "security",
            "plain_text",
            "run_as",
            "keytab",
            "profile",
            "deterministic",
            "clock",
        ),
        switches=_switches(given["switches"]),
        log=_said(
            given,
            format="log",
            file="log_file",
            filter="filter",
            truncate="log_truncate",
            secrets="secrets",
            journal="journal",
            keep_data="keep_data",
        ),
        web=_web(given),
        names=_names(given),
        capture=_said(given, file="pcap", snap="snap", ports="pcap_ports"),
        users=[forms.user(text) for text in given["users"]]
        + [forms.user(text, admin=True) for text in given["admins"]],
        shares=named + [share for share in roots if fold(share.name) not in taken],
        named=_option,
    )
    if given["quiet"]:
        arguments.log.setdefault("format", "none")
    if given["no_plans"]:
        arguments.server["plans"] = False
    if given["accept"]:
        arguments.server["accept"] = list(given["accept"])
    if given["guest"]:
        arguments.server["guest"] = GUESTS[given["guest"]]
    if not arguments.shares and not part.share:
        from fakesmb import samples

        home = samples.data_home()
        if samples.prepare(home):
            notes.append(Greeting(f"the sample shares are in {home}, yours to change"))
        arguments.shares = samples.shares(home)
    config = merging.merge(part, arguments)
    for key, option in (("password", "share_passwords"), ("read_only_password", "read_only_passwords")):
        config = merging.with_share_passwords(config, key, given[option])
    if given["web_port_file"] and config.web.port is None:
        raise ConfigError("--web-port-file: there is no control API without --web PORT")
    if given["overlay"]:
        config = merging.with_overlays(config)
    if whole.needs_users(config) and not config.users and config.guest == "off":
        if not config.loopback:
            raise ConfigError(
                f"on {config.host} others can connect: name users (--user NAME:PASSWORD) or --guest"
            )
        config = merging.with_users(config, (parts.SAMPLE,))
        notes.append(Greeting(f"user {parts.SAMPLE_USER}, password {parts.SAMPLE_PASSWORD}"))
    whole.check_whole(config, given["file"] or "", part)
    notes += [
        f"user {one.name} has an empty password: whoever connects can be {one.name}"
        for one in config.users
        if one.has_empty_password
    ]
    notes += whole.weak_spots(config)
    if whole.guests_cannot_sign(config):
        notes.append("signing is required, which guests cannot do: they are refused")
    if config.seed is not None and not config.loopback:
        notes.append(
            "deterministic: whoever knows the seed knows the challenges, so this is no server for a network"
        )
    return config, notes


def _web(given: dict[str, Any]) -> dict[str, Any]:
    """The keys of `[web]`. Raises `ConfigError` for a port that is no number."""
    from fakesmb.mistakes import ConfigError

    keys = {} if given["web_token"] is None else {"token": given["web_token"]}
    if given["web"] is None:
        return keys
    host, _, port = given["web"].rpartition(":")
    if not port.isascii() or not port.isdecimal():
        raise ConfigError(f"--web {given['web']}: is PORT or ADDRESS:PORT, as 8080 or 127.0.0.1:8080")
    return keys | {"port": int(port)} | ({"host": host.strip("[]")} if host else {})


def _names(given: dict[str, Any]) -> dict[str, Any]:
    """The keys of `[names]`."""
    keys = {"port": 137, "datagram_port": 138} if given["names"] else {}
    keys |= _said(given, "datagram_port", "broadcast", port="name_port")
    return keys | ({"master": True} if given["master"] else {})


def _option(table: str, key: str) -> str:
    """The option that gives this key of fakesmb.toml."""
    if table == "web":
        return {"token": "--web-token", "hosts": "[web] hosts"}.get(key, "--web")
    names = {
        "names": {"port": "name-port", "host": "[names] host", "address": "[names] address"},
        "log": {"format": "log", "file": "log-file", "truncate": "log-truncate"},
        "capture": {"file": "pcap", "ports": "pcap-ports"},
    }
    name = names.get(table, {}).get(key, key)
    if name.startswith("["):
        return name
    return f"--{name.replace('_', '-')}"


def _said(given: dict[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """The options that were given, by their names in fakesmb.toml."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return {
        key: given[option]
        for key, option in pairs
        if given[option] is not None and given[option] is not False
    }


def run(
    config: "Config",
    notes: list[str],
    port_file: "PortFile | None",
    ending: "Ending",
    *,
    quiet: bool = False,
    web_port_file: "PortFile | None" = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises `ConfigError` where it cannot listen."""
    with _without(*TLS_MODULES), _on_first_use(*UNUSED_MODULES):
        _choose_reactor()
        from twisted.internet import reactor  # noqa: TID251  (this is where the reactor is chosen)
    from fakesmb.app import FakeSMBService
    from fakesmb.mistakes import ConfigError
    from fakesmb.sinks import Counting
    from fakesmb.transport.process import is_root, most_descriptors

    most_descriptors(raised=True)
    smb = FakeSMBService.from_config(config)
    port_files = [file for file in (web_port_file, port_file) if file is not None]

    def remove_port_files() -> None:
        for file in port_files:
            file.remove()

    def last_words() -> None:
        remove_port_files()
        smb.log.close()

    ending.last_words = last_words
    ending.finishing = lambda: smb.log.closing
    mistakes: list[Failure] = []
    counting = None if quiet and config.log.format != "summary" else Counting()
    smb.start(reactor, log_apart=True, spares=False, seen=counting).addErrback(mistakes.append)
    for mistake in mistakes:
        mistake.raiseException()
    if port_files:
        reactor.addSystemEventTrigger("before", "shutdown", remove_port_files)
    reactor.addSystemEventTrigger("before", "shutdown", smb.stop)
    refused: list[tuple[OSError, PortFile]] = []

    def announce() -> None:
        """Runs once signals are handled: whoever reads the port may end the server at once."""
        if ending.wanted:
            reactor.stop()
            return
        for file in port_files:
            try:
                file.write(smb.port if file is port_file else smb.web_port)
            except OSError as error:
                refused.append((error, file))
                reactor.stop()
        if not refused:
            if is_root():
                smb.log.problem(RUNS_AS_ROOT)
                notes.append(RUNS_AS_ROOT)
            if quiet:
                warn(notes)
            else:
                _greet(smb, notes)

    def count() -> None:
        """What is loaded at the start is no hold-up of a request."""
        if smb.server is not None:
            smb.server.world.turn.count_from_now()

    for step in (announce, _load_ntlm, _settle_collector, count):
        reactor.callWhenRunning(step)
    reactor.callLater(LOAD_AFTER_SECONDS, _load_services, reactor)
    try:
        reactor.run()
    finally:
        smb.log.close()
    for error, file in refused:
        raise ConfigError(f"cannot write {file}: {error.strerror}")
    if counting is not None and counting.summary is not None:
        tell("".join(f"fakesmb: {line}\n" for line in counting.summary.lines()))
    if not quiet:
        _tell_hold_up(smb)


@contextlib.contextmanager
def _patient_standard_error() -> Iterator[None]:
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


def _choose_reactor() -> None:
    """Installs the reactor that serves fastest; without epoll Twisted chooses one."""
    try:
        from fakesmb.transport.reactor import new_reactor, processors
    except ImportError:
        return
    from twisted.internet import main

    install: Callable[[Any], None] = main.installReactor
    install(new_reactor(watchful=processors() > 1))


def _load_services(reactor: Any) -> None:
    """A thread loads the services of RPC: it takes a fifth of a second, for which the first call held up everybody."""

    from fakesmb.rpc.pipes import SERVICES

    def load() -> None:
        for module in SERVICES.values():
            importlib.import_module(module)
        reactor.callFromThread(gc.freeze)  # as what was imported before

    Thread(target=load, daemon=True).start()


def _settle_collector() -> None:
    """Requests leave no reference cycles behind: the collector may run seldom, and skip what was imported."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 4, 100)


@contextlib.contextmanager
def _without(*modules: str) -> Iterator[None]:
    """Inside the block these modules cannot be imported, as if they were not installed."""
    absent = [name for name in modules if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails as if it were not installed
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextlib.contextmanager
def _on_first_use(*modules: str) -> Iterator[None]:
    """Inside the block an import of these modules notes them only: they are run when a name of theirs is used."""

    class Finder:
        @staticmethod
        def find_spec(
            name: str, path: Sequence[str] | None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            spec = PathFinder.find_spec(name, path, target) if name in modules else None
            if spec is not None and spec.loader is not None:
                spec.loader = LazyLoader(spec.loader)
            return spec

    sys.meta_path.insert(0, Finder)
    try:
        yield
    finally:
        sys.meta_path.remove(Finder)


def _load_ntlm() -> None:
    """Before the first client signs in, and after it can connect."""
    from fakesmb.auth import hashes

    with _without("cffi"):  # Cryptodome takes ctypes instead
        hashes.load()


def warn(notes: list[str]) -> None:
    """What a person should know, also one who wants no greeting."""
    tell("".join(f"fakesmb: {one_line(note)}\n" for note in notes if not isinstance(note, Greeting)))


def _share_line(share: "SharePart") -> str:
    served = "the content of the configuration" if share.content is not None else share.path
    words = ["a copy"] * share.overlay + ["read-only"] * share.read_only + ["a printer"] * share.printer
    return f"share {share.name}: {served}" + (f" ({', '.join(words)})" if words else "")


def _greet(smb: "FakeSMBService", notes: list[str]) -> None:
    """The address, the user and commands to paste, on standard error."""
    from fakesmb.app import reachable
    from fakesmb.hints import commands

    ports, config = smb.ports, smb.config
    assert ports is not None
    host = reachable(ports.host)
    lines = [
        *notes,
        *(_share_line(one) for one in config.shares),
        *(
            f"share {name}: its disk may hang; what local programs do there is not noticed (may_hang)"
            for name in smb.disks_that_may_hang
        ),
        *commands(config, host, ports.direct, "" if smb.server is None else smb.server.service),
        *([] if config.web.port is None else [f"control API and page: {smb.web_url}/"]),
        *_names_line(smb),
        f"ready on {host}:{ports.direct}" + (f" and {host}:{ports.netbios}" if ports.netbios else ""),
    ]
    tell("".join(f"fakesmb: {one_line(line)}\n" for line in lines))


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


def _tell_hold_up(smb: "FakeSMBService") -> None:
    """At the end: how long the server kept somebody waiting at most."""
    server = smb.server
    if server is not None and (longest := server.counters.longest_hold_up):
        tell(f"fakesmb: the longest hold-up of any request was {longest * 1000:.1f} ms\n")
