"""Which coins are a dollar: what is worth one where no price is given, and what does not move with the market."""

from perpcalc.decimals import ONE

DOLLARS = dict.fromkeys(("USD", "USDT", "USDC"), ONE)
PEGGED = frozenset((*DOLLARS, "BUSD", "DAI", "FDUSD", "PYUSD", "RLUSD", "TUSD", "USD1", "USDE"))
