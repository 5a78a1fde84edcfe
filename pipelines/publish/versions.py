"""Versions: the folders of published results and the one that is current.

Belongs here: listing, switching, rolling back, keeping the newest, clearing what a killed run left. Stays out: what is
in a version.

``<home>/published/<version>/`` is complete and never changed once it has its name; ``current`` is a symbolic link to
one of them, switched by a rename, so a reader sees the old version or the new one. ``history.jsonl`` records every
switch. Names begin with the UTC time and sort by it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.files import sync
from pipelines.settings import Settings, utc_now

NAME = re.compile(r"^\d{8}T\d{9}Z-[0-9a-z]+$")
ASIDE = re.compile(r"^\..*\.tmp$")
CURRENT = "current"
HISTORY = "history.jsonl"
LOCK = ".lock"
MANIFEST = "manifest.json"


class VersionError(RuntimeError):
    """A version is not there, or somebody else is publishing; the message says what to do."""


@dataclass(frozen=True)
class Version:
    """One published version; ``manifest`` is its ``manifest.json``."""

    name: str
    path: Path
    is_current: bool
    manifest: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        return str(self.manifest["fingerprint"])

    @property
    def rows(self) -> int:
        return sum(table["rows"] for table in self.manifest["tables"].values())


def new_name(run_id: str) -> str:
    """UTC time to the millisecond and the beginning of the run's id."""
    now = utc_now()
    short = re.sub(r"[^0-9a-z]", "", run_id.lower())[:8] or "run"
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{short}"


def versions(settings: Settings) -> list[Version]:
    """Every published version, newest first."""
    folder = settings.published_dir
    if not folder.is_dir():
        return []
    now = current_name(settings)
    names = sorted((path.name for path in folder.iterdir() if NAME.match(path.name)), reverse=True)
    return [
        Version(name, folder / name, name == now, json.loads((folder / name / MANIFEST).read_text("utf-8")))
        for name in names
    ]


def current(settings: Settings) -> Version | None:
    """The version readers see, or none."""
    return next((version for version in versions(settings) if version.is_current), None)


def current_name(settings: Settings) -> str | None:
    link = settings.published_dir / CURRENT
    return link.readlink().name if link.is_symlink() else None


def settled(settings: Settings, fingerprint: str) -> Version | None:
    """The version that already holds this result: the current one, or the one an operator rolled back from.

    A result that was rolled back is not published again by itself: that would undo the operator's decision.
    """
    found = versions(settings)
    left = _rolled_back_from(settings)
    return next((v for v in found if v.fingerprint == fingerprint and (v.is_current or v.name == left)), None)


@contextmanager
def publishing(settings: Settings) -> Iterator[Path]:
    """Hold the published folder for one publisher; what an earlier, killed one left behind is cleared.

    Raises:
        VersionError: another process is publishing.
    """
    folder = settings.published_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise VersionError(f"another process is publishing into {folder}; wait for it and run again") from error
        _clear(settings)
        yield folder


def complete(folder: Path, aside: Path, name: str) -> Path:
    """Give a finished folder its name: flush every file and folder, rename, flush the parent."""
    for path in sorted(aside.rglob("*"), reverse=True):
        sync(path)
    sync(aside)
    target = folder / name
    aside.rename(target)
    sync(folder)
    return target


def switch(folder: Path, name: str) -> None:
    """Make a version the current one by renaming a new link over the old."""
    aside = folder / f".{CURRENT}.tmp"
    aside.unlink(missing_ok=True)
    aside.symlink_to(name, target_is_directory=True)
    os.replace(aside, folder / CURRENT)  # noqa: PTH105 - replaces the link itself
    sync(folder)


def rollback(settings: Settings, name: str) -> Version:
    """Make a kept version the current one again; nothing is deleted, and the switch is recorded.

    Raises:
        VersionError: there is no such version, or another process is publishing.
    """
    with publishing(settings) as folder:
        found = {version.name: version for version in versions(settings)}
        if name not in found:
            known = ", ".join(found) or "none"
            raise VersionError(f"there is no version {name}; published are: {known}")
        before = current_name(settings)
        if before != name:
            write_history(folder, "rollback", name, before)
            switch(folder, name)
    return Version(name, found[name].path, True, found[name].manifest)


def prune(settings: Settings) -> list[str]:
    """Delete all but the newest versions and the current one; returns the names deleted."""
    old = [version for version in versions(settings)[settings.keep_versions :] if not version.is_current]
    for version in old:
        _delete(version.path)
    return [version.name for version in old]


def write_history(folder: Path, action: str, name: str, before: str | None) -> None:
    """Record a switch: a publication after it, a rollback before it, so that a crash between the two is told apart."""
    line = {"at": utc_now().isoformat(), "action": action, "version": name, "before": before}
    with (folder / HISTORY).open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def history(settings: Settings) -> list[dict[str, str | None]]:
    """Every recorded switch, oldest first; a line a crash cut short is left out."""
    path = settings.published_dir / HISTORY
    if not path.is_file():
        return []
    lines = path.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def _rolled_back_from(settings: Settings) -> str | None:
    """The version the last switch left, where that switch was a rollback and has been made."""
    recorded = history(settings)
    if not recorded or recorded[-1]["action"] != "rollback":
        return None
    return recorded[-1]["before"] if recorded[-1]["version"] == current_name(settings) else None


def _clear(settings: Settings) -> None:
    """Folders left aside, and complete ones that never became current: their publisher was killed between."""
    folder = settings.published_dir
    known = {current_name(settings), *(line["version"] for line in history(settings))}
    known |= {line["before"] for line in history(settings)}
    for path in folder.iterdir():
        if ASIDE.match(path.name) or (NAME.match(path.name) and path.name not in known):
            _delete(path)


def discard(aside: Path) -> None:
    """Remove a folder left aside; one that is gone or has its name already is no matter."""
    shutil.rmtree(aside, ignore_errors=True)


def _delete(path: Path) -> None:
    """Rename first: a folder half deleted must not look like a version."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    aside = path if ASIDE.match(path.name) else path.rename(path.with_name(f".{path.name}.tmp"))
    shutil.rmtree(aside)
