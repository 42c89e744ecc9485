"""The only writer to the terminal: data to standard output, everything else to standard error.

What goes out is cleaned first: of the secrets that the program knows, and of everything that could steer a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, TextIO

from integrations_cli.errors import IntegrationsError
from integrations_cli.models import Json
from integrations_cli.terminal.escape import escape, escape_json
from integrations_cli.terminal.redaction import Redactor
from integrations_cli.terminal.views import Fields, Nothing, Table, Text, View

if TYPE_CHECKING:
    from rich.console import Console

ColorChoice = Literal["auto", "always", "never"]

CELL: Final = 4000
"""Characters of one cell of a table on a terminal, some fifty lines; in a pipe and in JSON nothing is cut."""

_BOLD, _DIM, _RED, _YELLOW, _END = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be reading (or typing) there; a closed stream is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # the stream is closed
        return False


def wants_color(choice: ColorChoice, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether to colour: `--color` beats NO_COLOR beats FORCE_COLOR and CLICOLOR_FORCE beats TERM and the stream."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        if environ.get(name, "0") not in ("", "0"):
            return True
    return terminal and environ.get("TERM") != "dumb" and environ.get("CLICOLOR", "1") != "0"


class Renderer:
    """Prints what commands return and what goes wrong, in the form that was asked for."""

    def __init__(
        self,
        stdout: TextIO | None,
        stderr: TextIO | None,
        environ: Mapping[str, str],
        *,
        json: bool = False,
        color: ColorChoice = "auto",
    ) -> None:
        """Write to these streams; either may be closed (None)."""
        self.json = json
        self.redactor = Redactor()
        self.done: str | None = None
        """What has been done already, to be said if it cannot be shown."""
        self._stdout, self._stderr = stdout, stderr
        self._environ = environ
        self._color = color
        self._held: list[tuple[str, str]] = []
        for stream in (stdout, stderr):
            # A name from a server may hold characters that the locale cannot write: escape them instead of failing.
            if stream is not None and hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    # -- data ---------------------------------------------------------------------------------------------------------

    def show(self, view: View) -> int:
        """Print what a command returned, and give its exit code."""
        if isinstance(view, Nothing):
            return view.exit_code
        if self._stdout is None and self.done is not None:
            self.note(f"standard output is closed; {self.done}")
        if self.json and not (isinstance(view, Text) and view.json is None):
            self.show_json(view.json)
        elif isinstance(view, Text):
            self._write(self.text(view.text, lines=view.lines))
        elif is_terminal(self._stdout):
            self._draw(view)
        elif isinstance(view, Fields):
            copyable = [(name, " ".join(map(str.strip, text.split("\n")))) for name, text in view.copyable]
            rows = (*view.rows, *copyable)
            self._write("".join(f"{self._field(name)}\t{self._plain(value)}\n" for name, value in rows))
        else:
            table = [row.cells for group in view.groups for row in group]
            self._write("".join(map(self._tabbed, table)))
        return view.exit_code

    def show_json(self, document: Json, *, lines: bool = False) -> None:
        """Print one JSON document, never wrapped or coloured; with `lines` on one line, for streams of them."""
        self._write(self.json_text(document, lines=lines))

    def text(self, text: str, *, lines: bool) -> str:
        """A text as it is printed: with `lines` it keeps its own, otherwise it becomes one."""
        text = self.redactor.clean(text)
        parts = text.removesuffix("\n").split("\n") if lines else [text]
        return "".join(f"{escape(part)}\n" for part in parts)

    def json_text(self, document: Json, *, lines: bool = False) -> str:
        """A document as it is printed; with `lines` on one line."""
        import json

        document = self.redactor.clean_json(document)
        encoded = json.dumps(document, ensure_ascii=False, indent=None if lines else 2)
        return escape_json(encoded, indented=not lines) + "\n"

    def preview(self, table: Table) -> None:
        """Show a table on standard error: what a person is asked about is no data."""
        if self.json:
            return
        if is_terminal(self._stderr):
            self._draw(table, stderr=True)
        else:
            self._line("".join(self._tabbed(row.cells) for group in table.groups for row in group))

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[Sequence[str], str], None]]:
        """A table that grows while its reader watches, and where that is a terminal a bar below it.

        What the block is given prints one more line: its cells are data; a complaint about it, if there is one, is said
        besides. With `--json` it only counts: the caller prints documents.
        """
        if self.json or not is_terminal(self._stderr) or self._environ.get("TERM") == "dumb":
            yield self._tell
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
        from rich.text import Text as RichText

        together = is_terminal(self._stdout)  # data and bar are on one screen: one console must draw both
        with Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.console(stderr=not together),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as bar:
            task = bar.add_task("", total=total)

            def advance(cells: Sequence[str], complaint: str) -> None:
                if together:
                    bar.console.print(RichText(self._plain("  ".join(filter(None, cells))), overflow="fold"))
                else:
                    self._write(self._tabbed(cells))
                    if complaint:
                        bar.console.print(RichText(self._plain(complaint), overflow="fold"))
                bar.advance(task)

            yield advance

    def _tell(self, cells: Sequence[str], complaint: str) -> None:
        if not self.json:
            self._write(self._tabbed(cells))
            if complaint:
                self._line(f"{self._plain(complaint)}\n")

    def _tabbed(self, cells: Sequence[str]) -> str:
        return "\t".join(map(self._plain, cells)) + "\n"

    def _plain(self, text: str) -> str:
        return escape(self.redactor.clean(text))

    def _field(self, name: str) -> str:
        name = self._plain(name)
        return f"{_BOLD}{name}{_END}" if wants_color(self._color, self._environ, terminal=False) else name

    def _write(self, text: str) -> None:
        if self._stdout is not None:
            self._stdout.write(text)
            self._stdout.flush()

    def console(self, *, stderr: bool = False) -> Console:
        """A Rich console on one of the two streams that reads no markup, and colours only if that is wanted."""
        from rich.console import Console

        stream = self._stderr if stderr else self._stdout
        terminal = is_terminal(stream)
        color = wants_color(self._color, self._environ, terminal=terminal)
        return Console(
            file=stream,
            force_terminal=color or terminal,
            no_color=not color,
            color_system="auto" if color and terminal else ("standard" if color else None),
            highlight=False,
            markup=False,
            emoji=False,
            _environ=self._environ,
        )

    def _draw(self, view: Fields | Table, *, stderr: bool = False) -> None:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text as RichText

        def cell(text: str, style: str = "") -> RichText:
            shown = self._plain(text)
            shown = shown if len(shown) <= CELL else f"{shown[:CELL]}…"
            return RichText(shown, style=style, overflow="fold")

        def table(title: str, *, header: bool) -> RichTable:
            shown = cell(title, "bold") if title else None
            return RichTable(title=shown, title_justify="left", box=box.ROUNDED, show_header=header)

        console = self.console(stderr=stderr)
        if isinstance(view, Fields):
            fields = table(view.title, header=False)
            fields.add_column(no_wrap=False, style="bold")
            fields.add_column(overflow="fold")
            for name, value in view.rows:
                fields.add_row(cell(name), cell(value))
            console.print(fields)
            for name, text in view.copyable:
                console.print(cell(name, "bold"))
                self._write("".join(f"{self._plain(line)}\n" for line in text.split("\n")))
            return
        rows = table("", header=True)
        for column in view.columns:
            rows.add_column(cell(column), overflow="fold")
        for group in view.groups:
            said = ""
            for row in group:
                style = "dim" if row.dim else "bold" if row.strong else ""
                first, *others = row.cells
                # What a group has in common is said once, in its first row.
                rows.add_row(cell("" if first == said else first), *(cell(text, style) for text in others))
                said = first
            rows.add_section()
        if view.groups:
            console.print(rows)
        if view.caption:
            console.print(cell(view.caption, "dim"))

    # -- everything else ----------------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Say something that is good to know, on standard error."""
        self._say("note", text)

    def hint(self, text: str) -> None:
        """Say what could be done next, on standard error."""
        self._say("hint", text)

    def warn(self, text: str) -> None:
        """Say what is likely to be a mistake, on standard error."""
        self._say("warning", text)

    def log(self, text: str) -> None:
        """One line of `--verbose`, at once."""
        self._line(f"{self._plain(text)}\n")

    def finish(self) -> None:
        """Say what was held back: with `--json` standard error is for the error document, if there is one."""
        held, self._held = self._held, []
        for kind, text in held:
            self._line(self._labelled(kind, text))

    def error(self, error: IntegrationsError) -> int:
        """Say what went wrong and what to do about it, and give the exit code."""
        if self.json:
            import json

            document = {
                "type": error.type,
                "message": error.message,
                "hint": error.hint,
                "status": error.status,
                "details": list(error.details),
                "error_id": error.error_id,
                "idempotency_key": error.idempotency_key,
                "exit_code": error.exit_code,
            }
            encoded = json.dumps({"error": self.redactor.clean_json(document)}, ensure_ascii=False)
            self._held.clear()
            self._line(escape_json(encoded, indented=False) + "\n")
        else:
            self.finish()
            self._line(self._labelled("error", error.message))
            if error.hint:
                self._line(self._labelled("hint", error.hint))
        return error.exit_code

    def _say(self, kind: str, text: str) -> None:
        if self.json:
            self._held.append((kind, text))
        else:
            self._line(self._labelled(kind, text))

    def _labelled(self, kind: str, text: str) -> str:
        label = f"{kind}:"
        if wants_color(self._color, self._environ, terminal=is_terminal(self._stderr)):
            style = {"error": _BOLD + _RED, "warning": _YELLOW}.get(kind, _DIM)
            label = f"{style}{label}{_END}"
        return f"{label} {self._plain(text)}\n"

    def _line(self, text: str) -> None:
        if self._stderr is not None:
            self._stderr.write(text)
            self._stderr.flush()
