"""What an association or an operation raises to have a request or a bind refused."""

from fakesmb.wire.dcerpc import FaultBody, Flag, PacketType, pdu


class Fault(Exception):
    """What is answered with a fault PDU. `status` is one of `FaultStatus`.

    `executed` says whether the call may have had an effect, `last` that the connection ends with it. `context`
    and `call` are what the PDU shall name where that is not what the offending one named.
    """

    def __init__(
        self,
        status: int,
        why: str = "",
        *,
        executed: bool = False,
        last: bool = False,
        context: int = 0,
        call: int | None = None,
    ) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why
        self.executed = executed
        self.last = last
        self.context = context
        self.call = call

    def encode(self, call: int) -> bytes:
        """The fault PDU; `call` is that of the offending one."""
        flags = Flag.WHOLE if self.executed else Flag.WHOLE | Flag.DID_NOT_EXECUTE
        body = FaultBody(self.context, self.status).encode()
        return pdu(PacketType.FAULT, call if self.call is None else self.call, body, flags)


class BindRefused(Exception):
    """What is answered with a bind_nak PDU, the last of its connection. `reason` is one of `NakReason`."""

    def __init__(self, reason: int, why: str) -> None:
        super().__init__(reason, why)
        self.reason = reason
        self.why = why
