"""Makes a talk that breaks something as short as it gets: first of actions, then of the bytes of each."""

from collections.abc import Callable

from fuzz.talk import Action, Talk

Breaks = Callable[[Talk], bool]


def shrunk(talk: Talk, breaks: Breaks, *, tries: int = 400) -> Talk:
    """The shortest talk found with that many tries for which `breaks` still holds."""
    left = tries

    def still(actions: list[Action]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and breaks(talk._replace(actions=actions))

    actions = list(talk.actions)
    size = len(actions)
    while size >= 1 and left > 0:
        at = 0
        while at < len(actions):
            without = actions[:at] + actions[at + size :]
            if without and still(without):
                actions = without
            else:
                at += size
        size //= 2
    for index, action in enumerate(actions):
        size = len(action.data) // 2
        while size >= 1 and left > 0:
            shorter = actions[index]._replace(data=actions[index].data[: len(actions[index].data) - size])
            if still([*actions[:index], shorter, *actions[index + 1 :]]):
                actions[index] = shorter
            else:
                size //= 2
    return talk._replace(actions=actions)
