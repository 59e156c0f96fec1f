"""The policy of the pages: no script runs and no style counts that is not ours, from disk and from a server."""

import shutil

import pytest
from conftest import serve
from playwright.sync_api import expect

FOREIGN = """<script>document.body.dataset.inside = "ran"</script>
<script src="beside.js"></script>
<style>h1 { color: rgb(1, 2, 3); }</style>
<a id="handler" onclick="document.body.dataset.handler = 'ran'" href="javascript:document.body.dataset.link='ran'">x</a>
</main>"""


@pytest.fixture(scope="module")
def attacked(report, tmp_path_factory):
    """A copy of the report in which somebody put scripts into a page and beside it."""
    folder = tmp_path_factory.mktemp("attacked") / "2012Q2"
    shutil.copytree(report, folder)
    page = folder / "06-services.html"
    page.write_text(page.read_text(encoding="utf-8").replace("</main>", FOREIGN), encoding="utf-8")
    (folder / "beside.js").write_text('document.body.dataset.beside = "ran"')
    return folder


@pytest.fixture(params=["disk", "server"])
def address(request, attacked):
    """Where the pages are, as a browser opens them."""
    if request.param == "disk":
        yield attacked.as_uri()
        return
    with serve(attacked) as server:
        yield server


def test_a_foreign_script_does_not_run_and_ours_do(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/06-services.html")
    page.locator("#handler").click()
    assert page.locator("#reach details.save").count() == 1
    page.get_by_role("searchbox").fill("alameda")
    expect(page.locator("#found-count")).to_contain_text("found")
    assert page.evaluate("Object.keys(document.body.dataset)") == []
    page.close()


def test_a_foreign_style_does_not_count_and_ours_and_the_fonts_do(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/06-services.html")
    styles = page.evaluate(
        """async () => {
        await document.fonts.load("400 16px 'Source Sans 3'");
        return [getComputedStyle(document.querySelector("h1")).color, getComputedStyle(document.body).marginTop,
          document.fonts.check("400 16px 'Source Sans 3'") && document.fonts.size]
        }"""
    )
    assert styles[0] != "rgb(1, 2, 3)" and styles[1:] == ["0px", 4]
    page.close()
