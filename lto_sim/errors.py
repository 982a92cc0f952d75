"""Errors that name the field, the value, the allowed range and the remedy, in one line.

Every error that a user can cause is an :class:`InputError`; the command line prints its one line and
exits with status 2. A run that cannot be finished is a status of the result, not an exception.
"""

from __future__ import annotations

__all__ = ["InputError", "LtoSimError", "SolverError"]


class LtoSimError(Exception):
    """Base class of every error that this package raises on purpose."""


class InputError(LtoSimError, ValueError):
    """A value that cannot be used.

    Parameters
    ----------
    field : Name of the value, as its path in the scenario or as argument (``specimen.thickness``).
    value : The value as given.
    allowed : The allowed range, with unit.
    remedy : What to do about it.
    """

    def __init__(self, field: str, value: object, allowed: str, remedy: str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(self._one_line())

    def _one_line(self) -> str:
        shown = " ".join(repr(self.value).split())
        if len(shown) > 80:
            shown = f"{shown[:28]}...{shown[-49:]}"  # the end of a path tells most
        return f"{self.field}: got {shown}; allowed: {self.allowed}; {self.remedy}"

    def __reduce__(self) -> tuple[type[InputError], tuple[str, object, str, str]]:
        return type(self), (self.field, self.value, self.allowed, self.remedy)


class SolverError(LtoSimError, RuntimeError):
    """The solver cannot go on; the message says at what time and what to change."""
