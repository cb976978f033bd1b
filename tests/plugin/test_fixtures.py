"""The fixtures: a server for each test, as new, and one for the session."""

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
