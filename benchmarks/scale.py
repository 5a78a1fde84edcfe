"""Scale benchmark: the whole refresh beside DuckDB's bare load of the same files, in the same run.

``python -m benchmarks.scale --customers 100000`` generates that many customers, loads the exports with bare DuckDB,
runs ``journeyline refresh`` cold, and writes ``benchmarks/results/scale_<customers>.json``: wall time, peak memory,
share and peak per step, bytes and rows that came in, and the ratio of refresh to bare load. Both run as processes of
their own under the same memory limit and threads.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from pipelines.defs.runs import step_times
from pipelines.settings import PROJECT_ROOT, load_settings, utc_now

RESULTS = PROJECT_ROOT / "benchmarks" / "results"


@dataclass
class Measured:
    """One process: its exit code, seconds, standard output and memory over time as (epoch seconds, bytes)."""

    code: int
    seconds: float
    stdout: str
    memory: list[tuple[float, int]] = field(default_factory=list)

    @property
    def peak(self) -> int:
        return max((size for _, size in self.memory), default=0)

    def peak_between(self, start: float, end: float) -> int:
        return max((size for at, size in self.memory if start <= at <= end), default=0)


def run_measured(command: list[str], environ: dict[str, str]) -> Measured:
    """Run a command, sampling the resident memory of it and its children five times a second."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environ, stdout=output)
        samples: list[tuple[float, int]] = []
        watcher = threading.Thread(target=_sample, args=(process.pid, samples), daemon=True)
        watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - started
        output.seek(0)
        return Measured(code, seconds, output.read(), samples)


def _sample(pid: int, samples: list[tuple[float, int]]) -> None:
    try:
        parent = psutil.Process(pid)
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            family = [parent, *parent.children(recursive=True)]
            samples.append((time.time(), sum(member.memory_info().rss for member in family)))
            time.sleep(0.2)
    except psutil.Error:
        return


def benchmark(customers: int, home: Path) -> dict[str, Any]:
    """Generate, bare-load and refresh ``customers`` customers below ``home``; returns the record that is written.

    A refresh that fails has its exit code, seconds and peak in the record: at the largest sizes that is the finding.
    """
    environ = dict(os.environ, JOURNEYLINE_HOME=str(home), JOURNEYLINE_ENV="prod")
    settings = load_settings(environ)
    generate = [sys.executable, "-m", "pipelines.cli", "generate", "--customers", str(customers)]
    generated = run_measured(generate, environ)  # does nothing where the folder holds this very company
    _require(generated, "generate")
    files = [path for path in settings.landing_dir.rglob("*") if path.is_file()]
    came_in = sum(path.stat().st_size for path in files)

    with tempfile.TemporaryDirectory(dir=home) as scratch:
        bare_command = [
            sys.executable,
            "-m",
            "benchmarks.bare_load",
            str(settings.landing_dir),
            f"{scratch}/bare.duckdb",
        ]
        bare = run_measured(bare_command, environ)
    _require(bare, "bare load")
    refresh = run_measured([sys.executable, "-m", "pipelines.cli", "refresh", "--full", "--json"], environ)
    bare_result = json.loads(bare.stdout)
    record: dict[str, Any] = {
        "customers": customers,
        "measured_at": utc_now().isoformat(timespec="seconds"),
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "exports": {"files": len(files), "bytes": came_in, "rows": sum(bare_result["rows"].values())},
        "generate": {"seconds": round(generated.seconds, 1), "peak_bytes": generated.peak},
        "bare_load": {"seconds": bare_result["seconds"], "peak_bytes": bare.peak, "tables": bare_result["tables"]},
        "refresh": {
            "exit_code": refresh.code,
            "seconds": round(refresh.seconds, 1),
            "peak_bytes": refresh.peak,
        },
    }
    if refresh.code == 0:
        result = json.loads(refresh.stdout)
        record["refresh"] |= {"checks": result["checks"], "steps": steps(step_times(settings, result["runs"]), refresh)}
        record["refresh_per_bare_load"] = round(refresh.seconds / bare_result["seconds"], 2)
    return record


def steps(times: list[dict[str, Any]], refresh: Measured) -> list[dict[str, Any]]:
    """Seconds, share of the wall time and peak memory of each step of the run, longest first."""
    rows = [
        {
            "step": step["step"],
            "seconds": round(step["seconds"], 2),
            "share": round(step["seconds"] / refresh.seconds, 3),
            "peak_bytes": refresh.peak_between(step["started_at"], step["started_at"] + step["seconds"]),
        }
        for step in times
    ]
    return sorted(rows, key=lambda row: -row["seconds"])


def _require(measured: Measured, what: str) -> None:
    if measured.code != 0:
        raise SystemExit(f"{what} ended with exit code {measured.code}:\n{measured.stdout[-2000:]}")


def main() -> None:
    """Run the benchmark and write its record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--home", type=Path, help="folder for the run; kept when given, else a temporary one")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="journeyline-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    try:
        record = benchmark(options.customers, home.resolve())
    finally:
        if options.home is None:
            shutil.rmtree(home, ignore_errors=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"scale_{options.customers}.json"
    target.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    summary = {key: record.get(key) for key in ("customers", "refresh_per_bare_load")}
    print(
        json.dumps(
            summary
            | {"refresh_seconds": record["refresh"]["seconds"], "written": str(target.relative_to(PROJECT_ROOT))}
        )
    )
    raise SystemExit(int(record["refresh"]["exit_code"] != 0))


if __name__ == "__main__":
    main()
