"""Neutron's WSGI application as released, on SQLite. Runs inside uWSGI, in the services' Python.

Neutron reads its policy at the first request that needs it, and meanwhile refuses others that come at the same time
(403, `disallowed by policy`). So the policy is read here, before the first request.
"""

import sqlite_writers  # noqa: F401
from neutron import policy
from neutron.wsgi.api import application

policy.init()

__all__ = ["application"]
