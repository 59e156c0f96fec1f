"""An attacker of public reports, for tests, who knows the rules, all reports, what was revised and one contributor.

A history is what was added of one measure, by quarter. Its reports are all that can be made after each addition, as of
each day. The attacker holds for possible every other history that gives the same reports, in which the same counts were
revised and the contributor's own are as they are. Such histories are looked for by moving persons between counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from htanalysis import settings
from htanalysis.returns.disclosure import TYPES, Decision, decide, hold_back
from htanalysis.returns.views import make_state, show_totals

DAYS = pd.date_range("2012-10-31", periods=6, freq="31D")
#: How often persons are moved, and how often where a count still looks told, before it is taken for one.
TRIES = 3000, 60_000


@dataclass(frozen=True)
class History:
    """Rows (addition, task force, type, count, day) by quarter; the quarters of a published total, if there is one."""

    rows: dict[pd.Period, list[tuple]]
    reporting: frozenset[str]
    window: frozenset[pd.Period] = frozenset()


def draw_history(generator: np.random.Generator) -> History:
    """Draw up to six additions: full returns, all sent again, revisions, late rows, types, statewide rows."""
    # Of many counts the attack would take long: types come with four task forces in one quarter.
    way = generator.choice(["one quarter", "some quarters", "types"], p=[0.4, 0.2, 0.4])
    names = [f"task force {letter}" for letter in "ABCDEFGHI"[: 4 if way == "types" else generator.choice([4, 5, 9])]]
    number = int(generator.integers(3, 6)) if way == "some quarters" else 1
    quarters = pd.period_range("2012Q1", periods=number, freq="Q")
    window = frozenset(quarters if number > 1 else ())
    rows = {}
    for quarter in quarters:
        since = int(generator.integers(1, 4)) if window else 1
        rows[quarter] = draw_quarter(generator, names, way == "types", since)
    return History({quarter: own for quarter, own in rows.items() if own}, frozenset(names), window)


def draw_quarter(generator: np.random.Generator, names: list[str], typed: bool, since: int) -> list[tuple]:
    scale = generator.choice([2, 6, 12, 40])
    held: dict[tuple[str, str], int] = {}
    rows: list[tuple] = []
    with_types = generator.random(len(names)) < generator.choice([0.5, 1]) * typed
    for batch in range(since, max(since + 1, generator.integers(2, 5 if typed else 7))):
        day = DAYS[batch - 1] if generator.random() < 0.8 else DAYS[generator.integers(0, batch)]
        way = "first" if batch == since else generator.choice(["again", "some", "one", "one"])
        added: dict[tuple[str, str], int] = {}
        for place, name in enumerate(names):
            if generator.random() < {"first": 0.95, "again": 1, "some": 0.3, "one": 1 / len(names)}[way]:
                again = (name, "all") in held and way == "again" and generator.random() < 0.8
                if again or (name, "all") not in held or generator.random() < 0.5:
                    count = held.get((name, "all"), int(generator.geometric(1 / (1 + scale)) - 1))
                else:
                    count = max(held[name, "all"] + int(generator.integers(-6, 7)), 0)
                if generator.random() < 0.1:
                    count = int(generator.choice([0, 0, 200]))
                parts = dict(zip(TYPES, map(int, generator.multinomial(count, [0.6, 0.3, 0.1])), strict=True))
                if with_types[place]:
                    added |= {(name, kind): value for kind, value in parts.items()}
                if not with_types[place] or generator.random() < 0.8:
                    added[name, "all"] = count
        if added and generator.random() < 0.1:
            agreed = sum(value for (_, kind), value in (held | added).items() if kind == "all")
            added[settings.STATEWIDE, "all"] = agreed + int(generator.choice([0, 0, 1, 9]))
        known = {(name, kind, on) for _, name, kind, _, on in rows}
        fresh = {cell: value for cell, value in added.items() if (*cell, day) not in known}
        rows += [(batch, name, kind, value, day) for (name, kind), value in sorted(fresh.items())]
        held |= fresh
    return rows


class Reports:
    """All public reports of a history, and of others that differ from it in counts alone."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.counts = {quarter: [row[3] for row in rows] for quarter, rows in history.rows.items()}
        self.states = {quarter: list(_list_states(rows)) for quarter, rows in history.rows.items()}
        self.opened = self._find_opened()
        self._decided: dict[tuple, dict] = {}
        self._looks: dict[tuple, tuple] = {}
        self.decided = {quarter: self.decide(quarter, own) for quarter, own in self.counts.items()}
        self.kept = hold_back(self.decided, history.window)
        self.looks = {quarter: self.look(quarter, own, self.kept) for quarter, own in self.counts.items()}

    def _find_opened(self) -> dict[pd.Period, set[tuple[int, ...]]]:
        """Find the states that stand in a report for which all quarters of the published total have been returned."""
        history, opened = self.history, {quarter: set() for quarter in self.history.rows}
        marks = {(row[0], row[4]) for rows in history.rows.values() for row in rows}
        for batch, day in product(*({mark[place] for mark in marks} for place in (0, 1))):
            last = {quarter: _find_last(rows, batch, day) for quarter, rows in history.rows.items()}
            states = {
                quarter: make_state([history.rows[quarter][place][1:4] for place in places], history.reporting)
                for quarter, places in last.items()
            }
            if all(quarter in states and states[quarter].is_whole for quarter in history.window):
                for quarter, places in last.items():
                    opened[quarter].add(places)
        return opened

    def fill(self, quarter: pd.Period, counts: list[int]) -> list[tuple]:
        """Give the rows of a quarter with other counts."""
        return [(*row[:3], count, row[4]) for row, count in zip(self.history.rows[quarter], counts, strict=True)]

    def decide(self, quarter: pd.Period, counts: list[int]) -> dict[int, Decision]:
        """Decide what may be shown of a quarter with other counts."""
        key = quarter, *counts
        if key not in self._decided:
            self._decided[key] = decide(self.fill(quarter, counts), self.history.reporting)
        return self._decided[key]

    def look(self, quarter: pd.Period, counts: list[int], kept: frozenset) -> tuple:
        """Give what all reports show of a quarter, what else the attacker takes for given, and what came in first."""
        key = quarter, quarter in kept, *counts
        if key not in self._looks:
            decided = {} if quarter in kept else self.decide(quarter, counts)
            self._looks[key] = self._look(quarter, self.fill(quarter, counts), decided)
        return self._looks[key]

    def _look(self, quarter: pd.Period, rows: list[tuple], decided: dict[int, Decision]) -> tuple:
        shown, given, first = [], [], {}
        for batch, places in self.states[quarter]:
            state = make_state([rows[place][1:4] for place in places], self.history.reporting)
            decision = decided[batch] if batch in decided and places in self.opened[quarter] else Decision()
            shown.append([total[:6] for total in show_totals(state, decision)])
            # Whether the types of a task force are more than all, and how many there were at first.
            for name, count in state.counts.items():
                given.append(sum(value for (own, _), value in state.types.items() if own == name) <= count)
            first = state.list_given("all") | first
        # Which counts were revised, and which were sent again as they were.
        last: dict[tuple[str, str], int] = {}
        for _, name, kind, count, _ in sorted(rows, key=lambda row: (row[4], row[0])):
            given.append(last.get((name, kind)) == count)
            last[name, kind] = count
        return shown, given, sum(first.values())

    def agree(self, counts: dict[pd.Period, list[int]], changed: list[pd.Period]) -> bool:
        """Say whether the reports, and what else is given, are as they are with other counts of some quarters."""
        if any(min(counts[quarter]) < 0 for quarter in changed):
            return False
        window = self.history.window
        if not window:
            return all(self.look(each, counts[each], window)[:2] == self.looks[each][:2] for each in changed)
        # Which quarters stay hidden for the total's sake nobody is told.
        kept, grown = hold_back({each: self.decide(each, own) for each, own in counts.items()}, window), 0
        for quarter, own in counts.items():
            shown, given, first = self.look(quarter, own, kept)
            if (shown, given) != self.looks[quarter][:2]:
                return False
            # What was not returned is the same for all: only who did not return it knows it.
            grown += first - self.looks[quarter][2]
        return grown == 0


