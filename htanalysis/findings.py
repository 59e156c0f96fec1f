"""Findings: what a notebook has found, as a sentence that carries its number, its basis and its sources.

A finding travels in the executed notebook's own outputs. The pages, `findings.csv` and the index are built from there.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.datasets import evidence
from htanalysis.errors import HtanalysisError, UnknownNameError

MIME = "application/vnd.htanalysis.findings+json"

#: One sign for each basis, used in text as in charts: full, hollow, bar, hatched.
MARKS = {"reported": "●", "computed": "○", "bounded": "▬", "assumed": "▨"}


@dataclass(frozen=True)
class Finding:
    """A result as it leaves a notebook.

    Attributes
    ----------
    id : str
        Lower-case words joined by hyphens; never changes, so that links keep working.
    sentence : str
        What was found, with its number.
    basis : str
        "reported", "computed", "bounded" or "assumed".
    source : sequence of str
        Entries of "evidence" in the descriptor that the number rests on.
    value, low, high : float, optional
        The number and its range. A bounded finding has a range and no value. A bounded or assumed one without `high`
        has no upper limit.
    unit : str
        What the number counts; "share" is shown in percent, "times" as a multiple.
    digits : int, optional
        Decimals to show (of the percentage, where the unit is "share"). Default: 1 for "times", 0 for others.
    method : str, optional
        Function of `htanalysis` that computed it.
    assumption : str, optional
        What must be true; needed where the basis is "assumed".
    formula : str, optional
        How it is computed, in one line that can be recomputed, with the inputs of this run: "last ÷ first = 304 ÷ 100".
        Needed unless the basis is "reported". For a range, "lowest = …; highest = …" (or "fewest" and "most").
    """

    id: str
    sentence: str
    basis: str
    source: Sequence[str]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    digits: int | None = None
    method: str | None = None
    assumption: str | None = None
    formula: str | None = None

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            object.__setattr__(self, name, _plain(getattr(self, name)))
        if isinstance(self.source, str) or not self.source:
            raise HtanalysisError(f'Finding "{self.id}": name what it rests on, as a list of sources.')
        object.__setattr__(self, "source", tuple(self.source))
        if self.digits is None:
            object.__setattr__(self, "digits", int(self.unit == "times"))
        _check(self)

    @property
    def amount(self) -> str:
        """The number alone, for a card: "1,277 victims", "46.0%", "0 to 2,027"."""
        if self.value is not None:
            return with_unit(self.value, self.unit, self.digits)
        if self.low is None:
            return ""
        if self.high is None:
            return f"at least {with_unit(self.low, self.unit, self.digits)}"
        return span(self.low, self.high, self.unit, self.digits, between=False)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return _bundle([self], "finding")


@dataclass(frozen=True)
class Answer:
    """The findings that answer a notebook's question, shown at its top."""

    findings: tuple[Finding, ...]

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return _bundle(self.findings, "answer")


def answer(*findings: Finding) -> Answer:
    """Show findings together as the answer to a notebook's question."""
    return Answer(findings)


def number(value: float, digits: int = 0) -> str:
    """Write a number with commas between thousands.

    Examples
    --------
    >>> number(2552), number(-3.446, 1)
    ('2,552', '−3.4')
    """
    return "not published" if pd.isna(value) else f"{float(value):,.{digits}f}".replace("-", "−")


def percent(share: float, digits: int = 0) -> str:
    """Write a fraction as a percentage.

    Examples
    --------
    >>> percent(0.46018), percent(0.46018, 1)
    ('46%', '46.0%')
    """
    return "not published" if pd.isna(share) else f"{float(share):.{digits}%}".replace("-0%", "0%").replace("-", "−")


def with_unit(value: float, unit: str, digits: int = 0) -> str:
    """Write a number with its unit; a share becomes a percentage.

    Examples
    --------
    >>> with_unit(0.46, "share"), with_unit(2.889, "times", 1), with_unit(1277, "victims")
    ('46%', '2.9 times', '1,277 victims')
    """
    if unit == "share":
        return percent(value, digits)
    return f"{number(value, digits)} {unit}".rstrip()


