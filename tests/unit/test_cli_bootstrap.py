"""The installer hands the user's own package index configuration over."""

from __future__ import annotations

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


def test_without_configuration_nothing_is_set() -> None:
    assert set(uv_environment(pip_configuration(""), {})) == {"UV_INDEX_STRATEGY"}


def test_every_locked_package_is_pinned_and_hashed() -> None:
    for lock in (LOCK, BOOTSTRAP_LOCK):
        text = lock.read_text().replace("\\\n", " ")
        requirements = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        assert requirements
        assert [line.split()[0] for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
