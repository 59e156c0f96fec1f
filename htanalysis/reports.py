"""A report: the executed notebooks, their pages, and what they found as files. It appears whole or not at all."""

import csv
import errno
import json
import platform
import re
import shutil
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pandas as pd

from htanalysis import drafts, history, inputs, settings, store
from htanalysis.changes import compare_findings, list_newly_known, list_revisions
from htanalysis.editions import write_editions
from htanalysis.errors import HtanalysisError, NotebookError, UnknownNameError
from htanalysis.findings import source_in_words
from htanalysis.kept import Kept, Task, hash_files, tell_inputs
from htanalysis.notebooks import find_notebooks, read_outputs, read_title
from htanalysis.pages import read_executed, share, write_other_pages, write_page
from htanalysis.parameters import check_parameters
from htanalysis.periods import parse_period
from htanalysis.progress import Progress
from htanalysis.returns import (
    count_quarters,
    known_day,
    last_quarter,
    load_returns,
    total_returns,
)
from htanalysis.runs import Declared, Failure, Outcome, Turns, plan_tasks, read_declared, run_here, run_tasks
from htanalysis.scenarios import Scenario
from htanalysis.wanted import INPUTS, Wanted, describe_state, kept_in, remember
from htanalysis.workbooks import write_workbook

_PACKAGES = ("geopandas", "nbconvert", "numpy", "pandas", "papermill", "pikepdf", "plotly", "scipy", "xlsxwriter")
_FINDING_COLUMNS = (
    *("notebook", "id", "sentence", "value", "low", "high", "unit", "basis", "source", "method", "assumption"),
    "formula",
)


def make_report(
    period: str,
    out: Path | None = None,
    jobs: int = 2,
    as_of: str = "latest",
    audience: str = "public",
    single_file: bool = False,
    pdf: bool = False,
) -> Path:
    """Run all notebooks for a period and write the report.

    Parameters
    ----------
    period : str
        "2012Q2", "2011Q3:2012Q2" or "latest".
    out : pathlib.Path, optional
        Folder for reports; the report gets a folder of its own in it. Default: `reports`.
    jobs : int
        How many notebooks run at the same time.
    as_of : str
        A day (YYYY-MM-DD): the report as it was on that day. Default: as returns are known now.
    audience : str
        "public" hides what could point at a person; "internal" shows all, and says so on each page and in each name.
    single_file : bool
        Whether the whole report is also made as one file, `report.html`.
    pdf : bool
        Whether it is also printed as `report.pdf`, which needs Chromium.

    Returns
    -------
    pathlib.Path
        The report's index.

    Raises
    ------
    HtanalysisError
        As `make_reports`.
    """
    wanted = Wanted(period, as_of, audience, single_file=single_file, pdf=pdf)
    return make_reports([wanted], out or settings.HOME / "reports", jobs)[0]


def make_reports(
    wanted: Sequence[Wanted],
    out: Path,
    jobs: int = 2,
    run: Callable[[Task, Turns], Outcome] = run_here,
) -> list[Path]:
    """Run all notebooks for each of some reports, and write those. What earlier runs left and is still true is used.

    Parameters
    ----------
    wanted : sequence of Wanted
        The reports; of one audience.
    out : pathlib.Path
        Folder for reports; each gets a folder of its own in it.
    jobs : int
        How many notebooks run at the same time.
    run : callable
        What runs a notebook: here, or elsewhere.

    Returns
    -------
    list of pathlib.Path
        The reports' indexes.

    Raises
    ------
    HtanalysisError
        If a period is not held, the store of returns was touched by hand or changes meanwhile, no notebook declares an
        assumption, or a report cannot be written there.
    NotebookError
        If notebooks stop; all other reports are made first. The pages of all other notebooks are written beside, where
        the page of one that stopped says so, and an earlier report stays as it was.
    """
    for each in wanted:
        check_parameters(as_of=each.as_of, audience=each.audience)
    store.require_untouched()
    if wanted[0].audience == "public":
        return _make_reports(wanted, out, jobs, run)
    with store.private():
        for place in (kept_in(out, wanted[0].audience), history.find_folder(out, wanted[0].audience)):
            store.make_private(place)
        return _make_reports(wanted, out, jobs, run)


