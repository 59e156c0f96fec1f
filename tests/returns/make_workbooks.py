"""Write the workbooks of this folder: python tests/returns/make_workbooks.py. The CSV files are written by hand."""

import datetime
import zipfile
from pathlib import Path

import openpyxl
import xlsxwriter

FOLDER = Path(__file__).parent
COLUMNS = ["period_start", "period_end", "task_force", "measure", "trafficking_type", "count", "as_of"]
FIRST, LAST, KNOWN = (datetime.datetime(*day) for day in ((2012, 7, 1), (2012, 9, 30), (2012, 10, 31)))
GOOD = [FIRST, LAST, "Los Angeles Metro Area Task Force on Human Trafficking", "arrests", "all", 40, KNOWN]


def write(name, *rows, more=None, change=None):
    """Write a workbook with the columns, one good row and further rows."""
    with xlsxwriter.Workbook(FOLDER / name) as book:
        book.set_properties({"created": datetime.datetime(2012, 11, 1)})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("Returns")
        for number, row in enumerate([COLUMNS, GOOD, *rows]):
            for place, value in enumerate(row):
                if isinstance(value, datetime.datetime):
                    sheet.write_datetime(number, place, value, day)
                else:
                    sheet.write(number, place, value)
        if change:
            change(book, sheet)
        for title, cells in (more or {}).items():
            for number, row in enumerate(cells):
                (book.get_worksheet_by_name(title) or book.add_worksheet(title)).write_row(number, 0, row)


def but(**changes):
    """Give the good row for another task force, with some cells changed."""
    row = dict(zip(COLUMNS, GOOD, strict=True)) | {"task_force": "North Bay Human Trafficking Task Force", "count": 12}
    return list((row | changes).values())


def repack(name, source, change):
    """Copy a workbook's parts with a change of them."""
    with zipfile.ZipFile(FOLDER / source) as old, zipfile.ZipFile(FOLDER / name, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {part.filename: old.read(part) for part in old.infolist()}
        for filename, content in change(parts).items():
            new.writestr(zipfile.ZipInfo(filename, (2012, 11, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def with_entities(parts):
    sheet = "xl/worksheets/sheet1.xml"
    dtd = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    head, mark, rest = parts[sheet].partition(b"?>")
    return parts | {sheet: head + mark + dtd + rest}


def main():
    write("good-workbook.xlsx", but())
    write("good-workbook-text-dates.xlsx", but(period_start="2012-07-01", period_end="2012-09-30", as_of="2012-10-31"))
    write("good-workbook-with-guide.xlsx", more={"Guide": [["How to fill it in"]], "Lists": [["arrests"]]})
    write("bad-workbook-formula.xlsx", but(count="=SUM(F2:F2)"))
    write("bad-workbook-fraction.xlsx", but(count=2.5))
    write("bad-workbook-text-count.xlsx", but(count="1.277"))
    write("bad-workbook-truth.xlsx", but(count=True))
    write("bad-workbook-time-of-day.xlsx", but(as_of=datetime.datetime(2012, 10, 31, 14, 30)))
    write("notice-workbook-second-sheet.xlsx", more={"Notes": [["a name"]]})
    write("bad-workbook-two-returns.xlsx", more={"Returns 2": [COLUMNS]})
    write("bad-workbook-data-in-guide.xlsx", more={"Guide": [COLUMNS, ["2012-07-01"]]})
    write("bad-workbook-no-columns.xlsx", change=lambda _, sheet: sheet.write_row(0, 0, list("abcdefg")))
    with xlsxwriter.Workbook(FOLDER / "bad-workbook-empty.xlsx") as book:
        book.add_worksheet("Returns")
    write("bad-workbook-percent.xlsx", but(), change=_percent)
    write("bad-workbook-error.xlsx", but(), change=lambda _, sheet: sheet.write_formula("F3", "=1/0", None, "#DIV/0!"))
    repack("bad-workbook-macro.xlsx", "good-workbook.xlsx", lambda parts: parts | {"xl/vbaProject.bin": b"x"})
    repack("bad-workbook-link.xlsx", "good-workbook.xlsx", lambda parts: parts | {"xl/externalLinks/x.xml": b"<x/>"})
    repack("bad-workbook-entities.xlsx", "good-workbook.xlsx", with_entities)
    repack("bad-workbook-damaged.xlsx", "good-workbook.xlsx", lambda parts: parts | {"xl/workbook.xml": b"<x"})
    repack("bad-archive.xlsx", "good-workbook.xlsx", lambda _: {"notes.txt": b"no workbook"})
    whole = (FOLDER / "good-workbook.xlsx").read_bytes()
    (FOLDER / "bad-workbook-cut.xlsx").write_bytes(whole[: len(whole) // 2])
    book = openpyxl.load_workbook(FOLDER / "good-workbook.xlsx")
    book["Returns"]["F3"].value, book["Returns"]["F3"].data_type = "#N/A", "e"
    book.save(FOLDER / "bad-workbook-not-available.xlsx")


def _percent(book, sheet):
    sheet.write_number(2, 5, 0.12, book.add_format({"num_format": "0%"}))


if __name__ == "__main__":
    main()
