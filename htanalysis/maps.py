"""Charts of counties: where they are, and how far their rates lie from what chance leaves."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns
from htanalysis.figures import (
    ACCENT,
    INK,
    MID,
    MUTED,
    NEUTRAL,
    PAPER,
    TINT,
    Axis,
    Chart,
    Sketch,
    add_dots,
    add_line,
    add_trace,
    finish,
)
from htanalysis.findings import choose, join_words, span
from htanalysis.tables import Caption, Table

#: The map's frame, whose shape the pages know: names stand on the left, the areas in the rest.
_WIDTH, _HEIGHT, _NAMES, _EDGE = 1330, 1080, 400, 10
#: More names than these do not fit beside a map or a funnel.
_MOST_NAMES = 15
_FILLS = {"none reported": TINT, "bounded": MID, "reported": ACCENT}


def draw_funnel(rates: pd.DataFrame, limits: Mapping[str, pd.DataFrame], center: float, caption: Caption) -> Chart:
    """Draw the counties' rates against their residents, with the limits within which chance leaves a common rate.

    Named are the counties whose rate lies, or can lie, outside the widest limits: at most fifteen, the highest first.

    Parameters
    ----------
    rates : pandas.DataFrame
        `rate_counties`: `county`, `population_2010`, `rate_low`, `rate_high` (for 100,000 residents) and `status`.
    limits : mapping of str to pandas.DataFrame
        `funnel_limits` (for one resident), by what they hold in words, such as "95%"; at most two. Each has every
        county's number of residents among its own, since limits between two numbers of residents are not on a line.
    center : float
        The common rate of the limits (for one resident).
    caption : Caption
        What stands around the chart.

    Raises
    ------
    HtanalysisError
        If a column is missing, a status is none of the three, there are more than two limits, or they are not given for
        each county's residents.
    """
    _check_statuses(rates, ["population_2010", "rate_low", "rate_high"])
    rates = rates.reset_index(drop=True)
    rows = rates.assign(x=rates["population_2010"].astype(float), **_find_outside(rates, limits))
    bars, dots, none = (rows[rows["status"].eq(status)] for status in ("bounded", "reported", "none reported"))
    known, sketch = pd.concat([bars, dots]).sort_values("rate_high", ascending=False), Sketch()
    ends, top = [rows["x"].min(), 4 * rows["x"].max()], 1.15 * max([*known["rate_high"], 2e5 * center])
    for (name, frame), width in zip(limits.items(), (1, 2), strict=False):
        x, y = [*frame["population"], None] * 2, [*(frame["low"] * 1e5), None, *(frame["high"] * 1e5), None]
        add_line(sketch, x, y, NEUTRAL, width, name=f"{name} limits (computed)", hoverinfo="skip")
    add_line(sketch, ends, [center * 1e5] * 2, INK, 1, name="state’s rate (computed)")
    # A gap after each county's two ends keeps the bars apart.
    y = bars.assign(gap=np.nan)[["rate_low", "rate_high", "gap"]].to_numpy(float).ravel()
    look = {"name": "possible rates (bounded)", "hovertext": bars["county"].repeat(3)}
    add_line(sketch, bars["x"].repeat(3), y, MID, 8, **look)
    add_dots(sketch, dots["x"], dots["rate_low"], "computed", name="rate (computed)", hovertext=dots["county"])
    look = {"name": "none reported", "hovertext": none["county"], "marker_symbol": "line-ns", "marker_size": 8}
    add_dots(sketch, none["x"], none["rate_low"], "absent", **look)
    named, gap = known[known["outside"]].head(_MOST_NAMES), 0.055 * top
    points = {"x": np.log10(named["x"]), "y": named["rate_high"], "text": named["county"], "bgcolor": PAPER}
    slots = _spread(named["rate_high"] + gap, gap)
    _name_points(sketch, pd.DataFrame(points | {"ay": slots}), np.log10(ends[1]))
    rate = Axis("rate for 100,000 of these residents", digits=1)
    sketch.set_axis("x", **Axis("exposure: residents on April 1, 2010", log=True).layout(ends))
    sketch.set_axis("y", **rate.layout([0, top]))
    heads = {"county": "county", "population_2010": "residents", "status": "status"}
    heads |= {"rate_low": "rate, from", "rate_high": "to"}
    table = Table(known, caption, heads, dict.fromkeys(("rate_low", "rate_high"), 1))
    words = [f"{row.county} {rate.between(row.rate_low, row.rate_high)} ({row.status})" for row in known.itertuples()]
    words += [*_count_silent(none, rows), f"the state: {rate.write(center * 1e5)}"]
    for name in limits:
        for side in ("above", "below"):
            counties = known.loc[known[f"{side} {name}"], "county"]
            words.append(f"wholly {side} the {name} limits: {join_words(counties) if len(counties) else 'none'}")
    reading = (
        "a county between the curved limits can have the state’s rate; a bar holds all rates that it can have had."
    )
    return finish(sketch, table, f"{'; '.join(words)}.", reading, height=560)


def draw_map(rates: gpd.GeoDataFrame, caption: Caption) -> Chart:
    """Draw areas, such as the 58 counties, as reported, bounded or none reported.

    Areas are drawn as filled polygons: plotly's own map asks a server for a world map. They are projected around their
    own middle, with equal areas, and fill the frame wherever they lie. Named are those with a count or a range: at most
    fifteen, the largest first.

    Parameters
    ----------
    rates : geopandas.GeoDataFrame
        `rate_counties`: `county`, `status`, `lower`, `upper`, and polygons with a reference system.
    caption : Caption
        What stands around the chart.

    Raises
    ------
    HtanalysisError
        If a column is missing, a status is none of the three, or an area has no polygon or reference system.
    """
    _check_statuses(rates, ["lower", "upper"])
    shapes, sketch = _fit_frame(rates), Sketch()
    shapes["words"] = [
        row.status if row.status == "none reported" else f"{_count(row.lower, row.upper)} ({row.status})"
        for row in rates.itertuples()
    ]
    # The largest first, so that an area inside another is seen.
    for row in shapes.loc[shapes.area.sort_values(ascending=False).index].itertuples():
        look = {"fill": "toself", "fillcolor": _FILLS[row.status], "hoveron": "fills", "hoverinfo": "text"}
        look["text"] = f"{row.county}: {row.words}"
        add_line(sketch, *_outline(row.geometry), MUTED, 0.8, **look)
    for status, fill in reversed(_FILLS.items()):  # the swatch of a bar is a square
        swatch = {"color": fill, "line": {"color": MUTED, "width": 1}}
        add_trace(sketch, "bar", x=[None], y=[None], name=status, marker=swatch)
    known, silent = (shapes[shapes["status"].eq("none reported").eq(none)] for none in (False, True))
    _name_areas(sketch, shapes, known.sort_values("upper", ascending=False, kind="stable").head(_MOST_NAMES))
    sketch.set_axis("x", visible=False, range=[0, _WIDTH], constrain="domain")
    sketch.set_axis("y", visible=False, range=[0, _HEIGHT], scaleanchor="x")
    words = [f"{row.county} {row.words}" for row in known.itertuples()] + _count_silent(silent, shapes)
    labels = {"county": "county", "status": "status", "lower": "fewest convictions", "upper": "most convictions"}
    reading = "a dark county has a published count, a lighter one a range, and a blank one is not named by the source."
    table = Table(rates[rates["status"].ne("none reported")], caption, labels)
    return finish(sketch, table, f"{'; '.join(words)}.", reading, height=640)


def _check_statuses(rates: pd.DataFrame, columns: list[str]) -> None:
    """Refuse a frame that lacks a column, or whose statuses have no look."""
    check_columns("rates", rates, ["county", "status", *columns])
    unknown = sorted({str(status) for status in rates["status"]} - set(_FILLS))
    if unknown:
        raise UnknownNameError("a status", unknown[0], _FILLS)


def _find_outside(rates: pd.DataFrame, limits: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """Say of each county whether it lies wholly above or below each limits, and whether outside the widest in part."""
    low, high = rates["rate_low"].to_numpy(float), rates["rate_high"].to_numpy(float)
    found: dict[str, np.ndarray] = {"outside": np.ones(len(rates), dtype=bool)}
    if not 0 < len(limits) <= 2:
        raise HtanalysisError(f"limits: {len(limits)} were given; a reader tells two apart. Give one or two.")
    for name, frame in limits.items():
        own = frame.drop_duplicates("population").set_index("population")[["low", "high"]] * 1e5
        own = own.reindex(rates["population_2010"].astype(float)).to_numpy()
        if np.isnan(own).any():
            raise HtanalysisError(f"limits: {name} has none for the residents of some county of rates.")
        found |= {f"above {name}": low > own[:, 1], f"below {name}": high < own[:, 0]}
        found["outside"] &= (low < own[:, 0]) | (high > own[:, 1])
    return found


def _fit_frame(rates: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Project areas around their own middle, and move and scale them into the map's frame."""
    kinds = set(rates.geometry.geom_type)
    if rates.crs is None or not kinds <= {"Polygon", "MultiPolygon"} or rates.geometry.is_empty.any():
        raise HtanalysisError("rates: each area needs a polygon, and all a reference system (crs).")
    # The middle on the globe, so that areas on both sides of the date line stay together.
    along, upward = np.radians(rates.geometry.to_crs(4326).representative_point().get_coordinates().to_numpy().T)
    globe = np.cos(upward) * np.cos(along), np.cos(upward) * np.sin(along), np.sin(upward)
    x, y, z = np.mean(globe, axis=1)
    longitude, latitude = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    shapes = rates.reset_index(drop=True).to_crs(
        f"+proj=laea +lon_0={longitude:.4f} +lat_0={latitude:.4f} +datum=NAD83 +units=m"
    )
    left, bottom, right, top = shapes.total_bounds
    if not np.isfinite([left, bottom, right, top]).all():
        raise HtanalysisError("rates: the areas lie too far apart for one map.")
    scale = min((_WIDTH - _NAMES - _EDGE) / (right - left), (_HEIGHT - 2 * _EDGE) / (top - bottom))
    across, upward = _WIDTH - _EDGE - scale * right, _HEIGHT / 2 - scale * (bottom + top) / 2
    shapes = shapes.set_geometry(shapes.affine_transform([scale, 0, 0, scale, across, upward]))
    # Two of the frame's units keep neighbors touching and the page small; a hole that runs the other way round is open.
    kept = shapes.set_geometry(shapes.simplify_coverage(2))
    return kept.set_geometry(kept.orient_polygons())