def _make_reports(wanted: Sequence[Wanted], out: Path, jobs: int, run: Callable[[Task, Turns], Outcome]) -> list[Path]:
    began = time.monotonic()
    plans = _plan(wanted, out)
    look_up = cache(look_up_input)
    kept = Kept(kept_in(out, wanted[0].audience), look_up)
    waiting, ordered = _order(plans, kept)
    try:
        for task, outcome in _run_or_find(ordered, kept, jobs, run):
            for plan in waiting[task.key]:
                _take(plan, task, outcome, look_up)
                if len(plan.done) == len(plan.tasks):
                    _finish(plan, began)
    except OSError as error:
        # A disk that is full is not named by what could not be written to it.
        if error.errno == errno.ENOSPC:
            error.filename = next((str(place) for place in (out, gettempdir()) if _is_full(place)), None)
        raise
    finally:
        for plan in plans:
            if plan.draft:
                shutil.rmtree(plan.draft, ignore_errors=True)
    kept.prune()
    stopped = [plan for plan in plans if plan.failures]
    if stopped:
        raise NotebookError("\n".join(line for plan in stopped for line in _tell_failures(plan)))
    return [plan.index for plan in plans]


def _is_full(place: str | Path) -> bool:
    return shutil.disk_usage(place).free < 2**20


@dataclass
class _Plan:
    """A report on its way."""

    wanted: Wanted
    parameters: dict[str, str]
    target: Path
    tasks: list[Task]
    state: str | None
    #: What the last report found, if there is one, and what all pages of this one say.
    last: dict[str, Any] | None
    shared: dict[str, Any]
    draft: Path | None = None
    #: The executed notebooks by name, and nothing for one that stopped.
    done: dict[str, Any] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    #: Where the pages of the other notebooks are, if one stopped and there are any.
    beside: Path | None = None
    changed: set[str] = field(default_factory=set)
    #: Whether it is known what all of it rests on.
    sure: bool = True

    @property
    def index(self) -> Path:
        """Where the report begins."""
        return self.target / f"index{history.mark(self.wanted.audience)}.html"


def _plan(wanted: Sequence[Wanted], out: Path) -> list[_Plan]:
    """Say what each report needs, before anything runs."""
    periods = [parse_period(each.quarter, each.as_of) for each in wanted]
    notebooks = [read_declared(path) for path in find_notebooks()]
    read_last = cache(history.read)
    titles = {notebook.source.stem: read_title(notebook.source) for notebook in notebooks if notebook.readable}
    plans, targets = [], set()
    for each, quarters in zip(wanted, periods, strict=True):
        if each.scenario:
            _check_declared(each.scenario, notebooks)
        parameters = _describe(each, quarters)
        target = out / _name_folder(parameters)
        if target in targets:
            raise HtanalysisError(f"{target} would hold two of the reports. Ask for each once.")
        targets.add(target)
        drafts.prepare(target)
        view = {key: parameters[key] for key in ("as_of", "audience")}
        tasks = plan_tasks(
            notebooks, {"quarter": parameters["quarter"]}, view | (each.scenario.parameters if each.scenario else {})
        )
        path = history.find_last(out, parameters)
        last, state = read_last(path) if path else None, describe_state(each, path)
        plans.append(_Plan(each, parameters, target, tasks, state, last, share(parameters, titles)))
    return plans


def _describe(wanted: Wanted, quarters: pd.PeriodIndex) -> dict[str, str]:
    """Give what a report is made with, as its manifest tells it."""
    label = str(quarters[0]) if len(quarters) == 1 else f"{quarters[0]}:{quarters[-1]}"
    parameters = {"quarter": label, "as_of": known_day(wanted.as_of), "audience": wanted.audience}
    if wanted.scenario:
        parameters |= {"scenario": wanted.scenario.name, "assumption": wanted.scenario.title}
    return parameters


def _name_folder(parameters: Mapping[str, str]) -> str:
    """Give the name of a report's folder, such as 2011Q3-2012Q2-few-from-vice-internal."""
    scenario = f"-{parameters['scenario']}" if "scenario" in parameters else ""
    return parameters["quarter"].replace(":", "-") + scenario + history.mark(parameters["audience"])


def _check_declared(scenario: Scenario, notebooks: Sequence[Declared]) -> None:
    declared = {name for notebook in notebooks for name in notebook.parameters}
    for name in scenario.parameters:
        if name not in declared:
            raise UnknownNameError(f"a parameter of a notebook (scenario {scenario.name})", name, sorted(declared))
    try:
        check_parameters(**scenario.parameters)
    except HtanalysisError as error:
        raise HtanalysisError(f"Scenario {scenario.name}: {error}") from None


