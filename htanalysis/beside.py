"""Runs notebooks beside a worker of a cluster: reads tasks from its input, and writes outcomes to its output."""

import os
import pickle
import sys
import tempfile
from pathlib import Path

from htanalysis import forks, settings
from htanalysis.kept import Task


def main() -> None:
    """Run what comes until nothing more does."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    forks.skip_imports()
    if forks.AVAILABLE:
        forks.warm_up()
    from htanalysis.runs import Turns, run_here

    while True:
        try:
            home, name, notebook, parameters = pickle.load(sys.stdin.buffer)  # noqa: S301, our own worker writes it
        except EOFError:
            return
        settings.HOME = home
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / name
            source.write_bytes(notebook)
            pickle.dump(run_here(Task(source, parameters), Turns(1)), answers)
        answers.flush()


if __name__ == "__main__":
    main()
