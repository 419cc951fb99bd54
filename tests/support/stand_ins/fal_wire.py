"""fal's wire format: the routes, their names, and the credentials that each needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Host, Route, Router
from starlette.types import Receive, Scope, Send

from tests.support.stand_ins.fal_faults import Faults
from tests.support.stand_ins.fal_hosts import BUCKET, CDN, QUEUE, REST, Connections

UPLOAD_TOKEN = "token-of-the-cdn"
UPLOAD_GRANT = {
    "token": UPLOAD_TOKEN,
    "token_type": "Bearer",
    "base_url": f"https://{CDN}",
    "expires_at": "2999-01-01T00:00:00Z",
}
_JOB = "/{app:path}/requests/{request_id}"
_FILES = {
    "upload": ("POST", "/files/upload"),
    "put": ("PUT", "/{path:path}"),
    "media": ("GET", "/{path:path}"),
}
_ROUTES = {
    QUEUE: {
        "status": ("GET", f"{_JOB}/status"),
        "cancel": ("PUT", f"{_JOB}/cancel"),
        "result": ("GET", _JOB),
        "submit": ("POST", "/{model:path}"),
    },
    REST: {
        "token": ("POST", "/storage/auth/token"),
        "initiate": ("POST", "/storage/upload/initiate"),
        "jwks": ("GET", "/.well-known/jwks.json"),
    },
    "fal.media": _FILES,
    "{sub}.fal.media": _FILES,
    BUCKET: _FILES,
    "127.0.0.1": {"record": ("GET", "/record")},
}
CALLS = {name for calls in _ROUTES.values() for name in calls}
_KEYLESS = {"put", "media", "jwks", "record"}


@dataclass(frozen=True)
class Call:
    """A request that was received; ``url`` is the one that the client meant."""

    name: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def request_id(self) -> str | None:
        return self.path.get("request_id")


Answers = Mapping[str, Callable[[Call], Response]]


class Stage(Protocol):
    """Records the calls and holds the faults."""

    key: str
    calls: list[Call]
    faults: Faults
    connections: Connections


def wire(answers: Answers, stage: Stage) -> Starlette:
    """Route fal's calls to ``answers``, after the record and the faults of ``stage``."""
    hosts: list[BaseRoute] = []
    for host, calls in _ROUTES.items():
        routes = [
            Route(path, _Endpoint(name, answers[name], stage), methods=[method])
            for name, (method, path) in calls.items()
        ]
        hosts.append(Host(host, Router(routes)))
    return Starlette(routes=hosts)


class _Endpoint:
    def __init__(self, name: str, answer: Callable[[Call], Response], stage: Stage) -> None:
        self._name = name
        self._answer = answer
        self._stage = stage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = self._stage.connections.open[scope["client"]]
        request = Request(scope, receive)
        call = Call(
            name=self._name,
            method=request.method,
            url=str(request.url.replace(scheme="https")),
            headers=dict(request.headers),
            body=await request.body(),
            path=request.path_params,
            query=dict(request.query_params),
        )
        if self._name != "record":
            self._stage.calls.append(call)
        fault = self._stage.faults.take(self._name)
        response = await fault(lambda: self._admit(call), connection)
        await response(scope, receive, send)

    def _admit(self, call: Call) -> Response:
        """Answer ``call`` if it has exactly the credentials that it needs."""
        credentials = call.headers.get("authorization")
        if self._name in _KEYLESS:
            if credentials is not None:
                return JSONResponse({"detail": "credentials do not belong here"}, 400)
        elif credentials != self._credentials():
            return JSONResponse({"detail": "No user found for Key ID and Secret"}, 401)
        return self._answer(call)

    def _credentials(self) -> str:
        return f"Bearer {UPLOAD_TOKEN}" if self._name == "upload" else f"Key {self._stage.key}"
