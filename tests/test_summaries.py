"""The summary on the index: scales, ranges in words, and what is listed."""

import re

import pytest

from htanalysis import summaries

FINDING = {"basis": "bounded", "value": None, "low": None, "high": None, "unit": "", "digits": 0}


def scale_of(**given):
    """Draw a scale, and give where its tick, its range and its dot stand in percent, and how it ends."""
    drawn = str(summaries.draw_scale(FINDING | given))
    forms = {
        "tick": r'class="tick" x1="([\d.]+)%',
        "range": r'<rect x="([\d.]+)%',
        "dot": r'<use href="#mark-\w+" x="([\d.]+)%',
    }
    places = {name: float(found[1]) for name, form in forms.items() if (found := re.search(form, drawn))}
    return drawn, places, re.findall(r"<span>([^<>]+)</span><span>([^<>]+)</span></p>$", drawn)


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({"low": 1476, "high": 1798, "unit": "arrests"}, ("0", "2,000")),
        ({"low": 0.87, "high": 1.47, "value": 1.13, "unit": "times", "basis": "computed", "digits": 2}, ("0", "2")),
        ({"low": 0.25, "high": 0.44, "digits": 2}, ("0", "0.5")),
        ({"low": 0.5, "high": 0.9, "unit": "share"}, ("0%", "100%")),
        ({"low": -30, "high": 90}, ("−50", "100")),
        ({"low": -0.2, "high": 0.1, "unit": "share"}, ("−20%", "100%")),
    ],
)
def test_a_scale_ends_at_round_numbers_and_holds_its_range(given, ends):
    drawn, places, limits = scale_of(**given)
    width = float(re.search(r'<rect [^>]*width="([\d.]+)%"', drawn)[1])
    assert limits == [ends]
    assert places["range"] >= 0 and places["range"] + width <= 100.1
    assert f"scale-{given.get('basis', 'bounded')}" in drawn


def test_a_scale_of_times_has_a_tick_at_1_and_others_have_none():
    assert scale_of(low=0.5, high=1.5, unit="times")[1]["tick"] == 50
    assert "tick" not in scale_of(low=0.5, high=1.5, unit="arrests")[1]
    assert "tick" not in scale_of(low=0.1, high=0.4, unit="times")[1]


def test_a_range_of_nothing_has_no_scale_and_a_single_value_is_a_dot():
    assert scale_of(low=0, high=0)[0] == "" and scale_of()[0] == "" and scale_of(value=3.0, unit="times")[0] == ""
    assert scale_of(low=9, high=9, value=9, basis="reported")[1] == {"dot": 90}
    assert scale_of(value=0.46, unit="share", basis="computed")[1] == {"dot": 46}


def test_a_range_says_what_it_is():
    said = {
        "computed": "95% interval: 0.9 to 1.5",
        "assumed": "if the assumption holds: 0.9 to 1.5",
    }
    for basis, words in said.items():
        given = {"basis": basis, "value": 1.1, "low": 0.9, "high": 1.5, "digits": 1}
        assert summaries.range_in_words(FINDING | given) == words
    assert summaries.range_in_words(FINDING | {"low": 1, "high": 54}) == "bounds"
    assert summaries.range_in_words(FINDING | {"low": 1, "high": 1}) == "" == summaries.range_in_words(FINDING)


def test_a_range_whose_ends_read_as_the_amount_is_not_said_again():
    given = {"basis": "assumed", "value": 0.41, "low": 0.409, "high": 0.411, "unit": "share"}
    assert summaries.range_in_words(FINDING | given) == "if the assumption holds"
    assert summaries.range_in_words(FINDING | given | {"digits": 1}) == "if the assumption holds: 40.9% to 41.1%"


def table_of(*rows):
    names = ["fact", "quote", "chapter", "stated", "recomputed", "note"]
    rows = [[*row, "Why."][:6] for row in rows]
    return {"id": "claims-differ", "columns": [{"name": name} for name in names], "rows": rows}


@pytest.mark.parametrize(
    ("rows", "title", "words"),
    [
        ([], "0 statements", "on 0 facts."),
        ([("a", "q", "c", "1", "2")], "1 statement", "on 1 fact."),
        ([("a", "q", "c", "1", "2"), ("a", "r", "c", "1", "2")], "2 statements", "on 1 fact."),
        ([("a", "q", "c", "1", "2"), ("a", "r", "c", "1", "2"), ("b", "s", "d", "3", "4")], "3 statements", "2 facts."),
    ],
)
def test_statements_and_their_facts_are_counted_and_a_fact_is_quoted_once(rows, title, words):
    told = summaries._sum_up_verdicts({"claims-differ": ("07", "table", table_of(*rows))})
    assert [each["title"] for each in told] == [f"Does not reproduce: {title}"]
    assert told[0]["words"].startswith("What does not reproduce from the report’s other numbers, ")
    assert told[0]["words"].endswith(words) and told[0]["href"] == "07.html#claims-differ"
    examples = ["“q” (c): stated 1, recomputed 2", "“s” (d): stated 3, recomputed 4"]
    assert told[0]["examples"] == examples[: len({row[0] for row in rows})]


def test_the_index_says_how_many_statements_are_compared_with_returns():
    rows = [("a", "q", "c", "1", "2", "Returns give 2; by the report’s own numbers it is 1.")]
    told = summaries._sum_up_verdicts({"claims-differ": ("07", "table", table_of(*rows))})
    assert told[0]["words"].endswith(", on 1 fact. 1 of them is compared with returns.")


def test_what_stands_above_a_card_does_not_say_how_it_comes_out():
    titles = " ".join(summaries.HEADLINES.values())
    assert not re.search(r"\b(less|more|fewer|rose|fell|growth|rising|beyond)\b", titles, flags=re.IGNORECASE)


def test_a_scale_shows_its_basis():
    assert 'href="#mark-hatch"' in scale_of(low=0.5, high=0.9, unit="share", basis="assumed")[0]
    assert 'href="#mark-diamond"' in scale_of(value=0.6, low=0.5, high=0.9, unit="share", basis="assumed")[0]
    drawn = scale_of(low=0.5, high=0.9, unit="share")[0]
    assert "hatch" not in drawn and "<use" not in drawn and 'height="10"' in drawn


def test_editions_are_offered_with_format_and_size(tmp_path):
    (tmp_path / "report.pdf").write_bytes(b"x" * 2_600)
    index = summaries.offer('<ul class="files">\n<li>findings.csv</li></ul>', tmp_path, ["report.pdf"])
    assert '<li><a href="report.pdf">report.pdf</a> (PDF, 3 kB): the whole report, to be printed</li>' in index
    assert index.index("report.pdf") < index.index("findings.csv")
    assert summaries.offer(index, tmp_path, []) == index
