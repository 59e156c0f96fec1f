"""Feed the readers of returns with whatever a fuzzer finds; outside the normal tests, which do it in small.

    pip install atheris
    python tests/fuzz/fuzz_readers.py -max_total_time=600

It stops at the first exception, and leaves the bytes that led to it in a file named crash-….
"""

import datetime
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["htanalysis", "openpyxl", "csv", "zipfile"]):
    from htanalysis import checks, sheets, store

FOLDER = Path(__file__).parents[1] / "returns"
TODAY = datetime.date(2013, 3, 31)
HEAD = ",".join(sheets.COLUMNS).encode() + b"\n"
with zipfile.ZipFile(FOLDER / "good-workbook.xlsx") as archive:
    PARTS = {part.filename: archive.read(part) for part in archive.infolist()}
NAMES = sorted(PARTS)
PLACE = Path(tempfile.mkdtemp())
HELD = store.read_store().iloc[:0]


def feed(data: bytes) -> None:
    """Check a CSV file, a file that claims to be a workbook, and a workbook of which a part is changed."""
    if not data:
        return
    kind, content = data[0] % 4, data[1:]
    path = PLACE / ("a.xlsx" if kind >= 2 else "a.csv")
    if kind == 3 and content:
        write_workbook(path, content)
    else:
        path.write_bytes((HEAD if kind == 1 else b"") + content)
    for problem in checks.check_files([path], HELD, TODAY).problems:
        assert str(problem).isprintable() and problem.message


def write_workbook(path: Path, content: bytes) -> None:
    """Write the good workbook with some bytes of one part replaced."""
    name = NAMES[content[0] % len(NAMES)]
    part, rest = PARTS[name], content[3:]
    start = int.from_bytes(content[1:3], "big") % max(1, len(part))
    with zipfile.ZipFile(path, "w") as archive:
        for other, whole in PARTS.items():
            changed = part[:start] + rest + part[start + len(rest) :]
            archive.writestr(other, changed if other == name else whole)


if __name__ == "__main__":
    atheris.Setup(sys.argv, feed)
    atheris.Fuzz()
