"""From a cloud's folder to a cloud that is ready, stage by stage.

All processes are started at once, since each takes seconds to import its code. Then, in this order: keystone
answers, the catalogue is right, the others answer a caller with a token, and nova, told to go on, has a hypervisor
that placement knows the resources of.
"""

import time
from collections.abc import Callable, Sequence

from cloudlib import api, ports
from cloudlib.catalog import ensure_catalog
from cloudlib.cloud import Cloud
from cloudlib.config import ADMIN
from cloudlib.errors import CloudsError
from cloudlib.progress import say
from cloudlib.services import GLANCE, KEYSTONE, NEUTRON, NOVA, PLACEMENT, Service

_PATIENCE = 300.0
"""How long a stage may take, in seconds; a busy machine needs many times what an idle one does."""

_WITNESS = {
    GLANCE: "/v2/images?limit=1",
    PLACEMENT: "/resource_providers",
    NEUTRON: "/v2.0/networks?limit=1",
}
"""What a service answers with 200 once it and its check of tokens work."""


class _PortTaken(CloudsError):
    """A service could not listen: between our look at its port and its start, someone else took it."""


def start_cloud(cloud: Cloud, taken: set[int]) -> None:
    """Start what is not running of a cloud, thaw what is frozen, and return when it is ready."""
    for attempt in range(3):
        is_down = not any(cloud.running(service) for service in cloud.services())
        if is_down and (attempt > 0 or not all(ports.is_free(port) for port in cloud.ports().values())):
            cloud.move(taken)
        try:
            start_services(cloud, cloud.services())
            return
        except _PortTaken as error:
            say(f"{cloud.name}: {error}; trying other ports")
            cloud.stop()
        except BaseException:
            cloud.stop()
            raise
    raise CloudsError(f"cloud `{cloud.name}` found its ports taken three times in a row")


def start_services(cloud: Cloud, services: Sequence[Service]) -> None:
    """Start these services where they are not running, on the cloud's ports of today, and wait for each."""
    absent = [service for service in services if not cloud.running(service)]
    cloud.thaw(service for service in services if service not in absent)
    cloud.configure()
    if KEYSTONE in absent:
        cloud.go_file.unlink(missing_ok=True)
    for service in absent:
        cloud.spawn(service)
    if KEYSTONE in services:
        _wait(cloud, KEYSTONE, lambda: _answers(cloud, KEYSTONE, "/v3", None))
    token = cloud.token()
    if KEYSTONE in services:
        _remember_ids(cloud, token)
        ensure_catalog(cloud.services(), cloud.ports(), cloud.region, token)
        say(f"{cloud.name}: keystone is ready")
    for service, path in _WITNESS.items():
        if service in services:
            _wait(cloud, service, lambda service=service, path=path: _answers(cloud, service, path, token))
            say(f"{cloud.name}: {service.name} is ready")
    if NOVA in services:
        cloud.go_file.touch()
        _wait(cloud, NOVA, lambda: _has_hypervisor(cloud, token) and _has_resources(cloud, token))
        say(f"{cloud.name}: nova is ready")


def _remember_ids(cloud: Cloud, token: str) -> None:
    """Keep the identities that this cloud, and no other, gave its first user and project."""
    if "project_id" in cloud.facts():
        return
    port = cloud.ports()[KEYSTONE.name]
    users = api.send_json(port, "GET", f"/v3/users?name={ADMIN}", token).body()["users"]
    projects = api.send_json(port, "GET", f"/v3/projects?name={ADMIN}", token).body()["projects"]
    cloud.remember(user_id=users[0]["id"], project_id=projects[0]["id"])


def _wait(cloud: Cloud, service: Service, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_ready():
        if not cloud.running(service):
            raise _why_it_ended(cloud, service)
        if time.monotonic() > deadline:
            log = cloud.layout.log(cloud.name, service.name)
            raise CloudsError(f"`{service.name}` of `{cloud.name}` is not ready after {_PATIENCE:.0f} s; see {log}")
        time.sleep(0.1)


def _answers(cloud: Cloud, service: Service, path: str, token: str | None) -> bool:
    """Whether it answers 200. The port takes connections before the code is loaded, so the call itself waits."""
    try:
        answer = api.send_json(cloud.ports()[service.name], "GET", path, token, timeout=30.0)
    except api.NoAnswer:
        return False
    return answer.status == 200


def _has_hypervisor(cloud: Cloud, token: str) -> bool:
    try:
        answer = api.send_json(cloud.ports()[NOVA.name], "GET", "/v2.1/os-hypervisors", token, timeout=30.0)
    except api.NoAnswer:
        return False
    return answer.status == 200 and any(entry["state"] == "up" for entry in answer.body()["hypervisors"])


def _has_resources(cloud: Cloud, token: str) -> bool:
    port = cloud.ports()[PLACEMENT.name]
    providers = api.send_json(port, "GET", "/resource_providers", token).body()["resource_providers"]
    return any(
        api.send_json(port, "GET", f"/resource_providers/{provider['uuid']}/inventories", token).body()["inventories"]
        for provider in providers
    )


def _why_it_ended(cloud: Cloud, service: Service) -> CloudsError:
    log = cloud.layout.log(cloud.name, service.name)
    end = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    if "Address already in use" in end:
        return _PortTaken(f"the port of `{service.name}` is taken")
    return CloudsError(f"`{service.name}` of `{cloud.name}` ended while starting; its log {log} ends with:\n{end}")
