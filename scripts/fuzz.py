"""Fuzz everything that parses foreign text, coverage-guided, each target for a limited time.

    pip install atheris
    python scripts/fuzz.py --seconds 60 [TARGET …]

A target may refuse its input only with an error of `integrations_cli.errors`. Any other exception, more than 500 MB, or
more than 20 seconds for one input is a finding. The script prints the folder that keeps the input.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

Target = Callable[[bytes], object]

MEMORY_MB: Final = 500
SECONDS_PER_INPUT: Final = 20


def targets(folder: Path) -> dict[str, Target]:
    """Return the targets by name; `folder` is for input that is read from files."""
    from integrations_cli.api.responses import decode, error_from
    from integrations_cli.api.transport.interface import Response
    from integrations_cli.create.draft import DraftInputs, build_draft
    from integrations_cli.inputs.credential_values import ValueReader
    from integrations_cli.inputs.endpoint import parse_origin
    from integrations_cli.inputs.run_command import split_command
    from integrations_cli.manifests import load
    from integrations_cli.manifests.documents import Source
    from integrations_cli.models import MASK
    from integrations_cli.settings.config_file import ConfigFile
    from integrations_cli.terminal import redaction
    from integrations_cli.terminal.escape import escape

    def reader(stdin: bytes = b"") -> ValueReader:
        return ValueReader(stdin=lambda: stdin, environ={"A": "b"}, run=run_nothing, folder=folder)

    def run_nothing(_argv: Sequence[str], _what: str) -> str:
        return "output"

    def text(data: bytes) -> str:
        return data.decode("utf-8", "surrogateescape")

    def response(data: bytes) -> None:
        kind = ("application/json", "text/plain", "text/html")[data[0] % 3] if data else ""
        status = 200 + (data[1] if len(data) > 1 else 0) * 2
        headers = {"content-type": kind, "location": text(data[2:40]), "retry-after": text(data[2:20])}
        error_from(Response(status, headers, data[2:]))
        decode(Response(status, headers, data[2:]))

    def draft_json(data: bytes) -> None:
        build_draft(DraftInputs(from_file="-"), reader(data))

    def draft_toml(data: bytes) -> None:
        path = folder / "draft.toml"
        path.write_bytes(data)
        build_draft(DraftInputs(from_file=str(path)), reader())

    def settings(data: bytes) -> None:
        path = folder / "config.toml"
        path.write_bytes(data)
        file = ConfigFile.load(path)
        for name in file.profiles:
            file.profile(name)

    def manifest(data: bytes, form: Any) -> None:
        load.resolve_references(load.parse([Source("fuzzed", data.decode("utf-8", "replace"), form, folder)]), reader())

    def assignment(data: bytes) -> None:
        for provider in ("mailgun", "nodemailer", None):
            reader().assignments([text(data)], provider)

    def terminal(data: bytes) -> None:
        escaped = escape(text(data))
        assert escape(escaped) == escaped
        assert "\x1b" not in escaped
        secret, _, rest = text(data).partition("\n")
        if len(secret) >= redaction.SHORTEST:
            assert secret not in redaction.Redactor([secret]).clean(rest + secret).replace(MASK, "\x00")

    return {
        "response": response,
        "draft.json": draft_json,
        "draft.toml": draft_toml,
        "settings": settings,
        "manifest.json": lambda data: manifest(data, "json"),
        "manifest.toml": lambda data: manifest(data, "toml"),
        "assignment": assignment,
        "command line": lambda data: split_command(text(data), "x"),
        "url": lambda data: parse_origin(text(data), "x", allow_http=True),
        "terminal": terminal,
    }


SEEDS: Final = {
    "response": b'\x00\x64{"data": {"_id": "1", "message": ["x"], "errors": {"a": {"messages": []}}, "errorId": "e"}}',
    "draft.json": b'{"providerId": "mailgun", "credentials": {"apiKey": {"env": "A"}}, "conditions": [{"a": 1}]}',
    "draft.toml": b'providerId = "mailgun"\n[credentials]\napiKey = { env = "A" }\nport = "1"\n',
    "settings": b'default_profile = "a"\n[profiles.a]\napi_url = "https://h"\napi_key_env = "A"\ntimeout = 1\n',
    "manifest.json": b'{"version": 1, "integrations": {"a": {"provider": "mailgun", "credentials": {"apiKey": "x"}}}}',
    "manifest.toml": b'version = 1\n[integrations.a]\nprovider = "mailgun"\nactive = true\nrules = [1]\n',
    "assignment": b'tlsOptions={"a": [1]}',
    "command line": b"op read 'a b' \"c\"",
    "url": b"https://[::1]:8080/v1/",
    "terminal": b"secret-value\ntext with \x1b[31m",
}


def fuzz(name: str, folder: Path, flags: list[str]) -> None:
    """Fuzz one target in this process; does not return."""
    from importlib import import_module

    atheris: Any = import_module("atheris")  # an optional package without types

    with atheris.instrument_imports(include=["integrations_cli"]):
        target = targets(folder)[name]
        from integrations_cli.errors import IntegrationsError

    def one(data: bytes) -> None:
        try:
            target(data)
        except IntegrationsError as error:
            assert "Traceback" not in error.message  # noqa: PT017  # not a test: the exception is the finding

    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    (corpus / "seed").write_bytes(SEEDS[name])
    atheris.Setup([sys.argv[0], *flags, str(corpus)], one)
    atheris.Fuzz()


def run(name: str, seconds: int, folder: Path) -> tuple[int, str]:
    """Fuzz one target in a child process; return the number of inputs, and the finding ("" if there is none)."""
    command = [sys.executable, __file__, "--one", name, "--folder", str(folder), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = re.findall(r"(?:Done |#)(\d+)", done.stderr)
    return max(map(int, runs), default=0), "" if done.returncode == 0 else done.stderr[-3000:]


def main() -> int:
    """Fuzz the given targets, or all, one after the other; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[*SEEDS, []], help="; ".join(SEEDS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="keeps the inputs of findings")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(exist_ok=True)
    if options.one:
        limits = [f"-max_total_time={options.seconds}", f"-rss_limit_mb={MEMORY_MB}", f"-timeout={SECONDS_PER_INPUT}"]
        fuzz(options.one, folder, [*limits, f"-artifact_prefix={folder}/", "-max_len=4096", "-print_final_stats=1"])
        return 0
    failed = 0
    for name in options.targets or SEEDS:
        place = folder / name.replace(" ", "-")
        place.mkdir(exist_ok=True)
        runs, finding = run(name, options.seconds, place)
        print(f"{name:14} {runs:10} inputs  {'FINDING' if finding else 'nothing found'}", flush=True)
        if finding:
            failed += 1
            print(f"{finding}\nthe input is in {place}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
