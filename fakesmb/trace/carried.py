"""What SMB carries for others, as labelled fields."""

from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.region import Region


def carried(region: Region, half: Half) -> tuple[Field, ...]:
    """The fields that a region holds; () where nothing is known of it."""
    return ()
