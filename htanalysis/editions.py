"""Editions: the whole report as one HTML file that can be mailed, and as a PDF that can be printed."""

import html
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import pikepdf

from htanalysis.pages import allow
from htanalysis.summaries import offer
from htanalysis.wanted import find_browser

#: Seconds for the printing.
_PATIENCE = 180
#: Attributes that name an element of the same page.
_NAMES = "id|for|popovertarget|aria-labelledby|aria-controls|data-note"

#: What the PDF is made with; in a container there is no sandbox for the one user that there is.
_PRINT = ("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer", "--generate-pdf-document-outline")


def write_editions(folder: Path, notebooks: Sequence[str], single_file: bool, pdf: bool) -> None:
    """Write the editions of a report beside its pages, and offer them on its index.

    Parameters
    ----------
    folder : pathlib.Path
        The report.
    notebooks : sequence of str
        The pages of notebooks, in reading order.
    single_file : bool
        Whether to write `report.html`.
    pdf : bool
        Whether to write `report.pdf`. Where that cannot be, a line on stderr says why.
    """
    names = ["index", *notebooks, "changes", "codebook", "methods"]
    made = []
    if single_file:
        (folder / "report.html").write_text(join_pages(folder, names), encoding="utf-8")
        made.append("report.html")
    if pdf:
        trouble = print_pdf(join_pages(folder, names, explore=False), folder / "report.pdf")
        if trouble:
            print(trouble, file=sys.stderr)
        else:
            made.append("report.pdf")
    index = folder / "index.html"
    index.write_text(offer(index.read_text(encoding="utf-8"), folder, made), encoding="utf-8")


def join_pages(folder: Path, names: Sequence[str], explore: bool = True) -> str:
    """Join the pages of a report into one that needs no other file.

    Parameters
    ----------
    folder : pathlib.Path
        The report.
    names : sequence of str
        The pages in reading order, the index first.
    explore : bool
        Whether plotly is in it, with which its figures can be explored.

    Returns
    -------
    str
        HTML. An id has "page-", its page's name and two hyphens before it.
    """
    pages = {name: (folder / f"{name}.html").read_text(encoding="utf-8") for name in names}
    start, _, end = _split(pages[names[0]])
    sections = [
        f'<section class="page page-{name}" id="page-{name}">{_join_links(_split(text)[1], name)}</section>'
        for name, text in pages.items()
    ]
    start = re.sub(r'<body class="[^"]*"', '<body class="one" data-one="yes"', start)
    text = "\n".join([_join_links(start, ""), *sections, end])
    return _join_assets(text, folder, explore)


def _split(page: str) -> tuple[str, str, str]:
    start, head, rest = page.partition('<main id="main">')
    content, _, end = rest.partition("</main>")
    return start + head, content, "</main>" + end


def _join_links(content: str, name: str) -> str:
    """Let ids and links work beside those of other pages; a link to a file that is not there becomes plain words."""
    if name:
        content = re.sub(rf'(?<= )({_NAMES})="([^"]+)"', rf'\1="page-{name}--\2"', content)
        content = re.sub(r'href="#(?!mark-)([^"]+)"', rf'href="#page-{name}--\1"', content)
    content = re.sub(r'href="([\w-]+)\.html#([^"]+)"', r'href="#page-\1--\2"', content)
    content = re.sub(r'href="([\w-]+)\.html"', r'href="#page-\1"', content)
    return re.sub(r'<a href="[^"#]+">([^<]*)</a>', r"\1", content)


def _join_assets(text: str, folder: Path, explore: bool) -> str:
    """Put style and scripts into a page, and allow just these."""
    style = (folder / "assets" / "pages.css").read_text(encoding="utf-8")
    scripts = [(folder / name).read_text(encoding="utf-8") for name in ("assets/pages.js", "search.js")]
    plotly = (files("htanalysis") / "assets" / "plotly-basic.min.js").read_text(encoding="utf-8") if explore else ""
    allowed = " ".join(map(allow, [*scripts, plotly]))
    text = text.replace("style-src 'self' file:", f"style-src {allow(style)}")
    text = text.replace("script-src 'self' file:", f"script-src {allowed}")
    text = text.replace('<link rel="stylesheet" href="assets/pages.css">', f"<style>{style}</style>")
    held = f'<script type="text/plain" id="plotly">{plotly}</script>\n' if explore else ""
    text = text.replace('<script src="assets/pages.js"></script>', f"{held}<script>{scripts[0]}</script>")
    return text.replace('<script src="search.js"></script>', f"<script>{scripts[1]}</script>")


def print_pdf(page: str, path: Path) -> str | None:
    """Print a page that needs no other file as a tagged PDF with bookmarks.

    Parameters
    ----------
    page : str
        HTML.
    path : pathlib.Path
        Where the PDF goes.

    Returns
    -------
    str or None
        Why there is no PDF and what to do, or nothing.
    """
    browser = find_browser()
    if browser is None:
        return f"No {path.name}: install Chromium (Debian: apt-get install chromium), and it is made, too."
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        flags = [*_PRINT, f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}"]
        flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        try:
            subprocess.run([browser, *flags, source.as_uri()], capture_output=True, timeout=_PATIENCE, check=True)  # noqa: S603, what the system calls Chromium
            _pack(made, path, _read_headings(page))
        except (subprocess.SubprocessError, OSError) as error:
            reason = type(error).__name__
            return f"No {path.name}: {browser} did not print the pages ({reason}). Print them from a browser."
    return None


def _read_headings(page: str) -> dict[str, str]:
    """Give the headings of a page by their letters alone, the first one first."""
    found = re.findall(r"<h[1-4][^>]*>(.*?)</h[1-4]>", page, flags=re.DOTALL)
    plain = [html.unescape(re.sub(r"<sup.*?</sup>|<[^>]+>", "", heading)).strip() for heading in found]
    return {"".join(heading.split()): heading for heading in plain}


def _mend(marks: Iterable[pikepdf.OutlineItem], headings: Mapping[str, str]) -> None:
    """Give bookmarks the words of their headings: Chromium loses spaces, adds links' numbers and says some twice."""
    for mark in marks:
        letters = "".join(re.sub(r"\[\d+\]$", "", mark.title).split())
        for candidate in (letters, letters[: len(letters) // 2]):
            mark.title = headings.get(candidate, mark.title)
        _mend(mark.children, headings)


def _name_nodes(content: bytes) -> bytes:
    """Give the parts of a PDF numbers from 0 on: Chromium counts on from what it did before."""
    names = sorted(set(re.findall(rb"\(node(\d{8})\)", content)))
    places = {name: b"(node%08d)" % place for place, name in enumerate(names)}
    return re.sub(rb"\(node(\d{8})\)", lambda found: places[found[1]], content)


def _pack(made: Path, path: Path, headings: Mapping[str, str]) -> None:
    """Halve a PDF's size, mend its bookmarks and title, and give it a fixed day: the same pages give the same bytes."""
    with pikepdf.open(io.BytesIO(_name_nodes(made.read_bytes()))) as book:
        with book.open_outline() as outline:
            _mend(outline.root, headings)
        if headings:
            book.docinfo["/Title"] = next(iter(headings.values()))
        for name in ("/CreationDate", "/ModDate"):
            book.docinfo[name] = "D:20121101000000Z"
        packed = pikepdf.ObjectStreamMode.generate
        book.save(path, object_stream_mode=packed, recompress_flate=True, deterministic_id=True)
