"""The errors that a person can do something about. The command line prints them without a traceback."""

import difflib
from collections.abc import Iterable


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
    """A name that nothing has.

    Parameters
    ----------
    kind : str
        What was looked for, with its article: "a data set".
    name : str
        What was given.
    known : iterable of str
        The names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(f'"{name}" is not {kind}.{suggest(name, known)} There are: {", ".join(known)}.')

    def __str__(self) -> str:
        # KeyError would show the message in quotation marks.
        return str(self.args[0])


class NotebookError(HtanalysisError):
    """A notebook stopped before its end."""

    exit_code = 3
