"""The form of a submit: each invalid body is refused and changes nothing."""

import asyncio
import io
import json
import os
import tempfile
from typing import Any

import httpx
import pytest
from PIL import Image

from app.api import body, form
from app.settings import Settings
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, Running, over_a_socket, png, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

DATA = json.dumps({"templateSlug": "night-life-roller", "variables": {}})
TURNTABLE = json.dumps({"templateSlug": "product-turntable", "variables": {}})
"""Its model has bounds for the sides of a start image."""


async def post(run: Running, **parts: Any) -> httpx.Response:
    return await run.client.post(SUBMIT, headers=bearer(), **parts)


def parts(image: bytes | None = None, data: str | None = DATA) -> dict[str, Any]:
    files = {"startImage": ("canvas.png", image, "image/png")} if image is not None else None
    return {"files": files, "data": {"data": data} if data is not None else None}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (parts(), 400, "invalid_multipart"),
        ({"json": {}}, 400, "invalid_multipart"),
        ({"content": b""}, 400, "invalid_multipart"),
        (parts(b""), 400, "invalid_multipart"),
        ({"data": {"data": DATA, "startImage": "text"}}, 400, "invalid_multipart"),
        ({"files": [("startImage", png()), ("startImage", png())]}, 400, "invalid_multipart"),
        (parts(png(), None), 400, "invalid_json"),
        (parts(png(), "{"), 400, "invalid_json"),
        (parts(png(), "[]"), 400, "invalid_json"),
        (parts(png(), "{}"), 400, "invalid_json"),
        (parts(png(), '{"templateSlug": 5}'), 400, "invalid_json"),
        (parts(png(), '{"templateSlug": "x", "y": NaN}'), 400, "invalid_json"),
        (parts(png(), '{"templateSlug": "\\ud83d"}'), 400, "invalid_json"),
        (parts(png(), "[" * 20_000), 400, "invalid_json"),
        (parts(png(), f'{{"templateSlug": "x", "y": "{"z" * 70_000}"}}'), 400, "invalid_multipart"),
        (parts(png(), '{"templateSlug": "none"}'), 404, "template_not_found"),
        (
            parts(png(), '{"templateSlug": "night-life-roller", "variables": {"x": 1}}'),
            422,
            "invalid_variables",
        ),
        (
            parts(png(), '{"templateSlug": "night-life-roller", "variables": []}'),
            422,
            "invalid_variables",
        ),
        (parts(b"GIF89a" + bytes(50)), 415, "unsupported_image"),
        (parts(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), 415, "unsupported_image"),
        (parts(png()[:-30]), 422, "invalid_image"),
        (parts(png(2000, 2000)), 422, "invalid_image"),
        (parts(png(400, 299), TURNTABLE), 422, "invalid_image"),
        (parts(png(300, 800), TURNTABLE), 422, "invalid_image"),
        (parts(b"\x89PNG" + bytes(300_000)), 413, "image_too_large"),
    ],
)
async def test_invalid_form_is_refused_and_changes_nothing(
    settings: Settings, fal: FalStandIn, given: dict[str, Any], status: int, code: str
) -> None:
    bounded = settings.model_copy(
        update={"max_image_bytes": 200_000, "max_image_pixels": 2_000_000}
    )
    async with running(bounded, fal) as run:
        assert_problem(await post(run, **given), status, code)
        await assert_no_effect(run, fal)


async def test_endless_body_is_refused_before_it_is_read_completely(
    settings: Settings, fal: FalStandIn
) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        head = b'--b\r\nContent-Disposition: form-data; name="startImage"; filename="x"\r\n\r\n'
        for chunk in [head] + [bytes(65536)] * 10_000:
            sent += len(chunk)
            yield chunk

    bounded = settings.model_copy(update={"max_image_bytes": 1_000_000})
    async with running(bounded, fal) as run:
        answer = await run.client.post(
            SUBMIT,
            content=endless(),
            headers=bearer() | {"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert_problem(answer, 413, "image_too_large")
        assert sent < 2_000_000
        await assert_no_effect(run, fal)


async def test_full_disk_is_answered_with_503(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    noise = Image.frombytes("RGB", (800, 800), os.urandom(800 * 800 * 3))
    file = io.BytesIO()
    noise.save(file, "PNG")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert_problem(await post(run, **parts(file.getvalue())), 503, "storage_unavailable")
    await assert_no_effect(run, fal)


@pytest.mark.parametrize(
    ("path", "code", "limit"),
    [
        ("/api/templates/video", "invalid_multipart", "SILENCE"),
        ("/api/templates/video", "invalid_multipart", "FORM_PATIENCE"),
        ("/api/webhooks/fal?jobId=j", "invalid_json", "SILENCE"),
        ("/api/webhooks/fal?jobId=j", "invalid_json", "BODY_PATIENCE"),
    ],
)
async def test_connection_of_a_slow_sender_is_closed_after_a_problem(
    run: Running,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    code: str,
    limit: str,
) -> None:
    monkeypatch.setattr(form if limit == "FORM_PATIENCE" else body, limit, 0.2)
    async with over_a_socket(run) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address).port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        token = bearer()["Authorization"]
        kind = "Content-Type: multipart/form-data; boundary=b\r\n"
        signed = fal.webhooks.sign("request", b"--b")
        named = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        writer.write(f"{head}{kind}{named}Authorization: {token}\r\n\r\n4\r\n--b\r\r\n".encode())
        answer = await reader.read()  # until the service closes the connection
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400")
    assert code.encode() in answer
    assert b"too slowly" in answer


async def test_unknown_key_in_data_is_ignored(run: Running) -> None:
    data = json.dumps({"templateSlug": "night-life-roller", "variables": {}, "canvas": [1]})
    assert (await post(run, **parts(png(), data))).status_code == 202


@pytest.mark.parametrize("charset", ["undefined", "punycode", "idna", "nonsense", "utf-16"])
async def test_unusable_character_set_is_a_client_error(run: Running, charset: str) -> None:
    answer = await run.client.post(
        SUBMIT,
        content=b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n\xff{}\r\n--b--\r\n',
        headers=bearer() | {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"},
    )
    assert answer.status_code == 400
