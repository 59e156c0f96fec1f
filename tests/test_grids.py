"""What-ifs: every number of a grid is that of the function it stands for, and all that a page looks up is there."""

import itertools
import json

import pytest

import htanalysis as ht
from htanalysis import grids
from htanalysis.languages import tell_what_if

TYPES, HTRS = ht.load("trafficking_type"), ht.load("htrs")
MIX = ht.mix_of(TYPES, "task forces")
VICE, OUTSIDE = (
    ht.pick(HTRS, "value", measure="share classified as sex trafficking", population=f"cases of task forces {place}")
    for place in ("in a vice unit", "outside a vice unit")
)
COUNTS = ht.count_quarters("report")
TOTALS = ht.total_quarters(COUNTS)
WINDOW = COUNTS[COUNTS["quarter"].astype("str").isin(ht.load("task_force_quarters")["quarter"])]
GRIDS = {
    grid.id: grid
    for grid in (
        ht.what_if_detection(MIX, 0.785, 0.29),
        ht.what_if_mix(MIX, 0.29),
        ht.what_if_vice(MIX, VICE, OUTSIDE, 0.44),
        ht.what_if_foreign(HTRS, 0.05, 1.0),
        ht.what_if_quarters(WINDOW, TOTALS),
        ht.what_if_growth(WINDOW, 0.11),
    )
}


def points(grid):
    """Go through all settings of a grid with their rows."""
    names = [axis.name for axis in grid.axes]
    for row, steps in enumerate(itertools.product(*(axis.steps for axis in grid.axes))):
        yield dict(zip(names, steps, strict=True)), grid.answers.iloc[row]


def test_each_answer_on_detection_is_that_of_detect_where_all_are_recognized():
    for at, row in points(GRIDS["what-if-labor"]):
        if at["sensitivity"] == 1:
            found = ht.detect(MIX, at["true_labor_share"], at["to_labor"])
            assert [row["value"], row["low"], row["high"]] == pytest.approx([found.value, found.low, found.high])
        again = ht.detect_with_errors(MIX, at["true_labor_share"], at["to_labor"], at["sensitivity"])
        assert row["value"] == pytest.approx(again) and row["low"] <= row["value"] <= row["high"]


def test_each_answer_on_the_true_mix_is_what_detection_turned_round_gives():
    for at, row in points(GRIDS["what-if-mix"]):
        for end, part in {"value": at["to_labor"], "low": 0, "high": 1}.items():
            ratio = ht.detect_ratio(*ht.allot_other(MIX, part), row[end])
            assert 1 / ratio == pytest.approx(at["chance"])


def test_each_answer_on_vice_units_and_foreign_victims_is_that_of_the_page():
    model = ht.model_outside_vice(MIX, VICE, OUTSIDE).answer
    for at, row in points(GRIDS["what-if-vice"]):
        ends = [model(at["vice_share"], part) for part in (at["to_labor"], 0, 1)]
        assert [row["value"], row["low"], row["high"]] == pytest.approx(ends)
        assert row["low"] == pytest.approx(ht.outside_vice(MIX, VICE, OUTSIDE, at["vice_share"], "labor").value)
    for at, row in points(GRIDS["what-if-foreign"]):
        found = ht.foreign_labor(HTRS, at["margin"], at["victims_ratio"])
        assert [row["value"], row["low"], row["high"]] == [found.value, found.low, found.high]


def test_each_range_of_a_quarter_is_that_of_bound_quarters():
    free, falling = (
        ht.bound_quarters(WINDOW, TOTALS, ht.Shape()).frame[columns].astype("Float64").dropna()
        for columns in (["low", "high"], ["low_assumed", "high_assumed"])
    )
    frame = ht.bound_quarters(WINDOW, TOTALS, ht.Shape()).frame.astype({"quarter": str, "measure": str})
    words = {"nothing is assumed": free, ht.Shape().words: falling}
    rows = frame.set_index(["measure", "quarter"])
    for at, row in points(GRIDS["what-if-quarters"]):
        if at["shape"] in words:
            ends = words[at["shape"]].columns
            assert [row["low"], row["high"]] == rows.loc[(at["measure"], at["quarter"]), ends].tolist()


