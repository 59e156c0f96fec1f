"""The words of a page: terms of art explained where they first stand, and words that must not part."""

import html
import re
from html.parser import HTMLParser

#: Words that need explaining: how a page may write each, and what it means.
GLOSSARY = {
    "quarter": (r"\b\d{4}Q[1-4]\b", "Three months of the calendar year. 2012Q2 is April to June 2012."),
    "§ 236.1": (r"§\s236\.1", "The section of the California Penal Code that makes human trafficking a crime."),
    "95% interval": (
        r"95% (?:confidence )?intervals?|confidence intervals?",
        "A range made by a method that holds the true value in 95 of 100 cases, were chance the only error.",
    ),
    "Bayes’ rule": (
        r"Bayes[’'] (?:rule|theorem)",
        "The arithmetic that turns a share round: from the foreigners among labor victims to the labor victims among"
        " foreigners.",
    ),
    "Cal EMA": (
        r"Cal EMA",
        "California Emergency Management Agency. It funded the task forces and received their quarterly returns.",
    ),
    "CalWORKs": (r"CalWORKs", "California’s cash aid and services for families with children."),
    "CJIS": (
        r"CJIS",
        "The Attorney General’s Division of Criminal Justice Information Systems, which collects what counties report"
        " of arrests and cases.",
    ),
    "H.E.A.T.": (
        r"H\.E\.A\.T\.",
        "Human Exploitation and Trafficking: the unit of Alameda County’s District Attorney for such cases.",
    ),
    "HTRS": (
        r"HTRS|Human Trafficking Reporting System",
        "Human Trafficking Reporting System, in which federally funded task forces recorded their cases.",
    ),
    "ILO": (r"ILO", "International Labour Organization, the agency of the United Nations that estimates forced labor."),
    "odds ratio": (r"odds ratios?", "The odds of one group divided by those of another; 1 means no difference."),
    "TCVAP": (
        r"TCVAP",
        "Trafficking and Crime Victims Assistance Program, California’s aid for foreign victims of trafficking.",
    ),
    "vice unit": (r"vice[- ](?:units?|housed)", "Police who work on prostitution, gambling and the like."),
}


class _Polish(HTMLParser):
    """Writes a page again: joins words that must not part, and links a term of art to its meaning at the page's end."""

    _EMPTY = frozenset(("br", "col", "hr", "img", "input", "link", "meta"))
    _VERBATIM = frozenset(("script", "style", "pre", "code", "title"))
    _TERMS_NOT_IN = _VERBATIM | {"a", "button", "figure-in-words", "summary", "table"}
    _TERMS_NOT_IN |= {f"h{level}" for level in range(1, 7)}
    _TERM = re.compile("|".join(f"(?P<t{place}>{form})" for place, (form, _) in enumerate(GLOSSARY.values())))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.done: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.terms: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._write(self.get_starttag_text())
        if tag not in self._EMPTY:
            # The script puts the drawing in the place of the words that stand for it.
            self.open.append("figure-in-words" if ("role", "img") in attrs else tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._write(self.get_starttag_text())

    def handle_endtag(self, tag: str) -> None:
        self._write(f"{self._explain() if tag == 'main' else ''}</{tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_charref(self, name: str) -> None:
        self.text += "'" if name in ("39", "x27") else f"&#{name};"

    def handle_entityref(self, name: str) -> None:
        self.text += f"&{name};"

    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")

    def _write(self, tag: str) -> None:
        """Write the text up to a tag, and the tag."""
        text, self.text = self.text, ""
        if self._VERBATIM.isdisjoint(self.open):
            text = re.sub(r"(?<=\w)'(?=\w)|(?<=s)'(?= )", "’", text)
            if "main" in self.open and {"p", "li"} & set(self.open) and self._TERMS_NOT_IN.isdisjoint(self.open):
                text = self._TERM.sub(self._link, text)
            text = re.sub(r"§ (?=\d)", "§\N{NO-BREAK SPACE}", text)
            text = text.replace("San Jose/South Bay", "San\N{NO-BREAK SPACE}Jose/South\N{NO-BREAK SPACE}Bay")
        self.done += [text, tag]

    def _link(self, match: re.Match[str]) -> str:
        term = list(GLOSSARY)[int(match.lastgroup[1:])]
        if term in self.terms:
            return match[0]
        self.terms.append(term)
        return f'<a class="term" href="#{_word_id(term)}">{match[0]}</a>'

    def _explain(self) -> str:
        """Write what the terms that were linked mean."""
        items = [
            f'<dt id="{_word_id(term)}"><dfn>{html.escape(term)}</dfn></dt><dd>{html.escape(GLOSSARY[term][1])}</dd>'
            for term in sorted(self.terms, key=str.lower)
        ]
        if not items:
            return ""
        return f'<section class="words"><h2 id="words">Words used here</h2><dl>{"".join(items)}</dl></section>\n'


def _word_id(term: str) -> str:
    return "word-" + "-".join(re.findall(r"[a-z0-9]+", term.lower()))


def polish(text: str) -> str:
    """Give a page with its words joined and explained."""
    page = _Polish()
    page.feed(text)
    page.close()
    page._write("")
    return "".join(page.done)
