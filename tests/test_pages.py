import csv
import html
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import nbformat
import papermill
import pyphen
import pytest
from conftest import FIGURES, PAGES, SHEETS, find_html_faults, make_report

from htanalysis import settings
from htanalysis.data import evidence, read_descriptor
from htanalysis.report import methods
from htanalysis.report import pages as made
from htanalysis.report.findings import HEADLINES, list_unknown, tell_size
from htanalysis.report.glossary import GLOSSARY, Words
from htanalysis.report.notebooks import Cell, Executed, find_notebooks, read_executed


class Page(HTMLParser):
    """Collects what the tests ask for: ids, links, files, headings, figures, images of text."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.files, self.headings, self.figures, self.names = [], [], [], [], [], []
        text = path.read_text(encoding="utf-8")
        self.texts = dict(re.findall(r'<p class="alt" id="([^"]+)">([^<]+)</p>', text))
        self.feed(text)

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
        self.names += [attributes["popovertarget"]] if "popovertarget" in attributes else []


@pytest.fixture(scope="session")
def pages(report):
    """Every page of the report, read."""
    return {name: Page(report / f"{name}.html") for name in [*PAGES, *SHEETS]}


def test_the_report_has_these_pages(report):
    assert sorted(path.stem for path in report.glob("*.html")) == sorted([*PAGES, *SHEETS])


@pytest.mark.parametrize("name", [*PAGES, *SHEETS])
def test_every_link_leads_somewhere_in_the_report(report, pages, name):
    assert pages[name].links
    for link in pages[name].links + pages[name].files:
        parts = urlsplit(link)
        assert not parts.scheme and not parts.netloc, f"{link} leads outside"
        target = report / unquote(parts.path) if parts.path else report / f"{name}.html"
        assert target.is_file(), link
        if parts.fragment:
            assert parts.fragment in pages[target.stem].ids, link


def without_style(text):
    """Leave out the one style that is the collection's own: each page holds it, as its policy allows it by its hash."""
    own = f"<style>{text.partition('<style>')[2].partition('</style>')[0]}</style>"
    assert len(own) < 27_000 and own.startswith("<style>:root{")
    return text.replace(own, "", 1)


@pytest.mark.parametrize("name", [*PAGES, *SHEETS])
def test_no_page_holds_an_outside_address_or_plotly_itself(report, name):
    text = without_style((report / f"{name}.html").read_text(encoding="utf-8"))
    assert "http://" not in text and "https://" not in text
    assert "plotly.js v" not in text and len(text.encode()) <= (350_000 if name == "methods" else 250_000)


@pytest.mark.parametrize("name", [*PAGES, *SHEETS])
def test_ids_are_unique_and_headings_skip_no_level(pages, name):
    page = pages[name]
    assert len(set(page.ids)) == len(page.ids), {i for i in page.ids if page.ids.count(i) > 1}
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


@pytest.mark.parametrize("name", [*PAGES, *SHEETS])
def test_whatever_opens_a_note_names_one_that_is_there(pages, name):
    assert set(pages[name].names) <= set(pages[name].ids)
    assert pages[name].names or name in ("changes", "codebook", "methods", "brief", "brief-es")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_text_that_stands_for_it(pages, name):
    assert pages[name].figures
    for attributes in pages[name].figures:
        told = attributes.get("aria-label") or pages[name].texts[attributes["aria-labelledby"]]
        assert attributes["role"] == "img" and len(told) > 60


def test_no_path_of_this_machine_is_in_the_report(report):
    root = str(settings.HOME).encode()
    for path in report.rglob("*"):
        if path.is_file() and path.suffix != ".xlsx" and path.name != "plotly.min.js":
            assert root not in path.read_bytes(), path


