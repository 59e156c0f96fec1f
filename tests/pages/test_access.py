"""Every page for everyone: axe, the keyboard, small screens, large letters, the dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import FIGURES, ROOT, UNLIKE, find_html_faults, open_everything, open_notes, open_page

#: Rules that are not on by themselves.
RULES = {rule: {"enabled": True} for rule in ("label-content-name-mismatch", "target-size", "p-as-heading")}


def find_violations(page):
    """Run axe, and give the rule and the first element of each violation."""
    options = {"resultTypes": ["violations"], "rules": RULES}
    found = Axe().run(page, options=options).response["violations"]
    return [(item["id"], item["nodes"][0]["html"]) for item in found]


@pytest.fixture(
    scope="module",
    params=[(name, width, scheme) for name in UNLIKE for width in (1280, 390) for scheme in ("light", "dark")],
    ids=lambda at: "-".join(map(str, at)),
)
def page(browser, report, request):
    """A page with its name and width; the tests on it run in this order."""
    name, width, scheme = request.param
    page = open_page(browser, report, name, width, color_scheme=scheme)
    page.name, page.wide, page.scheme = name, width, scheme
    yield page
    page.context.close()


def test_a_page_says_nothing_asks_for_nothing_and_fits(page):
    page.wait_for_timeout(100)
    assert page.noted == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.wide
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert color == ("rgb(18, 24, 31)" if page.scheme == "dark" else "rgb(255, 255, 255)")


def test_with_everything_open_targets_are_large_enough_for_a_finger(page):
    """What stands in a line of text may be as low as the line, as WCAG 2.2 says."""
    open_everything(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll('a:not(.skip), button:not(.opens, .term), summary, input, label')]
        .filter(target => {
          const box = target.getBoundingClientRect();
          return box.width && !target.matches('.visually-hidden') && (box.width < 24 || box.height < 24);
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


def test_neither_axe_nor_html_validate_finds_anything_with_every_fold_and_note_open(page, tmp_path):
    open_everything(page)
    open_notes(page)
    assert find_violations(page) == []
    if page.wide == 1280 and page.scheme == "light":
        (tmp_path / "open.html").write_text(page.content(), encoding="utf-8")
        faults = find_html_faults(tmp_path / "open.html")
        assert [fault for fault in faults if fault[2] not in WRITTEN_OUT] == []


@pytest.mark.parametrize("name", ["index", "02-arrests-and-convictions", "data-task_force_quarters"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_an_open_note(browser, report, name, scheme):
    page = open_page(browser, report, name, color_scheme=scheme)
    page.locator("button.opens").first.click()
    assert page.locator(".note:popover-open").count() == 1
    assert find_violations(page) == []


@pytest.mark.parametrize("name", UNLIKE)
@pytest.mark.parametrize("width", [320, 640])
def test_at_320_pixels_and_with_letters_twice_as_large_nothing_scrolls_sideways(browser, report, name, width):
    """A window of 1280 pixels at 200 % is 640 pixels wide."""
    page = open_page(browser, report, name, width)
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


#: What is so only because a browser writes out what it shows, or is a matter of taste.
WRITTEN_OUT = ("attribute-boolean-style", "attribute-empty-style", "prefer-native-element")
#: Each stop of the tab key: its place in the document, whether it can be seen, and whether it shows that it has focus.
STOP = """() => {
  const now = document.activeElement, box = now.getBoundingClientRect(), style = getComputedStyle(now);
  const all = [...document.querySelectorAll('*')];
  return {
    place: all.indexOf(now), seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, text: now.outerHTML.slice(0, 120),
  };
}"""


@pytest.mark.parametrize("name", ["index", *FIGURES[1:4], "data-task_force_quarters"])
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(browser, report, name):
    page = open_page(browser, report, name)
    page.evaluate("window.scrollTo(0, 0)")
    stops = []
    for _ in range(1500):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stops and stop["place"] <= stops[0]["place"]:
            break
        stops.append(stop)
    assert 'class="skip"' in stops[0]["text"]
    places = [stop["place"] for stop in stops]
    assert places == sorted(places), "the order of the keys is not the order of the page"
    assert [stop["text"] for stop in stops if not (stop["seen"] and stop["marked"])] == []
    reachable = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, summary, td[tabindex="0"], [role=region]')]
        .filter(item => item.tabIndex === 0 && item.getClientRects().length && item.checkVisibility()).length"""
    )
    assert len(stops) >= reachable - 1


def test_nothing_moves():
    style = (ROOT / "htanalysis" / "assets" / "pages.css").read_text(encoding="utf-8")
    assert not [word for word in ("transition", "animation", "smooth", "@keyframes") if word in style]
    script = (ROOT / "htanalysis" / "assets" / "pages.js").read_text(encoding="utf-8")
    assert "animate" not in script and "behavior" not in script
