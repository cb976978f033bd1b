"""The report of a test that failed shows what the server saw, and the check finds what the test did not."""

import linecache
import re
import traceback
from pathlib import Path
from typing import Any

import pytest

from fakesmb.pytest_kept import name_of
from fakesmb.pytest_short import OURS, shorten
from tests.capture.sharks import comments
from tests.plugin.conftest import Run

LOG = "*SMB:C; Negotiate, Dialect = NT LM 0.12*"


def test_the_report_of_a_failure_shows_what_the_server_saw(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb):
            client(smb).close()
            raise ValueError("the client came to grief")
    """)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "*ValueError: the client came to grief",
            "*- fakesmb -*",
            "The end of what the server at 127.0.0.1:* saw:",
            LOG,
            "*alice signed in*",
            "All of it: fakesmb show .pytest_cache/d/fakesmb/test_it.py.test_one.jsonl",
        ]
    )


def test_a_long_talk_is_shown_by_its_last_twenty_lines(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb):
            with client(smb) as one:
                for number in range(30):
                    one.echo(b"%d" % number)
            assert False
    """)
    lines = done.stdout.lines
    begin = next(at for at, line in enumerate(lines) if line.startswith("The end of what"))
    end = next(at for at, line in enumerate(lines) if line.startswith("All of it"))
    assert end - begin - 1 == 20
    assert "closed" in lines[end - 1]


@pytest.mark.parametrize("options", [(), ("--show-capture=no",), ("--tb=short",), ("-x", "-rA")])
def test_whatever_captured_output_is_hidden(run: Run, options: tuple[str, ...]) -> None:
    done = run(
        """
        from clients import client

        def test_one(smb):
            client(smb).close()
            assert 0
        """,
        *options,
    )
    done.stdout.fnmatch_lines([LOG])


@pytest.mark.parametrize("where", ["setup", "teardown"])
def test_a_failure_before_or_after_the_test_shows_it_too(run: Run, where: str) -> None:
    done = run(f"""
        import pytest
        from clients import client

        @pytest.fixture
        def one(smb):
            with client(smb):
                if {where == "setup"}:
                    raise ValueError("no luck")
                yield
            raise ValueError("no luck")

        def test_one(one):
            pass
    """)
    assert done.parseoutcomes()["errors"] == 1
    done.stdout.fnmatch_lines(["*ValueError: no luck", "*- fakesmb -*", LOG, "All of it: fakesmb show *"])


def test_a_test_of_the_session_server_alone_shows_what_came_in_its_time(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb_server):
            client(smb_server).close()

        def test_two(smb_server):
            client(smb_server, "bob", "wrong").close()

        def test_three(smb_server):
            assert 0
    """)
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(
        ["*test_two*", LOG, "*bob*", "*test_three*", "The server at * saw nothing: no client connected."]
    )
    done.stdout.no_fnmatch_line("*alice signed in*")


def test_unittest_too(run: Run) -> None:
    done = run("""
        import unittest, pytest
        from clients import client

        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _server(self, smb):
                self.smb = smb

            def test_one(self):
                client(self.smb).close()
                self.assertEqual(1, 2)

            def test_two(self):
                self.assertFalse(self.smb.journal.exchanges())

            def test_three(self):
                self.smb.server.log.problem("a bug", traceback="Traceback: here")
                self.assertEqual(3, 4)
    """)
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(
        ["*AssertionError: 1 != 2", "*- fakesmb -*", LOG, "*AssertionError: 3 != 4", "*An internal error*"]
    )


INTERNAL = """
    def test_one(smb):
        smb.server.log.problem("a handler fell over", traceback="Traceback (most recent call last): here")
        {ending}

    def test_two(smb):
        pass
