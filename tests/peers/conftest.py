"""Comparisons with other people's packages, run by hand, each in an environment with the package that its module names.

    pytest -m peers tests/peers

They end in a table of the worst differences.
"""

import pytest
from agreement import AGREEMENT, Agreement


@pytest.fixture(scope="session")
def agree() -> Agreement:
    """Assert that two answers agree: `agree("peer: figure", ours, theirs)`."""
    return AGREEMENT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if AGREEMENT.seen:
        terminalreporter.section("peers")
        for what, (times, worst) in AGREEMENT.seen.items():
            terminalreporter.write_line(f"{what:<52}{times:>7,} compared, worst difference {worst:.1E}")
