"""What changed between two reports, and what would change if returns were added: told before a number is stored."""

import gc
import json
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, groupby
from multiprocessing.connection import Connection
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd

import htanalysis
from htanalysis import results, settings
from htanalysis.claims import recompute_claims
from htanalysis.quarters import say_quarter
from htanalysis.report.cache import Kept, Outcome, Task, pack
from htanalysis.report.execute import make_shell, run_cell
from htanalysis.report.findings import name_topic
from htanalysis.report.imports import import_parts
from htanalysis.report.notebooks import find_notebooks
from htanalysis.returns import store
from htanalysis.returns.counts import count_quarters, reconcile
from htanalysis.returns.register import name_forces
from htanalysis.returns.versions import CELL, Known
from htanalysis.returns.views import known_day, last_quarter, read_known
from htanalysis.wording import span

#: The audience of whoever adds returns.
_STAFF = "internal"

#: What runs the cells.
_SHELL = ("IPython.core.displaypub", "IPython.core.interactiveshell")

#: A part of a look: of which state of the store, and what a notebook finds, or where it is none the counts.
_Part = tuple[int, Path | None]
#: The way to ask a second process, and the numbers from which both draw what each does next.
Second = tuple[Connection, int]

#: What returns would change, with the heading and the line of each.
_LINE = "{quarter} {task_force}, {measure}, {trafficking_type}"
_KINDS = {
    "known": ("Counts of the state newly known", "{quarter} {measure}: {count}"),
    "gone": ("Counts of the state no longer known", "{quarter} {measure}: {count}"),
    "revisions": ("Revisions", _LINE + ": {old} becomes {new} ({difference:+d})"),
    "news": ("What a new quarter brings", "{sentence} In {then}: {old}."),
    "again": ("Counts that were withdrawn and are returned again", _LINE + ": {count}; before: {withdrawn}"),
    "findings": ("Findings that move", "{topic}: {then} {old}; {now} {new}"),
    "statements": ("Statements of the report", "“{quote}” ({chapter}): {old} becomes {new}"),
    "hidden": ("Counts of the state that a public report will not show", "{quarter} {measure}: {count}"),
    "late": ("Days before the last that is held, on which reports would now show more", "{as_of}"),
}


def compare_findings(
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    quarters: tuple[str, str] = ("", ""),
    revised: bool = True,
) -> list[dict[str, Any]]:
    """Compare the findings of two reports, like with like: a quarter's own finding with that of the quarter before.

    Listed are those whose value, range or basis changed, came or went, as amount with basis `old` and `new`, with what
    to call both times, `then` and `now`, and the `cause`: "quarter" where a quarter came, "revisions", or "either"
    where both happened and the finding is about no single quarter. What was said of the earlier report's own quarter
    alone is no loss, and not listed. `quarters` are the last that each report is about; `revised` says whether earlier
    counts are others.
    """
    then, now = quarters
    old = {_name_alike(finding["id"], then): finding for finding in before}
    new = {_name_alike(finding["id"], now): finding for finding in after}

    def differs(name: str) -> bool:
        return name not in old or any(old[name][key] != new[name][key] for key in ("value", "low", "high", "basis"))

    def find_cause(name: str) -> str:
        if then == now:
            return "revisions"
        return "quarter" if not revised or name not in old or _is_about(new.get(name), now) else "either"

    gone = [name for name in old if name not in new and (then == now or not _is_about(old[name], then))]
    causes = {name: find_cause(name) for name in [*filter(differs, new), *gone]}
    return [
        {key: (new.get(name) or old[name])[key] for key in ("notebook", "id", "sentence")}
        | {"old": tell_number(old.get(name)), "new": tell_number(new.get(name)), "cause": cause}
        | ({"then": then, "now": now} if cause == "quarter" else {"then": "before", "now": "now"})
        for name, cause in causes.items()
    ]


def _name_alike(name: str, quarter: str) -> str:
    """Give the finding of a total that both reports have, each of its own quarter, one name."""
    return name.replace(f"-{quarter.lower()}-returned", "-returned")


def _is_about(finding: Mapping[str, Any] | None, quarter: str) -> bool:
    """Say whether a finding's sentence names a quarter."""
    named = (quarter, say_quarter(pd.Period(quarter, "Q")))
    return finding is not None and any(name in finding["sentence"] for name in named)


