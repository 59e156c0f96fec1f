"""What several tests share: one report of the latest quarter, the browser that shows it, and small frames."""

import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from htanalysis.reports import make_report

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *("index", "00-start-here", "01-quarterly-trends", "02-arrests-and-convictions", "03-county-convictions"),
    *("04-sex-and-labor", "05-task-force-selection", "06-services", "07-the-report-checked", "08-returns"),
    *("changes", "codebook", "methods"),
]
#: Notebooks whose figures the tests count: without returns, the one of them has none.
FIGURES = PAGES[1:9]
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--font-render-hinting=none"),
]


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> Path:
    """Give the folder of a report made from the committed notebooks."""
    return make_report("latest", tmp_path_factory.mktemp("reports"), jobs=2).parent


@pytest.fixture(scope="session")
def browser():
    """Debian's or the system's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Install Chromium (apt-get install chromium): the pages are tested in it."
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=_FLAGS)
        yield chromium
        chromium.close()


def open_page(browser: Browser, folder: Path, name: str, width: int = 1280, **options: Any) -> Page:
    """Open a page from disk without a network, and note what it says and asks for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
    page = context.new_page()
    page.noted = []
    page.on("console", lambda message: page.noted.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.noted.append(f"error: {error}"))
    page.on("request", lambda request: page.noted.append(request.url) if request.url.startswith("http") else None)
    page.goto((folder / f"{name.partition('#')[0]}.html").as_uri() + "".join(name.partition("#")[1:]))
    return page


def open_everything(page: Page) -> None:
    """Open whatever is folded, as a reader could who wants to see all."""
    for switch in page.locator(".switch").all():
        switch.check()
    page.evaluate("document.querySelectorAll('details').forEach(details => (details.open = true))")
    page.wait_for_timeout(150)  # what opens is marked for the keyboard just after


def find_html_faults(*pages: Path) -> list[tuple[str, int, str, str]]:
    """Check pages with html-validate's recommended rules. Gives file, line, rule and message of each fault."""
    checker = ROOT / "tests" / "html" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    assert checker.exists(), "What checks HTML is not there: make tests/html/node_modules."
    node = Path(sys.executable).with_name("node")
    options = ["--preset", "recommended", "--formatter", "json"]
    run = subprocess.run([node, checker, *options, *pages], capture_output=True, text=True, check=False)
    return [
        (Path(found["filePath"]).name, fault["line"], fault["ruleId"], fault["message"])
        for found in json.loads(run.stdout)
        for fault in found["messages"]
    ]


def counts_of(*counts: int | None, measure: str = "arrests") -> pd.DataFrame:
    """Give quarterly counts, missing where None, as the series functions want them."""
    quarters = pd.period_range("2011Q1", periods=len(counts), freq="Q")
    return pd.DataFrame({"measure": measure, "quarter": quarters, "count": pd.array(counts, "Int64")})


def total_of(total: int, measure: str = "arrests") -> pd.DataFrame:
    """Give a total as the series functions want it."""
    return pd.DataFrame({"measure": [measure], "count": [total]})


def run_killed(work: Callable[[], object], place: Path, step: int) -> int:
    """Do some work in a process of its own, which is killed before it changes a place once more than `step` times.

    Gives 0 where it came to its end, -9 where it was killed.
    """
    child = os.fork()
    if not child:
        try:
            _kill_after(step, str(place))
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _kill_after(last: int, place: str) -> None:
    """Count each opening for writing, sync, and change of a folder in a place, and end the process after the last."""
    steps, sync = 0, os.fsync

    def count() -> None:
        nonlocal steps
        steps += 1
        if steps > last:
            os.kill(os.getpid(), 9)

    def audit(event: str, arguments: tuple) -> None:
        writes = event == "open" and arguments[1] and set(str(arguments[1])) & set("wax")
        if (writes or event in ("os.rename", "os.mkdir", "os.rmdir", "os.remove")) and place in str(arguments[0]):
            count()

    def synced(handle: int) -> None:
        count()
        sync(handle)

    os.fsync = synced
    sys.addaudithook(audit)
