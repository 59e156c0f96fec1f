"""Trends and forecasts of the task forces' quarterly counts, as a page shows them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import pandas as pd

from htanalysis.feasible import read_counts
from htanalysis.forecasts import Forecast
from htanalysis.quarterly import name_sources
from htanalysis.results import Column, Result
from htanalysis.returns.corrections import TABLES
from htanalysis.settings import LARGE, LONG
from htanalysis.trends import FEWEST, Trend, fit_trend
from htanalysis.wording import join_words, number


def fit_measures(
    counts: pd.DataFrame, joined: pd.Period | str | None = None, totals: pd.DataFrame | None = None
) -> dict[str, Trend]:
    """Fit each measure's trend over the quarters, for one task force reporting where it is said how many do.

    `counts` and `totals`, to which the quarters that are not known must add up, are as for `bound_quarters`. Of
    `count_quarters`, `task_forces_reporting` and `task_forces_next` say how many report a quarter and the one after the
    last; elsewhere all are taken to be as many. From the quarter `joined` on a further one reports; the rate may change
    there.
    """
    counts, trends = read_counts(counts), {}
    sums = {} if totals is None else totals.astype({"measure": "str"}).set_index("measure").to_dict("index")
    for measure, rows in counts.groupby("measure", observed=True, sort=False):
        rows = rows.set_index(pd.PeriodIndex(rows["quarter"], freq="Q")).sort_index()
        # Quarters between of which nobody was asked for it keep their place.
        quarters = pd.period_range(rows.index[0], rows.index[-1], freq="Q")
        rows = rows.reindex(quarters)
        bodies = rows.get("task_forces_reporting", pd.Series(1.0, rows.index)).ffill().astype(float)
        following = float(rows.get("task_forces_next", bodies).iloc[-1])
        # Of a quarter in which none reports there is no count for one task force.
        counted = rows["count"].mask(bodies.eq(0).to_numpy())
        known = tuple(None if pd.isna(count) else float(count) for count in counted)
        step = tuple(quarters >= pd.Period(joined, "Q")) if joined is not None else None
        each = (known, tuple(bodies.clip(1)), max(following, 1.0), tuple(quarters.quarter), step)
        trends[measure] = _fit_again(*each, *_read_total(sums.get(measure), quarters))
        if not following:
            tests = trends[measure].forecast.back_test
            none = Forecast("Nothing is forecast: no task force reports then.", back_test=tests)
            trends[measure] = replace(trends[measure], forecast=none)
    return trends


# A check of returns fits trends before and after them, and most measures are not in the returns.
_fit_again = lru_cache(64)(fit_trend)


def _read_total(total: dict | None, quarters: pd.PeriodIndex) -> tuple[float | None, tuple[bool, ...] | None]:
    if total is None or pd.isna(total["count"]):
        return None, None
    starts, ends = quarters.start_time, quarters.end_time.normalize()
    return float(total["count"]), tuple((starts >= total["period_start"]) & (ends <= total["period_end"]))


def list_trends(counts: pd.DataFrame, trends: Mapping[str, Trend]) -> Result:
    """List for which counts a trend is fitted, by which model, and why, of `count_quarters` and `fit_measures`.

    Notes
    -----
    Formula: see `fit_trend`.
    """
    fitted = [name for name, trend in trends.items() if trend.model]
    known = counts.groupby("measure", observed=True)["count"].count()[[*trends]]
    why = "no count has four known quarters, and fewer points show no trend"
    if known.max() >= FEWEST:
        why = "no curve of this kind goes through the known counts, or their zeros leave no factor that could be told"
    rows = [(name, int(known[name]), trend.model or "none", trend.reason) for name, trend in trends.items()]
    heads = {"measure": "measure", "known": "quarters known", "model": "model", "reason": "why"}
    listed = ", ".join(f"{name} {count}" for name, count in known.items())
    return Result(
        basis="computed",
        source=name_sources(counts),
        value=len(fitted),
        unit=f"of {len(trends)} counts",
        method="fit_trend",
        formula=f"counts with four known quarters or more whose zeros leave a factor; known quarters: {listed}",
        frame=pd.DataFrame(rows, columns=[*heads]),
        columns=heads,
        given={"which": f"A trend is fitted for {join_words(fitted)}" if fitted else f"No trend is fitted: {why}"},
    )


def tell_trends(counts: pd.DataFrame, totals: pd.DataFrame, trends: Mapping[str, Trend]) -> list[Result]:
    """Give the factor of a quarter in each trend that is fitted, and the curve, of what `fit_measures` took and gave.

    Notes
    -----
    Formula: see `fit_trend`.
    """
    counts = read_counts(counts)
    of_forces = " of so many task forces" * ("task_forces_reporting" in counts)
    sums, told = totals.set_index("measure").dropna(subset=["count"]), []
    for measure, trend in trends.items():
        if not trend.model:
            continue
        term, fitted, whole = trend.terms.iloc[0], trend.fit["expected"].notna(), ""
        held = pd.PeriodIndex(counts.loc[counts["measure"].eq(measure), "quarter"], freq="Q")
        quarters = pd.period_range(held.min(), held.max(), freq="Q")  # those of `fit_measures`
        first, following = quarters[fitted.argmax()], str(quarters[-1] + 1)
        own, since = counts[counts["quarter"].ge(first)], "" if fitted.all() else f" since {first}"
        if fitted.all() and trend.fit["count"].isna().any() and measure in sums.index:
            whole = f"; their total to {pd.Period(sums['period_end'][measure], 'Q')}: {number(sums['count'][measure])}"
        after = f", and {following} by the {trend.forecast.model} with its 95% interval" if trend.prediction else ""
        result = Result(
            basis="computed",
            source=name_sources(own, [measure], TABLES if fitted.all() else ()),
            value=term["ratio"],
            low=term["low"],
            high=term["high"],
            unit="times",
            digits=2,
            method="fit_trend",
            formula=f"log-linear {trend.model} regression on {join_words(trend.terms['term'])}, counts{of_forces}:"
            f" {_list_inputs(own, measure)}{whole}; factor = exp(slope of a period)",
            frame=trend.fit,
            picture=(
                "fit",
                {
                    "labels": [*map(str, quarters)],
                    "prediction": trend.prediction,
                    "next_label": following,
                    "partial": {},
                },
            ),
            given={"measure": measure, "model": trend.model, "since": since, "after": after},
        )
        told.append(result)
    return told


def forecast_quarters(counts: pd.DataFrame, trends: Mapping[str, Trend]) -> Result:
    """Give the forecast of each count for the quarter after the last, or why there is none, of `fit_measures`.

    Notes
    -----
    Formula: see `forecast`.
    """
    counts, rows = read_counts(counts), []
    for measure, trend in trends.items():
        told = trend.forecast
        rows.append({"measure": measure, "value": told.value, "low": told.low, "high": told.high})
        rows[-1] |= {"reason": told.reason, "model": told.model, "source": name_sources(counts, [measure])}
        rows[-1]["formula"] = (
            f"{told.model} of the logarithms of count + ½ for one task force, from {_list_inputs(counts, measure)};"
            " range: Student’s quantile × root of the mean squared error of earlier forecasts"
        )
    heads = {"measure": "measure", "value": "forecast", "low": "from", "high": "to", "reason": "why"}
    made = sum(bool(row["model"]) for row in rows)
    return Result(
        basis="computed",
        source=name_sources(counts),
        method="forecast",
        frame=pd.DataFrame(rows),
        columns=heads,
        given={"following": str(counts["quarter"].max() + 1), "made": made, "all": len(rows)},
    )


def list_back_tests(counts: pd.DataFrame, trends: Mapping[str, Trend]) -> Result:
    """Say how each model would have foretold the quarters that are known, of `fit_measures`.

    Notes
    -----
    Formula: see `back_test`.
    """
    tests = [trend.forecast.back_test.assign(measure=measure) for measure, trend in trends.items()]
    models = [trend.forecast.model for trend in trends.values() if trend.forecast.model]
    heads = {"measure": "measure", "model": "forecast by", "origins": "forecasts", "error": "mean error"}
    heads |= {"against_naive": "times the last value’s", "intervals": "intervals", "held": "part that held"}
    digits = {"error": 3, "against_naive": 2}
    return Result(
        basis="computed",
        source=name_sources(counts),
        method="back_test",
        frame=pd.concat(tests, ignore_index=True).dropna(subset=["error"]),
        columns={
            name: Column(title=title, digits=digits.get(name, 0), unit="share" * (name == "held"))
            for name, title in heads.items()
        },
        given={"better": sum(model != "last value" for model in models), "made": len(models)},
    )


def _list_inputs(counts: pd.DataFrame, measure: str) -> str:
    rows = counts[counts["measure"].eq(measure) & counts["count"].notna()].sort_values("quarter")
    told = rows if len(rows) <= LONG else rows.iloc[[0, *range(-LARGE, 0)]]
    cells = told.filter(["quarter", "count", "task_forces_reporting"]).itertuples(index=False, name=None)
    listed = [" of ".join([f"{quarter} {number(count)}", *map(str, bodies)]) for quarter, count, *bodies in cells]
    if len(rows) > LONG:
        listed.insert(1, f"{len(rows) - LARGE - 1} between, whose counts stand in tables.xlsx")
    return ", ".join(listed)
