"""The Python door as a stranger's editor and type checker see it: the stub says what the functions do."""

import inspect
import pydoc
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import perpcalc
from perpcalc.commands.command import BY_POSITION, ROWS, Command
from perpcalc.commands.registry import command_named
from perpcalc.errors import PerpcalcError
from perpcalc.given import Option
from perpcalc.names import EXPORTED, FUNCTIONS
from perpcalc.options import PORTFOLIO, POSITION, POSITION_NAME
from perpcalc.portfolio.edit import EXAMPLE
from perpcalc.python import Judged, keywords_of

ROOT = Path(__file__).parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
STUB = (ROOT / "perpcalc" / "__init__.pyi").read_text("utf-8")
SCRIPT = '''\
from collections.abc import Sequence
from decimal import Decimal

import perpcalc


def may_send(contracts: int, entry: float) -> bool:
    """A bot's gate: whether an order may go out."""
    try:
        judged = perpcalc.check(
            venue="bybit@2026-01-01", side="long", contracts=contracts, entry=entry, leverage=10, stop=Decimal(60_000),
            max_leverage="12", max_loss_at_stop="60%", require_stop=True,
        )
    except perpcalc.PerpcalcError as error:
        print(error.where, error.what, error.remedy)
        return False
    for row in judged.rows:
        if row.status == "fail":
            print(row.rule, row.value, row.limit)
    return judged.status == 0


print(may_send(10_000, 62_500.5), may_send(10_000, -1))

# A notebook's loop.
prices: list[tuple[int, Decimal | None]] = []
for leverage in range(5, 15, 5):
    answer = perpcalc.liq_price(
        venue="bybit@2026-01-01", side="long", fill=[(4_000, "62500"), "6k@62500"], leverage=leverage
    )
    prices.append((leverage, answer.liquidation_price))
print(prices)
names: list[str | None] = [row.name for row in perpcalc.pnl(portfolio="portfolio.toml")]
falls: Sequence[Decimal | None] = [row.move for row in perpcalc.stress(portfolio="portfolio.toml", moves="-50%")]
alive = [total.liquidated for total in perpcalc.stress(portfolio="portfolio.toml", moves="0.01%", total=True)]
print(names, falls, alive)
cost = perpcalc.funding_cost(side="short", usd=1e5, mark=63_000, rate="0.01%", interval="8h", for_="3d")
print(f"{cost.total_usd:.2f}", perpcalc.as_json(cost).splitlines()[6])

answered = perpcalc.ask({"id": 7, "command": "pnl", "side": "long", "contracts": 1, "entry": 3})
if isinstance(answered, dict) and "error" in answered:
    print(answered["id"], answered["error"].partition(":")[0], "is missing")
print(perpcalc.__version__)
'''
SAID = [
    "entry '-1' is out of range give a number above 0",
    "True False",
    "[(5, Decimal('52344.0')), (10, Decimal('57102.5'))]",  # by Bybit's rules of that day
    "['core long', 'bybit swing'] [Decimal('-0.50'), Decimal('-0.50')] [Decimal('0')]",
    """-90.00   "side": "short",""",
    "7 exit is missing",
    VERSION,
]
WRONG = """\
import perpcalc

perpcalc.pnl(side="long", contracts=10_000, entry=62_500, exit=64_000, venue="bybit")
perpcalc.pnl(side="long", contrats=10_000, entry=62_500, exit=64_000)  # wrong
perpcalc.pnl(side="Lang", contracts=10_000, entry=62_500, exit=64_000)  # wrong
perpcalc.pnl("long", contracts=10_000)  # wrong
perpcalc.status()  # wrong
perpcalc.power(power=2)  # wrong
perpcalc.pnl(portfolio="book.toml").net_pnl  # wrong
perpcalc.pnl(side="long").liquidatoin_price  # wrong
perpcalc.pnl(side="long").net_pnl + 1  # wrong
perpcalc.check(side="long").limit  # wrong
perpcalc.stress(side="long", moves="-50%")[0].liquidated  # wrong
perpcalc.no_such_command()  # wrong
"""


