"""The shares of a server, each with the store that keeps its files."""

from fakesmb.auth.share_passwords import SharePasswords
from fakesmb.config.links import namespace_of
from fakesmb.config.merging import Config
from fakesmb.config.parts import SharePart
from fakesmb.config.values import folder_problem
from fakesmb.core.state import Share
from fakesmb.mistakes import ConfigError
from fakesmb.nt.filetime import TICKS_PER_SECOND
from fakesmb.record.log import EventLog
from fakesmb.transport.process import most_descriptors
from fakesmb.vfs.laned import LanedStore, in_lane
from fakesmb.vfs.local.mounts import Mount, lanes_of, may_hang, mounts
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.times import WriteClock
from fakesmb.world import World


def open_files(config: Config, log: EventLog, world: World) -> OpenFiles:
    """What files will be open, of all shares whose disks do not hang, or of those in one lane."""
    delay = int(config.settings.timing.write_time * TICKS_PER_SECOND)
    opens = OpenFiles(WriteClock(world.filetime, delay), world)
    most = most_descriptors()
    kept = min(config.settings.limits.kept_descriptors, most // 4)
    opens.room.bound(most, kept, log.problem)
    return opens


def shares_of(config: Config, usual: OpenFiles, log: EventLog, world: World) -> list[Share]:
    """The shares; those on disks that may hang have a lane, and know nothing of local programs."""
    for share in config.shares:  # they were there when the configuration was made
        if problem := folder_problem(share.path, share.path):
            raise ConfigError(f"share {share.name}: {problem}")
    mounted = mounts()
    lanes = lanes_of(
        [share.path for share in config.shares], [_may_hang(share, mounted) for share in config.shares]
    )
    opens = {lane: open_files(config, log, world) for lane in lanes if lane is not None}
    return [
        Share(
            share.name,
            _store(share, usual) if lane is None else in_lane(_store(share, opens[lane]), lane),
            comment=share.comment,
            path=share.path,
            read_only=share.read_only,
            users=share.users,
            unix_extensions=share.unix_extensions,
            oplocks=share.oplocks,
            local_breaks=share.local_breaks,
            passwords=SharePasswords(share.name, share.password, share.read_only_password)
            if share.has_password
            else None,
            printer=share.printer,
            driver=share.printer_driver,
            dfs=namespace_of(share.name, share.dfs),
        )
        for share, lane in zip(config.shares, lanes, strict=True)
    ]


def _may_hang(share: SharePart, mounted: list[Mount]) -> bool:
    return may_hang(share.path, mounted) if share.may_hang is None else share.may_hang


def has_lane(shares: list[Share]) -> bool:
    return any(isinstance(share.store, LanedStore) for share in shares)


def _store(share: SharePart, opens: OpenFiles) -> LocalStore:
    try:
        return LocalStore(
            share.path,
            opens,
            read_only=share.read_only,
            acls=share.acls,
            label=share.name,
            special_modes=share.special_modes,
        )
    except OSError as error:  # no descriptors are left
        raise ConfigError(f"share {share.name}: {share.path}: {error.strerror}") from None
