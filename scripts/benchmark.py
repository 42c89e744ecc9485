"""Measures what a run of the program costs, as ratios, on loopback: `python scripts/benchmark.py --fresh`.

Every command is run in turns with all others, so that whatever else this machine does meets all of them alike; what
counts is the median. With --fresh everything is installed into an environment of its own first, as a user would do it:
the program, and next to it the official Python SDK and httpie. Without, what is not installed is skipped, and named.

Prints a table, and writes all figures to a JSON file. Exit code 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parent.parent

MARKS = ("<!-- benchmark: made by scripts/benchmark.py --readme -->", "<!-- benchmark: end -->")

BODY = '{"providerId": "mailgun", "channel": "email", "active": false, "check": false}'

SCRIPT = f"""\
import os, httpx
httpx.post(os.environ["NOVU_API_URL"] + "/v1/integrations", content='{BODY}', headers={{"Authorization": "ApiKey " + \
os.environ["NOVU_SECRET_KEY"], "Content-Type": "application/json"}}).raise_for_status()
"""

SDK = """\
import os
from novu_py import Novu, models
with Novu(secret_key=os.environ["NOVU_SECRET_KEY"], server_url=os.environ["NOVU_API_URL"]) as novu:
    novu.integrations.create(create_integration_request_dto={"provider_id": "mailgun", "active": False, "check": False,
        "channel": models.CreateIntegrationRequestDtoChannel.EMAIL})
