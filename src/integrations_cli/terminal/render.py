"""The only writer to the terminal: data to standard output, everything else to standard error.

Secrets are taken out of messages, and nothing that is printed can steer a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO

from integrations_cli.errors import IntegrationsError
from integrations_cli.models import Json
from integrations_cli.terminal.escape import escape, escape_json
from integrations_cli.terminal.redaction import Redactor
from integrations_cli.terminal.views import Fields, Nothing, Table, Text, View, error_json, redact_hint

if TYPE_CHECKING:
    from rich.console import Console

ColorChoice = Literal["auto", "always", "never"]

_BOLD, _DIM, _RED, _YELLOW, _END = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_STYLES = {"error": _BOLD + _RED, "warning": _YELLOW}


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person may be reading or typing there; a closed stream is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # the stream is closed
        return False


def wants_color(choice: ColorChoice, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to colour: `--color` beats NO_COLOR beats FORCE_COLOR and CLICOLOR_FORCE beats TERM and stream."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return terminal and environ.get("TERM") != "dumb" and environ.get("CLICOLOR", "1") != "0"


def json_text(document: Json, *, lines: bool = False) -> str:
    """Return a document as it is printed: indented, or with `lines` on one line."""
    encoded = json.dumps(document, ensure_ascii=False, indent=None if lines else 2)
    return escape_json(encoded, indented=not lines) + "\n"


def plain_text(text: str, *, lines: bool) -> str:
    """Return a text as it is printed: with `lines` its line ends stay, otherwise they are escaped."""
    parts = text.removesuffix("\n").split("\n") if lines else [text]
    return "".join(f"{escape(part)}\n" for part in parts)


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
        """What the command has done, for the case that its result cannot be printed."""
        self._stdout, self._stderr = stdout, stderr
        self._environ = environ
        self._color = color
        self._held: list[tuple[str, str]] = []
        for stream in (stdout, stderr):
            # A name from a server may hold characters that the locale cannot write: escape them instead of failing.
            if stream is not None and hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    def show(self, view: View) -> int:
        """Print what a command returned, and return its exit code."""
        if isinstance(view, Nothing):
            return view.exit_code
        if self._stdout is None and self.done is not None:
            self.note(f"standard output is closed; {self.done}")
        if self.json and not (isinstance(view, Text) and view.json is None):
            self.show_json(view.json)
        elif isinstance(view, Text):
            self._write(self._stdout, plain_text(view.text, lines=view.lines))
        else:
            self._print(self._stdout, view)
        return view.exit_code

    def show_json(self, document: Json, *, lines: bool = False) -> None:
        """Print one JSON document, never wrapped or coloured; with `lines` on one line, for streams of them."""
        self._write(self._stdout, json_text(document, lines=lines))

    def preview(self, table: Table) -> None:
        """Print a table on standard error, for a question about it."""
        if not self.json:
            self._print(self._stderr, table)

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[Sequence[str], str], None]]:
        """Print a table that grows row by row, with a bar below it where standard error is a terminal.

        The function that the block gets prints one more row; a complaint about it goes to standard error. With
        `--json` it prints nothing.
        """
        if self.json or not is_terminal(self._stderr) or self._environ.get("TERM") == "dumb":
            yield self._print_row
            return
        from integrations_cli.terminal.draw import print_line, progress_bar

        together = is_terminal(self._stdout)  # rows and bar are on one screen: one console must draw both
        with progress_bar(self._console(self._stdout if together else self._stderr)) as bar:
            task = bar.add_task("", total=total)

            def advance(cells: Sequence[str], complaint: str) -> None:
                if together:
                    print_line(bar.console, "  ".join(filter(None, cells)))
                else:
                    self._write(self._stdout, _row(cells))
                    if complaint:
                        print_line(bar.console, complaint)
                bar.advance(task)

            yield advance

    def note(self, text: str) -> None:
        """Print something that is good to know, on standard error."""
        self._say("note", text)

    def hint(self, text: str) -> None:
        """Print what could be done next, on standard error."""
        self._say("hint", text)

    def warn(self, text: str) -> None:
        """Print what is likely to be a mistake, on standard error."""
        self._say("warning", text)

    def log(self, text: str) -> None:
        """Print a line of `--verbose`, at once."""
        self._write(self._stderr, f"{escape(self.redactor.clean(text))}\n")

    def finish(self) -> None:
        """Print what was held back: with `--json` standard error is for the error document, if there is one."""
        held, self._held = self._held, []
        for kind, text in held:
            self._print_message(kind, text)

    def error(self, error: IntegrationsError) -> int:
        """Print what went wrong and what to do about it, and return the exit code."""
        if self.json:
            self._held.clear()
            document = {**error_json(error, self.redactor.clean), "exit_code": error.exit_code}
            self._write(self._stderr, json_text({"error": document}, lines=True))
        else:
            self._print_message("error", error.message)
            if error.hint:
                self._print_message("hint", error.hint)
        return error.exit_code

    def _say(self, kind: str, text: str) -> None:
        if self.json:
            self._held.append((kind, text))
        else:
            self._print_message(kind, text)

    def _print_message(self, kind: str, text: str) -> None:
        clean = self.redactor.clean
        shown = escape(redact_hint(text, clean) if kind == "hint" else clean(text))
        color = wants_color(self._color, self._environ, terminal=is_terminal(self._stderr))
        label = f"{_STYLES.get(kind, _DIM)}{kind}:{_END}" if color else f"{kind}:"
        self._write(self._stderr, f"{label} {shown}\n")

    def _print_row(self, cells: Sequence[str], complaint: str) -> None:
        if not self.json:
            self._write(self._stdout, _row(cells))
            if complaint:
                self._write(self._stderr, f"{escape(complaint)}\n")

    def _tabbed(self, view: Fields | Table) -> str:
        """Return a view as a pipe gets it: TAB-separated lines, nothing cut."""
        if isinstance(view, Table):
            return "".join(_row(row.cells) for group in view.groups for row in group)
        bold = wants_color(self._color, self._environ, terminal=False)
        copyable = [(name, " ".join(map(str.strip, text.split("\n")))) for name, text in view.copyable]
        rows = [(escape(name), escape(value)) for name, value in [*view.rows, *copyable]]
        return "".join(f"{_BOLD}{name}{_END}\t{value}\n" if bold else f"{name}\t{value}\n" for name, value in rows)

    def _print(self, stream: TextIO | None, view: Fields | Table) -> None:
        if not is_terminal(stream):
            self._write(stream, self._tabbed(view))
            return
        from integrations_cli.terminal.draw import draw

        draw(self._console(stream), view)

    def _console(self, stream: TextIO | None) -> Console:
        from integrations_cli.terminal.draw import open_console

        terminal = is_terminal(stream)
        color = wants_color(self._color, self._environ, terminal=terminal)
        return open_console(stream, self._environ, terminal=terminal, color=color)

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is not None:
            stream.write(text)
            stream.flush()


def _row(cells: Sequence[str]) -> str:
    return "\t".join(map(escape, cells)) + "\n"
