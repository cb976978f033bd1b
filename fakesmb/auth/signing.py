"""SMB1 message signatures ([MS-CIFS] 3.1.4.1 and 3.1.5.1, [MS-SMB] 3.1.4.1 and 3.1.5.1).

A signature is the first 8 bytes of MD5 over the MAC key and the message, in which the SecuritySignature field
holds the sequence number. Who counts what ([MS-SMB] 3.3.5.1): signing starts with the Session Setup request
that first signs in a user, which has number 0 (its own signature is not checked, the client had no key yet)
and is answered with number 1, signed; the next request has number 2. Everything sent on the connection from
then on uses this one key, whichever user it is for.
"""

import hashlib
from collections.abc import Sequence
from hmac import compare_digest
from struct import Struct
from typing import Final

from fakesmb.auth.accounts import Identity
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer

SIGNATURE_AT: Final = 14
SIGNATURE_END: Final = 22
SMB_COM_NT_CANCEL: Final = 0xA4
_NUMBER: Final = Struct("<Q")


def mac_key(identity: Identity) -> bytes:
    """The key for signing after this sign-in, empty where there is none (guest, anonymous).

    The session key, and after it the challenge response when the sign-in was a 13-word Session Setup
    ([MS-CIFS] 3.1.4.1: Connection.SigningSessionKey, Connection.SigningChallengeResponse).
    """
    return identity.session_key + identity.response if identity.session_key else b""


class Signer:
    """Signs and checks the messages of one connection."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = hashlib.md5(key, usedforsecurity=False)

    def sign(self, parts: Sequence[Buffer], sequence: int) -> bytes:
        """The 8 bytes for offset 14 of a message, given in pieces of which the first holds the whole header.

        What stands in the signature field now does not matter. `sequence` is that of the message: a response
        has its request's number plus one.
        """
        head = memoryview(parts[0])
        digest = self._keyed.copy()
        digest.update(head[:SIGNATURE_AT])
        digest.update(_NUMBER.pack(sequence & 0xFFFFFFFF))
        digest.update(head[SIGNATURE_END:])
        for part in parts[1:]:
            digest.update(part)
        return digest.digest()[:8]

    def verify(self, message: Buffer, sequence: int) -> bool:
        """Whether a received message carries the signature of that sequence number."""
        if len(message) < SIGNATURE_END:
            return False
        given = bytes(memoryview(message)[SIGNATURE_AT:SIGNATURE_END])
        return compare_digest(given, self.sign((message,), sequence))


class Checker:
    """Checks what a client sends and hands out the numbers of the answers.

    Connection.ServerNextReceiveSequenceNumber of [MS-SMB] 3.3.5.1. `next` starts at 2 when the Session Setup
    that brought the key took 0 and 1.
    """

    __slots__ = ("next", "signer")

    def __init__(self, signer: Signer, next_number: int = 2) -> None:
        self.signer = signer
        self.next = next_number

    def receive(self, message: Buffer, command: int) -> int:
        """Checks one request and returns the number for all of its responses.

        NT_CANCEL takes one number, all others two, whether they are answered (at once, late, several times)
        or not (transaction secondaries, oplock acknowledgements). Raises `SMBError` with STATUS_ACCESS_DENIED
        for a wrong signature; the client has counted that request, so it is counted here too.
        """
        number = self.next
        self.next = number + (1 if command == SMB_COM_NT_CANCEL else 2)
        if not self.signer.verify(message, number):
            raise SMBError(NT.ACCESS_DENIED, f"wrong signature for sequence number {number}")
        return number + 1
