"""What the uploader does on a good day, and on the bad ones that a real server has once a year."""

from pathlib import Path

import pytest
from impacket.smbconnection import SessionError
from uploader import PIECE, sign_in, upload

from fakesmb import NT, Share, closed, created, deleted, renamed, wrote


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_bytes(bytes(4 * PIECE))
    return path


@pytest.fixture
def client(smb):
    return sign_in(smb.host, smb.port, "alice", "Secret123")


def test_the_file_arrives_whole_under_another_name_first(smb, client, report):
    upload(client, "share", report)
    assert smb.share("share").read("report.txt") == report.read_bytes()
    assert smb.share("share").list() == ["report.txt"]
    smb.journal.sequence(
        created("report.txt.part"), wrote(), closed(), renamed("report.txt.part", to="report.txt")
    )
    smb.journal.verify(verb="wrote", path="report.txt.part", count=4)
    smb.journal.never(verb="wrote", path="report.txt")


def test_the_third_write_finds_the_disk_full_and_nothing_is_left(smb, client, report):
    smb.share("share").write("report.txt", b"yesterday's")
    fault = smb.faults.inject(command="WRITE", path="*.part", nth=3, fail=NT.DISK_FULL)
    with pytest.raises(SessionError, match="DISK_FULL"):
        upload(client, "share", report)
    assert fault.hits == 1
    assert smb.share("share").list() == ["report.txt"]
    assert smb.share("share").read("report.txt") == b"yesterday's"
    smb.journal.sequence(wrote(), closed(), deleted("report.txt.part"))


@pytest.mark.smb(
    shares={
        "share": Share({}, oplocks=False)
    },  # else the reader is asked first, and impacket does not answer
    timing={"sharing_violation": 0.01},  # how long a server waits before it says no; Windows: a second
)
def test_it_waits_for_whoever_has_the_file_open(smb, client, report):
    smb.share("share").write("report.txt", b"yesterday's")
    reader = sign_in(smb.host, smb.port, "alice", "Secret123")
    tree = reader.connectTree("share")
    file = reader.openFile(tree, "report.txt")
    with pytest.raises(SessionError, match="SHARING_VIOLATION"):
        upload(client, "share", report)
    smb.journal.verify(tried="deleted", path="report.txt", status=NT.SHARING_VIOLATION, count=3)
    reader.closeFile(tree, file)
    upload(client, "share", report)
    assert smb.share("share").read("report.txt") == report.read_bytes()


def test_a_share_that_is_busy_once_is_asked_again(smb, client, report):
    smb.faults.inject(command="RENAME", times=1, fail=NT.SHARING_VIOLATION)
    upload(client, "share", report)
    smb.journal.verify(tried="renamed", path="report.txt.part", status=NT.SHARING_VIOLATION, count=1)
    assert smb.share("share").list() == ["report.txt"]
