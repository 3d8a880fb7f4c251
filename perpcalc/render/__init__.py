"""Printing a report: as a table, JSON, CSV, one bare field, or explained. Rendering knows nothing of contracts."""

import sys

from perpcalc.errors import PerpcalcError, shown, suggestion
from perpcalc.render.report import Report


def show(report: Report, format: str, field: str | None = None, explain: bool = False) -> int:
    """Print a report on standard output; returns its exit status."""
    if field is not None:
        sys.stdout.write(bare(report, field))
    elif explain:
        from perpcalc.render.explain import explained

        sys.stdout.write(explained(report))
    elif format == "json":
        from perpcalc.render.json import as_json

        sys.stdout.write(as_json(report))
    elif format == "csv":
        from perpcalc.render.csv import as_csv

        sys.stdout.write(as_csv(report))
    else:
        from perpcalc.render.table import print_table

        print_table(report)
    return report.status


def bare(report: Report, field: str) -> str:
    """One value per row, an empty line for null."""
    from perpcalc.render.text import machine, printable

    if field not in report.fields:
        raise PerpcalcError(
            f"{shown(field)} is not a field of this command", f"give {suggestion(field, report.fields)}"
        ).at("--field")
    return "".join(printable(machine(row.values[field]) or "") + "\n" for row in report.rows)
