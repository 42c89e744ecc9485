"""Runs the command whose output is a secret."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from integrations_cli.errors import InputError
from integrations_cli.inputs.credential_text import LARGEST, decode_text

COMMAND_SECONDS: Final = 30.0
"""Seconds that a command may take."""


def run_command(
    argv: Sequence[str], what: str, *, seconds: float = COMMAND_SECONDS, environ: Mapping[str, str] | None = None
) -> str:
    """Return what a command writes to standard output, without its final line end.

    It runs without a shell and without standard input, in `environ` (None: this process's). Its standard error is
    thrown away, since it may hold a secret too. `what` begins every message.

    Raises:
        InputError: It cannot be started, fails, takes longer than `seconds`, or writes nothing or no text.
    """
    import subprocess
    from threading import Thread

    hint = "run the command by itself to see what it prints"
    too_slow = InputError(f"{what}: the command did not finish within {seconds:g} s", hint=hint)
    try:
        # The user names this program, and no shell can misread it.
        process = subprocess.Popen(  # noqa: S603
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
        )
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a program"
        message = f"{what}: the command cannot be started: {reason}"
        raise InputError(message, hint="the first word must be a program") from None
    assert process.stdout is not None
    stdout = process.stdout
    chunks: list[bytes] = []
    reader = Thread(target=lambda: chunks.append(stdout.read(LARGEST + 1)), daemon=True)
    reader.start()
    try:
        reader.join(seconds)
        if not chunks:
            raise too_slow
        if len(chunks[0]) <= LARGEST:
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise too_slow from None
            if code != 0:
                raise InputError(f"{what}: the command failed with exit code {code}", hint=hint)
    finally:
        process.kill()
        process.wait()
        reader.join(1)
        # A child of the command may keep the pipe open; closing it would then wait for that child. (`is_alive` is no
        # help: a join that Ctrl-C interrupts marks a running thread as ended.)
        if chunks:
            stdout.close()
    return decode_text(chunks[0], what, "the output of the command")


def split_command(text: str, what: str) -> list[str]:
    """Split a command line into words as a shell would. On Windows the backslash is a letter, as paths need it."""
    import shlex

    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if os.name == "nt":
        lexer.escape = ""
    try:
        words = list(lexer)
    except ValueError:
        raise InputError(f"{what}: the command has an unclosed quote") from None
    if not words or not words[0]:
        raise InputError(f"{what}: the command is empty", hint="the first word must be a program")
    return words
