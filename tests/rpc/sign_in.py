"""A client that signs in inside a pipe, with impacket's NTLM: the two check each other."""

import struct
from typing import Any

from impacket import ntlm
from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp, TypesMech

from fakesmb.auth.accounts import Account, Accounts
from fakesmb.auth.ntlmssp import NtlmAcceptor, TargetNames
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.core.views import caller_from
from fakesmb.rpc.pipes import Pipe
from fakesmb.rpc.security import NTLMSSP, SPNEGO, Level, Protection
from fakesmb.rpc.view import Caller
from fakesmb.wire.dcerpc import Flag, PacketType, pdu
from tests.rpc.rpc_client import answered
from tests.worlds import StillWorld

ACCOUNTS = Accounts(
    [Account.with_password("alice", "wonder", admin=True), Account.with_password("bob", "builder")]
)
NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860 02000000")


class PipeAcceptor:
    """What the core hands in for each sign-in, without its connections and records."""

    def __init__(self, auth_type: int, accounts: Accounts = ACCOUNTS) -> None:
        self._ntlm = NtlmAcceptor(accounts, TargetNames("FAKE"), b"12345678", StillWorld())
        self._acceptor = SpnegoAcceptor(self._ntlm) if auth_type == SPNEGO else self._ntlm

    @property
    def protection(self) -> Protection | None:
        return self._ntlm.security

    def step(self, token: bytes) -> tuple[bytes, Caller | None]:
        answer, who = self._acceptor.step(token)
        if who is None:
            return answer, None
        return answer, caller_from(who)


def acceptors(auth_type: int) -> PipeAcceptor | None:
    return PipeAcceptor(auth_type) if auth_type in (NTLMSSP, SPNEGO) else None


class Faulted(Exception):
    """A fault PDU, by its status."""

    def __init__(self, pdu: bytes) -> None:
        (self.status,) = struct.unpack_from("<I", pdu, 24)
        super().__init__(f"0x{self.status:08X}")


class Context:
    """One security context."""

    def __init__(self, auth_type: int, level: int, number: int, without: int = 0) -> None:
        self.type, self.level, self.number = auth_type, level, number
        self.first = ntlm.getNTLMSSPType1("", "", True, True)
        self.first["flags"] &= ~without
        self.numbers = {"Client": 0, "Server": 0}

    def trailer(self, pad: int = 0) -> bytes:
        return struct.pack("<BBBBI", self.type, self.level, pad, 0, self.number)

    def begin(self) -> bytes:
        token = self.first.getData()
        if self.type == NTLMSSP:
            return bytes(token)
        init = SPNEGO_NegTokenInit()
        init["MechTypes"] = [TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]]
        init["MechToken"] = token
        return bytes(init.getData())

    def finish(self, challenge: bytes, user: str, password: str) -> bytes:
        if self.type == SPNEGO:
            challenge = SPNEGO_NegTokenResp(challenge)["ResponseToken"]
        third, key = ntlm.getNTLMSSPType3(self.first, challenge, user, password, "", use_ntlmv2=True)
        self.flags = third["flags"]
        self.extended = bool(self.flags & ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY)
        self.keys = {}
        for side in ("Client", "Server"):
            # impacket weakens the key of the old scheme always, [MS-NLMP] 3.4.5.3 under LM_KEY alone.
            seal_key = ntlm.SEALKEY(self.flags, key, side) if self.extended else key
            stream = ntlm.ARC4.new(seal_key)
            self.keys[side] = (ntlm.SIGNKEY(self.flags, key, side), seal_key, stream)
        if not self.extended:  # one key, one stream and one count for both directions
            self.keys["Server"] = self.keys["Client"]
        token = third.getData()
        if self.type == NTLMSSP:
            return bytes(token)
        answer = SPNEGO_NegTokenResp()
        answer["ResponseToken"] = token
        return bytes(answer.getData())

    def protect(self, side: str, message: bytes, start: int, end: int) -> tuple[bytes, bytes]:
        """The data between `start` and `end`, sealed if need be, and the signature."""
        sign_key, seal_key, stream = self.keys[side]
        data = message[start:end]
        signed = message if self.extended else data
        number = self.numbers[side if self.extended else "Client"]
        self.numbers[side if self.extended else "Client"] += 1
        if self.level == Level.PRIVACY:
            sealed, signature = ntlm.SEAL(
                self.flags, sign_key, seal_key, signed, data, number, stream.encrypt
            )
            return bytes(sealed), bytes(signature.getData())
        return data, bytes(ntlm.MAC(self.flags, stream.encrypt, sign_key, number, signed).getData())


