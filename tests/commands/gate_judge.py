"""The gate once more, in fractions and by the rules as they are written, to be held against `perpcalc check`.

Contracts of one USD, no venue: no fees, nothing rounded, one maintenance rate on the mark for each contract, so that every
figure is a fraction and every end of an account the root of a straight line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random

MMR = {"P": Fraction(1, 200), "Q": Fraction(1, 100), "E": Fraction(1, 50)}
COIN = {"P": "BTC", "Q": "BTC", "E": "ETH"}
RULES = (
    "max_leverage",
    "min_liquidation_distance",
    "max_margin_ratio",
    "max_loss_at_stop",
    "max_funding_per_day",
    "stop_before_liquidation",
    "require_stop",
    "max_notional_usd",
)
STOPS = ("max_loss_at_stop", "stop_before_liquidation", "require_stop")


@dataclass(frozen=True)
class Position:
    """A position; `margin` None is cross. `lots` are what it was put together from: USD, entry price and stop."""

    name: str
    account: str | None
    contract: str
    side: int
    usd: Fraction
    value: Fraction
    margin: Fraction | None
    rate: Fraction | None
    lots: tuple[tuple[Fraction, Fraction, Fraction | None], ...]


@dataclass(frozen=True)
class World:
    """What is held: balances of accounts, which of them keep both sides of a contract, and a mark for each contract."""

    balances: dict[str, Fraction]
    hedged: frozenset[str]
    marks: dict[str, Fraction]
    positions: tuple[Position, ...]


@dataclass(frozen=True)
class Trade:
    """A planned trade; `leverage` makes it isolated, `mark` is the price now of its contract where it is given."""

    account: str | None
    contract: str
    side: int
    fills: tuple[tuple[int, Fraction], ...]
    leverage: Fraction | None
    stop: Fraction | None
    rate: Fraction | None
    mark: Fraction | None


@dataclass
class Found:
    """The values of a rule, the worst counts; `broken` where one has none that could pass."""

    values: list[Fraction] = field(default_factory=list)
    broken: bool = False


class MissingMarginError(Exception):
    """The margin of an isolated trade is not in its account."""


class UnknownError(Exception):
    """Something is missing, as the funding rate of a position."""


def equity_and_asked(world: World, position: Position) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Of what stands behind a position: `a - b*x` coins of equity, the USD whose margin is asked for, the gross USD net per contract.

    x is 1/price of the position's contract.
    """
    mark = world.marks[position.contract]
    if position.margin is not None:
        members = [position]
        a = position.margin
    else:
        members = [p for p in world.positions if p.account == position.account and p.margin is None]
        a = world.balances[position.account or ""]
    b = asked = size = Fraction(0)
    for contract in {p.contract for p in members}:
        ratio = world.marks[contract] / mark
        longs = sum((p.usd for p in members if p.contract == contract and p.side > 0), Fraction(0))
        shorts = sum((p.usd for p in members if p.contract == contract and p.side < 0), Fraction(0))
        gross = longs + shorts if position.account in world.hedged else abs(longs - shorts)
        b += (longs - shorts) / ratio
        asked += MMR[contract] * gross / ratio
        size += gross / ratio
    a += sum((p.side * p.value for p in members), Fraction(0))
    return a, b, asked, size


def measured(world: World, position: Position, rule: str) -> Fraction | bool | None:
    """What a rule looks at; None is no stop or no equity, for a distance never."""
    mark = world.marks[position.contract]
    x = 1 / mark
    a, b, asked, size = equity_and_asked(world, position)
    left = a - b * x
    dead = left - asked * x <= 0
    slope = b + asked
    below = above = None
    if not dead and slope > 0:
        below = slope / a
    if not dead and slope < 0 and a < 0:
        above = slope / a
    collateral = world.balances[position.account] if position.account is not None else position.margin
    assert collateral is not None
    stops = [stop for _, _, stop in position.lots]
    protected = all(stop is not None and position.side * (mark - stop) > 0 for stop in stops)
    if rule == "max_leverage":
        return size * x / left if left > 0 else None
    if rule == "min_liquidation_distance":
        ends = [abs(end - mark) / mark for end in (below, above) if end is not None]
        return Fraction(0) if dead else min(ends, default=None)
    if rule == "max_margin_ratio":
        return Fraction(1) if dead else asked * x / left
    if rule == "max_loss_at_stop":
        if not protected or collateral <= 0:
            return None
        lost = [position.side * (usd / stop - usd / entry) for usd, entry, stop in position.lots if stop is not None]
        return sum(lost, Fraction(0)) / collateral
    if rule == "max_funding_per_day":
        if collateral <= 0:
            return None
        if position.rate is None:
            raise UnknownError
        return position.side * position.rate * position.usd * x * 3 / collateral
    if rule == "stop_before_liquidation":
        if protected:
            last = min(s for s in stops if s) if position.side > 0 else max(s for s in stops if s)
            end = below if position.side > 0 else above
            return not dead and (end is None or position.side * (last - end) > 0)
        if not dead and below is None and above is None:
            return True
        raise UnknownError
    if rule == "require_stop":
        return protected
    same = [
        p
        for p in world.positions
        if (p.account, p.contract, p.side) == (position.account, position.contract, position.side)
    ]
    return sum((p.usd for p in same), Fraction(0))


