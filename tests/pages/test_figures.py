"""What a figure does in a browser: it tells its marks' values, and is saved as picture, drawing, numbers, citation."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from conftest import FIGURES, open_page
from PIL import Image
from playwright.sync_api import expect

from htanalysis.data import read_descriptor

VERSION = read_descriptor()["version"]
WAYS = {"png": "Picture (PNG)", "svg": "Drawing (SVG)", "csv": "Numbers (CSV)"}


def save(page, figure, ending):
    """Save a figure by its menu and the keyboard alone, and give the file's content."""
    menu = page.locator(f"[id='{figure}'] details.save")
    if menu.get_attribute("open") is None:
        menu.locator("summary").press("Enter")
    with page.expect_download() as saved:
        menu.get_by_role("button", name=WAYS[ending]).press("Enter")
    assert saved.value.suggested_filename == f"{figure}.{ending}"
    return saved.value.path().read_bytes()


def test_a_saved_picture_holds_title_source_and_date_in_the_colors_of_paper_and_needs_nothing_else(browser, report):
    page = open_page(browser, report, "03-county-convictions", color_scheme="dark")
    picture = Image.open(io.BytesIO(save(page, "county-map", "png"))).convert("RGB")
    assert picture.width == 1680 and picture.height > 1300
    colors = {color for count, color in picture.getcolors(2**20) if count > 2000}
    assert {(255, 255, 255), (11, 90, 138)} <= colors, "white paper, and Alameda"
    drawing = save(page, "county-map", "svg").decode()
    assert "var(" not in drawing and re.findall(r"\w+://[^\"]+", drawing) == ["http://www.w3.org/2000/svg"]
    root = ElementTree.fromstring(drawing)
    words = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert page.locator("#county-map h3").inner_text() in words and "Alameda 52" in words
    assert "Source: Chapter 3, California Penal Code 236.1. Basis: reported, bounded." in words
    assert f"report for 2012Q2, version {VERSION}, numbers as the 2012 report states them" in words
    assert page.noted == [] and page.locator(".saved").count() == 0


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_saved_as_a_drawing_of_one_width_on_a_phone_too(browser, report, name):
    page = open_page(browser, report, name, 390)
    for figure in page.locator("figure.chart").all():
        root = ElementTree.fromstring(save(page, figure.get_attribute("id"), "svg"))
        assert root.attrib["width"] == "840" and float(root.attrib["height"]) > 150


MEETING = """figure => {
  const box = (part) => part.getBoundingClientRect();
  const all = [...figure.querySelectorAll(".drawing text, .axis-name, .panel-name")];
  const words = all.filter((part) => box(part).width);
  const marks = [...figure.querySelectorAll(".panel use:not([href='#mark-hatch'])")];
  const meet = (one, other) => {
    const [a, b] = [box(one), box(other)];
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    return wide > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  };
  const within = box(figure);
  return words.flatMap((part, place) => [
    ...[...words.slice(place + 1), ...marks]
      .filter((other) => meet(part, other))
      .map((other) => [part.textContent, other.outerHTML]),
    ...(box(part).left < within.left - 1 || box(part).right > within.right + 1 ? [[part.textContent, "the edge"]] : []),
  ]);
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_no_words_of_a_drawing_meet_other_words_a_mark_or_the_edge(browser, report, width):
    for name in FIGURES:
        page = open_page(browser, report, name, width)
        for figure in page.locator("figure.chart").all():
            assert figure.evaluate(MEETING) == [], figure.get_attribute("id")
        page.context.close()


def test_labels_stand_on_their_gridlines_and_panels_begin_at_one_place(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    left = "areas => areas.map(area => area.getBoundingClientRect().left)"
    lefts = page.locator("#quarters-and-ranges .area").evaluate_all(left)
    assert len(lefts) == 5 and len(set(lefts)) == 1
    page.goto((report / "06-services.html").as_uri())
    middles = "parts => parts.map(part => part.getBoundingClientRect()).map(box => (box.left + box.right) / 2)"
    lines = page.locator("#victims-origin .grid line").evaluate_all(middles)
    texts = page.locator("#victims-origin .marked [text-anchor='middle'] text")
    labels = texts.filter(has_text="%").evaluate_all(middles)
    assert [min(abs(label - line) for label in labels) < 1 for line in lines] == [True] * 6, "0% to 100%"


def test_saved_numbers_say_their_basis_and_source(browser, report):
    page = open_page(browser, report, "01-quarterly-trends")
    rows = list(csv.DictReader(save(page, "line-and-total", "csv").decode("utf-8-sig").splitlines()))
    assert [rows[0][name] for name in ("measure", "2010Q3", "2012Q2")] == ["investigations initiated", "135", "390"]
    assert "-339" in rows[1].values(), "a plain number, with a hyphen as its sign"
    assert rows[0]["basis"].startswith("2010Q3: reported; ") and "computed" in rows[0]["basis"]
    assert rows[0]["source"] == "Chapter 3, California’s Nine Regional Task Forces"
    page = open_page(browser, report, "03-county-convictions")
    rows = list(csv.DictReader(save(page, "county-map", "csv").decode("utf-8-sig").splitlines()))
    assert [(row["county"], row["basis"]) for row in rows[:2]] == [("Alameda", "reported"), ("Los Angeles", "bounded")]


def test_a_citation_is_copied_with_title_source_and_link(browser, report):
    page = open_page(browser, report, "06-services", permissions=["clipboard-read", "clipboard-write"])
    menu = page.locator("#reach details.save")
    menu.locator("summary").press("Enter")
    menu.get_by_role("button", name="Copy the citation").press("Enter")
    page.locator(".tip", has_text="Copied.").wait_for()
    cited = page.evaluate("navigator.clipboard.readText()")
    assert cited.startswith(f"“{page.locator('#reach h3').inner_text()}” Largest part of the victims identified")
    assert "Source: Chapter 5, Comprehensive Services for Victims; " in cited and "Basis: bounded, assumed." in cited
    assert cited.endswith("06-services.html#reach") and f"report for 2012Q2, version {VERSION}" in cited
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None


def test_a_drawing_is_one_stop_of_the_tab_key_and_the_arrows_tell_mark_after_mark(browser, report):
    page = open_page(browser, report, "02-arrests-and-convictions")
    plot, tip = page.locator("#outlook .plot"), page.locator(".tip")
    assert page.locator("#outlook .plot [tabindex]").count() == 0
    page.locator("#outlook .self").focus()
    told = []
    page.keyboard.press("Tab")
    while plot.evaluate("plot => plot !== document.activeElement"):
        page.keyboard.press("Tab")
    for _ in range(3):
        told.append(tip.inner_text())
        page.keyboard.press("ArrowRight")
    assert told == ["2007: 10 reported", "2008: 18 reported", "2009: 19 reported"]
    page.keyboard.press("Home")
    assert tip.inner_text() == told[0]
    assert page.locator("#outlook .told").count() == 1
    page.keyboard.press("Escape")
    expect(tip).not_to_be_visible()
    expect(page.locator(".told")).to_have_count(0)


def test_the_mark_at_the_pointer_tells_its_value(browser, report):
    page = open_page(browser, report, "03-county-convictions")
    page.locator("#county-map .drawing").scroll_into_view_if_needed()
    box = page.locator("#county-map .drawing").bounding_box()
    area = page.locator("#county-map path").first.bounding_box()  # San Bernardino is the largest
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    assert page.locator(".tip").inner_text() == "San Bernardino: none reported"
    page.mouse.move(box["x"] - 100, box["y"])
    expect(page.locator(".tip")).not_to_be_visible()
