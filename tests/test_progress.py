import io
import re

from htanalysis.progress import Progress


def test_progress_is_a_line_a_notebook_where_there_is_no_terminal(capsys):
    with Progress(3, lambda: 0) as progress:
        progress.count("01-trends", failed=False, kept=False)
        progress.count("02-arrests", failed=True, kept=False)
        progress.count("03-counties", failed=False, kept=True)
    assert capsys.readouterr().err == "1/3 01-trends done\n2/3 02-arrests stopped\n3/3 03-counties as it was\n"


def test_progress_is_a_bar_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", shown := Terminal())
    with Progress(2, lambda: 1) as progress:
        progress.count("01-trends", failed=False, kept=False)
        progress.count("02-arrests", failed=True, kept=False)
    states = shown.getvalue().strip().split("\r")
    assert re.fullmatch(r"2 done, 1 running, 1 failed of 2 notebooks \|\S{12}\| 00:\d\d, 00:00 left", states[-1])
