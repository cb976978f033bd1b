"""The structures of information levels, declared: what encodes and decodes them, and what labels their bytes.

One class for each form on the wire; levels that have the same form share it. A field whose format ends in `x` is
followed by so many reserved bytes. The names are those of [MS-CIFS] 2.2.8, which has most of them; [MS-FSCC] 2.4 and
2.5 call ExtFileAttributes FileAttributes, and LastChangeTime ChangeTime.
"""

from typing import Annotated

from fakesmb.wire.codec import I64, U8, U16, U32, U64, Int, Raw16, Record, SizedTextPart, Structure, Text

U32Pad4 = Annotated[int, Int("I4x")]
U8Pad1 = Annotated[int, Int("Bx")]
U8Pad2 = Annotated[int, Int("B2x")]
U8Pad3 = Annotated[int, Int("B3x")]
ShortName = Annotated[bytes, Int("24s")]
FileName = Annotated[str, SizedTextPart("file_name_length")]


# -- files ---------------------------------------------------------------------------------------------------


class StandardInfo(Record, frozen=True):
    """SMB_INFO_STANDARD, [MS-CIFS] 2.2.8.3.1: local times in steps of two seconds, 32-bit sizes."""

    creation_date: U16
    creation_time: U16
    last_access_date: U16
    last_access_time: U16
    last_write_date: U16
    last_write_time: U16
    file_data_size: U32
    allocation_size: U32
    attributes: U16


class EaSizeInfo(StandardInfo, frozen=True):
    """SMB_INFO_QUERY_EA_SIZE, [MS-CIFS] 2.2.8.3.2."""

    ea_size: U32


class BasicInfo(Record, frozen=True):
    """SMB_QUERY_FILE_BASIC_INFO, [MS-CIFS] 2.2.8.3.6; FileBasicInformation, [MS-FSCC] 2.4.7."""

    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_change_time: U64
    ext_file_attributes: U32Pad4


class SetBasicInfo(Record, frozen=True):
    """SMB_SET_FILE_BASIC_INFO, [MS-CIFS] 2.2.8.4.3: 0 leaves a time alone, -1 stops automatic updates.

    Clients leave out the reserved bytes at its end.
    """

    creation_time: I64
    last_access_time: I64
    last_write_time: I64
    change_time: I64
    ext_file_attributes: U32


class SetStandardInfo(Record, frozen=True):
    """SMB_INFO_STANDARD of a set request, [MS-CIFS] 2.2.8.4.1; reserved bytes follow."""

    creation_date: U16
    creation_time: U16
    last_access_date: U16
    last_access_time: U16
    last_write_date: U16
    last_write_time: U16


class FileStandardInfo(Record, frozen=True):
    """SMB_QUERY_FILE_STANDARD_INFO, [MS-CIFS] 2.2.8.3.7; FileStandardInformation, [MS-FSCC] 2.4.47."""

    allocation_size: U64
    end_of_file: U64
    number_of_links: U32
    delete_pending: U8
    directory: U8Pad2


class EaInfo(Record, frozen=True):
    """SMB_QUERY_FILE_EA_INFO, [MS-CIFS] 2.2.8.3.8; FileEaInformation, [MS-FSCC] 2.4.13."""

    ea_size: U32


class NameInfo(Structure, frozen=True):
    """SMB_QUERY_FILE_NAME_INFO, [MS-CIFS] 2.2.8.3.9, and the native classes of names, [MS-FSCC] 2.4.5, 2.4.32."""

    file_name_length: U32
    file_name: FileName


class AlternateNameInfo(Structure, frozen=True):
    """SMB_QUERY_FILE_ALT_NAME_INFO, [MS-CIFS] 2.2.8.3.11: UTF-16 whatever the message's flags say."""

    file_name_length: U32
    file_name: FileName


