"""Draw the README's pictures of a terminal: `python scripts/draw_pictures.py`.

Each picture is what the program writes to a pseudo-terminal, in an empty home folder. Rich turns it into SVG. With
`--check`, write nothing, name the pictures whose text is out of date, and exit with 1. Needs the test extra.
"""

from __future__ import annotations

import html
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import pexpect
import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

FOLDER: Final = Path(__file__).parent / "pictures"

ROWS: Final = 60
COLUMNS: Final = 100

# A page that shows the picture may not load anything, so the reader's own fonts are used.
SVG_FORMAT: Final = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)

MANIFEST: Final = """\
version = 1

[integrations.mailgun-main]
provider = "mailgun"
name = "Mailgun EU"
active = true
primary = true
credentials = { apiKey = { env = "KEY" }, user = "api", domain = "mg.acme.io", from = "hi@acme.io", senderName = "A" }

[integrations.twilio-main]
provider = "twilio"
active = true
credentials = { accountSid = "AC1", token = { env = "TWILIO_TOKEN" }, from = "+15550100" }
"""

ANSWERS: Final = {
    "Channel": "email",
    "Provider": "mailgun",
    "Name": "",
    "Identifier": "mailgun-main",
    "API Key": "key-of-the-picture",
    "Base URL": "",
    "User name": "api",
    "Domain": "mg.acme.io",
    "From email address": "hi@acme.io",
    "Sender name": "Acme",
    "Active": "",
    "Check": "",
}
"""What is typed at the prompts of the guided conversation, by the start of the prompt; other prompts get Enter."""

SUMMARY: Final = "Create"
"""The start of the line to choose when the conversation has reached its summary."""

SILENCE: Final = 3.0
"""Seconds without output after which the program is waiting for an answer."""


def start(line: str, home: Path) -> pexpect.spawn[str]:
    """Start the program in a pseudo-terminal."""
    environ = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "KEY": "key-of-the-picture",
        "TWILIO_TOKEN": "token-of-the-picture",
    }
    return pexpect.spawn(
        sys.executable,
        ["-m", "integrations_cli", *shlex.split(line)],
        env=environ,
        cwd=str(home),
        encoding="utf-8",
        dimensions=(ROWS, COLUMNS),
        timeout=60,
    )


def run(line: str, home: Path) -> str:
    """Return everything that one command writes to a terminal.

    Raises:
        SystemExit: The command failed.
    """
    child = start(line, home)
    child.expect(pexpect.EOF)
    child.close()
    output = str(child.before).replace("\r\n", "\n")
    if child.exitstatus != 0:
        raise SystemExit(f"integrations {line}\nfailed with {child.exitstatus}:\n{output}")
    return output


def draw_guided(home: Path) -> Text:
    """Draw the guided conversation, up to its summary."""
    line = "create --sandbox"
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    child = start(line, home)
    open_answers = dict(ANSWERS)
    while not shows(screen, SUMMARY):
        prompt = next((start for start in open_answers if shows(screen, start)), None)
        if prompt is not None:
            child.send(f"{open_answers.pop(prompt)}\r")
        try:
            stream.feed(child.read_nonblocking(4096, timeout=SILENCE))
        except pexpect.TIMEOUT:
            child.send("\r")
        except pexpect.EOF:
            raise SystemExit("the conversation ended before its summary:\n" + "\n".join(screen.display)) from None
    child.close(force=True)
    return command_line(line).append_text(text_of(screen))


def shows(screen: pyte.Screen, words: str) -> bool:
    """Return whether a row begins with these words, after a mark such as `> ` or `? ` or without one."""
    pattern = re.compile(rf"(?:[^\w\s] )?{re.escape(words)}\b")
    return any(pattern.match(row) for row in screen.display)


def draw_plan(home: Path) -> Text:
    """Draw a plan that creates one integration and updates another."""
    (home / "integrations.toml").write_text(MANIFEST)
    mailgun = "-C apiKey=env:KEY -C user=api -C domain=mg.acme.io -C from=hi@acme.io -C senderName=A --active"
    run(f"create -p mailgun -i mailgun-main {mailgun} --sandbox -q", home)
    line = "plan integrations.toml --sandbox"
    return command_line(line).append_text(Text.from_ansi(run(line, home)))


PICTURES: Final[Mapping[str, Callable[[Path], Text]]] = {"guided": draw_guided, "plan": draw_plan}


def command_line(line: str) -> Text:
    """Return the command as it is typed at a shell prompt."""
    return Text().append("$ ", "dim").append(f"integrations {line}\n", "bold")


def text_of(screen: pyte.Screen) -> Text:
    """Return the screen's rows with their colors, without the blank rows at the end."""
    text = Text()
    for row in range(ROWS):
        cells = (screen.buffer[row][column] for column in range(COLUMNS))
        for (color, bold, reverse), group in groupby(cells, key=lambda cell: (cell.fg, cell.bold, cell.reverse)):
            style = Style(color=None if color == "default" else color, bold=bold, reverse=reverse)
            text.append("".join(cell.data for cell in group), style)
        text.rstrip()
        text.append("\n")
    text.rstrip()
    return text


def svg_of(name: str, text: Text) -> str:
    """Return the text as an SVG document."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(text)
    return console.export_svg(title="integrations", code_format=SVG_FORMAT, unique_id=f"picture-{name}")


def words_of(svg: str) -> list[str]:
    """Return the words in a picture, in their order."""
    return html.unescape(" ".join(re.findall(r">([^<]*)</text>", svg))).split()


def main(arguments: list[str]) -> int:
    """Draw the pictures, or check them; return the exit code."""
    check = "--check" in arguments
    stale = False
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        path = FOLDER / f"{name}.svg"
        with tempfile.TemporaryDirectory() as home:
            svg = svg_of(name, draw(Path(home)))
        # Versions of Rich draw the same text a little differently, so only the words decide.
        if path.exists() and words_of(path.read_text(encoding="utf-8")) == words_of(svg):
            continue
        print(path.name)
        stale = True
        if not check:
            path.write_text(svg, encoding="utf-8", newline="\n")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
