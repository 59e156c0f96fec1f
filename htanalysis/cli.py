"""The command line: it reads what was typed, calls one function, prints, and gives the exit code."""

import argparse
import os
import signal
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from htanalysis import settings
from htanalysis.datasets import catalogue, describe
from htanalysis.errors import HtanalysisError
from htanalysis.reports import make_report
from htanalysis.returns import count_quarters


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name. Default: what was typed.

    Returns
    -------
    int
        0 done, 1 the input is wrong, 2 wrong usage (from argparse), 3 a notebook failed, 130 stopped.
    """
    options = _parser().parse_args(arguments)
    try:
        with _stopped_once():
            _check_home()
            options.command(options)
        sys.stdout.flush()
    except HtanalysisError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. Nothing half done is left.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _drop_output()
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror or error}. Put this right and run the command again.", file=sys.stderr)
        _drop_output()
        return 1
    return 0


@contextmanager
def _stopped_once() -> Iterator[None]:
    """Let SIGTERM stop the work as Ctrl-C does, and nothing after it disturb the tidying up."""

    def stop(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_home() -> None:
    if not (settings.HOME / "data" / "datapackage.json").is_file():
        raise HtanalysisError(
            f"{settings.HOME} holds no data/datapackage.json. Set HTANALYSIS_HOME to the folder that holds data and "
            "notebooks, or unset it to use the package's own."
        )


def _drop_output() -> None:
    """Forget what cannot be written to stdout; Python would try again at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="htanalysis", description="The 2012 report's numbers as analyses to rerun.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    report = _add(
        commands, "report", _report, "run all notebooks and write the pages", "report --quarter 2011Q3:2012Q2"
    )
    report.add_argument("--quarter", default="latest", help="2012Q2, 2011Q3:2012Q2 or latest (default)")
    report.add_argument("--out", type=_folder, help="folder for reports (default: reports)")
    report.add_argument("--jobs", type=_positive, default=2, help="notebooks at the same time (default: 2)")

    data = _add(commands, "data", _data, "list the data sets, or explain one", "data penal_code_236_1")
    data.add_argument("name", nargs="?", help="a data set")

    _add(commands, "quarters", _quarters, "show which quarters are held", "quarters")
    return parser


def _add(
    commands: argparse._SubParsersAction, name: str, command: object, text: str, example: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text, epilog=f"example: htanalysis {example}")
    parser.set_defaults(command=command)
    return parser


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number above 0')
    return int(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError('"" is not a folder')
    return Path(text)


def _report(options: argparse.Namespace) -> None:
    index = make_report(options.quarter, options.out, options.jobs)
    print(f"The report is ready: {index}")


def _data(options: argparse.Namespace) -> None:
    if options.name is None:
        listing = catalogue()
        for row in listing.itertuples():
            print(f"{row.name:22}{row.rows:>4} rows  {row.title}")
        print("\nhtanalysis data NAME explains one.")
        return
    codebook = describe(options.name)
    facts = codebook.attrs
    print(f"{facts['title']}\n")
    for label in ("row", "counted_by", "coverage", "left_out", "not_for"):
        text = f"A row is {facts[label]}." if label == "row" else facts[label]
        print(textwrap.fill(text, 100))
    for caveat in facts["caveats"]:
        print(textwrap.fill(f"- {caveat['rows']}: {caveat['text']}", 100, subsequent_indent="  "))
    for column in codebook.itertuples():
        print(f"\n{column.column} ({column.type}; {column.unit}; {column.basis})")
        print(
            textwrap.fill(
                f"{column.definition} Empty: {column.empty_means}.", 100, initial_indent="  ", subsequent_indent="  "
            )
        )
    print("\n" + textwrap.fill(f"Source: {facts['source']}", 100))


def _quarters(_: argparse.Namespace) -> None:
    for quarter, rows in count_quarters().groupby("quarter"):
        known, by = rows["count"].notna().sum(), rows["task_forces_reporting"].max()
        print(f"{quarter}  {known} of {len(rows)} counts known, {by} task forces reporting")