"""


def test_an_internal_error_of_the_server_fails_the_test(run: Run) -> None:
    done = run(INTERNAL.format(ending=""))
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(
        ["An internal error of the server: a handler fell over", "Traceback (most recent call last): here"]
    )


def test_an_internal_error_is_told_beside_the_failure_of_the_test(run: Run) -> None:
    done = run(INTERNAL.format(ending="assert 1 == 2"))
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(
        ["E*assert 1 == 2", "*- fakesmb -*", "An internal error of the server: a handler fell over"]
    )


@pytest.mark.parametrize("ending", ["pytest.skip('enough')", "pytest.xfail('not yet')"])
def test_an_internal_error_in_a_test_that_gave_up_is_told_after_it(run: Run, ending: str) -> None:
    done = run("import pytest\n" + INTERNAL.format(ending=ending).replace("\n    ", "\n"))
    assert done.parseoutcomes()["errors"] == 1
    done.stdout.fnmatch_lines(["An internal error of the server: a handler fell over"])


def test_an_internal_error_after_the_test_is_an_error(run: Run) -> None:
    done = run("""
        import pytest

        @pytest.fixture
        def late(smb):
            yield
            smb.server.log.problem("late", traceback="Traceback: here")

        def test_one(smb, late):
            pass
    """)
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["An internal error of the server: late"])


def test_a_problem_that_is_none_of_the_servers_is_not_held_against_the_test(run: Run) -> None:
    run("""
        def test_one(smb):
            smb.server.log.problem("the disk is full")
    """).assert_outcomes(passed=1)


EXPECTING = """
    import pytest

    def test_one(smb):
        try:
            with smb.journal.expect(verb="opened", path="a.txt", timeout=0.05):
                {inside}
        except {caught}:
            pass

    def test_two(smb):
        pass
"""


@pytest.mark.parametrize(
    ("inside", "caught"), [("pass", "AssertionError"), ("raise OSError('the client')", "OSError")]
)
def test_an_expectation_that_was_not_met_fails_the_test_that_swallows_it(
    run: Run, inside: str, caught: str
) -> None:
    done = run(EXPECTING.format(inside=inside, caught=caught))
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["An expectation was not met: expect(*opened*a.txt*"])


def test_an_expectation_that_failed_the_test_is_told_once(run: Run) -> None:
    done = run(EXPECTING.format(inside="pass", caught="OSError"))
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["E*AssertionError: *", "The server at *"])
    done.stdout.no_fnmatch_line("An expectation*")


def test_a_question_that_is_answered_no_is_shown_without_our_sources(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb):
            client(smb).close()
            smb.journal.verify(verb="signed_in", user="bob")
    """)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["E*AssertionError: at least 1*", "E*user: expected 'bob', was 'alice'", "*- fakesmb -*"]
    )
    done.stdout.no_fnmatch_line("*journal.py*")
    done.stdout.no_fnmatch_line("*=None*")


OWN = """
    import unittest
    from clients import client
    from fakesmb import FakeSMB

    def server(**more):
        return FakeSMB({"in": {}}, users={"alice": "Secret123"}, **more)

    def test_block():
        with server() as own:
            client(own).close()
            own.faults.inject(command="READ", fail="DISK_FULL")
            raise ValueError

    def test_two(smb):
        with server(name="ONE") as one, server() as two:
            client(two).close()
            server()  # never started
            assert smb is one

    class TestIt(unittest.TestCase):
        def setUp(self):
            self.own = server().start()
            self.addCleanup(self.own.stop)

        def test_case(self):
            client(self.own).close()
            self.own.server.log.problem("a bug", traceback="Traceback: here")
            self.assertEqual(1, 2)
"""


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("test_block", [LOG, "[[][[]fault]] *READ*", "All of it: *"]),
        (
            "test_two",
            ["*saw nothing*", LOG, "All of it: *server-2-test_it*", "*- fakesmb -*", "*saw nothing*"],
        ),
        ("test_case", ["An internal error of the server: a bug", LOG, "All of it: *"]),
    ],
)
def test_servers_that_tests_make_themselves_are_in_reports(run: Run, test: str, told: list[str]) -> None:
    done = run(OWN, "-k", test)
    done.assert_outcomes(failed=1, deselected=2)
    done.stdout.fnmatch_lines(["*- fakesmb -*", *told])


