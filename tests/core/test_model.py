"""Several clients open, write, lock, rename, delete and leave at random: the server does what the model does."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fakesmb.core.settings import Settings, Timing
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.locking import FOREVER, LockRange
from tests.core.conftest import check_end, files_open_below
from tests.examples import examples
from tests.file_model import ACCESSES, NAMES, PIDS, SHARES, Both, Twin

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", examples(40)))
"""How many walks; thousands of them take minutes."""
STEPS = int(os.environ.get("MODEL_STEPS", "50"))
SHRINK = bool(os.environ.get("MODEL_SHRINK"))
"""A shorter walk to the same difference may take minutes to find; the history of the walk says much without."""
CLIENTS = 3

index = st.integers(0, 11)
names = st.sampled_from(NAMES)
offsets = st.sampled_from([0, 1, 9, 10, 11, 100, 5000])
sizes = st.sampled_from([0, 1, 10, 11, 99, 4097])
ranges = st.tuples(
    st.sampled_from(PIDS),
    st.sampled_from([0, 5, 10, 11, 0xEF000000, 1 << 63, (1 << 64) - 1]),
    st.sampled_from([0, 1, 5, 10, 100, 1 << 62]),
)
clients = st.integers(0, CLIENTS - 1)


class Walk(RuleBasedStateMachine):
    """One server, three clients, one model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        timing = Timing(sharing_violation=0)
        options = Settings(challenge=CHALLENGE, guid=GUID, timing=timing)
        self.server = InMemoryServer({"public": Path(self.folder.name)}, settings=options)
        self.clients = [self.enter() for _ in range(CLIENTS)]
        self.twin = Twin()

    def enter(self) -> Client:
        return self.server.client().sign_in().connect("public")

    def file(self, number: int) -> Both:
        return self.twin.files[number % len(self.twin.files)]

    @initialize(client=clients)
    def something_is_there(self, client: int) -> None:
        self.twin.make_directory(self.clients[client], "d")
        self.twin.make_directory(self.clients[client], "d\\e")
        self.twin.create(self.clients[client], "a", 0x13019F, 7, 2)
        self.twin.write(self.twin.files[0], 0, b"0123456789" * 20)

    @precondition(lambda self: len(self.twin.files) < 12)
    @rule(
        client=clients,
        path=names,
        access=st.sampled_from(ACCESSES),
        share=st.sampled_from(SHARES),
        disposition=st.integers(0, 5),
        delete_on_close=st.sampled_from([False, False, True]),
    )
    def create(
        self, client: int, path: str, access: int, share: int, disposition: int, delete_on_close: bool
    ) -> None:
        self.twin.create(
            self.clients[client], path, access, share, disposition, delete_on_close=delete_on_close
        )

    @precondition(lambda self: len(self.twin.files) < 12)
    @rule(client=clients, path=names)
    def open_shared(self, client: int, path: str) -> None:
        """What most opens of a program are, so that most walks have files that several have open."""
        self.twin.create(self.clients[client], path, 0x13019F, 7, 3)

    @precondition(lambda self: self.twin.files)
    @rule(file=index)
    def close(self, file: int) -> None:
        self.twin.close(self.file(file))

    @precondition(lambda self: self.twin.files)
    @rule(file=index, offset=offsets, size=sizes)
    def read(self, file: int, offset: int, size: int) -> None:
        self.twin.read(self.file(file), offset, size)

    @precondition(lambda self: self.twin.files)
    @rule(file=index, offset=offsets, size=sizes, letter=st.integers(65, 90))
    def write(self, file: int, offset: int, size: int, letter: int) -> None:
        self.twin.write(self.file(file), offset, bytes((letter,)) * size)

    @precondition(lambda self: self.twin.files)
    @rule(file=index, size=sizes)
    def resize(self, file: int, size: int) -> None:
        self.twin.resize(self.file(file), size)

    @precondition(lambda self: self.twin.files)
    @rule(file=index, wanted=st.lists(ranges, min_size=1, max_size=3), exclusive=st.booleans())
    def lock(self, file: int, wanted: list[tuple[int, int, int]], exclusive: bool) -> None:
        self.twin.lock(self.file(file), wanted, exclusive=exclusive)

    @precondition(lambda self: self.twin.files and len(self.twin.waits) < 8)
    @rule(file=index, wanted=ranges, exclusive=st.booleans(), timeout=st.sampled_from([500, FOREVER]))
    def lock_patiently(self, file: int, wanted: tuple[int, int, int], exclusive: bool, timeout: int) -> None:
        self.twin.lock(self.file(file), [wanted], exclusive=exclusive, timeout=timeout)

    @precondition(lambda self: self.twin.waits)
    @rule()
    def time_passes(self) -> None:
        """Whoever waits with a limit has waited long enough."""
        for node, one, limited in list(self.twin.waits.values()):
            if limited:
                self.twin.model.expire(node, one)
        self.server.clock.advance(1)

    @precondition(lambda self: any(file.held.node.locks for file in self.twin.files))
    @rule(number=index)
    def unlock_held(self, number: int) -> None:
        held = [
            (file, one) for file in self.twin.files for one in file.held.node.locks if one.held is file.held
        ]
        file, one = held[number % len(held)]
        self.twin.unlock(file, one.pid, one.start, one.end - one.start)

    @precondition(lambda self: self.twin.files)
    @rule(file=index, one=ranges)
    def unlock(self, file: int, one: tuple[int, int, int]) -> None:
        self.twin.unlock(self.file(file), *one)

    @precondition(lambda self: self.twin.files)
    @rule(file=index, delete=st.booleans())
    def mark(self, file: int, delete: bool) -> None:
        self.twin.mark(self.file(file), delete=delete)

    @precondition(lambda self: self.twin.files)
    @rule(
        file=index, new=st.sampled_from([name for name in NAMES if "\\" not in name]), replace=st.booleans()
    )
    def rename_open(self, file: int, new: str, replace: bool) -> None:
        self.twin.rename_open(self.file(file), new, replace=replace)

    @rule(client=clients, path=names)
    def delete(self, client: int, path: str) -> None:
        self.twin.delete(self.clients[client], path)

    @rule(client=clients, old=names, new=names)
    def rename(self, client: int, old: str, new: str) -> None:
        self.twin.rename(self.clients[client], old, new)

    @rule(client=clients, path=names)
    def make_directory(self, client: int, path: str) -> None:
        self.twin.make_directory(self.clients[client], path)

    @rule(client=clients, path=names)
    def remove_directory(self, client: int, path: str) -> None:
        self.twin.remove_directory(self.clients[client], path)

    @rule(client=clients, path=names)
    def size(self, client: int, path: str) -> None:
        self.twin.size(self.clients[client], path)

    @rule(number=clients)
    def leave(self, number: int) -> None:
        """A client vanishes, and another comes in its place."""
        self.twin.leave(self.clients[number])
        self.clients[number].lost()
        self.clients[number] = self.enter()

    @invariant()
    def answers_are_those_of_the_model(self) -> None:
        self.twin.check_answers(self.clients)

    @invariant()
    def disk_is_that_of_the_model(self) -> None:
        self.twin.check_disk(Path(self.folder.name))

    @invariant()
    def nothing_is_open_but_what_is(self) -> None:
        assert len(self.server.open_files) == len(self.twin.files)
        held = sum(
            len(file.locks) for file in self.server.open_files.by_key.values() if file.locks is not None
        )
        nodes = {id(file.held.node): file.held.node for file in self.twin.files}
        assert held == sum(len(node.locks) for node in nodes.values())
        assert self.server.open_files.deleting == sum(node.deleting for node in nodes.values())

    def teardown(self) -> None:
        for client in self.clients:
            self.twin.leave(client)
        check_end(self.server)
        self.twin.check_disk(Path(self.folder.name))
        assert files_open_below(Path(self.folder.name)) == []
        self.folder.cleanup()


def test_several_clients_do_what_the_model_does() -> None:
    walks = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(Walk, settings=walks)


@pytest.mark.parametrize("timeout", [0, 1000])
def test_locks_that_fail_give_back_what_they_took_and_no_more(
    client: Client, other: Client, server: InMemoryServer, timeout: int
) -> None:
    """A shared lock on one's own exclusive one of the same range goes back; the exclusive one stays."""
    mine, theirs = client.create("a.txt"), other.create("a.txt")
    client.lock(mine, 0, 10)
    other.lock(theirs, 50, 10)
    wanted = (LockRange(client.pid, 0, 10), LockRange(client.pid, 50, 10))
    client.send(0x24, client.locking(mine, *wanted, kind=0x11, timeout=timeout))
    server.clock.advance(1)
    assert client.answer().header.status in (NT.LOCK_NOT_GRANTED, NT.FILE_LOCK_CONFLICT)
    with pytest.raises(SMBError):
        other.lock(theirs, 0, 10, shared=True)
    client.unlock(mine, 0, 10)
    other.lock(theirs, 0, 10)
