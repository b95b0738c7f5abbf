"""Which file is where. Everything that is installed, written or logged is below one folder.

    DIRECTORY/
      lock                  held while a command changes anything here
      venv/  venv.json      the services' packages; the stamp says that they are complete
      template/             empty databases with all their tables, copied into each fresh cloud
      cache/                what uv and the services would otherwise put into the home folder
      log/NAME/SERVICE.log  what a service prints
      clouds/NAME/          one cloud: cloud.json, password, etc/, db/, run/, data/

Deleting the folder, once `down` has run, leaves nothing behind.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlib.progress import say

SOURCE = Path(__file__).resolve().parent.parent
"""`tests/clouds/` of the checkout."""

LAUNCHERS = SOURCE / "launchers"
"""Small programs that run inside the services' own Python."""


@dataclass(frozen=True)
class Layout:
    """The paths below one `--dir` folder."""

    directory: Path

    @property
    def venv(self) -> Path:
        return self.directory / "venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def venv_stamp(self) -> Path:
        return self.directory / "venv.json"

    @property
    def template(self) -> Path:
        return self.directory / "template"

    @property
    def cache(self) -> Path:
        return self.directory / "cache"

    @property
    def clouds(self) -> Path:
        return self.directory / "clouds"

    def log(self, cloud_name: str, service_name: str) -> Path:
        """The log file of one service."""
        return self.directory / "log" / cloud_name / f"{service_name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the folder's lock; a second caller waits. The system lets go of it when its last holder dies.

        What comes out is the lock's file descriptor: a program that inherits it is one more holder.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "lock", "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting: another command is at work in {self.directory}")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()


def read_json(path: Path) -> Any:
    """The value in a JSON file, or None where the file is absent or was cut short."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, at once: a reader sees the old text or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file as `write_private` does."""
    write_private(path, json.dumps(value, indent=2) + "\n")
