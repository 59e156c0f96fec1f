"""What changed: the findings of two reports, and the returns behind them, compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from htanalysis.findings import span

_COMPARED = ("value", "low", "high", "basis")


def compare_findings(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Compare the findings of two reports.

    Parameters
    ----------
    before, after : iterable of mapping
        Findings as they travel in notebooks, each with its notebook's name under "notebook".

    Returns
    -------
    list of dict
        The findings whose value, range or basis changed, and those that came or went, in the order of `after`:
        `notebook`, `id`, `old` and `new` (amount with basis; "none" where there was none), `sentence` (the new one, or
        the old one where none is left).
    """
    old, new = ({finding["id"]: finding for finding in findings} for findings in (before, after))
    names = [*new, *(name for name in old if name not in new)]
    return [
        {key: (new.get(name) or old[name])[key] for key in ("notebook", "id", "sentence")}
        | {"old": _tell(old.get(name)), "new": _tell(new.get(name))}
        for name in names
        if _compared(old.get(name)) != _compared(new.get(name))
    ]


def list_revisions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the counts of returns that were known before and are others now.

    Parameters
    ----------
    before, after : pandas.DataFrame
        Frames with `quarter`, `task_force`, `measure`, `trafficking_type` and `count`; where `count` is missing nothing
        is told.

    Returns
    -------
    pandas.DataFrame
        A row is a revised count: the four columns that name it, `old`, `new` and `difference` (new minus old).
    """
    cell = ["quarter", "task_force", "measure", "trafficking_type"]
    both = before[[*cell, "count"]].merge(after[[*cell, "count"]], on=cell, suffixes=("_old", "_new"))
    both = both.dropna(subset=["count_old", "count_new"])
    revised = both[both["count_old"] != both["count_new"]].rename(columns={"count_old": "old", "count_new": "new"})
    return revised.assign(difference=revised["new"] - revised["old"]).sort_values(cell, ignore_index=True)


def list_newly_known(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the quarterly counts of the state that are known now and were not before.

    Parameters
    ----------
    before, after : pandas.DataFrame
        `count_quarters`.

    Returns
    -------
    pandas.DataFrame
        A row is a count: `quarter`, `measure`, `count`.
    """
    keys = ["quarter", "measure"]
    then = before.dropna(subset=["count"]).set_index(keys).index
    now = after.dropna(subset=["count"]).set_index(keys)
    return now[~now.index.isin(then)]["count"].reset_index().sort_values(keys, ignore_index=True)


def list_verdicts(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the report's statements on which the verdict changed.

    Parameters
    ----------
    before, after : pandas.DataFrame
        `recompute_claims`.

    Returns
    -------
    pandas.DataFrame
        A row is a statement: `claim_id`, `chapter`, `quote`, `stated`, `recomputed`, `old` and `new` (verdicts).
    """
    columns = ["claim_id", "chapter", "quote", "stated", "recomputed"]
    verdicts = after[columns].assign(old=before["verdict"].astype("str"), new=after["verdict"].astype("str"))
    return verdicts[verdicts["old"] != verdicts["new"]].reset_index(drop=True)


def _compared(finding: Mapping[str, Any] | None) -> Sequence[Any] | None:
    return [finding[key] for key in _COMPARED] if finding else None


def _tell(finding: Mapping[str, Any] | None) -> str:
    """Write a finding's number with its range and basis."""
    if not finding:
        return "none"
    value, low, high = (finding[key] for key in ("value", "low", "high"))
    reach = ""
    if value is not None and low is not None and low < high:
        unit = "share" if finding["unit"] == "share" else ""
        reach = f" ({span(low, high, unit, finding['digits'], between=False)})"
    return f"{finding['amount'] or 'no number'}{reach}, {finding['basis']}"
