"""The marker: what it means, how markers merge, and that a mistake in one is an error of collection."""

import pytest

from tests.plugin.conftest import Run


def test_markers_of_module_class_and_function_are_merged_and_the_nearest_wins(run: Run) -> None:
    done = run("""
        import pytest
        from clients import client

        pytestmark = pytest.mark.smb(users={"bob": "one", "eve": "e"}, comment="module", name="FAR")

        class Base:
            pytestmark = pytest.mark.smb(comment="base", workgroup="BASE")

        @pytest.mark.smb(comment="class")
        class TestIt(Base):
            @pytest.mark.smb(users={"bob": "two"}, name="NEAR")
            def test_function(self, smb):
                assert {user.name: user.password for user in smb.config.users} == {"bob": "two", "eve": "e"}
                settings = smb.config.settings
                assert (settings.name, settings.comment, settings.workgroup) == ("NEAR", "class", "BASE")
                client(smb, "bob", "two").close()

            @pytest.mark.parametrize("name", [pytest.param("ROW", marks=pytest.mark.smb(name="ROW")), "FAR"])
            def test_rows(self, smb, name):
                assert smb.config.settings.name == name
    """)
    done.assert_outcomes(passed=3)


def test_servers_of_their_own_are_shared_by_those_who_want_the_same_and_few_live_at_a_time(run: Run) -> None:
    done = run("""
        import pytest, threading

        alive = {}

        @pytest.mark.parametrize("n", [pytest.param(n, marks=pytest.mark.smb(name=f"N{n}")) for n in [*range(9), 8]])
        def test_one(smb, n):
            assert alive.setdefault(n, smb) is smb
            names = [thread.name for thread in threading.enumerate() if thread.name.startswith("fakesmb")]
            assert len(names) <= 5, names
    """)
    done.assert_outcomes(passed=10)


def test_a_marker_that_says_what_the_server_is_already_needs_no_other(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.fixture(scope="session")
        def smb_arguments():
            return {"name": "HERE"}

        @pytest.mark.smb(name="HERE")
        def test_one(smb, smb_server):
            assert smb is smb_server
    """)
    done.assert_outcomes(passed=1)


MISTAKES = [
    ("user={'a': 'b'}", "FakeSMB has no argument 'user'; did you mean users?"),
    ("users=['alice']", "users is a mapping*"),
    ("shares='x.toml'", "shares is a mapping*"),
    ("shares={'a': '/nowhere'}", "share a: *nowhere*"),
    ("{'a': 'b'}", "takes keywords, such as shares={...}, not {'a': 'b'}"),
    ("signing='maybe'", "*signing*maybe*"),
    ("faults=[{'command': 'WRIT', 'fail': 'DISK_FULL'}]", "*WRIT*did you mean WRITE*"),
    ("faults=[{'comand': 'WRITE', 'fail': 'DISK_FULL'}]", "*comand*did you mean command*"),
    ("faults=[{'command': 'WRITE', 'fail': 'DISK_FUL'}]", "*DISK_FUL*did you mean *DISK_FULL*"),
    ("profile='windows-nt5'", "*windows-nt5*did you mean windows-nt4*"),
]
"""Arguments of a marker, and what is said of them."""


def test_mistakes_are_errors_of_collection(run: Run, pytester: pytest.Pytester) -> None:
    for number, (marker, _) in enumerate(MISTAKES):
        test = f"import pytest\n@pytest.mark.smb({marker})\ndef test_one(smb): pass"
        pytester.makepyfile(**{f"test_{number:02}": test})
    done = run("")
    done.assert_outcomes(errors=len(MISTAKES))
    for number, (_, told) in enumerate(MISTAKES):
        text = f"test_{number:02}.py::test_one: the marker smb*{told}"
        done.stdout.fnmatch_lines([text.replace("[", "[[]")])


def test_so_they_are_wherever_the_marker_is(run: Run, pytester: pytest.Pytester) -> None:
    wrong = "pytest.mark.smb(user={})"
    head = "import pytest, unittest"
    pytester.makepyfile(
        test_module=f"{head}\npytestmark = {wrong}\ndef test_one(): pass",
        test_class=f"{head}\n@{wrong}\nclass TestIt:\n    def test_one(self): pass",
        test_case=f"{head}\n@{wrong}\nclass TestIt(unittest.TestCase):\n    def test_one(self): pass",
        test_method=f"{head}\nclass TestIt(unittest.TestCase):\n    @{wrong}\n    def test_one(self): pass",
        test_row=f"{head}\n@pytest.mark.parametrize('x', [pytest.param(1, marks={wrong})])\ndef test_one(x): 0",
    )
    done = run("")
    done.assert_outcomes(errors=5)
    done.stdout.fnmatch_lines(["*FakeSMB has no argument 'user'; did you mean users?"])


def test_faults_need_no_server_of_their_own_and_are_those_of_the_nearest_marker(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.fixture(scope="session")
        def smb_arguments():
            return {"faults": [{"command": "READ", "name": "of the session", "delay": 0.001}]}

        def test_session(smb, smb_server):
            assert [fault.name for fault in smb.faults] == ["of the session"]
            smb.faults["of the session"].remove()

        def test_as_it_was(smb_server):
            assert [fault.name for fault in smb_server.faults] == ["of the session"]

        @pytest.mark.smb(faults=[{"command": "READ", "name": "of the class", "delay": 0.001}])
        class TestIt:
            def test_class(self, smb, smb_server):
                assert [fault.name for fault in smb.faults] == ["of the class"]
                smb.faults.clear()
                smb.reset()
                assert [fault.name for fault in smb.faults] == ["of the class"]
                assert smb is smb_server

            @pytest.mark.smb(faults=[])
            def test_none(self, smb):
                assert not list(smb.faults)
    """)
    done.assert_outcomes(passed=4)


def test_users_whom_shares_name_may_be_those_of_the_session(run: Run) -> None:
    done = run("""
        import pytest
        from fakesmb import Share

        @pytest.fixture(scope="session")
        def smb_arguments():
            return {"users": {"bob": "x"}}

        @pytest.mark.smb(shares={"docs": Share("/", read_only=True, users=["bob"])})
        def test_one(smb):
            assert smb.config.shares[0].users == ["bob"]
    """)
    done.assert_outcomes(passed=1)


def test_every_mistake_of_a_module_is_told(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.mark.smb(user={})
        def test_one(smb): pass

        @pytest.mark.smb(signing="maybe")
        def test_two(smb): pass
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(
        ["test_it.py::test_one: the marker smb: *user*", "test_it.py::test_two: the marker smb: *maybe*"]
    )


def test_a_marker_that_nobody_heeds_is_an_error(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_session="import pytest\n@pytest.mark.smb(name='NEVER')\ndef test_one(smb_server): pass",
        test_none="import pytest\n@pytest.mark.smb(name='NEVER')\ndef test_one(): pass",
        test_indirect="import pytest\n@pytest.mark.smb(name='EVER')\n"
        "def test_one(request): assert request.getfixturevalue('smb').config.settings.name == 'EVER'",
    )
    done = run("")
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(["The marker smb is heeded by the fixture smb: this test does not ask for it"])
    done.stdout.fnmatch_lines(
        ["The marker smb is heeded by the fixture smb: smb_server is the same for all tests"]
    )


def test_a_module_may_have_tests_that_need_no_server_but_none_of_the_wrong_one(run: Run) -> None:
    done = run("""
        import pytest

        pytestmark = pytest.mark.smb(name="NEVER")

        def test_one():
            pass

        def test_two(smb_server):
            pass
    """)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*The marker smb is heeded by the fixture smb*"])
