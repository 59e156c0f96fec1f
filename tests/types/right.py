"""A script without a mistake, for whoever checks strictly."""

import pandas as pd

import htanalysis as ht

table: pd.DataFrame = ht.load("penal_code_236_1")
mix = ht.mix_of(ht.load("trafficking_type"), "task forces")
missed = ht.detect(mix, 0.5, to_labor=0.2)
found: ht.Finding = missed.say("missed", "{value} as likely.")
print(table, missed.value, missed.cite(), ht.__version__, found.amount)
