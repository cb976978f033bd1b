"""What is said, as pcapng, while it is."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from fakesmb import FakeSMB
from fakesmb.web import live
from tests.web.memory import Memory, answer, request

MAGIC = b"\x0a\x0d\x0d\x0a"


def test_it_begins_as_pcapng_and_ends_with_its_client(memory: Memory) -> None:
    browser = memory.browser()
    browser.send(request("GET", "/capture.pcapng?snap=100"))
    memory.reactor.advance(1)
    got = answer(browser.take())
    assert (got.status, got.headers["content-type"]) == (200, "application/vnd.tcpdump.pcap")
    assert got.body.startswith(MAGIC)
    assert len(memory.http.site.live) == 1
    browser.leave()
    assert len(memory.http.site.live) == 0
    assert memory.call("HEAD", "/api/v1/capture.pcapng").status == 200
    assert len(memory.http.site.live) == 0
    assert memory.get("/capture.pcapng?snap=-1").status == 400
    assert "did you mean snap" in memory.get("/capture.pcapng?sanp=1").error


def test_so_many_and_no_more(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    first = memory.browser()
    first.send(request("GET", "/capture.pcapng"))
    assert memory.get("/capture.pcapng").status == 503
    first.channel.stopProducing()
    assert len(memory.http.site.live) == 0


def test_who_does_not_read_is_left(
    new_memory: Callable[..., Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = new_memory()
    monkeypatch.setattr(live, "MOST_UNREAD", 1000)
    browser = memory.browser()
    browser.send(request("GET", "/capture.pcapng"))
    (capture,) = memory.http.site.live
    capture.pauseProducing()
    capture._write(bytes(900))
    capture.resumeProducing()
    capture.pauseProducing()
    capture._write(bytes(900))
    assert not browser.transport.disconnecting
    capture._write(bytes(900))
    assert browser.transport.disconnecting
    assert len(memory.http.site.live) == 0
    capture._write(b"more")
    browser.leave()
    (problem,) = memory.service.journal.problems()
    assert "a live capture is left" in str(problem.problem)


@pytest.mark.client
def test_curl_takes_what_tshark_reads(tmp_path: Path) -> None:
    file = tmp_path / "live.pcapng"
    with FakeSMB({"in": {"a.txt": b"hello"}}, users={"alice": "Secret123"}, web=0) as smb:
        url = f"{smb.web_url}/capture.pcapng"
        curl = subprocess.Popen(["curl", "-sN", "-o", str(file), url])
        for _ in range(500):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.01)
        client = ["smbclient", "-m", "NT1", "--option=client min protocol=NT1", "-U", "alice%Secret123"]
        command = [*client, "-p", str(smb.port), "//127.0.0.1/in", "-c", "get a.txt -"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert "hello" in done.stdout
        told = sum("number" in one for one in json.load(urlopen(f"{smb.web_url}/messages"))["messages"])
    assert curl.wait(20) == 0
    fields = ["-T", "fields", "-e", "smb.cmd", "-e", "_ws.malformed"]
    shown = subprocess.run(["tshark", "-r", str(file), "-Y", "smb", *fields], capture_output=True, text=True)
    lines = shown.stdout.splitlines()
    assert len(lines) == told > 10
    assert not [line for line in lines if line.split("\t")[1:] != [""]]
