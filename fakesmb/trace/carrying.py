"""Regions handed to those who know what is in them, and what comes back made to fit."""

from fakesmb.trace.carried import carried
from fakesmb.trace.field import Field
from fakesmb.trace.half import Half
from fakesmb.trace.region import Region
from fakesmb.trace.settle import checked, unread


def region_field(name: str, region: Region, half: Half, *, section: str = "") -> Field:
    """A group of what the region holds; a leaf where nothing is known of it."""
    at, size = region.at, region.size
    try:
        inside = carried(region, half)
        if inside:
            filled = checked(inside, at, region.end, half.buffers)
            return Field(name, at, size, section=section, fields=filled)
    except Exception as error:
        why = f"{name} could not be read: {type(error).__name__}: {error}"
        half.problems.append(why)
        lost = unread(at, region.end, why, half.message)
        return Field(name, at, size, section=section, fields=(lost,))
    return Field(name, at, size, half.message[at : region.end].hex(), section=section)
