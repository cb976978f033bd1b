"""The options of the pytest plugin, where somebody gives them: a mistake ends the run before it begins."""

from typing import Final

import pytest

from fakesmb.core.profiles import row
from fakesmb.nt.nearest import nearest

KEEP: Final = ("failed", "all", "none")


def check(config: pytest.Config) -> None:
    """Raises UsageError for a value that means nothing."""
    keep = config.getini("smb_keep")
    if keep not in KEEP:
        raise pytest.UsageError(f"smb_keep = {keep}: it is failed, all or none{nearest(keep, KEEP)}")
    profile = config.getini("smb_profile")
    if profile:
        try:
            row(profile)
        except ValueError as error:
            raise pytest.UsageError(f"smb_profile: {error}") from None
