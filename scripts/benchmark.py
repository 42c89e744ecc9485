"""Measure what one run of the program costs, as ratios, on loopback: `python scripts/benchmark.py --fresh`.

All commands run in turns, so that whatever else the machine does slows all of them alike; the median counts. With
`--fresh`, install everything into a new environment first, as a user would: the program, the official Python SDK and
httpie. Without it, programs that are not installed are left out and named.

Print the tables and write all figures to a JSON file; with `--write`, write scripts/BENCHMARKS.md too. Exit with 1 if a
budget is exceeded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from benchmark_apply import PLAN_SECONDS, PROGRAM, Result, megabytes, results, serving

TOP: Final = Path(__file__).parent.parent

DOCUMENT: Final = Path(__file__).with_name("BENCHMARKS.md")

BODY: Final = '{"providerId": "mailgun", "channel": "email", "active": false, "check": false}'

SCRIPT: Final = f"""\
import os, httpx
httpx.post(os.environ["NOVU_API_URL"] + "/v1/integrations", content='{BODY}', headers={{"Authorization": "ApiKey " + \
os.environ["NOVU_SECRET_KEY"], "Content-Type": "application/json"}}).raise_for_status()
"""

SDK: Final = """\
import os
from novu_py import Novu, models
with Novu(secret_key=os.environ["NOVU_SECRET_KEY"], server_url=os.environ["NOVU_API_URL"]) as novu:
    novu.integrations.create(create_integration_request_dto={"provider_id": "mailgun", "active": False, "check": False,
        "channel": models.CreateIntegrationRequestDtoChannel.EMAIL})
"""


class Command(NamedTuple):
    """One command to measure; `words` is empty if its program is not installed."""

    name: str
    words: tuple[str, ...]
    environ: Mapping[str, str]


class Sample(NamedTuple):
    """The cost of one run, or the medians of several: milliseconds and megabytes."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float


class Budget(NamedTuple):
    """`name` may take at most `most` times as long as `base`."""

    name: str
    base: str
    most: float


BARE: Final = "python -c pass"
POST: Final = "a two-line httpx.post script"
OFFICIAL: Final = "the official Python SDK"

BUDGETS: Final = (
    Budget("--version", BARE, 1.3),
    Budget("--help", BARE, 6.5),
    Budget("create --help", BARE, 6.5),
    Budget("TAB for a profile", BARE, 6.5),
    Budget("TAB for an identifier", BARE, 6.5),
    Budget("create", POST, 1.0),
    Budget("create", OFFICIAL, 1 / 3),
    Budget("create --json", POST, 1.0),
    Budget("create --sandbox", POST, 0.8),
)

CREATE_MEGABYTES: Final = 45


def commands(environ: Mapping[str, str]) -> list[Command]:
    """Return everything that is measured, in the order of the table."""
    python = sys.executable
    script = Path(python).parent / ("integrations.exe" if os.name == "nt" else "integrations")
    installed = (str(script),) if script.exists() else PROGRAM
    create = ("create", "--provider", "mailgun", "--channel", "email")
    url = f"{environ['NOVU_API_URL']}/v1/integrations"
    key = f"Authorization:ApiKey {environ['NOVU_SECRET_KEY']}"
    httpie = (python, "-m", "httpie", "--ignore-stdin", "--check-status", "POST", url, key, "--raw", BODY)
    curl = ("curl", "-fsS", url, "-H", key, "-H", "Content-Type: application/json", "-d", BODY)
    words: dict[str, tuple[str, ...]] = {
        BARE: (python, "-c", "pass"),
        "--version": (*installed, "--version"),
        "python -m … --version": (*PROGRAM, "--version"),
        "--help": (*installed, "--help"),
        "create --help": (*installed, "create", "--help"),
        "TAB for a profile": (*installed, "__complete", "profiles"),
        "TAB for an identifier": (*installed, "__complete", "identifiers"),
        POST: (python, "-c", SCRIPT),
        "create": (*installed, *create),
        "create --json": (*installed, *create, "--json"),
        "python -m … create": (*PROGRAM, *create),
        "create --sandbox": (*installed, *create, "--sandbox"),
        OFFICIAL: (python, "-c", SDK) if find_spec("novu_py") else (),
        "httpie": httpie if find_spec("httpie") else (),
        "curl": curl if shutil.which("curl") else (),
    }
    # TAB lists the environment in which nothing is created, so that its list does not grow from run to run.
    unchanged = {**environ, "NOVU_SECRET_KEY": environ["OTHER_KEY"]}
    return [
        Command(name, line, unchanged if name == "TAB for an identifier" else environ) for name, line in words.items()
    ]


