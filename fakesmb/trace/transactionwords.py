"""The words of transactions as declared records: `wire.trans` reads them by one `struct` each."""

from typing import Annotated

from fakesmb.wire.codec import U8, U16, U32, Int, Record

Reserved3 = Annotated[bytes, Int("3s")]


class TransactionWords(Record, frozen=True):
    """SMB_COM_TRANSACTION and SMB_COM_TRANSACTION2 request, [MS-CIFS] 2.2.4.33.1 and 2.2.4.46.1."""

    total_parameter_count: U16
    total_data_count: U16
    max_parameter_count: U16
    max_data_count: U16
    max_setup_count: U8
    reserved1: U8
    flags: U16
    timeout: U32
    reserved2: U16
    parameter_count: U16
    parameter_offset: U16
    data_count: U16
    data_offset: U16
    setup_count: U8
    reserved3: U8


class SecondaryWords(Record, frozen=True):
    """SMB_COM_TRANSACTION_SECONDARY, [MS-CIFS] 2.2.4.34.1; that of TRANSACTION2 has a FID more."""

    total_parameter_count: U16
    total_data_count: U16
    parameter_count: U16
    parameter_offset: U16
    parameter_displacement: U16
    data_count: U16
    data_offset: U16
    data_displacement: U16


class Secondary2Words(SecondaryWords, frozen=True):
    """SMB_COM_TRANSACTION2_SECONDARY, [MS-CIFS] 2.2.4.47.1."""

    fid: U16


class ResponseWords(Record, frozen=True):
    """The responses of both, [MS-CIFS] 2.2.4.33.2 and 2.2.4.46.2."""

    total_parameter_count: U16
    total_data_count: U16
    reserved1: U16
    parameter_count: U16
    parameter_offset: U16
    parameter_displacement: U16
    data_count: U16
    data_offset: U16
    data_displacement: U16
    setup_count: U8
    reserved2: U8


class NtWords(Record, frozen=True):
    """SMB_COM_NT_TRANSACT request, [MS-CIFS] 2.2.4.62.1."""

    max_setup_count: U8
    reserved1: U16
    total_parameter_count: U32
    total_data_count: U32
    max_parameter_count: U32
    max_data_count: U32
    parameter_count: U32
    parameter_offset: U32
    data_count: U32
    data_offset: U32
    setup_count: U8
    function: U16


class NtSecondaryWords(Record, frozen=True):
    """SMB_COM_NT_TRANSACT_SECONDARY, [MS-CIFS] 2.2.4.63.1."""

    reserved1: Reserved3
    total_parameter_count: U32
    total_data_count: U32
    parameter_count: U32
    parameter_offset: U32
    parameter_displacement: U32
    data_count: U32
    data_offset: U32
    data_displacement: U32
    reserved2: U8


class NtResponseWords(Record, frozen=True):
    """SMB_COM_NT_TRANSACT response, [MS-CIFS] 2.2.4.62.2."""

    reserved1: Reserved3
    total_parameter_count: U32
    total_data_count: U32
    parameter_count: U32
    parameter_offset: U32
    parameter_displacement: U32
    data_count: U32
    data_offset: U32
    data_displacement: U32
    setup_count: U8


class PipeFidSetup(Record, frozen=True):
    """Setup words of a function on an open pipe, [MS-CIFS] 2.2.5.1.1."""

    subcommand: U16
    fid: U16


class PipeNameSetup(Record, frozen=True):
    """Setup words of a function that finds the pipe by its name, [MS-CIFS] 2.2.5.10.1."""

    subcommand: U16
    priority: U16


class MailslotSetup(Record, frozen=True):
    """Setup words of TRANS_MAILSLOT_WRITE, [MS-CIFS] 2.2.5.12.1."""

    mailslot_opcode: U16
    priority: U16
    class_: U16


class Trans2Setup(Record, frozen=True):
    """The setup word of TRANSACTION2, [MS-CIFS] 2.2.4.46.1."""

    subcommand: U16
