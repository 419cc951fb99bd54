"""Only one process runs local fal in a folder."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from pathlib import Path

from tests.local_fal.client import opened
from tests.support.process import PATIENCE

OPENS = """
import asyncio, pathlib, sys
from app.errors import (ConfigurationError)
from app.local_fal import open_local_fal

async def main():
    try:
        async with open_local_fal(pathlib.Path(sys.argv[1])):
            print("open", flush=True)
            await asyncio.Event().wait()
    except ConfigurationError as error:
        print(error, flush=True)

asyncio.run(main())
"""


async def _start(folder: Path) -> tuple[Process, str]:
    """Open local fal in a process of its own; return the process and the line it prints."""
    process = await create_subprocess_exec(
        sys.executable, "-c", OPENS, str(folder), stdout=PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout
    return process, (await process.stdout.readline()).decode().strip()


async def test_a_second_process_in_the_folder_is_refused_until_the_first_has_ended(
    tmp_path: Path,
) -> None:
    first, line = await _start(tmp_path)
    assert line == "open"
    second, line = await _start(tmp_path)
    assert line == (
        f"Another process runs local fal in {tmp_path}. Stop it, or set STORAGE_DIR to another "
        "folder."
    )
    assert await second.wait() == 0
    first.kill()
    await first.communicate()
    async with asyncio.timeout(PATIENCE), opened(tmp_path):
        third, line = await _start(tmp_path)
        assert line.startswith("Another process runs local fal")
        await third.communicate()