class SecureClient:
    """Speaks DCE/RPC over a pipe, under one or more security contexts."""

    def __init__(self, pipe: Pipe, interface: bytes) -> None:
        self.pipe = pipe
        self.interface = interface
        self.group = 0
        self.sent = bytearray()
        self._bound = False
        self._calls = 0

    def exchange(self, data: bytes) -> bytes:
        self.sent += data
        return answered(self.pipe, data)

    def sign_in(self, context: Context, user: str, password: str) -> bytes:
        """Signs in: bind, or alter_context where it is bound, then AUTH3 or another alter_context."""
        answer = self._bind(context, context.begin())
        if answer[2] not in (PacketType.BIND_ACK, PacketType.ALTER_CONTEXT_RESP):
            return answer
        (size,) = struct.unpack_from("<H", answer, 10)
        last = context.finish(answer[-size:], user, password)
        if context.type == NTLMSSP:
            self.pipe.write(
                pdu(PacketType.AUTH3, self._calls, bytes(4), trailer=context.trailer(), value=last)
            )
            return b""
        return self._bind(context, last)

    def _bind(self, context: Context, token: bytes) -> bytes:
        kind = PacketType.ALTER_CONTEXT if self._bound else PacketType.BIND
        self._bound = True
        self._calls += 1
        body = struct.pack("<HHIB3x", 4280, 4280, self.group, 1) + struct.pack("<HBx", 0, 1)
        flags = Flag.WHOLE | Flag.HEADER_SIGNING | Flag.MULTIPLEXED
        return self.exchange(
            pdu(
                kind,
                self._calls,
                body + self.interface + NDR,
                flags,
                trailer=context.trailer(),
                value=token,
            )
        )

    def call(self, operation: int, stub: bytes, context: Context | None, spoil: int | None = None) -> bytes:
        """The response's stub; raises `Faulted`. `spoil` is where a byte goes wrong on the way."""
        self._calls += 1
        request = bytearray(self._request(operation, stub, context))
        if spoil is not None:
            request[spoil] ^= 0xFF
        out = b""
        answer, more = answered(self.pipe, request), False
        self.sent += request
        while True:
            assert not more
            if answer[2] == PacketType.FAULT:
                raise Faulted(answer)
            out += self._opened(answer, context)
            if answer[3] & Flag.LAST:
                return out
            answer, more = self.pipe.read(65_000)

    def _request(self, operation: int, stub: bytes, context: Context | None) -> bytes:
        head = struct.pack("<IHH", len(stub), 0, operation)
        if context is None:
            return pdu(PacketType.REQUEST, self._calls, head + stub)
        pad = -len(stub) % 16
        trailer = context.trailer(pad)
        whole = pdu(
            PacketType.REQUEST, self._calls, head + stub + bytes(pad), trailer=trailer, value=bytes(16)
        )
        message = whole[:-16]
        end = len(message) - 8
        if context.level == Level.CONNECT:
            return whole
        data, signature = context.protect("Client", message, 24, end)
        return message[:24] + data + message[end:] + signature

    def _opened(self, answer: bytes, context: Context | None) -> bytes:
        if context is None or context.level == Level.CONNECT:
            return answer[24:]
        message, signature = bytearray(answer[:-16]), answer[-16:]
        end = len(message) - 8
        if context.level == Level.PRIVACY:
            message[24:end] = context.keys["Server"][2].decrypt(bytes(message[24:end]))
        expected = self._signature(context, bytes(message), end)
        assert signature[4:] == expected[4:] if context.extended else signature[8:] == expected[8:]
        return bytes(message[24 : end - message[-8 + 2]])

    @staticmethod
    def _signature(context: Context, message: bytes, end: int) -> bytes:
        sign_key, _, stream = context.keys["Server"]
        side = "Server" if context.extended else "Client"
        number = context.numbers[side]
        context.numbers[side] += 1
        signed = message if context.extended else message[24:end]
        return bytes(ntlm.MAC(context.flags, stream.encrypt, sign_key, number, signed).getData())


def nak_reason(answer: bytes) -> Any:
    assert answer[2] == PacketType.BIND_NAK
    return struct.unpack_from("<H", answer, 16)[0]
