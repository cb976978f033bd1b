"""The image under testcontainers: what a project in any language of that family does, here in Python.

pip install testcontainers pytest impacket
TESTCONTAINERS_RYUK_DISABLED=true python -m pytest -q        where no image can be pulled
"""

import io
import json
import os
import time

import pytest
from impacket.smbconnection import SMBConnection
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HealthcheckWaitStrategy

IMAGE = os.environ.get("FAKESMB_IMAGE", "fakesmb")


@pytest.fixture(scope="module")
def fakesmb():
    container = DockerContainer(IMAGE).with_exposed_ports(445).with_env("FAKESMB_USER_1", "alice:Secret123")
    with container.waiting_for(HealthcheckWaitStrategy()) as running:  # healthy: a negotiate was answered
        yield running


@pytest.fixture
def client(fakesmb):
    host, port = fakesmb.get_container_host_ip(), int(fakesmb.get_exposed_port(445))
    client = SMBConnection(host, host, sess_port=port, preferredDialect="NT LM 0.12", timeout=10)
    client.login("alice", "Secret123")
    yield client
    client.close()


def test_a_file_is_written_and_read_again(client):
    client.putFile("public", "report.txt", io.BytesIO(b"all is well").read)
    found = io.BytesIO()
    client.getFile("public", "report.txt", found.write)
    assert found.getvalue() == b"all is well"


def test_the_log_on_standard_output_says_what_was_written(client, fakesmb):
    client.putFile("public", "news.txt", io.BytesIO(b"x").read)
    for _ in range(50):  # the log is a moment behind
        said, _ = fakesmb.get_logs()
        events = [json.loads(line) for line in said.decode().splitlines() if line.startswith("{")]
        written = [event.get("path") for event in events if event.get("command") == "SMB_COM_WRITE_ANDX"]
        if "\\news.txt" in written:
            break
        time.sleep(0.1)
    assert "\\news.txt" in written
