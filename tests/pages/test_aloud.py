"""Two pages as a screen reader tells them, compared with what it told.

What is stored is meant to be read through: a line for each thing in its order. To write it anew: make looks.
"""

import os
import re
from pathlib import Path

import pytest
from conftest import open_page

STORED = Path(__file__).parent / "aloud"


def tell(page):
    """Give what the accessibility tree holds, but for addresses, sizes of files, and a row's name, its cells again."""
    lines = re.sub(r"[\d.]+ [kM]B", "… kB", page.locator("body").aria_snapshot()).splitlines()
    told = [re.sub(r"""(- '?row) ["“].*(?=:$)""", r"\1", line) for line in lines if "- /url:" not in line]
    return "\n".join(told) + "\n"


@pytest.mark.parametrize("name", ["index", "04-sex-and-labor"])
def test_a_page_is_told_as_it_was(browser, report, name):
    page = open_page(browser, report, name)
    page.wait_for_timeout(200)
    told, stored = tell(page), STORED / f"{name}.txt"
    if os.environ.get("LOOKS") == "new":
        STORED.mkdir(exist_ok=True)
        stored.write_text(told, encoding="utf-8")
    kept = stored.read_text(encoding="utf-8").splitlines()
    assert told.splitlines() == kept, "Read through what is told now; if it is right: make looks"


@pytest.mark.parametrize("name", ["index", "04-sex-and-labor"])
def test_what_is_told_names_each_thing_once(browser, report, name):
    """Names hold no word that is there for the eye or for another element."""
    page = open_page(browser, report, name)
    told = tell(page)
    assert not re.findall(r"- '?(?:heading|figure|region) .*Link to: .*", told)
    assert not re.findall(r'- (?:link|button|img|figure|table|heading)(?: ""|$|:$)', told, flags=re.MULTILINE)
    assert "- grid" not in told and "- gridcell" not in told
