"""The catalogue of a cloud: each running service with its address of today, told to keystone through its API."""

from collections.abc import Iterable, Mapping

from cloudlib import api
from cloudlib.config import ADDRESS
from cloudlib.errors import CloudsError
from cloudlib.services import KEYSTONE, Service

_INTERFACES = ("public", "internal", "admin")


def url(service: Service, ports: Mapping[str, int]) -> str:
    """The URL under which a service is in the catalogue."""
    return f"http://{ADDRESS}:{ports[service.name]}{service.path}"


def ensure_catalog(services: Iterable[Service], ports: Mapping[str, int], region: str, token: str) -> None:
    """Add what the catalogue lacks, and correct what has moved to another port."""
    keystone = ports[KEYSTONE.name]
    ids = {entry["type"]: entry["id"] for entry in _list(keystone, token, "services")}
    known = {(entry["service_id"], entry["interface"]): entry for entry in _list(keystone, token, "endpoints")}
    for service in services:
        if service is KEYSTONE:
            # It enters itself when it starts.
            continue
        if service.type not in ids:
            entry = {"type": service.type, "name": service.name}
            ids[service.type] = _call(keystone, token, "POST", "/v3/services", {"service": entry})["service"]["id"]
        wanted = url(service, ports)
        for interface in _INTERFACES:
            endpoint = known.get((ids[service.type], interface))
            if endpoint is None:
                entry = {"service_id": ids[service.type], "interface": interface, "region_id": region, "url": wanted}
                _call(keystone, token, "POST", "/v3/endpoints", {"endpoint": entry})
            elif endpoint["url"] != wanted:
                path = f"/v3/endpoints/{endpoint['id']}"
                _call(keystone, token, "PATCH", path, {"endpoint": {"url": wanted}})


def _list(port: int, token: str, kind: str) -> list[dict[str, str]]:
    return _call(port, token, "GET", f"/v3/{kind}")[kind]


def _call(port: int, token: str, method: str, path: str, value: object = None) -> dict:
    answer = api.send_json(port, method, path, token, value)
    if answer.status not in (200, 201):
        raise CloudsError(f"keystone answered {method} {path} with {answer.status}: {answer.body()}")
    return answer.body()
