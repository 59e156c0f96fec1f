"""Charts: each drawing function gives the figure, what a sighted reader sees in words, and the table behind it.

The four bases look the same everywhere: reported is a full dot, computed a hollow dot with its range as a line, bounded
a bar without a dot, assumed is hatched or dashed. What is not known is a gap.
"""

import base64
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from plotly.subplots import make_subplots

from htanalysis.findings import join_words, number, source_in_words, span, with_unit
from htanalysis.tables import Caption, Table

MIME = "application/vnd.htanalysis.chart+json"

INK, MUTED, RULE, PAPER = "#1b2733", "#566473", "#d8dee4", "#ffffff"
ACCENT, CONTRAST, NEUTRAL, PALE = "#0b5a8a", "#b4530a", "#8794a1", "#c9dbe7"
FONT = "'Source Sans 3', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"

#: Nothing leaves the reader's machine, and no button offers it.
CONFIG = {"displayModeBar": False, "showSendToCloud": False, "displaylogo": False, "responsive": True}

_FULL = {"symbol": "circle", "size": 11, "color": ACCENT, "line": {"width": 2, "color": ACCENT}}
_HOLLOW = _FULL | {"color": PAPER}
_HATCH = {"shape": "/", "fgcolor": ACCENT, "bgcolor": PAPER, "size": 7, "solidity": 0.35}
_DASHES = ("solid", "dash", "dot")

_AXIS = {
    "automargin": True,
    "gridcolor": RULE,
    "linecolor": NEUTRAL,
    "zeroline": False,
    "fixedrange": True,
    "title": {"font": {"size": 14, "color": MUTED}, "standoff": 8},
}
pio.templates["htanalysis"] = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 14, "color": INK},
        "title": {"x": 0, "xref": "container", "xanchor": "left", "font": {"size": 18}, "automargin": True},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "colorway": [ACCENT, CONTRAST, NEUTRAL],
        "margin": {"l": 4, "r": 16, "t": 24, "b": 4},
        "hoverlabel": {"font": {"family": FONT, "size": 14}, "bgcolor": PAPER, "bordercolor": NEUTRAL},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
        "bargap": 0.35,
        "xaxis": _AXIS,
        "yaxis": _AXIS,
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
    """

    figure: go.Figure
    table: Table
    alt: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        figure = _plain(json.loads(self.figure.to_json())) | {"config": CONFIG}
        text = f"{self.table.caption.title}\n{self.alt}"
        return {
            "application/vnd.plotly.v1+json": figure,
            MIME: self.table.to_json() | {"alt": self.alt},
            "text/plain": text,
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
        Decimals of the labels (of the percentage, where the unit is "share").
    log : bool
        Whether equal distances are equal ratios.
    """

    title: str
    unit: str = ""
    digits: int = 0
    log: bool = False

    def layout(self) -> dict[str, Any]:
        """Give the axis as plotly wants it."""
        form = f".{self.digits}%" if self.unit == "share" else f",.{self.digits}f"
        ticks = {"type": "log", "tickvals": [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]} if self.log else {}
        return {"title": {"text": self.title}, "tickformat": "~r" if self.log else form} | ticks

    def write(self, value: float) -> str:
        """Write a value of the axis for people."""
        return with_unit(value, "share" if self.unit == "share" else "", self.digits)


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
    known, hidden = cells[cells["count"].notna()], cells[cells["count"].isna()]
    figure = go.Figure()
    figure.add_scatter(
        x=known["quarter"],
        y=known["measure"],
        text=[number(count) for count in known["count"]],
        mode="markers+text",
        textposition="top center",
        marker=_FULL,
        name="published",
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
    )
    figure.add_scatter(
        x=hidden["quarter"],
        y=hidden["measure"],
        mode="markers",
        name="only in the two-year total",
        marker={"symbol": "line-ew", "size": 14, "line": {"width": 2, "color": NEUTRAL}},
        hovertemplate="%{y}, %{x}: not published<extra></extra>",
    )
    _label_rows(figure, list(reversed(cells["measure"].unique())))
    figure.update_xaxes(title_text="quarter", categoryorder="array", categoryarray=sorted(cells["quarter"].unique()))
    wide = cells.pivot(index="measure", columns="quarter", values="count").reindex(cells["measure"].unique())
    labels = {"measure": "measure"} | {quarter: quarter for quarter in wide.columns}
    points = [f"{row.measure} {row.quarter}: {number(row[3])}" for row in known.itertuples(index=False)]
    alt = f"Grid of {len(wide)} measures by {wide.shape[1]} quarters. Only these are published: {'; '.join(points)}."
    return _finish(figure, Table(wide.reset_index(), caption, labels), alt, height=110 + 62 * len(wide))


