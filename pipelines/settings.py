"""Settings: where things are, which systems are enabled, and the few numbers every layer shares.

Belongs here: reading the environment once into a frozen object with absolute paths. Stays out: any other use of
the environment, the clock or the file system. Nothing is created or opened by importing or constructing this.

Every setting has one environment variable (``JOURNEYLINE_*``); an environment name or value that is not known is an
error, never a fallback.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PROJECT_ROOT = Path(__file__).resolve().parent.parent

DEMO_SYSTEMS = ("shopify", "zendesk", "hubspot", "ga4", "klaviyo", "trustpilot", "qualtrics", "pos")
"""The systems of the demo company: what is enabled where nothing else is said."""

DEMO_COMPANY = "demo"
"""How the rows people wrote for the demo company are marked."""

MEMORY_LIMITS = {"dev": "6GB", "test": "2GB", "prod": "6GB"}
"""DuckDB's memory limit by environment; every environment stands here, there is no fallback."""


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable, the value and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """Everything a run needs to know about its surroundings. Paths are absolute."""

    environment: str
    project_root: Path
    home: Path
    landing_dir: Path
    systems: tuple[str, ...]
    company: str
    as_of: str
    reporting_time_zone: str | None
    reporting_currency: str | None
    min_cell: int
    keep_versions: int
    memory_limit: str
    threads: int

    @property
    def raw_dir(self) -> Path:
        return self.home / "raw"

    @property
    def quarantine_dir(self) -> Path:
        return self.home / "quarantine"

    @property
    def warehouse_path(self) -> Path:
        return self.home / "warehouse" / "warehouse.duckdb"

    @property
    def published_dir(self) -> Path:
        return self.home / "published"

    @property
    def secrets_dir(self) -> Path:
        return self.home / "secrets"

    @property
    def identity_dir(self) -> Path:
        """What this house decided about identity and a rebuilt warehouse needs again."""
        return self.home / "identity"

    @property
    def segments_dir(self) -> Path:
        """What earlier runs found of segments, and a rebuilt warehouse needs again."""
        return self.home / "segments"

    @property
    def trained_model_path(self) -> Path:
        """The second pass's parameters trained on this house's records; absent until someone trains."""
        return self.identity_dir / "model_parameters.json"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def temp_dir(self) -> Path:
        return self.home / "warehouse" / "tmp"

    @property
    def dbt_project_dir(self) -> Path:
        return self.project_root / "dbt_project"

    @property
    def dbt_target_dir(self) -> Path:
        """One target folder per set of systems, so that switching sources never invalidates the parsed manifest."""
        return self.home / "dbt"

    @property
    def expectations_dir(self) -> Path:
        return self.project_root / "expectations"

    @property
    def is_demo(self) -> bool:
        """True where no data is configured: the demo company is generated into the landing folder."""
        return (
            self.landing_dir == self.home / "landing" and self.systems == DEMO_SYSTEMS and self.company == DEMO_COMPANY
        )

    def environ(self) -> dict[str, str]:
        """The environment a child (dbt in-process, Dagster's own processes) needs to see the same settings."""
        return {
            "JOURNEYLINE_ENV": self.environment,
            "JOURNEYLINE_HOME": str(self.home),
            "JOURNEYLINE_DATA": str(self.landing_dir),
            "JOURNEYLINE_SOURCES": ",".join(self.systems),
            "JOURNEYLINE_COMPANY": self.company,
            "JOURNEYLINE_AS_OF": self.as_of,
            "JOURNEYLINE_WAREHOUSE": str(self.warehouse_path),
            "JOURNEYLINE_TEMP": str(self.temp_dir),
            "JOURNEYLINE_MEMORY_LIMIT": self.memory_limit,
            "JOURNEYLINE_THREADS": str(self.threads),
            "DAGSTER_HOME": str(self.dagster_home),
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }


def known_systems(project_root: Path = PROJECT_ROOT) -> tuple[str, ...]:
    """Every system that has a landing contract: the folders below ``models/staging``, sorted."""
    staging = project_root / "dbt_project" / "models" / "staging"
    return tuple(sorted(path.name for path in staging.iterdir() if (path / f"_{path.name}__sources.yml").is_file()))


