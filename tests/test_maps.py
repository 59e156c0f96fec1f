"""Maps and funnels of counties, of California and of other places."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, Polygon, box

import htanalysis as ht
from htanalysis.charts import look, maps

CAPTION = ht.Caption("chart", "A finding", "Counts", source=["table-1"], basis=["reported"])
COUNTIES = ht.rate_counties(ht.load("county_convictions"), ht.load_counties()).frame
STATE = 113 / COUNTIES["population_2010"].sum()


def cut(left, bottom, width, height, columns=4, rows=3):
    """Cut a rectangle in degrees into counties, whose status takes turns."""
    side, high = width / columns, height / rows
    corners = [(left + side * i, bottom + high * j) for i in range(columns) for j in range(rows)]
    counts = [("reported", 7, 7), ("bounded", 1, 9), ("none reported", 0, 0)]
    facts = [(f"C{place}", *counts[place % 3]) for place in range(len(corners))]
    frame = pd.DataFrame(facts, columns=["county", "status", "lower", "upper"])
    return gpd.GeoDataFrame(frame, geometry=[box(x, y, x + side, y + high) for x, y in corners], crs=4269)


#: New York, which came out blank; its five boroughs' size; Alaska on both sides of the date line; the equator; a strip.
ELSEWHERE = {
    "New York": cut(-79.8, 40.5, 8, 4.5),
    "a city": cut(-74.25, 40.5, 0.55, 0.4),
    "Alaska": pd.concat([cut(172, 51.5, 8, 2), cut(-180, 52, 45, 18)], ignore_index=True),
    "the equator": cut(-3, -2, 6, 4),
    "a strip": cut(10, 59, 0.4, 9),
    "the south": cut(166, -47, 12, 12),
    "California": COUNTIES,
}


def outlines(chart):
    """Give the areas as drawn: their names, and polygons of each ring."""
    areas = list(chart.figure.select_traces({"fill": "toself"}))
    rings = []
    for trace in areas:
        points = pd.DataFrame({"x": trace.x, "y": trace.y}, dtype=float)
        parts = points.groupby(points["x"].isna().cumsum()).apply(lambda part: Polygon(part.dropna().to_numpy()))
        rings.append(list(parts))
    return [trace.hovertext.split(":")[0] for trace in areas], rings


def labels(chart):
    """Give the notes that name areas, by their text."""
    return {note.text: note for note in chart.figure.layout.annotations if note.name != "foot"}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_map_fills_its_frame_keeps_relative_sizes_and_names_point_into_their_own_area(place):
    frame = ELSEWHERE[place].assign(county=[f"C{number}" for number in range(len(ELSEWHERE[place]))])
    chart = ht.draw_map(frame.set_index(pd.Index([7] * len(frame))), CAPTION)  # the index does not matter
    points = np.hstack([np.array([t.x, t.y], dtype=float) for t in chart.figure.select_traces({"fill": "toself"})])
    (left, bottom), (right, top) = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    assert chart.figure.layout.xaxis.range == (0, 1330) and chart.figure.layout.yaxis.range == (0, 1080)
    assert left >= 400 and right == pytest.approx(1320, abs=1) and bottom >= 9 and top <= 1071
    assert right - left == pytest.approx(920, abs=2) or top - bottom == pytest.approx(1060, abs=2)
    assert (bottom + top) / 2 == pytest.approx(540, abs=1), "in the middle"
    areas = dict(zip(*outlines(chart), strict=True))
    drawn = pd.Series({county: sum(ring.area for ring in parts) for county, parts in areas.items()})
    # Cylindrical equal-area as the reference; whole units of the frame move areas that are a few of them wide.
    true = frame.set_index("county").to_crs("ESRI:54034").area
    part = (true / true.sum())[true / true.sum() > 0.005]
    assert (drawn / drawn.sum()).reindex(part.index).to_numpy() == pytest.approx(part.to_numpy(), rel=0.07)
    named = labels(chart)
    assert len(named) == min(len(frame[frame["status"].ne("none reported")]), 15)
    for text, note in named.items():
        county = text.partition("</b>")[0].removeprefix("<b>")
        assert any(ring.buffer(2).contains(Point(note.x, note.y)) for ring in areas[county]), county
        assert note.arrowcolor == maps._INKS[frame.set_index("county").loc[county, "status"]]
    heights = np.sort([note.ay for note in named.values()])
    assert np.diff(heights).min() > 65.9 and heights[0] >= 33 and heights[-1] <= 1047, "no name stands on another"


def test_the_map_fills_a_count_hatches_a_range_and_greys_what_is_not_named():
    chart = ht.draw_map(COUNTIES, CAPTION)
    shapes = list(chart.figure.select_traces({"fill": "toself"}))
    fills = pd.Series([trace.fillcolor for trace in shapes]).value_counts().to_dict()
    assert fills == {look.RULE: 49, look.PAPER: 8, look.ACCENT: 1}
    swatches = [(trace.name, trace.marker.color) for trace in chart.figure.data if trace.type == "bar"]
    assert swatches == [("reported", look.ACCENT), ("bounded", look.PAPER), ("none reported", look.RULE)]
    alameda = [trace.hovertext for trace in shapes if trace.fillcolor == look.ACCENT]
    assert alameda == ["Alameda: 52 convictions (reported)"]
    assert len(labels(chart)) == 9 and "<b>Alameda</b> 52" in labels(chart), "from the top down, as the counties lie:"
    assert [*labels(chart)][:2] == ["<b>Sacramento</b> 1 to 54", "<b>San Francisco</b> 1 to 54"]
    hatches = [trace for trace in chart.figure.data if trace.hoverinfo == "skip"]
    areas = dict(zip(*outlines(chart), strict=True))
    bounded = [trace.hovertext.split(":")[0] for trace in shapes if trace.fillcolor == look.PAPER]
    for county, hatch in zip(bounded, hatches, strict=True):
        points = np.array([hatch.x, hatch.y], dtype=float).T
        points = points[~np.isnan(points[:, 0])]
        own = [ring.buffer(2) for ring in areas[county]]
        assert len(points) >= 2 and all(any(ring.contains(Point(at)) for ring in own) for at in points)
    fitted = maps.fit_frame(COUNTIES)
    assert len(fitted) == 58 and fitted.is_valid.all() and not fitted.is_empty.any()


def test_a_county_that_reported_0_is_drawn_as_reported():
    frame = cut(-79.8, 40.5, 8, 4.5, 2, 1).assign(status="reported", lower=[0, 1], upper=[0, 1])
    chart = ht.draw_map(frame, CAPTION)
    assert chart.alt == "C0 0 convictions (reported); C1 1 conviction (reported)."
    assert [trace.fillcolor for trace in chart.figure.select_traces({"fill": "toself"})] == [look.ACCENT] * 2
    assert set(labels(chart)) == {"<b>C0</b> 0", "<b>C1</b> 1"} and len(chart.table.frame) == 2


def test_beside_a_map_stand_fifteen_names_at_most_those_with_the_most():
    frame = cut(-79.8, 40.5, 8, 4.5, 8, 7).assign(status="reported")
    frame["lower"] = frame["upper"] = range(len(frame))
    chart = ht.draw_map(frame, CAPTION)
    counts = sorted(int(text.rpartition(" ")[2]) for text in labels(chart))
    assert counts == list(range(41, 56)) and chart.alt.count("(reported)") == 56


def test_an_area_inside_another_is_drawn_over_it_and_a_hole_stays_open():
    outer = Polygon(box(0, 50, 10, 56).exterior, [box(4, 52, 5, 53).exterior, box(7, 52, 8, 53).exterior])
    frame = cut(0, 50, 10, 6, 2, 1).assign(geometry=[box(4, 52, 5, 53), outer])
    names, rings = outlines(ht.draw_map(frame.set_crs(4269, allow_override=True), CAPTION))
    assert names == ["C1", "C0"] and [len(parts) for parts in rings] == [3, 1]
    turns = [ring.exterior.is_ccw for ring in rings[0]]
    assert turns == [True, False, False] or turns == [False, True, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="upper"), "rates has no column upper"),
        (lambda frame: frame.assign(status="guessed"), '"guessed" is not a status'),
        (lambda frame: frame.set_crs(None, allow_override=True), "all a reference system"),
        (lambda frame: frame.assign(geometry=frame.representative_point()), "each area needs a polygon"),
        (lambda frame: frame.assign(geometry=Polygon()), "each area needs a polygon"),
        (lambda frame: frame.assign(geometry=[None, *frame.geometry[1:]]), "each area needs a polygon"),
    ],
)
def test_what_is_no_map_is_refused(change, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        ht.draw_map(change(ELSEWHERE["New York"]), CAPTION)


def funnel(rates, *levels):
    """Draw a funnel around the state's rate."""
    people = sorted({1e3, 1e7, *rates["population_2010"].astype(float)})
    limits = {f"{level:.1%}": ht.funnel_limits(STATE, people, level) for level in levels}
    return ht.draw_funnel(rates, limits, STATE, CAPTION), limits


