"""Files as bytes: hashing, decompression, durable renames.

Belongs here: everything that looks at a file without knowing its table. Stays out: rows and columns.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

CHUNK_BYTES = 4 * 1024 * 1024
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""Compressed forms read beside ``.zip`` holding one file; the suffix says which."""


class FileError(Exception):
    """A file cannot be landed; the message is a sentence without any of the file's values."""


@dataclass(frozen=True)
class Fingerprint:
    """What identifies an export: the hash of its bytes as delivered, and their number."""

    batch_id: str
    size: int


def fingerprint(path: Path) -> Fingerprint:
    """Hash a file in chunks.

    Raises:
        FileError: the file changed while it was read, so its writer is not done.
    """
    before = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise FileError("it is still being written; it lands with the next run")
    return Fingerprint(batch_id=digest.hexdigest(), size=after.st_size)


@contextmanager
def plain(path: Path, aside: Path) -> Iterator[Path]:
    """The file without its compression: itself, or a copy under ``aside`` that lives as long as the block.

    DuckDB reads a truncated gzip up to the break without a word, so compressed files are unpacked here, where the
    checksum at the end is verified.

    Raises:
        FileError: the archive is damaged, truncated, or a zip of anything but one file.
    """
    suffix = path.suffix.lower()
    if suffix not in COMPRESSIONS and suffix != ".zip":
        yield path
        return
    target = aside / f"unpacked-{os.getpid()}{Path(path.stem).suffix}"
    try:
        _unpack(path, suffix, target)
        yield target
    finally:
        target.unlink(missing_ok=True)


def _unpack(path: Path, suffix: str, target: Path) -> None:
    try:
        with target.open("wb") as out:
            if suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    members = [member for member in archive.infolist() if not member.is_dir()]
                    if len(members) != 1:
                        raise FileError(f"the zip holds {len(members)} files; pack one export into one zip")
                    with archive.open(members[0]) as packed:
                        shutil.copyfileobj(packed, out, CHUNK_BYTES)
            else:
                with pa.input_stream(str(path), compression=COMPRESSIONS[suffix]) as packed:
                    while chunk := packed.read(CHUNK_BYTES):
                        out.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise FileError(f"the {suffix} archive is damaged or truncated; export it again") from error


def is_binary(path: Path) -> bool:
    """Whether the start of a file that should be text holds a zero byte."""
    with path.open("rb") as file:
        return b"\0" in file.read(64 * 1024)


def sync(path: Path) -> None:
    """Flush one file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_into_place(aside: Path, target: Path) -> None:
    """Rename a finished file to its name, so that the name never shows half a file, even after a power cut."""
    sync(aside)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside.replace(target)
    sync(target.parent)
