"""The export read in R, which must be installed: `make test-r`, apart from the tests that need Python alone."""

import shutil
import subprocess

import htanalysis as ht
from htanalysis.export import write_export

SCRIPT = """
source("read.R")
counties <- read_table("counties")
quarters <- read_table("task_force_quarters")
cat(counties$fips[1], nrow(counties), counties$population_2010[1], class(quarters$quarter), quarters$quarter[1],
    sum(is.na(quarters$count)), sum(quarters$count, na.rm = TRUE))
"""


def test_r_keeps_the_zero_before_a_code_and_what_is_missing(tmp_path):
    assert shutil.which("Rscript"), "Install R (apt-get install r-base-core): the export is read in it."
    write_export(tmp_path / "numbers")
    read = subprocess.run(
        ["Rscript", "-e", SCRIPT], cwd=tmp_path / "numbers", capture_output=True, text=True, check=True
    )
    counts, counties = ht.load("task_force_quarters")["count"], ht.load("counties")
    assert read.stdout.split() == [
        *("06001", "58", str(counties["population_2010"][0]), "character", "2010Q3"),
        *(str(counts.isna().sum()), str(counts.sum())),
    ]
