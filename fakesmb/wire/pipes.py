"""Functions on named pipes: setup words and parameters ([MS-CIFS] 2.2.5)."""

from fakesmb.wire.codec import U8, U16, Structure
from fakesmb.wire.trans import Setup


class PipeSetup(Setup, frozen=True):
    """Setup of TRANS_WAIT_NMPIPE and CALL_NMPIPE, which find the pipe by its name ([MS-CIFS] 2.2.5.10, 2.2.5.11).

    A priority follows; nothing here depends on it.
    """

    function: U16


class PipeFidSetup(PipeSetup, frozen=True):
    """Setup of every function on an open pipe: the function and the FID ([MS-CIFS] 2.2.5.1.1)."""

    fid: U16


class PipeState(Structure, frozen=True):
    """Parameters of TRANS_SET_NMPIPE_STATE and of QUERY_NMPIPE_STATE's answer ([MS-CIFS] 2.2.5.1.1, 2.2.5.3.2)."""

    state: U16


class PeekResponse(Structure, frozen=True):
    """Parameters of TRANS_PEEK_NMPIPE's answer ([MS-CIFS] 2.2.5.5.2)."""

    read_data_available: U16
    message_bytes_length: U16
    named_pipe_state: U16


class WriteNmpipeResponse(Structure, frozen=True):
    """Parameters of the answers of TRANS_RAW_WRITE_NMPIPE and WRITE_NMPIPE ([MS-CIFS] 2.2.5.7.2, 2.2.5.9.2)."""

    bytes_written: U16


class PipeInfo(Structure, frozen=True):
    """Data of TRANS_QUERY_NMPIPE_INFO's answer but for the name, which follows ([MS-CIFS] 2.2.5.4.2)."""

    output_buffer_size: U16
    input_buffer_size: U16
    maximum_instances: U8
    current_instances: U8
    pipe_name_length: U8
