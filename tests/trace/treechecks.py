"""What holds of every tree, and ways to look into one."""

from collections.abc import Iterator, Sequence

from fakesmb.trace.field import Field, Tree


def leaves(fields: Sequence[Field], buffer: int = 0) -> Iterator[Field]:
    """The fields without further ones, of one buffer, in their order."""
    for one in fields:
        if one.fields:
            yield from leaves(one.fields, buffer)
        elif one.buffer == buffer:
            yield one


def check(tree: Tree) -> None:
    """Each byte of each buffer lies in exactly one leaf, and each group is filled by its fields."""
    for number, data in enumerate(tree.buffers):
        at = 0
        for one in leaves(tree.fields, number):
            if one.size:
                assert one.at == at, one
                at += one.size
        assert at == len(data)
    _check_groups(tree.fields)


def _check_groups(fields: Sequence[Field]) -> None:
    for one in fields:
        if one.fields:
            assert one.value is None
            inner = [inside for inside in one.fields if inside.buffer == one.buffer]
            assert sum(inside.size for inside in inner) == one.size, one
            _check_groups(one.fields)


def found(tree: Tree, first: str, *names: str) -> Field:
    """The first field of that name, below it the first of the next, and so on."""
    one = _named(tree.fields, first)
    for name in names:
        one = _named(one.fields, name)
    return one


def _named(fields: Sequence[Field], name: str) -> Field:
    for one in everything(fields):
        if one.name == name:
            return one
    raise AssertionError(f"{name} is not among {[one.name for one in everything(fields)]}")


def everything(fields: Sequence[Field]) -> Iterator[Field]:
    """Every field, groups before their own."""
    for one in fields:
        yield one
        yield from everything(one.fields)


def names(fields: Sequence[Field]) -> list[str]:
    """The names of the leaves."""
    return [one.name for one in leaves(fields)]
