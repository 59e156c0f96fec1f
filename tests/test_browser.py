"""The pages as a browser shows them, opened from disk."""

import shutil

import pytest
from playwright.sync_api import sync_playwright
from test_pages import PAGES

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
CHARTS = {
    "00-start-here": 2,
    "01-quarterly-trends": 2,
    "02-arrests-and-convictions": 4,
    "03-county-convictions": 3,
    "04-sex-and-labor": 3,
    "05-task-force-selection": 3,
    "06-services": 1,
    "07-the-report-checked": 1,
}


@pytest.fixture(scope="module")
def browser():
    """Debian's or the system's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Install Chromium (apt-get install chromium): the pages are tested in it."
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


def open_page(browser, report, name, width=1280, **options):
    """Open a page from disk without a network, and note what it says and asks for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
    page = context.new_page()
    page.noted = []
    page.on("console", lambda message: page.noted.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.noted.append(f"error: {error}"))
    page.on("request", lambda request: page.noted.append(request.url) if request.url.startswith("http") else None)
    page.goto((report / f"{name}.html").as_uri())
    return page


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_draws_all_charts_says_nothing_and_asks_for_nothing(browser, report, name, width):
    page = open_page(browser, report, name, width)
    page.wait_for_function("document.querySelectorAll('.plot:not([data-drawn])').length === 0", timeout=20_000)
    drawn = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(plot => plot.querySelectorAll('.main-svg').length)"
    )
    assert len(drawn) == CHARTS.get(name, 0) and all(drawn)
    assert page.noted == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_the_map_has_58_counties(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    page.wait_for_selector("#county-map .plot[data-drawn]")
    assert page.locator("#county-map .trace.scatter").count() == 58
    page.context.close()


def test_code_appears_with_the_switch(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    code = page.locator(".code").first
    assert not code.is_visible()
    page.get_by_label("Show the code").check()
    assert code.is_visible()
    page.context.close()


def test_the_numbers_behind_a_figure_open_with_the_keyboard(browser, report):
    page = open_page(browser, report, "06-services")
    page.wait_for_selector("#reach .plot[data-drawn]")
    table = page.locator("#reach table")
    assert not table.is_visible()
    page.locator("#reach summary").focus()
    page.keyboard.press("Enter")
    assert table.is_visible() and "TCVAP benefits" in table.inner_text()
    page.context.close()


def test_without_scripts_words_and_tables_stand_in_the_figures_place(browser, report):
    page = open_page(browser, report, "06-services", java_script_enabled=False)
    assert "4 rows on an axis of share of the victims identified" in page.locator("#reach .plot").inner_text()
    assert page.locator("#reach table").is_visible()
    page.context.close()


def test_a_doubted_number_is_two_clicks_from_the_sentence_that_states_it(browser, report):
    page = open_page(browser, report, "index")
    card = page.locator(".card").first
    card.get_by_role("link", name="Chapter 3, California’s Nine Regional Task Forces").click()
    assert page.url.endswith("codebook.html#quarters-victims")
    quote = page.locator("#quarters-victims + dd").inner_text()
    assert quote == "“the number of victims identified per quarter has increased from 100 to 304”"
    page.go_back()
    page.locator(".card").first.get_by_role("link", name="How it is computed").click()
    assert page.locator("#compare_with_line").is_visible()
    page.context.close()


def test_on_paper_no_figure_is_wider_than_the_sheet_and_all_numbers_are_open(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    page.wait_for_function("document.querySelectorAll('.plot:not([data-drawn])').length === 0")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    widths = page.evaluate("[...document.querySelectorAll('.plot .main-svg')].map(svg => svg.clientWidth)")
    assert max(widths) <= 672, "A4 less its margins is 672 pixels wide"
    assert page.evaluate("[...document.querySelectorAll('details.numbers')].every(details => details.open)")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelector('.plot .main-svg').clientWidth") > 672
    page.context.close()
