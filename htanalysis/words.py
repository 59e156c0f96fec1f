"""The words of a page: terms of art explained where they first stand, words that must not part, links on paper."""

import html
import re
from functools import lru_cache

from markupsafe import Markup
from nbconvert.filters import markdown2html
from nbconvert.preprocessors.sanitize import SanitizeHTML

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
    "chance": (
        r"Poisson",
        "The Poisson law says how far counts of independent events stray by chance alone: most by less than twice the"
        " square root of the count.",
    ),
    "conditional": (
        r"exact conditional method",
        "Two counts are compared by how their sum was shared; no large numbers are needed.",
    ),
    "E-value": (r"E-values?", "How strong something unknown would have to be to explain a difference away."),
    "empirical Bayes": (
        r"[Ee]mpirical Bayes",
        "A rate from few cases is drawn towards the rate of all, as far as the spread of the rates allows.",
    ),
    "fiscal year": (
        r"(?:state |federal )?fiscal years?",
        "The state’s: July to June. The federal one: October to September.",
    ),
    "Fisher’s exact test": (
        r"Fisher[’']s exact test",
        "It counts how many of all possible tables are as uneven as the one at hand.",
    ),
    "funnel": (r"funnel", "The limits that chance leaves around a common rate; they close as the population grows."),
    "Gini coefficient": (
        r"Gini coefficient",
        "A measure of unevenness: 0 where all have the same, near 1 where one has everything.",
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
    "log-linear": (r"log-linear", "Each step changes the expected count by the same factor."),
    "mid-P": (r"mid-P", "An exact method that counts the observed table by half, so that it is less cautious."),
    "negative binomial": (
        r"negative binomial|quasi-Poisson",
        "A law for counts that stray more than independent events do.",
    ),
    "penalized": (
        r"penalized logistic regression",
        "How the odds of a yes go with other numbers; a penalty keeps few cases from giving an endless answer.",
    ),
    "odds ratio": (r"odds ratios?", "The odds of one group divided by those of another; 1 means no difference."),
    "p-value": (r"p-values?", "How often chance alone would give a difference at least as large, were there none."),
    "return": (r"\breturns\b", "What a task force reports for one period; a later one for the same period revises it."),
    "task force": (
        r"\btask forces?\b",
        "Police, prosecutors and services of one region that work together on trafficking; California funds nine.",
    ),
    "TCVAP": (
        r"TCVAP",
        "Trafficking and Crime Victims Assistance Program, California’s aid for foreign victims of trafficking.",
    ),
    "vice unit": (r"vice[- ](?:units?|housed)", "Police who work on prostitution, gambling and the like."),
}


#: What a page is made of, but for words: comments, what only a script or a browser reads, and tags.
_MARKUP = re.compile(
    r"<(?P<slash>/?)(?P<name>(?!(?:script|style)\b)[a-zA-Z][\w:-]*)"
    r"""(?P<rest>(?:[^>"']++|"[^"]*"|'[^']*')*+)>"""
    r"|(?P<whole><(?P<raw>script|style)\b.*?</(?P=raw)\s*>|<![a-zA-Z][^>]*>)|<!--.*?-->",
    flags=re.DOTALL,
)
_HREF = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""")

_EMPTY = frozenset(("br", "col", "hr", "img", "input", "link", "meta"))
_VERBATIM = frozenset(("pre", "code", "title"))
_TERMS_NOT_IN = _VERBATIM | {"a", "button", "quiet", "summary", "table"} | {f"h{level}" for level in range(1, 7)}
_RUNNING = frozenset(("p", "li"))
_TERM = re.compile("|".join(f"(?P<t{place}>{form})" for place, (form, _) in enumerate(GLOSSARY.values())))
#: Classes in which no term is explained and no link is numbered: drawings, notes, and what paper does not show.
_QUIET = re.compile(r"""\sclass=["'](?:[^"']*\s)?(?:plot|notes|origin|link|evidence|more|files)["'\s]""")


class _Polish:
    """Writes a page again: joins words that must not part, explains terms of art, and numbers its links for paper."""

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.links: dict[str, int] = {}
        self.link = ""
        #: For each element that is open, the names of all that are; what is quiet is named so.
        self.open: list[frozenset[str]] = [frozenset()]

    def write(self, page: str) -> str:
        """Give the page as it is to be."""
        done, end = [], 0
        for found in _MARKUP.finditer(page):
            if end < found.start():
                done.append(self._mend(page[end : found.start()]))
            done.append(self._read(found))
            end = found.end()
        return "".join([*done, self._mend(page[end:])])

    def _read(self, found: re.Match[str]) -> str:
        """Follow a tag, and give it with what goes before or behind it."""
        if not found["name"]:
            return found["whole"] or ""
        name = found["name"].lower()
        if found["slash"]:
            return self._end(name)
        if not found["rest"].endswith("/"):
            self._start(name, found["rest"])
        return found[0]

    def _start(self, name: str, rest: str) -> None:
        quiet = bool(rest and _QUIET.search(rest))
        if name == "a" and not quiet and "main" in self.open[-1] and "quiet" not in self.open[-1]:
            href = _HREF.search(rest)
            self.link = html.unescape(href[1] or href[2] or "") if href else ""
        if name not in _EMPTY:
            self.open.append(self.open[-1] | {"quiet" if quiet else name})

    def _end(self, name: str) -> str:
        before = self._end_notes() if name == "main" else ""
        self.open.pop()
        return f"{before}</{name}>{self._number_link() if name == 'a' else ''}"

    def _mend(self, text: str) -> str:
        """Give the words between two tags as they are to be."""
        if text.isspace():
            return text
        inside = self.open[-1]
        text = text.replace("&#39;", "'").replace("&#x27;", "'")
        if not _VERBATIM.isdisjoint(inside):
            return text
        if "'" in text:
            text = re.sub(r"(?<=\w)'(?=\w)|(?<=s)'(?= )", "’", text)
        if "main" in inside and not _RUNNING.isdisjoint(inside) and _TERMS_NOT_IN.isdisjoint(inside):
            text = _TERM.sub(self._explain, text)
        if "§" in text:
            text = re.sub(r"§ (?=\d)", "§\N{NO-BREAK SPACE}", text)
        return text.replace("San Jose/South Bay", "San\N{NO-BREAK SPACE}Jose/South\N{NO-BREAK SPACE}Bay")

    def _explain(self, match: re.Match[str]) -> str:
        """Make a term open its meaning where it first stands."""
        term = list(GLOSSARY)[int(match.lastgroup[1:])]
        if term in self.terms:
            return match[0]
        self.terms.append(term)
        button = f'<button type="button" class="term" popovertarget="{_word_id(term)}">{match[0]}</button>'
        return f"<dfn>{button}</dfn>"

    def _number_link(self) -> str:
        """Write a link's number behind it, for paper; a place that several lead to has one number."""
        link, self.link = self.link, ""
        if not link:
            return ""
        number = self.links.setdefault(link, len(self.links) + 1)
        return f'<sup class="on-paper">[{number}]</sup>'

    def _end_notes(self) -> str:
        """Write what the page's terms mean, and where its links lead."""
        words = [
            f'<div class="note" id="{_word_id(term)}" popover tabindex="-1" autofocus><p><strong>{html.escape(term)}'
            f"</strong>: {html.escape(GLOSSARY[term][1])}</p></div>"
            for term in sorted(self.terms, key=str.lower)
        ]
        links = [f"<li>{html.escape(link)}</li>" for link in self.links]
        parts = (
            ("Words used here", "words", "".join(words)),
            ("Where the links lead", "links", f"<ol>{''.join(links)}</ol>" if links else ""),
        )
        return "".join(
            f'<section class="notes {name}"><h2 class="on-paper">{title}</h2>{content}</section>\n'
            for title, name, content in parts
            if content
        )


