"""The program's commands; a command's module is imported when it is asked for."""

from importlib import import_module
from typing import Any

from typer.core import TyperGroup

from perpcalc.cli.command import HELP_OPTIONS, typer_command, typer_group
from perpcalc.errors import PerpcalcError, shown, suggestion

COMMANDS = (
    "pnl",
    "liq-price",
    "funding-cost",
    "size",
    "liq-cost",
    "hedge",
    "greeks",
    "power",
    "stress",
    "check",
    "portfolio",
    "venues",
    "batch",
)


class Program(TyperGroup):
    """The `perpcalc` command, which knows its subcommands by name only."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; raises PerpcalcError where there is none."""
        if cmd_name not in COMMANDS:
            raise PerpcalcError("no such command", f"give {suggestion(cmd_name, COMMANDS)}").at(shown(cmd_name))
        module = import_module("perpcalc.cli." + cmd_name.replace("-", "_"))
        return typer_group(module.GROUP) if hasattr(module, "GROUP") else typer_command(module.COMMAND)


def program() -> Program:
    """The whole program, for `main()` and for the generator of completions."""
    return Program(
        name="perpcalc",
        help="Position risk of inverse (coin-margined) perpetual contracts: profit, liquidation, funding, size.",
        epilog="\b\nExample:\n  perpcalc pnl --side long -n 10k --entry 62500 --exit 64000 --venue bybit",
        context_settings=HELP_OPTIONS,
        rich_markup_mode=None,
    )
