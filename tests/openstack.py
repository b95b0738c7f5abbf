"""A stand-in for OpenStack's services that no cloud of the tests has, on loopback: prints its address, and serves.

Each answers as its documentation says: Designate and Octavia take their time (`PENDING` once, then there), a balancer refuses
changes while one is under way, Swift tells what it has in headers, Magnum calls an identifier `uuid`, Manila lets in by an
action, Placement takes a change only with the number of the last one. What is asked of `/log` is the list of all requests so far.
"""

import json
import re
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs, urlsplit

THINGS, LOG, LOCK = {}, [], Lock()
BUSY = {"until": 0}
ALLOCATIONS = {}
TRAITS, CLASSES, PROVIDERS, OUTDATED = {"HW_CPU_X86_AVX2"}, {"VCPU", "MEMORY_MB", "DISK_GB"}, {}, set()

# Path of a collection -> the word around one, around many, and the field that says how far it is.
KINDS = [
    (r"/dns/v2/zones", None, "zones", ("status", "PENDING", "ACTIVE")),
    (r"/dns/v2/zones/[^/]+/recordsets", None, "recordsets", ("status", "PENDING", "ACTIVE")),
    (r"/lb/v2/lbaas/loadbalancers", "loadbalancer", "loadbalancers", ("provisioning_status", "PENDING_CREATE", "ACTIVE")),
    (r"/lb/v2/lbaas/listeners", "listener", "listeners", ("provisioning_status", "PENDING_CREATE", "ACTIVE")),
    (r"/lb/v2/lbaas/pools", "pool", "pools", ("provisioning_status", "PENDING_CREATE", "ACTIVE")),
    (r"/lb/v2/lbaas/pools/[^/]+/members", "member", "members", ("provisioning_status", "PENDING_CREATE", "ACTIVE")),
    (r"/lb/v2/lbaas/healthmonitors", "healthmonitor", "healthmonitors", ("provisioning_status", "PENDING_CREATE", "ACTIVE")),
    (r"/magnum/v1/clustertemplates", None, "clustertemplates", None),
    (r"/magnum/v1/clusters", None, "clusters", ("status", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")),
    (r"/share/v2/types", "share_type", "share_types", None),
    (r"/share/v2/share-networks", "share_network", "share_networks", None),
    (r"/share/v2/shares", "share", "shares", ("status", "creating", "available")),
    (r"/share/v2/snapshots", "snapshot", "snapshots", ("status", "creating", "available")),
    (r"/network/v2.0/networks", "network", "networks", None),
    (r"/network/v2.0/subnets", "subnet", "subnets", None),
    (r"/image/v2/images", None, "images", ("status", "queued", "queued")),
]


def kind_of(path):
    return next((kind for kind in KINDS if re.fullmatch(kind[0], path)), None)


def told(path, thing):
    """A thing as it is told: it is further along than when it was last asked for."""
    answer = dict(thing)
    kind = kind_of(path.rsplit("/", 1)[0])
    if kind and kind[3]:
        thing[kind[3][0]] = kind[3][2]
    return answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None, headers=()):
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if status != 204 and "content-length" not in names:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_any(self):
        url = urlsplit(self.path)
        path, query = url.path.rstrip("/"), {key: values[0] for key, values in parse_qs(url.query).items()}
        sent = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline().strip(), 16):
                sent += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with LOCK:
            if path != "/log":
                LOG.append(f"{self.command} {self.path}")
            self.serve(path, query, sent)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def serve(self, path, query, sent):
        at = f"http://{self.headers['Host']}"
        if path == "/log":
            return self.answer(200, LOG)
        if path.endswith("/auth/tokens"):
            services = [("dns", "dns"), ("load-balancer", "lb"), ("object-store", "swift/v1/AUTH_p"), ("network", "network"),
                        ("container-infrastructure-management", "magnum/v1"), ("shared-file-system", "share/v2"), ("image", "image"), ("placement", "placement")]
            catalog = [{"type": kind, "endpoints": [{"interface": "public", "region_id": "r", "url": f"{at}/{place}"}]}
                       for kind, place in services]
            token = {"expires_at": "2099-01-01T00:00:00.000000Z", "catalog": catalog, "user": {"id": "u"}, "project": {"id": "p"}}
            return self.answer(201, {"token": token}, [("X-Subject-Token", "t")])
        if path in ("/image", "/network", "/lb", "/magnum", "/magnum/v1", "/share/v2/limits", "/dns/v2/limits"):
            version = {"id": "v2", "max_version": "1.11", "status": "CURRENT"}
            return self.answer(200, {"version": version, "versions": [version]})
        if path.startswith("/swift"):
            return self.swift(path, query, sent)
        if path.startswith("/placement"):
            return self.placement(path.removeprefix("/placement"), query, json.loads(sent) if sent else None)
        if path.startswith("/share/v2/share-access-rules") or path.endswith("/action"):
            return self.access(path, query, sent)
        if path.startswith("/lb") and self.command in ("POST", "PUT", "DELETE"):
            # Every second change meets one that is under way.
            BUSY["until"] += 1
            if BUSY["until"] % 2 == 0:
                return self.answer(409, {"faultcode": "Client", "faultstring": "Load Balancer is immutable and cannot be updated."})
        self.collection(path, query, json.loads(sent) if sent else None)

    def collection(self, path, query, sent):
        path = path.removesuffix("/detail")
        if path == "/dns/v2/recordsets":
            inside = [thing for place, thing in THINGS.items() if "/recordsets/" in place]
            return self.answer(200, {"recordsets": [t for t in inside if t["name"] == query.get("name", t["name"])]})
        kind = kind_of(path)
        if kind and self.command == "GET":
            inside = [thing for place, thing in THINGS.items() if place.rsplit("/", 1)[0] == path]
            asked = {key: value for key, value in query.items() if key in ("name", "type", "address", "protocol_port")}
            found = [thing for thing in inside if all(str(thing.get(key)) == value for key, value in asked.items())]
            return self.answer(200, {kind[2]: found})
        if kind and self.command == "POST":
            thing = sent[kind[1]] if kind[1] else sent
            if kind[2] == "zones" and any(t.get("name") == thing["name"] for p, t in THINGS.items() if p.startswith(path)):
                return self.answer(409, {"code": 409, "type": "duplicate_zone", "message": "Duplicate Zone"})
            identity = str(uuid.uuid4())
            thing["uuid" if path.startswith("/magnum") else "id"] = identity
            if kind[3]:
                thing[kind[3][0]] = kind[3][1]
            if kind[2] == "recordsets":
                thing["zone_id"] = path.split("/")[4]
            if "loadbalancer_id" in thing:
                thing["loadbalancers"] = [{"id": thing.pop("loadbalancer_id")}]
            if "pool_id" in thing:
                thing["pools"] = [{"id": thing.pop("pool_id")}]
            if kind[2] == "share_types":
                required = {"driver_handles_share_servers": thing["extra_specs"]["driver_handles_share_servers"]}
                thing["required_extra_specs"] = required
            THINGS[f"{path}/{identity}"] = thing
            status = 200 if path.startswith("/share") else 202 if "/dns" in path or path.endswith("/clusters") else 201
            answer = dict(thing)
            return self.answer(status, {kind[1]: answer} if kind[1] else answer)
        kind = kind_of(path.rsplit("/", 1)[0])
        thing = THINGS.get(path)
        metadata = path.removesuffix("/metadata")
        if metadata != path and metadata in THINGS:
            THINGS[metadata].setdefault("metadata", {}).update(sent["metadata"])
            return self.answer(200, {"metadata": THINGS[metadata]["metadata"]})
        if thing is None:
            return self.answer(404, {"message": "it is not there"})
        if self.command == "GET":
            answer = told(path, thing)
            return self.answer(200, {kind[1]: answer} if kind[1] else answer)
        if self.command == "DELETE":
            if any(other.get("share_id") == thing.get("id") for place, other in THINGS.items() if "/snapshots/" in place):
                return self.answer(403, {"forbidden": {"code": 403, "message": "Share has dependent snapshots"}})
            del THINGS[path]
            return self.answer(204)
        if isinstance(sent, list):
            thing.update({change["path"].removeprefix("/"): change["value"] for change in sent})
        else:
            own = sent[kind[1]] if kind[1] else sent
            thing.update({key.removeprefix("display_"): value for key, value in own.items()})
        self.answer(202 if "/dns" in path or path.startswith("/magnum/v1/clusters") else 200, {kind[1]: thing} if kind[1] else thing)

    def access(self, path, query, sent):
        if path.startswith("/share/v2/share-access-rules"):
            place = path.removeprefix("/share/v2")
            if place == "/share-access-rules":
                rules = [rule for at, rule in THINGS.items() if at.startswith(place) and rule["share_id"] == query.get("share_id")]
                return self.answer(200, {"access_list": rules})
            rule = THINGS.get(place)
            return self.answer(200, {"access": rule}) if rule else self.answer(404, {"itemNotFound": {"message": "none"}})
        share = path.split("/")[4]
        asked = json.loads(sent)
        if "allow_access" in asked:
            rule = {"id": str(uuid.uuid4()), "share_id": share, "state": "active", **asked["allow_access"]}
            THINGS[f"/share-access-rules/{rule['id']}"] = rule
            return self.answer(200, {"access": rule})
        if "deny_access" in asked:
            gone = THINGS.pop(f"/share-access-rules/{asked['deny_access']['access_id']}", None)
            return self.answer(202 if gone else 404, None if gone else {"itemNotFound": {"message": "none"}})
        THINGS[path.removesuffix("/action")]["size"] = asked["extend"]["new_size"]
        self.answer(202)

    def placement(self, path, query, sent):
        def wrong(status, detail):
            self.answer(status, {"errors": [{"status": status, "title": "no", "detail": detail}]})

        parts = path.strip("/").split("/")
        if parts == [""]:
            return self.answer(200, {"versions": [{"id": "v1.0", "max_version": "1.39", "status": "CURRENT"}]})
        if parts[0] in ("traits", "resource_classes"):
            names = TRAITS if parts[0] == "traits" else CLASSES
            if len(parts) == 1:
                asked = query.get("name", "startswith:").split(":", 1)
                told = sorted(name for name in names if (name.startswith(asked[1]) if asked[0] == "startswith" else name == asked[1]))
                return self.answer(200, {parts[0]: told if names is TRAITS else [{"name": name} for name in told]})
            name = parts[1]
            if self.command == "PUT":
                is_new = name not in names
                names.add(name)
                return self.answer(201 if is_new else 204)
            if name not in names:
                return wrong(404, "none")
            if self.command == "DELETE":
                if any(name in provider["traits"] or name in provider["inventories"] for provider in PROVIDERS.values()):
                    return wrong(409, f"{name} is in use")
                names.remove(name)
                return self.answer(204)
            return self.answer(204) if names is TRAITS else self.answer(200, {"name": name})

        if parts[0] == "allocations":
            held = ALLOCATIONS.get(parts[1])
            if self.command == "GET":
                return self.answer(200, held or {"allocations": {}})
            if self.command == "DELETE":
                return self.answer(204) if ALLOCATIONS.pop(parts[1], None) else wrong(404, "No allocations for consumer")
            if sent["consumer_generation"] != (held and held["consumer_generation"]):
                return wrong(409, f"consumer generation conflict - expected {held and held['consumer_generation']}")
            for identity, asked in sent["allocations"].items():
                if identity not in PROVIDERS:
                    return wrong(400, f"Allocation for resource provider '{identity}' that does not exist.")
                for name, amount in asked["resources"].items():
                    others = sum(other["allocations"].get(identity, {"resources": {}})["resources"].get(name, 0)
                                 for consumer, other in ALLOCATIONS.items() if consumer != parts[1])
                    if others + amount > PROVIDERS[identity]["inventories"].get(name, {"total": 0})["total"]:
                        return wrong(409, "Unable to allocate inventory: exceed capacity")
            ALLOCATIONS[parts[1]] = {**sent, "consumer_generation": (sent["consumer_generation"] or 0) + 1}
            return self.answer(204)

        def about(identity):
            provider = PROVIDERS[identity]
            return {"uuid": identity, **{key: provider[key] for key in ("name", "parent_provider_uuid", "generation")}}

        if len(parts) == 1 and self.command == "GET":
            asked = [i for i, provider in PROVIDERS.items() if provider["name"] == query.get("name", provider["name"])]
            return self.answer(200, {"resource_providers": [about(i) for i in asked]})
        if len(parts) == 1:
            if any(provider["name"] == sent["name"] for provider in PROVIDERS.values()):
                return wrong(409, "Conflicting resource provider name")
            identity = sent.get("uuid") or str(uuid.uuid4())
            new = {"name": sent["name"], "parent_provider_uuid": sent.get("parent_provider_uuid")}
            PROVIDERS[identity] = {**new, "generation": 0, "traits": [], "aggregates": [], "inventories": {}}
            return self.answer(200, about(identity))
        identity, provider = parts[1], PROVIDERS.get(parts[1])
        if provider is None:
            return wrong(404, "No such resource provider")
        is_change = self.command == "PUT" and len(parts) > 2
        if is_change and path not in OUTDATED and provider.get(parts[2], ["an inventory"]):
            # Another one was faster, once.
            OUTDATED.add(path)
            provider["generation"] += 1
        if is_change and sent["resource_provider_generation"] != provider["generation"]:
            return wrong(409, "resource provider generation conflict")
        if len(parts) > 2 and self.command != "GET":
            provider["generation"] += 1
        if len(parts) == 2:
            if self.command == "DELETE":
                if any(identity in held["allocations"] for held in ALLOCATIONS.values()):
                    return wrong(409, "Unable to delete a resource provider that has allocations")
                if any(other["parent_provider_uuid"] == identity for other in PROVIDERS.values()):
                    return wrong(409, "Unable to delete parent resource provider")
                del PROVIDERS[identity]
                return self.answer(204)
            if self.command == "PUT":
                provider["name"] = sent["name"]
            return self.answer(200, about(identity))
        if parts[2] == "traits":
            if self.command == "PUT":
                if not set(sent["traits"]) <= TRAITS:
                    return wrong(400, "No such trait(s)")
                provider["traits"] = sent["traits"]
            told = {"traits": sorted(provider["traits"], reverse=True)}
            return self.answer(200, {**told, "resource_provider_generation": provider["generation"]})
        if parts[2] == "aggregates":
            if self.command == "PUT":
                provider["aggregates"] = sent["aggregates"]
            told = {"aggregates": sorted(provider["aggregates"], reverse=True)}
            return self.answer(200, {**told, "resource_provider_generation": provider["generation"]})
        held, number = provider["inventories"], {"resource_provider_generation": provider["generation"]}
        if len(parts) == 3 and self.command == "GET":
            return self.answer(200, {"inventories": held, **number})
        name = sent.pop("resource_class") if len(parts) == 3 else parts[3]
        if self.command in ("POST", "PUT"):
            if name not in CLASSES:
                return wrong(400, f"No such resource class {name}")
            sent.pop("resource_provider_generation", None)
            held[name] = sent
            return self.answer(201 if self.command == "POST" else 200, {**sent, **number})
        if name not in held:
            return wrong(404, "No inventory of it")
        if self.command == "DELETE":
            if any(name in other["allocations"].get(identity, {"resources": {}})["resources"] for other in ALLOCATIONS.values()):
                return wrong(409, f"Inventory for '{name}' is in use")
            del held[name]
            return self.answer(204)
        self.answer(200, {**held[name], **number})

    def swift(self, path, query, sent):
        place = path.removeprefix("/swift/v1/AUTH_p")
        own = {name.title(): value for name, value in self.headers.items() if name.lower().startswith(("x-", "content-")) and name.lower() != "content-length"}
        own.pop("X-Auth-Token", None)
        thing = THINGS.get(f"swift:{place}")
        is_container = place.count("/") == 1
        if self.command == "PUT":
            if not is_container and f"swift:/{place.split('/')[1]}" not in THINGS:
                return self.answer(404, b"<html><p>The resource could not be found.</p></html>")
            THINGS[f"swift:{place}"] = {"headers": own, "content": sent}
            return self.answer(201, b"")
        if place == "":
            return self.answer(204) if self.command == "HEAD" else self.answer(200, [])
        if thing is None:
            return self.answer(404, b"<html><p>The resource could not be found.</p></html>")
        if self.command == "POST":
            kept = {} if not is_container else thing["headers"]
            thing["headers"] = {**kept, **own}
            return self.answer(204 if is_container else 202, None if is_container else b"")
        if self.command == "DELETE":
            if is_container and any(at.startswith(f"swift:{place}/") for at in THINGS):
                return self.answer(409, b"<html><p>There was a conflict when trying to complete your request.</p></html>")
            del THINGS[f"swift:{place}"]
            return self.answer(204)
        headers = list(thing["headers"].items())
        if is_container:
            inside = sum(at.startswith(f"swift:{place}/") for at in THINGS)
            headers.append(("X-Container-Object-Count", str(inside)))
            return self.answer(204, None, headers)
        headers += [("Etag", "0cc175b9c0f1b6a831c399e269772661"), ("Content-Length", str(len(thing["content"])))]
        self.answer(200, thing["content"], headers)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
