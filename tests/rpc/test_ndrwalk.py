"""Stubs walked: the values that impacket decodes, and where they are."""

import logging
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import dtypes, lsad, ndr, samr, srvs
from impacket.uuid import bin_to_string

from fakesmb.rpc import ndrforms, ndrwalk
from fakesmb.rpc.byteorder import in_big_endian
from fakesmb.rpc.ndrsecrets import SECRET_MEMBERS, SECRET_TYPES
from fakesmb.rpc.ndrwalk import Node, walk_call
from fakesmb.rpc.stub import encode
from tests.wire.wire_blocks import octets

SERVED = ("srvsvc", "wkssvc", "lsarpc", "samr", "dssetup", "epmapper", "mgmt")
COUNTS = {"MaximumCount", "ReferentID", "ActualCount", "Offset", "_tmpItem"}


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    log = logging.getLogger("impacket")
    before, log.disabled = log.disabled, True
    yield
    log.disabled = before


def of_impacket(decoded: Any) -> list[str]:
    """The values that impacket decoded, pointers and counts left out."""
    if isinstance(decoded, ndr.NDRPOINTERNULL):
        return []
    if isinstance(decoded, ndr.NDRPOINTER) and not decoded.fields.get("ReferentID"):
        return []
    found: list[str] = []
    for name, value in decoded.fields.items():
        if name in COUNTS or (name == "Data" and not decoded.fields.get("ReferentID", 1)):
            continue
        if isinstance(value, ndr.NDR):
            found += of_impacket(value)
        elif isinstance(value, list):
            if value and all(isinstance(one, bytes) for one in value):
                found.append(repr(b"".join(value)))
            else:
                for one in value:
                    found += of_impacket(one) if isinstance(one, ndr.NDR) else [repr(one)]
        elif isinstance(value, bytes):
            found.append(repr(_text(decoded, value)))
        else:
            found.append(repr(value))
    return found


def _text(decoded: Any, value: bytes) -> Any:
    if isinstance(decoded, (dtypes.WSTR, dtypes.WIDESTR)) or type(decoded).__name__ == "WCHAR_ARRAY":
        return value.decode("utf-16-le", "replace").split("\0")[0]
    if isinstance(decoded, dtypes.STR):
        return value.decode("latin-1").split("\0")[0]
    return bin_to_string(value).lower() if isinstance(decoded, dtypes.GUID) else value


def of_nodes(nodes: list[Node]) -> list[str]:
    """The values of a walk, likewise."""
    found: list[str] = []
    for node in nodes:
        if node.children:
            found += of_nodes(node.children)
        elif node.kind not in ("count", "offset", "pointer") and node.name not in COUNTS:
            found.append(repr(node.value))
    return [one for one in found if one not in ("b''", "None")]


def values(form: Any, stub: bytes) -> tuple[Counter[str], Counter[str]]:
    walked = walk_call(form, stub)
    assert walked.problem == ""
    ours = Counter(of_nodes(walked.nodes))
    theirs = Counter(one for one in of_impacket(form(stub)) if one not in ("b''", "None", "[]"))
    return ours, theirs


def forms() -> list[Any]:
    return [
        form
        for interface in SERVED
        for opnum in range(100)
        for request in (True, False)
        if (form := ndrforms.form_of(interface, opnum, request=request)) is not None
    ]


def test_every_form_is_read_as_impacket_reads_it() -> None:
    compared = 0
    for form in forms():
        try:
            stub = form().getData()
            form(stub)
        except Exception:
            continue
        if walk_call(form, stub).problem:  # impacket leaves out what nobody filled
            continue
        ours, theirs = values(form, stub)
        assert ours == theirs, form.__name__
        compared += 1
    assert compared > 200


def shares() -> bytes:
    response = srvs.NetrShareEnumResponse()
    response["InfoStruct"]["Level"] = 1
    response["InfoStruct"]["ShareInfo"]["tag"] = 1
    rows = []
    for name, comment in (("public", "for all\0"), ("IPC$", "\0")):
        row = srvs.SHARE_INFO_1()
        row["shi1_netname"] = f"{name}\0"
        row["shi1_type"] = 0
        row["shi1_remark"] = comment
        rows.append(row)
    response["InfoStruct"]["ShareInfo"]["Level1"]["EntriesRead"] = 2
    response["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"] = rows
    response["TotalEntries"] = 2
    response["ResumeHandle"] = ndr.NULL
    response["ErrorCode"] = 0
    return encode(response)