def tell_number(finding: Mapping[str, Any] | None) -> str:
    """Write a finding's number with its range and basis; "none" where there is none."""
    if not finding:
        return "none"
    value, low, high = (finding[key] for key in ("value", "low", "high"))
    reach = ""
    if value is not None and low is not None and low < high:
        unit = "share" if finding["unit"] == "share" else ""
        reach = f" ({span(low, high, unit, finding['digits'], between=False)})"
    return f"{finding['amount'] or 'no number'}{reach}, {finding['basis']}"


def list_revisions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the counts of returns that were known before and are others now, with the `difference`, new minus old."""
    both = before[[*CELL, "count"]].merge(after[[*CELL, "count"]], on=CELL, suffixes=("_old", "_new")).dropna()
    revised = both[both["count_old"] != both["count_new"]].rename(columns={"count_old": "old", "count_new": "new"})
    return revised.assign(difference=revised["new"] - revised["old"]).sort_values(CELL, ignore_index=True)


def list_returned_again(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the counts of returns (`Known`) that were withdrawn before, and why, and are counts now."""
    back = before.loc[before["withdrawn"].ne("") & before["count"].isna(), [*CELL, "withdrawn"]]
    return back.merge(after.dropna(subset=["count"])[[*CELL, "count"]], on=CELL)


