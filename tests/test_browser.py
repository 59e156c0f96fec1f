"""The pages as a browser shows them, opened from disk."""

import csv
import shutil

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from test_pages import FIGURES, PAGES

from htanalysis import figures, pages

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


DRAWN = "document.querySelectorAll('.plot:not([data-drawn])').length === 0"


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
    page.goto((report / f"{name.partition('#')[0]}.html").as_uri() + "".join(name.partition("#")[1:]))
    return page


def count_charts(report, name):
    """Count the charts that a page's notebook shows."""
    if name not in FIGURES:
        return 0
    cells = nbformat.read(report / "notebooks" / f"{name}.ipynb", as_version=4).cells
    return sum(figures.MIME in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))


@pytest.fixture(
    scope="module", params=[(name, width) for name in PAGES for width in (1280, 390)], ids=lambda at: f"{at[0]}-{at[1]}"
)
def page(browser, report, request):
    """A page, once its charts are drawn, with its name and width; the tests on it run in this order."""
    name, width = request.param
    page = open_page(browser, report, name, width)
    page.name, page.wide = name, width
    page.wait_for_function(DRAWN, timeout=20_000)
    yield page
    page.context.close()


def test_a_table_is_saved_from_the_page_without_a_network(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    page.wait_for_function(DRAWN)
    with page.expect_download() as saved:
        page.locator("#line-and-total").get_by_role("button", name="Save as CSV").press("Enter")
    assert saved.value.suggested_filename == "line-and-total.csv"
    rows = list(csv.reader(saved.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0][:3] == ["measure", "2010Q3", "2012Q2"]
    assert rows[1] == ["investigations initiated", "135", "390", "2100", "2552", "452", "337.8"]
    assert rows[2][5] == "-339"
    page.context.close()


def test_a_page_draws_all_charts_says_nothing_and_asks_for_nothing(page, report):
    drawn = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(plot => plot.querySelectorAll('.main-svg').length)"
    )
    assert len(drawn) == count_charts(report, page.name) and all(drawn) and bool(drawn) == (page.name in FIGURES)
    assert page.noted == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.wide


def open_everything(page):
    """Open whatever is folded, as a reader could who wants to see all."""
    for switch in page.locator(".switch").all():
        switch.check()
    page.evaluate("document.querySelectorAll('details').forEach(details => (details.open = true))")
    page.wait_for_timeout(100)  # what opens is marked for the keyboard just after


def test_with_everything_open_every_target_is_large_enough_for_a_finger(page):
    open_everything(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll('a:not(.skip), button, summary, input, label')].filter(target => {
          const box = target.getBoundingClientRect();
          return box.width && (box.width < 24 || box.height < 24);
        }).map(target => target.outerHTML)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.wide


def test_only_what_is_wider_than_its_place_stops_the_tab_key(page):
    open_everything(page)
    boxes = page.evaluate(
        "[...document.querySelectorAll('.scroll, pre')].map(box => [box.scrollWidth > box.clientWidth,"
        " box.tabIndex === 0 && box.getAttribute('role') === 'region' && !!box.getAttribute('aria-label')])"
    )
    assert all(wide == marked for wide, marked in boxes)
    assert any(wide for wide, _ in boxes) or page.name in ("index", "06-services", "changes") or page.wide == 1280


def test_axe_finds_nothing_with_everything_open(page):
    open_everything(page)
    rules = {rule: {"enabled": True} for rule in ("label-content-name-mismatch", "target-size")}
    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules}).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_the_dark(browser, report, name):
    page = open_page(browser, report, name, color_scheme="dark")
    page.wait_for_function(DRAWN, timeout=20_000)
    open_everything(page)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 24, 31)"
    page.context.close()


def test_in_the_dark_charts_are_light_and_on_paper_as_they_were_drawn(browser, report):
    page = open_page(browser, report, "03-county-convictions", color_scheme="dark")
    page.wait_for_function(DRAWN)

    def text_color():
        return page.evaluate("document.querySelector('#county-map .plot text').style.fill")

    assert text_color() == "rgb(232, 237, 242)"
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert text_color() == "rgb(27, 39, 51)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert text_color() == "rgb(232, 237, 242)"
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(300)
    assert text_color() == "rgb(27, 39, 51)"
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
    plot = page.locator("#reach .plot")
    assert "TCVAP benefits" in plot.inner_text() and plot.inner_text() == plot.get_attribute("aria-label")
    assert page.locator("#reach table").is_visible()
    holder, words = page.locator("#reach .plot").bounding_box(), page.locator("#reach .plot p").bounding_box()
    assert holder["height"] < words["height"] + 30, "a blank stands where the drawing would be"
    page.context.close()


def test_a_doubted_number_is_two_clicks_from_the_sentence_that_states_it(browser, report):
    page = open_page(browser, report, "index")
    card = page.locator(".card").first
    card.get_by_role("link", name="“the number of victims…”").click()
    assert page.url.endswith("codebook.html#quarters-victims")
    quote = page.locator("#quarters-victims + dd .quote")
    assert quote.inner_text() == "“the number of victims identified per quarter has increased from 100 to 304”"
    for part in ("#quarters-victims", "#quarters-victims + dd"):
        expect(page.locator(part)).to_have_css("background-color", "rgb(255, 246, 229)")
    page.go_back()
    page.locator(".card").first.get_by_role("link", name="How it is computed").click()
    assert page.locator("#compare_with_line").is_visible()
    page.context.close()


