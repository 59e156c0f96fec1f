import pandas as pd
import pytest

import htanalysis as ht


def test_an_e_value_is_the_same_for_a_ratio_and_its_inverse():
    # By hand: 4 + sqrt(4 x 3) = 7.46.
    assert ht.e_value(4) == pytest.approx(7.4641016) == ht.e_value(0.25)
    assert ht.e_value(1) == 1
    for bad in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ht.HtanalysisError, match="an E-value needs"):
            ht.e_value(bad)


def test_selection_that_is_equal_changes_no_share():
    counts = pd.Series({"sex": 56.0, "labor": 23.0})
    corrected = ht.correct_selection(counts, pd.Series({"sex": 0.5, "labor": 0.5}))
    assert (corrected / corrected.sum()).tolist() == pytest.approx((counts / counts.sum()).tolist())
    for chance in (0.0, 1.1, float("nan")):
        with pytest.raises(ht.HtanalysisError, match="chances of selection"):
            ht.correct_selection(counts, pd.Series({"sex": 0.5, "labor": chance}))


def test_errors_in_classification_can_be_undone():
    # 30 % true, sensitivity 0.8, specificity 0.9: 0.3 x 0.8 + 0.7 x 0.1 = 31 % are seen.
    assert ht.correct_classification(0.31, 0.8, 0.9) == pytest.approx(0.3)
    with pytest.raises(ht.HtanalysisError, match="no better than chance"):
        ht.correct_classification(0.31, 0.5, 0.5)
    with pytest.raises(ht.HtanalysisError, match="No true share"):
        ht.correct_classification(0.05, 0.8, 0.9)


def test_a_prior_that_is_none_is_refused():
    for limits in ((0, 2, 1, 3), (1, 1, 1, 1)):
        with pytest.raises(ht.HtanalysisError, match="is no prior"):
            ht.simulate(lambda a: a, {"a": ht.Trapezoid(*limits)}, 10, 1)


def test_a_prior_is_written_for_people():
    assert ht.Trapezoid(0.5, 0.76, 0.78, 0.9).words == "50% to 90%, most likely 76% to 78%"


def test_assumptions_are_ranked_by_how_far_they_move_the_answer():
    table = ht.rank_assumptions(lambda a, b: a**2 + b, {"a": 1.0, "b": 0.0}, {"b": (0.0, 2.0), "a": (-3.0, 3.0)})
    assert table["assumption"].tolist() == ["a", "b"]
    # The square is smallest inside the range, not at an end.
    assert table.loc[0, ["low", "value", "high", "swing"]].tolist() == [0, 1, 9, 9]
