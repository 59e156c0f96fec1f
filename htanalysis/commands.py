"""What all commands but `report` do: check returns and store them, show who has reported, explain the data sets."""

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby, pairwise
from multiprocessing.connection import Connection
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd

from htanalysis.data import catalogue, describe, require_described
from htanalysis.errors import HtanalysisError
from htanalysis.export import write_export
from htanalysis.quarters import read_quarter
from htanalysis.report import changes, manifest
from htanalysis.returns import store
from htanalysis.returns.checks import check_files
from htanalysis.returns.corrections import correct_count
from htanalysis.returns.counts import count_quarters, count_reporters, known_rows, reconcile, tell_reporters
from htanalysis.returns.measures import add_measure, drop_measure, load_measures, read_pauses
from htanalysis.returns.records import find_limit, load_records
from htanalysis.returns.register import OPEN_END, add_task_force, call, change_task_force, rename_task_force
from htanalysis.returns.sheets import COLUMNS, Problem, find_files, join_alike
from htanalysis.returns.template import require_returnable, write_template, write_templates
from htanalysis.returns.versions import list_changes, list_versions
from htanalysis.returns.views import view_returns
from htanalysis.returns.withdrawals import withdraw_count, withdraw_file

#: How many problems are shown at once.
_MOST_PROBLEMS = 50


def check(options: argparse.Namespace) -> None:
    """Say what is wrong in returns, and what adding them would change."""
    require_described()
    if not options.files:
        _check_store(options.format)
        return
    with changes.beside() as second:
        problems, rows, files = _check_files(options)
        if options.format == "json":
            _print_checked(problems, rows, second)
        else:
            _tell_checked(problems, rows, files, second)


def _check_files(options: argparse.Namespace) -> tuple[list[Problem], pd.DataFrame, int]:
    files, left_out = find_files(options.files)
    checked = check_files(files, store.read_store(), date.today(), options.strict)
    # A cell above a table is every row's, and its problem is told once.
    return list(dict.fromkeys([*left_out, *checked.problems])), checked.rows, len(files)


def _print_checked(problems: Sequence[Problem], rows: pd.DataFrame, second: Connection | None) -> None:
    wrong = _errors(problems)
    told = {} if wrong else changes.preview(rows, second)
    print(json.dumps({"problems": [asdict(problem) for problem in problems], "changes": told}, indent=1))
    _refuse("" if wrong else None)


def _tell_checked(problems: Sequence[Problem], rows: pd.DataFrame, files: int, second: Connection | None) -> None:
    """Print what came out of checking for people: first that the files are good, since the rest takes longer."""
    wrong = _errors(problems)
    _show_problems(problems)
    _refuse(f"{_sum_up(wrong, files)} Correct this, and check again." if wrong else None)
    look = " See whether what the notices say is meant." if problems else ""
    print(f"No problem found in {count(files, 'file')}.{look}")
    if rows.empty:
        print("Adding would change nothing: there is no new count.")
        return
    print(f"What adding {count(len(rows), 'count')} would change:", flush=True)
    print(*changes.tell(changes.preview(rows, second)), sep="\n")
    print("To store the counts, run htanalysis add with the same files.")


def _check_store(form: str) -> None:
    problems = store.check_store()
    if form == "json":
        print(json.dumps({"problems": [asdict(problem) for problem in problems]}, indent=1))
        _refuse("" if problems else None)
    else:
        _show_problems(problems)
        todo = "Do what is said above, and check again."
        _refuse(f"{count(len(problems), 'problem')} in {store.folder()}. {todo}" if problems else None)
        rows = count(len(store.read_store()), "row")
        print(f"No problem found in {store.folder()}: {rows}, as they were added.")


def add(options: argparse.Namespace) -> None:
    """Check returns and store them."""
    require_described()
    with store.locked():
        store.require_untouched()
        problems, rows, files = _check_files(options)
        _show_problems(problems)
        wrong = _errors(problems)
        _refuse(f"{_sum_up(wrong, files)} Nothing was stored. Correct this, and add again." if wrong else None)
        grown = store.append(rows) if len(rows) else []
    if grown:
        print(f"Stored {count(len(rows), 'count')} in {', '.join(grown)}, in {store.folder()}.")
    else:
        print("Nothing was stored: there is no new count.")


def withdraw(options: argparse.Namespace) -> None:
    """Take back a count, or all that a file gave."""
    require_described()
    day = date.fromisoformat(_read_day(options.as_of))
    quarter, *names = options.what
    _refuse(
        None
        if len(names) in (0, 2)
        else "Name a quarter, a task force and a measure, or one file; a name of several words in quotation marks."
    )
    with store.locked():
        store.require_untouched()
        if names:
            names.append(options.type)
            rows = withdraw_count(store.read_store(), read_quarter(quarter), names, options.reason, day)
        else:
            rows = withdraw_file(store.read_store(), Path(quarter), options.reason, day)
        store.append(rows)
    print(f"Withdrawn from {day} on: {count(len(rows), 'count')}. Each is not returned until a later return gives it.")


