"""Names as Windows compares them: users, shares and files alike ([MS-UCODEREF] 3.1.5.3, upper case)."""


def fold(name: str) -> str:
    """The form under which names that differ only in case are equal.

    Windows upcases code unit by code unit: nothing grows (`ß` stays), no letter turns into an ASCII one, and none
    that looks like an ASCII letter is one (KELVIN SIGN is no `K`, as it is for `str.casefold`).
    """
    if name.isascii():
        return name.upper()
    return "".join(map(_fold_character, name))


def _fold_character(character: str) -> str:
    upper = character.upper()
    if len(upper) != 1 or (upper < "\x80" <= character):
        return character
    return upper