def test_every_finding_stands_on_its_page_with_basis_and_source(report, pages):
    for path in sorted((report / "notebooks").iterdir()):
        text = (report / f"{path.stem}.html").read_text(encoding="utf-8")
        heads = re.findall(r'<p tabindex="-1" autofocus><span class="on-paper">\[.*', text)
        assert heads and not any(set("{}") & set(head) for head in heads)
        for kind, content in read_executed(path).shown:
            assert content["id"] in pages[path.stem].ids
            basis = [content["basis"]] if kind == "finding" else content["basis"]
            part = text.partition(f'id="{content["id"]}"')[2].partition('class="origin"')[2].partition("</span></")[0]
            mark = part.partition("<button")[0], text.partition(f'id="note-{content["id"]}"')[2].partition("</div>")[0]
            assert all(f"basis-{name}" in each for name in basis for each in mark)
            assert f'popovertarget="note-{content["id"]}" aria-label="Source: ' in text
            for reference in content["source"]:
                assert f'href="data-{evidence(reference)["dataset"]}.html#{reference}"' in mark[1]
            if content["method"]:
                assert f'href="methods.html#{content["method"]}"' in mark[1]
            elif basis != ["reported"]:
                cell = re.search(r'href="#(code-[^"]+)"[^>]*>See the code<', mark[1])[1]
                assert cell in pages[path.stem].ids


def test_all_findings_stand_below_their_question_with_those_that_matter_first(report):
    text = (report / "findings.html").read_text(encoding="utf-8")
    sections = re.findall(r'<section class="question".*?</section>', text, flags=re.DOTALL)
    assert len(sections) == len(FIGURES) + 1 and all('class="amount">Not known<' in section for section in sections)
    cards = re.findall(r'<li class="card card-(\w+)">(.*?)</li>', text, flags=re.DOTALL)
    note = r'popovertarget="note-([\w-]+)">[^<&]+<span class="on-paper call">&nbsp;\[\d+\]</span></button></p>'
    names = [re.search(note, card)[1] for _, card in cards]
    assert sorted(names) == sorted(HEADLINES)
    for name, (basis, card) in zip(names, cards, strict=True):
        assert f'href="{_page_of(report, name)}#{name}"' in card and f"basis-{basis}" in card
        assert 'aria-label="Source: ' in card and '<p class="sentence">' in card
        assert HEADLINES[name].replace("§ ", "§\N{NO-BREAK SPACE}") in card
    lists = re.findall(r'<details class="others".*?</details>', text, flags=re.DOTALL)
    told = [int(re.search(r"<summary>(\d+) (?:more|findings)<", part)[1]) for part in lists]
    assert told == [part.count("<li>") for part in lists] == [part.count(">See the evidence</a>") for part in lists]
    shown = (pair for path in (report / "notebooks").iterdir() for pair in read_executed(path).shown)
    assert sum(told) + len(names) == sum(kind == "finding" for kind, _ in shown)


def _page_of(report, finding):
    for path in (report / "notebooks").iterdir():
        if any(content["id"] == finding for _, content in read_executed(path).shown):
            return f"{path.stem}.html"
    raise AssertionError(f"no notebook shows {finding}")


def test_what_cannot_be_known_stands_beside_what_is(report):
    text = (report / "findings.html").read_text(encoding="utf-8")
    for path in (report / "notebooks").iterdir():
        part = text.partition(f'id="q-{path.stem}"')[2].partition("</section>")[0].partition('class="unknown"')[2]
        lines = list_unknown(read_executed(path))
        assert len(lines) >= 2 and part.count("<li>") == len(lines)
        for line in lines:
            assert f"<li>{line}</li>" in re.sub(r"</?(?:dfn|button)[^>]*>", "", part)
        assert f'href="{path.stem}.html#section-what-would-change-it"' in part


def read_main(report, name="index"):
    """Give a page's own words, as they are read."""
    text = (report / f"{name}.html").read_text(encoding="utf-8").partition("<main")[2].partition('class="notes"')[0]
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", text.partition(">")[2])).split())


