"""The data sets: what there is, what it means, and the typed tables themselves.

All is read from the descriptor `data/datapackage.json` (the Data Package standard), which says each thing once: what a
data set does not say itself it takes from the package, and a column that is described nowhere else from its `columns`.
"""

import csv
import datetime
import hashlib
import io
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from htanalysis import settings
from htanalysis.codebooks import CodeBook
from htanalysis.errors import HtanalysisError, UnknownNameError, suggest

if TYPE_CHECKING:
    import geopandas as gpd

    from htanalysis.names import DataSet

    _Returns = Literal["returns"]

#: How a value of each type is made of its text, how the text must look, what is said where it does not, and the dtype.
_TYPES = {
    "integer": (int, r"-?(0|[1-9]\d{0,17})", "is no whole number. Write digits alone, such as 1277.", "Int64"),
    "number": (
        *(float, r"-?(0|[1-9]\d{0,14})(\.\d+)?"),
        *("is no number. Write digits, with a point before decimals, such as 0.56.", "Float64"),
    ),
    "date": (datetime.date.fromisoformat, r"\d{4}-\d\d-\d\d", "is no day. Write it as YYYY-MM-DD.", "datetime64[us]"),
    "boolean": ("true".__eq__, "true|false", 'is neither "true" nor "false".', "boolean"),
    "string": (str, "", "", "str"),
}

#: What a column is that does not say otherwise.
_COLUMN = {"type": "string", "unit": "not applicable", "missing": "never empty", "basis": "reported"}
_COLUMN |= {"constraints": {}}
#: What a file holds that its descriptor does not allow: the row, the column (or none), and what is wrong.
_Violation = tuple[int, str, str]

#: How a source begins that stands in no descriptor, since somebody gave the numbers; its words follow.
OWN = "own: "

#: So many violations of a file are named; whoever sent a wholly different file needs no more.
_MOST_TOLD = 20
#: Folders whose files are what a source stated: the descriptor holds their hashes. All else is the agency's to change.
_FIXED = ("report/", "reference/")


def read_descriptor() -> dict[str, Any]:
    """Read the descriptor as the standard defines it, complete: one entry a data set under "resources"."""
    paths, states = _find_files(settings.HOME), []
    # It is asked for thousands of times in a report, so a file is read again only where it is another one.
    for path in paths:
        with suppress(FileNotFoundError):
            state = path.stat()
            states.append((state.st_mtime_ns, state.st_ino))
    return _complete(*paths, *states)


def name_facts(language: str = "en") -> dict[str, str]:
    """Give what sentences name of the collection: its place, the report that it is from, and who holds the returns."""
    package = read_descriptor()
    usual = {"place": "the state", "report": package["sources"][0]["title"], "report_year": "published"}
    usual |= {"publisher": "its publisher", "agency": "The agency"}
    facts = {name: package.get(f"{name}_{language}", package.get(name, words)) for name, words in usual.items()}
    return facts | {"stated": f"as the {facts['report_year']} report states them"}


@lru_cache(maxsize=4)
def _find_files(home: Path) -> tuple[Path, Path]:
    return home / "data" / "datapackage.json", home / "data" / "corrections.csv"


@lru_cache(maxsize=4)
def _complete(descriptor: Path, corrections: Path, *states: tuple[int, int]) -> dict[str, Any]:
    """Give each data set and each column what it takes from the package, and list the phrases with their places.

    Each row of the corrections is a source of its own.
    """
    package, stated = json.loads(descriptor.read_bytes()), corrections.read_text("utf-8") if len(states) > 1 else ""
    shared = {column["name"]: column for column in package["columns"]}
    for entry in (*package["resources"], package["returns"]):
        phrases, fields = entry["evidence"].items(), entry["schema"]["fields"]
        title = f"{package['sources'][0]['title']}, {'; '.join(entry.get('places', entry['evidence']))}"
        entry["evidence"] = [phrase | {"place": place} for place, stated in phrases for phrase in stated]
        if entry["name"] == "corrections":
            entry["evidence"] += _cite_corrections(stated)
        for key, given in (("sources", [{"title": title}]), ("licenses", package["licenses"]), ("caveats", [])):
            entry.setdefault(key, given)
        entry["schema"]["fields"] = [
            _COLUMN | (field if "description" in field else shared[field["name"]] | field) for field in fields
        ]
    return package


