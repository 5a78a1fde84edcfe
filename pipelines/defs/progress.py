"""What a run tells while it runs, in plain values that know nothing of Dagster.

Belongs here: a Dagster logger that turns every event into a ``Progress`` for whoever listens. Stays out: display.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

LOGGER = "journeyline"


@dataclass(frozen=True)
class Progress:
    """One event. ``kind``: started, working, built, check, done, failed, retry, skipped. Assets are ``layer/table``."""

    kind: str
    step: str
    asset: str = ""
    check: str = ""
    rows: int | None = None
    seconds: float | None = None
    passed: bool = True
    is_error: bool = False
    message: str = ""
    where: str = ""


Listener = Callable[[Progress], None]
_listeners: list[Listener] = []


class listening:  # noqa: N801 - used as a context manager, like a function
    """Tell ``listener`` every event of the runs in this process, for the length of the block."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def __enter__(self) -> None:
        _listeners.append(self.listener)

    def __exit__(self, *_: object) -> None:
        _listeners.remove(self.listener)


def tell(progress: Progress) -> None:
    """Hand one event to every listener of this process."""
    for listener in [*_listeners]:
        listener(progress)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        event = (getattr(record, "dagster_meta", None) or {}).get("dagster_event")
        progress = as_progress(event) if event is not None else None
        if progress is not None:
            tell(progress)


@dg.logger(
    config_schema={},
    description="Hands every event to the process's listeners; the command line's progress display is one.",
)
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    """A logger of its own with the one handler; nothing is passed on to the root logger."""
    logger = logging.Logger(LOGGER, level=logging.DEBUG)
    logger.addHandler(_Handler())
    return logger


def as_progress(event: Any) -> Progress | None:
    """Translate one Dagster event; None for those nobody watches."""
    translate = _TRANSLATIONS.get(event.event_type)
    return translate(event.step_key or "", event) if translate else None


def _built(step: str, event: Any) -> Progress:
    metadata = event.materialization.metadata
    rows, seconds = _value(metadata, "dagster/row_count"), _value(metadata, "seconds")
    return Progress("built", step, asset=event.asset_key.to_user_string(), rows=rows, seconds=seconds)


def _check(step: str, event: Any) -> Progress:
    check = event.asset_check_evaluation_data
    metadata = check.metadata
    return Progress(
        "check",
        step,
        asset=check.asset_key.to_user_string(),
        check=check.check_name,
        rows=_value(metadata, "rows"),
        passed=check.passed,
        is_error=check.severity == dg.AssetCheckSeverity.ERROR,
        message=str(_value(metadata, "message") or ""),
        where=str(_value(metadata, "sql") or _value(metadata, "file") or ""),
    )


def _done(step: str, event: Any) -> Progress:
    return Progress("done", step, seconds=event.step_success_data.duration_ms / 1000)


def _failed(step: str, event: Any) -> Progress:
    return Progress("failed", step, passed=False, is_error=True, message=_reason(event.step_failure_data))


def _not_started(step: str, event: Any) -> Progress:
    return Progress("failed", step or "house", passed=False, is_error=True, message=_reason(event.engine_event_data))


def _retry(step: str, event: Any) -> Progress:
    return Progress("retry", step, message=_reason(event.step_retry_data))


_TRANSLATIONS: dict[dg.DagsterEventType, Callable[[str, Any], Progress]] = {
    dg.DagsterEventType.STEP_START: lambda step, _event: Progress("started", step),
    dg.DagsterEventType.ASSET_MATERIALIZATION: _built,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION: _check,
    dg.DagsterEventType.STEP_SUCCESS: _done,
    dg.DagsterEventType.STEP_FAILURE: _failed,
    dg.DagsterEventType.STEP_UP_FOR_RETRY: _retry,
    dg.DagsterEventType.STEP_SKIPPED: lambda step, _event: Progress("skipped", step),
    dg.DagsterEventType.RESOURCE_INIT_FAILURE: _not_started,
}


def _value(metadata: Any, name: str) -> Any:
    found = metadata.get(name)
    return None if found is None else found.value


def _reason(data: Any) -> str:
    """The innermost error's own words, without the frames Dagster wraps around it."""
    if data is None:
        return ""
    failure = getattr(data, "user_failure_data", None)
    if failure is not None and failure.description:
        return str(failure.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return _first_line(error.message) if error is not None else ""


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else ""
