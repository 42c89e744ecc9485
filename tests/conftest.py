"""What all tests share: figures that a test measured, printed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

Figures = Callable[[str, Sequence[Sequence[object]]], None]

_PROPERTY = "figures"


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Print a table in the summary of the run: `figures(title, rows)`. Parallel workers' tables are printed too."""

    def keep(title: str, rows: Sequence[Sequence[object]]) -> None:
        request.node.user_properties.append((_PROPERTY, [title, [[str(cell) for cell in row] for row in rows]]))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests kept, once each, ordered by title."""
    tables = {
        title: rows
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, (title, rows) in report.user_properties
        if name == _PROPERTY
    }
    for title in sorted(tables):
        terminalreporter.section(title)
        rows = tables[title]
        widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            terminalreporter.write_line(line.rstrip())