def after(world: World, trade: Trade, usd: Fraction, price: Fraction, name: str) -> tuple[World, Position | None, bool]:
    """The world after a fill, the position of the trade in it, and whether it opened something."""
    mode = trade.leverage is not None
    balances, positions = dict(world.balances), list(world.positions)

    def pay(coins: Fraction) -> None:
        if trade.account is not None:
            balances[trade.account] += coins

    def kin(p: Position) -> bool:
        return (p.account, p.contract, p.margin is not None) == (trade.account, trade.contract, mode)

    def margin(usd: Fraction) -> Fraction | None:
        return None if trade.leverage is None else usd / price / trade.leverage

    def free() -> Fraction:
        assert trade.account is not None
        cross = [p for p in world.positions if p.account == trade.account and p.margin is None]
        if not cross:
            return world.balances[trade.account]
        a, b, _, _ = equity_and_asked(world, cross[0])
        return min(world.balances[trade.account], a - b / world.marks[cross[0].contract])

    own = next((p for p in positions if kin(p) and p.side == trade.side), None)
    against = next((p for p in positions if kin(p) and p.side == -trade.side), None)
    opened = True
    paid = Fraction(0)
    made: Position | None
    lot = (usd, price, trade.stop)
    if own is not None:
        rate = own.rate if trade.rate is None else trade.rate
        brought = margin(usd)
        made = replace(
            own,
            name=name,
            usd=own.usd + usd,
            value=own.value + usd / price,
            rate=rate,
            lots=(*own.lots, lot),
            margin=None if own.margin is None else own.margin + (brought or 0),
        )
        paid = -(brought or Fraction(0))
        positions[positions.index(own)] = made
    elif against is not None and trade.account not in world.hedged:
        closed = min(usd, against.usd)
        share = closed / against.usd
        paid = against.side * (against.value * share - closed / price)
        if closed < against.usd:
            opened = False
            kept = 1 - share
            lots = tuple((u * kept, e, s) for u, e, s in against.lots)
            made = replace(
                against,
                name=name,
                usd=against.usd - closed,
                value=against.value * kept,
                lots=lots,
                margin=None if against.margin is None else against.margin * kept,
            )
            positions[positions.index(against)] = made
            paid += (against.margin or Fraction(0)) * share
        else:
            positions.remove(against)
            paid += against.margin or Fraction(0)
            rest = usd - closed
            made = None
            opened = rest > 0
            if rest:
                brought = margin(rest)
                made = Position(
                    name,
                    trade.account,
                    trade.contract,
                    trade.side,
                    rest,
                    rest / price,
                    brought,
                    trade.rate,
                    ((rest, price, trade.stop),),
                )
                paid -= brought or Fraction(0)
                positions.append(made)
    else:
        made = Position(
            name, trade.account, trade.contract, trade.side, usd, usd / price, margin(usd), trade.rate, (lot,)
        )
        paid = -(made.margin or Fraction(0))
        positions.append(made)
    if mode and trade.account is not None and paid < 0 and -paid > free():
        raise MissingMarginError
    pay(paid)
    return replace(world, balances=balances, positions=tuple(positions)), made, opened


