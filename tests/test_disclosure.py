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


# The attack


def attack(versions):
    """Solve for each small count from what the reports of all days show; give how many values are left for each.

    `versions` gives for each day the count and the number of its version by (task force, type): the attacker even
    knows which counts were revised.
    """
    place, low, high, sums = {}, [], [], []

    def variable(key):
        if key not in place:
            place[key] = len(place)
            low.append(0)
            high.append(10**6)
        return place[key]

    for day, held in versions.items():
        cells = ht.load_returns(as_of=day).set_index("task_force")
        totals = ht.total_returns(as_of=day).set_index("trafficking_type")
        bodies = {}
        for name, cell in cells.iterrows():
            own = {kind: number for (body, kind), (_, number) in held.items() if body == name}
            if not own:
                assert cell["shown"] == "not returned"
                continue
            at = bodies[name] = variable((name, "all", own.get("all", tuple(own.values()))))
            low[at], high[at] = max(low[at], cell["low"]), min(high[at], cell["high"])
            types = [variable((name, kind, own[kind])) for kind in TYPES if kind in own]
            sums.append(({at: 1} | dict.fromkeys(types, -1), 0, np.inf if "all" in own else 0)) if types else None
        if pd.notna(totals.loc["all", "count"]):
            sums.append((dict.fromkeys(bodies.values(), 1), *[totals.loc["all", "count"]] * 2))
        for kind in TYPES:
            if kind in totals.index and pd.notna(totals.loc[kind, "count"]):
                parts = [variable((name, kind, number)) for (name, each), (_, number) in held.items() if each == kind]
                sums.append((dict.fromkeys(parts, 1), *[totals.loc[kind, "count"]] * 2))
    matrix = np.zeros((len(sums), len(place)))
    for row, (factors, *_) in enumerate(sums):
        matrix[row, list(factors)] = list(factors.values())
    known = {"bounds": Bounds(low, high), "integrality": np.ones(len(place))}
    if sums:
        known["constraints"] = LinearConstraint(matrix, [s[1] for s in sums], [s[2] for s in sums])

    def left(key):
        ends = []
        for sign in (1, -1):
            weights = np.zeros(len(place))
            weights[place[key]] = sign
            ends.append(sign * round(milp(weights, **known).fun))
        return ends[1] - ends[0] + 1

    truth = {
        (name, kind, number): count for held in versions.values() for (name, kind), (count, number) in held.items()
    }
    return {key: left(key) for key, count in truth.items() if 0 < count < 11 and key in place}


SIZES = st.one_of(st.just(0), st.integers(1, 10), st.integers(1, 3), st.integers(11, 14), st.integers(15, 130))


@st.composite
def histories(draw):
    """Draw what comes on each of three days: counts by task force, some of them with types."""
    days, typed = [], set()
    for place in range(3):
        names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=9 if place == 1 else 0))
        counts = {}
        for name in names:
            count = draw(SIZES)
            counts[name, "all"] = count
            # Types are never more than all, so whoever revises one revises the others.
            if name in typed or draw(st.booleans()):
                typed.add(name)
                counts[name, "sex"] = draw(st.integers(0, count))
                counts[name, "labor"] = draw(st.integers(0, count - counts[name, "sex"]))
        days.append(counts)
    return days


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
    held, versions = {}, {}
    for place, (day, counts) in enumerate(zip(DAYS, history, strict=True)):
        if counts:
            add(counts, day=day)
            held = held | {cell: (count, place) for cell, count in counts.items()}
            versions[day] = held
    left = attack(versions)
    assert all(number >= settings.PROTECTION_WIDTH for number in left.values()), left


@pytest.mark.usefixtures("home")
def test_the_attack_finds_what_is_not_protected(monkeypatch):
    monkeypatch.setattr("htanalysis.disclosure._choose_partners", lambda *_: frozenset())
    monkeypatch.setattr("htanalysis.disclosure.find_pinned", lambda _: [])
    counts = all_of(5, 80, 40, 90, 100, 30, 60, 70, 20)
    add(counts)
    left = attack({DAYS[0]: {cell: (count, 0) for cell, count in counts.items()}})
    assert left == {(NAMES[0], "all", 0): 1}
