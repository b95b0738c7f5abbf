"""One HTTP call to a cloud, as it goes over the wire: no retries, nothing read into the answer."""

import base64
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudlib.config import ADDRESS
from cloudlib.errors import CloudsError

Headers = Mapping[str, str]


class NoAnswer(CloudsError):
    """The service refused the connection, ended it, or did not answer in time."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    content: bytes
    seconds: float

    def body(self) -> Any:
        """The JSON value where the body is one; else the text; else, for other bytes, `{"base64": …}`."""
        if not self.content:
            return None
        try:
            text = self.content.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(self.content).decode("ascii")}
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text

    def as_json(self) -> dict[str, Any]:
        """The answer as one JSON value."""
        return {
            "status": self.status,
            "headers": self.headers,
            "body": self.body(),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Account:
    """Who logs in, and for which project. All in the domain `default`."""

    user: str
    password: str
    project: str


def send(
    port: int,
    method: str,
    path: str,
    headers: Headers,
    content: bytes | None = None,
    timeout: float = 60.0,
) -> Answer:
    """Send one request to a service on the loopback address."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=timeout)
    try:
        connection.request(method, path, body=content, headers=dict(headers))
        response = connection.getresponse()
        received = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{method} {path} at port {port}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    names = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, names, received, time.monotonic() - begun)


def send_json(
    port: int,
    method: str,
    path: str,
    token: str | None = None,
    value: Any = None,
    timeout: float = 60.0,
) -> Answer:
    """Send one request whose body, if it has one, is JSON."""
    headers = {"Accept": "application/json"}
    content = None
    if token is not None:
        headers["X-Auth-Token"] = token
    if value is not None:
        headers["Content-Type"] = "application/json"
        content = json.dumps(value).encode()
    return send(port, method, path, headers, content, timeout)


def log_in(port: int, account: Account, timeout: float = 60.0) -> Answer:
    """Ask keystone for a token: it is in the answer's header `x-subject-token`, and its body tells of it."""
    domain = {"id": "default"}
    user = {"name": account.user, "domain": domain, "password": account.password}
    request = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": account.project, "domain": domain}},
        }
    }
    return send_json(port, "POST", "/v3/auth/tokens", value=request, timeout=timeout)
