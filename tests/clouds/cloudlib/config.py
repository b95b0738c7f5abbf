"""What the services read: each configuration file as a table of sections, and its text.

    {"DEFAULT": {"debug": False}}   ->   [DEFAULT]
                                         debug = False

The values are paths, numbers and words; secrets among them are why the files are private.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ADDRESS = "127.0.0.1"
"""Where every service listens: nothing outside this machine reaches them."""

ADMIN = "admin"
"""The name of the one user, and of the one project, that a fresh cloud has."""

Sections = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Settings:
    """What differs from cloud to cloud."""

    name: str
    region: str
    folder: Path
    venv: Path
    password: str
    keystone_port: int

    @property
    def keystone_url(self) -> str:
        return f"http://{ADDRESS}:{self.keystone_port}/v3"


def render(sections: Sections) -> str:
    """The text of a configuration file."""
    lines: list[str] = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        # `$` begins a reference in these files.
        lines.extend(f"{name} = {str(value).replace('$', '$$')}" for name, value in options.items())
        lines.append("")
    return "\n".join(lines)


def files(settings: Settings) -> dict[str, Sections]:
    """Every configuration file of a cloud, by file name."""
    return {
        "keystone.conf": _keystone(settings),
        "glance-api.conf": _glance(settings),
        "placement.conf": _placement(settings),
        "neutron.conf": _neutron(settings),
        "nova.conf": _nova(settings),
    }


def environment(settings: Settings) -> dict[str, str]:
    """The variables by which each service finds its configuration file."""
    folder = str(settings.folder / "etc")
    return {
        "OS_KEYSTONE_CONFIG_DIR": folder,
        "OS_GLANCE_CONFIG_DIR": folder,
        "OS_PLACEMENT_CONFIG_DIR": folder,
        "OS_NEUTRON_CONFIG_DIR": folder,
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf",
        "OS_NOVA_CONFIG_DIR": folder,
        "OS_NOVA_CONFIG_FILES": f"{settings.venv}/etc/nova/api-paste.ini;nova.conf",
    }


def database_url(folder: Path, database: str) -> str:
    """The SQLAlchemy URL of one database. Without the long timeout, busy moments become `database is locked`."""
    return f"sqlite:///{folder}/db/{database}.db?timeout=60"


def _keystone(settings: Settings) -> Sections:
    return {
        "DEFAULT": {"max_token_size": 300},
        "database": _database(settings, "keystone"),
        "token": {"provider": "fernet"},
        # The weakest hash that bcrypt has: a log-in then takes milliseconds, and the passwords guard nothing.
        "identity": {"password_hash_rounds": 4},
        "fernet_tokens": {"key_repository": settings.folder / "etc" / "fernet-keys"},
        "fernet_receipts": {"key_repository": settings.folder / "etc" / "fernet-keys"},
        "credential": {"key_repository": settings.folder / "etc" / "credential-keys"},
    }


def _glance(settings: Settings) -> Sections:
    data = settings.folder / "data" / "glance"
    return {
        "DEFAULT": {"bind_host": ADDRESS, "enabled_backends": "files:file", "image_cache_dir": data / "cache"},
        "database": _database(settings, "glance"),
        "glance_store": {"default_backend": "files"},
        "files": {"filesystem_store_datadir": data / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": data / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": data / "tasks"},
        "keystone_authtoken": _token_checks(settings),
        "paste_deploy": {
            "flavor": "keystone",
            "config_file": settings.venv / "etc" / "glance" / "glance-api-paste.ini",
        },
        "oslo_concurrency": _locks(settings),
    }


def _placement(settings: Settings) -> Sections:
    return {
        "api": {"auth_strategy": "keystone"},
        "placement_database": _database(settings, "placement"),
        "keystone_authtoken": _token_checks(settings),
    }


def _neutron(settings: Settings) -> Sections:
    return {
        "DEFAULT": {
            "bind_host": ADDRESS,
            "core_plugin": "ml2",
            "service_plugins": "router",
            "transport_url": "fake:///",
            "auth_strategy": "keystone",
            "state_path": settings.folder / "data" / "neutron",
            "api_paste_config": settings.venv / "etc" / "neutron" / "api-paste.ini",
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            "rpc_workers": 0,
            "rpc_state_report_workers": 0,
        },
        "database": _database(settings, "neutron"),
        "keystone_authtoken": _token_checks(settings),
        "ml2": {
            "type_drivers": "local,flat,vlan",
            "tenant_network_types": "local",
            "mechanism_drivers": "",
            "extension_drivers": "",
        },
        "securitygroup": {"enable_security_group": True},
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_concurrency": _locks(settings),
    }


def _nova(settings: Settings) -> Sections:
    return {
        "DEFAULT": {
            "host": f"{settings.name.lower()}-compute",
            "my_ip": ADDRESS,
            "state_path": settings.folder / "data" / "nova",
            # The plain FakeDriver takes a new node identity at each start, and nova then refuses to start again.
            "compute_driver": "fake.FakeDriverWithoutFakeNodes",
            # Conductor, scheduler and compute share one process and talk within it (see launchers/nova_service.py).
            "transport_url": "fake:///",
        },
        "database": _database(settings, "nova_cell1"),
        "api_database": _database(settings, "nova_api"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": _token_checks(settings),
        "placement": _account(settings),
        "neutron": _account(settings),
        "glance": {"region_name": settings.region, "num_retries": 1},
        "key_manager": {"backend": ""},
        "filter_scheduler": {"track_instance_changes": False},
        "compute": {"resource_provider_association_refresh": 0},
        "vnc": {"enabled": False},
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_concurrency": _locks(settings),
    }


def _database(settings: Settings, database: str) -> dict[str, object]:
    return {"connection": database_url(settings.folder, database), "sqlite_synchronous": False}


def _locks(settings: Settings) -> dict[str, object]:
    return {"lock_path": settings.folder / "data" / "locks"}


def _account(settings: Settings) -> dict[str, object]:
    """How one service logs in to talk to another."""
    return {
        "auth_type": "password",
        "auth_url": settings.keystone_url,
        "username": ADMIN,
        "password": settings.password,
        "project_name": ADMIN,
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": settings.region,
    }


def _token_checks(settings: Settings) -> dict[str, object]:
    """How a service checks its callers' tokens. Nova sends neutron a token of the admin as its service token."""
    return {
        "www_authenticate_uri": settings.keystone_url.removesuffix("/v3"),
        "service_token_roles": "admin,service",
        **_account(settings),
    }
