"""`fakesmb serve`."""

import gc
import os
import sys
from typing import Any

import click

from fakesmb.saying import fail

# What it needs is imported when it runs: start-up is part of every test run that starts a server.


@click.command()
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
    type=click.Choice(["ro", "rw"]),
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
    help="Who calls it has to show this (or in the environment: FAKESMB_WEB_TOKEN).",
)
@click.option("--web-port-file", metavar="FILE", help="Write the port of --web to this file, likewise.")
def serve(**given: Any) -> None:
    """Serve the sub-directories of ROOT as shares; without ROOT, --share and --config, the sample shares."""
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
