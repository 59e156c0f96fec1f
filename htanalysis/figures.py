"""Figures: how each basis looks, how axes and words are set, and what every chart is made of.

The four bases look the same everywhere: reported is a full dot or bar, computed a hollow dot with its range as a line,
bounded a mid-blue bar without a dot, assumed is hatched or dashed. What is not known is a gap.
"""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from htanalysis import settings
from htanalysis.findings import join_words, percent, source_in_words, span, with_unit
from htanalysis.tables import Table

MIME = "application/vnd.htanalysis.chart+json"

INK, MUTED, RULE, PAPER = "#1b2733", "#566473", "#d8dee4", "#ffffff"
ACCENT, MID, PALE, CONTRAST, LIGHT, NEUTRAL = "#0b5a8a", "#5b93b8", "#c9dbe7", "#b4530a", "#e8994f", "#8794a1"
TINT = "#f4f6f8"
#: What the pages call these colors, which change in the dark.
COLORS = {INK: "ink", MUTED: "muted", RULE: "rule", PAPER: "paper", ACCENT: "accent", MID: "mid", PALE: "pale"}
COLORS |= {CONTRAST: "contrast", LIGHT: "light", NEUTRAL: "neutral", TINT: "land"}
FONT = "'Source Sans 3', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"

#: Nothing leaves the reader's machine, and no button offers it.
CONFIG = {"displayModeBar": False, "showSendToCloud": False, "displaylogo": False, "responsive": True}

#: How a dot and a bar of each basis look.
_DOT = {"symbol": "circle", "size": 11, "color": PAPER, "line": {"width": 2, "color": ACCENT}}
DOTS = {"reported": _DOT | {"color": ACCENT}, "computed": _DOT, "assumed": _DOT | {"symbol": "diamond"}}
DOTS["absent"] = {"symbol": "line-ew", "size": 14, "line": {"width": 2, "color": NEUTRAL}}
_BAR = {"color": PAPER, "line": {"width": 1, "color": ACCENT}}
BARS = {"reported": _BAR | {"color": ACCENT}, "computed": _BAR, "bounded": _BAR | {"color": MID}}
BARS["assumed"] = _BAR | {"pattern": {"shape": "/", "fgcolor": ACCENT, "bgcolor": PAPER, "size": 7, "solidity": 0.35}}

LEVEL = percent(settings.CONFIDENCE)
INTERVAL = {"interval_low": f"{LEVEL} from", "interval_high": f"{LEVEL} to"}

_AXIS = {"automargin": True, "gridcolor": RULE, "linecolor": NEUTRAL, "zeroline": False, "fixedrange": True}
_AXIS |= {"ticklabelstandoff": 3, "title": {"font": {"size": 14, "color": MUTED}, "standoff": 8}}
pio.templates["htanalysis"] = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 14, "color": INK},
        "title": {"x": 0, "xref": "container", "xanchor": "left", "font": {"size": 18}, "automargin": True},
        "margin": {"l": 4, "r": 16, "b": 120},
        "hoverlabel": {"font": {"family": FONT, "size": 14}, "bgcolor": PAPER, "bordercolor": NEUTRAL},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "bottom"},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "barmode": "overlay",
        "bargap": 0.35,
    }
)


@dataclass(frozen=True)
class Chart:
    """A figure with what must stand around it.

    Attributes
    ----------
    figure : plotly.graph_objects.Figure
        The drawing, with its title, axis units, source and basis in it.
    table : Table
        The numbers behind the drawing, with its caption.
    alt : str
        What a sighted reader sees, in words.
    reading : str
        How to read the drawing, in one line.
    """

    figure: go.Figure
    table: Table
    alt: str
    reading: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        # Rounded numbers: every machine writes the same, and a change can be read.
        figure = json.loads(self.figure.to_json(), parse_float=lambda text: float(f"{float(text):.10g}"))
        return {
            "application/vnd.plotly.v1+json": figure | {"config": CONFIG},
            MIME: self.table.to_json() | {"alt": self.alt, "reading": self.reading},
            "text/plain": f"{self.table.caption.title}\n{self.alt}",
        }


