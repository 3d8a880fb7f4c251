"""`perpcalc schema`: what lines of JSON may ask and what they are answered, as JSON Schema."""

import json
import sys

from perpcalc.cli.door import Action
from perpcalc.commands.registry import command_named
from perpcalc.given import Given, many
from perpcalc.names import QUESTIONS

NAME = many(
    "command",
    str,
    "[COMMAND]",
    "A command, as in pnl or solve margin; all of them by default.",
    complete="command",
    argument=True,
)


def run(given: Given) -> int:
    """Print the schema of a command, or an object that holds those of all."""
    from perpcalc.commands.schema import schema_of

    if words := given[NAME]:
        name = " ".join(words)
        made = schema_of(command_named(name), name)
    else:
        made = {name: schema_of(command_named(name), name) for name in QUESTIONS}
    sys.stdout.write(json.dumps(made, indent=2) + "\n")
    return 0


ACTION = Action(
    "schema",
    "Print the JSON Schema (2020-12) of a command's question and answer, as batch and Python have them.",
    ("perpcalc schema liq-price", "perpcalc schema solve margin"),
    (NAME,),
    run,
)