"""


class Contender(NamedTuple):
    """One command that is measured; `words` is empty where it is not installed."""

    name: str
    words: tuple[str, ...]
    environ: Mapping[str, str]


class Measured(NamedTuple):
    """The medians of one command: milliseconds, megabytes, and how often it was run."""

    name: str
    wall_ms: float
    cpu_ms: float
    peak_mb: float
    runs: int


class Budget(NamedTuple):
    """`name` may take at most `most` times as long as `base`."""

    name: str
    base: str
    most: float


BARE = "python -c pass"
POST = "two lines of httpx.post"
OFFICIAL = "the official Python SDK"

BUDGETS = (
    Budget("--version", BARE, 1.3),
    Budget("--help", BARE, 6.5),
    Budget("create --help", BARE, 6.5),
    Budget("TAB for a profile", BARE, 6.5),
    Budget("TAB for an identifier", BARE, 6.5),
    Budget("create", POST, 1.0),
    Budget("create", OFFICIAL, 1 / 3),
    Budget("create --json", POST, 1.0),
    Budget("create --sandbox", POST, 1.2),
)

MOST_MEMORY = ("create", 45.0)
"""Megabytes."""


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """A sandbox on a socket, and the environment in which everybody finds it."""
    # Not those of this shell either that change what Python itself does, such as to compile everything anew each time.
    unwanted = ("NOVU_", "INTEGRATIONS_", "SSL_CERT_", "PYTHON")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    environ |= {
        "HOME": str(folder),
        "INTEGRATIONS_CONFIG": str(folder / "config.toml"),
        "INTEGRATIONS_SANDBOX": str(folder / "sandbox.db"),
        "INTEGRATIONS_STATE": str(folder / "state"),
    }
    (folder / "config.toml").write_text('[profiles.staging]\nregion = "eu"\napi_key_env = "STAGING_KEY"\n')
    (folder / "config.toml").chmod(0o600)
    command = [sys.executable, "-m", "integrations_cli", "sandbox", "serve", "--port", "0", "--json"]
    served = environ | {"INTEGRATIONS_SANDBOX": str(folder / "served.db")}
    with subprocess.Popen(command, env=served, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            said = json.loads(server.stdout.readline())
            keys = said["api_keys"]
            # The other environment stays as it is: what TAB lists does not grow with the creates.
            yield environ | {
                "NOVU_API_URL": said["url"],
                "NOVU_SECRET_KEY": keys["Development"],
                "UNCHANGED_KEY": keys["Production"],
            }
        finally:
            server.terminate()


def contenders(environ: Mapping[str, str]) -> list[Contender]:
    """Everything that is measured, in the order of the table."""
    python = sys.executable
    script = Path(sys.executable).parent / ("integrations.exe" if os.name == "nt" else "integrations")
    installed = (str(script),) if script.exists() else (python, "-m", "integrations_cli")
    create = ("create", "--provider", "mailgun", "--channel", "email")
    post = f"{environ['NOVU_API_URL']}/v1/integrations"
    key = f"Authorization:ApiKey {environ['NOVU_SECRET_KEY']}"
    unchanged = {**environ, "NOVU_SECRET_KEY": environ["UNCHANGED_KEY"]}
    named = {
        BARE: (python, "-c", "pass"),
        "--version": (*installed, "--version"),
        "python -m … --version": (python, "-m", "integrations_cli", "--version"),
        "--help": (*installed, "--help"),
        "create --help": (*installed, "create", "--help"),
        "TAB for a profile": (*installed, "__complete", "profiles"),
        "TAB for an identifier": (*installed, "__complete", "identifiers"),
        POST: (python, "-c", SCRIPT),
        "create": (*installed, *create),
        "create --json": (*installed, *create, "--json"),
        "python -m … create": (python, "-m", "integrations_cli", *create),
        "create --sandbox": (*installed, *create, "--sandbox"),
        OFFICIAL: (python, "-c", SDK) if find_spec("novu_py") else (),
        "httpie": (python, "-m", "httpie", "--ignore-stdin", "--check-status", "POST", post, key, "--raw", BODY)
        if find_spec("httpie")
        else (),
        "curl": ("curl", "-fsS", post, "-H", key, "-H", "Content-Type: application/json", "-d", BODY)
        if shutil.which("curl")
        else (),
    }
    return [
        Contender(name, words, unchanged if name == "TAB for an identifier" else environ)
        for name, words in named.items()
    ]


def run(contender: Contender) -> tuple[float, float, float]:
    """Wall time and processor time in milliseconds, and peak memory in megabytes, of one run."""
    began = time.perf_counter()
    process = subprocess.Popen(
        contender.words,
        env=dict(contender.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{contender.name} failed with {process.returncode}: {said.decode(errors='replace')[-500:]}")
    return took * 1000, (used.ru_utime + used.ru_stime) * 1000, megabytes(used)


def megabytes(used: resource.struct_rusage) -> float:
    """The peak memory of a process; the system counts it in bytes or in kilobytes."""
    return used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def measure(field: Sequence[Contender], rounds: int) -> list[Measured]:
    """Run all in turns, each round in another order, since whoever comes next finds caches warmed by the one before.

    The first round is not counted.
    """
    shuffled = random.Random(1)  # noqa: S311  # the same orders each time
    taken: dict[str, list[tuple[float, float, float]]] = {contender.name: [] for contender in field}
    for number in range(rounds + 1):
        for contender in shuffled.sample(field, len(field)):
            sample = run(contender)
            if number:
                taken[contender.name].append(sample)
    medians = {
        name: [statistics.median(column) for column in zip(*samples, strict=True)] for name, samples in taken.items()
    }
    return [Measured(name, wall, cpu, peak, rounds) for name, (wall, cpu, peak) in medians.items()]


class Verdict(NamedTuple):
    """A budget, what was measured, and whether it is kept."""

    what: str
    value: str
    limit: str
    kept: bool


def verdicts(measured: Sequence[Measured]) -> list[Verdict]:
    """Hold the figures against the budgets; what was skipped is in none of them."""
    by_name = {one.name: one for one in measured}
    found = []
    for name, base, most in BUDGETS:
        if name in by_name and base in by_name:
            ratio = by_name[name].wall_ms / by_name[base].wall_ms
            found.append(Verdict(name, f"{ratio:.2f} x {base}", f"≤ {most:.2f}", ratio <= most))
    name, most = MOST_MEMORY
    peak = by_name[name].peak_mb
    return [*found, Verdict(f"{name}: peak memory", f"{peak:.0f} MB", f"≤ {most:.0f} MB", peak <= most)]


def in_bulk(rounds: int) -> list[Verdict]:
    """The budgets of plan and apply."""
    from benchmark_apply import figures

    return [Verdict(one.what, one.value, one.limit, one.kept) for one in figures(1000, rounds, 100, 10_000)]


def machine() -> str:
    """What this was measured on, and when."""
    model = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        lines = described.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{platform.system()} {platform.release()}, {os.cpu_count()} x {model}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )


def rows(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """The table of the figures: each run against the bare interpreter and against the script."""
    by_name = {one.name: one for one in measured}
    bare, post = by_name[BARE].wall_ms, by_name[POST].wall_ms
    floor = megabytes(resource.getrusage(resource.RUSAGE_SELF))
    return [
        (
            one.name,
            f"{one.wall_ms:.0f} ms",
            f"{one.wall_ms / bare:.2f}",
            f"{one.wall_ms / post:.2f}",
            # A process begins as a copy of the one that starts it: less than that cannot be told.
            f"{'< ' if one.peak_mb <= floor else ''}{one.peak_mb:.0f} MB",
        )
        for one in measured
    ]


COLUMNS = ("what is run", "median", f"x {BARE}", f"x {POST}", "peak memory")


def draw(measured: Sequence[Measured], found: Sequence[Verdict], skipped: Sequence[str], where: str) -> None:
    """Show both tables on the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    runs = Table(*COLUMNS, title=where, title_justify="left")
    for row in rows(measured):
        runs.add_row(*row)
    console.print(runs)
    if skipped:
        console.print(f"not installed, and so not measured: {', '.join(skipped)}")
    budgets = Table("budget", "measured", "allowed", "", title_justify="left")
    for verdict in found:
        budgets.add_row(verdict.what, verdict.value, verdict.limit, "kept" if verdict.kept else "EXCEEDED")
    console.print(budgets)


