"""The report's own statements, recomputed from the data sets.

An expression is a SQL query over the data sets: anyone can read it, and run it elsewhere.
"""

import math
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from htanalysis import settings
from htanalysis.data import evidence, is_stated, load, read_descriptor
from htanalysis.errors import HtanalysisError, UnknownNameError
from htanalysis.results import Amount, Column, Result, sources_of
from htanalysis.returns.corrections import TABLES, load_corrected
from htanalysis.returns.counts import list_sent, total_quarters
from htanalysis.settings import REPORT_ALONE
from htanalysis.wording import choose

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}

#: How a note begins where returns changed the recomputed number.
BY_RETURNS = "Returns "

#: What comes of statements: their verdicts, what a finding counts of them, how, and the columns of a table of them.
_OUTCOMES = {
    "agrees": (
        ["reproduces", "reproduces when rounded"],
        "statements",
        "as they stand + after rounding = {stand} + {rounded}",
        ["recomputed", "note", "verdict"],
    ),
    "differs": (
        ["differs"],
        "facts",
        "statements that do not reproduce − those on a fact that another is about = {differing} − {again}",
        ["recomputed", "note"],
    ),
    "cannot be checked": (
        ["cannot be checked"],
        "statements",
        "all − agreeing − not reproducing = {all} − {agreeing} − {differing}",
        ["note"],
    ),
}
_HEADS = {"quote": "the report says", "chapter": "where", "note": "why", "claim_id": "statement", "expression": "query"}
#: What SQLite calls the types that are no text.
_KINDS = {"i": "INTEGER", "u": "INTEGER", "b": "INTEGER", "f": "REAL"}
_BASES = {"stated": "reported", "recomputed": "computed"}

#: What a query gives.
_Value = float | str | None

#: The words that any larger number meets.
_OVER = ("over", "more than")

_STATED = re.compile(
    r"(?P<limit>over|more than|nearly|almost|about|roughly|approximately|around)?\s*(?P<number>[\d,]+(?:\.\d+)?)"
)


def _published() -> sqlite3.Connection:
    """Give the database of what sources stated, but for the claims themselves; only a change makes it anew."""
    stated = [(entry["name"], entry.get("hash")) for entry in read_descriptor()["resources"] if is_stated(entry)]
    return _copy_tables(settings.HOME, tuple(each for each in stated if each[0] != "report_claims"))


@lru_cache(maxsize=1)
def _copy_tables(_home: object, stated: tuple[tuple[str, str | None], ...]) -> sqlite3.Connection:
    return _make_database({name: load(name) for name, _ in stated})


def _make_database(tables: Mapping[str, pd.DataFrame], others: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """Copy tables, and what else a database holds, into a database in memory that nothing can change."""
    connection = sqlite3.connect(":memory:")
    # SQLite has it only where it was built with it.
    connection.create_function("sqrt", 1, math.sqrt, deterministic=True)
    if others:
        others.backup(connection)
    for name, frame in tables.items():
        kinds = [_KINDS.get(cells.dtype.kind, "TEXT") for _, cells in frame.items()]
        columns = ", ".join(f'"{column}" {kind}' for column, kind in zip(frame, kinds, strict=True))
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        connection.execute(f'CREATE TABLE "{name}" ({columns})')
        rows = zip(*map(_list_cells, (cells for _, cells in frame.items()), kinds), strict=True)
        insert = f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(kinds))})'  # noqa: S608, the names are ours
        connection.executemany(insert, rows)
    connection.commit()  # Nothing could be copied from it before.
    # Its first use declares this table, which the authorizer would take for a change.
    connection.execute("SELECT 1 FROM pragma_table_info('tcvap')").fetchall()
    connection.set_authorizer(_authorize)
    return connection


def _list_cells(cells: pd.Series, kind: str) -> list[_Value]:
    """List cells as SQLite takes them; pandas' own way takes three times as long."""
    plain = cells.astype("str") if kind == "TEXT" else cells
    return [None if missing else cell for cell, missing in zip(plain.tolist(), cells.isna(), strict=True)]


