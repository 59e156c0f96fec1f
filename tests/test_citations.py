"""How a number is cited: the issue that it is from, in words, in BibTeX and in an id that stays."""

import re

import pytest

import htanalysis as ht
from htanalysis.errors import HtanalysisError

FINDING = ht.Finding("half", "Half of 50% & a_b: {1}.", "reported", ["table-1"], value=0.5, unit="share")


def test_a_finding_is_cited_with_version_quarter_day_and_an_id_that_stays():
    told, _, entry = FINDING.cite(ht.Issue("2012Q3", "2012-10-31")).partition("\n\n")
    assert told == (
        "Half of 50% & a_b: {1}. htanalysis developers (2026), htanalysis 1.0.0, numbers of 2012Q3 as known on"
        " 2012-10-31, htanalysis:1.0.0/2012Q3/as-of-2012-10-31/half. Numbers: Kamala D. Harris, Attorney General, The"
        " State of Human Trafficking in California 2012, California Department of Justice, 2012."
    ).replace("1.0.0", ht.__version__)
    assert entry.startswith("@misc{half,\n  author = {{htanalysis developers}},\n") and entry.endswith("}\n}")
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", entry, flags=re.MULTILINE))
    assert fields["title"] == r"Half of 50\% \& a\_b: \{1\}." and fields["year"] == "2026"
    assert fields["note"] == f"htanalysis:{ht.__version__}/2012Q3/as-of-2012-10-31/half"


def test_without_an_issue_a_number_is_the_reports_own():
    assert f"htanalysis:{ht.__version__}/2012Q2/as-of-report/half." in FINDING.cite()


def test_a_scenario_and_a_range_of_quarters_are_in_the_id():
    issue = ht.Issue("2011Q3:2012Q2", "report", "few-from-vice")
    assert issue.name("half").partition("/")[2] == "2011Q3-2012Q2/as-of-report/scenario-few-from-vice/half"


@pytest.mark.parametrize("given", [("latest", "report"), ("2012Q2", "latest")])
def test_what_means_something_else_tomorrow_is_no_issue(given):
    with pytest.raises(HtanalysisError, match="“latest” will mean another report tomorrow"):
        ht.Issue(*given)
