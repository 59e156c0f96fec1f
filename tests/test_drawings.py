"""Drawings: a figure as SVG, with each mark at its place, and nothing of plotly left out in silence."""

import json
import re

import nbformat
import numpy as np
import plotly.graph_objects as go
import pytest
from colorspacious import cspace_convert, deltaE
from conftest import FIGURES, ROOT

from htanalysis.charts import look
from htanalysis.charts.svg import draw
from htanalysis.errors import UnknownNameError

ROWS = {"yaxis": {"visible": False, "range": [-40, 0]}}
POWERS = {"type": "log", "range": [0, 2], "tickvals": [1, 10, 100], "tickformat": ",.6~f"}
YEARS = {"range": ["2010-01-01", "2012-01-01"], "tick0": "2010-01-01", "dtick": "M12", "tickformat": "%Y"}


def drawn(figure, **axes):
    """Draw a figure whose axes go from 0 to 10 where nothing else is said."""
    figure.update_layout({"xaxis": {"range": [0, 10]}, "yaxis": {"range": [0, 10]}} | axes)
    return draw(json.loads(figure.to_json()))


def sketched(method, *arguments, axes=None, **options):
    """Draw what one method of a sketch adds to it."""
    sketch = look.Sketch()
    getattr(sketch, method)(*arguments, **options)
    return drawn(go.Figure(sketch.traces, {"annotations": sketch.notes}), **axes or {})


def test_a_dot_stands_at_its_share_of_the_width_and_its_pixels_of_the_height_in_the_look_of_its_basis():
    html = sketched("add_dots", [2.5], [7.5], "reported", hovertext=["a <quarter> across"])
    assert (
        '<g fill="var(--accent)" stroke="var(--accent)" stroke-width="2"><use href="#mark-circle" x="25%" y="85">'
        in html
    )
    assert "halo" not in html, "where there are no words, nothing is written"
    assert "<title>a &lt;quarter&gt; across</title>" in html
    assert 'fill="var(--paper)" stroke="var(--accent)"' in sketched("add_dots", [5], [5], "computed")
    assert 'href="#mark-diamond"' in sketched("add_dots", [5], [5], "assumed")
    html = sketched("add_dots", [5], np.array([5.0]), "computed", (np.array([0.0]), np.array([10.0])))
    assert '<line x1="50%" x2="50%" y1="340" y2="0"' in html, "from the lowest to the highest that it can be"


@pytest.mark.parametrize(("basis", "fill"), [("reported", "accent"), ("assumed", "paper"), ("unknown", "paper")])
def test_bars_go_from_low_to_high_hatched_if_assumed_and_with_a_dashed_edge_if_not_known(basis, fill):
    html = sketched("add_bars", [5], [2], [8], basis, width=1)
    assert ("stroke-dasharray" in html) == (basis == "unknown")
    assert f'x="45%" y="68" width="10%" height="204" fill="var(--{fill})"' in html
    assert ("#mark-hatch" in html) == (basis == "assumed")


@pytest.mark.parametrize(("first", "written"), [(0, ("0%", "", "8")), (8, ("100%", ' text-anchor="end"', "-8"))])
def test_words_that_a_phone_has_no_room_for_in_their_box_stand_at_its_foot_clear_of_what_is_beside_it(first, written):
    x, anchor, shift = written
    quarters = [f"{year}Q1" for year in range(2010, 2020)]
    axes = {"xaxis": look.quarter_axis(quarters) | {"range": [-0.3, 9.3]}}
    html = sketched("add_unknown", quarters[first : first + 2], 0, 8, text=["2,027 in all"], axes=axes)
    assert f'<text x="{x}" y="335"{anchor} transform="translate({shift})" class="halo">2,027 in all<' in html
    html = sketched("add_unknown", quarters[1:9], 0, 8, text=["2,027 in all"], axes=axes)
    assert '<text x="50%" y="63" text-anchor="middle" class="halo">2,027 in all<' in html, "there is room"


def test_bars_across_have_a_height_in_pixels_and_stacked_ones_begin_where_the_one_before_ended():
    html = sketched("add_bars", [-20], [2], [8], "reported", across=True, width=14, axes=ROWS)
    assert 'x="20%" y="13" width="60%" height="14"' in html, "a pixel is a unit where the axis is not shown"
    sketch = look.Sketch()
    for end in (3, 4):
        sketch.add_bars([-20], [0], [end], "reported", across=True, width=10)
    html = drawn(go.Figure(sketch.traces), barmode="stack", **ROWS)
    assert re.findall(r'<rect x="(\S+)" y="\S+" width="(\S+)"', html) == [("0%", "30%"), ("30%", "40%")]


def test_a_line_has_a_gap_where_a_value_is_missing_and_is_dashed_where_it_is_assumed():
    html = sketched("add_line", [0, 5, None, 5, 10], [0, 10, None, 10, 0], dash="dash")
    assert 'd="M0 340l500-340M500 0l500 340"' in html and 'stroke-dasharray="7 5"' in html


def test_powers_categories_and_days_have_their_places():
    html = sketched("add_dots", [10], [5], "reported", axes={"xaxis": POWERS})
    assert 'href="#mark-circle" x="50%"' in html
    assert re.findall(r">(10*)</text>", html.partition('class="area"')[2]) == ["1", "10", "100"]
    html = sketched("write", "a note", x=2, xref="x", y=5, yref="y", axes={"xaxis": POWERS})
    assert '<text x="100%"' in html, "a note says powers of ten"
    html = sketched("add_dots", ["b"], [5], "reported", axes={"xaxis": look.quarter_axis(["a", "b", "c"])})
    assert 'href="#mark-circle" x="50%"' in html
    html = sketched("add_line", ["a", "c"], [5, 4.99], axes={"xaxis": look.quarter_axis(["a", "b", "c"])})
    assert 'viewBox="0 0 3 340"' in html and 'd="M.5 170l2 .3"' in html, "a category is a step"
    html = sketched("add_line", ["2010-01-01", "2011-01-01"], [5, 5], axes={"xaxis": YEARS})
    assert 'd="M0 170l500 0"' in html and re.findall(r">(20\d\d)</text>", html) == ["2010", "2011", "2012"]


