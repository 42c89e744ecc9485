"""Asks on a terminal that can move its cursor: one line to type on, and lists that are filtered by typing.

Only `RunContext.prompter` imports this, when a question is about to be asked: prompt_toolkit is slow to load.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Point
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, UIContent, Window
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output

from integrations_cli.errors import CancelledError
from integrations_cli.models import MASK
from integrations_cli.terminal.escape import escape
from integrations_cli.terminal.prompts import BACK, Option, Prompter, matching_options, unless_back, without_echo
from integrations_cli.terminal.render import ColorChoice, is_terminal, wants_color

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from prompt_toolkit.formatted_text import StyleAndTextTuples

ROWS: Final = 10
"""How many entries of a list are on the screen at most."""

_BACK_OPTION: Final = Option(BACK, f"{BACK} back")
_YES_NO: Final = (Option("yes", "Yes"), Option("no", "No"))


def open_menu_prompter(stdin: TextIO, stderr: TextIO, environ: Mapping[str, str], color: ColorChoice) -> Prompter:
    """Return a prompter on these streams: in plain lines if nothing can be drawn (a Windows console behind a pipe)."""
    if sys.platform == "win32":
        from prompt_toolkit.output.win32 import NoConsoleScreenBufferError

        from integrations_cli.terminal.prompts import LinePrompter

        try:
            output = create_output(stderr)
        except NoConsoleScreenBufferError:
            return LinePrompter(stdin, stderr)
    else:
        output = create_output(stderr)
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False  # a late reply of the terminal would be typed into the shell; nothing here needs it
    colored = wants_color(color, environ, terminal=is_terminal(stderr))
    return MenuPrompter(create_input(stdin), output, stdin, stderr, color=colored)


class MenuPrompter:
    """Asks in menus; a question and its answer stay on the screen as one line."""

    def __init__(self, source: Input, output: Output, stdin: TextIO, stderr: TextIO, *, color: bool = False) -> None:
        """Read keys from `source` (the terminal of `stdin`), draw on `output` (that of `stderr`)."""
        self._input, self._output = source, output
        self._stdin, self._stderr = stdin, stderr
        self._color = color

    def say(self, text: str) -> None:
        """Print a line; see `Prompter`."""
        shown = escape(text)
        lines = textwrap.wrap(
            shown,
            _width(self._output),
            subsequent_indent="    " if shown.startswith(" ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._stderr.write("\n".join(lines) + "\n")
        self._stderr.flush()

    def text(self, question: str, *, default: str = "", back: bool = False) -> str:
        """Return a line of text; see `Prompter`."""
        proposed = f" [{default}]" if default else ""
        answer = self._ask(_Question(f"{question}{proposed}:", back=back)).strip() or default
        self.say(f"{question}: {answer}")
        return answer

    def secret(self, question: str, *, back: bool = False) -> str:
        """Return a text that is not shown; see `Prompter`."""
        self._drop_typed()
        answer = self._ask(_Question(f"{question} (hidden):", back=back, hidden=True))
        self._drop_typed()
        self.say(f"{question}: {MASK if answer else ''}")
        return answer

    def choose(
        self, question: str, options: Sequence[Option], *, default: str | None = None, back: bool = False
    ) -> str:
        """Return one entry of a list that is filtered by what is typed; see `Prompter`."""
        label = question if question.endswith("?") else f"{question}:"
        value = self._ask(_Question(label, back=back, options=options, default=default))
        self.say(f"{label} {next(option.label for option in options if option.value == value)}")
        return value

    def confirm(self, question: str, default: bool = False, *, back: bool = False) -> bool:
        """Return the answer to a yes-or-no question; see `Prompter`."""
        return self.choose(question, _YES_NO, default="yes" if default else "no", back=back) == "yes"

    def session(self) -> AbstractContextManager[None]:
        """Keep what is typed between two questions off the screen."""
        return without_echo(self._stdin, flush=False)

    def _drop_typed(self) -> None:
        clear_typeahead(self._input)
        if sys.platform != "win32":
            import termios

            termios.tcflush(self._stdin.fileno(), termios.TCIFLUSH)

    def _ask(self, question: _Question) -> str:
        application = question.application(self._input, self._output, color=self._color)
        try:
            answer = application.run()
        except (KeyboardInterrupt, EOFError):
            raise CancelledError("cancelled") from None
        return unless_back(answer, back=question.back)


class _Question:
    """One question while it is on the screen: what has been typed, and the selected entry."""

    def __init__(
        self,
        label: str,
        *,
        back: bool,
        hidden: bool = False,
        options: Sequence[Option] | None = None,
        default: str | None = None,
    ) -> None:
        self.back = back
        self._label, self._hidden = label, hidden
        self._options = None if options is None else [*options, *([_BACK_OPTION] if back else [])]
        self._listed = list(self._options or ())
        self._pointer = next((n for n, option in enumerate(self._listed) if option.value == default), 0)
        self._buffer = Buffer(multiline=False, on_text_changed=lambda _: self._filter())

    def application(self, source: Input, output: Output, *, color: bool) -> Application[str]:
        """Return what draws the question, and whose result is the typed text or the value of an entry."""
        style = _COLORED if color else _PLAIN
        *above, last = textwrap.wrap(escape(self._label), _width(output), break_on_hyphens=False)
        label: StyleAndTextTuples = [(style["label"], f"{last} ")]
        control: BufferControl
        if self._hidden:
            control = _Hidden(self._buffer, label)
        else:
            control = BufferControl(self._buffer, input_processors=[BeforeInput(label)], focusable=True)
        typed = Window(control, wrap_lines=True, dont_extend_height=True)
        windows = [typed]
        if above:
            begun = FormattedTextControl([(style["label"], "\n".join(above))], show_cursor=False)
            windows.insert(0, Window(begun, dont_extend_height=True, always_hide_cursor=True))
        if self._options is not None:
            entries = FormattedTextControl(lambda: self._entries(output, style), show_cursor=False)
            windows.append(Window(entries, dont_extend_height=True, always_hide_cursor=True))
        return Application(
            layout=Layout(HSplit(windows), focused_element=typed),
            key_bindings=self._keys(),
            include_default_pygments_style=False,
            erase_when_done=True,
            color_depth=ColorDepth.DEPTH_4_BIT if color else ColorDepth.DEPTH_1_BIT,
            input=source,
            output=output,
        )

    def _filter(self) -> None:
        self._listed = matching_options(self._options or (), self._buffer.text)
        self._pointer = 0

    def _move(self, by: int) -> None:
        if self._listed:
            self._pointer = max(0, min(len(self._listed) - 1, self._pointer + by))

    def _entries(self, output: Output, style: dict[str, str]) -> StyleAndTextTuples:
        """Return the part of the list around the pointer, and a hint about the rest."""
        rows = max(1, min(ROWS, output.get_size().rows - 4))
        first = max(0, min(self._pointer - rows // 2, len(self._listed) - rows))
        fragments: StyleAndTextTuples = []
        for number, option in enumerate(self._listed[first : first + rows], first):
            pointed = number == self._pointer
            line = f"{'>' if pointed else ' '} {escape(option.label)}"
            fragments += [(style["pointed" if pointed else "entry"], line), ("", "\n")]
        rest = len(self._listed) - rows
        if rest > 0:
            fragments.append((style["hint"], f"  {rest} more; type to search"))
        elif not self._listed:
            fragments.append((style["hint"], "  no such entry"))
        else:
            fragments.pop()
        return fragments

    def _accept(self, event: KeyPressEvent) -> None:
        if self._options is None:
            event.app.exit(result=self._buffer.text)
        elif self._listed:
            event.app.exit(result=self._listed[self._pointer].value)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        keys.add("enter", eager=True)(self._accept)

        @keys.add("c-c", eager=True)
        @keys.add(Keys.SIGINT, eager=True)
        def _cancel(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt)

        @keys.add("c-d", eager=True)
        def _end(event: KeyPressEvent) -> None:
            if self._buffer.cursor_position < len(self._buffer.text):
                self._buffer.delete()
            else:
                event.app.exit(exception=EOFError)

        @keys.add("c-z", eager=True)
        def _suspend(event: KeyPressEvent) -> None:
            event.app.suspend_to_background()

        @keys.add("escape")
        def _escape(event: KeyPressEvent) -> None:
            if self._buffer.text:
                self._buffer.reset()
            elif self.back:
                event.app.exit(result=BACK)

        if self._options is not None:
            moves = {"up": -1, "c-p": -1, "s-tab": -1, "down": 1, "c-n": 1, "tab": 1, "pageup": -ROWS, "pagedown": ROWS}
            for name, by in moves.items():
                keys.add(name, eager=True)(lambda _, by=by: self._move(by))
        return keys


def _width(output: Output) -> int:
    """Return how many columns a line of text may take."""
    return max(20, output.get_size().columns - 1)


class _Hidden(BufferControl):
    """A line that shows one mask for whatever is typed on it, so that not even its length can be seen."""

    def __init__(self, buffer: Buffer, label: StyleAndTextTuples) -> None:
        super().__init__(buffer, focusable=True)
        self._label = label

    def create_content(self, width: int, height: int, preview_search: bool = False) -> UIContent:  # noqa: ARG002  # its form
        line: StyleAndTextTuples = [*self._label, ("", MASK if self.buffer.text else "")]
        length = sum(len(fragment[1]) for fragment in line)
        return UIContent(get_line=lambda _: [*line, ("", " ")], line_count=1, cursor_position=Point(x=length, y=0))


_COLORED: Final = {"label": "bold", "pointed": "ansicyan bold", "entry": "", "hint": "ansibrightblack"}
_PLAIN: Final = dict.fromkeys(_COLORED, "")
