"""The command line: it reads what was typed, calls one function, prints, and gives the exit code.

A command imports what it needs: pandas and what rests on it would take a second from help and from a usage error.
"""

import argparse
import atexit
import gc
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from htanalysis import settings
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.report.request import Wanted, find_kept, find_scenarios, find_unchanged, write_out

#: How long the path of temporary files may be: a socket's name, which has 108 letters at the most, stands behind it.
_LONGEST_TEMPORARY = 60
#: How many files a report opens at once, with room to spare.
_FILES = 512

# What is left at the end goes all at once: looking for what could go takes a tenth of a report's time.
atexit.register(gc.freeze)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, by default with what was typed.

    The exit code is 0 done, 1 the input is wrong, 2 wrong usage (from argparse), 3 a notebook failed, 130 stopped.
    """
    _open_streams()
    options = _parser().parse_args(arguments)
    try:
        with _stopped_once():
            _check_home()
            _shorten_temporary_paths()
            _find_command(options.command)(options)
        sys.stdout.flush()
    except HtanalysisError as error:
        if str(error):
            print(error, file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library == "htanalysis":
            raise
        print(f"{library} is not installed. Run: pip install 'htanalysis[report]'", file=sys.stderr)
        return 1
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


def _find_command(name: str) -> Callable[[argparse.Namespace], None]:
    """Find the function of a command; all but one import pandas at once."""
    if name == "report":
        return _report
    os.environ.update(settings.ONE_THREAD)  # Threads would only be in the way of a fork that previews.
    return getattr(import_module("htanalysis.commands"), name)


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
            if signal.getsignal(number) is stop:  # After a stop the program ends, and what comes later is too late.
                signal.signal(number, handler)


def _check_home() -> None:
    """Refuse to work without a collection, or on another one than the one that the user stands in."""
    if not _is_collection(settings.HOME):
        raise HtanalysisError(
            f"{settings.HOME} holds no data/datapackage.json. Set HTANALYSIS_HOME to the folder that holds data and "
            "notebooks, or unset it to use the package's own."
        )
    here = next((folder for folder in (Path.cwd(), *Path.cwd().parents) if _is_collection(folder)), settings.HOME)
    chosen = "HTANALYSIS_HOME" in os.environ or not settings.HOME.samefile(settings.OWN)
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

    example = "report --quarter 2011Q3:2012Q2"
    report = _add(commands, "report", "report", "run all notebooks and write the pages", example)
    report.add_argument("--quarter", default="latest", help="2012Q2, 2011Q3:2012Q2 or latest (default)")
    report.add_argument("--out", type=_path, help="folder for reports (default: reports)")
    report.add_argument("--jobs", type=_positive, default=2, help="notebooks at the same time here (default: 2)")
    told = "run them on a Dask cluster, such as tls://10.0.0.1:8786"
    report.add_argument("--scheduler", metavar="ADDRESS", help=told)
    report.add_argument("--insecure", action="store_true", help="even if returns are held and it is not encrypted")
    report.add_argument("--as-of", default="latest", help="the report as it was on a day, YYYY-MM-DD (default: today)")
    report.add_argument("--audience", choices=settings.AUDIENCES, default="public", help="public (default) or internal")
    report.add_argument("--each-quarter", action="store_true", help="a report for each quarter of the range")
    told = "a report under other assumptions, for each file"
    report.add_argument("--scenario", action="extend", nargs="+", default=[], metavar="FILE", help=told)
    report.add_argument("--single-file", action="store_true", help="also as one HTML file that can be mailed")
    report.add_argument("--no-pdf", dest="pdf", action="store_false", help="without report.pdf (it needs Chromium)")

    check = _add(commands, "check", "check", "say what is wrong in returns, and what would change", "check 2012Q3.xlsx")
    check.add_argument("files", nargs="*", type=_path, help="XLSX or CSV, or a folder of them; without any, the store")
    check.add_argument("--format", choices=("text", "json"), default="text", help="for people (default) or programs")

    add = _add(commands, "add", "add", "check returns and store them, all or nothing", "add 2012Q3.xlsx")
    add.add_argument("files", nargs="+", type=_path, help="XLSX or CSV, or a folder of them")
    for command in (check, add):
        command.add_argument("--strict", action="store_true", help="take what is suspicious for an error")

    told = "take back a count, or all that a file gave; it is kept, and is not returned from that day on"
    example = 'withdraw 2012Q3 "Fresno CAHT" arrests --reason "a count of another task force"'
    withdraw = _add(commands, "withdraw", "withdraw", told, example)
    withdraw.add_argument("what", nargs="+", metavar="FILE | QUARTER TASK_FORCE MEASURE", help="what is taken back")
    withdraw.add_argument("--type", default="all", help="all (default), sex, labor or other")
    withdraw.add_argument("--reason", required=True, help="why, for staff; no public report shows it")
    withdraw.add_argument("--as-of", default="today", metavar="DAY", help="day from which it holds (default: today)")

    template = _add(commands, "template", "template", "write a spreadsheet ready to be filled in", "template 2012Q3")
    template.add_argument("quarter", help="such as 2012Q3")
    told = "one for each task force, with its rows alone, in a folder"
    template.add_argument("--each", action="store_true", help=told)

    data = _add(commands, "data", "show_data", "list the data sets, or explain one", "data returns --as-of 2012-10-31")
    data.add_argument("name", nargs="?", help="a data set")
    data.add_argument("--as-of", help="with returns: print them as CSV, as known on a day (YYYY-MM-DD or latest)")

    export = _add(commands, "export", "export", "write the data sets as CSV, Parquet and SQLite", "export numbers")
    export.add_argument("folder", type=_path, help="a new folder, or an earlier export")

    verify = _add(commands, "verify", "verify", "say whether a report is as it was made", "verify reports/2012Q2")
    verify.add_argument("folder", type=_path, help="the folder of the report")

    quarters = _add(commands, "quarters", "list_quarters", "show which quarters are held, and by whom", "quarters")
    quarters.add_argument("--revisions", action="store_true", help="list each old and new value")
    _add_register(commands)
    _add_measures(commands)
    return parser


def _add_register(commands: argparse._SubParsersAction) -> None:
    register = _add(commands, "register", "show_register", "show or change which task forces report", "register")
    register.add_argument("--as-of", default="latest", help="as known on a day, YYYY-MM-DD (default: today)")
    changes = register.add_subparsers(title="changes", metavar="CHANGE")
    name, new = '"Kern County Human Trafficking Task Force"', '"Kern Task Force"'
    add = _add(changes, "add", "add_to_register", "add a task force", f"register add {name} --from 2012Q3")
    add.add_argument("name", help="its name, under which counts are stored")
    add.add_argument("--from", dest="first", required=True, metavar="QUARTER", help="first quarter that it reports")
    add.add_argument("--until", metavar="QUARTER", help="last quarter that it reports")
    close = _add(changes, "close", "change_in_register", "end one", f"register close {name} --until 2013Q2")
    rename = _add(changes, "rename", "rename_in_register", "rename one", f"register rename {name} {new}")
    text = f"register change {name} --county Kern"
    change = _add(changes, "change", "change_in_register", "change what else is known of one", text)
    for each in (close, rename, change):
        each.add_argument("name", help="any of its names")
    close.add_argument("--until", required=True, metavar="QUARTER", help="last quarter that it reports")
    rename.add_argument("new", help="what it is called now")
    change.add_argument("--from", dest="first", metavar="QUARTER", help="first quarter that it reports")
    change.add_argument("--reopen", action="store_true", help="it has not ended")
    told = "a name that it should not have: from now on returns that use it are refused"
    change.add_argument("--not-also", action="append", default=[], metavar="NAME", help=told)
    for each in (add, change):
        each.add_argument("--county", help='county of its seat; "" for none')
        each.add_argument("--periods", help='how its periods differ from quarters; "" for not at all')
        told = "another name that returns may use"
        each.add_argument("--also", action="append", default=[], metavar="NAME", help=told)
    _add_day(add, close, rename, change)


def _add_measures(commands: argparse._SubParsersAction) -> None:
    measures = _add(commands, "measures", "show_measures", "show or change what is asked for", "measures")
    measures.add_argument("--as-of", default="latest", help="as known on a day, YYYY-MM-DD (default: today)")
    changes = measures.add_subparsers(title="changes", metavar="CHANGE")
    text = '"victims certified" --unit victims --definition "Victims whom HHS certified." --from 2013Q1'
    add = _add(changes, "add", "declare_measure", "ask for a new measure", f"measures add {text}")
    add.add_argument("name", help="what returns call it")
    add.add_argument("--unit", required=True, help="what its number counts, such as victims")
    add.add_argument("--definition", required=True, metavar="TEXT", help="who or what belongs to it")
    add.add_argument("--from", dest="first", required=True, metavar="QUARTER", help="first quarter that is asked for")
    add.add_argument("--at-most", metavar="MEASURE", help="a measure of which it counts a part")
    text = '"people trained" --until 2014Q4'
    drop = _add(changes, "drop", "stop_measure", "ask for one no more", f"measures drop {text}")
    drop.add_argument("name", help="what returns call it")
    drop.add_argument("--until", required=True, metavar="QUARTER", help="last quarter that is asked for")
    drop.set_defaults(first=None)
    told, text = "ask for a dropped one again", '"people trained" --from 2016Q1'
    resume = _add(changes, "resume", "stop_measure", told, f"measures resume {text}")
    resume.add_argument("name", help="what returns call it")
    told = "first quarter that is asked for again (default: the one after it was dropped)"
    resume.add_argument("--from", dest="first", metavar="QUARTER", help=told)
    resume.set_defaults(until=None)
    text = 'arrests 2010Q3:2012Q2 1850 --source "letter of the agency, May 3, 2013"'
    correct = _add(commands, "correct", "correct", "correct a count that the report published", f"correct {text}")
    correct.add_argument("measure", help="such as arrests")
    correct.add_argument("period", help="the quarter, or 2010Q3:2012Q2 for the total of the two years")
    correct.add_argument("count", type=_whole, help="the number that holds")
    correct.add_argument("--source", required=True, metavar="TEXT", help="where it was stated")
    _add_day(add, drop, resume, correct)


def _add_day(*changes: argparse.ArgumentParser) -> None:
    told = "day from which it is known (default: today)"
    for change in changes:
        change.add_argument("--as-of", default="today", metavar="DAY", help=told)


def _add(to: argparse._SubParsersAction, name: str, command: str, text: str, example: str) -> argparse.ArgumentParser:
    parser = to.add_parser(name, help=text, description=text, epilog=f"example: htanalysis {example}")
    parser.set_defaults(command=command)
    return parser


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number above 0. Write one such as 2.')
    return int(text)


def _whole(text: str) -> int:
    return 0 if text == "0" else _positive(text.replace(",", ""))


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError('"" names no file and no folder. Name one.')
    return Path(text)


def _report(options: argparse.Namespace) -> None:
    out = options.out or settings.find_reports()
    wanted = _wanted(options)
    ready = [find_unchanged(each, out) for each in wanted]
    waiting = [each for each, index in zip(wanted, ready, strict=True) if index is None]
    for index in filter(None, ready):
        print(f"Nothing changed since this report was made: {index}")
    try:
        made = _make(waiting, out, options) if waiting else []
    except NotebookError:
        for index in filter(None, (find_unchanged(each, out) for each in waiting)):
            print(f"The report is ready: {index}")
        raise
    for index in made:
        print(f"The report is ready: {index}")
    if wanted[0].scenario != wanted[-1].scenario:
        new = iter(made)
        _compare([(each, index or next(new)) for each, index in zip(wanted, ready, strict=True)])


def _compare(reports: list[tuple[Wanted, Path]]) -> None:
    from htanalysis.report.scenarios import write_comparison

    for quarter in dict.fromkeys(each.quarter for each, _ in reports):
        own = {index: each.scenario for each, index in reports if each.quarter == quarter}
        print(f"What the assumptions change: {write_comparison(own)}")


def _make(wanted: list[Wanted], out: Path, options: argparse.Namespace) -> list[Path]:
    _require_files()
    if not options.scheduler:
        from htanalysis.report.execute import warm_up

        # It goes on beside the imports that follow, and takes as long. Where all was run before, few are run again.
        warm_up(whole=not find_kept(out, options.audience).exists())
    from htanalysis.data import require_described
    from htanalysis.report.build import make_reports

    require_described()
    if not options.scheduler:
        return make_reports(wanted, out, options.jobs)
    from htanalysis.report.cluster import Cluster

    with Cluster(options.scheduler, options.insecure) as cluster:
        return make_reports(wanted, out, run=cluster.run_tasks)


def _wanted(options: argparse.Namespace) -> list[Wanted]:
    view = (options.as_of, options.audience)
    quarters = write_out(options.quarter) if options.each_quarter else [options.quarter]
    scenarios = find_scenarios(options.scenario) or [None]
    form = (options.single_file, options.pdf)
    return [Wanted(quarter, *view, scenario, *form) for quarter in quarters for scenario in scenarios]
