"""What several tests share: one report of the latest quarter, the browser that shows it, and small frames."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from htanalysis import settings
from htanalysis.data import list_described
from htanalysis.report.build import make_reports
from htanalysis.report.request import Wanted
from htanalysis.returns import store

ROOT = Path(__file__).resolve().parents[1]
#: What checks pages and comes from npm.
HTML = ROOT / "tests" / "html"
#: What the collection holds besides the returns.
DATA = sorted(path.name for path in (ROOT / "data").glob("[!.]*") if path.name != "quarters")
PAGES = [
    *("index", "00-start-here", "01-quarterly-trends", "02-arrests-and-convictions", "03-county-convictions"),
    *("04-sex-and-labor", "05-task-force-selection", "06-services", "07-the-report-checked", "08-returns"),
    *("changes", "codebook", "methods", "findings"),
    *(f"data-{entry['name']}" for entry in list_described()),
]
#: The index in Spanish, and the brief in each language: pages of one sheet.
SHEETS = ["index-es", "brief", "brief-es"]
#: Of the pages of data sets, which are alike, one that is short and the longest.
UNLIKE = [*PAGES[:14], "data-task_force_quarters", "data-county_population"]
#: Notebooks whose figures the tests count: without returns, the one of them has none.
FIGURES = PAGES[1:9]
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--font-render-hinting=none"),
]

#: Files that take longest begin first, so that no process waits for another at the end.
_LONG = ("sweeps", "decade", "disclosure", "public_report", "cluster", "cache", "contributing")


def pytest_collection_modifyitems(items):
    names = {f"test_{name}": place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: names.get(item.path.stem, len(names)))


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> Path:
    """Give the folder of a report made from the committed notebooks."""
    return make_report(tmp_path_factory.mktemp("reports"), "latest").parent


def make_report(out: Path, quarter: str = "2012Q2", jobs: int = 2, **wanted: Any) -> Path:
    """Make one report in a folder of reports, and give its index."""
    return make_reports([Wanted(quarter, **wanted)], out, jobs)[0]


def make_home(folder: Path) -> Path:
    """Give a folder the collection without returns: its records as copies, as they may change, the rest as links."""
    (folder / "data").mkdir(parents=True)
    for name in (*(f"data/{each}" for each in DATA), "notebooks", "shapefiles"):
        if name.endswith(".csv"):
            shutil.copyfile(settings.HOME / name, folder / name)
        else:
            (folder / name).symlink_to(settings.HOME / name)
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Work in an empty folder, with a home beside it that holds the collection and an empty store."""
    monkeypatch.setattr(settings, "HOME", make_home(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def browser():
    """Debian's or the system's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Install Chromium (apt-get install chromium): the pages are tested in it."
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def closed(request):
    """Close the pages that a test opened, but none that a fixture of its module keeps open."""
    browser = request.getfixturevalue("browser") if "browser" in request.fixturenames else None
    before = [*browser.contexts] if browser else []
    yield
    for context in browser.contexts if browser else []:
        if context not in before:
            context.close()


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


def open_notes(page: Page) -> None:
    """Let all notes stand open at once, where a reader opens one after the other."""
    page.evaluate("document.querySelectorAll('[popover]').forEach(note => note.removeAttribute('popover'))")


class _Packed(SimpleHTTPRequestHandler):
    """Serves files packed, as servers do, and says nothing of it."""

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = gzip.compress(path.read_bytes())
        self.send_response(200)
        for name, value in {"Type": self.guess_type(path), "Encoding": "gzip", "Length": len(content)}.items():
            self.send_header(f"Content-{name}", str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder to this machine, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Packed, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run_node(*command: str | Path, **given: Any) -> str:
    """Run a script of tests/html with the tests' own Node, and give what it prints."""
    assert (HTML / "node_modules").exists(), "What checks pages is not there: make tests/html/node_modules."
    node = Path(sys.executable).with_name("node")
    with tempfile.TemporaryFile("w+") as told:  # Node may end before all has gone through a pipe
        subprocess.run([node, *command], stdout=told, text=True, check=False, cwd=HTML, **given)
        told.seek(0)
        return told.read()


def find_html_faults(*pages: Path) -> list[tuple[str, int, str, str]]:
    """Check pages with html-validate's recommended rules. Gives file, line, rule and message of each fault."""
    options = ["--preset", "recommended", "--formatter", "json"]
    told = run_node("node_modules/html-validate/bin/html-validate.mjs", *options, *pages)
    return [
        (Path(found["filePath"]).name, fault["line"], fault["ruleId"], fault["message"])
        for found in json.loads(told)
        for fault in found["messages"]
    ]


def make_row(quarter: Any, name: str, count: int | None, measure="arrests", kind="all", day: Any = 30) -> dict:
    """Give a row of a return, known on a day or as many days after its quarter."""
    quarter = pd.Period(quarter, freq="Q")
    ends = {"period_start": quarter.start_time, "period_end": quarter.end_time.normalize()}
    known = ends["period_end"] + pd.Timedelta(days=day) if isinstance(day, int) else pd.Timestamp(day)
    row = {"quarter": quarter, "task_force": name, "measure": measure, "trafficking_type": kind, "count": count}
    return row | ends | {"as_of": known}


def frame_of(rows: list[dict]) -> pd.DataFrame:
    """Make a frame of such rows, as the store takes it."""
    return pd.DataFrame(rows).astype({"count": "Int64"})


def append_rows(rows: list[dict]) -> list[str]:
    """Add such rows to the store, at once."""
    with store.locked():
        return store.append(frame_of(rows))


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