def test_the_index_tells_the_reports_own_highlights_and_what_is_unknown(report):
    plain = read_main(report)
    for words in (
        f"Counts for July 2010 – June 2012. Release {read_descriptor()['version']}, ",
        "numbers to June 30, 2012, as the 2012 report states them. ",
        "Task forces identified 1,277 trafficking victims in two years. Nobody knows how many they missed.",
        "In these two years they opened 2,552 investigations. Of the victims whose origin is known, 72% were American.",
        "Of those served, 56% were sex trafficking victims, 23% labor, 21% “other”.",
        "441 → 113 arrests, and convictions of them so far,",
        "Unknown how many people are trafficked in California",
        "California Emergency Management Agency (Cal EMA) : its table of quarterly returns. 34 of 40 counts are",
        "The Department of Justice : convictions by county. 8 of 9 are unpublished.",
    ):
        assert words in re.sub(r" (?=[.,:%])(?!:)", "", plain), words
    text = (report / "index.html").read_text(encoding="utf-8")
    assert text.count('role="img"') == 5 and 'class="key"' not in text
    quotes = re.findall(r'data-copy="“([^"]+)” ([^"]+)" data-link="([^"#]+)#([^"]+)"', text)
    assert len(quotes) == 4 and all(page == _page_of(report, name) for *_, page, name in quotes)
    assert all(source.startswith("The State of Human Trafficking in California 2012: Ch") for _, source, *_ in quotes)


def grade(text):
    """Give the Flesch-Kincaid grade (Kincaid et al. 1975): 0.39 words a sentence + 11.8 syllables a word - 15.59."""
    sentences = [part for part in re.split(r"[.;:!?]+(?:\s|$)", text) if part]
    words = re.findall(r"[A-Za-z’]+|\d[\d,.%]*\d|\d", text)
    hyphens = pyphen.Pyphen(lang="en_US")
    syllables = sum(len(hyphens.inserted(word).split("-")) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_grades_are_those_of_known_texts():
    assert grade("The cat sat on the mat. The dog ran to the cat.") < 2
    hard = "Notwithstanding jurisdictional heterogeneity, methodological considerations necessitate probabilistic care."
    assert grade(hard) > 18


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("index", '<main(.*?)class="more"'),
        ("findings", 'class="sentence">(.*?)</p>'),
        ("findings", 'class="unknown">(.*?)</div>'),
    ],
)
def test_the_summary_is_read_with_ten_years_of_school(report, name, part):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    aside = r'<span class="on-paper[ a-z]*">.*?</span>|<p class="since">.*?</p>|<a .*?</a>|<script.*?</script>'
    shown = re.sub(aside, "", text, flags=re.DOTALL)
    found = re.findall(part, shown, flags=re.DOTALL)
    plain = " ".join(html.unescape(re.sub("<[^>]+>", " ", passage)) for passage in found)
    assert len(plain.split()) > 60 and grade(plain) <= 10


def test_code_is_on_the_page_behind_a_switch_and_settings_are_explained(report):
    text = (report / "01-quarterly-trends.html").read_text(encoding="utf-8")
    assert 'type="checkbox" id="show-code"' in text and "Show the code</label>" in text
    assert 'class="code highlight" id="code-' in text
    part = text.partition("Settings of this page")[2]
    assert "joiner_share" in part and "0.11" in part and "one of nine" in part


def test_every_download_says_its_size_and_format(report):
    text = (report / "findings.html").read_text(encoding="utf-8")
    size = tell_size(report / "findings.csv")
    assert f'<a href="findings.csv">findings.csv</a> (CSV, {size})' in text
    assert '<a href="manifest.json">manifest.json</a> (JSON)' in text
    assert len(re.findall(r"\.ipynb</a> \(Jupyter notebook, \d+ kB\)", text)) == len(FIGURES) + 1


def test_the_findings_say_how_to_cite_them(report):
    text = (report / "findings.html").read_text(encoding="utf-8")
    entry = re.search(r'<pre class="bibtex"[^>]*>(.*?)</pre>', text, flags=re.DOTALL)[1]
    assert entry.startswith("@techreport{htanalysis-2012Q2,") and "<" not in entry
    assert "Report for 2012Q2, numbers as the 2012 report states them" in entry
    assert "BSD 3-Clause" in text


