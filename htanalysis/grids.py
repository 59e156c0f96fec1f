"""What-ifs: an answer at every step of its assumptions, written once, so that pages and notebooks only look it up.

A what-if is no finding: whoever moves the assumptions chooses them. Its words stand in `words/`, by its id.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from htanalysis.bias import assumption, correct_selection
from htanalysis.detection import detect_with_errors
from htanalysis.errors import HtanalysisError
from htanalysis.feasible import Shape
from htanalysis.growth import split_growth
from htanalysis.languages import tell_what_if
from htanalysis.mixes import allot_other
from htanalysis.quarterly import bound_quarters, name_sources
from htanalysis.results import WHAT_IF, Result, sources_of
from htanalysis.selection import foreign_labor, move_outside_vice
from htanalysis.wording import as_given, digits_for, number, percent

#: The curves' size in pixels.
WIDTH, HEIGHT = 240, 120
_ENDS = ("value", "low", "high")
#: The largest changes from quarter to quarter that are tried, as fractions.
_CHANGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Axis:
    """An assumption with its steps in order, of which one is the default; they are shares, a "number", or "words"."""

    name: str
    steps: tuple
    default: Any
    unit: str = "share"

    @property
    def words(self) -> list[str]:
        """Write the steps for people."""
        write = {"share": as_given, "number": "{:g}".format, "words": str}[self.unit]
        return [write(step) for step in self.steps]

    @property
    def places(self) -> list[int]:
        """Give the steps' pixels from the left; words stand evenly."""
        places = range(len(self.steps)) if self.unit == "words" else self.steps
        return np.rint(np.interp(places, [places[0], places[-1]], [0, WIDTH])).astype(int).tolist()


@dataclass(frozen=True)
class WhatIf:
    """An answer over a grid of assumptions.

    `answers` has a row for each combination of the axes' steps, the last axis changing fastest: `value`, `low` and
    `high`, missing where there is none. The unit is "share", "times" (drawn as ratios) or "counts".
    """

    id: str
    axes: tuple[Axis, ...]
    answers: pd.DataFrame
    unit: str
    source: tuple[str, ...]
    method: str

    @cached_property
    def written(self) -> dict[str, list[str]]:
        """Write every number, with the digits that its row's value needs."""
        return {end: [self._write(*pair) for pair in self.answers[[end, "value"]].to_numpy(float)] for end in _ENDS}

    def _write(self, answer: float, value: float) -> str:
        if math.isnan(answer):
            return "–"
        digits = 0 if math.isnan(value) else digits_for(value, unit=self.unit)
        return percent(answer, digits) if self.unit == "share" else number(answer, digits)

    def find(self, **setting: Any) -> list[int]:
        """Find the step of each axis in a setting; what it leaves out is as by default."""
        names = [axis.name for axis in self.axes]
        for name, step in setting.items():
            if name not in names or step not in self.axes[names.index(name)].steps:
                raise HtanalysisError(f"{self.id}: {name} = {step} is no step of it. Look at its axes.")
        return [axis.steps.index(setting.get(axis.name, axis.default)) for axis in self.axes]

    def to_json(self, **setting: Any) -> dict[str, Any]:
        """Give all that a page looks up, in English, for a setting: words, and digits and pixels row by row.

        An axis has its `step` in the setting, and its `stride`, the rows from one step to the next.
        """
        steps, strides = self.find(**setting), [1]
        for axis in self.axes[:0:-1]:
            strides.insert(0, strides[0] * len(axis.steps))
        axes = [
            {"name": axis.name, "words": axis.words, "places": axis.places, "even": axis.unit == "words"}
            | {"step": step, "stride": stride}
            for axis, step, stride in zip(self.axes, steps, strides, strict=True)
        ]
        own = {"id": self.id, "row": sum(map(operator.mul, steps, strides)), "axes": axes, "method": self.method}
        rows = {end: " ".join(texts) for end, texts in self.written.items()} | self._drawn
        return tell_what_if(own | {"source": [*self.source], "basis": ["assumed"], "formula": None} | rows, "en")

    def rank(self, **setting: Any) -> list[tuple[int, int, str]]:
        """Rank the axes that are no words by how far each moves the answer over what is plausible of it (`assumption`).

        Gives the highest and the lowest pixel, counted from the top, and the label, as `rank_assumptions` ranks.
        """
        told, rows = self.to_json(**setting), []
        pixels = [int(pixel) for pixel in told["value_at"].split(" ")]
        for axis, own in zip(self.axes, told["axes"], strict=True):
            low, high = assumption(axis.name).plausible
            steps = [] if own["even"] else [at for at, step in enumerate(axis.steps) if low <= step <= high]
            along = [pixels[told["row"] + (at - own["step"]) * own["stride"]] for at in {*steps, own["step"]}]
            rows += [(min(along), max(along), own["label"])] * bool(steps)
        return sorted(rows, key=lambda row: row[0] - row[1])

    def say(self, **setting: Any) -> str:
        """Say the answer for a setting; what it leaves out is as by default."""
        return self.to_json(**setting)["said"]

    @cached_property
    def _drawn(self) -> dict[str, Any]:
        """Give the answers' pixels from the top, and the marks of the scale: shares from 0 to 1, ratios as ratios."""
        seen = self.answers[[*_ENDS]].to_numpy(float)
        ends = [0.0, 1.0 if self.unit == "share" else np.nanmax(seen)]
        marks, texts = [0, 0.5, 1] if self.unit == "share" else ends, None
        if self.unit == "times":
            seen = np.log10(seen)
            ends = [np.nanmin(seen), np.nanmax(seen)]
            marks = range(math.ceil(ends[0]), math.floor(ends[1]) + 1)
            texts = [f"{10.0**mark:g}" for mark in marks]
        pixels, at = (np.rint(np.interp(each, ends, [HEIGHT, 0])) for each in (np.nan_to_num(seen), marks))
        ticks = [*zip(at.astype(int).tolist(), texts or [self._write(mark, math.nan) for mark in marks], strict=True)]
        rows = pixels.astype(int).astype(str).T
        return {"ticks": ticks} | {f"{end}_at": " ".join(row) for end, row in zip(_ENDS, rows, strict=True)}

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        content = self.to_json()
        text = f"**{content['title']}** ({content['subtitle']})\n\n{content['said']}"
        return {"text/markdown": text, "text/plain": text, WHAT_IF: content}


