"""Who may do what, by real clients through real sockets."""

from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Start, need, run

pytestmark = pytest.mark.usefixtures("_samba")


@pytest.fixture
def _samba() -> None:
    need("smbclient", "rpcclient")


@pytest.mark.parametrize("form", [[], ["--option=client use spnego=no"]])
def test_signing_required_of_guests(start: Start, form: list[str]) -> None:
    """They have no key to sign with."""
    with start("--signing", "required", "--guest", "rw") as smb:
        (smb.folder / "a").write_text("x")
        words: list[str | Path] = ["smbclient", "-s", smb.config, "-p", str(smb.port), *form]
        for who in (["-U", "%"], ["-N"], ["-U", "nobody%x"]):
            for what in (["//127.0.0.1/files", "-c", "ls"], ["-L", "127.0.0.1"]):
                assert "NT_STATUS_ACCESS_DENIED" in run(*words, *who, *what).stdout
        assert "  a  " in run(*words, "-U", f"{USER}%{PASSWORD}", "//127.0.0.1/files", "-c", "ls").stdout
    assert {entry["kind"] for entry in smb.entries() if entry["event"] == "signed_in"} == {"user"}
