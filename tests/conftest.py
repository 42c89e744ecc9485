"""What all tests share: children that Ctrl-C reaches, and figures that are printed at the end of the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import settings

settings.register_profile("without a deadline", deadline=None)  # a slow machine is no failure
settings.load_profile("without a deadline")

Figures = Callable[[str, Sequence[Sequence[object]]], None]

FACTOR: Final = float(os.environ.get("FUZZ_FACTOR", "1"))
"""How many times as many made-up cases are tried as in an ordinary run of the tests."""

_PROPERTY = "figures"


def pytest_configure() -> None:
    """Let Ctrl-C reach the tests and what they start.

    A shell without job control starts a job in the background with SIGINT ignored. Every child inherits that, and one
    that is stopped by SIGINT would then never end. A handler is not inherited: a child begins with the default.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Give the tests more time when they try more cases."""
    if FACTOR > 1:
        seconds = float(config.getini("timeout")) * FACTOR
        for item in items:
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Print a table in the summary of the run: `figures(title, rows)`. Parallel workers' tables are printed too."""

    def keep(title: str, rows: Sequence[Sequence[object]]) -> None:
        request.node.user_properties.append((_PROPERTY, [title, [[str(cell) for cell in row] for row in rows]]))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests kept, once each, ordered by title. What several tests kept under one title is one table."""
    tables: dict[str, dict[str, list[list[str]]]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _PROPERTY:
                    tables.setdefault(value[0], {})[report.nodeid] = value[1]
    for title, kept in sorted(tables.items()):
        terminalreporter.section(title)
        rows = [row for node in sorted(kept) for row in kept[node]]
        if len(kept) > 1:
            names = dict.fromkeys(row[0] for row in rows)
            rows = [_sum([row for row in rows if row[0] == name], name) for name in names]
            total = _sum(rows, "in all")
            rows += [total] if any(total[1:]) else []
        widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            terminalreporter.write_line(line.rstrip())


def _sum(rows: Sequence[Sequence[str]], name: str) -> list[str]:
    """One row for several of a table that several tests made: the sum of each column of numbers (`12 runs`)."""
    if len(rows) == 1:
        return list(rows[0])
    total = [name]
    for column in list(zip(*rows, strict=True))[1:]:
        parts = [cell.partition(" ") for cell in column]
        numbers = all(number.isdecimal() and word == parts[0][2] for number, _, word in parts)
        total.append(f"{sum(int(number) for number, _, _ in parts)} {parts[0][2]}".strip() if numbers else "")
    return total