def _authorize(action: int, name: str | None, *_: str | None) -> int:
    """Let a query read, and nothing else; of the pragmas only the one that lists a table's columns."""
    reads = action in _READING or (action == sqlite3.SQLITE_PRAGMA and name == "table_info")
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def evaluate(expression: str) -> _Value:
    """Run a SQL query over the data sets that sources stated, and give the first column of its first row, or None.

    Days are text, such as "2012-06-30". What cannot be run, or is more than one query that reads, is refused.

    Notes
    -----
    Formula: the value of the first column of the first row that the query gives over the data sets.

    Examples
    --------
    >>> evaluate("SELECT sum(arrests) FROM penal_code_236_1")
    441.0
    """
    return _evaluate(expression, _published())


def _evaluate(expression: str, database: sqlite3.Connection) -> _Value:
    try:
        row = database.execute(expression).fetchone()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise HtanalysisError(
            f"The expression cannot be run: {error}. Write one SELECT over the data sets. It is: {expression}"
        ) from error
    value = row[0] if row else None
    return float(value) if isinstance(value, int) else value


def judge_claim(stated: str, recomputed: _Value) -> str:
    """Say whether a statement agrees with what the data give.

    `stated` is a number with the words that limit it ("over 25,000", "46%"), or text, such as a month. Gives
    "reproduces", "reproduces when rounded", "differs" or "cannot be checked". "nearly" and "almost" are met by a number
    at most 5 % smaller. Any other number is met by what rounds to it: to its last digit, or, where it ends in zeros, to
    its second.

    Notes
    -----
    Formula: the recomputed number minus the stated one, held against half of the stated number’s last digit; a larger
    number meets “over”, one at most 5 percent smaller meets “nearly”.

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
    """Recompute every claim of `report_claims` from the data sets, in the file's order.

    Where returns give a count that the report published (`count_quarters`), theirs is used; where only some quarters
    are returned and they alone are more than a total of the report, the number is "at least" that. A corrected count
    stands beside the report's own, which the verdict is on: the report agreed with itself.

    Gives `recomputed` and `verdict` as the data give them now, and `changed_by_returns`: whether the number is another
    than by the report's numbers alone. There `note` gives both.

    Notes
    -----
    Formula: each statement's number from its query over the data sets, and the verdict of `judge_claim` on the two; a
    finding counts the statements of a verdict and the facts that they are about.
    """
    claims = load("report_claims")
    own = _evaluate_all(claims, _published())
    day = REPORT_ALONE if counts is None else counts.attrs.get("as_of", REPORT_ALONE)
    published = {name: load_corrected(name, day) for name in TABLES}
    corrections = [source for table in published.values() for source, _ in table.attrs["corrections"]]
    corrected = _evaluate_all(claims, _make_database(published, _published())) if corrections else own
    now, least = (corrected, corrected) if counts is None else _evaluate_returned(claims, counts, corrected)
    numbers = zip(own, corrected, now, least, strict=True)
    why = [_name_corrections(text, published.values()) for text in claims["expression"].fillna("")]
    rows = [_recompute(*row) for row in zip(claims["stated"], claims["note"], why, numbers, strict=True)]
    recomputed, verdict, note, changed = map(list, zip(*rows, strict=True))
    told = claims.assign(
        recomputed=pd.array(recomputed, dtype="str"),
        verdict=pd.Categorical(verdict, claims["verdict"].cat.categories),
        note=pd.array(note, dtype="str"),
        changed_by_returns=changed,
    )
    quarters = published["task_force_quarters"]["quarter"]
    returned = counts is not None and counts.loc[counts["quarter"].isin(quarters), "origin"].eq("returns").any()
    told.attrs["evidence"] = ("collection", *corrections, *["returns"] * bool(returned or any(changed)))
    return told


def list_claims(claims: pd.DataFrame, outcome: str) -> Result:
    """List the statements (`recompute_claims`) with an outcome: "agrees", "differs" or "cannot be checked".

    The value counts those of the outcome, or, where they differ, the facts that they are about.
    """
    if outcome not in _OUTCOMES:
        raise UnknownNameError("an outcome", outcome, _OUTCOMES)
    verdicts, unit, formula, more = _OUTCOMES[outcome]
    rows, given = claims[claims["verdict"].isin(verdicts)], _count(claims)
    heads = {name: _HEADS.get(name, name) for name in ("fact", "quote", "chapter", "stated", *more)}
    return Result(
        basis="computed",
        source=sources_of(claims),
        value=rows["fact"].nunique() if unit == "facts" else len(rows),
        unit=unit,
        method="recompute_claims",
        formula=formula.format_map(given),
        frame=rows,
        columns={name: Column(title, basis=_BASES.get(name, "")) for name, title in heads.items()},
        given=given | {"statements": choose(len(rows), "statement", "statements")},
    )


def count_verdicts(claims: pd.DataFrame) -> Result:
    """Count the statements (`recompute_claims`) by verdict; `{part}` is the share of those that agree."""
    counted, given = claims["verdict"].value_counts(sort=False), _count(claims)
    return Result(
        basis="computed",
        source=sources_of(claims),
        method="judge_claim",
        frame=counted.rename("value").reset_index().assign(low=math.nan, high=math.nan, basis="computed"),
        picture=("ranges", {"axis": Column("statements")}),
        given=given | {"part": Amount(given["agreeing"] / given["all"], "share")},
    )


def list_queries(claims: pd.DataFrame) -> Result:
    """List the query behind each recomputed number of the statements (`recompute_claims`)."""
    heads = {name: _HEADS.get(name, name) for name in ("claim_id", "stated", "recomputed", "expression")}
    queries = claims.dropna(subset=["expression"])
    return Result(basis="computed", source=sources_of(claims), method="evaluate", frame=queries, columns=heads)


def _count(claims: pd.DataFrame) -> dict[str, Amount | str]:
    agreeing, differing, unchecked = (claims["verdict"].isin(verdicts) for verdicts, *_ in _OUTCOMES.values())
    rounded, facts = claims["verdict"].eq("reproduces when rounded").sum(), claims.loc[differing, "fact"].nunique()
    counts = {"all": len(claims), "agreeing": agreeing.sum(), "differing": differing.sum(), "rounded": rounded}
    counts |= {"unchecked": unchecked.sum(), "stand": agreeing.sum() - rounded, "again": differing.sum() - facts}
    words = {"agree": choose(agreeing.sum(), "agrees", "agree"), "do": choose(differing.sum(), "does", "do")}
    words |= {"have": choose(unchecked.sum(), "has", "have"), "also": choose(rounded, "does", "do")}
    words |= {"facts": f"{facts} {choose(facts, 'fact', 'facts')}", "returned": _tell_returned(claims)}
    return {name: Amount(count) for name, count in counts.items()} | words


def _tell_returned(claims: pd.DataFrame) -> str:
    """Say what returns changed in the statements, as a sentence; nothing where they did not."""
    changed = int(claims["changed_by_returns"].sum())
    if not changed:
        return ""
    turned = int((claims["verdict"].to_numpy() != load("report_claims")["verdict"].to_numpy()).sum())
    verdicts = f"and the verdict on {turned}" if turned else "but no verdict"
    return f" Returns changed the recomputed number of {changed} statement{'s' * (changed > 1)} {verdicts}."


def _evaluate_all(claims: pd.DataFrame, database: sqlite3.Connection) -> list[_Value]:
    return [_evaluate(text, database) if pd.notna(text) else None for text in claims["expression"]]


def _evaluate_returned(claims: pd.DataFrame, counts: pd.DataFrame, corrected: list[_Value]) -> tuple[list[_Value], ...]:
    """Evaluate all with what returns give: once without the totals of which only the least is known, once with these.

    Where the two differ, the second is the least that the number can be, since each query grows with the totals.
    """
    quarters = _replace_quarters(counts)
    totals, day = total_quarters(counts)[load("task_force_totals").columns], counts.attrs.get("as_of", REPORT_ALONE)
    # What published quarters alone exceed is the correction, and no return.
    stated = load_corrected("task_force_totals", day)["count"].mask(totals["measure"].isin(list_sent(counts)))
    totals = totals.assign(count=totals["count"].fillna(stated))
    tables = {"task_force_quarters": quarters, "task_force_totals": totals}
    if all(frame["count"].equals(load_corrected(name, day)["count"]) for name, frame in tables.items()):
        return corrected, corrected
    known = _evaluate_all(claims, _make_database(tables, _published()))
    if totals["count"].notna().all():
        return known, known
    window = counts[counts["quarter"].isin(quarters["quarter"])]
    sums = window["count"].fillna(window["at_least"]).groupby(window["measure"].astype("str")).sum()
    least = totals.assign(count=totals["count"].fillna(totals["measure"].astype("str").map(sums)))
    return known, _evaluate_all(claims, _make_database(tables | {"task_force_totals": least}, _published()))


def _replace_quarters(counts: pd.DataFrame) -> pd.DataFrame:
    """Put a quarter's count that returns give in the place of the published one; none where some alone give more."""
    quarters = load_corrected("task_force_quarters", counts.attrs.get("as_of", REPORT_ALONE))
    keys = ["measure", "quarter"]
    own, known = (frame.astype({"measure": "str"}) for frame in (quarters[keys], counts))
    both = own.merge(known, on=keys, how="left", validate="one_to_one")
    given = both["count"].where(both["origin"].eq("returns") & quarters["count"].notna())
    more = both["at_least"].gt(quarters["count"]).fillna(False)
    return quarters.assign(count=given.fillna(quarters["count"].mask(more)))


