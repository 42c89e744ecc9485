"""Run the commands of the README, and put what they print into its text blocks: `python scripts/refresh_readme.py`.

The `sh` blocks run one after the other in one shell, in an empty home folder with two profiles, `staging` and
`production`, on a server of this machine. A `text` block after one holds what it prints. A block changes only if more
than identifiers, times and addresses differ. With `--check`, write nothing, name the blocks that are out of date, and
exit with 1. Blocks under `<!-- ci: … -->` are run by `.ci/run`; blocks under `<!-- by hand: … -->` are not run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from integrations_cli.sandbox.open import open_sandbox
from integrations_cli.sandbox.server import serve

README: Final = Path(__file__).parent.parent / "README.md"

PUBLIC_URL: Final = "https://eu.api.novu.co"
"""Stands in the README for the address of the server on this machine."""

_BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>[a-z ]+): (?P<reason>[^>]+) -->\n)?"
    r"^```sh\n(?P<code>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)

_VARYING: Final = (
    (re.compile(r"\b[0-9a-f]{24}\b"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b(novu-in-app|mailgun)-[\w-]{10}(?!\S)"), r"\1-RANDOM"),
)
"""What differs from run to run, and what it is compared as."""

# The environment of the profile staging holds an integration that some other machine created.
_SETUP: Final = """\
export INTEGRATIONS_STATE="$HOME/.other-machine" KEY=key-from-the-dashboard
integrations create -p mailgun -i mailgun-main -C apiKey=env:KEY -C user=api -C domain=mg.acme.io \
-C from=hi@acme.io -C senderName=Acme --active --profile staging --quiet >/dev/null
unset INTEGRATIONS_STATE KEY
"""


class Block(NamedTuple):
    """One `sh` block: its mark ("" if it is run here), the reason beside the mark, and the text block after it."""

    mark: str
    reason: str
    code: str
    output: str | None


def blocks(text: str) -> list[Block]:
    """Return the `sh` blocks of a document."""
    return [
        Block(match["mark"] or "", match["reason"] or "", match["code"], match["output"])
        for match in _BLOCK.finditer(text)
    ]


@contextmanager
def home_with_profiles(folder: Path) -> Iterator[dict[str, str]]:
    """Make a home folder with two profiles and serve their environments; yield the environment variables."""
    home, programs = folder / "home", folder / "bin"
    config = home / ".config" / "integrations-cli" / "config.toml"
    for made in (programs, config.parent):
        made.mkdir(parents=True)
    with open_sandbox(folder / "server.db") as sandbox, serve(sandbox.api, port=0).start() as server:
        scripts = {
            "integrations": f'exec {shlex.quote(sys.executable)} -m integrations_cli "$@"',
            # The password manager of the README.
            "op": f'[ "$*" = "read op://vault/novu/key" ] && echo {sandbox.api_keys["Production"]}',
        }
        for name, command in scripts.items():
            (programs / name).write_text(f"#!/bin/sh\n{command}\n")
            (programs / name).chmod(0o755)
        config.write_text(
            f'[profiles.staging]\napi_url = "{server.url}"\napi_key = "{sandbox.api_keys["Development"]}"\n'
            f'[profiles.production]\napi_url = "{server.url}"\napi_key_command = "op read op://vault/novu/key"\n'
        )
        config.chmod(0o600)
        config.parent.chmod(0o700)
        yield {
            "HOME": str(home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "STAGING_KEY": sandbox.api_keys["Development"],
            "STAGING_URL": server.url,
        }


def outputs(codes: Sequence[str], folder: Path) -> list[str]:
    """Run the blocks in one shell; return what each of them prints.

    Raises:
        RuntimeError: A command failed.
    """
    script = ["set -euo pipefail", _SETUP, "exec 2>&1"]
    for number, code in enumerate(codes):
        script.append(f"printf '\\036%s\\n' {number}\n{code}")
    with home_with_profiles(folder) as environ:
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=environ["HOME"],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"exit code {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        printed = done.stdout.replace(environ["HOME"], "/home/you").replace(environ["STAGING_URL"], PUBLIC_URL)
    return [piece.partition("\n")[2] for piece in printed.split("\036")[1:]]


def comparable(output: str) -> list[str]:
    """Return the lines of an output without what differs from run to run.

    They are sorted, since lines about actions that run in parallel have no order.
    """
    for pattern, name in _VARYING:
        output = pattern.sub(name, output)
    return sorted(output.splitlines())


def stale_blocks(text: str, folder: Path) -> list[tuple[Block, str]]:
    """Run the README; return each block whose text is out of date, with what it prints now."""
    run_here = [block for block in blocks(text) if not block.mark]
    printed = outputs([block.code for block in run_here], folder)
    return [
        (block, output)
        for block, output in zip(run_here, printed, strict=True)
        if block.output is not None and comparable(block.output) != comparable(output)
    ]


def main(arguments: Sequence[str]) -> int:
    """Refresh the README, or check it; return the exit code."""
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        stale = stale_blocks(text, Path(folder))
    for block, output in stale:
        print(f"out of date: the output of\n{block.code}")
        text = text.replace(
            f"```sh\n{block.code}```\n\n```text\n{block.output}```", f"```sh\n{block.code}```\n\n```text\n{output}```"
        )
    if "--check" in arguments:
        return 1 if stale else 0
    README.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
