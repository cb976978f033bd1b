"""Printing by real programs: smbclient in each dialect, smbspool, rpcclient, net rap; what comes is in the folder."""

import os
import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, Start, need, run
from tests.clients.test_samba_clients import rpcclient

pytestmark = pytest.mark.client

PAGE = b"%!PS\n" + bytes(range(256)) * 700 + b"showpage\n"
DIALECTS = ("CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1")


class Printer:
    """A server with a printer, and its folder."""

    def __init__(self, smb: Running, folder: Path, page: Path) -> None:
        self.smb = smb
        self.folder = folder
        self.page = page

    def smbclient(self, command: str, dialect: str = "NT1", user: str = f"{USER}%{PASSWORD}") -> str:
        need("smbclient")
        words: list[str | Path] = ["-s", self.smb.config, "-m", dialect, "-p", str(self.smb.port), "-U", user]
        words += ["--option=client min protocol=CORE", "--option=client lanman auth=yes"]
        words += ["--option=client plaintext auth=yes", "--option=client ntlmv2 auth=no"]
        words += ["--option=client use spnego=no"] if dialect != "NT1" else []
        said = run("smbclient", *words, "//127.0.0.1/lp", "-c", command)
        return said.stdout

    def printed(self) -> list[bytes]:
        return [one.read_bytes() for one in sorted(self.folder.glob("*.prn"))]


@pytest.fixture(scope="module")
def printing(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printer]:
    base = tmp_path_factory.mktemp("printing")
    (base / "spool").mkdir()
    page = base / "page.ps"
    page.write_bytes(PAGE)
    with start("--printer", f"lp={base / 'spool'}", "--guest", "rw") as smb:
        yield Printer(smb, base / "spool", page)
        assert smb.problems() == []


@pytest.fixture
def printer(printing: Printer) -> Printer:
    for one in printing.folder.iterdir():
        one.unlink()
    return printing


@pytest.mark.parametrize("dialect", DIALECTS)
def test_smbclient_prints_lists_and_cancels(printer: Printer, dialect: str) -> None:
    user = f"{USER}%{PASSWORD}" if dialect == "NT1" else "%"
    said = printer.smbclient(f"print {printer.page}; queue", dialect, user)
    assert printer.printed() == [PAGE], said
    if dialect in ("CORE", "COREPLUS"):  # they know no transactions, by which smbclient asks for queues
        return
    (job,) = re.findall(r"^(\d+) +\d+ +page.ps-\d+$", said, re.MULTILINE)
    assert str(len(PAGE)) in said
    assert f"Job {job} cancelled" in printer.smbclient(f"cancel {job}; queue", dialect, user)
    assert printer.printed() == []


def test_others_do_not_cancel_it(printer: Printer) -> None:
    printer.smbclient(f"print {printer.page}")
    job = int(next(printer.folder.iterdir()).name.split("-")[2])
    assert "NT_STATUS" not in printer.smbclient(f"cancel {job}", user="bob%Hunter22")
    assert printer.printed() == [PAGE]


