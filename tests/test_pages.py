import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import htanalysis as ht
from htanalysis import settings
from htanalysis.pages import HEADLINES
from htanalysis.runs import read_outputs

PAGES = [
    *("index", "00-start-here", "01-quarterly-trends", "02-arrests-and-convictions", "03-county-convictions"),
    *("04-sex-and-labor", "05-task-force-selection", "06-services", "07-the-report-checked", "codebook", "methods"),
]


class Page(HTMLParser):
    """Collects what the tests ask for: ids, links, files, headings, figures, images of text."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.files, self.headings, self.figures = [], [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag in ("script", "link", "img") and (target := attributes.get("src") or attributes.get("href")):
            self.files.append(target)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if attributes.get("class") == "plot":
            self.figures.append(attributes)


@pytest.fixture(scope="session")
def pages(report):
    """Every page of the report, read."""
    return {name: Page(report / f"{name}.html") for name in PAGES}


def test_the_report_has_these_pages(report):
    assert sorted(path.stem for path in report.glob("*.html")) == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere_in_the_report(report, pages, name):
    assert pages[name].links
    for link in pages[name].links + pages[name].files:
        parts = urlsplit(link)
        assert not parts.scheme and not parts.netloc, f"{link} leads outside"
        target = report / unquote(parts.path) if parts.path else report / f"{name}.html"
        assert target.is_file(), link
        if parts.fragment:
            assert parts.fragment in pages[target.stem].ids, link


@pytest.mark.parametrize("name", PAGES)
def test_no_page_holds_an_outside_address_or_plotly_itself(report, name):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    assert "http://" not in text and "https://" not in text
    assert "Plotly" not in text and len(text.encode()) < 400_000
    assert text.count('src="assets/plotly.min.js"') == 1


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_headings_skip_no_level(pages, name):
    page = pages[name]
    assert len(set(page.ids)) == len(page.ids), {i for i in page.ids if page.ids.count(i) > 1}
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


@pytest.mark.parametrize("name", PAGES[1:9])
def test_every_figure_has_a_text_that_stands_for_it(pages, name):
    for attributes in pages[name].figures:
        assert attributes["role"] == "img" and len(attributes["aria-label"]) > 60


def test_no_path_of_this_machine_is_in_the_report(report):
    root = str(settings.HOME).encode()
    for path in report.rglob("*"):
        if path.is_file() and path.suffix != ".xlsx" and path.name != "plotly.min.js":
            assert root not in path.read_bytes(), path


def test_every_finding_stands_on_its_page_with_basis_and_source(report, pages):
    for path in sorted((report / "notebooks").iterdir()):
        text = (report / f"{path.stem}.html").read_text(encoding="utf-8")
        for kind, content in read_outputs(path):
            assert content["id"] in pages[path.stem].ids
            basis = [content["basis"]] if kind == "finding" else content["basis"]
            part = text.partition(f'id="{content["id"]}"')[2].partition('class="origin"')[2][:4000]
            assert all(f"basis-{name}" in part for name in basis)
            for reference in content["source"]:
                assert f'href="codebook.html#{reference}"' in part
            if content["method"]:
                assert f'href="methods.html#{content["method"]}"' in part


def test_each_phrase_of_the_report_and_each_function_is_one_click_from_a_number(report, pages):
    codebook = (report / "codebook.html").read_text(encoding="utf-8")
    quote = ht.evidence("table-1-dating")["quote"]
    assert "table-1-dating" in pages["codebook"].ids and f"“{quote}”" in codebook
    methods = (report / "methods.html").read_text(encoding="utf-8")
    assert "compare_rates" in pages["methods"].ids and "Przyborowski" in methods


def test_the_index_shows_the_ten_that_matter_most_first(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    places = [text.index(f'href="{page}#{name}"') for name in HEADLINES for page in [_page_of(report, name)]]
    assert len(HEADLINES) == 10 and places == sorted(places)
    assert text.index("Ten findings") < places[0] and places[-1] < text.index("What we cannot know")
    for topic in HEADLINES.values():
        assert topic in text


def _page_of(report, finding):
    for path in (report / "notebooks").iterdir():
        if any(content["id"] == finding for _, content in read_outputs(path)):
            return f"{path.stem}.html"
    raise AssertionError(f"no notebook shows {finding}")


def test_what_cannot_be_known_stands_on_the_index(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    part = text.partition('id="unknown"')[2].partition("<section")[0]
    assert part.count("<li>") >= 20
    assert "Whether any of the counts rose or fell between two quarters in the middle." in part


def test_code_is_on_the_page_behind_a_switch_and_settings_are_explained(report):
    text = (report / "01-quarterly-trends.html").read_text(encoding="utf-8")
    assert 'id="show-code" type="checkbox"' in text and "Show the code</label>" in text
    assert 'class="code highlight"' in text
    part = text.partition("Settings of this page")[2]
    assert "san_jose_share" in part and "0.11" in part and "one of nine" in part