class AllInfo(Structure, frozen=True):
    """SMB_QUERY_FILE_ALL_INFO, [MS-CIFS] 2.2.8.3.10. Windows gives FileAllInformation this form, too."""

    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_change_time: U64
    ext_file_attributes: U32Pad4
    allocation_size: U64
    end_of_file: U64
    number_of_links: U32
    delete_pending: U8
    directory: U8Pad2
    ea_size: U32
    file_name_length: U32
    file_name: FileName


class CompressionInfo(Record, frozen=True):
    """SMB_QUERY_FILE_COMPRESSION_INFO, FileCompressionInformation, [MS-FSCC] 2.4.9: nothing is compressed."""

    compressed_file_size: U64
    compression_format: U16 = 0
    compression_unit_shift: U8 = 0
    chunk_shift: U8 = 0
    cluster_shift: U8 = 0
    reserved: U8 = 0
    reserved2: U16 = 0


class NetworkOpenInfo(Record, frozen=True):
    """FileNetworkOpenInformation, [MS-FSCC] 2.4.34."""

    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_change_time: U64
    allocation_size: U64
    end_of_file: U64
    ext_file_attributes: U32Pad4


class AttributeTagInfo(Record, frozen=True):
    """FileAttributeTagInformation, [MS-FSCC] 2.4.6."""

    attributes: U32
    reparse_tag: U32


class InternalInfo(Record, frozen=True):
    """FileInternalInformation, [MS-FSCC] 2.4.27."""

    index_number: U64


class AccessInfo(Record, frozen=True):
    """FileAccessInformation, [MS-FSCC] 2.4.1."""

    access_flags: U32


class PositionInfo(Record, frozen=True):
    """FilePositionInformation, [MS-FSCC] 2.4.40."""

    current_byte_offset: I64


class ModeInfo(Record, frozen=True):
    """FileModeInformation, [MS-FSCC] 2.4.31."""

    mode: U32


class AlignmentInfo(Record, frozen=True):
    """FileAlignmentInformation, [MS-FSCC] 2.4.3."""

    alignment_requirement: U32


class AllocationInfo(Record, frozen=True):
    """FileAllocationInformation, [MS-FSCC] 2.4.4; SMB_SET_FILE_ALLOCATION_INFO, [MS-CIFS] 2.2.8.4.5."""

    allocation_size: I64


class EndOfFileInfo(Record, frozen=True):
    """FileEndOfFileInformation, [MS-FSCC] 2.4.14; SMB_SET_FILE_END_OF_FILE_INFO, [MS-CIFS] 2.2.8.4.6."""

    end_of_file: I64


class DispositionInfo(Record, frozen=True):
    """SMB_SET_FILE_DISPOSITION_INFO, [MS-CIFS] 2.2.8.4.4; FileDispositionInformation, [MS-FSCC] 2.4.11."""

    delete_pending: U8


class RenameInfo(Structure, frozen=True):
    """FileRenameInformation and FileLinkInformation of SMB, [MS-FSCC] 2.4.42.1 and 2.4.28.1."""

    replace_if_exists: U8Pad3
    root_directory: U32
    file_name_length: U32
    file_name: FileName


class PipeModeInfo(Record, frozen=True):
    """FilePipeInformation, [MS-FSCC] 2.4.37."""

    read_mode: U32
    completion_mode: U32


class StreamEntry(Structure, frozen=True):
    """SMB_QUERY_FILE_STREAM_INFO, [MS-CIFS] 2.2.8.3.12; FileStreamInformation, [MS-FSCC] 2.4.49."""

    next_entry_offset: U32
    stream_name_length: U32
    stream_size: U64
    stream_allocation_size: U64
    stream_name: Annotated[str, SizedTextPart("stream_name_length")]


# -- directory entries ---------------------------------------------------------------------------------------


class OldEntry(StandardInfo, frozen=True):
    """SMB_INFO_STANDARD of a listing, [MS-CIFS] 2.2.8.1.1: one byte of a name's length, and the name, follow."""


class OldEaEntry(EaSizeInfo, frozen=True):
    """SMB_INFO_QUERY_EA_SIZE of a listing, [MS-CIFS] 2.2.8.1.2."""


