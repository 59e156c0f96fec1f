"""The data sets: what there is, what it means, and the typed tables themselves.

Everything here is read from the descriptor `data/datapackage.json` (the Data Package standard), which
describes each data set once: the loader, the code book, the pages and the checks all use it.
"""

import csv
import datetime
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from htanalysis import inputs, settings
from htanalysis.errors import HtanalysisError, UnknownNameError, suggest

if TYPE_CHECKING:
    import geopandas as gpd

#: The rules that the descriptor may give a column. All that it gives are checked whenever a file is loaded.
RULES = frozenset({"required", "unique", "enum", "minimum", "maximum", "pattern"})

#: How a value of each type is made of its text, how the text must look, and what is said where it does not.
_TYPES = {
    "integer": (int, r"-?(0|[1-9]\d{0,17})", "is no whole number. Write digits alone, such as 1277."),
    "number": (
        float,
        r"-?(0|[1-9]\d{0,14})(\.\d+)?",
        "is no number. Write digits, with a point before decimals, such as 0.56.",
    ),
    "date": (datetime.date.fromisoformat, r"\d{4}-\d\d-\d\d", "is no day. Write it as YYYY-MM-DD."),
    "boolean": ("true".__eq__, "true|false", 'is neither "true" nor "false".'),
    "string": (str, "", ""),
}
_DTYPES = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str", "date": "datetime64[us]"}

#: What a file holds that its descriptor does not allow: the row, the column (or none), and what is wrong.
_Violation = tuple[int, str, str]

#: So many violations of a file are named; whoever sent a wholly different file needs no more.
_MOST_TOLD = 20


def read_descriptor() -> dict[str, Any]:
    """Read the Data Package descriptor.

    Returns
    -------
    dict
        The descriptor as the standard defines it, one entry a data set under "resources".
    """
    digest, descriptor = _parse_descriptor()
    inputs.note("file data/datapackage.json", digest)
    return descriptor


@cache
def _parse_descriptor() -> tuple[str, dict[str, Any]]:
    with inputs.as_one():
        content = (settings.HOME / "data" / "datapackage.json").read_bytes()
    return inputs.digest(content), json.loads(content)


def list_described() -> list[dict[str, Any]]:
    """List what the descriptor describes: the data sets, and last the returns, which the agency holds."""
    return [*read_descriptor()["resources"], read_descriptor()["returns"]]


def resource(name: str) -> dict[str, Any]:
    """Give the descriptor's entry for one data set.

    Raises
    ------
    UnknownNameError
        If there is no such data set; the message names all and the nearest.
    """
    resources = {entry["name"]: entry for entry in list_described()}
    if name not in resources:
        raise UnknownNameError("a data set", name, resources)
    return resources[name]


def catalogue() -> pd.DataFrame:
    """List the data sets.

    Returns
    -------
    pandas.DataFrame
        A row is a data set: `name`, `title`, `row` (what one of its rows is), `rows` and `columns` (how many).

    Notes
    -----
    Formula: the rows and the columns of each data set, counted.

    Examples
    --------
    >>> catalogue().set_index("name").loc["penal_code_236_1", "rows"]
    np.int64(6)
    """
    entries = read_descriptor()["resources"]
    return pd.DataFrame(
        {
            "name": [entry["name"] for entry in entries],
            "title": [entry["title"] for entry in entries],
            "row": [entry["row"] for entry in entries],
            "rows": [len(load(entry["name"])) for entry in entries],
            "columns": [len(entry["schema"]["fields"]) for entry in entries],
        }
    )


def describe(name: str) -> pd.DataFrame:
    """Give the code book of one data set.

    Parameters
    ----------
    name : str
        Name of a data set, as in `catalogue()`.

    Returns
    -------
    pandas.DataFrame
        A row is a column of the data set: `column`, `type`, `unit`, `definition`, `empty_means`, `basis`.
        What a row is, who counted, what is left out and all cautions are in `.attrs`.

    Raises
    ------
    UnknownNameError
        If there is no such data set.

    Examples
    --------
    >>> describe("heat_unit").loc[3, "unit"]
    'convictions'
    """
    entry = resource(name)
    codebook = pd.DataFrame(
        [
            {
                "column": field["name"],
                "type": _type_in_words(field),
                "unit": field["unit"],
                "definition": field["description"],
                "empty_means": field["missing"],
                "basis": field["basis"],
            }
            for field in entry["schema"]["fields"]
        ]
    )
    keys = ("name", "title", "row", "counted_by", "coverage", "left_out", "not_for", "caveats")
    codebook.attrs = {key: entry[key] for key in keys} | {"source": _source(entry)}
    return codebook