def _name_corrections(expression: str, tables: Iterable[pd.DataFrame]) -> str:
    pairs = [pair for table in tables for pair in table.attrs["corrections"]]
    return "; ".join(evidence(source)["place"] for source, measure in pairs if measure in expression) or "A correction"


def _recompute(stated: str, note: str, why: str, numbers: Sequence[_Value]) -> tuple[str | None, str, str, bool]:
    """Give a statement's recomputed number as it is shown, its verdict, its note, and whether returns changed it.

    The numbers are the report's own, those of the corrections, and those of the returns: known, and the least.
    """
    own, corrected, now, least = numbers
    published, revised, shown = (_show(stated, each) for each in (own, corrected, least))
    if now != least:
        most = f"{why}, by which it is {revised}" * (revised != published)
        most = most or f"the report’s own numbers, which give {published}"
        note = f"{BY_RETURNS}of some quarters alone give more than {most}."
        return f"at least {shown}", _judge_least(stated, least), note, True
    if revised == shown != published:
        given = f"it is {revised}" if revised else "there is no such number"
        note = f"{why}: by that {given}, and by the report’s own numbers {published}. {note}"
        return f"{published}; corrected: {revised or 'no number'}", judge_claim(stated, own), note, False
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
    whole, _, decimals = _STATED.match(stated)["number"].replace(",", "").partition(".")
    zeros = len(whole) - len(whole.rstrip("0"))
    return 10.0 ** (-len(decimals) if decimals else max(min(zeros, len(whole) - 2), 0))


def _show(stated: str, value: _Value) -> str | None:
    """Write a value with one digit more than the statement has."""
    if value is None or isinstance(value, str):
        return value
    whole = math.isclose(value, round(value), rel_tol=1e-9, abs_tol=1e-9)
    decimals = 0 if whole else len(_STATED.match(stated)["number"].partition(".")[2]) + 1
    # A year carries no comma, and a statement that has one shows that its number is not a year.
    separator = "," if "," in stated else ""
    return f"{value:{separator}.{decimals}f}"
