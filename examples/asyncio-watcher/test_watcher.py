"""`async with` starts and stops a server without holding up the loop."""

import asyncio
import unittest

from watcher import sign_in, watch

from fakesmb import FakeSMB


class TestWatcher(unittest.IsolatedAsyncioTestCase):
    async def test_new_files_are_told_as_they_come(self):
        async with FakeSMB({"in": {"old.txt": "old"}}, users={"alice": "Secret123"}) as smb:
            client = await asyncio.to_thread(sign_in, smb.host, smb.port, "alice", "Secret123")
            coming = watch(client, "in", every=0.01)
            first = asyncio.ensure_future(anext(coming))
            await asyncio.to_thread(smb.journal.wait_for, verb="listed", at_least=1, timeout=5)
            self.assertFalse(first.done())
            smb.share("in").write("new.txt", b"new")
            self.assertEqual(await asyncio.wait_for(first, 5), "new.txt")
            await coming.aclose()
            client.close()

    async def test_two_servers_live_side_by_side_in_one_loop(self):
        async with (
            FakeSMB({"in": {}}, users={"alice": "one"}) as first,
            FakeSMB({"in": {}}, users={"alice": "two"}) as second,
        ):
            for smb, password in ((first, "one"), (second, "two")):
                client = await asyncio.to_thread(sign_in, smb.host, smb.port, "alice", password)
                client.close()
                smb.journal.verify(verb="signed_in", user="alice", count=1)


if __name__ == "__main__":
    unittest.main()