def draw_periods(spans: pd.DataFrame, caption: Caption) -> Chart:
    """Draw from when to when each data set counts.

    Parameters
    ----------
    spans : pandas.DataFrame
        Columns `label`, `start`, `end` (days).
    caption : Caption
        What stands around the chart.
    """
    order = list(reversed(spans["label"].tolist()))
    figure = go.Figure()
    for row in spans.itertuples():
        figure.add_scatter(
            x=[row.start, row.end],
            y=[row.label] * 2,
            mode="lines",
            showlegend=False,
            line={"width": 10, "color": ACCENT},
            hovertemplate=f"{row.label}: {row.start.date()} to {row.end.date()}<extra></extra>",
        )
    _label_rows(figure, order)
    figure.update_xaxes(title_text="year", dtick="M12", tickformat="%Y")
    text = [f"{row.label}, {row.start.date()} to {row.end.date()}" for row in spans.itertuples()]
    table = Table(spans, caption, {"label": "data set", "start": "first day", "end": "last day"})
    return _finish(figure, table, f"Bars over time: {'; '.join(text)}.", height=90 + 44 * len(spans))


def draw_quarters(bounds: pd.DataFrame, caption: Caption) -> Chart:
    """Draw each measure by quarter: what is published, and the ranges of what is not.

    Parameters
    ----------
    bounds : pandas.DataFrame
        `bound_quarters`.
    caption : Caption
        What stands around the chart.
    """
    cells = bounds.assign(quarter=bounds["quarter"].astype(str), measure=bounds["measure"].astype(str))
    parts = dict(list(cells.groupby("measure", sort=False)))
    titles = [f"<b>{measure}</b>, a quarter" for measure in parts]
    figure = make_subplots(len(parts), 1, shared_xaxes=True, vertical_spacing=0.05, subplot_titles=titles)
    for row, part in enumerate(parts.values(), 1):
        _draw_one_measure(figure, part, row)
    figure.update_annotations(selector={"xanchor": "center"}, x=0, xanchor="left", font={"size": 15, "color": INK})
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title_text="quarter", row=len(parts))
    labels = {
        "measure": "measure",
        "quarter": "quarter",
        "count": "published",
        "low": "fewest possible",
        "high": "most possible",
        "low_rising": "fewest if never falling",
        "high_rising": "most if never falling",
    }
    words = " ".join(_measure_in_words(part, measure) for measure, part in parts.items())
    alt = f"{len(parts)} panels, one a measure, over {cells['quarter'].nunique()} quarters. {words}"
    return _finish(figure, Table(cells, caption, labels), alt, height=80 + 205 * len(parts))


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
    """
    figure = make_subplots(
        len(rates), 1, shared_xaxes=True, vertical_spacing=0.28 / len(rates), subplot_titles=list(rates)
    )
    for row, frame in enumerate(rates.values(), 1):
        for partial, part in frame.groupby("partial"):
            color = CONTRAST if partial else ACCENT
            figure.add_scatter(
                x=part["year"].astype(int),
                y=part["per_month"].round(4),
                row=row,
                col=1,
                mode="markers",
                name="year not covered whole" if partial else "whole year",
                showlegend=row == 1,
                marker=_HOLLOW | {"symbol": "diamond" if partial else "circle", "line": {"width": 2, "color": color}},
                error_y=_whiskers(part, color),
                cliponaxis=False,
                customdata=part[["count", "days"]].astype(int),
                hovertemplate="%{x}: %{y:.1f} a month (%{customdata[0]} in %{customdata[1]} days)<extra></extra>",
            )
        top = float(frame["high"].max()) * 1.08
        figure.update_yaxes(range=[0, top], nticks=5, title_text=unit if len(rates) < 3 else None, row=row)
    figure.update_annotations(x=0, xanchor="left", font={"size": 15, "color": INK})
    figure.update_xaxes(dtick=1, tickformat="d", showgrid=False)
    figure.update_xaxes(title_text="year", row=len(rates))
    table = pd.concat([frame.assign(what=name) for name, frame in rates.items()], ignore_index=True)
    labels = {"what": "counted", "year": "year", "count": "count", "days": "days covered", "per_month": unit}
    labels |= {"low": "95% from", "high": "95% to"}
    digits = {"year": "year", "per_month": 1, "low": 1, "high": 1}
    words = [
        f"{r.what} {r.year}: {r.per_month:.1f}{' (part of a year)' if r.partial else ''}" for r in table.itertuples()
    ]
    alt = f"Dots with 95% intervals by year, {unit}. {'; '.join(words)}."
    return _finish(figure, Table(table, caption, labels, digits), alt, height=90 + 190 * len(rates))


def draw_ranges(frame: pd.DataFrame, axis: Axis, caption: Caption, reference: float | None = None) -> Chart:
    """Draw a row for each value or range, with its number written above it.

    Parameters
    ----------
    frame : pandas.DataFrame
        The first column names the rows; `value` (missing where only a range is known), `low`, `high` (missing or both
        equal to `value` where there is none) and `basis`.
    axis : Axis
        What the horizontal axis shows; it starts at 0.
    caption : Caption
        What stands around the chart.
    reference : float, optional
        A value to mark with a vertical line.
    """
    table = Table(
        frame,
        caption,
        {frame.columns[0]: "", "value": axis.title, "low": "from", "high": "to", "basis": "basis"},
        dict.fromkeys(("value", "low", "high"), f"{axis.digits}%" if axis.unit == "share" else axis.digits),
        missing="–",
    )
    frame = frame.rename(columns={frame.columns[0]: "label"})
    figure = go.Figure()
    for place, row in enumerate(reversed(list(frame.itertuples(index=False)))):
        _draw_one_range(figure, place, row, axis)
    if reference is not None:
        figure.add_vline(x=reference, line={"color": MUTED, "width": 1, "dash": "dot"})
    top = float(frame[["value", "low", "high"]].astype(float).max(axis=None)) * 1.04
    figure.update_xaxes(**axis.layout(), range=[0, min(top, 1.0) if axis.unit == "share" else top])
    figure.update_yaxes(visible=False, range=[-0.5, len(frame) - 0.35])
    words = [f"{row.label}: {_range_in_words(row, axis)} ({row.basis})" for row in frame.itertuples(index=False)]
    alt = f"{len(frame)} rows on an axis of {axis.title}. {'; '.join(words)}."
    return _finish(figure, table, alt, height=80 + 46 * len(frame))


def draw_curve(
    frame: pd.DataFrame,
    lines: Mapping[str, str],
    axes: tuple[Axis, Axis],
    caption: Caption,
    band: tuple[str, str] | None = None,
    between: tuple[float, float, str] | None = None,
) -> Chart:
    """Draw results over the range of an assumption. Lines are dashed: they hold only if the assumption does.

    Parameters
    ----------
    frame : pandas.DataFrame
        The first column is the assumption, the others are results.
    lines : mapping of str to str
        Columns to draw, with the words that stand beside them.
    axes : tuple of Axis
        What the horizontal and vertical axes show.
    caption : Caption
        What stands around the chart.
    band : tuple of str, optional
        Columns between which the range of the first line lies.
    between : tuple, optional
        Two values of the assumption to shade between, and the words for them.
    """
    x = frame[frame.columns[0]]
    figure = go.Figure()
    if band:
        for edge, fill in zip(band, (None, "tonexty"), strict=True):
            figure.add_scatter(
                x=x,
                y=frame[edge],
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=PALE,
                hoverinfo="skip",
                name="range that the unclassified leave",
                showlegend=fill is not None,
            )
    colors = (ACCENT, CONTRAST, MUTED)
    for (column, words), color, dash in zip(lines.items(), colors, ("dash", "dashdot", "dot"), strict=False):
        figure.add_scatter(
            x=x,
            y=frame[column],
            mode="lines",
            name=words,
            line={"color": color, "dash": dash, "width": 3},
            hovertemplate=f"{words}: %{{y}} at %{{x}}<extra></extra>",
        )
    if between:
        low, high, words = between
        figure.add_vrect(x0=low, x1=high, fillcolor=NEUTRAL, opacity=0.35, line_width=0 if high > low else 2)
        side = {"xanchor": "right", "x": low} if (low + high) / 2 > x.mean() else {"xanchor": "left", "x": high}
        figure.add_annotation(
            text=words,
            y=1,
            yref="paper",
            yanchor="top",
            showarrow=False,
            xshift=-6 if side["xanchor"] == "right" else 6,
            **side,
        )
    figure.update_xaxes(**axes[0].layout())
    figure.update_yaxes(**axes[1].layout(), **({} if axes[1].log else {"rangemode": "tozero"}))
    table, alt = _table_of_curve(frame, lines, axes, caption, band)
    return _finish(figure, table, alt, height=440)


def draw_outlook(outlook: pd.DataFrame, caption: Caption) -> Chart:
    """Draw convictions by year of arrest: those reported, and the range that is still to come.

    Parameters
    ----------
    outlook : pandas.DataFrame
        `project_convictions`.
    caption : Caption
        What stands around the chart.
    """
    years, known = outlook["year"].astype(int), outlook["convictions"].astype(int)
    open_years = outlook["basis"].eq("assumed")
    figure = go.Figure()
    figure.add_bar(x=years, y=known, name="reported", marker={"color": ACCENT}, text=known)
    figure.add_bar(
        x=years[open_years],
        base=outlook.loc[open_years, "low"],
        name="in the end, if like the settled years",
        y=(outlook["high"] - outlook["low"])[open_years],
        marker={"pattern": _HATCH, "color": PAPER, "line": {"color": ACCENT, "width": 1}},
        customdata=outlook.loc[open_years, ["low", "high"]].astype(int),
        hovertemplate="%{x}: %{customdata[0]} to %{customdata[1]} if like the settled years<extra></extra>",
    )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title_text="year of arrest", dtick=1, tickformat="d", showgrid=False)
    figure.update_yaxes(title_text="convictions", rangemode="tozero")
    labels = {
        "year": "year of arrest",
        "arrests": "arrests",
        "convictions": "convictions reported",
        "ratio": "for each arrest",
    }
    labels |= {"low": "in the end, from", "high": "to", "basis": "basis"}
    words = [
        f"{row.year}: {row.convictions} reported"
        + ("" if row.basis == "reported" else f", {span(row.low, row.high)} if like the settled years")
        for row in outlook.itertuples()
    ]
    table = Table(outlook, caption, labels, {"year": "year", "ratio": 2})
    return _finish(figure, table, f"Bars by year of arrest. {'; '.join(words)}.", height=420)


def draw_map(rates: gpd.GeoDataFrame, caption: Caption) -> Chart:
    """Draw the 58 counties as reported, bounded or none reported.

    Counties are drawn as filled polygons: plotly's own map asks a server for a world map.

    Parameters
    ----------
    rates : geopandas.GeoDataFrame
        `rate_counties`.
    caption : Caption
        What stands around the chart.
    """
    shapes = rates.to_crs(3310)  # California Albers, in meters
    # 1 km keeps neighbors touching and the page small; the map is some 1,000 km high.
    shapes = shapes.set_geometry(shapes.simplify_coverage(1000))
    looks = {
        "reported": {"fillcolor": ACCENT},
        "bounded": {"fillcolor": PAPER, "fillpattern": _HATCH | {"bgcolor": PAPER}},
        "none reported": {"fillcolor": "#f1f4f7"},
    }
    figure = go.Figure()
    for status, look in looks.items():
        for place, row in enumerate(shapes[shapes["status"].eq(status)].itertuples()):
            x, y = _outline(row.geometry)
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                line={"width": 0.8, "color": MUTED},
                fill="toself",
                **look,
                name=status,
                legendgroup=status,
                showlegend=place == 0,
                hoveron="fills",
                text=f"{row.county}: {_county_in_words(row)}",
                hoverinfo="text",
            )
    _label_counties(figure, shapes[shapes["upper"].gt(0)])
    figure.update_xaxes(visible=False, range=[-1000, 560], constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x", range=[-620, 470])
    named = rates[rates["upper"].gt(0)]
    words = [f"{row.county} {_county_in_words(row)}" for row in named.itertuples()]
    alt = f"Map of the 58 counties. {'; '.join(words)}. The other {len(rates) - len(named)} counties: none reported."
    labels = {"county": "county", "status": "status", "lower": "fewest convictions", "upper": "most convictions"}
    return _finish(figure, Table(named, caption, labels), alt, height=640)


def draw_mix(mixes: pd.DataFrame, caption: Caption) -> Chart:
    """Draw each source's shares of sex, labor, other and unstated as one bar.

    Parameters
    ----------
    mixes : pandas.DataFrame
        `compare_mixes`.
    caption : Caption
        What stands around the chart.
    """
    looks = {
        "sex": {"color": ACCENT},
        "labor": {"color": CONTRAST},
        "other": {
            "color": PAPER,
            "pattern": _HATCH | {"fgcolor": NEUTRAL, "shape": "x"},
            "line": {"color": NEUTRAL, "width": 1},
        },
        "unstated": {"color": PAPER, "line": {"color": NEUTRAL, "width": 1}},
    }
    names = {"sex": "sex", "labor": "labor", "other": "reported as “other”", "unstated": "not stated"}
    figure = go.Figure()
    for column, marker in looks.items():
        shares = mixes[column].astype(float).fillna(0)
        figure.add_bar(
            x=shares,
            y=mixes["source"].astype(str),
            orientation="h",
            name=names[column],
            marker=marker,
            text=[f"{share:.0%}" if share > 0.04 else "" for share in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate=f"%{{y}}: %{{x:.0%}} {names[column]}<extra></extra>",
        )
    figure.update_layout(barmode="stack", legend_traceorder="normal", bargap=0.5)
    _label_rows(figure, list(reversed(mixes["source"].astype(str).tolist())))
    figure.update_xaxes(title_text="share of what the source counts", tickformat=".0%", range=[0, 1])
    labels = {"source": "source", "population": "what was counted", "geography": "place"} | names
    words = [
        f"{row.source}: "
        + join_words(
            [f"{share:.0%} {names[kind]}" for kind in names if (share := getattr(row, kind)) is not pd.NA and share > 0]
        )
        for row in mixes.itertuples()
    ]
    table = Table(mixes, caption, labels, dict.fromkeys(names, "0%"), missing="not stated")
    return _finish(figure, table, f"One bar a source. {'; '.join(words)}.", height=90 + 58 * len(mixes))


def _finish(figure: go.Figure, table: Table, alt: str, height: int) -> Chart:
    """Give a figure its title, its foot and its size: `height` is that of the drawing without these two."""
    caption = table.caption
    title = "<br>".join(textwrap.wrap(caption.title, 84))
    subtitle = "<br>".join(textwrap.wrap(caption.subtitle, 100))
    foot = f"Source: {source_in_words(caption.source)}. Basis: {join_words(caption.basis)}."
    figure.update_layout(
        template="htanalysis",
        title={"text": title, "subtitle": {"text": subtitle}},
        height=height + 150,
        margin={"t": 110, "b": 100},
        # A page writes title and foot in its own words, and draws in this height.
        meta={"height": height},
        legend_y=1 + 30 / height,
    )
    figure.add_annotation(
        name="foot",
        text="<br>".join(textwrap.wrap(foot, 110)),
        showarrow=False,
        align="left",
        x=0,
        xref="paper",
        xanchor="left",
        y=0,
        yref="paper",
        yanchor="top",
        yshift=-56,
        font={"size": 12, "color": MUTED},
    )
    return Chart(figure, table, alt)


def _plain(value: Any) -> Any:
    """Write plotly's packed arrays as rounded lists: every machine writes the same, and a change can be read."""
    if isinstance(value, dict):
        if "bdata" not in value:
            return {key: _plain(item) for key, item in value.items()}
        value = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).tolist()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return None if np.isnan(value) else float(f"{value:.10g}")
    return value


