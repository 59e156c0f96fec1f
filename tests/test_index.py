"""The index: what it says of which numbers, what is left out, and what is safe to quote."""

import re

import pandas as pd
import pytest

from htanalysis.report import index
from htanalysis.report.notebooks import Cell, Executed

FINDING = {
    "basis": "reported",
    "source": ["table-1"],
    "sentence": "It is so.",
    **dict.fromkeys(("value", "low", "high")),
}
ABOUT = {"later": False, "quarter": "2012Q2", "as_of": "report", "version": "1.0", "created": "2012-11-16"}
LATER = ABOUT | {"later": True, "quarter": "2012Q3", "as_of": "2012-10-31"}


def finding(name, value=None, **more):
    return "finding", FINDING | {"id": name, "value": value} | more


def table(name, heads, *rows, kind="table"):
    return kind, {"id": name, "columns": [{"name": head} for head in heads.split()], "rows": [[*row] for row in rows]}


def notebook(*shown):
    parts = [("findings", {"findings": [item]}) if kind == "finding" else (kind, item) for kind, item in shown]
    return Executed([Cell("a", "markdown", "# Is it so?", (), ()), Cell("b", "code", "", (), parts)])


SPANS = ("counts", "2010-07-01", "2012-06-30"), ("", "2007-01-01", "2012-09-30")
TIMES = table("times-covered", "label start end", *SPANS)
WHO = table("who-reports", "task_force county reports_from", ("A", "X", "2010Q3"), ("B", "Y", "2011Q3"))
CHANGE, OPEN = "measure since_before since_year who", ("−3 to +9: cannot be said", "9; a year before without A")
RUN = "first last quarters count mean times basis"
ENDS = ("2010Q3", "2010Q3", 1, 100, None, None, "reported"), ("2012Q2", "2012Q2", 1, 304, None, 2.09, "reported")
RUNS = table("victims-by-quarter", RUN, ENDS[0], ("2010Q4", "2012Q1", 6, 873, 145.5, None, "computed"), ENDS[1])
START = (TIMES, WHO, RUNS, finding("victims-in-two-years", 1277), finding("investigations-in-two-years", 2552))


def texts(lines):
    return [line["text"] for line in lines]


def test_the_headline_is_the_fact_and_the_doubt():
    told = index.summarize({"00": notebook(*START, finding("victims-in-words", 304))}, ABOUT)
    fact, doubt = "Task forces identified 1,277 trafficking victims in two years.", "Nobody knows how many they missed."
    assert texts(told["headline"]) == [fact, doubt]
    dates = {"period": "Counts for July 2010 – June 2012", "released": "Release 1.0, November 16, 2012"}
    assert told["dates"] == dates | {"known": "numbers to June 30, 2012, as the 2012 report states them"}
    assert texts(told["lead"]) == ["In these two years they opened 2,552 investigations."]
    assert told["tiles"][0]["number"] == "1,277"
    assert told["tiles"][0]["sure"].endswith("July 2010 – June 2012; 1 task forces, 2 from July 2011 on.")


@pytest.mark.parametrize(
    ("known", "headline", "tile"),
    [
        ({"value": 310}, "identified 310 trafficking victims in July – September 2012.", "310"),
        ({"low": 0, "high": 873}, "identified between 0 and 873 trafficking victims in July – September", "0 to 873"),
        ({"low": 200}, "identified at least 200 trafficking victims in July – September 2012.", "200 or more"),
        ({}, "No number of trafficking victims identified in July – September 2012 can be given.", "No number"),
    ],
)
def test_a_later_report_leads_with_its_quarter_and_the_two_years_are_history(known, headline, tile):
    change = ("victims identified", "+6: no more than chance would bring", *OPEN)
    changes = table("change-to-last-quarter", CHANGE, change)
    own = {"00": notebook(*START, finding("victims-in-words", **known)), "01": notebook(changes)}
    told = index.summarize(own, LATER)
    assert headline in told["headline"][0]["text"] and told["headline"][0]["id"] == "victims-in-words"
    assert told["tiles"][0]["number"] == tile and "July – September 2012, as the" in told["tiles"][0]["sure"]
    before = "A quarter before they identified 304; the change is no more than chance would bring."
    before = before if "value" in known else "How many more or fewer they were than a quarter before cannot be said."
    assert texts(told["lead"])[:4] == [
        before,
        "How many more or fewer they were than a year before cannot be said.",
        "A year before, not all of the same task forces reported.",
        "In the quarters of the 2012 report, July 2010 – June 2012, they identified 1,277.",
    ]
    assert told["dates"]["period"] == "Counts for July – September 2012"
    spanish = index.summarize(own, LATER, "es")
    assert [line["id"] for line in spanish["lead"]] == [line["id"] for line in told["lead"]]
    assert told["dates"]["known"] == "numbers as known on October 31, 2012"