@pytest.mark.parametrize("name", PAGES)
def test_every_page_explains_the_four_bases_or_says_how_sure_in_words_and_leads_to_all_findings(report, name):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    key = re.search(r'<ul [^>]*class="key"[^>]*>(.*?)</ul>', text, flags=re.DOTALL)
    if name != "index":
        assert all(f">{basis}</span> {meaning}</li>" in key[1] for basis, meaning in settings.BASES.items())
    assert re.search(r'<a [^>]*href="findings.html"[^>]*>All findings</a>', text)


@pytest.mark.parametrize("name", [*PAGES, *SHEETS])
def test_every_page_can_be_shared_with_a_description_of_its_own(report, name):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    told = dict(re.findall(r'<meta (?:name|property)="([\w:]+)" content="([^"]+)">', text))
    title = re.search(r"<h1[^>]*>(.*?)</h1>", text, flags=re.DOTALL)[1]
    assert told["description"] == told["og:description"] and len(told["description"]) > 25
    assert name in ("index", *SHEETS) or html.unescape(told["og:title"]) == html.unescape(re.sub("<[^>]+>", "", title))


@pytest.mark.parametrize("name", [*PAGES, *SHEETS])
def test_no_two_links_with_one_name_lead_to_different_places(report, name):
    text = (report / f"{name}.html").read_text(encoding="utf-8").partition("<main")[2].partition("</main>")[0]
    targets: dict[str, set[str]] = {}
    for attributes, words in re.findall(r"<a ([^>]*)>(.*?)</a>", text, flags=re.DOTALL):
        if "anchor-link" in attributes:  # not shown
            continue
        named = re.search(r'aria-label="([^"]*)"', attributes)
        label = html.unescape(named[1] if named else re.sub("<[^>]+>", "", words)).strip()
        targets.setdefault(label, set()).add(re.search(r'href="([^"]*)"', attributes)[1])
        assert not named or label.startswith(html.unescape(re.sub("<[^>]+>", "", words)).strip())
    assert {label: places for label, places in targets.items() if len(places) > 1} == {}


def test_sources_are_words_and_never_bare_numerals(report):
    for name in ("index", *FIGURES):
        text = (report / f"{name}.html").read_text(encoding="utf-8")
        links = re.findall(r'<a [^>]*href="data-[^"]+"[^>]*>(.*?)</a>', text)
        assert links and not [words for words in links if re.fullmatch(r"\W*\d+\W*", words)]
        assert "title=" not in text.partition("<main")[2]


