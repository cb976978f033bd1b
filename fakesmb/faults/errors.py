"""What is wrong with a rule, said when it is armed."""


class FaultKeyError(TypeError):
    """A key that no rule has, or that does not go with the others; `key` is that one."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}" if key else text)
        self.key = key
        self.problem = text


class FaultValueError(ValueError):
    """A value that cannot be, or that no request can ever meet; `key` says whose."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}" if key else text)
        self.key = key
        self.problem = text


FaultError = FaultKeyError, FaultValueError
"""Both, for whoever catches them."""
