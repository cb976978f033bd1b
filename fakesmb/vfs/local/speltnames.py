"""Names by Windows' rules, but each as it is spelt: what a client means that asks so in a message."""

from functools import partial

from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.lookup import Lookup
from fakesmb.vfs.local.search import LocalSearch
from fakesmb.vfs.paths import fold
from fakesmb.vfs.wildcards import compile_pattern


class SpeltLookup(Lookup):
    """Finds names in their exact spelling, and by their 8.3 names."""

    def spelling(self, directory: Directory, name: str) -> str | None:
        """The name on disk whose 8.3 name that is."""
        found = directory.spelling(name) if "~" in name else None
        return found if found is not None and fold(found) != fold(name) else None


class SpeltSearch(LocalSearch):
    """A search whose pattern means its letters as they are."""

    __slots__ = ()

    _compiled = staticmethod(partial(compile_pattern, exact=True))
