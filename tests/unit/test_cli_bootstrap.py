"""The installer hands the user's own package index configuration over."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pipelines.cli.bootstrap import BOOTSTRAP_LOCK, LOCK, pip_configuration, uv_environment

LISTING = """
:env:.index-url='https://mirror.example/simple'
:env:.find-links='/srv/wheels'
global.cert='/etc/ca.crt'
global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://other.example/simple'
"""


def test_the_environment_wins_over_files() -> None:
    found = pip_configuration(LISTING)
    assert found["index-url"] == "https://mirror.example/simple"
    assert found["extra-index-url"].split() == ["https://one.example/simple", "https://two.example/simple"]


def test_the_installer_gets_what_pip_is_configured_with() -> None:
    environ = uv_environment(pip_configuration(LISTING), {"PATH": "/bin"})
    assert environ["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert environ["UV_INDEX"] == "https://one.example/simple https://two.example/simple"
    assert environ["UV_FIND_LINKS"] == "/srv/wheels"
    assert environ["SSL_CERT_FILE"] == "/etc/ca.crt"
    assert environ["PATH"] == "/bin"


def test_the_user_s_own_variables_win() -> None:
    environ = uv_environment(pip_configuration(LISTING), {"UV_DEFAULT_INDEX": "https://mine.example/simple"})
    assert environ["UV_DEFAULT_INDEX"] == "https://mine.example/simple"


def roots_in(monkeypatch: pytest.MonkeyPatch, folder: Path | None, file: Path | None = None) -> None:
    paths = ssl.get_default_verify_paths()._replace(cafile=file and str(file), capath=folder and str(folder))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)


def test_without_configuration_or_roots_nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        roots_in(monkeypatch, folder)
        assert set(uv_environment(pip_configuration(""), {})) == {"UV_INDEX_STRATEGY"}


def test_the_system_s_roots_are_trusted_where_there_are_any(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = tmp_path / "company-root.pem"
    root.touch()
    for folder, file in ((tmp_path, None), (None, root)):
        roots_in(monkeypatch, folder, file)
        assert uv_environment({}, {})["UV_SYSTEM_CERTS"] == "true"
        assert uv_environment({}, {"UV_SYSTEM_CERTS": "false"})["UV_SYSTEM_CERTS"] == "false"


def test_every_locked_package_is_pinned_and_hashed() -> None:
    for lock in (LOCK, BOOTSTRAP_LOCK):
        text = lock.read_text().replace("\\\n", " ")
        requirements = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        assert requirements
        assert [line.split()[0] for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
