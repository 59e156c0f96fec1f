import csv
import html
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import htanalysis as ht
from htanalysis import methods, settings
from htanalysis import pages as made
from htanalysis.datasets import read_descriptor
from htanalysis.pages import HEADLINES, UNKNOWNS
from htanalysis.runs import read_outputs
from htanalysis.words import GLOSSARY, polish

PAGES = [
    *("index", "00-start-here", "01-quarterly-trends", "02-arrests-and-convictions", "03-county-convictions"),
    *("04-sex-and-labor", "05-task-force-selection", "06-services", "07-the-report-checked", "08-returns"),
    *("changes", "codebook", "methods"),
]


#: Notebooks whose figures the tests count: without returns, the one of them has none.
FIGURES = PAGES[1:9]


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


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_text_that_stands_for_it(pages, name):
    assert pages[name].figures
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
            elif basis != ["reported"]:
                cell = re.search(r'href="#(code-[^"]+)"[^>]*>See the code<', part)[1]
                assert cell in pages[path.stem].ids


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
    assert places[-1] < text.index('id="unknown"')
    for topic in HEADLINES.values():
        assert topic.replace("§ ", "§\N{NO-BREAK SPACE}") in text


def _page_of(report, finding):
    for path in (report / "notebooks").iterdir():
        if any(content["id"] == finding for _, content in read_outputs(path)):
            return f"{path.stem}.html"
    raise AssertionError(f"no notebook shows {finding}")


