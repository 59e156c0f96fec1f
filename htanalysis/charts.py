"""Charts: each drawing function gives the figure, what a sighted reader sees in words, and the table behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from htanalysis.errors import HtanalysisError, check_columns
from htanalysis.figures import (
    ACCENT,
    CONTRAST,
    COUNT,
    DOTS,
    INK,
    INTERVAL,
    LEVEL,
    LIGHT,
    MID,
    MUTED,
    NEUTRAL,
    PALE,
    PAPER,
    RULE,
    Axis,
    Chart,
    Sketch,
    add_bars,
    add_dots,
    add_line,
    add_trace,
    finish,
    fold,
    in_panel,
    quarter_axis,
    stack_panels,
    wrap,
    write_rows,
    write_text,
)
from htanalysis.findings import join_words, number, span
from htanalysis.series import SHAPES
from htanalysis.tables import Caption, Table


def draw_known(counts: pd.DataFrame, caption: Caption) -> Chart:
    """Draw which counts are published by quarter, and which are known only as part of a total.

    Parameters
    ----------
    counts : pandas.DataFrame
        `load("task_force_quarters")`.
    caption : Caption
        What stands around the chart.
    """
    cells = counts.assign(quarter=counts["quarter"].astype(str), measure=counts["measure"].astype(str))
    wide = cells.pivot(index="measure", columns="quarter", values="count").reindex(cells["measure"].unique())
    sketch = Sketch()
    places, top = write_rows(sketch, map(fold, wide.index), above=26)
    cells["place"] = cells["measure"].map(dict(zip(wide.index, places, strict=True)))
    known, hidden = cells[cells["count"].notna()], cells[cells["count"].isna()]
    add_dots(sketch, known["quarter"], known["place"], "reported", text=known["count"].map(number), name="published")
    add_dots(sketch, hidden["quarter"], hidden["place"], "absent", name="only in the total")
    sketch.set_axis("x", title_text="quarter", **quarter_axis(sorted(wide.columns)))
    words = [
        f"{measure} " + "; ".join(f"{quarter}: {number(count)}" for quarter, count in points.dropna().items())
        for measure, points in wide.dropna(how="all").iterrows()
    ]
    alt = f"Published: {'; '.join([*words, f'the other {len(hidden)} cells: only in the total'])}."
    labels = {"measure": "measure"} | {quarter: quarter for quarter in wide.columns}
    reading = "a full dot is a published count; a dash stands where only the total of all quarters is known."
    return finish(sketch, Table(wide.reset_index(), caption, labels), alt, reading, height=top + 100)


def draw_periods(spans: pd.DataFrame, caption: Caption) -> Chart:
    """Draw from when to when each data set counts.

    Parameters
    ----------
    spans : pandas.DataFrame
        Columns `label`, `start`, `end` (days).
    caption : Caption
        What stands around the chart.
    """
    sketch = Sketch()
    places, top = write_rows(sketch, map(fold, spans["label"]))
    words = [f"{row.label}, {row.start.date()} to {row.end.date()}" for row in spans.itertuples()]
    for row, place, text in zip(spans.itertuples(), places, words, strict=True):
        add_line(sketch, [row.start, row.end], [place] * 2, width=12, hovertext=text)
    first, last = pd.Timestamp(spans["start"].min().year, 1, 1), pd.Timestamp(spans["end"].max().year + 1, 1, 1)
    margin, step = (last - first) / 20, -(-(last.year - first.year) // 9)
    ticks = {"tick0": f"{first.date()}", "dtick": f"M{12 * step}", "tickformat": "%Y"}
    sketch.set_axis("x", title_text="year", range=[first - margin, last + margin], **ticks)
    table = Table(spans, caption, {"label": "data set", "start": "first day", "end": "last day"})
    alt, reading = f"From first to last day: {'; '.join(words)}.", "a bar lasts from the first to the last day counted."
    return finish(sketch, table, alt, reading, height=top + 66)


def draw_quarters(bounds: pd.DataFrame, caption: Caption, assumed: str = SHAPES["never falling"]) -> Chart:
    """Draw each measure by quarter: what is published, and the ranges of what is not.

    Parameters
    ----------
    bounds : pandas.DataFrame
        `bound_quarters`. A range without `high` is drawn up to the top.
    caption : Caption
        What stands around the chart.
    assumed : str
        What `low_assumed` and `high_assumed` take for granted; it follows "if".
    """
    cells = bounds.assign(quarter=bounds["quarter"].astype(str), measure=bounds["measure"].astype(str))
    parts = dict(list(cells.groupby("measure", sort=False)))
    sketch, height = stack_panels(parts, "a quarter", "quarter")
    for row, part in enumerate(parts.values(), 1):
        _draw_one_measure(sketch, part, assumed, row, row == len(parts))
    labels = {"measure": "measure", "quarter": "quarter", "count": "published"}
    shown = cells.astype(object)
    for suffix, words in (("", "possible"), ("_assumed", f"if {assumed}")):
        low, high = f"low{suffix}", f"high{suffix}"
        labels |= {low: f"fewest {words}", high: f"most {words}"}
        shown.loc[cells[high].isna(), high] = "no upper limit"
        shown.loc[cells[low].isna(), [low, high]] = "no such series"
    alt = " ".join(_measure_in_words(part, name, assumed) for name, part in parts.items())
    reading = (
        "a full dot is a published count; a bar runs from the fewest to the most that a quarter can have had, a hatched"
        f" one only if {assumed}."
    )
    bases = {"count": "reported", "low": "bounded", "high": "bounded"}
    bases |= {"low_assumed": "assumed", "high_assumed": "assumed"}
    return finish(sketch, Table(shown, caption, labels, column_bases=bases), alt, reading, height + 150, gap=44)


def draw_rates(rates: Mapping[str, pd.DataFrame], unit: str, caption: Caption) -> Chart:
    """Draw yearly rates with exact intervals, a panel each, and mark years that are not covered whole.

    Parameters
    ----------
    rates : mapping of str to pandas.DataFrame
        `rate_by_year` for each panel, by the panel's title.
    unit : str
        Unit of the rates.
    caption : Caption
        What stands around the chart.

    Raises
    ------
    HtanalysisError
        If there is no panel, or one has no year or lacks a column.
    """
    for name, frame in rates.items():
        columns = ["year", "days", "count", "per_month", "low", "high", "partial"]
        check_columns(f"rates, {name},", frame, columns)
    if not rates or not all(len(frame) for frame in rates.values()):
        raise HtanalysisError("rates: give one panel or more, each with a year.")
    sketch, height = stack_panels(rates, unit, "year")
    looks = (("whole year", "circle", ACCENT), ("year not covered whole", "square", CONTRAST))
    for row, frame in enumerate(rates.values(), 1):
        for partial, part in frame.groupby("partial"):
            name, symbol, color = looks[int(partial)]
            look = {"name": name, "marker_symbol": symbol, "marker_line_color": color, "panel": row}
            x, y, ends = part["year"].astype(int), part["per_month"], (part["low"], part["high"])
            text = [f"{count} in {days} days" for count, days in zip(part["count"], part["days"], strict=True)]
            add_dots(sketch, x, y, "computed", ends, color, hovertext=text, **look)
        top = float(frame["high"].max())
        sketch.set_axis("y", range=[-0.06 * top, 1.12 * top], nticks=5, tickformat=",.6~f", panel=row)
    sketch.set_axis("x", dtick=1, tickformat="d")
    table = pd.concat([frame.assign(what=name) for name, frame in rates.items()], ignore_index=True)
    labels = {"what": "counted", "year": "year", "count": "count", "days": "days covered", "per_month": unit}
    labels |= dict(zip(("low", "high"), INTERVAL.values(), strict=True))
    digits = {"year": "year", "per_month": 1, "low": 1, "high": 1}
    words = " ".join(_rates_in_words(frame, name, whole=len(table) <= 12) for name, frame in rates.items())
    alt = f"{words} Counts {unit}; in brackets, and as lines, {LEVEL} intervals."
    reading = f"a hollow mark is a year’s rate; the line through it is the {LEVEL} interval that chance leaves open."
    bases = {"count": "reported", "days": "reported"} | dict.fromkeys(("per_month", "low", "high"), "computed")
    return finish(sketch, Table(table, caption, labels, digits, column_bases=bases), alt, reading, height + 66, gap=44)


def draw_ranges(frame: pd.DataFrame, axis: Axis, caption: Caption, reference: float | None = None) -> Chart:
    """Draw a row for each value or range, with its number written above it; where no row has a range, bars from 0.

    Parameters
    ----------
    frame : pandas.DataFrame
        The first column names the rows; `value` (missing where only a range is known), `low`, `high` (missing or both
        equal to `value` where there is none; `high` infinite where nothing limits it) and `basis`. Optionally
        `interval_low` and `interval_high`, what chance adds to the range: a thin line around it.
    axis : Axis
        What the horizontal axis shows; it holds 0, every number and the reference.
    caption : Caption
        What stands around the chart.
    reference : float, optional
        A value to mark with a vertical line.
    """
    name, numbers = frame.columns[0], ["value", "low", "high", *INTERVAL]
    heads = {name: "row" if name in ("", "index", 0) else str(name).replace("_", " "), "value": axis.title}
    heads |= {"low": "from", "high": "to", **INTERVAL, "basis": "basis"}
    shown = {column: head for column, head in heads.items() if column in frame}
    told = frame.astype(object).replace(np.inf, "no upper limit")
    bases = dict.fromkeys(("value", "low", "high"), "row") | dict.fromkeys(INTERVAL, "computed")
    table = Table(told, caption, shown, dict.fromkeys(numbers, axis.form), missing="–", column_bases=bases)
    rows = frame.rename(columns={name: "label"}).reindex(columns=["label", "basis", *numbers])
    rows[numbers] = rows[numbers].astype(float)
    single = rows[["low", "high"]].isna().all(axis=1)
    rows.loc[single, "low"] = rows.loc[single, "high"] = rows["value"]
    rows["value"] = rows["value"].fillna(rows["low"].where(rows["low"].eq(rows["high"])))
    rows["words"] = [axis.tell(row.value, row.low, row.high) for row in rows.itertuples()]
    sketch, marked = Sketch(), [] if reference is None else [reference]
    layout = axis.layout([*rows[numbers].to_numpy().ravel(), *marked, *([] if axis.log else [0])])
    edge = 10 ** layout["range"][1] if axis.log else layout["range"][1]
    places, top = write_rows(sketch, map(fold, rows["label"], rows["words"]))
    for value in marked:
        add_line(sketch, [value] * 2, [-top, 0], INK, 1, hoverinfo="skip")
    bare = not axis.log and rows["low"].eq(rows["high"]).all() and rows["interval_low"].isna().all()
    for row, place in zip(rows.itertuples(), places, strict=True):
        _draw_row(sketch, row, place, edge, bare)
    sketch.set_axis("x", **layout)
    chance = [f", {LEVEL} {axis.between(*ends)}" * pd.notna(ends[0]) for ends in rows[[*INTERVAL]].to_numpy()]
    words = [f"{r.label}: {r.words}{text}, {r.basis}" for r, text in zip(rows.itertuples(), chance, strict=True)]
    marks = "".join(f"; a line marks {axis.write(value)}" for value in marked)
    alt = f"{'; '.join(words)}. Scale: {axis.title}{marks}."
    return finish(sketch, table, alt, _reading_of_rows(rows, bare), height=top + 64)


def draw_curve(
    frame: pd.DataFrame,
    lines: Mapping[str, str],
    axes: tuple[Axis, Axis],
    caption: Caption,
    band: tuple[str, str] | None = None,
    between: tuple[float, float, str] | None = None,
    even: str | None = None,
) -> Chart:
    """Draw results over the range of an assumption; dashed where the caption's basis is "assumed".

    Parameters
    ----------
    frame : pandas.DataFrame
        The first column is the assumption, in rising order; the others are results.
    lines : mapping of str to str
        Columns to draw, at most three, with the words that stand beside them.
    axes : tuple of Axis
        What the horizontal and vertical axes show; a share goes from 0 to 1.
    caption : Caption
        What stands around the chart.
    band : tuple of str, optional
        Columns between which the range of the first line lies.
    between : tuple, optional
        Two values of the assumption to shade between, and the words for them.
    even : str, optional
        Words for a horizontal line at 1.

    Raises
    ------
    HtanalysisError
        If there are more than three lines.
    """
    if len(lines) > 3:
        raise HtanalysisError(f"draw_curve was given {len(lines)} lines; a reader tells three apart. Draw fewer.")
    x, sketch, head = frame[frame.columns[0]].astype(float), Sketch(), 0.0
    if band:
        y, look = [*frame[band[0]], *frame[band[1]][::-1]], {"fill": "toself", "fillcolor": PALE, "hoverinfo": "skip"}
        add_line(sketch, [*x, *x[::-1]], y, MID, 1, name="range that the unclassified leave", **look)
    dashes = ("dash", "dashdot", "dot") if "assumed" in caption.basis else ("solid",) * 3
    for column, color, width, dash in zip(lines, (ACCENT, CONTRAST, MUTED), (4, 3, 2), dashes, strict=False):
        add_line(sketch, x, frame[column], color, width, line_dash=dash, name=lines[column])
    if between:
        head = _shade(sketch, between, float(x.mean()))
    if even:
        _mark_even(sketch, even, frame[next(iter(lines))].astype(float), axes[1].log)
    least = [0, 1] if axes[1].unit == "share" else [] if axes[1].log else [0]
    seen = [*frame[[*lines, *(band or ())]].to_numpy(float).ravel(), *least, *([1] if even else [])]
    sketch.set_axis("x", **axes[0].layout([*x, *([0, 1] if axes[0].unit == "share" else [])]))
    sketch.set_axis("y", **axes[1].layout(seen, head))
    labels = {frame.columns[0]: axes[0].title, **lines} | ({band[0]: "from", band[1]: "to"} if band else {})
    digits = {column: axes[column != frame.columns[0]].form for column in labels}
    table = Table(frame.iloc[:: max(1, len(frame) // 20)], caption, labels, digits)
    alt = _read_lines(frame, lines, axes, band, between) + (f"; a line at 1: {even}." if even else ".")
    upward = " and the band around it holds the range" if band else ""
    reading = f"choose a value of the assumption below; the height of a line above it is the result{upward}."
    return finish(sketch, table, alt, reading, height=440)


def draw_outlook(outlook: pd.DataFrame, caption: Caption) -> Chart:
    """Draw convictions by year of arrest: those reported, and the range that is still to come.

    Parameters
    ----------
    outlook : pandas.DataFrame
        `project_convictions`.
    caption : Caption
        What stands around the chart.

    Raises
    ------
    HtanalysisError
        If a column is missing, or a year has no convictions or no range around them.
    """
    check_columns("outlook", outlook, ["year", "arrests", "convictions", "ratio", "low", "high", "basis"])
    ends = outlook[["convictions", "low", "high"]].astype("Float64")
    if not (ends["convictions"].le(ends["low"]) & ends["low"].le(ends["high"])).fillna(False).all():
        raise HtanalysisError("outlook: each year needs convictions ≤ low ≤ high.")
    years, known, sketch = outlook["year"].astype(int), outlook["convictions"].astype(int), Sketch()
    add_bars(sketch, years, 0 * known, known, "reported", name="reported", text=[*known])
    ahead, name = outlook[outlook["basis"].eq("assumed")], "in the end, if like a settled year"
    add_bars(sketch, ahead["year"].astype(int), ahead["low"], ahead["high"], "assumed", name=name)
    sketch.set_axis("x", title_text="year of arrest", dtick=1, tickformat="d", showgrid=False)
    sketch.set_axis("y", title_text="convictions", rangemode="tozero", tickformat=",d")
    labels = {"year": "year of arrest", "arrests": "arrests", "convictions": "convictions reported"}
    labels |= {"ratio": "for each arrest", "low": "expected in the end, from", "high": "to", "basis": "basis"}
    words = [
        f"{row.year}: {row.convictions} reported"
        + ("" if row.basis == "reported" else f", {span(row.low, row.high)} if like a settled year")
        for row in outlook.itertuples()
    ]
    bases = {"arrests": "reported", "convictions": "reported", "ratio": "computed", "low": "row", "high": "row"}
    table = Table(outlook, caption, labels, {"year": "year", "ratio": 2, "low": 0, "high": 0}, column_bases=bases)
    alt = f"{'; '.join(words)}. Convictions by year of arrest."
    reading = (
        "a full bar is reported; a hatched one runs from the fewest to the most expected in the end, on its condition."
    )
    return finish(sketch, table, alt, reading, height=420)


def draw_fit(
    fit: pd.DataFrame, labels: Sequence[str], prediction: Sequence[float] | None, next_label: str, caption: Caption
) -> Chart:
    """Draw known counts, the trend fitted to them, and what it expects of the next period.

    Parameters
    ----------
    fit : pandas.DataFrame
        `Trend.fit`: `time` (place in `labels`), `count`, `expected`, `residual`.
    labels : sequence of str
        All quarters or years in order, known or not.
    prediction : tuple of float, optional
        `Trend.prediction`: expected count of the next period, and its interval.
    next_label : str
        The next quarter or year.
    caption : Caption
        What stands around the chart.
    """
    known, sketch = fit.assign(period=[labels[int(time)] for time in fit["time"]]), Sketch()
    numbers = pd.DataFrame([prediction] if prediction else [], columns=["expected", *INTERVAL], dtype=float)
    ahead, text = numbers.assign(period=next_label), known["count"].map(number)
    add_line(sketch, known["period"], known["expected"], width=1.5, name="trend (computed)")
    ends, name = [ahead[end] for end in INTERVAL], f"next, with {LEVEL} interval (computed)"
    add_dots(sketch, ahead["period"], ahead["expected"], "computed", ends, name=name)
    add_dots(sketch, known["period"], known["count"], "reported", text=text, name="published (reported)")
    period = "quarter" if "Q" in next_label else "year"
    sketch.set_axis("x", title_text=period, **quarter_axis([*labels, next_label]))
    top = 1.12 * float(pd.concat([known["count"], known["expected"], ahead["interval_high"]]).max())
    sketch.set_axis("y", title_text="count", tickformat=",d", range=[-0.03 * top, top])
    heads = {"period": period, "count": "published", "expected": "expected", **INTERVAL}
    heads |= {"residual": "published less expected, in standard deviations"}
    rows = pd.concat([known, ahead], ignore_index=True).reindex(columns=[*heads])
    words = [
        f"{r.period}: {'' if pd.isna(r.count) else f'{number(r.count)} published, '}"
        f"{COUNT.tell(r.expected, r.interval_low, r.interval_high)} expected"
        for r in rows.itertuples()
    ]
    reading = f"full dots are published; the line is the trend through them; the hollow dot has its {LEVEL} interval."
    bases = {"count": "reported"} | dict.fromkeys(("expected", *INTERVAL, "residual"), "computed")
    table = Table(rows, caption, heads, {"residual": 1}, "–", bases)
    return finish(sketch, table, f"{'; '.join(words)}.", reading, height=420)


def draw_mix(mixes: pd.DataFrame, caption: Caption) -> Chart:
    """Draw each source's shares of sex, labor, other and unstated as one bar.

    Parameters
    ----------
    mixes : pandas.DataFrame
        `compare_mixes`.
    caption : Caption
        What stands around the chart.
    """
    names = {"sex": "sex", "labor": "labor", "other": "reported as “other”", "unstated": "not stated"}
    sketch, axis = Sketch(), Axis("share of what the source counts", "share")
    places, top = write_rows(sketch, map(fold, mixes["source"]), above=10)
    for (kind, name), fill in zip(names.items(), (ACCENT, LIGHT, RULE, PAPER), strict=True):
        shares = mixes[kind].astype(float).fillna(0)
        text = [axis.write(share) if share > 0.04 else "" for share in shares]
        if name == kind:  # the first bar says what the two colors are
            text[0] = f"{name} {text[0]}"
        edge = {"color": PAPER, "width": 2} if name == kind else {"color": NEUTRAL, "width": 1}
        font = {"color": PAPER if fill == ACCENT else INK, "size": 13}
        look = {"marker": {"color": fill, "line": edge}, "insidetextfont": font, "textangle": 0}
        look |= {"textposition": "inside", "insidetextanchor": "middle", "hoverinfo": "x+name"}
        add_trace(sketch, "bar", x=list(shares), y=places, width=22, orientation="h", name=name, text=text, **look)
    sketch.layout |= {"barmode": "stack", "legend": {"traceorder": "normal"}}
    sketch.set_axis("x", **axis.layout([0, 1]), dtick=0.25)
    words = []
    for source, shares in mixes.set_index("source")[[*names]].astype(float).iterrows():
        stated = [f"{axis.write(share)} {names[kind]}" for kind, share in shares.items() if share > 0]
        words.append(f"{source}: {join_words(stated)}")
    labels = {"source": "source", "population": "what was counted", "geography": "place"} | names
    table = Table(mixes, caption, labels, dict.fromkeys(names, axis.form), missing="not stated")
    reading = "a bar is all that a source counts; its parts are the types, as far as the source states them."
    return finish(sketch, table, f"{'; '.join(words)}.", reading, height=top + 100)


def _draw_one_measure(sketch: Sketch, part: pd.DataFrame, assumed: str, row: int, with_years: bool) -> None:
    """Draw a panel of `draw_quarters`; ranges that would press the published counts flat are cut at its top."""
    known, hidden, place = part[part["count"].notna()], part[part["count"].isna()], {"panel": row}
    highest = part[["count" if len(known) else "high", "high_assumed", "low"]].astype(float).max().max()
    top = 1.4 * max(float(highest), 7)
    looks = {"bounded": ("", "with nothing assumed", 0.6), "assumed": ("_assumed", f"if {assumed}", 0.35)}
    for basis, (suffix, words, width) in looks.items():
        drawn = hidden[hidden[f"low{suffix}"].notna()]
        low, high = drawn[f"low{suffix}"], drawn[f"high{suffix}"]
        name = wrap(f"possible {words} ({basis})", 46)
        add_bars(sketch, drawn["quarter"], low, high, basis, top, width=width, name=name, **place)
    cut = hidden[hidden["high"].isna() | hidden["high"].gt(top)]
    if len(cut):
        words = "no upper limit" if cut["high"].isna().any() else f"up to {number(cut['high'].max())}"
        side = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
        refs = {f"{axis}ref": f"{in_panel(axis, row)} domain" for axis in ("x", "y")}
        write_text(sketch, f"▲ {words}", **side, **refs)
        look = {"marker": {"symbol": "triangle-up", "size": 9, "color": INK}, "mode": "markers", "cliponaxis": False}
        add_trace(sketch, "scatter", x=[*cut["quarter"]], y=[top] * len(cut), hoverinfo="skip", **look, **place)
    ends = known.iloc[[0, -1]] if len(known) > 1 else known.iloc[:0]
    add_line(sketch, ends["quarter"], ends["count"], INK, 1, name="straight line (computed)", **place)
    text = known["count"].map(number)
    add_dots(sketch, known["quarter"], known["count"], "reported", text=text, name="published (reported)", **place)
    sketch.set_axis("y", range=[0, top], nticks=5, tickformat=",d", **place)
    sketch.set_axis("x", **quarter_axis(part["quarter"].tolist(), with_years), **place)


def _measure_in_words(part: pd.DataFrame, measure: str, assumed: str) -> str:
    known, hidden = part[part["count"].notna()], part[part["count"].isna()]
    points = [f"{number(count)} in {quarter}" for quarter, count in zip(known["quarter"], known["count"], strict=True)]
    words = [f"{measure.capitalize()}: " + (f"published {join_words(points)}" if points else "no quarter published")]
    words += ["a straight line joins the first and the last"] if len(points) > 1 else []
    if len(hidden):
        low, high = hidden[["low", "low_assumed"]].min(), hidden[["high", "high_assumed"]].max(skipna=False)
        free, bent = (COUNT.between(*ends) for ends in zip(low, high, strict=True))
        none = pd.isna(low["low_assumed"])
        words += [f"each of the others {free}, and {'no series at all' if none else bent} if {assumed}"]
    return f"{'; '.join(words)}."


def _rates_in_words(frame: pd.DataFrame, name: str, whole: bool) -> str:
    axis = Axis(name, digits=1)
    words = [
        f"{r.year}: {axis.tell(r.per_month, r.low, r.high)}{', part of a year' if r.partial else ''}"
        for r in frame.itertuples()
    ]
    if not whole:
        places = (0, -1, frame["per_month"].argmin(), frame["per_month"].argmax())
        words = [f"{w} {words[p]}" for w, p in zip(("first", "last", "smallest", "largest"), places, strict=True)]
    return f"{name}, {'; '.join(words)}."


def _draw_row(sketch: Sketch, row: Any, place: float, edge: float, bare: bool) -> None:
    """Draw one row of `draw_ranges` in the look of its basis; what has no upper limit goes to the edge."""
    look = {"hovertemplate": f"{row.label}: {row.words}<extra></extra>"}
    high = edge if pd.isna(row.high) or row.high == np.inf else row.high
    if pd.notna(row.interval_low):
        add_line(sketch, [row.interval_low, row.low, None, high, row.interval_high], [place] * 5, width=1.5, **look)
    if bare or (row.low != high and row.basis in ("bounded", "assumed")):
        add_bars(sketch, [place], [0 if bare else row.low], [high], row.basis, across=True, width=14, **look)
    elif row.low != high:
        add_line(sketch, [row.low, high], [place] * 2, width=3, **look)
    if pd.notna(row.value) and not bare:
        add_dots(sketch, [row.value], [place], row.basis if row.basis in DOTS else "computed", **look)


def _reading_of_rows(rows: pd.DataFrame, bare: bool) -> str:
    """Say what the marks of `draw_ranges` mean, as far as they are there."""
    if bare:
        return "the longer a bar, the larger the number above it."
    meanings = {
        "reported": "a full dot is reported",
        "computed": "a hollow dot is computed, with its range as a line",
        "bounded": "a band holds all that is possible",
        "assumed": "a hatched band holds only on its condition",
    }
    words = [meaning for basis, meaning in meanings.items() if rows["basis"].eq(basis).any()]
    words += [f"a thin line adds what chance does ({LEVEL})"] if rows["interval_low"].notna().any() else []
    return "; ".join(words) + "."


def _shade(sketch: Sketch, between: tuple[float, float, str], middle: float) -> float:
    """Shade between two values; gives the room that the words for it need above all lines."""
    low, high, words = between
    line = {"color": INK, "width": 0 if high > low else 2}
    ends = {"x0": low, "x1": high, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
    sketch.shapes.append({"type": "rect", "fillcolor": RULE, "line": line, "layer": "below"} | ends)
    side = {"x": low, "xshift": 4} if low + high <= 2 * middle else {"x": high, "xanchor": "right", "xshift": -4}
    text = wrap(words, 24)
    write_text(sketch, text, xref="x", y=1, yref="paper", **side)
    return 0.09 + 0.06 * text.count("<br>")


def _mark_even(sketch: Sketch, words: str, line: pd.Series, log: bool) -> None:
    """Mark 1, with words where the line's end is farther away, and on its other side."""
    first, last = np.log(line.iloc[[0, -1]])
    end, side = (first, {}) if abs(first) > abs(last) else (last, {"x": 1, "xanchor": "right"})
    ends = {"x0": 0, "x1": 1, "y0": 1, "y1": 1, "xref": "x domain", "yref": "y"}
    sketch.shapes.append({"type": "line", "line": {"color": INK, "width": 1}} | ends)
    write_text(sketch, wrap(words, 24), **{"y": 0 if log else 1, "yanchor": "bottom" if end < 0 else "top"} | side)


def _read_lines(frame: pd.DataFrame, lines: Mapping[str, str], axes: tuple[Axis, Axis], band: Any, between: Any) -> str:
    """Read the lines, and the first one's band, at both ends and where the shading begins and ends."""
    seen, words = frame[[frame.columns[0], *lines, *(band or ())]].astype(float).set_index(frame.columns[0]), []
    at = sorted({seen.index[0], seen.index[-1], *(between or ())[:2]})
    seen = seen.reindex(seen.index.union(at)).interpolate("index").loc[at]
    for column, name in lines.items():
        columns = [column, *(band if band and not words else ())]
        texts = [f"{axes[1].tell(*values)} at {axes[0].write(place)}" for place, *values in seen[columns].itertuples()]
        words.append(f"{name}: {join_words(texts)}")
    words += [f"across: {axes[0].title}; upward: {axes[1].title}"]
    words += [f"marked {axes[0].between(*between[:2])}: {between[2]}"] if between else []
    return "; ".join(words)
