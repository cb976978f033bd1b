"""The options of `serve`, by subject."""

from typing import Any, Final

from fakesmb.commandline.parts import Group, Option
from fakesmb.commandline.values import FILE, PORT, OneOf, Profile, Whole

AGAIN: Final = "May come again."


def _many(name: str, metavar: str, help: str, key: str) -> Option:
    """An option that may come again."""
    return Option([name, key], multiple=True, metavar=metavar, help=f"{help} {AGAIN}")


def _flag(name: str, help: str) -> Option:
    return Option([name], is_flag=True, help=help)


def _port(name: str, help: str, usual: str = "none") -> Option:
    return Option([name], type=PORT, metavar="PORT", help=help, usual=usual)


def _text(name: str, metavar: str, help: str, **more: Any) -> Option:
    return Option([name], metavar=metavar, help=help, **more)


SHARES: Final = Group(
    "Shares",
    (
        Option(
            ["--config", "file"],
            type=FILE,
            metavar="FILE",
            help="Take all settings from this fakesmb.toml; arguments win over it.",
        ),
        _many(
            "--share",
            "NAME=PATH[,ro][,overlay]",
            "Share the folder PATH as NAME. With ro clients only read; with overlay they get a copy, "
            "and PATH never changes.",
            "shares",
        ),
        _many(
            "--printer",
            "NAME=FOLDER",
            "Offer a printer: what clients print becomes files in FOLDER.",
            "printers",
        ),
        _flag("--overlay", "Serve copies of all shares, so that no folder ever changes."),
    ),
)

USERS: Final = Group(
    "Users, and how they sign in",
    (
        _many("--user", "NAME:PASSWORD", "Let this user sign in.", "users"),
        _many("--admin", "NAME:PASSWORD", "Let this user sign in as an administrator.", "admins"),
        Option(
            ["--guest"],
            type=OneOf("ro", "rw", also={"read-only": "ro", "read-write": "rw", "write": "rw"}),
            is_flag=False,
            flag_value="ro",
            metavar="[ro|rw]",
            help="Let unknown users in as guests, to read (ro, or nothing) or to write too (rw).",
        ),
        Option(
            ["--accept"],
            multiple=True,
            type=OneOf("ntlmv2", "ntlm2", "ntlmv1", "lm", also={"ntlm": "ntlmv1"}),
            help=f"Accept this proof of a password. {AGAIN}",
            usual="all on loopback addresses, elsewhere ntlmv2",
        ),
        _text(
            "--keytab",
            "FILE",
            "Let clients sign in by Kerberos: FILE has the keys of the service cifs/NAME.",
            type=FILE,
        ),
        _flag("--plain-text", "Have clients send passwords as they are, for those that cannot do else."),
        Option(
            ["--security"],
            type=OneOf("user", "share"),
            help="Ask for the passwords of users, or of shares without asking who it is.",
            usual="user",
        ),
        _many(
            "--share-password",
            "NAME:PASSWORD",
            "Set what opens a share, with --security share.",
            "share_passwords",
        ),
        _many(
            "--read-only-password",
            "NAME:PASSWORD",
            "Set what opens a share to read only, with --security share.",
            "read_only_passwords",
        ),
    ),
)

LISTENS: Final = Group(
    "Where it listens",
    (
        _text(
            "--host",
            "ADDRESS",
            "Listen on this address; 0.0.0.0 is all that this machine has.",
            usual="127.0.0.1",
        ),
        _port("--port", "Listen on this port; 0 takes any free one. Windows knows 445 and 139 only.", "4450"),
        _port("--netbios-port", "Listen on a second port, such as 139, for clients that know no other."),
        _text(
            "--run-as",
            "USER",
            "Go on with the rights of this user once the ports are open; for root only.",
        ),
        _text(
            "--port-file",
            "FILE",
            "Write the number of the port to this file once clients can connect.",
            type=FILE,
        ),
    ),
)

