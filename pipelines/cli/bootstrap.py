"""Fill a fresh virtual environment from the hash-locked requirements; run by ``make`` with that environment's Python.

Belongs here: installing. Stays out: everything that needs an installed package, since none is there yet (standard
library only, no import of ``pipelines``). Run it isolated (``python -I``): this folder has modules with common names.
"""

import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP_LOCK = ROOT / "requirements-bootstrap.lock"
LOCK = ROOT / "requirements.lock"

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq"]
UV = [str(Path(sys.executable).parent / "uv"), "pip"]

# uv does not read pip's configuration, so a mirror or a certificate set there is handed over. Every package is
# locked by hash, which is why taking the best match over several indexes is safe.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def pip_configuration(listing: str) -> dict[str, str]:
    """The settings of ``pip config list`` by name; the environment wins over files, as in pip."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        match = re.match(r"^(?P<scope>[^.=]+)\.\.?(?P<name>[a-z-]+)='(?P<value>.*)'$", line.strip())
        if match is None or match["scope"] not in ("global", "install", ":env:"):
            continue
        if match["scope"] == ":env:" or match["name"] not in found:
            found[match["name"]] = match["value"].replace("\\n", " ").strip()
    return found


def uv_environment(pip_settings: dict[str, str], environ: dict[str, str]) -> dict[str, str]:
    """The environment for uv: the user's own variables first, then what pip is configured with."""
    handed_over = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    # uv brings the public roots and trusts no other, where pip also asks the system: behind a company's own root only
    # the system's store knows the issuer.
    if has_system_certificates():
        handed_over["UV_SYSTEM_CERTS"] = "true"
    for name, variable in PIP_TO_UV.items():
        if pip_settings.get(name):
            separator = "," if variable == "UV_FIND_LINKS" else " "
            handed_over[variable] = separator.join(pip_settings[name].split())
    return {**handed_over, **environ}


def has_system_certificates() -> bool:
    """Whether the system keeps a store of trusted roots; a minimal container may have none."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and any(Path(paths.capath).iterdir()))


def run(command: list[str], environ: dict[str, str] | None = None) -> int:
    """Run a command in the project's folder and return its exit code."""
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def main() -> int:
    """Install the locked packages, then the project itself in place; returns the first failing exit code."""
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    environ = uv_environment(pip_configuration(listing), dict(os.environ))
    pip_install = [*PIP, "install", "--no-deps", "--require-hashes", "-r"]
    code = run([*pip_install, str(BOOTSTRAP_LOCK)])
    if code == 0:
        code = run([*UV, "install", "-q", "--python", sys.executable, "--require-hashes", "-r", str(LOCK)], environ)
    if code != 0:
        print("the fast installer could not be used here; installing with pip, which takes a minute or two", flush=True)
        code = run([*pip_install, str(LOCK)])
    if code == 0:
        # The build back end is locked too, so this needs no network.
        code = run([*PIP, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    return code


if __name__ == "__main__":
    sys.exit(main())
