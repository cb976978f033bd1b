"""How the control API is asked for: arguments, keys of fakesmb.toml, options; and what is refused at the start."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fakesmb import ConfigError, FakeSMB, Web, cli
from fakesmb.arguments import config_of, config_of_file
from fakesmb.keywords import Keywords


def asked(**keywords: Any) -> Any:
    given: Keywords = keywords  # type: ignore[assignment]
    return config_of({"in": {}}, given).web


def test_a_port_alone_or_the_table() -> None:
    assert asked().port is None
    assert asked(web=8080).port == 8080
    assert asked(web=True).port == asked(web=0).port == asked(web=Web(hosts=["a.example"])).port == 0
    assert asked(web=False).port is None
    assert asked(web=Web(port=1, token="abc")).token == "abc"
    assert "abc" not in repr(asked(web=Web(token="abc")))


@pytest.mark.parametrize(
    ("web", "words"),
    [
        (70000, "web port 70000: must be a port number from 0 to 65535"),
        ("8080", "web is Web(...), a mapping of its keys, not a str"),
        ({"prot": 1}, "Web has no argument 'prot'; did you mean port?"),
        ({"token": "a b"}, "web token: must be printable ASCII without blanks"),
        ({"hosts": ["a:1"]}, "must be a list of host names or addresses, without ports"),
        (
            {"host": "0.0.0.0"},
            "the control API on 0.0.0.0 can be reached by others: give it a token (web token)",
        ),
    ],
)
def test_what_cannot_be_is_one_line(web: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        asked(web=web)
    assert words in str(caught.value)


def test_the_port_of_smb_is_no_port_of_it() -> None:
    with pytest.raises(ConfigError, match="web port 4450 is the port of SMB, too"):
        asked(web=4450, port=4450)


def test_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fakesmb.toml"
    file.write_text('[web]\nport = 8080\ntoken = "abc"\nhosts = ["a.example"]\n')
    web = config_of_file(str(file), {"in": {}}, {}).web
    assert (web.port, web.token, web.hosts) == (8080, "abc", ["a.example"])
    assert config_of_file(str(file), {"in": {}}, {"web": 1}).web.token == "abc"
    file.write_text("[web]\nprot = 8080\n")
    with pytest.raises(ConfigError, match=r"fakesmb.toml:2: web.prot: no such key; did you mean port"):
        config_of_file(str(file), {"in": {}}, {})
    file.write_text("[web]\nport = 8080\n\ntoken = 3\n")
    with pytest.raises(ConfigError, match=r"fakesmb.toml:4: web.token: must be printable ASCII"):
        config_of_file(str(file), {"in": {}}, {})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--web", "http"], "--web http: is PORT or ADDRESS:PORT"),
        (["--web", "70000"], "--web 70000: must be a port number"),
        (["--web", "0.0.0.0:80"], "can be reached by others: give it a token (--web-token)"),
        (["--web", "[::]:80"], "the control API on :: can be reached"),
        (["--web-port-file", "p"], "--web-port-file: there is no control API without --web PORT"),
        (["--web", "0", "--web-token", "a b"], "--web-token: must be printable ASCII"),
    ],
)
def test_options_that_cannot_be_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.main, ["serve", "--share", f"a={tmp_path}", *arguments])
    assert (done.exit_code, len(done.output.splitlines())) == (2, 1)
    assert words in done.output


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_one_line_and_nothing_stays(taken: int) -> None:
    smb = FakeSMB({"in": {}}, web=taken)
    with pytest.raises(ConfigError) as caught:
        smb.start()
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{taken}: Address already in use; web port 0 takes a free one"
    )
    with pytest.raises(RuntimeError, match="not been started"):
        smb.web_url  # noqa: B018


def test_a_server_in_a_thread_has_one() -> None:
    with FakeSMB({"in": {}}, web=0) as smb:
        assert smb.web_url == f"http://127.0.0.1:{smb.web_port}"
        with urllib.request.urlopen(f"{smb.web_url}/readyz", timeout=10) as got:
            assert json.load(got) == {"ready": True}
        first = smb.web_port
        smb.stop()
        smb.start()
        with urllib.request.urlopen(f"{smb.web_url}/api/v1/messages", timeout=10) as got:
            assert json.load(got)["last"] == 0
        assert first
    with FakeSMB({"in": {}}) as smb, pytest.raises(RuntimeError, match="ask for it by web=0"):
        smb.web_url  # noqa: B018
