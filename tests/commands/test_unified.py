"""Accounts of several coins through the commands: golden cases, figures that venues printed, and what is in no account."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from core import twin
from inside import Run

from commands.accounts import UNIFIED

# derived by hand, exact; one USDT is one USD
PRICES = "[prices]\nBTC = 100_000\nETH = 4_000\n"
ACCOUNT = """
[[accounts]]
name = "uta"
margin = "unified"
weights = "{weights}"
condition = "{condition}"
balances = {{ {balances} }}
weights_of = {{ {ratios} }}
"""
POSITION = """
[[positions]]
name = "{currency} {side}"
account = "uta"
currency = "{currency}"
side = "{side}"
usd = "{usd}"
entry = {entry}
mmr = "{mmr}"
"""
LEG = """
[[positions]]
name = "leg"
account = "uta"
linear = "BTC"
settle = "USDT"
side = "short"
coin = 0.5
entry = 100_000
mmr = "0.5%"
"""
LONG = POSITION.format(currency="BTC", side="long", usd="100k", entry=100_000, mmr="0.5%")
SHORT = POSITION.format(currency="BTC", side="short", usd="300k", entry=100_000, mmr="0.5%")
ETHER = POSITION.format(currency="ETH", side="short", usd="20k", entry=4_000, mmr="1%")
LARGE = POSITION.format(currency="BTC", side="long", usd="1m", entry=100_000, mmr="0.5%")
BANDS = 'BTC = [[10, "98%"], [20, "95%"], [30, "90%"], [40, "85%"], [50, "80%"]]'
BTC98 = 'BTC = "98%"'
GOLDEN = [
    ("BTC = 1", "", "100%", LONG, 50_250, 50_250),
    ("BTC = 1, USDT = 20_000", BTC98, "100%", LONG, 40_250, Fraction(4_025_000, 99)),
    ("BTC = 1", BTC98, "100%", LONG, Fraction(2_462_500, 49), Fraction(1_675_000, 33)),
    ("BTC = 1, USDT = 20_000", BTC98, "100%", SHORT, 159_250, Fraction(15_925_000, 101)),
    ("BTC = 1, USDT = 0", BTC98, "100%", LONG + LEG, Fraction(20_200_000, 599), Fraction(20_200_000, 591)),
    ("BTC = 1", 'BTC = "95%"', "105%", LONG, Fraction(955_250, 19), None),
    ("BTC = 1", BTC98, "100%", LONG + 'closing_fee = "0.05%"\n', Fraction(2_463_750, 49), None),
    ("BTC = 1, ETH = 10, USDT = -30_000", BTC98 + ', ETH = "97%"', "100%", LONG + ETHER, 45_950, Fraction(4_595_000, 99)),
    ("BTC = 25, USDT = -500_000", BANDS, "100%", LARGE, Fraction(29_100_000, 671), Fraction(7_525_000, 169)),
]  # fmt: skip


def golden(number: int, weights: str = "equity") -> str:
    balances, ratios, condition, positions = GOLDEN[number][:4]
    return PRICES + ACCOUNT.format(weights=weights, condition=condition, balances=balances, ratios=ratios) + positions


def rows(run: Run, command: str, text: str, *arguments: str) -> list[dict[str, Any]]:
    answer = run(*command.split(), "-p", "-", *arguments, "--json", "--quiet", stdin=text)
    assert answer.status in ((0, 1) if command == "check" else (0,)), answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


class TestGoldenCases:
    @pytest.mark.parametrize(
        ("number", "weights", "price"),
        [
            (number, weights, price)
            for number, case in enumerate(GOLDEN)
            for weights, price in zip(("equity", "balance"), case[4:], strict=True)
            if price is not None
        ],
    )
    def test_liq_price_names_the_price_at_which_the_account_dies(
        self, run: Run, number: int, weights: str, price: Fraction
    ) -> None:
        first = rows(run, "liq-price", golden(number, weights))[0]
        assert first["liquidation_price"] == twin.printed(price)
        assert first["margin_mode"] == "unified"

    def test_a_leg_dies_with_its_account(self, run: Run) -> None:
        leg = rows(run, "liq-price", golden(4))[1]
        assert leg["liquidation_price"] == twin.printed(Fraction(20_200_000, 599))

    def test_each_leg_of_an_account_dies_at_a_price_of_its_own(self, run: Run) -> None:
        ether = LEG.replace('"leg"', '"ether"').replace('"BTC"', '"ETH"').replace("short", "long")
        legs = LEG + ether.replace("0.5\n", "5\n").replace("100_000", "4_000")
        found = rows(run, "liq-price", golden(0).replace("BTC = 1 }", "USDT = 10_000 }").replace(LONG, legs))
        # 10,000 + 0.5 (100,000 - p) against 0.005 (20,000 + 0.5 p), and 10,000 + 5 (p - 4,000) against 0.005 (50,000 + 5 p)
        prices = [Fraction(59_900, 1) / Fraction("0.5025"), Fraction(10_250, 1) / Fraction("4.975")]
        assert [row["liquidation_price"] for row in found] == list(map(twin.printed, prices))

    @pytest.mark.parametrize(
        ("arguments", "down"),
        [((), Fraction(-1061, 2154)), (("--beta", "ETH=1.4"), Fraction(-5305, 11158))],
    )
    def test_status_names_the_common_move_that_liquidates(self, run: Run, arguments: Any, down: Fraction) -> None:
        (row,) = rows(run, "status", golden(7), *arguments)
        assert (row["down"], row["up"]) == (twin.printed(down), None)
        assert (row["equity"], row["maintenance_margin"]) == ("110000", "700")
        assert row["margin_ratio"] == twin.printed(Fraction(700, 106_800))

    def test_one_that_no_price_liquidates_says_so(self, run: Run) -> None:
        ether = rows(run, "liq-price", golden(7))[1]
        assert ether["liquidation_price"] is None
        assert ether["reason"] == "never: with the other prices as they are no price of ETH liquidates the account"

    def test_stress_at_the_liquidating_move_is_death_and_a_little_less_is_not(self, run: Run) -> None:
        dead, alive = rows(run, "stress", golden(1), "--moves", "-59.75%,-59.74%")
        assert (dead["status"], dead["margin_ratio"]) == ("liquidated", "1")
        assert alive["status"] == "ok"
        assert alive["equity"] == twin.printed(2 * Fraction(40_260) - 100_000 + 20_000)

    def test_solve_goes_back_to_the_price(self, run: Run) -> None:
        below, above = rows(run, "solve price", golden(1), "--position", "BTC long", "--margin-ratio", "100%")
        assert below["value"] == "40250"
        assert above["value"] is None


# Figures that venues printed, of accounts whose only position is made to show their profit and maintenance margin
USDT_ACCOUNT = """
[prices]
BTC = "{price}"
USDT = "{usdt}"
[[accounts]]
name = "uta"
venue = "{venue}"
margin = "unified"
balances = {{ USDT = "{wallet}" }}
[[positions]]
name = "all"
account = "uta"
linear = "BTC"
settle = "USDT"
side = "long"
coin = 1
entry = "{entry}"
mmr = "1%"
"""


def usdt_account(venue: str, wallet: str, profit: str, maintenance: str, usdt: str = "1") -> str:
    """A leg of one coin at 1 %, whose mark is a hundred times the maintenance margin."""
    mark = Decimal(maintenance) * 100
    entry = mark - Decimal(profit)
    return USDT_ACCOUNT.format(price=mark * Decimal(usdt), usdt=usdt, venue=venue, wallet=wallet, entry=entry)


# printed rates of Bybit are cut to 4 decimals, its amounts to 8
@pytest.mark.parametrize(
    ("wallet", "profit", "maintenance", "usdt", "equity", "rate"),
    [
        ("277.2839764", "-8.42982293", "3.40037165", "1", "268.85415347", "0.0126"),  # pybit user, 2024-10-03
        ("12840.4045924", "-2.62129051", "39.42876721", "1", "12837.78330189", "0.003"),  # Bybit sample, 1672364262482
        ("95.49571699", "-36.34620293", "1.18454802", "1", "59.14951406", "0.02"),  # test file, 2026-03-29
        ("1068.5964513", "-1.46933442", "6.02648343", "1", "1067.12711688", "0.0056"),  # test file, 2024
        ("10253.85623978", "-655.94738253", "36.54066959", "0.999497", "9593.08110909", "0.0038"),  # 2024-01-20
    ],
)
def test_bybit_prints_the_same_margin_balance_and_rate(
    run: Run, wallet: str, profit: str, maintenance: str, usdt: str, equity: str, rate: str
) -> None:
    (row,) = rows(run, "status", usdt_account("bybit", wallet, profit, maintenance, usdt))
    assert row["equity"][: len(equity)] == equity
    assert Decimal(row["margin_ratio"]).quantize(Decimal("0.0001"), "ROUND_FLOOR") == Decimal(rate)


def test_binance_prints_the_inverse_of_the_ratio_over_its_condition(run: Run) -> None:
    # account API sample: equity 122607.35137903, maintenance 23.72469206, uniMMR 5167.92171923; liquidated at 105 %
    (row,) = rows(run, "status", usdt_account("binance", "122607.35137903", "0", "23.72469206"))
    assert row["margin_ratio"] == twin.printed(
        Fraction(105, 100) * Fraction("23.72469206") / Fraction("122607.35137903")
    )


def test_okx_divides_by_maintenance_and_liquidation_fee(run: Run) -> None:
    # balance sample 1705474164160: adjEq 55415.624719833286, mmr 0.4 % and fee 0.05 % of 85.7068529, mgnRatio 143682.5977...
    text = usdt_account("okx", "55415.624719833286", "0", "0.3856808380500000")
    (row,) = rows(run, "status", text)
    assert 1 / Fraction(row["margin_ratio"]) == pytest.approx(Fraction("143682.59776662575"), rel=1e-12)


# Legs and coins in no account

OUTSIDE = """
[prices]
BTC = 100_000

