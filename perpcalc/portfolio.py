"""The TOML portfolio: its schema, and loading one that may be wrong."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError

from perpcalc import decimals
from perpcalc.errors import PerpcalcError, suggestion
from perpcalc.files import read, toml
from perpcalc.render.text import printable

LONGEST_NAME = 64


def _number(parse: Callable[[str], Decimal]) -> Callable[[Any], Decimal]:
    """A reader of a TOML value: a number, or the text of one."""

    def read(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise PerpcalcError(f"{_named(value)} is not a number", "write digits, as in 62500")
        return parse(value if isinstance(value, str) else str(decimals.whole(value)))

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PerpcalcError(f"{_named(value)} is not a text", "write it in quotes")
    if not value:
        raise PerpcalcError("the text is empty", "write one, or leave the key out")
    if len(value) > LONGEST_NAME:
        raise PerpcalcError(f"the text is {len(value)} characters long", f"use at most {LONGEST_NAME}")
    return value


def _coin(value: Any) -> str:
    name = _text(value)
    if not (name.isascii() and name.isalnum()):
        raise PerpcalcError(f"{name!a} is not a coin", "give its letters, as in BTC")
    return name.upper()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PerpcalcError(f"{_named(value)} is not a yes or no", "write true or false")
    return value


def _fee(value: Any) -> Decimal | str:
    return value if value in ("maker", "taker") else _number(decimals.rate)(value)


Text = Annotated[str, PlainValidator(_text)]
Coin = Annotated[str, PlainValidator(_coin)]
Flag = Annotated[bool, PlainValidator(_flag)]
Price = Annotated[Decimal, PlainValidator(_number(decimals.positive))]
Amount = Annotated[Decimal, PlainValidator(_number(decimals.amount))]
Positive = Annotated[Decimal, PlainValidator(_number(decimals.positive_amount))]
FromZero = Annotated[Decimal, PlainValidator(_number(decimals.amount_from_zero))]
Rate = Annotated[Decimal, PlainValidator(_number(decimals.rate))]
RateFromZero = Annotated[Decimal, PlainValidator(_number(decimals.rate_from_zero))]
Duration = Annotated[Decimal, PlainValidator(_number(decimals.duration))]
Fee = Annotated[Decimal | str, PlainValidator(_fee)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FillEntry(_Table):
    """An opening fill."""

    contracts: Positive
    price: Price


class AccountEntry(_Table):
    """One coin wallet at one venue; cross positions share its balance."""

    name: Text
    balance: FromZero
    venue: Text | None = None
    currency: Coin = "BTC"


class PositionEntry(_Table):
    """A position: cross in its account, unless leverage or margin makes it isolated."""

    name: Text
    side: Literal["long", "short"]
    account: Text | None = None
    venue: Text | None = None
    currency: Coin | None = None
    instrument: Text | None = None
    contracts: Positive | None = None
    usd: Positive | None = None
    coin: Positive | None = None
    fills: list[FillEntry] | None = None
    entry: Price | None = None
    leverage: Price | None = None
    margin: Positive | None = None
    extra_margin: FromZero | None = None
    mark: Price | None = None
    stop: Price | None = None
    target: Price | None = None
    funding_rate: Rate | None = None
    funding: Amount | None = None
    entry_fee: Fee | None = None
    exit_fee: Fee | None = None
    mmr: RateFromZero | None = None
    deduction: FromZero | None = None
    mm_basis: Literal["entry", "mark"] | None = None
    closing_fee: RateFromZero | None = None


class Limits(_Table):
    """What a position or an account may not exceed."""

    max_leverage: Price | None = None
    min_liquidation_distance: RateFromZero | None = None
    max_loss_at_stop: RateFromZero | None = None
    max_funding_per_day: RateFromZero | None = None
    stop_before_liquidation: Flag | None = None
    require_stop: Flag | None = None
    max_notional_usd: Positive | None = None
    max_touch_probability: RateFromZero | None = None
    vol: RateFromZero | None = None
    horizon: Duration | None = None


class Portfolio(_Table):
    """A whole file: prices per coin, accounts, positions, limits."""

    prices: dict[Coin, Price] = {}
    accounts: list[AccountEntry] = []
    positions: list[PositionEntry] = []
    limits: Limits = Limits()

    def account(self, name: str) -> AccountEntry:
        """The account of this name; raises PerpcalcError where there is none."""
        for account in self.accounts:
            if account.name == name:
                return account
        known = [account.name for account in self.accounts]
        raise PerpcalcError(
            f"there is no account {name!r}", f"give {suggestion(name, known) if known else 'the name of one'}"
        )


def load(path: str) -> Portfolio:
    """The portfolio in a file, or on standard input for `-`; raises PerpcalcError naming file, entry, key and value."""
    source = read(path)
    return parse(source.raw, source.where)


def load_limits(path: str) -> Limits:
    """The limits in a file: those of its [limits] table, else its own keys."""
    source = read(path)
    try:
        tables = toml(source.raw)
        return _checked(tables if "limits" in tables else {"limits": tables}).limits
    except PerpcalcError as error:
        raise error.at(source.where) from None


def parse(raw: bytes, where: str) -> Portfolio:
    """The portfolio that the bytes of a file hold."""
    try:
        return _checked(toml(raw))
    except PerpcalcError as error:
        raise error.at(where) from None


def _checked(tables: Mapping[str, Any]) -> Portfolio:
    try:
        portfolio = Portfolio.model_validate(tables)
    except ValidationError as error:
        raise _first(error, tables) from None
    if len(portfolio.prices) < len(tables.get("prices", ())):
        raise PerpcalcError("a coin has two prices, in letters of different case", "leave one out").at("prices")
    _unique("account", [account.name for account in portfolio.accounts])
    _unique("position", [position.name for position in portfolio.positions])
    accounts = {account.name for account in portfolio.accounts}
    for number, position in enumerate(portfolio.positions, 1):
        if position.account is None:
            continue
        where = entry_place("position", number, position.name)
        if position.account not in accounts:
            close = suggestion(position.account, accounts) if accounts else "one that [[accounts]] defines"
            raise PerpcalcError(f"there is no account {position.account!r}", f"give {close}").at(f"{where}, account")
        for key in ("venue", "currency"):
            if getattr(position, key) is not None:
                raise PerpcalcError("excludes account, which has its own", "leave one out").at(f"{where}, {key}")
    return portfolio


def entry_place(kind: str, number: int, name: object) -> str:
    """Where an entry stands, for an error: its number and its name."""
    return f"{kind} {number}" + (f" ({printable(name[:LONGEST_NAME])})" if isinstance(name, str) else "")


def _unique(kind: str, names: list[str]) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in seen:
            first = seen[name]
            raise PerpcalcError(f"{kind} {first} has the same name", "give each its own").at(
                entry_place(kind, number, name)
            )
        seen[name] = number


KINDS = {"accounts": "account", "positions": "position", "fills": "fill"}
MODELS: Mapping[str, type[BaseModel]] = {
    "accounts": AccountEntry,
    "positions": PositionEntry,
    "fills": FillEntry,
    "limits": Limits,
}


def _first(error: ValidationError, tables: Mapping[str, Any]) -> PerpcalcError:
    """The first thing that is wrong, in our words."""
    first = error.errors(include_url=False)[0]
    places: list[str] = []
    node: Any = tables
    model: type[BaseModel] = Portfolio
    for part in first["loc"]:
        if isinstance(part, int):
            node = node[part] if isinstance(node, list) and part < len(node) else None
            name = node.get("name") if isinstance(node, dict) else None
            places[-1] = entry_place(KINDS.get(places[-1], places[-1]), part + 1, name)
        elif part != "[key]":
            node = node.get(part) if isinstance(node, dict) else None
            model = MODELS.get(part, model)
            places.append(part)
    where = ", ".join(printable(place) for place in places)
    return PerpcalcError(_message(first, node, model)).at(where)


def _message(first: Any, value: Any, model: type[BaseModel]) -> str:
    kind = first["type"]
    if kind == "value_error":
        return str(first["ctx"]["error"])
    if kind == "extra_forbidden":
        return f"unknown key: did you mean {suggestion(str(first['loc'][-1]), model.model_fields)}?"
    if kind == "missing":
        return "the key is missing: write it"
    if kind == "literal_error":
        return f"{_named(value)} is not known: give {first['ctx']['expected'].replace(chr(39), '')}"
    if kind == "list_type":
        key = first["loc"][-1]
        shape = "fills = [{contracts = 300, price = 61_000}]" if key == "fills" else f"[[{key}]]"
        return f"{_named(value)} is not a list of tables: write {shape}"
    if kind in ("model_type", "dict_type"):
        key = first["loc"][-1]
        shape = "in braces, as in {key = 1}" if isinstance(key, int) else f"below [{key}]"
        return f"{_named(value)} is not a table: write its keys {shape}"
    return f"{_named(value)} does not fit: see the README's portfolio section"  # pragma: no cover - for kinds of a later pydantic


def _named(value: Any) -> str:
    """A TOML value as it is named in an error."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        shown = ascii(value) if isinstance(value, str) else str(value) if abs(value) < 10**40 else "the integer"
        return shown if len(shown) <= 42 else shown[:39] + "..."
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else "a date or time"
