"""Feeds the readers of foreign text with what a coverage-guided fuzzer makes up, each for a bounded time.

    pip install atheris
    python scripts/fuzz.py --seconds 60 [TARGET …]

Each target may refuse its input by one of the program's own errors, and by nothing else: any other exception, more than
500 MB, or more than 20 seconds for one input is a finding. The input is kept in the folder that is named.
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
PATIENCE: Final = 20


def targets(folder: Path) -> dict[str, Target]:
    """What can be fuzzed, by name; `folder` is for files that must be on the disk."""
    from integrations_cli.api.responses import decode, error_from
    from integrations_cli.api.transport.base import Response
    from integrations_cli.create import draft as drafting
    from integrations_cli.inputs.credential_values import ValueReader
    from integrations_cli.inputs.run_command import split_command
    from integrations_cli.manifests import load as manifest
    from integrations_cli.manifests.documents import Source
    from integrations_cli.models import MASK
    from integrations_cli.settings.config_file import ConfigFile
    from integrations_cli.settings.profile import normalize_url
    from integrations_cli.terminal import escape as screen
    from integrations_cli.terminal import redaction

    def reader(stdin: bytes = b"") -> ValueReader:
        return ValueReader(stdin=lambda: stdin, environ={"A": "b"}, run=run_nothing, folder=folder)

    def run_nothing(_argv: Sequence[str], _what: str) -> str:
        return "output"

    def text(data: bytes) -> str:
        return data.decode("utf-8", "surrogateescape")

    def answer(data: bytes) -> None:
        kind = ("application/json", "text/plain", "text/html")[data[0] % 3] if data else ""
        status = 200 + (data[1] if len(data) > 1 else 0) * 2
        headers = {"content-type": kind, "location": text(data[2:40]), "retry-after": text(data[2:20])}
        error_from(Response(status, headers, data[2:]))
        decode(Response(status, headers, data[2:]))

    def draft_json(data: bytes) -> None:
        drafting.build_draft(drafting.DraftInputs(from_file="-"), reader(data))

    def draft_toml(data: bytes) -> None:
        path = folder / "draft.toml"
        path.write_bytes(data)
        drafting.build_draft(drafting.DraftInputs(from_file=str(path)), reader())

    def settings(data: bytes) -> None:
        path = folder / "config.toml"
        path.write_bytes(data)
        file = ConfigFile.load(path)
        for name in file.profiles:
            file.profile(name)

    def manifest_of(data: bytes, form: Any) -> None:
        manifest.resolve_references(
            manifest.parse([Source("fuzzed", data.decode("utf-8", "replace"), form, folder)]), reader()
        )

    def assignment(data: bytes) -> None:
        said = text(data)
        for provider in ("mailgun", "nodemailer", None):
            reader().assignments([said], provider)

    def harmless(data: bytes) -> None:
        said = text(data)
        shown = screen.escape(said)
        assert screen.escape(shown) == shown
        assert "\x1b" not in shown
        secret, _, rest = said.partition("\n")
        if len(secret) >= redaction.SHORTEST:
            assert secret not in redaction.Redactor([secret]).clean(rest + secret).replace(MASK, "\x00")

    return {
        "answer": answer,
        "draft.json": draft_json,
        "draft.toml": draft_toml,
        "settings": settings,
        "manifest.json": lambda data: manifest_of(data, "json"),
        "manifest.toml": lambda data: manifest_of(data, "toml"),
        "assignment": assignment,
        "command line": lambda data: split_command(text(data), "x"),
        "url": lambda data: normalize_url(text(data), "x"),
        "screen": harmless,
    }


SEEDS: Final = {
    "answer": b'\x00\x64{"data": {"_id": "1", "message": ["x"], "errors": {"a": {"messages": ["b"]}}, "errorId": "e"}}',
    "draft.json": b'{"providerId": "mailgun", "credentials": {"apiKey": {"env": "A"}}, "conditions": [{"a": 1}]}',
    "draft.toml": b'providerId = "mailgun"\n[credentials]\napiKey = { env = "A" }\nport = "1"\n',
    "settings": b'default_profile = "a"\n[profiles.a]\napi_url = "https://h"\napi_key_env = "A"\ntimeout = 1\n',
    "manifest.json": b'{"version": 1, "integrations": {"a": {"provider": "mailgun", "credentials": {"apiKey": "x"}}}}',
    "manifest.toml": b'version = 1\n[integrations.a]\nprovider = "mailgun"\nactive = true\nrules = [1]\n',
    "assignment": b'tlsOptions={"a": [1]}',
    "command line": b"op read 'a b' \"c\"",
    "url": b"https://[::1]:8080/v1/",
    "screen": b"secret-value\ntext with \x1b[31m",
}


def fuzz(name: str, folder: Path, options: list[str]) -> None:
    """Fuzz one target in this process, which ends with it."""
    from importlib import import_module

    atheris: Any = import_module("atheris")  # it is installed where somebody wants to fuzz, and has no types

    with atheris.instrument_imports(include=["integrations_cli"]):
        target = targets(folder)[name]
        from integrations_cli.errors import IntegrationsError

    def one(data: bytes) -> None:
        try:
            target(data)
        except IntegrationsError as error:
            assert "Traceback" not in error.message  # noqa: PT017  # this is no test: what is raised is the finding

    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    (corpus / "seed").write_bytes(SEEDS[name])
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def run(name: str, seconds: int, folder: Path) -> tuple[int, str]:
    """Fuzz one target in a process of its own: how many inputs there were, and what was found."""
    command = [sys.executable, __file__, "--one", name, "--folder", str(folder), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = re.findall(r"(?:Done |#)(\d+)", done.stderr)
    return max(map(int, runs), default=0), "" if done.returncode == 0 else done.stderr[-3000:]


def main() -> int:
    """Fuzz the targets that are named, or all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[*SEEDS, []], help="; ".join(SEEDS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where inputs that are findings are kept")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(exist_ok=True)
    if given.one:
        limits = [f"-max_total_time={given.seconds}", f"-rss_limit_mb={MEMORY_MB}", f"-timeout={PATIENCE}"]
        fuzz(given.one, folder, [*limits, f"-artifact_prefix={folder}/", "-max_len=4096", "-print_final_stats=1"])
        return 0
    failed = 0
    for name in given.targets or SEEDS:
        place = folder / name.replace(" ", "-")
        place.mkdir(exist_ok=True)
        runs, found = run(name, given.seconds, place)
        print(f"{name:14} {runs:10} inputs  {'FINDING' if found else 'nothing found'}", flush=True)
        if found:
            failed += 1
            print(f"{found}\nthe input is in {place}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
