"""The operator's scripts, run as processes against a database."""

import asyncio
import os
import sys
from dataclasses import dataclass

from app.database import schema
from app.database.address import Address
from tests.support.database import environment_of
from tests.support.leaks import record_output


@dataclass(frozen=True)
class ScriptResult:
    """A script's exit status and output."""

    status: int
    out: str
    err: str


async def run_script(name: str, *arguments: str, address: Address) -> ScriptResult:
    """Run ``scripts/name.py`` in a process of its own, as an operator does."""
    process = await start_script(name, *arguments, address=address)
    out, err = await process.communicate()
    assert process.returncode is not None
    record_output((out + err).decode())
    return ScriptResult(process.returncode, out.decode(), err.decode())


async def start_script(name: str, *arguments: str, address: Address) -> asyncio.subprocess.Process:
    """Start ``scripts/name.py`` with default settings, except for the address."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"scripts.{name}", *arguments),
        cwd=schema.FOLDER.parent,
        env=os.environ | environment_of(address),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