MISTAKES = """
    def test_share(smb):
        smb.share("share").read("no.txt")

    def test_fault(smb):
        smb.faults.inject(command="WRIT")

    def test_wait(smb):
        smb.faults.inject(command="WRITE", fail="DISK_FULL").wait(1, timeout=0.01)

    def test_own(smb):
        def mine(asked):
            raise KeyError("mine")
        smb.faults.across(lambda: mine(None))
"""


def files_shown(done: pytest.RunResult) -> set[str]:
    """The files of all frames that a report shows."""
    return set(re.findall(r"^(?:/.*/)?(\w+\.py):\d+:", done.stdout.str(), re.MULTILINE))


def test_mistakes_and_misses_are_shown_where_the_test_made_them(run: Run) -> None:
    done = run(MISTAKES, "-k", "share or fault or wait")
    done.assert_outcomes(failed=3, deselected=1)
    assert files_shown(done) == {"test_it.py"}


def test_an_error_of_a_function_of_the_test_is_shown_whole(run: Run) -> None:
    done = run(MISTAKES, "-k", "own")
    assert {"test_it.py", "library.py"} <= files_shown(done)
    done.stdout.fnmatch_lines(["*KeyError: 'mine'*"])


@pytest.mark.parametrize(
    ("line", "shown"),
    [("raise ValueError('said to people')", False), ("1 / 0", True), ("assert 0", True)],
)
def test_a_bug_of_ours_is_shown_whole(line: str, shown: bool) -> None:
    name = f"{OURS}/made_up.py"
    source = f"def f():\n    {line}\n"
    linecache.cache[name] = len(source), None, source.splitlines(True), name
    space: dict[str, Any] = {}
    exec(compile(source, name, "exec"), space)
    with pytest.raises((ValueError, ZeroDivisionError, AssertionError)) as caught:
        space["f"]()
    shorten(caught)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert (frames[-1].filename == name) == shown
    assert frames[0].filename == __file__


def test_with_full_trace_all_is_shown(run: Run) -> None:
    run(MISTAKES, "--full-trace", "-k", "share").stdout.fnmatch_lines(["*sharefiles.py:*"])


def test_a_client_that_is_turned_away_is_in_the_report(run: Run) -> None:
    done = run("""
        import pytest
        from impacket.smbconnection import SMBConnection

        def test_one(smb):
            with pytest.raises(Exception):
                SMBConnection("FAKESMB", smb.host, sess_port=smb.port, preferredDialect=0x0202, timeout=5)
            smb.journal.verify(verb="opened")
    """)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["E*Why: *SMB 2 or later only*", "*- fakesmb -*", "*closed by the server: the client speaks SMB 2*"]
    )


FAULTS = """
    import pytest
    from clients import client

    slow = {{"command": "SMB_COM_ECHO", "name": "slow", "delay": 0.001}}

    @pytest.mark.smb(faults=[{{"command": "READ", "fail": "DISK_FULL"}}, slow])
    def test_one(smb):
        with client(smb) as one, smb.faults.inject(on="connect", delay=0.001):
            one.echo(b"x")
        {ending}

    def test_two(smb):
        assert not list(smb.faults)
        with client(smb) as one:
            one.echo(b"x")
        assert not smb.journal.exchanges(fault="slow")
"""


def test_the_report_shows_the_faults_that_were_armed(run: Run) -> None:
    done = run(FAULTS.format(ending="assert 0"))
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(
        [
            "*- fakesmb -*",
            LOG,
            '[[][[]fault]] *command = "READ"*# seen 0, hits 0',
            '[[][[]fault]] name = "slow"*# seen 1, hits 1',
            "[[][[]fault]] *on = *connect*# seen 0, hits 0, removed",
        ]
    )


