"""What a cloud runs: one row a service. Each is a WSGI application served by its own uWSGI process."""

from dataclasses import dataclass

from cloudlib.errors import CloudsError


@dataclass(frozen=True)
class Service:
    """One service of a cloud."""

    name: str
    """The project's name: `glance`."""
    type: str
    """The type in the catalogue: `image`."""
    module: str
    """The module in `launchers/` whose `application` uWSGI serves."""
    path: str
    """What follows `http://ADDRESS:PORT` in the catalogue's URL."""
    databases: tuple[str, ...]
    """Its SQLite files in a cloud's `db/` folder, without `.db`."""
    needs: tuple[str, ...] = ()
    """The services that must run for this one to be of use."""


KEYSTONE = Service("keystone", "identity", "keystone_service", "/v3", ("keystone",))
GLANCE = Service("glance", "image", "glance_service", "", ("glance",), ("keystone",))
PLACEMENT = Service("placement", "placement", "placement_service", "", ("placement",), ("keystone",))
NEUTRON = Service("neutron", "network", "neutron_service", "", ("neutron",), ("keystone",))
# nova asks neutron for the ports of every server that it shows, even of one without networks.
NOVA = Service(
    "nova",
    "compute",
    "nova_service",
    "/v2.1",
    ("nova_api", "nova_cell0", "nova_cell1"),
    ("keystone", "glance", "placement", "neutron"),
)

ALL = (KEYSTONE, GLANCE, PLACEMENT, NEUTRON, NOVA)


def find(word: str) -> Service:
    """The service of a name or a type: `glance` and `image` are the same one."""
    for service in ALL:
        if word in (service.name, service.type):
            return service
    known = ", ".join(f"{service.name} ({service.type})" for service in ALL)
    raise CloudsError(f"no service `{word}`; there are {known}")


def select(words: str) -> list[Service]:
    """The services named in `keystone,glance`, with what they need, in the order of `ALL`."""
    wanted: set[str] = set()
    pending = [find(word.strip()) for word in words.split(",") if word.strip()]
    while pending:
        service = pending.pop()
        if service.name not in wanted:
            wanted.add(service.name)
            pending.extend(find(name) for name in service.needs)
    return [service for service in ALL if service.name in wanted]
