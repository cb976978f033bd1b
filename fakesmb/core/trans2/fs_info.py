"""TRANS2_QUERY_FS_INFORMATION ([MS-CIFS] 2.2.6.4)."""

from fakesmb.core.dispatch import Needs
from fakesmb.core.request import Request
from fakesmb.core.strings import strings_of
from fakesmb.core.trans2 import unix_info
from fakesmb.core.trans2.levels import check_disk, unknown_level
from fakesmb.core.transactions import Results, subcommand
from fakesmb.core.volumes import volume_for
from fakesmb.wire.fs_info import LEVELS
from fakesmb.wire.trans2 import QueryFsInformationRequest, Trans2
from fakesmb.wire.unix import FS_LEVELS


@subcommand(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest, Needs.TREE)
def query_fs_information(request: Request[QueryFsInformationRequest]) -> Results:
    """TRANS2_QUERY_FS_INFORMATION, [MS-CIFS] 3.3.5.58.5: about the volume behind the share.

    Of IPC$ nothing but what the Unix extensions have: smbclient asks there whether it may encrypt.
    """
    params = request.params
    if params.information_level in FS_LEVELS:
        return unix_info.query_fs(request, params.information_level)
    check_disk(request)
    row = LEVELS.get(params.information_level)
    if row is None or row.encode is None:
        raise unknown_level(params.information_level)
    return Results(data=row.encode(volume_for(request.connection, request.store), strings_of(request)))
