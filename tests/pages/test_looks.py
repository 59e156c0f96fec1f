"""How five pages look, compared with pictures of how they looked.

A picture is stored small: a quarter as wide, in few colors. What is a little lighter or a pixel aside passes; a figure
that moved, a font that is lost or a color that changed does not. To look anew: make looks.
"""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import open_page
from PIL import Image, ImageFilter

STORED = Path(__file__).parent / "looks"
#: Page, width, and what the reader has set.
LOOKS = {
    "index": ("index", 1280, {}),
    "index-on-a-phone": ("index", 390, {}),
    "trends-in-the-dark": ("01-quarterly-trends", 1280, {"color_scheme": "dark"}),
    "counties": ("03-county-convictions", 1280, {}),
    "methods": ("methods", 1280, {}),
}
_HEIGHT = 3600
#: Part of the picture that may differ by more than a third of black to white.
_TOLERANCE = 0.004


def take(browser, report, name):
    """Take a picture of the upper part of a page, a quarter as wide and as high."""
    page_name, width, options = LOOKS[name]
    page = open_page(browser, report, page_name, width, **options)
    page.wait_for_timeout(200)
    height = min(_HEIGHT, page.evaluate("document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": width, "height": height}
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip))).convert("RGB")
    page.context.close()
    return picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.BOX)


def difference(one, other):
    """Give the part of two pictures' points that differ, after both are blurred by a point."""
    if one.size != other.size:
        return 1.0
    blurred = [np.asarray(picture.filter(ImageFilter.GaussianBlur(1.5)), dtype=float) for picture in (one, other)]
    return float((np.abs(blurred[0] - blurred[1]).max(axis=2) > 40).mean())


@pytest.mark.parametrize("name", LOOKS)
def test_a_page_looks_as_it_did(browser, report, name, tmp_path):
    picture = take(browser, report, name)
    if os.environ.get("LOOKS") == "new":
        STORED.mkdir(exist_ok=True)
        picture.quantize(48).save(STORED / f"{name}.png", optimize=True)
    stored = Image.open(STORED / f"{name}.png").convert("RGB")
    picture.save(tmp_path / f"{name}.png")
    changed = difference(picture, stored)
    assert changed <= _TOLERANCE, f"{changed:.1%} differ; look at {tmp_path / name}.png, and if it is right: make looks"


def test_a_figure_that_is_gone_or_moved_is_seen():
    stored = Image.open(STORED / "counties.png").convert("RGB")
    gone, moved = stored.copy(), stored.copy()
    part = (120, 400, 280, 550)
    gone.paste((255, 255, 255), part)
    moved.paste(stored.crop(part), (104, 388))
    assert difference(stored, stored) == 0
    assert difference(stored, gone) > _TOLERANCE and difference(stored, moved) > _TOLERANCE


def test_the_stored_pictures_are_small():
    sizes = [path.stat().st_size for path in STORED.glob("*.png")]
    assert len(sizes) == 5 and sum(sizes) < 300_000
