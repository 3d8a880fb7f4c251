"""The programs that are measured against."""

TYPER_PROGRAM = """
import typer
app = typer.Typer()

@app.command()
def main() -> None:
    pass

app()
"""

TYPER_TABLE = """
import typer
app = typer.Typer()

@app.command()
def main() -> None:
    from rich.console import Console
    from rich.table import Table
    table = Table("name", "value")
    for name in range(20):
        table.add_row(str(name), "1.25")
    Console().print(table)

app()
"""

JSON_LOOP = """
import json, sys
from decimal import Decimal
made = []
for line in sys.stdin:
    row = json.loads(line)
    row = {key: Decimal(value) if value.replace(".", "").isdigit() else value for key, value in row.items()}
    made.append(json.dumps(row, default=str))
sys.stdout.write("\\n".join(made))
"""

CSV_LOOP = """
import csv, sys
from decimal import Decimal
with open(sys.argv[1], newline="") as file:
    rows = csv.reader(file)
    next(rows)
    for row in rows:
        [Decimal(value) for value in row]
"""

TOML_LOAD = """
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    tomllib.load(file)
"""
