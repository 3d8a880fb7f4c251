"""The equity of each account over the prices of a stress, as a chart."""

from collections.abc import Sequence
from decimal import Decimal

from perpcalc.commands.blocks import Block, after, fatal_of
from perpcalc.commands.moves import Moves
from perpcalc.commands.positions import unknown
from perpcalc.core.stress import even_moves
from perpcalc.decimals import ONE, ZERO
from perpcalc.picture import Chart, Curve, Landmark

CURVE_MOVES = 160
MOST_ENTRIES = 4
NEARLY = Decimal("1E-12")


def charts_of(blocks: Sequence[Block], moves: Moves) -> list[Chart]:
    """A chart for each block that is known."""
    return [_chart(block, moves) for block in blocks if block.stake is not None or block.unified is not None]


def _chart(block: Block, moves: Moves) -> Chart:
    """The equity over the range of the moves, with a fall to zero where everything dies."""
    asked = list(moves.ladder) or [move for move in moves.of(block.currency) if move is not None]
    low, high = min(asked), max(asked)
    if low == high:
        low, high = (1 + low) * 9 / 10 - 1, (1 + high) * 11 / 10 - 1
    margin = (high - low) / 40
    low, high = max(low - margin, (1 + low) / 2 - 1), high + margin
    deaths = [end for end in fatal_of(block, moves) if end is not None]
    just_alive = [death * (1 - NEARLY) for death in deaths]
    points = sorted({*even_moves(low, high, CURVE_MOVES), *(at for at in (*deaths, *just_alive) if low <= at <= high)})
    curve = after(block, Moves(points, moves.betas))
    if block.unified is not None or block.price is None:
        drawn = [(at * 100, one.equity or ZERO) for at, one in zip(points, curve, strict=True)]
        marks = [Landmark("now", ZERO), *(Landmark("liquidation", death * 100, "danger") for death in deaths)]
        return Chart(block.label, "common move (%)", "equity (USD)", [Curve("equity", drawn)], marks, 2)
    places = max((case.market.price_places(block.price) for case in block.cases), default=2)
    price = block.price
    landmarks = [Landmark("entry", entry, "accent") for entry in _entries(block, price)]
    landmarks.append(Landmark("mark", price))
    least = ONE.scaleb(-places)
    landmarks += [Landmark("liquidation", at, "danger") for at in _ends(block, price, deaths, moves) if at >= least]
    drawn = [(one.price, one.equity or ZERO) for one in curve if one.price is not None]
    curves = [Curve("equity", drawn)]
    return Chart(block.label, "price (USD)", f"equity ({block.currency})", curves, landmarks, places)


def _ends(block: Block, price: Decimal, deaths: Sequence[Decimal], moves: Moves) -> list[Decimal]:
    """The prices that liquidate, nothing rounded; of one contract only those that its venue's prices reach."""
    found = unknown(block.cases[0].liquidation, []) if len(block.cases) == 1 else None
    if found is None or found.beyond:
        return [price * (1 + death * moves.beta(block.currency)) for death in deaths]
    return [end for end in (found.liquidation_below, found.liquidation_above) if end is not None]


def _entries(block: Block, price: Decimal) -> list[Decimal]:
    """The entry prices in terms of the coin's price; of many, the average of each side."""
    scaled = [(case.opened(), price / (case.mark or price)) for case in block.cases]
    entries = sorted({position.entry_price * scale for position, scale in scaled})
    if len(entries) <= MOST_ENTRIES:
        return entries
    averages = []
    for side in {position.side for position, _ in scaled}:
        held = [(position, scale) for position, scale in scaled if position.side == side]
        notional = sum((position.notional for position, _ in held), ZERO)
        averages.append(notional / sum((position.cost / scale for position, scale in held), ZERO))
    return sorted(averages)