def _list_states(rows: list[tuple]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Give the places of the rows that count after each addition, as of each day, with the last addition among them."""
    seen = set()
    for batch in sorted({row[0] for row in rows}):
        for day in sorted({row[4] for row in rows if row[0] <= batch}):
            last = _find_last(rows, batch, day)
            if last not in seen:
                seen.add(last)
                yield max(rows[place][0] for place in last), last


def _find_last(rows: list[tuple], batch: int, day: pd.Timestamp) -> tuple[int, ...]:
    """Give the places of the rows that count after an addition, as of a day."""
    known = [place for place, row in enumerate(rows) if row[0] <= batch and row[4] <= day]
    known.sort(key=lambda place: (rows[place][4], rows[place][0]))
    return tuple(sorted({rows[place][1:3]: place for place in known}.values()))


def find_told(history: History, insider: str | None, generator: np.random.Generator) -> dict[tuple, set[int]]:
    """Find the counts that somebody who knows one task force's can tell to fewer values than the protection width.

    Returns
    -------
    dict of (quarter, place of the row) to set of int
        The values found for each. Zeros are left out where a report says that there was nobody.
    """
    for tries in TRIES:
        found = _attack(history, insider, generator, tries)
        told = {target: values for target, values in found.items() if len(values) < settings.PROTECTION_WIDTH}
        if not told:
            break
    return told


def _attack(history: History, insider: str | None, generator: np.random.Generator, tries: int) -> dict[tuple, set[int]]:
    """Find values that each count of the others can have, up to the protection width."""
    reports = Reports(history)
    nobody = {quarter for quarter, look in reports.looks.items() if any(total[0][1] == 0 for total in look[0])}
    found = {
        (quarter, place): {row[3]}
        for quarter, rows in history.rows.items()
        for place, row in enumerate(rows)
        if row[1] not in (insider, settings.STATEWIDE) and (row[3] or quarter not in nobody)
    }
    # A walk from one history that is possible to the next.
    counts = reports.counts
    for number in range(tries):
        targets = [target for target, values in found.items() if len(values) < settings.PROTECTION_WIDTH]
        if not targets:
            break
        counts = counts if number % 60 else reports.counts
        # At times others move: what is left of a sum can depend on them.
        some = targets if generator.random() < 0.7 else list(found)
        target = some[generator.integers(len(some))]
        moved = _move(reports, counts, insider, (*target, found[target]), generator)
        if reports.agree(counts | moved, list(moved)):
            counts = counts | moved
            for quarter, own in moved.items():
                for place, count in enumerate(own):
                    found.get((quarter, place), set()).add(count)
    return found


def find_other(history: History, generator: np.random.Generator, tries: int = 300) -> History:
    """Find another history that gives the same reports, as far from one as some moves lead."""
    reports = Reports(history)
    counts = reports.counts
    targets = [
        (quarter, place)
        for quarter, rows in history.rows.items()
        for place, row in enumerate(rows)
        if row[1] != settings.STATEWIDE
    ]
    for _ in range(tries):
        moved = _move(reports, counts, None, (*targets[generator.integers(len(targets))], set()), generator)
        if reports.agree(counts | moved, list(moved)):
            counts = counts | moved
    return replace(history, rows={quarter: reports.fill(quarter, own) for quarter, own in counts.items()})


class _Quarter:
    """The counts of a quarter while persons are moved."""

    def __init__(self, rows: list[tuple], counts: list[int], insider: str | None) -> None:
        self.rows, self.counts = rows, list(counts)
        self.names = sorted({row[1] for row in rows} - {insider, settings.STATEWIDE})
        self.kinds = {name: {row[2] for row in rows if row[1] == name} for name in self.names}

    def shift(self, name: str, kind: str, step: int, since: int = 0) -> None:
        """Move a count in all versions alike: of a type and so of all, or of all and so of what makes it up."""
        own = self.kinds[name]
        if kind not in own and "all" not in own:
            kind = next(each for each in TYPES if each in own)
        self.shift_rows(name, {"all", kind}, step, since)

    def shift_rows(self, name: str, kinds: set[str], step: int, since: int = 0) -> None:
        for place, (batch, own, kind, *_) in enumerate(self.rows):
            if own == name and kind in kinds and batch >= since:
                self.counts[place] += step

    def shift_value(self, place: int, step: int) -> None:
        cell, value = self.rows[place][1:3], self.counts[place]
        for at, row in enumerate(self.rows):
            if row[1:3] == cell and self.counts[at] == value:
                self.counts[at] += step

    def exchange(self, name: str, other: str) -> None:
        """Let two task forces change places in what both returned, however far apart they are."""
        places = {row[:3]: place for place, row in enumerate(self.rows)}
        for (batch, own, kind), place in places.items():
            if own == name and (at := places.get((batch, other, kind))) is not None:
                self.counts[place], self.counts[at] = self.counts[at], self.counts[place]

    def redraw(self, generator: np.random.Generator) -> None:
        """Draw the sizes of all task forces anew, but for one, which gets the rest of the sum."""
        rest, scale = 0, int(generator.choice([2, 4, 8, 16]))
        one, *others = map(str, generator.permutation(self.names))
        for name in others:
            if generator.random() < 0.8:
                step = int(generator.integers(0, scale + 1)) - self.floor(name, "all")
                rest += self.resize(name, step, generator)
        self.resize(one, -rest, generator)

    def resize(self, name: str, step: int, generator: np.random.Generator) -> int:
        """Move all of a task force's counts of all types alike, at the cost of some types; give by how much."""
        kinds = generator.permutation(sorted(self.kinds[name] - {"all"}) or ["all"]).tolist()
        left = step
        for kind in kinds[:-1]:
            part = max(left, -self.floor(name, kind))
            self.shift(name, kind, part)
            left -= part
        self.shift(name, kinds[-1], left)
        return step

    def deal(self, name: str, generator: np.random.Generator) -> None:
        """Deal out a task force's count anew to the types, in all or one of its versions."""
        batches = sorted({row[0] for row in self.rows if row[1] == name})
        chosen = batches if generator.random() < 0.5 else [int(generator.choice(batches))]
        odds = generator.dirichlet([0.3] * len(TYPES))
        for batch in chosen:
            places = [at for at, row in enumerate(self.rows) if row[:2] == (batch, name) and row[2] != "all"]
            parts = generator.multinomial(sum(self.counts[at] for at in places), odds)
            if len(places) == len(TYPES):
                for at, part in zip(places, parts, strict=True):
                    self.counts[at] = int(part)

    def floor(self, name: str, kind: str) -> int:
        """Give the smallest value of a type, and of all where it is not of that type."""
        cells = zip(self.rows, self.counts, strict=True)
        own = {row[2] for row in self.rows if row[1] == name}
        return min(
            (count for row, count in cells if row[1] == name and row[2] == (kind if kind in own else "all")), default=0
        )


def _move(reports: Reports, counts: dict, insider: str | None, target: tuple, generator: np.random.Generator) -> dict:
    """Move persons between task forces, types, quarters or versions so that the count aimed at changes."""
    quarter, place, known = target
    own = _Quarter(reports.history.rows[quarter], counts[quarter], insider)
    batch, name, kind = own.rows[place][:3]
    most = int(generator.choice([2, 4, 6, 6, max(2, own.floor(name, kind) + 1), max(2, *own.counts)]))
    step = int(generator.integers(1, most)) * int(generator.choice([1, -1]))
    reach = 2 * settings.PROTECTION_WIDTH
    near = max(0, own.counts[place] - reach) if generator.random() < 0.5 else 0
    wanted = [count for count in range(near, near + 2 * reach) if count not in known]
    if wanted and generator.random() < 0.5:
        step = int(generator.choice(wanted)) - own.counts[place]
    if kind == "all" and generator.random() < 0.5:
        kind = str(generator.choice(TYPES))
    alike = generator.random() < 0.5
    way = generator.choice(["even", "pair", "versions", "types", "alone", "later", "deal", "redraw"])
    if way == "even":
        # The largest two or three give to all others, or take from them.
        floors = sorted(own.names, key=lambda each: own.floor(each, kind))
        givers = floors[-int(generator.integers(1, 4)) :]
        for number, each in enumerate(floors[: -len(givers)]):
            if step > 0 or own.floor(each, kind) + step >= 0:
                giver = givers[number % len(givers)]
                own.shift(each, kind, step)
                own.shift(giver, kind if alike else str(generator.choice(sorted(own.kinds[giver]))), -step)
    elif way == "versions":
        # What was sent again unchanged moves, and what it was revised to stays.
        other = int(
            generator.choice(
                [at for at, row in enumerate(own.rows) if row[1] in own.names and row[2] == "all"] or [place]
            )
        )
        own.shift_value(place, step)
        own.shift_value(other, -step)
    elif way == "pair":
        other = str(generator.choice(own.names))
        if generator.random() < 0.2:
            own.exchange(name, other)
        else:
            own.shift(name, kind, step)
            own.shift(other, kind if alike else str(generator.choice(sorted(own.kinds[other]))), -step)
    elif way == "types":
        # Some were of another type, or were not classified.
        who = name if alike else str(generator.choice(own.names))
        kinds = [*generator.permutation(sorted(own.kinds[who] - {"all"})), "", ""]
        step = min(step, own.floor(who, kinds[1])) if kinds[1] else step
        own.shift_rows(who, {str(kinds[0])}, step)
        own.shift_rows(who, {str(kinds[1])}, -step)
    elif way == "redraw" and own.names:
        own.redraw(generator)
    elif way == "deal":
        own.deal(str(generator.choice(own.names)), generator)
    else:
        if generator.random() < 0.2:
            step = -own.counts[place]
        own.shift(name, kind, step, batch if way == "later" else 0)
    moved = {quarter: own.counts}
    if reports.history.window and way in ("alone", "later") and alike:
        second = list(counts)[generator.integers(len(counts))]
        other = _Quarter(reports.history.rows[second], moved.get(second, counts[second]), insider)
        if other.names:
            other.shift(str(generator.choice(other.names)), kind, -step)
            moved[second] = other.counts
    return moved
