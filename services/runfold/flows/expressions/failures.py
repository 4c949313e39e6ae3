"""
What can go wrong inside a render, before the template's text and line are known.

Both never leave this package: `engine` turns them into `ExpressionFailed`. Only `Missing` can be
answered by the template itself (`??`, `default`, `is defined`). Messages name things, they never
show a value.
"""


class Missing(Exception):
    """A variable or attribute that is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Refused(Exception):
    """A template that is wrong, asks the impossible or takes too much; `line` 0: not known here."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