def list_gone(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the counts of returns that were known before and are not now: withdrawn, in doubt or not shown any more."""
    both = before[[*CELL, "count"]].merge(after[[*CELL, "count"]], "left", CELL, suffixes=("", "_new"))
    gone = both["count"].notna() & both["count_new"].isna()
    return both.loc[gone, [*CELL, "count"]].sort_values(CELL, ignore_index=True)


def list_newly_known(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the quarterly counts of the state (`count_quarters`) that are known after and were not before."""
    keys = ["quarter", "measure"]
    then, now = (frame.dropna(subset=["count"]).set_index(keys) for frame in (before, after))
    return now[~now.index.isin(then.index)]["count"].reset_index().sort_values(keys, ignore_index=True)


def list_verdicts(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the 2012 report's statements (`recompute_claims`) on which the verdict changed."""
    columns = ["claim_id", "chapter", "quote", "stated", "recomputed"]
    verdicts = after[columns].assign(old=before["verdict"].astype("str"), new=after["verdict"].astype("str"))
    return verdicts[verdicts["old"] != verdicts["new"]].reset_index(drop=True)


# What would change


def preview(rows: pd.DataFrame, second: Second | None = None) -> dict[str, list[dict[str, Any]]]:
    """Find what would change if rows were added to the store, by the kinds of `_KINDS`; and notebooks that would stop.

    A part of the work is asked of a `second` process, if `beside` gave one.
    `hidden` are small counts of task forces, which a public report would not show and had not to hide before.
    """
    if rows.empty:
        return {kind: [] for kind in (*_KINDS, "failed")}
    before, after = _look_twice(rows, second)
    days = pd.Series(rows["as_of"].dt.strftime("%Y-%m-%d").unique(), name="as_of", dtype="str").sort_values()
    tables = {
        "known": list_newly_known(before["counts"], after["counts"]),
        "gone": list_newly_known(after["counts"], before["counts"]),
        "revisions": list_revisions(before["rows"], after["rows"]),
        "again": list_returned_again(before["rows"], after["rows"]),
        "statements": _list_statements(before["counts"], after["counts"]),
        "hidden": list_newly_known(_hide(before), _hide(after)),
        "late": days[days < before["day"]].to_frame()[: len(days) if before["day"][0].isdecimal() else 0],
    }
    told = {name: _plain(table.replace({"task_force": name_forces()})) for name, table in tables.items()}
    stopped = set(before["failed"]) | set(after["failed"])
    found = [[each for each in look["findings"] if each["notebook"] not in stopped] for look in (before, after)]
    failed = [{"notebook": name, "error": error} for name, error in after["failed"].items()]
    earlier = before["quarter"]
    late = [row for row in told["known"] if row["quarter"] <= earlier]
    moved = compare_findings(*found, (earlier, after["quarter"]), bool(late or told["revisions"]))
    news = [each for each in moved if each["cause"] == "quarter"]
    return told | {"news": news, "findings": [each for each in moved if each not in news], "failed": failed}


def tell(changes: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Write what would change, a line each, under a heading for each kind; not what moves by less than is shown."""
    for kind, (heading, line) in _KINDS.items():
        seen = [change for change in changes[kind] if kind != "findings" or change["old"] != change["new"]]
        yield f"{heading}: {len(seen) or 'none'}"
        topics = (name_topic(change["id"]) if "id" in change else "" for change in seen)
        yield from (f"- {line.format(**change, topic=topic)}" for change, topic in zip(seen, topics, strict=True))
    yield from (
        f"With these counts the page {change['notebook']} could not be made: {change['error']}. You can store them all"
        " the same; send this line to whoever looks after the collection."
        for change in changes["failed"]
    )


def find_findings(source: Path, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a notebook's cells in this process, without what they draw, and give what it finds, with its name."""
    found: list[dict[str, Any]] = []
    drawing = {name for name, module in htanalysis._MODULES.items() if module.startswith("charts.")}
    vars(htanalysis).update(dict.fromkeys(drawing, lambda *_, **__: None))
    try:
        with tempfile.TemporaryDirectory() as folder:
            shell = make_shell(Path(folder))
            for cell in json.loads(source.read_text(encoding="utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    outputs, error = run_cell(shell, "".join(cell["source"]))
                    if error:
                        raise error
                    if "parameters" in cell["metadata"].get("tags", []):
                        shell.user_ns.update(parameters)
                    shown = [output.get("data", {}).get(results.MIME, {}) for output in outputs]
                    found += [{"notebook": source.stem} | each for data in shown for each in data.get("findings", [])]
    finally:
        for name in drawing:
            del vars(htanalysis)[name]
    return found


def _look_twice(rows: pd.DataFrame, second: Second | None) -> list[dict[str, Any]]:
    """Look at the store as it is and as it would be; at what the last check has seen, not again."""
    paths = [path for path in find_notebooks() if "as_of:" in path.read_text(encoding="utf-8")]
    # In the store's own folder, and sealed with its key: it holds what the store does.
    kept, states = Kept(store.folder() / ".kept", pack(settings.HOME), ""), (None, rows)
    tasks = [_name_look(state, paths) for state in states]
    found = [kept.find(task) for task in tasks]
    looks = [each and pickle.loads(each.notebook) for each in found]  # noqa: S301, the seal shows whose it is
    new = [number for number, look in enumerate(looks) if not look]
    told = _look_at_all([states[number] for number in new], paths, second) if new else []
    for number, look in zip(new, told, strict=True):
        looks[number] = look
    if new and not settings.is_carried():
        with suppress(OSError), store.private():
            for number in new:
                if not looks[number]["failed"]:
                    kept.keep(tasks[number], Outcome(pickle.dumps(looks[number])))
            kept.keep_only(tasks)
    return looks


def _name_look(rows: pd.DataFrame | None, paths: Iterable[Path]) -> Task:
    """Tell a look from any that could see something else in the same data: by the store's rows and the notebooks."""
    with store.pretending(rows):
        held = store.read_store().to_csv().encode()
    return Task(Path("look"), b"".join([held, *(path.read_bytes() for path in paths)]))


@contextmanager
def beside() -> Iterator[Second | None]:
    """Start a process that looks at a part of all beside this one, where that is safe, and give the way to ask it.

    Until it is asked, such as while files are read, it imports what that takes. It ends with the context.
    """
    if not _can_fork():
        yield None
        return
    gc.freeze()  # What is there now is no waste, and is not copied to see that.
    asking, asked = multiprocessing.Pipe()
    tickets, stock = os.pipe()
    os.write(stock, bytes(range(256)))
    os.close(stock)
    process = multiprocessing.get_context("fork").Process(target=_answer, args=(asking, asked, tickets), daemon=True)
    process.start()
    asked.close()
    try:
        yield asking, tickets
    finally:
        os.close(tickets)
        process.kill()
        process.join()


def _can_fork() -> bool:
    """Say whether a forked process would do the same as this one, and sooner: what has run threads may lack them."""
    if sys.platform != "linux" or "scipy.optimize" in sys.modules:
        return False
    threads = len([*Path("/proc/self/task").iterdir()])  # Those of libraries as well.
    return threads == 1 and len(os.sched_getaffinity(0)) > 1


def _answer(asking: Connection, asked: Connection, tickets: int) -> None:
    """Look when asked, and send what is seen. Where that fails nothing is sent: who asked tries it, and tells."""
    asking.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The other process ends this one.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(Exception):
        import_parts(["scipy.optimize", *_SHELL])
        states, own, shared = asked.recv()
        asked.send(_look(states, chain(own, _take(shared, tickets))))


def _take(shared: Sequence[_Part], tickets: int) -> Iterator[_Part]:
    """Go through the parts that no other process has taken: each ticket is a number, and is drawn once."""
    for ticket in iter(lambda: os.read(tickets, 1), b""):
        if ticket[0] >= len(shared):
            return
        yield shared[ticket[0]]


def _look_at_all(
    states: Sequence[pd.DataFrame | None], paths: Sequence[Path], second: Second | None
) -> list[dict[str, Any]]:
    """Look at some states of the store, and give the looks."""
    counts, *own = [[(number, path) for number in range(len(states))] for path in (None, *paths)]
    told = {}
    if second:
        asking, tickets = second
        # The second process begins with the notebook that takes longest, and knows then what the two states share.
        longest = own.pop(max(range(len(paths)), key=lambda place: paths[place].read_bytes().count(b'"code"')))
        shared = sorted(chain(*own))
        asking.send((states, longest, shared))
        told = _look(states, chain(counts[:1], _take(shared, tickets), counts[1:]))
        with suppress(EOFError):
            told |= asking.recv()
    every = [(number, path) for number in range(len(states)) for path in (None, *paths)]
    told |= _look(states, [part for part in every if part not in told])
    return [_join([told[part] for part in every if part[0] == number]) for number in range(len(states))]


def _look(states: Sequence[pd.DataFrame | None], parts: Iterable[_Part]) -> dict[_Part, dict[str, Any]]:
    """Take what notebooks find, or the counts, of the store as it is, or as it would be with rows added."""
    import_parts(["scipy.special", *_SHELL])
    told = {}
    for number, parts_of_state in groupby(parts, key=itemgetter(0)):
        with store.pretending(states[number]):  # It is read once.
            parameters = {"quarter": str(last_quarter()), "as_of": known_day(), "audience": _STAFF}
            for part in parts_of_state:
                told[part] = _try(part[1], parameters) if part[1] else _count(parameters)
    return told


def _try(path: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"findings": find_findings(path, parameters)}
    except Exception as error:  # Staff are told of it with all else, since they can still store the counts.
        return {"failed": (path.stem, f"{type(error).__name__}: {error}")}


def _count(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Count as of the same day as the notebooks, so that the returns are counted once."""
    day = parameters["as_of"]
    counts, public = (count_quarters(day, audience) for audience in (_STAFF, "public"))
    kinds = {"quarter": "period[Q-DEC]", "count": "Int64"} | dict.fromkeys([*CELL[1:], "withdrawn"], "str")
    rows = pd.DataFrame(read_known(), columns=Known._fields).astype(kinds)
    return {"rows": rows, "day": day, "quarter": parameters["quarter"], "counts": counts, "public": public}


def _join(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join a state's counts and what each notebook finds."""
    counts, *told = parts
    findings = [finding for each in told for finding in each.get("findings", ())]
    return counts | {"findings": findings, "failed": dict(each["failed"] for each in told if "failed" in each)}


def _list_statements(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the statements whose verdict changes: none where the returns say the same of what the report published."""
    if reconcile(before).equals(reconcile(after)):
        return pd.DataFrame()
    return list_verdicts(recompute_claims(before), recompute_claims(after))


def _hide(look: Mapping[str, Any]) -> pd.DataFrame:
    """Keep the counts that returns give and the public is not shown."""
    keys = ["measure", "quarter"]
    published = look["public"].loc[look["public"]["origin"].eq("returns"), keys]
    counts = look["counts"].merge(published, on=keys, how="left", indicator="shown")
    return counts[counts["origin"].eq("returns") & counts["shown"].eq("left_only")]


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain_value(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain_value(value: Any) -> str | int | None:
    if isinstance(value, pd.Period):
        return str(value)
    return value if isinstance(value, str) else None if pd.isna(value) else int(value)
