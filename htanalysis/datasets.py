"""The data sets: what there is, what it means, and the typed tables themselves.

Everything here is read from the descriptor `data/datapackage.json` (the Data Package standard), which
describes each data set once: the loader, the code book, the pages and the checks all use it.
"""

import io
import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from htanalysis import inputs, settings
from htanalysis.errors import HtanalysisError, UnknownNameError

if TYPE_CHECKING:
    import geopandas as gpd

_DTYPES = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}


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
        If it is the returns.

    Examples
    --------
    >>> int(load("penal_code_236_1")["arrests"].sum())
    441
    """
    entry = resource(name)
    if entry == read_descriptor()["returns"]:
        raise HtanalysisError("The returns are loaded with load_returns, which hides what could point at a person.")
    return _parse_table(name, inputs.read(settings.HOME / "data" / entry["path"])).copy()


def counties() -> "gpd.GeoDataFrame":
    """Load the 58 counties with residents, task force and boundary.

    Returns
    -------
    geopandas.GeoDataFrame
        A row is a county: `county`, `fips`, `population_2010` (residents), `task_force` (missing where the county
        is home to none) and `geometry` (EPSG:4269).

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
    merged = shapes.merge(load("counties"), on="fips", validate="one_to_one").sort_values("fips", ignore_index=True)
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
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")
    for field in entry["schema"]["fields"]:
        frame[field["name"]] = _typed(frame[field["name"]], field)
    frame.attrs = {"name": name, "title": entry["title"], "source": _source(entry)}
    return frame


def _typed(column: pd.Series, field: dict[str, Any]) -> pd.Series:
    if field.get("dtype") == "quarter":
        return pd.Series(pd.PeriodIndex(column, freq="Q"), index=column.index, name=column.name)
    if field["type"] == "date":
        return pd.to_datetime(column, format="%Y-%m-%d")
    if field["type"] == "boolean":
        return column.map({"true": True, "false": False}).astype("boolean")
    if "enum" in field["constraints"]:
        return column.astype(pd.CategoricalDtype(field["constraints"]["enum"]))
    return column.astype(_DTYPES[field["type"]])


def _type_in_words(field: dict[str, Any]) -> str:
    if "enum" in field["constraints"]:
        return "one of: " + ", ".join(field["constraints"]["enum"])
    return field.get("dtype", field["type"])


def _source(entry: dict[str, Any]) -> str:
    return "; ".join(source["title"] for source in entry["sources"])
