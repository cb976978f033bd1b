"""A process that serves until it is told to end."""

from typing import TYPE_CHECKING, Final

from fakesmb.config.merging import Config
from fakesmb.ending import Ending
from fakesmb.mistakes import ConfigError
from fakesmb.portfile import PortFile
from fakesmb.saying import tell
from fakesmb.serving.greeting import greet, tell_hold_up, warn
from fakesmb.serving.notices import unwritable
from fakesmb.serving.startup import (
    LOAD_AFTER_SECONDS,
    TLS_MODULES,
    UNUSED_MODULES,
    choose_reactor,
    load_ntlm,
    load_services,
    on_first_use,
    settle_collector,
    without,
)

if TYPE_CHECKING:
    from twisted.python.failure import Failure

RUNS_AS_ROOT: Final = "the server runs as root, with all rights over files: --run-as USER gives them up"


def run(
    config: Config,
    notes: list[str],
    port_file: PortFile | None,
    ending: Ending,
    *,
    quiet: bool = False,
    web_port_file: PortFile | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises `ConfigError` where it cannot listen."""
    with without(*TLS_MODULES), on_first_use(*UNUSED_MODULES):
        choose_reactor()
        from twisted.internet import reactor  # noqa: TID251  (this is where the reactor is chosen)
    from fakesmb.app import FakeSMBService
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
            for notice in [*([RUNS_AS_ROOT] if is_root() else []), *unwritable(config)]:
                smb.log.problem(notice)
                notes.append(notice)
            if quiet:
                warn(notes)
            else:
                greet(smb, notes)

    def count() -> None:
        """What is loaded at the start is no hold-up of a request."""
        if smb.server is not None:
            smb.server.world.turn.count_from_now()

    for step in (announce, load_ntlm, settle_collector, count):
        reactor.callWhenRunning(step)
    reactor.callLater(LOAD_AFTER_SECONDS, load_services, reactor)
    try:
        reactor.run()
    finally:
        smb.log.close()
    for error, file in refused:
        raise ConfigError(f"cannot write {file}: {error.strerror}")
    if counting is not None and counting.summary is not None:
        tell("".join(f"fakesmb: {line}\n" for line in counting.summary.lines()))
    if not quiet:
        tell_hold_up(smb)
