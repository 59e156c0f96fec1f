"""Marshall's smoothing on North Carolina's counties."""

from pathlib import Path

import pandas as pd

import htanalysis as ht


def test_the_global_rates_of_spdep_are_reproduced():
    counties = pd.read_csv(Path(__file__).with_name("nc_sids.csv"))
    assert len(counties) == 100 and counties["deaths"].sum() == 667
    places = counties.assign(fips=counties["county"], population_2010=counties["births"])
    deaths = pd.DataFrame({"county": counties["county"], "fips": counties["county"]})
    deaths = deaths.assign(**dict.fromkeys(("convictions", "lower", "upper"), counties["deaths"]))
    smoothed = ht.bound_smoothed(deaths, places, 667).frame.set_index("county")[["low", "high"]] / 1e5
    expected = counties.set_index("county").loc[smoothed.index, "global"]
    assert len(expected) == (counties["deaths"] > 0).sum() > 80
    assert smoothed.sub(expected, axis=0).abs().to_numpy().max() < 1e-10
