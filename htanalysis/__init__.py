"""Load, analyse and show the numbers of The State of Human Trafficking in California 2012.

What a notebook may call is listed here, and nothing else. A module is imported when one of its names is first used, so
that the command line starts at once.
"""

from importlib import import_module
from typing import Any

#: The names that each module gives.
_NAMES = {
    "associations": "compare_like_counties cross_task_forces",
    "bias": "Trapezoid correct_classification correct_selection e_value rank_assumptions simulate",
    "charts": (
        "draw_curve draw_fit draw_known draw_mix draw_outlook draw_periods draw_quarters draw_ranges draw_rates"
    ),
    "claims": "evaluate judge_claim recompute_claims tell_returned",
    "datasets": "catalogue counties describe evidence load",
    "delays": "chain_ladder make_triangle",
    "errors": "HtanalysisError",
    "figures": "Axis Chart",
    "findings": "Finding answer choose join_words number percent span tell_change times_less",
    "maps": "draw_funnel draw_map",
    "mixes": (
        "allot_other compare_labor compare_mixes count_behind_share curve_detection curve_outside_vice "
        "detect_ratio detect_with_errors envelope_detection fewest_behind_share find_foreign_labor "
        "move_outside_vice poststratify read_ilo smallest_total span_detection span_foreign_labor turn_round "
        "weigh_groups"
    ),
    "parameters": "check_parameters",
    "periods": (
        "count_days held_quarters latest_quarter list_periods parse_period period_label relate_to_period say_quarter"
    ),
    "places": (
        "bound_concentration bound_smoothed count_resident_years find_neighbors "
        "funnel_limits interval_shares rate_by_resident_year rate_counties smooth_rates"
    ),
    "rates": (
        "binomial_interval bound_other_arrests compare_last_years compare_rates expect_at_pace poisson_interval "
        "project_convictions rate_by_year"
    ),
    "returns": (
        "count_quarters load_returns reconcile tell_counts tell_reported tell_totals total_quarters total_returns"
    ),
    "series": (
        "SHAPES Shape bound_change bound_growth bound_period bound_quarters compare_with_line curve_growth split_growth"
    ),
    "services": "bound_letters bound_reach bound_union excess_services fewest_persons",
    "settings": "BASES",
    "tables": "Caption Table",
    "trends": "fit_measures fit_trend",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
