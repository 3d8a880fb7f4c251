"""Position risk of inverse (coin-margined) perpetual contracts.

The commands of the program as functions: keywords are the options, values are int, str, Decimal or float (read by its
shortest text); the answer is a record whose fields are those of `--json`, numbers as Decimal, None where there is none.

>>> import perpcalc
>>> answer = perpcalc.liq_price(venue="bybit@2026-01-01", side="long", contracts=10_000, entry=62_500, leverage=10)
>>> answer.liquidation_price
Decimal('57102.5')

With `portfolio="book.toml"` a function answers with a list, a record for each position. The records are there by name,
`perpcalc.LiqPrice`. Errors are `PerpcalcError`,
with `where`, `what` and `remedy`. `ask({"command": "pnl", ...})` answers as a line of `perpcalc batch`, errors
included.
"""


def __getattr__(name: str) -> object:
    from perpcalc.names import EXPORTED  # here, since a script that asks nothing pays for nothing

    if name == "__all__":
        return list(EXPORTED)
    if name not in EXPORTED and not name[:1].isupper():
        raise AttributeError(f"module 'perpcalc' has no attribute {name!r}")
    from perpcalc.python import exported

    globals()[name] = found = exported(name)
    return found


def __dir__() -> list[str]:
    from perpcalc.names import EXPORTED

    return sorted({*globals(), *EXPORTED})
