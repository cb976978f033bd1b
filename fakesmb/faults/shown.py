"""Rules as they would stand in a file."""

import json
from collections.abc import Iterable


def shown(value: object) -> str:
    """A value as TOML has it, as far as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        name = getattr(value, "name", None)
        return f'"{name}"' if name else f"{value}"
    if isinstance(value, str):
        literal = "'" not in value and value.isprintable() and ("\\" in value or '"' in value)
        return f"'{value}'" if literal else json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {shown(one)}" for key, one in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(shown, value)) + "]"
    return f"<{getattr(value, '__qualname__', repr(value))}>"
