"""Editions: the whole report as one HTML file that can be mailed, and as a PDF that can be printed."""

import html
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pikepdf

from htanalysis.data import list_described
from htanalysis.report.pages import allow, fill_template
from htanalysis.report.request import find_browser
from htanalysis.report.search import read_asset
from htanalysis.wording import join_words

#: Seconds for the printing.
_PATIENCE = 180
#: Attributes that name an element of the same page.
_NAMES = "id|for|popovertarget|aria-labelledby|aria-controls"

#: What the PDF is made with; in a container there is no sandbox for the one user that there is.
_PRINT = ("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer")

_BY_HAND = "Print the pages from a browser."
#: What stands for the number of the sheet that a part of the page is on, until it is known.
_AT = '<span data-at="{}">00</span>'


def write_editions(folder: Path, whole: Mapping[str, Any], single_file: bool, pdf: bool) -> None:
    """Write the editions of a report beside its pages, from what `pages.sum_up` gives.

    Where no PDF can be made, a line on stderr says why.
    """
    mark, notebooks = whole["mark"], list(whole["notebooks"])
    if single_file:
        datasets = [f"data-{entry['name']}" for entry in list_described()]
        names = ["index", "findings", *notebooks, "changes", "codebook", *datasets, "methods"]
        (folder / f"report{mark}.html").write_text(join_pages(folder, names, mark), encoding="utf-8")
    if pdf:
        texts = {f"report{mark}.pdf": _join_document(folder, whole)}
        for path in sorted(folder.glob(f"brief*{mark}.html")):
            text = _join_fonts(path.read_text(encoding="utf-8"), folder)
            texts[f"{path.stem}.pdf"] = re.sub(' href="[^"#]+"', "", text)  # It is printed by itself.
        with ThreadPoolExecutor() as pool:
            troubles = pool.map(print_pdf, texts.values(), [folder / name for name in texts])
        told = {name: trouble for name, trouble in zip(texts, troubles, strict=True) if trouble}
        if told:
            print(f"No {join_words([*told])}: {next(iter(told.values()))}", file=sys.stderr)


def join_pages(folder: Path, names: Sequence[str], mark: str) -> str:
    """Join the pages of a report, the index first, into one that needs no other file.

    An id has "page-", its page's name and two hyphens before it.
    """
    pages = {name: _read_page(folder, name, mark) for name in names}
    start, _, end = _split(pages[names[0]])
    sections = [
        f'<section class="page page-{name}" id="page-{name}">{_join_links(_split(text)[1], name)}</section>'
        for name, text in pages.items()
    ]
    start = re.sub(r'<body class="[^"]*"', '<body class="one" data-one="yes"', start)
    text = "\n".join([_join_links(start, ""), *sections, end])
    # There is one index here, no brief, and a what-if that stands on two pages is no landmark.
    text = re.sub(r'<span class="turn">.*?</span>', "", text)
    text = re.sub(r'(<section class="whatif" id="[^"]+") aria-labelledby="[^"]+"', r"\1", text)
    search = (folder / f"search{mark}.js").read_text(encoding="utf-8")
    text = _join_fonts(text.replace("'strict-dynamic'", f"{allow(search)}", 1), folder)
    return text.replace("</body>", f"<script>{search}</script>\n</body>")


def _join_document(folder: Path, whole: Mapping[str, Any]) -> str:
    """Join, with contents before it, what is read from beginning to end.

    What is looked up stays in the pages: rows of data, functions with their code.
    """
    text = join_pages(folder, ["index", *whole["notebooks"], "changes"], whole["mark"])
    style, first = read_asset("document.css"), '<section class="page '
    text = text.replace("</head>", f"<style>{style}</style></head>", 1)
    text = text.replace("style-src ", f"style-src {allow(style)} ", 1)
    return _refer_to_pages(text.replace(first, fill_template("contents", whole) + first, 1))


def _refer_to_pages(text: str) -> str:
    """Give each link the number of its page in place of its own; what is not in the document is no link."""
    ids = set(re.findall(r' id="([^"]+)"', text))

    def refer(found: re.Match[str]) -> str:
        link, target, words, number = found.groups()
        if target not in ids:
            return words
        return f'{link}<span class="on-paper"> (page&nbsp;{_AT.format(target)})</span>' if number else link

    link, number = r'(<a [^>]*?href="#([^"]+)"[^>]*>(.*?)</a>)', r'(<span class="on-paper"> \(link \d+\)</span>)?'
    return re.sub(link + number, refer, text, flags=re.DOTALL)