def what_if_detection(mix: pd.Series, true_labor_share: float, to_labor: float) -> WhatIf:
    """Give `detect_with_errors` over the true labor share, the part of the "other" and recognition.

    The defaults are those given, and full recognition. At `low` all of the "other" are labor victims, at `high` none.
    """
    shares = Axis("true_labor_share", _step(0.05, 0.95, 0.05, true_labor_share), true_labor_share)
    axes = shares, _other(to_labor), Axis("sensitivity", (0.7, 0.85, 1.0), 1.0)
    at = _cross(axes)
    parts = {"value": at["to_labor"], "low": 1.0, "high": 0.0}
    ends = {e: detect_with_errors(mix, at["true_labor_share"], p, at["sensitivity"]) for e, p in parts.items()}
    return WhatIf("what-if-labor", axes, at.assign(**ends), "times", sources_of(mix), "detect_with_errors")


def what_if_mix(mix: pd.Series, to_labor: float) -> WhatIf:
    """Turn detection round: the true labor share, for each chance of a labor victim to be counted, against the others’.

    The "other" are divided as for `what_if_vice`.

    Notes
    -----
    Formula: l ÷ chance ÷ (l ÷ chance + s), with l = labor + part × other and s = sex + (1 − part) × other.
    """
    axes = Axis("chance", _step(0.05, 1, 0.05, 0.5), 0.5), _other(to_labor)
    at, ends = _cross(axes), {}
    allotted = pd.DataFrame({part: allot_other(mix, part) for part in {0, 1, *at["to_labor"]}}).T
    for end, parts in {"value": at["to_labor"], "low": [0] * len(at), "high": [1] * len(at)}.items():
        counted = allotted.loc[parts].reset_index(drop=True)
        true = correct_selection(counted, pd.DataFrame({"sex": 1.0, "labor": at["chance"]}))
        ends[end] = true["labor"] / true.sum(axis=1)
    return WhatIf("what-if-mix", axes, at.assign(**ends), "share", sources_of(mix), "what_if_mix")


