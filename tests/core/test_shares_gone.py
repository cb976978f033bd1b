"""Shares whose folder is gone, and back again: what a tree connect says, and what trees that live answer."""

import shutil
from pathlib import Path

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import CreateDirectoryRequest, QueryInformationRequest, QueryInformationResponse
from fakesmb.wire.trans2 import FindFirst2Request, QueryFsInformationRequest, Trans2
from fakesmb.wire.tree import TreeConnectRequest, TreeConnectResponse
from tests.core.conftest import Make
from tests.refusals import Refuses


def test_a_folder_that_is_gone_and_back(make: Make, folders: dict[str, Path], refuses: Refuses) -> None:
    server, folder = make(), folders["public"]
    client = server.client().sign_in().connect("public")
    held = client.create("a.txt")
    shutil.rmtree(folder)
    server.clock.advance(1)

    other = server.client().sign_in()
    with refuses(NT.BAD_NETWORK_NAME):
        other.connect("public")
    with refuses(NT.BAD_NETWORK_NAME):
        other.call(0x70, TreeConnectRequest("\\\\SERVER\\public", "", "A:"), TreeConnectResponse)
    other.connect("docs")
    asked = (
        lambda: client.call(0x08, QueryInformationRequest("a.txt"), QueryInformationResponse),
        lambda: client.call(0x00, CreateDirectoryRequest("d"), Empty),
        lambda: client.create("b.txt", disposition=2),
        lambda: client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 10, 0, 0x104, 0, "\\*")),
    )
    for ask in asked:
        with pytest.raises(SMBError) as refused:
            ask()
        assert refused.value.status in (NT.OBJECT_PATH_NOT_FOUND, NT.OBJECT_NAME_NOT_FOUND)
    client.write(held, b"still open")
    with pytest.raises(SMBError):
        client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x103))

    folder.mkdir()
    (folder / "new.txt").write_bytes(b"new")
    server.clock.advance(1)
    other.connect("public")
    assert other.read(other.create("new.txt")) == b"new"
    assert client.read(client.create("new.txt")) == b"new"
    client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x103))
    assert server.problems == []
