"""The report's own statements, recomputed from the data sets.

An expression is a SQL query over the data sets: anyone can read it, and run it elsewhere.
"""

import math
import re
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pandas as pd

from htanalysis import inputs, settings
from htanalysis.datasets import load, read_descriptor
from htanalysis.errors import HtanalysisError
from htanalysis.returns import reconcile

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}

_STATED = re.compile(
    r"(?P<limit>over|more than|nearly|almost|about|roughly|approximately|around)?\s*(?P<number>[\d,]+(?:\.\d+)?)"
)


def _published() -> sqlite3.Connection:
    """Give the database of the data sets; each use reads them, and notes it, and only a change makes it anew."""
    return _copy_tables(tuple(inputs.read(settings.HOME / "data" / entry["path"]) for entry in _list_tables()))


@lru_cache(maxsize=1)
def _copy_tables(_contents: tuple[bytes, ...]) -> sqlite3.Connection:
    with inputs.as_one():
        return _make_database({})


def _list_tables() -> list[dict[str, Any]]:
    """List every data set but the claims themselves."""
    return [entry for entry in read_descriptor()["resources"] if entry["name"] != "report_claims"]


def _make_database(instead: Mapping[str, pd.DataFrame]) -> sqlite3.Connection:
    """Copy every data set but the claims themselves into a database in memory that nothing can change.

    Parameters
    ----------
    instead : mapping of str to pandas.DataFrame
        Tables that stand in the place of data sets.
    """
    connection = sqlite3.connect(":memory:")
    for name in [entry["name"] for entry in _list_tables()]:
        frame = instead.get(name, load(name))
        words = frame.select_dtypes(exclude=["number", "boolean"]).columns
        frame[words] = frame[words].astype("str").where(frame[words].notna())
        frame.to_sql(name, connection, index=False)
    # Its first use declares this table, which the authorizer would take for a change.
    connection.execute("SELECT 1 FROM pragma_table_info('tcvap')").fetchall()
    connection.set_authorizer(_authorize)
    return connection


def _authorize(action: int, name: str | None, *_: str | None) -> int:
    """Let a query read, and nothing else; of the pragmas only the one that lists a table's columns."""
    reads = action in _READING or (action == sqlite3.SQLITE_PRAGMA and name == "table_info")
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def evaluate(expression: str) -> float | str | None:
    """Run a SQL query that gives one value over the data sets.

    Parameters
    ----------
    expression : str
        A query such as "SELECT sum(arrests) FROM penal_code_236_1". Days are text, such as "2012-06-30".

    Returns
    -------
    float, str or None
        The first column of the first row; None where it is empty.

    Raises
    ------
    HtanalysisError
        If the query cannot be run, or is more than one query that reads.

    Notes
    -----
    Formula: the value of the first column of the first row that the query gives over the data sets.

    Examples
    --------
    >>> evaluate("SELECT sum(arrests) FROM penal_code_236_1")
    441.0
    """
    return _evaluate(expression, _published())


def _evaluate(expression: str, database: sqlite3.Connection) -> float | str | None:
    try:
        row = database.execute(expression).fetchone()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise HtanalysisError(
            f"The expression cannot be run: {error}. Write one SELECT over the data sets. It is: {expression}"
        ) from error
    value = row[0] if row else None
    return float(value) if isinstance(value, int) else value


