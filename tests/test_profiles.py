"""The table of profiles: what a person may say of it, and what is made of that."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fakesmb import FakeSMB, profilepages
from fakesmb.auth.accounts import Form
from fakesmb.cli import main
from fakesmb.config import merging, parts, tomlfile
from fakesmb.config.merging import Arguments, Config
from fakesmb.config.parts import FilePart
from fakesmb.core import profiles
from fakesmb.core.profile import Profile
from fakesmb.core.profiles import BY_NAME, KEYS, ROWS, ProfileError, differences, profile
from fakesmb.mistakes import ArgumentError, ConfigError

NAMES = [row.name for row in ROWS]


def merged(file: str = "", **given: Any) -> Config:
    part = parts.FilePart()
    if file:
        part = _read(file)
    return merging.merge(part, Arguments(**given))


def _read(text: str) -> FilePart:
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        return tomlfile.read(file.name)


class TestTheTable:
    def test_the_default_row_is_the_default_profile(self) -> None:
        assert profile() == Profile()
        assert ROWS[0].switches == ()

    def test_a_base_stands_before_its_row(self) -> None:
        seen: list[str] = []
        for row in ROWS:
            assert row.base in seen or not seen
            seen.append(row.name)

    @pytest.mark.parametrize("name", NAMES)
    def test_every_row_makes_a_profile_and_names_its_sources(self, name: str) -> None:
        made = profile(name)
        assert made.name == name
        for key, switch in differences(name).items():
            assert getattr(made, key) == switch.value
            assert len(switch.source) > 10 or switch.source == "its version"

    @pytest.mark.parametrize("name", NAMES[1:])
    def test_what_a_row_says_differs_from_its_base(self, name: str) -> None:
        base = profile(BY_NAME[name].base)
        same = [switch.key for switch in BY_NAME[name].switches if getattr(base, switch.key) == switch.value]
        assert same == []

    def test_old_nas_has_what_samba_has_where_it_says_nothing(self) -> None:
        assert profile("old-nas").native_os == "Unix"
        assert not profile("old-nas").eas

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("windows-nt", "did you mean windows-nt4"), ("x", "there are windows-2003, windows-xp")],
    )
    def test_an_unknown_name(self, name: str, hint: str) -> None:
        with pytest.raises(ProfileError, match=hint):
            profile(name)

    def test_windows_xp_is_what_a_capture_shows(self) -> None:
        """The 17 words of the negotiate of the capture that the row names."""
        made = profile("windows-xp")
        assert made.capabilities == 0x8000E3FD
        assert (made.max_mpx, made.max_buffer, made.signing) == (10, 4356, "off")
        assert (made.first_uid, made.first_tid, made.first_fid) == (2048, 2048, 0x4000)
        assert (made.native_os, made.native_lan_manager) == ("Windows 5.1", "Windows 2000 LAN Manager")


class TestSwitches:
    @pytest.mark.parametrize(
        ("text", "key", "value"),
        [
            ("raw_mode=false", "raw_mode", False),
            ("raw-mode=off", "raw_mode", False),
            ("streams=yes", "streams", True),
            ("first_uid=0x64", "first_uid", 100),
            ("max_mpx = 10", "max_mpx", 10),
            ("accept=ntlmv1,lm", "accept", ("ntlmv1", "lm")),
            ("native_os=A=B", "native_os", "A=B"),
            ("ntlmssp_version=", "ntlmssp_version", ""),
            ("signing=required", "signing", "required"),
            ("time_zone=-60", "time_zone", -60),
            ("time_zone=Europe/Berlin", "time_zone", "Europe/Berlin"),
        ],
    )
    def test_one_that_is_right(self, text: str, key: str, value: object) -> None:
        assert profiles.spelt(text) == (key, value)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("raw_mod=1", "no switch is called 'raw_mod'; did you mean raw_mode?"),
            ("name=x", "no switch is called 'name'"),
            ("zzz=1", "no switch is called 'zzz'"),
            ("raw_mode=maybe", "raw_mode: must be true or false"),
            ("signing=offerd", "signing: must be off, offered or required; did you mean offered"),
            (
                "accept=ntlmv3",
                "accept: must be one or more of lm, ntlm2, ntlmv1 or ntlmv2; did you mean ntlmv2",
            ),
            ("accept=", "accept: must be one or more of"),
            ("time_zone=5000", "time_zone: must be a name such as Europe/Berlin, or minutes west of UTC"),
            ("time_zone=Europe/Berln", "no time zone is called 'Europe/Berln'; did you mean Europe/Berlin"),
            ("max_mpx=ten", "max_mpx: must be a whole number from 1 to 65535"),
            ("first_fid=0", "first_fid: must be a whole number from 1 to 65534"),
            ("ntlmssp_version=5", "ntlmssp_version: must be MAJOR.MINOR.BUILD, or empty"),
            ("dialects=LANMAN1", "dialects: must be one or more of DOS LANMAN2.1, DOS LM1.2X002, LANMAN1.0"),
            ("dialects=NT LM 0.13", "did you mean NT LM 0.12"),
            ("referral_status=NOT_FUND", "did you mean NOT_FOUND"),
            ("native_os=" + "x" * 256, "native_os: must be a text of at most 255 characters"),
            ("raw_mode", "'raw_mode': a switch is KEY=VALUE"),
        ],
    )
    def test_one_that_is_wrong(self, text: str, problem: str) -> None:
        with pytest.raises(ProfileError) as error:
            profiles.spelt(text)
        assert str(error.value).startswith(problem) or problem in str(error.value)

    def test_a_list_may_be_written_in_one_text(self) -> None:
        assert profiles.checked("accept", "ntlmv1, lm") == ("ntlmv1", "lm")
        assert profiles.checked("dialects", "NT LANMAN 1.0,NT LM 0.12") == ("NT LANMAN 1.0", "NT LM 0.12")

    @pytest.mark.parametrize("value", [None, "x", 7, ["x"], 1.5])
    @pytest.mark.parametrize("key", KEYS)
    def test_no_value_of_another_type_gets_through(self, key: str, value: object) -> None:
        with contextlib.suppress(ProfileError):
            taken = profiles.checked(key, value)
            assert taken in (value, (value,), (value == ["x"] and ("x",)))


class TestWhatWins:
    def test_a_file_names_a_profile_and_switches_over_it(self) -> None:
        made = merged('[server]\nprofile = "samba-3"\n[profile]\nfirst_uid = 200\n').settings.profile
        assert (made.name, made.first_uid, made.first_tid) == ("samba-3", 200, 1)

    def test_server_wins_over_profile(self) -> None:
        text = "[server]\nunicode = true\nmax_buffer = 8000\n[profile]\nunicode = false\nmax_buffer = 5000\n"
        made = merged(text).settings.profile
        assert made.unicode
        assert made.max_buffer == 8000

    @pytest.mark.parametrize("name", NAMES)
    def test_keys_of_server_win_over_every_profile(self, name: str) -> None:
        """Extended security where there are NT statuses, without which it cannot be."""
        extended = profile(name).status32
        server = {
            "profile": name,
            "signing": "required",
            "extended_security": extended,
            "unicode": False,
            "dfs": True,
            "max_buffer": 9000,
            "accept": ["lm"],
            "guest": "read-only",
        }
        made = merged(server=server)
        switches = made.settings.profile
        assert made.settings.signing == "required"
        assert (switches.extended_security, switches.unicode, switches.dfs) == (extended, False, True)
        assert (switches.max_buffer, made.accept, made.guest) == (9000, ("lm",), "read-only")

    def test_arguments_win_over_the_file(self) -> None:
        text = '[server]\nsigning = "required"\nprofile = "windows-xp"\n[profile]\nmax_mpx = 3\n'
        made = merged(text, switches={"max_mpx": 4, "signing": "off"}, server={"profile": "samba-3"})
        assert made.settings.profile.max_mpx == 4
        assert made.settings.signing == "off"
        assert made.settings.profile.name == "samba-3"

    def test_an_argument_of_its_own_wins_over_set(self) -> None:
        made = merged(switches={"signing": "off"}, server={"signing": "required"})
        assert made.settings.signing == "required"

    def test_the_profile_says_what_is_left_out(self) -> None:
        made = merged(server={"profile": "old-nas"})
        assert made.settings.signing == "off"
        assert made.accept == ("ntlmv1", "lm")
        assert made.guest == "read-write"

    def test_guests_of_a_profile_are_let_in_on_loopback_only(self) -> None:
        made = merged(server={"profile": "old-nas", "host": "0.0.0.0"})
        assert made.guest == "off"
        assert (
            merged(server={"profile": "old-nas", "host": "0.0.0.0", "guest": "read-only"}).guest
            == "read-only"
        )

    def test_guest_only(self) -> None:
        assert merged(switches={"guest_only": True}).guest == "read-write"
        assert merged(switches={"guest_only": True, "guest": "read-only"}).guest == "read-only"
        with pytest.raises(ConfigError, match="guest_only makes everybody a guest, and guest is off"):
            merged(switches={"guest_only": True}, server={"guest": "off"})

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("[profile]\nraw_mod = true\n", ":2: profile.raw_mod: "),
            (
                '[server]\n\n[profile]\nsigning = "offerd"\n',
                ":4: profile.signing: must be off, offered or req",
            ),
            ('[profile]\nmax_mpx = "ten"\n', ":2: profile.max_mpx: must be a whole number from 1 to 65535"),
        ],
    )
    def test_a_mistake_in_a_file_has_its_line(self, text: str, problem: str) -> None:
        with pytest.raises(ConfigError) as error:
            _read(text)
        assert problem in str(error.value)

    def test_an_unknown_profile_in_a_file(self) -> None:
        with pytest.raises(ConfigError) as error:
            _read('[server]\nprofile = "samba3"\n')
        assert ":2: server.profile: no profile is called 'samba3'; did you mean samba-3" in str(error.value)

    def test_the_sign_ins_that_a_profile_takes(self) -> None:
        """An NTLMv2 response is a wrong password to the NAS."""
        from fakesmb.app import _accounts

        forms = _accounts(merged(server={"profile": "old-nas"})).forms
        assert Form.NTLMV1 in forms
        assert Form.NTLMV2 not in forms
        assert _accounts(merged(switches={"guest_only": True})).guest_only


class TestInPython:
    def test_a_profile_and_settings(self, tmp_path: Path) -> None:
        smb = FakeSMB({"x": tmp_path}, profile="windows-nt4", settings={"max_mpx": 7})
        made = smb.config.settings.profile
        assert (made.name, made.max_mpx, made.native_os) == ("windows-nt4", 7, "Windows NT 4.0")

    @pytest.mark.parametrize(
        ("settings", "problem"),
        [
            ({"raw_mod": False}, "settings: no switch is called 'raw_mod'; did you mean raw_mode"),
            ({"raw_mode": "x"}, "settings: raw_mode: must be true or false"),
            ("raw_mode", "settings is a mapping of switches to values, not a str"),
        ],
    )
    def test_a_mistake_names_the_argument(self, settings: Any, problem: str) -> None:
        with pytest.raises(ArgumentError) as error:
            FakeSMB(settings=settings)
        assert problem in str(error.value)

    def test_an_unknown_profile(self) -> None:
        with pytest.raises(ConfigError, match="did you mean windows-nt4"):
            FakeSMB(profile="windows-nt")


def ran(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.output


class TestTheCommand:
    def test_it_lists_all(self) -> None:
        code, text = ran("profiles")
        assert code == 0
        assert [line.split()[0] for line in text.splitlines()[: len(NAMES)]] == NAMES

    @pytest.mark.parametrize("name", NAMES)
    def test_it_tells_what_differs_and_from_where(self, name: str) -> None:
        code, text = ran("profiles", name)
        assert code == 0
        for key, switch in differences(name).items():
            assert f"  {key} " in text
            assert switch.source in text

    @pytest.mark.parametrize("name", ["nt4", "windows-99"])
    def test_one_that_is_not_there_is_a_mistake(self, name: str) -> None:
        code, text = ran("profiles", name)
        assert code == 2
        assert text.count("\n") == 1

    def test_as_json(self) -> None:
        _, text = ran("profiles", "--json")
        told: Mapping[str, Any] = json.loads(text)
        assert list(told) == NAMES
        assert set(told["old-nas"]["switches"]) == set(KEYS)
        _, text = ran("profiles", "windows-xp", "--json")
        assert json.loads(text)["sources"]["max_mpx"].endswith("MaxMpxCount")

    def test_docs_profiles_is_made_from_the_table(self, checkout: Path) -> None:
        """`make docs` mends it."""
        page = (checkout / "docs" / "profiles.md").read_text(encoding="utf-8")
        assert page == profilepages.markdown() == ran("profiles", "--markdown")[1]

    def test_every_switch_has_its_meaning(self) -> None:
        assert set(KEYS) <= set(profilepages.meanings())

    @pytest.mark.parametrize(
        ("words", "problem"),
        [
            (("--set", "raw_mod=1"), "did you mean raw_mode?"),
            (("--set", "raw_mode"), "a switch is KEY=VALUE"),
            (("--profile", "windows-97"), "did you mean windows-98"),
            (("--profile", "samba3"), "did you mean samba-3"),
        ],
    )
    def test_a_mistake_of_serve_is_one_line(self, words: tuple[str, ...], problem: str) -> None:
        code, text = ran("serve", *words)
        assert code == 2
        assert problem in text
        assert text.count("\n") == 1
