"""The pages as a browser shows them, opened from disk."""

import csv

import nbformat
import pytest
from conftest import FIGURES, open_page
from playwright.sync_api import expect

from htanalysis import figures, pages
from htanalysis.figures import COLORS


def count_charts(report, name):
    """Count the charts that a page's notebook shows."""
    cells = nbformat.read(report / "notebooks" / f"{name}.ipynb", as_version=4).cells
    return sum(figures.MIME in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))


def test_a_table_is_saved_from_the_page_without_a_network(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    with page.expect_download() as saved:
        page.locator("#line-and-total").get_by_role("button", name="Save as CSV").press("Enter")
    assert saved.value.suggested_filename == "line-and-total.csv"
    rows = list(csv.reader(saved.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0][:3] == ["measure", "2010Q3", "2012Q2"]
    assert rows[1] == ["investigations initiated", "135", "390", "2100", "2552", "452", "337.8"]
    assert rows[2][5] == "-339"
    page.context.close()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scripts", [True, False])
def test_all_charts_are_drawn_with_and_without_scripts(browser, report, name, scripts):
    page = open_page(browser, report, name, java_script_enabled=scripts)
    drawn = page.locator("figure.chart .drawing")
    assert drawn.count() == count_charts(report, name) > 0
    for area in drawn.locator(".area").all():
        assert area.bounding_box()["height"] > 80 and area.bounding_box()["width"] > 600
    page.context.close()


def test_in_the_dark_charts_are_light_and_on_paper_dark(browser, report):
    page = open_page(browser, report, "03-county-convictions", color_scheme="dark")

    def text_color():
        return page.evaluate("getComputedStyle(document.querySelector('#county-map .plot text')).fill")

    assert text_color() == "rgb(232, 237, 242)"
    page.emulate_media(media="print")
    assert text_color() == "rgb(27, 39, 51)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.context.close()


def test_hatching_stays_in_its_bar(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    boxes = page.locator(".drawing svg:has(> use[href='#mark-hatch'])")
    assert boxes.count() > 20
    assert boxes.evaluate_all("boxes => boxes.every(box => getComputedStyle(box).overflow === 'hidden')")
    page.context.close()


def test_the_map_has_58_counties(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    assert page.locator("#county-map .area path").count() == 58
    page.context.close()


@pytest.mark.parametrize("name", FIGURES)
def test_a_chart_can_be_explored_with_plotly_in_the_pages_colors_and_without_a_word(browser, report, name):
    page = open_page(browser, report, name, color_scheme="dark")
    assert page.evaluate("typeof Plotly") == "undefined"
    for figure in page.locator("figure.chart").all():
        figure.get_by_role("button", name="Explore").press("Enter")
        expect(figure.locator(".live .main-svg").first).to_be_visible()
        assert not figure.locator(".drawing").is_visible()
    text = page.locator(".live .xtick text, .live .legendtext").first
    assert text.evaluate("text => text.style.fill") in ("rgb(232, 237, 242)", "rgb(163, 177, 191)")
    assert page.locator(".live .modebar-btn").count() == 0
    figure.get_by_role("button", name="Explore").press("Enter")
    assert figure.locator(".drawing").is_visible() and not figure.locator(".live").is_visible()
    assert page.noted == []
    page.context.close()


def test_plotly_tells_the_number_under_the_pointer(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    figure = page.locator("#county-map")
    figure.get_by_role("button", name="Explore").click()
    expect(figure.locator(".live .main-svg").first).to_be_visible()
    figure.locator(".live").scroll_into_view_if_needed()
    # Three swatches, then the counties from the largest on: San Diego is the tenth.
    box = figure.locator(".live .trace").nth(12).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(figure.locator(".live .hovertext")).to_contain_text("San Diego: 1 to 54 convictions (bounded)")
    page.context.close()


def test_the_script_knows_the_colors_of_the_charts(report):
    script = (report / "assets" / "pages.js").read_text(encoding="utf-8")
    assert all(f'"{color}": "{name}"' in script for color, name in COLORS.items())
    style = (report / "assets" / "pages.css").read_text(encoding="utf-8")
    assert all(style.count(f"--{name}: #") >= 2 for name in COLORS.values())


def test_code_appears_with_the_switch(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    code = page.locator(".code").first
    assert not code.is_visible()
    page.get_by_label("Show the code").check()
    assert code.is_visible()
    page.context.close()


def test_the_numbers_behind_a_figure_open_with_the_keyboard(browser, report):
    page = open_page(browser, report, "06-services")
    table = page.locator("#reach table")
    assert not table.is_visible()
    page.locator("#reach summary").focus()
    page.keyboard.press("Enter")
    assert table.is_visible() and "TCVAP benefits" in table.inner_text()
    page.context.close()


def test_without_scripts_words_and_tables_stand_beside_the_drawing_and_notes_open(browser, report):
    page = open_page(browser, report, "06-services", java_script_enabled=False)
    words = page.locator("#reach .alt")
    assert "TCVAP benefits" in words.inner_text()
    assert words.inner_text() == page.locator("#reach .plot").get_attribute("aria-label")
    assert page.locator("#reach table").is_visible() and not page.locator(".search").is_visible()
    page.locator("#reach .about button").click()
    assert page.locator("#note-reach").is_visible()
    page.context.close()
    page = open_page(browser, report, "06-services")
    assert not page.locator("#reach .alt").is_visible()
    page.context.close()


def test_a_number_opens_its_note_by_mouse_finger_and_key(browser, report):
    note = "#note-victims-identified-growth"
    for touch in (False, True):
        page = open_page(browser, report, "index", 390, has_touch=touch)
        number = page.locator(".amount button[popovertarget='note-victims-identified-growth']")
        number.tap() if touch else number.click()
        assert page.locator(note).is_visible()
        page.locator(note).get_by_role("button", name="Close").press("Enter")
        assert not page.locator(note).is_visible()
        page.context.close()
    page = open_page(browser, report, "index")
    number = page.locator(".amount button[popovertarget='note-victims-identified-growth']")
    number.press("Enter")
    told = page.locator(note).inner_text()
    for words in (
        "computed",
        "304 ÷ 100",
        "Task forces’ counts by quarter",
        "from 100 to 304”",
        "as the 2012 report states",
    ):
        assert words in told
    page.keyboard.press("Escape")
    assert not page.locator(note).is_visible()
    expect(number).to_be_focused()
    page.context.close()


def test_a_tables_numbers_open_by_mouse_and_arrow_keys_and_are_one_stop_of_the_tab_key(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    table, note = page.locator("#line-and-total table"), page.locator("#note-line-and-total")
    cells = table.locator("tbody td")
    cells.nth(2).click()
    assert note.locator(".which").inner_text() == "investigations initiated, total of an even climb: 2,100, computed"
    assert "Formula" in note.inner_text()
    page.keyboard.press("Escape")
    assert table.locator("[tabindex='0']").count() == 1
    table.locator("[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert note.locator(".which").inner_text() == "victims identified, 2012Q2: 304, reported"
    assert table.locator("[tabindex='0']").count() == 1
    page.context.close()


def test_a_row_of_the_code_book_opens_with_the_basis_of_its_column(browser, report):
    page = open_page(browser, report, "codebook#penal_code_236_1-1")
    page.locator("#penal_code_236_1-1 td").last.click()
    note = page.locator("#note-data-penal_code_236_1")
    assert "convictions: " in note.locator(".which").inner_text() and "reported" in note.inner_text()
    page.context.close()


def test_search_finds_words_as_typed_or_nearly_so_and_leads_there(browser, report):
    page = open_page(browser, report, "methods")
    field = page.get_by_role("searchbox", name="Search the report")
    field.fill("alameda convictons")
    expect(page.locator("#found-count")).to_contain_text("found")
    first = page.locator("#found a").first
    assert "Alameda" in first.inner_text()
    field.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("Escape")
    assert not page.locator("#found").is_visible()
    field.fill("pace of the year before")
    page.keyboard.press("Enter")
    page.wait_for_url("**#**")
    assert page.locator(":target").count() == 1 and page.noted == []
    page.context.close()


def test_what_is_not_there_is_not_found(browser, report):
    page = open_page(browser, report, "index")
    page.get_by_role("searchbox").fill("zebra")
    expect(page.locator("#found-count")).to_have_text("Nothing found")
    assert not page.locator("#found").is_visible()
    page.context.close()


def test_all_that_is_searched_through_is_small_and_leads_somewhere(browser, report):
    assert len((report / "search.js").read_bytes()) < 100_000
    page = open_page(browser, report, "index")
    found = page.evaluate("ENTRIES.map(entry => entry[2])")
    kinds = set(page.evaluate("ENTRIES.map(entry => entry[3])"))
    named = "page,heading,finding,figure,table,data set,phrase of the report,method,word,file,not known"
    assert kinds == set(named.split(","))
    for place in {place for place in found if place}:
        name, _, fragment = place.partition("#")
        assert (report / name).is_file(), place
        assert not fragment or f'id="{fragment}"' in (report / name).read_text(encoding="utf-8"), place
    page.context.close()


@pytest.mark.parametrize("name", ["findings.csv", "tables.xlsx", "manifest.json"])
def test_files_can_be_taken_away_from_disk(browser, report, name):
    page = open_page(browser, report, "index")
    link = page.locator("#downloads ~ .files").get_by_role("link", name=name)
    assert (report / link.get_attribute("href")).is_file()
    page.context.close()


def test_a_doubted_number_is_two_clicks_from_the_sentence_that_states_it(browser, report):
    page = open_page(browser, report, "index")
    card = page.locator(".card").first
    card.locator(".from a").first.click()
    assert page.url.endswith("codebook.html#quarters-investigations")
    quote = page.locator("#quarters-investigations + dd .quote")
    assert quote.inner_text() == "“the number of investigations per quarter has increased from 135 to 390”"
    for part in ("#quarters-investigations", "#quarters-investigations + dd"):
        expect(page.locator(part)).to_have_css("background-color", "rgb(255, 246, 229)")
    page.go_back()
    page.locator(".card").first.get_by_role("link", name="How it is computed").click()
    assert page.locator("#count_quarters").is_visible()
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
    page.get_by_role("link", name="See the code: Victims served, against victims identified").click()
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


def test_a_term_opens_its_meaning_with_the_keyboard(browser, report):
    page = open_page(browser, report, "02-arrests-and-convictions")
    page.get_by_role("button", name="CJIS", exact=True).press("Enter")
    assert page.locator("#word-cjis").inner_text().startswith("CJIS: The Attorney General’s Division")
    page.keyboard.press("Escape")
    assert not page.locator("#word-cjis").is_visible()
    page.context.close()


def test_a_link_opens_the_rows_that_it_leads_to(browser, report):
    page = open_page(browser, report, "codebook#county_population-300", 390)
    assert page.locator("#county_population-300").is_visible()
    page.context.close()
