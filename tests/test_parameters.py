import datetime

import pytest

import htanalysis as ht
from htanalysis.parameters import Range, list_ranges

DAY = 'a day such as "2012-10-31", "latest" or "report"'
HELD = "is not held: the data cover 2010Q3 to 2012Q2. Choose quarters among these, or add the returns first."
LATER = str(datetime.date.today() + datetime.timedelta(days=2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quarter": ["2012Q2"]}, 'quarter is [\'2012Q2\']; it must be a text such as "2012Q2" or "2011Q3:2012Q2".'),
        ({"quarter": "abc"}, 'quarter: "abc" is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest.'),
        ({"quarter": "1999Q1", "as_of": "report"}, f"quarter: 1999Q1 {HELD}"),
        ({"as_of": LATER}, f'as_of is "{LATER}", a day to come; it must be {DAY}.'),
        ({"as_of": 5}, f"as_of is 5; it must be {DAY}."),
        ({"audience": "all"}, 'audience is "all"; it must be "public" or "internal".'),
        ({"joiner_share": 5}, "joiner_share is 5; it must be a number from 0 to 1."),
        ({"ilo_labor_share": 0}, "ilo_labor_share is 0; it must be a number above 0 and below 1."),
        ({"vice_share": "abc"}, 'vice_share is "abc"; it must be a number from 0 to 1.'),
        ({"other_to_labor": float("nan")}, "other_to_labor is nan; it must be a number from 0 to 1."),
        ({"margin": True}, "margin is True; it must be a number from 0 to 0.1."),
        ({"most_agencies": 1.5}, "most_agencies is 1.5; it must be a whole number from 1 to 100."),
        ({"open_years": 6}, "open_years is 6; it must be a whole number from 1 to 5."),
        ({"assumption": "up"}, 'assumption is "up"; it must be "never falling" or "convex" or "limited change".'),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_is_named_with_its_value_and_what_it_can_be(given, message):
    with pytest.raises(ht.HtanalysisError) as raised:
        ht.check_parameters(**given)
    assert str(raised.value) == message
    assert raised.value._render_traceback_() == [f"HtanalysisError: {message}"]


def test_what_the_ranges_allow_is_let_through():
    for name, allowed in list_ranges().items():
        ends = [allowed.low, allowed.high] if isinstance(allowed, Range) and not allowed.open else []
        for value in ends or ([0.5] if isinstance(allowed, Range) else allowed):
            ht.check_parameters(**{name: value})
