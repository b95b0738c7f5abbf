"""A whole cloud: made empty, started until it is really ready, stopped; and each of its services alone.

A cloud is a folder. `cloud.json` in it holds the region, the services and their ports; `run/SERVICE.json` holds the
process of each service. Nothing else is remembered, so that each command begins from what is there.
"""

import base64
import os
import re
import secrets
import shutil
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlib import api, config, ports, process, template
from cloudlib.errors import CloudsError
from cloudlib.install import quiet_environment
from cloudlib.layout import LAUNCHERS, Layout, read_json, write_json, write_private
from cloudlib.services import ALL, KEYSTONE, Service, find

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")


@dataclass(frozen=True)
class Cloud:
    """One cloud below a folder, whether it exists yet or not."""

    layout: Layout
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise CloudsError(f"a cloud's name is letters, digits and `-`, a letter first: found `{self.name}`")

    @property
    def folder(self) -> Path:
        return self.layout.clouds / self.name

    @property
    def region(self) -> str:
        return self.name

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    @property
    def go_file(self) -> Path:
        """Appears when the services that nova talks to are ready."""
        return self.folder / "run" / "go"

    def exists(self) -> bool:
        """Whether it has been made to the end."""
        return read_json(self.folder / "cloud.json") is not None

    def facts(self) -> dict[str, Any]:
        """What `cloud.json` holds: `services`, `ports`, and after the first start `user_id` and `project_id`."""
        facts = read_json(self.folder / "cloud.json")
        if facts is None:
            raise CloudsError(f"there is no cloud `{self.name}` in {self.layout.directory}; `up` makes one")
        return facts

    def services(self) -> list[Service]:
        """The services that this cloud has."""
        names = self.facts()["services"]
        return [service for service in ALL if service.name in names]

    def service(self, word: str) -> Service:
        """The service of a name or type, which this cloud must have."""
        service = find(word)
        if service not in self.services():
            raise CloudsError(f"cloud `{self.name}` has no `{service.name}`")
        return service

    def ports(self) -> dict[str, int]:
        """The port of each service, by its name."""
        return self.facts()["ports"]

    def remember(self, **facts: Any) -> None:
        """Add facts to `cloud.json`."""
        write_json(self.folder / "cloud.json", {**self.facts(), **facts})

    def admin(self) -> api.Account:
        """The account that a fresh cloud has."""
        password = self.password_file.read_text(encoding="utf-8").strip()
        return api.Account(config.ADMIN, password, config.ADMIN)

    def token(self) -> str:
        """A token of the admin."""
        answer = api.log_in(self.ports()[KEYSTONE.name], self.admin())
        if answer.status != 201:
            raise CloudsError(f"cloud `{self.name}` answered the log-in with {answer.status}: {answer.body()}")
        return answer.headers["x-subject-token"]

    # What it is made of.

    def make(self, services: Sequence[Service], taken: set[int]) -> None:
        """Make it anew, empty and not started, on ports that are free and not in `taken`."""
        self.remove()
        self.folder.mkdir(parents=True)
        write_private(self.password_file, secrets.token_urlsafe(24) + "\n")
        for keys in ("fernet-keys", "credential-keys"):
            for number in ("0", "1"):
                write_private(self.folder / "etc" / keys / number, _random_key())
            (self.folder / "etc" / keys).chmod(0o700)
        for path in ("glance/images", "glance/staging", "glance/tasks", "glance/cache", "nova/instances", "neutron"):
            (self.folder / "data" / path).mkdir(parents=True)
        template.copy_template(self.layout, self.folder)
        names = [service.name for service in services]
        chosen = dict(zip(names, ports.choose(len(names), taken), strict=True))
        write_json(self.folder / "cloud.json", {"services": names, "ports": chosen})

    def move(self, taken: set[int]) -> None:
        """Give it other ports; nothing of it may be running."""
        names = [service.name for service in self.services()]
        self.remember(ports=dict(zip(names, ports.choose(len(names), taken), strict=True)))

    def remove(self) -> None:
        """Stop it and delete all that it holds."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.layout.log(self.name, "any").parent, ignore_errors=True)

    def configure(self) -> None:
        """Write its services' configuration files, for the ports of today."""
        for name, sections in config.files(self._settings()).items():
            write_private(self.folder / "etc" / name, config.render(sections))

    # Its processes.

    def recorded(self, service: Service) -> process.Process | None:
        """The recorded process of a service, dead or alive."""
        return process.load(self.folder / "run" / f"{service.name}.json")

    def running(self, service: Service) -> process.Process | None:
        """The process of a service, if it lives."""
        found = self.recorded(service)
        return found if found and found.is_alive() else None

    def state(self, service: Service) -> str:
        """`running`, `frozen` or `stopped`."""
        found = self.running(service)
        if found is None:
            return "stopped"
        return "frozen" if found.state() in ("T", "t") else "running"

    def spawn(self, service: Service) -> None:
        """Start the process of a service; it is ready only some seconds later."""
        address = f"{config.ADDRESS}:{self.ports()[service.name]}"
        command = [
            str(self.layout.python),
            str(self.layout.venv / "bin" / "uwsgi"),
            *("--http-socket", address, "--http-chunked-input", "--buffer-size", "65535"),
            # uWSGI would close idle connections without a word, which a client that reuses them takes for a failure.
            *("--add-header", "Connection: close"),
            *("--processes", "1", "--threads", "8", "--enable-threads", "--single-interpreter"),
            *("--lazy-apps", "--need-app", "--die-on-term"),
            *("--pythonpath", str(LAUNCHERS), "--module", f"{service.module}:application"),
            *("--logformat", "%(method) %(uri) %(status) %(msecs)ms"),
        ]
        started = process.spawn(command, self._environment(), self.folder, self.layout.log(self.name, service.name))
        process.save(self.folder / "run" / f"{service.name}.json", started)

    def stop(self, services: Iterable[Service] = ALL, is_killed: bool = False) -> None:
        """End the processes of these services, frozen ones too, and return when they are gone."""
        chosen = list(services)
        end = process.kill if is_killed else process.end
        end(found for service in chosen if (found := self.recorded(service)))
        for service in chosen:
            (self.folder / "run" / f"{service.name}.json").unlink(missing_ok=True)

    def freeze(self, services: Iterable[Service]) -> None:
        """Stop these services in mid-air: their ports still take connections, and nothing answers."""
        self._signal(services, signal.SIGSTOP, "frozen")

    def thaw(self, services: Iterable[Service]) -> None:
        """Let frozen services go on."""
        self._signal(services, signal.SIGCONT, "running")

    def _signal(self, services: Iterable[Service], number: signal.Signals, outcome: str) -> None:
        """Send a signal to each, and return when all are in the state that it brings about."""
        for service in services:
            found = self.running(service)
            if found is None:
                raise CloudsError(f"`{service.name}` of `{self.name}` is not running")
            found.signal(number)
            while self.state(service) not in (outcome, "stopped"):
                time.sleep(0.01)

    def _settings(self) -> config.Settings:
        return config.Settings(
            name=self.name,
            region=self.region,
            folder=self.folder,
            venv=self.layout.venv,
            password=self.admin().password,
            keystone_port=self.ports()[KEYSTONE.name],
        )

    def _environment(self) -> dict[str, str]:
        settings = self._settings()
        return {
            **quiet_environment(self.layout),
            **config.environment(settings),
            "CLOUD_REGION": self.region,
            "CLOUD_KEYSTONE_URL": settings.keystone_url,
            "CLOUD_PASSWORD_FILE": str(self.password_file),
            "CLOUD_GO_FILE": str(self.go_file),
        }


def existing(layout: Layout) -> list[Cloud]:
    """The clouds in a folder, by name; half-made ones are not among them."""
    if not layout.clouds.is_dir():
        return []
    clouds = [Cloud(layout, path.name) for path in sorted(layout.clouds.iterdir()) if _NAME.fullmatch(path.name)]
    return [cloud for cloud in clouds if cloud.exists()]


def _random_key() -> str:
    """A key as `keystone-manage fernet_setup` makes them."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")