def moved(world: World, contract: str, price: Fraction) -> World:
    """The world with a contract at a price, whatever else is of its coin in proportion."""
    factor = price / world.marks[contract]
    coin = COIN[contract]
    return replace(world, marks={c: m * factor if COIN[c] == coin else m for c, m in world.marks.items()})


def found(
    world: World, trade: Trade | None, rules: Sequence[str], account: str | None
) -> tuple[dict[str, Found], set[str]]:
    """The values of each rule over all scenes and positions; and the rules that cannot be judged somewhere."""
    results = {rule: Found() for rule in rules}
    unknown: set[str] = set()
    for scene, made, opened in scenes(world, trade):
        for position in scene.positions:
            if account is not None and position.account != account:
                continue
            for rule in rules:
                if position is made and not opened and rule in STOPS:
                    continue
                try:
                    value = measured(scene, position, rule)
                except UnknownError:
                    unknown.add(rule)
                    continue
                if value is None or value is False:
                    results[rule].broken |= rule != "min_liquidation_distance" or value is False
                elif value is not True:
                    results[rule].values.append(Fraction(value))
    return results, unknown


def scenes(world: World, trade: Trade | None) -> Iterator[tuple[World, Position | None, bool]]:
    """What is looked at: what is held, or the world after each fill, now and where it fills."""
    if trade is None:
        yield world, None, True
        return
    now = world if trade.mark is None else moved(world, trade.contract, trade.mark)
    opened = False
    for number, (usd, price) in enumerate(trade.fills, 1):
        name = "planned trade" if len(trade.fills) == 1 else f"planned trade, order {number}"
        now, made, opens = after(now, trade, Fraction(usd), price, name)
        opened = opened or opens
        yield now, made, opened
        yield moved(now, trade.contract, price), made, opened


def is_broken(result: Found, rule: str, limit: Fraction | None) -> bool:
    """Whether a rule is broken."""
    if result.broken:
        return True
    if limit is None:
        return False
    if rule == "min_liquidation_distance":
        return any(value < limit or value == 0 for value in result.values)
    fatal = rule == "max_margin_ratio"
    return any(value > limit or (fatal and value == 1) for value in result.values)


def random_world(random: Random) -> World:
    """Some accounts of two coins, with positions cross and isolated."""
    marks = {"P": Fraction(random.randint(20_000, 90_000)), "E": Fraction(random.randint(1_000, 5_000))}
    marks["Q"] = marks["P"] + random.randint(-500, 500)
    balances = {
        "b": Fraction(random.randint(1, 500), 100),
        "h": Fraction(random.randint(1, 500), 100),
        "e": Fraction(random.randint(1, 5000), 100),
    }
    positions: list[Position] = []
    taken: set[tuple[object, ...]] = set()
    for number in range(random.randint(1, 5)):
        account = random.choice(["b", "h", "e"])
        contract = "E" if account == "e" else random.choice("PQ")
        side = random.choice([1, -1])
        isolated = random.random() < 0.3
        key = (account, contract, isolated, side) if account == "h" else (account, contract, isolated)
        if key in taken or (account != "h" and (account, contract, not isolated) in taken):
            continue
        taken.add(key)
        usd = Fraction(random.randint(1, 300) * 1_000 if contract != "E" else random.randint(1, 100) * 500)
        entry = Fraction(int(marks[contract] * random.randint(70, 130) / 100))
        leverage = Fraction(random.choice([1, 2, 3, 5, 10, 20]))
        stop = (
            None
            if random.random() < 0.2
            else Fraction(int(marks[contract] * (100 - side * random.randint(1, 30)) / 100))
        )
        rate = None if random.random() < 0.05 else Fraction(random.randint(-20, 20), 100_000)
        positions.append(
            Position(
                f"p{number}",
                account,
                contract,
                side,
                usd,
                usd / entry,
                usd / entry / leverage if isolated else None,
                rate,
                ((usd, entry, stop),),
            )
        )
    return World(balances, frozenset({"h"}), marks, tuple(positions))