def test_what_cannot_be_known_stands_on_the_index(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    part = text.partition('id="unknown"')[2].partition("<section")[0]
    assert part.count("<li>") >= 20
    for path in (report / "notebooks").iterdir():
        for line in made._unknown(made.nbformat.read(path, as_version=4)):
            assert f"<li>{line}</li>" in re.sub(r'<a class="term"[^>]*>(.*?)</a>', r"\1", part)


def test_code_is_on_the_page_behind_a_switch_and_settings_are_explained(report):
    text = (report / "01-quarterly-trends.html").read_text(encoding="utf-8")
    assert 'id="show-code" type="checkbox"' in text and "Show the code</label>" in text
    assert 'class="code highlight" id="code-' in text
    part = text.partition("Settings of this page")[2]
    assert "san_jose_share" in part and "0.11" in part and "one of nine" in part


def test_what_nobody_knows_stands_between_the_findings_as_large_as_they(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    part = text.partition('id="nobody"')[2].partition("<section")[0]
    assert text.index('id="first"') < text.index('id="nobody"') < text.index('id="next"') < text.index('id="unknown"')
    assert len(UNKNOWNS) == 3 and part.count('<p class="amount">not known</p>') == 3
    for name, topic in UNKNOWNS.items():
        assert topic in part and f'href="{name}.html#What-we-cannot-know"' in part
    assert "How many people are trafficked in California" in part


def test_other_findings_are_sentences_with_a_link_and_not_links(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    part = text.partition('id="more"')[2].partition('id="downloads"')[0]
    assert "<li>The collection holds 22 data sets" in part
    assert part.count(">See the evidence</a>") == part.count("<li>")


def test_every_download_says_its_size_and_format(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    size = round((report / "findings.csv").stat().st_size / 1000)
    assert f'<a href="findings.csv">findings.csv</a> (CSV, {size} kB)' in text
    assert '<a href="manifest.json">manifest.json</a> (JSON)' in text
    assert len(re.findall(r"\.ipynb</a> \(Jupyter notebook, \d+ kB\)", text)) == len(FIGURES) + 1


def test_the_index_says_how_to_cite_it(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    entry = re.search(r'<pre class="bibtex"[^>]*>(.*?)</pre>', text, flags=re.DOTALL)[1]
    assert entry.startswith("@techreport{htanalysis-2012Q2,") and "<" not in entry
    assert "Report for 2012Q2, numbers as the 2012 report states them" in entry
    assert "BSD 3-Clause" in text and "there is nothing to compare it with" in text


@pytest.mark.parametrize("name", PAGES)
def test_every_page_explains_the_four_bases_and_leads_to_all_findings(report, name):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    key = re.search(r'<ul [^>]*class="key"[^>]*>(.*?)</ul>', text, flags=re.DOTALL)[1]
    assert all(f">{basis}</span> {meaning}</li>" in key for basis, meaning in settings.BASES.items())
    assert re.search(r'<a [^>]*href="index.html"[^>]*>All findings</a>', text)


@pytest.mark.parametrize("name", PAGES)
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
        links = re.findall(r'<a [^>]*href="codebook.html#[^"]+"[^>]*>(.*?)</a>', text)
        assert links and not [words for words in links if re.fullmatch(r"\W*\d+\W*", words)]
        assert "title=" not in text.partition("<main")[2]


def test_phrases_of_one_place_are_told_apart_by_their_first_words():
    short = made._short_quotes()
    quotes = [item for entry in read_descriptor()["resources"] for item in entry["evidence"]]
    by_place: dict[str, dict[str, str]] = {}
    for item in quotes:
        assert item["quote"].startswith(short[item["id"]].rstrip("…"))
        by_place.setdefault(item["place"], {})[item["id"]] = item["quote"]
    for same in by_place.values():
        assert len({short[name] for name in same}) == len(set(same.values()))
    assert short["quarters-victims"] == "the number of victims…"


def test_quotes_that_begin_alike_are_cut_where_they_part(monkeypatch):
    quotes = {"a": "one two three four five six seven", "b": "one two three four other six", "c": "short one"}
    entries = [{"id": name, "place": "p", "quote": quote} for name, quote in quotes.items()]
    monkeypatch.setattr(made, "list_described", lambda: [{"evidence": entries}])
    short = made._short_quotes.__wrapped__()
    assert short == {"a": "one two three four five…", "b": "one two three four other…", "c": "short one"}


def test_the_code_book_holds_every_row_as_its_file_states_it(report, pages):
    text = (report / "codebook.html").read_text(encoding="utf-8")
    for entry in read_descriptor()["resources"]:
        with (settings.HOME / "data" / entry["path"]).open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
        for number, row in ((1, rows[0]), (len(rows), rows[-1])):
            part = text.partition(f'<tr id="row-{entry["name"]}-{number}">')[2].partition("</tr>")[0]
            cells = [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", part)]
            told = [cell.replace("\N{NO-BREAK SPACE}", " ").replace("’", "'") for cell in cells]
            assert told == [(value or "empty").replace("’", "'") for value in row], heads
        assert f"row-{entry['name']}-{len(rows) + 1}" not in pages["codebook"].ids
        folded = re.search(rf"<details ([^>]*)><summary>{len(rows)} rows", text)[1]
        assert ("open" in folded) == (len(rows) <= 60)


def test_each_phrase_of_the_code_book_names_its_data_set(report):
    text = (report / "codebook.html").read_text(encoding="utf-8")
    for entry in read_descriptor()["resources"]:
        for item in entry["evidence"]:
            part = text.partition(f'<dt id="{item["id"]}">')[2].partition("</dd>")[0]
            assert html.escape(entry["title"]).replace("§ ", "§\N{NO-BREAK SPACE}") in part


def test_the_methods_are_documents_and_not_docstrings(report, pages):
    text = (report / "methods.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000
    outside = re.sub(r"<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert "`" not in outside and "-----" not in text and re.search(r"<h\d>Parameters</h\d>", text)
    part = text.partition('id="compare_rates"')[2].partition("<section")[0]
    assert part.index("Compare two Poisson rates") < part.index(">Parameters<") < part.index("<summary>")
    assert "<dt>confidence : float</dt><dd>Confidence level of the interval.</dd>" in part
    assert "Przyborowski" in part and "Given the sum of both counts" in part
    assert "exact conditional method" not in part.partition("<summary>")[2], "the code repeats its docstring"
    assert '<a href="#bound_quarters"><code>bound_quarters</code></a>' in text
    assert "module-rates" in pages["methods"].ids
    assert not {"draw_curve", "number", "percent", "span", "answer", "Table", "Axis"} & set(pages["methods"].ids)


def test_a_docstring_is_read_into_summary_paragraphs_and_sections():
    text = "Do `load(name)`.\n\nMore <words>.\n\nParameters\n----------\na, b : int\n    First\n    part.\nc : str\n"
    text += "    Other.\n\nReferences\n----------\nA book.\n\nExamples\n--------\n>>> 1\n1"
    document = methods._read_docstring(text, {"load": None})
    assert document["summary"] == 'Do <a href="#load"><code>load(name)</code></a>.'
    assert document["paragraphs"] == ["More &lt;words&gt;."]
    parameters, references, examples = document["sections"]
    assert parameters["terms"] == [("a, b : int", "First part."), ("c : str", "Other.")]
    assert references["paragraphs"] == ["A book."] and examples["code"] == ">>> 1\n1"


def test_code_is_shown_without_its_docstring_and_keeps_every_other_character():
    code = methods._source_alone(made._round_up)
    assert code.startswith("def _round_up(value: float) -> float:\n    if value <= 0:")
    shown = methods.highlight(code)
    assert html.unescape(re.sub("<[^>]+>", "", shown)) == code
    assert '<span class="k">def</span>' in shown


FINDING = {"basis": "bounded", "value": None, "low": None, "high": None, "unit": "", "digits": 0}


def scale_of(**given):
    """Draw a scale, and give what stands where on it and how it ends."""
    drawn = str(made._draw_scale(FINDING | given))
    places = {name: float(left) for name, left in re.findall(r'class="(\w+)" style="left:(-?[\d.]+)%', drawn)}
    return drawn, places, re.findall(r"<span>([^<>]+)</span><span>([^<>]+)</span></span>$", drawn)


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
    width = float(re.search(r"width:([\d.]+)%", drawn)[1])
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
        assert made._range_in_words(FINDING | given) == words
    assert made._range_in_words(FINDING | {"low": 1, "high": 54}) == "bounds"
    assert made._range_in_words(FINDING | {"low": 1, "high": 1}) == "" == made._range_in_words(FINDING)


def test_what_makes_a_finding_is_the_cell_that_names_it_or_else_the_one_that_shows_it():
    def cell(name, source, *shown):
        outputs = [{"data": {made.findings.MIME: {"findings": [{"id": item} for item in shown]}}}]
        return made.nbformat.from_dict(
            {"cell_type": "code", "id": name, "source": source, "outputs": outputs if shown else []}
        )

    notebook = made.nbformat.from_dict({"cells": []})
    notebook.cells = [cell("c1", 'x = Finding(id="a-b")'), cell("c2", "answer(x)", "a-b"), cell("c3", "each", "c-d")]
    made_by = made._point_to_code(notebook)
    assert made_by == {"a-b": {"topic": "a b", "code": "code-c1"}, "c-d": {"topic": "c d", "code": "code-c3"}}
    assert notebook.cells[1].outputs[0].data[made.findings.MIME].findings[0].code == "code-c1"


def test_words_that_belong_together_do_not_part_and_apostrophes_are_round():
    text = polish("<h1>California&#39;s San Jose/South Bay</h1><p title='§ 1'>§ 999 &amp; it's</p><pre>it's § 1</pre>")
    assert "<h1>California’s San\N{NO-BREAK SPACE}Jose/South\N{NO-BREAK SPACE}Bay</h1>" in text
    assert "<p title='§ 1'>§\N{NO-BREAK SPACE}999 &amp; it’s</p><pre>it's § 1</pre>" in text


def test_a_term_is_explained_where_it_first_stands_in_running_text():
    page = (
        "<main><h2>CJIS</h2><p><a href='#'>CJIS</a> <code>CJIS</code></p><table><tr><td>CJIS</td></tr></table>"
        '<div role="img"><p>CJIS</p></div><script>if (1 < 2) "CJIS"</script><p>To CJIS, and CJIS.</p></main><p>ILO</p>'
    )
    text = polish(page)
    assert text.count('class="term"') == 1
    assert '<p>To <a class="term" href="#word-cjis">CJIS</a>, and CJIS.</p>' in text
    assert f'<dt id="word-cjis"><dfn>CJIS</dfn></dt><dd>{GLOSSARY["CJIS"][1]}</dd>' in text
    assert text.index("word-cjis") < text.index("</main>") and "ILO</p>" in text
    plain = "<!doctype html><main><p>Nothing &lt;here&gt; &#8212;</p><br><img src='x'/></main>"
    assert polish(plain) == plain


@pytest.mark.parametrize(("name", "term"), [("02-arrests-and-convictions", "CJIS"), ("06-services", "TCVAP")])
def test_a_page_explains_its_terms_at_its_end(report, pages, name, term):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    assert text.count(f'href="#word-{term.lower()}"') == 1 and f"word-{term.lower()}" in pages[name].ids