def _errors(problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _show_problems(problems: Sequence[Problem]) -> None:
    lines = join_alike(_errors(problems))
    lines += [f"Notice: {line}" for line in join_alike(problem for problem in problems if problem.severity != "error")]
    for line in lines[:_MOST_PROBLEMS]:
        print(line, file=sys.stderr)
    if len(lines) > _MOST_PROBLEMS:
        print(f"... and {len(lines) - _MOST_PROBLEMS} more.", file=sys.stderr)


def _sum_up(wrong: Sequence[Problem], files: int) -> str:
    rows = len({(problem.file, problem.sheet, problem.row) for problem in wrong})
    return f"{count(len(wrong), 'problem')} in {count(rows, 'row')} of {count(files, 'file')}."


def count(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _refuse(message: str | None) -> None:
    if message is not None:
        raise HtanalysisError(message)


def template(options: argparse.Namespace) -> None:
    """Write a spreadsheet to be filled in."""
    quarter = read_quarter(options.quarter)
    require_returnable(quarter, date.today())
    path = Path(f"returns-{quarter}{'' if options.each else '.xlsx'}")
    if path.exists():
        raise HtanalysisError(f"{path} is there already, perhaps filled in. Move it away first.")
    if options.each:
        files = count(write_templates(quarter, path), "workbook")
        print(f"Ready to be sent out: {files} in the folder {path}, one for each task force.")
    else:
        write_template(quarter, path)
        print(f"Ready to be filled in: {path}")


def list_quarters(options: argparse.Namespace) -> None:
    """Show which quarters are held, and by whom."""
    if options.revisions:
        _list_revisions(store.read_store())
        return
    reporters = count_reporters(audience="internal")
    remarks = view_returns("latest", "internal").remarks
    remarks = remarks[remarks["state"].ne("summed")]
    for quarter, rows in count_quarters(audience="internal").groupby("quarter"):
        own = reporters[reporters["quarter"].eq(quarter)]
        told = tell_reporters(own).partition(f"{quarter} ")[2]
        print(f"{quarter}  {rows['count'].notna().sum() or 'none'} of {len(rows)} counts known, {told}")
        by_report = own["by_report"].item()
        for name in ("missing",) if by_report else ("returned_by", "in_part", "missing"):
            if own[name].item() or not (by_report or name == "in_part"):
                print(f"        {name.replace('_', ' ')}: {own[name].item() or 'none'}")
        alike = remarks[remarks["quarter"].eq(quarter)].groupby(["task_force", "remark"], sort=False)
        for (name, remark), measures in alike["measure"].unique().items():
            print(f"        {call(name)}, {', '.join(measures)}: {remark}")


def _list_revisions(held: pd.DataFrame) -> None:
    lines = []
    for (quarter, name, *names), rows in groupby(list_changes(list_versions(held)), key=itemgetter(0)):
        known = [(summed.count, day, why) for _, day, summed, why in rows if why or summed.count is not None]
        for (old, since, before), (new, day, reason) in pairwise(known):
            told = f"{quarter} {', '.join([call(name), *names])}: {'withdrawn' if old is None else old} ({since})"
            if new is None and not before:
                lines.append(f"{told} was withdrawn ({day}): {reason}")
            elif new not in (None, old):
                lines.append(f"{told} became {new} ({day})" + (f", {new - old:+d}" if old is not None else ""))
    print(*lines or ["No count that was known has changed."], sep="\n")


def show_register(options: argparse.Namespace) -> None:
    """Show who reports, and under which names, as known on a day."""
    for row in load_records("register", options.as_of).astype("object").fillna("").itertuples():
        ends = f"until {row.reports_until}" if row.reports_until else "on"
        print(f"{row.name}\n    reports from {row.reports_from} {ends}")
        told = {"other names": row.other_names, "home county": row.home_county, "own periods": row.periods}
        for label, text in {"first name": row.task_force, **told}.items():
            if text and text != row.name:
                print(f"    {label}: {text}")


def add_to_register(options: argparse.Namespace) -> None:
    """Add a task force to the register."""
    cells, day = _read_cells(vars(options)), _read_day(options.as_of)
    name, first = add_task_force(options.name, cells, options.also, day), cells["reports_from"]
    print(f"{name} reports from {first} on, as known from {day} on.")


def change_in_register(options: argparse.Namespace) -> None:
    """Change what the register says of a task force, such as when it ends."""
    day, given = _read_day(options.as_of), vars(options)
    cells, also, not_also = _read_cells(given), given.get("also", []), given.get("not_also", [])
    what = "--from, --reopen, --county, --periods, --also or --not-also"
    _refuse(None if cells or also or not_also else f"Say what changes: {what}.")
    name = change_task_force(options.name, cells, also, day, not_also)
    told = f"reports until {cells['reports_until']}" if cells.get("reports_until") else "is changed"
    print(f"{name} {told}, as known from {day} on. htanalysis register shows it.")
    if not_also:
        print(
            "What returns gave under that name stays counted. If it was not its own, htanalysis withdraw takes it back."
        )


def _read_cells(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the cells of a task force that are given; "" stands for none."""
    texts = {"home_county": given.get("county"), "periods": given.get("periods")}
    quarters = {"reports_from": given.get("first"), "reports_until": given.get("until")}
    cells: dict[str, Any] = {name: text or None for name, text in texts.items() if text is not None}
    cells |= {name: read_quarter(text) for name, text in quarters.items() if text is not None}
    return cells | ({"reports_until": None} if given.get("reopen") else {})


def rename_in_register(options: argparse.Namespace) -> None:
    """Give a task force another name."""
    day = _read_day(options.as_of)
    old = rename_task_force(options.name, options.new, day)
    print(f"{old} is {' '.join(options.new.split())} from {day} on. Returns may use both names.")


def show_measures(options: argparse.Namespace) -> None:
    """Show what the task forces are asked to count, as known on a day."""
    for row in load_measures(options.as_of).fillna({"at_most": ""}).itertuples():
        ends = "on" if row.asked_until == OPEN_END else f"to {row.asked_until}"
        ends += "".join(f", but not from {first} to {last}" for first, last in read_pauses(row.not_asked))
        print(f"{row.measure} ({row.unit}), asked for from {row.asked_from} {ends}\n    {row.definition}")
        if row.at_most:
            print(f"    A part of {row.at_most}.")


def declare_measure(options: argparse.Namespace) -> None:
    """Declare a measure."""
    first, day = read_quarter(options.first), _read_day(options.as_of)
    with store.locked():
        name = add_measure(options.name, options.unit, options.definition, first, options.at_most, day)
    print(f"{name} is asked for from {first} on, as known from {day} on. htanalysis template {first} has it.")


def stop_measure(options: argparse.Namespace) -> None:
    """Stop asking for a measure, or ask for it again."""
    until, first = (text and read_quarter(text) for text in (options.until, options.first))
    day = _read_day(options.as_of)
    with store.locked():
        drop_measure(options.name, until, day, first)
    again = f"from {first} on" if first else "and for the quarters since it was dropped"
    told = f"until {until}" if until else f"again, {again}"
    print(f"{options.name} is asked for {told}, as known from {day} on. What was returned stays.")


def correct(options: argparse.Namespace) -> None:
    """Keep that a published count was corrected."""
    period, day = ":".join(str(read_quarter(end)) for end in options.period.split(":")), _read_day(options.as_of)
    with store.locked():
        old = correct_count(options.measure, period, options.count, options.source, day)
    print(f"{options.measure}, {period}: {old:,} is corrected to {options.count:,} from {day} on ({options.source}).")
    for row in reconcile(count_quarters(audience="internal")).itertuples():
        if row.measure == options.measure and row.difference > 0:
            told = f"Notice: {row.measure}, {row.period}: the quarters or returns that are known give {row.returned:,}"
            text = f"{told}{' or more' * row.least}, and {row.published:,} does not hold. Ask which is right."
            print(text, file=sys.stderr)


def _read_day(text: str) -> str:
    if text == "today":
        return str(date.today())
    if (limit := find_limit(text)) in (pd.Timestamp.min, pd.Timestamp.max):
        raise HtanalysisError(f'"{text}" is not a day. Write it as YYYY-MM-DD.')
    if limit.date() > date.today():
        raise HtanalysisError(f"{text} is in the future. Give the day from which it is known.")
    return text


def show_data(options: argparse.Namespace) -> None:
    """List the data sets, explain one, or print the returns."""
    if options.as_of is not None:
        _print_returns(options.name, options.as_of)
    elif options.name is not None:
        _explain(options.name)
    else:
        for row in catalogue().itertuples():
            print(f"{row.name:22}{row.rows:>4} rows  {row.title}")
        print("\nhtanalysis data NAME explains one; htanalysis data returns explains the returns.")


def _print_returns(name: str | None, as_of: str) -> None:
    if name != "returns":
        raise HtanalysisError("--as-of goes with the returns alone. Write htanalysis data returns --as-of 2012-10-31.")
    rows = known_rows(store.read_store(), as_of)[list(COLUMNS)]
    rows.to_csv(sys.stdout, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def _explain(name: str) -> None:
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
        text = f"{column.definition} Empty: {column.empty_means}."
        print(textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="  "))
    print("\n" + textwrap.fill(f"Source: {facts['source']}", 100))


def export(options: argparse.Namespace) -> None:
    """Write the data sets in a researcher's formats."""
    write_export(options.folder)
    print(f"The data sets, and how to read them: {options.folder / 'README.txt'}")


def verify(options: argparse.Namespace) -> None:
    """Say whether a report is as it was made."""
    files, listed = manifest.verify(options.folder)
    told = f"{count(files, 'file')}, as they were made. {manifest.SUMS} itself has the SHA-256 {listed}."
    print(f"{options.folder}: {told}")