def judge_claim(stated: str, recomputed: float | str | None) -> str:
    """Say whether a statement agrees with what the data give.

    "over" and "more than" are met by any larger number, "nearly" and "almost" by one at most 5 % smaller. Any
    other number is met by what rounds to it: to its last digit, or, where it ends in zeros, to its second digit.

    Parameters
    ----------
    stated : str
        The number with the words that limit it: "over 25,000", "46%".
    recomputed : float, str or None
        The same number from the data; a day or month is text.

    Returns
    -------
    str
        "reproduces", "reproduces when rounded", "differs" or "cannot be checked".

    Notes
    -----
    Formula: the recomputed number minus the stated one, held against half of the stated number's last digit; a
    larger number meets “over”, one at most 5 percent smaller meets “nearly”.

    Examples
    --------
    >>> judge_claim("46%", 46.0177), judge_claim("over 25,000", 25591.0), judge_claim("3.5 times", 3.64)
    ('reproduces when rounded', 'reproduces', 'differs')
    """
    if recomputed is None:
        return "cannot be checked"
    if isinstance(recomputed, str):
        return "reproduces" if stated == recomputed else "differs"
    limit, number = _read_stated(stated)
    if limit in ("over", "more than"):
        return "reproduces" if recomputed > number else "differs"
    if math.isclose(recomputed, number, rel_tol=1e-9):
        return "reproduces"
    if limit in ("nearly", "almost"):
        return "reproduces when rounded" if 0.95 * number <= recomputed < number else "differs"
    return "reproduces when rounded" if abs(recomputed - number) <= _step(stated) / 2 else "differs"


def recompute_claims(counts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Recompute every claim of `report_claims` from the data sets.

    Parameters
    ----------
    counts : pandas.DataFrame, optional
        `count_quarters`: where returns give a count that the report published, theirs is used.

    Returns
    -------
    pandas.DataFrame
        The data set with `recomputed` and `verdict` as the data give them now, in the file's order.

    Notes
    -----
    Formula: each statement's number from its query over the data sets, and the verdict of `judge_claim` on the two;
    a finding counts the statements of a verdict.
    """
    claims = load("report_claims")
    database = _published() if counts is None else _make_database(_replace_published(counts))
    values = [_evaluate(text, database) if pd.notna(text) else None for text in claims["expression"]]
    pairs = list(zip(claims["stated"], values, strict=True))
    verdict = pd.Categorical([judge_claim(*pair) for pair in pairs], claims["verdict"].cat.categories)
    recomputed = pd.Series([_show(*pair) for pair in pairs], index=claims.index, dtype="str")
    return claims.assign(recomputed=recomputed, verdict=verdict)


def _replace_published(counts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Put what the returns give in the place of what the report published for the same time."""
    returned = reconcile(counts).set_index(["measure", "period"])["returned"]
    quarters, totals = load("task_force_quarters"), load("task_force_totals")
    both_years = f"{quarters['quarter'].min()} to {quarters['quarter'].max()}"
    for frame, periods in ((quarters, quarters["quarter"].astype("str")), (totals, both_years)):
        keys = pd.MultiIndex.from_arrays([frame["measure"].astype("str"), pd.Series(periods, index=frame.index)])
        given = pd.Series(returned.reindex(keys).to_numpy(), index=frame.index, dtype="Int64")
        frame["count"] = given.fillna(frame["count"])
    return {"task_force_quarters": quarters, "task_force_totals": totals}


def _read_stated(stated: str) -> tuple[str | None, float]:
    found = _STATED.match(stated)
    if not found:
        raise HtanalysisError(f'"{stated}" holds no number. Write it as "over 25,000" or "46%".')
    return found["limit"], float(found["number"].replace(",", ""))


def _step(stated: str) -> float:
    """Give the size of the last digit that a stated number carries."""
    number = _STATED.match(stated)["number"].replace(",", "")
    if "." in number:
        return 10.0 ** -len(number.partition(".")[2])
    zeros = len(number) - len(number.rstrip("0"))
    return 10.0 ** max(min(zeros, len(number) - 2), 0)


def _show(stated: str, value: float | str | None) -> str | None:
    """Write a value with one digit more than the statement has."""
    if value is None or isinstance(value, str):
        return value
    whole = math.isclose(value, round(value), rel_tol=1e-9, abs_tol=1e-9)
    decimals = 0 if whole else len(_STATED.match(stated)["number"].partition(".")[2]) + 1
    # A year carries no comma, and a statement that has one shows that its number is not a year.
    separator = "," if "," in stated else ""
    return f"{value:{separator}.{decimals}f}"
