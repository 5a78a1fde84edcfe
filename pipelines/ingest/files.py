"""Files as bytes: hashing, decompression, durable renames.

Belongs here: everything that looks at a file without knowing its table. Stays out: rows and columns.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

CHUNK_BYTES = 4 * 1024 * 1024
PARQUET_OPTIONS = "format parquet, compression zstd, compression_level 1"

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""Compressed forms read beside ``.zip`` holding one file; the suffix says which."""

UNREAD_COMPRESSIONS = {".bz2", ".xz", ".7z", ".rar", ".lz4", ".br", ".tar", ".tgz"}
PACKED = {*COMPRESSIONS, ".zip", *UNREAD_COMPRESSIONS}
GLOB_CHARACTERS = set("*?[")


class FileError(Exception):
    """A file cannot be landed; the message is a sentence without any of the file's values."""


class UnfinishedError(Exception):
    """A file is still being written."""


@dataclass(frozen=True)
class Fingerprint:
    """What identifies an export: the hash of its bytes as delivered, and their number."""

    batch_id: str
    size: int
    modified_ns: int


def fingerprint(path: Path) -> Fingerprint:
    """Hash a file in chunks.

    Raises:
        UnfinishedError: the file changed while it was read, so its writer is not done.
    """
    before = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    after = path.stat()
    print_ = Fingerprint(batch_id=digest.hexdigest(), size=after.st_size, modified_ns=after.st_mtime_ns)
    if (before.st_size, before.st_mtime_ns) != (print_.size, print_.modified_ns):
        raise UnfinishedError("it changed while it was read; it lands with the next run")
    return print_


def check_unchanged(path: Path, print_: Fingerprint) -> None:
    """Make sure that the rows just read are those of the bytes that were hashed.

    Raises:
        UnfinishedError: the file changed in between.
    """
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (print_.size, print_.modified_ns):
        raise UnfinishedError("it changed while it was read; it lands with the next run")


@contextmanager
def plain(path: Path, aside: Path) -> Iterator[Path]:
    """The file without its compression: itself, or a copy under ``aside`` that lives as long as the block.

    DuckDB reads a truncated gzip up to the break without a word, so compressed files are unpacked here, where the
    checksum at the end is verified.

    Raises:
        FileError: the archive is damaged, truncated, or a zip of anything but one file.
    """
    suffix = path.suffix.lower()
    if suffix not in PACKED and GLOB_CHARACTERS & set(path.name):
        # DuckDB takes names for patterns: "orders[1].csv" would read orders1.csv.
        link = aside / f"named-{os.getpid()}{suffix}"
        link.symlink_to(path)
        try:
            yield link
        finally:
            link.unlink()
        return
    if suffix in UNREAD_COMPRESSIONS:
        raise FileError(f"it is packed as {suffix}, which is not read; pack it as .gz, .zst or .zip")
    if suffix not in PACKED:
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
                _unzip(path, out)
            else:
                with pa.input_stream(str(path), compression=COMPRESSIONS[suffix]) as packed:
                    while chunk := packed.read(CHUNK_BYTES):
                        out.write(chunk)
    except OSError as error:
        # pyarrow raises OSError without a number for damaged content; with one, it is the disk.
        if error.errno:
            raise
        raise FileError(f"its {suffix} archive is damaged or truncated; export it again") from None


def _unzip(path: Path, out: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise FileError(f"its zip holds {len(members)} files; pack one export into one zip")
            with archive.open(members[0]) as packed:
                shutil.copyfileobj(packed, out, CHUNK_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise FileError("its .zip archive is damaged or truncated; export it again") from None
    except (NotImplementedError, RuntimeError):
        raise FileError("its .zip archive is encrypted or packed in a way that is not read; pack it plainly") from None


def check_text(path: Path, encoding: str) -> None:
    """Refuse a file that is no text, or text two bytes wide where its contract says otherwise.

    Raises:
        FileError: with what the file seems to be.
    """
    with path.open("rb") as file:
        start = file.read(64 * 1024)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if wide and encoding != "utf-16":
        raise FileError(
            f"it is UTF-16, but its contract says {encoding}; export it as {encoding} or change csv.encoding"
        )
    if b"\0" in start and not wide and encoding != "utf-16":
        raise FileError("it holds binary data, not text")


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