def test_a_funnel_shows_rates_as_dots_or_bars_between_the_limits_of_chance_over_the_exposure():
    chart, limits = funnel(COUNTIES, 0.95, 0.998)
    drawn = {trace.name: trace for trace in chart.figure.data}
    dot, bars = drawn["rate (computed)"], drawn["possible rates (bounded)"]
    alameda = COUNTIES[COUNTIES["county"].eq("Alameda")].iloc[0]
    assert (dot.x[0], dot.marker.color) == (alameda["population_2010"], look.PAPER)
    assert dot.y[0] == pytest.approx(alameda["rate_low"])
    bounded = COUNTIES[COUNTIES["status"].eq("bounded")].iloc[0]
    assert bars.y[:2] == pytest.approx((bounded["rate_low"], bounded["rate_high"]))
    assert bars.y[2] is None and len(bars.x) == 24
    assert set(bars.x[:3]) == {bounded["population_2010"]}
    assert drawn["99.8% limits (computed)"].y[0] == pytest.approx(1e5 * limits["99.8%"]["low"][0])
    assert list(drawn["state’s rate (computed)"].y) == pytest.approx([1e5 * STATE] * 2)
    assert len(drawn["none reported"].x) == 49
    layout = chart.figure.layout
    assert layout.xaxis.title.text == "exposure: residents of 2010" and layout.xaxis.type == "log"
    assert layout.yaxis.title.text == "rate for 100,000 of these residents"


