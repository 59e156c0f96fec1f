"""Charts of counties: where they are, and how far their rates lie from what chance leaves."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from htanalysis.charts import look
from htanalysis.charts.look import Chart, Sketch, lay_out
from htanalysis.charts.tables import Caption, Table
from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns
from htanalysis.results import Column
from htanalysis.wording import choose, join_words, name_column, span

#: The map's frame, whose shape the pages know: names stand on the left, the areas in the rest.
_WIDTH, _HEIGHT, _NAMES, _EDGE = 1330, 1080, 400, 10
#: More names than these do not fit beside a map or a funnel.
_MOST_NAMES = 15
_FILLS = {"none reported": look.RULE, "bounded": look.PAPER, "reported": look.ACCENT}
_INKS = _FILLS | {"bounded": look.ACCENT}
#: The distance of the lines that hatch an area whose count is a range, in the frame's units.
_HATCH = 18


def draw_funnel(
    rates: pd.DataFrame,
    limits: Mapping[str, pd.DataFrame],
    center: float,
    caption: Caption,
    residents: str = "population_2010",
) -> Chart:
    """Draw the counties' rates against their residents, with the limits within which chance leaves a common rate.

    Named are the counties whose rate lies, or can lie, outside the widest limits: at most fifteen, the highest first.
    The `rate_counties` are for 100,000 residents; the common rate in the center and its `funnel_limits`, by what they
    hold in words, are for one. These need each county's own residents: between two numbers of them, limits are no line.
    """
    _check_statuses(rates, [residents, "rate_low", "rate_high"])
    rows, sketch = rates.reset_index(drop=True).assign(x=rates[residents].to_numpy(float)), Sketch()
    rows = _find_outside(rows, limits)
    bars, dots, none = (rows[rows["status"].eq(status)] for status in ("bounded", "reported", "none reported"))
    known = pd.concat([bars, dots]).sort_values("rate_high", ascending=False)
    ends, top = [rows["x"].min(), 4 * rows["x"].max()], 1.15 * max([*known["rate_high"], 2e5 * center])
    for width, (name, frame) in enumerate(limits.items(), 1):
        x, y = [*frame["population"], None] * 2, [*(frame["low"] * 1e5), None, *(frame["high"] * 1e5), None]
        sketch.add_line(x, y, look.NEUTRAL, width, name=f"{name} limits (computed)", hoverinfo="skip")
    sketch.add_line(ends, [center * 1e5] * 2, look.INK, 1, name="state’s rate (computed)")
    # A gap after each county's two ends keeps the bars apart.
    y, counties = bars.assign(gap=np.nan)[["rate_low", "rate_high", "gap"]].to_numpy(float).ravel(), bars["county"]
    style = {"name": "possible rates (bounded)", "hovertext": counties.repeat(3)}
    sketch.add_line(bars["x"].repeat(3), y, look.MID, 2, **style)
    sketch.add_dots(dots["x"], dots["rate_low"], "computed", name="rate (computed)", hovertext=dots["county"])
    style = {"name": "none reported", "hovertext": none["county"]}
    sketch.add_dots(none["x"], none["rate_low"], "none", **style)
    named, gap = known[known["outside"]].head(_MOST_NAMES), 0.055 * top
    points = named[[]].assign(x=np.log10(named["x"]), y=named["rate_high"], text=named["county"])
    _name_points(sketch, points.assign(ay=_spread(points["y"] + gap, gap)), np.log10(ends[1]))
    rate = Column("rate for 100,000 of these residents", digits=1)
    sketch.set_axis("x", **lay_out(Column(f"exposure: {name_column(residents)}", log=True), ends))
    sketch.set_axis("y", **lay_out(rate, [0, top]))
    columns = {"county": Column("county"), residents: Column("residents"), "status": Column("status")}
    columns |= {"rate_low": Column("rate, from", digits=1), "rate_high": Column("to", digits=1)}
    table = Table(known, caption, columns)
    words = [f"{row.county} {rate.between(row.rate_low, row.rate_high)} ({row.status})" for row in known.itertuples()]
    words += [*_count_silent(rows), f"the state: {rate.write(center * 1e5)}"]
    for column in (f"{side} the {name} limits" for name in limits for side in ("above", "below")):
        words.append(f"wholly {column}: {join_words(known.loc[known[column], 'county']) or 'none'}")
    reading = (
        "a county between the curved limits can have the state’s rate; a bar holds all rates that it can have had."
    )
    return sketch.finish(table, f"{'; '.join(words)}.", reading, 560)


def draw_map(rates: gpd.GeoDataFrame, caption: Caption, counted: str = "convictions") -> Chart:
    """Draw areas, such as the 58 counties, as reported, bounded or none reported.

    Areas are drawn as filled polygons: plotly's own map asks a server for a world map. They are projected around their
    own middle, with equal areas, and fill the frame wherever they lie. Named are those with a count or a range: at most
    fifteen, the largest first. The `rate_counties` need polygons and a reference system.
    """
    _check_statuses(rates, ["lower", "upper", "geometry"])
    shapes, sketch = fit_frame(rates), Sketch()
    shapes["count"] = [span(row.lower, row.upper, between=False) for row in rates.itertuples()]
    units = [choose(upper, counted.removesuffix("s"), counted) for upper in shapes["upper"]]
    shapes["words"] = shapes["count"] + " " + units + " (" + shapes["status"] + ")"
    shapes.loc[shapes["status"].eq("none reported"), "words"] = "none reported"
    # The largest first, so that an area inside another is seen.
    for row in shapes.loc[shapes.area.sort_values(ascending=False).index].itertuples():
        style = {"fill": "toself", "fillcolor": _FILLS[row.status], "hoveron": "fills", "hoverinfo": "text"}
        sketch.add_line(*_outline(row.geometry), look.MUTED, 0.8, hovertext=f"{row.county}: {row.words}", **style)
        if row.status == "bounded":
            sketch.add_line(*_hatch(row.geometry), look.ACCENT, 1, hoverinfo="skip")
    for status, fill in reversed(_FILLS.items()):  # the swatch of a bar is a square
        swatch = {"color": fill, "line": {"color": look.MUTED, "width": 1}}
        swatch |= {"pattern": look.BARS["assumed"]["pattern"]} if status == "bounded" else {}
        sketch.add_trace("bar", [None], [None], name=status, marker=swatch)
    known = shapes[shapes["status"].ne("none reported")]
    _name_areas(sketch, shapes, known.sort_values("upper", ascending=False, kind="stable").head(_MOST_NAMES))
    sketch.set_axis("x", visible=False, range=[0, _WIDTH], constrain="domain")
    sketch.set_axis("y", visible=False, range=[0, _HEIGHT], scaleanchor="x")
    words = [f"{row.county} {row.words}" for row in known.itertuples()] + _count_silent(shapes)
    heads = {"county": "county", "status": "status", "lower": f"fewest {counted}", "upper": f"most {counted}"}
    columns = {name: Column(head, basis="row" if name in ("lower", "upper") else "") for name, head in heads.items()}
    reading = "a full county has a published count, a hatched one a range; of a grey one the source names none."
    table = Table(rates[rates["status"].ne("none reported")], caption, columns)
    return sketch.finish(table, f"{'; '.join(words)}.", reading, 640)


def _check_statuses(rates: pd.DataFrame, columns: list[str]) -> None:
    """Refuse a frame that lacks a column, or whose statuses have no look."""
    check_columns("rates", rates, ["county", "status", *columns])
    unknown = sorted({str(status) for status in rates["status"]} - set(_FILLS))
    if unknown:
        raise UnknownNameError("a status", unknown[0], _FILLS)


def _count_silent(rows: pd.DataFrame) -> list[str]:
    silent = rows["status"].eq("none reported").sum()
    return [f"the other {silent} of {len(rows)} counties: none reported"] * bool(silent)


def _find_outside(rates: pd.DataFrame, limits: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Say of each county whether it lies wholly above or below each limits, and whether outside the widest in part."""
    found = rates.assign(outside=True)
    for name, frame in limits.items():
        own = frame.drop_duplicates("population").set_index("population")[["low", "high"]].reindex(rates["x"]) * 1e5
        if own.isna().any(axis=None):
            raise HtanalysisError(f"limits: {name} has none for the residents of some county of rates.")
        low, high = own.to_numpy().T
        found[f"above the {name} limits"] = rates["rate_low"].to_numpy(float) > high
        found[f"below the {name} limits"] = rates["rate_high"].to_numpy(float) < low
        found["outside"] &= (rates["rate_low"].to_numpy(float) < low) | (rates["rate_high"].to_numpy(float) > high)
    return found