def run(command: Command) -> Sample:
    """Run a command once.

    Raises:
        SystemExit: The command failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command.words,
        env=dict(command.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    with process.stderr as stream:
        stderr = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command.name} failed with {process.returncode}: {stderr.decode(errors='replace')[-500:]}")
    return Sample(seconds * 1000, (usage.ru_utime + usage.ru_stime) * 1000, megabytes(usage))


def measure(measured: Sequence[Command], rounds: int) -> dict[str, Sample]:
    """Return the medians of each command, by its name.

    Each round has another order, since a command finds caches that the one before it has filled. The first round does
    not count.
    """
    shuffled = random.Random(1)  # noqa: S311  # the same orders each time
    samples: dict[str, list[Sample]] = {command.name: [] for command in measured}
    for number in range(rounds + 1):
        for command in shuffled.sample(measured, len(measured)):
            sample = run(command)
            if number:
                samples[command.name].append(sample)
    return {
        name: Sample(*(statistics.median(column) for column in zip(*rows, strict=True)))
        for name, rows in samples.items()
    }


def judge(medians: Mapping[str, Sample]) -> list[Result]:
    """Compare the medians with the budgets; leave out budgets of programs that are not installed."""
    found = []
    for name, base, most in BUDGETS:
        if name in medians and base in medians:
            ratio = medians[name].wall_ms / medians[base].wall_ms
            found.append(Result(name, f"{ratio:.2f} x {base}", f"≤ {most:.2f}", ratio <= most))
    peak = medians["create"].peak_mb
    limit = f"≤ {CREATE_MEGABYTES} MB"
    return [*found, Result("create: peak memory", f"{peak:.0f} MB", limit, peak <= CREATE_MEGABYTES)]


def machine() -> str:
    """Return the system, the processor, the Python and the day, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{platform.system()} {platform.release()}, {os.cpu_count()} x {model}, "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )


COLUMNS: Final = ("command", "median", f"x {BARE}", f"x {POST}", "peak memory")


def table_rows(medians: Mapping[str, Sample]) -> list[tuple[str, ...]]:
    """Return the rows of the first table."""
    import resource  # Windows has none, and the rest of this module is of use there

    bare, post = medians[BARE].wall_ms, medians[POST].wall_ms
    # A process begins as a copy of the one that starts it, so smaller peaks cannot be seen.
    floor = megabytes(resource.getrusage(resource.RUSAGE_SELF))
    return [
        (
            name,
            f"{median.wall_ms:.0f} ms",
            f"{median.wall_ms / bare:.2f}",
            f"{median.wall_ms / post:.2f}",
            f"{'< ' if median.peak_mb <= floor else ''}{median.peak_mb:.0f} MB",
        )
        for name, median in medians.items()
    ]


def show(rows: Sequence[tuple[str, ...]], found: Sequence[Result], left_out: Sequence[str], title: str) -> None:
    """Print both tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    runs = Table(*COLUMNS, title=title, title_justify="left")
    for row in rows:
        runs.add_row(*row)
    console.print(runs)
    if left_out:
        console.print(f"not installed, so not measured: {', '.join(left_out)}")
    budgets = Table("budget", "measured", "allowed", "", title_justify="left")
    for result in found:
        budgets.add_row(result.what, result.value, result.limit, "kept" if result.kept else "EXCEEDED")
    console.print(budgets)


def document(rows: Sequence[tuple[str, ...]], found: Sequence[Result], title: str) -> str:
    """Return both tables as Markdown."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    lines = ["# Benchmarks", "", "`python scripts/benchmark.py --fresh --write` writes this file.", ""]
    lines += [f"{title}.", "", line(COLUMNS), line(["---", *["---:"] * (len(COLUMNS) - 1)]), *map(line, rows)]
    lines += ["", line(("budget", "measured", "allowed", "")), line(["---"] * 4)]
    lines += [line((*result[:3], "kept" if result.kept else "exceeded")) for result in found]
    return "\n".join([*lines, ""])


def run_in_fresh_environment(arguments: Sequence[str]) -> int:
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
    """Measure, print and write; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each command is run (default: 15)")
    parser.add_argument("--fresh", action="store_true", help="install everything into a new environment first")
    parser.add_argument("--no-bulk", action="store_true", help="leave plan and apply out")
    parser.add_argument("--write", action="store_true", help="write the tables to scripts/BENCHMARKS.md")
    parser.add_argument(
        "--json", type=Path, default=Path("benchmark.json"), metavar="FILE", help="where the figures go"
    )
    options = parser.parse_args(arguments)
    if options.write and options.no_bulk:
        parser.error("--write needs all figures, so it excludes --no-bulk")
    if options.fresh:
        return run_in_fresh_environment([word for word in arguments if word != "--fresh"])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text('[profiles.staging]\nregion = "eu"\napi_key_env = "STAGING_KEY"\n')
        config.chmod(0o600)
        with serving(Path(folder)) as environ:
            known = commands(environ)
            medians = measure([command for command in known if command.words], options.rounds)
    left_out = [command.name for command in known if not command.words]
    found = judge(medians) + ([] if options.no_bulk else list(results(1000, 3, 100, list(PLAN_SECONDS))))
    title = f"Measured on {machine()}; medians of {options.rounds} runs in turns"
    rows = table_rows(medians)
    show(rows, found, left_out, title)
    figures = {
        "title": title,
        "runs": [{"name": name, **median._asdict()} for name, median in medians.items()],
        "left_out": left_out,
        "budgets": [result._asdict() for result in found],
    }
    options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.write:
        DOCUMENT.write_text(document(rows, found, title), encoding="utf-8", newline="\n")
    return 0 if all(result.kept for result in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