def _word_id(term: str) -> str:
    return f"word-{slug(term)}"


def slug(text: str) -> str:
    """Give words as an id: lower-case letters and digits, joined by hyphens.

    Examples
    --------
    >>> slug("What can’t we know, and why?")
    'what-can-t-we-know-and-why'
    """
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))


def section_id(heading: str) -> str:
    """Give the id of a heading, which no finding, figure or table has."""
    return f"section-{slug(heading)}"


#: Marks that turn the direction of reading, or hide themselves.
_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def show_marks(text: str) -> str:
    r"""Show by their codes the marks that would turn the direction of reading or that nobody sees.

    Examples
    --------
    >>> print(show_marks("a\u202eb"))
    a\u202eb
    """
    return _TURNING.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)


#: What HTML may hold that a notebook brings: no script, style, frame or redirection, whoever wrote the notebook.
_SANITIZER = SanitizeHTML(
    tags=[
        *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "span", "strong", "sub", "sup", "table", "tbody", "td"),
        *("th", "thead", "tr", "ul"),
    ],
    attributes={"*": ["class", "id", "scope", "align"], "a": ["href", "aria-label"], "ol": ["start"]},
)


def sanitize(text: str) -> Markup:
    """Let of HTML that a notebook brings nothing load, run or hide anything: what could is shown as text.

    Examples
    --------
    >>> print(sanitize('<p onclick="x()">one</p><script>two()</script>'))
    <p>one</p>&lt;script&gt;two()&lt;/script&gt;
    """
    return Markup(_SANITIZER.sanitize_html_tags(text))  # noqa: S704, it is clean now


@lru_cache(maxsize=512)
def write_markdown(text: str) -> Markup:
    """Write Markdown as HTML; each heading has an id of plain letters and a link to itself.

    Examples
    --------
    >>> print(write_markdown("## A").strip())
    <h2 id="section-a">A <a class="link" href="#section-a" aria-label="Link to: A"></a></h2>
    """

    def link(match: re.Match[str]) -> str:
        level, words = match[1], match[2]
        plain = re.sub("<[^>]+>", "", words)
        name = section_id(html.unescape(plain))
        if level == "1":
            return f'<h1 id="{name}">{words}</h1>'
        anchor = f'<a class="link" href="#{name}" aria-label="Link to: {plain}"></a>'
        return f'<h{level} id="{name}">{words} {anchor}</h{level}>'

    page = sanitize(markdown2html(text))
    return Markup(re.sub(r'<h(\d) id="[^"]*">(.*?)<a class="anchor-link"[^>]*>.*?</a></h\1>', link, page))  # noqa: S704


def polish(text: str) -> str:
    """Give a page with its words joined and explained, its links numbered for paper, and no mark that turns reading."""
    return show_marks(_Polish().write(text))