def test_a_total_that_no_longer_holds_leaves_the_headline_to_the_quarter():
    own = notebook(TIMES, WHO, finding("victims-in-two-years", None), finding("victims-in-words", 304))
    told = index.summarize({"00": own}, ABOUT | {"as_of": "2013-01-31"})
    assert texts(told["headline"])[0] == "Task forces identified 304 trafficking victims in April – June 2012."
    assert told["tiles"][0]["number"] == "304" and told["lead"] == []


def test_what_no_notebook_shows_is_left_out_and_the_doubt_stays():
    told = index.summarize({}, ABOUT)
    assert texts(told["headline"]) == ["Nobody knows how many they missed."]
    assert [tile["kind"] for tile in told["tiles"]] == ["unknown"]
    assert (told["lead"], told["pictures"], told["quotes"], told["asks"]) == ([], [[], []], [], [])


def test_unpublished_quarters_are_one_empty_box_of_their_mean_and_its_sum_and_no_line_joins_the_ends():
    picture = index.summarize({"00": notebook(*START)}, ABOUT)["pictures"][0][0]
    pattern = r'<rect class="(\w+)" x="([\d.]+)%" y="[\d.]+" width="([\d.]+)%" height="([\d.]+)"'
    boxes = re.findall(pattern, picture["drawn"])
    assert [look for look, *_ in boxes] == ["known", "open", "known"]
    first, box, last = (float(high) for *_, high in boxes)
    assert first / last == pytest.approx(100 / 304, abs=0.002) and box / last == pytest.approx(145.5 / 304, abs=0.002)
    assert float(boxes[1][2]) == 75 and "<path" not in picture["drawn"] and picture["drawn"].count("<line") == 1
    assert ">873 in 6 quarters,<" in picture["drawn"] and ">145.5 each on average<" in picture["drawn"]
    assert picture["title"] == "304 victims in the last quarter, 2.1 times the average of the 6 before"
    assert picture["alt"] == (
        "July – September 2010: 100 victims. October 2010 – March 2012, 6 quarters: not published one by one, 873"
        " together, 145.5 each on average. April – June 2012: 304 victims."
    )


def test_quarters_of_which_nothing_is_known_have_no_height_of_their_own():
    rows = ("2012Q2", "2012Q2", 1, 304, None, None, "reported"), ("2012Q3", "2012Q4", 2, None, None, None, "computed")
    picture = index.summarize({"00": notebook(table("victims-by-quarter", RUN, *rows))}, LATER)["pictures"][0][0]
    assert 'class="open"' in picture["drawn"] and 'height="34.0"' in picture["drawn"]
    assert ">2 quarters<" in picture["drawn"] and ">not published<" in picture["drawn"]
    assert picture["title"] == "Victims identified, quarter by quarter" and "0 victims" not in picture["alt"]
    assert picture["what"] == "Victims identified. 2 of 3 quarters are not published one by one."


@pytest.mark.parametrize(
    ("later", "told"), [(None, "7 of 9 quarters are not published one by one: the dashed box is the sum of 6."),
                        (1, "6 of 9 quarters are not published one by one: the dashed box is their sum.")]
)  # fmt: skip
def test_the_box_is_the_sum_of_no_more_quarters_than_it_holds(later, told):
    rows = ENDS[0], ("2010Q4", "2012Q1", 6, 873, 145.5, None, "computed"), ENDS[1]
    rows = table("victims-by-quarter", RUN, *rows, ("2012Q3", "2012Q3", 1, later, None, None, "computed"))
    picture = index.summarize({"00": notebook(rows)}, LATER)["pictures"][0][0]
    assert picture["what"] == f"Victims identified. {told}"
    assert picture["alt"].endswith(f"July – September 2012: {'1 victim' if later else 'not published'}.")


def test_where_victims_are_no_longer_asked_for_the_two_years_lead():
    told = index.summarize({"00": notebook(*START)}, LATER)
    fact = "Task forces identified 1,277 trafficking victims in two years."
    assert texts(told["headline"])[0] == fact and told["tiles"][0]["number"] == "1,277"


