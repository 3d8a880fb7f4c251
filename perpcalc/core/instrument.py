"""An inverse contract and the rules it trades under; fees and values of contracts at a price."""

import decimal
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.rounding import EXACT, Rounding, on, to_multiple
from perpcalc.core.rules import NO_CLOSING_FEE, OPENING_FEE, ClosingFee, FundingRule, Schedule
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError


class Instrument(NamedTuple):
    """A contract of `contract_size` USD, settled in `currency`, with what is known of its venue.

    `max_order` is in contracts. `schedule` None means that its maintenance margin is not known. `order_reserve` is what
    an order reserves beside its margin; a fee at bankruptcy counts on at least `least_closing` of the value at the
    entry.
    """

    venue: str | None = None
    name: str | None = None
    currency: str = "BTC"
    contract_size: Decimal = ONE
    lot: Decimal = ONE
    tick: Decimal | None = None
    max_price: Decimal | None = None
    max_order: Decimal | None = None
    max_leverage: Decimal | None = None
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    liquidation_fee: Decimal | None = None
    schedule: Schedule | None = None
    isolated_closing_fee: ClosingFee = NO_CLOSING_FEE
    cross_closing_fee: ClosingFee = NO_CLOSING_FEE
    extra_margin_net_of_fee: bool = False
    order_reserve: str = OPENING_FEE
    least_closing: Decimal = ZERO
    hedge_mode: bool = False
    funding: FundingRule | None = None
    rounding: Rounding = EXACT


PLAIN = Instrument()


def coin_value(instrument: Instrument, contracts: Decimal, price: Decimal, exact: Decimal | None = None) -> Decimal:
    """The coin value of contracts at a mark, as the venue prints it: `contracts*contract_size/price`, which is `exact`
    where it is known already.

    >>> coin_value(PLAIN, Decimal(10_000), Decimal(8_000))
    Decimal('1.25')
    """
    rounding, size = instrument.rounding, instrument.contract_size
    if rounding.value is None or rounding.value_of == "position":
        return on(rounding.value, contracts * size / price if exact is None else exact)
    unit = instrument.lot if rounding.value_of == "lot" else ONE
    return on(rounding.value, size * unit / price) * contracts / unit


def traded_value(instrument: Instrument, contracts: Decimal, price: Decimal, exact: Decimal | None = None) -> Decimal:
    """The coin value of a trade, as the venue keeps it, else as it prints any value: `contracts*contract_size/price`,
    which is `exact` where it is known already.

    >>> from perpcalc.core.rounding import grid
    >>> rounding = Rounding(value=grid("half-up 8"), value_of="contract", stored_value=grid("up 8"))
    >>> kept, trade = PLAIN._replace(rounding=rounding), (Decimal(20), Decimal("7508.22"))
    >>> coin_value(kept, *trade), traded_value(kept, *trade)
    (Decimal('0.00266380'), Decimal('0.00266375'))
    """
    rounding = instrument.rounding
    if rounding.stored_value is None or rounding.value_of == "lot":
        return coin_value(instrument, contracts, price, exact)
    return on(rounding.stored_value, contracts * instrument.contract_size / price if exact is None else exact)


def trade_fee(instrument: Instrument, contracts: Decimal, price: Decimal, rate: Decimal) -> Decimal:
    """The fee of one trade in coin, negative for a rebate: `value of the trade * rate`.

    >>> trade_fee(PLAIN, Decimal(100_000), Decimal(10_000), Decimal("0.00075"))
    Decimal('0.00750')
    """
    return fee_of(instrument, traded_value(instrument, contracts, price), rate)


def fee_of(instrument: Instrument, value: Decimal, rate: Decimal) -> Decimal:
    """The same of a trade that is worth `value` coins.

    >>> fee_of(PLAIN, Decimal(10), Decimal("0.00075"))
    Decimal('0.00750')
    """
    return on(instrument.rounding.fee, value * rate)


def whole_lots(instrument: Instrument, contracts: Decimal) -> Decimal:
    """`contracts` rounded down to the lot.

    >>> whole_lots(PLAIN._replace(lot=Decimal(100)), Decimal(2_135))
    Decimal('2100')
    """
    return to_multiple(contracts, instrument.lot, decimal.ROUND_FLOOR)


def contracts_of_usd(instrument: Instrument, usd: Decimal) -> Decimal:
    """The whole lots that an amount of USD buys: `usd/contract_size`, rounded down.

    >>> contracts_of_usd(PLAIN._replace(contract_size=Decimal(100)), Decimal(1_050))
    Decimal('10')
    """
    return whole_lots(instrument, usd / instrument.contract_size)


def contracts_of_coin(instrument: Instrument, coin: Decimal, price: Decimal) -> Decimal:
    """The whole lots that an amount of coin is worth at a price: `coin*price/contract_size`, rounded down.

    >>> contracts_of_coin(PLAIN._replace(contract_size=Decimal(100)), Decimal(1), Decimal(10_000))
    Decimal('100')
    """
    return whole_lots(instrument, coin * price / instrument.contract_size)


def check_lots(instrument: Instrument, contracts: Decimal) -> None:
    """Raise PerpcalcError unless `contracts` is a positive multiple of the lot.

    >>> check_lots(PLAIN, Decimal(5))
    """
    if contracts <= ZERO:
        raise PerpcalcError("the number of contracts is not above 0")
    if contracts % instrument.lot:
        lot = plain(instrument.lot)
        below = plain(whole_lots(instrument, contracts))
        unit = "whole contracts" if lot == "1" else f"multiples of {lot} contracts"
        raise PerpcalcError(
            f"{plain(contracts)} contracts cannot be traded", f"give {unit}, such as {below if below != '0' else lot}"
        )