def _name_areas(sketch: Sketch, shapes: gpd.GeoDataFrame, named: gpd.GeoDataFrame) -> None:
    """Write names and counts left of the areas, each with a line into its own."""
    if not len(named):
        return
    middles, gap = named.representative_point(), 66
    slots = _spread(middles.y, gap, _HEIGHT)
    beside = shapes.clip_by_rect(0, slots.min() - gap, _WIDTH, slots.max() + gap).total_bounds[0]
    text = [f"<b>{row.county}</b> {span(row.lower, row.upper, between=False)}" for row in named.itertuples()]
    points = pd.DataFrame({"x": middles.x, "y": middles.y, "ay": slots}).assign(text=pd.Series(text, named.index))
    # The dot that ends a line shows what a county too small for a phone is filled with.
    _name_points(sketch, points.assign(arrowcolor=named["status"].map(_FILLS), arrowsize=2.5), beside - 2.5 * _EDGE)


def _count(low: int, high: int) -> str:
    """Write a count or a range of convictions."""
    return f"{span(low, high, between=False)} {choose(high, 'conviction', 'convictions')}"


def _count_silent(silent: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Say how many counties reported none, if any."""
    return [f"the other {len(silent)} of {len(rows)} counties: none reported"] * bool(len(silent))


def _outline(geometry: Any) -> np.ndarray:
    """Give the x and y of an area's outline, with a gap between its parts and its holes."""
    gap, parts = [[np.nan, np.nan]], getattr(geometry, "geoms", [geometry])
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return np.vstack([np.vstack([np.asarray(ring.coords), gap]) for ring in rings])[:-1].round().T


def _spread(heights: pd.Series, gap: float, top: float = np.inf) -> pd.Series:
    """Give each name a height near its point's, a gap apart, from the top down and within 0 and a top."""
    ordered, steps = heights.sort_values(ascending=False), gap * np.arange(len(heights))
    free = isotonic_regression(ordered.to_numpy() + steps, increasing=False).x if len(ordered) else ordered
    lowest, highest = steps[::-1] + gap / 2, top - gap / 2 - steps
    slots = free - steps
    return pd.Series(np.clip(slots, lowest, highest) if np.isfinite(top) else slots, index=ordered.index)


def _name_points(sketch: Sketch, points: pd.DataFrame, at: float) -> None:
    """Write each point's `text` at the height `ay`, in a column that ends at `at`, with a line to `x` and `y`."""
    look = {"ax": round(at, 3), "axref": "x", "ayref": "y", "xanchor": "right", "arrowhead": 6, "arrowwidth": 1}
    look["font"] = {"size": 13}
    sketch.notes.extend(look | point for point in points.round(3).sort_values("ay", ascending=False).to_dict("records"))
