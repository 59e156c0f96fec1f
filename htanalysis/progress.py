"""How far a run is: a bar on a terminal, and a line a notebook elsewhere."""

import sys
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

#: What the bar shows: done, running, failed, time gone, time left.
_FORM = "{desc} of {total_fmt} notebooks |{bar:12}| {elapsed}, {remaining} left"


class Progress:
    """Shows on stderr how many of some notebooks are done, run and failed.

    Parameters
    ----------
    total : int
        How many there are.
    running : callable
        Says how many run.
    """

    def __init__(self, total: int, running: Callable[[], int]) -> None:
        self._running, self._failed, self._kept = running, 0, 0
        self._lines = not sys.stderr.isatty()
        # A size of its own: some terminals do not tell theirs, and tqdm would show nothing there.
        self._bar = tqdm(total=total, bar_format=_FORM, ncols=100, nrows=24, disable=self._lines)
        self._done = 0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()

    def count(self, name: str, failed: bool, kept: bool) -> None:
        """Count a notebook that has come to its end, or needed not run because it is as it was."""
        self._done += 1
        self._failed += failed
        words = "stopped" if failed else "as it was" if kept else "done"
        if self._lines:
            print(f"{self._done}/{self._bar.total} {name} {words}", file=sys.stderr, flush=True)
        self._bar.set_description_str(f"{self._done} done, {self._running()} running, {self._failed} failed", False)
        self._bar.update()
