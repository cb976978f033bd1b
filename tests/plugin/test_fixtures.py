"""The fixtures: a server for each test, as new, and one for the session."""

import pytest

from tests.plugin.conftest import Run


def test_a_test_gets_a_server_as_new(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb):
            client(smb).close()
            assert smb.journal.exchanges()

        def test_two(smb):
            assert not smb.journal.exchanges()
    """)
    done.assert_outcomes(passed=2)


def test_the_server_of_the_session_is_the_same_for_all(run: Run) -> None:
    done = run("""
        from clients import client

        ports = set()

        def test_one(smb_server):
            client(smb_server).close()
            ports.add(smb_server.port)

        def test_two(smb_server):
            assert smb_server.journal.exchanges()
            ports.add(smb_server.port)

        def test_three(smb):
            ports.add(smb.port)
            assert len(ports) == 1
            assert not smb.journal.exchanges()
    """)
    done.assert_outcomes(passed=3)


def test_a_project_says_what_its_server_is(run: Run) -> None:
    done = run("""
        import pytest
        from clients import client

        @pytest.fixture(scope="session")
        def smb_arguments(tmp_path_factory):
            folder = tmp_path_factory.mktemp("share")
            (folder / "a.txt").write_bytes(b"x")
            return {"shares": {"docs": folder}, "users": {"bob": "hunter2"}}

        def test_one(smb):
            with client(smb, "bob", "hunter2") as one:
                assert {"a.txt"} <= {file.filename for file in one.listPath("docs", "/")}

        @pytest.mark.smb(users={"eve": "x"})
        def test_a_marker_goes_over_it(smb):
            for user, password in (("bob", "hunter2"), ("eve", "x")):
                with client(smb, user, password) as one:
                    assert {"docs", "IPC$"} == {share.name for share in one.listShares()}
    """)
    done.assert_outcomes(passed=2)


def test_a_server_that_a_test_stopped_is_there_for_the_next(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb):
            smb.stop()

        def test_two(smb):
            client(smb).close()

        def test_three(smb_server):
            client(smb_server).close()
    """)
    done.assert_outcomes(passed=3)


def test_a_server_that_cannot_be_is_told_in_one_line(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.fixture(scope="session")
        def smb_arguments():
            return {"users": ["alice"]}

        def test_one(smb):
            pass
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["The server cannot be made: users is a mapping*"])
    done.stdout.no_fnmatch_line("*def *")


def test_nothing_of_a_test_is_left_for_the_next_even_when_its_check_fails(run: Run) -> None:
    done = run("""
        import pytest
        from clients import client, io

        kept = []

        @pytest.mark.parametrize("ending", ["passes", "fails", "check", "check while it fails"])
        def test_one(smb, ending):
            for old in kept:
                with pytest.raises(Exception):
                    old.echo(b"x")
            kept[:] = [client(smb)]
            assert [found.filename for found in kept[0].listPath("share", "/")] == [".", ".."]
            assert [entry.connection for entry in smb.journal.exchanges(command="SMB_COM_NEGOTIATE")] == [1]
            assert not list(smb.faults)
            kept[0].storeFile("share", "/a.txt", io.BytesIO(b"x"))
            smb.faults.inject(command="READ", fail="DISK_FULL")
            if "check" in ending:
                smb.server.log.problem("a bug", traceback="Traceback: here")
            assert "fails" not in ending

        def test_last(smb):
            test_one(smb, "passes")
    """)
    done.assert_outcomes(passed=2, failed=3)
    done.stdout.no_fnmatch_line("E*DID NOT RAISE*")


def test_without_a_word_there_is_a_share_to_write_to_and_a_user(run: Run) -> None:
    done = run("""
        from clients import client, io

        def test_one(smb):
            with client(smb) as one:
                one.storeFile("share", "/a.txt", io.BytesIO(b"x"))
                assert {share.name for share in one.listShares()} == {"share", "IPC$"}
    """)
    done.assert_outcomes(passed=1)


def test_the_profile_of_the_servers_is_an_option(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsmb_profile = windows-nt4")
    done = run("""
        import pytest

        def test_one(smb):
            assert smb.config.settings.profile.name == "windows-nt4"

        @pytest.mark.smb(profile="samba-3")
        def test_two(smb):
            assert smb.config.settings.profile.name == "samba-3"
    """)
    done.assert_outcomes(passed=2)


def test_a_server_of_a_marker_that_cannot_be_is_told_once(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.fixture
        def wrong(request):
            request.node.add_marker(pytest.mark.smb(profile="windows-nt5"))

        def test_one(wrong, smb):
            pass
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["The server cannot be made: *windows-nt5*did you mean windows-nt4*"])
    done.stdout.no_fnmatch_line("*another exception*")


def test_a_fault_that_this_server_cannot_have_is_told_in_one_line(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.mark.smb(faults=[{"command": "READ", "share": "shere", "delay": 1}])
        def test_one(smb):
            pass

        @pytest.mark.smb(faults=[{"command": "READ", "share": "share", "delay": 1}])
        def test_two(smb):
            pass
    """)
    done.assert_outcomes(errors=1, passed=1)
    done.stdout.fnmatch_lines(["A fault cannot be armed: *shere*did you mean share*"])
    done.stdout.no_fnmatch_line("*def *")


def test_tests_in_two_folders_have_the_servers_that_theirs_asks_for(
    run: Run, pytester: pytest.Pytester
) -> None:
    for name in ("one", "two"):
        folder = pytester.mkdir(name)
        (folder / "conftest.py").write_text(f"""
import pytest

@pytest.fixture(scope="session")
def smb_arguments():
    return {{"name": "{name.upper()}"}}
""")
        (folder / f"test_{name}.py").write_text(f"""
import pytest

def test_new(smb):
    assert smb.config.settings.name == "{name.upper()}"

@pytest.mark.smb(name="ONE")
def test_marked(smb):
    assert smb.config.settings.name == "ONE"

def test_session(smb_server):
    assert smb_server.config.settings.name == "{name.upper()}"
""")
    done = run("", "one", "two")
    done.assert_outcomes(passed=5, failed=1)
    done.stdout.fnmatch_lines(["smb_server was made with the smb_arguments of other tests: *"])


def test_a_project_may_have_a_server_of_its_own_for_the_session(run: Run) -> None:
    done = run("""
        import pytest
        from fakesmb import FakeSMB

        @pytest.fixture(scope="session")
        def smb_server():
            with FakeSMB({"own": {}}, name="OWN") as smb:
                yield smb

        def test_one(smb):
            assert smb.config.settings.name == "OWN"

        @pytest.mark.smb(name="OTHER")
        def test_two(smb):
            assert smb.config.settings.name == "OTHER"
    """)
    done.assert_outcomes(passed=2)


@pytest.mark.parametrize("fixture", ["smb", "smb_server"])
def test_arguments_that_are_none_are_told(run: Run, fixture: str) -> None:
    done = run(f"""
        import pytest

        @pytest.fixture(scope="session")
        def smb_arguments():
            pass

        def test_one({fixture}):
            pass
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["The fixture smb_arguments gives arguments * by name, a dict, not NoneType"])


def test_a_server_for_others_has_the_usual_user(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.mark.smb(host="0.0.0.0")
        def test_one(smb):
            assert [user.name for user in smb.config.users] == ["alice"]
    """)
    done.assert_outcomes(passed=1)
