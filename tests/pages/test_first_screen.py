"""Ten seconds with the index: what the first screen says, what the eye meets first, and that it is one sheet."""

import io

import pypdf
import pytest
from conftest import open_page

#: The text of a page that stands whole in the window, as it is read.
SEEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), seen = [];
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (box.width && box.top >= 0 && box.bottom <= innerHeight && walker.currentNode.parentElement.checkVisibility())
      seen.push(walker.currentNode.textContent);
  }
  return seen.join("").replace(/\\s+/g, " ");
}"""
#: Each mark of the small pictures, with its class and how dark its fill is, from 0 (the paper) to 1 (black).
MARKS = """() => [...document.querySelectorAll('.small rect')].map(mark => {
  const fill = getComputedStyle(mark).fill, parts = fill.match(/\\d+/g);
  const light = parts ? (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]) / 255 : 1;
  return [mark.getAttribute('class'), 1 - light, mark.parentElement.textContent];
})"""
HIGHLIGHTS = (
    *("July 2010 – June 2012", "identified 1,277 trafficking victims in two years", "2,552 investigations"),
    *("72% were American", "56% were sex trafficking victims, 23% labor, 21% “other”"),
    "Nobody knows how many they missed",
)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_first_screen_holds_the_highlights_the_period_and_the_unknown(browser, report, width, height):
    page = open_page(browser, report, "index", width)
    page.set_viewport_size({"width": width, "height": height})
    seen = page.evaluate(SEEN)
    assert [words for words in HIGHLIGHTS if words not in seen] == []
    assert "441 → 113" in seen and "Unknown" in seen


def test_the_darkest_marks_are_known_values(browser, report):
    page = open_page(browser, report, "index")
    marks = page.evaluate(MARKS)
    assert {look for look, *_ in marks} == {"known", "part", "begun", "open"}
    assert max(dark for look, dark, _ in marks if look in ("begun", "open")) < 0.25
    assert min(dark for look, dark, _ in marks if look in ("known", "part")) > 0.6
    assert all(words for *_, words in marks)


@pytest.mark.parametrize(("name", "width"), [("index", 390), ("index", 1280), ("index-es", 1280)])
def test_the_index_is_one_page_of_few_words(browser, report, name, width):
    page = open_page(browser, report, name, width)
    assert width == 390 or page.evaluate("document.documentElement.scrollHeight") <= 1300
    assert page.evaluate("document.documentElement.scrollWidth") == width
    words = len(page.locator("main").inner_text().split())
    assert 400 <= words <= (600 if name == "index" else 660)  # the same in Spanish takes a tenth more


def test_the_index_is_one_sheet_of_paper_with_no_type_below_8_points(browser, report):
    page = open_page(browser, report, "index")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    (sheet,) = pypdf.PdfReader(io.BytesIO(page.pdf(format="Letter", print_background=True))).pages
    text = sheet.extract_text()
    assert "Nobody knows how many they missed." in text and "1-888-373-7888" in text and "Copy" not in text
    page.emulate_media(media="print")
    sizes = page.locator("main *, .bottom *").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 8 * 4 / 3 - 0.01


def test_a_sentence_is_copied_with_its_source_and_the_link_to_its_finding(browser, report):
    page = open_page(browser, report, "index", permissions=["clipboard-read", "clipboard-write"])
    button = page.locator("[data-copy]").first
    button.press("Enter")
    page.wait_for_function("document.querySelector('[data-copy]').textContent === 'Copied'")
    sentence, source = page.evaluate("navigator.clipboard.readText()").split("” ")
    assert sentence == (
        "“California’s task forces identified 1,277 victims of trafficking from July 2010 to June 2012."
    )
    place = "Chapter 3, California’s Nine Regional Task Forces"
    link = (report / "00-start-here.html").as_uri() + "#victims-in-two-years"
    assert source == f"The State of Human Trafficking in California 2012: {place}. {link}"
    assert page.noted == []


def test_a_small_picture_tells_what_its_marks_stand_for_to_the_keys_and_the_pointer(browser, report):
    page = open_page(browser, report, "index")
    plot, tip = page.locator(".picture-rates-236-1 .plot"), page.locator(".tip")
    plot.press("Home")
    assert tip.inner_text() == "2007: 33 arrests, 10 convictions of them so far."
    mark = page.locator(".picture-county-map .open")
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert tip.inner_text().startswith("Los Angeles, Monterey") and "split not published" in tip.inner_text()