SHARES = shares()


def test_a_list_of_shares() -> None:
    stub = SHARES
    ours, theirs = values(srvs.NetrShareEnumResponse, stub)
    assert ours == theirs
    walked = walk_call(srvs.NetrShareEnumResponse, stub)
    names = {node.name: node for node in walked.nodes}
    assert names["[0].shi1_netname"].meaning == "public"
    assert names["[1].shi1_netname"].children[-1].value == "IPC$"
    pointer = names["Buffer"].children[1].children[0]
    assert (pointer.kind, pointer.meaning[:5]) == ("pointer", "IPC$ ")
    assert walked.end == len(stub)


def leaves(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.children:
            yield from leaves(node.children)
        else:
            yield node


@given(stub=st.binary(max_size=200), start=st.integers(0, 60), big=st.booleans())
def test_any_bytes(stub: bytes, start: int, big: bool) -> None:
    stub = SHARES[:start] + stub
    for form in (srvs.NetrShareEnumResponse, samr.SamrConnect5, lsad.LsarEnumerateAccountsResponse):
        walked = walk_call(form, stub, big_endian=big)
        at = 0
        for node in leaves(walked.nodes):
            assert node.at >= at
            at = node.at + node.size
        assert at <= len(stub)


def test_big_endian() -> None:
    little = srvs.NetrServerGetInfo()
    little["ServerName"] = "\\\\here\0"
    little["Level"] = 101
    stub = encode(little)
    big = stub[:4][::-1] + b"".join(stub[at : at + 4][::-1] for at in (4, 8, 12))
    text = stub[16:32]
    big += b"".join(text[at : at + 2][::-1] for at in range(0, 16, 2)) + stub[32:][::-1]
    assert in_big_endian(srvs.NetrServerGetInfo)(big)["Level"] == 101
    walked = walk_call(srvs.NetrServerGetInfo, big, big_endian=True)
    assert of_nodes(walked.nodes) == ["'\\\\\\\\here'", "101"]


def test_what_lengths_say_is_not_believed() -> None:
    for count in (0xFFFFFFFF, 1 << 20):
        stub = struct.pack("<IIIIIII", 1, 1, 1, 0x20000, count, 0x20004, count) + bytes(100)
        assert walk_call(srvs.NetrShareEnumResponse, stub).problem
    assert "no arm 7" in walk_call(srvs.NetrShareEnumResponse, struct.pack("<IIII", 7, 7, 1, 0)).problem


def test_many_nodes_end_the_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndrwalk, "MOST_NODES", 20)
    assert walk_call(srvs.NetrShareEnumResponse, SHARES).problem == "more than 20 values"
    monkeypatch.setattr(ndrwalk, "MOST_DEEP", 2)
    assert "within types" in walk_call(srvs.NetrShareEnumResponse, SHARES).problem


def test_passwords_are_secrets() -> None:
    walked = walk_call(samr.SamrSetInformationUser2, bytes(20) + b"\x1a\0\x1a\0" + bytes(range(256)) * 3)
    assert any(node.secret for node in leaves(walked.nodes))
    value = lsad.LsarSetSecret()
    value["SecretHandle"] = bytes(20)
    value["EncryptedCurrentValue"]["Length"] = 3
    value["EncryptedCurrentValue"]["MaximumLength"] = 3
    value["EncryptedCurrentValue"]["Buffer"] = [b"k", b"e", b"y"]
    value["EncryptedOldValue"] = ndr.NULL
    walked = walk_call(lsad.LsarSetSecret, encode(value))
    (secret,) = (node for node in leaves(walked.nodes) if node.value == b"key")
    assert secret.secret
    assert not any(node.secret for node in leaves(walked.nodes) if node.name == "Length")


