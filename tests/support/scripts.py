"""The operator's scripts, run as processes against a database."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.database import schema
from app.database.address import Address
from tests.support.database import environment_of
from tests.support.process import forked


@dataclass(frozen=True)
class ScriptResult:
    """A script's exit status and output."""

    status: int
    out: str
    err: str


async def run_script(name: str, *arguments: str, address: Address) -> ScriptResult:
    """Run ``scripts/name.py`` in a process of its own, as an operator does."""

    def run() -> ScriptResult:
        environment = os.environ | environment_of(address)
        with (
            TemporaryDirectory() as folder,
            forked(Path(folder), f"scripts.{name}", *arguments, **environment) as script,
        ):
            return ScriptResult(script.exit_status(), script.stdout, script.stderr)

    with ThreadPoolExecutor(1) as waiting:  # any number of scripts at once
        return await asyncio.get_running_loop().run_in_executor(waiting, run)


async def start_script(name: str, *arguments: str, address: Address) -> asyncio.subprocess.Process:
    """Start ``scripts/name.py`` with default settings, except for the address."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"scripts.{name}", *arguments),
        cwd=schema.FOLDER.parent,
        env=os.environ | environment_of(address),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
