"""What people say to get share level and plain text, and what they are told of it."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fakesmb import FakeSMB, Share, cli
from fakesmb.app import FakeSMBService
from fakesmb.arguments import config_of
from fakesmb.auth.accounts import Form
from fakesmb.config import merging, tomlfile, whole
from fakesmb.config.merging import Config
from fakesmb.hints import commands
from fakesmb.keywords import Keywords
from fakesmb.mistakes import ConfigError
from fakesmb.record.log import EventLog
from fakesmb.serving.configure import configure
from fakesmb.stores import open_files, shares_of
from fakesmb.world import World

SECRET = "Geheim4711"
EVERY = {one.name: None for one in cli.main.commands["serve"].params}
NOTHING = EVERY | {
    one.name: () for one in cli.main.commands["serve"].params if getattr(one, "multiple", False)
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "a.txt").write_text("x")
    (tmp_path / "open").mkdir()
    return tmp_path


def told(folder: Path, **keys: Any) -> tuple[Config, list[str]]:
    shares = (f"games={folder / 'games'}", f"open={folder / 'open'}")
    return configure(NOTHING | {"shares": shares, "security": "share"} | keys)


def read(folder: Path, text: str) -> Config:
    file = folder / "fakesmb.toml"
    file.write_text(text)
    part = tomlfile.read(str(file))
    config = merging.merge(part, merging.Arguments())
    whole.check_whole(config, str(file), part)
    return config


def test_passwords_of_shares_as_arguments(folder: Path) -> None:
    config, notes = told(
        folder, share_passwords=(f"GAMES:{SECRET}:x",), read_only_passwords=("games:look",), plain_text=True
    )
    games, free = config.shares
    assert (games.password, games.read_only_password) == (f"{SECRET}:x", "look")
    assert not free.has_password
    assert config.users == ()  # nobody is asked
    assert notes == []
    assert SECRET not in repr(config)
    log = EventLog([])
    made = shares_of(config, open_files(config, log, World()), log, World())
    assert [one.passwords is not None for one in made] == [True, False]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((SECRET,), "--share-password is NAME:PASSWORD, and there is no colon"),
        (("games:",), "--share-password is NAME:PASSWORD, and nothing stands behind the colon"),
        ((f"game:{SECRET}",), "--share-password: no share is called 'game'; did you mean games?"),
        (("games:" + SECRET * 30,), "--share-password games: more than 256 characters"),
    ],
)
def test_mistakes_in_them_tell_no_password(folder: Path, given: tuple[str, ...], said: str) -> None:
    words = ["serve", "--security", "share", "--share", f"games={folder / 'games'}"]
    for one in given:
        words += ["--share-password", one]
    done = CliRunner().invoke(cli.main, words)
    assert done.exit_code == 2
    assert done.stderr == f"fakesmb: {said}\n"


SERVER = '[server]\nsecurity = "share"\n'
SHARE = '[[share]]\nname = "g"\npath = "games"\n'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            f'{SHARE}password = "{SECRET}"\n',
            4,
            "share[0].password: only at share level passwords open shares",
        ),
        (f'{SHARE}read_only_password = "{SECRET}"\n', 4, "share[0].read_only_password: only at share level"),
        (
            f'{SERVER}{SHARE}password = "{SECRET}"\nread_only_password = "{SECRET.upper()}"\n',
            7,
            "is that of full",
        ),
        (f'{SERVER}{SHARE}users = ["alice"]\n', 6, "share[0].users: share level asks nobody who it is"),
        (f'{SERVER}{SHARE}password = ""\n', 6, "share[0].password: "),
        (f"{SERVER}{SHARE}password = 4711\n", 6, "share[0].password: "),
        (
            f'{SERVER}{SHARE}pasword = "{SECRET}"\n',
            6,
            "share[0].pasword: no such key; did you mean password?",
        ),
        ('[server]\nsecurity = "shares"\n', 2, "did you mean share?"),
    ],
)
def test_mistakes_in_a_file_name_the_line(folder: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(folder, text)
    assert str(error.value).startswith(f"{folder / 'fakesmb.toml'}:{line}")
    assert said in str(error.value)
    assert SECRET not in str(error.value)
    assert "4711" not in str(error.value)


@pytest.mark.parametrize("keys", [{"security": "share"}, {"plain_text": True}])
def test_nothing_of_it_can_sign(folder: Path, keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"signing is required, and .* makes no keys to sign with"):
        configure(NOTHING | {"users": ("bob:x",), "signing": "required"} | keys)


def test_what_others_of_a_network_could_do_is_told(folder: Path) -> None:
    """In a line each; on loopback nothing is to be told."""
    usual = {"host": "0.0.0.0", "share_passwords": ("games:x",)}
    _, notes = told(folder, **usual)
    useless, guess = notes
    assert useless.startswith("share level: clients respond by LM or NTLM, and accept names neither")
    assert guess == "share level on 0.0.0.0: who guesses the password of a share is in, and anybody in open"
    _, notes = told(folder, **usual, accept=("lm",), read_only_passwords=("open:y",))
    assert notes == ["share level on 0.0.0.0: who guesses the password of a share is in"]
    _, notes = told(folder, **usual, plain_text=True)
    assert notes[1:] == ["plain text on 0.0.0.0: whoever listens on the network reads passwords"]
    assert told(folder, share_passwords=("games:x",))[1] == []
    with pytest.warns(UserWarning, match="plain text on 0"):
        config_of({"a": {}}, Keywords(host="0.0.0.0", plain_text=True, users={"bob": "x"}))


def test_the_safe_default_stays(folder: Path) -> None:
    config, _ = configure(NOTHING | {"users": ("bob:x",), "host": "0.0.0.0"})
    assert (config.settings.security, config.settings.plain_text) == ("user", False)
    assert (config.guest, config.anonymous, config.accept) == ("off", True, ("ntlmv2",))
    assert Form.PLAIN not in FakeSMBService.from_config(config).config.accept


@pytest.mark.parametrize(
    ("keys", "anonymous"),
    [
        ({}, True),
        ({"guest": "rw"}, False),
        ({"guest": "ro", "users": ("bob:x",)}, False),
        ({"users": ("bob:x",)}, True),
    ],
)
def test_who_has_no_name_is_a_guest_where_there_are_guests(keys: dict[str, Any], anonymous: bool) -> None:
    assert configure(NOTHING | keys)[0].anonymous == anonymous


def test_a_program_says_it_too(folder: Path) -> None:
    games = Share(folder / "games", password=SECRET, read_only_password="look")
    assert SECRET not in repr(games)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = FakeSMB({"games": games}, security="share", plain_text=True).config
    assert config.shares[0].password == SECRET
    assert config.settings.security == "share"
    with pytest.raises(ConfigError) as error:
        FakeSMB({"games": Share({}, password=4711)}, security="share")  # type: ignore[arg-type]
    assert "4711" not in str(error.value)


def pasted(config: Config) -> list[str]:
    return commands(config, "127.0.0.1", 4450)


def test_commands_to_paste(folder: Path) -> None:
    """Such as smbclient needs to be allowed it; without passwords."""
    first = "smbclient --option='client min protocol=NT1'"
    old = " --option='client lanman auth=yes' --option='client ntlmv2 auth=no'"
    plain = " --option='client plaintext auth=yes'"
    end = "-m NT1 -p 4450 -U"
    with_password = told(folder, share_passwords=(f"games:{SECRET}",))[0]
    assert pasted(with_password) == [f"{first}{old} {end} guest //127.0.0.1/games"]
    assert pasted(told(folder)[0]) == [f"{first} {end} guest% //127.0.0.1/games"]
    both = told(folder, share_passwords=(f"games:{SECRET}",), plain_text=True)[0]
    assert pasted(both) == [f"{first}{old}{plain} {end} guest //127.0.0.1/games"]
    user = told(folder, security=None, plain_text=True, users=(f"bob:{SECRET}",))[0]
    assert pasted(user) == [f"{first}{old}{plain} {end} bob //127.0.0.1/games"]
