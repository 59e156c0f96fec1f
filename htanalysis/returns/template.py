"""The workbook that is sent out to be filled in, and the lists of what may stand in its columns."""

import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.data import list_described
from htanalysis.errors import HtanalysisError
from htanalysis.quarters import say_quarter
from htanalysis.report.cache import replace_file
from htanalysis.returns.measures import list_asked, list_types, load_measures
from htanalysis.returns.register import OPEN_END, list_reporting, name_forces, read_times
from htanalysis.returns.sheets import COLUMNS

_FIRST = "Fill in the yellow cells: the day on which the counts were known, and each count. The sheet Guide tells more."
_GUIDE = (
    "How to fill in the sheet Returns",
    "1. In the yellow cell at the top, beside as_of, write the day on which the counts were known, such as 2012-10-31.",
    "2. In each yellow cell below, write the count of that row. A row is one count of one task force in one period.",
    "3. Save the workbook as XLSX, and send it back. Do not change its other sheets, and do not add columns.",
    "Leave a count empty if it was not reported. Write 0 if there was none.",
    "Counts are whole numbers: no totals, no formulas, no remarks, and no name of any person.",
    "A trafficking type is sex, labor or other (reported without classifying); all is every kind together.",
    "If your period is not the quarter, change period_start and period_end; both days are included.",
    "The empty rows at the end are for more, such as a count of an earlier quarter: choose from the lists.",
    "To correct a count that you sent before, send it again with a later day in as_of.",
    "The other cells are locked, without a password, so that nothing is changed by mistake.",
)
#: The columns of the sheet, in a row below the title, what to do, and the day; rows that stay free for more.
_TOLD, _HEAD, _SPARE = COLUMNS[:-1], 3, 10
_DAY = "yyyy-mm-dd"


def list_allowed(column: str, quarter: pd.Period | None = None) -> tuple[str, ...]:
    """List the measures, those that are asked for in a quarter or all there ever were, or the trafficking types."""
    if column == "measure":
        measures = load_measures()
        return tuple(measures["measure"]) if quarter is None else list_asked(measures, [quarter])[quarter]
    fields = {field["name"]: field for field in list_described()[-1]["schema"]["fields"]}
    return tuple(fields[column]["constraints"]["enum"])


@lru_cache
def list_times() -> dict[str, tuple[pd.Period, pd.Period]]:
    """Give the first and the last quarter that each task force reports, and all of them together."""
    times = {name: (first, last) for name, first, last in read_times()}
    return times | {settings.STATEWIDE: (min(first for first, _ in times.values()), OPEN_END)}


def require_returnable(quarter: pd.Period, today: date) -> None:
    """Refuse a quarter for which nobody can have a count, since it has not ended or no task force reports then."""
    last = quarter.end_time.date()
    if last >= today:
        raise HtanalysisError(f"{quarter} ends on {last}. Ask for its template after that day.")
    if not list_reporting(quarter):
        first = list_times()[settings.STATEWIDE][0]
        raise HtanalysisError(f"No task force reports for {quarter}. Ask for {first} or a later quarter.")


def _list_names(quarter: pd.Period) -> list[str]:
    """List the task forces that report a quarter, by what they are called now."""
    called = name_forces()
    return sorted(called[name] for name in list_reporting(quarter))


def write_templates(quarter: pd.Period, folder: Path) -> int:
    """Write a workbook for each task force, with its rows alone, into a folder of that name, and give their number."""
    names = _list_names(quarter)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".templates-") as place:
        (draft := Path(place, folder.name)).mkdir()
        for name in names:
            written = re.sub(r"[^\w]+", "-", name).strip("-")
            write_template(quarter, draft / f"{written}-{quarter}.xlsx", name)
        draft.replace(folder)
    return len(names)