def test_the_code_book_holds_every_row_as_its_file_states_it(report, pages):
    for entry in read_descriptor()["resources"]:
        text = (report / f"data-{entry['name']}.html").read_text(encoding="utf-8")
        with (settings.HOME / "data" / entry["path"]).open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
        assert rows or entry["name"] == "corrections"
        for number, row in ((1, rows[0]), (len(rows), rows[-1])) if rows else ():
            part = text.partition(f'<tr id="{entry["name"]}-{number}">')[2].partition("</tr>")[0]
            cells = [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", part)]
            told = [cell.replace("\N{NO-BREAK SPACE}", " ").replace("’", "'") for cell in cells]
            assert told == [(value or "empty").replace("’", "'") for value in row], heads
        assert f"{entry['name']}-{len(rows) + 1}" not in pages[f"data-{entry['name']}"].ids
        folded = re.search(rf"<details ([^>]*)><summary>{len(rows)} rows", text)[1]
        assert ("open" in folded) == (len(rows) <= 20)


def test_each_phrase_of_the_code_book_names_its_data_set(report):
    for entry in read_descriptor()["resources"]:
        text = (report / f"data-{entry['name']}.html").read_text(encoding="utf-8")
        for item in entry["evidence"]:
            part = text.partition(f'<dt id="{item["id"]}">')[2].partition("</dd>")[0]
            assert html.escape(entry["title"]).replace("§ ", "§\N{NO-BREAK SPACE}") in part


def test_the_methods_are_documents_and_not_docstrings(report, pages):
    text = (report / "methods.html").read_text(encoding="utf-8")
    outside = re.sub(r"<(pre|script).*?</\1>", "", text, flags=re.DOTALL)
    assert "`" not in outside and "-----" not in text and re.search(r"<h\d>Parameters</h\d>", text)
    part = text.partition('id="lead_quarter"')[2].partition("<section")[0]
    assert part.index("Set each measure’s count") < part.index(">Parameters<") < part.index("<summary>")
    assert "<dt>counts, totals, reporters : pandas.DataFrame</dt><dd><a href=" in part
    part = text.partition('id="compare_rates"')[2].partition("<section")[0]
    assert part.index("Compare two rates") < part.index(">Notes<") < part.index("<summary>")
    assert "Przyborowski" in part and "Given the sum of both counts" in part
    assert "exact for Poisson counts" not in part.partition("<summary>")[2], "the code repeats its docstring"
    assert '<a href="#bound_quarters"><code>bound_quarters</code></a>' in text
    assert "module-rates" in pages["methods"].ids
    assert not {"draw_curve", "number", "percent", "span", "answer", "Table", "Column"} & set(pages["methods"].ids)


def test_a_docstring_is_read_into_paragraphs_and_sections():
    text = "Do `load(name)`.\n\nMore <words>.\n\nParameters\n----------\na, b : int\n    First\n    part.\nc : str\n"
    text += "    Other.\n\nReferences\n----------\nA book.\n\nExamples\n--------\n>>> 1\n1"
    document = methods._read_docstring(text, "code")
    assert document["paragraphs"] == ["Do `load(name)`.", "More <words>."]
    parameters, references, examples = document["sections"]
    assert [term for term, _ in parameters["terms"]] == ["a, b : int", "c : str"]
    assert Words().write_docstring(parameters["terms"][0][1]) == "First part."
    assert references["paragraphs"] == ["A book."] and examples["code"] == ">>> 1\n1"


def test_code_keeps_every_character_where_it_is_marked():
    code = 'def f(x: int) -> str:\n    return "<a>" * 2  # why'
    shown = str(methods.highlight(code))
    assert html.unescape(re.sub("<[^>]+>", "", shown)) == code
    assert "<b>def</b>" in shown and '<i>"&lt;a&gt;"</i>' in shown and "<em># why</em>" in shown


def test_a_page_tells_its_own_findings_that_moved(report, tmp_path):
    parameters = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}
    name, shared = "06-services", made.share(parameters, {path.stem: path.stem for path in find_notebooks()})
    notebook = read_executed(report / "notebooks" / f"{name}.ipynb")
    moved = {"notebook": name, "id": "served-beyond-identified", "sentence": "More.", "old": "1", "new": "2"}
    moved |= {"then": "before", "now": "now"}
    for changed, told in (([moved], True), ([moved | {"notebook": "other"}], False)):
        made.write_page(name, notebook, shared, tmp_path, changed)
        text = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert ('<h2 id="changed">' in text) == ("before: 1; now: " in text) == told


@pytest.mark.parametrize(("quarter", "folds"), [("2012Q2", 0), ("2012Q3", 2), ("2011Q3:2012Q3", 2)])
def test_what_is_about_the_two_years_is_folded_once_a_report_is_about_a_later_quarter(tmp_path, quarter, folds):
    def cell(words, *tags):
        return Cell(words[-1], "markdown", f"# {words}?\n" if words[-1] == "1" else f"Words {words}.", tags, ())

    cells = [cell("Cell 1"), cell("2"), cell("3", "history"), cell("4", "history"), cell("5"), cell("6", "history")]
    shared = made.share({"quarter": quarter, "as_of": "report", "audience": "public"}, {"01-one": "Cell 1?"})
    made.write_page("01-one", Executed(cells), shared, tmp_path, [])
    text = (tmp_path / "01-one.html").read_text(encoding="utf-8")
    inside = re.findall(r'<details class="history">(.*?)</details>', text, flags=re.DOTALL)
    assert [re.findall(r"Words (\d)", part) for part in inside] == [["3", "4"], ["6"]][:folds]
    assert re.findall(r"Words (\d)", text) == ["2", "3", "4", "5", "6"]


