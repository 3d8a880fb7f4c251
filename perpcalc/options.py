"""Every option of the program, once; the same names are flags, keys of a file or a line, and keywords of Python."""

from perpcalc import decimals, grammar
from perpcalc.errors import Key
from perpcalc.given import Excludes, Needs, Rule, exclusive, many, one, switch

FORMATS = ("table", "json", "csv")


POSITION_GROUP, RULES_GROUP, MARGIN_GROUP, OUTPUT_GROUP = "Position", "Venue and rules", "Margin", "Output"

SIDE = one("side", str, "SIDE", "long or short.", "s", choices=("long", "short"), group=POSITION_GROUP)
CONTRACTS = one("contracts", decimals.positive_amount, "N", "Size in contracts.", "n", group=POSITION_GROUP)
USD = one("usd", decimals.positive_amount, "AMOUNT", "Size in USD, rounded down to whole lots.", group=POSITION_GROUP)
COIN = one(
    "coin",
    decimals.positive_amount,
    "AMOUNT",
    "Size in coin, at the entry price (else the mark), rounded down to whole lots.",
    group=POSITION_GROUP,
)
FILL = many(
    "fill",
    grammar.fill,
    "CONTRACTS@PRICE",
    "An opening fill; may be repeated. Gives size and entry.",
    group=POSITION_GROUP,
)
ENTRY = one("entry", decimals.positive, "PRICE", "Entry price, USD per coin.", "e", group=POSITION_GROUP)
ENTRY_VALUE = one(
    "entry_value",
    decimals.positive_amount,
    "COIN",
    "What the position cost in coin, as the venue shows it: exact where its average entry price is rounded.",
    group=POSITION_GROUP,
)
VENUE = one(
    "venue",
    str,
    "NAME[@DATE]",
    "Take contract, fees, funding, margin and rounding from a venue, by its rules of a day.",
    "v",
    complete="venue",
    env="PERPCALC_VENUE",
    group=RULES_GROUP,
)
INSTRUMENT = one(
    "instrument",
    grammar.label,
    "NAME",
    "The venue's contract or a coin, as in ETH; by default its BTC perpetual.",
    "i",
    complete="instrument",
    group=RULES_GROUP,
)
CONTRACT_SIZE = one(
    "contract_size", decimals.positive, "USD", "USD per contract; 1 without a venue.", group=RULES_GROUP
)
CURRENCY = one("currency", grammar.coin, "COIN", "Settlement coin; BTC without a venue.", group=RULES_GROUP)
LEVERAGE = one(
    "leverage", decimals.leverage, "X", "Isolated margin: entry value / leverage, as in 10x.", "l", group=MARGIN_GROUP
)
MARGIN = one("margin", decimals.positive_amount, "COIN", "Isolated margin in coin.", group=MARGIN_GROUP)
EXTRA_MARGIN = one(
    "extra_margin", decimals.amount_from_zero, "COIN", "Isolated margin added to it, in coin.", group=MARGIN_GROUP
)
BALANCE = one(
    "balance", decimals.positive_amount, "COIN", "Cross margin: the wallet balance in coin.", group=MARGIN_GROUP
)
MMR = one(
    "mmr",
    decimals.rate_from_zero,
    "RATE",
    "Maintenance margin rate, as in 0.5%; replaces the venue's tiers.",
    group=RULES_GROUP,
)
DEDUCTION = one(
    "deduction", decimals.amount_from_zero, "COIN", "Maintenance deduction that goes with --mmr.", group=RULES_GROUP
)
MM_BASIS = one(
    "mm_basis",
    str,
    "BASIS",
    "The value maintenance applies to: entry or mark.",
    choices=("entry", "mark"),
    group=RULES_GROUP,
)
CLOSING_FEE = one(
    "closing_fee",
    decimals.charge_from_zero,
    "RATE",
    "Closing fee that counts into liquidation.",
    group=RULES_GROUP,
)

ACCOUNT = one("account", grammar.label, "NAME", "The account of the portfolio that is meant.", group=POSITION_GROUP)

