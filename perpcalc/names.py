"""What can be asked, by name: the commands with their modules and their headings, and what Python calls them."""

from typing import NamedTuple


class Listed(NamedTuple):
    """Where a command is, the heading that it stands under in the help, and the commands under it where it is a
    group.
    """

    module: str
    heading: str
    commands: tuple[str, ...] = ()


POSITION, ACCOUNT, FILES, MACHINE = "Position", "Account", "Files", "Machine"
LISTED = {
    "pnl": Listed("pnl", POSITION),
    "liq-price": Listed("liq_price", POSITION),
    "funding-cost": Listed("funding_cost", POSITION),
    "size": Listed("size", POSITION),
    "solve": Listed("solve", POSITION, ("margin", "leverage", "contracts", "add", "close", "entry", "price")),
    "plan": Listed("plan", POSITION),
    "liq-cost": Listed("liq_cost", POSITION),
    "hedge": Listed("hedge", POSITION),
    "greeks": Listed("greeks", POSITION),
    "power": Listed("power", POSITION),
    "status": Listed("status", ACCOUNT),
    "stress": Listed("stress", ACCOUNT),
    "check": Listed("check", ACCOUNT),
    "replay": Listed("replay", ACCOUNT),
    "fills": Listed("fills", FILES),
}
QUESTIONS = tuple(
    question for name, listed in LISTED.items() for question in [f"{name} {one}" for one in listed.commands] or [name]
)
"""What a line of `batch` calls a command."""
FUNCTIONS = {question.replace("-", "_").replace(" ", "_"): question for question in QUESTIONS}
EXPORTED = (*FUNCTIONS, "PerpcalcError", "__version__", "as_json", "ask")
