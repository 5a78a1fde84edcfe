"""Files as bytes: fingerprints, unpacking, and renames that never show half a file."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from pipelines.ingest import files
from pipelines.ingest.files import FileError, UnfinishedError, check_text, check_unchanged, fingerprint, plain

CONTENT = b"id,name\n1,a\n" * 1000


def test_the_batch_id_is_the_hash_of_the_bytes_as_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 7)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(CONTENT))
    print_ = fingerprint(path)
    assert print_.batch_id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert print_.size == path.stat().st_size


def test_a_file_that_changes_later_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CONTENT)
    print_ = fingerprint(path)
    check_unchanged(path, print_)
    path.write_bytes(CONTENT + b"2,b\n")
    with pytest.raises(UnfinishedError, match="it changed while it was read"):
        check_unchanged(path, print_)


def test_a_plain_file_is_itself_and_an_unpacked_copy_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CONTENT)
    with plain(path, tmp_path) as readable:
        assert readable == path
    packed = tmp_path / "a.CSV.GZ"
    packed.write_bytes(gzip.compress(CONTENT))
    with plain(packed, tmp_path) as readable:
        copy = readable
        assert copy.read_bytes() == CONTENT
    assert not copy.exists()


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_a_cut_archive_leaves_no_copy(tmp_path: Path, cut: int) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(CONTENT)[:-cut])
    with pytest.raises(FileError, match=r"its .gz archive is damaged or truncated"), plain(packed, tmp_path):
        pytest.fail("a cut archive was read")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv.gz"]


def test_a_flipped_bit_in_an_archive_is_noticed(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(CONTENT))
    content[-6] ^= 1  # within the checksum
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(bytes(content))
    with pytest.raises(FileError, match="damaged"), plain(packed, tmp_path):
        pytest.fail("a damaged archive was read")


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (CONTENT, "utf-8", None),
        (CONTENT.decode().encode("utf-16"), "utf-16", None),
        (CONTENT.decode().encode("utf-16"), "utf-8", "it is UTF-16, but its contract says utf-8"),
        (b"PK\x03\x04\x00\x00", "utf-8", "it holds binary data"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "latin-1", "it holds binary data"),
    ],
)
def test_what_is_no_text_is_told_apart(tmp_path: Path, content: bytes, encoding: str, message: str | None) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    if message is None:
        check_text(path, encoding)
    else:
        with pytest.raises(FileError, match=message):
            check_text(path, encoding)