class DirectoryEntry(Structure, frozen=True):
    """SMB_FIND_FILE_DIRECTORY_INFO, [MS-CIFS] 2.2.8.1.4; FileDirectoryInformation, [MS-FSCC] 2.4.10."""

    next_entry_offset: U32
    file_index: U32
    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_attr_change_time: U64
    end_of_file: U64
    allocation_size: U64
    ext_file_attributes: U32
    file_name_length: U32
    file_name: FileName


class FullDirectoryEntry(Structure, frozen=True):
    """SMB_FIND_FILE_FULL_DIRECTORY_INFO, [MS-CIFS] 2.2.8.1.5; FileFullDirectoryInformation, [MS-FSCC] 2.4.15."""

    next_entry_offset: U32
    file_index: U32
    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_attr_change_time: U64
    end_of_file: U64
    allocation_size: U64
    ext_file_attributes: U32
    file_name_length: U32
    ea_size: U32
    file_name: FileName


class NamesEntry(Structure, frozen=True):
    """SMB_FIND_FILE_NAMES_INFO, [MS-CIFS] 2.2.8.1.6; FileNamesInformation, [MS-FSCC] 2.4.33."""

    next_entry_offset: U32
    file_index: U32
    file_name_length: U32
    file_name: FileName


class BothDirectoryEntry(Structure, frozen=True):
    """SMB_FIND_FILE_BOTH_DIRECTORY_INFO, [MS-CIFS] 2.2.8.1.7; FileBothDirectoryInformation, [MS-FSCC] 2.4.8."""

    next_entry_offset: U32
    file_index: U32
    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_attr_change_time: U64
    end_of_file: U64
    allocation_size: U64
    ext_file_attributes: U32
    file_name_length: U32
    ea_size: U32
    short_name_length: U8Pad1
    short_name: ShortName
    file_name: FileName


class IdFullDirectoryEntry(Structure, frozen=True):
    """SMB_FIND_FILE_ID_FULL_DIRECTORY_INFO, [MS-SMB] 2.2.8.1.2."""

    next_entry_offset: U32
    file_index: U32
    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_attr_change_time: U64
    end_of_file: U64
    allocation_size: U64
    ext_file_attributes: U32
    file_name_length: U32
    ea_size: U32Pad4
    file_id: U64
    file_name: FileName


class IdBothDirectoryEntry(Structure, frozen=True):
    """SMB_FIND_FILE_ID_BOTH_DIRECTORY_INFO, [MS-SMB] 2.2.8.1.3."""

    next_entry_offset: U32
    file_index: U32
    creation_time: U64
    last_access_time: U64
    last_write_time: U64
    last_attr_change_time: U64
    end_of_file: U64
    allocation_size: U64
    ext_file_attributes: U32
    file_name_length: U32
    ea_size: U32
    short_name_length: U8Pad1
    short_name: Annotated[bytes, Int("24s2x")]
    file_id: U64
    file_name: FileName


# -- volumes -------------------------------------------------------------------------------------------------


class AllocationUnits(Record, frozen=True):
    """SMB_INFO_ALLOCATION, [MS-CIFS] 2.2.8.2.1."""

    id_file_system: U32
    sectors_per_unit: U32
    units: U32
    units_available: U32
    bytes_per_sector: U16


class OldVolume(Structure, frozen=True):
    """SMB_INFO_VOLUME, [MS-CIFS] 2.2.8.2.2: the length counts bytes, of an OEM label its null, too."""

    volume_serial_number: U32
    character_count: U8
    volume_label: Annotated[str, SizedTextPart("character_count")]


class VolumeInfo(Structure, frozen=True):
    """SMB_QUERY_FS_VOLUME_INFO, [MS-CIFS] 2.2.8.2.3; FileFsVolumeInformation, [MS-FSCC] 2.5.9."""

    volume_creation_time: U64
    serial_number: U32
    volume_label_size: U32
    reserved: U16
    volume_label: Annotated[str, SizedTextPart("volume_label_size")]


