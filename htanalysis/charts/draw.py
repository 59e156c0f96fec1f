"""Charts: each drawing function gives the figure, what a sighted reader sees in words, and the table behind it.

A chart is drawn of the frame that an analysis gives, which is named, and has a caption around it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from htanalysis.charts import look
from htanalysis.charts.look import Chart, Sketch, lay_out
from htanalysis.charts.tables import Caption, Table
from htanalysis.errors import HtanalysisError
from htanalysis.results import Column
from htanalysis.settings import LARGE, LONG
from htanalysis.wording import join_words, number

#: What the marks of rows mean.
_MEANINGS = {"reported": "a full dot is reported", "computed": "a hollow dot is computed, with its range as a line"}
_MEANINGS |= {"bounded": "a line between two end marks holds all that is possible"}
_MEANINGS |= {"assumed": "a hatched band holds only on its condition"}


def draw_known(counts: pd.DataFrame, caption: Caption) -> Chart:
    """Draw which counts of `count_quarters` are known by quarter, and which are not."""
    cells, sketch = counts.astype({"quarter": str, "measure": str}), Sketch()
    wide = cells.pivot(index="measure", columns="quarter", values="count").reindex(cells["measure"].unique())
    places, top = sketch.write_rows(wide.index, above=26)
    cells["place"] = cells["measure"].map(dict(zip(wide.index, places, strict=True)))
    known, hidden = cells[cells["count"].notna()], cells["count"].isna().sum()
    for basis, own in known.groupby("basis", sort=False):
        text = own["count"].map(number)
        told = own["measure"] + ", " + own["quarter"] + ": " + text
        sketch.add_dots(own["quarter"], own["place"], basis, text=text, hovertext=[*told], name=basis)
    for _, part in cells.groupby("measure", sort=False):
        for run in _find_runs(part):
            told = f"{run['measure'].iloc[0]}, {_name_run(run)}: not known"
            ends = run["place"].iloc[0] - 9, run["place"].iloc[0] + 9
            sketch.add_unknown(run["quarter"], *ends, hovertext=told, name="not known")
    sketch.set_axis("x", title={"text": "quarter"}, **look.quarter_axis([*wide.columns]))
    words = [
        f"{measure} " + "; ".join(f"{quarter}: {number(count)}" for quarter, count in points.dropna().items())
        for measure, points in wide.dropna(how="all").iterrows()
    ]
    words += [f"{hidden} other counts are not known"] * bool(hidden)
    reading = "a full dot is a count that a source states, a hollow one a sum of returns; a dashed box stands for none."
    asked = cells.assign(asked=True).pivot(index="measure", columns="quarter", values="asked").eq(True)
    wide = wide.astype(object).where(asked, "not asked for").reset_index()
    table = Table(wide, caption, {name: Column(name) for name in wide}, missing="not known")
    return sketch.finish(table, f"Known: {'; '.join(words)}.", reading, top + 100)


def _find_runs(part: pd.DataFrame, *more: pd.Series) -> list[pd.DataFrame]:
    """Part the unknown quarters of a measure, in their order, into those that follow each other and share `more`."""
    hidden = part[part["count"].isna()]
    return [run for _, run in hidden.groupby([part["count"].notna().cumsum(), *more])]


def _name_run(run: pd.DataFrame) -> str:
    return " to ".join(dict.fromkeys(run["quarter"].iloc[[0, -1]]))


def draw_periods(spans: pd.DataFrame, caption: Caption) -> Chart:
    """Draw from when to when each data set counts: columns `label`, `start` and `end` (days)."""
    sketch, words = Sketch(), []
    places, top = sketch.write_rows(spans["label"])
    for row, place in zip(spans.itertuples(), places, strict=True):
        words.append(f"{row.label}, {row.start.date()} to {row.end.date()}")
        sketch.add_line([row.start, row.end], [place] * 2, width=12, hovertext=words[-1])
    first, last = pd.Timestamp(spans["start"].min().year, 1, 1), pd.Timestamp(spans["end"].max().year + 1, 1, 1)
    margin, step = (last - first) / 20, -(-(last.year - first.year) // 9)
    ticks = {"tick0": f"{first.date()}", "dtick": f"M{12 * step}", "tickformat": "%Y"}
    sketch.set_axis("x", title={"text": "year"}, range=[first - margin, last + margin], **ticks)
    heads = {"label": "data set", "start": "first day", "end": "last day"}
    table = Table(spans, caption, {name: Column(head) for name, head in heads.items()})
    reading = "a bar lasts from the first to the last day counted."
    return sketch.finish(table, f"From first to last day: {'; '.join(words)}.", reading, top + 66)


def draw_quarters(bounds: pd.DataFrame, caption: Caption, assumed: str) -> Chart:
    """Draw what is known of each measure by quarter: its counts, and of quarters without one their sum and their mean.

    The frame is that of `bound_quarters`, whose ranges the table holds; what the assumed ones take for granted follows
    "if".
    """
    cells = bounds.astype({"quarter": str, "measure": str})
    parts = dict(list(cells.groupby("measure", sort=False)))
    sketch, height = look.stack_panels(parts, "a quarter", "quarter")
    for row, part in enumerate(parts.values(), 1):
        _draw_one_measure(sketch, part, row)
    columns, shown = {name: Column(name) for name in ("measure", "quarter")}, cells.astype(object)
    columns["count"] = Column("known", basis="reported")
    for suffix, words, basis in (("", "possible", "bounded"), ("_assumed", f"if {assumed}", "assumed")):
        low, high = f"low{suffix}", f"high{suffix}"
        columns |= {low: Column(f"fewest {words}", basis=basis), high: Column(f"most {words}", basis=basis)}
        shown.loc[cells[high].isna(), high] = "no upper limit"
        shown.loc[cells[low].isna(), [low, high]] = "no such series"
    alt = " ".join(_measure_in_words(part, name) for name, part in parts.items())
    reading = (
        "a full dot is a count that a source states, a hollow one a sum of returns; a dashed box is all that is known"
        " of the quarters below it, and as high as their mean, where that is known."
    )
    return sketch.finish(Table(shown, caption, columns), alt, reading, height + 150, gap=44)


def _draw_one_measure(sketch: Sketch, part: pd.DataFrame, row: int) -> None:
    """Draw a panel of `draw_quarters`; a box of which nothing is known is open to its top."""
    known, boxes = part[part["count"].notna()], _find_boxes(part)
    axis = look.reach(float(max([*known["count"], *(mean for _, mean, _ in boxes if mean), 4])))
    top, long = axis["range"][1], len(part) > LONG  # Between many quarters there is no room for many words.
    for run, mean, words in boxes:
        inside = {"insidetextfont": {"color": look.INK, "size": 13}} if (mean or top) > 0.35 * top else {}
        told = {"hovertext": f"{_name_run(run)}: {words}", "name": "not published by quarter"}
        told["text"] = [words.partition(", ")[0] if long else words.replace(", ", ",<br>")]
        sketch.add_unknown(run["quarter"], 0, mean or top, panel=row, **told, **inside)
    if long:
        sketch.add_line(part["quarter"], part["count"].astype(object), look.ACCENT, 1, name="known counts", panel=row)
        known = part[look.mark_dots(part["count"])]
    for basis, own in known.groupby("basis", sort=False):
        text = own["count"].map(number)
        told = {"hovertext": [*(own["quarter"] + ": " + text)], "name": f"known ({basis})"}
        told["text"] = text.mask(own["quarter"].isin(part["quarter"].iloc[-LARGE:-1]), "") if long else text
        sketch.add_dots(own["quarter"], own["count"], basis, panel=row, **told)
    sketch.set_axis("y", row, tickformat=",d", **axis)
    sketch.set_axis("x", row, **look.quarter_axis(part["quarter"].tolist(), row == sketch.panels))


def _find_boxes(part: pd.DataFrame) -> list[tuple[pd.DataFrame, float | None, str]]:
    """Find the unknown quarters of a measure that follow each other, with the mean of all and what is known in words.

    The most that one can have had is what the others leave, so its range and the fewest of all add up to their sum.
    """
    bounded, boxes = part[part["count"].isna() & part["high"].notna()], []
    rest = (bounded["high"] - bounded["low"]).head(1).sum() + bounded["low"].sum()
    for run in _find_runs(part, part["high"].isna()):
        if run["high"].isna().any():
            boxes.append((run, None, "not known, no upper limit"))
            continue
        mean = float(rest) / len(bounded)
        among = "" if len(run) == len(bounded) else f" {len(bounded)} quarters"
        boxes.append((run, mean, f"{number(rest)} in all{among}, {number(mean, 1)} on average"))
    return boxes


def _measure_in_words(part: pd.DataFrame, measure: str) -> str:
    known = part[part["count"].notna()]
    points = [f"{number(count)} in {quarter}" for quarter, count in zip(known["quarter"], known["count"], strict=True)]
    if len(part) > LONG and points:
        least, most = known["count"].argmin(), known["count"].argmax()
        ends = f"from {points[least]} to {points[most]}, last {join_words(points[-LARGE:])}"
        words = [f"{measure.capitalize()}: {len(points)} quarters known, {ends}"]
    else:
        words = [f"{measure.capitalize()}: " + (f"known {join_words(points)}" if points else "no quarter known")]
    words += [f"{_name_run(run)} {told}" for run, _, told in _find_boxes(part)]
    return f"{'; '.join(words)}."


def draw_ranges(frame: pd.DataFrame, axis: Column, caption: Caption, reference: float | None = None) -> Chart:
    """Draw a row for each value or range, with its number written above it; where no row has a range, bars from 0.

    The frame's first column names the rows; `value` (missing where only a range is known), `low`, `high` (missing or
    both equal to `value` where there is none; `high` infinite where nothing limits it) and `basis`. Optionally `unit`,
    of which the axis's is drawn, and `interval_low` and `interval_high`, what chance adds to the range: a thin line
    around it. The axis holds 0, every number, and a reference that a vertical line marks.
    """
    if "unit" in frame:
        frame = frame[frame["unit"].eq(axis.unit)]
    name, numbers = frame.columns[0], ["value", "low", "high", *look.INTERVAL]
    columns = {name: Column("row" if name in ("", "index", 0) else str(name).replace("_", " "))}
    ends = {"value": axis.title, "low": "from", "high": "to"}
    columns |= {end: replace(axis, title=head, basis="row") for end, head in ends.items()}
    columns |= {end: replace(axis, title=head, basis="computed") for end, head in look.INTERVAL.items()}
    shown = {end: column for end, column in (columns | {"basis": Column("basis")}).items() if end in frame}
    told = frame.astype(object).replace(np.inf, "no upper limit")
    table = Table(told, caption, shown, missing="–")
    rows = frame.rename(columns={name: "label"}).reindex(columns=["label", "basis", *numbers]).reset_index(drop=True)
    rows[numbers] = rows[numbers].astype(float)
    single = rows[["low", "high"]].isna().all(axis=1)
    rows.loc[single, "low"] = rows.loc[single, "high"] = rows["value"]
    rows["value"] = rows["value"].fillna(rows["low"].where(rows["low"].eq(rows["high"])))
    rows["words"] = [axis.tell(row.value, row.low, row.high) for row in rows.itertuples()]
    sketch, marked = Sketch(), [] if reference is None else [reference]
    layout = lay_out(axis, [*rows[numbers].to_numpy().ravel(), *marked, *([] if axis.log else [0])])
    edge = 10 ** layout["range"][1] if axis.log else layout["range"][1]
    places, top = sketch.write_rows(rows["label"], rows["words"])
    for value in marked:  # beside the marks alone, so that it crosses no words
        ends = [end for place in places for end in (place + 10, place - 14, None)]
        sketch.add_line([value, value, None] * len(rows), ends, look.INK, 1, hoverinfo="skip")
    chance = rows["interval_low"].notna()
    bare = not axis.log and rows["low"].eq(rows["high"]).all() and not chance.any()
    words = []
    for row, place in zip(rows.itertuples(), places, strict=True):
        _draw_row(sketch, row, place, edge, bare)
        around = f", {look.LEVEL} {axis.between(row.interval_low, row.interval_high)}" if chance[row.Index] else ""
        words.append(f"{row.label}: {row.words}{around}, {row.basis}")
    sketch.set_axis("x", **layout)
    marks = "".join(f"; a line marks {axis.write(value)}" for value in marked)
    alt = f"{'; '.join(words)}. Scale: {axis.title}{marks}."
    meanings = [meaning for basis, meaning in _MEANINGS.items() if rows["basis"].eq(basis).any()]
    meanings += [f"a thin line adds what chance does ({look.LEVEL})"] * bool(chance.any())
    reading = "the longer a bar, the larger the number above it." if bare else "; ".join(meanings) + "."
    return sketch.finish(table, alt, reading, top + 64)


def _draw_row(sketch: Sketch, row: Any, place: float, edge: float, bare: bool) -> None:
    """Draw one row of `draw_ranges` in the look of its basis; what has no upper limit goes to the edge."""
    told = {"hovertext": f"{row.label}: {row.words}", "hoverinfo": "text"}
    high = edge if pd.isna(row.high) or row.high == np.inf else row.high
    if pd.notna(row.interval_low):
        sketch.add_line([row.interval_low, row.low, None, high, row.interval_high], [place] * 5, width=1, **told)
    if bare or (row.low != high and row.basis == "assumed"):
        low, width = (0, 14) if bare else (row.low, 10)
        sketch.add_bars([place], [low], [high], row.basis, across=True, width=width, **told)
    elif row.low != high:
        color, width = (look.MID, 3) if row.basis == "bounded" else (look.ACCENT, 3)
        sketch.add_line([row.low, high], [place] * 2, color, width, **told)
        if row.basis == "bounded":
            sketch.add_dots([row.low, high], [place] * 2, "end", **told)
    if pd.notna(row.value) and not bare:
        sketch.add_dots([row.value], [place], row.basis if row.basis in look.DOTS else "computed", **told)


def draw_curve(
    frame: pd.DataFrame,
    lines: Mapping[str, str],
    axes: tuple[Column, Column],
    caption: Caption,
    band: tuple[str, str] | None = None,
    between: tuple[float, float, str] | None = None,
    even: str | None = None,
) -> Chart:
    """Draw results over the range of an assumption; dashed where the caption's basis is "assumed".

    The frame's first column is the assumption, in rising order. The lines are the columns to draw, at most three, with
    the words that stand beside them; the band is the two columns between which the range of the first lies. On both
    axes a share goes from 0 to 1. What lies between two values of the assumption is shaded, with words for it; what is
    even are words for a horizontal line at 1.
    """
    if len(lines) > 3:
        raise HtanalysisError(f"draw_curve was given {len(lines)} lines; a reader tells three apart. Draw fewer.")
    name, (across, upward), sketch, head = frame.columns[0], axes, Sketch(), 0.0
    x, ends = frame[name].astype(float), [*(band or ())]
    if band:
        y, style = [*frame[band[0]], *frame[band[1]][::-1]], {"fillcolor": look.PALE, "hoverinfo": "skip"}
        words = "range that the unclassified leave"
        sketch.add_line([*x, *x[::-1]], y, look.MID, 1, fill="toself", name=words, **style)
    dashes = ("dash", "dashdot", "dot") if "assumed" in caption.basis else ("solid",) * 3
    styles = zip((look.ACCENT, look.CONTRAST, look.MUTED), (4, 3, 2), dashes, strict=True)
    seen_rows = frame.iloc[:: max(1, len(frame) // 20)]
    told = {"hovertext": _tell_each(frame, seen_rows, lines, axes, ends), "hoverinfo": "text"}
    for (column, words), (color, width, dash) in zip(lines.items(), styles, strict=False):
        sketch.add_line(x, frame[column], color, width, dash, name=words, **told)
        told = {"hoverinfo": "skip"}  # the first line tells of all
    if between:
        head = _shade(sketch, between, float(x.mean()))
    if even:
        _mark_even(sketch, even, frame[next(iter(lines))].astype(float), upward.log)
    least = [0, 1] if upward.unit == "share" else [] if upward.log else [0]
    seen = [*frame[[*lines, *ends]].to_numpy(float).ravel(), *least, *([1] if even else [])]
    sketch.set_axis("x", **lay_out(across, [*x, *([0, 1] if across.unit == "share" else [])]))
    sketch.set_axis("y", **lay_out(upward, seen, head))
    heads = lines | dict(zip(ends, ("from", "to"), strict=False))
    columns = {name: across} | {column: replace(upward, title=head) for column, head in heads.items()}
    table = Table(seen_rows, caption, columns)
    alt = _read_lines(frame, lines, axes, ends, between) + (f"; a line at 1: {even}." if even else ".")
    range_too = " and the band around it holds the range" if band else ""
    reading = (
        f"choose a value of the assumption on the lower axis; the height of a line above it is the result{range_too}."
    )
    return sketch.finish(table, alt, reading, 440)


def _tell_each(
    frame: pd.DataFrame,
    seen_rows: pd.DataFrame,
    lines: Mapping[str, str],
    axes: tuple[Column, Column],
    band: Sequence[str],
) -> list[str]:
    """Give for each place the values of all lines in words, and nothing where the table has no row."""
    (across, upward), words = axes, pd.Series("", frame.index)
    for row, seen in seen_rows.astype(dict.fromkeys([frame.columns[0], *lines, *band], float)).iterrows():
        values = [f"{name} {upward.write(seen[column])}" for column, name in lines.items()]
        if len(lines) == 1:
            values = [upward.tell(seen[next(iter(lines))], *seen[[*band]])]
        words[row] = f"{across.write(seen.iloc[0])}: {', '.join(values)}"
    return [*words]


def _shade(sketch: Sketch, between: tuple[float, float, str], middle: float) -> float:
    """Shade between two values; gives the room that the words for it need above all lines."""
    low, high, words = between
    style = {"fillcolor": look.RULE, "line": {"color": look.INK, "width": 0 if high > low else 2}, "layer": "below"}
    ends = {"x0": low, "x1": high, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
    sketch.shapes.append({"type": "rect"} | style | ends)
    side = {"x": low, "xshift": 4} if low + high <= 2 * middle else {"x": high, "xanchor": "right", "xshift": -4}
    text = look.wrap(words, 24)
    sketch.write(text, xref="x", y=1, yref="paper", **side)
    return 0.09 + 0.06 * text.count("<br>")


def _mark_even(sketch: Sketch, words: str, line: pd.Series, log: bool) -> None:
    """Mark 1, with words where the line's end is farther away, and on its other side."""
    first, last = np.log(line.iloc[[0, -1]])
    end, side = (first, {}) if abs(first) > abs(last) else (last, {"x": 1, "xanchor": "right"})
    ends = {"x0": 0, "x1": 1, "y0": 1, "y1": 1, "xref": "x domain", "yref": "y"}
    sketch.shapes.append({"type": "line", "line": {"color": look.INK, "width": 1}} | ends)
    sketch.write(look.wrap(words, 24), y=0 if log else 1, yanchor="bottom" if end < 0 else "top", **side)