def load(name: str) -> pd.DataFrame:
    """Load one data set with the types that its descriptor gives.

    Parameters
    ----------
    name : str
        Name of a data set, as in `catalogue()`.

    Returns
    -------
    pandas.DataFrame
        Integers and fractions can be missing (`Int64`, `Float64`), columns with listed values are `category`,
        quarters are `Period`, days are dates. `.attrs` carries `name`, `title` and `source`.

    Raises
    ------
    UnknownNameError
        If there is no such data set; the message names all and the nearest.
    HtanalysisError
        If it is the returns; or if the file holds what its descriptor does not allow: each violation with its row (as
        a spreadsheet counts, so that the names of the columns are row 1), column, value and what is allowed.

    Examples
    --------
    >>> int(load("penal_code_236_1")["arrests"].sum())
    441
    """
    entry = resource(name)
    if entry == read_descriptor()["returns"]:
        raise HtanalysisError("The returns are loaded with load_returns, which hides what could point at a person.")
    path = settings.HOME / "data" / entry["path"]
    if not path.exists():
        raise HtanalysisError(f"data/{entry['path']} is missing.")
    frame = _parse_table(name, inputs.read(path)).copy()
    for key in entry["schema"].get("foreignKeys", []):
        _refuse(f"data/{entry['path']}", [*_find_strangers(frame, key)])
    return frame


def counties() -> "gpd.GeoDataFrame":
    """Load the 58 counties with residents, task force and boundary.

    Returns
    -------
    geopandas.GeoDataFrame
        A row is a county: `county`, `fips`, `population_2010` (residents), `task_force` (missing where the county
        is home to none) and `geometry` (EPSG:4269).

    Raises
    ------
    HtanalysisError
        If a county has a row and no boundary, or a boundary and no row.

    Examples
    --------
    >>> len(counties())
    58
    """
    import geopandas as gpd  # Here alone: its import takes longer than most commands.

    path = settings.HOME / "shapefiles" / "california_counties.shp"
    with inputs.as_one():
        parts = sorted(path.parent.glob(f"{path.stem}.*"))
    for part in parts:
        inputs.read(part)
    with inputs.as_one():
        shapes = gpd.read_file(path)[["fips", "geometry"]]
    table = load("counties")
    alone = sorted(set(shapes["fips"]) ^ set(table["fips"]))
    if alone:
        raise HtanalysisError(f"Of these counties there is a row or a boundary, but not both: {', '.join(alone)}.")
    merged = shapes.merge(table, on="fips", validate="one_to_one").sort_values("fips", ignore_index=True)
    columns = ["county", "fips", "population_2010", "task_force", "geometry"]
    return gpd.GeoDataFrame(merged[columns], crs=shapes.crs)


def evidence(reference: str) -> dict[str, str]:
    """Find the phrase of the report behind a number.

    Parameters
    ----------
    reference : str
        Name of an entry under "evidence" in the descriptor, such as "table-1".

    Returns
    -------
    dict
        `id`, `place` (chapter and section or table), `quote` (word for word) and `dataset`.

    Raises
    ------
    UnknownNameError
        If the descriptor has no such entry.
    """
    described = [(entry["name"], item) for entry in list_described() for item in entry["evidence"]]
    for name, item in described:
        if item["id"] == reference:
            return item | {"dataset": name}
    raise UnknownNameError("a source in data/datapackage.json", reference, [item["id"] for _, item in described])


@lru_cache(maxsize=64)
def _parse_table(name: str, content: bytes) -> pd.DataFrame:
    entry = resource(name)
    fields = entry["schema"]["fields"]
    file = f"data/{entry['path']}"
    columns = _read_columns(file, content, [field["name"] for field in fields])
    _refuse(file, [*_find_violations(columns, fields), *_find_repetitions(columns, entry["schema"])])
    frame = pd.DataFrame({field["name"]: _typed(columns[field["name"]], field) for field in fields})
    frame.attrs = {"name": name, "title": entry["title"], "source": _source(entry)}
    return frame


