import csv
import html
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import nbformat
import papermill
import pyphen
import pytest
from conftest import FIGURES, PAGES, find_html_faults

import htanalysis as ht
from htanalysis import methods, settings
from htanalysis import pages as made
from htanalysis.datasets import read_descriptor
from htanalysis.notebooks import find_notebooks, read_outputs, read_title
from htanalysis.reports import make_report
from htanalysis.summaries import HEADLINES, list_unknown
from htanalysis.words import GLOSSARY, polish


class Page(HTMLParser):
    """Collects what the tests ask for: ids, links, files, headings, figures, images of text."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.files, self.headings, self.figures, self.names = [], [], [], [], [], []
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
        self.names += [attributes[key] for key in ("popovertarget", "data-note") if key in attributes]


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
    # The code book holds every row of every data set.
    most = 350_000 if name == "codebook" else 300_000
    assert "Plotly" not in text and "plotly-basic" not in text and len(text.encode()) <= most


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_headings_skip_no_level(pages, name):
    page = pages[name]
    assert len(set(page.ids)) == len(page.ids), {i for i in page.ids if page.ids.count(i) > 1}
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


@pytest.mark.parametrize("name", PAGES)
def test_whatever_opens_a_note_names_one_that_is_there(pages, name):
    assert set(pages[name].names) <= set(pages[name].ids)
    assert pages[name].names or name in ("changes", "methods")


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


def test_the_index_shows_the_findings_that_matter_as_cards_by_question(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    cards = re.findall(r'<li class="card card-(\w+)">(.*?)</li>', text, flags=re.DOTALL)
    assert len(cards) == len(HEADLINES)
    for (basis, card), (name, topic) in zip(cards, HEADLINES.items(), strict=True):
        assert f'popovertarget="note-{name}"' in card and f'href="{_page_of(report, name)}#{name}"' in card
        assert topic.replace("§ ", "§\N{NO-BREAK SPACE}") in card and f"basis-{basis}" in card
        assert 'href="codebook.html#' in card and '<p class="sentence">' in card
        assert re.search(r'popovertarget="note-[\w-]+">[^<&]+<sup class="on-paper">\d+</sup></button></p>', card)
    sections = re.findall(r'<section class="question".*?</section>', text, flags=re.DOTALL)
    assert len(sections) == len(FIGURES) + 1 and all('class="amount">Not known<' in section for section in sections)


def _page_of(report, finding):
    for path in (report / "notebooks").iterdir():
        if any(content["id"] == finding for _, content in read_outputs(path)):
            return f"{path.stem}.html"
    raise AssertionError(f"no notebook shows {finding}")


def test_what_cannot_be_known_stands_beside_what_is(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    for path in (report / "notebooks").iterdir():
        part = text.partition(f'id="q-{path.stem}"')[2].partition("</section>")[0].partition('class="unknown"')[2]
        lines = list_unknown(made.nbformat.read(path, as_version=4))
        assert len(lines) >= 2 and part.count("<li>") == len(lines)
        for line in lines:
            assert f"<li>{line}</li>" in re.sub(r"</?(?:dfn|button)[^>]*>", "", part)
        assert f'href="{path.stem}.html#section-what-would-change-it"' in part


def test_the_index_begins_with_three_sentences_two_pictures_and_the_key(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    hero = text.partition('class="hero"')[2].partition("</section>")[0]
    plain = html.unescape(re.sub("<[^>]+>", "", re.sub(r'<sup class="on-paper">.*?</sup>', "", hero)))
    assert "From April to June 2012, 9 task forces identified 304 victims; from July to September 2010, 8" in plain
    assert "Of the 113 convictions for human trafficking since 2007, 52 were in Alameda County." in plain
    assert "Nobody knows how many people are trafficked in California" in plain
    assert hero.count('role="img"') == 2 and "Alameda 52 convictions (reported)" in hero
    assert text.index('class="hero"') < text.index('class="key"') < text.index('id="known"')
    assert "Report for 2012Q2, numbers as the 2012 report states them, for the public" in text


def grade(text):
    """Give the Flesch-Kincaid grade (Kincaid et al. 1975): 0.39 words a sentence + 11.8 syllables a word - 15.59."""
    sentences = [part for part in re.split(r"[.;:!?]+(?:\s|$)", text) if part]
    words = re.findall(r"[A-Za-z’]+|\d[\d,.%]*\d|\d", text)
    hyphens = pyphen.Pyphen(lang="en_US")
    syllables = sum(len(hyphens.inserted(word).split("-")) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_grades_are_those_of_known_texts():
    assert grade("The cat sat on the mat. The dog ran to the cat.") < 2
    hard = (
        "Notwithstanding jurisdictional heterogeneity, methodological considerations necessitate probabilistic caution."
    )
    assert grade(hard) > 18


@pytest.mark.parametrize(
    "part", ['class="aloud"(.*?)</ul>', 'class="sentence">(.*?)</p>', 'class="unknown">(.*?)</div>']
)
def test_the_summary_is_read_with_ten_years_of_school(report, part):
    text = (report / "index.html").read_text(encoding="utf-8")
    shown = re.sub(r'<sup class="on-paper">.*?</sup>|<p class="since">.*?</p>|<a .*?</a>', "", text, flags=re.DOTALL)
    found = re.findall(part, shown, flags=re.DOTALL)
    plain = " ".join(html.unescape(re.sub("<[^>]+>", " ", passage)) for passage in found)
    assert len(plain.split()) > 60 and grade(plain) <= 10


def test_what_the_report_said_reproduces_or_not_or_cannot_be_checked(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    told = re.findall(
        r'<h3><a href="07-the-report-checked.html#(claims-\w+)">([\w ]+): (\d+) statements</a>(?:<sup[^<]+</sup>)?</h3>'
        r"<p>[^<]+ (\d+) facts\.",
        text,
    )
    assert told == [
        ("claims-agree", "Reproduces", "80", "61"),
        ("claims-differ", "Does not reproduce", "39", "29"),
        ("claims-unknown", "Cannot be checked", "21", "21"),
    ]


def test_code_is_on_the_page_behind_a_switch_and_settings_are_explained(report):
    text = (report / "01-quarterly-trends.html").read_text(encoding="utf-8")
    assert 'type="checkbox" id="show-code"' in text and "Show the code</label>" in text
    assert 'class="code highlight" id="code-' in text
    part = text.partition("Settings of this page")[2]
    assert "san_jose_share" in part and "0.11" in part and "one of nine" in part


def test_all_other_findings_are_sentences_below_the_cards(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    others = re.findall(
        r'<details class="others" open><summary>(\d+) (?:more|findings)<.*?</details>', text, flags=re.DOTALL
    )
    lists = re.findall(r'<details class="others".*?</details>', text, flags=re.DOTALL)
    assert [int(count) for count in others] == [part.count("<li>") for part in lists]
    found = sum(kind == "finding" for path in (report / "notebooks").iterdir() for kind, _ in read_outputs(path))
    assert sum(map(int, others)) + len(HEADLINES) + 2 == found
    assert all(part.count(">See the evidence</a>") == part.count("<li>") for part in lists)


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
            part = text.partition(f'<tr id="{entry["name"]}-{number}">')[2].partition("</tr>")[0]
            cells = [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", part)]
            told = [cell.replace("\N{NO-BREAK SPACE}", " ").replace("’", "'") for cell in cells]
            assert told == [(value or "empty").replace("’", "'") for value in row], heads
        assert f"{entry['name']}-{len(rows) + 1}" not in pages["codebook"].ids
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
    document = methods._read_docstring(text, frozenset({"load"}))
    assert document["summary"] == 'Do <a href="#load"><code>load(name)</code></a>.'
    assert document["paragraphs"] == ["More &lt;words&gt;."]
    parameters, references, examples = document["sections"]
    assert parameters["terms"] == [("a, b : int", "First part."), ("c : str", "Other.")]
    assert references["paragraphs"] == ["A book."] and examples["code"] == ">>> 1\n1"


def test_code_is_shown_without_its_docstring_and_keeps_every_other_character():
    _, code = methods._read_module("summaries").functions["_round_up"]
    assert code.startswith("def _round_up(value: float) -> float:\n    if value <= 0:")
    shown = methods.highlight(code)
    assert html.unescape(re.sub("<[^>]+>", "", shown)) == code
    assert '<span class="k">def</span>' in shown


PARAMETERS = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}


def share_of(paths):
    return made.share(PARAMETERS, {path.stem: read_title(path) for path in paths})


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_can_be_written_before_the_other_notebooks_are_executed(report, tmp_path, name):
    notebook = made.read_executed(report / "notebooks" / f"{name}.ipynb")
    made.write_page(name, notebook, share_of(find_notebooks()), tmp_path, [])
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.html"]
    assert (tmp_path / f"{name}.html").read_bytes() == (report / f"{name}.html").read_bytes()


def test_the_other_pages_need_no_page_of_a_notebook(report, tmp_path):
    paths = sorted((report / "notebooks").iterdir())
    notebooks = {path.stem: made.read_executed(path) for path in paths}
    found = [{"notebook": path.stem} | item for path in paths for kind, item in read_outputs(path) if kind == "finding"]
    made.write_other_pages(notebooks, found, share_of(paths), tmp_path, None)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert {name.removesuffix(".html") for name in written if name.endswith(".html")} == set(PAGES) - set(notebooks)
    for name in written - {"index.html"}:  # which lists the files beside it
        assert (tmp_path / name).read_bytes() == (report / name).read_bytes()


def test_a_page_tells_its_own_findings_that_moved_and_follows_what_its_notebook_says(report, tmp_path):
    name = "06-services"
    notebook = made.read_executed(report / "notebooks" / f"{name}.ipynb")
    moved = {"notebook": name, "id": "served-beyond-identified", "sentence": "More.", "old": "1", "new": "2"}
    made.write_page(name, notebook, share_of(find_notebooks()), tmp_path, [moved])
    text = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
    assert '<h2 id="changed">' in text and "before: 1; now: " in text
    code = next(cell for cell in notebook.cells if cell.cell_type == "code" and "import" in cell.source)
    code.source += "\n# changed meanwhile"
    notebook.cells[-1].source += "\n\n## Said meanwhile"
    made.write_page(name, notebook, share_of(find_notebooks()), tmp_path, [])
    text = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
    assert "# changed meanwhile</span>" in text and '<h2 id="section-said-meanwhile">' in text
    assert '<h2 id="changed">' not in text


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_the_settings_of_a_page_are_the_parameters_that_papermill_sees(path):
    declared = papermill.inspect_notebook(str(path)).values()
    rows = [[item["name"], item["default"].strip("\"'"), item["help"]] for item in declared]
    assert made._settings(made.read_executed(path))["rows"] == rows


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
        '<div class="plot"><p>CJIS</p></div><script>if (1 < 2) "CJIS"</script><p>To CJIS, and CJIS.</p></main>'
        "<p>ILO</p>"
    )
    text = polish(page)
    assert text.count('class="term"') == 1
    assert (
        '<p>To <dfn><button type="button" class="term" popovertarget="word-cjis">CJIS</button></dfn>, and CJIS.' in text
    )
    assert f'id="word-cjis" popover tabindex="-1" autofocus><p><strong>CJIS</strong>: {GLOSSARY["CJIS"][1]}</p>' in text
    assert text.index("word-cjis") < text.index("</main>") and "ILO</p>" in text
    plain = "<!doctype html><main><p>Nothing &lt;here&gt; &#8212;</p><br><img src='x'/></main>"
    assert polish(plain) == plain


def test_links_are_numbered_for_paper_and_those_that_paper_hides_are_not():
    page = '<a href="out">menu</a><main><p><a href="a.html">A</a> <a href="b.html">B</a> <a href="a.html">A</a></p>'
    text = polish(page + '<p><a class="link" href="#x">#</a></p></main>')
    assert re.findall(r'>(\w)</a><sup class="on-paper">\[(\d)\]</sup>', text) == [("A", "1"), ("B", "2"), ("A", "1")]
    assert "<ol><li>a.html</li><li>b.html</li></ol>" in text and text.count("<sup") == 3


@pytest.mark.parametrize(("name", "term"), [("02-arrests-and-convictions", "CJIS"), ("06-services", "TCVAP")])
def test_a_page_explains_its_terms(report, pages, name, term):
    text = (report / f"{name}.html").read_text(encoding="utf-8")
    assert text.count(f'popovertarget="word-{term.lower()}"') == 1 and f"word-{term.lower()}" in pages[name].ids


def test_a_page_asks_for_nothing_but_what_lies_beside_it(report):
    allowed = f"style-src 'self' file: 'unsafe-hashes' {made.allow('')} {made.allow('font-weight:bold')};"
    for name in PAGES:
        text = (report / f"{name}.html").read_text(encoding="utf-8")
        policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
        assert policy.startswith(f"default-src 'none'; {allowed} script-src 'self' file:;")
        assert "unsafe-inline" not in policy and not re.search(r"<[^>]+ style=", text)


@pytest.fixture(scope="module")
def pages_of_the_year(tmp_path_factory):
    """Every page of a report for a year, read."""
    folder = make_report("2011Q3:2012Q2", tmp_path_factory.mktemp("year"), jobs=2).parent
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
    page.write_text(
        '<!DOCTYPE html><html lang="en"><head><title>x</title></head><body><p id="a"></p><p id="a"></p></body></html>'
    )
    assert {rule for _, _, rule, _ in find_html_faults(page)} == {"no-dup-id"}


def test_what_a_notebook_brings_runs_loads_and_turns_nothing_on_its_page(tmp_path, monkeypatch):
    notebook = nbformat.read(find_notebooks()[6], as_version=4)
    notebook.cells[
        0
    ].source = "# Who \u202epays?\n\n<meta http-equiv='refresh' content='0; url=x'><iframe src='x'></iframe>"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("<style>p { display: none }</style> [a](javascript:x())"))
    shown = "from IPython.display import HTML\nHTML('<script>one()</script><b onclick=two()>2</b>')"
    notebook.cells.append(nbformat.v4.new_code_cell(shown))
    nbformat.write(notebook, tmp_path / "06-services.ipynb")
    monkeypatch.setattr("htanalysis.reports.find_notebooks", lambda: [tmp_path / "06-services.ipynb"])
    text = (make_report("2012Q2", tmp_path / "reports").parent / "06-services.html").read_text(encoding="utf-8")
    for part in ("<iframe", "<style", "<b onclick", "<script>one", 'href="javascript', "\u202e", "url=x'>"):
        assert part not in text.replace('http-equiv="Content', ""), part
    assert "<title>2012Q2: Who \\u202epays?</title>" in text and "<b>2</b>" in text


def test_licenses_travel_with_the_report(report):
    names = {path.name for path in (report / "assets").glob("*-LICENSE.txt")}
    fonts_and_scripts = ("minisearch", "plotly", "source-sans-3", "source-serif-4")
    assert names == {f"{name}-LICENSE.txt" for name in fonts_and_scripts}