def _number_pages(text: str, printed: Path) -> str:
    """Write where the text of a printed page names a part of it the number of the sheet that this is on."""
    with pikepdf.open(printed) as book:
        sheets = {sheet.obj.objgen: number for number, sheet in enumerate(book.pages, 1)}
        at = {name[1:]: sheets[place[0].objgen] for name, place in book.Root.Dests.items()}
    return re.sub(r'(data-at="([^"]+)">)00', lambda found: f"{found[1]}{at[found[2]]}", text)


def _read_page(folder: Path, name: str, mark: str) -> str:
    """Read a page, with links to others as if no name had a mark: in one file there are no other names."""
    text = (folder / f"{name}{mark}.html").read_text(encoding="utf-8")
    return re.sub(rf'(href="[\w-]+?){mark}(\.html)', r"\1\2", text) if mark else text


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


def _join_fonts(text: str, folder: Path) -> str:
    """Put the fonts into a page, and allow just these styles."""
    fonts = (folder / "assets" / "fonts.css").read_text(encoding="utf-8")
    text = text.replace("style-src 'self'", f"style-src {allow(fonts)}", 1)
    return text.replace('<link rel="stylesheet" href="assets/fonts.css">', f"<style>{fonts}</style>", 1)


def print_pdf(page: str, path: Path) -> str | None:
    """Print a page that needs no other file as a tagged PDF with bookmarks; say why there is none and what to do.

    Which sheet a part of it is on is known once it is printed, so a page that tells this is printed twice.
    """
    browser = find_browser()
    if browser is None:
        return "install Chromium (Debian: apt-get install chromium), and they are made, too."
    with tempfile.TemporaryDirectory() as place:
        try:
            if "data-at=" in page:
                page = _number_pages(page, _run(browser, page, Path(place), "--disable-pdf-tagging"))
            _pack(_run(browser, page, Path(place), "--generate-pdf-document-outline"), path, _read_headings(page))
        except ValueError:
            return f"{browser} printed a page of its own, as where it may not read {place}. {_BY_HAND}"
        except (subprocess.SubprocessError, OSError) as error:
            return f"{browser} did not print the pages ({type(error).__name__}). {_BY_HAND}"
    return None


def _run(browser: str, page: str, place: Path, flag: str) -> Path:
    """Print a page in an empty place. Chromium prints what tells of an error as if that were asked for: refused."""
    source, made = place / "report.html", place / "report.pdf"
    source.write_text(page, encoding="utf-8")
    flags = [*_PRINT, flag, f"--user-data-dir={place}/profile", f"--print-to-pdf={made}"]
    flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    subprocess.run([browser, *flags, source.as_uri()], capture_output=True, timeout=_PATIENCE, check=True)  # noqa: S603, what the system calls Chromium
    with pikepdf.open(made) as book:
        if str(book.docinfo.get("/Title")) != html.unescape(re.search("<title>(.*?)</title>", page)[1]):
            raise ValueError(made)
    return made


def _read_headings(page: str) -> dict[str, str]:
    """Give the headings of a page by their letters alone, the first one first."""
    found = re.findall(r"<h[1-4][^>]*>(.*?)</h[1-4]>", page, flags=re.DOTALL)
    plain = [
        html.unescape(re.sub(r'<span class="on-paper">.*?</span>|<[^>]+>', "", heading)).strip() for heading in found
    ]
    return {"".join(heading.split()): heading for heading in plain}


def _mend(marks: Iterable[pikepdf.OutlineItem], headings: Mapping[str, str]) -> None:
    """Give bookmarks the words of their headings: Chromium loses spaces and adds links' numbers."""
    for mark in marks:
        letters = "".join(re.sub(r"\[\d+\]$", "", mark.title).split())
        # What stands in the first line of a heading is said twice.
        ends = (each for each in headings if letters.endswith(each) and each.startswith(letters.removesuffix(each)))
        mark.title = headings.get(max(ends, key=len, default=""), mark.title)
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
        book.docinfo["/Title"] = next(iter(headings.values()))
        for name in ("/CreationDate", "/ModDate"):
            book.docinfo[name] = "D:20121101000000Z"
        packed = pikepdf.ObjectStreamMode.generate
        book.save(path, object_stream_mode=packed, recompress_flate=True, deterministic_id=True)
