"""From tables to the rows of a return: which sheet has them, and which row names their columns.

No message shows a character that a terminal would obey. What a row means is checked elsewhere.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from htanalysis.errors import HtanalysisError
from htanalysis.returns.files import Cell, Table, UnreadableError, find_hidden, list_tables, read_tables, show

#: The columns of a return.
COLUMNS = ("period_start", "period_end", "task_force", "measure", "trafficking_type", "count", "as_of")
DAYS = ("period_start", "period_end", "as_of")

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
_SCALED = re.compile(
    r"\b(tens|dozens?|hundreds?|thousands?|[mb]illions?|000s?|10+s|100+|percent|per cent|rates?|rounded|averages?)\b"
    r"|[x×] ?10|^units?\b|%",
    re.IGNORECASE,
)
_COPY = "send a copy without it"


@dataclass(frozen=True)
class Problem:
    """Something to tell about a file: where it is, what was found, and what to do. The first row of a sheet is 1."""

    file: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    message: str = ""
    severity: str = "error"  # or "notice", for what is only worth a look

    def __str__(self) -> str:
        sheet, row = self.sheet and f"sheet {self.sheet}", self.row and f"row {self.row}"
        return f"{', '.join(filter(None, (self.file, sheet, row, self.column)))}: {self.message}"


@dataclass(frozen=True)
class Row:
    """A row of a return: its cells as text, and the columns whose cell could not be read and was told as a problem.

    Its `as_of` is the one of the row above the table that is named by `dated`, where it has none of its own.
    """

    file: str
    sheet: str | None
    number: int
    cells: dict[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    dated: int | None = None

    def problem(self, message: str, column: str | None = None, severity: str = "error") -> Problem:
        """Make a problem of this row, or of one of its cells."""
        value, number = self.cells.get(column), (column == "as_of" and self.dated) or self.number
        return Problem(self.file, self.sheet, number, column, value and show(value), message, severity)


def read_sheet(path: Path, name: str) -> tuple[list[Row], list[Problem]]:
    """Read the rows of a return, and tell what is wrong with the file, which is called `name`, its columns or cells."""
    try:
        heads = [(table, *_find_head(table)) for table in read_tables(path) if table.rows]
        table, top, columns = _choose(heads)
    except UnreadableError as error:
        return [], [Problem(name, message=str(error))]
    head = Row(name, table.sheet and show(table.sheet), top)
    others = (_tell_other(head, other, names) for other, _, names in heads if other is not table)
    problems = [told for told in others if told]
    problems += [head.problem(cell.wrong) for cell in table.rows[top] if cell.wrong]
    days = _find_days(head, table)
    problems += [*_tell_above(head, table, days), *_check_head(head, table.rows[top], columns, bool(days))]
    if _known([*columns, *["as_of"] * len(days)]) < len(COLUMNS):
        return [], problems
    rows = []
    for number, cells in table.rows.items():
        if number > top:
            rows.append(_date_row(_name_row(head, number, columns, cells), days))
            problems += _tell_cells(rows[-1], columns, cells)
    if not rows:
        problems.append(head.problem("no row follows the names of the columns. Send the file again."))
    return rows, [*problems, *_tell_unseen(head, table, columns, rows)]


def find_files(paths: Iterable[Path]) -> tuple[list[Path], list[Problem]]:
    """Write folders out as their XLSX and CSV files, but for those in which no count is filled in, which are told."""
    found, told = [], []
    for path in paths:
        files = list_tables(path) if path.is_dir() else [path]
        empty = [file for file in files if path.is_dir() and _is_unfilled(file)]
        found += [file for file in files if file not in empty]
        if empty:
            names = ", ".join(show(file.name) for file in empty)
            text = f"no count is filled in, and so it is left out: {names}."
            told.append(Problem(show(path.name), message=text, severity="notice"))
    if not found:
        raise HtanalysisError(
            "No count is filled in there. Name the XLSX or CSV files that came back, or their folder."
        )
    return [*{path.resolve(): path for path in found}.values()], told  # One that is given twice is read once.


def _is_unfilled(path: Path) -> bool:
    rows, problems = read_sheet(path, path.name)
    return not problems and not any(row.cells["count"] for row in rows)


# The sheet


def _find_head(table: Table) -> tuple[int, list[str]]:
    """Give the row that names most columns, and what it names."""
    rows = {number: [_column(cell.text) for cell in cells] for number, cells in list(table.rows.items())[:_HEAD_WITHIN]}
    return max(rows.items(), key=lambda row: _known(row[1]))


def _known(names: Iterable[str]) -> int:
    return len({*names} & {*COLUMNS})


def _column(text: str) -> str:
    """Give the name that a heading means, whatever its case and blanks and behind it a reference to a note."""
    seen = " ".join("".join(sign for sign in text if sign.isspace() or not find_hidden(sign)).split())
    while (short := _REFERENCE.sub("", seen)) != seen:
        seen = short
    name = re.sub(r"[ _-]+", "_", seen.casefold())
    return _JOINED.get(name.replace("_", ""), name)


def _choose(heads: Sequence[tuple[Table, int, list[str]]]) -> tuple[Table, int, list[str]]:
    """Find the sheet that names the columns."""
    best = max(heads, key=lambda head: (_known(head[2]), not head[0].hidden, len(head[0].rows)), default=None)
    if best is None:
        raise UnreadableError("it holds nothing. Send the file again.")
    table, _, names = best
    if _known(names) >= _LEAST_NAMES:
        return best
    number, cells = next(iter(table.rows.items()))
    if sum(name in cells[0].text.casefold() for name in COLUMNS) >= _LEAST_NAMES:
        text = (
            f"row {number} names all columns in one cell. Save it as XLSX, or as CSV with a comma between the columns."
        )
        raise UnreadableError(text)
    listed = _list([f'"{show(cell.text.strip())}"' for cell in cells if cell.text.strip()], 3) or "none"
    where = f"row {number} of {show(table.sheet)}" if table.sheet else f"row {number}"
    todo = "Fill in the workbook that htanalysis template makes, or name the columns as it does"
    raise UnreadableError(f"no row names the columns of a return; {where} holds {listed}. {todo}.")


def _list(names: Sequence[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _tell_other(head: Row, other: Table, names: Sequence[str]) -> Problem | None:
    """Say that a sheet is not read: an error where it may hold counts."""
    wide = any(sum(cell.filled for cell in cells) >= len(COLUMNS) / 2 for cells in other.rows.values())
    if other.sheet in _GUIDES and not wide:
        return None
    text = "names no columns, and is not read."
    if _known(names) >= _LEAST_NAMES:
        text = f"names columns too, and only {head.sheet} is read. Put all rows on one sheet, or {_COPY}."
    elif wide:
        todo = f"If it holds counts, put them on {head.sheet}; if not, {_COPY}"
        text = f"holds a table, and only {head.sheet} is read. {todo}."
    severity = "error" if wide or _known(names) >= _LEAST_NAMES else "notice"
    text = f"this {'hidden ' * other.hidden}sheet {text}"
    return Problem(head.file, show(other.sheet), message=text, severity=severity)


# Its columns


def _find_days(head: Row, table: Table) -> dict[int, Cell]:
    """Find the day that all rows below the names of the columns have, by its row: it stands above, behind as_of."""
    above = {number: cells for number, cells in table.rows.items() if number < head.number}
    filled = {number: [cell for cell in cells if cell.filled] for number, cells in above.items()}
    return {number: (*cells, Cell(""))[1] for number, cells in filled.items() if _column(cells[0].text) == "as_of"}


def _tell_above(head: Row, table: Table, days: Mapping[int, Cell]) -> Iterator[Problem]:
    """Say that what stands above the names of the columns is not read; refuse it where it may be more than a title."""
    above = [cells for number, cells in table.rows.items() if number < head.number]
    for number, cell in days.items():
        hidden = number in table.hidden_rows and "its row is hidden. Show it, and see whether it is right."
        if told := _tell_wrong(cell) or hidden or cell.told:
            severity = "notice" if told == cell.told else "error"
            yield replace(head, number=number).problem(told, "as_of", severity)
    if len(days) > 1:
        yield head.problem("as_of stands above it more than once. Keep the one that is right for all rows.", "as_of")
    if any(sum(cell.filled for cell in cells) > 2 for cells in above):
        more = "rows above it hold more than a title. Make it the first row of the table."
        yield head.problem(f"it names the columns, and {more}")
    elif any(_SCALED.search(cell.text) for cells in (*above, [Cell(table.sheet or "")]) for cell in cells):
        more = "speaks of thousands, percent or the like. Write plain counts."
        yield head.problem(f"what stands above the names of the columns {more}")
    elif above and not days:
        text = "it names the columns; what stands above it is a title, and is not read."
        yield head.problem(text, None, "notice")


def _check_head(head: Row, cells: Sequence[Cell], columns: Sequence[str], dated: bool) -> Iterator[Problem]:
    missing = [name for name in COLUMNS if name not in columns and not (dated and name == "as_of")]
    strange, meant = [], set()
    for cell, name in zip(cells, columns, strict=True):
        shown = f'"{show(" ".join(cell.text.split()))}"'
        if name in COLUMNS and columns.count(name) == 1 and _REFERENCE.search(cell.text.strip()):
            yield head.problem(f"{shown} is taken as {name}.", name, "notice")
        elif name and name not in COLUMNS:
            near = difflib.get_close_matches(name, missing, n=1, cutoff=0.6) or [
                column for column in missing if re.search(rf"(^|_){column}s?(_|$)", name)
            ]
            if near and _SCALED.search(cell.text):
                yield head.problem(
                    f"{shown} speaks of thousands, percent or the like. Write plain counts in a column named {near[0]}."
                )
            elif near:
                yield head.problem(f"{shown} is not a column. Did you mean {near[0]}? Name it so.")
            else:
                strange.append(shown)
            meant |= {*near}
    missing = [name for name in missing if name not in meant]
    if twice := [name for name in dict.fromkeys(columns) if name in COLUMNS and columns.count(name) > 1]:
        are = "this column is" if len(twice) == 1 else f"{', '.join(twice)} are"
        yield head.problem(f"{are} there twice. Keep one table on a sheet, with each column once.", twice[0])
    if strange:
        are = "is not a column" if len(strange) == 1 else "are not columns"
        todo = "If it stands for a column that is missing, give it that column’s name"
        todo = todo if missing else f"It may hold a name, and is never stored: {_COPY}"
        yield head.problem(f"{_list(strange, 5)} {are} of a return. {todo}.")
    if missing:
        are = "column {} is" if len(missing) == 1 else "columns {} are"
        text = f"the {are.format(', '.join(missing))} missing. The columns must be {', '.join(COLUMNS)}."
        yield head.problem(text)


# Its rows


def _name_row(head: Row, number: int, columns: Sequence[str], cells: Sequence[Cell]) -> Row:
    """Give each cell its column's name; a cell is broken if it could not be read or holds what nobody sees."""
    texts, broken = dict.fromkeys(COLUMNS, ""), set()
    for name, cell in zip(columns, cells, strict=False):
        if name in texts:
            texts[name] = cell.text.strip()
            if _tell_wrong(cell):
                broken.add(name)
    return Row(head.file, head.sheet, number, texts, frozenset(broken))