SIZES = (CONTRACTS, USD, COIN, FILL)
WHICH_CONTRACT = (VENUE, INSTRUMENT, CONTRACT_SIZE, CURRENCY)
MARGINS = (LEVERAGE, MARGIN, EXTRA_MARGIN, BALANCE)
MARGIN_RULES = (MMR, DEDUCTION, MM_BASIS, CLOSING_FEE)
POSITION = (SIDE, *SIZES, ENTRY, ENTRY_VALUE, *WHICH_CONTRACT, *MARGINS, *MARGIN_RULES)
MARK = one("mark", decimals.positive, "PRICE", "Mark price, USD per coin.", "m", group=POSITION_GROUP)
PORTFOLIO = one(
    "portfolio",
    grammar.path,
    "FILE",
    "Answer for each position of a TOML portfolio; - reads stdin.",
    "p",
    complete="file",
    env="PERPCALC_PORTFOLIO",
    group=POSITION_GROUP,
)
POSITION_NAME = one(
    "position", grammar.label, "NAME", "The position of the portfolio that is meant.", group=POSITION_GROUP
)
ENTRY_FEE = one("entry_fee", grammar.fee, "FEE", "maker, taker or a rate; the venue's taker fee by default.")
EXIT_FEE = one("exit_fee", grammar.fee, "FEE", "maker, taker or a rate; the venue's taker fee by default.")
STOP = one("stop", decimals.positive, "PRICE", "Stop price.")
TARGET = one("target", decimals.positive, "PRICE", "Target price, for the reward/risk ratio.")
SLIPPAGE = one("slippage", decimals.rate_from_zero, "RATE", "Slippage at the exit, as a rate on the coin value there.")
VOL = one("vol", decimals.rate_from_zero, "RATE", "Yearly volatility, for the probability of a touch.")
HORIZON = one("horizon", decimals.duration, "DURATION", "The time in which it may be touched, as in 7d.")
MARK_INTERVAL = one(
    "mark_interval", decimals.duration, "DURATION", "Time between marks; corrects the probability for discrete marks."
)
TOUCH = (VOL, HORIZON, MARK_INTERVAL)
TOUCH_RULES: tuple[Rule, ...] = tuple(
    Needs(option, (other,), ("give both, as in ", Key("vol"), " 60% ", Key("horizon"), " 7d"))
    for option, other in ((VOL, HORIZON), (HORIZON, VOL), (MARK_INTERVAL, VOL))
)

EXIT = one("exit", decimals.positive, "PRICE", "Exit price, USD per coin.", "x")
FUNDING = one("funding", decimals.amount, "COIN", "Funding paid so far in coin, negative when received.")
TARGET_ROE = one("target_roe", decimals.rate, "RATE", "Find the price for this gross return on equity.")
TARGET_PNL = one("target_pnl", decimals.amount, "COIN", "Find the price for this net profit in coin.")

RATE = one("rate", decimals.charge, "RATE", "Funding rate per interval; a positive rate is paid by longs.")
COIN_RATE = one("coin_rate", decimals.number, "COIN", "Funding in coin per contract and interval, as Kraken prints it.")
PREMIUM = one("premium", decimals.charge, "RATE", "Average premium, from which the venue's rule makes the rate.")
SAMPLES = one("premium_samples", grammar.path, "FILE", "Premium samples, averaged as the venue does.", complete="file")
HISTORY = one(
    "history",
    grammar.path,
    "FILE",
    "Past funding as a venue, ccxt or a file of time,rate,mark has it, charged payment by payment.",
    complete="file",
)
INDEX = one("index", decimals.positive, "PRICE", "Index price: with --mark it gives the premium of this moment.")
FOR = one("for", decimals.duration, "DURATION", "How long it is held, as in 3d; one day by default.")
INTERVALS = one("intervals", decimals.count, "N", "How many payments.")
INTERVAL = one("interval", decimals.duration, "DURATION", "Time between payments; the venue's by default.")
FUNDING_RATE = one("funding_rate", decimals.charge, "RATE", "Funding rate of the position per interval.")

