"""The data sets as tools check and complete them; make descriptor writes it."""

from typing import Literal

DataSet = Literal[
    "aliases",
    "corrections",
    "counties",
    "county_convictions",
    "county_population",
    "federal_enforcement",
    "global_estimates",
    "heat_unit",
    "hotline",
    "htrs",
    "law_descriptions",
    "legislation",
    "measures",
    "orr_letters",
    "other_figures",
    "passages",
    "penal_code_236_1",
    "register",
    "related_convictions",
    "report_claims",
    "task_force_quarters",
    "task_force_totals",
    "task_forces",
    "tcvap",
    "trafficking_type",
    "victim_origin",
]