def _date_row(row: Row, days: Mapping[int, Cell]) -> Row:
    """Give a row the day that stands above the table, unless it has its own, or is a note beside the table."""
    own = "as_of" in row.broken or row.cells["as_of"]
    if not days or own or len(row.broken) + sum(map(bool, row.cells.values())) < _LEAST_NAMES:
        return row
    ((number, cell), *_) = days.items()
    broken = row.broken | ({"as_of"} if _tell_wrong(cell) else set())
    return replace(row, cells=row.cells | {"as_of": cell.text.strip()}, broken=frozenset(broken), dated=number)


def _tell_wrong(cell: Cell) -> str | None:
    text = cell.text.strip()
    hidden = find_hidden(text)
    what = "a line break" if hidden in ("\n", "\r") else f"the invisible character {show(hidden or '')}"
    return cell.wrong or (hidden and f'"{show(text)}" holds {what}. Type it again.')


def _tell_cells(row: Row, columns: Sequence[str], cells: Sequence[Cell]) -> Iterator[Problem]:
    """Say what is wrong with single cells of a row, and how others were read."""
    told = set()
    for name, cell in zip(columns, cells, strict=False):
        if name in row.broken and (wrong := _tell_wrong(cell)):
            # A row that is struck out is one problem, not seven.
            if _mask(wrong) not in told:
                yield row.problem(wrong, name)
            told.add(_mask(wrong))
        elif cell.told and name in COLUMNS:
            yield row.problem(cell.told, name, "notice")
    if any(cell.filled for place, cell in enumerate(cells) if place >= len(columns) or not columns[place]):
        yield row.problem(f"a cell stands beside the columns. Put it into its column, or {_COPY}.")