def check_types(folder: Path, script: str) -> list[str]:
    """What mypy says against a script in a folder of its own, as a stranger runs it: with no settings of ours."""
    pytest.importorskip("mypy", reason="mypy IS NOT INSTALLED: the stub is not checked")
    (folder / "script.py").write_text(script, "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder.parent / "mypy"), "script.py"]
    done = subprocess.run(mypy, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the example portfolio in it, and the files that examples name."""
    (tmp_path / "portfolio.toml").write_bytes(EXAMPLE.read_bytes())
    (tmp_path / "trades.csv").write_text("time,side,contracts,price\n2026-01-01T00:00:00Z,buy,100,60000\n", "utf-8")
    (tmp_path / "book.json").write_text('{"bids": [[56000, 20000]], "asks": [[57000, 20000]]}', "utf-8")
    bars = "2025-10-10T00:00Z,121704.74,122550,104582.41,113000\n"
    (tmp_path / "marks.csv").write_text(f"time,open,high,low,close\n{bars}", "utf-8")
    (tmp_path / "funding.json").write_text('[{"fundingTime": 1760083200000, "fundingRate": "0.0001"}]', "utf-8")
    return tmp_path


class TestTheStub:
    def test_passes_what_runs(self, folder: Path) -> None:
        assert check_types(folder, SCRIPT) == []
        done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == SAID

    def test_refuses_what_would_fail(self, tmp_path: Path) -> None:
        wrong = {number for number, line in enumerate(WRONG.splitlines(), 1) if "# wrong" in line}
        assert {int(error.split(":")[1]) for error in check_types(tmp_path, WRONG)} == wrong

    def test_has_what_the_package_has(self) -> None:
        exported = re.search(r"^__all__ = \[\n(.*?)\]", STUB, re.DOTALL | re.MULTILINE)
        assert exported is not None
        assert set(re.findall(r'"(\w+)"', exported[1])) == set(perpcalc.__all__) == set(EXPORTED)
        assert set(re.findall(r"^def (\w+)\(", STUB, re.MULTILINE)) == set(FUNCTIONS)

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_takes_a_number_where_a_number_is_read(self, name: str) -> None:
        for keyword, option in keywords_of(command_named(FUNCTIONS[name])).items():
            if option.flag or option.choices:
                continue
            takes_number = any(isinstance(value, Decimal) for value in readings(option))
            written = set(re.findall(rf"^    {keyword}: (.*?)(?: \| None = None)?,$", signatures(name), re.MULTILINE))
            assert written, keyword
            assert all(("_Number" in one) == takes_number for one in written), (keyword, written)


def readings(option: Option[object]) -> list[object]:
    """What an option makes of numbers."""
    made: list[object] = []
    for text in ("2", "0.001", "-0.001"):
        with suppress(PerpcalcError):
            made.append(option.read(text))
    return made


def signatures(name: str) -> str:
    """The signatures of a function in the stub."""
    return "".join(re.findall(rf"^def {name}\(.*?^\) -> .*?$", STUB, re.DOTALL | re.MULTILINE))


class TestWhatComesBack:
    """The examples of each command, asked from Python: the stub writes what the command's record says of its answer."""

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_has_the_shape_that_the_command_declares(
        self, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder)
        command = command_named(FUNCTIONS[name])
        files = [name for name, option in keywords_of(command).items() if option.complete == "file"]
        asked = [asked_in(example, command) for example in command.examples]
        questions = [one for one in asked if all(path.exists() for name in files for path in paths_of(one.get(name)))]
        assert questions, "no example has its files in the folder"
        if command.shape == BY_POSITION and PORTFOLIO in command.options:
            position = {option.name for option in (*POSITION, POSITION_NAME)}
            others = {keyword: value for keyword, value in questions[0].items() if keyword not in position}
            questions.append({**others, "portfolio": "portfolio.toml"})
        for question in questions:
            made = getattr(perpcalc, name)(**question)
            of_file = "portfolio" in question
            assert isinstance(made, Judged) == command.judges, question
            rows = made.rows if isinstance(made, Judged) else made
            several = command.shape == ROWS or (command.shape == BY_POSITION and of_file)
            assert isinstance(rows, list) == several, question
            record = command.totals if of_file and "total" in question and command.totals else command.result
            assert {type(row) for row in (rows if isinstance(rows, list) else [rows])} == {record}, question


def paths_of(value: Any) -> list[Path]:
    """The files that an option names, before each of them the coin that it is of, or nothing."""
    texts = value if isinstance(value, list) else [value] if value else []
    return [Path(text.rpartition("=")[2]) for text in texts]


def asked_in(example: str, command: Command) -> dict[str, Any]:
    """The keywords of an example of a command line; how it would be printed is left out."""
    by_flag = {word: option for option in command.options for word in written(option) if not option.argument}
    keyword_of = {option.name: keyword for keyword, option in keywords_of(command).items()}
    arguments = iter([option for option in command.options if option.argument])
    words = iter(shlex.split(example.partition(f"{command.name} ")[2]))
    keywords: dict[str, Any] = {}
    for word in words:
        option = by_flag.get(word) or next(arguments)
        value = word if option.argument else True if option.flag else next(words)
        keyword = keyword_of.get(option.name, "")
        keywords[keyword] = [*keywords.get(keyword, []), value] if option.many else value
    keywords.pop("", None)
    return keywords


def written(option: Option[object]) -> set[str]:
    """How an option is written on a command line."""
    return {f"-{option.short}", "--" + option.name.replace("_", "-")}


class TestThePackage:
    def test_tells_its_functions_with_their_docstrings(self) -> None:
        told = pydoc.render_doc(perpcalc, renderer=pydoc.plaintext)
        for name, question in FUNCTIONS.items():
            command = command_named(question)
            first = command.help[:60].rpartition(" ")[0]
            assert re.search(rf"^    {name}\(\s*\*,[^)]*\)\n        {re.escape(first)}", told, re.MULTILINE), name
            function = getattr(perpcalc, name)
            keywords = keywords_of(command)
            assert list(inspect.signature(function).parameters) == list(keywords)
            for keyword, one in keywords.items():
                assert f"\n    {keyword}: {one.help.split('--')[0]}" in function.__doc__
            assert "--" not in function.__doc__
        for name in ("ask(", "as_json(", "class PerpcalcError", VERSION):
            assert name in told

    def test_imports_nothing_until_something_is_asked(self) -> None:
        """A few modules of the standard library, in a few milliseconds of the processor: the best of several processes, against none."""
        script = """
import sys, time
before = set(sys.modules)
start = time.process_time()
import perpcalc
took = time.process_time() - start
print(took, *sorted(name for name in set(sys.modules) - before if "perpcalc" in name or "." not in name))
"""
        done = [
            subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
            for _ in range(5)
        ]
        assert min(float(took) for took, *_ in done) < 0.01
        assert {name for name in done[0][1:] if name.startswith("perpcalc")} == {"perpcalc"}
        assert not set(done[0][1:]) & {"typer", "rich", "pydantic", "decimal", "json", "tomllib", "importlib.metadata"}
