"""The OpenAPI document is valid, complete and served."""

import json

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from app.api.openapi import document, openapi_route
from app.main import create_app
from app.problems import Problem
from app.settings import Settings
from tests.support.openapi import INTERFACE
from tests.support.service import Running


def test_document_is_openapi_3_1() -> None:
    assert INTERFACE.document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(INTERFACE.document).validate()


def test_exactly_the_served_routes_are_documented(settings: Settings) -> None:
    served = set()
    for route in create_app(settings).routes:
        if isinstance(route, Mount):
            served.add(("GET", f"{route.path}/{{path}}"))
        else:
            assert isinstance(route, Route)
            path = route.path.replace(":path}", "}")
            served |= {(method, path) for method in (route.methods or set()) - {"HEAD"}}
    assert served == INTERFACE.operations.keys()


def test_every_error_code_is_documented() -> None:
    codes = {kind.code for kind in Problem.__subclasses__()}
    assert {code for _, code in INTERFACE.problems()} == codes


def test_every_example_matches_its_schema() -> None:
    for operation in INTERFACE.operations.values():
        for answer in operation["responses"].values():
            for kind, media in answer.get("content", {}).items():
                for example in INTERFACE.examples(answer, kind).values():
                    if kind.endswith("json"):
                        INTERFACE.validate(example, media["schema"])
    for name, schema in INTERFACE.document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", []) if isinstance(schema, dict) else []:
            INTERFACE.validate(example, {"$ref": f"#/components/schemas/{name}"})


async def test_document_is_served_and_answers_304_if_it_is_unchanged(run: Running) -> None:
    answer = await run.client.get("/openapi.json")
    INTERFACE.check(answer)
    assert json.loads(answer.content) == document()
    again = await run.client.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    INTERFACE.check(again)


@pytest.mark.parametrize("public_url", [None, "https://design.example/videos"])
async def test_server_is_the_public_address_or_where_the_document_is(
    settings: Settings, public_url: str | None
) -> None:
    route = openapi_route(settings.model_copy(update={"public_url": public_url}))
    transport = httpx.ASGITransport(Starlette(routes=[route]))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        served = (await client.get("/openapi.json")).json()
    assert served["servers"] == [{"url": public_url or "/"}]


def test_time_must_be_in_utc() -> None:
    time = {"$ref": "#/components/schemas/Time"}
    INTERFACE.validate("2026-11-23T00:40:10.220111Z", time)
    for wrong in "2026-11-23T00:40:10+01:00", "2026-11-23T00:40:10", "2026-11-23", "soon":
        with pytest.raises(ValidationError):
            INTERFACE.validate(wrong, time)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "failed"},
        {"status": "processing", "error": {"code": "interrupted", "message": "It ended."}},
        {"status": "cancelled", "url": "/media/x.mp4"},
        {"status": "pending", "bytes": 5},
        {"unknown": 1},
    ],
)
def test_job_has_an_error_only_if_it_failed_and_a_video_only_if_it_completed(
    wrong: dict[str, object],
) -> None:
    examples = INTERFACE.document["components"]["examples"]
    job = {"$ref": "#/components/schemas/Job"}
    INTERFACE.validate(examples["generating"]["value"], job)
    with pytest.raises(ValidationError):
        INTERFACE.validate(examples["generating"]["value"] | wrong, job)


async def test_documentation_page_loads_nothing_from_other_hosts(run: Running) -> None:
    answer = await run.client.get("/docs")
    INTERFACE.check(answer)
    assert "http://" not in answer.text
    assert "https://" not in answer.text