@dataclass(frozen=True)
class Axis:
    """What an axis shows.

    Attributes
    ----------
    title : str
        Quantity and unit.
    unit : str
        "share" writes percentages; anything else writes numbers.
    digits : int
        Decimals of numbers in words (of the percentage, where the unit is "share"). Ticks have what they need.
    log : bool
        Whether equal distances are equal ratios.
    """

    title: str
    unit: str = ""
    digits: int = 0
    log: bool = False

    @property
    def form(self) -> int | str:
        """The decimals, as a table is told them."""
        return f"{self.digits}%" if self.unit == "share" else self.digits

    def layout(self, values: Iterable[float], head: float = 0.0) -> dict[str, Any]:
        """Give the axis as plotly wants it: with room for all values and half a mark, and for `head` above them."""
        finite = np.array([value for value in values if np.isfinite(value)], dtype=float)
        ends = np.log10([finite.min(), finite.max()]) if self.log else np.array([finite.min(), finite.max()])
        width = float(ends[1] - ends[0]) or 1.0
        axis = {"title_text": wrap(self.title), "range": [ends[0] - 0.025 * width, ends[1] + (0.025 + head) * width]}
        if self.log:
            steps = (1, 2, 5) if width < 3.5 else (1,)
            axis |= {"type": "log", "tickvals": [step * 10.0**power for power in range(-4, 9) for step in steps]}
        return axis | {"tickformat": ".4~%" if self.unit == "share" else ",.6~f"}

    def write(self, value: float) -> str:
        """Write a value of the axis for people."""
        return with_unit(value, "share" if self.unit == "share" else "", self.digits)

    def between(self, low: float, high: float) -> str:
        """Write a range of the axis for people; without `high`, there is no upper limit."""
        if pd.isna(high) or high == np.inf:
            return f"{self.write(low)} or more, no upper limit"
        return span(low, high, "share" if self.unit == "share" else "", self.digits, between=False)

    def tell(self, value: float, low: float = np.nan, high: float = np.nan) -> str:
        """Write a value with its range in brackets, or what there is of the two."""
        ends = "" if pd.isna(low) or low == high else self.between(low, high)
        if pd.isna(value):
            return ends
        return self.write(value) + (f" ({ends})" if ends not in ("", self.write(value)) else "")


COUNT = Axis("count")


@dataclass
class Sketch:
    """A figure while it is drawn: plain values, which plotly checks once, when all are there.

    Attributes
    ----------
    traces, notes, shapes : list of dict
        What is drawn, in order, as plotly names it.
    layout : dict
        Everything else, such as the axes.
    panels : int
        How many panels stand below each other.
    """

    traces: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)
    panels: int = 1

    def set_axis(self, axis: str, panel: int | None = None, **look: Any) -> None:
        """Say how an axis, "x" or "y", looks: that of a panel, counted from 1, or of all."""
        for place in [panel] if panel else range(1, self.panels + 1):
            name = in_panel(f"{axis}axis", place)
            self.layout[name] = self.layout.get(name, {}) | look

    def to_figure(self) -> go.Figure:
        """Make plotly's figure of it."""
        return go.Figure(self.traces, self.layout | {"annotations": self.notes, "shapes": self.shapes})


def finish(sketch: Sketch, table: Table, alt: str, reading: str, height: int, gap: int = 12) -> Chart:
    """Give a figure its title, its foot and its size: `height` is that of the drawing without these two."""
    caption = table.caption
    foot = f"Source: {source_in_words(caption.source)}. Basis: {join_words(caption.basis)}."
    parts = ((caption.title, 84), (caption.subtitle, 100), (foot, 110))
    title, subtitle, foot = (wrap(text, width) for text, width in parts)
    # A page writes title and foot in its own words, and draws in the height of "meta".
    sketch.layout |= {"template": "htanalysis", "height": height + 150, "meta": {"height": height}}
    sketch.layout |= {"title": {"text": title, "subtitle": {"text": subtitle}}, "margin": {"t": 94 + 2 * gap}}
    sketch.layout["legend"] = {"y": 1 + gap / height} | sketch.layout.get("legend", {})
    names = [trace.get("name") if len(trace["x"]) else None for trace in sketch.traces]
    for place, trace in enumerate(sketch.traces):  # the legend names each look once
        trace["showlegend"] = names[place] is not None and names[place] not in names[:place]
    write_text(sketch, foot, y=0, yref="paper", yshift=-66, name="foot", font={"size": 12, "color": MUTED})
    return Chart(sketch.to_figure(), table, alt, reading)


def write_text(sketch: Sketch, text: str, **place: Any) -> None:
    """Write words: below a height, at the left edge, unless told otherwise."""
    usual = {"x": 0, "xref": "paper", "xanchor": "left", "yanchor": "top", "align": "left", "font": {"size": 13}}
    sketch.notes.append(usual | place | {"text": text, "showarrow": False})


def wrap(text: str, width: int = 52) -> str:
    """Break a text into lines for a drawing, where nothing breaks by itself."""
    return "<br>".join(textwrap.wrap(text, width))


def fold(name: str, words: str = "") -> str:
    """Break a name, in bold, and the words after it, which stay together, into lines that fit a phone."""
    together = words.replace(" ", "\xa0")
    return wrap(f"<b>{name}</b> {together}", 52 + len("<b></b>"))


