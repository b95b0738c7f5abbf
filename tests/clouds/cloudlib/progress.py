"""Progress lines: standard error only, so that standard output holds nothing but the JSON document."""

import sys
import time

_STARTED = time.monotonic()


def say(message: str) -> None:
    """Print one line with the seconds since the command began: `[  3.2s] CloudOne: keystone answers`."""
    print(f"[{seconds():6.1f}s] {message}", file=sys.stderr, flush=True)


def seconds() -> float:
    """The seconds since this command began."""
    return time.monotonic() - _STARTED
