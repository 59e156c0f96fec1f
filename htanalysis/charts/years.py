"""Charts of counts by year or by the quarters of a trend; what covers a part of a year looks the same in all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from htanalysis.charts import look
from htanalysis.charts.look import Chart, Sketch
from htanalysis.charts.tables import Caption, Table
from htanalysis.results import Column
from htanalysis.settings import LARGE, LONG
from htanalysis.wording import join_words, number, span

_YEARS = {"dtick": 1, "tickformat": "d"}
_COUNT = Column("count")


def draw_rates(rates: pd.DataFrame, unit: str, caption: Caption) -> Chart:
    """Draw yearly rates with exact intervals on one scale, and mark years that are not covered whole.

    Each panel holds the rows of `rate_by_year` with one title, `what`; the unit is that of the rates.
    """
    axis, reached = Column("", digits=1), look.reach(float(rates["high"].max()))
    told = [
        f"{r.year}: {axis.tell(r.per_month, r.low, r.high)}{', part of a year' if r.partial else ''}"
        for r in rates.itertuples()
    ]
    panels = dict(list(rates.assign(told=told).groupby("what", sort=False)))
    sketch, height = look.stack_panels(panels, unit, "year")
    for row, frame in enumerate(panels.values(), 1):
        for partial, part in frame.groupby("partial"):
            style = {"name": "part of a year" if partial else "whole year", "hovertext": [*part["told"]], "panel": row}
            x, y, ends = part["year"].astype(int), part["per_month"], (part["low"], part["high"])
            sketch.add_dots(x, y, "part" if partial else "computed", ends, **style)
        sketch.set_axis("y", row, tickformat=",.6~f", **reached)
    sketch.set_axis("x", **_YEARS)
    columns = {"what": Column("counted"), "year": Column("year", "year"), "count": Column("count", basis="reported")}
    columns["days"] = Column("days covered", basis="reported")
    rated = {"per_month": unit} | dict(zip(("low", "high"), look.INTERVAL.values(), strict=True))
    columns |= {name: Column(head, digits=1, basis="computed") for name, head in rated.items()}
    words = " ".join(f"{name}, {'; '.join(frame['told'])}." for name, frame in panels.items())
    alt = f"{words} Counts {unit}; in brackets, and as lines, {look.LEVEL} intervals."
    reading = "a hollow mark is a year’s rate; the line through it is the {} interval that chance leaves open."
    return sketch.finish(Table(rates, caption, columns), alt, reading.format(look.LEVEL), height + 66, gap=44)


def draw_outlook(outlook: pd.DataFrame, partial: Mapping[str, str], caption: Caption) -> Chart:
    """Draw `project_convictions`: those reported by year of arrest, and the range that is still to come.

    Of each year that is not covered whole, `partial` says which part is.
    """
    rows, sketch = outlook.assign(label=outlook["year"].astype(str)), Sketch()
    rows["told"] = [
        f"{_say_part(row.label, partial)}: {row.convictions} reported"
        + ("" if row.basis == "reported" else f", {span(row.low, row.high)} if like a settled year")
        for row in rows.itertuples()
    ]
    for look_of, own, name in _split_partial(rows, partial, "reported"):
        known, told = own["convictions"].astype(int), [*own["told"]]
        sketch.add_bars(own["label"], 0 * known, known, look_of, name=name, text=[*known.astype(str)], hovertext=told)
    ahead, name = rows[rows["basis"].eq("assumed")], "in the end, if like a settled year (assumed)"
    sketch.add_bars(ahead["label"], ahead["low"], ahead["high"], "unknown", hovertext=[*ahead["told"]], name=name)
    sketch.set_axis("x", title={"text": "year of arrest"}, showgrid=False, **_year_axis(rows["label"], partial))
    top = float(rows[["convictions", "high"]].astype(float).max().max())
    sketch.set_axis("y", title={"text": "convictions"}, tickformat=",d", **look.reach(top))
    columns = {"year": Column("year of arrest", "year"), "arrests": Column("arrests", basis="reported")}
    columns |= {"convictions": Column("convictions reported", basis="reported")}
    columns |= {"ratio": Column("for each arrest", digits=2, basis="computed")}
    columns |= {"low": Column("expected in the end, from", basis="row"), "high": Column("to", basis="row")}
    table = Table(outlook, caption, columns | {"basis": Column("basis")})
    alt = f"{'; '.join(rows['told'])}. Convictions by year of arrest."
    reading = "a full bar is reported; a dashed box runs from the fewest to the most in the end, on its condition"
    return sketch.finish(table, alt, f"{reading}{_read_part(partial)}.", 420)


def _split_partial(
    rows: pd.DataFrame, partial: Mapping[str, str], name: str
) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Part rows, by their `label`, into those of a whole period and of a part of one: look, rows and name of each."""
    part = rows["label"].isin([*partial])
    yield "reported", rows[~part], name
    yield "part", rows[part], f"{name}, {join_words(dict.fromkeys(partial.values()))}"


