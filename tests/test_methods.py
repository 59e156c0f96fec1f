import pytest

import htanalysis as ht
from htanalysis.methods import read_formula


@pytest.mark.parametrize("method", ["answer", "Finding", "no_such_function"])
def test_what_gives_no_formula_is_refused(method):
    with pytest.raises(ht.HtanalysisError, match=f'"{method}" gives no formula'):
        read_formula(method)


def test_a_formula_is_one_line_of_plain_text_without_code_marks():
    formula = read_formula("compare_labor")
    assert formula.startswith("the published labor share; ") and "(see interval_shares) over all" in formula
