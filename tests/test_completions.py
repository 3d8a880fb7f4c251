"""What is generated: up to date with the program's tables, right in the shells themselves, and no Python at TAB."""

import os
import re
import select
import shutil
import signal
import subprocess
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from inside import LONG_AGO

from generate import files
from perpcalc.cli.app import program
from perpcalc.cli.calls import COMMANDS, runnable
from perpcalc.venues.tables import HERE as VENUE_FILES
from perpcalc.venues.tables import shipped_names

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "completions"
SHELLS = ("perpcalc.bash", "_perpcalc", "perpcalc.fish", "perpcalc.ps1")
GENERATED = (*(f"completions/{name}" for name in SHELLS), "completions/perpcalc.1", "perpcalc/__init__.pyi")
generated = cache(files)
OFFERS: Mapping[str, set[str]] = {
    "perpcalc pn": {"pnl"},
    "perpcalc po": {"portfolio", "power"},
    "perpcalc portfolio ": {"init", "add", "import", "remove", "validate", "show"},
    "perpcalc venues show k": {"kraken", "kucoin"},
    "perpcalc pnl --si": {"--side"},
    "perpcalc pnl --target-": {"--target-roe", "--target-pnl"},
    "perpcalc pnl --side ": {"long", "short"},
    "perpcalc pnl -s l": {"long"},
    "perpcalc pnl --side=s": {"short"},
    "perpcalc liq-price --mm-basis ": {"entry", "mark"},
    "perpcalc pnl --json -f ": {"table", "json", "csv"},
    "perpcalc pnl --venue b": {name for name in shipped_names() if name.startswith("b")},
    "perpcalc pnl -v okx -i E": {"ETC-USD-SWAP", "ETH-USD-SWAP", "EOS-USD-SWAP"},
    "perpcalc pnl --venue=bitmex --json -i X": {"XBTUSD", "XBTEUR"},
    "perpcalc pnl --venue bybit@2024-06-01 --instrument E": {"ETHUSD", "EOSUSD", "ETCUSD"},
    "perpcalc pnl --venue=deribit --instrument ": {"BTC-PERPETUAL", "ETH-PERPETUAL"},
    "perpcalc pnl --instrument PI_X": {"PI_XBTUSD", "PI_XRPUSD"},
    "perpcalc pnl --entry-fee ": {"maker", "taker"},
    "perpcalc pnl --field net_": {"net_pnl", "net_pnl_usd", "net_roe"},
    "perpcalc portfolio add book.toml --venue g": {"gate"},
    "perpcalc pnl -p bo": {"book.toml", "books/"},
    "perpcalc portfolio show bo": {"book.toml", "books/"},
    "perpcalc portfolio import bo": {"book.toml", "books/"},
    "perpcalc portfolio import --isolated - --into bo": {"book.toml", "books/"},
    "perpcalc schema gr": {"greeks"},
    "perpcalc venues import k": {"kraken", "kucoin"},
    "perpcalc stress --scenario 202": {"2020-03-12", "2021-05-19", "2022-06", "2022-11-08", "2024-08-05", "2025-10-10"},
    "perpcalc funding-cost --funding -0.1 --history bo": {"book.toml", "books/"},
    "perpcalc check --limits bo": {"book.toml", "books/"},
    "perpcalc pnl --entry ": set(),
    "perpcalc pnl --leverage 1": set(),
    "perpcalc nothing --venue ": set(),
}
ESCAPES = re.compile(r"\x1b(\[[0-9;?<>=]*[a-zA-Z]|\][^\x07]*\x07|[=>()][A-B0]?)")


def needs(shell: str) -> None:
    """Skip, and say so, where a shell is missing."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} IS NOT INSTALLED: its completion is not tested (apt-get install {shell})")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with files in it, and programs that tell when they are started."""
    (tmp_path / "work" / "books").mkdir(parents=True)
    (tmp_path / "work" / "book.toml").touch()
    (tmp_path / "bin").mkdir()
    for name in ("perpcalc", "python", "python3"):
        program_ = tmp_path / "bin" / name
        program_.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/started\n')
        program_.chmod(0o755)
    return tmp_path