def _tell_unseen(head: Row, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Problem]:
    """Say what the sender may not have seen, and what a cell that spans rows leaves open."""
    if table.hidden:
        yield head.problem("this sheet is hidden. Show it, see whether it is the return, and save it.")
    if table.altered:
        text = "its conditional formatting strikes out, hides or alters counts. Delete it, and see what is meant."
        yield head.problem(text)
    for row in rows:
        if row.number in table.hidden_rows and (row.cells["count"] or "count" in row.broken):
            text = "it is hidden, and its count was read. Show it, and see whether it is meant."
            yield row.problem(text, severity="notice")
    for place, name in enumerate(columns, 1):
        if name in COLUMNS and place in table.hidden_columns:
            yield head.problem("this column is hidden, and was read. See whether it is right.", name, "notice")
    for area, top, bottom, left, right in table.merged:
        filled = sum(cell.filled for cell in table.rows.get(top, []))
        covered = (table.rows.get(row, [])[left - (row > top) : right] for row in range(top, bottom + 1))
        spans = bottom > max(top, head.number) or (right > left and top > head.number and filled > 2)
        apart = {*COLUMNS} if any(cell.filled for cells in covered for cell in cells) else {*COLUMNS} - {"as_of"}
        if spans and {*columns[left - 1 : right]} & apart:
            place = replace(head, number=max(top, head.number))
            yield place.problem(
                f"{area} is one merged cell. Unmerge it, and write into each cell what is meant for it."
            )


