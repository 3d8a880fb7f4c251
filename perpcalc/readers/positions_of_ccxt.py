"""One position as the library ccxt writes it for every venue, with what the venue itself sent beside it.

Sources: ccxt manual, "Position structure"; parse_position of each venue in ccxt 4.5.90; answers of 4.1.50 and 4.4.50.
ccxt works out what a venue leaves out, so whatever the venue's own answer (`info`) says goes first.
"""

from decimal import Decimal

from perpcalc.errors import PerpcalcError
from perpcalc.readers.answers import Item, choice, number, positive, text, yes
from perpcalc.readers.positions_of_venues import reader_of
from perpcalc.readers.recorded import MODES, Recorded, Said, mode_of

POSITION_MARGIN, LESS_PROFIT, COLLATERAL = "ccxt's positionMargin", "collateral less the profit", "collateral"
VENUES = {
    "binancecoinm": "binance",
    "gateio": "gate",
    "huobi": "htx",
    "huobipro": "htx",
    "krakenfutures": "kraken",
    "kucoinfutures": "kucoin",
    "okex": "okx",
    "okex5": "okx",
    "myokx": "okx",
}


def venue_of(exchange: str) -> str:
    """Our name of the venue that ccxt calls `exchange`, a date kept.

    >>> venue_of("krakenfutures"), venue_of("bybit@2024-06-01")
    ('kraken', 'bybit@2024-06-01')
    """
    name, at, date = exchange.partition("@")
    return VENUES.get(name.lower(), name.lower()) + at + date


def ccxt(item: Item) -> Recorded | None:
    """A position of fetch_positions; None where nothing is held."""
    if number(item, "contracts") == 0:
        return None
    info = item.get("info")
    reader = reader_of(info)
    own = reader(info) if reader and isinstance(info, dict) else None
    sent = own or Recorded()
    side, contracts = _size(item)
    exchange = text(item, "exchange")
    profit = number(item, "unrealizedPnl") if sent.profit is None else sent.profit
    liquidation_price = number(item, "liquidationPrice")
    return sent._replace(
        symbol=text(item, "symbol") or "",
        settle=None,
        venue=None if exchange is None else venue_of(exchange),
        likely=sent.venue,
        side=side,
        contracts=None if sent.usd else contracts,
        contract_size=positive(item, "contractSize") or sent.contract_size,
        entry=positive(item, "entryPrice") or sent.entry,
        mark=sent.mark or positive(item, "markPrice"),
        leverage=sent.leverage or positive(item, "leverage"),
        mode=sent.mode or _mode(item),
        margins=_margins(item, sent.margins, profit),
        rate=sent.rate or positive(item, "maintenanceMarginPercentage"),
        maintenance=sent.maintenance or positive(item, "maintenanceMargin"),
        initial=positive(item, "initialMargin"),
        liquidation_price=liquidation_price if sent.liquidation_price is None else sent.liquidation_price,
        profit=profit,
        stop=positive(item, "stopLossPrice") or sent.stop,
        target=positive(item, "takeProfitPrice") or sent.target,
        hedged=yes(item, "hedged") if sent.hedged is None else sent.hedged,
    )


def _size(item: Item) -> tuple[str | None, Decimal | None]:
    """The side and the contracts, which some venues sign for a short."""
    contracts, side = number(item, "contracts"), choice(item, "side", {"long": "long", "short": "short"})
    if contracts is None:
        return side, None
    if contracts < 0 and side == "long":
        raise PerpcalcError("contracts is negative, and the side long", "correct the file")
    return side or ("short" if contracts < 0 else None), abs(contracts)


def _mode(item: Item) -> str | None:
    """Cross or isolated, by the keys that ccxt has had for it."""
    isolated = yes(item, "isolated")
    mode = choice(item, "marginMode", MODES) or choice(item, "marginType", MODES)
    return mode or mode_of(isolated)


def _margins(item: Item, sent: tuple[Said, ...], profit: Decimal | None) -> tuple[Said, ...]:
    """The margins said: the venue's own fields, then ccxt's. `collateral` holds the profit at most venues, not at all.

    One that both say goes by ccxt's name, which the file shows first.
    """
    stated, collateral = number(item, "positionMargin"), number(item, "collateral")
    known = [said._replace(name="positionMargin") if said.coin == stated else said for said in sent]
    for name, coin, counts in (
        (POSITION_MARGIN, stated, ""),
        (LESS_PROFIT, collateral if collateral is None or profit is None else collateral - profit, ""),
        (COLLATERAL, collateral, "profit"),
    ):
        if coin is not None and coin > 0 and not any(coin == said.coin and not said.counts for said in known):
            known.append(Said(name, coin, counts))
    return tuple(known)