def what_if_vice(mix: pd.Series, vice: Result, outside: Result, vice_share: float) -> WhatIf:
    """Give `outside_vice` over the vice share and the part of the "other"; none is labor at `low`, all at `high`."""
    axes = Axis("vice_share", _step(0, 1, 0.1, vice_share), vice_share), _other(0.0)
    at = _cross(axes)
    moved = move_outside_vice(mix, float(vice), float(outside), at["vice_share"])
    labor, other = moved["labor"], moved["other"]
    answers = at.assign(value=labor + at["to_labor"] * other, low=labor, high=labor + other)
    return WhatIf("what-if-vice", axes, answers, "share", sources_of(mix, vice, outside), "outside_vice")


def what_if_foreign(htrs: pd.DataFrame, margin: float, victims_ratio: float) -> WhatIf:
    """Give `foreign_labor` over the victims in a labor incident and the margin."""
    ratios = Axis("victims_ratio", _step(0.5, 3, 0.5, victims_ratio), victims_ratio, "number")
    axes = ratios, Axis("margin", _step(0.025, 0.1, 0.025, margin), margin)
    at = _cross(axes)
    found = [foreign_labor(htrs, *steps) for steps in zip(at["margin"], at["victims_ratio"], strict=True)]
    answers = at.assign(**{end: [getattr(each, end) for each in found] for end in _ENDS})
    return WhatIf("what-if-foreign", axes, answers, "share", found[0].source, "foreign_labor")


def what_if_quarters(counts: pd.DataFrame, totals: pd.DataFrame) -> WhatIf:
    """Give `bound_quarters` of the unknown quarters over what is assumed, by measure; there is no `value`.

    The measures are those of which some quarters are known.
    """
    own = counts[counts.groupby("measure", observed=True)["count"].transform("count").gt(0)]
    shapes = [Shape("never falling"), Shape("convex"), *(Shape("limited change", part) for part in _CHANGES)]
    found = [bound_quarters(own, totals, shape).frame for shape in shapes]
    quarters = found[0].loc[found[0]["count"].isna(), "quarter"].unique()
    found, limits = [each[each["quarter"].isin(quarters)] for each in found], ["low_assumed", "high_assumed"]
    bounds = [found[0][["low", "high"]].set_axis(limits, axis=1), *(each[limits] for each in found)]
    low, high = pd.concat(bounds).astype("Float64").to_numpy(float, na_value=np.nan).T
    shown = {"shape": ["nothing is assumed", *(shape.words for shape in shapes)]}
    shown |= {"measure": found[0]["measure"].unique(), "quarter": map(str, quarters)}
    axes = tuple(_in_words(name, words) for name, words in shown.items())
    answers = _cross(axes).assign(value=np.nan, low=low, high=high)
    return WhatIf("what-if-quarters", axes, answers, "counts", name_sources(own), "bound_quarters")


def what_if_growth(counts: pd.DataFrame, joiner_share: float) -> WhatIf:
    """Give `split_growth` over the joiner's share, by measure; the range is over the measures."""
    shares = Axis("joiner_share", _step(0, 1, 0.05, joiner_share), joiner_share)
    found = [split_growth(counts, share) for share in shares.steps]
    axes = shares, _in_words("measure", found[0].frame["measure"])
    ends = {end: np.repeat([getattr(each, end) for each in found], len(axes[1].steps)) for end in ("low", "high")}
    answers = _cross(axes).assign(value=pd.concat([each.frame["explained"] for each in found]).to_numpy(), **ends)
    return WhatIf("what-if-growth", axes, answers, "share", found[0].source, "split_growth")


def _in_words(name: str, words: Iterable[str]) -> Axis:
    steps = tuple(map(str, words))
    return Axis(name, steps, steps[0], "words")


def _other(to_labor: float) -> Axis:
    return Axis("to_labor", tuple(sorted({0.0, 0.29, 0.5, 1.0, to_labor})), to_labor)


def _step(first: float, last: float, width: float, default: float) -> tuple[float, ...]:
    """Give even steps, and the default among them."""
    return tuple(sorted({*(round(float(step), 6) for step in np.arange(first, last + width / 2, width)), default}))


def _cross(axes: Sequence[Axis]) -> pd.DataFrame:
    """Give every combination of the axes' steps."""
    return pd.MultiIndex.from_product([a.steps for a in axes], names=[a.name for a in axes]).to_frame(index=False)
