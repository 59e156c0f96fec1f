"""Findings under different assumptions side by side, what differs first: as a frame, and as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from htanalysis import settings
from htanalysis.errors import UnknownNameError
from htanalysis.report.build import run_notebooks
from htanalysis.report.cache import replace_file
from htanalysis.report.changes import tell_number
from htanalysis.report.notebooks import list_findings, read_executed
from htanalysis.report.pages import fill_template
from htanalysis.report.request import Scenario, Wanted, read_scenario
from htanalysis.report.search import read_asset

#: What the collection's own assumptions are called.
_OWN = "report"


def compare(*names: str, quarter: str = "latest", as_of: str = "latest") -> pd.DataFrame:
    """Run the notebooks under each of some scenarios, and set what they find side by side.

    The names are those of files in `scenarios/`, without their ending, such as "few-from-vice"; "report" stands for no
    scenario. Quarter and day are as for `htanalysis report`.

    A row is a finding, those that differ first: `notebook`, `id`, `sentence` (of the first that finds it), a column for
    each name with number, range and basis ("none" where it does not find it), and `differs`.
    """
    known = {path.stem: path for path in sorted((settings.HOME / "scenarios").glob("*.toml"))}
    for name in names:
        if name not in (_OWN, *known):
            raise UnknownNameError("a scenario", name, [_OWN, *known])
    wanted = [Wanted(quarter, as_of, scenario=None if name == _OWN else read_scenario(known[name])) for name in names]
    reports = run_notebooks(wanted, settings.find_reports())
    found = [list_findings({name: read_executed(content) for name, content in each.items()}) for each in reports]
    return set_beside(dict(zip(names, found, strict=True)))


def set_beside(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """Set findings of several reports side by side, by their ids: a frame as `compare` gives it."""
    rows: dict[str, dict[str, str]] = {}
    for name, findings in found.items():
        for finding in findings:
            row = rows.setdefault(finding["id"], {key: finding[key] for key in ("notebook", "id", "sentence")})
            row[name] = tell_number(finding)
    frame = pd.DataFrame(rows.values(), columns=["notebook", "id", "sentence", *found]).fillna(tell_number(None))
    differs = frame[[*found]].nunique(axis=1).gt(1)
    return frame.assign(differs=differs).sort_values("differs", ascending=False, kind="stable", ignore_index=True)


def write_comparison(indexes: Mapping[Path, Scenario]) -> Path:
    """Write a page that sets reports of one quarter side by side, beside their folders, and give it."""
    reports = {scenario.name: index for index, scenario in indexes.items()}
    executed = {name: sorted((index.parent / "notebooks").glob("*.ipynb")) for name, index in reports.items()}
    found = {name: list_findings({path.stem: read_executed(path) for path in own}) for name, own in executed.items()}
    name, index = next(iter(reports.items()))
    period, mark = index.parent.name.partition(f"-{name}")[0], index.stem.removeprefix("index")
    content = {
        "period": period,
        "links": {name: index.parent.name for name, index in reports.items()},
        "rows": set_beside(found).to_dict("records"),
        "titles": {scenario.name: scenario.title for scenario in indexes.values()},
        "mark": mark,
        "style": Markup(read_asset("pages.css")),  # noqa: S704, ours
    }
    path = index.parents[1] / f"{period}-{'-beside-'.join(reports)}{mark}.html"
    replace_file(path, fill_template("scenarios", content).encode())
    return path