def test_methods_are_folded_behind_what_they_led_to_and_what_is_for_researchers_stays_in_the_notebook(tmp_path):
    def cell(name, words, *tags):
        return Cell(name, "markdown", words, tags, ())

    def show(name, kind, content, *tags):
        return Cell(name, "code", "show()", tags, [(kind, content)])

    cells = [
        cell("1", "# One?\n\nFor all."),
        cell("2", "## Two?\n\nPlain."),
        cell("3", "Method A.", "method"),
        cell("4", "After."),
        show("5", "plain", "Method B.", "method"),
        cell("a", "In 2012.", "history"),
        cell("6", "## Six?", "researchers"),
        show("7", "plain", "drawn for few", "researchers"),
        cell("8", "## Eight?\n\nLast.\n\n### What we cannot know\n\n- All.\n\n### What would change it\n\nMore."),
    ]
    notebook = Executed(cells)
    assert [each.id for each in notebook.on_page] == ["1", "2", "4", "3", "5", "a", "8"]
    assert notebook.read_section("What we cannot know") == "- All." and "Six" not in notebook.prose
    shared = made.share({"quarter": "2012Q2", "as_of": "report", "audience": "public"}, {"01-one": "One?"})
    made.write_page("01-one", notebook, shared, tmp_path, [])
    text = (tmp_path / "01-one.html").read_text(encoding="utf-8")
    folds = re.findall(r'<details class="method">(.*?)</details>', text, flags=re.DOTALL)
    assert [re.findall(r"Method (\w)", each) for each in folds] == [["A", "B"]]
    assert text.index("After.") < text.index("Method A") < text.index("Eight?") and "drawn for few" not in text


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_what_is_for_researchers_alone_finds_nothing_and_makes_nothing_that_a_page_needs(path):
    notebook = read_executed(path)
    alone = [cell for cell in notebook.cells if "researchers" in cell.tags]
    assert not [kind for cell in alone for kind, _ in cell.parts if kind == "findings"]
    made = {name for cell in alone for name in re.findall(r"^(\w+) = ", cell.source, flags=re.MULTILINE)}
    others = "\n".join(cell.source for cell in notebook.on_page if cell.kind == "code")
    assert not [name for name in made if re.search(rf"\b{name}\b", others)]


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_a_page_ends_with_one_section_on_how_sure_it_is_and_has_the_settings_that_papermill_sees(path):
    headings = re.findall(r"^(##+) (.+)$", read_executed(path).prose, flags=re.MULTILINE)
    last = ["How sure is this?", "What we cannot know", "What would change it"]
    assert headings[-3:] == [*zip(("##", "###", "###"), last, strict=True)]
    declared = papermill.inspect_notebook(str(path)).values()
    rows = [[item["name"], item["default"].strip("\"'"), item["help"]] for item in declared]
    assert made._settings(read_executed(path))["rows"] == rows


def test_what_makes_a_finding_is_the_cell_that_names_it_or_else_the_one_that_shows_it():
    def cell(name, source, *shown):
        return Cell(name, "code", source, [], [("findings", {"findings": [{"id": item} for item in shown]})])

    cells = [cell("c1", 'x = Finding(id="a-b")'), cell("c2", "answer(x)", "a-b"), cell("c3", "each", "c-d")]
    assert Executed(cells).made == {"a-b": "c1", "c-d": "c3"}


def test_a_page_explains_its_terms(report):
    text = (report / "06-services.html").read_text(encoding="utf-8")
    assert text.count('popovertarget="word-tcvap"') == 1
    assert f"<strong>TCVAP</strong>: {GLOSSARY['TCVAP'][1]}</p>" in text