def test_where_no_series_agrees_the_what_if_says_so():
    convex = next(axis.steps[2] for axis in GRIDS["what-if-quarters"].axes if axis.name == "shape")
    said = GRIDS["what-if-quarters"].say(shape=convex, measure="investigations initiated")
    assert convex == ht.Shape("convex").words
    assert said.startswith(f"It cannot be that {convex}: no series of investigations initiated agrees with that ")


def test_each_part_of_the_growth_is_that_of_split_growth():
    for at, row in points(GRIDS["what-if-growth"]):
        found = ht.split_growth(WINDOW, at["joiner_share"])
        own = found.frame.set_index("measure")["explained"]
        assert [row["value"], row["low"], row["high"]] == [own[at["measure"]], found.low, found.high]


def test_the_default_says_what_the_findings_of_the_pages_say():
    told = {name: grid.to_json() for name, grid in GRIDS.items()}
    found = ht.detect(MIX, 0.785, 0.29)
    assert told["what-if-labor"]["answer"] == found.write("{value:likely}") == "8.9 times as likely"
    assert told["what-if-labor"]["between"] + " times" == found.words["range"] == "4.6 to 12.2 times"
    assert told["what-if-vice"]["answer"] == "29% labor"
    foreign = ht.foreign_labor(HTRS, 0.05)
    assert told["what-if-foreign"]["answer"] == foreign.write("{value} labor")
    assert told["what-if-foreign"]["between"] == foreign.words["range"]
    assert told["what-if-mix"]["answer"] == "45% labor"


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_what_a_page_looks_up_is_whole_and_small(grid):
    content = grid.to_json()
    assert len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) < 8_000
    for end in ("value", "low", "high"):
        assert len(content[end].split(" ")) == len(content[f"{end}_at"].split(" ")) == len(grid.answers)
        assert all(0 <= int(place) <= grids.HEIGHT for place in content[f"{end}_at"].split(" "))
    for axis, given in zip(content["axes"], grid.axes, strict=True):
        assert axis["words"][axis["step"]] == given.words[given.steps.index(given.default)]
        assert axis["places"] == sorted(axis["places"]) and [axis["places"][0], axis["places"][-1]] == [0, grids.WIDTH]
        assert len({*axis["words"]}) == len(given.steps), "a link names a step by its words"
    assert content["basis"] == ["assumed"] and content["subtitle"] == "what-if, not a finding" and content["source"]
    assert grid._repr_mimebundle_()["text/markdown"].endswith(content["said"])


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_row_is_found_from_steps_and_strides(grid):
    for row, (at, _) in enumerate(points(grid)):
        content = grid.to_json(**at) if row % 17 == 0 else None
        if content:
            assert content["row"] == row == sum(axis["step"] * axis["stride"] for axis in content["axes"])
            assert content["said"] == tell_what_if(content, "en")["said"] == grid.say(**at)
            assert content["answer"] == content["amount"].format(
                **{axis["name"]: axis["words"][axis["step"]] for axis in content["axes"]},
                **{end: content[end].split(" ")[row] for end in ("value", "low", "high")},
            )


def test_higher_answers_stand_higher():
    grid = GRIDS["what-if-labor"]
    places = list(map(int, grid.to_json()["value_at"].split(" ")))
    ordered = [place for _, place in sorted(zip(grid.answers["value"], places, strict=True))]
    assert ordered == sorted(places, reverse=True) and len({*places}) > 60
    assert grid.to_json()["ticks"] == [(102, "0.1"), (65, "1"), (29, "10")]


def test_a_setting_of_ones_own_is_among_the_steps_and_the_default():
    grid = ht.what_if_detection(MIX, 0.613, 0.4)
    assert grid.axes[0].default == 0.613 in grid.axes[0].steps and 0.4 in grid.axes[1].steps
    assert grid.say().startswith("If 61.3% of California’s victims were labor victims, ")
    assert "would be 3.5 times as likely" in grid.say()


@pytest.mark.parametrize("setting", [{"true_labor_share": 0.123}, {"true_share": 0.5}])
def test_what_is_no_step_is_refused_by_name(setting):
    (name, step), *_ = setting.items()
    with pytest.raises(ht.HtanalysisError, match=f"what-if-labor: {name} = {step} is no step of it."):
        GRIDS["what-if-labor"].say(**setting)