[[accounts]]
name = "wallet"
balance = 1

[[positions]]
name = "leg"
linear = "BTC"
settle = "USDT"
side = "short"
coin = 0.5
entry = 99_000

[[holdings]]
coin = "BTC"
amount = 2
"""


def test_a_contract_with_a_mark_of_its_own_is_worth_that(run: Run) -> None:
    position = POSITION.format(currency="BTC", side="long", usd="66k", entry=60_000, mmr="1%") + "mark = 66_000\n"
    text = PRICES.replace("100_000", "60_000") + ACCOUNT.format(
        weights="equity", condition="100%", balances="BTC = 1", ratios=""
    )
    (row,) = rows(run, "status", text + position)
    # 1.1 coins at entry, 1 now
    assert row["equity"] == "66000"


def test_a_leg_with_a_mark_of_its_own_is_worth_that_in_what_it_is_settled_in(run: Run) -> None:
    text = OUTSIDE.replace("BTC = 100_000", "BTC = 100_000\nUSDT = 0.9").replace("99_000", "99_000\nmark = 110_000")
    (leg,) = rows(run, "liq-price", text)
    assert (leg["mark_price"], leg["notional_usd"]) == ("110000", "49500")
    assert rows(run, "pnl", text)[0]["net_pnl_usd"] == "-4950"


def test_a_file_of_weights_that_cannot_be_read_is_named_with_its_account(run: Run) -> None:
    text = golden(0).replace("weights_of = {  }", 'weights_file = "none.json"')
    answer = run("liq-price", "-p", "-", stdin=text)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: standard input: account 1 (uta), none.json: No such file or directory")


def test_a_ratio_of_a_coin_that_is_not_held_is_said_where_it_was_written(run: Run, tmp_path: Path) -> None:
    note = "perpcalc: note: account uta: weights_of has SOL, which the account does not hold\n"
    written = golden(0).replace("{  }", '{ BTC = "95%", SOL = "80%" }')
    assert note in run("liq-price", "-p", "-", stdin=written).stderr
    ratios = [{"asset": "BTC", "collateralRate": "0.95"}, {"asset": "SOL", "collateralRate": "0.8"}]
    (tmp_path / "ratios.json").write_text(json.dumps(ratios))
    found = run("liq-price", "-p", "-", stdin=golden(0).replace("weights_of = {  }", 'weights_file = "ratios.json"'))
    assert found.status == 0
    assert "SOL" not in found.stderr


def test_beyond_the_only_band_of_a_coin_nothing_counts(run: Run) -> None:
    text = golden(0).replace("BTC = 1 }", "BTC = 10 }").replace("{  }", '{ BTC = [[4, "90%"]] }')
    (row,) = rows(run, "status", text)
    # 0.5 % of 100,000 USD over 90 % of 4 coins
    assert row["margin_ratio"] == twin.printed(Fraction(500, 360_000))


def test_a_file_of_weights_is_never_standard_input(run: Run) -> None:
    text = golden(0).replace("weights_of = {  }", 'weights_file = "-"')
    answer = run("liq-price", "-p", "-", stdin=text)
    assert (answer.stdout, answer.status) == ("", 2)
    assert "standard input: holds the questions: give the name of a file" in answer.stderr


def test_a_deduction_lowers_the_maintenance_margin_of_a_leg(run: Run) -> None:
    before, after = (rows(run, "status", golden(4) + more)[0] for more in ("", "deduction = 100\n"))
    assert (before["maintenance_margin"], after["maintenance_margin"]) == ("750", "650")


def test_each_of_several_legs_dies_at_a_price_of_its_own_coin(run: Run) -> None:
    prices = {"BTC": 64_000, "ETH": 3_000, "SOL": 150}
    book = "[prices]\n" + "".join(f"{coin} = {price}\n" for coin, price in prices.items())
    book += '[[accounts]]\nname = "uta"\nmargin = "unified"\nbalances = { USDT = 50_000 }\n'
    for coin, price in prices.items():
        leg = LEG.replace('"leg"', f'"{coin}"').replace('"BTC"', f'"{coin}"').replace("coin = 0.5", "coin = 1")
        book += leg.replace("100_000", str(price))
    # 50,000 of equity over 0.5 % of what the others are worth and 1.005 of its own price
    asked_for = {coin: Fraction(sum(prices.values()) - price, 200) for coin, price in prices.items()}
    assert {row["name"]: row["liquidation_price"] for row in rows(run, "liq-price", book)} == {
        coin: twin.printed((50_000 + price - asked_for[coin]) * Fraction(200, 201)) for coin, price in prices.items()
    }


def test_a_leg_that_is_settled_in_what_has_no_price_is_worth_what_nobody_knows(run: Run) -> None:
    leg = '[[positions]]\nname = "leg"\nlinear = "ETH"\nsettle = "XUSD"\nside = "long"\ncoin = 2\nentry = 3_000\n'
    totals = rows(run, "stress", "[prices]\nETH = 3_000\n" + leg, "--moves=-10%", "--total")
    assert [row["equity_usd"] for row in totals] == [None]


def test_without_a_price_a_leg_outside_is_counted_all_the_same(run: Run) -> None:
    leg = '[[positions]]\nname = "leg"\nlinear = "ETH"\nsettle = "USDT"\nside = "long"\ncoin = 2\nentry = 3_000\n'
    assert [row["positions"] for row in rows(run, "status", leg, "--total")] == ["0", "1", "1"]
    assert [row["equity"] for row in rows(run, "status", leg, "--total")] == ["0", None, None]


class TestOutsideAnyAccount:
    def test_a_leg_and_coins_count_in_the_sums_of_status(self, run: Run) -> None:
        btc, usdt, usd = rows(run, "status", OUTSIDE, "--total")
        assert (btc["currency"], btc["equity"], btc["delta"]) == ("BTC", "3", "2.5")
        assert (usdt["currency"], usdt["equity"], usdt["equity_usd"]) == ("USDT", "-500", "-500")
        assert (usd["equity_usd"], usd["positions"]) == ("299500", "1")

    def test_they_move_with_their_coin_in_stress(self, run: Run) -> None:
        totals = rows(run, "stress", OUTSIDE, "--moves", "-20%,0%", "--total")
        assert [row["equity_usd"] for row in totals] == ["249500", "299500"]
        (alone,) = rows(run, "stress", OUTSIDE, "--move", "BTC=-20%", "--total")
        assert alone["equity_usd"] == "249500"

    def test_a_leg_stands_in_greeks_and_pnl(self, run: Run) -> None:
        leg = rows(run, "greeks", OUTSIDE)[0]
        assert (leg["frame"], leg["value"], leg["delta"]) == ("usd", "-500", "-0.5")
        assert rows(run, "pnl", OUTSIDE)[0]["net_pnl_usd"] == "-500"

    def test_it_is_not_liquidated_with_anything(self, run: Run) -> None:
        (leg,) = rows(run, "liq-price", OUTSIDE)
        assert leg["liquidation_price"] is None
        assert leg["reason"].startswith("no account of several coins stands behind the leg")

    @pytest.mark.parametrize("command", ["status", "stress", "greeks"])
    def test_without_a_price_the_sums_are_not_known(self, run: Run, command: str) -> None:
        more = '\n[[holdings]]\ncoin = "ETH"\namount = 1\n'
        last = rows(run, command, OUTSIDE + more, "--total")[-1]
        assert last["value" if command == "greeks" else "equity_usd"] is None
        leg = OUTSIDE.replace('linear = "BTC"', 'linear = "ETH"')
        last = rows(run, command, leg, "--total")[-1]
        assert last["value" if command == "greeks" else "equity_usd"] is None


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("leverage = 10", "leverage: is not of a linear leg: leave it out"),
        ("contracts = 5", "contracts: is not of a linear leg: leave it out"),
        ('closing_fee = "0.05%"', "closing_fee: is not of a linear leg: add it to mmr"),
    ],
)
def test_what_a_leg_would_not_heed_is_refused(run: Run, key: str, message: str) -> None:
    answer = run("status", "-p", "-", stdin=UNIFIED + key)
    assert (answer.status, answer.stdout) == (2, "")
    assert message in answer.stderr


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        (("liq-cost",), "ask liq-price where it falls, stress what is left of it"),
        (("funding-cost", "--rate", "0.01%"), "take the total from its balance of BTC and ask status or liq-price"),
    ],
)
def test_what_is_of_wallets_of_one_coin_says_so(run: Run, command: tuple[str, ...], instead: str) -> None:
    name, *arguments = command
    first = rows(run, name, UNIFIED, *arguments)[0]
    assert first["liquidation_price"] is None
    assert first["reason"] == f"the account holds several coins, which no wallet of one coin stands for: {instead}"


def test_pnl_knows_where_the_account_dies(run: Run) -> None:
    profit, where = rows(run, "pnl", UNIFIED)[0], rows(run, "liq-price", UNIFIED)[0]
    assert (profit["liquidation_price"], profit["liquidated"]) == (where["liquidation_price"], False)
    assert rows(run, "pnl", UNIFIED.replace("BTC = 100_000", "BTC = 20_000"))[0]["liquidated"] is True


def test_a_scenario_that_lacks_a_coin_names_it(run: Run) -> None:
    text = UNIFIED.replace("ETH = 4_000", "ETH = 4_000\nDOGE = 1").replace("BTC = 1, ETH", "DOGE = 5, BTC = 1, ETH")
    (row,) = rows(run, "stress", text, "--scenario", "2020-03-12")
    assert row["equity"] is None
    assert row["reason"] == "how far DOGE fell is not known: give move DOGE=RATE beside the scenario"


def test_a_leg_settled_in_what_has_no_price_says_so(run: Run) -> None:
    text = OUTSIDE.replace('settle = "USDT"', 'settle = "DAI"')
    equities = {row["currency"]: row["equity"] for row in rows(run, "status", text, "--total")}
    assert equities == {"BTC": "3", "DAI": None, "USD": None}
    for command in ("pnl", "greeks"):
        assert rows(run, command, text)[0]["reason"] == "DAI has no price: write it into [prices]"


class TestAnAccountOfWhichSomethingIsNotKnown:
    UNKNOWN = UNIFIED.replace("ETH = 4_000\n", "")
    REASON = "account 1 (uta): the price of ETH is not known: give it under [prices]"

    def test_stress_keeps_the_moves_that_were_asked_for(self, run: Run) -> None:
        found = rows(run, "stress", self.UNKNOWN, "--moves", "-20%,0%")
        assert [(row["move"], row["equity"], row["reason"]) for row in found] == [
            ("-0.2", None, self.REASON),
            ("0", None, self.REASON),
        ]
        (row,) = rows(run, "stress", self.UNKNOWN, "--move", "BTC=-20%")
        assert (row["move"], row["status"]) == (None, None)

    @pytest.mark.parametrize("command", ["liq-price", "status"])
    def test_every_row_says_what_is_missing(self, run: Run, command: str) -> None:
        assert {row["reason"] for row in rows(run, command, self.UNKNOWN)} == {self.REASON}

    def test_solve_names_the_position_once(self, run: Run) -> None:
        arguments = ("solve", "price", "-p", "-", "--position", "core", "--margin-ratio", "80%")
        text = UNIFIED.replace('venue = "bybit"', 'venue = "okx"').replace("BTCUSD", "BTC-USD-SWAP")
        answer = run(*arguments, stdin=text.replace("ETHUSD", "ETH-USD-SWAP"))
        assert answer.status == 2
        assert answer.stderr.count("position 1 (core)") == 1


def test_a_scenario_that_lacks_the_last_coin_names_that(run: Run) -> None:
    text = UNIFIED.replace("ETH = 4_000", "ETH = 4_000\nDOGE = 1").replace("BTC = 1, ETH", "BTC = 1, DOGE = 5, ETH")
    (row,) = rows(run, "stress", text, "--scenario", "2020-03-12")
    assert row["reason"] == "how far DOGE fell is not known: give move DOGE=RATE beside the scenario"


def test_what_dies_of_the_moves_of_single_coins_dies_of_these_moves(run: Run) -> None:
    question = ("stress", "-p", "-", "-q")
    assert run(*question, "--move", "BTC=-60%", stdin=golden(0)).stdout.startswith("liquidated by these moves\n")
    assert run(*question, "--moves", "-60%", stdin=golden(0)).stdout.startswith("liquidated by a move of -49.75%\n")