def load_settings(environ: Mapping[str, str] | None = None, *, project_root: Path = PROJECT_ROOT) -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a value is not allowed; the message names the variable and the allowed values.
    """
    env = os.environ if environ is None else environ
    environment = _one_of(env.get("JOURNEYLINE_ENV") or "dev", MEMORY_LIMITS, "JOURNEYLINE_ENV")
    systems = _systems(env.get("JOURNEYLINE_SOURCES", ""), project_root)
    default_home = project_root / "data"
    if systems != DEMO_SYSTEMS:
        default_home = default_home / "+".join(systems)
    home = _path(env.get("JOURNEYLINE_HOME"), default_home)
    landing_dir = _path(env.get("JOURNEYLINE_DATA"), home / "landing")
    # Exports of one's own come from another company, even where its systems are those of the demo.
    is_demo = systems == DEMO_SYSTEMS and landing_dir == home / "landing"
    own_name = DEMO_COMPANY if is_demo else "+".join(systems)
    return Settings(
        environment=environment,
        project_root=project_root,
        home=home,
        landing_dir=landing_dir,
        systems=systems,
        company=env.get("JOURNEYLINE_COMPANY", "").strip() or own_name,
        as_of=_as_of(env.get("JOURNEYLINE_AS_OF") or "last_event"),
        reporting_time_zone=_time_zone(env.get("JOURNEYLINE_TIME_ZONE")),
        reporting_currency=_currency(env.get("JOURNEYLINE_CURRENCY")),
        min_cell=_positive_int(env.get("JOURNEYLINE_MIN_CELL") or "11", "JOURNEYLINE_MIN_CELL"),
        keep_versions=_positive_int(env.get("JOURNEYLINE_KEEP_VERSIONS") or "7", "JOURNEYLINE_KEEP_VERSIONS"),
        memory_limit=env.get("JOURNEYLINE_MEMORY_LIMIT") or MEMORY_LIMITS[environment],
        threads=_positive_int(env.get("JOURNEYLINE_THREADS") or str(os.cpu_count() or 2), "JOURNEYLINE_THREADS"),
    )


def utc_now() -> datetime:
    """The only clock in the project, as an aware UTC time: for stamps of runs and loads, never for a computation."""
    return datetime.now(tz=UTC)


def _one_of(value: str, allowed: Mapping[str, object], variable: str) -> str:
    if value not in allowed:
        raise SettingsError(f"{variable}={value!r} is not known; use one of: {', '.join(allowed)}")
    return value


def _systems(value: str, project_root: Path) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if not names:
        return DEMO_SYSTEMS
    known = known_systems(project_root)
    for name in names:
        if name not in known:
            raise SettingsError(
                f"JOURNEYLINE_SOURCES names {name!r}, which has no landing contract; known: {', '.join(known)}"
            )
    return DEMO_SYSTEMS if set(names) == set(DEMO_SYSTEMS) else tuple(sorted(set(names)))


def _path(value: str | None, default: Path) -> Path:
    return (Path(value).expanduser() if value else default).resolve()


def _as_of(value: str) -> str:
    if value in ("last_event", "today"):
        return value
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise SettingsError(
            f"JOURNEYLINE_AS_OF={value!r} is not a date (YYYY-MM-DD), 'today' or 'last_event'"
        ) from error


def _time_zone(value: str | None) -> str | None:
    if not value:
        return None
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"JOURNEYLINE_TIME_ZONE={value!r} is not an IANA time zone such as Europe/Berlin"
        ) from error
    return value


def _currency(value: str | None) -> str | None:
    if value and not (len(value) == 3 and value.isalpha() and value.isupper()):
        raise SettingsError(f"JOURNEYLINE_CURRENCY={value!r} is not an ISO 4217 code such as EUR")
    return value or None


def _positive_int(value: str, variable: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise SettingsError(f"{variable}={value!r} is not a whole number of at least 1")
    return int(value)
