"""Maps and funnels of counties, of California and of other places."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import affinity
from shapely.geometry import Point, Polygon, box

import htanalysis as ht
from htanalysis import figures, maps

CAPTION = ht.Caption("chart", "A finding", "Counts", source=["table-1"], basis=["reported"])
COUNTIES = ht.rate_counties(ht.load("county_convictions"), ht.counties())
STATE = 113 / COUNTIES["population_2010"].sum()
STATUSES = ["reported", "bounded", "none reported"]


def cut(left, bottom, width, height, columns=4, rows=3):
    """Cut a rectangle in degrees into counties, whose status takes turns."""
    side, high = width / columns, height / rows
    corners = [(left + side * i, bottom + high * j) for i in range(columns) for j in range(rows)]
    frame = pd.DataFrame({"county": [f"C{place}" for place in range(len(corners))]})
    frame["status"] = [STATUSES[place % 3] for place in range(len(corners))]
    frame["lower"] = frame["status"].map({"reported": 7, "bounded": 1, "none reported": 0})
    frame["upper"] = frame["status"].map({"reported": 7, "bounded": 9, "none reported": 0})
    return gpd.GeoDataFrame(frame, geometry=[box(x, y, x + side, y + high) for x, y in corners], crs=4269)


#: New York, which came out blank; its five boroughs' size; Alaska on both sides of the date line; the equator; a strip.
ELSEWHERE = {
    "New York": cut(-79.8, 40.5, 8, 4.5),
    "a city": cut(-74.25, 40.5, 0.55, 0.4),
    "Alaska": pd.concat([cut(172, 51.5, 8, 2), cut(-180, 52, 45, 18)], ignore_index=True),
    "the equator": cut(-3, -2, 6, 4),
    "a strip": cut(10, 59, 0.4, 9),
    "the south": cut(166, -47, 12, 12),
}


def outlines(chart):
    """Give the areas as drawn: their names, and polygons of each ring."""
    areas = [trace for trace in chart.figure.data if trace.type == "scatter"]
    rings = []
    for trace in areas:
        points = pd.DataFrame({"x": trace.x, "y": trace.y}, dtype=float)
        parts = points.groupby(points["x"].isna().cumsum()).apply(lambda part: Polygon(part.dropna().to_numpy()))
        rings.append(list(parts))
    return [trace.text.split(":")[0] for trace in areas], rings


def labels(chart):
    """Give the notes that name areas, by their text."""
    return {note.text: note for note in chart.figure.layout.annotations if note.name != "foot"}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_map_fills_its_frame_wherever_its_areas_lie(place):
    chart = ht.draw_map(ELSEWHERE[place], CAPTION)
    points = np.hstack([np.array([t.x, t.y], dtype=float) for t in chart.figure.data if t.type == "scatter"])
    (left, bottom), (right, top) = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    layout = chart.figure.layout
    assert layout.xaxis.range == (0, 1330) and layout.yaxis.range == (0, 1080)
    assert left >= 400 and right == pytest.approx(1320, abs=1) and bottom >= 9 and top <= 1071
    assert right - left == pytest.approx(920, abs=2) or top - bottom == pytest.approx(1060, abs=2)
    assert (bottom + top) / 2 == pytest.approx(540, abs=1), "in the middle"


@pytest.mark.parametrize("place", ELSEWHERE)
def test_areas_keep_their_relative_sizes_wherever_they_lie(place):
    frame = ELSEWHERE[place]
    _, rings = outlines(ht.draw_map(frame, CAPTION))
    drawn = np.array([sum(ring.area for ring in parts) for parts in rings])
    # Cylindrical equal-area as the reference; whole units of the frame move areas that are a few of them wide.
    true = np.sort(frame.to_crs("ESRI:54034").area.to_numpy())[::-1]
    assert drawn / drawn.sum() == pytest.approx(true / true.sum(), rel=0.07)


@pytest.mark.parametrize("place", ELSEWHERE)
def test_each_name_points_into_its_own_area_and_none_overlaps(place):
    frame = ELSEWHERE[place].assign(county=[f"C{place}" for place in range(len(ELSEWHERE[place]))])
    chart = ht.draw_map(frame, CAPTION)
    areas = dict(zip(*outlines(chart), strict=True))
    named = labels(chart)
    assert len(named) == min(len(frame[frame["status"].ne("none reported")]), 15)
    for text, note in named.items():
        county = text.partition("</b>")[0].removeprefix("<b>")
        assert any(ring.buffer(2).contains(Point(note.x, note.y)) for ring in areas[county]), county
        assert note.arrowcolor == maps._FILLS[frame.set_index("county").loc[county, "status"]]
    heights = np.sort([note.ay for note in named.values()])
    assert np.diff(heights).min() > 65.9 and heights[0] >= 33 and heights[-1] <= 1047


def test_the_map_of_california_is_that_of_its_own_equal_area_projection():
    chart = ht.draw_map(COUNTIES, CAPTION)
    names, rings = outlines(chart)
    albers = COUNTIES.to_crs(3310).set_index("county").geometry
    drawn = pd.Series([max(ring.area for ring in parts) for parts in rings], index=names).sort_index()
    true = albers.map(lambda shape: max(part.area for part in getattr(shape, "geoms", [shape]))).sort_index()
    large = true > 1e9  # simplification moves the smallest
    assert (drawn / drawn.sum())[large].to_numpy() == pytest.approx((true / true.sum())[large].to_numpy(), rel=0.03)


def test_the_map_draws_58_counties_in_three_looks_and_hatches_none():
    figure = ht.draw_map(COUNTIES, CAPTION).figure
    shapes = [trace for trace in figure.data if trace.type == "scatter"]
    fills = pd.Series([trace.fillcolor for trace in shapes]).value_counts().to_dict()
    assert fills == {figures.TINT: 49, figures.MID: 8, figures.ACCENT: 1}
    assert not any(trace.fillpattern.shape for trace in shapes)
    swatches = {trace.name: trace.marker.color for trace in figure.data if trace.type == "bar"}
    assert list(swatches.items()) == [
        ("reported", figures.ACCENT), ("bounded", figures.MID), ("none reported", figures.TINT)
    ]  # fmt: skip
    assert [trace.text for trace in shapes if trace.fillcolor == figures.ACCENT] == [
        "Alameda: 52 convictions (reported)"
    ]


def test_the_names_on_the_map_of_california_have_the_look_of_their_county():
    named = labels(ht.draw_map(COUNTIES, CAPTION))
    assert len(named) == 9
    alameda, francisco = named["<b>Alameda</b> 52"], named["<b>San Francisco</b> 1 to 54"]
    assert (alameda.arrowcolor, francisco.arrowcolor, francisco.arrowsize) == (figures.ACCENT, figures.MID, 2.5)
    # From the top down, as the counties lie.
    assert [note.text for note in named.values()][:2] == ["<b>Sacramento</b> 1 to 54", "<b>San Francisco</b> 1 to 54"]


def test_a_county_that_reported_0_is_drawn_as_reported():
    frame = cut(-79.8, 40.5, 8, 4.5, 2, 1).assign(status="reported", lower=[0, 1], upper=[0, 1])
    chart = ht.draw_map(frame, CAPTION)
    assert chart.alt == "C0 0 convictions (reported); C1 1 conviction (reported)."
    assert [trace.fillcolor for trace in chart.figure.data if trace.type == "scatter"] == [figures.ACCENT] * 2
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


def test_the_index_of_a_frame_does_not_matter():
    frame = ELSEWHERE["New York"]
    same = [ht.draw_map(given, CAPTION) for given in (frame, frame.set_index(pd.Index([7] * len(frame))))]
    assert same[0].figure == same[1].figure and same[0].alt == same[1].alt


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


def test_simplified_counties_keep_their_number_and_stay_valid():
    shapes = maps._fit_frame(COUNTIES)
    assert len(shapes) == 58 and shapes.is_valid.all() and not shapes.is_empty.any()


def test_a_moved_state_looks_the_same():
    moved = COUNTIES.assign(geometry=[affinity.translate(shape, 60, 0) for shape in COUNTIES.geometry])
    both = [ht.draw_map(frame, CAPTION).figure.data[0] for frame in (COUNTIES, moved)]
    assert np.nanmax(np.abs(np.array(both[0].x, float) - np.array(both[1].x, float))) <= 1


def funnel(rates, *levels):
    """Draw a funnel around the state's rate."""
    people = sorted({1e3, 1e7, *rates["population_2010"].astype(float)})
    limits = {f"{level:.1%}": ht.funnel_limits(STATE, people, level) for level in levels}
    return ht.draw_funnel(rates, limits, STATE, CAPTION), limits


