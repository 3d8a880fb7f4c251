"""Portfolios to import into, and what the rows of an import come to by the core."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from perpcalc import venues
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.liquidation import ends, liquidation, position_liquidation
from perpcalc.core.margin import Margin, given_margin, isolated_margin
from perpcalc.core.position import SIDES, Position, open_at, open_for_value
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.errors import Entry as Place
from perpcalc.files import Source
from perpcalc.given import read, reader
from perpcalc.importing.placing import Choices
from perpcalc.importing.plan import Plan, plan
from perpcalc.options import POSITION_KEYS
from perpcalc.portfolio import Account, Portfolio, Unified
from perpcalc.portfolio import Position as Entry
from perpcalc.readers.positions import Dump, read_positions

DATA = Path(__file__).parent.parent / "data"
KEYS = reader(POSITION_KEYS, environment=False)


def account(
    name: str,
    venue: str | None = None,
    currency: str = "BTC",
    balance: Decimal | None = None,
    mode: str | None = None,
    unified: Unified | None = None,
) -> Account:
    """An account of a portfolio."""
    return Account(Place(f"account ({name})"), name, venue, "USD" if unified else currency, balance, mode, unified)


def backed(**balances: Decimal) -> Unified:
    """What backs an account of several coins."""
    return Unified(balances, {}, None, None, None, None, None, None, None)


def book(
    accounts: Sequence[Account] = (), positions: Sequence[Entry] = (), prices: Mapping[str, Decimal] = {}
) -> Portfolio:
    """A portfolio."""
    return Portfolio("book.toml", prices, tuple(accounts), tuple(positions))


def entry(name: str, account: str | None = None, **keys: object) -> Entry:
    """A position of a portfolio by the texts of its keys."""
    return Entry(Place(f"position ({name})"), name, account, read(KEYS, keys))


def entries(rows: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """The positions that a portfolio has once rows were written to it."""
    return [
        entry(row["name"], row.get("account"), **{key: row[key] for key in row if key not in ("name", "account")})
        for row in rows
    ]


def dump_of(name: str) -> Dump:
    """A file of tests/data/positions as read."""
    return read_positions(Source((DATA / "positions" / f"{name}.json").read_bytes(), f"{name}.json"))


def planned(name: str, book: Portfolio, **choices: Any) -> Plan:
    """What importing a file of tests/data/positions would do."""
    return plan(dump_of(name), book, Choices(**choices))


class Held(NamedTuple):
    """What a row comes to: the position, its margin where it is isolated, and the holding where its rate is known."""

    position: Position
    margin: Margin | None
    holding: Holding | None
    mark: Decimal | None


def held(row: Mapping[str, Any], book: Portfolio) -> Held:
    """A row by the presets and the core, as a command answers for it."""
    home = next((one for one in book.accounts if one.name == row.get("account")), None)
    spec = row.get("venue") or (home.venue if home else None)
    instrument: Instrument = PLAIN._replace(currency=row.get("currency", "BTC"))
    if spec and "contract_size" not in row:
        instrument = venues.find(spec, row["instrument"]).instrument
    if "contract_size" in row:
        instrument = instrument._replace(contract_size=row["contract_size"])
    side = SIDES[row["side"]]
    if "entry" in row:
        position = open_at(instrument, side, row["contracts"], row["entry"])
    else:
        position = open_for_value(instrument, side, row["contracts"], row["entry_value"])
    margin = None
    if "leverage" in row:
        margin = isolated_margin(position, row["leverage"], row.get("extra_margin", Decimal(0)))
    elif "margin" in row:
        margin = given_margin(position, row["margin"])
    schedule = instrument.schedule
    if "mmr" in row:
        schedule = flat_rate(row["mmr"], basis=schedule.basis if schedule else "mark")
    fee = instrument.cross_closing_fee if margin is None else instrument.isolated_closing_fee
    holding = None if schedule is None else Holding(position, schedule, fee)
    return Held(position, margin, holding, row.get("mark") or book.prices.get(instrument.currency))


def liquidation_price(rows: Sequence[Mapping[str, Any]], book: Portfolio, index: int = 0) -> Decimal | None:
    """The liquidation price of a row: by its own margin, else by its account with all rows in it."""
    made = [held(row, book) for row in rows]
    one = made[index]
    assert one.holding is not None
    if one.margin is not None:
        return position_liquidation(one.holding, one.margin, one.mark).liquidation_price
    home = next(one for one in book.accounts if one.name == rows[index]["account"])
    first = made[0].mark
    holdings = [
        mate.holding._replace(ratio=mate.mark / first if mate.mark and first else Decimal(1))
        for mate in made
        if mate.holding is not None and mate.margin is None
    ]
    assert home.balance is not None
    wallet = wallet_of(home.balance, holdings)
    shared = ends(wallet, holdings[0])
    return liquidation(wallet, index, holdings[index], one.mark, of_wallet=shared).liquidation_price
