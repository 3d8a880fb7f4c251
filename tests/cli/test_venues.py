"""`perpcalc venues`: what is known, and that a file of one's own is checked."""

import json
from pathlib import Path

import pytest
from inside import Run

from perpcalc.venues import HERE, names


class TestList:
    def test_every_venue_with_its_contracts_and_the_day_it_was_last_known(self, run: Run) -> None:
        rows = json.loads(run("venues", "list", "--json").stdout)
        assert [row["name"] for row in rows] == names()
        binance = next(row for row in rows if row["name"] == "binance")
        assert list(binance) == ["name", "title", "instruments", "known_until", "contracts", "own"]
        assert "BTCUSD_PERP" in binance["instruments"].split()
        assert binance["known_until"] == "2026-10-01"
        assert (binance["contracts"], binance["own"]) == (str(len(binance["instruments"].split())), False)

    def test_the_table_is_not_as_wide_as_the_longest_list(self, run: Run) -> None:
        assert max(map(len, run("venues", "list").stdout.splitlines())) < 130

    def test_one_field_per_line(self, run: Run) -> None:
        assert run("venues", "list", "--field", "name").stdout.split() == names()


class TestShow:
    def test_every_value_has_a_source_a_date_and_a_confidence(self, run: Run) -> None:
        for venue in names():
            rows = json.loads(run("venues", "show", venue, "--json").stdout)
            assert rows, venue
            for row in rows:
                assert row["value"]
                assert row["source"]
                assert row["from"][:2] in ("20",)
                assert row["confidence"] in ("published", "derived", "inferred")
                assert row["known_until"]

    def test_a_value_of_the_file_is_there(self, run: Run) -> None:
        rows = json.loads(run("venues", "show", "bybit", "--json").stdout)
        (taker,) = [
            row for row in rows if (row["topic"], row["rule"], row["from"]) == ("fees", "taker", "2024-07-31")
        ]  # fmt: skip
        assert (taker["instrument"], taker["value"], taker["confidence"]) == (None, "0.055%", "published")

    def test_a_negative_rate_stays_a_rate_in_csv(self, run: Run) -> None:
        text = run("venues", "show", "bitmex", "-f", "csv").stdout
        assert ",-0.025%," in text
        assert "'-" not in text

    def test_for_people_the_tiers_are_a_list(self, run: Run) -> None:
        text = run("venues", "show", "binance").stdout
        assert text.startswith(
            "binance: Binance COIN-M perpetuals\nlast known to hold on 2026-10-01; by default BTCUSD_PERP\n"
        )
        assert (
            "BTCUSD_PERP margin from 2021-07-01 (published)\n  tier  1  up to 5     maintenance 0.4%  leverage 125\n"
            in text
        )
        assert "  tier 10  above       maintenance 50%  leverage 1\n" in text

    def test_the_file_itself_is_an_example_to_start_from(self, run: Run, tmp_path: Path) -> None:
        text = run("venues", "show", "okx", "--toml").stdout
        assert text == (Path(HERE) / "okx.toml").read_text(encoding="utf-8")
        (tmp_path / "mine.toml").write_text(text)
        assert run("venues", "validate", "mine.toml") == ("", "", 0)

    def test_says_what_changed_and_the_rules_of_a_day(self, run: Run) -> None:
        shown, then = (run("venues", "show", spec).stdout for spec in ("bitmex", "bitmex@2019-06-01"))
        assert "since 2023-04-11: profit on cross margin is realised every ten minutes" in " ".join(shown.split())
        assert "fees from 2021-11-01" in shown
        assert "fees from 2021-11-01" not in then

    def test_ones_own_file_goes_before(self, run: Run, tmp_path: Path) -> None:
        folder = tmp_path / "perpcalc" / "venues"
        folder.mkdir(parents=True)
        own = (Path(HERE) / "okx.toml").read_text(encoding="utf-8").replace("OKX coin-margined swaps", "my own rules")
        (folder / "okx.toml").write_text(own)
        shown = run("venues", "show", "okx").stdout
        assert "my own rules" in shown
        assert f"with rules of your own from {folder / 'okx.toml'}" in " ".join(shown.split())
        assert "my own rules" in run("venues", "list").stdout

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("byit",), "'byit' is not a known venue: give bybit"),
            (("../okx",), "is not a known venue"),
            (("okx", "--toml", "--json"), "--toml: excludes --json"),
            (("okx", "--json", "--field", "rule"), "--field: excludes --json"),
            (("okx", "--field", "rul"), "give rule"),
            ((), "Missing argument"),
        ],
    )
    def test_errors(self, run: Run, arguments: tuple[str, ...], message: str) -> None:
        answer = run("venues", "show", *arguments)
        assert (answer.stdout, answer.status) == ("", 2)
        assert message in answer.stderr
        assert answer.stderr.count("\n") == 1


class TestValidate:
    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('confidence = "published"', 'confidence = "sure"', "confidence: 'sure' is not known"),
            ('maker = "0.02%"', 'maker = "0.02 %"', "fees 1, maker: '0.02 %' is not a plain decimal number"),
            ('maker = "0.02%"', 'makr = "0.02%"', "fees 1, makr: unknown key: did you mean maker"),
            ('default = "', 'default = "X', "default: "),
            ("[[fees]]", "[fees]", "fees: is not a list of dated tables: write [[fees]]"),
        ],
    )
    def test_names_the_file_the_key_and_the_value(
        self, run: Run, tmp_path: Path, old: str, new: str, message: str
    ) -> None:
        text = (Path(HERE) / "okx.toml").read_text(encoding="utf-8")
        assert old in text
        (tmp_path / "mine.toml").write_text(text.replace(old, new))
        answer = run("venues", "validate", "mine.toml")
        assert (answer.stdout, answer.status) == ("", 2)
        assert answer.stderr.startswith("perpcalc: mine.toml: ")
        assert message in answer.stderr

    def test_what_is_no_file(self, run: Run, tmp_path: Path) -> None:
        assert run("venues", "validate", "none.toml").stderr == (
            "perpcalc: none.toml: no such file: give the path of one\n"
        )
        assert "is not a regular file" in run("venues", "validate", str(tmp_path)).stderr
        assert "is not a regular file" in run("venues", "validate", "/dev/zero").stderr


def test_an_unknown_subcommand_is_refused_with_a_suggestion(run: Run) -> None:
    answer = run("venues", "shw")
    assert (answer.stdout, answer.status) == ("", 2)
    assert "give show" in answer.stderr
