"""Pseudonyms: keyed hashes that stand for the ids of persons and of what leads to them.

Belongs here: the key, one derived key per purpose, and the SQL that computes the pseudonyms inside DuckDB. Stays out:
which columns need one (``contract``).

A pseudonym is HMAC-SHA-256 (RFC 2104, RFC 4231) under the purpose's key, its first 128 bits in hex: without the key
nobody can compute it from an e-mail or an order number, and two purposes never share one. The key lies outside the
warehouse: whoever holds both can undo the pseudonyms, so pseudonymous data stay personal data.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.settings import Settings

KEY_VARIABLE = "JOURNEYLINE_PSEUDONYM_KEY"
KEY_BYTES = 32
BLOCK = 64
"""Block size of SHA-256 in bytes: the HMAC key is padded to it."""

HEX_LENGTH = 32
"""128 bits; RFC 2104 asks for at least half of the hash, and a billion ids still collide with a chance of 1e-21."""


class PseudonymKeyError(ValueError):
    """The key cannot be used; the message says where it comes from and what it must look like, never the key."""


@dataclass(frozen=True, repr=False)
class Pseudonyms:
    """Computes pseudonyms; holds the key, so it never shows itself."""

    key: bytes

    @property
    def key_id(self) -> str:
        """Names the key without telling it: other pseudonyms mean another result."""
        return hmac.new(self.key, b"journeyline key id", hashlib.sha256).hexdigest()[:16]

    def purpose_key(self, purpose: str) -> bytes:
        """The key of one purpose; knowing it says nothing of the others."""
        return hmac.new(self.key, f"journeyline pseudonym {purpose}".encode(), hashlib.sha256).digest()

    def of(self, purpose: str, value: str) -> str:
        """The pseudonym of one value: what ``sql`` computes for a column."""
        return hmac.new(self.purpose_key(purpose), value.encode(), hashlib.sha256).hexdigest()[:HEX_LENGTH]

    def sql(self, purpose: str, expression: str) -> str:
        """DuckDB SQL of the pseudonym of a text expression; null stays null."""
        return f"left({hmac_sql(self.purpose_key(purpose), expression)}, {HEX_LENGTH})"


def hmac_sql(key: bytes, expression: str) -> str:
    """DuckDB SQL of HMAC-SHA-256 in hex: sha256(opad || sha256(ipad || text)), for DuckDB has no HMAC of its own."""
    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner = _blob(bytes(byte ^ 0x36 for byte in padded))
    outer = _blob(bytes(byte ^ 0x5C for byte in padded))
    return f"sha256({outer} || unhex(sha256({inner} || encode({expression}))))"


def load_pseudonyms(settings: Settings, environ: Mapping[str, str] | None = None) -> Pseudonyms:
    """The key from the environment, or from the home's secrets folder, where it is made on first use.

    Raises:
        PseudonymKeyError: the key is not hex or shorter than 32 bytes.
    """
    env = os.environ if environ is None else environ
    if value := env.get(KEY_VARIABLE):
        return Pseudonyms(_parse(value, KEY_VARIABLE))
    path = settings.secrets_dir / "pseudonym.key"
    if not path.exists():
        _make(path)
    return Pseudonyms(_parse(path.read_text("ascii"), str(path)))


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _parse(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise PseudonymKeyError(f"{source} is not hexadecimal; make one with: openssl rand -hex 32") from error
    if len(key) < KEY_BYTES:
        raise PseudonymKeyError(f"{source} is shorter than {KEY_BYTES} bytes; make one with: openssl rand -hex 32")
    return key


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02x}" for byte in data) + "'::blob"