def write_rows(sketch: Sketch, texts: Iterable[str], above: int = 4) -> tuple[list[float], int]:
    """Write each row's words above it, so that a phone's width is left to the data.

    One unit of the vertical axis is one pixel. Gives the places of the rows' marks, and the height of all rows.
    """
    places, top = [], 0
    for text in texts:
        write_text(sketch, text, y=-top, bgcolor=PAPER)
        top += 18 * (1 + text.count("<br>")) + above
        places.append(-top - 10.0)
        top += 32
    sketch.set_axis("y", visible=False, range=[-top, 0])
    return places, top


def stack_panels(names: Iterable[str], unit: str, axis: str) -> tuple[Sketch, int]:
    """Stack panels over the same horizontal axis, each below its name and unit. Gives their height too."""
    titles = [fold(f"{name},", unit) for name in names]
    many = len(titles) > 5  # then the axis is written once, so that the panels fit on a sheet of paper
    panel, gap = (110, 40) if many else (130, 74)
    gap += 18 * max(title.count("<br>") for title in titles)
    height = len(titles) * (panel + gap) - gap
    sketch, last = Sketch(panels=len(titles)), len(titles)
    for row, title in enumerate(titles, 1):
        bottom = (last - row) * (panel + gap)
        domain = [bottom / height, (bottom + panel) / height]
        # All panels follow the horizontal axis of the last, which alone is written where there are many.
        shared = {"showticklabels": not many} | ({"matches": in_panel("x", last)} if row < last else {})
        sketch.set_axis("x", row, anchor=in_panel("y", row), domain=[0.0, 1.0], showgrid=many, **shared)
        sketch.set_axis("y", row, anchor=in_panel("x", row), domain=domain)
        above = {"y": domain[1], "yref": "paper", "yanchor": "bottom", "font": {"size": 14, "color": INK}}
        write_text(sketch, title, **above)
    sketch.set_axis("x", last, title_text=axis, showticklabels=True)
    return sketch, height


def quarter_axis(quarters: Sequence[str], with_years: bool = True) -> dict[str, Any]:
    """Give an axis of quarters, or of years, in order, with ten short labels at most; a year stands where it begins."""
    shown = quarters[:: -(-len(quarters) // 10)]
    texts, before = [], ""
    for year, quarter in ((label[:4], label[4:]) for label in shown):
        texts.append("<br>".join([quarter] * bool(quarter) + [year] * (with_years and year != before)))
        before = year
    order = {"type": "category", "categoryorder": "array", "categoryarray": quarters, "tickangle": 0}
    return order | {"tickvals": shown, "ticktext": texts, "range": [-0.5, len(quarters) - 0.5]}


def add_dots(sketch: Sketch, x: Any, y: Any, basis: str, ends: Any = None, ink: str = ACCENT, **more: Any) -> None:
    """Draw dots in the look of their basis, with `text` above them and lines to their ends."""
    look = {"mode": "markers+text" if "text" in more else "markers", "marker": DOTS[basis], "cliponaxis": False}
    if ends is not None:
        reach = {"array": [*(ends[1] - y).round(4)], "arrayminus": [*(y - ends[0]).round(4)]}
        look["error_y"] = reach | {"type": "data", "color": ink, "thickness": 2, "width": 0}
    add_trace(sketch, "scatter", x=[*x], y=[*y], textposition="top center", **look, **more)


def add_line(sketch: Sketch, x: Any, y: Any, color: str = ACCENT, width: float = 2, **more: Any) -> None:
    """Add a line; a missing value is a gap in it."""
    add_trace(sketch, "scatter", x=[*x], y=[*y], mode="lines", line_color=color, line_width=width, **more)


def add_bars(
    sketch: Sketch, at: Any, low: Any, high: Any, basis: str, edge: float = 0, across: bool = False, **more: Any
) -> None:
    """Draw bars from low to high in the look of their basis, upright or across; to the edge if nothing limits them."""
    words = [COUNT.between(*ends) for ends in zip(low, high, strict=True)]
    length = [float((edge if pd.isna(last) else last) - first) for first, last in zip(low, high, strict=True)]
    ends = {"x": length, "y": [*at], "orientation": "h"} if across else {"x": [*at], "y": length}
    look = {"base": [*low], "marker": BARS[basis], "hovertext": words, "hoverinfo": "text"}
    add_trace(sketch, "bar", **look | ends | more)


def add_trace(sketch: Sketch, kind: str, panel: int | None = None, **look: Any) -> None:
    """Draw what plotly calls a trace, in a panel where there are several."""
    axes = {"xaxis": in_panel("x", panel), "yaxis": in_panel("y", panel)} if panel else {}
    sketch.traces.append({"type": kind} | look | axes)


def in_panel(axis: str, panel: int) -> str:
    """Name an axis as plotly does: that of the first panel has no number."""
    return axis if panel == 1 else f"{axis}{panel}"
