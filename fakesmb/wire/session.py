"""Session setup in its three forms, logoff and echo ([MS-CIFS] 2.2.4.53, [MS-SMB] 2.2.4.6)."""

from typing import Annotated, ClassVar, Final

from fakesmb.wire.codec import U16, U32, Block, Body, CountedPart, DecodeError, Rest, Secret, Text


class Action:
    """Action bits of a session setup answer, [MS-CIFS] 2.2.4.53.2."""

    GUEST: Final = 0x0001
    LM_KEY: Final = 0x0002


class SessionSetupAndxRequest(Body, frozen=True, kw_only=True):
    """What every form begins with, [MS-CIFS] 2.2.4.53.1; `decode` gives the form that WordCount names."""

    ANDX: ClassVar[bool] = True
    max_buffer_size: U16 = 0xFFFF
    max_mpx_count: U16 = 2
    vc_number: U16 = 1
    session_key: U32 = 0

    @classmethod
    def decode(cls, block: Block) -> "SessionSetupAndxRequest":
        """Reads a request of 10, 12, or 13 and more words; raises `DecodeError`."""
        form = SESSION_SETUP_FORMS.get(min(block.word_count, _MOST_WORDS))
        if form is None or not issubclass(form, cls):
            raise DecodeError(f"WordCount {block.word_count} of {cls.__name__}")
        request: SessionSetupAndxRequest = super(SessionSetupAndxRequest, form).decode(block)
        return request


class SessionSetupLanmanRequest(SessionSetupAndxRequest, frozen=True, kw_only=True):
    """The 10-word form of the LANMAN dialects: one password and the account's name.

    All strings but the account's may be missing: DOS clients send none.
    """

    password_length: U16 = 0
    reserved: U32 = 0
    password: Annotated[bytes, CountedPart("password_length"), Secret] = b""
    account_name: Text = ""
    primary_domain: Text = ""
    native_os: Text = ""
    native_lan_man: Text = ""


class SessionSetupPlainRequest(SessionSetupAndxRequest, frozen=True, kw_only=True):
    """The 13-word form of NT LM 0.12 without extended security, [MS-CIFS] 2.2.4.53.1.

    The passwords are responses to the challenge (LM or LMv2, NTLM or NTLMv2), or plain text where the server asked
    for that.
    """

    oem_password_length: U16 = 0
    unicode_password_length: U16 = 0
    reserved: U32 = 0
    capabilities: U32 = 0
    oem_password: Annotated[bytes, CountedPart("oem_password_length"), Secret] = b""
    unicode_password: Annotated[bytes, CountedPart("unicode_password_length"), Secret] = b""
    account_name: Text = ""
    primary_domain: Text = ""
    native_os: Text = ""
    native_lan_man: Text = ""


class SessionSetupExtendedRequest(SessionSetupAndxRequest, frozen=True, kw_only=True):
    """The 12-word form with a security token, [MS-SMB] 2.2.4.6.1."""

    security_blob_length: U16 = 0
    reserved: U32 = 0
    capabilities: U32 = 0
    security_blob: Annotated[bytes, CountedPart("security_blob_length"), Secret] = b""
    native_os: Text = ""
    native_lan_man: Text = ""


SESSION_SETUP_FORMS: Final[dict[int, type[SessionSetupAndxRequest]]] = {
    10: SessionSetupLanmanRequest,
    12: SessionSetupExtendedRequest,
    13: SessionSetupPlainRequest,
}
"""WordCount to request class."""
_MOST_WORDS: Final = max(SESSION_SETUP_FORMS)


class SessionSetupAndxResponse(Body, frozen=True, kw_only=True):
    """The 3-word answer to the 10- and 13-word forms, [MS-CIFS] 2.2.4.53.2."""

    ANDX: ClassVar[bool] = True
    action: U16 = 0
    native_os: Text = ""
    native_lan_man: Text = ""
    primary_domain: Text = ""


class SessionSetupLanmanResponse(Body, frozen=True):
    """The answer to the 10-word form below LANMAN2.1: no names of systems."""

    ANDX: ClassVar[bool] = True
    action: U16 = 0


class SessionSetupExtendedResponse(Body, frozen=True, kw_only=True):
    """The 4-word answer with a security token, [MS-SMB] 2.2.4.6.2."""

    ANDX: ClassVar[bool] = True
    action: U16 = 0
    security_blob_length: U16 = 0
    security_blob: Annotated[bytes, CountedPart("security_blob_length"), Secret] = b""
    native_os: Text = ""
    native_lan_man: Text = ""


class LogoffAndxRequest(Body, frozen=True):
    """SMB_COM_LOGOFF_ANDX request and response, [MS-CIFS] 2.2.4.54: nothing but the AndX words."""

    ANDX: ClassVar[bool] = True
    SHORTER: ClassVar[tuple[int, ...]] = (0, 1)


class LogoffAndxResponse(LogoffAndxRequest, frozen=True):
    """SMB_COM_LOGOFF_ANDX response, [MS-CIFS] 2.2.4.54.2."""


class EchoRequest(Body, frozen=True):
    """SMB_COM_ECHO request, [MS-CIFS] 2.2.4.39.1: so many answers with the same data."""

    echo_count: U16
    data: Rest = b""


class EchoResponse(Body, frozen=True):
    """SMB_COM_ECHO response, [MS-CIFS] 2.2.4.39.2. The first answer has `sequence_number` 1."""

    sequence_number: U16
    data: Rest = b""


class NtCancelRequest(Body, frozen=True):
    """SMB_COM_NT_CANCEL request, [MS-CIFS] 2.2.4.65.1: the header says what to cancel."""
