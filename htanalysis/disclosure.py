"""Disclosure control: which counts of the returns a public report may show, so that none points at a person.

Counts below the state from 1 to 10 are hidden, and with them as many others as it takes that no sum gives a hidden one
away. What an earlier report has shown cannot be taken back: every state in which the store ever was counts as
published, what is shown is decided from the first state to the last, and each decision is audited against all before
it. The audit finds by integer programming how far each hidden count can be told from everything published.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from htanalysis import settings

#: What stands in the place of a small count.
FEWER = f"fewer than {settings.SMALLEST_SHOWN}"

_TYPES = ("sex", "labor", "other")
_ENDLESS = 10**8  # larger than any total of counts that are believed

#: A count is known by the rows that state it: one, or those of its types. What is missing from a statewide count is
#: known by how many task forces have not returned theirs, as a negative number, and by what it comes to.
Version = tuple[int, ...]


@dataclass(frozen=True)
class State:
    """What the store held of one measure in one quarter at one time.

    Attributes
    ----------
    counts : mapping of str to (Version, int)
        Each task force's count.
    types : mapping of (str, str) to (Version, int)
        Counts by task force and trafficking type.
    statewide : mapping of str to int
        What a statewide return gives, by trafficking type.
    reporting : frozenset of str
        The task forces that report by then.
    told_elsewhere : bool
        Whether the state's count may follow from what the Attorney General published, whatever we show.
    partial : frozenset of str
        The task forces that returned some types and not all: their count is of these types alone.
    """

    counts: Mapping[str, tuple[Version, int]]
    types: Mapping[tuple[str, str], tuple[Version, int]]
    statewide: Mapping[str, int]
    reporting: frozenset[str]
    told_elsewhere: bool = False
    partial: frozenset[str] = frozenset()

    @property
    def whole(self) -> frozenset[str]:
        """The task forces that have returned it, and not some types alone."""
        return frozenset(self.counts) - self.partial

    @property
    def missing(self) -> list[str]:
        """The task forces of which some or all is still to come."""
        return sorted(self.reporting - self.whole)

    def has_all(self, kind: str) -> bool:
        """Say whether every task force has returned a trafficking type, or none anything."""
        return not self.counts or self.reporting <= {name for name, each in self.types if each == kind}

    def total(self, kind: str = "all") -> int | None:
        """Give the state's count of a trafficking type, where it is known."""
        if kind in self.statewide:
            return self.statewide[kind]
        if kind == "all":
            given = {name: self.counts[name] for name in self.whole}
        else:
            given = {name: at for (name, each), at in self.types.items() if each == kind}
        return sum(value for _, value in given.values()) if self.reporting <= set(given) else None


@dataclass(frozen=True)
class Decision:
    """What a public report shows of a state.

    Attributes
    ----------
    hidden : frozenset of str
        Task forces whose count is not shown.
    totals : frozenset of str
        Trafficking types whose count of the state is shown. Those of single task forces never are.
    """

    hidden: frozenset[str]
    totals: frozenset[str]