def look_up_input(name: str) -> str | None:
    """Give the value that an input has now, or nothing where nobody knows.

    Parameters
    ----------
    name : str
        As `inputs.note` was told it.
    """
    kind, _, what = name.partition(" ")
    if kind == "file":
        path = settings.HOME / what
        return inputs.digest(path.read_bytes()) if path.is_file() else None
    if kind == "last-quarter":
        return str(last_quarter(what))
    return store.fingerprint() if name == "returns" else None


def _run_or_find(
    tasks: Sequence[Task], kept: Kept, jobs: int, run: Callable[[Task, Turns], Outcome]
) -> Iterator[tuple[Task, Outcome]]:
    """Give the outcome of each task: as it was kept, or by running it."""
    waiting, turns = [], Turns(jobs)
    with Progress(len(tasks), lambda: turns.running) as progress:
        for task in tasks:
            outcome = kept.find(task)
            if outcome:
                progress.count(str(task), failed=False, kept=True)
                yield task, outcome
            else:
                waiting.append(task)
        for task, outcome in run_tasks(waiting, turns, run):
            progress.count(str(task), outcome.failure is not None, kept=False)
            kept.keep(task, outcome)
            yield task, outcome


def _order(plans: Sequence[_Plan], kept: Kept) -> tuple[dict[str, list[_Plan]], list[Task]]:
    """Say which reports need a task, by its key, and in which order tasks run: each once.

    One report comes after another, so that each is there as soon as can be, and in each the longest notebook first.
    """
    waiting: dict[str, list[_Plan]] = {}
    ordered = []
    for plan in plans:
        for task in sorted(plan.tasks, key=kept.expect, reverse=True):
            if task.key not in waiting:
                ordered.append(task)
            waiting.setdefault(task.key, []).append(plan)
    return waiting, ordered


def _take(plan: _Plan, task: Task, outcome: Outcome, look_up: Callable[[str], str | None]) -> None:
    """Put an executed notebook into a report, and write its page while others run."""
    plan.draft = plan.draft or drafts.make_draft(plan.target)
    path = plan.draft / "notebooks" / task.source.name
    path.write_bytes(outcome.notebook)
    known = {name: look_up(name) for name in outcome.noted}
    plan.changed |= {name for name, now in known.items() if now and [now] != list(outcome.noted[name])}
    plan.sure &= tell_inputs(task, outcome) is not None
    if outcome.failure:
        plan.failures.append(outcome.failure)
        plan.done[task.source.stem] = None
    else:
        plan.done[task.source.stem] = notebook = read_executed(path)
        moved = _find_moved(plan.last, path) if plan.last else []
        write_page(path.stem, notebook, plan.shared, plan.draft, moved)


def _tell_failures(plan: _Plan) -> Iterator[str]:
    """Say which notebooks stopped, and where the others' pages are."""
    yield from map(str, sorted(plan.failures, key=lambda failure: failure.name))
    if plan.beside:
        yield f"The pages of the other notebooks: {plan.beside / plan.index.name}"


def _find_moved(last: Mapping[str, Any], path: Path) -> list[dict[str, Any]]:
    """Find what moved in a notebook since the last report."""
    moved = compare_findings(last["findings"], _list_findings(path.stem, read_outputs(path)))
    return [item for item in moved if item["notebook"] == path.stem]


def _finish(plan: _Plan, began: float) -> None:
    """Write the rest of a report and move it into its place, or keep it beside where a notebook stopped."""
    if plan.changed and not plan.failures:
        what = ", ".join(sorted(name.removeprefix("file ") for name in plan.changed))
        raise HtanalysisError(
            f"What the notebooks read changed while they ran: {what}. No report was written to {plan.target}. Run the "
            "command again; what has not changed is not run again."
        )
    found = _fill(plan, began) if any(plan.done.values()) else []
    if plan.failures:
        folder = drafts.keep_failed(plan.draft, plan.target)
        plan.beside = folder if found else None
        notebooks = {path.stem.removesuffix("-internal"): path for path in (folder / "notebooks").iterdir()}
        plan.failures = [failure.kept_as(notebooks[failure.name]) for failure in plan.failures]
        return
    drafts.move_into_place(plan.draft, plan.target)
    history.keep(plan.target.parent, plan.parameters, found)
    if plan.sure:
        remember(plan.wanted, plan.index, plan.parameters, plan.state)
    plan.done.clear()  # Thousands of reports would not fit into memory.


