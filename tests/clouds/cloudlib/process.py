"""One service as an operating system process: started in a group of its own, recorded, found again, signalled.

A record is the process id, the time at which the kernel started it and the boot it belongs to. A process id that
has since been given to someone else differs in the last two, and is never signalled.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cloudlib.layout import read_json, write_json

_PATIENCE = 5.0
"""How long a service may take to end by itself, in seconds."""


@dataclass(frozen=True)
class Process:
    """A process that this program started, now or in an earlier command."""

    pid: int
    started: int
    """In clock ticks since the machine booted, as the kernel tells it."""
    boot: str

    def is_alive(self) -> bool:
        """Whether it is still this process, and not a dead one that nobody has waited for."""
        return self.state() not in (None, "Z", "X")

    def state(self) -> str | None:
        """The kernel's letter for its state (`S` sleeping, `T` stopped, …), or None where it is gone."""
        seen = _stat(self.pid)
        if seen is None or seen[1] != self.started or self.boot != _boot():
            return None
        return seen[0]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, if it is still ours."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def spawn(command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Process:
    """Start a process as the leader of its own session, printing to the end of the log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    seen = _stat(child.pid)
    # The child is ours and has not been waited for, so that the kernel still knows it, dead or alive.
    return Process(child.pid, seen[1] if seen else 0, _boot())


def save(path: Path, process: Process) -> None:
    """Record a process."""
    write_json(path, asdict(process))


def load(path: Path) -> Process | None:
    """The recorded process, whether it lives or not; None where none is recorded."""
    record = read_json(path)
    return Process(**record) if record else None


def end(processes: Iterable[Process]) -> None:
    """End them all, and return when they are gone: first asked, then, past their patience, killed."""
    living = [process for process in processes if process.is_alive()]
    for process in living:
        process.signal(signal.SIGTERM)
        # A frozen process can take the request only once it runs again.
        process.signal(signal.SIGCONT)
    if not _gone(living, _PATIENCE):
        for process in living:
            process.signal(signal.SIGKILL)
        _gone(living, _PATIENCE)


def kill(processes: Iterable[Process]) -> None:
    """Kill them all, without a word of warning, as a machine that loses its power does."""
    living = [process for process in processes if process.is_alive()]
    for process in living:
        process.signal(signal.SIGKILL)
    _gone(living, _PATIENCE)


def _gone(processes: Sequence[Process], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while any(process.is_alive() for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _stat(pid: int) -> tuple[str, int] | None:
    """The state and the start time from the kernel's line, whose second field, a name, may itself hold anything."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = line.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
