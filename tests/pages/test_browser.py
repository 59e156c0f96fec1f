"""The pages as a browser shows them, opened from disk."""

import re

import pandas as pd
import pytest
from conftest import FIGURES, ROOT, open_page
from playwright.sync_api import expect

from htanalysis.charts.look import COLORS
from htanalysis.data import evidence
from htanalysis.report import pages
from htanalysis.report.notebooks import read_executed


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scripts", [True, False])
def test_all_charts_are_drawn_with_and_without_scripts(browser, report, name, scripts):
    page = open_page(browser, report, name, java_script_enabled=scripts)
    drawn = page.locator("figure.chart .drawing")
    shown = read_executed(report / "notebooks" / f"{name}.ipynb").shown
    assert drawn.count() == [kind for kind, _ in shown].count("figure") > 0
    for area in drawn.locator(".area").all():
        assert area.bounding_box()["height"] > 80 and area.bounding_box()["width"] > 600


def test_in_the_dark_charts_are_light_and_on_paper_dark(browser, report):
    page = open_page(browser, report, "03-county-convictions", color_scheme="dark")

    def text_color():
        return page.evaluate("getComputedStyle(document.querySelector('#county-map .plot text')).fill")

    assert text_color() == "rgb(232, 237, 242)"
    page.emulate_media(media="print")
    assert text_color() == "rgb(27, 39, 51)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_hatching_stays_in_its_bar(browser, report):
    page = open_page(browser, report, "04-sex-and-labor")
    boxes = page.locator(".drawing svg:has(> use[href='#mark-hatch'])")
    assert boxes.count() > 10
    assert boxes.evaluate_all("boxes => boxes.every(box => getComputedStyle(box).overflow === 'hidden')")


def test_the_pages_know_the_colors_of_the_charts():
    style = (ROOT / "htanalysis" / "assets" / "pages.css").read_text(encoding="utf-8")
    assert all(style.count(f"--{name}: #") >= 2 for name in COLORS.values())


