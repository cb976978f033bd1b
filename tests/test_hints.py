"""The commands that `serve` prints: one can paste them, and no password of a configuration is in them."""

import shlex

import pytest

from fakesmb import config
from fakesmb.config import SAMPLE, Arguments, Config, FilePart, SharePart, UserPart
from fakesmb.hints import commands, shown


def made(*users: UserPart, share: str = "public", **server: object) -> Config:
    part = FilePart(share=[SharePart(name=share, path="/")])
    return config.merge(part, Arguments(server=dict(server), users=list(users)))


def test_the_sample_user() -> None:
    """Everybody knows that password."""
    assert commands(made(SAMPLE), "127.0.0.1", 4450) == [
        "smbclient --option='client min protocol=NT1' -m NT1 -p 4450 -U alice%Secret123 //127.0.0.1/public",
        "curl -u alice:Secret123 smb://127.0.0.1:4450/public/README.txt",
        "sudo mount -t cifs -o vers=1.0,port=4450,username=alice,password=Secret123 //127.0.0.1/public /mnt",
    ]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_no_password_of_a_configuration(name: str) -> None:
    """Even where somebody chose the sample's."""
    one = UserPart(name=name, password="Secret123")
    lines = commands(made(one), "127.0.0.1", 4450)
    assert len(lines) == 3
    assert "Secret123" not in "".join(lines) + repr(made(one))
    hashed = UserPart(name=name, nt_hash="0123456789abcdef0123456789abcdef")
    assert "0123456789abcdef" not in "".join(commands(made(hashed), "::1", 1)) + repr(made(hashed))
    assert all(name in line for line in lines)


@pytest.mark.parametrize("text", ["it's", "$(touch x)", "`id`", "a b", "Zoë", "!!", "-rf", "a&b", "x\x7fy"])
def test_what_is_pasted_is_one_word_each(text: str) -> None:
    lines = commands(made(UserPart(name=text, password="x"), share=text), "127.0.0.1", 445)
    smbclient, curl, mount = map(shlex.split, lines)
    assert smbclient[-2:] == [text, f"//127.0.0.1/{text}"]
    assert curl[:3] == ["curl", "-u", text]
    assert " " not in curl[3]
    assert mount[-3:] == [f"vers=1.0,port=445,username={text}", f"//127.0.0.1/{text}", "/mnt"]


def test_guests_need_no_password() -> None:
    lines = commands(made(guest="read-only", host="0.0.0.0"), "127.0.0.1", 445)
    assert "-U guest% " in lines[0]
    assert "curl -u guest: " in lines[1]


def test_curl_is_left_out_where_it_could_not_sign_in() -> None:
    lines = commands(made(SAMPLE, host="0.0.0.0"), "127.0.0.1", 445)
    assert [line.split()[0] for line in lines] == ["smbclient", "sudo"]


def test_a_path_is_one_line() -> None:
    assert shown("/srv/Bücher") == "/srv/Bücher"
    assert shown("/a\nb\x1b[31m") == r"'/a\nb\x1b[31m'"


def test_a_text_without_colon_is_not_repeated() -> None:
    """It may be a password."""
    with pytest.raises(config.ConfigError) as caught:
        config.user("Secret123")
    assert "Secret123" not in str(caught.value)
