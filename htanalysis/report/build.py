"""A report: the executed notebooks, their pages, and what they found as files. It appears whole or not at all.

What writes pages is imported, and pages that need no notebook are written, while the first notebooks run.
"""

import errno
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.citations import Issue
from htanalysis.errors import HtanalysisError, NotebookError, UnknownNameError
from htanalysis.parameters import check_parameters
from htanalysis.report import folder as drafts
from htanalysis.report import manifest
from htanalysis.report.cache import Failure, Kept, Outcome, Task, pack, remembering
from htanalysis.report.changes import compare_findings, list_gone, list_newly_known, list_revisions
from htanalysis.report.execute import plan_task, read_task, run_or_find, run_tasks
from htanalysis.report.notebooks import Executed, find_notebooks, list_findings, read_executed
from htanalysis.report.request import Scenario, Wanted, describe_state, hash_inputs, kept_in, remember
from htanalysis.results import source_in_words
from htanalysis.returns import store
from htanalysis.returns.corrections import list_corrections
from htanalysis.returns.counts import count_quarters, load_returns, parse_period, total_returns
from htanalysis.returns.register import name_forces
from htanalysis.returns.versions import CELL
from htanalysis.returns.views import hand_over, known_day, view_returns

#: What writes a report, and is imported only while or after notebooks run; and what joins its pages into one file.
_WRITING = ("jinja2", "latex2mathml", "markupsafe", "nbconvert", "pygments", "traitlets", "xlsxwriter")
_JOINING = ("pikepdf",)

#: Why a sum is known no longer.
_GONE = "what it adds up was withdrawn, contradicts itself, or is not public any more"
_FINDING_COLUMNS = [
    *("notebook", "id", "sentence", "value", "low", "high"),
    *("unit", "basis", "source", "source_ids", "method", "assumption", "formula"),
    *("quarter", "as_of", "version", "permanent_id"),
]


def make_reports(
    wanted: Sequence[Wanted],
    out: Path,
    jobs: int = 2,
    run: Callable[[Sequence[Task], bytes], Iterator[tuple[Task, Outcome]]] | None = None,
) -> list[Path]:
    """Make some reports of one audience, each in a folder of its own in `out`, and give their indexes.

    What earlier runs left and is still true is used. If notebooks stop, all other reports are made first; the pages of
    the other notebooks are written beside, and an earlier report stays as it was. `run` runs notebooks elsewhere, such
    as `Cluster.run_tasks`.
    """
    for each in wanted:
        check_parameters(as_of=each.as_of, audience=each.audience)
    _require_libraries(any(each.single_file or each.pdf for each in wanted))
    store.require_untouched()
    audience = wanted[0].audience
    with store.private() if audience == "internal" else nullcontext():
        if audience == "internal":
            for place in (kept_in(out, audience), drafts.find_history(out, audience)):
                store.make_private(place)
        plans = _plan(wanted, out)
        _run(plans, kept_in(out, audience), jobs, run or partial(run_tasks, jobs=jobs))
    stopped = [plan for plan in plans if plan.failures]
    if stopped:
        raise NotebookError("\n".join(line for plan in stopped for line in _tell_failures(plan)))
    return [plan.index for plan in plans]


def _require_libraries(joined: bool) -> None:
    """Refuse to begin where a library is missing that would be imported only after notebooks ran."""
    for name in _WRITING + _JOINING * joined:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def run_notebooks(wanted: Sequence[Wanted], out: Path, jobs: int = 2) -> list[dict[str, bytes]]:
    """Run all notebooks for each of some reports without writing those: the executed notebooks of each, by name."""
    plans, data = _plan(wanted, out), pack(settings.HOME)
    kept = Kept(kept_in(out, wanted[0].audience), data, store.fingerprint())
    executed = run_or_find(_order(plans)[1], kept, jobs, partial(run_tasks, jobs=jobs, data=data))
    outcomes = {task.key: outcome for task, outcome in executed}
    failures = [outcome.failure for outcome in outcomes.values() if outcome.failure]
    if failures:
        raise NotebookError("\n".join(map(str, failures)))
    return [{task.source.stem: outcomes[task.key].notebook for task in plan.tasks} for plan in plans]


