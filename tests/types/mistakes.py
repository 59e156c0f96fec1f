"""A script with three mistakes, and a fourth, which a checker finds before it runs."""

import htanalysis as ht

ht.lode("htrs")
ht.load(42)
ht.load("no such")
arrests = ht.pick(ht.load("penal_code_236_1"), "arrests", year="2012")
print(arrests.valeu)