def test_the_names_of_secrets_are_impackets() -> None:
    import importlib

    names: dict[str, Any] = {}
    for module in ("srvs", "wkst", "lsad", "lsat", "samr", "nrpc", "scmr"):
        names |= vars(importlib.import_module(f"impacket.dcerpc.v5.{module}"))
    assert {one for one in SECRET_TYPES if one not in names} == set()
    for owner, member in SECRET_MEMBERS:
        assert member in dict(names[owner].structure), (owner, member)


def test_parts_of_calls_that_may_hide_a_secret() -> None:
    assert ndrforms.may_hide("samr", 58, request=True)
    assert not ndrforms.may_hide("samr", 58, request=False)
    assert ndrforms.may_hide("lsarpc", 30, request=False)
    assert not ndrforms.may_hide("srvsvc", 28, request=False)
    assert ndrforms.may_hide("samr", 4, request=True)
    assert ndrforms.may_hide("svcctl", None, request=True)
    assert not ndrforms.may_hide("svcctl", None, request=False)


def test_a_call_that_impacket_has_wrong() -> None:
    stub = octets(
        """00000200 04000004 08000200 02000000 00000000 02000000 61006c00
        0c000200 10000200 04000004 14000200 02000000 00000000 02000000 46004b00 00000000"""
    )
    stub = stub.replace(b"\4\0\0\4", b"\4\0\4\0")
    walked = walk_call(ndrforms.form_of("lsarpc", 45, request=False), stub)
    assert (walked.problem, walked.end) == ("", len(stub))
    assert of_nodes(walked.nodes)[-4:] == ["4", "4", "'FK'", "0"]


def test_names_of_statuses_and_operations() -> None:
    assert ndrforms.win32_name(0) == "NERR_Success"
    assert ndrforms.win32_name(5) == "ERROR_ACCESS_DENIED"
    assert ndrforms.win32_name(0xDEADBEEF) == "0xDEADBEEF"
    assert ndrforms.operation_of("svcctl", 15) == "ROpenSCManagerW"
    assert ndrforms.operation_of("svcctl", 999) == ""
    assert ndrforms.form_of("nothing", 1, request=True) is None
    assert ndrforms.form_of("epmapper", 4, request=False).__name__ == "EptLookupHandleFreeResponse"


DISKS = (
    "0200000000000200020000000000000002000000000000000300000043003a000000000000000000"
    "0100000000000000020000000000000000000000"
)
GROUPS = (
    "44000000440000000500bdbd0100000000000200010000000100000004000400ff00000004000000"
    "00000000040000004e6f6e6500000000"
)


def test_forms_that_impacket_declares_in_its_own_way() -> None:
    walked = walk_call(srvs.NetrServerDiskEnumResponse, bytes.fromhex(DISKS))
    assert (walked.problem, walked.end) == ("", len(DISKS) // 2)
    assert [node.meaning for node in walked.nodes if node.kind == "DISK_INFO_ARRAY"] == ["2 elements"]
    assert "'C:'" in of_nodes(walked.nodes)
    walked = walk_call(samr.SamrQueryDisplayInformationResponse, bytes.fromhex(GROUPS))
    assert (walked.problem, walked.end) == ("", len(GROUPS) // 2)
    (name,) = (node for node in leaves(walked.nodes) if node.kind == "text")
    assert name.value == "None"


def test_sids_and_guids_either_way_round() -> None:
    sid = struct.pack(">I", 2) + bytes((1, 2, 0, 0, 0, 0, 0, 5)) + struct.pack(">II", 32, 544)
    handle = bytes(20)
    for big in (True, False):
        turned = sid if big else sid[:4][::-1] + sid[4:12] + sid[12:16][::-1] + sid[16:20][::-1]
        walked = walk_call(samr.SamrAddMemberToAlias, handle + turned, big_endian=big)
        assert [node.meaning for node in walked.nodes][-1] == "S-1-5-32-544"
    walked = walk_call(samr.SamrAddMemberToAlias, handle + struct.pack("<I", 0) + bytes(8))
    assert walked.nodes[-1].meaning == "not a SID"
    members = struct.pack("<IIIII", 1, 0x20000, 1, 0x20004, 2) + bytes((1, 2, 0, 0, 0, 0, 0, 5))
    members += struct.pack("<IIII", 32, 544, 0, 0)
    walked = walk_call(samr.SamrGetMembersInAliasResponse, members[:-4])
    assert walked.problem == ""
