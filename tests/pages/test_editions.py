"""The editions: the whole report as one file, and as a PDF."""

import html
import re
import shutil
from itertools import pairwise
from types import SimpleNamespace

import pikepdf
import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import FIGURES, PAGES, find_html_faults, make_report, open_everything, open_page

from htanalysis.report import editions
from htanalysis.report.findings import tell_size


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    """The report with both editions, made of the same executed notebooks."""
    out = tmp_path_factory.mktemp("editions")
    shutil.copytree(report.parent / ".kept", out / ".kept")
    return make_report(out, "latest", single_file=True, pdf=True).parent


def test_the_index_and_the_findings_offer_both_with_their_size(folder):
    text, first = ((folder / f"{name}.html").read_text(encoding="utf-8") for name in ("findings", "index"))
    for name, kind in (("report.html", "HTML"), ("report.pdf", "PDF"), ("brief.pdf", "PDF"), ("brief-es.pdf", "PDF")):
        size = tell_size(folder / name)
        assert f'<a href="{name}">{name}</a> ({kind}, {size})' in text
        assert f'<a href="{name}">{name}</a>, {size}' in first


@pytest.fixture(scope="module")
def alone(folder, tmp_path_factory):
    """The file alone, as a mail brings it."""
    place = tmp_path_factory.mktemp("mail")
    shutil.copy(folder / "report.html", place / "report.html")
    return place


def test_the_single_file_is_valid_below_6_megabytes_and_names_nothing_outside(alone):
    content = (alone / "report.html").read_bytes()
    assert len(content) < 6_000_000 and find_html_faults(alone / "report.html") == []
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", content.decode(), flags=re.DOTALL)
    assert not re.findall(r'(?:href|src)="(?!#)[^"]*"', text)
    ids, links = set(re.findall(r' id="([^"]+)"', text)), set(re.findall(r'href="#([^"]+)"', text))
    assert links - ids == set() and len(links) > 300
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert "file:" not in policy.replace("img-src 'self' data: blob: file:", "") and "'unsafe-inline'" not in policy


def test_the_single_file_works_alone(browser, alone):
    page = open_page(browser, alone, "report")
    page.locator("[popovertarget='page-index--note-arrests-in-all']").first.click()
    assert "33 + 34" in page.locator("#page-index--note-arrests-in-all").inner_text()
    page.keyboard.press("Escape")
    page.locator(".page-findings .card .evidence").first.click()
    assert page.url.endswith("#page-00-start-here--quarterly-counts-published")
    figure = page.locator("[id='page-06-services--reach']")
    field = page.get_by_role("searchbox")
    field.fill("nowcast")
    page.locator("#found a").first.click()
    assert page.locator(":target").count() == 1
    with page.expect_download() as saved:
        figure.locator(".save summary").click()
        figure.get_by_role("button", name="Numbers (CSV)").click()
    assert saved.value.suggested_filename == "reach.csv"
    assert page.noted == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_the_single_file_is_for_everyone(browser, alone, width, scheme):
    page = open_page(browser, alone, "report", width, color_scheme=scheme)
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []


@pytest.fixture(scope="module")
def book(folder):
    return pypdf.PdfReader(folder / "report.pdf")


def find_chapters(book):
    """Give each chapter's title, and its texts by sheet with the number of the first; one may begin below another."""
    marks = [mark for mark in book.outline if not isinstance(mark, list)]
    marks = [(mark.title, book.get_destination_page_number(mark)) for mark in marks]
    texts = [re.sub(r"\s+", " ", sheet.extract_text()) for sheet in book.pages]
    chapters = {}
    for (title, first), (following, end) in pairwise([*marks, ("", len(texts))]):
        # A heading's last words are enough: pypdf gives its numbers, and some letters, in other ways.
        own, (begins, ends) = texts[first : end + 1], (" ".join(each.split()[-5:]) for each in (title, following))
        own[-1] = own[-1].partition(ends)[0] if ends else own[-1]
        own[0] = own[0].partition(begins)[2]
        chapters[title] = first + 1, own if len(own[-1]) > 300 else own[:-1]  # what stands above at the top of a sheet
    return chapters


