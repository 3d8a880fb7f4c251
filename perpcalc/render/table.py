from perpcalc.render.report import Report
def print_table(report: Report) -> None:
    for row in report.rows:
        for k,v in row.values.items(): print(k, v)
