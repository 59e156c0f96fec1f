"""Disclosure control: which sums of the returns a public report may show, so that they tell no count behind them.

No count of one task force is shown, and no sum over some of them. A sum over all counts each task force once, in every
report: moving persons from one task force to another, in all versions of their counts alike, changes no sum that is
shown. The rules below leave room for at least so many such moves as the protection width, to everybody: who knows these
rules, all reports, which counts were revised and the counts of one task force, its own. They look at each count's
smallest value in all versions ever held, so that what was hidden stays so, and a count that was sent again is the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from operator import itemgetter

import pandas as pd

from htanalysis import settings

#: The trafficking types, in the order in which their sums are tried.
TYPES = ("sex", "labor", "other")

#: Counts in a sum that is shown: with three, whoever knows one of them could tell too much of the other two.
_FEWEST = 4

#: One count as it was added: addition, task force, trafficking type, count, day on which it was known.
Row = tuple[int, str, str, int, date]


@dataclass(frozen=True)
class Decision:
    """What may be shown of a state that an addition brought about: the types whose sum, or statewide return, may be.

    The `floors` and `tops` are the smallest and largest count that each task force ever had; of a statewide return
    alone, nothing and all of it. `whole`: all task forces have returned it, or a statewide return gives it alone.
    """

    sums: frozenset[str] = frozenset()
    statewide: frozenset[str] = frozenset()
    floors: Mapping[str, int] = field(default_factory=dict, compare=False)
    tops: Mapping[str, int] = field(default_factory=dict, compare=False)
    whole: bool = field(default=False, compare=False)


def least_rest() -> int:
    """Give how many persons the counts of a sum without the largest must have had, from the two named settings.

    Whoever knows the largest is left with one value for another's count less than the threshold, or with one more than
    the protection width.
    """
    width = settings.PROTECTION_WIDTH
    return max(settings.SMALLEST_SHOWN + width - 2, 2 * width)


def is_safe(floors: Iterable[int]) -> bool:
    """Say whether a sum may be shown, given the smallest value that each count in it ever had.

    Examples
    --------
    >>> is_safe([500, 800, 400, 0]), is_safe([500, 800, 0, 0]), is_safe([500, 800, 400])
    (True, False, False)
    """
    ordered, rest = sorted(floors, reverse=True), least_rest()
    sums = sum(ordered), sum(ordered[1:]), sum(ordered[2:])
    least = 2 * rest, rest, settings.PROTECTION_WIDTH
    return len(ordered) >= _FEWEST and all(own >= bound for own, bound in zip(sums, least, strict=True))


def decide(rows: Iterable[Row], reporting: Set[str]) -> dict[int, Decision]:
    """Decide what may be shown of one measure in one quarter, after each addition of its rows, given in their order.

    Each follows from what was held by then alone, so that a report made again shows the same.
    """
    held, decided = _Held(reporting), {}
    for batch, added in groupby(rows, key=itemgetter(0)):
        held.add(added)
        decided[batch] = held.decide()
    return decided


def decide_changed(
    rows: Sequence[Row], reporting: Set[str], earlier: Iterable[tuple[int, Set[str]]], published: bool
) -> dict[int, Decision]:
    """Decide as `decide` does, where the register said `earlier`, until some last addition, that others report.

    A sum that was shown over others than those who report now differs from today's by the counts of a few: once there
    was one, nothing is shown any more. Where there was none, nothing was told. A quarter that the 2012 report counts,
    by itself or in a total, was `published`.
    """
    decided = decide(rows, reporting)
    for last, others in earlier:
        if others != reporting:
            shown = (_shows(own) for batch, own in decide(rows, others).items() if batch <= last)
            if published or any(shown):
                return dict.fromkeys(decided, Decision())
    return decided


def hold_back(decided: Mapping[pd.Period, Mapping[int, Decision]], window: Set[pd.Period]) -> frozenset[pd.Period]:
    """Choose quarters that stay hidden so that a published total of several quarters tells none that must.

    The window has the quarters of the total, but for those of which a count is published, too. All stay hidden until
    all have been returned. From then on those do that cannot be shown, and if these are not safe together, the first
    ones that could be. Nobody is told which of them could be shown by itself.
    """
    last: dict[pd.Period, Decision] = {}
    for batch in sorted({batch for quarter in window & decided.keys() for batch in decided[quarter]}):
        added = {quarter: decided[quarter].get(batch) for quarter in window & decided.keys()}
        last |= {quarter: decision for quarter, decision in added.items() if decision and decision.whole}
        if last.keys() == window:
            break
    shown = {quarter for quarter, decision in last.items() if _shows(decision)} if last.keys() == window else set()
    while shown and (left := window - shown):
        together = Counter()
        for quarter in left:
            together.update(last[quarter].floors)
        if is_safe(together.values()):
            break
        shown.remove(min(shown))
    return frozenset(window - shown)


def hide_parts(
    decided: Mapping[tuple[pd.Period, str], Mapping[int, Decision]], limits: Iterable[tuple[str, str]]
) -> dict[tuple[pd.Period, str], dict[int, Decision]]:
    """Hide what would tell too much beside the sum of another measure, of which it is known to be a part (`limits`).

    The sum of what is left of the other measure without the part can be computed from both, so that it must be safe as
    well. Where it is not, what comes later stays hidden; of two that come together, the part. No type of a part is
    shown, since what is left of that type could be computed, too.
    """
    shown = {key: dict(own) for key, own in decided.items()}
    for part, whole in sorted(limits):
        for quarter in [quarter for quarter, measure in shown if measure == part]:
            _hide_part(shown[quarter, part], shown.get((quarter, whole), {}))
    return shown


def _hide_part(part: dict[int, Decision], whole: dict[int, Decision]) -> None:
    """Hide in place what must be of two measures in one quarter."""
    # Where a decision has no floors, a sum over others than report now was shown.
    seen = [not all(decision.floors for decision in own.values()) for own in (whole, part)]
    last = [Decision(), Decision()]
    for batch, place in sorted((batch, place) for place, own in enumerate((whole, part)) for batch in own):
        own = (whole, part)[place]
        decision = own[batch]
        if own is part:
            decision = replace(decision, sums=decision.sums & {"all"}, statewide=decision.statewide & {"all"})
        last[place] = decision
        if _shows(decision) and seen[1 - place] and not _leaves_enough(*last):
            decision = replace(decision, sums=frozenset(), statewide=frozenset())
        seen[place] |= _shows(decision)
        own[batch] = decision


def _leaves_enough(whole: Decision, part: Decision) -> bool:
    """Say whether what is left of a measure without its part could be shown, whichever versions are compared."""
    if not (whole.floors and part.floors):
        return False
    if not any(part.tops.values()):
        return True  # Nothing is taken away.
    return is_safe(max(0, floor - part.tops.get(name, 0)) for name, floor in whole.floors.items())


def _shows(decision: Decision) -> bool:
    return "all" in decision.sums | decision.statewide


@dataclass
class _Held:
    """The smallest and largest value that each count ever had, by task force and type, and its first day."""

    reporting: Set[str]
    least: dict[tuple[str, str], int] = field(default_factory=dict)
    most: dict[tuple[str, str], int] = field(default_factory=dict)
    since: dict[tuple[str, str], date] = field(default_factory=dict)
    made_up: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)
    stopped: bool = False

    def add(self, rows: Iterable[Row]) -> None:
        touched = set()
        for _, name, kind, count, day in rows:
            cell = name, kind
            self.least[cell] = min(count, self.least.get(cell, count))
            self.most[cell] = max(count, self.most.get(cell, count))
            self.since[cell] = min(day, self.since.get(cell, day))
            touched.add(name)
        for name in touched - self.made_up:
            days = [self.since[name, kind] for kind in TYPES if (name, kind) in self.since]
            whole = self.since.get((name, "all"))
            # On some day the types made up its count, since no count of all was known yet.
            if len(days) == len(TYPES) and (whole is None or max(days) < whole):
                self.made_up.add(name)

    def decide(self) -> Decision:
        names = {name for name, _ in self.least} - {settings.STATEWIDE}
        if not names:
            cell = settings.STATEWIDE, "all"
            ends = (dict.fromkeys(self.reporting, end) for end in (0, self.most.get(cell, 0)))
            return Decision(frozenset(), frozenset(self._list_statewide()), *ends, whole=cell in self.least)
        floors = self._find_floors()
        hidden = Decision(floors=floors, tops=self._find_tops(), whole=self._has_all())
        if self.stopped or not hidden.whole:
            return hidden
        if not any(most for (name, _), most in self.most.items() if name in names):
            return replace(hidden, sums=frozenset({"all"}))  # That there was nobody points at nobody.
        rest = self._take_off(floors, self.shown)
        parts = [floors.values(), rest.values(), *map(self._list_least, self.shown)]
        # A sum over one task force more than before would tell its count.
        self.stopped = names != self.reporting or not all(map(is_safe, parts))
        if self.stopped:
            return hidden
        for kind in TYPES:
            least = self._list_least(kind)
            if kind not in self.shown and len(least) == len(names):
                left = self._take_off(rest, [kind])
                if is_safe(least) and is_safe(left.values()):
                    self.shown.append(kind)
                    rest = left
        return replace(hidden, sums=frozenset({"all", *self.shown}))

    def _list_least(self, kind: str) -> list[int]:
        return [least for (name, each), least in self.least.items() if each == kind and name != settings.STATEWIDE]

    def _has_all(self) -> bool:
        held = self.least
        return all((name, "all") in held or all((name, kind) in held for kind in TYPES) for name in self.reporting)

    def _find_floors(self) -> dict[str, int]:
        """Give no more than the smallest count of all types that each task force had in any state."""
        floors = {name: least for (name, kind), least in self.least.items() if kind == "all"}
        for name in self.made_up:
            floors[name] = min(floors.get(name, 10**9), sum(self.least[name, kind] for kind in TYPES))
        floors.pop(settings.STATEWIDE, None)
        return floors

    def _find_tops(self) -> dict[str, int]:
        """Give no less than the largest count of all types that each task force had in any state."""
        types = Counter()
        for (name, kind), most in self.most.items():
            types[name] += most * (kind != "all")
        return {name: max(self.most.get((name, "all"), 0), added) for name, added in types.items()}

    def _take_off(self, floors: Mapping[str, int], kinds: Iterable[str]) -> dict[str, int]:
        """Give no more than what is left of each count without some types."""
        off = {name: sum(self.most.get((name, kind), 0) for kind in kinds) for name in floors}
        return {name: max(0, floor - off[name]) for name, floor in floors.items()}

    def _list_statewide(self) -> Iterator[str]:
        """List the types that may be shown as a statewide return gives them: none that is small, nor leaves little."""
        enough, name = 2 * least_rest(), settings.STATEWIDE
        rest = self.least.get((name, "all"), 0)
        if self.most.get((name, "all")) == 0 or rest >= enough:
            yield "all"
        for kind in TYPES:
            least, most = (ends.get((name, kind), 0) for ends in (self.least, self.most))
            if least >= enough and rest - most >= enough:
                yield kind
                rest -= most
