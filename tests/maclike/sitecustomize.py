"""Makes a Python on Linux one that has what macOS' has, and no more: for a process with this folder in PYTHONPATH.

Python loads it before anything else, in processes that such a process starts, too. What programs of its own and of the
standard library ask the system for is there under the names of macOS' Python 3.11 to 3.14; what only Linux has is not.
What it cannot show: kqueue, APFS with its own ideas of case and composed letters, BSD's numbers of errors and options.
"""

import asyncio
import ctypes
import errno
import fcntl
import os
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import time
import types
import urllib.request
import uuid
from typing import Any

LOADED = (asyncio, shutil, ssl, subprocess, sysconfig.get_config_vars(), tempfile, urllib.request, uuid)
"""What asks once, when it is imported, on which system it is: it has asked."""

ONLY_LINUX: dict[types.ModuleType, str] = {
    os: """
        getxattr setxattr listxattr removexattr XATTR_CREATE XATTR_REPLACE XATTR_SIZE_MAX
        O_PATH O_TMPFILE O_NOATIME O_DIRECT O_LARGEFILE O_RSYNC memfd_create MFD_CLOEXEC MFD_ALLOW_SEALING
        copy_file_range splice eventfd eventfd_read eventfd_write EFD_CLOEXEC pidfd_open P_PIDFD getrandom
        posix_fallocate posix_fadvise fdatasync pipe2 sched_setscheduler sched_getscheduler sched_setaffinity
        sched_getaffinity sched_setparam sched_getparam sched_param sched_rr_get_interval
        SCHED_IDLE SCHED_BATCH SCHED_OTHER SCHED_FIFO SCHED_RR
        setresuid setresgid getresuid getresgid unshare setns waitid timerfd_create
        preadv2 RWF_NOWAIT RWF_HIPRI RWF_SYNC RWF_DSYNC RWF_APPEND posix_openpt
    """,
    fcntl: """
        F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_SETLEASE F_GETLEASE F_NOTIFY F_SETSIG F_GETSIG F_ADD_SEALS F_GET_SEALS
        F_SETPIPE_SZ F_GETPIPE_SZ DN_MODIFY FICLONE FICLONERANGE LOCK_MAND
    """,
    select: "epoll EPOLLIN EPOLLOUT EPOLLERR EPOLLHUP EPOLL_CLOEXEC",
    socket: """
        SO_PEERCRED SO_PASSCRED SO_BINDTODEVICE SO_MARK SO_PRIORITY SO_DOMAIN SO_PROTOCOL SOCK_CLOEXEC SOCK_NONBLOCK
        TCP_QUICKACK TCP_CORK TCP_DEFER_ACCEPT TCP_USER_TIMEOUT TCP_SYNCNT TCP_LINGER2 TCP_WINDOW_CLAMP
        MSG_MORE MSG_CMSG_CLOEXEC MSG_ERRQUEUE MSG_CONFIRM AF_NETLINK AF_PACKET AF_ALG AF_VSOCK IP_TRANSPARENT
    """,
    signal: "SIGRTMIN SIGRTMAX SIGPOLL SIGPWR SIGSTKFLT sigtimedwait sigwaitinfo pidfd_send_signal",
    resource: "prlimit RUSAGE_THREAD RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_OFILE",
    time: "CLOCK_BOOTTIME CLOCK_TAI CLOCK_MONOTONIC_COARSE pthread_getcpuclockid",
    errno: "EUCLEAN EREMOTEIO ENOMEDIUM EMEDIUMTYPE ENOKEY EKEYEXPIRED EKEYREVOKED ENONET ECOMM EBADFD ELIBACC",
}
"""Names by modules."""
ONLY_GLIBC = frozenset(
    {
        "inotify_init1",
        "inotify_add_watch",
        "inotify_rm_watch",
        "renameat2",
        "fallocate",
        "statx",
        "prctl",
        "syncfs",
    }
)
"""Functions of the C library."""
F_GETPATH = 50


class Library(ctypes.CDLL):
    """A C library without those."""

    def __getattr__(self, name: str) -> Any:
        if name in ONLY_GLIBC:
            raise AttributeError(f"dlsym({name}): symbol not found")
        return super().__getattr__(name)


def without_proc(usual: Any) -> Any:
    """The call, for which there is no /proc and no /dev/shm."""

    def call(path: Any, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(path, str | bytes | os.PathLike):
            text = os.fsdecode(path)
            if text.startswith(("/proc/", "/dev/shm")) or text == "/proc":
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), text)
        return usual(path, *arguments, **keywords)

    return call


def getpath(usual: Any, readlink: Any) -> Any:
    """fcntl, with the request that says where a descriptor's file is."""

    def call(fd: Any, request: int, argument: Any = 0) -> Any:
        if request == F_GETPATH:
            return os.fsencode(readlink(f"/proc/self/fd/{fd}")).ljust(1024, b"\0")
        return usual(fd, request, argument)

    return call


def become() -> None:
    """Takes away what is not there, and adds what is."""
    import builtins
    import io

    os.environ.pop("DISPLAY", None)
    fcntl.fcntl = getpath(fcntl.fcntl, os.readlink)
    fcntl.F_GETPATH = F_GETPATH  # type: ignore[attr-defined]
    for name in (
        "open",
        "stat",
        "lstat",
        "readlink",
        "listdir",
        "scandir",
        "chmod",
        "chown",
        "utime",
        "access",
        "mkdir",
    ):
        setattr(os, name, without_proc(getattr(os, name)))
    os.statvfs = without_proc(os.statvfs)
    builtins.open = io.open = without_proc(io.open)
    for module, names in ONLY_LINUX.items():
        for name in names.split():
            vars(module).pop(name, None)
    del os.sendfile  # which is there another call
    ctypes.CDLL = Library  # type: ignore[misc]
    sys.modules["_scproxy"] = proxies = types.ModuleType("_scproxy")
    vars(proxies).update(_get_proxy_settings=dict, _get_proxies=dict)
    tempfile._O_TMPFILE_WORKS = False  # type: ignore[attr-defined]
    sys.platform = "darwin"


become()