@pytest.fixture(scope="module")
def without_functions(report, tmp_path_factory):
    """Pages of one notebook, whose findings name no function that computed them."""
    folder = tmp_path_factory.mktemp("pages")
    notebook = nbformat.read(report / "notebooks" / "06-services.ipynb", as_version=4)
    found = [item for cell in notebook.cells for item in pages._shown(cell)]
    for item in found:
        item["method"] = None
    nbformat.write(notebook, folder / "06-services.ipynb")
    found = [{"notebook": "06-services"} | item for item in found if "sentence" in item]
    parameters = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}
    pages.write_pages([folder / "06-services.ipynb"], found, parameters, folder, None)
    return folder


@pytest.mark.parametrize("scripts", [True, False])
def test_a_number_without_a_function_is_one_click_from_the_code_that_makes_it(browser, without_functions, scripts):
    page = open_page(browser, without_functions, "index", java_script_enabled=scripts)
    page.get_by_role("link", name="See the code: served beyond identified").click()
    code = page.locator(".code:target")
    code.wait_for()
    assert 'id="served-beyond-identified"' in code.inner_text() and page.locator(".code:visible").count() == 1
    if scripts:
        assert 0 <= code.bounding_box()["y"] < 300
    page.context.close()


def test_a_phone_shows_the_rows_of_a_wide_table_as_blocks(browser, report):
    page = open_page(browser, report, "03-county-convictions", 390)
    cell = page.locator("#all-counties tbody td").nth(2)
    head = page.locator("#all-counties thead th").nth(3).text_content()
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == f'"{head}"'
    assert page.locator("#all-counties .scroll").evaluate("box => box.scrollWidth <= box.clientWidth")
    assert not page.locator("#all-counties thead").is_visible()
    page.context.close()
    page = open_page(browser, report, "03-county-convictions")
    assert page.locator("#all-counties thead").is_visible()
    page.context.close()


def test_a_long_table_shows_its_first_rows_and_all_on_demand_and_on_paper(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    rows = page.locator("#all-counties tbody tr:visible")
    assert rows.count() == 20
    page.emulate_media(media="print")
    assert rows.count() == 58
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Show all 58 rows").press("Enter")
    assert rows.count() == 58
    assert page.get_by_role("button", name="Show the first 20 rows").get_attribute("aria-expanded") == "true"
    page.context.close()
    page = open_page(browser, report, "03-county-convictions", java_script_enabled=False)
    assert page.locator("#all-counties tbody tr:visible").count() == 58
    assert page.locator("#all-counties .scroll").evaluate("box => box.scrollHeight <= box.clientHeight + 1")
    page.context.close()


def test_a_term_leads_to_its_meaning_with_the_keyboard(browser, report):
    page = open_page(browser, report, "02-arrests-and-convictions")
    page.get_by_role("link", name="CJIS", exact=True).press("Enter")
    assert page.url.endswith("#word-cjis")
    assert page.locator("#word-cjis + dd").inner_text().startswith("The Attorney General’s Division")
    page.context.close()


def test_a_link_opens_the_rows_that_it_leads_to(browser, report):
    page = open_page(browser, report, "codebook#row-county_population-300", 390)
    assert page.locator("#row-county_population-300").is_visible()
    page.context.close()


def test_on_paper_no_figure_is_wider_than_the_sheet_and_all_numbers_are_open(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    page.wait_for_function(DRAWN)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    widths = page.evaluate("[...document.querySelectorAll('.plot .main-svg')].map(svg => svg.clientWidth)")
    assert max(widths) <= 672, "A4 less its margins is 672 pixels wide"
    assert max(page.evaluate("[...document.querySelectorAll('.plot .main-svg')].map(svg => svg.clientHeight)")) <= 700
    assert page.evaluate("[...document.querySelectorAll('details.numbers')].every(details => details.open)")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelector('.plot .main-svg').clientWidth") > 672
    page.context.close()


def test_paper_shows_no_long_table_twice_no_links_and_no_word_larger_than_its_table(browser, report):
    page = open_page(browser, report, "04-sex-and-labor")
    page.wait_for_function(DRAWN)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".numbers.long").count() and not page.locator(".numbers.long:visible").count()
    notes = page.locator(".on-paper:visible")
    assert notes.count() == page.locator(".numbers.long").count()
    assert notes.first.inner_text().endswith("stand in the HTML page and in tables.xlsx.")
    assert not page.locator(".phrases:visible, .how:visible, .link:visible, .evidence:visible").count()
    sizes = page.evaluate(
        "[...document.querySelectorAll('.ht-table .basis')].map(word =>"
        " [getComputedStyle(word).fontSize, getComputedStyle(word.closest('td')).fontSize])"
    )
    assert sizes and all(word == cell for word, cell in sizes)
    page.context.close()


@pytest.mark.parametrize("name", FIGURES)
def test_on_paper_no_figure_is_cut_in_two(browser, report, name):
    """A drawing is kept whole by a rule that holds only for what is no higher than a sheet."""
    page = open_page(browser, report, name)
    page.wait_for_function(DRAWN)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    plots = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(plot =>"
        " [plot.getBoundingClientRect().height, getComputedStyle(plot).breakInside])"
    )
    assert plots and all(height <= 710 and rule == "avoid" for height, rule in plots)
    page.context.close()
