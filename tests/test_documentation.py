"""The documentation: each public name has a page and an example, the tutorial runs, and the site needs no network."""

import doctest
import inspect
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from IPython.core.interactiveshell import InteractiveShell

import htanalysis as ht
from htanalysis.cli import main
from htanalysis.report.request import read_scenario

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "functions").glob("*.md"))


#: The pages whose examples read returns: invented ones, which are given beside them.
OF_RETURNS = ("nowcasts", "returns.counts", "totals")


def list_described():
    """Give what follows each directive, up to the next, by the name that it is of."""
    found = [part for page in PAGES for part in page.read_text(encoding="utf-8").split("::: htanalysis.")[1:]]
    return [(part.split("\n")[0], part) for part in found]


def test_each_public_name_is_described_once_and_has_an_example():
    described = list_described()
    assert sorted(name for name, _ in described) == ht.__all__
    assert [name for name, text in described if ">>>" not in f"{inspect.getdoc(getattr(ht, name))}{text}"] == []


@pytest.fixture
def home(home, monkeypatch):
    """Give a home without staff's returns, in which whatever a page reads by its path lies, too."""
    for name in ("scenarios", "tests"):
        (home / name).symlink_to(ROOT / name)
    monkeypatch.chdir(home)
    # Words alone are shown, as in a plain session of Python, whatever ran in this process before.
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: False)
    return home


@pytest.mark.parametrize("page", [ROOT / "docs" / "own-numbers.md", *PAGES], ids=lambda page: page.stem)
def test_the_examples_of_a_page_give_what_it_says(page, home):
    if page.stem == "report.scenarios":  # the others find the same under both
        (home / "notebooks").unlink()
        (home / "notebooks").mkdir()
        shutil.copy(ROOT / "notebooks" / "05-task-force-selection.ipynb", home / "notebooks")
    if page.stem in OF_RETURNS:
        assert main(["add", str(page.with_name("returns.csv"))]) == 0
    assert doctest.testfile(str(page), module_relative=False).failed == 0


def test_the_tutorial_gives_what_it_says(report, home):
    (home / "reports").mkdir()
    (home / "reports" / "2012Q2").symlink_to(report)
    tutorial = ROOT / "docs" / "tutorial.md"
    assert doctest.testfile(str(tutorial), module_relative=False) == (0, 26)
    scenario = home / "half-labor.toml"
    text = tutorial.read_text(encoding="utf-8")
    scenario.write_text(re.search(r"```toml\n(.*?)```", text, flags=re.DOTALL)[1], encoding="utf-8")
    assert read_scenario(scenario).parameters == {"ilo_labor_share": 0.5}


class Links(HTMLParser):
    """Collects what a page loads and where it leads."""

    def __init__(self):
        super().__init__()
        self.loaded, self.led = [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.loaded += [found[name] for name in ("src", "data") if found.get(name)]
        (self.loaded if tag == "link" else self.led).extend(filter(None, [found.get("href")]))


def test_the_site_builds_without_a_warning_and_needs_no_network(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert {path.with_suffix(".html").name for path in PAGES} <= {page.name for page in pages}
    for page in pages:
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        assert [link for link in links.loaded if urlsplit(link).netloc] == [], page
        inside = [urlsplit(link) for link in links.loaded + links.led]
        paths = {unquote(link.path) for link in inside if link.path and not link.scheme and not link.netloc}
        assert [path for path in paths if page.name != "404.html" and not (page.parent / path).exists()] == [], page
