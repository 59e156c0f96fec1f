"""What a public report shows, attacked by somebody who has all its numbers and all earlier ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as running
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

import htanalysis as ht
from htanalysis import settings, store
from htanalysis.disclosure import FEWER, give_range
from htanalysis.returns import list_reporting

QUARTER = pd.Period("2012Q3", freq="Q")
NAMES = sorted(list_reporting(QUARTER))
DAYS = ("2012-10-31", "2012-11-30", "2012-12-31")
TYPES = ("sex", "labor", "other")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("report", "reference", "datapackage.json"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(settings.HOME / "data" / name)
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return tmp_path


def rows_of(counts, day=DAYS[0], quarter=QUARTER, measure="arrests"):
    """Make rows from counts by (task force, type)."""
    days = {"period_start": quarter.start_time, "period_end": quarter.end_time.normalize(), "as_of": pd.Timestamp(day)}
    table = [
        {"quarter": quarter, "task_force": name, "measure": measure, "trafficking_type": kind, "count": count} | days
        for (name, kind), count in counts.items()
    ]
    return pd.DataFrame(table).astype({"count": "Int64"})


def add(counts, **given):
    with store.locked():
        store.append(rows_of(counts, **given))


def all_of(*counts):
    return {(name, "all"): count for name, count in zip(NAMES, counts, strict=False)}


def shown(**given):
    return ht.load_returns(**given).set_index("task_force")["shown"].reindex(NAMES).tolist()


def total(**given):
    return ht.total_returns(**given).set_index("trafficking_type")["count"]["all"]


@pytest.mark.usefixtures("home")
def test_a_small_count_is_hidden_with_the_smallest_that_protects_it():
    add(all_of(5, 80, 40, 90, 100, 0, 60, 70, 20))
    assert shown() == [FEWER, *["count"] * 4, "count", "count", "count", "11 to 100"]
    assert total() == 465
    cells = ht.load_returns().set_index("task_force")
    assert cells.loc[NAMES[0], ["low", "high"]].tolist() == [0, 10] and pd.isna(cells.loc[NAMES[0], "count"])


@pytest.mark.usefixtures("home")
def test_a_count_that_leaves_too_little_room_is_no_protection():
    # 11 cannot be lower and 13 only by 2, so that 1 could be told to be 1 to 3; 20 can be 11.
    add(all_of(1, 11, 13, 90, 100, 200, 60, 70, 20))
    assert shown()[:3] == [FEWER, "count", "count"] and shown()[8] == "11 to 100"


@pytest.mark.usefixtures("home")
def test_zeros_are_shown_unless_they_protect():
    add(all_of(0, 0, 0, 0, 0, 0, 0, 0, 30))
    assert shown() == ["count"] * 9
    add(all_of(6, 0, 0, 0, 0, 0, 0, 0, 0), day=DAYS[1])
    assert shown().count(FEWER) == 2 and total() == 6


@pytest.mark.usefixtures("home")
def test_a_total_is_hidden_where_it_would_tell_too_much():
    add(all_of(2, 0, 0, 0, 0, 0, 0, 0, 0))
    assert pd.isna(total()) and total(audience="internal") == 2


@pytest.mark.usefixtures("home")
def test_the_last_return_cannot_be_told_from_two_reports():
    add(all_of(50, 80, 40, 90, 100, 30, 60, 70))
    before = shown()
    assert before.count("11 to 100") == 1 and pd.isna(total())
    add({(NAMES[8], "all"): 3}, day=DAYS[1])
    assert total() == 523 and shown()[8] == FEWER
    assert shown()[:8] == before[:8]


@pytest.mark.usefixtures("home")
def test_a_revision_that_would_tell_both_versions_hides_the_total():
    add(all_of(1, 80, 40, 90, 100, 30, 60, 70, 20))
    add({(NAMES[0], "all"): 10}, day=DAYS[1])
    # The first total and a difference of nine leave 0 or 1 for the old count, and 9 or 10 for the new one.
    assert total(as_of=DAYS[0]) == 491 and pd.isna(total())


@pytest.mark.usefixtures("home")
def test_where_the_published_total_gives_a_hidden_one_away_all_counts_are_hidden():
    counts = all_of(2, 0, 0, 0, 0, 0, 0, 0, 0)
    add(counts)
    assert shown() == [FEWER, *["count"] * 8]
    # A quarter of the report's two years is its total less the other quarters, also where we do not show it.
    early = pd.Period("2012Q1", freq="Q")
    add(counts, quarter=early)
    cells = ht.load_returns()
    assert cells.loc[cells["quarter"].eq(early), "shown"].tolist() == [FEWER] * 9


@pytest.mark.usefixtures("home")
def test_the_internal_audience_sees_all_and_types():
    add({(NAMES[0], "all"): 5, (NAMES[0], "labor"): 2})
    cells = ht.load_returns(audience="internal").dropna(subset=["count"])
    assert cells[["trafficking_type", "count"]].to_numpy().tolist() == [["all", 5], ["labor", 2]]
    assert ht.load_returns()["trafficking_type"].unique().tolist() == ["all"]


@pytest.mark.usefixtures("home")
def test_a_statewide_return_protects_who_is_missing():
    add({**all_of(50, 80, 40, 90, 100, 30, 60, 70), ("Statewide", "all"): 523})
    assert total() == 523 and shown().count("11 to 100") == 1 and shown()[8] == "not returned"


def test_ranges_hold_their_counts():
    for value in range(2000):
        low, high = give_range(value)
        assert low <= value <= high and (high < 11) == (value < 11)


@pytest.mark.usefixtures("home")
def test_a_statewide_return_that_stays_while_others_change_is_no_trouble():
    add({**all_of(5, 80, 40, 90, 100, 30, 60, 70), ("Statewide", "all"): 478})
    add({(NAMES[1], "all"): 82}, day=DAYS[1])
    assert total() == 478 and shown()[0] == FEWER
    add({("Statewide", "all"): 490, ("Statewide", "sex"): 45}, day=DAYS[2])
    totals = ht.total_returns().set_index("trafficking_type")["count"]
    # Not all task forces have returned the type, so that its statewide count could limit theirs.
    assert totals["all"] == 490 and pd.isna(totals["sex"])


@pytest.mark.usefixtures("home")
def test_types_that_come_one_by_one_do_not_give_the_later_one_away():
    others = {cell: count for cell, count in all_of(0, 80, 40, 90, 100, 30, 60, 70, 20).items() if count}
    add({(NAMES[0], "sex"): 15} | others)
    # One type is not all, and what is still to come could be small.
    assert shown()[0] == "at least 11" and pd.isna(total())
    add({(NAMES[0], "labor"): 3}, day=DAYS[1])
    assert shown()[0] == "at least 11" and pd.isna(total())
    add({(NAMES[0], "other"): 0}, day=DAYS[2])
    assert shown()[0] == "count" and total() == 508


# The attack


def look(held):
    """Give what the public sees of each day, and what is held of it: all that an attacker and we need."""
    return [
        (ht.load_returns(as_of=day), ht.total_returns(as_of=day), last_of(held, day))
        for day in DAYS
        if last_of(held, day)
    ]


def last_of(held, day):
    """Give count and version of each cell as known on a day."""
    known = sorted((row for row in held if row[1] <= day), key=lambda row: (row[1], row[0]))
    return {cell: (count, (batch, as_of)) for batch, as_of, cell, count in known}


def attack(views):
    """Solve for each small count from what all reports show; give how many values from 1 on are left for each.

    The attacker even knows which counts were revised, and which make up another.
    """
    truth, low, high, sums = {}, {}, {}, []

    def variable(key, value):
        truth[key] = value
        low.setdefault(key, 0)
        high.setdefault(key, 10**6)
        return key

    def relate(factors, least, most):
        # What contradicts itself tells nothing.
        if least <= sum(factor * truth[key] for key, factor in factors.items()) <= most:
            sums.append((factors, least, most))

    for number, (cells, totals, held) in enumerate(views):
        cells, totals = cells.set_index("task_force"), totals.set_index("trafficking_type")["count"]
        bodies, given = {}, {kind: {} for kind in TYPES}
        for name, cell in cells.iterrows():
            own = {kind: at for (body, kind), at in held.items() if body == name}
            if not own:
                assert cell["shown"] == "not returned"
                continue
            parts = {variable((name, kind, own[kind][1]), own[kind][0]): -1 for kind in TYPES if kind in own}
            whole, version = own.get("all", (sum(truth[key] for key in parts), tuple(parts)))
            at = bodies[name] = variable((name, "all", version), whole)
            low[at], high[at] = max(low[at], cell["low"]), min(high[at], cell["high"])
            relate({at: 1} | parts, 0, np.inf if "all" in own else 0)
            for key in parts:
                given[key[1]][name] = key
        for kind, keys in ({"all": bodies} | given).items():
            if pd.notna(totals.get(kind, pd.NA)):
                left = totals[kind] - sum(truth[key] for key in keys.values())
                absent = len(NAMES) - len(keys)
                rest = {variable(("rest", kind, number), left): 1} if absent and left >= 0 else {}
                relate(dict.fromkeys(keys.values(), 1) | rest, totals[kind], totals[kind])
    place = {key: number for number, key in enumerate(truth)}
    matrix = np.zeros((len(sums), len(place)))
    for row, (factors, *_) in enumerate(sums):
        matrix[row, [place[key] for key in factors]] = list(factors.values())
    bounds = Bounds([low[key] for key in place], [high[key] for key in place])
    known = {"bounds": bounds, "integrality": np.ones(len(place))}
    if sums:
        known["constraints"] = LinearConstraint(matrix, [least for _, least, _ in sums], [most for *_, most in sums])

    def left_for(key):
        ends = []
        for sign in (1, -1):
            weights = np.zeros(len(place))
            weights[place[key]] = sign
            ends.append(sign * round(milp(weights, **known).fun))
        return ends[1] - max(ends[0], 1) + 1

    return {key: left_for(key) for key, count in truth.items() if 0 < count < 11 and key[0] in NAMES}


SIZES = st.one_of(st.just(0), st.integers(1, 10), st.integers(1, 3), st.integers(11, 14), st.integers(15, 130))


@st.composite
def histories(draw):
    """Draw three additions: a day, at times an earlier one, and counts, some with types or statewide."""
    additions = []
    for place in range(3):
        names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=9 if place == 1 else 0))
        counts = {}
        for name in names:
            kinds = draw(st.sampled_from(["all", "all", "both", "types"]))
            counts[name, "all"] = count = draw(SIZES)
            if kinds != "all":
                counts[name, "sex"] = draw(st.integers(0, count))
                counts[name, "labor"] = draw(st.integers(0, count - counts[name, "sex"]))
            if kinds == "types":
                del counts[name, "all"]
        if not draw(st.integers(0, 4)):
            counts["Statewide", draw(st.sampled_from(["all", "sex"]))] = draw(st.integers(0, 800))
        additions.append((draw(st.sampled_from([DAYS[place], DAYS[place], DAYS[max(place - 1, 0)]])), counts))
    return additions


# Without shrinking: a failing example is as readable as it is, and each try solves hundreds of programs.
@running(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories())
def test_no_attack_pins_a_count(home, history):
    for path in (home / "data" / "quarters").glob("*.csv"):
        path.unlink()
    held, views = [], []
    for batch, (day, counts) in enumerate(history):
        fresh = {cell: count for cell, count in counts.items() if (day, cell) not in {(row[1], row[2]) for row in held}}
        if fresh:
            add(fresh, day=day)
            held += [(batch, day, cell, count) for cell, count in fresh.items()]
            views += look(held)
    left = attack(views)
    assert all(number >= settings.PROTECTION_WIDTH for number in left.values()), (history, left)


@pytest.mark.usefixtures("home")
def test_the_attack_finds_what_is_not_protected(monkeypatch):
    monkeypatch.setattr("htanalysis.disclosure._choose_partners", lambda *_: frozenset())
    monkeypatch.setattr("htanalysis.disclosure.find_pinned", lambda _: [])
    counts = all_of(5, 80, 40, 90, 100, 30, 60, 70, 20)
    add(counts)
    left = attack(look([(0, DAYS[0], cell, count) for cell, count in counts.items()]))
    assert left == {(NAMES[0], "all", (0, DAYS[0])): 1}
