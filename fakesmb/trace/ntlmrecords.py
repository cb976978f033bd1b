"""The fixed parts of NTLMSSP messages as declared records: `wire.ntlmssp` reads them by one `struct` each."""

from typing import Annotated

from fakesmb.wire.codec import U8, U16, U32, U64, Int, Raw8, Record, Secret

Raw3 = Annotated[bytes, Int("3s")]


class Version(Record, frozen=True):
    """VERSION, [MS-NLMP] 2.2.2.10."""

    product_major_version: U8
    product_minor_version: U8
    product_build: U16
    reserved: Raw3
    ntlm_revision_current: U8


class Mic(Record, frozen=True):
    """The MIC of an AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3: it proves the session key."""

    mic: Annotated[bytes, Int("16s"), Secret]


class NtlmV2Response(Record, frozen=True):
    """NTLMv2_RESPONSE, [MS-NLMP] 2.2.2.8, up to its client challenge."""

    response: Annotated[bytes, Int("16s"), Secret]


class NtlmV2ClientChallenge(Record, frozen=True):
    """NTLMv2_CLIENT_CHALLENGE, [MS-NLMP] 2.2.2.7, up to its AV pairs.

    Who knew the nonce could try passwords by the message's MIC or by a signature, so it is a secret, too.
    """

    resp_type: U8
    hi_resp_type: U8
    reserved1: U16
    reserved2: U32
    time_stamp: U64
    challenge_from_client: Annotated[bytes, Int("8s"), Secret]
    reserved3: U32


class LmV2Response(Record, frozen=True):
    """LMv2_RESPONSE, [MS-NLMP] 2.2.2.4."""

    response: Annotated[bytes, Int("16s"), Secret]
    challenge_from_client: Annotated[bytes, Int("8s"), Secret]


class LmSessionResponse(Record, frozen=True):
    """What stands for an LM_RESPONSE where NTLM has extended session security, [MS-NLMP] 3.3.1."""

    client_challenge: Annotated[bytes, Int("8s"), Secret]
    z: Annotated[bytes, Int("16s")]


class Response(Record, frozen=True):
    """LM_RESPONSE and NTLM_RESPONSE, [MS-NLMP] 2.2.2.3 and 2.2.2.6."""

    response: Annotated[bytes, Int("24s"), Secret]


class AvPair(Record, frozen=True):
    """AV_PAIR, [MS-NLMP] 2.2.2.1, up to its value."""

    av_id: U16
    av_len: U16


class SingleHost(Record, frozen=True):
    """Single_Host_Data, [MS-NLMP] 2.2.2.2."""

    data_size: U32
    z4: U32
    custom_data: Raw8
    machine_id: Annotated[bytes, Int("32s")]


class MessageSignature(Record, frozen=True):
    """NTLMSSP_MESSAGE_SIGNATURE with extended session security, [MS-NLMP] 2.2.2.9.2; it proves the session key."""

    version: U32
    checksum: Annotated[bytes, Int("8s"), Secret]
    seq_num: U32
