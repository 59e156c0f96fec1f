"""The workbook that is sent out to be filled in."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from htanalysis.datasets import list_described, load
from htanalysis.sheets import COLUMNS

_GUIDE = (
    "How to fill in the sheet Returns",
    "A row is one count of one task force in one quarter. Fill in the count, and in as_of the day when it was known.",
    "Leave the count empty if it was not reported. Write 0 if there was none.",
    "Counts are whole numbers. Days are dates, written YYYY-MM-DD.",
    "A trafficking type is sex, labor or other (reported without classifying); all is every kind together.",
    "If your period is not the quarter, change period_start and period_end; both days are included.",
    "To correct a count that was sent before, send it again with a later as_of.",
    "Write no totals, no formulas, and no name of any person. Do not add columns.",
)


def write_template(quarter: pd.Period, path: Path) -> None:
    """Write a workbook for a quarter, ready to be filled in.

    Parameters
    ----------
    quarter : pandas.Period
        The quarter.
    path : pathlib.Path
        Where it goes.
    """
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": f"Returns for {quarter}", "created": datetime(2012, 11, 1)})
        lists = _list_values(quarter)
        _fill_returns(book, quarter, lists)
        guide = book.add_worksheet("Guide")
        guide.set_column(0, 0, 110)
        guide.write_column(0, 0, _GUIDE)
        values = book.add_worksheet("Lists")
        for place, (name, entries) in enumerate(lists.items()):
            values.write_column(0, place, [name.replace("_", " "), *entries])
        values.set_column(0, len(lists), 40)
    path.write_bytes(content.getvalue())


def _list_values(quarter: pd.Period) -> dict[str, list[str]]:
    """List what may stand in the columns that have a list."""
    forces = load("task_forces")
    since = pd.PeriodIndex(forces["reports_from"], freq="Q")
    enums = {field["name"]: field["constraints"].get("enum") for field in list_described()[-1]["schema"]["fields"]}
    names = forces.loc[since <= quarter, "task_force"].tolist()
    return {"task_force": names, "measure": enums["measure"], "trafficking_type": enums["trafficking_type"]}


def _fill_returns(book: Any, quarter: pd.Period, lists: dict[str, list[str]]) -> None:
    sheet = book.add_worksheet("Returns")
    day, bold = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bold": True})
    rows = [
        (force, measure, kind)
        for force in lists["task_force"]
        for measure in lists["measure"]
        for kind in lists["trafficking_type"]
    ]
    sheet.write_row(0, 0, COLUMNS, bold)
    for number, row in enumerate(rows, 1):
        sheet.write_datetime(number, 0, quarter.start_time.to_pydatetime(), day)
        sheet.write_datetime(number, 1, quarter.end_time.normalize().to_pydatetime(), day)
        sheet.write_row(number, 2, row)
        sheet.write_blank(number, 6, None, day)
    last = len(rows)
    for place, (name, values) in enumerate(lists.items()):
        column, letter = COLUMNS.index(name), "ABC"[place]
        source = f"=Lists!${letter}$2:${letter}${len(values) + 1}"
        sheet.data_validation(1, column, last, column, {"validate": "list", "source": source})
    whole = {"validate": "integer", "criteria": ">=", "value": 0, "error_message": "Write a whole number, 0 or more."}
    sheet.data_validation(1, COLUMNS.index("count"), last, COLUMNS.index("count"), whole)
    begun = {"validate": "date", "criteria": ">=", "value": quarter.start_time.to_pydatetime()}
    sheet.data_validation(1, COLUMNS.index("as_of"), last, COLUMNS.index("as_of"), begun)
    for place, width in enumerate((12, 12, 52, 24, 16, 10, 12)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
