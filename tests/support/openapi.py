"""Checks answers against the OpenAPI document."""

import json
import re
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

from app.api.openapi import document

FORMATS = FormatChecker(Draft202012Validator.FORMAT_CHECKER.checkers)

Node = dict[str, Any]


@FORMATS.checks("date-time", raises=ValueError)
def _is_rfc_3339_in_utc(value: object) -> bool:
    if not isinstance(value, str):
        return True  # a time that may be null
    return value.endswith("Z") and "T" in value and datetime.fromisoformat(value).tzinfo is UTC


class Interface:
    """The document, with its references resolved."""

    def __init__(self) -> None:
        self._validators: dict[str, Draft202012Validator] = {}

    @cached_property
    def document(self) -> Node:
        return document()

    @cached_property
    def operations(self) -> dict[tuple[str, str], Node]:
        """Every operation, by method and path."""
        return {
            (method.upper(), path): operation
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }

    def problems(self) -> set[tuple[str, str]]:
        """Every documented problem, as pairs of operation id and code."""
        anywhere = {("anywhere", code) for code in self.document["x-anywhere"]}
        return anywhere | {
            (operation["operationId"], code)
            for operation in self.operations.values()
            for answer in operation["responses"].values()
            for code in self.examples(answer, "application/problem+json")
        }

    def check(self, answer: httpx.Response) -> Node:
        """Assert that an answer is as documented; return its examples."""
        described = self._described(answer)
        for name, header in described["headers"].items():
            self._check_header(answer, name, self._resolved(header))
        if "content" not in described or answer.request.method == "HEAD":
            assert answer.content == b""
            return {}
        kind = answer.headers["content-type"].partition(";")[0]
        content = described["content"]
        assert kind in content or "*/*" in content, f"{kind} is not documented"
        media = content.get(kind, {})
        if "schema" in media and kind != "text/event-stream":
            body = json.loads(answer.text) if kind.endswith("json") else answer.text
            self.validate(body, media["schema"])
        examples = self.examples(described, kind)
        if kind == "application/problem+json":
            assert answer.json()["code"] in examples, "this route does not document the code"
            assert answer.json()["status"] == answer.status_code
        return examples

    @cached_property
    def _closed_schemas(self) -> Node:
        """The schemas without unknown properties.

        The document allows them, so that clients survive an upgrade that adds a property. An answer
        of this release has no property that the document does not describe.
        """
        schemas: Node = self.document["components"]["schemas"]
        return {
            name: {"additionalProperties": False} | schema if "properties" in schema else schema
            for name, schema in schemas.items()
        }

    def validate(self, value: Any, schema: Node) -> None:
        """Assert that a value matches a schema; references point into the document."""
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {"components": {"schemas": self._closed_schemas}} | schema
            self._validators[key] = Draft202012Validator(whole, format_checker=FORMATS)
        self._validators[key].validate(value)

    def examples(self, answer: Node, kind: str) -> Node:
        """Return the examples of an answer by name."""
        examples = answer.get("content", {}).get(kind, {}).get("examples", {})
        return {name: self._resolved(example)["value"] for name, example in examples.items()}

    def _described(self, answer: httpx.Response) -> Node:
        operation = self._operation(answer.request)
        status = str(answer.status_code)
        if operation is None or (status == "403" and status not in operation["responses"]):
            code = {"403": "forbidden", "404": "not_found"}.get(status, "method_not_allowed")
            response: Node = self.document["x-anywhere"][code]
            return response
        responses: Node = operation["responses"]
        assert status in responses, f"{operation['operationId']}: {status} is not documented"
        described: Node = responses[status]
        return described

    def _operation(self, request: httpx.Request) -> Node | None:
        """Find the operation of a request; None if it is not documented."""
        wanted = "GET" if request.method == "HEAD" else request.method
        for in_last in ("[^/]+", ".+"):  # only the last parameter may contain slashes
            for (method, path), operation in self.operations.items():
                *folders, last = re.split(r"\{\w+\}", path)
                pattern = "[^/]+".join(map(re.escape, folders)) + (in_last if folders else "")
                if method == wanted and re.fullmatch(pattern + re.escape(last), request.url.path):
                    return operation
        return None

    def _check_header(self, answer: httpx.Response, name: str, header: Node) -> None:
        value = answer.headers.get(name)
        if value is None:
            assert not header.get("required"), f"{name} is missing"
            return
        schema = header["schema"]
        self.validate(int(value) if schema.get("type") == "integer" else value, schema)

    def _resolved(self, node: Node) -> Node:
        while "$ref" in node:
            _, *path = node["$ref"].split("/")
            node = self.document
            for step in path:
                node = node[step]
        return node


INTERFACE = Interface()


async def documented(answer: httpx.Response) -> None:
    """Assert that an answer is as documented; an httpx event hook."""
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        await answer.aread()
        INTERFACE.check(answer)
