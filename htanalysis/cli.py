"""The command line: it reads what was typed, calls one function, prints, and gives the exit code.

Each command imports what it needs: pandas and what rests on it would take a second from help and from a usage error.
"""

import argparse
import csv
import json
import os
import signal
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from htanalysis import settings
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.scenarios import find_scenarios
from htanalysis.wanted import Wanted, find_unchanged, write_out

if TYPE_CHECKING:
    import pandas as pd

    from htanalysis.checks import Checked
    from htanalysis.sheets import Problem

#: How long the path of temporary files may be: a socket's name, which has 108 letters at the most, stands behind it.
_LONGEST_TEMPORARY = 60
#: How many files a report opens at once, with room to spare.
_FILES = 512
#: How many problems are shown at once.
_MOST_PROBLEMS = 50


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
    _open_streams()
    options = _parser().parse_args(arguments)
    try:
        with _stopped_once():
            _check_home()
            _shorten_temporary_paths()
            options.command(options)
        sys.stdout.flush()
    except HtanalysisError as error:
        if str(error):
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


def _open_streams() -> None:
    """Let what is closed, as in cron or a daemon, be empty instead: the next file opened would take its place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115, until the end
    sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere


def _shorten_temporary_paths() -> None:
    """Keep temporary files where the names of sockets stay short enough, wherever TMPDIR leads."""
    if os.name == "posix" and len(tempfile.gettempdir()) > _LONGEST_TEMPORARY:
        tempfile.tempdir = "/tmp"  # noqa: S108, only folders with names of their own are made there


def _require_files() -> None:
    """Refuse to begin where the system lets a program open too few files at once."""
    if os.name != "posix":
        return
    import resource

    most, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < _FILES <= limit or limit == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, limit))
    elif most < _FILES:
        raise HtanalysisError(
            f"This system lets a program open {most} files at once, and a report needs {_FILES}. Raise it with ulimit"
            f" -n {_FILES}, and run the command again."
        )


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
    """Refuse to work without a collection, or on another one than the one that the user stands in."""
    if not _is_collection(settings.HOME):
        raise HtanalysisError(
            f"{settings.HOME} holds no data/datapackage.json. Set HTANALYSIS_HOME to the folder that holds data and "
            "notebooks, or unset it to use the package's own."
        )
    here = next((folder for folder in (Path.cwd(), *Path.cwd().parents) if _is_collection(folder)), settings.HOME)
    chosen = "HTANALYSIS_HOME" in os.environ or not settings.HOME.samefile(Path(__file__).parents[1])
    if not chosen and not here.samefile(settings.HOME):
        raise HtanalysisError(
            f"You are in {here}, and this command belongs to the collection in {settings.HOME}. Nothing was done. In a "
            "copy, set up its own: make .venv/ready, then .venv/bin/htanalysis. Or set HTANALYSIS_HOME to the one that "
            "you mean."
        )


def _is_collection(folder: Path) -> bool:
    return (folder / "data" / "datapackage.json").is_file()


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
    report.add_argument("--jobs", type=_positive, default=2, help="notebooks at the same time here (default: 2)")
    report.add_argument(
        "--scheduler", metavar="ADDRESS", help="run them on a Dask cluster, such as tcp://10.0.0.1:8786"
    )
    report.add_argument("--as-of", default="latest", help="the report as it was on a day, YYYY-MM-DD (default: today)")
    report.add_argument("--audience", choices=settings.AUDIENCES, default="public", help="public (default) or internal")

    report.add_argument("--each-quarter", action="store_true", help="a report for each quarter of the range")
    report.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="FILE",
        help="a report under other assumptions, for each file",
    )
    report.add_argument("--single-file", action="store_true", help="also as one HTML file that can be mailed")
    report.add_argument("--no-pdf", dest="pdf", action="store_false", help="without report.pdf (it needs Chromium)")

    check = _add(commands, "check", _check, "say what is wrong in returns, and what would change", "check 2012Q3.xlsx")
    check.add_argument("files", nargs="*", type=Path, help="CSV or XLSX; without any, the store itself is checked")
    check.add_argument("--format", choices=("text", "json"), default="text", help="for people (default) or programs")

    add = _add(commands, "add", _store, "check returns and store them, all or nothing", "add 2012Q3.xlsx")
    add.add_argument("files", nargs="+", type=Path, help="CSV or XLSX")
    for command in (check, add):
        command.add_argument("--strict", action="store_true", help="take what is suspicious for an error")

    template = _add(commands, "template", _template, "write a spreadsheet ready to be filled in", "template 2012Q3")
    template.add_argument("quarter", help="such as 2012Q3")

    data = _add(commands, "data", _data, "list the data sets, or explain one", "data returns --as-of 2012-10-31")
    data.add_argument("name", nargs="?", help="a data set")
    data.add_argument("--as-of", help="with returns: print them as CSV, as known on a day (YYYY-MM-DD or latest)")

    quarters = _add(commands, "quarters", _quarters, "show which quarters are held, and by whom", "quarters")
    quarters.add_argument("--revisions", action="store_true", help="list each old and new value")
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
    out = options.out or settings.HOME / "reports"
    wanted = _wanted(options)
    unchanged = [find_unchanged(each, out) for each in wanted]
    waiting = [each for each, index in zip(wanted, unchanged, strict=True) if index is None]
    for index in filter(None, unchanged):
        print(f"Nothing changed since this report was made: {index}")
    try:
        for index in _make(waiting, out, options) if waiting else ():
            print(f"The report is ready: {index}")
    except NotebookError:
        for index in filter(None, (find_unchanged(each, out) for each in waiting)):
            print(f"The report is ready: {index}")
        raise


def _make(wanted: list[Wanted], out: Path, options: argparse.Namespace) -> list[Path]:
    _require_files()
    from htanalysis import forks

    forks.skip_imports()
    if forks.AVAILABLE:
        forks.warm_up()  # It goes on beside the imports that follow, and takes as long.
    from htanalysis.reports import make_reports

    if not options.scheduler:
        return make_reports(wanted, out, options.jobs)
    from htanalysis.cluster import Cluster

    with Cluster(options.scheduler) as cluster:
        return make_reports(wanted, out, cluster.jobs, cluster.run)


def _wanted(options: argparse.Namespace) -> list[Wanted]:
    """List the reports that are asked for."""
    view = (options.as_of, options.audience)
    quarters = write_out(options.quarter) if options.each_quarter else [options.quarter]
    scenarios = find_scenarios(options.scenario) or [None]
    form = (options.single_file, options.pdf)
    return [Wanted(quarter, *view, scenario, *form) for quarter in quarters for scenario in scenarios]


def _check(options: argparse.Namespace) -> None:
    from htanalysis import forks

    os.environ.update(forks.ONE_THREAD)  # Threads would only be in the way of a fork that previews.
    from htanalysis import store
    from htanalysis.checks import check_files

    if not options.files:
        _check_store(options.format)
        return
    checked = check_files(options.files, store.read_store(), date.today(), options.strict)
    if options.format == "json":
        _print_checked(checked)
    else:
        _tell_checked(checked)


def _print_checked(checked: "Checked") -> None:
    """Print what came out of checking for programs."""
    wrong, changes = _errors(checked.problems), {}
    if not wrong:
        from htanalysis.previews import preview  # Here alone: files with problems are answered without it.

        changes = preview(checked.rows)
    print(json.dumps({"problems": [asdict(problem) for problem in checked.problems], "changes": changes}, indent=1))
    _refuse("" if wrong else None)


def _tell_checked(checked: "Checked") -> None:
    """Print what came out of checking for people: first that the files are good, since the rest takes longer."""
    wrong = _errors(checked.problems)
    _show_problems(checked.problems)
    _refuse(f"{_sum_up(wrong)} Nothing was stored." if wrong else None)
    print(f"What adding {_count(len(checked.rows), 'count')} would change:", flush=True)
    from htanalysis.previews import preview, tell

    print(*tell(preview(checked.rows)), sep="\n")


def _check_store(form: str) -> None:
    from htanalysis import store

    problems = store.check_store()
    if form == "json":
        print(json.dumps({"problems": [asdict(problem) for problem in problems]}, indent=1))
        _refuse("" if problems else None)
    else:
        _show_problems(problems)
        _refuse(f"{_count(len(problems), 'problem')} in {store.folder()}." if problems else None)
        held = store.read_store()
        print(f"{store.folder()}: {_count(len(held), 'row')}, as they were added.")


def _store(options: argparse.Namespace) -> None:
    from htanalysis import store
    from htanalysis.checks import check_files

    with store.locked():
        store.require_untouched()
        checked = check_files(options.files, store.read_store(), date.today(), options.strict)
        _show_problems(checked.problems)
        wrong = _errors(checked.problems)
        _refuse(f"{_sum_up(wrong)} Nothing was stored." if wrong else None)
        grown = store.append(checked.rows) if len(checked.rows) else []
    if grown:
        print(f"Stored {_count(len(checked.rows), 'count')} in {', '.join(grown)}, in {store.folder()}.")
    else:
        print("Nothing was stored: all that the files give is held already.")


def _errors(problems: Sequence["Problem"]) -> list["Problem"]:
    return [problem for problem in problems if problem.severity == "error"]


def _show_problems(problems: Sequence["Problem"]) -> None:
    """Print the problems, what is wrong before what is only worth a look."""
    from htanalysis.sheets import join_alike

    lines = join_alike(_errors(problems))
    lines += [f"Notice: {line}" for line in join_alike(problem for problem in problems if problem.severity != "error")]
    for line in lines[:_MOST_PROBLEMS]:
        print(line, file=sys.stderr)
    if len(lines) > _MOST_PROBLEMS:
        print(f"... and {len(lines) - _MOST_PROBLEMS} more.", file=sys.stderr)


def _sum_up(wrong: Sequence["Problem"]) -> str:
    rows = len({(problem.file, problem.sheet, problem.row) for problem in wrong})
    return f"{_count(len(wrong), 'problem')} in {_count(rows, 'row')}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _refuse(message: str | None) -> None:
    if message is not None:
        raise HtanalysisError(message)


def _template(options: argparse.Namespace) -> None:
    from htanalysis.periods import read_quarter
    from htanalysis.template import write_template

    path = Path(f"returns-{read_quarter(options.quarter)}.xlsx")
    if path.exists():
        raise HtanalysisError(f"{path} is there already, perhaps filled in. Move it away first.")
    write_template(read_quarter(options.quarter), path)
    print(f"Ready to be filled in: {path}")


def _data(options: argparse.Namespace) -> None:
    if options.as_of is not None:
        _print_returns(options.name, options.as_of)
    elif options.name is None:
        _list_data()
    else:
        _explain(options.name)


def _list_data() -> None:
    from htanalysis.datasets import catalogue

    for row in catalogue().itertuples():
        print(f"{row.name:22}{row.rows:>4} rows  {row.title}")
    print("\nhtanalysis data NAME explains one; htanalysis data returns explains the returns.")


def _print_returns(name: str | None, as_of: str) -> None:
    from htanalysis import store
    from htanalysis.returns import known_rows
    from htanalysis.sheets import COLUMNS

    if name != "returns":
        raise HtanalysisError("--as-of goes with the returns alone: htanalysis data returns --as-of 2012-10-31.")
    rows = known_rows(store.read_store(), as_of)[list(COLUMNS)]
    days = {name: rows[name].dt.strftime("%Y-%m-%d") for name in ("period_start", "period_end", "as_of")}
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows.assign(**days).astype(object).where(rows.notna(), "").itertuples(index=False))


def _explain(name: str) -> None:
    from htanalysis.datasets import describe

    codebook = describe(name)
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


def _quarters(options: argparse.Namespace) -> None:
    from htanalysis import store
    from htanalysis.returns import count_quarters
    from htanalysis.totals import count_reporters, tell_reporters

    if options.revisions:
        _list_revisions(store.read_store())
        return
    reporters = count_reporters(audience="internal").set_index("quarter", drop=False)
    for quarter, rows in count_quarters(audience="internal").groupby("quarter"):
        own = reporters.loc[[quarter]]
        told = tell_reporters(own).partition(f"{quarter} ")[2]
        print(f"{quarter}  {rows['count'].notna().sum()} of {len(rows)} counts known, {told}")
        for name in ("returned_by", "in_part", "missing"):
            if not own["by_report"].item() and (own[name].item() or name != "in_part"):
                print(f"        {name.replace('_', ' ')}: {own[name].item() or 'none'}")


def _list_revisions(held: "pd.DataFrame") -> None:
    """Print each count that was returned again, from version to version."""
    cell = ["quarter", "task_force", "measure", "trafficking_type"]
    for names, versions in held.dropna(subset=["count"]).sort_values("as_of", kind="stable").groupby(cell):
        rows = list(zip(versions["count"], versions["as_of"].dt.date, strict=True))
        for (old, since), (new, day) in pairwise(rows):
            place = f"{names[0]} {', '.join(names[1:])}"
            print(f"{place}: {old} ({since}) became {new} ({day}), {new - old:+d}")
