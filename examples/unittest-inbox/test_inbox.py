"""With what Python has: one server for the class, as new for each test."""

import unittest

from impacket.smbconnection import SMBConnection
from inbox import fetch

from fakesmb import NT, FakeSMB

CONTENT = {"one.txt": "1", "two.txt": "2", "done/": {}}


class TestInbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.smb = FakeSMB({"inbox": CONTENT}, users={"alice": "Secret123"}).start()
        cls.addClassCleanup(cls.smb.stop)

    def setUp(self):
        self.addCleanup(self.smb.reset)
        self.client = SMBConnection(self.smb.host, self.smb.host, sess_port=self.smb.port)
        self.addCleanup(self.client.close)
        self.client.login("alice", "Secret123")

    def test_everything_is_fetched_and_moved(self):
        self.assertEqual(fetch(self.client, "inbox"), {"one.txt": b"1", "two.txt": b"2"})
        self.assertEqual(self.smb.share("inbox").tree(), {"done/": {"one.txt": b"1", "two.txt": b"2"}})

    def test_a_file_that_cannot_be_read_stays(self):
        self.smb.faults.inject(command="READ", path="two.txt", fail=NT.DATA_ERROR)
        with self.assertRaisesRegex(Exception, "DATA_ERROR"):
            fetch(self.client, "inbox")
        self.assertTrue(self.smb.share("inbox").exists("two.txt"))
        self.smb.journal.never(verb="renamed", path="two.txt")

    def test_an_inbox_that_is_empty(self):
        for name in ("one.txt", "two.txt"):
            self.smb.share("inbox").delete(name)
        self.assertEqual(fetch(self.client, "inbox"), {})


if __name__ == "__main__":
    unittest.main()
