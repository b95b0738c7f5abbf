"""Free ports on the loopback address."""

import random
import socket
from pathlib import Path

from cloudlib.config import ADDRESS
from cloudlib.errors import CloudsError

_LOWEST = 20000


def choose(count: int, taken: set[int]) -> list[int]:
    """So many ports that nothing listens on and that are not in `taken`, which they are added to.

    They lie below the range from which the system takes ports for outgoing connections, so that no client of a
    service holds the port that another service is about to listen on.
    """
    candidates = list(range(_LOWEST, max(_first_ephemeral_port(), _LOWEST + 2000)))
    random.shuffle(candidates)
    chosen: list[int] = []
    for port in candidates:
        if port not in taken and is_free(port):
            chosen.append(port)
            taken.add(port)
            if len(chosen) == count:
                return chosen
    raise CloudsError(f"fewer than {count} free ports from {_LOWEST} up on {ADDRESS}")


def is_free(port: int) -> bool:
    """Whether a service could listen on the port now."""
    with socket.socket() as probe:
        # As uWSGI does: connections of an earlier service that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True


def _first_ephemeral_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 32768
