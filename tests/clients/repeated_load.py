"""Others at work beside a run that is repeated: `python -m tests.clients.repeated_load`.

A line on standard input has the port and begins it, the end of standard input ends it. In a process of its own, since
impacket's clients share the chance that the run's own client was given.
"""

import sys
import threading

from impacket.smbconnection import SMBConnection

from tests.clients.client_runs import PASSWORD, USER


def work(port: int, number: int, over: threading.Event) -> None:
    """Signs in, lists shares by RPC, writes and lists files of its own, and leaves, again and again."""
    while not over.is_set():
        client = SMBConnection("FAKESMB", "127.0.0.1", sess_port=port, preferredDialect="NT LM 0.12")
        client.login(USER, PASSWORD)
        client.listShares()
        tree = client.connectTree("files")
        fid = client.createFile(tree, f"others\\load{number}")
        client.writeFile(tree, fid, b"x" * 100)
        client.closeFile(tree, fid)
        client.listPath("files", "others\\*")
        client.close()


def main() -> None:
    """Says that it is there, then works until told to end."""
    print("there", flush=True)
    port = int(sys.stdin.readline() or 0)
    over = threading.Event()
    workers = (
        [threading.Thread(target=work, args=(port, number, over)) for number in range(2)] if port else []
    )
    for one in workers:
        one.start()
    sys.stdin.read()
    over.set()
    for one in workers:
        one.join()


if __name__ == "__main__":
    main()
