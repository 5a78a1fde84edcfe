"""The fingerprint of a result: what went in, with which code and settings.

Belongs here: computing it, and asking whether the current version is that result already. Stays out: publishing.
"""

from __future__ import annotations

import hashlib
import json
from zoneinfo import ZoneInfo

from pipelines.publish import versions
from pipelines.publish.pseudonyms import load_pseudonyms
from pipelines.quality.revision import code_revision
from pipelines.settings import Settings, utc_now


def fingerprint(settings: Settings) -> str:
    """SHA-256 over the landed batches of the enabled systems, the code and the settings that change a result, in hex.

    A batch is named by the hash of its bytes, so paths and dates of loading do not matter. Opens no database.
    """
    parts = {
        "batches": _landed(settings),
        "code": code_revision(settings.project_root),
        "systems": settings.systems,
        "company": settings.company,
        "as_of": _as_of(settings),
        "reporting_time_zone": settings.reporting_time_zone,
        "reporting_currency": settings.reporting_currency,
        "min_cell": settings.min_cell,
        "identity_model": _identity_model(settings),
        "pseudonyms": load_pseudonyms(settings).key_id,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_published(settings: Settings) -> bool:
    """True where the current version, or one an operator rolled back from, is the result of just this."""
    return versions.settled(settings, fingerprint(settings)) is not None


def _landed(settings: Settings) -> list[str]:
    """``system/table/batch`` of every batch whose rows and record both stand in the raw folder."""
    found = set()
    for system in settings.systems:
        for path in (settings.raw_dir / system).glob("*/*/*.parquet"):
            if path.with_suffix(".json").is_file():
                found.add(f"{system}/{path.parent.parent.name}/{path.stem}")
    return sorted(found)


def _identity_model(settings: Settings) -> str | None:
    """Hash of the parameters this house trained; the shipped ones are part of the code."""
    path = settings.trained_model_path
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _as_of(settings: Settings) -> str:
    if settings.as_of != "today":
        return settings.as_of
    zone = ZoneInfo(settings.reporting_time_zone) if settings.reporting_time_zone else None
    return utc_now().astimezone(zone).date().isoformat() if zone else utc_now().date().isoformat()
