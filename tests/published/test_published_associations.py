"""Fisher's exact test, and Firth's penalized logistic regression as logistf prints it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.associations import fit_odds


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("endometrial.csv"))


@pytest.mark.parametrize(
    ("column", "coefficient", "low", "high"),
    [
        ("neovasculization", 2.92927330, 0.6097244, 7.85463171),
        ("pulsatility", -0.03475175, -0.1244587, 0.04045547),
        ("height", -2.60416387, -4.3651832, -1.23272106),
    ],
)
def test_the_coefficients_and_profile_limits_of_logistf_are_reproduced(patients, column, coefficient, low, high):
    # Heinze and Schemper (2002): 79 patients; each of the 13 with neovasculization has a high grade, so that the usual
    # estimate has no end. Coefficients and limits as R's logistf prints them.
    assert len(patients) == 79 and patients.groupby("neovasculization")["high_grade"].sum().tolist() == [17, 13]
    fitted = fit_odds(patients["high_grade"], patients.drop(columns="high_grade"), column)
    assert fitted.coefficients["constant"] == pytest.approx(3.77455951, abs=1e-5)
    assert fitted.coefficients[column] == pytest.approx(coefficient, rel=1e-5)
    assert np.log([fitted.ratio, fitted.low, fitted.high]) == pytest.approx([coefficient, low, high], rel=1e-5)


@pytest.mark.parametrize(
    ("counts", "p_value"),
    [
        ([[3, 1], [1, 3]], 0.4857),  # the lady tasting tea
        ([[2, 10], [15, 3]], 0.0005367),  # convictions of like-sex twins of criminals
    ],
)
def test_the_p_values_of_rs_documentation_are_reproduced(counts, p_value):
    # R, help(fisher.test): TeaTasting and Convictions, two-sided.
    rows = [
        (home, yes)
        for home, row in zip((True, False), counts, strict=True)
        for yes in (1, 0)
        for _ in range(row[1 - yes])
    ]
    frame = pd.DataFrame(rows, columns=["home", "lower"]).assign(fips=range(len(rows)))
    places = frame.assign(task_force=frame["home"].map({True: "T", False: None}))
    crossed = ht.cross_task_forces(frame.assign(county="C", convictions=frame["lower"], upper=frame["lower"]), places)
    assert crossed.frame[["with convictions", "none reported"]].to_numpy().tolist() == counts
    assert crossed.value == pytest.approx(p_value, rel=1e-4)
