"""Submits by other languages' clients, with the defaults of each, over a real socket."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.service import ORDER, SUBMIT, Running, over_a_socket, png
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

CLIENTS = Path(__file__).parents[1] / "support" / "clients"
TOKEN = bearer()["Authorization"]


def java(url: str, data: str, image: str) -> list[str]:
    fast = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # 1.1 s of a processor instead of 1.8
    return ["java", *fast, str(CLIENTS / "Submit.java"), url, TOKEN, data, image]


def node(url: str, data: str, image: str) -> list[str]:
    return ["node", str(CLIENTS / "submit.mjs"), url, TOKEN, data, image]


def curl(url: str, data: str, image: str) -> list[str]:
    same = ["-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "-H", f"Authorization: {TOKEN}"]
    same += ["-F", f"startImage=@{image}", "-F", f"data={data};type=application/json", url]
    return ["curl", *same, "--next", "--http2", *same, "-F", "more="]


@pytest.mark.parametrize("command", [java, node, curl], ids=lambda each: each.__name__)
async def test_submit(
    run: Running, fal: FalStandIn, tmp_path: Path, command: Callable[[str, str, str], list[str]]
) -> None:
    image = tmp_path / "canvas.png"
    image.write_bytes(png())
    async with over_a_socket(run) as address:
        arguments = command(address + SUBMIT, json.dumps(ORDER), str(image))
        if not (program := shutil.which(arguments[0])):
            pytest.skip(f"no {arguments[0]} on PATH")
        client = await asyncio.create_subprocess_exec(
            program, *arguments[1:], stdout=asyncio.subprocess.PIPE
        )
        output, _ = await client.communicate()
    assert [line[:3] for line in output.splitlines()] == [b"202", b"202"]
    assert list(fal.uploads.values()) == [png(), png()]