def _run(plans: Sequence["_Plan"], place: Path, jobs: int, run: Callable) -> None:
    """Run what reports need, each notebook once, and finish each report as soon as all of its own are there."""
    began, data = datetime.now(UTC), pack(settings.HOME)
    kept = Kept(place, data, store.fingerprint())
    waiting, ordered = _order(plans)

    def start(tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        running = run(tasks, data=data)
        _begin(plans[0])
        return running

    try:
        with remembering(kept):
            for task, outcome in run_or_find(ordered, kept, jobs, start):
                for plan in waiting[task.key]:
                    _take(plan, task, outcome)
                    if len(plan.done) == len(plan.tasks):
                        _finish(plan, began)
    except OSError as error:
        # A disk that is full is not named by what could not be written to it.
        if error.errno == errno.ENOSPC:
            full = (each for each in (place.parent, gettempdir()) if shutil.disk_usage(each).free < 2**20)
            error.filename = next(map(str, full), None)
        raise
    finally:
        for plan in plans:
            if plan.draft:
                shutil.rmtree(plan.draft, ignore_errors=True)
    kept.prune()


@dataclass
class _Plan:
    """A report on its way."""

    wanted: Wanted
    parameters: dict[str, str]
    target: Path
    tasks: list[Task]
    state: str
    #: What it is made from.
    origin: dict[str, Any]
    #: Each file that it is made from and with, and its hash.
    inside: dict[str, str]
    #: What the last report found, if there is one.
    last: dict[str, Any] | None
    #: Gives the titles of all notebooks, by their names.
    titles: Callable[[], Mapping[str, str]]
    draft: Path | None = None
    #: What all pages say.
    shared: dict[str, Any] = field(default_factory=dict)
    #: What changed in the returns since the last report.
    moved: dict[str, pd.DataFrame] = field(default_factory=dict)
    #: What each notebook shows, by its name, and nothing for one that stopped.
    done: dict[str, Executed | None] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    #: Where the pages of the other notebooks are, if one stopped and there are any.
    beside: Path | None = None

    @property
    def mark(self) -> str:
        """What the names of its files end in."""
        return drafts.mark(self.wanted.audience)

    @property
    def index(self) -> Path:
        """Where the report begins."""
        return self.target / f"index{self.mark}.html"


def _plan(wanted: Sequence[Wanted], out: Path) -> list[_Plan]:
    inside = hash_inputs("htanalysis")  # Before anything is read: what changes from here on is seen at the end.
    periods = [parse_period(each.quarter, each.as_of) for each in wanted]
    notebooks = [read_task(path) for path in find_notebooks()]
    read_last, see = cache(drafts.read_history), cache(hand_over)
    shown = [each.source for each in notebooks if each.declared is not None]
    titles = cache(lambda: {path.stem: read_executed(path).title for path in shown})
    plans: dict[Path, _Plan] = {}
    for each, quarters in zip(wanted, periods, strict=True):
        parameters = _describe(each, quarters)
        target = out / _name_folder(parameters)
        if target in plans:
            raise HtanalysisError(f"Two of the reports would lie in {target}. Ask for each once.")
        view = {key: parameters[key] for key in ("as_of", "audience")}
        if each.scenario:
            _check_declared(each.scenario, notebooks)
        drafts.prepare(target)
        own, more = {"quarter": parameters["quarter"]}, view | (each.scenario.parameters if each.scenario else {})
        tasks = [plan_task(notebook, own, more, see(**view)) for notebook in notebooks]
        path = drafts.find_last(out, parameters)
        last, state = read_last(path) if path else None, describe_state(each, path)
        origin = manifest.describe_origin(parameters, inside)
        plans[target] = _Plan(each, parameters, target, tasks, state, origin, inside, last, titles)
    return list(plans.values())


def _describe(wanted: Wanted, quarters: pd.PeriodIndex) -> dict[str, str]:
    """Give what a report is made with, as its manifest tells it."""
    label = str(quarters[0]) if len(quarters) == 1 else f"{quarters[0]}:{quarters[-1]}"
    parameters = {"quarter": label, "as_of": known_day(wanted.as_of), "audience": wanted.audience}
    if wanted.as_of != "latest":
        parameters |= {"looked_back": wanted.as_of}
    if wanted.scenario:
        parameters |= {"scenario": wanted.scenario.name, "assumption": wanted.scenario.title}
    return parameters


def _name_folder(parameters: Mapping[str, str]) -> str:
    """Give the name of a report's folder, such as 2011Q3-2012Q2-few-from-vice-as-of-2013-01-31-internal."""
    scenario = f"-{parameters['scenario']}" if "scenario" in parameters else ""
    day = f"-as-of-{parameters['looked_back']}" if "looked_back" in parameters else ""
    return parameters["quarter"].replace(":", "-") + scenario + day + drafts.mark(parameters["audience"])


def _check_declared(scenario: Scenario, notebooks: Sequence[Task]) -> None:
    declared = {name for notebook in notebooks for name in notebook.declared or ()}
    for name in scenario.parameters:
        if name not in declared:
            raise UnknownNameError(f"a parameter of a notebook (scenario {scenario.name})", name, sorted(declared))
    try:
        check_parameters(**scenario.parameters)
    except HtanalysisError as error:
        raise HtanalysisError(f"Scenario {scenario.name}: {error}") from None


def _order(plans: Sequence[_Plan]) -> tuple[dict[str, list[_Plan]], list[Task]]:
    """Say which reports need a task, by its key, and the order: report after report, the longest notebook first."""
    waiting: dict[str, list[_Plan]] = {}
    ordered: dict[str, Task] = {}
    for plan in plans:
        for task in sorted(plan.tasks, key=lambda task: len(task.content), reverse=True):
            ordered.setdefault(task.key, task)
            waiting.setdefault(task.key, []).append(plan)
    return waiting, [*ordered.values()]


def _begin(plan: _Plan) -> None:
    """Begin to write a report, unless that is done: what needs no notebook."""
    from htanalysis.report.pages import share, write_data_pages

    if not plan.draft:
        plan.draft = drafts.make_draft(plan.target)
        plan.shared = share(plan.parameters, plan.titles()) | {"rebuilt": _tell_rebuilt(plan)}
        write_data_pages(plan.shared, plan.draft)
        plan.moved = _compare_returns(plan) if plan.last else {}


def _take(plan: _Plan, task: Task, outcome: Outcome) -> None:
    from htanalysis.report.pages import write_page

    _begin(plan)
    name = task.source.stem
    path = plan.draft / "notebooks" / f"{name}{plan.mark}.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(outcome.notebook)
    if outcome.failure:
        plan.failures.append(outcome.failure)
        plan.done[name] = None
    else:
        plan.done[name] = notebook = read_executed(path)
        own = [each for each in plan.last["findings"] if each["notebook"] == name] if plan.last else []
        moved = compare_findings(own, list_findings({name: notebook}), _name_ends(plan)) if plan.last else []
        write_page(name, notebook, plan.shared | {"rebuilt": _tell_rebuilt(plan, task)}, plan.draft, moved)


def _tell_rebuilt(plan: _Plan, task: Task | None = None) -> str | None:
    earlier = plan.target / f"manifest{plan.mark}.json"
    return manifest.tell_rebuilt(plan.origin, earlier, datetime.now(UTC), task)


def _tell_failures(plan: _Plan) -> Iterator[str]:
    yield from map(str, sorted(plan.failures, key=lambda failure: failure.name))
    if plan.beside:
        yield f"The pages of the other notebooks: {plan.beside / plan.index.name}"
    yield "Send these lines to whoever looks after the collection, and to nobody else."


def _finish(plan: _Plan, began: datetime) -> None:
    """Write the rest of a report and move it into its place, or keep it beside where a notebook stopped."""
    now = hash_inputs("htanalysis")
    changed = {name for name, _ in plan.inside.items() ^ now.items() if not name.startswith("notebooks/")}
    if changed and not plan.failures:
        raise HtanalysisError(
            f"Files changed while the report was made from them: {', '.join(sorted(changed))}. No report was written"
            f" to {plan.target}. Run the command again."
        )
    found = _fill(plan, began) if any(plan.done.values()) else []
    if plan.failures:
        folder = drafts.keep_failed(plan.draft, plan.target, bool(found))
        plan.beside = folder if found else None
        place = folder / "notebooks"
        plan.failures = [replace(each, executed=place / f"{each.name}{plan.mark}.ipynb") for each in plan.failures]
        return
    drafts.move_into_place(plan.draft, plan.target)
    if "looked_back" not in plan.parameters:  # What changed is told against reports that were once current.
        drafts.keep_history(plan.target.parent, plan.parameters, found)
    remember(plan.wanted, plan.index, plan.parameters, plan.state)
    plan.done.clear()  # Thousands of reports would not fit into memory.


def _fill(plan: _Plan, began: datetime) -> list[dict[str, Any]]:
    from htanalysis.report.pages import sum_up, write_index, write_other_pages
    from htanalysis.report.workbook import write_workbook

    draft, mark, names = plan.draft, plan.mark, [task.source.stem for task in plan.tasks]
    notebooks = {name: plan.done[name] for name in names if plan.done[name]}
    found = list_findings(notebooks)
    _require_own_ids(found)
    _write_findings(found, plan.parameters, draft / f"findings{mark}.csv")
    shown = [c for each in notebooks.values() for kind, c in each.shown if kind in ("figure", "table")]
    write_workbook(shown, draft / f"tables{mark}.xlsx", plan.parameters)
    failed = {failure.name: failure.cell for failure in plan.failures}
    whole = sum_up(plan.shared, notebooks, found, failed, _find_changes(plan, found))
    write_other_pages(whole, draft)
    write_index(whole, draft)
    if plan.wanted.single_file or plan.wanted.pdf:
        from htanalysis.report.editions import write_editions

        write_editions(draft, whole, plan.wanted.single_file, plan.wanted.pdf)
        write_index(whole, draft)  # It offers them.
    manifest.finish(draft, mark, plan.origin, plan.shared["rebuilt"], began)
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


@store.pretending()  # It is read once.
def _compare_returns(plan: _Plan) -> dict[str, Any]:
    """Compare the returns and the corrections with those that the last report was made from."""
    audience, then, now = plan.wanted.audience, plan.last["parameters"]["as_of"], plan.parameters["as_of"]
    counts = [load_returns(day, audience) for day in (then, now)]
    totals = [total_returns(day, audience).assign(task_force="all task forces") for day in (then, now)]
    known = [count_quarters(day, audience) for day in (then, now)]
    revisions = pd.concat([list_revisions(*counts), list_revisions(*totals)], ignore_index=True)
    lost = list_newly_known(*reversed(known)).assign(task_force="all task forces", trafficking_type="all")
    gone = pd.concat([list_gone(*counts), list_gone(*totals), lost])
    corrections, reasons = list_corrections(then, now), view_returns(now, audience).remarks.drop(columns="state")
    gone, reasons = (each.drop_duplicates(CELL).astype({"quarter": "str"}) for each in (gone, reasons))
    gone = gone.merge(reasons, "left", CELL).fillna({"remark": _GONE})
    revisions, gone = (each.replace({"task_force": name_forces(now)}) for each in (revisions, gone))
    return {"revisions": revisions, "gone": gone, "known": list_newly_known(*known), "corrections": corrections}


def _find_changes(plan: _Plan, found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Compare what was found with the last report, but for notebooks that stopped. None where there is none."""
    if plan.last is None:
        return None
    quarters, known = _name_ends(plan), plan.moved["known"]
    late = known[known["quarter"].le(pd.Period(quarters[0]))]
    revised = any(map(len, (late, *(plan.moved[name] for name in ("revisions", "corrections", "gone")))))
    earlier = [each for each in plan.last["findings"] if plan.done.get(each["notebook"])]
    return {
        "earlier": plan.last["parameters"],
        "quarter": quarters[1] if quarters[0] != quarters[1] else None,
        "findings": compare_findings(earlier, found, quarters, revised),
    } | plan.moved


def _name_ends(plan: _Plan) -> tuple[str, str]:
    """Name the last quarter that the last report is about, and that of this one."""
    return tuple(given["quarter"].split(":")[-1] for given in (plan.last["parameters"], plan.parameters))


def _write_findings(found: Sequence[dict[str, Any]], parameters: Mapping[str, str], path: Path) -> None:
    issue = Issue(parameters["quarter"], parameters["as_of"], parameters.get("scenario", ""))
    rows = [
        {**finding, "source": source_in_words(finding["source"]), "source_ids": "; ".join(finding["source"])}
        | {"quarter": issue.quarter, "as_of": issue.as_of, "version": issue.version}
        | {"permanent_id": issue.name(finding["id"])}
        for finding in found
    ]
    pd.DataFrame(rows, columns=_FINDING_COLUMNS, dtype=object).to_csv(path, index=False, lineterminator="\n")
