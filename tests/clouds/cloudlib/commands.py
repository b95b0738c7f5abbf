"""One function a subcommand: each takes the parsed arguments and returns the JSON document to print."""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cloudlib import api, process, services
from cloudlib.cloud import Cloud, existing
from cloudlib.errors import CloudsError
from cloudlib.install import install, is_installed
from cloudlib.layout import Layout
from cloudlib.progress import say
from cloudlib.report import report
from cloudlib.services import Service
from cloudlib.start import start_cloud, start_services
from cloudlib.template import ensure_template

DEFAULT_NAMES = ("CloudOne", "CloudTwo")


def up(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """Install what is absent, make the clouds that are absent (or, when fresh, all), start them, wait for them."""
    wanted = services.select(arguments.services)
    clouds = [Cloud(layout, name) for name in dict.fromkeys(arguments.name or DEFAULT_NAMES)]
    if not wanted or not clouds:
        raise CloudsError("nothing to start: name a service and a cloud")
    with layout.locked() as lock:
        if not is_installed(layout):
            # Clouds of other packages would lose their code while they run, and their tables would not fit.
            for cloud in existing(layout):
                cloud.remove()
            install(layout, lock)
        ensure_template(layout, lock)
        taken = {port for cloud in existing(layout) for port in cloud.ports().values()}
        for cloud in clouds:
            if arguments.fresh or not cloud.exists():
                cloud.make(wanted, taken)
        say(f"starting {' and '.join(cloud.name for cloud in clouds)}")
        _for_each(clouds, lambda cloud: start_cloud(cloud, taken))
        say("ready")
        return report(layout, clouds)


def down(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """Stop the clouds; what they hold stays, and `up` starts them again."""
    with layout.locked():
        clouds = _named_or_all(layout, arguments.name)
        process.end(found for cloud in clouds for service in services.ALL if (found := cloud.recorded(service)))
        for cloud in clouds:
            cloud.stop()
        return report(layout, clouds)


def status(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """What there is, and what runs."""
    return report(layout, _named_or_all(layout, arguments.name))


def freeze(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """Stop services in mid-air, as a machine or a network that hangs does."""
    cloud = Cloud(layout, arguments.cloud)
    cloud.freeze(_services_of(cloud, arguments.service))
    return report(layout, [cloud])


def thaw(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """Let frozen services go on."""
    cloud = Cloud(layout, arguments.cloud)
    cloud.thaw(_services_of(cloud, arguments.service))
    return report(layout, [cloud])


def stop_service(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """End services of one cloud: their ports then refuse connections."""
    with layout.locked():
        cloud = Cloud(layout, arguments.cloud)
        cloud.stop(_services_of(cloud, arguments.service), is_killed=arguments.kill)
        return report(layout, [cloud])


def start_service(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """Start services of one cloud again, on the ports that they had, and wait until they are ready."""
    with layout.locked():
        cloud = Cloud(layout, arguments.cloud)
        start_services(cloud, _services_of(cloud, arguments.service))
        return report(layout, [cloud])


def request(layout: Layout, arguments: argparse.Namespace) -> dict[str, Any]:
    """Log in, send one request as it is written, and show the answer as it came."""
    cloud = Cloud(layout, arguments.cloud)
    service = cloud.service(arguments.target)
    headers = {"Accept": "*/*", **_headers(arguments.header)}
    content = _content(arguments.body)
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    if not arguments.no_token:
        headers["X-Auth-Token"] = _token(cloud, arguments)
    path = arguments.path
    for name in ("user_id", "project_id"):
        path = path.replace("{" + name + "}", str(cloud.facts().get(name)))
    port = cloud.ports()[service.name]
    return api.send(port, arguments.method, path, headers, content, arguments.timeout).as_json()


def _token(cloud: Cloud, arguments: argparse.Namespace) -> str:
    if arguments.user is None:
        return cloud.token()
    if arguments.password_file is None:
        raise CloudsError("`--user` needs `--password-file`")
    password = Path(arguments.password_file).read_text(encoding="utf-8").strip()
    account = api.Account(arguments.user, password, arguments.project)
    answer = api.log_in(cloud.ports()["keystone"], account, arguments.timeout)
    if answer.status != 201:
        raise CloudsError(f"the log-in of `{account.user}` was answered with {answer.status}: {answer.body()}")
    return answer.headers["x-subject-token"]


def _headers(words: Sequence[str]) -> dict[str, str]:
    headers = {}
    for word in words:
        name, colon, value = word.partition(":")
        if not colon:
            raise CloudsError(f"a header is `name: value`: found `{word}`")
        headers[name.strip()] = value.strip()
    return headers


def _content(word: str | None) -> bytes | None:
    """The body of a request: the text itself, `@FILE` for a file's bytes, `-` for standard input."""
    if word is None:
        return None
    if word == "-":
        return sys.stdin.buffer.read()
    return Path(word[1:]).read_bytes() if word.startswith("@") else word.encode("utf-8")


def _named_or_all(layout: Layout, names: Sequence[str] | None) -> list[Cloud]:
    clouds = [Cloud(layout, name) for name in names] if names else existing(layout)
    for cloud in clouds:
        cloud.facts()
    return clouds


def _services_of(cloud: Cloud, words: Sequence[str]) -> list[Service]:
    """The services named, or all of the cloud's."""
    return [cloud.service(word) for word in words] if words else cloud.services()


def _for_each(clouds: Sequence[Cloud], work: Callable[[Cloud], None]) -> None:
    """Do the work for all clouds side by side; if it fails for some, let the others end first, then say so."""
    with ThreadPoolExecutor(len(clouds)) as pool:
        pending = [pool.submit(work, cloud) for cloud in clouds]
    for future in pending:
        future.result()