def _read_columns(file: str, content: bytes, names: Sequence[str]) -> dict[str, Sequence[str]]:
    """Read the cells of a file as they are written, by column."""
    try:
        head, *rows = [*csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)] or [[]]
    except UnicodeDecodeError as error:
        raise HtanalysisError(f"{file} is not UTF-8 at its byte {error.start + 1:,}. Save it as UTF-8.") from error
    except csv.Error as error:
        raise HtanalysisError(f"{file} cannot be read as a table: {error}.") from error
    if head != names:
        raise HtanalysisError(f"{file}, row 1: the columns are {', '.join(head)}; they must be {', '.join(names)}.")
    ragged = [(at, f"there are {len(row)} cells.") for at, row in enumerate(rows, 2) if len(row) != len(names)]
    _refuse(file, [(at, "", f"{text} There must be {len(names)}.") for at, text in ragged])
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _refuse(file: str, violations: Sequence[_Violation]) -> None:
    """Refuse a file for its violations, if there are any."""
    lines = [
        f"{file}, row {row}{', ' if column else ''}{column}: {text}"
        for row, column, text in sorted(violations, key=lambda violation: violation[0])
    ]
    if len(lines) > _MOST_TOLD:
        lines[_MOST_TOLD:] = [f"There are {len(lines) - _MOST_TOLD} more."]
    if lines:
        raise HtanalysisError("\n".join(lines))


def _find_violations(columns: Mapping[str, Sequence[str]], fields: Sequence[dict[str, Any]]) -> Iterator[_Violation]:
    """Find the cells that the descriptor does not allow; each text of a column is looked at once."""
    for field in fields:
        texts = columns[field["name"]]
        told = {text: problem for text in set(texts) if (problem := _find_problem(text, field))}
        if told:
            yield from ((at, field["name"], told[text]) for at, text in enumerate(texts, 2) if text in told)


def _find_problem(text: str, field: dict[str, Any]) -> str | None:
    """Say why a cell is not allowed, or nothing."""
    rules = field["constraints"]
    if not text:
        return "the cell is empty, and must not be." if rules.get("required") else None
    said = f'"{text}"'
    make, form, expected = _TYPES[field["type"]]
    if form and not re.fullmatch(form, text, re.ASCII):
        return f"{said} {expected}"
    try:
        value = make(text)
    except ValueError:
        return f"{said} {expected}"
    if "enum" in rules and text not in rules["enum"]:
        return f"{said} is not allowed.{suggest(text, rules['enum'])} Allowed: {'; '.join(rules['enum'])}."
    if "pattern" in rules and not re.fullmatch(rules["pattern"], text, re.ASCII):
        return f"{said} does not have the form {rules['pattern']}."
    if "minimum" in rules and value < rules["minimum"]:
        return f"{said} is below {rules['minimum']}, the smallest allowed."
    if "maximum" in rules and value > rules["maximum"]:
        return f"{said} is above {rules['maximum']}, the largest allowed."
    return None


def _find_repetitions(columns: Mapping[str, Sequence[str]], schema: dict[str, Any]) -> Iterator[_Violation]:
    """Find the rows that repeat what no two rows may share."""
    key = schema.get("primaryKey", [])
    alone = [(field["name"],) for field in schema["fields"] if field["constraints"].get("unique")]
    for names in {(key,) if isinstance(key, str) else tuple(key), *alone}:
        rows = list(zip(*(columns[name] for name in names), strict=True))
        if len(set(rows)) < len(rows):
            for at, row in enumerate(rows):
                if (first := rows.index(row)) < at and all(row):
                    yield at + 2, " and ".join(names), f'"{", ".join(row)}" stands in row {first + 2}, too.'


def _find_strangers(frame: pd.DataFrame, key: dict[str, Any]) -> Iterator[_Violation]:
    """Find the rows that name something which the data set that lists it does not have."""
    column, other = frame[key["fields"]].astype("str"), key["reference"]
    known = load(other["resource"])[other["fields"]].astype("str")
    for at, text in column[~column.isin(known)].items():
        yield at + 2, column.name, f'"{text}" does not stand in {other["resource"]}.{suggest(text, known)}'


def _typed(texts: Sequence[str], field: dict[str, Any]) -> pd.Series:
    if field.get("dtype") == "quarter":
        return pd.Series(pd.PeriodIndex(texts, freq="Q"))
    values = [_TYPES[field["type"]][0](text) if text else None for text in texts]
    if "enum" in field["constraints"]:
        return pd.Series(pd.Categorical(values, field["constraints"]["enum"]))
    return pd.Series(values, dtype=_DTYPES[field["type"]])


def _type_in_words(field: dict[str, Any]) -> str:
    if "enum" in field["constraints"]:
        return "one of: " + ", ".join(field["constraints"]["enum"])
    return field.get("dtype", field["type"])


def _source(entry: dict[str, Any]) -> str:
    return "; ".join(source["title"] for source in entry["sources"])