def _say_part(label: str, partial: Mapping[str, str]) -> str:
    return f"{label}, {partial[label]}" if label in partial else label


def _read_part(partial: Mapping[str, str]) -> str:
    return "; what covers a part of a year has a dashed edge" if partial else ""


def _year_axis(labels: Iterable[str], partial: Mapping[str, str]) -> dict[str, Any]:
    """Give an axis of years or quarters, which says of those that are not covered whole that they are a part."""
    axis = look.quarter_axis([*labels])
    told = zip(axis["tickvals"], axis["ticktext"], strict=True)
    return axis | {"ticktext": [f"{text}<br>part" if label in partial else text for label, text in told]}


def _leave_gaps(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna(), None)


def _say_fit(row: Any) -> Iterator[str]:
    if pd.notna(row.count):
        yield f"{number(row.count)} published"
    if pd.notna(row.expected):
        yield f"{_COUNT.tell(row.expected, row.interval_low, row.interval_high)} expected"


def draw_fit(
    fit: pd.DataFrame,
    labels: Sequence[str],
    prediction: Sequence[float] | None,
    next_label: str,
    partial: Mapping[str, str],
    caption: Caption,
) -> Chart:
    """Draw the known counts of a `Trend.fit`, the trend through them, and its `prediction` of the next period, if any.

    The labels are all quarters or years in order, known or not, and the one after them. Of each that is not covered
    whole, `partial` says which part is.
    """
    # The dots are published, whatever the line through them is.
    caption = replace(caption, basis=tuple(dict.fromkeys(("reported", *caption.basis))))
    curve, sketch = fit.assign(label=[labels[int(time)] for time in fit["time"]]), Sketch()
    known, part = curve.dropna(subset=["count"]), curve["label"].isin([*partial])
    ahead = pd.DataFrame([prediction] if prediction else [], columns=["expected", *look.INTERVAL], dtype=float)
    ahead["label"] = next_label
    rows = pd.concat([curve, ahead], ignore_index=True)
    rows["told"] = [
        f"{_say_part(r.label, partial)}: {', '.join(_say_fit(r))}"
        for r in rows.reindex(columns=[*rows, *look.INTERVAL]).itertuples()
    ]
    told = rows.set_index("label")["told"]
    sketch.add_line(curve["label"][~part], _leave_gaps(curve["expected"])[~part], width=1.5, name="trend (computed)")
    to_part = curve[part | part.shift(-1, fill_value=False)]
    sketch.add_line(to_part["label"], to_part["expected"], width=1.5, dash="dash")
    ends, name = [ahead[end] for end in look.INTERVAL], f"next, with {look.LEVEL} interval (computed)"
    sketch.add_dots(ahead["label"], ahead["expected"], "computed", ends, name=name, hovertext=[*told.tail(len(ahead))])
    if len(labels) > LONG:
        sketch.add_line(curve["label"], _leave_gaps(curve["count"]), look.MUTED, 1, name="published (reported)")
        known = curve[look.mark_dots(curve["count"])]
    for look_of, own, name in _split_partial(known, partial, "published (reported)"):
        # Side by side there is room for the last one's number alone.
        crowded = own["label"].isin([*labels][-LARGE:-1]) & (len(labels) > LONG)
        text = own["count"].map(number).mask(crowded, "")
        style = {"text": text, "hovertext": [*told[own["label"]]], "name": name}
        sides = own["expected"].gt(own["count"]).map({True: "bottom center", False: "top center"})  # off the line
        sketch.add_dots(own["label"], own["count"], look_of, textposition=[*sides], **style)
    period = "quarter" if "Q" in next_label else "year"
    sketch.set_axis("x", title={"text": period}, **_year_axis([*labels, next_label], partial))
    top = float(rows[["count", "expected", "interval_high"]].astype(float).max().max())
    sketch.set_axis("y", title={"text": "count"}, tickformat=",d", **look.reach(top))
    columns = {"label": Column(period), "count": Column("published", basis="reported")}
    computed = {"expected": "expected", **look.INTERVAL}
    columns |= {name: Column(head, basis="computed") for name, head in computed.items()}
    columns["residual"] = Column("published less expected, in standard deviations", digits=1, basis="computed")
    words = [*rows["told"]]
    if len(labels) > LONG:
        words = [f"{curve['count'].notna().sum()} counts from {words[0]}", *words[-LARGE:]]
    reading = f"full dots are published; the line is the trend through them{_read_part(partial)}"
    reading += f"; the hollow dot is the forecast, with its {look.LEVEL} interval" if prediction else ""
    table = Table(rows.reindex(columns=[*columns]), caption, columns, missing="–")
    return sketch.finish(table, f"{'; '.join(words)}.", f"{reading}.", 420)
