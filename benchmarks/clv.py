"""Models of customer value on many simulated customers: seconds, memory and parameters found again, as JSON.

Belongs here: the run. Stays out: the models, and whether they recover parameters over many seeds (the tests).

Example: python -m benchmarks.clv --customers 1000000 --json build/clv.json
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.analytics.segments import value_forecast
from tests.value_histories import simulated_days

AS_OF = date(2026, 10, 31)
PLANTED = {"r": 1.0, "alpha": 8.0, "a": 1.0, "b": 4.0, "p": 3.0, "q": 4.0, "v": 90.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, default=Path("build/clv.json"))
    options = parser.parse_args()
    result = measure(options.customers)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2))
    print(options.json.read_text())


def measure(customers: int) -> dict[str, Any]:
    """Seconds of each step and the fitted parameters beside the planted ones."""
    seconds: dict[str, float] = {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = step()
        seconds[name] = round(time.perf_counter() - start, 2)
        return found

    days: pl.DataFrame = simulated_days(np.random.default_rng(20261031), customers, AS_OF, weeks=(1, 104))
    histories = timed("histories", lambda: value_forecast.histories_of(days, until=AS_OF))
    models = timed("fit", lambda: value_forecast.fit(histories))
    timed("forecast", lambda: value_forecast.forecast(histories, models, days=365, margin_rate=0.4))
    found = zip(PLANTED, [*models.buying.parameters, *models.spending.parameters], strict=True)
    return {
        "customers": customers,
        "order_days": days.height,
        "distinct_histories": histories.select(value_forecast.HISTORY).n_unique(),
        "status": [models.buying.status, models.spending.status],
        "iterations": [models.buying.iterations, models.spending.iterations],
        "seconds": seconds | {"all": round(sum(seconds.values()), 2)},
        "parameters": {name: {"planted": PLANTED[name], "found": round(float(value), 4)} for name, value in found},
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    main()