def markdown(measured: Sequence[Measured], found: Sequence[Verdict], where: str) -> str:
    """The same for the README."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    lines = [f"Measured on {where}, medians of {measured[0].runs} runs in turns:", "", line(COLUMNS)]
    lines += [line(["---", *["---:"] * (len(COLUMNS) - 1)]), *(line(row) for row in rows(measured))]
    lines += ["", line(("budget", "measured", "allowed")), line(["---"] * 3)]
    lines += [line((verdict.what, verdict.value, verdict.limit)) for verdict in found]
    return "\n".join(lines)


def put_into_readme(text: str) -> None:
    """Replace what stands between the marks of the README."""
    readme = TOP / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    readme.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8", newline="\n")


def in_a_fresh_environment(arguments: Sequence[str]) -> int:
    """Install everything as a user would, and measure there."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--upgrade-deps", folder], check=True)
        python = Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python"
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, str(TOP)], check=True)
        for other in ("novu-py", "httpie"):
            subprocess.run([*pip, other], check=False)
        return subprocess.run([python, __file__, *arguments], check=False).returncode


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each command is run (default: 15)")
    parser.add_argument("--fresh", action="store_true", help="install everything into an environment of its own first")
    parser.add_argument("--no-bulk", action="store_true", help="leave plan and apply out")
    parser.add_argument("--readme", action="store_true", help="put the tables into the README")
    parser.add_argument(
        "--json", type=Path, default=Path("benchmark.json"), metavar="FILE", help="where the figures go"
    )
    said = parser.parse_args(arguments)
    if said.fresh:
        return in_a_fresh_environment([word for word in arguments if word != "--fresh"])
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as environ:
        field = contenders(environ)
        measured = measure([one for one in field if one.words], said.rounds)
    skipped = [one.name for one in field if not one.words]
    found = verdicts(measured) + ([] if said.no_bulk else in_bulk(3))
    where = machine()
    draw(measured, found, skipped, where)
    figures = {
        "machine": where,
        "runs": [one._asdict() for one in measured],
        "skipped": skipped,
        "budgets": [one._asdict() for one in found],
    }
    said.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if said.readme:
        put_into_readme(markdown(measured, found, where))
    return 0 if all(verdict.kept for verdict in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