def test_a_long_series_is_drawn_from_its_last_three_years_on():
    quarters = [str(quarter) for quarter in pd.period_range("2012Q2", periods=20, freq="Q")]
    rows = [(quarter, quarter, 1, 300, None, None, "computed") for quarter in quarters]
    picture = index.summarize({"00": notebook(table("victims-by-quarter", RUN, *rows))}, LATER)["pictures"][0][0]
    assert picture["drawn"].count("<rect") == 12 and ">Apr – Jun 2014<" in picture["drawn"]
    assert picture["what"] == "Victims identified in the last 12 quarters."


def test_a_year_that_is_not_over_is_dashed():
    heads = "what year count days"
    rows = [("arrests", 2011, 133, 365), ("arrests", 2012, 113, 274), ("convictions", 2011, 28, 365)]
    rows = table("rates-236-1", heads, *rows, ("convictions", 2012, 21, 274), kind="figure")
    picture = index.summarize({"02": notebook(rows)}, ABOUT)["pictures"][0][0]
    assert re.findall(r'<rect class="(\w+)"', picture["drawn"]) == ["known", "part", "begun", "part"]
    assert ">9 months<" in picture["drawn"] and "2012, 9 months: 113 arrests, 21 convictions" in picture["alt"]
    assert picture["title"] == "Arrests under the trafficking law: 133 in 2011, 133 in 2011"
    told = re.findall(r"<title>(.*?)</title>", picture["drawn"])
    assert told == ["2011: 133 arrests, 28 convictions of them so far.", picture["alt"].partition("far. ")[2]]


def test_a_finding_is_safe_to_quote_if_it_is_certain_and_nothing_in_the_report_differs():
    agree = {"claims-agree"}
    safe = FINDING | {"value": 441}
    assert index.is_safe(safe, agree) and index.is_safe(safe | {"basis": "computed"}, agree)
    assert index.is_safe(safe | {"low": 441, "high": 441}, agree)
    for verdicts in (set(), {"claims-differ"}, {"claims-unknown"}, {"claims-agree", "claims-differ"}):
        assert not index.is_safe(safe, verdicts)
    for more in ({"basis": "bounded"}, {"basis": "assumed"}, {"value": None}, {"low": 400, "high": 480}):
        assert not index.is_safe(safe | more, agree)


def test_what_is_quoted_names_its_source_and_what_a_statement_contradicts_is_not_quoted():
    found = [finding("arrests-in-all", 441, basis="computed"), finding("convictions-in-all", 113)]
    agree = table("claims-agree", "fact", (index.QUOTED["arrests-in-all"],), (index.QUOTED["convictions-in-all"],))
    assert index.summarize({"00": notebook(*found), "07": notebook(agree)}, ABOUT)["quotes"] == []
    both = ("counts", "2010-07-01", "2012-06-30"), ("arrests", "2007-01-01", "2012-09-30")
    found.append(table("times-covered", "label start end", *both, kind="figure"))
    told = index.summarize({"00": notebook(*found), "07": notebook(agree)}, ABOUT)["quotes"]
    assert [quote["id"] for quote in told] == ["arrests-in-all", "convictions-in-all"]
    text = "There were 441 arrests under California’s trafficking law from January 2007 to September 2012."
    assert told[0]["text"] == text
    assert told[0]["source"] == "The State of Human Trafficking in California 2012: Chapter 3, Table 1."
    differ = table("claims-differ", "fact", (index.QUOTED["arrests-in-all"],))
    told = index.summarize({"00": notebook(*found), "07": notebook(agree, differ)}, ABOUT)["quotes"]
    assert [quote["id"] for quote in told] == ["convictions-in-all"]


def test_who_holds_what_is_missing_is_told_with_counts_of_what_is_shown_as_long_as_it_is_missing():
    known = table("known-and-missing", "measure q1 q2", ("arrests", 5, None), ("victims", None, None), kind="figure")
    map_ = table("county-map", "county status", ("Alameda", "reported"), ("Kern", "bounded"), kind="figure")
    told = index.summarize({"00": notebook(known), "03": notebook(map_)}, ABOUT)["asks"]
    asked = {
        "California Emergency Management Agency (Cal EMA)": "its table of quarterly returns. 3 of 4 counts are unpub"
    }
    asked = {who: f"{text}lished." for who, text in asked.items()}
    asked |= {"The Department of Justice": "convictions by county. 1 of 2 is unpublished."}
    assert [(ask["who"], ask["text"]) for ask in told] == [*asked.items()]
    known = table("known-and-missing", "measure q1", ("arrests", 5), kind="figure")
    assert index.summarize({"00": notebook(known)}, ABOUT)["asks"] == []