@pytest.mark.parametrize("strict", ["true", "false"])
def test_a_fault_that_was_never_hit_fails_a_strict_test(
    run: Run, pytester: pytest.Pytester, strict: str
) -> None:
    pytester.makeini(f"[pytest]\nsmb_strict = {strict}")
    done = run(FAULTS.format(ending=""))
    if strict == "false":
        done.assert_outcomes(passed=2)
        return
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(
        ["A fault was never hit (smb_strict): [[][[]fault]]*READ*", "A fault was*connect*removed"]
    )


def test_a_server_that_the_test_stopped_is_in_the_report(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb):
            client(smb).close()
            smb.stop()
            assert 0
    """)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*- fakesmb -*", LOG, "All of it: *"])


def test_the_report_says_what_the_journal_does_not_know(run: Run) -> None:
    done = run("""
        import pytest
        from clients import client

        @pytest.mark.smb(journal=5)
        def test_few(smb):
            client(smb).close()
            assert 0

        @pytest.mark.smb(journal=0)
        def test_none(smb):
            client(smb).close()
            assert 0
    """)
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(
        [
            "*- fakesmb -*",
            "The journal no longer has the first * events (journal=5).",
            "All that is left: fakesmb show *",
            "What the server at * saw is not known: its journal is off (journal=0).",
        ]
    )


def test_a_test_that_empties_the_journal_of_the_session_has_a_report_nonetheless(run: Run) -> None:
    done = run("""
        from clients import client

        def test_one(smb_server):
            client(smb_server).close()

        def test_two(smb_server):
            client(smb_server).close()
            smb_server.journal.clear()
            client(smb_server, "bob").close()
    """)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*- fakesmb -*", LOG, "*bob*"])


@pytest.mark.parametrize("cleared", ["smb.journal.clear()", "smb.reset()"])
def test_what_a_test_clears_is_checked_nonetheless(run: Run, cleared: str) -> None:
    done = run(f"""
        def test_error(smb):
            smb.server.log.problem("a bug", traceback="Traceback: here")
            {cleared}

        def test_unmet(smb):
            try:
                with smb.journal.expect(verb="opened", timeout=0.01):
                    pass
            except AssertionError:
                {cleared}

        def test_neither(smb):
            {cleared}
    """)
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(["An internal error of the server: a bug", "An expectation was not met: *"])


def test_an_error_of_a_server_that_was_started_again_is_told_once(run: Run) -> None:
    done = run("""
        def test_one(smb):
            smb.server.log.problem("before", traceback="Traceback: here")
            smb.stop()
            smb.start()
            smb.server.log.problem("after", traceback="Traceback: here")
    """)
    done.assert_outcomes(failed=1)
    for when in ("before", "after"):
        assert done.stdout.lines.count(f"An internal error of the server: {when}") == 1


def test_the_log_is_found_from_where_pytest_was_started(run: Run, pytester: pytest.Pytester) -> None:
    done = run("""
        import os
        from clients import client

        def test_one(smb, monkeypatch):
            client(smb).close()
            monkeypatch.chdir("/")
            assert 0
    """)
    done.stdout.fnmatch_lines(["All of it: fakesmb show .pytest_cache/d/fakesmb/test_it.py.test_one.jsonl"])


def test_a_server_that_cannot_be_asked_does_not_end_the_run(run: Run) -> None:
    done = run("""
        def test_one(smb, monkeypatch):
            monkeypatch.setattr(smb, "_across", None)
            assert 0

        def test_two(smb):
            pass
    """)
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*- fakesmb -*", "What the server saw is not known: TypeError: *"])


def test_a_process_that_a_test_forked_is_left_alone(run: Run) -> None:
    done = run("""
        import os
        import pytest

        @pytest.fixture(scope="module")
        def fork():
            real = os.getpid

            def fork():
                os.getpid = lambda: 1

            yield fork
            os.getpid = real

        def test_one(fork, smb):
            fork()
            raise SystemExit(0)

        def test_two(smb_server):  # in the child, which goes on
            assert os.getpid() == 1
            assert False
    """)
    done.assert_outcomes(failed=2)
    done.stdout.no_fnmatch_line("*- fakesmb -*")


# -- what is kept --------------------------------------------------------------------------------------------

THREE = """
    import pytest
    from clients import client

    def test_good(smb):
        client(smb).close()

    @pytest.mark.parametrize("path", ["a/b", "c" * 200])
    def test_bad(smb, path):
        client(smb).close()
        assert 0
