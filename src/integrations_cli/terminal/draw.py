"""Draws views on a terminal with Rich, which only this module imports: it is slow to load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text as RichText

from integrations_cli.terminal.escape import escape
from integrations_cli.terminal.views import Fields, Table

LONGEST_CELL: Final = 4000
"""Characters of one cell, some fifty lines; in a pipe and in JSON nothing is cut."""


def open_console(stream: TextIO | None, environ: Mapping[str, str], *, terminal: bool, color: bool) -> Console:
    """Return a console that reads no markup, and writes colours only with `color`."""
    return Console(
        file=stream,
        force_terminal=color or terminal,
        no_color=not color,
        color_system="auto" if color and terminal else ("standard" if color else None),
        highlight=False,
        markup=False,
        emoji=False,
        _environ=environ,
    )


def progress_bar(console: Console) -> Progress:
    """Return a bar that goes away at the end, with what is printed on its console above it."""
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def print_line(console: Console, text: str) -> None:
    """Print a text that begins on a line of its own."""
    console.print(RichText(escape(text), overflow="fold"))


def draw(console: Console, view: Fields | Table) -> None:
    """Print a view as a table; text to copy stands below it, with its own line ends and no frame."""
    if isinstance(view, Fields):
        _draw_fields(console, view)
    else:
        _draw_table(console, view)


def _draw_fields(console: Console, view: Fields) -> None:
    fields = _table(view.title, header=False)
    fields.add_column(style="bold")
    fields.add_column(overflow="fold")
    for name, value in view.rows:
        fields.add_row(_cell(name), _cell(value))
    console.print(fields)
    for name, text in view.copyable:
        console.print(_cell(name, "bold"))
        console.file.write("".join(f"{escape(line)}\n" for line in text.split("\n")))
        console.file.flush()


def _draw_table(console: Console, view: Table) -> None:
    rows = _table("", header=True)
    for column in view.columns:
        rows.add_column(_cell(column), overflow="fold")
    for group in view.groups:
        previous = ""
        for row in group:
            style = "dim" if row.dim else "bold" if row.strong else ""
            first, *others = row.cells
            # What the rows of a group have in common is shown in the first of them only.
            rows.add_row(_cell("" if first == previous else first), *(_cell(text, style) for text in others))
            previous = first
        rows.add_section()
    if view.groups:
        console.print(rows)
    if view.caption:
        console.print(_cell(view.caption, "dim"))


def _table(title: str, *, header: bool) -> RichTable:
    return RichTable(
        title=_cell(title, "bold") if title else None, title_justify="left", box=box.ROUNDED, show_header=header
    )


def _cell(text: str, style: str = "") -> RichText:
    shown = escape(text)
    shown = shown if len(shown) <= LONGEST_CELL else f"{shown[:LONGEST_CELL]}…"
    return RichText(shown, style=style, overflow="fold")
