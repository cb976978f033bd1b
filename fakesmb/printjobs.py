"""Print jobs from a test's side: who printed what, and the bytes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fakesmb.core.printing import Job as CoreJob


class Job(msgspec.Struct, frozen=True):
    """A print job that is in the queue of its printer."""

    number: int
    printer: str
    """The share."""
    document: str
    """Its title, as the client named it."""
    user: str
    """Who printed: as the account is written, or as a guest called itself."""
    client: str
    """The client's address."""
    state: str
    """`spooling` while data come, `waiting` when all are there, `paused`."""
    size: int
    """Bytes of its data."""
    path: Path
    """Its file in the folder of the printer."""

    @property
    def data(self) -> bytes:
        """What was printed. FileNotFoundError where somebody has taken the file meanwhile."""
        return self.path.read_bytes()


def job_of(job: "CoreJob", folder: str) -> Job:
    """A job as a test sees it, whose file is in `folder`."""
    return Job(
        job.number,
        job.printer,
        job.document,
        job.user,
        job.client,
        str(job.state),
        job.size,
        Path(os.path.join(folder, job.file)),
    )
