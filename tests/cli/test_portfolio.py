"""`perpcalc portfolio`: init, add, validate and show, as they are called."""

import json
import os
import resource
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from commands.accounts import UNIFIED
from inside import Answer, Run

from perpcalc.cli.calls import COMMANDS
from perpcalc.cli.help import continued
from perpcalc.cli.portfolio import GROUP, WRITTEN
from perpcalc.commands.listing import Listed
from perpcalc.core.position import Fill
from perpcalc.options import VENUE
from perpcalc.portfolio.reading import load
from perpcalc.portfolio.schema import KNOWN


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A portfolio with an account and a position in it."""
    path = tmp_path / "book.toml"
    path.write_text(
        '[prices]\nBTC = 64_000\n\n[[accounts]]\nname = "main"\nvenue = "binance"\nbalance = 1.25\n\n'
        '[[positions]]\nname = "core"\naccount = "main"\nside = "long"\ncontracts = 500\nentry = 62_500\n'
    )
    return path


def refused(answer: Answer, message: str) -> None:
    """One line on standard error, nothing on standard output, status 2."""
    assert (answer.stdout, answer.stderr, answer.status) == ("", f"perpcalc: {message}\n", 2)


class TestInit:
    def test_writes_an_example_that_every_command_runs_on(self, run: Run, tmp_path: Path) -> None:
        answer = run("portfolio", "init", "book.toml")
        assert (answer.stdout, answer.status) == ("", 0)
        assert answer.stderr.startswith("perpcalc: note: book.toml: a commented example was written")
        more = {"size": ["--account", "binance-btc", "--entry", "62500", "--stop", "60000", "--risk", "1%"]}
        for command in ("pnl", "liq-price", "funding-cost", "size", "liq-cost", "greeks", "stress", "check"):
            assert command in COMMANDS
            answer = run(command, "-p", "book.toml", *more.get(command, []), "--json")
            assert (answer.stderr, answer.status) == ("", 0), command
            assert json.loads(answer.stdout)
        assert run("portfolio", "validate", "book.toml") == ("", "", 0)

    def test_never_touches_a_file(self, run: Run, book: Path) -> None:
        before = book.read_bytes()
        refused(
            run("portfolio", "init", "book.toml"),
            "book.toml: exists already: give a new name, or add to it with perpcalc portfolio add",
        )
        assert book.read_bytes() == before

    def test_needs_a_place(self, run: Run, tmp_path: Path) -> None:
        refused(
            run("portfolio", "init", "nowhere/book.toml"),
            "nowhere/book.toml: No such file or directory: give a name that can be written",
        )


class TestAdd:
    def test_appends_what_the_options_say(self, run: Run, book: Path) -> None:
        before = book.read_bytes()
        answer = run(
            "portfolio", "add", "book.toml", "--name", "scalp", "--account", "main", "--side", "short", "-n", "1k", "-e", "63000.50",
            "--stop", "66000", "--target", "60000", "--funding-rate", "1bp", "--entry-fee", "maker", "--exit-fee", "0.05%",
        )  # fmt: skip
        assert (answer.stdout, answer.status) == ("", 0)
        assert answer.stderr == "perpcalc: note: book.toml: position 2 (scalp) was added\n"
        assert book.read_bytes() == before + (
            b'\n[[positions]]\nname = "scalp"\naccount = "main"\nside = "short"\ncontracts = 1000\nentry = 63000.50\n'
            b'stop = 66000\ntarget = 60000\nfunding_rate = "0.01%"\nentry_fee = "maker"\nexit_fee = "0.05%"\n'
        )

    def test_every_key_of_a_position_has_its_option(self) -> None:
        names = {"fills" if option.name == "fill" else option.name for option in WRITTEN} | {"name", "account"}
        assert names == set(KNOWN["positions"]) - {"linear", "settle", "expires"}  # which only a file has

    def test_every_key_is_written_as_it_is_read(self, run: Run, book: Path) -> None:
        answer = run(
            "portfolio", "add", "book.toml", "--name", "all", "--venue", "bybit@2026-01-01", "--currency", "btc", "-i", "BTCUSD",
            "--side", "long", "--fill", "1k@61000.5", "--fill", "2_000@0062000", "--margin", "0.000000025", "--extra-margin", "0",
            "--mark", "64000", "--stop", "60000", "--target", "70000", "--funding-rate", "-0.5bp", "--funding", "-0.00000001",
            "--entry-fee", "taker", "--exit-fee", "-1bp", "--mmr", "0.55%", "--deduction", "0.0001", "--mm-basis", "entry",
            "--closing-fee", "0.06%",
        )  # fmt: skip
        assert answer.status == 0
        position = load(str(book)).positions[1]
        assert (position.name, position.account) == ("all", None)
        assert position.given.values == {
            "venue": "bybit@2026-01-01",
            "currency": "BTC",
            "instrument": "BTCUSD",
            "side": "long",
            "fill": (Fill(Decimal(1000), Decimal("61000.5")), Fill(Decimal(2000), Decimal(62000))),
            "margin": Decimal("0.000000025"),
            "extra_margin": Decimal(0),
            "mark": Decimal(64000),
            "stop": Decimal(60000),
            "target": Decimal(70000),
            "funding_rate": Decimal("-0.00005"),
            "funding": Decimal("-0.00000001"),
            "entry_fee": "taker",
            "exit_fee": Decimal("-0.0001"),
            "mmr": Decimal("0.0055"),
            "deduction": Decimal("0.0001"),
            "mm_basis": "entry",
            "closing_fee": Decimal("0.0006"),
        }

    def test_the_added_position_is_the_one_described(self, run: Run, book: Path) -> None:
        options = ("--venue", "bybit", "--side", "long", "-n", "10k", "--entry", "62500", "--leverage", "10")
        run("portfolio", "add", "book.toml", "--name", "scalp", *options)
        described = json.loads(run("liq-price", *options, "--json").stdout)
        held = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)[1]
        assert held["liquidation_price"] == described["liquidation_price"] is not None

    def test_a_size_in_usd_says_what_it_was_rounded_to(self, run: Run, book: Path) -> None:
        answer = run(
            "portfolio", "add", "book.toml", "--name", "a", "--account", "main", "--side", "long", "--usd", "1050", "-e", "62500"
        )  # fmt: skip
        assert "--usd: 1050 USD rounded down to 10 contracts (1000 USD)" in answer.stderr

    def test_a_venue_of_the_environment_is_written_and_gives_way_to_an_account(self, run: Run, book: Path) -> None:
        environment = {"PERPCALC_VENUE": "bybit"}
        position = ("--side", "long", "-n", "100", "-e", "62500")
        assert run("portfolio", "add", "book.toml", "--name", "a", *position, env=environment).status == 0
        assert run(
            "portfolio", "add", "book.toml", "--name", "b", "--account", "main", *position, env=environment
        ).status == 0  # fmt: skip
        assert [entry.given[VENUE] for entry in load(str(book)).positions] == [None, "bybit", None]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ("--side long -n 5 -e 62500", "--name: is missing: name the position"),
            ("--name core --side long -n 5 -e 62500", "--name: 'core' is the name of position 1: give another"),
            ("--name a -n 5 -e 62500", "--side: is missing: give long or short"),
            ("--name a --side long -e 62500", "--contracts: is missing: give the size as --contracts, --usd, --coin or --fill"),
            ("--name a --side long -n 5 --usd 5 -e 62500", "--usd: excludes --contracts: give the size once"),
            ("--name a --side long -n 5 --fill 5@5", "--fill: excludes --contracts: give the size once"),
            ("--name a --side long -n 1.5 -e 62500", "--contracts: 1.5 contracts cannot be traded: give whole contracts, such as 1"),
            ("--name a --side long -n 5 -e 1,5", "--entry: '1,5' is not a plain decimal number: use a point for decimals and no thousands separators"),
            ("--name a --side long -n 5 -e 5 --venue bybitt", "--venue: 'bybitt' is not a known venue: give bybit"),
            ("--name a --side long -n 5 -e 5 --venue bybit -i XBTUSD", "--instrument: bybit: there is no contract 'XBTUSD': give BTCUSD"),
            ("--name a --side long -n 5 -e 5 --venue bybit -l 101", "--leverage: 101 is above the largest of BTCUSD at bybit: give at most 100"),
            ("--name a --side long -n 5 -e 5 -l 5 --margin 1", "--leverage: excludes --margin: give one of them"),
            ("--name a --side long -n 5 -e 5 --account mian", "--account: there is no account 'mian': give main"),
            ("--name a --side long -n 5 -e 5 --account main --venue okx", "--venue: excludes --account, which has its own: leave one out"),
            ("--name a --side long -n 5 -e 5 --account main --currency BTC", "--currency: excludes --account, which has its own: leave one out"),
            ("--name a --side long -n 5 -e 5 --account main -i ETHUSD_PERP", "--currency: ETHUSD_PERP settles in ETH, not BTC: leave one out"),
            ("--name a --side long -n 5 -e 5 --extra-margin 1", "--extra-margin: needs --leverage or --margin: it is added to an isolated margin"),
            ("--name a --side long -n 5 -e 5 --deduction 1", "--deduction: needs --mmr: a deduction goes with the rate it belongs to"),
        ],
    )  # fmt: skip
    def test_refuses_what_no_command_could_answer(self, run: Run, book: Path, options: str, message: str) -> None:
        before = book.read_bytes()
        refused(run("portfolio", "add", "book.toml", *options.split()), message)
        assert book.read_bytes() == before
        assert os.listdir(book.parent) == ["book.toml"]

    def test_refuses_a_file_that_does_not_load(self, run: Run, book: Path) -> None:
        book.write_text("[[positions]]\nname = 'a'\nside = 'long'\nstp = 5\n")
        refused(
            run("portfolio", "add", "book.toml", "--name", "b", "--side", "long", "-n", "5", "-e", "5"),
            "book.toml: position 1 (a), stp: unknown key: did you mean stop?",
        )

    def test_refuses_a_file_that_is_not_there(self, run: Run) -> None:
        refused(
            run("portfolio", "add", "nowhere.toml", "--name", "b", "--side", "long", "-n", "5", "-e", "5"),
            "nowhere.toml: there is no such file: create it with perpcalc portfolio init",
        )

    @pytest.mark.skipif(sys.platform == "win32", reason="the system has no limit on the size of files")
    def test_a_disk_that_takes_no_more_leaves_the_file_as_it_was(self, book: Path) -> None:
        book.write_bytes(book.read_bytes() + b"#" * 5000 + b"\n")
        before = book.read_bytes()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "perpcalc",
                "portfolio",
                "add",
                "book.toml",
                "--name",
                "b",
                "--side",
                "long",
                "-n",
                "5",
            ],
            cwd=book.parent,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        )
        assert (done.stdout, done.stderr, done.returncode) == (
            "",
            "perpcalc: book.toml: File too large: the file is as it was\n",
            2,
        )
        assert book.read_bytes() == before
        assert os.listdir(book.parent) == ["book.toml"]

    def test_a_name_cannot_steer_the_terminal(self, run: Run, book: Path) -> None:
        answer = run("portfolio", "add", "book.toml", "--name", "a\x1b[31m", "--side", "long", "-n", "5", "-e", "5")
        refused(answer, r"--name: 'a\x1b[31m' is not a name: give 1 to 64 printable characters")
        book.rename(book.with_name("b\x1b[31m"))
        answer = run("portfolio", "add", "b\x1b[31m", "--name", "a", "--side", "long", "-n", "5", "-e", "5")
        assert answer.status == 0
        assert answer.stderr.startswith(r"perpcalc: note: b\x1b[31m: position 2")


class TestValidate:
    def test_prints_nothing_of_a_good_file(self, run: Run, book: Path) -> None:
        text = book.read_text() + 'funding_rate = "0.01%"\n'
        book.write_text(text)
        assert run("portfolio", "validate", "book.toml") == ("", "", 0)
        assert run("portfolio", "validate", "-", stdin=text) == ("", "", 0)

    @pytest.mark.parametrize(
        ("old", "new", "note"),
        [
            ("", "", "position 1 (core): funding-cost cannot answer: funding_rate: is missing: give the rate per interval, or rate"),
            ("BTC = 64_000", "", "position 1 (core): funding-cost and stress cannot answer: mark: is missing: give it a mark, or its coin a price in [prices]"),
            ("entry = 62_500", "", "position 1 (core): pnl, liq-price, liq-cost, greeks, stress and check cannot answer: entry: is missing: give the entry price, or fills"),
            ('venue = "binance"', 'venue = "okx"', "position 1 (core): liq-price, liq-cost, stress and check cannot answer: mmr: the maintenance tiers of BTC-USD-SWAP at okx are not known: "),
            ("contracts = 500", "contracts = 500\nleverage = 200", "position 1 (core), leverage: 200 is above the largest of BTCUSD_PERP at binance: give at most 125"),
        ],
    )  # fmt: skip
    def test_notes_what_some_command_cannot_answer(self, run: Run, book: Path, old: str, new: str, note: str) -> None:
        book.write_text(book.read_text().replace(old, new, 1))
        answer = run("portfolio", "validate", "book.toml")
        assert (answer.stdout, answer.status) == ("", 0)
        assert answer.stderr.startswith(f"perpcalc: note: {note}")
        assert run("portfolio", "validate", "-", stdin=book.read_text()) == answer

    def test_says_all_that_is_wrong_at_once(self, run: Run, book: Path) -> None:
        book.write_text(
            book.read_text().replace("contracts", "contrcts").replace('side = "long"', 'side = "up"')
            + '[[positions]]\nname = "core"\nside = "long"\nentry = true\naccount = "none"\n'
        )
        answer = run("portfolio", "validate", "book.toml")
        assert (answer.stdout, answer.status) == ("", 2)
        for fault in (
            "position 1 (core), contrcts: unknown key: did you mean contracts or contract_size?",
            "position 1 (core), side: 'up' is not known: give long or short",
            "position 2 (core), entry: true is not a number: write digits, as in 62500",
        ):
            assert f"perpcalc: book.toml: {fault}\n" in answer.stderr
        assert answer.stderr.count("\n") >= 3

    def test_an_entry_that_cannot_be_read_hides_nothing_of_the_others(self, run: Run, book: Path) -> None:
        held = 'account = "main"\nside = "long"\nentry = 62_500\n'
        book.write_text(
            book.read_text()
            + '[[accounts]]\nname = "lost"\nbalance = "many"\n'
            + f'[[positions]]\nname = "second"\n{held}cntracts = 5\n'
            + '[[positions]]\nname = "third"\naccount = "lost"\nside = "long"\ncontracts = 0.5\nentry = 62_500\n'
            + f'[[positions]]\nname = "fourth"\n{held}contracts = 0.5\n'
            + "[limits]\nmax_leverge = 2\n"
        )
        assert run("portfolio", "validate", "book.toml").stderr.splitlines() == [
            "perpcalc: book.toml: account 2 (lost), balance: 'many' is not a plain decimal number: use digits and at most one point",
            "perpcalc: book.toml: position 2 (second), cntracts: unknown key: did you mean contracts or contract_size?",
            "perpcalc: book.toml: limits, max_leverge: unknown key: did you mean max_leverage?",
            "perpcalc: book.toml: position 4 (fourth), contracts: 0.5 contracts cannot be traded: give whole contracts, such as 1",
        ]

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("entry = 62_500", "entri = 62_500", "position 1 (core), entri: unknown key: did you mean entry?"),
            ("contracts = 500", "contracts = 0.5", "position 1 (core), contracts: 0.5 contracts cannot be traded: give whole contracts, such as 1"),
            ("contracts = 500", "", "position 1 (core), contracts: is missing: give the size as contracts, usd, coin or fill"),
            ("contracts = 500", 'contracts = 500\ninstrument = "BTX"', "position 1 (core), instrument, binance: there is no contract 'BTX': give "),
            ('venue = "binance"', 'venue = "binanc"', "account 1 (main), venue: 'binanc' is not a known venue: give binance"),
            ("[[positions]]", '[[accounts]]\nname = "b"\nbalance = 1\nvenue = "kracken"\n[[positions]]', "account 2 (b), venue: 'kracken' is not a known venue: give kraken"),
        ],
    )  # fmt: skip
    def test_says_what_no_command_could_answer(self, run: Run, book: Path, old: str, new: str, message: str) -> None:
        book.write_text(book.read_text().replace(old, new, 1))
        answer = run("portfolio", "validate", "book.toml")
        assert answer.stderr.startswith(f"perpcalc: book.toml: {message}")
        piped = run("portfolio", "validate", "-", stdin=book.read_text())
        assert piped == answer._replace(stderr=answer.stderr.replace("book.toml", "standard input"))
        assert (answer.stdout, answer.status) == ("", 2)

    def test_a_name_that_is_empty_is_not_that_of_the_environment(self, run: Run, book: Path) -> None:
        for command in ("validate", "show"):
            answer = run("portfolio", command, "", env={"PERPCALC_PORTFOLIO": str(book)})
            assert (answer.stdout, answer.status) == ("", 2)

    def test_names_standard_input(self, run: Run) -> None:
        answer = run("portfolio", "validate", "-", stdin="x = 1")
        refused(
            answer, "standard input: x: unknown key: did you mean one of prices, accounts, positions, holdings, limits?"
        )

    def test_what_is_lacking_of_several_positions_is_said_once(self, run: Run, book: Path) -> None:
        text = book.read_text(encoding="utf-8")
        more = text[text.index("[[positions]]") :].replace('"core"', '"more"')
        book.write_text(f"{text}\n{more}", encoding="utf-8")
        told = run("portfolio", "validate", "book.toml").stderr
        assert told == (
            "perpcalc: note: position 1 (core), position 2 (more): funding-cost cannot answer: funding_rate: is missing:"
            " give the rate per interval, or rate\n"
        )


class TestShow:
    def test_gives_one_row_per_position(self, run: Run, book: Path) -> None:
        run(
            "portfolio", "add", "book.toml", "--name", "scalp", "--venue", "bybit", "--side", "short", "--fill", "3k@61000",
            "--fill", "2k@62000", "--leverage", "10", "--stop", "66000", "--target", "55000", "--funding-rate", "0.01%",
        )  # fmt: skip
        core, scalp = json.loads(run("portfolio", "show", "book.toml", "--json").stdout)
        assert list(core) == list(Listed._fields)
        assert core["account"] == "main"
        assert (core["margin_mode"], core["margin"], core["mark_price"]) == ("cross", "1.25", "64000")
        assert core["stop_price"] is None
        assert (scalp["margin_mode"], scalp["leverage"], scalp["stop_price"], scalp["target_price"]) == (
            "isolated", "10", "66000", "55000",
        )  # fmt: skip
        assert scalp["contracts"] == "5000"
        # Bybit cuts the value of each fill: 3000/61000 is 0.04918032, 2000/62000 is 0.03225806.
        assert Decimal(scalp["entry_price"]) == round(Decimal(5000) / Decimal("0.08143838"), 8)
        assert scalp["funding_rate"] == "0.0001"

    def test_the_table_names_the_accounts_and_prices(self, run: Run, book: Path) -> None:
        table = run("portfolio", "show", "book.toml").stdout
        assert "balance of main (binance): 1.25000000 BTC" in table
        assert "price of BTC: 64,000.00 USD" in table
        assert "core" in table

    def test_an_account_of_several_coins_shows_its_legs_and_what_backs_them(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "uta.toml").write_text(UNIFIED, encoding="utf-8")
        rows = json.loads(run("portfolio", "show", "uta.toml", "--json").stdout)
        assert [(row["name"], row["margin_mode"], row["notional_usd"]) for row in rows] == [
            ("core", "unified", "150000"),
            ("eth", "unified", "10000"),
            ("leg", "unified", "50000"),
        ]
        assert [(row["entry_price"], row["mark_price"]) for row in rows[2:]] == [("100000", "100000")]
        shown = run("portfolio", "show", "uta.toml").stdout
        for line in ("1.00000000 BTC", "10.00000000 ETH", "-30,000.00000000 USDT"):
            assert f"balance of uta (bybit): {line}\n" in shown

    def test_coins_outside_any_account_stand_below(self, run: Run) -> None:
        held = '[[holdings]]\ncoin = "BTC"\namount = 2\n'
        assert "held outside: 2.00000000 BTC\n" in run("portfolio", "show", "-", stdin=held).stdout

    def test_a_leg_in_no_account_has_no_margin_mode(self, run: Run) -> None:
        leg = (
            '[[positions]]\nname = "leg"\nlinear = "BTC"\nsettle = "USDT"\nside = "short"\ncoin = 0.5\nentry = 90_000\n'
        )
        (row,) = json.loads(run("portfolio", "show", "-", "--json", stdin=leg).stdout)
        assert (row["name"], row["margin_mode"]) == ("leg", None)

    def test_formats(self, run: Run, book: Path) -> None:
        assert run("portfolio", "show", "book.toml", "--field", "name").stdout == "core\n"
        assert run("portfolio", "show", "book.toml", "-f", "csv").stdout.splitlines()[0] == ",".join(Listed._fields)
        assert run("portfolio", "show", "-", "--json", stdin="positions = []") == ("[]\n", "perpcalc: note: the portfolio has no positions\n", 0)  # fmt: skip
        refused(run("portfolio", "show", "-", stdin=""), "standard input: is empty: pipe a portfolio into it")

    def test_the_margin_can_be_explained_and_left_unrounded(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "p.toml").write_text(
            '[[positions]]\nname = "a"\nvenue = "bybit"\nside = "long"\ncontracts = 61\nentry = 61_000\nleverage = 7\n'
        )
        shown = run("portfolio", "show", "p.toml", "--explain").stdout
        assert "B = 0.00014286\n    V / leverage\n    = 0.001 / 7\n" in shown
        assert "margin = 0.00014286 BTC\n    B\n" in shown
        assert run("portfolio", "show", "p.toml", "--exact", "--field", "margin").stdout == "0.000142857142857143\n"


def test_the_examples_of_the_help_run_one_after_the_other(run: Run, tmp_path: Path) -> None:
    (tmp_path / "positions.json").write_text("[]")
    for command in GROUP.commands:
        printed = run("portfolio", command.name, "--help").stdout
        for example in command.examples:
            assert f"  {continued(example)}\n" in printed
            done = subprocess.run(
                ["bash", "-c", example],
                cwd=tmp_path,
                env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    names = [position.name for position in load(str(tmp_path / "portfolio.toml")).positions]
    assert names == ["ETHUSD short"]  # pruned is what no answer has
