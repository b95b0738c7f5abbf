"""The services' packages: a virtual environment that is made once and kept.

The stamp beside it is written last. Where it is absent, or tells of other packages, another Python or another
folder, what is there is half made or stale, and is made anew.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from cloudlib.config import ADDRESS
from cloudlib.errors import CloudsError
from cloudlib.layout import SOURCE, Layout, read_json, write_json
from cloudlib.progress import say

_REQUIREMENTS = SOURCE / "requirements.txt"
_CONSTRAINTS = SOURCE / "constraints.txt"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def is_installed(layout: Layout) -> bool:
    """Whether the virtual environment is there, complete, and the one that these files ask for."""
    return read_json(layout.venv_stamp) == _fingerprint(layout) and _runs(layout)


def install(layout: Layout, lock: int) -> None:
    """Make the virtual environment anew."""
    say(f"installing the services into {layout.venv} (once)")
    layout.venv_stamp.unlink(missing_ok=True)
    shutil.rmtree(layout.template, ignore_errors=True)
    shutil.rmtree(layout.venv, ignore_errors=True)
    environment = quiet_environment(layout)
    run([sys.executable, "-m", "venv", str(layout.venv)], environment, lock)
    python = str(layout.python)
    pip = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--constraint", str(_CONSTRAINTS)]
    run([*pip, "uv"], environment, lock)
    # uv is a rust program that does in seconds what takes pip minutes.
    uv = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--compile-bytecode"]
    run([*uv, "--requirements", str(_REQUIREMENTS), "--constraints", str(_CONSTRAINTS)], environment, lock)
    write_json(layout.venv_stamp, _fingerprint(layout))
    say("installed")


def quiet_environment(layout: Layout) -> dict[str, str]:
    """This program's environment, with nothing written outside the folder and no warnings of foreign code."""
    environment = {
        **os.environ,
        "HOME": str(layout.cache),
        "XDG_CACHE_HOME": str(layout.cache),
        "UV_CACHE_DIR": str(layout.cache / "uv"),
        "TMPDIR": str(layout.cache / "tmp"),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
    }
    # The services call each other on the loopback address, which no proxy serves.
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, (environment.get(name), ADDRESS)))
    # A variable that leads these programs to other clouds, or to other modules, is not for them.
    for name in list(environment):
        if name.startswith("OS_") or name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            del environment[name]
    # uv brings its own certificates, and knows those of this machine only when told.
    if os.path.exists(_CERTIFICATES):
        environment.setdefault("SSL_CERT_FILE", _CERTIFICATES)
    (layout.cache / "tmp").mkdir(parents=True, exist_ok=True)
    return environment


def run(command: Sequence[str], environment: Mapping[str, str], lock: int) -> None:
    """Run a program to its end; if it fails, the error holds the end of what it printed.

    It holds the folder's lock too: should this process be killed, the next caller waits until the program has ended,
    before it deletes what the program writes.
    """
    result = subprocess.run(
        command,
        env=dict(environment),
        pass_fds=[lock],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        raise CloudsError(f"`{' '.join(command)}` ended with {result.returncode}:\n{result.stdout[-4000:]}")


def _fingerprint(layout: Layout) -> dict[str, str]:
    packages = hashlib.sha256(_REQUIREMENTS.read_bytes() + _CONSTRAINTS.read_bytes())
    return {"packages": packages.hexdigest(), "python": sys.version, "folder": str(layout.venv)}


def _runs(layout: Layout) -> bool:
    """Whether its Python starts: the one that it was made from may have been removed since."""
    try:
        return subprocess.run([layout.python, "-c", ""], check=False, timeout=60).returncode == 0
    except OSError:
        return False