def fit_frame(rates: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Project areas around their own middle, and move and scale them into the map's frame."""
    kinds = set(rates.geometry.geom_type)
    if rates.crs is None or not kinds <= {"Polygon", "MultiPolygon"} or rates.geometry.is_empty.any():
        raise HtanalysisError("rates: each area needs a polygon, and all a reference system (crs).")
    # The middle on the globe, so that areas on both sides of the date line stay together.
    along, upward = np.radians(rates.geometry.to_crs(4326).representative_point().get_coordinates().to_numpy().T)
    globe = np.cos(upward) * np.cos(along), np.cos(upward) * np.sin(along), np.sin(upward)
    x, y, z = np.mean(globe, axis=1)
    longitude, latitude = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    middle = f"+lon_0={longitude:.4f} +lat_0={latitude:.4f}"
    shapes = rates.reset_index(drop=True).to_crs(f"+proj=laea {middle} +datum=NAD83 +units=m")
    left, bottom, right, top = shapes.total_bounds
    if not np.isfinite([left, bottom, right, top]).all():
        raise HtanalysisError("rates: the areas lie too far apart for one map.")
    scale = min((_WIDTH - _NAMES - _EDGE) / (right - left), (_HEIGHT - 2 * _EDGE) / (top - bottom))
    across, upward = _WIDTH - _EDGE - scale * right, _HEIGHT / 2 - scale * (bottom + top) / 2
    shapes = shapes.set_geometry(shapes.affine_transform([scale, 0, 0, scale, across, upward]))
    # Two of the frame's units keep neighbors touching and the page small; a hole that runs the other way round is open.
    kept = shapes.set_geometry(shapes.simplify_coverage(2))
    return kept.set_geometry(kept.orient_polygons())


def _outline(geometry: Any) -> np.ndarray:
    """Give the x and y of an area's outline, with a gap between its parts and its holes."""
    rings = [ring for part in getattr(geometry, "geoms", [geometry]) for ring in (part.exterior, *part.interiors)]
    return np.vstack([[*ring.coords, (np.nan, np.nan)] for ring in rings])[:-1].round().T


def _hatch(geometry: Any) -> np.ndarray:
    """Give the x and y of slanted lines within an area, with a gap between them."""
    lines = ", ".join(f"({start} 0, {start + _HEIGHT} {_HEIGHT})" for start in range(-_HEIGHT, _WIDTH, _HATCH))
    inside = gpd.GeoSeries.from_wkt([f"MULTILINESTRING ({lines})"]).iloc[0].intersection(geometry)
    parts = [line for line in getattr(inside, "geoms", [inside]) if line.geom_type == "LineString"]
    return np.vstack([[*line.coords, (np.nan, np.nan)] for line in parts])[:-1].round().T


def _name_areas(sketch: Sketch, shapes: gpd.GeoDataFrame, named: gpd.GeoDataFrame) -> None:
    """Write names and counts left of the areas, each with a line into its own."""
    if not len(named):
        return
    middles, gap = named.representative_point(), 66
    slots = _spread(middles.y, gap, _HEIGHT)
    beside = shapes.clip_by_rect(0, slots.min() - gap, _WIDTH, slots.max() + gap).total_bounds[0]
    text = "<b>" + named["county"] + "</b> " + named["count"]
    # The dot that ends a line shows what a county too small for a phone is filled with.
    style = {"arrowcolor": named["status"].map(_INKS), "arrowsize": 2.5}
    points = pd.DataFrame({"x": middles.x, "y": middles.y, "ay": slots, "text": text, **style})
    _name_points(sketch, points, beside - 2.5 * _EDGE)


def _spread(heights: pd.Series, gap: float, top: float = np.inf) -> pd.Series:
    """Give each name a height near its point's, a gap apart, from the top down and within 0 and a top."""
    ordered, steps = heights.sort_values(ascending=False), gap * np.arange(len(heights))
    free = isotonic_regression(ordered.to_numpy() + steps, increasing=False).x if len(ordered) else ordered
    lowest, highest = steps[::-1] + gap / 2, top - gap / 2 - steps
    slots = free - steps
    return pd.Series(np.clip(slots, lowest, highest) if np.isfinite(top) else slots, index=ordered.index)


def _name_points(sketch: Sketch, points: pd.DataFrame, at: float) -> None:
    """Write each point's `text` at the height `ay`, in a column that ends at `at`, with a line to `x` and `y`."""
    style = {"ax": round(at, 3), "axref": "x", "ayref": "y", "xanchor": "right", "arrowhead": 6, "arrowwidth": 1}
    ordered = points.round(3).sort_values("ay", ascending=False).to_dict("records")
    sketch.notes.extend(style | {"font": {"size": 13}} | point for point in ordered)
