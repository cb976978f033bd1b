"""A second opinion: impacket reads what we write, and we read what it writes."""

import struct

from impacket import smb

from fakesmb.wire import files, session, trans, trans2, tree
from fakesmb.wire.header import HEADER_SIZE, Header, block_at
from tests.wire.wire_blocks import block, encoded


def command_of(message: bytes) -> smb.SMBCommand:
    """impacket's view of a block."""
    return smb.SMBCommand(message)


def test_impacket_reads_our_header() -> None:
    raw = Header(0x72, 0xC0000022, 0x98, 0xC801, 1, b"signatur", 2, 3, 4, 5).encode()
    theirs = smb.NewSMBPacket(data=raw + b"\0\0\0")
    assert (theirs["Command"], theirs["Tid"], theirs["Pid"], theirs["Uid"], theirs["Mid"]) == (
        0x72,
        2,
        3,
        4,
        5,
    )
    assert (theirs["Flags1"], theirs["Flags2"]) == (0x98, 0xC801)


def test_impacket_reads_our_create_answer() -> None:
    ours = files.NtCreateAndxResponse(fid=0x4000, end_of_file=5, resource_type=2, directory=1)
    theirs = smb.SMBNtCreateAndXResponse_Parameters(command_of(encoded(ours))["Parameters"])
    assert (theirs["Fid"], theirs["EndOfFile"], theirs["FileType"], theirs["IsDirectory"]) == (
        0x4000,
        5,
        2,
        1,
    )


def test_impacket_reads_our_read_answer() -> None:
    message = bytes(HEADER_SIZE) + encoded(files.ReadAndxResponse(data=b"payload"))
    theirs = smb.SMBReadAndXResponse_Parameters(command_of(message[HEADER_SIZE:])["Parameters"])
    at = theirs["DataOffset"]
    assert message[at : at + theirs["DataCount"]] == b"payload"


def test_impacket_reads_our_transaction_answer() -> None:
    message = bytes(HEADER_SIZE) + encoded(trans.TransactionResponse(parameters=b"pq", data=b"data"))
    theirs = smb.SMBTransaction2Response_Parameters(command_of(message[HEADER_SIZE:])["Parameters"])
    assert message[theirs["ParameterOffset"] :][: theirs["ParameterCount"]] == b"pq"
    assert message[theirs["DataOffset"] :][: theirs["DataCount"]] == b"data"


def test_impacket_reads_our_extended_setup_answer() -> None:
    ours = session.SessionSetupExtendedResponse(security_blob=b"token", native_os="W", native_lan_man="L")
    command = command_of(encoded(ours))
    theirs = smb.SMBSessionSetupAndX_Extended_Response_Parameters(command["Parameters"])
    assert theirs["SecurityBlobLength"] == 5
    assert command["Data"][:5] == b"token"


def test_we_read_the_writes_of_impacket() -> None:
    command = smb.SMBCommand(smb.SMB.SMB_COM_WRITE_ANDX)
    command["Parameters"] = smb.SMBWriteAndX_Parameters()
    command["Data"] = smb.SMBWriteAndX_Data()
    command["Parameters"]["Fid"] = 0x4000
    command["Parameters"]["Offset"] = 9
    command["Parameters"]["WriteMode"] = 8
    command["Parameters"]["DataLength"] = 3
    command["Parameters"]["DataOffset"] = 64
    command["Data"]["DataLength"] = 3
    command["Data"]["DataOffset"] = 64
    command["Data"]["Pad"] = b"\0"
    command["Data"]["Data"] = b"abc"
    request = files.WriteAndxRequest.decode(block(command.getData()))
    assert (request.fid, request.offset, request.write_mode, bytes(request.data)) == (0x4000, 9, 8, b"abc")


def test_we_read_the_tree_connects_of_impacket() -> None:
    command = smb.SMBCommand(smb.SMB.SMB_COM_TREE_CONNECT_ANDX)
    command["Parameters"] = smb.SMBTreeConnectAndX_Parameters()
    command["Data"] = smb.SMBTreeConnectAndX_Data(flags=0)
    command["Parameters"]["PasswordLength"] = 1
    command["Data"]["Password"] = b"\0"
    command["Data"]["Path"] = "\\\\H\\IPC$"
    command["Data"]["Service"] = "?????"
    request = tree.TreeConnectAndxRequest.decode(block(command.getData(), unicode=False))
    assert (request.path, request.service) == ("\\\\H\\IPC$", "?????")


def test_we_read_the_searches_of_impacket() -> None:
    params = smb.SMBFindFirst2_Parameters(flags=smb.SMB.FLAGS2_UNICODE)
    params["SearchAttributes"] = 0x16
    params["SearchCount"] = 512
    params["Flags"] = 6
    params["InformationLevel"] = 0x104
    params["SearchStorageType"] = 0
    params["FileName"] = "\\*\0".encode("utf-16-le")
    ours = trans2.FindFirst2Request.decode(params.getData())
    assert ours == trans2.FindFirst2Request(0x16, 512, 6, 0x104, 0, "\\*")


def test_both_find_the_same_words_in_a_chain() -> None:
    first = encoded(files.CloseRequest(1))
    message = bytes(HEADER_SIZE) + first
    theirs = command_of(first)
    ours = block_at(message, HEADER_SIZE, unicode=True)
    assert theirs["WordCount"] == ours.word_count
    assert struct.unpack("<H", theirs["Parameters"][:2]) == (1,)