RISK = one("risk", decimals.rate, "RATE", "Risk as a share of the balance, as in 1%.")
RISK_COIN = one("risk_coin", decimals.positive_amount, "COIN", "Risk in coin.")
RISK_USD = one("risk_usd", decimals.positive_amount, "AMOUNT", "Risk in USD, valued at the stop.")
MAX_OPEN = switch(
    "max_open", "The most that the balance opens at --leverage, by what the venue reserves; no stop needed."
)
MAX_LEVERAGE = one(
    "max_leverage",
    decimals.leverage,
    "X",
    "Largest position value / balance; the contract's maximum by default.",
)
BUFFER = one("buffer", decimals.rate_from_zero, "RATE", "How far beyond the stop liquidation must stay; 0 by default.")

LIQUIDATION_FEE = one(
    "liquidation_fee",
    decimals.charge_from_zero,
    "RATE",
    "Liquidation fee on the value there; what is left of the margin is returned.",
)
BOOK = one("book", grammar.path, "FILE", "An order book, as a venue or ccxt writes it, to close into.", complete="file")
DEPTH_FACTOR = one("depth_factor", decimals.rate_from_zero, "RATE", "The share of each level of the book that counts.")

HOLDING = one("holding", decimals.amount, "COIN", "The coins to hedge; negative for a short delta.")
PRICE = one("price", decimals.positive, "PRICE", "Price to hedge at, USD per coin.")
RATIO = one("ratio", decimals.rate, "RATE", "Share of the coins to hedge; 100% by default.")

COLLATERAL = one(
    "collateral", decimals.amount_from_zero, "COIN", "Coins that count as collateral; the margin by default."
)

POWER = one("power", decimals.number, "P", "The power of the index: 2, 0.5, -1; 1 is a plain perpetual.")
INTEREST = one(
    "interest", decimals.rate, "RATE", "Yearly interest rate of USD, compounded at every moment; 0 by default."
)
FUNDING_PERIOD = one(
    "funding_period", decimals.duration, "DURATION", "The time in which longs pay mark - index^p once; 1d by default."
)
PERIODS = one("periods", decimals.count, "N", "In how many payments they pay it; 1 by default.")
UNITS = one("units", decimals.positive_amount, "N", "Units sold short, for the price that liquidates them.")
COLLATERAL_RATIO = one(
    "collateral_ratio", grammar.multiple, "RATIO", "Collateral / debt at which a short is liquidated; 150% by default."
)

MOVES = one("moves", grammar.moves, "RATES", "Moves of the price with commas between them, as in -50%,-20%,10%.")
FROM = one("from", grammar.move, "RATE", "The first of evenly spaced moves.")
TO = one("to", grammar.move, "RATE", "The last of evenly spaced moves.")
STEPS = one("steps", decimals.count, "N", "How many evenly spaced moves, the first and the last included.")
MOVE = many(
    "move", grammar.coin_move, "COIN=RATE", "Move one coin and leave the others; may be repeated: one scenario."
)
BETA = many("beta", grammar.beta, "COIN=X", "How far a coin moves for a common move of 1; may be repeated.")
SCENARIO = one("scenario", str, "NAME", "A day of the past; list names them all.")
CHART = switch("chart", "Draw a chart below the table.")
SVG = one("svg", grammar.path, "FILE", "Write the chart as an SVG picture; - is standard output.", complete="file")

LIMITS = one("limits", grammar.path, "FILE", "A TOML file of limits, in [limits] or at its top level.", complete="file")

LIQUIDATION = one("liquidation", decimals.positive, "PRICE", "The liquidation price to reach.")
MARGIN_RATIO = one("margin_ratio", decimals.rate_from_zero, "RATE", "The margin ratio to reach, as in 80%.")
AVERAGE = one("average", decimals.positive, "PRICE", "The average entry price to reach.")
AT = one("at", decimals.positive, "PRICE", "The price of the fill.")
EQUITY = one("equity", decimals.amount, "COIN", "The equity to reach, in coin.")
EQUITY_USD = one("equity_usd", decimals.amount, "AMOUNT", "The equity to reach, in USD.")

ORDER = many("order", grammar.fill, "CONTRACTS@PRICE", "An order to open; may be repeated, filled in the order given.")
TAKE = many(
    "take", grammar.take, "CONTRACTS@PRICE", "A target that closes contracts, or N%, at a price; may be repeated."
)