def random_trade(random: Random, world: World) -> Trade:
    """A trade in one of the accounts: it adds, reduces, flips, or opens something."""
    account = random.choice(["b", "h", "e"])
    contract = "E" if account == "e" else random.choice("PQ")
    side = random.choice([1, -1])
    mark = world.marks[contract]
    fills = []
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        usd = random.choice([1, 5, 20, 50, 100, 200]) * (1_000 if contract != "E" else 500)
        price = Fraction(int(mark * random.randint(40, 160) / 100)) if random.random() < 0.6 else mark
        fills.append((usd, price))
    leverage = Fraction(random.choice([1, 2, 5, 10])) if random.random() < 0.3 else None
    stop = None if random.random() < 0.2 else Fraction(int(mark * (100 - side * random.randint(1, 60)) / 100))
    rate = None if random.random() < 0.05 else Fraction(random.randint(-20, 20), 100_000)
    given = Fraction(int(mark * random.randint(80, 120) / 100)) if random.random() < 0.3 else None
    return Trade(account, contract, side, tuple(fills), leverage, stop, rate, given)


def written(amount: Fraction) -> str:
    """A fraction as a plain decimal number."""
    scaled = amount * 10**18
    assert scaled.denominator == 1, amount
    sign, digits = "-" if scaled < 0 else "", str(abs(scaled.numerator)).rjust(19, "0")
    return f"{sign}{digits[:-18]}.{digits[-18:]}"


def file_of(world: World) -> str:
    """The world as a portfolio file."""
    lines = []
    for name, balance in world.balances.items():
        mode = "hedge" if name in world.hedged else "one-way"
        coin = "ETH" if name == "e" else "BTC"
        lines += [
            "[[accounts]]",
            f'name = "{name}"',
            f'currency = "{coin}"',
            f'balance = "{written(balance)}"',
            f'mode = "{mode}"',
        ]
    for p in world.positions:
        ((usd, entry, stop),) = p.lots
        lines += [
            "[[positions]]",
            f'name = "{p.name}"',
            f'account = "{p.account}"',
            f'instrument = "{p.contract}"',
            "contract_size = 1",
        ]
        lines += [f'side = "{"long" if p.side > 0 else "short"}"', f"contracts = {usd}", f"entry = {entry}"]
        lines += [f'mmr = "{written(MMR[p.contract])}"', f'mark = "{written(world.marks[p.contract])}"']
        lines += [f"leverage = {usd / entry / p.margin}"] if p.margin is not None else []
        lines += [f"stop = {stop}"] if stop is not None else []
        lines += [f'funding_rate = "{written(p.rate)}"'] if p.rate is not None else []
    return "\n".join(lines)


def options_of(trade: Trade) -> dict[str, object]:
    """The trade as options of `perpcalc check`."""
    made: dict[str, object] = {"account": trade.account, "instrument": trade.contract, "contract_size": 1}
    made |= {"side": "long" if trade.side > 0 else "short", "mmr": written(MMR[trade.contract])}
    if len(trade.fills) == 1:
        ((usd, price),) = trade.fills
        made |= {"contracts": usd, "entry": written(price)}
    else:
        made["order"] = [f"{usd}@{written(price)}" for usd, price in trade.fills]
    given = {"leverage": trade.leverage, "stop": trade.stop, "funding_rate": trade.rate, "mark": trade.mark}
    return made | {name: written(value) for name, value in given.items() if value is not None}


def question(random: Random) -> tuple[World, Trade | None, str | None]:
    """A world, a trade or none, and the account that is looked at."""
    world = random_world(random)
    if random.random() < 0.15 and world.positions:
        return world, None, random.choice([None, world.positions[0].account])
    trade = random_trade(random, world)
    if not any(p.contract == trade.contract for p in world.positions if p.account == trade.account):
        # a contract that the account does not hold moves nothing before it fills
        mark = trade.mark or world.marks[trade.contract]
        trade, world = replace(trade, mark=mark), replace(world, marks={**world.marks, trade.contract: mark})
    return world, trade, trade.account


def limit_for(random: Random, rule: str, result: Found | None) -> Fraction:
    """A limit, mostly the last one that is kept, or the first that is broken, to the 18th decimal."""
    limit = Fraction(random.randint(1, 100), 100)
    if result is not None and result.values and random.random() < 0.8:
        scaled = (min if rule.startswith("min") else max)(result.values) * 10**18
        limit = Fraction(random.choice([scaled.__floor__(), scaled.__ceil__(), int(scaled * 2)]), 10**18)
    if rule in ("max_leverage", "max_notional_usd"):
        return max(limit, Fraction(1, 10**18))
    return min(max(limit, Fraction(0)), 1 - Fraction(1, 10**18))