def test_a_page_asks_for_nothing_but_what_lies_beside_it_and_names_its_script_and_style_by_hash(report):
    fonts = "for (const font of document.fonts) font.load();"
    own = "".join(made.read_asset(f"{name}.js") for name in ("pages", "figures"))
    for name in [*PAGES, *SHEETS]:
        text = (report / f"{name}.html").read_text(encoding="utf-8")
        policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
        within = {tag: re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL) for tag in ("script", "style")}
        found, (style, *others) = within.values()
        sheet = name.partition("-")[0]
        lists, whatif, index = (made.read_asset(f"{each}.css") for each in ("lists", "whatif", "index"))
        index += made.read_asset("brief.css") if sheet == "brief" else ""
        expected = {"index": [[lists, whatif, index]], "brief": [[lists, index]]}.get(sheet, [[lists]])
        expected = [[], [whatif]] if sheet.isdigit() else expected
        script = made.read_asset("pages.js") if name == "methods" else own
        asks = made.read_asset("whatif.js")
        scripts = f"script-src {made.allow(fonts)} {made.allow(script)} {made.allow(asks)} 'strict-dynamic';"
        held = [fonts, script, *[asks] * (whatif in others)]
        assert others in expected and found == ([fonts] if sheet == "brief" else held), name
        styles = f"style-src 'self' {' '.join(map(made.allow, (style, lists, whatif, index)))};"
        assert policy.startswith(f"default-src 'none'; {styles} {scripts}") and "unsafe-inline" not in policy
        assert "<script src" not in text and not re.search(r"<[^>]+ style=", text)


@pytest.fixture(scope="module")
def pages_of_the_year(tmp_path_factory):
    """Every page of a report for a year, read."""
    folder = make_report(tmp_path_factory.mktemp("year"), "2011Q3:2012Q2").parent
    return {name: Page(folder / f"{name}.html") for name in PAGES}


def test_links_in_a_memo_still_work_for_another_quarter(pages, pages_of_the_year):
    """What is there in both reports has one id; only what a quarter has or has not may come and go."""
    for name in PAGES:
        fixed = {i for i in pages[name].ids if not i.startswith(("word-", "note-word"))}
        lost = fixed - set(pages_of_the_year[name].ids)
        assert lost <= set(), name


def test_html_is_valid(report):
    assert find_html_faults(*sorted(report.glob("*.html"))) == []


def test_a_fault_of_html_is_found(tmp_path):
    page = tmp_path / "page.html"
    body = '<body><p id="a"></p><p id="a"></p></body>'
    page.write_text(f'<!DOCTYPE html><html lang="en"><head><title>x</title></head>{body}</html>')
    assert {rule for _, _, rule, _ in find_html_faults(page)} == {"no-dup-id"}


def test_what_a_notebook_brings_runs_loads_and_turns_nothing_on_its_page(tmp_path, monkeypatch, capfd):
    notebook = nbformat.read(find_notebooks()[6], as_version=4)
    meta = "<meta http-equiv='refresh' content='0; url=x'><iframe src='x'></iframe>"
    notebook.cells[0].source = f"# Who \u202epays?\n\n{meta}"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("<style>p { display: none }</style> [a](javascript:x())"))
    shown = "from IPython.display import HTML\nHTML('<script>one()</script><b onclick=two()>2</b>')"
    notebook.cells.append(nbformat.v4.new_code_cell(shown))
    nbformat.write(notebook, tmp_path / "06-services.ipynb")
    monkeypatch.setattr("htanalysis.report.build.find_notebooks", lambda: [tmp_path / "06-services.ipynb"])
    text = (make_report(tmp_path / "reports").parent / "06-services.html").read_text(encoding="utf-8")
    assert "Who pays?" in (told := capfd.readouterr().err) and "\u202e" not in told
    for part in ("<iframe", "<style", "<b onclick", "<script>one", 'href="javascript', "\u202e", "url=x'>"):
        assert part not in without_style(text).replace('http-equiv="Content', ""), part
    assert "<title>2012Q2: Who \\u202epays?</title>" in text and "<b>2</b>" in text


def test_licenses_travel_with_the_report(report):
    names = {path.name for path in (report / "assets").glob("*-LICENSE.txt")}
    fonts_and_scripts = ("minisearch", "source-sans-3", "source-serif-4")
    assert names == {f"{name}-LICENSE.txt" for name in fonts_and_scripts}
