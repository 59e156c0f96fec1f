"""Say how long pages take from opening until all their charts are drawn, on a machine slowed down four times.

Each page is opened from disk in headless Chromium; the best of five is given, since machines are noisy.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from htanalysis.report.build import make_reports
from htanalysis.report.request import Wanted

SLOWER = 4
#: Resolves with the milliseconds since the page was asked for, once it is whole and each chart has its height.
DRAWN = """new Promise((done) => {
  const look = () => {
    const areas = [...document.querySelectorAll(".plot")].map((plot) => plot.querySelector(".area"));
    const drawn = areas.every((area) => area && area.getBoundingClientRect().height > 20);
    if (document.readyState === "complete" && drawn) done(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""


def measure(browser: Browser, page: Path) -> float:
    """Open a page once, and give the milliseconds."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.goto(page.as_uri(), wait_until="domcontentloaded")
    milliseconds = tab.evaluate(DRAWN)
    context.close()
    return milliseconds


def main() -> None:
    """Make a report, and print a line for each of its pages."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Install Chromium (apt-get install chromium): pages are measured in it.")
    flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        report = make_reports([Wanted()], Path(folder), 2)[0].parent
        browser = play.chromium.launch(executable_path=path, args=flags)
        for page in sorted(report.glob("*.html")):
            best = min(measure(browser, page) for _ in range(5))
            print(f"{page.name:34} {page.stat().st_size / 1000:6.0f} kB  {best:6.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
