"""The command line: it reads what was typed, calls one function, prints, and gives the exit code."""

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from htanalysis.datasets import catalogue, describe, load
from htanalysis.errors import HtanalysisError
from htanalysis.reports import make_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name. Default: what was typed.

    Returns
    -------
    int
        0 done, 1 the input is wrong, 2 wrong usage (from argparse), 3 a notebook failed.
    """
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except HtanalysisError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. Nothing was changed.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="htanalysis", description="The 2012 report's numbers as analyses to rerun.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    report = _add(
        commands, "report", _report, "run all notebooks and write the pages", "report --quarter 2011Q3:2012Q2"
    )
    report.add_argument("--quarter", default="latest", help="2012Q2, 2011Q3:2012Q2 or latest (default)")
    report.add_argument("--out", type=Path, help="folder for reports (default: reports)")
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
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number above 0')
    return int(text)


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
    held = load("task_force_quarters").groupby("quarter")
    table = pd.DataFrame(
        {"published": held["count"].count(), "of": held.size(), "by": held["task_forces_reporting"].max()}
    )
    for quarter, row in table.iterrows():
        print(f"{quarter}  {row['published']} of {row['of']} counts published, {row['by']} task forces reporting")
