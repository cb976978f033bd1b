"""Reads and writes in the record: taken apart into their two messages, or straight into their two lines.

They are most of a record when files are copied, so their JSON is written from a template, without an object for
anything. A test holds the lines to be those of the general way, letter for letter.
"""

from functools import lru_cache
from struct import Struct
from typing import Final

import msgspec

from fakesmb.record.events import Message, Part, Transfer
from fakesmb.record.moments import iso
from fakesmb.wire.codec import Omitted
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ReadAndxRequest, ReadAndxResponse, WriteAndxRequest, WriteAndxResponse
from fakesmb.wire.header import HEADER_SIZE, Header

_COMMAND_AT: Final = 4
_WORDS_AT: Final = HEADER_SIZE + 5
"""Where the words begin that are not those of the chain."""
_READ: Final = Struct("<HIHHIHI")
_WRITE: Final = Struct("<HIIHHHHHI")
_IDS: Final = Struct("<12xH10xHHHH")
"""PIDHigh, TID, PIDLow, UID and MID of a header."""
_HIGH_COUNT: Final = 0xFFFF


def messages(transfer: Transfer) -> tuple[Message, Message]:
    """The request and the response, as every other exchange has them."""
    head = transfer.head
    header = Header.decode(head)
    request: ReadAndxRequest | WriteAndxRequest
    response: ReadAndxResponse | WriteAndxResponse
    if head[_COMMAND_AT] == Command.READ_ANDX:
        request = ReadAndxRequest(*_READ.unpack_from(head, _WORDS_AT))
        response = msgspec.structs.replace(ReadAndxResponse(), data=Omitted(transfer.length))
    else:
        request = _write_request(head, transfer.length)
        response = WriteAndxResponse.of(transfer.length)
    return (
        _message(transfer, header, request, transfer.time, 0, transfer.size),
        _message(transfer, header, response, transfer.answered, 1, transfer.answer_size),
    )


def _write_request(head: bytes, length: int) -> WriteAndxRequest:
    return msgspec.structs.replace(
        WriteAndxRequest(*_WRITE.unpack_from(head, _WORDS_AT)), data=Omitted(length)
    )


def _message(
    transfer: Transfer, header: Header, body: msgspec.Struct, time: float, index: int, size: int
) -> Message:
    return Message(
        time,
        transfer.number + index,
        transfer.connection,
        transfer.peer,
        transfer.local,
        not index,
        header,
        (Part(header.command, body),),
        0,
        size,
        transfer.answered - transfer.time if index else 0.0,
        transfer.user,
        transfer.share,
        transfer.path,
        int.from_bytes(transfer.head[_WORDS_AT : _WORDS_AT + 2], "little"),
    )


@lru_cache(maxsize=1024)
def _about(peer: str, user: str, share: str, path: str) -> tuple[str, str]:
    """What stays the same for a file: the peer as JSON; user, share and path as keys of JSON."""
    text = [msgspec.json.encode(one).decode() for one in (peer, user, share, path)]
    keys = ((',"user":', user, text[1]), (',"share":', share, text[2]), (',"path":', path, text[3]))
    return text[0], "".join(key + value for key, there, value in keys if there)


_READ_LINES: Final = (
    '{"time":"%s","event":"request","number":%d,"connection":%d,"peer":%s,"direction":"C",'
    '"command":"SMB_COM_READ_ANDX",%s%s,"length":%d,'
    '"summary":"C; Read Andx, FID = 0x%04X, %d bytes at Offset %d",'
    '"fields":{"fid":%d,"offset_low":%d,"max_count":%d,"min_count":%d,"timeout":%d,"remaining":%d,"offset_high":%d}}\n'
    '{"time":"%s","event":"response","number":%d,"connection":%d,"peer":%s,"direction":"R",'
    '"command":"SMB_COM_READ_ANDX","status":"STATUS_SUCCESS",%s%s,"length":%d,"took_us":%d,'
    '"summary":"R; Read Andx, %d bytes",'
    '"fields":{"available":65535,"data_compaction_mode":0,"data_length":%d,"data_length_high":0,"data":"%d bytes"}}\n'
)
_WRITE_LINES: Final = (
    '{"time":"%s","event":"request","number":%d,"connection":%d,"peer":%s,"direction":"C",'
    '"command":"SMB_COM_WRITE_ANDX",%s%s,"length":%d,'
    '"summary":"C; Write Andx, FID = 0x%04X, %d bytes at Offset %d",'
    '"fields":{"fid":%d,"offset_low":%d,"timeout":%d,"write_mode":%d,"remaining":%d,"data_length_high":%d,'
    '"data_length":%d,"data_offset":%d,"offset_high":%d,"data":"%d bytes"}}\n'
    '{"time":"%s","event":"response","number":%d,"connection":%d,"peer":%s,"direction":"R",'
    '"command":"SMB_COM_WRITE_ANDX","status":"STATUS_SUCCESS",%s%s,"length":%d,"took_us":%d,'
    '"summary":"R; Write Andx, FID = 0x0000, %d bytes",'
    '"fields":{"count":%d,"available":65535,"count_high":%d}}\n'
)


def json_lines(transfer: Transfer) -> bytes:
    """Both lines; raises `UnicodeEncodeError` for a name with a lone surrogate."""
    head, length, number = transfer.head, transfer.length, transfer.number
    pid_high, tid, pid, uid, mid = _IDS.unpack_from(head)
    peer, about = _about(transfer.peer, transfer.user, transfer.share, transfer.path)
    took = round((transfer.answered - transfer.time) * 1e6)
    times = iso(transfer.time), iso(transfer.answered)
    fid = head[_WORDS_AT] | head[_WORDS_AT + 1] << 8
    ids = f'"mid":{mid},"uid":{uid},"tid":{tid},"pid":{pid_high << 16 | pid},"fid":{fid}'
    start = (number, transfer.connection, peer, ids, about, transfer.size)
    answer = (number + 1, transfer.connection, peer, ids, about, transfer.answer_size, took)
    if head[_COMMAND_AT] == Command.READ_ANDX:
        words = _READ.unpack_from(head, _WORDS_AT)
        high = words[4] & 0xFFFF
        count = words[2] if high == _HIGH_COUNT else high << 16 | words[2]
        said = (fid, count, words[6] << 32 | words[1])
        lines = _READ_LINES % (times[0], *start, *said, *words, times[1], *answer, length, length, length)
    else:
        words = _WRITE.unpack_from(head, _WORDS_AT)
        said = (fid, length, words[8] << 32 | words[1])
        lines = _WRITE_LINES % (
            (
                times[0],
                *start,
                *said,
                *words,
                length,
                times[1],
                *answer,
                length,
                length & 0xFFFF,
                length >> 16,
            )
        )
    return lines.encode()
