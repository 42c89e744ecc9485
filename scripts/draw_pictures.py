"""Draws the README's pictures of a terminal: `python scripts/draw_pictures.py`.

Each is what the program really wrote to a pseudo-terminal, in an empty home, turned into SVG by Rich. They lie in
`pictures` beside this file. Needs the test extra.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import pexpect
import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

PICTURES: Final = Path(__file__).parent / "pictures"

PROGRAM: Final = (sys.executable, "-m", "integrations_cli")

# Pictures are seen on pages that load nothing from elsewhere: the fonts of the reader will do.
FORMAT: Final = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)

MAIN: Final = "create -p mailgun -i mailgun-main -C apiKey=@key.txt -C domain=mg.acme.io -C from=hi@acme.io"

BACKUP: Final = "create -p sendgrid -i sendgrid-backup -C apiKey=@key.txt -C from=hi@acme.io"

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


ANSWERS: Final = (
    ("> Email", "\r"),
    ("> Anypost", "mailg"),
    ("> Mailgun", "\r"),
    ("Name [Mailgun]", "\r"),
    ("Identifier", "mailgun-main\r"),
    ("API Key", "k3y-of-the-picture\r"),
    ("Base URL", "\r"),
    ("User name", "api\r"),
    ("Domain", "mg.acme.io\r"),
    ("From email address", "hi@acme.io\r"),
    ("Sender name", "Acme\r"),
    ("Active:", "\r"),
    ("Check:", "\r"),
    ("Cancel: send nothing", ""),
)
"""What the guided conversation asks, as it stands on the screen, and the keys that answer it."""


class Scene(NamedTuple):
    """A picture: what was run before it, unseen, and the command lines that it shows."""

    name: str
    before: tuple[str, ...]
    shown: tuple[str, ...]
    width: int = 100


SCENES: Final = (
    Scene("create", (), (f"{MAIN} --sandbox",)),
    Scene(
        "list",
        (
            f"{MAIN} -C user=api -C senderName=Acme --active --sandbox -q",
            f"{BACKUP} -C senderName=Acme --active --sandbox -q",
            "create -p twilio -i twilio-main --sandbox -q",
        ),
        ("list --sandbox",),
        106,
    ),
    Scene("mistakes", (), ("create -p mailgn", "create -p mailgun -C api_key=@key.txt --active")),
    Scene(
        "plan",
        (f"{MAIN} -C user=api -C senderName=Acme --active --sandbox -q",),
        ("plan integrations.toml --sandbox",),
    ),
    Scene("doctor", ("create -p twilio -i twilio-main --sandbox -q",), ("doctor --sandbox",)),
)


def around(home: Path) -> dict[str, str]:
    """The environment of a run: a home with nothing in it."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "KEY": "k3y-of-the-picture",
        "TWILIO_TOKEN": "t0ken-of-the-picture",
    }


def start(line: str, home: Path, width: int) -> pexpect.spawn[str]:
    """The program in a pseudo-terminal."""
    words = [*PROGRAM[1:], *shlex.split(line)]
    size = (34, width)
    return pexpect.spawn(PROGRAM[0], words, env=around(home), cwd=str(home), encoding="utf-8", dimensions=size)


def run(line: str, home: Path, width: int) -> str:
    """Everything that one command writes to a terminal."""
    child = start(line, home, width)
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before)


def guided(home: Path, width: int) -> Text:
    """The screen at the end of the guided conversation, before the confirmation."""
    screen = pyte.Screen(width, 34)
    stream = pyte.Stream(screen)
    child = start("create --sandbox", home, width)
    for awaited, keys in ANSWERS:
        while not any(awaited in line for line in screen.display):
            stream.feed(child.read_nonblocking(1, timeout=30))
        child.send(keys)
    child.close(force=True)
    text = Text().append("$ ", "dim").append("integrations create --sandbox\n", "bold")
    for row in range(screen.cursor.y + 4):
        cells = (screen.buffer[row][column] for column in range(width))
        for style, run_of in groupby(cells, key=lambda cell: (cell.fg, cell.bold, cell.reverse)):
            color = None if style[0] == "default" else style[0]
            text.append("".join(cell.data for cell in run_of), Style(color=color, bold=style[1], reverse=style[2]))
        text.rstrip()
        text.append("\n")
    return text


def save(name: str, text: Text, width: int) -> None:
    """Write one picture."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(text, end="")
    svg = console.export_svg(title="integrations", code_format=FORMAT, unique_id=f"picture-{name}")
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8", newline="\n")


def draw(scene: Scene, home: Path) -> None:
    """Run a scene and save it."""
    (home / "key.txt").write_text("k3y-of-the-picture")
    (home / "integrations.toml").write_text(MANIFEST)
    for line in scene.before:
        run(line, home, scene.width)
    text = Text()
    for line in scene.shown:
        text.append("$ ", "dim").append(f"integrations {line}\n", "bold")
        text.append_text(Text.from_ansi(run(line, home, scene.width).replace("\r\n", "\n")))
        text.append("\n")
    save(scene.name, text, scene.width)


def main() -> int:
    """Draw all of them."""
    for scene in SCENES:
        with tempfile.TemporaryDirectory() as home:
            draw(scene, Path(home))
        print(f"{scene.name}.svg")
    with tempfile.TemporaryDirectory() as home:
        save("guided", guided(Path(home), 100), 100)
    print("guided.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
