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
from htanalysis.returns import total_quarters

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}

#: How a note begins where returns changed the recomputed number.
BY_RETURNS = "Returns "

#: The words that any larger number meets.
_OVER = ("over", "more than")

_STATED = re.compile(
    r"(?P<limit>over|more than|nearly|almost|about|roughly|approximately|around)?\s*(?P<number>[\d,]+(?:\.\d+)?)"
)


def _published() -> sqlite3.Connection:
    """Give the database of the data sets; each use reads them, and notes it, and only a change makes it anew."""
    return _copy_tables(tuple(inputs.read(settings.HOME / "data" / entry["path"]) for entry in _list_tables()))


@lru_cache(maxsize=1)
def _copy_tables(_contents: tuple[bytes, ...]) -> sqlite3.Connection:
    with inputs.as_one():
        return _make_database({name: load(name) for name in [entry["name"] for entry in _list_tables()]})


def _list_tables() -> list[dict[str, Any]]:
    """List every data set but the claims themselves."""
    return [entry for entry in read_descriptor()["resources"] if entry["name"] != "report_claims"]


def _make_database(tables: Mapping[str, pd.DataFrame], others: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """Copy tables, and what else a database holds, into a database in memory that nothing can change."""
    connection = sqlite3.connect(":memory:")
    # SQLite has it only where it was built with it.
    connection.create_function("sqrt", 1, math.sqrt, deterministic=True)
    if others:
        others.backup(connection)
    for name, frame in tables.items():
        words = frame.select_dtypes(exclude=["number", "boolean"])
        frame.assign(**words.astype("str").where(words.notna())).to_sql(
            name, connection, index=False, if_exists="replace"
        )
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
        The number with the words that limit it: "over 25,000", "46%"; or text, such as a month.
    recomputed : float, str or None
        The same from the data; text agrees where it is the same.

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
    if limit in _OVER:
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
        `count_quarters`: where returns give a count that the report published, theirs is used. Where only some
        quarters are returned and they alone are more than a total of the report, the number is "at least" that.

    Returns
    -------
    pandas.DataFrame
        The data set with `recomputed` and `verdict` as the data give them now, in the file's order, and
        `changed_by_returns`: whether the recomputed number is another than by the report's numbers alone. There `note`
        gives both.

    Notes
    -----
    Formula: each statement's number from its query over the data sets, and the verdict of `judge_claim` on the two;
    a finding counts the statements of a verdict and the facts that they are about.
    """
    claims = load("report_claims")
    own = _evaluate_all(claims, _published())
    now, least = (own, own) if counts is None else _evaluate_returned(claims, counts, own)
    rows = [_recompute(*row) for row in zip(claims["stated"], claims["note"], own, now, least, strict=True)]
    recomputed, verdict, note, changed = map(list, zip(*rows, strict=True))
    return claims.assign(
        recomputed=pd.array(recomputed, dtype="str"),
        verdict=pd.Categorical(verdict, claims["verdict"].cat.categories),
        note=pd.array(note, dtype="str"),
        changed_by_returns=changed,
    )


def tell_returned(claims: pd.DataFrame) -> str:
    """Say what returns changed in the statements, as a sentence that follows another; nothing where they did not.

    Parameters
    ----------
    claims : pandas.DataFrame
        `recompute_claims`.

    Examples
    --------
    >>> tell_returned(recompute_claims())
    ''
    """
    changed = int(claims["changed_by_returns"].sum())
    if not changed:
        return ""
    turned = int((claims["verdict"].to_numpy() != load("report_claims")["verdict"].to_numpy()).sum())
    verdicts = f"and the verdict on {turned}" if turned else "but no verdict"
    return f" Returns changed the recomputed number of {changed} statement{'s' * (changed > 1)} {verdicts}."


def _evaluate_all(claims: pd.DataFrame, database: sqlite3.Connection) -> list[float | str | None]:
    return [_evaluate(text, database) if pd.notna(text) else None for text in claims["expression"]]


def _evaluate_returned(
    claims: pd.DataFrame, counts: pd.DataFrame, own: list[float | str | None]
) -> tuple[list[float | str | None], list[float | str | None]]:
    """Evaluate all with what returns give: once without the totals of which only the least is known, once with these.

    Where the two differ, the second is the least that the number can be, since each query grows with the totals.
    """
    quarters = _replace_quarters(counts)
    totals = total_quarters(counts)[load("task_force_totals").columns]
    tables = {"task_force_quarters": quarters, "task_force_totals": totals}
    if all(frame["count"].equals(load(name)["count"]) for name, frame in tables.items()):
        return own, own
    known = _evaluate_all(claims, _make_database(tables, _published()))
    if totals["count"].notna().all():
        return known, known
    window = counts[counts["quarter"].isin(quarters["quarter"])]
    sums = window["count"].fillna(window["at_least"]).groupby(window["measure"].astype("str")).sum()
    least = totals.assign(count=totals["count"].fillna(totals["measure"].astype("str").map(sums)))
    return known, _evaluate_all(claims, _make_database(tables | {"task_force_totals": least}, _published()))


def _replace_quarters(counts: pd.DataFrame) -> pd.DataFrame:
    """Put a quarter's count that returns give in the place of the published one; none where some alone give more."""
    quarters = load("task_force_quarters")
    both = (
        quarters[["measure", "quarter"]]
        .astype({"measure": "str"})
        .merge(counts.astype({"measure": "str"}), on=["measure", "quarter"], how="left", validate="one_to_one")
    )
    given = both["count"].where(both["origin"].eq("returns") & quarters["count"].notna())
    more = both["at_least"].gt(quarters["count"]).fillna(False)
    return quarters.assign(count=given.fillna(quarters["count"].mask(more)))


def _recompute(
    stated: str, note: str, own: float | str | None, now: float | str | None, least: float | str | None
) -> tuple[str | None, str, str, bool]:
    """Give a statement's recomputed number as it is shown, its verdict, its note, and whether returns changed it."""
    published, shown = _show(stated, own), _show(stated, least)
    if now != least:
        note = f"{BY_RETURNS}of some quarters alone give more than the report’s own numbers, which give {published}."
        return f"at least {shown}", _judge_least(stated, least), note, True
    verdict = judge_claim(stated, least)
    if published == shown:
        return shown, verdict, note, False
    given = f"give {shown}" if shown else "leave no such number"
    return shown, verdict, f"{BY_RETURNS}{given}; by the report’s own numbers it is {published}.", True


def _judge_least(stated: str, least: float) -> str:
    """Say whether a statement agrees with a number of which only the least is known: whether it must, or cannot."""
    limit, number = _read_stated(stated)
    verdict = judge_claim(stated, least)
    certain = verdict != "differs" if limit in _OVER else verdict == "differs" and least > number
    return verdict if certain else "cannot be checked"


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