def _fill(plan: _Plan, began: float) -> list[dict[str, Any]]:
    """Write beside a report's notebooks and their pages all else that belongs to it, and give the findings."""
    draft, parameters, names = plan.draft, plan.parameters, [task.source.stem for task in plan.tasks]
    notebooks = {name: plan.done[name] for name in names if plan.done[name]}
    shared = plan.shared | {"failed": {failure.name: failure.cell for failure in plan.failures}}
    outputs = {name: list(read_outputs(draft / "notebooks" / f"{name}.ipynb")) for name in notebooks}
    found = [finding for name, shown in outputs.items() for finding in _list_findings(name, shown)]
    shown = [content for shown in outputs.values() for kind, content in shown if kind == "table"]
    _require_own_ids(found)
    _write_findings(found, draft / "findings.csv")
    write_workbook(shown, draft / "tables.xlsx", parameters)
    write_other_pages(notebooks, found, shared, draft, _find_changes(plan.last, parameters, found, notebooks))
    write_editions(draft, names, plan.wanted.single_file, plan.wanted.pdf)
    mark = history.mark(plan.wanted.audience)
    _mark_names(draft, mark)
    _write_manifest(draft / f"manifest{mark}.json", parameters, began)
    return found


def _require_own_ids(found: Iterable[Mapping[str, Any]]) -> None:
    """Refuse two notebooks that give one name to a finding, as a copy of a notebook does."""
    makers: dict[str, str] = {}
    for finding in found:
        first = makers.setdefault(finding["id"], finding["notebook"])
        if first != finding["notebook"]:
            raise HtanalysisError(
                f'The notebooks {first} and {finding["notebook"]} both have a finding "{finding["id"]}". Give it'
                " another id in one of them, or move a notebook that is a copy out of the folder."
            )


def _list_findings(name: str, outputs: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """List the findings among what an executed notebook shows, each with the notebook's name."""
    return [{"notebook": name} | content for kind, content in outputs if kind == "finding"]


def _write_manifest(path: Path, parameters: Mapping[str, str], began: float) -> None:
    """Write down what a report was made from and with, and what it consists of."""
    # From the hash of a file of which all but a count is known, the count could be found.
    inside = hash_files(settings.HOME, (*INPUTS, "htanalysis"))
    hidden = "data/quarters/" if parameters["audience"] == "public" else None
    seconds = time.monotonic() - began
    manifest = {
        "parameters": parameters,
        "started": (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "versions": {"htanalysis": version("htanalysis"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "inputs": {name: value for name, value in inside.items() if not hidden or not name.startswith(hidden)},
        "outputs": hash_files(path.parent, ("",)),
    }
    path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _mark_names(draft: Path, mark: str) -> None:
    """Put a mark behind the names of all files but those that every report shares, and into the links to them."""
    if not mark:
        return
    named = [path for path in draft.rglob("*.*") if path.is_file() and path.parent.name != "assets"]
    stems = "|".join(sorted({re.escape(path.stem) for path in named} | {"manifest"}))
    link = re.compile(rf'((?:href|src)="(?:notebooks/)?(?:{stems}))(\.(?:html|csv|xlsx|json|ipynb|js|pdf))')
    for path in named:
        if path.suffix == ".html":
            path.write_text(link.sub(rf"\1{mark}\2", path.read_text(encoding="utf-8")), encoding="utf-8")
        path.rename(path.with_name(f"{path.stem}{mark}{path.suffix}"))


# What changed since the last report


def _find_changes(
    last: Mapping[str, Any] | None,
    parameters: Mapping[str, str],
    found: Sequence[Mapping[str, Any]],
    notebooks: Container[str],
) -> dict[str, Any] | None:
    """Compare some notebooks with the last report. None where there is none."""
    if last is None:
        return None
    audience, then, now = parameters["audience"], last["parameters"]["as_of"], parameters["as_of"]
    counts = [load_returns(day, audience) for day in (then, now)]
    totals = [total_returns(day, audience).assign(task_force="all task forces") for day in (then, now)]
    revised = pd.concat([list_revisions(*counts), list_revisions(*totals)], ignore_index=True)
    return {
        "earlier": last["parameters"],
        "findings": compare_findings([item for item in last["findings"] if item["notebook"] in notebooks], found),
        "revisions": revised,
        "known": list_newly_known(*(count_quarters(day, audience) for day in (then, now))),
    }


def _write_findings(found: Sequence[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _FINDING_COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(finding | {"source": source_in_words(finding["source"])} for finding in found)