def _read_lines(
    frame: pd.DataFrame, lines: Mapping[str, str], axes: tuple[Column, Column], band: Sequence[str], between: Any
) -> str:
    """Read the lines, and the first one's band, at both ends and where the shading begins and ends."""
    across, upward = axes
    seen = frame[[frame.columns[0], *lines, *band]].astype(float).set_index(frame.columns[0])
    places, words = sorted({seen.index[0], seen.index[-1], *(between or ())[:2]}), []
    at = [*{across.write(place): place for place in places}.values()]  # what reads the same is told once
    seen = seen.reindex(seen.index.union(at)).interpolate("index").loc[at]
    for column, name in lines.items():
        columns = [column, *(() if words else band)]
        texts = [f"{upward.tell(*values)} at {across.write(place)}" for place, *values in seen[columns].itertuples()]
        words.append(f"{name}: {', '.join(texts)}")
    words += [f"across: {across.title}; upward: {upward.title}"]
    words += [f"marked {across.between(*between[:2])}: {between[2]}"] if between else []
    return "; ".join(words)


def draw_parts(
    frame: pd.DataFrame, parts: Mapping[str, Column], about: Mapping[str, str], axis: Column, caption: Caption
) -> Chart:
    """Draw bars made of parts: columns of the frame, four at most, of which the last is what is not published.

    The table says besides what each bar is `about`: columns with their heads, the first of which names the bar.
    """
    sketch, values, bars = Sketch(), frame[[*parts]].astype(float).fillna(0), frame[next(iter(about))]
    places, top = sketch.write_rows(bars if len(bars) > 1 else [""], above=10)
    whole, last = values.sum(axis=1).max(), [*parts][-1]
    fills = [look.ACCENT, look.LIGHT, look.RULE, look.PAPER]
    for (part, column), fill in zip(parts.items(), fills, strict=False):
        name, said, text = column.title, values[part].map(axis.write), []
        for row, (value, words) in enumerate(zip(values[part], said, strict=True)):
            room = 320 * value / whole / 7  # letters on a phone
            named = f"{name} {words}"
            text.append(named if row == 0 and len(named) <= room else words if len(words) <= room else "")
        font = {"color": look.PAPER if fill == look.ACCENT else look.INK, "size": 13}
        marker = look.BARS["unknown"] if part == last else {"color": fill, "line": {"color": look.PAPER, "width": 2}}
        told = [f"{bar}: {name} {words}" for bar, words in zip(bars, said, strict=True)]
        style = {"textposition": "inside", "insidetextanchor": "middle", "insidetextfont": font, "textangle": 0}
        style |= {"hovertext": told, "hoverinfo": "text", "marker": marker}
        sketch.add_trace("bar", values[part], places, width=22, orientation="h", name=name, text=text, **style)
    sketch.layout |= {"barmode": "stack", "legend": {"traceorder": "normal"}}
    sketch.set_axis("x", **lay_out(axis, [0, whole]))
    words = []
    for bar, own in zip(bars, values.to_dict("records"), strict=True):
        stated = [f"{parts[part].title} {axis.write(value)}" for part, value in own.items() if value > 0]
        words.append(f"{bar}: {join_words(stated)}")
    columns = {name: Column(head) for name, head in about.items()} | {**parts}
    table = Table(frame, caption, columns, missing="not stated")
    reading = "a bar is all that was counted; a part with a dashed edge is what the source does not tell apart."
    return sketch.finish(table, f"{'; '.join(words)}.", reading, top + 100)
