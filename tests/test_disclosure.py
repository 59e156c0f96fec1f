"""What a public report shows, attacked by somebody who knows the rules, all its numbers and all earlier ones."""

import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
from attack import DAYS, TRIES, History, Reports, draw_history, find_told
from conftest import DATA

import htanalysis as ht
from htanalysis import settings
from htanalysis.returns import store
from htanalysis.returns.disclosure import TYPES, Decision, decide, hold_back, is_safe, least_rest
from htanalysis.returns.register import list_reporting
from htanalysis.returns.views import view_returns

QUARTER = pd.Period("2012Q3", freq="Q")
NAMES = sorted(list_reporting(QUARTER))
REPORTING = frozenset(NAMES)
#: Counts of nine task forces with which each sum may be shown, at any threshold that is tried here.
LARGE = (500, 800, 400, 900, 1000, 300, 600, 700, 200)


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in DATA:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(settings.HOME / "data" / name)
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return tmp_path


def rows_of(*counts, batch=1, kind="all", names=NAMES, day=None):
    """Make rows of an addition; None is a count that is not returned."""
    day = DAYS[batch - 1] if day is None else day
    return [(batch, name, kind, count, day) for name, count in zip(names, counts, strict=False) if count is not None]


def show(*additions, window=()):
    """Give what the last of all reports shows of the sums, by type."""
    history = History({QUARTER: [row for rows in additions for row in rows]}, REPORTING, frozenset(window))
    return {kind: count for kind, count, *_ in Reports(history).looks[QUARTER][0][-1]}


def add(rows, quarter=QUARTER, measure="arrests"):
    """Store rows, addition by addition; one without a count withdraws it."""
    ends = {"period_start": quarter.start_time, "period_end": quarter.end_time.normalize()}
    for batch in sorted({row[0] for row in rows}):
        table = [
            {"quarter": quarter, "task_force": name, "measure": measure, "trafficking_type": kind, "count": count}
            | {"as_of": day, "withdrawn": "" if pd.notna(count) else "sent for another quarter"}
            | ends
            for number, name, kind, count, day in rows
            if number == batch
        ]
        with store.locked():
            store.append(pd.DataFrame(table).astype({"count": "Int64"}))


def total(**given):
    return ht.total_returns(**given).set_index("trafficking_type")["count"]["all"]


# The rules


@pytest.mark.usefixtures("home")
def test_no_count_of_a_task_force_is_shown_to_the_public_and_all_to_staff():
    add(rows_of(*LARGE[:7], None, 0) + rows_of(40, kind="labor"))
    cells = ht.load_returns().set_index("task_force")
    assert cells[["count", "low"]].isna().all(axis=None) and set(cells["trafficking_type"]) == {"all"}
    assert cells["shown"].reindex(NAMES).tolist() == ["returned"] * 7 + ["not returned", "returned"]
    own = ht.load_returns(audience="internal").query("trafficking_type == 'labor'")
    assert own["count"].tolist() == [40] and total(audience="internal") is pd.NA


@pytest.mark.usefixtures("home")
def test_sums_over_some_task_forces_are_not_public():
    add(rows_of(*LARGE[:8]))
    assert ht.total_returns()[["count", "low", "high"]].isna().all(axis=None)
    assert ht.total_returns(audience="internal")["low"].tolist() == [sum(LARGE[:8])]
    counts = ht.count_quarters().set_index(["measure", "quarter"]).loc[("arrests", QUARTER)]
    assert counts[["at_least", "returned"]].tolist() == [0, 8]


def test_a_sum_is_shown_where_neither_the_largest_nor_the_two_largest_leave_little():
    rest, width = least_rest(), settings.PROTECTION_WIDTH
    few = width // 2
    assert is_safe([rest, rest - width, width - few, few]) and not is_safe([rest, rest - 1, 1, 0, 0])
    assert not is_safe([10 * rest, rest - width, width - few, few - 1])
    assert not is_safe([rest - 1, rest - width, width - few, few]) and not is_safe([rest] * 3)


