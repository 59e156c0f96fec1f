"""The words of a page: terms of art explained where they first stand, words that must not part, links on paper."""

import html
import re
import tomllib
from collections.abc import Collection
from importlib.resources import files
from typing import Any

from latex2mathml.converter import convert
from markupsafe import Markup, escape

from htanalysis.report.cache import remembered
from htanalysis.report.imports import import_parts

# All that nbconvert imports takes as long as writing the pages.
_PARTS = ["nbconvert.filters.markdown_mistune", "nbconvert.preprocessors.sanitize"]
_MARKDOWN, _CLEANING = import_parts(_PARTS, ["nbconvert", "nbconvert.filters", "nbconvert.preprocessors"])

#: Words that need explaining: how a page may write each, and what it means.
GLOSSARY = tomllib.loads((files("htanalysis") / "words" / "glossary.toml").read_text(encoding="utf-8"))

# A term begins where a word does, so that no other place of a text need be tried.
_FORMS = "|".join(f"(?P<t{place}>{form})" for place, (form, _) in enumerate(GLOSSARY.values()))
_TERM = re.compile(rf"(?<!\w)(?:{_FORMS})")
#: Parts of Markdown in which no term is explained.
_QUIET = frozenset(("heading", "link", "table", "def_list"))
#: A file beside the page.
_BESIDE = re.compile(r"^(?:notebooks/)?[\w-]+(?=\.(?:html|csv|xlsx|json|ipynb|pdf))")
_OPENS_TERM = Markup('<dfn><button type="button" class="term" popovertarget="word-{}">{}</button></dfn>')


#: What stands for a formula until all else is clean: signs that no text has, around its number.
_FORMULA = re.compile("\ue000([0-9]+)\ue001")


class Words(_MARKDOWN.IPythonRenderer):
    """The words of one page, in their order: each term is explained once, and each link has a number for paper.

    Files beside the page are named with a `mark`, and code that names one of some `functions` leads to it.
    """

    def __init__(self, mark: str = "", functions: Collection[str] = ()) -> None:
        super().__init__(escape=False, allow_harmful_protocols=None)
        _MARKDOWN.MarkdownWithMath(self)  # It tells how its tables and the like are written.
        self.terms: list[str] = []
        self.links: dict[str, int] = {}
        self.formulas: list[str] = []
        self._mark, self._functions, self._quiet = mark, functions, 0

    def explain(self, text: str) -> Markup:
        """Make each term of art open its meaning where it first stands."""
        parts, end, text = [], 0, mend(text)
        for found in _TERM.finditer(text):
            term = list(GLOSSARY)[int(found.lastgroup[1:])]
            if term not in self.terms:
                self.terms.append(term)
                parts += [escape(text[end : found.start()]), _OPENS_TERM.format(slug(term), found[0])]
                end = found.end()
        return Markup("").join([*parts, escape(text[end:])])

    def number(self, href: str) -> Markup:
        """Give a link's number for paper; a place that several lead to has one number."""
        return Markup('<span class="on-paper"> (link {})</span>').format(
            self.links.setdefault(href, len(self.links) + 1)
        )

    def write_markdown(self, text: str) -> Markup:
        """Write Markdown as HTML; what it holds of HTML loads, runs and hides nothing."""
        clean = sanitize(self(*_parse(text)))
        return Markup(_FORMULA.sub(lambda found: self.formulas[int(found[1])], clean))  # noqa: S704, both are clean

    def write_docstring(self, text: str, explained: bool = False) -> Markup:
        """Write a paragraph of a docstring as HTML, with its code marked."""
        write = self.explain if explained else lambda part: escape(mend(part))
        parts = re.split(r"`+([^`]+)`+", " ".join(text.split()))
        return Markup("").join(self.codespan(part) if place % 2 else write(part) for place, part in enumerate(parts))

    # What Markdown consists of, as mistune calls it

    def render_token(self, token: dict[str, Any], state: Any) -> str:  # noqa: D102
        quiet = token["type"] in _QUIET
        self._quiet += quiet
        written = super().render_token(token, state)
        self._quiet -= quiet
        return written

    def text(self, text: str) -> Markup:  # noqa: D102
        text = html.unescape(text)
        return escape(mend(text)) if self._quiet else self.explain(text)

    def link(self, text: str, url: str, title: str | None = None) -> Markup:  # noqa: ARG002, D102
        href = _BESIDE.sub(rf"\g<0>{self._mark}", self.sanitize_url(url))
        return Markup('<a href="{}">{}</a>{}').format(href, Markup(text), self.number(href))  # noqa: S704

    def block_math(self, body: str) -> str:  # noqa: D102
        return self._typeset(body, "block")

    def inline_math(self, body: str) -> str:  # noqa: D102
        return str(escape(f"${html.unescape(body)}$")) if body[:1].isdecimal() else self._typeset(body, "inline")

    def _typeset(self, body: str, display: str) -> str:
        """Keep a formula as MathML, which browsers set without a script, and give what stands for it."""
        text = html.unescape(body).strip()
        try:
            self.formulas.append(convert(text, xmlns="", display=display).replace(' xmlns=""', ""))
        except Exception:  # It is no TeX, or more than the library knows: shown as it is written.
            return str(escape(f"${text}$"))
        return f"\ue000{len(self.formulas) - 1}\ue001"

    def codespan(self, text: str) -> Markup:  # noqa: D102
        # Paper leaves out what the page says of functions, so that these links have no numbers.
        code, name = Markup("<code>{}</code>").format(text), text.partition("(")[0]
        return Markup('<a href="#{}">{}</a>').format(name, code) if name in self._functions else code

    def heading(self, text: str, level: int) -> str:  # noqa: D102
        plain = re.sub(r'<span class="on-paper">.*?</span>|<[^>]+>', "", text)
        name = section_id(html.unescape(plain))
        if level == 1:
            return f'<h1 id="{name}">{text}</h1>\n'
        words = text if "<a " in text else f'<a class="self" href="#{name}">{text}</a>'
        return f'<h{level} id="{name}">{words}</h{level}>\n'


