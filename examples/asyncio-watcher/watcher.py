"""Waits, in an asyncio program, for files that appear on an SMB1 share."""

import asyncio
from collections.abc import AsyncIterator

from impacket.smbconnection import SMBConnection


def sign_in(host: str, port: int, user: str, password: str) -> SMBConnection:
    client = SMBConnection(host, host, sess_port=port, preferredDialect="NT LM 0.12", timeout=10)
    client.login(user, password)
    return client


def names(client: SMBConnection, share: str) -> set[str]:
    return {entry.get_longname() for entry in client.listPath(share, "*") if not entry.is_directory()}


async def watch(client: SMBConnection, share: str, every: float = 1.0) -> AsyncIterator[str]:
    """The names of new files, as they come. The client blocks, so each question is asked in a thread."""
    seen = await asyncio.to_thread(names, client, share)
    while True:
        await asyncio.sleep(every)
        there = await asyncio.to_thread(names, client, share)
        for name in sorted(there - seen):
            yield name
        seen = there
