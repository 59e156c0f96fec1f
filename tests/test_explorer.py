"""The explorer: what is moved says what the grid says, at once; its notebook is read as the others are."""

import ast
import re
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from ipywidgets import HTML, SelectionSlider, SelectMultiple

import htanalysis as ht
from htanalysis import explorer

NOTEBOOK = nbformat.read(Path(ht.__file__).parents[1] / "notebooks" / "explore.ipynb", as_version=4)
TYPES = ht.load("trafficking_type")
GRID = ht.what_if_detection(ht.mix_of(TYPES, "task forces"), 0.785, 0.29)


@pytest.fixture
def shown(monkeypatch):
    """What is shown, as pairs of widgets and words."""
    pairs = []
    monkeypatch.setattr(explorer, "_show", lambda box, words: pairs.append((box, [*words])))
    return pairs


def find(box, kind):
    """Give the widgets of a kind in a box, in their order."""
    own = [box] if isinstance(box, kind) else []
    return own + [each for child in getattr(box, "children", ()) for each in find(child, kind)]


def test_whatever_is_chosen_the_number_the_sentence_and_the_point_follow(shown):
    ht.explore(GRID)
    ((box, words),) = shown
    sliders, picture = find(box, SelectionSlider), find(box, HTML)[-1]
    assert words == [GRID.say()] and [each.value for each in sliders] == [0.785, 0.29, 1.0]
    for share in (0.05, 0.5, 0.95):
        sliders[0].value = share
        told = GRID.to_json(true_labor_share=share)
        assert told["answer"] in picture.value and told["said"] in picture.value
        height = told["value_at"].split(" ")[told["row"]]
        assert f'class="dot" d="M{told["axes"][0]["places"][told["axes"][0]["step"]]} {height}h0"' in picture.value


def test_what_moves_the_answer_most_stands_first(shown):
    ht.explore(GRID)
    tornado = find(shown[0][0], HTML)[-1].value.partition("tornado")[2]
    named = re.findall(r">([^<]+)</text>", tornado)
    assert named[:2] == ["True share of labor victims", "Part of the “other” that is labor"] and len(named) == 3
    # As far as on the page, which ranks them over the same ranges.
    base = {axis.name: axis.default for axis in GRID.axes}
    ranges = {"true_labor_share": (0.5, 0.9), "to_labor": (0, 1), "sensitivity": (0.7, 1)}
    ranked = ht.rank_assumptions(ht.model_detection(ht.mix_of(TYPES, "task forces")), base, ranges).frame
    ends = np.log10(GRID.answers[["value", "low", "high"]].to_numpy())
    scale = [ends.min(), ends.max()], [240, 0]
    for bar, row in zip(re.findall(r'd="M(\d+) \d+H(\d+)"', tornado), ranked.itertuples(), strict=True):
        drawn = [240 - np.interp(np.log10(end), *scale) for end in (row.low, row.high)]
        assert [float(end) for end in bar] == pytest.approx(drawn, abs=2)


def test_two_scenarios_move_apart(shown):
    ht.explore(GRID, true_labor_share=0.5)
    box, words = shown[0]
    assert words == [GRID.say(), GRID.say(true_labor_share=0.5)]
    left, right = (find(column, HTML)[-1] for column in box.children)
    before = left.value
    find(box.children[1], SelectionSlider)[0].value = 0.9
    assert left.value == before and "If 90% of" in right.value


def test_a_move_takes_less_than_a_tenth_of_a_second(shown):
    ht.explore(GRID)
    slider, picture, took = find(shown[0][0], SelectionSlider)[0], find(shown[0][0], HTML)[-1], []
    for place in range(12):
        began = time.perf_counter()
        slider.index = place
        took.append(time.perf_counter() - began)
        # A style would have the whole of JupyterLab laid out anew.
        assert len(picture.value) < 4000 and "<style" not in picture.value
    assert sorted(took)[6] < 0.1


def test_the_map_marks_and_the_table_lists_the_counties_that_are_chosen(shown):
    ht.link_counties(ht.rate_counties(ht.load("county_convictions"), ht.load_counties()))
    box, words = shown[0]
    listed, (drawn, table) = find(box, SelectMultiple)[0], find(box, HTML)
    assert len(listed.options) == 58 and len(words) == 9 and "Alameda: 52 (reported)" in words
    listed.value = ["Alameda", "Fresno"]
    # Lines are thin, or they would cover the areas, which have their shapes.
    width, stroke = (
        float(re.search(each, drawn.value)[1]) for each in (r'viewBox="\S+ \S+ (\S+)', r'stroke-width="(.+?)"')
    )
    assert 0 < stroke < width / 300 and 20_000 < len(drawn.value) < 50_000
    marked = [part for part in drawn.value.split("<g>") if explorer._FILLS["chosen"] in part]
    assert [re.match("<title>(.+?):", part)[1] for part in marked] == ["Alameda", "Fresno"]
    assert re.findall(r"<th>(\w+)</th>\s*<td>", table.value) == ["Alameda", "Fresno"]


def test_without_a_kernel_the_words_alone_are_shown(monkeypatch):
    given = []
    monkeypatch.setattr("htanalysis.explorer.display", lambda data, **_: given.append(data))
    ht.explore(GRID)
    assert given == [{"text/plain": GRID.say()}]


def test_its_notebook_is_short_says_what_it_cannot_and_holds_sentences_alone():
    prose = "\n".join(cell.source for cell in NOTEBOOK.cells if cell.cell_type == "markdown")
    code = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert re.match(r"# .+\?\n", prose) and "## What this notebook cannot do\n" in prose
    assert max(cell.source.count("\n") + 1 for cell in code) <= 12
    called = {
        node.attr for cell in code for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Attribute)
    }
    assert called & {*ht.__all__} >= {"explore", "link_counties", "what_if_growth", "what_if_quarters"}
    data = [output.data for cell in code for output in cell.outputs]
    assert [*data] and all([*each] == ["text/plain"] for each in data)


def test_its_notebook_moves_the_grids_of_the_pages_from_the_same_defaults():
    notebooks = Path(ht.__file__).parents[1] / "notebooks"
    for name, cell_id in (("04-sex-and-labor", "04-what-if"), ("05-task-force-selection", "05-what-if")):
        cells = nbformat.read(notebooks / f"{name}.ipynb", as_version=4).cells
        made = set(re.findall(r"ht\.(what_if_\w+)", next(cell.source for cell in cells if cell.id == cell_id)))
        assert made <= {*re.findall(r"ht\.(what_if_\w+)", "\n".join(cell.source for cell in NOTEBOOK.cells))}
        declared = dict(re.findall(r"^(\w+): float = ([\d.]+)", "\n".join(cell.source for cell in cells), flags=re.M))
        used = {"ilo_labor_share", "other_to_labor", "vice_share", "margin", "victims_ratio"} & {*declared}
        assert all(declared[each] in "\n".join(cell.source for cell in NOTEBOOK.cells) for each in used)
