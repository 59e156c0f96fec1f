"""What would change if returns were added: told to staff before they store a number."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd

from htanalysis import settings, store
from htanalysis.changes import compare_findings, list_newly_known, list_revisions, list_verdicts
from htanalysis.claims import recompute_claims
from htanalysis.notebooks import find_findings, find_notebooks
from htanalysis.returns import count_quarters, known_day, known_rows, last_quarter, reconcile

#: The audience of whoever adds returns.
_STAFF = "internal"


def preview(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Find what would change if rows were added to the store.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `check_files` gives them.

    Returns
    -------
    dict of str to list of dict
        `known`: quarterly counts of the state that are newly known; `revisions`: counts that are others; `findings`
        that move; `statements` of the 2012 report whose verdict changes; `hidden`: counts of task forces from 1 to 10,
        which a public report would not show and had not to hide before; `late`: days before the last that is held, on
        which a report made as of then would change; `failed`: notebooks that would stop, with the error.
    """
    if rows.empty:
        return {kind: [] for kind in ("known", "revisions", "statements", "hidden", "late", "findings", "failed")}
    before, after = _look_twice(rows)
    tables = {
        "known": list_newly_known(before["counts"], after["counts"]),
        "revisions": list_revisions(before["rows"], after["rows"]),
        "statements": _list_statements(before["counts"], after["counts"]),
        "hidden": _newly_small(before["rows"], after["rows"]),
        "late": _late_days(before["day"], rows),
    }
    told = {name: _plain(table) for name, table in tables.items()}
    stopped = set(before["failed"]) | set(after["failed"])
    found = [[each for each in look["findings"] if each["notebook"] not in stopped] for look in (before, after)]
    failed = [{"notebook": name, "error": error} for name, error in after["failed"].items()]
    return told | {"findings": compare_findings(*found), "failed": failed}


def tell(changes: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Write what would change, a line each, under a heading for each kind."""
    cell = "{quarter} {task_force}, {measure}, {trafficking_type}"
    kinds = {
        "known": ("Counts of the state newly known", "{quarter} {measure}: {count}"),
        "revisions": ("Revisions", cell + ": {old} becomes {new} ({difference:+d})"),
        "findings": ("Findings that move", "{sentence} Before: {old}; then: {new}"),
        "statements": ("Statements of the 2012 report", "“{quote}” ({chapter}): {old} becomes {new}"),
        "hidden": ("Counts that a public report will hide", cell + ": {count}"),
        "late": ("Days before the last that is held, on which reports would now show more", "{as_of}"),
    }
    for kind, (heading, form) in kinds.items():
        yield f"{heading}: {len(changes[kind]) or 'none'}"
        yield from (f"- {form.format(**change)}" for change in changes[kind])
    yield from (f"With these counts {change['notebook']} would fail: {change['error']}" for change in changes["failed"])


def _look_twice(rows: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look at the store as it is and as it would be: at the same time where a process can be forked safely."""
    if not _can_fork():
        return _look(), _look_ahead(rows)
    from htanalysis import series  # noqa: F401, so that both processes have imported it

    receiver, sender = multiprocessing.Pipe(duplex=False)
    other = multiprocessing.get_context("fork").Process(target=_send_look, args=(receiver, sender), daemon=True)
    other.start()
    sender.close()
    try:
        after = _look_ahead(rows)
        return _receive(receiver) or _look(), after
    finally:
        other.kill()
        other.join()


def _can_fork() -> bool:
    """Say whether a forked process would do the same as this one, and sooner: what has run threads may lack them."""
    if sys.platform != "linux" or "scipy.optimize" in sys.modules:
        return False
    threads = len([*Path("/proc/self/task").iterdir()])  # Those of libraries as well.
    return threads == 1 and len(os.sched_getaffinity(0)) > 1


def _send_look(receiver: Connection, sender: Connection) -> None:
    """Look, and send what is seen. Nothing is sent where that fails: the other process tries again, and tells."""
    receiver.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The other process ends this one.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(Exception):
        sender.send(_look())


def _receive(receiver: Connection) -> dict[str, Any] | None:
    try:
        return receiver.recv()
    except EOFError:
        return None


def _look_ahead(rows: pd.DataFrame) -> dict[str, Any]:
    """Look at the store as it would be with rows added."""
    with store.pretending(rows):
        return _look()


def _look() -> dict[str, Any]:
    """Take what depends on the store, as it is now."""
    parameters = {"quarter": str(last_quarter()), "as_of": known_day(), "audience": _STAFF}
    findings, failed = [], {}
    for path in find_notebooks():
        if "as_of:" in path.read_text(encoding="utf-8"):
            try:
                findings += find_findings(path, parameters)
            except Exception as error:  # Staff are told of it with all else, since they can still store the counts.
                failed[path.stem] = f"{type(error).__name__}: {error}"
    return {
        "rows": known_rows(store.read_store()),
        "day": parameters["as_of"],
        # As of the same day as the notebooks, so that the returns are counted once.
        "counts": count_quarters(parameters["as_of"], _STAFF),
        "findings": findings,
        "failed": failed,
    }


def _list_statements(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the statements whose verdict changes: none where the returns say the same of what the report published."""
    if reconcile(before).equals(reconcile(after)):
        return pd.DataFrame()
    return list_verdicts(recompute_claims(before), recompute_claims(after))


def _newly_small(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    cell = ["quarter", "task_force", "measure", "trafficking_type"]
    own = [rows[rows["task_force"].ne(settings.STATEWIDE)] for rows in (before, after)]
    then, now = (rows[rows["count"].between(1, settings.SMALLEST_SHOWN - 1).fillna(False)] for rows in own)
    new = now.merge(then[cell], on=cell, how="left", indicator=True)
    return new.loc[new["_merge"].eq("left_only"), [*cell, "count"]]


def _late_days(last: str, rows: pd.DataFrame) -> pd.DataFrame:
    days = pd.Series(rows["as_of"].dt.strftime("%Y-%m-%d").unique(), name="as_of", dtype="str")
    return days[days < last].sort_values().to_frame() if last[0].isdecimal() else days[:0].to_frame()


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn rows into values that JSON knows."""
    return [{str(name): _plain_value(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain_value(value: Any) -> str | int | None:
    if isinstance(value, pd.Period):
        return str(value)
    return value if isinstance(value, str) else None if pd.isna(value) else int(value)