@dataclass
class Knowledge:
    """All that was published of one measure in one quarter.

    Attributes
    ----------
    truth : dict of Version to int
        The counts as they are, which nobody outside knows.
    ranges : dict of Version to (int, int)
        Smallest and largest value published for a count.
    sums : list of (dict of Version to int, int, int)
        Counts with their factors, and the smallest and largest value of their sum.
    """

    truth: dict[Version, int] = field(default_factory=dict)
    ranges: dict[Version, tuple[int, int]] = field(default_factory=dict)
    sums: list[tuple[dict[Version, int], int, int]] = field(default_factory=list)

    def knows(self, version: Version) -> bool:
        """Say whether a count was published as it is."""
        low, high = self.ranges.get(version, (0, _ENDLESS))
        return low == high

    def hides(self, version: Version) -> bool:
        """Say whether a range was published for a count."""
        low, high = self.ranges.get(version, (0, _ENDLESS))
        return low < high < _ENDLESS

    def relate(self, states: Iterable[State]) -> "Knowledge":
        """Give what is known once it is known which counts belong together in some states."""
        known = Knowledge(dict(self.truth), dict(self.ranges), list(self.sums))
        for state in states:
            known._learn_types(state)
        return known

    def after(self, state: State, decision: Decision) -> "Knowledge":
        """Give what is known once a decision is published."""
        known = Knowledge(dict(self.truth), dict(self.ranges), list(self.sums))
        for name, (version, value) in state.counts.items():
            shown = give_range(value) if name in decision.hidden else (value, value)
            known._learn(version, value, shown)
        known._learn_types(state)
        for kind in sorted(decision.totals):
            known._learn_total(state, kind)
        return known

    def _learn(self, version: Version, value: int, shown: tuple[int, int]) -> None:
        low, high = self.ranges.get(version, (0, _ENDLESS))
        self.truth[version] = value
        self.ranges[version] = (max(low, shown[0]), min(high, shown[1]))

    def _learn_total(self, state: State, kind: str) -> None:
        """Add a total of the state: what is missing from it is a count that nobody returned."""
        if kind == "all":
            parts = dict(state.counts.values())
        else:
            parts = {version: value for (_, each), (version, value) in state.types.items() if each == kind}
        left = state.total(kind) - sum(parts.values())
        absent = len(state.reporting) - len(parts) + (len(state.partial) if kind == "all" else 0)
        if left < 0 or (left and not absent):
            return  # A statewide return that disagrees with the others says nothing about them.
        if absent:
            rest = (-absent, left)
            self._learn(rest, left, (0, _ENDLESS))
            parts[rest] = left
        self.sums.append((dict.fromkeys(parts, 1), state.total(kind), state.total(kind)))

    def _learn_types(self, state: State) -> None:
        """Add that a task force's types are together no more than its count, and make it up where it gives no other."""
        for name, (whole, value) in state.counts.items():
            own = {version: part for (body, _), (version, part) in state.types.items() if body == name}
            for version, part in own.items():
                self._learn(version, part, (0, _ENDLESS))
            # Late versions can stand beside types that are more: those say nothing.
            if own and whole not in own and sum(own.values()) <= value:
                made_up = len(whole) > 1
                self._learn(whole, value, (0, _ENDLESS))
                self.sums.append(({whole: 1} | dict.fromkeys(own, -1), 0, 0 if made_up else _ENDLESS))


def give_range(value: int) -> tuple[int, int]:
    """Give the range that is published for a hidden count: below the threshold, or the powers of ten around it.

    Examples
    --------
    >>> give_range(3), give_range(40), give_range(101)
    ((0, 10), (11, 100), (101, 1000))
    """
    if value < settings.SMALLEST_SHOWN:
        return 0, settings.SMALLEST_SHOWN - 1
    low, high = settings.SMALLEST_SHOWN, 100
    while value > high:
        low, high = high + 1, high * 10
    return low, high


def find_pinned(known: Knowledge) -> list[Version]:
    """Find the small counts that an attacker can tell to fewer values than the protection width.

    Parameters
    ----------
    known : Knowledge
        All that was published.

    Returns
    -------
    list of Version
        Counts from 1 to 10 for which the integers that agree with everything known are too few.
    """
    involved = sorted({version for factors, _, _ in known.sums for version in factors})
    # What several task forces have not returned is no count of one of them.
    own = [place for place, version in enumerate(involved) if version[0] >= -1]
    small = [place for place in own if 0 < known.truth[involved[place]] < settings.SMALLEST_SHOWN]
    if not small:
        return []
    reach = _Reach(known, involved)
    # Half of them against the other half, in several ways, moves most of them far enough; the others go one by one.
    for bit in (1, 2, 4, 8):
        if narrow := [place for place in small if not reach.is_wide(place)]:
            reach.stretch({place: 1 if number & bit else -1 for number, place in enumerate(narrow)})
    for place in small:
        if not reach.is_wide(place):
            reach.stretch({place: 1})
    return [involved[place] for place in small if not reach.is_wide(place)]


class _Reach:
    """The smallest and largest values that the counts take in any solution found."""

    def __init__(self, known: Knowledge, involved: Sequence[Version]) -> None:
        self.place = {version: place for place, version in enumerate(involved)}
        ranges = np.array([known.ranges[version] for version in involved], float)
        self.bounds = ranges[:, 0], ranges[:, 1]
        matrix = np.zeros((len(known.sums), len(involved)))
        for row, (factors, _, _) in enumerate(known.sums):
            for version, factor in factors.items():
                matrix[row, self.place[version]] = factor
        self.sums = matrix, [low for _, low, _ in known.sums], [high for *_, high in known.sums]
        self.low = self.high = np.array([known.truth[version] for version in involved])

    def stretch(self, factors: Mapping[int, int]) -> None:
        """Make a weighted sum of some counts as small and as large as everything known allows."""
        for sign in (1, -1):
            weights = np.zeros(len(self.place))
            weights[list(factors)] = [sign * factor for factor in factors.values()]
            found = np.round(_minimize(weights, self.bounds, self.sums)).astype(int)
            self.low, self.high = np.minimum(self.low, found), np.maximum(self.high, found)

    def is_wide(self, place: int) -> bool:
        """Say whether a count is protected; that it is not 0 can be guessed, since a 0 need not be hidden."""
        return self.high[place] - max(self.low[place], 1) + 1 >= settings.PROTECTION_WIDTH


