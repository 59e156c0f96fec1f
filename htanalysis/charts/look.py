"""Figures: how each basis looks, how axes and words are set, and what every chart is made of.

Ink follows knowledge. The four bases look the same everywhere: reported is a full dot or bar, computed a hollow dot
with its range as a line, bounded a line between two end marks, assumed a hatched bar. What is not known is an empty box
with a dashed edge, and what covers a part of its time is pale, or hollow, with such an edge.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from htanalysis import settings
from htanalysis.charts.tables import Table, make_plain
from htanalysis.results import Column, source_in_words
from htanalysis.settings import LARGE
from htanalysis.wording import join_words, percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

MIME = "application/vnd.htanalysis.chart+json"

INK, MUTED, RULE, PAPER = "#1b2733", "#566473", "#d8dee4", "#ffffff"
ACCENT, MID, PALE, CONTRAST, LIGHT, NEUTRAL = "#0b5a8a", "#5b93b8", "#c9dbe7", "#b4530a", "#e8994f", "#8794a1"
#: What the pages call these colors, which change in the dark.
COLORS = {INK: "ink", MUTED: "muted", RULE: "rule", PAPER: "paper", ACCENT: "accent", MID: "mid", PALE: "pale"}
COLORS |= {CONTRAST: "contrast", LIGHT: "light", NEUTRAL: "neutral"}
FONT = "'Source Sans 3', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"

#: Nothing leaves the reader's machine, and no button offers it.
CONFIG = {"displayModeBar": False, "showSendToCloud": False, "displaylogo": False, "responsive": True}

#: How a dot and a bar of each basis look.
_DOT = {"symbol": "circle", "size": 11, "color": PAPER, "line": {"width": 2, "color": ACCENT}}
DOTS = {"reported": _DOT | {"color": ACCENT}, "computed": _DOT, "assumed": _DOT | {"symbol": "diamond"}}
DOTS["part"] = _DOT | {"symbol": "circle-open", "color": ACCENT}
DOTS["end"] = {"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": MID}}
DOTS["none"] = {"symbol": "line-ns", "size": 8, "line": {"width": 2, "color": NEUTRAL}}
_BAR = {"color": PAPER, "line": {"width": 1, "color": ACCENT}}
BARS = {"reported": _BAR | {"color": ACCENT}, "computed": _BAR}
# Plotly gives bars no dashed edge, so a notebook shows dots or lines where a page shows one.
BARS["unknown"] = {"color": PAPER, "line": {"width": 1.5, "color": MUTED}, "pattern": {"shape": ".", "size": 12}}
BARS["unknown"]["pattern"] |= {"fgcolor": RULE, "bgcolor": PAPER, "solidity": 0.1}
BARS["part"] = _BAR | {"color": PALE, "pattern": {"shape": "-", "fgcolor": PAPER, "bgcolor": PALE, "solidity": 0.2}}
BARS["assumed"] = _BAR | {"pattern": {"shape": "/", "fgcolor": ACCENT, "bgcolor": PAPER, "size": 7, "solidity": 0.35}}

LEVEL = percent(settings.CONFIDENCE)
INTERVAL = {"interval_low": f"{LEVEL} from", "interval_high": f"{LEVEL} to"}

_AXIS = {"automargin": True, "gridcolor": RULE, "linecolor": NEUTRAL, "zeroline": False, "fixedrange": True}
_AXIS |= {"ticklabelstandoff": 3, "title": {"font": {"size": 14, "color": MUTED}, "standoff": 8}}
_LAYOUT = {"font": {"family": FONT, "size": 14, "color": INK}, "margin": {"l": 4, "r": 16, "b": 120}}
_LAYOUT |= {"title": {"x": 0, "xref": "container", "xanchor": "left", "font": {"size": 18}, "automargin": True}}
_LAYOUT |= {"hoverlabel": {"font": {"family": FONT, "size": 14}, "bgcolor": PAPER, "bordercolor": NEUTRAL}}
_LAYOUT |= {"legend": {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "bottom"}}
_LAYOUT |= {"paper_bgcolor": PAPER, "plot_bgcolor": PAPER, "barmode": "overlay", "bargap": 0.35}
_TEMPLATE = {"layout": _LAYOUT | {"xaxis": _AXIS, "yaxis": _AXIS}}


@dataclass(frozen=True)
class Chart:
    """A figure with the table behind it, what a sighted reader sees in words, and in one line how to read it."""

    drawing: dict[str, Any]
    table: Table
    alt: str
    reading: str

    @cached_property
    def figure(self) -> "go.Figure":
        """The drawing as plotly's figure, to be changed or saved with it."""
        import plotly.graph_objects as go  # Here alone: a report needs no more than the drawing.

        return go.Figure(self.drawing)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {
            "application/vnd.plotly.v1+json": self.drawing | {"config": CONFIG},
            MIME: self.table.to_json() | {"alt": self.alt, "reading": self.reading},
            "text/plain": f"{self.table.caption.title}\n{self.alt}",
        }


