"""What the service answers, as data: OpenAPI 3.1, written by hand in ``app/interface``.

A route there names the codes of the problems that it can answer. Their statuses, shapes and
headers are filled in here, from the tree of errors and from ``problems.yaml``.
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

from app.errors import Problem

FOLDER = Path(__file__).parent / "interface"
# In the order in which people read them.
PARTS = ("videos", "account", "callback", "files", "operations")
KINDS = {kind.code: kind for kind in Problem.__subclasses__()}

Node = dict[str, Any]


def openapi_route() -> Route:
    """Return the route of the document; it is put together once."""
    body = _serialized()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag}

    async def openapi(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    return Route("/openapi.json", openapi)


def document() -> Node:
    """Put the parts together."""
    about = _read("about")
    components = {
        file.stem: _read(f"components/{file.stem}")
        for file in sorted((FOLDER / "components").glob("*.yaml"))
    }
    problems = _read("problems")
    anywhere = _told(about.pop("x-problems"), problems)
    components["responses"] = {code: _refusal([problem]) for code, problem in anywhere.items()}
    paths = {
        path: _path_item(operations, problems)
        for part in PARTS
        for path, operations in _read(f"paths/{part}").items()
    }
    return about | {"paths": paths, "components": components}


def _path_item(operations: Node, problems: Node) -> Node:
    item: Node = {"parameters": [{"$ref": "#/components/parameters/RequestId"}]}
    return item | {
        method: _operation(dict(operation), problems) for method, operation in operations.items()
    }


def _operation(operation: Node, problems: Node) -> Node:
    by_status = defaultdict(list)
    for code, problem in _told(operation.pop("x-problems", {}), problems).items():
        by_status[str(KINDS[code].status.value)].append(problem)
    refusals = {status: _refusal(told) for status, told in sorted(by_status.items())}
    answers = {status: _named(answer) for status, answer in operation["responses"].items()}
    return operation | {"responses": answers | refusals}


def _told(codes: Node, problems: Node) -> Node:
    """Return the problems of these codes; a route may say one in words of its own."""
    return {code: problems[code] | (own or {}) | {"code": code} for code, own in codes.items()}


def _refusal(problems: Sequence[Node]) -> Node:
    """Describe the answer of one status, whichever of these problems it tells."""
    headers: Node = {"Cache-Control": "NoStore"}
    examples: Node = {}
    for problem in problems:
        headers |= problem.get("headers", {})
        where = {"job_id": problem["jobId"]} if "jobId" in problem else {}
        body = KINDS[problem["code"]](problem["detail"], **where).to_json()
        examples[problem["code"]] = {"summary": problem["means"], "value": body}
    status = KINDS[problems[0]["code"]].status.value
    shape = {"status": {"const": status}, "code": {"enum": list(examples)}}
    schema = {"$ref": "#/components/schemas/Problem", "properties": shape}
    return _named(
        {
            "description": "\n".join(f"`{each['code']}`: {each['means']}" for each in problems),
            "headers": {name: _header(component) for name, component in headers.items()},
            "content": {"application/problem+json": {"schema": schema, "examples": examples}},
        }
    )


def _named(answer: Node) -> Node:
    """Add the headers that every answer has."""
    always = {"X-Request-ID": _header("RequestId"), "X-Content-Type-Options": _header("NoSniff")}
    return answer | {"headers": answer.get("headers", {}) | always}


def _header(component: str) -> Node:
    return {"$ref": f"#/components/headers/{component}"}


@functools.cache
def _serialized() -> bytes:
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


def _read(name: str) -> Node:
    content: Node = yaml.load((FOLDER / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return content
