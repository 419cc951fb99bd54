"""The OpenAPI 3.1 document, built from the YAML files in ``app/api/interface``.

A route in those files lists the codes of its problems under ``x-problems``. This module adds the
answer for each code: its status comes from ``app/problems.py``, its text from ``problems.yaml``.
"""

import functools
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.compression import COMPRESSED
from app.problems import Problem
from app.settings import Settings

FOLDER = Path(__file__).parent / "interface"
# The order of the routes in the document.
PARTS = (
    *("videos", "account", "library", "deletions", "shares"),
    *("admin", "admin_credits"),
    *("callback", "files", "operations"),
)
KINDS = {kind.code: kind for kind in Problem.__subclasses__()}

Node = dict[str, Any]

NOT_HTTP: Node = {
    "description": "The request is not valid HTTP, or its head is too large.",
    "headers": {},
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
"""Every route can answer this; it is shown if a route has no other answer to a wrong request."""


def openapi_route(settings: Settings) -> Route:
    """Return the route that serves the document, which is built once per process."""
    body = _serialized(settings.public_url or "/")
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag}

    async def openapi(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers | {"Vary": "Accept-Encoding"})
        return Response(body, headers=headers, media_type="application/json")

    return Route("/openapi.json", openapi, middleware=COMPRESSED)


def document(*, server: str = "/") -> Node:
    """Build the document of a service with this address, which may be relative to the document."""
    about = _read("about")
    components = {
        file.stem: _read(f"components/{file.stem}")
        for file in sorted((FOLDER / "components").glob("*.yaml"))
    }
    problems = _read("problems")
    general = _described(about.pop("x-problems"), problems)
    components["schemas"]["Problem"]["properties"]["code"]["enum"] = sorted(KINDS)
    about["x-anywhere"] = {code: _problem_answer([problem]) for code, problem in general.items()}
    paths: Node = {}
    for part in PARTS:  # several parts may describe operations of one path
        for path, operations in _read(f"paths/{part}").items():
            paths[path] = paths.get(path, {}) | _path_item(operations, problems)
    return about | {
        "servers": [{"url": server}],
        "paths": paths,
        "webhooks": _read("webhooks"),
        "components": components,
    }


def _path_item(operations: Node, problems: Node) -> Node:
    item: Node = {"parameters": [{"$ref": "#/components/parameters/RequestId"}]}
    return item | {
        method: _operation(dict(operation), problems) for method, operation in operations.items()
    }


def _operation(operation: Node, problems: Node) -> Node:
    by_status = defaultdict(list)
    for code, problem in _described(operation.pop("x-problems", {}), problems).items():
        by_status[str(KINDS[code].status.value)].append(problem)
    refusals = {status: _problem_answer(each) for status, each in sorted(by_status.items())}
    answers = {
        status: _with_common_headers(answer) for status, answer in operation["responses"].items()
    }
    if not any(status.startswith("4") for status in answers | refusals):
        refusals["400"] = NOT_HTTP
    for status in answers.keys() & refusals.keys():  # a page for people beside the problem
        refusals[status]["content"] |= answers[status]["content"]
    return operation | {"responses": answers | refusals}


def _described(codes: Node, problems: Node) -> Node:
    """Look up the problems of these codes; a route's own text replaces the shared one."""
    return {code: problems[code] | (own or {}) | {"code": code} for code, own in codes.items()}


def _problem_answer(problems: Sequence[Node]) -> Node:
    """Describe the answer with one status, which reports one of these problems."""
    headers: Node = {"Cache-Control": "NoStore"}
    examples: Node = {}
    for problem in problems:
        headers |= problem.get("headers", {})
        job = {"job_id": problem["jobId"]} if "jobId" in problem else {}
        body = KINDS[problem["code"]](problem["detail"], **job).to_json()
        examples[problem["code"]] = {"summary": problem["means"], "value": body}
    schema = {"$ref": "#/components/schemas/Problem"}
    return _with_common_headers(
        {
            "description": "\n".join(f"`{each['code']}`: {each['means']}" for each in problems),
            "headers": {name: _header(component) for name, component in headers.items()},
            "content": {"application/problem+json": {"schema": schema, "examples": examples}},
        }
    )


def _with_common_headers(answer: Node) -> Node:
    common = {"X-Request-ID": _header("RequestId"), "X-Content-Type-Options": _header("NoSniff")}
    return answer | {"headers": answer.get("headers", {}) | common}


def _header(component: str | Node) -> Node:
    if not isinstance(component, str):
        return component  # described in place
    return {"$ref": f"#/components/headers/{component}"}


@functools.cache
def _serialized(server: str) -> bytes:
    return json.dumps(document(server=server), ensure_ascii=False, separators=(",", ":")).encode()


def _read(name: str) -> Node:
    content: Node = yaml.load((FOLDER / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return content
