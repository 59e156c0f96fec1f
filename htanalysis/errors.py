"""The errors that a person can do something about. The command line prints them without a traceback."""

import difflib
from collections.abc import Iterable
from numbers import Real
from typing import Any


class HtanalysisError(ValueError):
    """Something that the user gave is wrong; the message says what, where, what was expected and what to do."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """Give Jupyter the message alone: where in our code it was raised helps nobody who has to mend an input."""
        return [f"{type(self).__name__}: {self}"]


def suggest(name: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of some names was meant, where one is near.

    Examples
    --------
    >>> suggest("arests", ["arrests", "victims"]), suggest("x", ["arrests"])
    (' Did you mean "arrests"?', '')
    """
    nearest = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    return f' Did you mean "{nearest[0]}"?' if nearest else ""


class UnknownNameError(HtanalysisError, KeyError):
    """A name that nothing has: the kind of what was looked for with its article, what was given, and what there is."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(f'"{name}" is not {kind}.{suggest(name, known)} There are: {", ".join(known)}.')

    def __str__(self) -> str:
        # KeyError would show the message in quotation marks.
        return str(self.args[0])


class NotebookError(HtanalysisError):
    """A notebook stopped before its end."""

    exit_code = 3


def check_columns(argument: str, frame: Any, columns: Iterable[str], numbers: Iterable[str] = ()) -> None:
    """Refuse a frame that lacks a column, or has none of numbers where these are needed, naming argument and column.

    Examples
    --------
    >>> check_columns("table", ["year"], ["year", "arrests"])
    Traceback (most recent call last):
    htanalysis.errors.HtanalysisError: table has no column arrests; it has year.
    """
    missing = [column for column in columns if column not in frame]
    if missing:
        raise HtanalysisError(f"{argument} has no column {missing[0]}; it has {', '.join(map(str, frame))}.")
    for column in numbers:
        cells = [] if frame[column].dtype.kind in "iuf" else frame[column].dropna()
        if others := [cell for cell in cells if not isinstance(cell, Real)]:
            raise HtanalysisError(f'{argument}: {column} holds "{others[0]}", which is no number.')


def check_confidence(argument: str, value: float) -> None:
    """Refuse what is no fraction between 0 and 1, such as a percentage.

    Examples
    --------
    >>> check_confidence("coverage", 95)
    Traceback (most recent call last):
    htanalysis.errors.HtanalysisError: coverage is 95; it must be above 0 and below 1, such as 0.95.
    """
    if not isinstance(value, Real) or not 0 < value < 1:
        raise HtanalysisError(f"{argument} is {value}; it must be above 0 and below 1, such as 0.95.")
