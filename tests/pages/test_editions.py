"""The editions: the whole report as one file, and as a PDF."""

import html
import re
import shutil

import pikepdf
import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import FIGURES, PAGES, find_html_faults, open_everything, open_page
from playwright.sync_api import expect

from htanalysis import editions

NOTEBOOKS = PAGES[1:10]


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    """A copy of the report with both editions."""
    folder = tmp_path_factory.mktemp("editions") / "2012Q2"
    shutil.copytree(report, folder)
    editions.write_editions(folder, NOTEBOOKS, single_file=True, pdf=True)
    return folder


def test_the_index_offers_both_with_their_size(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    for name, kind in (("report.html", "HTML"), ("report.pdf", "PDF")):
        size = round((folder / name).stat().st_size / 1000)
        assert f'<a href="{name}">{name}</a> ({kind}, {size} kB)' in text


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
    page.locator("[popovertarget='page-index--note-victims-identified-growth']").first.click()
    assert "304 ÷ 100" in page.locator("#page-index--note-victims-identified-growth").inner_text()
    page.keyboard.press("Escape")
    page.locator(".page-index .card .evidence").first.click()
    assert page.url.endswith("#page-00-start-here--quarterly-counts-published")
    figure = page.locator("[id='page-06-services--reach']")
    figure.get_by_role("button", name="Explore").click()
    expect(figure.locator(".live .main-svg").first).to_be_visible()
    field = page.get_by_role("searchbox")
    field.fill("chain ladder")
    page.locator("#found a").first.click()
    assert page.locator(":target").count() == 1
    with page.expect_download() as saved:
        figure.locator("summary").click()
        figure.get_by_role("button", name="Save as CSV").click()
    assert saved.value.suggested_filename == "reach.csv"
    assert page.noted == []
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_the_single_file_is_for_everyone(browser, alone, width, scheme):
    page = open_page(browser, alone, "report", width, color_scheme=scheme)
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []
    page.context.close()


def test_the_pdf_is_small_tagged_bookmarked_and_whole(folder, report):
    path = folder / "report.pdf"
    assert path.stat().st_size < 3_000_000
    book = pypdf.PdfReader(path)
    assert book.trailer["/Root"]["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in book.trailer["/Root"]
    marks = [mark.title for mark in book.outline if not isinstance(mark, list)]
    text = re.sub(r"\s+", "", "".join(sheet.extract_text() for sheet in book.pages)).replace(
        "\N{MODIFIER LETTER APOSTROPHE}", "’"
    )
    for name in PAGES:
        page = (report / f"{name}.html").read_text(encoding="utf-8")
        heading = html.unescape(re.search(r"<h1[^>]*>(.*?)</h1>", page)[1])
        assert heading.replace("§ ", "§\N{NO-BREAK SPACE}") in marks and re.sub(r"\s+", "", heading) in text
    assert book.metadata.title == marks[0] == "What California’s numbers on human trafficking say, and what they do not"
    with pikepdf.open(path) as opened:
        assert not [
            item for item in opened.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image"
        ]


def test_the_same_pages_give_the_same_pdf(folder, tmp_path):
    page = editions.join_pages(folder, ["index", *FIGURES[:1]], explore=False)
    for name in ("one.pdf", "two.pdf"):
        assert editions.print_pdf(page, tmp_path / name) is None
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_without_chromium_a_line_says_how_to_get_the_pdf(folder, tmp_path, monkeypatch, capsys):
    copy = tmp_path / "report"
    shutil.copytree(folder, copy)
    (copy / "report.pdf").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    before = (copy / "index.html").read_text(encoding="utf-8")
    editions.write_editions(copy, NOTEBOOKS, single_file=False, pdf=True)
    assert (
        capsys.readouterr().err
        == "No report.pdf: install Chromium (Debian: apt-get install chromium), and it is made, too.\n"
    )
    assert not (copy / "report.pdf").exists() and (copy / "index.html").read_text(encoding="utf-8") == before


def test_a_chromium_that_fails_costs_the_pdf_and_nothing_else(tmp_path, monkeypatch):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    trouble = editions.print_pdf("<p>x</p>", tmp_path / "report.pdf")
    assert trouble.startswith("No report.pdf: ") and "CalledProcessError" in trouble
    assert not (tmp_path / "report.pdf").exists()