def test_a_funnel_shows_rates_as_dots_or_bars_between_the_limits_of_chance():
    chart, limits = funnel(COUNTIES, 0.95, 0.998)
    drawn = {trace.name: trace for trace in chart.figure.data}
    dot, bars = drawn["rate (computed)"], drawn["possible rates (bounded)"]
    alameda = COUNTIES[COUNTIES["county"].eq("Alameda")].iloc[0]
    assert (dot.x[0], dot.y[0], dot.marker.color) == (alameda["population_2010"], alameda["rate_low"], figures.PAPER)
    bounded = COUNTIES[COUNTIES["status"].eq("bounded")].iloc[0]
    assert list(bars.y[:2]) == [bounded["rate_low"], bounded["rate_high"]] and np.isnan(bars.y[2]) and len(bars.x) == 24
    assert set(bars.x[:3]) == {bounded["population_2010"]}
    assert drawn["99.8% limits (computed)"].y[0] == pytest.approx(1e5 * limits["99.8%"]["low"][0])
    assert list(drawn["state’s rate (computed)"].y) == pytest.approx([1e5 * STATE] * 2)
    assert len(drawn["none reported"].x) == 49


def test_the_axes_of_a_funnel_say_what_the_exposure_is():
    layout = funnel(COUNTIES, 0.95)[0].figure.layout
    assert layout.xaxis.title.text == "exposure: residents on April 1, 2010" and layout.xaxis.type == "log"
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


