"""Marshall's smoothing on North Carolina's counties."""

from pathlib import Path

import pandas as pd
import pytest

from htanalysis.places import smooth_rates


@pytest.fixture
def counties() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("nc_sids.csv")).set_index("county")


def test_the_global_rates_of_spdep_are_reproduced(counties):
    assert len(counties) == 100 and counties["deaths"].sum() == 667
    smoothed = smooth_rates(counties["deaths"], counties["births"])
    assert (smoothed - counties["global"]).abs().max() < 1e-10


def test_the_local_rates_of_spdep_are_reproduced(counties):
    neighbors = counties["neighbors"].str.split("; ").to_dict()
    smoothed = smooth_rates(counties["deaths"], counties["births"], neighbors)
    # spdep gives 0 where no death is in the neighborhood; here it is not estimable.
    empty = smoothed.isna()
    assert empty.sum() == 1 and (counties.loc[empty, "local"] == 0).all()
    assert (smoothed - counties["local"])[~empty].abs().max() < 1e-10
