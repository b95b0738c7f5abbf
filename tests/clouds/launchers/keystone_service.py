"""Keystone's WSGI application, which on its start first makes sure of what `keystone-manage bootstrap` makes.

That is: the domain `default`, the user and the project `admin`, the roles, the region, and keystone's own endpoints
at the port of today. Done here, it costs no second start of Python. What comes in: CLOUD_PASSWORD_FILE, CLOUD_REGION
and CLOUD_KEYSTONE_URL, and keystone's configuration as always. Runs inside uWSGI, in the services' Python.
"""

import os
from pathlib import Path

import sqlite_writers  # noqa: F401
from keystone.cmd import bootstrap
from keystone.server import wsgi


def _ensure_bootstrapped() -> None:
    # The application has loaded the back ends already, and they must not be loaded twice.
    bootstrap.backends.load_backends = lambda: None
    url = os.environ["CLOUD_KEYSTONE_URL"]
    first = bootstrap.Bootstrapper()
    first.admin_username = first.project_name = first.admin_role_name = "admin"
    first.admin_password = Path(os.environ["CLOUD_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    first.region_id = os.environ["CLOUD_REGION"]
    first.service_name = "keystone"
    first.public_url = first.internal_url = first.admin_url = url
    first.immutable_roles = True
    first.bootstrap()


application = wsgi.initialize_public_application()
_ensure_bootstrapped()
