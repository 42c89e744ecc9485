"""Measures what many integrations at once cost, as ratios within one run, on loopback.

    benchmark_apply.py [--creates N] [--rounds N] [--limit N] [--entries N]

Prints a table of: the rate of `apply` creating integrations against a bare `httpx.Client` loop on the same server; the
use of a server's rate limit, and the part of the requests that it answered with 429; time and peak memory of `plan`.
Exit code 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BARE = """\
import json, os, sys, time, httpx
from pathlib import Path
bodies = [json.dumps(body) for body in json.loads(Path(sys.argv[1]).read_text())]
headers = {"Authorization": "ApiKey " + os.environ["NOVU_SECRET_KEY"], "Content-Type": "application/json"}
with httpx.Client(base_url=os.environ["NOVU_API_URL"], headers=headers) as client:
    began = time.perf_counter()
    for number, body in enumerate(bodies):
        answer = client.post("/v1/integrations", content=body, headers={"Idempotency-Key": f"{sys.argv[2]}-{number}"})
        assert answer.status_code == 201, answer.text
    print(time.perf_counter() - began)
"""

PROGRAM = (sys.executable, "-m", "integrations_cli")


@dataclass(frozen=True)
class Figure:
    """One measured budget: what it is, its value in words, the limit in words, and whether it is kept."""

    what: str
    value: str
    limit: str
    kept: bool


@dataclass(frozen=True)
class Serving:
    """A sandbox that listens, and the environment in which the program finds it."""

    environ: Mapping[str, str]


@contextmanager
def serving(home: Path, *flags: str) -> Iterator[Serving]:
    """A sandbox of its own in another process."""
    home.mkdir(parents=True)
    environ = {
        **os.environ,
        "HOME": str(home),
        "INTEGRATIONS_CONFIG": str(home / "config.toml"),
        "INTEGRATIONS_SANDBOX": str(home / "sandbox.db"),
        "INTEGRATIONS_STATE": str(home / "state"),
    }
    command = [*PROGRAM, "sandbox", "serve", "--port", "0", "--json", *flags]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            said = json.loads(server.stdout.readline())
            key = said["api_keys"]["Development"]
            yield Serving({**environ, "NOVU_API_URL": said["url"], "NOVU_SECRET_KEY": key})
        finally:
            server.terminate()


def entry(number: int, mark: str) -> dict[str, object]:
    """One integration as the API takes it."""
    credentials = {"apiKey": f"key-{number:06}", "user": "api", "domain": "mg.acme.io", "from": "hi@acme.io"}
    return {
        "providerId": "mailgun",
        "channel": "email",
        "name": f"Mailgun {number}",
        "identifier": f"mailgun-{mark}-{number}",
        "credentials": {**credentials, "senderName": "Acme"},
        "active": False,
        "check": False,
    }


def manifest(count: int, mark: str) -> str:
    """The same integrations as a manifest."""
    lines = ["version = 1\n"]
    for number in range(count):
        body = entry(number, mark)
        lines.append(
            f'\n[integrations.{body["identifier"]}]\nprovider = "mailgun"\nchannel = "email"\n'
            f'name = "{body["name"]}"\nactive = false\n\n[integrations.{body["identifier"]}.credentials]\n'
            f'apiKey = {{ env = "KEY_{number}" }}\nuser = "api"\ndomain = "mg.acme.io"\nfrom = "hi@acme.io"\n'
            'senderName = "Acme"\n'
        )
    return "".join(lines)


def keys(count: int) -> dict[str, str]:
    """The variables that the manifest names."""
    return {f"KEY_{number}": f"key-{number:06}" for number in range(count)}


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[float, str]:
    """The seconds that the program takes, and what it says on standard error."""
    began = time.perf_counter()
    done = subprocess.run([*PROGRAM, *arguments], env=environ, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments[:1])} failed: {done.stderr[-500:]}")
    return took, done.stderr


def rate_of_creates(folder: Path, count: int, rounds: int) -> Figure:
    """The rate of a whole `apply`, its start and its plan included, against that of the bare loop."""
    ratios = []
    for number in range(rounds):
        # A server slows down as it fills: each of the two gets an empty one, in turns.
        with serving(folder / f"bare-{number}") as server:
            bodies = folder / "bodies.json"
            bodies.write_text(json.dumps([entry(index, "bare") for index in range(count)]))
            command = [sys.executable, "-c", BARE, str(bodies), f"bare-{number}"]
            done = subprocess.run(command, env=server.environ, capture_output=True, text=True, check=True)
            bare = float(done.stdout)
        with serving(folder / f"apply-{number}") as server:
            path = folder / "creates.toml"
            path.write_text(manifest(count, "apply"))
            took, _ = run(["apply", str(path), "--yes"], {**server.environ, **keys(count)})
        ratios.append(bare / took)
    ratio = statistics.median(ratios)
    value = f"{ratio:.2f} x the bare loop (median of {rounds})"
    return Figure(f"apply of {count} creates", value, ">= 0.80", ratio >= 0.8)


def use_of_limit(folder: Path, count: int, limit: int) -> Figure:
    """How many requests a second leave once the burst is spent, and how many of all are answered with 429."""
    with serving(folder / "limited", "--rate-limit", str(limit)) as server:
        path = folder / "limited.toml"
        path.write_text(manifest(count, "limited"))
        _, said = run(["apply", str(path), "--yes", "--verbose"], {**server.environ, **keys(count)})
    match = re.search(r"(\d+) requests in ([0-9.]+) s, .* (\d+) of them answered 429", said)
    assert match, said[-500:]
    sent, seconds, limited = int(match[1]), float(match[2]), int(match[3])
    used = (sent - limited) / seconds
    share = limited / sent
    value = f"{used:.0f} of {limit} a second, {share:.2%} answered 429"
    return Figure(f"apply of {count} under a limit", value, ">= 95 %, < 1 %", used >= 0.95 * limit and share < 0.01)


def cost_of_plan(folder: Path, count: int, rounds: int) -> Iterator[Figure]:
    """Time and peak memory of a plan, of its whole process."""
    with serving(folder / "plan") as server:
        path = folder / "plan.toml"
        path.write_text(manifest(count, "plan"))
        environ = {**server.environ, **keys(count)}
        took = [run(["plan", str(path)], environ)[0] for _ in range(rounds)]
        peak = peak_of(["plan", str(path)], environ)
    seconds = statistics.median(took)
    yield Figure(f"plan of {count} entries", f"{seconds:.2f} s (median of {rounds})", "<= 2 s", seconds <= 2)
    yield Figure("its peak memory", f"{peak:.0f} MB", "<= 200 MB", peak <= 200)


def peak_of(arguments: Sequence[str], environ: Mapping[str, str]) -> float:
    """The most memory, in MB, that the program has at one time."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, *PROGRAM, *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return int(done.stdout) * resource.getpagesize() / 4096 / (1024 * (1024 if sys.platform == "darwin" else 1))


def figures(creates: int, rounds: int, limit: int, entries: int) -> Iterator[Figure]:
    """Every figure, as soon as it is measured."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        yield rate_of_creates(home, creates, rounds)
        yield use_of_limit(home, 10 * limit, limit)
        yield from cost_of_plan(home, entries, rounds)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--creates", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--entries", type=int, default=10_000)
    said = parser.parse_args()
    kept = True
    for figure in figures(said.creates, said.rounds, said.limit, said.entries):
        print(f"{figure.what:32}  {figure.value:44}  {figure.limit:16}  {'kept' if figure.kept else 'EXCEEDED'}")
        kept = kept and figure.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
