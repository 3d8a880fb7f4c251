"""Something to call the program with: a good question for each command, files of each kind, and what is bad in any."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from inside import called

from perpcalc.cli.calls import COMMANDS, runnable
from perpcalc.cli.door import Action
from perpcalc.commands.command import Command
from perpcalc.commands.lines import NO_KEYS
from perpcalc.given import Option

VENUES = Path(import_module("perpcalc.venues").__file__ or "").parent
EXAMPLE = (VENUES.parent / "portfolio/example.toml").read_text()

WORST = (
    "", " ", "-", "--", "+", ".", "_", "0", "-0", "00", "1", "-1", "0.0", "1e5", "1E-9", "1e999999999", "nan", "-nan", "snan",
    "inf", "-infinity", "0x1F", "1,5", "1_000", "1__0", "\u0663", "\uff11", "true", "None", "5k", "5.5m", "9b", "5%", "-5%",
    "1bp", "%", "bp", "8h", "0m", "-8h", "1w", "h", "999999999999999", "0.000000000000000001", "1" * 16, "1." + "1" * 19,
    "999999999999999.999999999999999999", "-999999999999999.999999999999999999", "999999999999999%", "999999999999999b",
    "999999999999999w", "9" * 5000, "a" * 300, "[red]x[/b]", "\x1b[31mx", "\x1b]0;t\x07", "\u202ex", "\u2028", "a\nb", "a\tb",
    "=1+1", "+1", "@x", "\x00", "\udcff", "\U0001f468\u200d\U0001f469", "../x", "/", "~",
)  # fmt: skip


FILES = {
    "book.toml": EXAMPLE,
    "bare.toml": '[[positions]]\nname = "one"\nside = "long"\ncontracts = 5\nentry = 62_500\nmargin = 1\nmark = 3\nfunding_rate = "1%"\n',
    "limits.toml": 'max_leverage = 5\nmax_touch_probability = "5%"\nvol = "60%"\nhorizon = "7d"\n',
    "samples.csv": "premium\n0.01%\n-0.02%\n",
    "history.csv": "time,rate,mark\n2024-06-01T00:00:00Z,0.01%,64000\n2024-06-01T08:00:00Z,0.01%,65000\n",
    "positions.json": '[{"symbol": "BTC/USD:BTC", "side": "long", "contracts": 5, "entryPrice": 62500, "marginMode": "isolated", "leverage": 5}]',
    "marks.csv": "time,open,high,low,close\n2024-06-01T00:00:00Z,62000,62500,61000,61500\n2024-06-01T01:00:00Z,61500,63000,60500,62800\n",
    "trades.csv": "time,side,contracts,price,fee\n2024-06-01T00:00:00Z,buy,10000,62500,0.0001\n2024-06-01T04:00:00Z,sell,4000,64000,0.00004\n",
    "broken": '\x00[{"\x1b[31m',
}


LONG = ("--side", "long", "-n", "10000", "-e", "62500")
COMMON = {"side": "long", "contracts": "10000", "entry": "62500", "mark": "60000", "leverage": "5", "mmr": "0.5%"}
HELD = {**COMMON, "venue": "binance", "contracts": "100"}
BASES: Mapping[str, tuple[dict[str, str], ...]] = {
    "pnl": (COMMON, {"portfolio": "book.toml", "mark": "60000"}),
    "liq-price": (COMMON, {**COMMON, "vol": "60%", "horizon": "7d"}, {"portfolio": "book.toml"}),
    "funding-cost": (
        {**COMMON, "rate": "0.01%", "interval": "8h"},
        {**COMMON, "venue": "bybit", "premium_samples": "samples.csv"},
        {**COMMON, "venue": "kraken", "history": "history.csv"},
        {"portfolio": "book.toml", "rate": "0.01%"},
    ),
    "size": ({"entry": "62500", "stop": "60000", "balance": "1.5", "risk": "1%", "mmr": "0.5%", "leverage": "3"},),
    "solve margin": ({**HELD, "liquidation": "50000"}, {"portfolio": "book.toml", "position": "core long", "margin_ratio": "20%"}),
    "solve leverage": ({**HELD, "liquidation": "50000"},),
    "solve contracts": ({"side": "long", "venue": "binance", "entry": "62500", "balance": "0.5", "liquidation": "45000"},),
    "solve add": ({**HELD, "at": "60000", "average": "61500"}, {**HELD, "at": "60000", "liquidation": "45000"}),
    "solve close": ({**HELD, "balance": "0.5", "liquidation": "45000"}, {"portfolio": "book.toml", "position": "core long", "margin_ratio": "0.1%"}),
    "solve entry": ({**HELD, "liquidation": "50000"}, {**HELD, "exit": "64000", "target_pnl": "0.005"}),
    "solve price": ({**HELD, "margin_ratio": "80%"}, {**HELD, "equity": "0.1"}, {"portfolio": "book.toml", "position": "core long", "equity_usd": "50000"}),
    "plan": ({"venue": "bybit", "side": "long", "order": "10000@62500", "stop": "51000", "leverage": "5"},),
    "liq-cost": ({**COMMON, "stop": "58000", "vol": "60%", "horizon": "7d"}, {"portfolio": "book.toml"}),
    "hedge": ({"holding": "2", "price": "60000", "rate": "0.01%", "interval": "8h", "leverage": "2", "mmr": "0.5%"},),
    "greeks": (COMMON, {"portfolio": "book.toml"}),
    "power": ({"power": "2", "index": "3000", "vol": "80%"}, {"power": "-1", "index": "3000", "mark": "0.0003"}),
    "status": ({"portfolio": "book.toml"}, {"portfolio": "book.toml", "beta": "ETH=1.4", "total": ""}),
    "stress": ({**COMMON, "chart": ""}, {"portfolio": "book.toml", "svg": "chart.svg"}, {**COMMON, "from": "-50%", "to": "50%", "steps": "5"}),
    "check": ({**COMMON, "max_leverage": "5", "stop": "58000"}, {"portfolio": "book.toml", "limits": "limits.toml"}),
    "replay": ({**COMMON, "marks": "marks.csv"}, {**COMMON, "venue": "bybit", "marks": "marks.csv", "history": "history.csv", "stop": "61000"}),
    "fills": ({"file": "trades.csv", "venue": "bybit", "mark": "62000"},),
}  # fmt: skip
"""By the words of a command questions that it answers."""


def commands() -> Iterator[tuple[tuple[str, ...], Command | Action]]:
    """Every command under the words it is called by."""
    for name in COMMANDS:
        one = runnable(name)
        if isinstance(one, Command | Action):
            yield (name,), one
        else:
            yield from (((name, command.name), command) for command in one.commands)


CALLS = dict(commands())


def flag(option: Option[object]) -> str:
    """The name of an option as the command line has it."""
    return option.metavar if option.argument else "--" + option.name.replace("_", "-")


def arguments_of(words: tuple[str, ...], options: Mapping[str, str]) -> list[str]:
    """A call of a command with some options; what it does not know is left out."""
    by_name = {option.name: option for option in CALLS[words].options}
    known = ((by_name[name], text) for name, text in options.items() if name in by_name)
    return [*words, *(part for option, text in known for part in written(option, text))]


def line_of(question: str, options: Mapping[str, str]) -> dict[str, object]:
    """A question as a line of `batch` asks it; what says how an answer is printed or drawn is left out."""
    by_name = {one.name: one for one in CALLS[tuple(question.split())].options if one.name not in NO_KEYS}
    known = ((by_name[name], text) for name, text in options.items() if name in by_name)
    return {
        "command": question,
        **{one.name: True if one.flag else [text] if one.many else text for one, text in known},
    }


def written(option: Option[object], text: str) -> list[str]:
    """An option as the command line has it."""
    if option.argument:
        return [text]
    return [flag(option)] if option.flag else [flag(option), text]


def refusal(*arguments: str, stdin: bytes = b"") -> str:
    """The one line that refuses a call: status 2, nothing on standard output, nothing that could steer a terminal."""
    printed, said, status = called(list(arguments), stdin)
    assert (status, printed) == (2, ""), (arguments, printed, said)
    (line,) = said.splitlines()
    assert line.isprintable()
    assert line.startswith("perpcalc: ")
    return line.removeprefix("perpcalc: ")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to call from, with a file of each kind, on a machine where nothing else is configured."""
    for name in ("PERPCALC_VENUE", "PERPCALC_PORTFOLIO", "PERPCALC_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refilled(folder: Path) -> None:
    """The folder as it was before the last case."""
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