def _cite_corrections(text: str) -> list[dict[str, str]]:
    """Name each correction as a source, by its place in the file; `load` refuses what is no correction."""
    found = []
    for number, row in enumerate(list(csv.reader(io.StringIO(text)))[1:], 1):
        as_of, measure, period, count, source = (row + [""] * 5)[:5]
        told = f"{int(count):,}" if count.isdecimal() else count
        quote = f"{measure}, {period.replace(':', ' to ')}: corrected to {told}"
        found.append({"id": f"correction-{number}", "place": f"Correction of {as_of}: {source}", "quote": quote})
    return found


def write_hashes() -> None:
    """Write the size and hash of each stated file into the descriptor, if it allows them, and names to `names.pyi`."""
    path = _find_files(settings.HOME)[0]
    text = path.read_text(encoding="utf-8")
    for entry in read_descriptor()["resources"]:
        content = read_file(entry)
        _read_columns(entry, content)
        if is_stated(entry):
            held = rf'("path": "{re.escape(entry["path"])}")(,\s*"bytes": \d+, "hash": "[^"]+")?'
            text = re.sub(held, rf'\1,\n   "bytes": {len(content)}, "hash": "{_hash(content)}"', text)
    path.write_text(text, encoding="utf-8")
    if settings.HOME.samefile(settings.OWN):
        _write_names(sorted(entry["name"] for entry in read_descriptor()["resources"]))


def _write_names(names: Sequence[str]) -> None:
    """Write the stub that tells tools how the data sets are called."""
    listed = "".join(f'    "{name}",\n' for name in names)
    path = Path(__file__).with_name("names.pyi")
    path.write_text(re.sub(r"\[\n.*\]", f"[\n{listed}]", path.read_text("utf-8"), flags=re.DOTALL), encoding="utf-8")


def list_described() -> list[dict[str, Any]]:
    """List what the descriptor describes: the data sets, and last the returns, which the agency holds."""
    package = read_descriptor()
    return [*package["resources"], package["returns"]]


def resource(name: str) -> dict[str, Any]:
    """Give the descriptor's entry for one data set; an unknown name is refused with all and the nearest."""
    resources = {entry["name"]: entry for entry in list_described()}
    if name not in resources:
        raise UnknownNameError("a data set", name, resources)
    return resources[name]


