"""The data sets in a researcher's own formats: CSV, Parquet and one SQLite file, with what they mean and rest on.

Staff's returns are no part of it.
"""

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from htanalysis.data import load, read_descriptor, read_file
from htanalysis.errors import HtanalysisError
from htanalysis.report import folder as drafts

#: What the types of the descriptor are called in SQL, for DuckDB as for SQLite.
_SQL = {"integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN", "string": "VARCHAR"}
#: What R calls those that its own reader may tell; all else stays text, such as 06001.
_R = {"integer": "integer", "number": "numeric"}

#: The texts that lie beside the tables.
_TEXTS = Path(__file__).with_name("templates")


class _Table(NamedTuple):
    """A table as it is written: its columns as the descriptor tells them, and the cells as text."""

    title: str
    fields: Sequence[Mapping[str, Any]]
    rows: Sequence[Sequence[str]]


def write_export(target: Path) -> None:
    """Write all data sets to a folder, which appears whole or not at all; only an earlier export makes way for it."""
    import duckdb  # Here alone: it takes long to import, and nothing else needs it.

    target = target.absolute()
    if target.is_dir() and any(target.iterdir()) and not (target / "read.R").is_file():
        raise HtanalysisError(f"{target} holds something else than an export. Name a new folder.")
    tables = {entry["name"]: _tabulate(entry) for entry in read_descriptor()["resources"]} | _describe()
    drafts.prepare(target)
    draft = drafts.make_draft(target)
    try:
        _write_tables(tables, draft)
        with duckdb.connect() as engine, closing(sqlite3.connect(draft / "htanalysis.sqlite")) as base:
            for name, table in tables.items():
                types = {field["name"]: _SQL[field["type"]] for field in table.fields}
                read = engine.read_csv(str(draft / "csv" / f"{name}.csv"), header=True, columns=types, quotechar='"')
                read.write_parquet(str(draft / "parquet" / f"{name}.parquet"))
                _write_sqlite(base, name, types, read.fetchall())
            base.commit()
        drafts.move_into_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _tabulate(entry: Mapping[str, Any]) -> _Table:
    """Take a data set as its file has it, with a column beside each number that can be missing or a silent 0."""
    load(entry["name"])  # It refuses what the descriptor does not allow.
    _, *rows = csv.reader(io.StringIO(read_file(entry).decode(), newline=""))
    fields: list[Mapping[str, Any]] = []
    columns: list[Sequence[str]] = []
    for place, field in enumerate(entry["schema"]["fields"]):  # The columns stand in this order, or `load` refuses.
        cells = [row[place] for row in rows]
        fields.append(field)
        columns.append(cells)
        if field["type"] in ("integer", "number") and (field["missing"] != "never empty" or "zero" in field):
            told = {"": field["missing"], "0": field.get("zero", "stated")}
            fields.append(
                _text(f"{field['name']}_told", f"Whether “{field['name']}” is stated; why it is missing or 0.")
            )
            columns.append([told.get(cell, "stated") for cell in cells])
    return _Table(entry["title"], fields, [*zip(*columns, strict=True)])


def _describe() -> dict[str, _Table]:
    """Tabulate what the descriptor says of the data sets: on what they rest, what columns mean, what to beware of."""
    entries = read_descriptor()["resources"]
    evidence = [
        (each["id"], entry["name"], each["place"], each["quote"], json.dumps(each.get("rows", {}), ensure_ascii=False))
        for entry in entries
        for each in entry["evidence"]
    ]
    keys = ("name", "title", "type", "unit", "description", "missing", "basis")
    columns = [
        (entry["name"], *(field[key] for key in keys)) for entry in entries for field in entry["schema"]["fields"]
    ]
    cautions = [(entry["name"], each["rows"], each["text"]) for entry in entries for each in entry["caveats"]]
    return {
        "evidence": _Table("Words of the sources", _texts("id", "data_set", "place", "quote", "rows"), evidence),
        "columns": _Table("Columns of the data sets", _texts("data_set", *keys), columns),
        "cautions": _Table("What to beware of", _texts("data_set", "rows", "text"), cautions),
    }


def _texts(*names: str) -> list[dict[str, Any]]:
    return [_text(name, name) for name in names]


def _text(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "description": description}


def _write_tables(tables: Mapping[str, _Table], folder: Path) -> None:
    """Write the tables as CSV, and what tells people and programs how to read them."""
    for name in ("csv", "parquet"):
        (folder / name).mkdir()
    for name, table in tables.items():
        with (folder / "csv" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(field["name"] for field in table.fields)
            writer.writerows(table.rows)
    package = read_descriptor()
    described = {entry["name"]: entry for entry in package["resources"]}
    resources = [_point_to(name, table, described.get(name, {})) for name, table in tables.items()]
    own = {key: package[key] for key in package.keys() - {"returns", "columns"}} | {"resources": resources}
    types = ",\n".join(map(_write_types, tables.items()))
    told = {"version": package["version"], "cite": package["sources"][0]["title"]}
    texts = {
        "datapackage.json": json.dumps(own, ensure_ascii=False, indent=1, sort_keys=True),
        "read.R": (_TEXTS / "read.R").read_text("utf-8").format(types=types),
        "README.txt": (_TEXTS / "export.txt").read_text("utf-8").format(**told),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _point_to(name: str, table: _Table, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give a table's entry in the export's descriptor."""
    kept = {key: entry[key] for key in entry.keys() - {"bytes", "hash", "places"}}
    schema = {**entry.get("schema", {}), "fields": table.fields}
    return kept | {"name": name, "title": table.title, "path": f"csv/{name}.csv", "schema": schema}


def _write_types(named: tuple[str, _Table]) -> str:
    types = ", ".join(f'{field["name"]} = "{_R.get(field["type"], "character")}"' for field in named[1].fields)
    return f"  {named[0]} = c({types})"


def _write_sqlite(base: sqlite3.Connection, name: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as DuckDB reads it; SQLite has no type for days, which stay text."""
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    base.execute(f'CREATE TABLE "{name}" ({columns})')
    cells = ([str(cell) if isinstance(cell, date) else cell for cell in row] for row in rows)
    base.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(types))})', cells)  # noqa: S608, names of ours