def environment(place: Path) -> dict[str, str]:
    """An environment in which nothing of the user's is loaded."""
    return {
        "PATH": f"{place}/bin{os.pathsep}{os.environ['PATH']}",
        "HOME": str(place),
        "XDG_CONFIG_HOME": str(place),
        "XDG_DATA_HOME": str(place),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "400",
        "LINES": "100",
        "SOURCE_DATE_EPOCH": LONG_AGO,
    }


@pytest.fixture(autouse=True)
def no_python_at_tab(place: Path) -> Iterator[None]:
    """Whatever was completed, neither perpcalc nor Python was started for it."""
    yield
    assert not (place / "started").exists()


class TestWhatIsGenerated:
    @pytest.mark.parametrize("name", GENERATED)
    def test_is_up_to_date(self, name: str) -> None:
        assert (ROOT / name).read_text("utf-8") == generated()[name], "run: python completions/generate.py"

    def test_is_all_there_is(self) -> None:
        assert set(generated()) == set(GENERATED)
        made = {path.name for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".py"}
        assert made == {*SHELLS, "perpcalc.1"}

    @pytest.mark.parametrize("name", [*SHELLS, "perpcalc.1"])
    def test_names_every_command_option_and_venue(self, name: str) -> None:
        """As the program itself, walked as Typer runs it, has them."""
        text = (FOLDER / name).read_text("utf-8").replace("\\-", "-")
        group = program()
        pending = [(command, group.get_command(None, command)) for command in COMMANDS]  # type: ignore[arg-type]
        while pending:
            called, command = pending.pop()
            assert all(word in text for word in called.split())
            pending += [(f"{called} {sub}", command.made(sub)) for sub in getattr(command, "names", ())]
            for parameter in command.params:
                for word in (*parameter.opts, *parameter.secondary_opts):
                    if word.startswith("-"):
                        written = f"-l {word[2:]}" if name == "perpcalc.fish" and word[:2] == "--" else word
                        written = f"-s {word[1:]}" if name == "perpcalc.fish" and word[:2] != "--" else written
                        assert written in text, (called, word)
        if name != "perpcalc.1":
            for path in Path(VENUE_FILES).glob("*.toml"):
                assert path.stem in text
                for instrument in tomllib.loads(path.read_text("utf-8"))["instruments"]:
                    assert instrument in text

    def test_goes_with_the_wheel_to_where_shells_look(self, tmp_path: Path) -> None:
        wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling IS NOT INSTALLED: no wheel is built")
        [built] = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
        with zipfile.ZipFile(built) as archive:
            names = set(archive.namelist())
        data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "perpcalc").rglob("*") if is_data(path)}
        assert {"perpcalc/__init__.pyi", "perpcalc/py.typed", "perpcalc/venues/bybit.toml"} <= data <= names
        assert {name.partition(".data/data/")[2] for name in names} >= {
            "share/bash-completion/completions/perpcalc",
            "share/zsh/site-functions/_perpcalc",
            "share/fish/vendor_completions.d/perpcalc.fish",
            "share/man/man1/perpcalc.1",
        }


def is_data(path: Path) -> bool:
    """Whether a file of the package is read and no program."""
    return path.is_file() and path.suffix not in (".py", ".pyc")


