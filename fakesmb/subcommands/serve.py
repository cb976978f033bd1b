"""`fakesmb serve`."""

import gc
import os
import sys
from typing import Any, Final

from fakesmb.commandline.forms import argument, command
from fakesmb.commandline.parts import Example
from fakesmb.commandline.values import FOLDER
from fakesmb.saying import fail
from fakesmb.subcommands.serveoptions import GROUPS

# What it needs is imported when it runs: start-up is part of every test run that starts a server.

EXAMPLES: Final = (
    Example("Serve the sample shares to this machine, on port 4450:", "fakesmb serve"),
    Example("Serve each sub-directory of a folder as a share:", "fakesmb serve ./lab --user bob:Passw0rd"),
    Example(
        "Serve two folders, and let clients only read the first:",
        "fakesmb serve --share docs=./docs,ro --share in=./in --user bob:Passw0rd",
    ),
    Example(
        "Serve copies to the whole network, on the port that Windows knows:",
        "fakesmb serve ./lab --overlay --host 0.0.0.0 --port 445 --user bob:Passw0rd",
    ),
    Example(
        "Be like Windows 98, and log what fails alone:",
        "fakesmb serve --profile windows-98 --filter 'status!=SUCCESS'",
    ),
    Example(
        "Start from a script: any free port, its number in a file, requests as JSON lines:",
        "fakesmb serve --quiet --port 0 --port-file port.txt --log-file log.jsonl",
    ),
    Example("Watch it in a browser at http://127.0.0.1:8080/:", "fakesmb serve --web 8080 --log none"),
)


@command(
    groups=GROUPS,
    examples=EXAMPLES,
    one_only="one ROOT has all its sub-directories shared; single folders: --share NAME=PATH",
)
@argument(
    "root",
    required=False,
    type=FOLDER,
    about="A folder: each of its sub-directories is a share. Without ROOT, --share and --config the sample "
    "shares are served.",
)
def serve(**given: Any) -> None:
    """Serve folders as SMB1 shares, until Ctrl-C."""
    gc.disable()  # until the server listens: imports leave next to no garbage
    from fakesmb.ending import Ending
    from fakesmb.mistakes import ConfigError
    from fakesmb.portfile import PortFile
    from fakesmb.serving.configure import configure
    from fakesmb.serving.environment import read
    from fakesmb.serving.greeting import patient_standard_error
    from fakesmb.serving.run import run

    try:
        with Ending() as ending, patient_standard_error():
            try:
                environment = read(serve, os.environ).but(given)
                given = environment.under(given)
                files = [given[name] and PortFile(given[name]) for name in ("port_file", "web_port_file")]
                config, notes = configure(given, environment)
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
