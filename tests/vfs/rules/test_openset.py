"""The grouped opens of a file, and their places, against what looking at each of them finds."""

from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.files import Access, DosDeny
from fakesmb.nt.status import SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules import sharing
from fakesmb.vfs.rules.deletion import deletes, others_open
from fakesmb.vfs.rules.held import Held
from fakesmb.vfs.rules.openfiles import Open, OpenFile, OpenFiles
from fakesmb.vfs.rules.sharing import conflict
from fakesmb.vfs.store import CreateParameters

OWNERS = ("one client", "another")


class OneOpen:
    """As much of an open as the rules look at."""

    def __init__(self, file: OpenFile, request: CreateParameters, disk_path: str = "/share/a") -> None:
        self.file = file
        self.fd = -1
        self.access = request.access
        self.share = request.share
        self.pid = request.pid
        self.owner = request.owner
        self.dos_deny = request.dos_deny
        self.is_directory = False
        self.path = Path(("a",))
        self.name = "a"
        self.shown_path = "\\a"
        self.disk_path = disk_path
        self.delete_on_close = bool(request.options)
        self.made = False
        self.delete_needs_another = False
        self.wrote = False
        self.timed = False
        self.oplock: Held | None = None
        self.position = 0

    @property
    def xattr_target(self) -> int:
        return self.fd

    def place(self) -> str:
        return self.disk_path


def requests() -> st.SearchStrategy[CreateParameters]:
    rights = st.sampled_from(
        [
            Access.READ_DATA,
            Access.WRITE_DATA,
            Access.APPEND_DATA | Access.READ_DATA,
            Access.EXECUTE,
            Access.DELETE,
            Access.READ_ATTRIBUTES,
        ]
    )
    return st.builds(
        lambda **fields: CreateParameters(**fields),
        access=st.builds(int.__or__, rights, rights),
        share=st.sampled_from([7, 7, 3, 1, 5, 0]),
        options=st.integers(0, 1),
        pid=st.integers(1, 2),
        dos_deny=st.sampled_from([0, 0, DosDeny.DOS, DosDeny.FCB, DosDeny.DOS_PROGRAM]),
        owner=st.sampled_from(OWNERS),
    )


def is_same_dos_opener(other: Open, request: CreateParameters) -> bool:
    return (
        request.dos_deny != 0
        and other.dos_deny in (DosDeny.DOS, DosDeny.FCB)
        and request.pid == other.pid
        and request.owner is other.owner
        and bool(other.access & Access.WRITE_DATA)
    )


@given(st.lists(st.tuples(requests(), st.integers(0, 30)), max_size=30), requests(), st.integers(0, 7))
def test_groups_refuse_what_looking_at_each_open_refuses(
    steps: list[tuple[CreateParameters, int]], new: CreateParameters, share: int
) -> None:
    """Opens come and go at random; then one more is checked, as an open, a rename and a delete on close."""
    opens, file = OpenFiles(), OpenFile((1, 2))
    opens.by_key[file.key] = file
    there: list[Open] = []
    contested: set[Open] = set()
    for request, at in steps:
        if at < len(there):
            opens.end(there.pop(at))
            continue
        contested.update(one for one in there if one.delete_on_close)
        others_open(file)
        there.append(OneOpen(file, request))
        opens.begin(there[-1])

    def refuses(check: object, *args: object) -> bool:
        try:
            check(*args)  # type: ignore[operator]
        except SMBError:
            return True
        return False

    assert list(file.opens) == there
    assert refuses(sharing.check, file, new.access, new) is any(
        conflict(new.access, new.share, one.access, one.share) and not is_same_dos_opener(one, new)
        for one in there
    )
    assert refuses(sharing.check_delete, file, share) is any(
        conflict(Access.DELETE, share, one.access, one.share) for one in there
    )
    if new.dos_deny == DosDeny.DOS:
        same = [one for one in there if is_same_dos_opener(one, new)]
        found = sharing.same_dos_open(file, new)
        assert found in same if same else found is None
    for one in there:
        assert one.delete_needs_another is (one in contested)
        others = any(other is not one and other.access & Access.DELETE for other in there)
        assert deletes(one) is (others or not one.delete_needs_another)
    for one in there:
        opens.end(one)
    assert not file.opens.groups
    assert not file.opens.wishes


PLACES = ("/s", "/s/a", "/s/a/b", "/s/a/b/c", "/s/ab", "/s/a.b/c", "/s/a!b/c", "/s/a0/c", "/t", "/")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PLACES), st.sampled_from(PLACES), st.sampled_from(("open", "move", "close"))
        ),
        max_size=30,
    )
)
def test_what_is_open_below_a_directory_is_what_looking_at_each_open_finds(
    steps: list[tuple[str, str, str]],
) -> None:
    opens, file = OpenFiles(), OpenFile((1, 2))
    opens.by_key[file.key] = file
    there: list[Open] = []
    for place, other, step in steps:
        path = f"{place.rstrip('/')}/file"
        found = next((one for one in there if one.disk_path == path), None)
        if step == "open" or found is None:
            there.append(OneOpen(file, CreateParameters(0), path))
            opens.begin(there[-1])
        elif step == "move":
            opens.move(found, f"{other.rstrip('/')}/file")
        else:
            there.remove(found)
            opens.end(found)
    for place in PLACES:
        expected = {one for one in there if one.disk_path.startswith(place.rstrip("/") + "/")}
        below = opens.below(place)
        assert set(below) == expected
        assert len(below) == len(expected)
        assert opens.is_open_below(place) is bool(expected)