def catalogue() -> pd.DataFrame:
    """List the data sets.

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
    sizes = [load_with_periods(entry["name"]).shape for entry in entries]
    listed = pd.DataFrame([{key: entry[key] for key in ("name", "title", "row")} for entry in entries])
    return listed.assign(rows=[rows for rows, _ in sizes], columns=[columns for _, columns in sizes])


def describe(name: "DataSet | _Returns") -> CodeBook:
    """Give the code book of one data set.

    A row is a column of it: `column`, `type`, `unit`, `definition`, `empty_means`, `basis`. What a row is, who counted,
    what is left out and all cautions stand above the columns, and in `.attrs`.

    Examples
    --------
    >>> describe("heat_unit").loc[3, "unit"]
    'convictions'
    """
    entry = resource(name)
    fields = pd.DataFrame(entry["schema"]["fields"])
    typed = fields.assign(type=[*map(_type_in_words, entry["schema"]["fields"])])
    titles = {"name": "column", "description": "definition", "missing": "empty_means"}
    codebook = CodeBook(typed[["name", "type", "unit", "description", "missing", "basis"]].rename(columns=titles))
    keys = ("name", "title", "row", "counted_by", "coverage", "left_out", "not_for", "caveats")
    codebook.attrs = {key: entry[key] for key in keys} | {"source": _source(entry)}
    return codebook


def load(name: "DataSet") -> pd.DataFrame:
    """Load one data set with the types that its descriptor gives.

    Integers and fractions can be missing (`Int64`, `Float64`), columns with listed values are `category`, days are
    dates, and quarters are text such as "2012Q2", which sorts as time does and which charts, SQL and Parquet take. An
    analysis takes them so, or as `Period`. `.attrs` carries `name`, `title` and `source`. A file that holds what its
    descriptor does not allow is refused, with each violation by its row (as a spreadsheet counts, so that the names of
    the columns are row 1), column, value and what is allowed; so is one that is not the file whose hash the descriptor
    holds, with what differs, where git can tell.

    Examples
    --------
    >>> int(load("penal_code_236_1")["arrests"].sum())
    441
    """
    table = load_with_periods(name)
    for field in resource(name)["schema"]["fields"]:
        if field.get("dtype") == "quarter":
            table[field["name"]] = table[field["name"]].astype("str")
    return table


def load_with_periods(name: str) -> pd.DataFrame:
    """Load a data set as `load` does, with quarters as `Period`, for arithmetic."""
    entry = resource(name)
    if entry == read_descriptor()["returns"]:
        raise HtanalysisError("The returns are loaded with load_returns, which gives what their reader may see.")
    content = read_file(entry)
    frame = parse_table(name, content).copy()
    for key in entry["schema"].get("foreignKeys", []):
        _refuse(_file(entry), [*_find_strangers(frame, key)])
    _require_same(entry, content)
    return frame


def require_described() -> None:
    """Refuse to go on where data files are not what the descriptor describes; all are named, as `load` names one."""
    problems = []
    for entry in read_descriptor()["resources"]:
        try:
            load_with_periods(entry["name"])
        except HtanalysisError as error:
            problems.append(str(error))
    if problems:
        raise HtanalysisError("\n".join(problems))


def load_counties() -> "gpd.GeoDataFrame":
    """Load the counties with their boundaries, from the one shapefile that the collection has.

    A row is a county: the columns of `load("counties")`, here `county`, `fips`, `population_2010` (residents) and
    `task_force` (missing where the county is home to none), and `geometry`, in the shapefile's reference system.

    Examples
    --------
    >>> len(load_counties())
    58
    """
    import geopandas as gpd  # Here alone: its import takes longer than most commands.

    paths = sorted((settings.HOME / "shapefiles").glob("*.shp"))
    if len(paths) != 1:
        raise HtanalysisError(
            f"shapefiles/ holds {len(paths)} files that end in .shp; one with the counties is needed."
        )
    shapes = gpd.read_file(paths[0])[["fips", "geometry"]]
    table = load("counties")
    alone = sorted(set(shapes["fips"]) ^ set(table["fips"]))
    if alone:
        raise HtanalysisError(f"Of these counties there is a row or a boundary, but not both: {', '.join(alone)}.")
    merged = shapes.merge(table, on="fips", validate="one_to_one").sort_values("fips", ignore_index=True)
    found = gpd.GeoDataFrame(merged[[*table.columns, "geometry"]], crs=shapes.crs)
    found.attrs = dict(table.attrs)
    return found


def evidence(reference: str) -> dict[str, str]:
    """Find the phrase of the report behind a number.

    Phrases are named under "evidence" in the descriptor, such as "table-1". Gives `id`, `place` (chapter and section or
    table), `quote` (word for word) and `dataset`. A source of one's own (see `cite`) has a place alone.
    """
    if reference.startswith(OWN):
        return {"id": reference, "place": reference.removeprefix(OWN), "quote": "", "dataset": ""}
    known = []
    for entry in list_described():
        for item in entry["evidence"]:
            if item["id"] == reference:
                return item | {"dataset": entry["name"]}
            known.append(item["id"])
    raise UnknownNameError("a source in data/datapackage.json", reference, known)


def is_stated(entry: Mapping[str, Any]) -> bool:
    """Say whether a data set's file holds what a source stated; all else is the agency's to change."""
    return entry["path"].startswith(_FIXED)


def read_file(entry: dict[str, Any]) -> bytes:
    """Read the content of a data set's file."""
    path = settings.HOME / _file(entry)
    if not path.exists():
        raise HtanalysisError(f"{_file(entry)} is missing. Restore it from a copy of the collection.")
    return path.read_bytes()


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@lru_cache(maxsize=64)
def parse_table(name: str, content: bytes) -> pd.DataFrame:
    """Make the table of a data set from its file's content; what the descriptor does not allow is refused."""
    entry = resource(name)
    columns = _read_columns(entry, content)
    frame = pd.DataFrame({field["name"]: _typed(columns[field["name"]], field) for field in entry["schema"]["fields"]})
    frame.attrs = {"name": name, "title": entry["title"], "source": _source(entry)}
    return frame


