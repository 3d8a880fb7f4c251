"""The mathematics of inverse contracts: pure functions on immutable records of Decimals.

Everything about an inverse position is linear in x = 1/price. A position of `Q` USD whose fills
cost `V` coins gains `s*(V - Q*x)` coins, and that is all the rest follows from.

Results are right to the last digit inside `perpcalc.decimals.CONTEXT`; the functions that
`perpcalc` re-exports enter it themselves.
"""