def test_smbspool(printer: Printer) -> None:
    """The backend of CUPS, without CUPS."""
    need("smbspool")
    uri = f"smb://{USER}:{PASSWORD}@127.0.0.1:{printer.smb.port}/lp"
    config = {**os.environ, "DEVICE_URI": uri, "SMB_CONF_PATH": str(printer.smb.config)}
    said = subprocess.run(
        ["smbspool", "7", USER, "a title", "1", "", str(printer.page)],
        env=config, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout
    assert printer.printed() == [PAGE]
    assert "a_title" in next(printer.folder.iterdir()).name


def test_it_is_listed_as_a_printer(printer: Printer) -> None:
    need("smbclient")
    smb = printer.smb
    said = run(
        "smbclient",
        "-s",
        smb.config,
        "-m",
        "NT1",
        "-p",
        str(smb.port),
        "-U",
        f"{USER}%{PASSWORD}",
        "-L",
        "127.0.0.1",
    ).stdout
    assert re.search(r"^\s+lp\s+Printer\b", said, re.MULTILINE), said


def test_rpcclient_finds_what_windows_finds(printer: Printer) -> None:
    printer.smbclient(f"print {printer.page}")
    commands = [
        *(f"enumprinters {level}" for level in (0, 1, 2, 4, 5)),
        *(f"getprinter lp {level}" for level in (0, 1, 2, 3, 4, 5, 7)),
        "openprinter lp", "enumforms lp", "getform lp A4", "enumports 1", "enumports 2", "enummonitors 1",
        "enummonitors 2", "enumjobs lp 1", "enumjobs lp 2", "getdriverdir", "getprintprocdir", "enumprocs",
        "enumprocdatatypes winprint", "getdata lp ChangeID",
    ]  # fmt: skip
    said = rpcclient(printer.smb, ";".join(commands)).stdout
    assert not re.search("WERR_(?!OK)", said), said
    assert "NT_STATUS" not in said, said
    for words in (
        r"printername:[\\FAKESMB\lp]",
        "sharename:[lp]",
        "page.ps",
        "width: 210000",
        "Port Name:\t[LPT1:]",
    ):
        assert words in said, words
    assert "WERR_UNKNOWN_PRINTER_DRIVER" in rpcclient(printer.smb, "getdriver lp 3").stdout
    assert "WERR_INVALID_PRINTER_NAME" in rpcclient(printer.smb, "openprinter none").stdout


def test_rpcclient_cancels_a_job(printer: Printer) -> None:
    printer.smbclient(f"print {printer.page}")
    job = int(next(printer.folder.iterdir()).name.split("-")[2])
    rpcclient(printer.smb, f"setjob lp {job} PAUSE")
    assert [one.suffix for one in printer.folder.iterdir()] == [".held"]
    rpcclient(printer.smb, f"setjob lp {job} RESUME")
    assert printer.printed() == [PAGE]
    rpcclient(printer.smb, f"setjob lp {job} CANCEL")
    assert list(printer.folder.iterdir()) == []


def test_net_rap_lists_queues_with_their_jobs(printer: Printer) -> None:
    need("net")
    printer.smbclient(f"print {printer.page}")
    smb = printer.smb
    said = run(
        "net", "rap", "printq", f"--configfile={smb.config}", "-p", str(smb.port), "-S", "127.0.0.1", "-U",
        f"{USER}%{PASSWORD}",
    ).stdout  # fmt: skip
    assert re.search(r"lp\s+Queue\s+1 jobs", said), said


def test_impacket_prints_through_spoolss(printer: Printer) -> None:
    """As Windows does: StartDoc, StartPage, WritePrinter, EndPage, EndDoc."""
    from impacket.dcerpc.v5 import rprn, transport

    line = transport.SMBTransport("127.0.0.1", printer.smb.port, r"\spoolss", USER, PASSWORD)
    dce = line.get_dce_rpc()
    dce.connect()
    dce.bind(rprn.MSRPC_UUID_RPRN)
    handle = rprn.hRpcOpenPrinter(dce, "\\\\127.0.0.1\\lp\0")["pHandle"]
    name = "Test Page\0".encode("utf-16-le")
    count = len(name) // 2
    text = struct.pack("<III", count, 0, count) + name + bytes(-len(name) % 4)

    def call(opnum: int, stub: bytes) -> bytes:
        dce.call(opnum, bytes(handle) + stub)
        return bytes(dce.recv())

    assert call(17, struct.pack("<IIIIII", 1, 1, 4, 8, 0, 0) + text)[-4:] == bytes(4)
    for opnum in (18, 19, 20, 23):
        stub = struct.pack("<I", len(PAGE)) + PAGE + bytes(-len(PAGE) % 4) + struct.pack("<I", len(PAGE))
        assert call(opnum, stub if opnum == 19 else b"")[-4:] == bytes(4)
    rprn.hRpcClosePrinter(dce, handle)
    dce.disconnect()
    assert printer.printed() == [PAGE]
    assert next(printer.folder.iterdir()).name.endswith("-Test_Page.prn")
