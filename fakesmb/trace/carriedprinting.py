"""What the core commands say of print jobs as fields."""

from fakesmb.trace.meanings import dos_date, dos_time, named
from fakesmb.trace.taking import Taking

_STATUS = named(
    {
        1: "held or stopped",
        2: "printing",
        3: "awaiting print",
        4: "in intercept",
        5: "file had error",
        6: "printer error",
    }
)


def print_entries(take: Taking) -> None:
    """The jobs of GET_PRINT_QUEUE, [SMB-CORE] 5.26; raises `DecodeError` where one is not whole."""
    while take.left:
        with take.group("PrintQueueEntry", section="[SMB-CORE] 5.26") as group:
            take.number("FileDate", 2, dos_date)
            take.number("FileTime", 2, dos_time)
            take.number("EntryStatus", 1, _STATUS)
            group.meaning = f"job {take.number('SpoolFileNumber', 2)}"
            take.number("SpoolFileSize", 4)
            take.number("Reserved", 1)
            take.text("SpoolFileName", 16, wide=False)


def job_info(take: Taking) -> None:
    """IOCTL_QUERY_JOB_INFO: the job, and where it is printed."""
    take.number("JobID", 2)
    take.text("ServerName", 16, wide=False)
    take.text("ShareName", 14, wide=False)