def _read_columns(entry: dict[str, Any], content: bytes) -> dict[str, Sequence[str]]:
    """Read the cells of a file as they are written, by column; refuse what the descriptor does not allow."""
    file, fields = _file(entry), entry["schema"]["fields"]
    names = [field["name"] for field in fields]
    try:
        head, *rows = [*csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)] or [[]]
    except UnicodeDecodeError as error:
        raise HtanalysisError(f"{file} is not UTF-8 at its byte {error.start + 1:,}. Save it as UTF-8.") from error
    except csv.Error as error:
        raise HtanalysisError(f"{file} cannot be read as a table: {error}. Save it as CSV in UTF-8.") from error
    if head != names:
        raise HtanalysisError(f"{file}, row 1: the columns are {', '.join(head)}; they must be {', '.join(names)}.")
    ragged = [(at, f"there are {len(row)} cells.") for at, row in enumerate(rows, 2) if len(row) != len(names)]
    _refuse(file, [(at, "", f"{text} There must be {len(names)}.") for at, text in ragged])
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    _refuse(file, [*_find_violations(columns, fields), *_find_repetitions(columns, entry["schema"])])
    return columns


def _require_same(entry: dict[str, Any], content: bytes) -> None:
    """Refuse a file that is not the one whose hash the descriptor holds."""
    if entry.get("hash", _hash(content)) == _hash(content):
        return
    edits = "; ".join(_find_edits(entry, content)[:_MOST_TOLD])
    raise HtanalysisError(
        f"{_file(entry)} is not the file that data/datapackage.json describes{edits and f': {edits}'}. Restore it with"
        f" git checkout -- {_file(entry)}; or, if the change is meant, run make descriptor, which writes its new hash."
    )


def _find_edits(entry: dict[str, Any], content: bytes) -> list[str]:
    """Name the cells in which a file differs from the one that git holds, if that is the one that is described."""
    show = ["git", "-C", str(settings.HOME), "show", f"HEAD:./{_file(entry)}"]
    try:
        held = subprocess.run(show, capture_output=True, check=True).stdout  # noqa: S603, the user's own git
    except (OSError, subprocess.CalledProcessError):
        return []
    if _hash(held) != entry["hash"]:
        return []
    old, new = (_read_columns(entry, each) for each in (held, content))
    return [
        f'row {row}, {name}: "{now}" stands where "{was}" stood'
        for name in old
        if len(old[name]) == len(new[name])
        for row, (was, now) in enumerate(zip(old[name], new[name], strict=True), 2)
        if was != now
    ]


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
    said, (make, form, expected, _) = f'"{text}"', _TYPES[field["type"]]
    if form and not re.fullmatch(form, text, re.ASCII):
        return f"{said} {expected}"
    try:
        value = make(text)
    except ValueError:
        return f"{said} {expected}"
    if "enum" in rules and text not in rules["enum"]:
        return f"{said} is not allowed.{suggest(text, rules['enum'])} Allowed: {'; '.join(rules['enum'])}."
    if "pattern" in rules and not re.fullmatch(rules["pattern"], text, re.ASCII):
        form = "2012Q3" if field.get("dtype") == "quarter" else rules["pattern"]
        return f"{said} does not have the form {form}."
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
        return pd.Series(pd.PeriodIndex([text or None for text in texts], freq="Q"))
    values = [_TYPES[field["type"]][0](text) if text else None for text in texts]
    if "enum" in field["constraints"]:
        return pd.Series(pd.Categorical(values, field["constraints"]["enum"]))
    return pd.Series(values, dtype=_TYPES[field["type"]][3])


def _type_in_words(field: dict[str, Any]) -> str:
    if "enum" in field["constraints"]:
        return "one of: " + ", ".join(field["constraints"]["enum"])
    return field.get("dtype", field["type"])


def _source(entry: dict[str, Any]) -> str:
    return "; ".join(source["title"] for source in entry["sources"])


def _file(entry: dict[str, Any]) -> str:
    return f"data/{entry['path']}"