def test_the_pdf_is_small_tagged_and_bookmarked_and_has_no_more_than_60_sheets_of_letter(folder, book):
    assert (folder / "report.pdf").stat().st_size < 2_000_000
    assert len(book.pages) <= 60 and {tuple(sheet.mediabox) for sheet in book.pages} == {(0, 0, 612, 792)}
    assert book.trailer["/Root"]["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in book.trailer["/Root"]
    marks = [mark.title for mark in book.outline if not isinstance(mark, list)]
    for name in PAGES[2:11]:
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", page)[1]).replace("§ ", "§\N{NO-BREAK SPACE}") in marks
    assert book.metadata.title == marks[0] == "Human trafficking in California: the published numbers"
    with pikepdf.open(folder / "report.pdf") as opened:
        streams = [item for item in opened.objects if isinstance(item, pikepdf.Stream)]
        assert not [item for item in streams if item.get("/Subtype") == "/Image"]


def test_the_contents_and_the_links_of_the_pdf_name_the_sheet_that_a_thing_is_on(book):
    chapters = find_chapters(book)
    (contents,) = chapters.pop("Human trafficking in California: the published numbers")[1]
    summary = next(iter(chapters))
    for title, (first, _) in chapters.items():
        assert f"{'In short' if title == summary else title} {first} " in contents
    first, texts = chapters["Where were convictions for human trafficking reported?"]
    (alameda,) = chapters[summary][1]
    sheet = int(re.search(r"Alameda has 52 of 113 convictions \(page (\d+)\)", alameda)[1])
    assert first <= sheet < first + len(texts) and "How to read it: " in texts[sheet - first]


def test_no_sheet_of_the_pdf_is_half_empty(book):
    lowest = []
    for sheet in book.pages:
        places = []

        def note(text, page, at, *_, places=places):
            if text.strip():
                places.append(page[1] * at[4] + page[3] * at[5] + page[5])

        sheet.extract_text(visitor_text=note)
        lowest.append(min(places))
    assert [number for number, place in enumerate(lowest[:-1], 1) if place > 0.45 * 792] == []


def test_notes_are_numbered_in_order_in_brackets_and_stand_on_the_sheet_that_calls_them(book):
    away = called = 0
    for _, texts in list(find_chapters(book).values())[2:]:
        numbers = [[int(number) for number in re.findall(r"\[(\d+)\]", text)] for text in texts]
        seen = [number for sheet in numbers for number in sheet]
        assert list(dict.fromkeys(seen)) == sorted(set(seen))
        for number in set(seen):
            called += 1
            away += next(sheet for sheet in numbers if number in sheet).count(number) < 2
    assert called > 80 and away <= 0.05 * called  # those of tables that are longer than their sheet


def test_the_brief_is_one_sheet_in_each_language_and_leads_to_no_file(folder):
    for name, language in (("brief", "en"), ("brief-es", "es")):
        book = pypdf.PdfReader(folder / f"{name}.pdf")
        (sheet,) = book.pages
        assert tuple(sheet.mediabox) == (0, 0, 612, 792) and book.trailer["/Root"]["/Lang"] == language
        assert "1,277" in book.metadata.title and "1-888-373-7888" in sheet.extract_text()
        assert [link for link in sheet.get("/Annots", ()) if "/URI" in link.get_object().get("/A", {})] == []
        assert (folder / f"{name}.pdf").stat().st_size < 200_000
        sums = (folder / "SHA256SUMS").read_text(encoding="utf-8")
        assert f"  {name}.pdf\n" in sums and f"  {name}.html\n" in sums


@pytest.mark.parametrize("said", ["OneTwo", "One Two[3]", "OneOne Two", "One TwoOne Two"])
def test_a_bookmark_says_its_heading_once_with_its_spaces(said):
    mark = SimpleNamespace(title=said, children=[])
    editions._mend([mark], {"OneTwo": "One Two", "Two": "Two"})
    assert mark.title == "One Two"


def test_the_same_pages_give_the_same_pdf(folder, tmp_path):
    page = editions.join_pages(folder, ["index", *FIGURES[:1]], "")
    for name in ("one.pdf", "two.pdf"):
        assert editions.print_pdf(page, tmp_path / name) is None
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_without_chromium_one_line_says_how_to_get_the_pdfs(folder, tmp_path, monkeypatch, capsys):
    copy = tmp_path / "report"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.pdf"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(editions, "_join_document", lambda *_: "")
    editions.write_editions(copy, {"mark": "", "notebooks": {}}, single_file=False, pdf=True)
    told = "install Chromium (Debian: apt-get install chromium), and they are made, too.\n"
    assert capsys.readouterr().err == f"No report.pdf, brief-es.pdf and brief.pdf: {told}" and not [*copy.glob("*.pdf")]


def stand_for_chromium(place, monkeypatch, script):
    place.joinpath("chromium").write_text(f"#!/bin/sh\n{script}\n")
    place.joinpath("chromium").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/bin:/usr/bin")


def test_a_chromium_that_fails_costs_the_pdf_and_nothing_else(tmp_path, monkeypatch):
    stand_for_chromium(tmp_path, monkeypatch, "exit 3")
    trouble = editions.print_pdf("<p>x</p>", tmp_path / "report.pdf")
    assert "did not print the pages (CalledProcessError)" in trouble
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.parametrize("title", ["Your file couldn’t be accessed", None])
def test_an_error_page_of_chromium_is_not_taken_for_the_report(tmp_path, monkeypatch, title):
    with pikepdf.new() as book:
        book.add_blank_page()
        if title:
            book.docinfo["/Title"] = title
        book.save(tmp_path / "error.pdf")
    copies = f'for word; do case $word in --print-to-pdf=*) cp {tmp_path}/error.pdf "${{word#*=}}";; esac; done'
    stand_for_chromium(tmp_path, monkeypatch, copies)
    trouble = editions.print_pdf("<title>Report &amp; more</title><h1>x</h1>", tmp_path / "report.pdf")
    assert "chromium printed a page of its own" in trouble and trouble.endswith("Print the pages from a browser.")
    assert not (tmp_path / "report.pdf").exists()
