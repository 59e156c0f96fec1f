"""The pages on paper: A4 and Letter."""

import io
import re

import pikepdf
import pypdf
import pytest
from conftest import FIGURES, PAGES, open_page


@pytest.fixture(scope="module", params=[(name, form) for name in PAGES for form in ("A4", "Letter")], ids="-".join)
def printed(browser, report, request):
    """A page's text as printed, sheet by sheet, and the pictures in it that are no vectors."""
    name, form = request.param
    page = open_page(browser, report, name)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    content = page.pdf(format=form, print_background=True)
    page.context.close()
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(content)).pages]
    with pikepdf.open(io.BytesIO(content)) as book:
        pictures = [
            item for item in book.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image"
        ]
        return name, sheets, len(pictures)


def flat(text):
    return re.sub(r"\s+", "", text)


def test_each_sheet_names_the_report_and_its_number_and_charts_are_vectors(printed):
    name, sheets, pictures = printed
    assert pictures == 0
    for number, sheet in enumerate(sheets, 1):
        assert "HumantraffickinginCalifornia:reportfor2012Q2" in flat(sheet), (name, number)
        assert f"Page{number}of{len(sheets)}" in flat(sheet)


def test_notes_words_and_links_stand_at_the_end(printed):
    name, sheets, _ = printed
    text = flat("".join(sheets))
    assert ("Notesonthenumbers" in text) == (name not in ("changes", "methods"))
    if name in FIGURES:
        assert text.index("Notesonthenumbers") < text.rindex("Source") < text.rindex("Asof")
    if name == "index":
        assert "03-county-convictions.html#county-map" in text.partition("Wherethelinkslead")[2]
        assert text.count("Formula") >= 40


def on_paper(browser, report, name, width=672):
    """Show a page as it is printed, as wide as a sheet of A4 less its margins."""
    page = open_page(browser, report, name, width)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    return page


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_sheet_or_cut(browser, report, name):
    page = on_paper(browser, report, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 672
    wide = page.evaluate(
        "[...document.querySelectorAll('.scroll, .plot, pre')].filter(box => box.scrollWidth > box.clientWidth + 1)"
        ".map(box => box.dataset.name || box.className)"
    )
    assert wide == []
    page.context.close()


@pytest.mark.parametrize("name", FIGURES)
def test_no_row_note_or_panel_is_split_between_sheets(browser, report, name):
    """A thing is kept whole by a rule that holds only for what is no higher than a sheet."""
    page = on_paper(browser, report, name)
    parts = page.evaluate(
        "[...document.querySelectorAll('tbody tr, .note, .panel, .finding')].map(part =>"
        " [part.getBoundingClientRect().height, getComputedStyle(part).breakInside])"
    )
    assert parts and all(height <= 880 and rule == "avoid" for height, rule in parts)
    page.context.close()


def test_paper_shows_all_notes_and_no_button_no_long_table_twice_and_no_link_without_number(browser, report):
    page = on_paper(browser, report, "04-sex-and-labor")
    notes = page.locator(".notes .note")
    assert notes.count() == notes.locator("visible=true").count() > 20
    assert page.locator(".finding sup.on-paper:visible").count() == page.locator(".finding").count()
    assert page.locator(".numbers.long").count() and not page.locator(".numbers.long:visible").count()
    told = page.locator("p.on-paper:visible")
    assert told.count() == page.locator(".numbers.long").count()
    assert told.first.inner_text().endswith("stand in the HTML page and in tables.xlsx.")
    hidden = ".phrases, .how, .link, .evidence, .menu, .search, summary, .about button, .tools"
    assert not page.locator(hidden).locator("visible=true").count()
    sizes = page.evaluate(
        "[...document.querySelectorAll('.ht-table .basis')].map(word =>"
        " [getComputedStyle(word).fontSize, getComputedStyle(word.closest('td')).fontSize])"
    )
    assert sizes and all(word == cell for word, cell in sizes)
    page.context.close()


def test_a_chart_that_is_explored_is_printed_as_it_was_drawn(browser, report):
    page = open_page(browser, report, "06-services")
    page.locator("#reach").get_by_role("button", name="Explore").click()
    page.wait_for_selector("#reach .live .main-svg")
    page.emulate_media(media="print")
    assert page.locator("#reach .drawing").is_visible() and not page.locator("#reach .live").is_visible()
    page.context.close()
