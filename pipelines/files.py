"""Files that survive a crash: written aside, flushed to the disk, then renamed into place.

Belongs here: the few operations every layer that writes files shares. Stays out: what is in the files.
Never call these on a DuckDB file that is open anywhere in this process: closing a plain handle drops DuckDB's lock.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

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
