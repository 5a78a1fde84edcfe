"""What is published, as the plain values several commands show.

Belongs here: reading versions for display. Stays out: switching them (``pipelines.publish.versions``).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.publish.versions import Version
    from pipelines.settings import Settings


def describe_versions(settings: Settings) -> list[dict[str, Any]]:
    """Every version, newest first."""
    from pipelines.publish.versions import versions

    return [_describe(version) for version in versions(settings)]


def describe_current(settings: Settings) -> dict[str, Any] | None:
    """The version readers see, or none; ``database`` is the path to open, through ``current``."""
    from pipelines.publish.versions import current

    version = current(settings)
    if version is None:
        return None
    return {**_describe(version), "database": settings.published_dir / "current" / "marts.duckdb"}


def _describe(version: Version) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "version": version.name,
        "current": version.is_current,
        "as_of": manifest["as_of"],
        "published_at": datetime.fromisoformat(manifest["published_at"]),
        "tables": len(manifest["tables"]),
        "rows": version.rows,
        "checks": ", ".join(f"{count:,} {what}" for what, count in manifest["checks"].items()),
    }
