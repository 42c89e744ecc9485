"""Real shells with the completions loaded: type a line, press TAB, and read the completed line."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

COMPLETIONS = Path(__file__).parent.parent / "completions"

_MARK = "\x1e"
_PROMPT = "READY> "

_BASH = """
bind 'set bell-style none' 2>/dev/null
bind 'set enable-bracketed-paste off' 2>/dev/null
bind 'set completion-query-items 0'
PS1='READY> '
bind -x '"\\C-xp": printf "\\036%s\\036" "$READLINE_LINE"'
source "{completions}/integrations.bash"
"""

_ZSH = """
PS1='READY> '
unsetopt beep prompt_cr prompt_sp
fpath=("{completions}" $fpath)
autoload -Uz compinit
compinit -u -D
bindkey -e
LISTMAX=10000
report() {{ print -rn -- $'\\036'"$BUFFER"$'\\036' >$TTY }}
zle -N report
bindkey '^Xp' report
"""


def needs(shell: str) -> pytest.MarkDecorator:
    """Skip if the shell is not installed."""
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@contextmanager
def bash(home: Path, environ: Mapping[str, str]) -> Iterator[Callable[[str], str]]:
    """Start bash; the function types a line, presses TAB and returns the line."""
    start = home / ".bashrc-of-the-test"
    start.write_text(_BASH.format(completions=COMPLETIONS))
    shell = pexpect.spawn(
        "bash",
        ["--noprofile", "--rcfile", str(start), "-i"],
        env={**environ, "HOME": str(home), "TERM": "dumb", "INPUTRC": "/dev/null", "LC_ALL": "C.UTF-8"},
        cwd=str(home),
        encoding="utf-8",
        dimensions=(200, 400),
        timeout=30,
    )
    with _closing(shell):
        yield lambda line: _tab(shell, line)


@contextmanager
def zsh(home: Path, environ: Mapping[str, str]) -> Iterator[Callable[[str], str]]:
    """Start zsh; as `bash`."""
    (home / ".zshrc").write_text(_ZSH.format(completions=COMPLETIONS))
    shell = pexpect.spawn(
        "zsh",
        ["-d", "-i"],
        env={**environ, "HOME": str(home), "ZDOTDIR": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8"},
        cwd=str(home),
        encoding="utf-8",
        dimensions=(200, 400),
        timeout=30,
    )
    with _closing(shell):
        yield lambda line: _tab(shell, line)


def fish(home: Path, environ: Mapping[str, str], line: str) -> list[str]:
    """Return what fish offers for the last word of a line."""
    script = f"source {COMPLETIONS}/integrations.fish; complete -C (read -z --null)"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        input=line,
        env={**environ, "HOME": str(home), "LC_ALL": "C.UTF-8"},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [offered.split("\t")[0] for offered in done.stdout.splitlines()]


@contextmanager
def _closing(shell: pexpect.spawn[str]) -> Iterator[None]:
    shell.delaybeforesend = None
    try:
        shell.expect_exact(_PROMPT)
        yield
    finally:
        shell.close(force=True)


def _tab(shell: pexpect.spawn[str], line: str) -> str:
    shell.send(f"\x15{line}\t\x18p")
    shell.expect_exact(_MARK)
    shell.expect_exact(_MARK)
    assert isinstance(shell.before, str)
    completed = shell.before
    shell.send("\x15")
    return completed