def decide(state: State, known: Knowledge) -> tuple[Decision, Knowledge]:
    """Decide what is shown of a state, given all that was shown before.

    Parameters
    ----------
    state : State
        The state.
    known : Knowledge
        What was published before it.

    Returns
    -------
    decision : Decision
        The first of some ways, from the most telling to the least, that leaves every small count protected; where none
        does, since the total is told elsewhere, the last of them, which shows nothing.
    known : Knowledge
        What is known after it.
    """
    anyway = {"all"} if state.told_elsewhere and state.total() is not None else set()
    for decision in _list_ways(state, known):
        after = known.after(state, Decision(decision.hidden, decision.totals | anyway))
        if not find_pinned(after):
            break
    for kind in _TYPES:
        if state.total(kind) is not None and state.has_all(kind):
            wider = Decision(decision.hidden, decision.totals | {kind})
            trial = known.after(state, Decision(wider.hidden, wider.totals | anyway))
            if not find_pinned(trial):
                decision, after = wider, trial
    return decision, after


def _list_ways(state: State, known: Knowledge) -> Iterator[Decision]:
    """List ways to publish a state, from the most telling to the least."""
    total = frozenset({"all"} if state.total() is not None else ())
    fresh = {name for name, (version, _) in state.counts.items() if not known.knows(version)}
    small = {name for name, (_, value) in state.counts.items() if 0 < value < settings.SMALLEST_SHOWN}
    # What was hidden stays so: shown now, it would tell what earlier sums hold.
    before = {name for name in fresh if known.hides(state.counts[name][0])}
    must = frozenset(small | before)
    chosen = _choose_partners(state, must, fresh)
    if chosen is not None:
        yield Decision(must | chosen, total)
    yield Decision(must | fresh, total)
    if chosen is not None or not state.missing:
        yield Decision(must | (chosen or frozenset()), frozenset())
    yield Decision(must | fresh, frozenset())


def _choose_partners(state: State, must: frozenset[str], fresh: set[str]) -> frozenset[str] | None:
    """Choose the fewest and smallest further counts to hide so that the state's total gives no small count away.

    A hidden count can be as much larger as the others hidden can be smaller, and the other way round. An integer
    program makes this room at least the protection width for each small count, and for the counts still to come, which
    may be anything, so that the total can be shown once they are there. None where it cannot be.
    """
    names = sorted(state.counts)
    values = np.array([state.counts[name][1] for name in names], int)
    hidden, free = (np.array([name in group for name in names], bool) for group in (must, fresh))
    most = settings.SMALLEST_SHOWN - 1
    small = np.flatnonzero(hidden & (values > 0) & (values <= most))
    cases = [(place, values[place] - 1, most - values[place]) for place in small]
    if state.missing:
        cases += [(-1, value - 1, most - value) for value in (1, most)]
    if not cases or not names:
        return frozenset()
    chosen = _cover(values, hidden, hidden | free, cases)
    return (
        None if chosen is None else frozenset(name for name, is_in in zip(names, chosen, strict=True) if is_in) - must
    )


def _cover(
    values: np.ndarray, must: np.ndarray, may: np.ndarray, cases: Sequence[tuple[int, int, int]]
) -> np.ndarray | None:
    """Hide as little as makes room for each case: a place among the values, and how far it can fall and rise by itself.

    The unknowns are whether each value is hidden, and for each case how far it falls and rises.
    """
    count, moves = len(values), 2 * len(cases)
    room = np.array([_room(value) for value in values])
    rows = np.zeros((3 * len(cases), count + moves))
    for number, (place, _, _) in enumerate(cases):
        others = np.arange(count) != place
        fall, rise = count + 2 * number, count + 2 * number + 1
        # It falls by what the others can rise, and rises by what they can fall.
        rows[3 * number, :count], rows[3 * number, fall] = room[:, 1] * others, -1
        rows[3 * number + 1, :count], rows[3 * number + 1, rise] = room[:, 0] * others, -1
        rows[3 * number + 2, [fall, rise]] = 1
    limits = np.tile([0, 0, settings.PROTECTION_WIDTH - 1], len(cases))
    own = [end for _, *ends in cases for end in ends]
    # That there were none is worth more than a count, so that zeros are hidden last.
    cost = np.concatenate([np.where(values == 0, count, 1 + values / (1 + values.sum())), np.zeros(moves)])
    bounds = np.concatenate([must, np.zeros(moves)]), np.concatenate([may, own])
    solution = _minimize(cost, bounds, (rows, limits))
    return None if solution is None else solution[:count] > 0.5