class SizeInfo(Record, frozen=True):
    """SMB_QUERY_FS_SIZE_INFO, [MS-CIFS] 2.2.8.2.4; FileFsSizeInformation, [MS-FSCC] 2.5.8."""

    total_allocation_units: U64
    total_free_allocation_units: U64
    sectors_per_allocation_unit: U32
    bytes_per_sector: U32


class FullSizeInfo(Record, frozen=True):
    """FileFsFullSizeInformation, [MS-FSCC] 2.5.4."""

    total_allocation_units: U64
    caller_available_allocation_units: U64
    actual_available_allocation_units: U64
    sectors_per_allocation_unit: U32
    bytes_per_sector: U32


class DeviceInfo(Record, frozen=True):
    """SMB_QUERY_FS_DEVICE_INFO, [MS-CIFS] 2.2.8.2.5; FileFsDeviceInformation, [MS-FSCC] 2.5.10."""

    device_type: U32
    device_characteristics: U32


class FsAttributeInfo(Structure, frozen=True):
    """SMB_QUERY_FS_ATTRIBUTE_INFO, [MS-CIFS] 2.2.8.2.6; FileFsAttributeInformation, [MS-FSCC] 2.5.1."""

    file_system_attributes: U32
    max_file_name_length_in_bytes: U32
    length_of_file_system_name: U32
    file_system_name: Annotated[str, SizedTextPart("length_of_file_system_name")]


class ControlInfo(Record, frozen=True):
    """FileFsControlInformation, [MS-FSCC] 2.5.2: quotas; -1 is no limit."""

    free_space_start_filtering: U64 = 0
    free_space_threshold: U64 = 0
    free_space_stop_filtering: U64 = 0
    default_quota_threshold: U64 = 0xFFFFFFFFFFFFFFFF
    default_quota_limit: U64 = 0xFFFFFFFFFFFFFFFF
    file_system_control_flags: U32 = 0
    padding: U32 = 0


class FsObjectIdInfo(Record, frozen=True):
    """FileFsObjectIdInformation, [MS-FSCC] 2.5.6."""

    object_id: Raw16
    extended_info: Annotated[bytes, Int("48s")]


# -- the Unix extensions -------------------------------------------------------------------------------------


class UnixBasic(Record, frozen=True):
    """SMB_QUERY_FILE_UNIX_BASIC, SNIA CIFS Technical Reference 1.0: 100 bytes."""

    end_of_file: U64
    num_of_bytes: U64
    last_status_change: I64
    last_access_time: I64
    last_modification_time: I64
    unix_uid: U64
    unix_gid: U64
    type: U32
    dev_major: U64
    dev_minor: U64
    unique_id: U64
    permissions: U64
    nlinks: U64


class UnixInfo2(UnixBasic, frozen=True):
    """SMB_QUERY_FILE_UNIX_INFO2, Samba's Unix extensions: 116 bytes."""

    creation_time: I64
    file_flags: U32
    file_flags_mask: U32


class UnixText(Structure, frozen=True):
    """A path alone: the target of a symbolic link, the other name of a hard one."""

    target: Text


class PosixAclHead(Record, frozen=True):
    """SMB_QUERY_POSIX_ACL, Samba's Unix extensions: the counts; entries of both lists follow."""

    version: U16
    num_file_acls: U16
    num_def_acls: U16


class PosixAclEntry(Record, frozen=True):
    """One entry of a POSIX ACL."""

    tag: U8
    permissions: U8
    id: U64


class WhoamiHead(Record, frozen=True):
    """SMB_QUERY_POSIX_WHOAMI: IDs of 64 bits and then SIDs follow."""

    mapping_flags: U32
    mapping_mask: U32
    host_uid: U64
    host_gid: U64
    num_supplementary_gids: U32
    num_sids: U32
    sid_list_size: U32
    padding: U32
