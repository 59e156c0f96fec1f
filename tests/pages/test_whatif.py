"""What-ifs on the pages: at every step of every slider the page shows what Python says, and a link brings it back."""

import itertools

import pytest
from conftest import open_page
from playwright.sync_api import expect

import htanalysis as ht
from htanalysis.report.notebooks import read_executed

#: Moves the sliders of a what-if to every combination of their steps, and notes what is shown at each.
EVERYTHING = """box => {
  const [sliders, curves] = ["input", ".curve"].map(selector => [...box.querySelectorAll(selector)]);
  const seen = [];
  const go = (place) => {
    if (place === sliders.length) {
      const text = (selector) => box.querySelector(selector).textContent;
      seen.push([text(".whatif-answer strong"), text(".whatif-answer span"), text(".said"),
        sliders.map(slider => slider.getAttribute("aria-valuetext")),
        curves.map(svg => svg.querySelector(".dot").getAttribute("d").match(/\\d+/g).slice(0, 2).map(Number)),
        curves.map(svg => svg.querySelector(".line").getAttribute("d"))]);
      return;
    }
    for (let step = 0; step <= +sliders[place].max; step++) {
      sliders[place].value = step;
      sliders[place].dispatchEvent(new Event("input"));
      go(place + 1);
    }
  };
  go(0);
  return seen;
}"""
PAGES = {
    "index": ("what-if-labor",),
    "04-sex-and-labor": ("what-if-labor", "what-if-mix"),
    "05-task-force-selection": ("what-if-vice", "what-if-foreign"),
}


@pytest.fixture(scope="module")
def grids():
    """The what-ifs as Python computes them now."""
    types, htrs = ht.load("trafficking_type"), ht.load("htrs")
    mix, sex = ht.mix_of(types, "task forces"), "share classified as sex trafficking"
    places = ["cases of task forces in a vice unit", "cases of task forces outside a vice unit"]
    vice, outside = (ht.pick(htrs, "value", measure=sex, population=place) for place in places)
    found = (
        ht.what_if_detection(mix, 0.785, 0.29),
        ht.what_if_mix(mix, 0.29),
        ht.what_if_vice(mix, vice, outside, 0.44),
        ht.what_if_foreign(htrs, 0.05, 1.0),
    )
    return {grid.id: grid for grid in found}


@pytest.mark.parametrize("name", PAGES)
def test_at_every_step_the_page_shows_what_python_says(browser, report, grids, name):
    page = open_page(browser, report, name)
    assert [box.get_attribute("id") for box in page.locator(".whatif").all()] == [*PAGES[name]]
    for each in PAGES[name]:
        grid = grids[each]
        seen = page.locator(f"#{each}").evaluate(EVERYTHING)
        settings = [*itertools.product(*(axis.steps for axis in grid.axes))]
        assert len(seen) == len(settings) == len(grid.answers)
        for (answer, between, said, words, points, lines), steps in zip(seen, settings, strict=True):
            told = grid.to_json(**dict(zip((axis.name for axis in grid.axes), steps, strict=True)))
            assert [answer, between, said] == [told["answer"], told["between"], told["said"]]
            assert words == [axis["words"][axis["step"]] for axis in told["axes"]]
            height = int(told["value_at"].split(" ")[told["row"]])
            assert points == [[axis["places"][axis["step"]], height] for axis in told["axes"]]
            assert all(f"{x} {y}" in line for (x, y), line in zip(points, lines, strict=True))
    assert page.noted == []


@pytest.mark.parametrize("name", PAGES)
def test_the_notebook_beside_the_page_holds_the_same_digits(report, grids, name):
    if name != "index":
        shown = read_executed(report / "notebooks" / f"{name}.ipynb").shown
        held = {item["id"]: item for kind, item in shown if kind == "whatif"}
        assert [*held] == [*PAGES[name]]
        assert all(held[each][end] == grids[each].to_json()[end] for each in held for end in ("value", "low", "high"))


def test_a_setting_is_in_the_link_and_the_link_opens_it(browser, report, grids):
    page = open_page(browser, report, "04-sex-and-labor")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box = page.locator("#what-if-labor")
    first = box.get_by_label("True share of labor victims")
    for _ in range(3):
        first.press("ArrowLeft")
    box.get_by_role("button", name="Copy link").press("Enter")
    expect(box.locator(".whatif-actions span")).to_have_text("Copied: the link opens this setting.")
    assert page.url.endswith("#what-if-labor?true_labor_share=65&to_labor=29&sensitivity=100")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    said = box.locator(".said").inner_text()
    assert said == grids["what-if-labor"].say(true_labor_share=0.65)
    again = page.context.new_page()
    again.goto(page.url)
    expect(again.locator("#what-if-labor .said")).to_have_text(said)
    expect(again.locator("#what-if-labor")).to_be_in_viewport()
    again.locator("#what-if-labor").get_by_role("button", name="Reset").click()
    expect(again.locator("#what-if-labor .said")).to_have_text(grids["what-if-labor"].say())


def test_without_a_clipboard_the_page_says_where_the_link_is(browser, report):
    page = open_page(browser, report, "index")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    box = page.locator("#what-if-labor")
    box.get_by_role("button", name="Copy link").click()
    expect(box.locator(".whatif-actions span")).to_contain_text("address of the page")
    assert page.url.endswith("true_labor_share=78.5&to_labor=29&sensitivity=100")


@pytest.mark.parametrize("setting", ["true_labor_share=64&to_labor=29&sensitivity=100", "true_labor_share=65"])
def test_a_link_whose_setting_is_no_step_shows_the_reports_and_says_so(browser, report, grids, setting):
    page = open_page(browser, report, f"index#what-if-labor?{setting}")
    box = page.locator("#what-if-labor")
    expect(box.locator(".said")).to_have_text(grids["what-if-labor"].say())
    expect(box.locator(".whatif-actions span")).to_contain_text("not among the steps")


def test_the_sliders_are_moved_and_heard_by_the_keyboard(browser, report):
    page = open_page(browser, report, "index")
    slider = page.get_by_role("slider", name="True share of labor victims")
    slider.focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "5%"
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "90%"
    said = page.locator("#what-if-labor output")
    assert said.get_attribute("aria-live") == "polite"
    expect(said).to_contain_text("If 90% of California’s")
    assert page.locator("#what-if-labor input").count() == 3


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_and_without_scripts_stands_the_reports_own_setting(browser, report, grids, scripts):
    page = open_page(browser, report, "04-sex-and-labor", java_script_enabled=scripts)
    box = page.locator("#what-if-labor")
    if scripts:
        box.get_by_label("True share of labor victims").press("Home")
        expect(box.locator(".said")).to_contain_text("If 5% of")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
    expect(box.locator(".said")).to_have_text(grids["what-if-labor"].say())
    expect(box.locator("input").first).not_to_be_visible()
    expect(box.locator("button").first).not_to_be_visible()
    expect(box.locator(".curve .inner")).to_have_count(3)
    expect(box.locator(".curve").first).to_be_visible()
    if scripts:
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        expect(box.locator(".said")).to_contain_text("If 5% of")