def test_a_funnel_names_what_lies_or_can_lie_outside_its_widest_limits_and_nothing_else():
    # 30 counties of a million, each with 3 convictions as the state has, but for one with 20 and one with 0 to 30.
    frame = pd.DataFrame({"county": [f"C{place}" for place in range(30)], "population_2010": 1_000_000})
    frame = frame.assign(status="reported", rate_low=0.3, rate_high=0.3)
    frame.loc[4, ["rate_low", "rate_high"]] = 2.0
    frame.loc[9, ["status", "rate_low", "rate_high"]] = ["bounded", 0.0, 3.0]
    frame.loc[11, ["status", "rate_low", "rate_high"]] = ["none reported", 0.0, 0.0]
    # 0.8 for 100,000 is outside the inner limits, 0 to 7 in a million, and inside the outer, 0 to 10.
    frame.loc[12, ["rate_low", "rate_high"]] = 0.8
    chart, _ = funnel(frame, 0.95, 0.998)
    assert sorted(labels(chart)) == ["C4", "C9"]
    assert "wholly above the 95.0% limits: C4 and C12" in chart.alt
    assert chart.alt.endswith("wholly above the 99.8% limits: C4; wholly below the 99.8% limits: none.")
    assert "the other 1 of 30 counties: none reported" in chart.alt
    frame = pd.DataFrame({"county": ["low", "usual"], "population_2010": 50_000_000, "status": "reported"})
    chart, _ = funnel(frame.assign(rate_low=[0.05, 0.3], rate_high=[0.05, 0.3]), 0.998)
    assert list(labels(chart)) == ["low"] and "wholly below the 99.8% limits: low" in chart.alt
    assert "none reported" not in chart.alt
    silent = COUNTIES.assign(status="none reported", lower=0, upper=0, rate_low=0.0, rate_high=0.0)
    for chart in (ht.draw_map(silent, CAPTION), funnel(silent, 0.95)[0]):
        assert not labels(chart) and chart.alt.startswith("the other 58 of 58 counties: none reported")


def test_a_funnel_of_what_it_cannot_show_is_refused():
    # A line between the limits of 1,000 and of 10 million residents is no limit of those between.
    limits = {"95%": ht.funnel_limits(STATE, [1e3, 1e7], 0.95)}
    with pytest.raises(ht.HtanalysisError, match="limits: 95% has none for the residents of some county"):
        ht.draw_funnel(COUNTIES, limits, STATE, CAPTION)
    with pytest.raises(ht.HtanalysisError, match="rates has no column rate_high"):
        ht.draw_funnel(COUNTIES.drop(columns="rate_high"), limits, STATE, CAPTION)