@remembered
def _parse(text: str) -> tuple[list[dict[str, Any]], Any]:
    return _MARKDOWN.MarkdownWithMath(renderer=None).parse(text)


def mend(text: str) -> str:
    """Round the apostrophes of words, and let what belongs together not part at the end of a line."""
    if "'" in text or "&#" in text:
        text = text.replace("&#39;", "'").replace("&#x27;", "'")
        text = re.sub(r"(?<=\w)'(?=\w)|(?<=s)'(?= )", "’", text)
    text = re.sub(r"§ (?=\d)", "§\N{NO-BREAK SPACE}", text)
    return text.replace("San Jose/South Bay", "San\N{NO-BREAK SPACE}Jose/South\N{NO-BREAK SPACE}Bay")


def slug(text: str) -> str:
    """Give words as an id: lower-case letters and digits, joined by hyphens."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))


def section_id(heading: str) -> str:
    """Give the id of a heading, which no finding, figure or table has."""
    return f"section-{slug(heading)}"


#: Marks that turn the direction of reading, or hide themselves.
_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def show_marks(text: str) -> str:
    """Show by their codes the marks that would turn the direction of reading or that nobody sees."""
    return _TURNING.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)


#: What HTML may hold that a notebook brings: no script, style, frame or redirection, whoever wrote the notebook.
_SANITIZER = _CLEANING.SanitizeHTML(
    tags=[
        *("a", "abbr", "b", "blockquote", "br", "button", "caption", "code", "dd", "dfn", "div", "dl", "dt", "em"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "span", "strong", "sub", "sup"),
        *("table", "tbody", "td", "th", "thead", "tr", "ul"),
    ],
    attributes={
        "*": ["class", "id", "scope", "align"],
        "a": ["href", "aria-label"],
        "button": ["type", "popovertarget"],
        "ol": ["start"],
    },
)


@remembered
def sanitize(text: str) -> Markup:
    """Let of HTML that a notebook brings nothing load, run or hide anything: what could is shown as text."""
    return Markup(_SANITIZER.sanitize_html_tags(text))  # noqa: S704, it is clean now
