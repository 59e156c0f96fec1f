"""Each parameter of a notebook over its whole range: whatever is assumed, every sentence, title and formula is true.

Where something equals or changes its sign stands in `SPECIAL`.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import papermill
import pytest
from running import Shown, find_faults, run_notebook
from test_notebooks import work_out

from htanalysis.parameters import Range, list_ranges
from htanalysis.report.notebooks import find_notebooks
from htanalysis.returns.counts import held_quarters
from htanalysis.wording import number, percent, with_unit

#: The notebooks that are swept: all.
SWEPT = tuple(path.stem[:2] for path in find_notebooks())
#: Values of a parameter at which two numbers of a page are equal, or a difference changes its sign.
SPECIAL = {
    "ilo_labor_share": (0.1, 0.23, 0.2909, 0.295, 0.3, 0.44, 0.785, 0.95),
    "other_to_labor": (0.29, 0.7),
    "vice_share": (0.001, 0.44, 0.999),
    "margin": (0.005, 0.05, 0.07, 0.09),
    "victims_ratio": (0.15906, 0.5, 1.0, 2.5450, 3.0, 20.0),
    "joiner_share": (0.004, 0.11, 0.5225, 0.67),
    "max_change": (0.1, 0.25, 0.5),
    "most_agencies": (2, 3, 4, 7),
}

#: Figures and tables whose title holds a number that their notebook computes from their rows.
IN_TITLE_ALONE = ("other-sections", "verdicts")

_N = r"(?:−?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
#: A number that is not part of a date, a quarter, a name or another number.
_ALONE = re.compile(rf"(?<![\w.,–-])({_N})(%?)(?![\w–-]|[.,]\d)")
_SPAN = re.compile(rf"(?<![\w.,–-])({_N})(%?)(?: \w+)?? (?:to|and) ({_N})(%?)(?![\w–-]|[.,]\d)")
_AROUND = re.compile(rf"({_N})(%?)(?: (?!to |and )[a-z-]+){{0,2}} \(({_N})%? to ({_N})%?")
_COURSE = re.compile(rf"\b(rose|grew|increased|fell|dropped|decreased) from ({_N})%?[^.;()]*? to ({_N})")
_CLUMSY = re.compile(r"times (?:less|more|fewer|lower|higher)\b")
_DOUBLED = re.compile(r"\b([a-z]+) \1\b")
#: What can be below nothing, or above all.
_CHANGE = re.compile(r"rose|fell|grew|growth|chang|more|fewer|less|wider|narrower|widen")
#: Columns of charts and tables whose numbers rise, where they are there.
ORDERS = ("low", "value", "high"), ("from", "base", "to"), ("interval_low", "low"), ("high", "interval_high")
#: What is said in our words; a cell of a table can be another's.
SPOKEN = ("sentence", "assumption", "title", "subtitle", "alt")
#: Numbers that a sentence may write as a word.
_WORDS = {0: r"\b(?:no|none|not|nothing|zero)\b", 1: r"\b(?:one|a single|as likely|all)\b", 2: r"\btwo\b|\bboth\b"}


def read(text: str) -> float:
    """Read a number as people write it."""
    return float(text.replace(",", "").replace("−", "-"))


def find_false_words(text: str) -> Iterator[str]:
    """Say where a text contradicts or repeats itself, or compares in a way that no reader can follow."""
    for found in _SPAN.finditer(_COURSE.sub("", text)):
        joint = " and " in found[0] and "between" not in found.string[: found.start()][-9:]
        if read(found[1]) > read(found[3]) and not joint:
            yield "a range whose ends are the wrong way round"
    for found in _AROUND.finditer(text):
        alike = len({each.partition(".")[2] and len(each.partition(".")[2]) for each in found.group(1, 3, 4)}) == 1
        if alike and not read(found[3]) <= read(found[1]) <= read(found[4]):
            yield "a value outside of its own range"
    for found in _COURSE.finditer(text):
        if (read(found[3]) > read(found[2])) != (found[1] in ("rose", "grew", "increased")):
            yield "the wrong direction"
    for found in re.finditer(rf"\bnot (?:the )?({_N}%?)(?![\w–-]|[.,]\d)", text):
        if found[1] in [a + b for a, b in _ALONE.findall(re.split(r"[.;:]", text[: found.start()])[-1])]:
            yield "a number that is told from itself"
    if _CLUMSY.search(text):
        yield "“times less” or “times more”"
    if _DOUBLED.search(text):
        yield "a word twice"


def find_false_numbers(finding: dict[str, Any]) -> Iterator[str]:
    """Say which numbers of a finding its sentence does not tell, or cannot be."""
    sentence, unit, digits = finding["sentence"], finding["unit"], finding["digits"]
    told = {a + b for a, b in _ALONE.findall(sentence)}
    ends = {end: finding[end] for end in ("low", "value", "high") if finding[end] is not None}
    for end, value in ends.items():
        if re.search({"low": r"\bat most\b", "high": r"\bat least\b"}.get(end, r"$^"), sentence):
            continue  # Such a sentence tells the other end, since this one is no news.
        text = percent(value, digits) if unit == "share" else number(value, digits)
        words = _WORDS.get(read(text.rstrip("%")) / (100 if unit == "share" else 1))
        if text not in told and not (words and re.search(words, sentence, re.IGNORECASE)):
            yield f"its {end}, {text}, is not in the sentence"
    spans = [found[0] for found in _SPAN.finditer(sentence)]
    if len(set(spans)) < len(spans):
        yield "a range twice"
    if unit == "share" and not all(0 <= value <= 1 for value in ends.values()) and not _CHANGE.search(sentence):
        yield "a share below nothing or above all"
    if unit == "times" and re.search(r"(?<!times )\bas likely\b", sentence):
        nearest = number(ends.get("value", 1), digits)
        if read(nearest) != 1:
            yield f"“as likely” is said of {nearest} times"


def find_false_formula(finding: dict[str, Any]) -> Iterator[str]:
    """Say which numbers of a finding its formula does not give."""
    smallest = 10.0 ** -(finding["digits"] + 3 + 2 * (finding["unit"] == "share"))
    for end, result in work_out(finding["formula"] or ""):
        both = [with_unit(value, finding["unit"], finding["digits"]) for value in (result, finding[end])]
        near = result == pytest.approx(finding[end], rel=1e-3, abs=smallest)
        if not near or (both[0] != both[1] and abs(result - finding[end]) > 1e-9):
            yield f"the formula gives {both[0]} for {both[1]}, its {end}: {finding['formula']}"


def find_false_rows(content: dict[str, Any]) -> Iterator[str]:
    """Say which rows of a chart or table hold a value outside of its range, or a base outside of what is tried."""
    names = [column["name"] for column in content["columns"]]
    for row in content["rows"]:
        cells = dict(zip(names, row, strict=True))
        for order in ORDERS:
            ends = [cells[name] for name in order if isinstance(cells.get(name), int | float)]
            if any(a > b + 1e-9 * max(abs(a), abs(b)) for a, b in itertools.pairwise(ends)):
                yield f"{row[0]}: {' to '.join(order)} is {ends}"


def find_false_title(content: dict[str, Any], findings: list[dict[str, Any]]) -> Iterator[str]:
    """Say which percentages and decimals of a title are neither in its rows nor in a finding of the page."""
    known = [cell for row in content["rows"] for cell in row if isinstance(cell, int | float)]
    known += [f[end] for f in findings for end in ("low", "value", "high") if f[end] is not None]
    words = " ".join(str(cell) for row in content["rows"] for cell in row if isinstance(cell, str))
    for text, sign in _ALONE.findall(content["title"]):
        digits = len(text.partition(".")[2])
        if not (sign or digits) or content["id"] in IN_TITLE_ALONE:
            continue
        forms = {percent(value, digits) if sign else number(value, digits) for value in known}
        forms |= {number(100 * value, digits) for value in known if abs(value) <= 1}  # points of a percentage
        if text + sign not in forms and not re.search(rf"(?<![\d.]){re.escape(text)}(?!\d)", words):
            yield f"{text}{sign} is in its title alone"


def find_untrue(shown: list[Shown]) -> list[str]:
    """List all that is untrue, whatever the notebook, its parameters and its data are."""
    findings = [each.content for each in shown if each.kind == "finding"]
    faults = find_faults(shown)
    for each in shown:
        name = each.content["id"] if each.kind != "words" else "words"
        spoken = [each.content.get(key) for key in SPOKEN] if each.kind != "words" else [each.content]
        faults += [f"{name}: {fault}: {text}" for text in spoken if text for fault in find_false_words(text)]
        checks = {"finding": (find_false_numbers, find_false_formula), "words": ()}.get(each.kind, (find_false_rows,))
        faults += [f"{name}: {fault}" for check in checks for fault in check(each.content)]
        if each.kind in ("table", "chart"):
            faults += [f"{name}: {fault}" for fault in find_false_title(each.content, findings)]
    said = [each.content["sentence" if each.kind == "finding" else "title"] for each in shown if each.kind != "words"]
    return faults + [f"said twice: {text}" for text in {text for text in said if said.count(text) > 1}]


def list_values(name: str, allowed: Range | tuple[str, ...]) -> list[Any]:
    """List values of a parameter over its whole range: its ends, a grid, and where something changes."""
    if not isinstance(allowed, Range):
        return list(allowed)
    low, high, inside = allowed.low, allowed.high, (allowed.high - allowed.low) / 10**6 if allowed.open else 0
    if allowed.whole:
        return sorted({*(round(value) for value in np.linspace(low, high, 12)), *SPECIAL.get(name, ())})
    grid = [float(f"{value:.4g}") for value in np.linspace(low, high, 8)[1:-1]]
    return sorted({low + inside, high - inside, *grid, *SPECIAL.get(name, ())})


def is_continuous(allowed: Range | tuple[str, ...]) -> bool:
    """Say whether a parameter can be any number between two."""
    return isinstance(allowed, Range) and not allowed.whole


def list_parameters(name: str) -> dict[str, list[Any]]:
    """List the values of each parameter of a notebook that has a range."""
    path = next(path for path in find_notebooks() if path.stem.startswith(name))
    declared, ranges = papermill.inspect_notebook(str(path)), list_ranges()
    return {each: list_values(each, ranges[each]) for each in declared if each in ranges}


ONE = [(name, each) for name in SWEPT for each in list_parameters(name)]
TWO = [(name, *pair) for name in SWEPT for pair in itertools.combinations(list_parameters(name), 2)]


@pytest.mark.parametrize(("name", "parameter"), ONE)
def test_whatever_a_parameter_is_all_that_is_shown_is_true(name, parameter):
    faults = [
        f"{parameter} = {value}: {fault}"
        for value in list_parameters(name)[parameter]
        for fault in find_untrue(run_notebook(name, **{parameter: value}))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", sorted({name for name, *_ in TWO}))
def test_whatever_all_parameters_are_at_once_all_that_is_shown_is_true(name):
    generator, faults = np.random.default_rng(2012), []
    for _ in range(12):
        drawn = {each: generator.choice(values) for each, values in list_parameters(name).items()}
        ranges = {each: allowed for each, allowed in list_ranges().items() if each in drawn and is_continuous(allowed)}
        drawn |= {each: generator.uniform(allowed.low, allowed.high) for each, allowed in ranges.items()}
        plain = {each: value.item() if isinstance(value, np.generic) else value for each, value in drawn.items()}
        faults += [f"{plain}: {fault}" for fault in find_untrue(run_notebook(name, **plain))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", SWEPT)
def test_whatever_the_period_is_all_that_is_shown_is_true(name):
    held = [str(quarter) for quarter in held_quarters()]
    faults = [
        f"{quarter}: {fault}"
        for quarter in (held[0], held[1], held[-1], f"{held[0]}:{held[-1]}")
        for fault in find_untrue(run_notebook(name, quarter=quarter))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("name", "first", "second"), TWO)
def test_whatever_two_parameters_are_at_their_ends_all_that_is_shown_is_true(name, first, second):
    values = list_parameters(name)
    faults = [
        f"{first} = {one}, {second} = {other}: {fault}"
        for one, other in itertools.product(*({values[each][0], values[each][-1]} for each in (first, second)))
        for fault in find_untrue(run_notebook(name, **{first: one, second: other}))
    ]
    assert not faults, "\n".join(faults)


FINDING = {"value": None, "low": None, "high": None, "unit": "", "digits": 0, "formula": None, "assumption": None}
FINDING |= {"id": "one", "sentence": "", "amount": ""}


@pytest.mark.parametrize(
    ("fault", "sentence", "numbers"),
    [
        ("times less", "It is 3.7 times more likely (a ratio of 0.1 to 0.4).", {}),
        ("is not in the sentence", "It is 3.7 times as likely.", {"value": 0.27, "unit": "times", "digits": 1}),
        ("“as likely” is said", "It is as likely.", {"value": 1.8, "unit": "times", "digits": 1}),
        ("told from itself", "Without them 56% would be sex and 23% labor, not 56% and 23%.", {}),
        ("above all", "This would close 107% of the gap.", {"value": 1.07, "unit": "share"}),
        ("said twice", "It would be 41% (41%).", {"value": 0.41, "unit": "share"}),
        ("wrong way round", "It lies between 5 and 3.", {}),
        ("wrong direction", "It rose from 5 in 2007 to 3 in 2012.", {}),
        ("wrong direction", "It fell from 3 in 2007 to 5 in 2012.", {}),
        ("outside of its own range", "It is 8.9 times (9.1 to 12.0).", {}),
        ("a word twice", "It is the the same.", {}),
        ("a range twice", "It is 3 to 4, which is 3 to 4.", {}),
        ("the formula gives 6 for 5", "It is 5.", {"value": 5, "formula": "two × three = 2 × 3"}),
    ],
)
def test_what_is_untrue_is_found(fault, sentence, numbers):
    faults = find_untrue([Shown("finding", FINDING | numbers | {"sentence": sentence})])
    assert len(faults) >= 1 and any(fault in each for each in faults), faults


def test_what_is_true_is_left_alone():
    sentences = {
        "It fell from 5 in 2007 to 3 in 2012, 2,027 to 3,013 in all, from 2010Q4 to 2012Q1.": {"low": 3, "high": 5},
        "Between 0% and 44% are; it is 29% (23% to 44%), not 30%.": {"value": 0.29, "unit": "share"},
        "It would be as likely (0.60 to 1.80).": {"value": 1.004, "unit": "times", "digits": 2},
        "It would be 8.9 times as likely.": {"value": 8.89, "unit": "times", "digits": 1, "formula": "x = 8.885"},
    }
    for place, (sentence, numbers) in enumerate(sentences.items()):
        assert find_untrue([Shown("finding", FINDING | {"id": str(place), "sentence": sentence} | numbers)]) == []


def test_a_row_and_a_title_that_do_not_fit_are_found():
    columns = [{"name": name, "digits": 1} for name in ("row", "value", "low", "high")]
    chart = {"id": "chart", "title": "From 1.0 to 3.0 there", "columns": columns, "missing": "–"}
    assert find_untrue([Shown("chart", chart | {"rows": [["a", 2, 1, 3]]})]) == []
    outside = find_untrue([Shown("chart", chart | {"rows": [["a", 9, 1, 3]]})])
    assert outside == ["chart: a: low to value to high is [1, 9, 3]"]
    alone = find_untrue([Shown("chart", chart | {"title": "From 1.0 to 3.4 there", "rows": [["a", 2, 1, 3]]})])
    assert alone == ["chart: 3.4 is in its title alone"]
