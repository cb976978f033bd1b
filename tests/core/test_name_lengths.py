"""NameLength of NT_CREATE_ANDX and NT_TRANSACT_CREATE: clients count bytes or characters, with the null or without."""

import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client
from fakesmb.wire.codec import Body
from fakesmb.wire.files import NtCreateAndxRequest, NtCreateAndxResponse
from fakesmb.wire.header import Flags2
from fakesmb.wire.nt_trans import NtCreateRequest, NtTransact
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from tests.core.conftest import Make

Refuses = Callable[[NT], AbstractContextManager[object]]

NAME = "\\dir\\Übung.txt"
SIZE = len(NAME)


class Bare(Body, frozen=True):
    """A block of any words and bytes."""

    words: bytes
    data: bytes

    def encode(
        self, at: int, *, unicode: bool = True, encoding: str = "cp850"
    ) -> list[bytes | bytearray | memoryview]:
        return [bytes((len(self.words) // 2,)), self.words, struct.pack("<H", len(self.data)), self.data]


def nt_create(client: Client, length: int, tail: bytes) -> None:
    """Opens for reading, by NT_CREATE_ANDX; `tail` is what follows the words."""
    words = struct.pack("<BBHBHIIIQIIIIIB", 0xFF, 0, 0, 0, length, 0, 0, 0x120089, 0, 0, 7, 1, 0, 2, 0)
    client.close(client.call(0xA2, Bare(words, tail), NtCreateAndxResponse).fid)


def nt_transact_create(client: Client, length: int, tail: bytes) -> None:
    """The same by NT_TRANSACT_CREATE; the name's padding follows 53 bytes of parameters."""
    fixed = NtCreateRequest(desired_access=0x120089, share_access=7, file_name="").encode()[:53]
    parameters = fixed[:44] + struct.pack("<I", length) + fixed[48:] + tail
    request = NtTransactRequest(
        function=NtTransact.CREATE, parameters=parameters, max_parameter_count=100, max_data_count=0
    )
    answer = client.call(0xA0, request, NtTransactResponse)
    client.close(struct.unpack_from("<H", answer.parameters, 2)[0])


@pytest.fixture(params=[True, False], ids=["plans", "general"])
def client(make: Make, folders: dict[str, Path], request: pytest.FixtureRequest) -> Client:
    (folders["public"] / "dir" / "Übung.txt").write_bytes(b"")
    return make(settings=Settings(plans=request.param)).client().sign_in().connect("public")


@pytest.mark.parametrize("create", [nt_create, nt_transact_create])
@pytest.mark.parametrize(
    ("length", "tail"),
    [
        (2 * SIZE, b"\0\0"),
        (2 * SIZE + 2, b"\0\0"),
        (SIZE, b"\0\0"),
        (SIZE + 1, b"\0\0"),
        (2 * SIZE, b""),
        (SIZE, b""),
        (2 * SIZE, b"\0\0rubbish!"),
        (SIZE, b"\0\0rubbish"),
        (SIZE + 1, b"\0\0\xff"),
        (2 * SIZE + 1, b"\0\0"),
        (0xFFFF, b"\0\0"),
        (1, b"\0\0"),
        (2 * SIZE, b"rubbish without null"[:8]),
    ],
)
def test_unicode(
    client: Client, create: Callable[[Client, int, bytes], None], length: int, tail: bytes
) -> None:
    """The name is whole, however it is counted."""
    create(client, length, b"\0" + NAME.encode("utf-16-le") + tail)


@pytest.mark.parametrize("create", [nt_create, nt_transact_create])
@pytest.mark.parametrize(
    ("length", "tail"),
    [(SIZE, b"\0"), (SIZE + 1, b"\0"), (SIZE, b""), (2 * SIZE, b"\0"), (2 * SIZE + 2, b"\0x"), (SIZE, b"xx")],
)
def test_oem(client: Client, create: Callable[[Client, int, bytes], None], length: int, tail: bytes) -> None:
    client.flags2 &= ~Flags2.UNICODE
    create(client, length, NAME.encode("cp850") + tail)


def test_no_name_and_no_end(client: Client) -> None:
    """A length of 0 is the root, whatever follows; a name that ends nowhere within its length is refused."""
    nt_create(client, 0, b"\0" + NAME.encode("utf-16-le") + b"\0\0")
    nt_create(client, 0, b"")
    for length in (2 * SIZE + 2, 0xFFFF):
        with pytest.raises(SMBError):
            nt_create(client, length, b"\0" + NAME.encode("utf-16-le"))


def test_what_is_sent_is_what_is_counted() -> None:
    """Encoding fills the bytes of the name in, in both encodings."""
    for unicode, size in ((True, 2 * SIZE), (False, SIZE)):
        head = b"".join(NtCreateAndxRequest(file_name=NAME).encode(32, unicode=unicode))
        assert struct.unpack_from("<H", head, 6)[0] == size
