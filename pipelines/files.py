"""Files: those that survive a crash (written aside, flushed to the disk, renamed into place), their hashes, and YAML.

Belongs here: the few operations several layers share. Stays out: what is in the files.
Never call these on a DuckDB file that is open anywhere in this process: closing a plain handle drops DuckDB's lock.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import yaml

CHUNK = 1 << 20


def write_atomically(path: Path, text: str) -> None:
    """Replace a text file so that a reader or a crash sees the old content or the new, never a part."""
    aside = path.with_name(f".{path.name}.tmp")
    with aside.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """Hash of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def read_yaml(text: str) -> Any:
    """Parse YAML safely, with the C parser where it is installed: it is ten times faster."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
