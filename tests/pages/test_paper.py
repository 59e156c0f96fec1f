"""The pages on paper: A4 and Letter."""

import io
import re
import shutil
from pathlib import Path

import mistune
import pikepdf
import pypdf
import pytest
from conftest import FIGURES, UNLIKE, open_page


@pytest.fixture(scope="module", params=[(name, form) for name in UNLIKE for form in ("A4", "Letter")], ids="-".join)
def printed(browser, report, request):
    """A page's text as printed, sheet by sheet, and the pictures in it that are no vectors."""
    name, form = request.param
    page = open_page(browser, report, name)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    content = page.pdf(format=form, print_background=True)
    page.context.close()
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(content)).pages]
    with pikepdf.open(io.BytesIO(content)) as book:
        streams = [item for item in book.objects if isinstance(item, pikepdf.Stream)]
        return name, sheets, sum(item.get("/Subtype") == "/Image" for item in streams)


def flat(text):
    return re.sub(r"\s+", "", text)


def test_each_sheet_names_the_report_and_its_number_and_charts_are_vectors(printed):
    name, sheets, pictures = printed
    assert pictures == 0
    for number, sheet in enumerate(sheets, 1):
        assert "HumantraffickinginCalifornia:reportfor2012Q2" in flat(sheet), (name, number)
        assert f"Page{number}of{len(sheets)}" in flat(sheet)


def test_words_links_and_the_notes_of_pages_without_figures_stand_at_the_end(printed):
    name, sheets, _ = printed
    text = flat("".join(sheets))
    assert ("Notesonthenumbers" in text) == (name == "findings" or name.startswith("data-"))
    if name == "findings":
        assert "03-county-convictions.html#section-what-would-change-it" in text.partition("Wherethelinkslead")[2]
        assert text.count("Formula") >= 40


@pytest.mark.parametrize("form", ["A4", "Letter"])
def test_the_index_is_one_sheet_in_each_language(browser, report, form):
    for name, told in {"index": "what-if, not a finding", "index-es": "supuesto, no hallazgo"}.items():
        page = open_page(browser, report, name)
        (sheet,) = pypdf.PdfReader(io.BytesIO(page.pdf(format=form, print_background=True))).pages
        assert flat(told) in flat(sheet.extract_text()) and "1-888-373-7888" in sheet.extract_text()
        assert page.noted == []
        page.context.close()


def on_paper(browser, report, name, width=672):
    """Show a page as it is printed, as wide as a sheet of A4 less its margins."""
    page = open_page(browser, report, name, width)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    return page


#: The words of a page on paper that are below 8 points, without those raised or lowered in formulas.
SMALL = """() => {
  const small = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const part = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || part.closest("math, script, style") || !part.checkVisibility()) continue;
    const points = 0.75 * parseFloat(getComputedStyle(part).fontSize) * part.currentCSSZoom;
    if (points < 7.99) small.add(`${points.toFixed(1)} ${walk.currentNode.data}`);
  }
  return [...small];
}"""


@pytest.mark.parametrize("name", [*UNLIKE, "brief", "brief-es", "index-es"])
def test_no_word_on_paper_is_below_8_points(browser, report, name):
    page = on_paper(browser, report, name)
    assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("name", UNLIKE)
def test_nothing_is_wider_than_the_sheet_or_cut(browser, report, name):
    page = on_paper(browser, report, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 672
    wide = page.evaluate(
        "[...document.querySelectorAll('.scroll, .plot, pre')].filter(box => box.scrollWidth > box.clientWidth + 1)"
        ".map(box => box.dataset.name || box.className)"
    )
    assert wide == []


@pytest.mark.parametrize("name", FIGURES)
def test_no_row_note_or_panel_is_split_between_sheets(browser, report, name):
    """A thing is kept whole by a rule that holds only for what is no higher than a sheet."""
    page = on_paper(browser, report, name)
    parts = page.evaluate(
        "[...document.querySelectorAll('tbody tr, .note, .panel, .finding')].map(part =>"
        " [part.getBoundingClientRect().height, getComputedStyle(part).breakInside])"
    )
    assert parts and all(height <= 880 and rule == "avoid" for height, rule in parts)


def test_paper_shows_all_notes_and_no_button_no_long_table_twice_and_no_link_without_number(browser, report):
    page = on_paper(browser, report, "04-sex-and-labor")
    notes = page.locator(".finding + .note, figure > .note")
    assert notes.count() == notes.locator("visible=true").count() > 20
    assert page.locator(".finding .call:visible").count() == page.locator(".finding").count()
    assert page.locator(".numbers.long").count() and not page.locator(".numbers:visible").count()
    told = page.locator("p.on-paper:visible")
    assert told.count() == page.locator(".numbers.long").count()
    assert told.first.inner_text().endswith("stand in the HTML page and in tables.xlsx.")
    hidden = ".more, .link, .evidence, .menu, .search, summary, .about button, .tools"
    assert not page.locator(hidden).locator("visible=true").count()
    sizes = page.evaluate(
        "[...document.querySelectorAll('.ht-table .basis')].map(word =>"
        " [getComputedStyle(word).fontSize, getComputedStyle(word.closest('td')).fontSize])"
    )
    assert sizes and all(word == cell for word, cell in sizes)


GUIDE = Path(__file__).parents[2] / "docs" / "staff-guide.md"
#: As a word processor would print it.
PRINTED = """<meta charset="utf-8"><style>@page {{ margin: 16mm }} body {{ font: 10pt/1.3 "DejaVu Serif", serif }}
h1 {{ font-size: 1.5em; margin: 0 }} h2 {{ font-size: 1.15em; margin: 8pt 0 3pt }} p, ul, ol {{ margin: 3pt 0 }}
li {{ margin: 2pt 0 }}</style>{}"""


@pytest.mark.parametrize("form", ["A4", "Letter"])
def test_the_guide_for_staff_is_two_printed_pages_and_shows_the_template(browser, tmp_path, form):
    (tmp_path / "guide.html").write_text(PRINTED.format(mistune.html(GUIDE.read_text(encoding="utf-8"))), "utf-8")
    shutil.copy(GUIDE.parent / "template.png", tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "guide.html").as_uri())
    assert page.evaluate("document.images[0].naturalWidth") > 1000
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(format=form))).pages
    page.close()
    assert len(sheets) == 2