def test_a_funnel_names_what_lies_below_too():
    frame = pd.DataFrame({"county": ["low", "usual"], "population_2010": 50_000_000, "status": "reported"})
    chart, _ = funnel(frame.assign(rate_low=[0.05, 0.3], rate_high=[0.05, 0.3]), 0.998)
    assert list(labels(chart)) == ["low"] and "wholly below the 99.8% limits: low" in chart.alt
    assert "none reported" not in chart.alt


def test_where_no_county_reported_nothing_is_named():
    silent = COUNTIES.assign(status="none reported", lower=0, upper=0, rate_low=0.0, rate_high=0.0)
    for chart in (ht.draw_map(silent, CAPTION), funnel(silent, 0.95)[0]):
        assert not labels(chart) and chart.alt.startswith("the other 58 of 58 counties: none reported")


def test_a_funnel_of_what_it_cannot_show_is_refused():
    with pytest.raises(ht.HtanalysisError, match='"guessed" is not a status'):
        funnel(COUNTIES.assign(status="guessed"), 0.95)
    for levels in ((), (0.5, 0.9, 0.95)):
        with pytest.raises(ht.HtanalysisError, match=f"limits: {len(levels)} were given"):
            funnel(COUNTIES, *levels)


def test_limits_are_those_of_each_countys_own_residents():
    # A line between the limits of 1,000 and of 10 million residents is no limit of those between.
    limits = {"95%": ht.funnel_limits(STATE, [1e3, 1e7], 0.95)}
    with pytest.raises(ht.HtanalysisError, match="limits: 95% has none for the residents of some county"):
        ht.draw_funnel(COUNTIES, limits, STATE, CAPTION)
    with pytest.raises(ht.HtanalysisError, match="rates has no column rate_high"):
        ht.draw_funnel(COUNTIES.drop(columns="rate_high"), limits, STATE, CAPTION)