"""


def kept(folder: Path) -> set[str]:
    return {path.name[:19] for path in folder.glob("*.jsonl")}


GOOD = "test_it.py.test_goo"
BAD = "test_it.py.test_bad"


@pytest.mark.parametrize(
    ("ini", "options", "folder", "names"),
    [
        ("", (), ".pytest_cache/d/fakesmb", {BAD}),
        ("smb_keep = failed\nsmb_keep_dir = logs", (), "logs", {BAD}),
        ("smb_keep = all\nsmb_keep_dir = logs", (), "logs", {BAD, GOOD}),
        ("smb_keep = none\nsmb_keep_dir = logs", (), "logs", set()),
        (
            "smb_keep = none\nsmb_keep_dir = logs",
            ("--smb-log", "here/and/there"),
            "here/and/there",
            {BAD, GOOD},
        ),
    ],
)
def test_what_is_kept_and_where(
    run: Run, pytester: pytest.Pytester, ini: str, options: tuple[str, ...], folder: str, names: set[str]
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    done = run(THREE, *options)
    done.assert_outcomes(passed=1, failed=2)
    assert kept(pytester.path / folder) == names
    said = [line for line in done.stdout.lines if line.startswith("All of it: ")]
    assert len(said) == (2 if BAD in names else 0)
    for line in said:
        path = pytester.path / line.rpartition(" ")[2]
        assert b"alice" in path.read_bytes()
        assert path.read_bytes().rstrip().splitlines()[-1].count(b"disconnect") == 1


def test_no_two_tests_have_one_file() -> None:
    rows = ["a/b", "a:b", "a.b", "a[b", "a-b", "a b", "ä", "", "-", "x" * 150, "x" * 151, "\udc80"]
    tests = [f"test_x.py::test_names[{row}]" for row in rows]
    tests += ["sub/test_a.py::t", "sub.test_a.py::t", "test_x.py::test_names", "test_x.py::test_names::a-b"]
    names = [name_of(test) for test in tests]
    assert len(set(names)) == len(tests)
    assert all(re.fullmatch(r"[\w.-]{1,140}\.jsonl", name, re.ASCII) for name in names)
    assert name_of("tests/test_a.py::TestIt::test_b[x-1]") == "tests.test_a.py.TestIt.test_b-x-1.jsonl"


def test_the_log_of_a_run_before_goes_when_the_test_passes(run: Run, pytester: pytest.Pytester) -> None:
    bad = """
        import os
        from clients import client

        def test_one(smb):
            client(smb).close()
            assert "GOOD" in os.environ
    """
    run(bad).assert_outcomes(failed=1)
    assert len(kept(pytester.path / ".pytest_cache/d/fakesmb")) == 1
    pytester._monkeypatch.setenv("GOOD", "1")
    run(bad).assert_outcomes(passed=1)
    assert len(kept(pytester.path / ".pytest_cache/d/fakesmb")) == 0


def test_a_log_that_cannot_be_kept_is_told(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "here").write_bytes(b"")
    done = run(THREE, "--smb-log", "here")
    done.stdout.fnmatch_lines(["The log could not be kept in *test_bad-a.b-*.jsonl: File exists"])
    done.stdout.fnmatch_lines(["*PytestWarning: The log could not be kept in *test_good*: File exists"])


def test_without_pytests_cache_the_logs_go_to_the_temporary_directory(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run(THREE, "-p", "no:cacheprovider").assert_outcomes(passed=1, failed=2)
    assert kept(next(tmp_path.glob("fakesmb-logs-*"))) == {BAD}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("smb_keep=fail", "smb_keep = fail: it is failed, all or none; did you mean failed?"),
        ("smb_profile=windows-nt5", "smb_profile: *windows-nt5*did you mean windows-nt4*"),
        ("smb_strict=maybe", "smb_strict: invalid truth value*maybe*"),
    ],
)
def test_an_option_that_means_nothing_ends_the_run(run: Run, option: str, told: str) -> None:
    done = run(THREE, "-o", option)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: {told}"])


def test_a_project_that_cannot_be_written_loses_no_test(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(pytest.Cache, "mkdir", refuse)
    run(THREE).assert_outcomes(passed=1, failed=2)
    assert kept(next(tmp_path.glob("fakesmb-logs-*"))) == {BAD}


@pytest.mark.parametrize(
    ("ini", "options", "folder", "names"),
    [
        ("", (), ".pytest_cache/d/fakesmb", {BAD}),
        ("smb_keep = none\nsmb_keep_dir = logs", (), "logs", set()),
        ("smb_keep = none", ("--smb-pcap", "here/and/there"), "here/and/there", {BAD, GOOD}),
    ],
)
def test_captures_are_kept_likewise(
    run: Run, pytester: pytest.Pytester, ini: str, options: tuple[str, ...], folder: str, names: set[str]
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    done = run(THREE, *options)
    done.assert_outcomes(passed=1, failed=2)
    assert {path.name[:19] for path in (pytester.path / folder).glob("*.pcapng")} == names
    said = [line for line in done.stdout.lines if line.startswith("The packets: wireshark ")]
    assert len(said) == (2 if BAD in names else 0)
    for line in said:
        whole = comments(pytester.path / line.rpartition(" ")[2])
        assert whole[0].startswith("connection 1 opened from 127.0.0.1:")
        assert any("User: alice" in one for one in whole)
        assert any(one.startswith("connection 1 closed") for one in whole)


def test_a_test_without_a_client_has_no_capture(run: Run, pytester: pytest.Pytester) -> None:
    done = run("def test_it(smb):\n    assert 0", "--smb-pcap", "here")
    done.assert_outcomes(failed=1)
    done.stdout.no_fnmatch_line("The packets*")
    assert not (pytester.path / "here").exists()


def test_a_capture_that_cannot_be_kept_is_said(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "here").write_text("a file")
    done = run(THREE, "--smb-pcap", "here")
    assert done.parseoutcomes()["passed"] == 1
    done.stdout.fnmatch_lines(["The capture could not be kept: *here*"])


def test_a_test_without_a_server_has_no_section_of_ours_and_its_lazy_objects_are_let_be(run: Run) -> None:
    done = run("""
        from fakesmb import FakeSMB

        class Lazy:
            @property
            def __class__(self):
                raise RuntimeError("working outside of the application")

        def test_one(smb):
            pass

        class Odd:
            __dict__ = property(lambda self: 1 / 0)

            def fail(self):
                lazy = Lazy()
                raise ValueError

        def test_two():
            Odd().fail()
    """)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.no_fnmatch_line("*saw nothing*")
    done.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_server_of_a_class_of_unittest_is_in_the_report(run: Run) -> None:
    done = run("""
        import unittest
        from clients import client
        from fakesmb import FakeSMB

        class TestIt(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.smb = cls.enterClassContext(FakeSMB({"in": {}}, users={"alice": "Secret123"}))

            def test_case(self):
                client(self.smb).close()
                self.assertEqual(1, 2)
    """)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*- fakesmb -*", LOG])
