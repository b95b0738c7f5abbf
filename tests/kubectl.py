#!/usr/bin/env python3
"""A stand-in for kubectl in tests: the verbs that the driver uses, over a folder for each context beside it.

What is applied is kept as it was sent (`NAME.sent.json`) and with what a cluster adds: uid, generation, defaults, amounts in
its own way, a status that is ready. A context with a file `CONTEXT.down` does not answer, in the words of kubectl 1.32 over a refused connection; one with
`CONTEXT.breaks` does what is asked once more, but the connection breaks before it has said so.
"""
import json
import os
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clusters")

REFUSED = "The connection to the server 192.0.2.1:6443 was refused - did you specify the right host or port?"
REFUSED_LOG = (
    'E1128 06:43:00.157386   23313 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: '
    'Get \\"https://192.0.2.1:6443/api?timeout=32s\\": dial tcp 192.0.2.1:6443: connect: connection refused"\n'
)
REFUSED_APPLY = (
    "error: error validating data: failed to download openapi: "
    'Get "https://192.0.2.1:6443/openapi/v2?timeout=32s": dial tcp 192.0.2.1:6443: connect: connection refused'
)
BROKEN = (
    'error: Patch "https://192.0.2.1:6443/apis/apps/v1/namespaces/default/deployments/web?fieldManager=scope-lang": '
    "read tcp 192.0.2.7:32968->192.0.2.1:6443: read: connection reset by peer"
)


def fail(words):
    sys.stderr.write(words + "\n")
    sys.exit(1)


def flags(words):
    """Plain words, and flags with their values."""
    plain, given, rest = [], {}, list(words)
    alone = {"--server-side", "--force-conflicts", "--ignore-not-found"}
    while rest:
        word = rest.pop(0)
        if word in alone:
            given[word] = True
        elif word.startswith("--"):
            given[word] = rest.pop(0)
        else:
            plain.append(word)
    return plain, given


def merged(base, over):
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    out = dict(base)
    for key, value in over.items():
        out[key] = merged(base.get(key), value) if key in base else value
    return out


def ready(thing):
    """What the controllers of a cluster come to."""
    replicas = (thing.get("spec") or {}).get("replicas", 1)
    return {
        "Deployment": {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas},
        "StatefulSet": {"observedGeneration": 1, "replicas": replicas, "readyReplicas": replicas, "updatedReplicas": replicas},
        "DaemonSet": {"observedGeneration": 1, "desiredNumberScheduled": 1, "numberAvailable": 1},
        "Job": {"conditions": [{"type": "Complete", "status": "True"}]},
        "Namespace": {"phase": "Active"},
    }.get(thing["kind"], {})


def amount(value):
    """An amount as a server writes it: whole ones as text, parts of one as thousandths, in the largest binary prefix."""
    text = str(value)
    for prefix, factor in (("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)):
        if text.endswith(prefix):
            number = int(float(text[:-2]) * 2**factor)
            for larger, power in (("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
                if number % 2**power == 0:
                    return "%d%s" % (number // 2**power, larger)
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number == int(number) else "%dm" % round(number * 1000)


def pod_defaults(pod):
    """What a server fills in of a pod that is not said."""
    pod.setdefault("restartPolicy", "Always")
    pod.setdefault("dnsPolicy", "ClusterFirst")
    pod.setdefault("schedulerName", "default-scheduler")
    pod.setdefault("securityContext", {})
    pod.setdefault("terminationGracePeriodSeconds", 30)
    if "serviceAccountName" in pod:
        pod["serviceAccount"] = pod["serviceAccountName"]
    for container in pod.get("containers", []) + pod.get("initContainers", []):
        container.setdefault("imagePullPolicy", "IfNotPresent")
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        for port in container.get("ports", []):
            port.setdefault("protocol", "TCP")
        for of in container.setdefault("resources", {}).values():
            of.update({key: amount(value) for key, value in of.items()})
        if "limits" in container["resources"]:
            container["resources"].setdefault("requests", {})
            for key, value in container["resources"]["limits"].items():
                container["resources"]["requests"].setdefault(key, value)
        for probe in ("readinessProbe", "livenessProbe"):
            if probe in container:
                container[probe].setdefault("timeoutSeconds", 1)
                container[probe].setdefault("failureThreshold", 3)


def defaults(thing):
    """What a server fills in: amounts in its own way, and what is not said."""
    spec = thing.get("spec") or {}
    for template in (spec.get("template"), ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template")):
        if template and template.get("spec"):
            template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
            pod_defaults(template["spec"])
    if thing["kind"] == "Deployment":
        spec.setdefault("strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
        spec.setdefault("progressDeadlineSeconds", 600)
    if thing["kind"] == "Service":
        spec.setdefault("clusterIP", "10.96.0.17")
        spec.setdefault("sessionAffinity", "None")
        for port in spec.get("ports", []):
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
    if thing["kind"] == "PersistentVolumeClaim":
        spec.setdefault("volumeMode", "Filesystem")
        for of in spec.get("resources", {}).values():
            of.update({key: amount(value) for key, value in of.items()})


def main():
    plain, given = flags(sys.argv[1:])
    context = given.get("--context", "default")
    folder = os.path.join(FOLDER, context)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(FOLDER, "asked.log"), "a") as log:
        log.write(json.dumps([context] + sys.argv[1:]) + "\n")
    verb = plain.pop(0)
    if os.path.exists(folder + ".down"):
        fail(REFUSED_APPLY if verb == "apply" else REFUSED_LOG + REFUSED)
    breaks = verb == "apply" and os.path.exists(folder + ".breaks")

    def place(plural, namespace, name, end=".json"):
        return os.path.join(folder, "@".join([plural, namespace or "", name]) + end)

    def read(path):
        if not os.path.exists(path):
            return None
        with open(path) as file:
            return json.load(file)

    def write(path, thing):
        with open(path, "w") as file:
            json.dump(thing, file, indent=1)

    if verb == "version":
        said = "v1.33.1"
        if os.path.exists(folder + ".version"):
            with open(folder + ".version") as file:
                said = file.read().strip()
        print(json.dumps({"serverVersion": {"gitVersion": said}}))
        return
    if verb == "apply":
        thing = json.load(sys.stdin)
        plural = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}.get(thing["kind"], thing["kind"].lower() + "s")
        group, _, version = thing["apiVersion"].rpartition("/")
        at = (plural + "." + version + "." + group, thing["metadata"].get("namespace"), thing["metadata"]["name"])
        write(place(*at, end=".sent.json"), thing)
        kept = merged(read(place(*at)) or {"metadata": {"uid": "u-1", "generation": 1}}, thing)
        defaults(kept)
        kept["status"] = ready(kept)
        write(place(*at), kept)
        if breaks:
            os.remove(folder + ".breaks")
            fail(BROKEN)
        print(json.dumps(kept))
        return
    path = place(plain[0], given.get("--namespace"), plain[1])
    found = read(path)
    if verb == "get":
        if found:
            print(json.dumps(found))
        elif "--ignore-not-found" not in given:
            fail('Error from server (NotFound): %s "%s" not found' % (plain[0], plain[1]))
    elif verb == "delete":
        if found:
            os.remove(path)
            print(plain[0] + "/" + plain[1])


main()