def _label_rows(figure: go.Figure, order: list[str]) -> None:
    """Write each row's name above it, so that a phone's width is left to the data."""
    figure.update_yaxes(categoryorder="array", categoryarray=order, visible=False, range=[-0.55, len(order) - 0.3])
    for name in order:
        figure.add_annotation(
            text=f"<b>{name}</b>",
            x=0,
            xref="paper",
            xanchor="left",
            y=name,
            yshift=20,
            showarrow=False,
            font={"size": 13},
        )


def _draw_one_measure(figure: go.Figure, part: pd.DataFrame, row: int) -> None:
    known, hidden = part[part["count"].notna()], part[part["count"].isna()]
    place = {"row": row, "col": 1}
    for low, high, name, width, marker in (
        ("low", "high", "possible, nothing assumed", 0.7, {"color": PALE}),
        (
            "low_rising",
            "high_rising",
            "possible if no quarter fell",
            0.4,
            {"color": PAPER, "pattern": _HATCH, "line": {"color": ACCENT, "width": 1}},
        ),
    ):
        figure.add_bar(
            x=hidden["quarter"],
            base=hidden[low],
            y=hidden[high] - hidden[low],
            width=width,
            marker=marker,
            name=name,
            showlegend=row == 1,
            customdata=hidden[[low, high]].astype(object),
            hovertemplate="%{x}: %{customdata[0]:,} to %{customdata[1]:,} (" + name + ")<extra></extra>",
            **place,
        )
    if len(known) > 1:
        figure.add_scatter(
            x=known["quarter"],
            y=known["count"],
            mode="lines",
            name="straight line",
            showlegend=row == 1,
            line={"color": CONTRAST, "dash": "dot", "width": 2},
            hoverinfo="skip",
            **place,
        )
    figure.add_scatter(
        x=known["quarter"],
        y=known["count"],
        mode="markers+text",
        marker=_FULL,
        name="published",
        text=[number(count) for count in known["count"]],
        textposition="top center",
        showlegend=row == 1,
        hovertemplate="%{x}: %{text} published<extra></extra>",
        **place,
    )
    top = float(known["count"].max() * 1.45) if len(known) else float(part["high"].max())
    figure.update_yaxes(range=[0, top], nticks=5, **place)
    figure.update_xaxes(categoryorder="array", categoryarray=part["quarter"].tolist(), **place)
    if len(hidden) and float(hidden["high"].max()) > top:
        figure.add_annotation(
            text=f"any unpublished quarter: up to {number(hidden['high'].max())}",
            showarrow=False,
            x=part["quarter"].iloc[len(part) // 2],
            y=top,
            yanchor="top",
            font={"size": 12, "color": INK},
            **place,
        )


def _measure_in_words(part: pd.DataFrame, measure: str) -> str:
    known, hidden = part[part["count"].notna()], part[part["count"].isna()]
    points = [f"{row.quarter} {number(row[3])}" for row in known[["measure", "quarter", "low", "count"]].itertuples()]
    published = f"published {join_words(points)}" if points else "no quarter published"
    if hidden.empty:
        return f"{measure.capitalize()}: {published}."
    return f"{measure.capitalize()}: {published}; each of the others {span(hidden['low'].min(), hidden['high'].max())}."


def _whiskers(part: pd.DataFrame, color: str) -> dict[str, Any]:
    return {
        "type": "data",
        "array": (part["high"] - part["per_month"]).round(4),
        "arrayminus": (part["per_month"] - part["low"]).round(4),
        "color": color,
        "thickness": 2,
        "width": 0,
    }


def _draw_one_range(figure: go.Figure, place: int, row: Any, axis: Axis) -> None:
    """Draw one row of `draw_ranges` in the look of its basis."""
    y = [place - 0.12] * 2
    common = {"showlegend": False, "hovertemplate": f"{row.label}: {_range_in_words(row, axis)}<extra></extra>"}
    if pd.notna(row.low) and row.low != row.high:
        look = {
            "bounded": {"color": ACCENT, "width": 10},
            "assumed": {"color": ACCENT, "width": 4, "dash": "4px,3px"},
        }.get(row.basis, {"color": ACCENT, "width": 3})
        figure.add_scatter(
            x=[row.low, row.high], y=y, mode="lines", line=look, opacity=0.55 if row.basis == "bounded" else 1, **common
        )
    if pd.notna(row.value):
        marker = (
            _FULL
            if row.basis == "reported"
            else _HOLLOW | {"symbol": "diamond" if row.basis == "assumed" else "circle"}
        )
        figure.add_scatter(x=[row.value], y=y[:1], mode="markers", marker=marker, **common)
    figure.add_annotation(
        text=f"<b>{row.label}</b>  {_range_in_words(row, axis)}",
        showarrow=False,
        font={"size": 13},
        x=0,
        xref="paper",
        xanchor="left",
        y=place + 0.12,
        yanchor="bottom",
        align="left",
    )


def _range_in_words(row: Any, axis: Axis) -> str:
    ends = (
        ""
        if pd.isna(row.low) or row.low == row.high
        else span(row.low, row.high, axis.unit, axis.digits, between=False)
    )
    if pd.isna(row.value):
        return ends
    return axis.write(row.value) + (f" ({ends})" if ends else "")


def _table_of_curve(
    frame: pd.DataFrame,
    lines: Mapping[str, str],
    axes: tuple[Axis, Axis],
    caption: Caption,
    band: tuple[str, str] | None,
) -> tuple[Table, str]:
    assumption = frame.columns[0]
    labels = {assumption: axes[0].title, **lines} | ({band[0]: "from", band[1]: "to"} if band else {})
    forms = [f"{axis.digits}%" if axis.unit == "share" else axis.digits for axis in axes]
    digits = {column: forms[0] if column == assumption else forms[1] for column in labels}
    ends = [
        (row[assumption], [axes[1].write(row[column]) for column in lines]) for _, row in frame.iloc[[0, -1]].iterrows()
    ]
    words = [
        f"at {axes[0].write(x)}: {join_words([f'{name} {y}' for name, y in zip(lines.values(), ys, strict=True)])}"
        for x, ys in ends
    ]
    alt = f"Dashed lines of {axes[1].title} over {axes[0].title}, {'; '.join(words)}."
    every = frame.iloc[:: max(1, len(frame) // 20)]
    return Table(every, caption, labels, digits), alt


def _outline(geometry: Any) -> tuple[list[float | None], list[float | None]]:
    """Give a county's outline in kilometers, with a gap between its parts."""
    x, y = [], []
    for part in getattr(geometry, "geoms", [geometry]):
        points = np.round(np.asarray(part.exterior.coords) / 1000, 1)
        x += [*points[:, 0].tolist(), None]
        y += [*points[:, 1].tolist(), None]
    return x[:-1], y[:-1]


def _county_in_words(row: Any) -> str:
    if row.status == "none reported":
        return "none reported"
    return f"{span(row.lower, row.upper, between=False)} convictions ({row.status})"


def _label_counties(figure: go.Figure, named: gpd.GeoDataFrame) -> None:
    """Name counties over the ocean, each with a line to it, from north to south without overlap."""
    middles = named.geometry.representative_point()
    order = (middles.y / 1000).sort_values(ascending=False).index
    slot = np.inf
    for index in order:
        row, y = named.loc[index], middles.y[index] / 1000
        slot = min(slot - 66, y)
        figure.add_annotation(
            x=round(middles.x[index] / 1000, 1),
            y=round(y, 1),
            ax=-400,
            ay=round(slot, 1),
            axref="x",
            ayref="y",
            xanchor="right",
            arrowhead=6,
            arrowsize=0.6,
            arrowwidth=1,
            arrowcolor=INK,
            font={"size": 13},
            align="right",
            text=f"<b>{row['county']}</b> {span(row['lower'], row['upper'], between=False)}",
        )