def lay_out(column: Column, values: Iterable[float], head: float = 0.0) -> dict[str, Any]:
    """Give an axis as plotly wants it: to the even tick beyond all values, with room for half a mark, and for `head`.

    Its decimals are those of words; ticks have what they need.
    """
    finite = np.array([value for value in values if np.isfinite(value)], dtype=float)
    low, high = np.log10([finite.min(), finite.max()]) if column.log else (finite.min(), finite.max())
    axis: dict[str, Any] = {"title": {"text": wrap(column.title)}}
    if not column.log:
        step = round_up(float(high - low) / 7.5) or 1
        low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
        axis["dtick"] = step
    width = float(high - low) or 1.0
    axis["range"] = [low - 0.025 * width, high + (0.025 + head) * width]
    if column.log:
        steps = (1, 2, 5) if width < 3.5 else (1,)
        axis |= {"type": "log", "tickvals": [step * 10.0**power for power in range(-4, 9) for step in steps]}
    return axis | {"tickformat": ".4~%" if column.unit == "share" else ",.6~f"}


def reach(highest: float) -> dict[str, Any]:
    """Give an axis from 0 to the even tick above the highest mark."""
    step = round_up(highest / 4) or 1
    return {"range": [0, step * math.ceil(1.02 * highest / step) or step], "dtick": step}


def mark_dots(counts: pd.Series) -> np.ndarray:
    """Say which counts of a long series are dots: the last ones, and those that no line joins to another."""
    known = counts.notna().to_numpy()
    joined = np.append(known[1:], False) | np.append(False, known[:-1])
    return known & ((np.arange(len(known)) >= len(known) - LARGE) | ~joined)


def round_up(value: float) -> float:
    """Give the next number of the form 1, 2 or 5 with zeros."""
    if value <= 0:
        return 0
    power = math.floor(math.log10(value))
    steps = (step * 10**power if power >= 0 else step / 10**-power for step in (1, 2, 5, 10))
    return next(step for step in steps if step >= value)


class Sketch:
    """A figure while it is drawn: values in plotly's words."""

    def __init__(self, panels: int = 1) -> None:
        self.traces: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {}
        self.panels = panels

    def set_axis(self, axis: str, panel: int | None = None, **look: Any) -> None:
        """Say how an axis, "x" or "y", looks: that of a panel, counted from 1, or of all."""
        for place in [panel] if panel else range(1, self.panels + 1):
            name = in_panel(f"{axis}axis", place)
            self.layout[name] = self.layout.get(name, {}) | look

    def write(self, text: str, **place: Any) -> None:
        """Write words: below a height, at the left edge, unless told otherwise."""
        usual = {"x": 0, "xref": "paper", "xanchor": "left", "yanchor": "top", "align": "left", "font": {"size": 13}}
        self.notes.append(usual | place | {"text": text, "showarrow": False})

    def write_rows(self, names: Sequence[str], words: Iterable[str] = (), above: int = 4) -> tuple[list[float], int]:
        """Write each row's name and words above it, so that a phone's width is left to the data.

        One unit of the vertical axis is one pixel. Gives the places of the rows' marks, and the height of all rows.
        """
        places, top = [], 0
        for text in map(fold, names, [*words] or [""] * len(names)):
            self.write(text, y=-top)
            top += 18 * (1 + text.count("<br>")) + above
            places.append(-top - 10.0)
            top += 32
        self.set_axis("y", visible=False, range=[-top, 0])
        return places, top

    def add_trace(self, kind: str, x: Any, y: Any, panel: int | None = None, **look: Any) -> None:
        """Draw what plotly calls a trace, in a panel where there are several."""
        axes = {"xaxis": in_panel("x", panel), "yaxis": in_panel("y", panel)} if panel else {}
        self.traces.append({"type": kind, "x": [*x], "y": [*y]} | look | axes)

    def add_line(self, x: Any, y: Any, color: str = ACCENT, width: float = 2, dash: str = "", **more: Any) -> None:
        """Draw a line; a missing value is a gap in it."""
        line = {"dash": dash} if dash else {}
        self.add_trace("scatter", x, y, mode="lines", line={"color": color, "width": width} | line, **more)

    def add_dots(self, x: Any, y: Any, basis: str, ends: Any = None, **more: Any) -> None:
        """Draw dots in the look of their basis, with `text` above them and lines to their ends."""
        look = {"mode": "markers+text" if "text" in more else "markers", "marker": DOTS[basis], "cliponaxis": False}
        if ends is not None:
            reach = {"array": [*(ends[1] - y).round(4)], "arrayminus": [*(y - ends[0]).round(4)]}
            look["error_y"] = reach | {"type": "data", "color": ACCENT, "thickness": 2, "width": 0}
        self.add_trace("scatter", x, y, **{"textposition": "top center"} | look | more)

    def add_bars(self, at: Any, low: Any, high: Any, basis: str, across: bool = False, **more: Any) -> None:
        """Draw bars between two values in the look of their basis."""
        length = [float(last - first) for first, last in zip(low, high, strict=True)]
        look = {"base": [*low], "marker": BARS[basis], "hoverinfo": "text"} | more
        if across:
            self.add_trace("bar", length, at, orientation="h", **look)
        else:
            self.add_trace("bar", at, length, **look)

    def add_unknown(self, run: Sequence[str], low: float, high: float, **more: Any) -> None:
        """Draw an empty box over neighboring places of the horizontal axis."""
        wide = {"width": len(run) - 0.4, "offset": -0.3}
        self.add_bars([*run][:1], [low], [high], "unknown", **wide | more)

    def finish(self, table: Table, alt: str, reading: str, height: int, gap: int = 12) -> Chart:
        """Give the figure its title, its foot and its size: `height` is that of the drawing without these two."""
        caption = table.caption
        foot = f"Source: {source_in_words(caption.source)}. Basis: {join_words(caption.basis)}."
        self.write(wrap(foot, 110), y=0, yref="paper", yshift=-66, name="foot", font={"size": 12, "color": MUTED})
        title = {"text": wrap(caption.title, 84), "subtitle": {"text": wrap(caption.subtitle, 100)}}
        # A page writes title and foot in its own words, and draws in the height of "meta".
        self.layout |= {"template": _TEMPLATE, "height": height + 150, "meta": {"height": height}}
        self.layout |= {"title": title, "margin": {"t": 94 + 2 * gap}}
        self.layout["legend"] = {"y": 1 + gap / height} | self.layout.get("legend", {})
        named = set()
        for trace in self.traces:  # the legend names each look once
            name = trace.get("name") if trace["x"] else None
            trace["showlegend"] = name is not None and name not in named
            named.add(name)
        layout = self.layout | {"annotations": self.notes, "shapes": self.shapes or None}
        # Rounded numbers, so that a change can be read.
        return Chart(make_plain({"data": self.traces, "layout": layout}), table, alt, reading)


