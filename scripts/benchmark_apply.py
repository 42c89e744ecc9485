"""Measure `apply` and `plan` with many integrations, as ratios within one run, on loopback.

    benchmark_apply.py [--creates N] [--rounds N] [--limit N] [--entries N [N …]]

Print a table: the rate of `apply` compared with a bare `httpx.Client` loop on the same server; how much of a rate limit
`apply` uses, and how many requests the server answers with 429; time and peak memory of `plan`. Exit with 1 if a budget
is exceeded. `scripts/benchmark.py` measures single runs and writes all tables to scripts/BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import resource

BARE_LOOP: Final = """\
import json, os, sys, time, httpx
from pathlib import Path
bodies = [json.dumps(body) for body in json.loads(Path(sys.argv[1]).read_text())]
headers = {"Authorization": "ApiKey " + os.environ["NOVU_SECRET_KEY"], "Content-Type": "application/json"}
with httpx.Client(base_url=os.environ["NOVU_API_URL"], headers=headers) as client:
    began = time.perf_counter()
    for number, body in enumerate(bodies):
        response = client.post("/v1/integrations", content=body, headers={"Idempotency-Key": f"{sys.argv[2]}-{number}"})
        assert response.status_code == 201, response.text
    print(time.perf_counter() - began)
"""

PROGRAM: Final = (sys.executable, "-m", "integrations_cli")

PLAN_SECONDS: Final = {1000: 0.6, 10_000: 4.0}
"""How long a plan may take, by its number of entries."""

PLAN_MEGABYTES: Final = 200


class Result(NamedTuple):
    """One budget: what was measured, the value and the limit as text, and whether the limit is kept."""

    what: str
    value: str
    limit: str
    kept: bool


@contextmanager
def serving(home: Path, *flags: str) -> Iterator[dict[str, str]]:
    """Serve a sandbox from another process; yield the environment variables with which the program finds it.

    `OTHER_KEY` is the API key of the sandbox's second environment.
    """
    home.mkdir(parents=True, exist_ok=True)
    # Variables of this shell that would change the program or Python itself are left out.
    foreign = ("NOVU_", "INTEGRATIONS_", "SSL_CERT_", "PYTHON")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environ |= {
        "HOME": str(home),
        "INTEGRATIONS_CONFIG": str(home / "config.toml"),
        "INTEGRATIONS_SANDBOX": str(home / "sandbox.db"),
        "INTEGRATIONS_STATE": str(home / "state"),
    }
    command = [*PROGRAM, "sandbox", "serve", "--port", "0", "--json", *flags]
    served = environ | {"INTEGRATIONS_SANDBOX": str(home / "served.db")}
    with subprocess.Popen(command, env=served, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            started = json.loads(server.stdout.readline())
            keys = started["api_keys"]
            yield environ | {
                "NOVU_API_URL": started["url"],
                "NOVU_SECRET_KEY": keys["Development"],
                "OTHER_KEY": keys["Production"],
            }
        finally:
            server.terminate()


def megabytes(usage: resource.struct_rusage) -> float:
    """Return the peak memory of a process. macOS counts it in bytes, other systems in kilobytes."""
    return usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def body_of(number: int, mark: str) -> dict[str, object]:
    """Return the request body of one integration."""
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
    """Return a manifest of such integrations; their API keys are references to variables."""
    lines = ["version = 1\n"]
    for number in range(count):
        body = body_of(number, mark)
        lines.append(
            f'\n[integrations.{body["identifier"]}]\nprovider = "mailgun"\nchannel = "email"\n'
            f'name = "{body["name"]}"\nactive = false\n\n[integrations.{body["identifier"]}.credentials]\n'
            f'apiKey = {{ env = "KEY_{number}" }}\nuser = "api"\ndomain = "mg.acme.io"\nfrom = "hi@acme.io"\n'
            'senderName = "Acme"\n'
        )
    return "".join(lines)


def keys(count: int) -> dict[str, str]:
    """Return the variables that the manifest refers to."""
    return {f"KEY_{number}": f"key-{number:06}" for number in range(count)}


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float, str]:
    """Run the program; return its wall time in seconds, its peak memory in megabytes, and its standard error."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*PROGRAM, *arguments], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process.stderr as stream:
        stderr = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{arguments[0]} failed with {process.returncode}: {stderr[-500:]}")
    return seconds, megabytes(usage), stderr