MARKS = many(
    "marks", grammar.coin_file, "[COIN=]FILE", "Candles of the mark price; repeated for several coins.", complete="file"
)
HISTORIES = many(
    "history", grammar.coin_file, "[COIN=]FILE", "Past funding; repeated for several coins.", complete="file"
)
START = one("start", grammar.time, "TIME", "The first moment, as in 2025-10-10T08:00Z; the first bar by default.")
END = one("end", grammar.time, "TIME", "The last moment; the end of the last bar by default.")
FILE = one(
    "file",
    grammar.path,
    "FILE",
    "Your trades, as a venue or ccxt writes them; - reads stdin.",
    complete="file",
    argument=True,
)
FUNDING_FILE = one(
    "funding",
    grammar.path,
    "FILE",
    "What funding cost: payments that the venue booked, or the rates of the time.",
    complete="file",
)
HEDGE = switch("hedge", "Keep long and short apart, as an account in hedge mode does.")
LINEAR = one("linear", grammar.coin, "COIN", "A linear leg: coins of this one, settled in another.")
SETTLE = one("settle", grammar.coin, "COIN", "What a linear leg is settled in, as in USDT.")
EXPIRES = one("expires", grammar.day, "DATE", "The day on which a dated contract is settled; it has no funding.")
INTO = one("into", grammar.path, "FILE", "The portfolio to write to.", complete="file")

EXACT = switch("exact", "Do not round as the venue does.", group=OUTPUT_GROUP)
FORMAT = one(
    "format", str, "FORMAT", "table, json or csv.", "f", choices=FORMATS, env="PERPCALC_FORMAT", group=OUTPUT_GROUP
)
JSON = switch("json", "Short for --format json.", group=OUTPUT_GROUP)
FIELD = many(
    "field", grammar.fields, "NAME", "Print bare values: one per row, or several with tabs between.", group=OUTPUT_GROUP
)
EXPLAIN = switch("explain", "Show each result with its formula, numbers and source.", group=OUTPUT_GROUP)
TOTAL = switch("total", "Print the sums instead of the rows: one per currency and one in USD.", group=OUTPUT_GROUP)
QUIET = switch("quiet", "Leave out notes.", "q", group=OUTPUT_GROUP)
WIDE = switch("wide", "Show every column, however wide.", "w", group=OUTPUT_GROUP)
PRINTED = (FORMAT, JSON, FIELD, QUIET, WIDE)
OUTPUT = (FORMAT, JSON, FIELD, EXPLAIN, EXACT, QUIET, WIDE)

POSITION_RULES: tuple[Rule, ...] = (
    *exclusive(CONTRACTS, USD, COIN, FILL, remedy="give the size once"),
    Excludes(ENTRY, (FILL,)),
    Excludes(ENTRY_VALUE, (ENTRY, FILL, COIN)),
    Excludes(LEVERAGE, (MARGIN,)),
    Excludes(BALANCE, (MARGIN,)),
    Excludes(EXTRA_MARGIN, (BALANCE,), "a cross position has the whole balance"),
    Needs(EXTRA_MARGIN, (LEVERAGE, MARGIN), "it is added to an isolated margin"),
    Needs(DEDUCTION, (MMR,), "a deduction goes with the rate it belongs to"),
    Needs(INSTRUMENT, (VENUE, CONTRACT_SIZE), "name the venue that lists it", unless=(ACCOUNT,)),
    Needs(TOTAL, (PORTFOLIO,), "it sums up the positions of one"),
)

POSITION_KEYS = (
    SIDE,
    CONTRACTS,
    USD,
    COIN,
    FILL,
    ENTRY,
    ENTRY_VALUE,
    VENUE,
    INSTRUMENT,
    CURRENCY,
    CONTRACT_SIZE,
    LEVERAGE,
    MARGIN,
    EXTRA_MARGIN,
    MARK,
    STOP,
    TARGET,
    FUNDING_RATE,
    FUNDING,
    ENTRY_FEE,
    EXIT_FEE,
    *MARGIN_RULES,
    EXPIRES,
    LINEAR,
    SETTLE,
)
"""The keys of a position in a portfolio beside its name and its account; there `fill` is a list of tables, `fills`."""
