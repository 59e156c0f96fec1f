"""Look for files that the readers stumble over, guided by which lines of them a file reaches.

    python -m pip install atheris
    python tests/fuzz/fuzz_readers.py -max_total_time=600 -max_len=20000

runs for ten minutes. It stops at the first file that raises, or about which something unreadable is told, and writes
it to the working directory. Name that file as the last argument to run it alone.
"""

import datetime
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["htanalysis.returns.files", "htanalysis.returns.sheets", "htanalysis.returns.checks", "zipfile"]
):
    from htanalysis.returns.checks import check_files
    from htanalysis.returns.store import read_store

RETURNS = Path(__file__).parents[1] / "returns"
FOLDER = Path(tempfile.mkdtemp())
TODAY = datetime.date(2013, 3, 31)
SHEET = "xl/worksheets/sheet1.xml"
with zipfile.ZipFile(RETURNS / "good-workbook.xlsx") as archive:
    PARTS = {part.filename: archive.read(part) for part in archive.infolist()}
PLACES = sorted(PARTS)
HELD = read_store()


def write(data):
    """Write a file: the first byte says whether it is text, a workbook, or a part of a workbook."""
    kind, content = data[:1] or b"\0", data[1:]
    place = kind[0] - 2
    path = FOLDER / ("a.csv" if kind == b"\0" else "a.xlsx")
    if 0 <= place < len(PLACES):
        with zipfile.ZipFile(path, "w") as book:
            for name, part in (PARTS | {PLACES[place]: content}).items():
                book.writestr(name, part)
    else:
        path.write_bytes(content)
    return path


def check(data):
    for problem in check_files([write(data)], HELD, TODAY).problems:
        assert str(problem).isprintable() and problem.message, ascii(problem)


def write_seeds(folder):
    """Start from the files that the tests have, and from each part of a good workbook."""
    for path in RETURNS.iterdir():
        kind = {".csv": b"\0", ".xlsx": b"\1"}.get(path.suffix)
        if kind:
            (folder / path.name).write_bytes(kind + path.read_bytes())
    for place, name in enumerate(PLACES):
        (folder / f"part-{place}").write_bytes(bytes([place + 2]) + PARTS[name])


def main():
    seeds = FOLDER / "seeds"
    seeds.mkdir()
    write_seeds(seeds)
    single = sys.argv[1:] and not sys.argv[-1].startswith("-")
    atheris.Setup(sys.argv if single else [*sys.argv, str(seeds)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