def _minimize(weights: np.ndarray, bounds: tuple, sums: tuple) -> np.ndarray | None:
    """Find the whole numbers within bounds, and with sums within theirs, that make a weighted sum smallest."""
    # Imported here alone: whoever is shown all needs none of it, and it takes as long as checking a file.
    from scipy.optimize import Bounds, LinearConstraint, milp

    integrality = np.ones(len(weights))
    return milp(weights, integrality=integrality, bounds=Bounds(*bounds), constraints=LinearConstraint(*sums)).x


def _room(value: int) -> tuple[int, int]:
    """Say how far a hidden count can be lower and higher within the range published for it."""
    low, high = give_range(value)
    return value - low, high - value


def list_states(
    rows: pd.DataFrame, reporting: frozenset[str], told_elsewhere: bool = False
) -> list[dict[frozenset[int], State]]:
    """List the states in which the store ever was, for one measure in one quarter, in the order of their appearance.

    Parameters
    ----------
    rows : pandas.DataFrame
        All versions of its counts: `task_force`, `trafficking_type`, `count`, `as_of` and `batch`, with an index that
        tells them apart.
    reporting : frozenset of str
        The task forces that report by then.
    told_elsewhere : bool
        As in `State`.

    Returns
    -------
    list of dict of frozenset of int to State
        For each addition the states that it brought, by the rows that count in them.
    """
    ordered = rows.sort_values(["as_of", "batch"], kind="stable")
    batches: list[dict[frozenset[int], State]] = []
    for batch in sorted(rows["batch"].unique()):
        held = ordered[ordered["batch"] <= batch]
        lasts = keep_last(held).values()
        earlier = set().union(*batches)
        new = [last for last in lasts if frozenset(last.index) not in earlier]
        batches.append({frozenset(last.index): make_state(last, reporting, told_elsewhere) for last in new})
    return batches


def decide_until(
    batches: Sequence[Mapping[frozenset[int], State]], wanted: Set[frozenset[int]]
) -> dict[frozenset[int], tuple[State, Decision]]:
    """Decide what is shown of some states, each after all that was shown before.

    Parameters
    ----------
    batches : sequence of mapping
        `list_states`.
    wanted : set of frozenset of int
        The rows of each of the states.
    """
    known, decided = Knowledge(), {}
    for states in batches:
        # What came together is decided together: a state of an earlier day shows nothing that a later one gives away.
        known = known.relate(states.values())
        for key, state in states.items():
            decision, known = decide(state, known)
            if key in wanted:
                decided[key] = state, decision
        if wanted <= set(decided):
            break
    return decided


def keep_last(ordered: pd.DataFrame) -> dict[pd.Timestamp, pd.DataFrame]:
    """Give for each day the last version of each cell that was known by then, of a frame that is sorted by `as_of`."""
    places, lasts = {}, {}
    for day, own in ordered.groupby("as_of"):
        places |= dict(zip(zip(own["task_force"], own["trafficking_type"], strict=True), own.index, strict=True))
        lasts[day] = ordered.loc[list(places.values())]
    return lasts


def make_state(last: pd.DataFrame, reporting: frozenset[str], told_elsewhere: bool) -> State:
    """Make the state in which the last version of each count is held.

    Parameters
    ----------
    last : pandas.DataFrame
        Rows as for `list_states`, one for each count.
    reporting, told_elsewhere
        As for `list_states`.
    """
    columns = (last.index, last["task_force"], last["trafficking_type"], last["count"])
    cells = {(name, kind): ((row,), int(count)) for row, name, kind, count in zip(*columns, strict=True)}
    statewide = {kind: value for (name, kind), (_, value) in cells.items() if name == settings.STATEWIDE}
    own = {cell: at for cell, at in cells.items() if cell[0] != settings.STATEWIDE}
    types = {cell: at for cell, at in sorted(own.items()) if cell[1] != "all"}
    counts, partial = {}, set()
    for name in sorted({name for name, _ in own}):
        parts = [at for (body, _), at in types.items() if body == name]
        made_up = tuple(version for ((version,), _) in parts), sum(value for _, value in parts)
        counts[name] = own.get((name, "all"), made_up)
        if (name, "all") not in own and len(parts) < len(_TYPES):
            partial.add(name)
    return State(counts, types, statewide, reporting, told_elsewhere, frozenset(partial))