def test_labels_that_would_run_into_each_other_on_a_phone_are_left_out():
    values = list(range(1_000_000, 1_000_011))
    axis = {"range": [values[0], values[-1]], "tickvals": values, "tickformat": ",d"}
    html = sketched("add_dots", [5], [5], "reported", axes={"xaxis": axis})
    shown = re.findall(r"<text ([^>]*)>(1,000,\d{3})</text>", html)
    assert [label for look, label in shown if "roomy" not in look] == ["1,000,000", "1,000,006"]
    assert [label[-2:] for _, label in shown] == ["00", "02", "04", "06", "08", "10"]


def test_words_are_escaped_bold_where_plotly_makes_them_so_and_cover_the_lines_behind_them():
    html = sketched("write", "<b>one<br>two</b> & <i>", x=0, y=5, yref="y")
    bold = '<tspan class="bold">one</tspan><tspan x="0%" dy="17"><tspan class="bold">two</tspan> &amp; &lt;i&gt;'
    assert bold in html and ' class="halo"><tspan' in html


@pytest.mark.parametrize(
    ("trace", "error"),
    [
        (go.Pie(values=[1]), KeyError),
        (go.Scattergl(x=[1], y=[1]), UnknownNameError),
        (go.Scatter(x=[1], y=[1], mode="markers", marker_symbol="star"), UnknownNameError),
        (go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": "#123456", "width": 1}), UnknownNameError),
    ],
)
def test_a_mark_a_symbol_or_a_color_that_is_not_drawn_is_refused(trace, error):
    with pytest.raises(error):
        drawn(go.Figure(trace))


@pytest.mark.parametrize("value", [0.0, None])
@pytest.mark.parametrize("axes", [{"yaxis": {"range": [0, 0]}}, {"xaxis": look.quarter_axis(["a"])}])
def test_an_axis_without_length_is_still_drawn(axes, value):
    html = sketched("add_dots", ["a"] if "xaxis" in axes else [0], [value], "reported", axes=axes)
    assert "nan" not in html and "inf" not in html and ("mark-circle" in html) == (value is not None)


def read_figures(report):
    """Go through the figures of all notebooks by id."""
    for name in FIGURES:
        for cell in nbformat.read(report / "notebooks" / f"{name}.ipynb", as_version=4).cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if look.MIME in data:
                    yield data[look.MIME]["id"], data["application/vnd.plotly.v1+json"]


def test_every_figure_is_drawn_with_all_its_words_and_marks(report):
    seen = dict(read_figures(report))
    assert len(seen) == 28
    for name, figure in seen.items():
        # Nothing in it is unknown to plotly, nor reads otherwise there.
        parts = {part: figure[part] for part in ("data", "layout")}
        assert json.loads(go.Figure(parts).to_json()) == parts, name
        html = draw(figure)
        bare = re.sub(r"\s+", "", re.sub("<title>.*?</title>|<[^>]+>", "", html)).replace("&amp;", "&")
        for note in figure["layout"].get("annotations", []):
            words = re.sub(r"\s+", "", re.sub("<[^>]+>", "", note["text"]))
            assert note.get("name") == "foot" or words in bare, (name, note["text"])
        points = [t for t in figure["data"] if t["type"] == "scatter" and "markers" in t["mode"]]
        known = sum(y is not None for t in points for y in t["y"])
        swatches = sum(1 for t in points if t.get("showlegend"))
        assert len(re.findall(r'<use href="#mark-(?!hatch)', html)) == known + swatches, name
        marks = html.partition('class="panel')[2]
        silent = re.findall(r"<(?:use|rect) (?![^>]*hatch)[^>]*></", marks)
        assert marks and not silent, f"{name}: each mark tells what it stands for"
        assert "nan" not in html.lower() and not re.search(r"#[0-9a-f]{6}", html), name


# Colors

STYLE = (ROOT / "htanalysis" / "assets" / "pages.css").read_text(encoding="utf-8")
#: Colors that stand beside each other in one drawing, and mean different things.
BESIDE = [("accent", "contrast"), ("accent", "light"), ("accent", "mid"), ("accent", "pale"), ("accent", "rule")]
BESIDE += [("accent", "paper"), ("contrast", "paper"), ("ink", "paper"), ("mid", "paper"), ("light", "rule")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", BESIDE, ids="-".join)
def test_colors_beside_each_other_are_told_apart_in_grey_and_with_every_color_deficiency(scheme, pair):
    block = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)[("light", "dark").index(scheme)]
    codes = dict(re.findall(r"--(\w+): #([0-9a-f]{6}|fff);", block))
    colors = [[int((codes[name] * 2)[i : i + 2], 16) / 255 for i in (0, 2, 4)] for name in pair]
    grey = [cspace_convert(color, "sRGB1", "CAM02-UCS")[0] for color in colors]
    assert abs(grey[0] - grey[1]) >= 8
    for kind in ("protanomaly", "deuteranomaly", "tritanomaly"):
        seen = cspace_convert(colors, {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}, "sRGB1")
        assert deltaE(*np.clip(seen, 0, 1), input_space="sRGB1") >= 15, kind
    assert deltaE(*colors, input_space="sRGB1") >= 15
