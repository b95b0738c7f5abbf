"""The JSON document about the clouds: all that a test needs to reach them, except the passwords themselves."""

import re
from collections.abc import Iterable
from typing import Any

from cloudlib import catalog
from cloudlib.cloud import Cloud
from cloudlib.config import ADDRESS, ADMIN
from cloudlib.layout import Layout
from cloudlib.services import KEYSTONE, Service


def report(layout: Layout, clouds: Iterable[Cloud]) -> dict[str, Any]:
    """The document for these clouds."""
    return {"directory": str(layout.directory), "clouds": [_cloud(cloud) for cloud in clouds]}


def _cloud(cloud: Cloud) -> dict[str, Any]:
    facts = cloud.facts()
    return {
        "name": cloud.name,
        "region": cloud.region,
        "auth_url": catalog.url(KEYSTONE, cloud.ports()),
        "user": ADMIN,
        "user_id": facts.get("user_id"),
        "project": ADMIN,
        "project_id": facts.get("project_id"),
        "domain": "Default",
        "domain_id": "default",
        "password_env": re.sub(r"[^A-Z0-9]", "_", cloud.name.upper()) + "_PASSWORD",
        "password_file": str(cloud.password_file),
        "services": {service.name: _service(cloud, service) for service in cloud.services()},
    }


def _service(cloud: Cloud, service: Service) -> dict[str, Any]:
    process = cloud.running(service)
    return {
        "type": service.type,
        "url": catalog.url(service, cloud.ports()),
        "address": f"{ADDRESS}:{cloud.ports()[service.name]}",
        "pid": process.pid if process else None,
        "state": cloud.state(service),
        "log": str(cloud.layout.log(cloud.name, service.name)),
    }
