"""Plain check results as Dagster's.

Belongs here: the one translation every layer's checks go through. Stays out: running checks.
"""

from collections.abc import Sequence

import dagster as dg

from pipelines.quality.results import CheckResult


def as_check(key: dg.AssetKey, result: CheckResult, file: str) -> dg.AssetCheckResult:
    """One result as the check named by its type; ``file`` is where a reader looks next."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=result.check_type,
        passed=result.success,
        severity=_severity(blocks=result.severity == "error"),
        metadata={
            "rows": result.n_unexpected or 0,
            "message": "" if result.success else result.message or result.why,
            "file": file,
        },
    )


def as_one_check(key: dg.AssetKey, name: str, results: Sequence[CheckResult], file: str) -> dg.AssetCheckResult:
    """A table's results as one check: failed items are listed with their counts; no result at all is a failure."""
    failed = [result for result in results if not result.success]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=bool(results) and not failed,
        severity=_severity(blocks=not results or any(result.blocks for result in results)),
        metadata={
            "items": len(results),
            "rows": sum(result.n_unexpected or 0 for result in failed),
            "message": "; ".join(map(_words, failed)) if results else "no check ran",
            "file": file,
        },
    )


def _severity(*, blocks: bool) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN


def _words(result: CheckResult) -> str:
    if result.status == "error":
        return f"{result.check} could not be computed: {result.message}"
    if result.message:
        found = result.message
    elif result.n_unexpected is not None:
        found = f"{result.n_unexpected:,} rows"
    else:
        found = f"observed {result.observed:,.4g}" if result.observed is not None else "not met"
    return f"{result.check}: {found} ({result.why})"