NAMES: Final = Group(
    "Its name on the network",
    (
        _text("--name", "NAME", "Be called so: a NetBIOS name, of 15 characters at most.", usual="FAKESMB"),
        _text("--workgroup", "NAME", "Belong to this workgroup or domain.", usual="WORKGROUP"),
        _flag("--names", "Answer for the NetBIOS name: the same as --name-port 137 --datagram-port 138."),
        _port("--name-port", "Answer for it on this port of UDP; 0 takes any free one."),
        _port("--datagram-port", "Announce the server and list its neighbours on this port of UDP."),
        _text(
            "--broadcast",
            "ADDRESS",
            "Reach the whole network at this address.",
            usual="255.255.255.255, on loopback addresses none",
        ),
        _flag("--master", "Stand for election as master browser of the workgroup."),
    ),
)

LIKE: Final = Group(
    "What it is like",
    (
        _text(
            "--profile",
            "NAME",
            "Answer as this make of server does; fakesmb profiles lists them.",
            type=Profile(),
            usual="windows-2003",
        ),
        _many(
            "--set",
            "KEY=VALUE",
            "Differ from the profile in a switch, such as raw_mode=false (docs/profiles.md).",
            "switches",
        ),
        Option(
            ["--signing"],
            type=OneOf("off", "offered", "required"),
            help="Sign messages never, with clients that want it, or with all.",
            usual="what the profile says",
        ),
        Option(
            ["--deterministic"],
            metavar="[=SEED]",
            type=Whole(
                0,
                (1 << 63) - 1,
                "a whole number, the seed; without one the option stands before another, or last",
            ),
            is_flag=False,
            flag_value=1,
            help="Answer alike in each run: what is random is made of the seed, and the time is told (--clock).",
        ),
        _text(
            "--clock",
            "TIME[,step=1ms]",
            "Let it be this time, such as 2004-02-01T10:00:00Z; it stands, or steps with each look.",
        ),
        _flag(
            "--no-plans",
            "Answer every request the general way, to compare; it is slower, and all else alike.",
        ),
    ),
)

TELLS: Final = Group(
    "What it tells",
    (
        Option(
            ["--log"],
            type=OneOf("text", "json", "summary", "none", also={"jsonl": "json", "off": "none"}),
            help="Write requests and responses to standard output; summary: connections, sign-ins and "
            "problems alone.",
            usual="text",
        ),
        _text("--filter", "EXPR", "Log only what matches, such as 'status!=SUCCESS' (docs/filter.md)."),
        Option(
            ["-q", "--quiet"],
            is_flag=True,
            help="Say only what needs a person, and log only where --log asks for it.",
        ),
        _text(
            "--log-file",
            "FILE.jsonl",
            "Append requests and responses to this file, as JSON lines.",
            type=FILE,
        ),
        _flag("--log-truncate", "Begin the log file anew, once the server listens."),
        _text(
            "--pcap",
            "FILE|-",
            "Capture all that is said as pcapng, which Wireshark reads; - is standard output.",
            type=FILE,
        ),
        Option(
            ["--snap"],
            type=Whole(0, None, "a number of bytes, 0 or more (0: all)"),
            metavar="BYTES",
            help="Keep so much of each packet of the capture.",
            usual="all",
        ),
        Option(
            ["--pcap-ports"],
            type=OneOf("445", "real"),
            help="Have this as the server's port in the capture; Wireshark knows SMB by 445.",
            usual="445",
        ),
        _flag("--secrets", "Put challenge responses, keys and tokens into JSON logs and captures, too."),
        Option(
            ["--journal"],
            type=Whole(0, None, "a number of events, at least 0"),
            metavar="N",
            help="Remember so many events for --web and tests; the oldest are forgotten.",
            usual="20000",
        ),
        Option(
            ["--keep-data"],
            type=Whole(0, None, "a number of bytes, at least 0"),
            metavar="N",
            help="Remember so many bytes of each read and write with them.",
            usual="0",
        ),
    ),
)

WEB: Final = Group(
    "Its page, and the control API",
    (
        _text(
            "--web",
            "[ADDRESS:]PORT",
            "Offer the page for browsers and the control API for tests here; 0 takes any free port.",
            usual="none; ADDRESS 127.0.0.1",
        ),
        _text(
            "--web-token",
            "TOKEN",
            "Ask this of whoever calls it; better given by the environment, as FAKESMB_WEB_TOKEN.",
        ),
        _text("--web-port-file", "FILE", "Write the number of its port to this file, likewise.", type=FILE),
    ),
)

GROUPS: Final = (SHARES, USERS, LISTENS, NAMES, LIKE, TELLS, WEB)
"""All of them, in the order of the help."""
