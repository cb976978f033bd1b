"""The list of frames of the published trace, as Network Monitor showed them: frames 4 to 29 and 34 to 37.

`MSRPC:Warning:` stands where the analyser could not read the DCE/RPC, which our log can.
"""

LINES = r"""
NTLMSSP:NTLM NEGOTIATE MESSAGE
NTLMSSP:NTLM CHALLENGE MESSAGE
NTLMSSP:NTLM AUTHENTICATE MESSAGE, Domain: GTSC-B7A3A93C1A, User: administrator, Workstation: GTSC-B7A3A93C1A
SMB:R; Session Setup Andx
SMB:C; Tree Connect Andx, Path = \\192.168.1.8\IPC$, Service = ?????
SMB:R; Tree Connect Andx, Service = IPC
SMB:C; Nt Create Andx, FileName = \srvsvc
SMB:R; Nt Create Andx, FID = 0x4000
MSRPC:Warning:
SMB:R; Write Andx, FID = 0x0000, 72 bytes
SMB:C; Read Andx, FID = 0x4000, 1024 bytes at Offset 0
MSRPC:Warning:
MSRPC:Warning:
MSRPC:Warning:
SMB:C; Close, FID = 0x4000
SMB:R; Close, FID = 0x0000
SMB:C; Nt Create Andx, FileName = \srvsvc
SMB:R; Nt Create Andx, FID = 0x4001
MSRPC:Warning:
SMB:R; Write Andx, FID = 0x0000, 72 bytes
SMB:C; Read Andx, FID = 0x4001, 1024 bytes at Offset 0
MSRPC:Warning:
MSRPC:Warning:
MSRPC:Warning:
SMB:C; Close, FID = 0x4001
SMB:R; Close, FID = 0x0000
SMB:C; Tree Connect Andx, Path = \\192.168.1.8\IPC$, Service = ?????
SMB:R; Tree Connect Andx, Service = IPC
DFS:Get DFS Referral Request, FileName: \192.168.1.8\c$, MaxReferralLevel: 3
SMB:R; Transact2, Open2 - NT Status: System - Error, Code = (14) STATUS_NO_SUCH_DEVICE
""".strip().splitlines()

HOST = "192.168.1.8"


def is_published(line: str, published: str, host: str) -> bool:
    """Whether our log says what the published list says; ours tells in brackets what carries a higher protocol."""
    if published == "MSRPC:Warning:":
        return line.startswith("MSRPC:c/o ")
    published = published.replace(HOST, host)
    return line == published or line.startswith(f"{published} (")