def span(low: float, high: float, unit: str = "", digits: int = 0, between: bool = True) -> str:
    """Write a range; a single number where both ends read the same.

    Examples
    --------
    >>> span(0, 2027), span(390, 390), span(0.51, 0.98, "share"), span(1, 54, between=False)
    ('between 0 and 2,027', '390', 'between 51% and 98%', '1 to 54')
    """
    ends = [percent(end, digits) if unit == "share" else number(end, digits) for end in (low, high)]
    tail = f" {unit}" if unit and unit != "share" else ""
    if ends[0] == ends[1]:
        return ends[0] + tail
    return (f"between {ends[0]} and {ends[1]}" if between else f"{ends[0]} to {ends[1]}") + tail


def join_words(words: Sequence[str]) -> str:
    """Join words for a sentence.

    Examples
    --------
    >>> join_words(["Alameda"]), join_words(["a", "b", "c"])
    ('Alameda', 'a, b and c')
    """
    words = [str(word) for word in words]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def choose(count: float, one: str, more: str) -> str:
    """Give the word that agrees with a number.

    Examples
    --------
    >>> [f"{n} {choose(n, 'count is', 'counts are')} known" for n in (0, 1, 6)]
    ['0 counts are known', '1 count is known', '6 counts are known']
    """
    return one if count == 1 else more


def times_less(ratio: float) -> str:
    """Say how much less or more likely something is, in the direction that the ratio has.

    Examples
    --------
    >>> times_less(8.89), times_less(0.5), times_less(1.0)
    ('8.9 times less likely', '2.0 times more likely', 'as likely')
    """
    if number(ratio, 1) == "1.0":
        return "as likely"
    return f"{number(ratio, 1)} times less likely" if ratio > 1 else f"{number(1 / ratio, 1)} times more likely"


def tell_change(first: float, last: float, since: object, until: object, digits: int = 0) -> str:
    """Write how a number went, with the verb for its direction.

    Examples
    --------
    >>> tell_change(100, 304, "2010Q3", "2012Q2"), tell_change(2, 2, 2007, 2012)
    ('rose from 100 in 2010Q3 to 304 in 2012Q2', 'stayed at 2 from 2007 to 2012')
    """
    if first == last:
        return f"stayed at {number(first, digits)} from {since} to {until}"
    verb = "rose" if last > first else "fell"
    return f"{verb} from {number(first, digits)} in {since} to {number(last, digits)} in {until}"


def source_in_words(source: Sequence[str]) -> str:
    """Write where in the report the evidence stands, each place once.

    Examples
    --------
    >>> source_in_words(["table-1", "table-1-unreported"])
    'Chapter 3, Table 1; Chapter 3, end note 13'
    """
    return "; ".join(dict.fromkeys(evidence(reference)["place"] for reference in source))


def _bundle(findings: Sequence[Finding], role: str) -> dict[str, Any]:
    items = [asdict(finding) | {"source": list(finding.source), "amount": finding.amount} for finding in findings]
    text = "\n\n".join(
        f"{finding.sentence}  \n{MARKS[finding.basis]} *{finding.basis}* · {source_in_words(finding.source)}"
        for finding in findings
    )
    return {"text/markdown": text, "text/plain": text, MIME: {"role": role, "findings": items}}


def _plain(value: Any) -> float | None:
    """Make a number plain, and round it so that every machine writes the same digits."""
    if value is None or pd.isna(value):
        return None
    return float(f"{float(value):.10g}")


def _check(finding: Finding) -> None:
    problem = _problem(finding)
    if problem:
        raise HtanalysisError(f'Finding "{finding.id}": {problem}')
    if finding.basis not in settings.BASES:
        raise UnknownNameError("a basis", finding.basis, settings.BASES)
    for reference in finding.source:
        evidence(reference)


def _problem(finding: Finding) -> str | None:
    """Say what keeps a finding from being shown, or nothing."""
    ends = [end for end in (finding.low, finding.value, finding.high) if end is not None]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", finding.id):
        return "an id has lower-case letters, digits and single hyphens only."
    if ends != sorted(ends):
        return f"{finding.low} to {finding.high} does not hold {finding.value}."
    endless = finding.high is None and finding.basis in ("bounded", "assumed")
    if (finding.low is None) != (finding.high is None) and not endless:
        return "a range has two ends; give low and high."
    if finding.basis == "bounded" and (finding.low is None or finding.value is not None):
        return "a bounded finding has a range and no value; give low and, unless nothing limits it, high."
    if finding.basis == "assumed" and not finding.assumption:
        return "say what is assumed."
    if finding.basis != "reported" and not finding.formula:
        return "say how it is computed: give a formula with its inputs."
    if not all(math.isfinite(end) for end in ends):
        return "a value is not a finite number."
    return None
