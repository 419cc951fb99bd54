"""Runs schemathesis in a process of its own against a service on a real port."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from app import times
from app.api import streams
from app.settings import Settings
from tests.support.leaks import record_output
from tests.support.process import ROOT
from tests.support.service import UNLIMITED_SETTINGS, over_a_socket, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import ADMIN_KEY, token

CONFIG = Path(__file__).with_name("schemathesis.toml")


async def cases_without_a_failure(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str
) -> int:
    """Run every check on every route, and return the number of generated requests."""
    monkeypatch.setattr(times, "STREAM", 0.05)  # so that every stream ends
    monkeypatch.setattr(streams, "SILENCE", 0.05)
    async with (
        FalStandIn(video=small_video()) as fal,
        running(settings.model_copy(update=UNLIMITED_SETTINGS), fal) as run,
        over_a_socket(run) as address,
    ):
        report = await _schemathesis(folder, "run", f"{address}/openapi.json", *options)
        await run.wait_for_background()
        assert await run.audit() == []
    generated = re.search(r"(\d+) generated", report)
    assert generated, report
    return int(generated[1])


async def _schemathesis(folder: Path, *arguments: str) -> str:
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)]
    environment = {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.support.contract.hooks",
        "TOKEN": token(),
        "ADMIN_KEY": ADMIN_KEY,
    }
    process = await asyncio.create_subprocess_exec(
        *program,
        *arguments,
        "--checks=all",
        "--no-color",
        cwd=folder,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = output.decode()
    record_output(text)
    assert process.returncode == 0, text
    return text
