"""Glance's WSGI application as released, on SQLite. Runs inside uWSGI, in the services' Python."""

import sqlite_writers  # noqa: F401
from glance.wsgi.api import application

__all__ = ["application"]
