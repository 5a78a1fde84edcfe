"""The revision of the code: one hash over everything that decides what comes out for the same input.

Belongs here: hashing source files. Stays out: what is done with the hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

SOURCES = ("pipelines", "dbt_project", "expectations", "requirements.lock")
"""What decides results: code, models, checks and the versions of the libraries."""

NO_RESULT = ("pipelines/synth", "pipelines/cli", "dbt_project/target", "dbt_project/logs", "dbt_project/dbt_packages")
"""The demo company only writes exports, which are hashed themselves; the command line only shows results."""


def code_revision(project_root: Path) -> str:
    """SHA-256 over the paths and bytes of the source files, in hex; independent of where the project lies."""
    digest = hashlib.sha256()
    for path in sorted(_files(project_root)):
        digest.update(path.relative_to(project_root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for name in SOURCES:
        source = root / name
        found += [source] if source.is_file() else [path for path in source.rglob("*") if _counts(path, root)]
    return found


def _counts(path: Path, root: Path) -> bool:
    relative = path.relative_to(root)
    hidden = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
    left_out = any(relative.is_relative_to(folder) for folder in NO_RESULT)
    return not hidden and not left_out and path.is_file()
