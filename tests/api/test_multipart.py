"""The parts of a submit, as real clients send them."""

import json

from app.api.multipart import MAX_DATA_BYTES, MAX_PARTS
from app.settings import Settings
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, UNLIMITED_SETTINGS, Running, png, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

ORDER = json.dumps({"templateSlug": "night-life-roller", "variables": {}}, indent=1).encode()
FORM = bearer() | {"Content-Type": "multipart/form-data; boundary=b"}

FILE = b'name="startImage"; filename="canvas.png"'
PLAIN = b'name="data"'
BLOB = b'name="data"; filename="blob"\r\nContent-Type: application/json'


def form(*parts: tuple[bytes, bytes]) -> bytes:
    pieces = [
        b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (header, content)
        for header, content in parts
    ]
    return b"".join(pieces) + b"--b--\r\n"


async def test_the_name_of_a_part_decides_what_it_is(settings: Settings, fal: FalStandIn) -> None:
    file = (FILE, png())
    accepted = [
        [file, (BLOB, ORDER)],
        [(BLOB, ORDER), file],
        [(PLAIN, ORDER.replace(b"\n", b"\r\n")), file],
        [(PLAIN, ORDER), (b'name="startImage"\r\nContent-Type: image/png', png())],
        [(PLAIN, ORDER), (b"name=\"startImage\"; filename*=UTF-8''b%C3%A4r.png", png())],
        [(PLAIN, ORDER), file, (b'name="x"; filename=""', b""), (b'name=""', b""), (b"", b"")],
        [(b'name="video"; filename="v.mp4"', b"x" * 200_000), (PLAIN, ORDER), file],
        [(b'name="x"', b"x" * 100_000), file, (PLAIN, ORDER)],
        [file, (PLAIN, ORDER), *[(b'name="x"', b"")] * (MAX_PARTS - 1)],
    ]
    async with running(settings.model_copy(update=UNLIMITED_SETTINGS), fal) as run:
        for parts in accepted:
            answer = await run.client.post(SUBMIT, content=form(*parts), headers=FORM)
            assert answer.status_code == 202, (answer.text, [header for header, _ in parts])
    assert list(fal.uploads.values()) == [png()] * len(accepted)


async def test_carriage_return_and_newline_in_a_text_become_a_newline(run: Running) -> None:
    variables = {"headline": "Friday\r\nNight\n"}
    await run.submitted(variables=variables)
    stored = await run.rows("SELECT VALUE variables.headline FROM video_job")
    assert stored == ["Friday\nNight\n"]


async def test_a_refused_part_is_named_with_its_bound(settings: Settings, fal: FalStandIn) -> None:
    refused = [
        (
            [(FILE, bytes(200_001))],
            413,
            "image_too_large",
            "startImage must not be larger than 200,000 bytes.",
        ),
        (
            [(FILE, png()), (BLOB, bytes(MAX_DATA_BYTES + 1))],
            400,
            "invalid_multipart",
            "data must not be larger than 65,536 bytes.",
        ),
        (
            [(b'name="startImage"', b"data:image/png;base64,")],
            400,
            "invalid_multipart",
            "startImage is a text",
        ),
        ([(FILE, png()), (FILE, png())], 400, "invalid_multipart", "Too many files"),
        (
            [(BLOB, ORDER), (FILE, png()), (PLAIN, ORDER)],
            400,
            "invalid_multipart",
            "data is sent more than once.",
        ),
        ([(b'name="x"', b"")] * (MAX_PARTS + 1), 400, "invalid_multipart", "Too many fields"),
        (
            [(FILE, png()), (b'name="x"', bytes(500_000))],
            413,
            "image_too_large",
            "The form must not be larger than 462,144 bytes, and its startImage not larger",
        ),
    ]
    bounded = settings.model_copy(update={"max_image_bytes": 200_000})
    async with running(bounded, fal) as run:
        for parts, status, code, detail in refused:
            answer = await run.client.post(SUBMIT, content=form(*parts), headers=FORM)
            assert_problem(answer, status, code)
            assert detail in answer.json()["detail"]
        await assert_no_effect(run, fal)
