"""Load, analyse and show the numbers of The State of Human Trafficking in California 2012.

What a notebook may call is listed here, and nothing else. A module is imported when one of its names is first used, so
that the command line starts at once.
"""

from importlib import import_module
from typing import Any

#: The names that each module gives.
_NAMES = {
    "associations": "compare_like_counties cross_task_forces",
    "bias": "Trapezoid correct_selection rank_assumptions selection_e_value simulate try_all",
    "charts": (
        "draw_curve draw_fit draw_known draw_mix draw_outlook draw_periods draw_quarters draw_ranges draw_rates"
    ),
    "claims": "evaluate judge_claim recompute_claims tell_returned",
    "datasets": "catalogue counties describe evidence load",
    "delays": "chain_ladder make_triangle nowcast",
    "errors": "HtanalysisError",
    "feasible": "SHAPES Shape",
    "figures": "Axis Chart",
    "findings": (
        "Finding answer as_given choose digits_for in_formula join_words number percent span tell_change tell_range "
        "tell_ratio times_likely unlike"
    ),
    "forecasts": "back_test forecast",
    "maps": "draw_funnel draw_map",
    "mixes": (
        "allot_other bound_labor_share compare_labor compare_mixes curve_detection curve_outside_vice detect_ratio "
        "detect_with_errors envelope_detection find_foreign_labor move_outside_vice read_ilo span_detection "
        "span_foreign_labor"
    ),
    "parameters": "check_parameters",
    "periods": ("count_days held_quarters list_periods parse_period period_label relate_to_period say_quarter"),
    "places": (
        "bound_concentration bound_smoothed count_resident_years funnel_limits rate_by_resident_year rate_counties"
    ),
    "rates": (
        "binomial_interval bound_other_arrests compare_last_years compare_rates expect_at_pace poisson_interval "
        "project_convictions rate_by_year"
    ),
    "returns": "count_quarters load_returns reconcile total_quarters total_returns",
    "series": (
        "bound_change bound_growth bound_period bound_quarters bound_ratio bound_share compare_with_line curve_growth "
        "date_growth split_growth"
    ),
    "services": "bound_letters bound_reach bound_union excess_services fewest_persons",
    "settings": "BASES",
    "shares": "count_behind_share fewest_behind_share poststratify smallest_total turn_round weigh_groups",
    "tables": "Caption Table",
    "totals": (
        "count_reporters explain_total list_contradictions nowcast_totals tell_counts tell_replaced "
        "tell_reported tell_reporters tell_totals"
    ),
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