def stack_panels(names: Iterable[str], unit: str, axis: str) -> tuple[Sketch, int]:
    """Stack panels over the same horizontal axis, each below its name and unit. Gives their height too."""
    titles = [fold(f"{name},", unit) for name in names]
    many = len(titles) > 5  # then the axis is written once, so that the panels fit on a sheet of paper
    panel, gap = (110, 40) if many else (130, 74)
    gap += 18 * max(title.count("<br>") for title in titles)
    height = len(titles) * (panel + gap) - gap
    sketch, last = Sketch(len(titles)), len(titles)
    for row, title in enumerate(titles, 1):
        bottom = (last - row) * (panel + gap)
        domain = [bottom / height, (bottom + panel) / height]
        # All panels follow the horizontal axis of the last, which alone is written where there are many.
        shared = {"showticklabels": not many} | ({"matches": in_panel("x", last)} if row < last else {})
        sketch.set_axis("x", row, anchor=in_panel("y", row), domain=[0.0, 1.0], showgrid=many, **shared)
        sketch.set_axis("y", row, anchor=in_panel("x", row), domain=domain)
        sketch.write(title, y=domain[1], yref="paper", yanchor="bottom", font={"size": 14, "color": INK}, name="panel")
    sketch.set_axis("x", last, title={"text": axis}, showticklabels=True)
    return sketch, height


def in_panel(axis: str, panel: int) -> str:
    """Name an axis as plotly does: that of the first panel has no number."""
    return axis if panel == 1 else f"{axis}{panel}"


def wrap(text: str, width: int = 52) -> str:
    """Break a text into lines for a drawing, where nothing breaks by itself."""
    return "<br>".join(textwrap.wrap(text, width))


def fold(name: str, words: str = "") -> str:
    """Break a name, in bold, and the words after it, which stay together, into lines that fit a phone."""
    together = words.replace(" ", "\xa0")
    return wrap(f"<b>{name}</b> {together}", 52 + len("<b></b>"))


def quarter_axis(quarters: Sequence[str], with_years: bool = True) -> dict[str, Any]:
    """Give an axis of quarters, or of years, in order, with ten short labels at most; a year stands where it begins."""
    shown = quarters[:: -(-len(quarters) // 10)]
    texts, before = [], ""
    for year, quarter in ((label[:4], label[4:]) for label in shown):
        texts.append("<br>".join([quarter] * bool(quarter) + [year] * (with_years and year != before)))
        before = year
    order = {"type": "category", "categoryorder": "array", "categoryarray": quarters, "tickangle": 0}
    return order | {"tickvals": shown, "ticktext": texts, "range": [-0.5, len(quarters) - 0.5]}
