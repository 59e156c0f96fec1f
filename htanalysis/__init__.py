"""Load, analyse and show the numbers of The State of Human Trafficking in California 2012.

What a notebook may call is listed here, and nothing else.
"""

from htanalysis.charts import (
    Axis,
    Chart,
    draw_curve,
    draw_known,
    draw_map,
    draw_mix,
    draw_outlook,
    draw_periods,
    draw_quarters,
    draw_ranges,
    draw_rates,
)
from htanalysis.claims import evaluate, judge_claim, recompute_claims
from htanalysis.datasets import catalogue, counties, describe, evidence, load
from htanalysis.errors import HtanalysisError
from htanalysis.findings import Finding, answer, join_words, number, percent, rose_or_fell, span
from htanalysis.mixes import (
    compare_mixes,
    count_behind_share,
    curve_detection,
    curve_outside_vice,
    detect_ratio,
    move_outside_vice,
    read_ilo,
    span_detection,
    span_foreign_labor,
    turn_round,
    weigh_groups,
)
from htanalysis.periods import (
    count_days,
    held_quarters,
    latest_quarter,
    parse_period,
    period_label,
    relate_to_period,
)
from htanalysis.places import bound_concentration, cross_task_forces, rate_counties
from htanalysis.rates import (
    bound_other_arrests,
    compare_last_years,
    compare_rates,
    expect_at_pace,
    poisson_interval,
    project_convictions,
    rate_by_year,
)
from htanalysis.series import bound_change, bound_period, bound_quarters, compare_with_line, split_growth
from htanalysis.services import bound_letters, bound_reach, bound_union, excess_services, fewest_persons
from htanalysis.settings import BASES
from htanalysis.tables import Caption, Table

__all__ = [
    "BASES",
    "Axis",
    "Caption",
    "Chart",
    "Finding",
    "HtanalysisError",
    "Table",
    "answer",
    "bound_change",
    "bound_concentration",
    "bound_letters",
    "bound_other_arrests",
    "bound_period",
    "bound_quarters",
    "bound_reach",
    "bound_union",
    "catalogue",
    "compare_last_years",
    "compare_mixes",
    "compare_rates",
    "compare_with_line",
    "count_behind_share",
    "count_days",
    "counties",
    "cross_task_forces",
    "curve_detection",
    "curve_outside_vice",
    "describe",
    "detect_ratio",
    "draw_curve",
    "draw_known",
    "draw_map",
    "draw_mix",
    "draw_outlook",
    "draw_periods",
    "draw_quarters",
    "draw_ranges",
    "draw_rates",
    "evaluate",
    "evidence",
    "excess_services",
    "expect_at_pace",
    "fewest_persons",
    "held_quarters",
    "join_words",
    "judge_claim",
    "latest_quarter",
    "load",
    "move_outside_vice",
    "number",
    "parse_period",
    "percent",
    "period_label",
    "poisson_interval",
    "project_convictions",
    "rate_by_year",
    "rate_counties",
    "read_ilo",
    "recompute_claims",
    "relate_to_period",
    "rose_or_fell",
    "span",
    "span_detection",
    "span_foreign_labor",
    "split_growth",
    "turn_round",
    "weigh_groups",
]