def rate_of_creates(folder: Path, count: int, rounds: int) -> Result:
    """Compare the rate of a whole `apply`, its start and its plan included, with the rate of the bare loop."""
    ratios = []
    for number in range(rounds):
        # A server slows down as it fills, so each of the two gets an empty one, in turns.
        with serving(folder / f"bare-{number}") as environ:
            bodies = folder / "bodies.json"
            bodies.write_text(json.dumps([body_of(index, "bare") for index in range(count)]))
            command = [sys.executable, "-c", BARE_LOOP, str(bodies), f"bare-{number}"]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
            bare = float(done.stdout)
        with serving(folder / f"apply-{number}") as environ:
            path = folder / "creates.toml"
            path.write_text(manifest(count, "apply"))
            seconds, _, _ = run(["apply", str(path), "--yes"], {**environ, **keys(count)})
        ratios.append(bare / seconds)
    ratio = statistics.median(ratios)
    value = f"{ratio:.2f} x the rate of a bare loop (median of {rounds})"
    return Result(f"apply of {count} creates", value, "≥ 0.80", ratio >= 0.8)


def use_of_limit(folder: Path, count: int, limit: int) -> Result:
    """Measure the requests a second after the burst is spent, and the share of requests that are answered with 429."""
    with serving(folder / "limited", "--rate-limit", str(limit)) as environ:
        path = folder / "limited.toml"
        path.write_text(manifest(count, "limited"))
        _, _, stderr = run(["apply", str(path), "--yes", "--verbose"], {**environ, **keys(count)})
    match = re.search(r"(\d+) requests in ([0-9.]+) s, .* (\d+) of them answered 429", stderr)
    assert match, stderr[-500:]
    sent, seconds, refused = int(match[1]), float(match[2]), int(match[3])
    rate = (sent - refused) / seconds
    share = refused / sent
    value = f"{rate:.0f} of {limit} requests/s used, {share:.2%} answered 429"
    return Result(f"apply of {count} under a limit", value, "≥ 95 %, < 1 %", rate >= 0.95 * limit and share < 0.01)


def cost_of_plan(folder: Path, count: int, rounds: int) -> Iterator[Result]:
    """Measure time and peak memory of the whole process of a plan."""
    with serving(folder / f"plan-{count}") as environ:
        path = folder / "plan.toml"
        path.write_text(manifest(count, "plan"))
        samples = [run(["plan", str(path)], {**environ, **keys(count)}) for _ in range(rounds)]
    seconds = statistics.median(sample[0] for sample in samples)
    peak = max(sample[1] for sample in samples)
    limit = PLAN_SECONDS.get(count)
    if limit is not None:
        yield Result(
            f"plan of {count} entries", f"{seconds:.2f} s (median of {rounds})", f"≤ {limit:.1f} s", seconds <= limit
        )
    yield Result(
        f"plan of {count} entries: peak memory", f"{peak:.0f} MB", f"≤ {PLAN_MEGABYTES} MB", peak <= PLAN_MEGABYTES
    )


def results(creates: int, rounds: int, limit: int, entries: Sequence[int]) -> Iterator[Result]:
    """Measure everything; yield each result as soon as it is known."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield rate_of_creates(folder, creates, rounds)
        yield use_of_limit(folder, 10 * limit, limit)
        for count in entries:
            yield from cost_of_plan(folder, count, rounds)


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--creates", type=int, default=1000, help="integrations that apply creates (default: 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each measurement (default: 5)")
    parser.add_argument("--limit", type=int, default=100, help="the rate limit, in requests a second (default: 100)")
    parser.add_argument(
        "--entries", type=int, nargs="+", default=[*PLAN_SECONDS], help="sizes of the manifests of plan"
    )
    options = parser.parse_args()
    kept = True
    for result in results(options.creates, options.rounds, options.limit, options.entries):
        print(f"{result.what:36}  {result.value:48}  {result.limit:16}  {'kept' if result.kept else 'EXCEEDED'}")
        kept = kept and result.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
