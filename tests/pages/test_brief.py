"""The brief and the Spanish pages: one sheet, the same results in both languages, for everyone."""

import io
import re
from collections import Counter

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import PAGES, find_html_faults, open_page

from htanalysis.data import read_descriptor
from htanalysis.report.notebooks import read_executed
from htanalysis.report.pages import share, sum_up, write_index

BRIEFS = ["brief", "brief-es"]
TITLES = dict.fromkeys(PAGES[2:11], "Is it so?")


def print_sheets(browser, folder, name):
    page = open_page(browser, folder, name)
    content = page.pdf(format="Letter", print_background=True)
    page.context.close()
    return [re.sub(r"\s+", " ", sheet.extract_text()) for sheet in pypdf.PdfReader(io.BytesIO(content)).pages]


def write_again(report, folder, failed=(), later=False, **parameters):
    """Write index and brief anew from a report's notebooks, as if it had been made with other parameters."""
    paths = (report / "notebooks").glob("*.ipynb")
    notebooks = {path.stem: read_executed(path) for path in sorted(paths) if path.stem not in failed}
    asked = {"quarter": "2012Q2", "as_of": "report", "audience": "public"} | parameters
    whole = sum_up(share(asked, TITLES) | {"later": later}, notebooks, [], dict.fromkeys(failed, 1), None)
    (folder / "assets").mkdir()
    (folder / "assets" / "fonts.css").write_bytes((report / "assets" / "fonts.css").read_bytes())
    write_index(whole, folder)
    return folder


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("brief", ["in two years. Nobody knows", "Safe to quote", "Ask for these", "What these numbers cannot say"]),
        ("brief-es", ["en dos años. Nadie sabe", "Se puede citar", "Lo que hay que pedir", "no pueden decir"]),
    ],
)
def test_the_brief_is_one_sheet_of_letter_and_tells_fact_doubt_source_version_and_hotline(browser, report, name, told):
    (sheet,) = print_sheets(browser, report, name)
    both = ["1,277", "441 → 113", "873", "Alameda 52", "1-888-373-7888", "The State of Human Trafficking in California"]
    assert [words for words in [*told, *both, f"htanalysis {read_descriptor()['version']}"] if words not in sheet] == []


@pytest.mark.parametrize("name", ["index", "brief"])
def test_a_page_has_the_same_numbers_and_pictures_in_both_languages_and_leads_to_its_twin(browser, report, name):
    counted = []
    for own, other, language in ((name, f"{name}-es", "es"), (f"{name}-es", name, "en")):
        page = open_page(browser, report, own)
        assert page.locator("html").get_attribute("lang") != language
        link = page.locator(f"a[hreflang={language}]")
        assert (link.get_attribute("href"), link.get_attribute("lang")) == (f"{other}.html", language)
        words = page.locator("main").inner_text() + str(page.locator("main svg text").all_text_contents())
        counted.append(Counter(re.findall(r"\d[\d,.]*\d|\d", re.sub(r"[\d.]+ [kM]B", "", words))))
        assert page.noted == []
        page.context.close()
    assert counted[0] == counted[1] and counted[0]["1,277"] >= 2


def test_the_spanish_pages_hold_no_english_sentence_that_is_not_marked_as_english(browser, report):
    for name in ("index-es", "brief-es"):
        page = open_page(browser, report, name)
        page.evaluate("document.querySelectorAll('script, style, [lang=en]').forEach(part => part.remove())")
        words = page.locator("body").text_content()
        assert re.findall(r"\b(?:the|and|of|victims|from|Chapter|Source)\b", words) == []
        page.context.close()


@pytest.mark.parametrize("name", [*BRIEFS, "index-es"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_briefs_and_spanish_pages_are_for_everyone(browser, report, name, width, scheme):
    page = open_page(browser, report, name, width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []


def test_briefs_and_spanish_pages_are_valid(report):
    assert find_html_faults(*(report / f"{name}.html" for name in (*BRIEFS, "index-es"))) == []


def test_an_internal_scenario_of_which_a_notebook_failed_says_so_on_one_sheet_in_both_languages(
    browser, report, tmp_path
):
    few = {"audience": "internal", "scenario": "few", "assumption": "Half of the cases are from vice units"}
    folder = write_again(report, tmp_path, failed=["04-sex-and-labor"], **few)
    for name, told in (
        ("brief-internal", ["Do not pass it on", "A scenario", "Not complete"]),
        ("brief-es-internal", ["No se debe compartir", "Un supuesto", "Incompleto"]),
    ):
        (sheet,) = print_sheets(browser, folder, name)
        assert [words for words in [*told, few["assumption"], "Is it so?"] if words not in sheet] == []
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert re.findall(r'href="(?:brief|index)[\w-]*(?<!-internal)\.html"', page) == []


def test_the_brief_of_a_later_quarter_leads_with_that_quarter(browser, report, tmp_path):
    folder = write_again(report, tmp_path, later=True, quarter="2012Q3", as_of="2012-10-31")
    english, spanish = (print_sheets(browser, folder, name) for name in BRIEFS)
    assert len(english) == len(spanish) == 1
    assert "victims in July – September 2012." in english[0] and "In the quarters of the 2012 report" in english[0]
    assert "en julio–septiembre de 2012." in spanish[0] and "En los trimestres del informe de 2012" in spanish[0]