class Terminal:
    """A shell on a terminal of its own, as a user has it."""

    def __init__(self, arguments: list[str], place: Path, setup: str) -> None:
        import pty

        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(place / "work")
            os.execvpe(arguments[0], arguments, environment(place))
        self.type(f"stty columns 400 rows 100; {setup}; PS1='<rea''dy>'\r")
        self.read_until("<ready>")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.terminal, text.encode())

    def answer(self, mark: str) -> str:
        """All that was printed until the shell, asked to, says a word that was not typed."""
        self.type(f"echo {mark[:2]}''{mark[2:]}-said\r")
        return self.read_until(f"\n{mark}-said", "<ready>")

    def read_until(self, *marks: str) -> str:
        """What is printed, up to some texts one after the other."""
        printed, end = "", time.monotonic() + 20
        while not re.search(".*".join(map(re.escape, marks)), ESCAPES.sub("", printed), re.DOTALL):
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{marks} were not printed: {printed!r}")
            printed += os.read(self.terminal, 65536).decode("utf-8", "replace")
        return ESCAPES.sub("", printed)

    def close(self) -> None:
        """Leave the shell."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@pytest.fixture
def terminal(place: Path) -> Iterator[Callable[..., Terminal]]:
    """Open terminals; they are closed at the end."""
    opened: list[Terminal] = []

    def open_(*arguments: str, setup: str) -> Terminal:
        opened.append(Terminal(list(arguments), place, setup))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def shown(printed: str) -> set[str]:
    """The words on the lines that a shell printed."""
    return {word for line in printed.splitlines() for word in line.split()}


class TestBash:
    def ask(self, place: Path, line: str, **variables: str) -> set[str]:
        """What bash offers for a line, as readline would ask; the word files where it completes file names itself."""
        asked = (
            f"source {FOLDER}/perpcalc.bash; compopt() {{ echo files; }}; COMP_LINE=$1; COMP_POINT=${{#1}}; _perpcalc;"
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", asked, "bash", line],
            env={**environment(place), **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    def test_offers(self, place: Path) -> None:
        needs("bash")
        for line, wanted in OFFERS.items():
            files = {name for name in wanted if name.startswith("book")}
            assert self.ask(place, line) == ({"files"} if files else wanted), line

    def test_offers_each_argument_in_its_place(self, place: Path) -> None:
        needs("bash")
        assert self.ask(place, "perpcalc venues import --leverage 10 kr") == {"kraken"}
        assert self.ask(place, "perpcalc venues import kraken kr") == {"files"}
        assert "--prune" in self.ask(place, "perpcalc portfolio import positions.json ")

    def test_offers_nothing_for_an_option_that_a_command_lacks(self, place: Path) -> None:
        needs("bash")
        assert self.ask(place, "perpcalc power --side ") == set()

    def test_offers_the_instruments_of_the_venue_in_the_environment(self, place: Path) -> None:
        needs("bash")
        assert self.ask(place, "perpcalc pnl -i X", PERPCALC_VENUE="bitmex@2024-01-01") == {"XBTUSD", "XBTEUR"}
        assert self.ask(place, "perpcalc pnl -v kucoin -i X", PERPCALC_VENUE="bitmex") == {"XBTUSDM"}

    def test_in_a_terminal(self, terminal: Callable[..., Terminal]) -> None:
        needs("bash")
        shell = terminal(
            "bash", "--norc", "--noprofile", "-i",
            setup=f"bind 'set show-all-if-ambiguous on'; bind 'set enable-bracketed-paste off'; source {FOLDER}/perpcalc.bash",
        )  # fmt: skip
        shell.type("perpcalc pnl -v okx@2024-06-01 -i E\t\x15")
        assert shown(shell.answer("one")) >= {"ETC-USD-SWAP", "ETH-USD-SWAP", "EOS-USD-SWAP"}
        shell.type("perpcalc pnl --side=s\t\x01echo \r")
        assert "perpcalc pnl --side=short" in shell.answer("two")
        shell.type("perpcalc pnl -p bo\t.\t\x01echo \r")
        assert "perpcalc pnl -p book.toml" in shell.answer("three")


class TestZsh:
    @pytest.fixture
    def zsh(self, terminal: Callable[..., Terminal]) -> Terminal:
        """A zsh that has nothing loaded but its own completion system."""
        needs("zsh")
        return terminal(
            "zsh", "-f", "-i",
            setup=f"fpath=({FOLDER} $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=0; bindkey '^T' list-choices; unsetopt beep zle_bracketed_paste prompt_cr",
        )  # fmt: skip

    def test_offers(self, zsh: Terminal) -> None:
        for number, (line, wanted) in enumerate(OFFERS.items()):
            zsh.type(f"{line}\x14\x15")
            printed = zsh.answer(f"zsh{number}")
            words = shown(printed.replace(line, " "))
            assert words >= wanted, (line, printed)
            assert wanted or not words & {"pnl", "--side", "book.toml", "long", "binance"}, (line, printed)

    def test_completes(self, zsh: Terminal) -> None:
        for number, (typed, completed) in enumerate(
            {
                "perpcalc pn\t": "perpcalc pnl",
                "perpcalc pnl --side=s\t": "perpcalc pnl --side=short",
                "perpcalc portfolio val\t": "perpcalc portfolio validate",
                "perpcalc pnl --venue dera\x7f\t": "perpcalc pnl --venue deribit",
                "perpcalc pnl --entry \t": "perpcalc pnl --entry",
            }.items()
        ):
            zsh.type(f"{typed}\x01echo \r")
            assert f"\n{completed}" in zsh.answer(f"done{number}").replace("\r", "")

    def test_describes(self, zsh: Terminal) -> None:
        zsh.type("perpcalc pnl --targ\x14\x15")
        assert "Find the price for this gross return on equity." in zsh.answer("told")


class TestFish:
    def ask(self, place: Path, line: str) -> dict[str, str]:
        """What fish offers for a line, with the descriptions."""
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {FOLDER}/perpcalc.fish; complete -C $argv[1]", line],
            cwd=place / "work",
            env=environment(place),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return dict((*offer.split("\t", 1), "")[:2] for offer in done.stdout.splitlines())  # type: ignore[misc]

    def test_offers(self, place: Path) -> None:
        needs("fish")
        for line, wanted in OFFERS.items():
            start = line.rpartition("=")[0] + "="
            found = {name.removeprefix("--side=") for name in self.ask(place, line)} if "=s" in start + line[-1] else set(self.ask(place, line))  # fmt: skip
            assert found == wanted, line

    def test_describes(self, place: Path) -> None:
        needs("fish")
        assert self.ask(place, "perpcalc pnl --target-r") == {
            "--target-roe": "Find the price for this gross return on equity."
        }
        assert self.ask(place, "perpcalc pnl --venue kr")["kraken"] == "Kraken Futures inverse perpetuals"
        assert self.ask(place, "perpcalc pn") == {"pnl": "Profit and loss of a position in coin and USD"}


class TestPowerShell:
    def test_offers(self, place: Path) -> None:
        needs("pwsh")
        for line, wanted in OFFERS.items():
            if not wanted or "book.toml" in wanted:
                continue  # PowerShell then completes file names itself
            asked = (
                f". {FOLDER}/perpcalc.ps1; "
                f"(TabExpansion2 '{line}' {len(line)}).CompletionMatches | ForEach-Object {{ $_.ListItemText }}"
            )
            done = subprocess.run(
                ["pwsh", "-NoProfile", "-Command", asked],
                cwd=place / "work",
                env=environment(place),
                capture_output=True,
                text=True,
                check=True,
            )
            assert set(done.stdout.split()) == wanted, line


class TestManPage:
    def test_groff_finds_nothing_wrong(self) -> None:
        needs("groff")
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tutf8", str(FOLDER / "perpcalc.1")], capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        text = re.sub(".\b", "", ESCAPES.sub("", done.stdout))
        for heading in (
            "SYNOPSIS",
            "COMMANDS",
            "OPTIONS",
            "NUMBERS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "EXAMPLES",
        ):
            assert heading in text
        assert "--target-roe RATE" in text

    def test_tells_of_each_command_what_it_needs_and_an_example(self) -> None:
        text = (FOLDER / "perpcalc.1").read_text("utf-8").replace("\\-", "-").replace("\\e", "\\")
        for called in COMMANDS:
            one = runnable(called)
            for command in getattr(one, "commands", (one,)):
                words = called if command is one else f"{called} {command.name}"
                part = text.partition(f".SS perpcalc {words}")[2].partition(".SS")[0]
                assert command.help in part
                needed = " ".join(re.findall(r"fINeeded(?: without --portfolio)?.fR: (.*)", part))
                flags = {"--" + option.name.replace("_", "-") for option in command.needed if not option.argument}
                assert set(re.findall(r"--[a-z-]+", needed)) == flags, words
                assert all(example in text for example in command.examples), words
