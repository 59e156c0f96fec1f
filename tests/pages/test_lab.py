"""The notebooks in a real JupyterLab, set up as `make lab` does and driven by a browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from conftest import ROOT
from playwright.sync_api import expect

NAMES = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
BIN = Path(sys.executable).parent
#: A wait in JupyterLab, which starts a kernel and fetches its parts, in milliseconds.
PATIENCE = 120_000
OPEN = """async name => {
    const panel = await jupyterapp.commands.execute("docmanager:open", {path: name});
    await panel.context.ready;
    await panel.sessionContext.ready;
}"""
RUN = """async () => {
    await jupyterapp.commands.execute("notebook:run-all-cells");
    await jupyterapp.commands.execute("docmanager:save");
}"""
SAVE = "async () => jupyterapp.commands.execute('docmanager:save')"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve copies of the notebooks in JupyterLab; give their folder and its address."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(home / name) for name in ("SETTINGS", "WORKSPACES")}
    own |= {"JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "lab"), "HTANALYSIS_HOME": str(ROOT)}
    command = [BIN / "jupyter", "lab", "--no-browser", "--allow-root", "--IdentityProvider.token=", f"--port={port}"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--LabApp.expose_app_in_browser=True", folder], env=os.environ | own, stderr=log
        )
    try:
        for _ in range(120):
            try:
                urlopen(f"http://127.0.0.1:{port}/lab")
                break
            except URLError:
                time.sleep(1)
        yield folder, f"http://127.0.0.1:{port}/lab"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def page(browser, lab):
    opened = browser.new_context(viewport={"width": 1500, "height": 1000}).new_page()
    opened.set_default_timeout(PATIENCE)
    opened.goto(lab[1])
    opened.wait_for_function("window.jupyterapp && jupyterapp.restored.then(() => true)")
    yield opened
    opened.context.close()


def clean(path):
    """Give a notebook as git keeps it, by the filter that the Makefile sets up."""
    command = [sys.executable, ROOT / "tools" / "lab" / "clean.py"]
    return subprocess.run(command, stdin=path.open("rb"), capture_output=True, check=True).stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_that_is_opened_run_and_saved_is_the_committed_one(page, lab, name):
    page.evaluate(OPEN, name)
    page.evaluate(SAVE)
    assert clean(lab[0] / name) == (ROOT / "notebooks" / name).read_bytes(), "saved"
    page.evaluate(RUN)
    assert clean(lab[0] / name) == (ROOT / "notebooks" / name).read_bytes(), "run"


def test_figures_follow_a_dark_theme_and_the_names_of_notebooks_are_readable(page):
    page.evaluate(OPEN, "05-task-force-selection.ipynb")
    figure = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .js-plotly-plot").first
    figure.scroll_into_view_if_needed()
    for theme, look in (("light", "none"), ("dark", "invert(1) hue-rotate(180deg)")):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.body.dataset.jpThemeLight == '{str(theme == 'light').lower()}'")
        assert figure.evaluate("each => getComputedStyle(each).filter") == look
    cut = "all => all.filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)"
    assert page.locator(".jp-DirListing-itemText").evaluate_all(cut) == []


def test_a_slider_that_is_moved_by_key_changes_number_sentence_and_curve(page):
    page.evaluate(OPEN, "explore.ipynb")
    page.evaluate(RUN)
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    part = panel.locator(".widget-vbox", has=page.locator("[role=slider]")).first
    slider = panel.locator("[role=slider]").first
    sentence = "If {} of California’s victims were labor victims"
    expect(part).to_contain_text(sentence.format("78.5%"), timeout=PATIENCE)
    dot = part.locator(".dot").first
    point = dot.get_attribute("d")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(part).to_contain_text(sentence.format("75%"), timeout=PATIENCE)
    expect(dot).not_to_have_attribute("d", point)
