"""The rows of a return: which sheet of a file has them, which row names their columns, and what is told of the rest.

What the cells mean is checked elsewhere. A message shows no character that a terminal would obey.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from htanalysis.cells import Cell, Table, UnreadableError, find_hidden, show
from htanalysis.files import read_tables

#: The columns of a return.
COLUMNS = ("period_start", "period_end", "task_force", "measure", "trafficking_type", "count", "as_of")

#: Sheets of the template that hold no counts.
_GUIDES = ("Guide", "Lists")
#: The row that names the columns is looked for among the first; fewer of its names are another table's.
_HEAD_WITHIN, _LEAST_NAMES = 100, 3
#: What refers to a note, behind the name of a column.
_REFERENCE = re.compile(
    r"\s*(\[(note )?([1-9]?[1-9]|[a-jln-z])\]|\((note )?[1-9]?[1-9]\)|\(yyyy-mm-dd\)|[*†‡§¹²³⁰-⁹:]+)$", re.IGNORECASE
)
#: The columns' names written as one word.
_JOINED = {name.replace("_", ""): name for name in COLUMNS}
#: Words beside a table by which its counts are no plain counts.
_SCALED = re.compile(r"\b(hundreds?|thousands?|000s?|percent|per cent|rates?|100+|x ?10+)\b|^units?\b|%", re.IGNORECASE)
_COPY = "send a copy without it"


@dataclass(frozen=True)
class Problem:
    """Something to tell about a file.

    Attributes
    ----------
    file : str
        The file's name without its folder, made printable.
    sheet : str or None
        The sheet of a workbook.
    row : int or None
        The row as the spreadsheet shows it: the first is 1.
    column : str or None
        The column's name.
    value : str or None
        What was found.
    message : str
        What was found, what was expected and what to do.
    severity : str
        "error", or "notice" for what is only worth a look.
    """

    file: str
    sheet: str | None
    row: int | None
    column: str | None
    value: str | None
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        sheet, row = self.sheet and f"sheet {self.sheet}", self.row and f"row {self.row}"
        return f"{', '.join(filter(None, (self.file, sheet, row, self.column)))}: {self.message}"


@dataclass(frozen=True)
class Row:
    """A row of a return: its cells as text, and the columns whose cell could not be read and was told as a problem."""

    file: str
    sheet: str | None
    number: int
    cells: dict[str, str]
    broken: frozenset[str] = frozenset()

    def problem(self, column: str | None, value: str | None, message: str, severity: str = "error") -> Problem:
        """Make a problem of this row."""
        return Problem(self.file, self.sheet, self.number, column, value and show(value), message, severity)


def read_sheet(path: Path, name: str) -> tuple[list[Row], list[Problem]]:
    """Read the rows of a return.

    Parameters
    ----------
    path : pathlib.Path
        As for `read_tables`.
    name : str
        What the file is called in problems.

    Returns
    -------
    rows : list of Row
        The rows below the one that names the columns; none where the file cannot be read.
    problems : list of Problem
        What is wrong with the file, its columns or single cells.
    """
    try:
        tables = [table for table in read_tables(path) if table.rows]
        table = _choose(tables)
    except UnreadableError as error:
        return [], [Problem(name, None, None, None, None, str(error))]
    problems = [told for other in tables if other is not table for told in _tell_other(name, other, table)]
    rows, more = _name_cells(name, table)
    return rows, problems + more


# The sheet


def _choose(tables: Sequence[Table]) -> Table:
    """Find the sheet that names the columns."""
    best = max(tables, key=lambda table: (len(_known(table)), not table.hidden, len(table.rows)), default=None)
    if best is None:
        raise UnreadableError("it holds nothing. Send the file again.")
    if len(_known(best)) >= _LEAST_NAMES:
        return best
    number, cells = next(iter(best.rows.items()))
    found = [f'"{show(cell.text.strip())}"' for cell in cells if cell.text.strip()]
    listed = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    where = f"row {number} of {show(best.sheet)}" if best.sheet else f"row {number}"
    todo = "Fill in the workbook that htanalysis template makes, or name the columns as it does"
    raise UnreadableError(f"no row names the columns of a return; {where} holds {listed or 'none'}. {todo}.")


def _find_head(table: Table) -> int:
    """Give the row that names most columns."""
    first = list(table.rows)[:_HEAD_WITHIN]
    return max(first, key=lambda number: len(_names(table.rows[number]) & set(COLUMNS)))


def _known(table: Table) -> set[str]:
    return _names(table.rows[_find_head(table)]) & set(COLUMNS)


def _names(cells: Iterable[Cell]) -> set[str]:
    return {_column(cell.text) for cell in cells}


def _column(text: str) -> str:
    """Give the name that a heading means, whatever its case and blanks and behind it a reference to a note."""
    seen = " ".join("".join(sign for sign in text if sign.isspace() or not find_hidden(sign)).split())
    while (short := _REFERENCE.sub("", seen)) != seen:
        seen = short
    name = re.sub(r"[ _-]+", "_", seen.casefold())
    return _JOINED.get(name.replace("_", ""), name)


def _tell_other(file: str, other: Table, table: Table) -> Iterator[Problem]:
    """Say that a sheet is not read: an error where it may hold counts."""
    known = len(_known(other))
    kind = "this hidden sheet" if other.hidden else "this sheet"
    wide = any(sum(cell.filled for cell in cells) >= len(COLUMNS) / 2 for cells in other.rows.values())
    if other.sheet in _GUIDES and not wide:
        return
    text, severity = f"{kind} names no columns, and is not read.", "notice"
    if known >= _LEAST_NAMES:
        todo = f"Put all rows on one sheet, or {_COPY}"
        text, severity = f"{kind} names columns too, and only {show(table.sheet)} is read. {todo}.", "error"
    elif wide:
        todo = f"If it holds counts, put them on {show(table.sheet)}; if not, {_COPY}"
        text, severity = f"{kind} holds a table, and only {show(table.sheet)} is read. {todo}.", "error"
    yield Problem(file, show(other.sheet), None, None, None, text, severity)


# Its columns


def _name_cells(file: str, table: Table) -> tuple[list[Row], list[Problem]]:
    """Give each row's cells their column's name."""
    top = _find_head(table)
    head = table.rows[top]
    columns = [_column(cell.text) for cell in head]
    first = Row(file, table.sheet and show(table.sheet), top, {})
    problems = [first.problem(None, None, cell.wrong) for cell in head if cell.wrong]
    problems += [*_tell_above(first, table, top), *_check_head(first, head, columns)]
    if set(COLUMNS) - set(columns):
        return [], problems
    rows, below = [], {number: cells for number, cells in table.rows.items() if number > top}
    for number, cells in below.items():
        row, wrong = _name_row(Row(file, first.sheet, number, {}), columns, cells)
        rows.append(row)
        problems += wrong
    if not rows:
        problems.append(first.problem(None, None, "no row follows the names of the columns. Send the file again."))
    return rows, [*problems, *_tell_unseen(first, table, columns, below)]


def _tell_above(first: Row, table: Table, top: int) -> Iterator[Problem]:
    """Say that what stands above the names of the columns is not read; refuse it where it may be more than a title."""
    above = [cells for number, cells in table.rows.items() if number < top]
    if any(sum(cell.filled for cell in cells) > 2 for cells in above):
        text = "it names the columns, and rows above it hold more than a title. Make it the first row of the table."
        yield first.problem(None, None, text)
    elif any(_SCALED.search(cell.text) for cells in above for cell in cells):
        text = "what stands above the names of the columns speaks of parts or multiples. Write plain counts."
        yield first.problem(None, None, text)
    elif above:
        text = "it names the columns; what stands above it is a title, and is not read."
        yield first.problem(None, None, text, "notice")


def _check_head(first: Row, head: Sequence[Cell], columns: Sequence[str]) -> Iterator[Problem]:
    missing = [name for name in COLUMNS if name not in columns]
    strange, twice = [], []
    for place, (cell, name) in enumerate(zip(head, columns, strict=True)):
        shown = f'"{show(" ".join(cell.text.split()))}"'
        if name in COLUMNS and name in columns[:place]:
            twice.append(name)
        elif name in COLUMNS and _REFERENCE.search(cell.text.strip()):
            yield first.problem(name, name, f"{shown} is taken as {name}.", "notice")
        elif name and name not in COLUMNS:
            near = difflib.get_close_matches(name, missing, n=1, cutoff=0.6) or [
                column for column in missing if re.search(rf"(^|_){column}s?(_|$)", name)
            ]
            if near and not _SCALED.search(cell.text):
                yield first.problem(None, None, f"{shown} is not a column. Did you mean {near[0]}? Name it so.")
            else:
                strange.append(shown)
    if twice:
        are = "this column is" if len(twice) == 1 else f"{', '.join(twice)} are"
        yield first.problem(twice[0], None, f"{are} there twice. Keep one table on a sheet, with each column once.")
    if strange:
        yield first.problem(None, None, _tell_strange(strange, bool(missing)))
    if missing:
        words = "column {} is" if len(missing) == 1 else "columns {} are"
        text = f"the {words.format(', '.join(missing))} missing. The columns must be {', '.join(COLUMNS)}."
        yield first.problem(None, None, text)


def _tell_strange(strange: Sequence[str], missing: bool) -> str:
    listed = ", ".join(strange[:5]) + (f" and {len(strange) - 5} more" if len(strange) > 5 else "")
    told = f"{listed} {'is not a column' if len(strange) == 1 else 'are not columns'} of a return"
    if missing:
        return f"{told}. What is meant as one of the columns needs its name."
    return f"{told}. It may hold a name, and is never stored: {_COPY}."


# Its rows


def _name_row(row: Row, columns: Sequence[str], cells: Sequence[Cell]) -> tuple[Row, list[Problem]]:
    texts, broken, problems = dict.fromkeys(COLUMNS, ""), set(), []
    for name, cell in zip(columns, cells, strict=False):
        if name not in texts:
            continue
        texts[name] = text = cell.text.strip()
        hidden = find_hidden(text)
        wrong = cell.wrong or (
            hidden and f'"{show(text)}" holds the invisible character {show(hidden)}. Type it again.'
        )
        if wrong:
            broken.add(name)
            # A row that is struck out is one problem, not seven.
            if _mask(wrong) not in {_mask(problem.message) for problem in problems}:
                problems.append(row.problem(name, text, wrong))
        elif cell.told:
            problems.append(row.problem(name, text, cell.told, "notice"))
    unnamed = [cell for place, cell in enumerate(cells) if place >= len(columns) or not columns[place]]
    if any(cell.filled for cell in unnamed):
        more = f"a cell stands beside the columns. Put it into its column, or {_COPY}."
        problems.append(row.problem(None, None, more))
    return Row(row.file, row.sheet, row.number, texts, frozenset(broken)), problems


def _tell_unseen(
    first: Row, table: Table, columns: Sequence[str], below: Mapping[int, Sequence[Cell]]
) -> Iterator[Problem]:
    """Say what the sender may not have seen, and what a cell that spans rows leaves open."""
    if table.hidden:
        yield first.problem(None, None, "this sheet is hidden. Show it, see whether it is the return, and save it.")
    place = columns.index("count")
    for number in sorted(table.hidden_rows & set(below)):
        if place < len(below[number]) and below[number][place].filled:
            text = "it is hidden, and its count was read. Show it, and see whether it is meant."
            yield Row(first.file, first.sheet, number, {}).problem(None, None, text, "notice")
    for place, name in enumerate(columns, 1):
        if name in COLUMNS and place in table.hidden_columns:
            yield first.problem(name, None, "this column is hidden, and was read. See whether it is right.", "notice")
    for area, top, bottom, left, right in table.merged:
        names = {name for name in columns[left - 1 : right] if name in COLUMNS} - {"as_of"}
        spans = bottom > max(top, first.number) or (right > left and sum(c.filled for c in below.get(top, [])) > 2)
        if spans and names:
            text = f"{area} is one merged cell. Unmerge it, and write into each cell what is meant for it."
            yield first.problem(None, None, text)


# Many problems


def say_rows(numbers: Sequence[int]) -> str:
    """Say which rows are meant.

    Examples
    --------
    >>> say_rows([5]), say_rows([5, 9]), say_rows([5, 6, 181])
    ('row 5', 'rows 5 and 9', 'rows 5 to 181')
    """
    if len(numbers) < 3:
        return f"row{'s' * (len(numbers) > 1)} {' and '.join(map(str, numbers))}"
    return f"rows {numbers[0]} to {numbers[-1]}"


def join_alike(problems: Iterable[Problem]) -> list[str]:
    """Write problems in lines: those that differ in nothing but their row and value are one.

    Examples
    --------
    >>> join_alike([Problem("a.csv", None, row, "count", "x", '"x" is not a number.') for row in (5, 6, 181)])
    ['a.csv, 3 cells of count, rows 5 to 181: "x" is not a number.']
    """
    alike: dict[tuple, list[Problem]] = defaultdict(list)
    for problem in problems:
        said = problem.message.replace(problem.value, "") if problem.value else problem.message
        alike[problem.file, problem.sheet, problem.column, problem.severity, _mask(said)].append(problem)
    return [_join(same) for same in alike.values()]


def _mask(message: str) -> str:
    """Leave the names of cells out of a message."""
    return re.sub(r"\b[A-Z]{1,3}[0-9]+\b", "", message)


def _join(same: Sequence[Problem]) -> str:
    first = same[0]
    numbers = sorted({problem.row for problem in same if problem.row})
    if len(numbers) < 2:
        return str(first)
    what = f"{len(same)} cells of {first.column}" if first.column else f"{len(same)} rows"
    places = (first.file, first.sheet and f"sheet {first.sheet}", what, say_rows(numbers))
    return f"{', '.join(filter(None, places))}: {first.message}"