def fill_as_of(rows: Sequence[Row]) -> tuple[list[Row], list[Problem]]:
    """Give each count of a task force and period the `as_of` that stands in one row of them, if it is the only one."""
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.cells[name].casefold() for name in ("task_force", "period_start", "period_end"))].append(row)
    filled, told = {}, []
    for group in groups.values():
        stated = {row.cells["as_of"]: row.number for row in reversed(group) if row.cells["as_of"]}
        empty = [row for row in group if row.cells["count"] and not row.cells["as_of"]]
        if len(stated) == 1 and empty and not any("as_of" in row.broken for row in group):
            ((day, source),) = stated.items()
            where = say_rows([row.number for row in empty])
            text = f"it is empty in {where}; {show(day)} is taken, as row {source} says for this task force."
            told.append(empty[0].problem(text, "as_of", "notice"))
            filled |= {row.number: replace(row, cells=row.cells | {"as_of": day}) for row in empty}
    return [filled.get(row.number, row) for row in rows], told


# Many problems


def say_rows(numbers: Sequence[int]) -> str:
    """Say which rows are meant: row 5, rows 5 and 9, or rows 5 to 181."""
    if len(numbers) < 3:
        return f"row{'s' * (len(numbers) > 1)} {' and '.join(map(str, numbers))}"
    return f"rows {numbers[0]} to {numbers[-1]}"


def join_alike(problems: Iterable[Problem]) -> list[str]:
    """Write problems in lines: those that differ in nothing but their row and value are one; notices in all files.

    Errors stay apart by file, since each file goes back to who sent it.

    Examples
    --------
    >>> join_alike([Problem("a.csv", None, row, "count", "x", '"x" is not a number.') for row in (5, 6, 181)])
    ['a.csv, 3 cells of count, rows 5 to 181: "x" is not a number.']
    >>> join_alike([Problem(file, None, 5, "count", message="It is odd.", severity="notice") for file in ("a", "b")])
    ['count in a (row 5), b (row 5): It is odd.']
    """
    alike: dict[tuple, dict[tuple, list[Problem]]] = defaultdict(lambda: defaultdict(list))
    for problem in problems:
        said = problem.message.replace(problem.value, "") if problem.value else problem.message
        place = problem.file, problem.sheet
        apart = () if problem.severity == "notice" else place
        alike[*apart, problem.column, problem.severity, _mask(said)][place].append(problem)
    return [_join(places) for places in alike.values()]


def _join(places: Mapping[tuple, list[Problem]]) -> str:
    """Write problems that are alike, by the sheet of a file in which they are, in a line."""
    (first, *more), *_ = places.values()
    rows = {place: sorted({each.row for each in own if each.row}) for place, own in places.items()}
    if len(places) > 1:
        wheres = [say_rows(rows[place]) if rows[place] else own[0].value for place, own in places.items()]
        named = [f"{file} ({where})" if where else file for (file, _), where in zip(places, wheres, strict=True)]
        said = first.message.replace(f" ({first.value})", "")  # How many each file has stands beside its name.
        return f"{f'{first.column} in ' if first.column else ''}{', '.join(named)}: {said}"
    numbers = rows[first.file, first.sheet]
    what = f"{len(more) + 1} cells of {first.column}" if first.column else f"{len(more) + 1} rows"
    joined = replace(first, row=None, column=f"{what}, {say_rows(numbers)}") if len(numbers) > 1 else first
    return str(joined)


def _mask(message: str) -> str:
    """Leave the names of cells out of a message."""
    return re.sub(r"\b[A-Z]{1,3}[0-9]+\b", "", message)
