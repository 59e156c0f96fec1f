"""How the pages behave: nothing moves while they load, folds open for everyone, and colors may be the reader's own."""

import io

import numpy as np
import pytest
from conftest import UNLIKE, open_everything, open_page
from PIL import Image
from playwright.sync_api import expect

#: What moved under the reader's eyes since the page was asked for, summed as browsers do.
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["03-county-convictions#all-counties", *UNLIKE])
def test_nothing_moves_while_a_page_loads(browser, report, name, width):
    page = open_page(browser, report, name, width)
    assert page.evaluate(SHIFTS) < 0.05


def test_folds_open_without_a_script_on_paper_and_for_a_link_into_them(browser, report):
    """Browsers open a closed fold for a link or for words that somebody searches in the page; a script need not."""
    page = open_page(browser, report, "04-sex-and-labor", java_script_enabled=False)
    fold = page.locator("details.method").first
    summary, words = fold.locator("summary"), fold.locator("p").first
    expect(words).not_to_be_visible()
    page.emulate_media(media="print")
    expect(words).to_be_visible()
    expect(summary).not_to_be_visible()
    page.emulate_media(media="screen")
    summary.click()
    expect(words).to_be_visible()
    row = "county_population-300"
    page = open_page(browser, report, f"data-county_population#{row}", java_script_enabled=False)
    expect(page.locator(f"#{row}")).to_be_visible()
    expect(page.locator("details.rows[open]")).to_have_count(1)


def test_the_menu_stands_open_where_there_is_room_and_folds_where_there_is_none(browser, report):
    for width, scripts in ((1280, True), (1280, False), (390, True), (390, False)):
        page = open_page(browser, report, "06-services", width, java_script_enabled=scripts)
        link, summary = page.locator(".menu a").first, page.locator(".menu summary")
        expect(link).to_be_visible(visible=width == 1280)
        expect(summary).to_be_visible(visible=width == 390)
        if width == 390:
            summary.click()
            expect(link).to_be_visible()
        page.context.close()


def look_at(mark):
    """Give what stands before the words of a mark as a picture in gray, from 0 to 1."""
    box = mark.bounding_box()
    clip = {"x": box["x"] - 1, "y": box["y"], "width": 20, "height": box["height"]}
    picture = Image.open(io.BytesIO(mark.page.screenshot(clip=clip))).convert("L")
    return np.asarray(picture, dtype=float) / 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_forced_colors_each_basis_still_has_a_mark_of_its_own(browser, report, scheme):
    page = open_page(browser, report, "04-sex-and-labor", forced_colors="active", color_scheme=scheme)
    marks = [page.locator(f".basis-{name}").first for name in ("reported", "computed", "bounded", "assumed")]
    for mark in marks[1:]:  # beside the first, which is moved to where the others were
        marks[0].evaluate("(first, other) => first.after(other)", mark.element_handle())
    marks[0].scroll_into_view_if_needed()
    pictures = [look_at(mark)[:, :14] for mark in marks]
    paper = pictures[0][0, 0]
    assert all((abs(picture - paper) > 0.3).mean() > 0.04 for picture in pictures), "a mark cannot be seen"
    for place, one in enumerate(pictures):
        for other in pictures[place + 1 :]:
            assert (abs(one - other) > 0.3).mean() > 0.03, "two marks look alike"
    fills = "[...new Set([...document.querySelectorAll('.drawing rect')].map(bar => getComputedStyle(bar).fill))]"
    assert len(page.evaluate(fills)) >= 3, "the bars of drawings look alike"


#: Words smaller than 8 points, with what holds them; drawings may be drawn smaller than they are written.
SMALL = """() => {
  const small = [], words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const item = words.currentNode.parentElement, range = document.createRange();
    range.selectNode(words.currentNode);
    if (!words.currentNode.data.trim() || !range.getClientRects().length) continue;
    if (item.closest(".visually-hidden")) continue;
    const drawn = item.ownerSVGElement ? item.getScreenCTM().d : 1;
    const points = 0.75 * drawn * parseFloat(getComputedStyle(item).fontSize);
    if (points < 7.99) small.push([item.tagName, item.className, points, words.currentNode.data.slice(0, 20)]);
  }
  return small;
}"""


@pytest.mark.parametrize("name", UNLIKE)
def test_no_type_on_paper_is_smaller_than_8_points(browser, report, name):
    page = open_page(browser, report, name, 672)
    page.emulate_media(media="print")
    assert page.evaluate(SMALL) == []


def test_tables_stay_tables_and_a_figure_is_called_by_its_own_words(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    open_everything(page)
    table = page.locator("#line-and-total").get_by_role("table")
    assert table.get_by_role("cell", name="2,552").count() == 1 and page.get_by_role("grid").count() == 0
    told = page.locator("#line-and-total").aria_snapshot().splitlines()[0]
    title, subtitle = (page.locator(f"#line-and-total {part}").inner_text() for part in ("h3", ".subtitle"))
    assert told == f'- figure "{title} {subtitle}":'


def test_what_the_w3c_calls_an_error_is_not_on_the_pages(browser, report):
    """Of two elements of which none holds the other, the checker lets one alone ask for the focus."""
    page = open_page(browser, report, "index")
    asking = "[...document.querySelectorAll('[autofocus]')].map(item => item.parentElement.closest('[popover]')?.id)"
    notes = page.evaluate(asking)
    assert None not in notes and len(notes) == len(set(notes)) > 0


def test_the_index_can_be_walked_through_with_the_tab_key_in_60_steps(browser, report):
    page = open_page(browser, report, "index")
    count = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')]"
        ".filter(item => item.tabIndex >= 0 && item.checkVisibility()).length"
    )
    assert count <= 60