def test_that_there_was_nobody_is_shown_until_somebody_was():
    nobody = rows_of(*[0] * 9)
    assert show(nobody)["all"] == 0
    assert show(nobody, rows_of(*LARGE, batch=2))["all"] is None


def test_what_was_hidden_stays_hidden_and_what_was_sent_again_is_the_same():
    small = rows_of(3, *[0] * 8)
    assert show(small)["all"] is None
    assert show(small, rows_of(*LARGE, batch=2))["all"] is None
    assert show(rows_of(*LARGE), rows_of(*LARGE, batch=2))["all"] == sum(LARGE)


def test_types_are_shown_one_after_another_if_they_and_the_rest_tell_nothing():
    parts = {"sex": [count // 2 for count in LARGE], "labor": [count // 4 for count in LARGE]}
    typed = [row for kind, counts in parts.items() for row in rows_of(*counts, kind=kind)]
    other = rows_of(*[5, *[0] * 8], kind="other")
    shown = show(rows_of(*LARGE) + typed + other)
    sums = {kind: sum(counts) for kind, counts in parts.items()}
    assert shown == {"all": sum(LARGE), **sums, "other": None}
    # What is left without a type must be enough, too: of 5 it would be told where labor is shown.
    left = [count - count // 2 for count in LARGE]
    few = rows_of(left[0] - 5, *left[1:], kind="labor")
    shown = show(rows_of(*LARGE) + rows_of(*parts["sex"], kind="sex") + few + other)
    assert shown == {"all": sum(LARGE), "sex": sums["sex"], "labor": None, "other": None}


def test_once_a_type_was_shown_a_sum_of_all_that_tells_the_rest_is_hidden():
    whole = rows_of(*LARGE) + rows_of(*[count // 2 for count in LARGE], kind="sex")
    assert show(whole)["sex"] is not None
    later = [count // 2 for count in LARGE[:8]]
    assert show(whole, rows_of(*later, batch=2)) == {"all": None, "sex": None}
    assert show(rows_of(*LARGE), rows_of(*later, batch=2))["all"] == sum(later) + LARGE[8]


def statewide(count, batch=1, kind="all"):
    return rows_of(count, batch=batch, kind=kind, names=[settings.STATEWIDE])


def test_a_statewide_return_that_disagrees_with_the_task_forces_hides_the_sum():
    assert show(rows_of(*LARGE) + statewide(sum(LARGE)))["all"] == sum(LARGE)
    assert show(rows_of(*LARGE) + statewide(sum(LARGE) + 1))["all"] is None
    # It says near enough what a hidden sum is.
    assert show(rows_of(3, 490, *[0] * 7) + statewide(494))["all"] is None
    assert show(rows_of(*LARGE[:8]) + statewide(sum(LARGE)))["all"] is None


def test_a_statewide_return_alone_is_shown_unless_it_is_small():
    enough = 2 * least_rest()
    assert show(statewide(enough))["all"] == enough and show(statewide(0))["all"] == 0
    assert show(statewide(enough - 1))["all"] is None
    typed = statewide(3 * enough) + statewide(enough, kind="sex") + statewide(enough + 1, kind="labor")
    assert show(typed) == {"all": 3 * enough, "sex": enough, "labor": None}
    assert show(statewide(enough), rows_of(3, batch=2))["all"] is None


def test_one_task_force_more_than_before_hides_the_sum():
    assert show(rows_of(*LARGE), rows_of(40, batch=2, names=["a tenth"]))["all"] is None


def test_a_published_total_of_several_quarters_tells_no_quarter_that_is_hidden():
    quarters = pd.period_range("2010Q4", periods=4, freq="Q")
    window, large, few = set(quarters), dict(zip(NAMES, LARGE, strict=True)), dict.fromkeys(NAMES, 1)
    safe, told = {1: Decision(frozenset({"all"}), floors=large, whole=True)}, {1: Decision(floors=few, whole=True)}
    nobody = {1: Decision(frozenset({"all"}), floors=dict.fromkeys(NAMES, 0), whole=True)}

    def hold(*decided):
        return sorted(hold_back(dict(zip(quarters, decided, strict=False)), window))

    assert hold(safe, safe, safe, safe) == [] and hold_back({quarters[0]: told}, set()) == frozenset()
    # The last one cannot be shown: neither is the first. So is it if three are left that are not safe together.
    assert hold(safe, safe, safe, told) == [quarters[0], quarters[3]]
    assert hold(told, safe, told, told) == list(quarters)
    # A quarter in which there was nobody hides nothing of another.
    assert hold(nobody, safe, safe, told) == [*quarters[:2], quarters[3]]
    # As long as one has not been returned, what the others show would tell of it.
    assert hold(safe, safe, safe) == hold(safe, safe, safe, {1: Decision()}) == list(quarters)
    # What comes later shows no more than was shown when all were there.
    assert hold({2: safe[1]}, safe, safe, {3: told[1], 4: safe[1]}) == [quarters[0], quarters[3]]


@pytest.mark.usefixtures("home")
def test_quarters_of_a_published_total_are_shown_once_all_have_been_returned():
    quarters = pd.period_range("2010Q4", "2012Q1", freq="Q")
    for batch, quarter in enumerate(quarters, 1):
        names = sorted(list_reporting(quarter))
        assert ht.total_returns()["count"].isna().all()
        add(rows_of(*LARGE[: len(names)], batch=batch, names=names), quarter)
    sums = [sum(LARGE[: len(list_reporting(quarter))]) for quarter in quarters]
    assert ht.total_returns()["count"].tolist() == sums
    # A report of an earlier day is as it was.
    assert ht.total_returns(as_of=str(DAYS[4].date()))["count"].isna().all()
    assert ht.total_returns(as_of=str(DAYS[4].date()), audience="internal")["count"].tolist() == sums[:5]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("before", ["large counts, all withdrawn", "a statewide return, and one of the task forces"])
def test_a_quarter_of_a_published_total_counts_as_returned_when_it_is_held_together_with_the_others(before):
    first, *others = pd.period_range("2010Q4", "2012Q1", freq="Q")
    names = sorted(list_reporting(first))
    few = [29, 1, *[0] * (len(names) - 2)]
    if before.startswith("large"):
        add(rows_of(*LARGE[: len(names)], names=names), first)
        add(rows_of(*[pd.NA] * len(names), batch=2, names=names), first)
    else:
        add(statewide(30), first)
        add(rows_of(*few[:1], batch=2, names=names), first)
    for quarter in others:
        own = sorted(list_reporting(quarter))
        add(rows_of(*LARGE[: len(own)], batch=3, names=own), quarter)
    assert ht.total_returns()["count"].isna().all()
    # What the others leave of the total is not the first one's sum, of which one task force has all but 1.
    add(rows_of(*few, batch=4, names=names), first)
    assert ht.total_returns()["count"].isna().tolist() == [True, True, False, False, False, False]


def test_behind_a_statewide_return_one_task_force_can_have_had_all():
    (alone,) = decide(statewide(27), REPORTING).values()
    assert set(alone.floors) == REPORTING and {*alone.floors.values()} == {0} and {*alone.tops.values()} == {27}
    # Whoever had all would know that the others had 4 in the other quarter that is hidden, and could tell each of two.
    quarters = pd.period_range("2012Q1", periods=3, freq="Q")
    (safe,), (small,) = (decide(rows_of(*own), REPORTING).values() for own in (LARGE, (0, 2, 2, *[0] * 6)))
    decided = dict(zip(quarters, ({1: safe}, {1: alone}, {1: small}), strict=True))
    assert hold_back(decided, set(quarters)) == set(quarters)


def test_each_decision_follows_from_what_was_held_by_then():
    rows = rows_of(*LARGE) + rows_of(0, 0, batch=2) + rows_of(*[0] * 9, batch=3)
    decided = decide(rows, REPORTING)
    assert decided[1] == decide(rows[:9], REPORTING)[1] and decided[1].sums == {"all"}
    assert decided[3] == Decision()


def count_work(returns):
    """Count what our own functions call to make the public view of so many full returns of one measure."""
    rows = [
        {"quarter": QUARTER, "measure": "arrests", "task_force": name, "trafficking_type": kind, "batch": batch}
        | {"count": count + batch, "as_of": DAYS[0] + pd.Timedelta(days=batch)}
        | {"period_start": QUARTER.start_time, "period_end": QUARTER.end_time.normalize(), "withdrawn": ""}
        for batch in range(1, returns + 1)
        for name, count in zip(NAMES, LARGE, strict=True)
        for kind in ("all", *TYPES)
    ]
    frame, called = pd.DataFrame(rows).astype({"count": "Int64"}), 0

    def note(place, *_):
        nonlocal called
        called += "htanalysis/returns" in place.f_code.co_filename.replace("\\", "/")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "read_store", lambda: frame)
        patch.setattr(store, "fingerprint", lambda: f"{returns} returns")
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            view = view_returns("latest", "public")
        finally:
            sys.setprofile(before)
    assert view.totals["count"].iloc[0] == sum(LARGE) + 9 * returns
    return called


def test_the_work_of_the_public_view_grows_with_the_rows_and_no_faster():
    ten, twenty, forty = map(count_work, (10, 20, 40))
    assert 10 * len(LARGE) < forty - twenty < 2.2 * (twenty - ten)


# The attack

R1 = (5, 80, 40, 90, 100, 30, 60, 70, 20)
CASES = {
    "all sent again, one revised": (R1, (5, 80, 40, 15, *R1[4:])),
    "the choice of partners": ((1, 14, 25, 90, 100, 200, 60, 70, 120),),
    "a contributor who takes off its own": ((54, 3, 41, 38, 27, 60, 19, 33, 45),),
    "two small ones that hide each other": ((54, 3, 41, 4, 27, 60, 19, 33, 45),),
}


@pytest.mark.parametrize("case", CASES)
def test_nobody_solves_what_was_solved_before(case):
    rows = [row for batch, counts in enumerate(CASES[case], 1) for row in rows_of(*counts, batch=batch)]
    history = History({QUARTER: rows}, REPORTING)
    for insider in (None, *NAMES):
        assert find_told(history, insider, np.random.default_rng(1)) == {}, insider


#: Counts of four task forces by quarter, and the addition that brings them.
WINDOWS = {
    "one shown, and three left with one person each": [((30, 40, 50, 60), 1), *(((1, 0, 0, 0), 1),) * 3],
    "none shown, and one returned in part": [((1, 1, 1, 200), 1), ((0, 5, 32, None), 1), ((0, 0, 0, 3), 1)],
    "two just large enough together, one that is shown, and a small one at last": [
        *[((6, 0, 7, 0), 1), ((2, 2, 6, 5), 1), ((30, 40, 50, 60), 2), ((1, 2, 0, 0), 3)]
    ],
}


@pytest.mark.parametrize("case", WINDOWS)
def test_a_published_total_tells_no_count_whoever_takes_off_its_own(case):
    names, quarters = NAMES[:4], pd.period_range("2012Q1", periods=len(WINDOWS[case]), freq="Q")
    rows = {
        quarter: rows_of(*counts, batch=batch, names=names)
        for quarter, (counts, batch) in zip(quarters, WINDOWS[case], strict=True)
    }
    history = History(rows, frozenset(names), frozenset(quarters))
    for insider in (None, *names):
        assert find_told(history, insider, np.random.default_rng(1)) == {}, insider


def test_a_contributor_who_lowers_its_own_count_and_sees_the_sum_vanish_learns_no_other():
    first, later = (38, 4, 200, 2), (38, 0, 200)
    parts = {"sex": ((24, 2, 118, 2), (20, 0, 117, 3)), "labor": ((12, 2, 58, 0), (14, 0, 62, 1))}
    parts |= {"other": ((2, 0, 24, 0), (4, 0, 21, 0))}
    names, rows = NAMES[:4], []
    for batch, counts in enumerate((first, later), 1):
        rows += rows_of(*counts, batch=batch, names=names)
        for kind, own in parts.items():
            rows += rows_of(*own[batch - 1], batch=batch, kind=kind, names=names)
    history = History({QUARTER: rows}, frozenset(names))
    assert [bool(own.sums) for own in decide(rows, frozenset(names)).values()] == [True, False]
    assert find_told(history, names[1], np.random.default_rng(1)) == {}


@pytest.mark.parametrize("seed", range(200))
def test_no_attack_tells_a_count(seed):
    generator = np.random.default_rng(seed)
    history = draw_history(generator)
    insider = generator.choice([None, *sorted(history.reporting)])
    assert find_told(history, insider, generator) == {}, insider


def test_the_attack_finds_what_is_not_protected(monkeypatch):
    monkeypatch.setattr("htanalysis.returns.disclosure.is_safe", lambda _: True)
    monkeypatch.setattr("attack.TRIES", TRIES[:1])
    history = History({QUARTER: rows_of(490, 2, *[0] * 7)}, REPORTING)
    # Whoever has 490 takes it off the sum.
    told = find_told(history, NAMES[0], np.random.default_rng(1))
    assert len(told) == 8 and all(values <= {0, 1, 2} for values in told.values())


@pytest.mark.parametrize(("smallest", "width", "revised"), [(4, 2, ()), (5, 3, ()), (4, 2, (0,))])
def test_of_all_possible_histories_each_report_leaves_enough(monkeypatch, smallest, width, revised):
    monkeypatch.setattr(settings, "SMALLEST_SHOWN", smallest)
    monkeypatch.setattr(settings, "PROTECTION_WIDTH", width)
    most, names = 2 * least_rest(), NAMES[:4]
    # What an insider sees, and the values that each count then has: whole up to the largest sum enumerated.
    left: dict[tuple, list[set]] = {}
    for counts in product(range(most + 1), repeat=4 + len(revised)):
        first, later = counts[:4], counts[4:]
        rows = rows_of(*first, names=names) + rows_of(*later, batch=2, names=names)
        decided = decide(rows, frozenset(names))
        sums = [sum(first), sum(later) + sum(first[len(later) :])][: len(revised) + 1]
        seen = tuple(own if decided[batch].sums else None for batch, own in enumerate(sums, 1))
        changed = tuple(count != first[place] for place, count in enumerate(later))
        if all(shown is None or shown <= most for shown in seen):
            for insider in range(4):
                own = tuple(counts[place] for place in range(len(counts)) if place % 4 == insider)
                group = left.setdefault((insider, own, seen, changed), [set() for _ in counts])
                for values, count in zip(group, counts, strict=True):
                    values.add(count)
    assert any(seen[0] for _, _, seen, _ in left)
    for (insider, own, seen, changed), group in left.items():
        others = [values for place, values in enumerate(group) if place % 4 != insider]
        assert 0 in seen or all(len(values) >= width for values in others), (insider, own, seen, changed, group)


@pytest.mark.parametrize(("smallest", "width"), [(21, 5), (6, 4)])
def test_another_threshold_protects_as_well(monkeypatch, smallest, width):
    monkeypatch.setattr(settings, "SMALLEST_SHOWN", smallest)
    monkeypatch.setattr(settings, "PROTECTION_WIDTH", width)
    for seed in range(1000, 1010):
        generator = np.random.default_rng(seed)
        history = draw_history(generator)
        assert find_told(history, sorted(history.reporting)[0], generator) == {}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("seed", range(12))
def test_the_reports_that_are_attacked_are_those_of_the_store(seed):
    generator = np.random.default_rng(seed)
    history = draw_history(generator)
    own = next(iter(history.rows.values()))
    names = dict(zip(sorted(history.reporting), NAMES, strict=False)) | {settings.STATEWIDE: settings.STATEWIDE}
    rows = [(batch, names[name], kind, count, day) for batch, name, kind, count, day in own]
    add(rows)
    reports = Reports(History({QUARTER: rows}, REPORTING))
    totals = ht.total_returns()[["trafficking_type", "count", "returned", "partly", "reporting", "statewide"]]
    last = pd.DataFrame(reports.looks[QUARTER][0][-1], columns=totals.columns).astype({"count": "Int64"})
    pd.testing.assert_frame_equal(totals, last, check_dtype=False)
