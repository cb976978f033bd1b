"""Objects of a store over other ones: what they do not do themselves the inner ones do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakesmb.nt.token import Token
    from fakesmb.vfs.store import FileStore


class Wrapped:
    """All that is not overridden is the inner object's."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if callable(found):
            setattr(self, name, found)
        return found


class WrappedStore(Wrapped):
    """`vfs.store.FileStore` over another."""

    def __init__(self, inner: Any, over: "Callable[[FileStore], FileStore]") -> None:
        """`over` makes the same of a store as this is of the inner one."""
        super().__init__(inner)
        self._over = over

    def for_user(self, token: "Token | None") -> "FileStore":
        """The same files with access checks for that user."""
        return self._over(self._inner.for_user(token))

    def with_posix_names(self) -> "FileStore":
        """The same files by their names as they are spelt."""
        return self._over(self._inner.with_posix_names())

    def with_exact_names(self) -> "FileStore":
        """The same files by Windows' names, each as it is spelt."""
        return self._over(self._inner.with_exact_names())