def test_code_appears_with_the_switch(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    code = page.locator(".code").first
    expect(code).not_to_be_visible()
    page.get_by_label("Show the code").check()
    expect(code).to_be_visible()


def test_the_numbers_behind_a_figure_open_with_the_keyboard(browser, report):
    page = open_page(browser, report, "06-services")
    table = page.locator("#reach table")
    expect(table).not_to_be_visible()
    page.locator("#reach .numbers summary").focus()
    page.keyboard.press("Enter")
    expect(table).to_be_visible()
    expect(table).to_contain_text("TCVAP benefits")


def test_without_scripts_words_and_tables_stand_beside_the_drawing_and_notes_open(browser, report):
    page = open_page(browser, report, "06-services", java_script_enabled=False)
    words = page.locator("#reach .alt")
    assert "TCVAP benefits" in words.inner_text()
    assert words.get_attribute("id") == page.locator("#reach .plot").get_attribute("aria-labelledby")
    page.locator("#reach .numbers summary").click()
    expect(page.locator("#reach table")).to_be_visible()
    expect(page.locator(".search")).not_to_be_visible()
    page.locator("#reach .about button").click()
    expect(page.locator("#note-reach")).to_be_visible()
    page = open_page(browser, report, "06-services")
    expect(page.locator("#reach .alt")).not_to_be_visible()


def test_a_number_opens_its_note_by_mouse_finger_and_key(browser, report):
    note = "#note-arrests-in-all"
    for touch in (False, True):
        page = open_page(browser, report, "index", 390, has_touch=touch)
        number = page.locator(".amount button[popovertarget='note-arrests-in-all']")
        number.tap() if touch else number.click()
        expect(page.locator(note)).to_be_visible()
        page.locator(note).get_by_role("button", name="Close").press("Enter")
        expect(page.locator(note)).not_to_be_visible()
        page.context.close()
    page = open_page(browser, report, "index")
    number = page.locator(".amount button[popovertarget='note-arrests-in-all']")
    number.press("Enter")
    told = page.locator(note).inner_text()
    sums = ("33 + 34 + 52 + 76 + 133 + 113 = 441", "Total 441 113”")
    assert all(words in told for words in ("computed", *sums, "Arrests and convictions", "as the 2012 report states"))
    page.keyboard.press("Escape")
    expect(page.locator(note)).not_to_be_visible()
    expect(number).to_be_focused()


def test_a_tables_numbers_open_by_mouse_and_arrow_keys_and_are_one_stop_of_the_tab_key(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    table, note = page.locator("#line-and-total table"), page.locator("#note-line-and-total")
    assert table.get_attribute("role") is None
    numbers = table.locator("tbody td button")
    numbers.first.scroll_into_view_if_needed()
    expect(numbers).to_have_count(18)
    numbers.nth(2).click()
    assert note.locator(".which").inner_text() == "investigations initiated, total of an even change: 2,100, computed"
    assert "Formula" in note.inner_text()
    page.keyboard.press("Escape")
    assert table.locator("[tabindex='0']").count() == 1
    table.locator("[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert note.locator(".which").inner_text() == "victims identified, 2012Q2: 304, reported"
    assert table.locator("[tabindex='0']").count() == 1


def test_a_row_of_the_code_book_opens_with_the_basis_of_its_column_and_by_a_link_to_it(browser, report):
    page = open_page(browser, report, "data-penal_code_236_1#penal_code_236_1-1")
    page.locator("#penal_code_236_1-1 td").last.click()
    note = page.locator("#note-data-penal_code_236_1")
    assert "convictions: " in note.locator(".which").inner_text() and "reported" in note.inner_text()
    page = open_page(browser, report, "data-county_population#county_population-300", 390)
    expect(page.locator("#county_population-300")).to_be_visible()


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
    expect(page.locator("#found")).not_to_be_visible()
    field.fill("pace of the year before")
    page.keyboard.press("Enter")
    expect(first).to_be_visible()
    assert page.url.endswith("methods.html")
    first.click()
    page.wait_for_url("**#**")
    assert page.locator(":target").count() == 1 and page.noted == []
    field.fill("zebra")
    expect(page.locator("#found-count")).to_have_text("Nothing found")
    expect(page.locator("#found")).not_to_be_visible()


@pytest.mark.parametrize("words", ["Los Angeles", "San Francisco", "American", "Spanish"])
def test_search_finds_names_that_stand_in_tables_or_for_a_language(browser, report, words):
    page = open_page(browser, report, "methods")
    page.get_by_role("searchbox", name="Search the report").fill(words)
    expect(page.locator("#found-count")).to_contain_text("found")
    assert page.locator("#found a").count() > 1


def test_search_tells_findings_first_and_calls_a_what_if_by_its_name(browser, report):
    page = open_page(browser, report, "methods")
    page.get_by_role("searchbox", name="Search the report").fill("labor")
    kinds = [text.partition(":")[0] for text in page.locator("#found span").all_inner_texts()]
    first = kinds.count("finding")
    assert 0 < first < len(kinds) and kinds[:first] == ["finding"] * first
    page.get_by_role("searchbox").fill("if a labor victim is no more likely to be counted")
    assert page.locator("#found span").first.inner_text() == "what-if"


def test_all_that_is_searched_through_is_small_and_leads_somewhere(browser, report):
    assert len((report / "search.js").read_bytes()) < 110_000
    page = open_page(browser, report, "index")
    found = page.evaluate("ENTRIES.map(entry => entry.href)")
    kinds = set(page.evaluate("ENTRIES.map(entry => entry.kind)"))
    named = "page,heading,finding,figure,table,data set,phrase of the report,method,word,file,not known,what-if"
    assert kinds == set(named.split(","))
    for place in {place for place in found if place}:
        name, _, fragment = place.partition("#")
        assert (report / name).is_file(), place
        assert not fragment or f'id="{fragment}"' in (report / name).read_text(encoding="utf-8"), place


def test_a_doubted_number_is_two_clicks_from_the_sentence_that_states_it(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    mark = page.get_by_role("button", name="Source: Victims identified in a quarter")
    mark.click()
    page.locator("#note-victims-identified-growth").get_by_role("link", name="from 100 to 304").click()
    assert page.url.endswith("data-task_force_quarters.html#quarters-victims")
    quote = page.locator("#quarters-victims + dd .quote")
    assert quote.inner_text().endswith("from 100 to 304”")
    for part in ("#quarters-victims", "#quarters-victims + dd"):
        expect(page.locator(part)).to_have_css("background-color", "rgb(255, 246, 229)")
    page.go_back()
    mark.click()
    page.locator("#note-victims-identified-growth").get_by_role("link", name="How it is computed").click()
    expect(page.locator("#follow_growth")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_numbers_of_a_sentence_open_its_note_and_a_note_writes_out_what_one_before_quotes(browser, report, scripts):
    page = open_page(browser, report, "01-quarterly-trends", java_script_enabled=scripts)
    finding, note = page.locator("#victims-identified-growth"), page.locator("#note-victims-identified-growth")
    assert finding.locator("u").all_inner_texts() == ["100", "304", "3.0"]
    finding.locator("u button" if scripts else ".origin button").first.click()
    expect(note).to_be_visible()
    links = page.locator(".again a")
    names = [link.get_attribute("href").partition("#")[2] for link in links.all()]
    quotes = [f"“{evidence(name)['quote']}”" for name in names]
    assert links.all_text_contents() == (quotes if scripts else names)
    assert all(page.locator(f"dd > [href$='#{name}']").count() == 1 for name in names)


@pytest.fixture(scope="module")
def without_functions(report, tmp_path_factory):
    """Pages of one notebook, whose findings name no function that computed them."""
    folder, name = tmp_path_factory.mktemp("pages"), "06-services"
    notebook = read_executed(report / "notebooks" / f"{name}.ipynb")
    for _, item in notebook.shown:
        item["method"] = None
    parameters = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}
    shared = pages.share(parameters, {name: notebook.title})
    found = [{"notebook": name} | item for kind, item in notebook.shown if kind == "finding"]
    whole = pages.sum_up(shared, {name: notebook}, found, {}, None)
    pages.write_page(name, notebook, shared, folder, [])
    pages.write_other_pages(whole, folder)
    pages.write_index(whole, folder)
    return folder


@pytest.mark.parametrize("scripts", [True, False])
def test_a_number_without_a_function_is_two_clicks_from_the_code_that_makes_it(browser, without_functions, scripts):
    page = open_page(browser, without_functions, "06-services", java_script_enabled=scripts)
    page.get_by_role("button", name="Source: Victims served, against victims identified").click()
    page.get_by_role("link", name="See the code: Victims served, against victims identified").click()
    code = page.locator(".code:target")
    code.wait_for()
    assert '"served-beyond-identified"' in code.inner_text() and page.locator(".code:visible").count() == 1
    if scripts:
        assert 0 <= code.bounding_box()["y"] < 300


def test_a_phone_shows_the_rows_of_a_wide_table_as_blocks(browser, report):
    page = open_page(browser, report, "03-county-convictions", 390)
    cell = page.locator("#all-counties tbody td").nth(2)
    head = page.locator("#all-counties thead th").nth(3).text_content()
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == f'"{head}"'
    assert page.locator("#all-counties .scroll").evaluate("box => box.scrollWidth <= box.clientWidth")
    expect(page.locator("#all-counties thead")).not_to_be_visible()
    page = open_page(browser, report, "03-county-convictions")
    expect(page.locator("#all-counties thead")).to_be_visible()


def test_a_long_table_shows_its_first_rows_and_all_on_demand_and_paper_says_where_they_stand(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    rows = page.locator("#all-counties tbody tr:visible")
    assert rows.count() == 20
    page.emulate_media(media="print")
    told = page.locator("#all-counties p.on-paper:visible").inner_text()
    assert rows.count() == 0 and told == "The 58 rows stand in the HTML page and in tables.xlsx."
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Show all 58 rows").press("Enter")
    assert rows.count() == 58
    assert page.get_by_role("button", name="Show the first 20 rows").get_attribute("aria-expanded") == "true"
    page = open_page(browser, report, "03-county-convictions", java_script_enabled=False)
    assert page.locator("#all-counties tbody tr:visible").count() == 58
    assert page.locator("#all-counties .scroll").evaluate("box => box.scrollHeight <= box.clientHeight + 1")


@pytest.mark.parametrize("width", [1280, 390])
def test_of_a_long_table_of_quarters_the_last_rows_stand_open_and_are_the_stop_of_the_tab_key(
    browser, report, tmp_path, width
):
    before, figure, rest = (report / "03-county-convictions.html").read_text().partition('<figure class="table long')
    quarters = map(str, pd.period_range("2012Q3", "2026Q4", freq="Q"))
    rest = re.sub(r'(?<=<th scope="row">)[^<]+', lambda _: next(quarters), rest, count=58)
    (tmp_path / "quarters.html").write_text(before + figure + rest)
    page = open_page(browser, tmp_path, "quarters", width)
    rows = page.locator("#all-counties tbody tr:visible")
    heads = [text.split()[0] for text in rows.all_inner_texts()]
    assert (len(heads), heads[0], heads[-1]) == (20, "2022Q1", "2026Q4")
    assert page.locator("#all-counties td [tabindex='0']:visible").count() == 1
    page.get_by_role("button", name="Show all 58 rows").press("Enter")
    assert rows.count() == 58 and page.get_by_role("button", name="Show the last 20 rows").is_visible()


def test_a_term_opens_its_meaning_with_the_keyboard(browser, report):
    page = open_page(browser, report, "02-arrests-and-convictions")
    page.get_by_role("button", name="CJIS", exact=True).press("Enter")
    assert page.locator("#word-cjis").inner_text().startswith("CJIS: The Attorney General’s Division")
    page.keyboard.press("Escape")
    expect(page.locator("#word-cjis")).not_to_be_visible()
