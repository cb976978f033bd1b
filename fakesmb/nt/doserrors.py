"""The DOS errors by name ([MS-CIFS] 2.2.2.4)."""

from collections.abc import Mapping
from typing import Final

from fakesmb.nt.status import ERRDOS, ERRHRD, ERRSRV

DOS_CLASSES: Final = {"ERRDOS": ERRDOS, "ERRSRV": ERRSRV, "ERRHRD": ERRHRD}

DOS_NAMES: Final[Mapping[int, Mapping[str, int]]] = {
    ERRDOS: {
        "ERRbadfunc": 1,
        "ERRbadfile": 2,
        "ERRbadpath": 3,
        "ERRnofids": 4,
        "ERRnoaccess": 5,
        "ERRbadfid": 6,
        "ERRbadmcb": 7,
        "ERRnomem": 8,
        "ERRbadmem": 9,
        "ERRbadenv": 10,
        "ERRbadformat": 11,
        "ERRbadaccess": 12,
        "ERRbaddata": 13,
        "ERRbaddrive": 15,
        "ERRremcd": 16,
        "ERRdiffdevice": 17,
        "ERRnofiles": 18,
        "ERRgeneral": 31,
        "ERRbadshare": 32,
        "ERRlock": 33,
        "ERReof": 38,
        "ERRunsup": 50,
        "ERRfilexists": 80,
        "ERRinvalidparam": 87,
        "ERRdiskfull": 112,
        "ERRinsufficientbuffer": 122,
        "ERRinvalidname": 123,
        "ERRunknownlevel": 124,
        "ERRnotlocked": 158,
        "ERRrename": 183,
        "ERRbadpipe": 230,
        "ERRpipebusy": 231,
        "ERRpipeclosing": 232,
        "ERRnotconnected": 233,
        "ERRmoredata": 234,
        "ERRbadealist": 255,
        "ERReasdidntfit": 275,
        "ERReasunsupported": 282,
        "ERRnotifyenumdir": 1022,
    },
    ERRSRV: {
        "ERRerror": 1,
        "ERRbadpw": 2,
        "ERRbadpath": 3,
        "ERRaccess": 4,
        "ERRinvtid": 5,
        "ERRinvnetname": 6,
        "ERRinvdevice": 7,
        "ERRinvsess": 16,
        "ERRworking": 17,
        "ERRnotme": 18,
        "ERRbadcmd": 22,
        "ERRqfull": 49,
        "ERRqtoobig": 50,
        "ERRqeof": 51,
        "ERRinvpfid": 52,
        "ERRsmbcmd": 64,
        "ERRsrverror": 65,
        "ERRfilespecs": 67,
        "ERRbadpermits": 69,
        "ERRsetattrmode": 71,
        "ERRtimeout": 88,
        "ERRnoresource": 89,
        "ERRtoomanyuids": 90,
        "ERRbaduid": 91,
        "ERRusempx": 250,
        "ERRusestd": 251,
        "ERRcontmpx": 252,
        "ERRaccountexpired": 2239,
        "ERRbadclient": 2240,
        "ERRbadLogonTime": 2241,
        "ERRpasswordexpired": 2242,
        "ERRnosupport": 65535,
    },
    ERRHRD: {
        "ERRnowrite": 19,
        "ERRbadunit": 20,
        "ERRnotready": 21,
        "ERRbadcmd": 22,
        "ERRdata": 23,
        "ERRbadreq": 24,
        "ERRseek": 25,
        "ERRbadmedia": 26,
        "ERRbadsector": 27,
        "ERRnopaper": 28,
        "ERRwrite": 29,
        "ERRread": 30,
        "ERRgeneral": 31,
        "ERRbadshare": 32,
        "ERRlock": 33,
        "ERRwrongdisk": 34,
        "ERRFCBunavail": 35,
        "ERRsharebufexc": 36,
        "ERRdiskfull": 39,
    },
}
"""The error codes of each class."""
DOS_CODES: Final = {
    number: {name.upper(): code for name, code in table.items()} for number, table in DOS_NAMES.items()
}
"""The same with names in capitals."""
_CLASS_NAMES: Final = {number: name for name, number in DOS_CLASSES.items()}
_CODE_NAMES: Final = {
    number: {code: name for name, code in table.items()} for number, table in DOS_NAMES.items()
}


def class_name(number: int) -> str:
    """`ERRDOS`; SUCCESS for 0; hexadecimal for a class without a name."""
    return "SUCCESS" if not number else _CLASS_NAMES.get(number, f"0x{number:02X}")


def code_name(kind: int, code: int) -> str:
    """`ERRnofiles` of a class; the number for a code without a name."""
    return _CODE_NAMES.get(kind, {}).get(code, str(code)) if kind else ""
