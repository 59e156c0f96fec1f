"""The pages in Firefox beside Chromium."""

import json
import shutil

from conftest import open_page, run_node

PAGES = ["index", "01-quarterly-trends", "04-sex-and-labor"]
#: What a page shows, and what it does when a note, a fold and the search are used.
QUESTION = """async () => {
  await document.fonts.ready;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const size = (item) => [item.getBoundingClientRect().width, item.getBoundingClientRect().height].map(Math.round);
  // Chromium slants the letters of formulas by other letters.
  const words = document.querySelector("main").innerText.normalize("NFKC").replace(/\\s+/g, "");
  const drawn = all(".plot").filter((plot) => plot.checkVisibility()).map(size);
  // What stands in a line is measured by each browser in its own way.
  const block = (heading) => heading.checkVisibility() && getComputedStyle(heading).display !== "inline";
  const headings = all("h1, h2, h3").filter(block).map(size);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const folds = all("main details:not([open])");
  const folded = folds.map((fold) => fold.lastElementChild.checkVisibility({ contentVisibilityAuto: true }));
  const opener = document.querySelector("main button.opens");
  opener.click();
  const note = document.querySelector(".note:popover-open").textContent.trim();
  const focused = document.activeElement.closest(".note") !== null;
  document.querySelector(".note:popover-open").hidePopover();
  folds.forEach((fold) => fold.querySelector("summary").click());
  const opened = folds.filter((fold) => fold.open && fold.lastElementChild.checkVisibility()).length;
  const field = document.getElementById("search");
  field.value = "Los Angeles";
  field.dispatchEvent(new Event("input"));
  const found = [document.getElementById("found-count").textContent, document.getElementById("found").innerText];
  return { words, drawn, headings, wide, folded, note, focused, opened, found };
}"""


def test_firefox_shows_and_does_what_chromium_does(browser, report):
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    assert firefox, "Install Firefox (apt-get install firefox-esr): the pages are tested in it, beside Chromium."
    asked = {"firefox": firefox, "pages": [(report / f"{name}.html").as_uri() for name in PAGES], "question": QUESTION}
    answers = json.loads(run_node("firefox.mjs", input=json.dumps(asked), timeout=240))
    for name, answer in zip(PAGES, answers, strict=True):
        page = open_page(browser, report, name)
        other = page.evaluate(QUESTION)
        page.context.close()
        for sizes in ("drawn", "headings"):
            pairs = list(zip(answer.pop(sizes), other.pop(sizes), strict=True))
            assert pairs and all(abs(one - two) <= 3 for both in pairs for one, two in zip(*both, strict=True)), name
        assert answer == other, name
        assert answer["wide"] == 0 and answer["focused"] and "Basis" in answer["note"]
        assert "found" in answer["found"][0]