def write_template(quarter: pd.Period, path: Path, name: str | None = None) -> None:
    """Write a workbook for a quarter, to be filled in: a row for each measure and type, of one task force or all."""
    import xlsxwriter

    names = [name] if name else _list_names(quarter)
    lists = {
        "task_force": names if name else [*names, settings.STATEWIDE],
        "measure": list_allowed("measure", quarter),
        "trafficking_type": list_allowed("trafficking_type"),
    }
    rows = [(each, measure, kind) for each in names for measure in lists["measure"] for kind in list_types(measure)]
    title = f"Return for {say_quarter(quarter)}" + f", {name}" * bool(name)
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": title, "created": datetime(2012, 11, 1)})
        sheet, guide, values = (book.add_worksheet(name) for name in ("Returns", "Guide", "Lists"))
        _fill_returns(book, sheet, quarter, title, rows)
        _add_rules(sheet, quarter, lists, len(rows))
        guide.set_column(0, 0, 110, book.add_format({"text_wrap": True, "valign": "top"}))
        guide.write_column(0, 0, _GUIDE)
        for place, (column, entries) in enumerate(lists.items()):
            values.write_column(0, place, [column.replace("_", " "), *entries])
        values.hide()
        for each in (sheet, guide, values):  # Without a password: who means to change more can take it off.
            each.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})
    replace_file(path, content.getvalue())


def _fill_returns(book: Any, sheet: Any, quarter: pd.Period, title: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Write the sheet's cells; yellow are those to be filled in, and only what may be changed is not locked."""
    head = book.add_format({"bold": True, "bg_color": "#1f3a5f", "font_color": "white"})
    edge = {"border": 1, "border_color": "#b8a25a", "locked": False}
    yellow = edge | {"bg_color": "#fff4c2"}
    number, as_of = book.add_format(yellow), book.add_format(yellow | {"num_format": _DAY})
    free, day = book.add_format(edge), book.add_format(edge | {"num_format": _DAY, "align": "left"})
    sheet.write(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
    sheet.write(1, 0, _FIRST)
    sheet.write(2, 0, "as_of", book.add_format({"bold": True}))
    sheet.write_blank(2, 1, None, as_of)
    sheet.write_row(_HEAD, 0, _TOLD, head)
    for place, row in enumerate(rows, _HEAD + 1):
        sheet.write_datetime(place, 0, quarter.start_time.to_pydatetime(), day)
        sheet.write_datetime(place, 1, quarter.end_time.normalize().to_pydatetime(), day)
        sheet.write_row(place, 2, row)
        sheet.write_blank(place, 5, None, number)
    for place in range(_HEAD + 1 + len(rows), _HEAD + 1 + len(rows) + _SPARE):
        for column in range(len(_TOLD)):
            sheet.write_blank(place, column, None, day if column < 2 else free)
    for column, width in enumerate((12, 12, 2 + max(len(name) for name, *_ in rows), 24, 16, 10)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(_HEAD + 1, 0)
    sheet.autofilter(_HEAD, 0, _HEAD + len(rows), len(_TOLD) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _add_rules(sheet: Any, quarter: pd.Period, lists: Mapping[str, Sequence[str]], rows: int) -> None:
    """Let the cells take nothing but what a return may hold: names from a list, whole numbers, days."""
    first = {"validate": "date", "criteria": ">=", "value": quarter.start_time.to_pydatetime()}
    known = "Write the day on which the counts were known, such as 2012-10-31."
    sheet.data_validation(2, 1, 2, 1, first | {"input_title": "as_of", "input_message": known, "error_message": known})
    whole = {"validate": "integer", "criteria": "between", "minimum": 0, "maximum": 9_999_999}
    rules = {5: whole | {"error_message": "Write a whole number, 0 if there was none. Leave it empty if not reported."}}
    for place, (letter, entries) in enumerate(zip("ABC", lists.values(), strict=True), 2):
        rules[place] = {"validate": "list", "source": f"=Lists!${letter}$2:${letter}${len(entries) + 1}"}
    for place, rule in rules.items():
        sheet.data_validation(_HEAD + 1, place, _HEAD + rows + _SPARE, place, rule)
