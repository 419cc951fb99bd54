"""Generates clients from a running service, and runs a whole job with them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copyfile, which

import pytest

from app.settings import Settings
from tests.support.service import UNLIMITED_SETTINGS, over_a_socket, png, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import token

CLIENTS = Path(__file__).parent / "clients"
BIN = Path(sys.executable).parent
TYPESCRIPT = {"typescript": "5.9.3", "@types/node": "20.19.0"}
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "skipLibCheck": True,
        "target": "ES2022",
        "module": "NodeNext",
        "outDir": "built",
        "types": ["node"],
    },
    "files": ["job.ts"],
}


class Workshop:
    """A folder in which a client is generated, built and run against the service."""

    def __init__(self, folder: Path, service: str) -> None:
        self.folder = folder
        self.document = f"{service}/openapi.json"
        self._environment = {"SERVICE": service, "TOKEN": token()}
        (folder / "canvas.png").write_bytes(png())

    def take(self, client: str, name: str) -> None:
        """Copy a program from ``clients`` to the folder."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(CLIENTS / client, target)

    async def do(self, *command: str | Path) -> str:
        """Run a command in the folder, which must succeed; return what it says."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=os.environ | self._environment | {"PATH": f"{BIN}:{os.environ['PATH']}"},
            stdin=asyncio.subprocess.DEVNULL,
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
        assert process.returncode == 0, text
        return text

    async def install(self, modules: Path, packages: dict[str, str]) -> None:
        """Link npm packages into the folder; ``modules`` keeps them for the next run."""
        manifest = json.dumps({"private": True, "type": "module", "dependencies": packages})
        (self.folder / "package.json").write_text(manifest)
        kept = modules / "package.json"
        if not kept.exists() or kept.read_text() != manifest:
            options = "--no-audit", "--no-fund", "--no-package-lock", "--silent"
            command = "npm", "install", *options, "--prefix", str(modules)
            await self.do(*command, *(f"{name}@{version}" for name, version in packages.items()))
            kept.write_text(manifest)
        (self.folder / "node_modules").symlink_to(modules / "node_modules")

    async def run_typescript(self) -> None:
        """Compile ``job.ts`` strictly, and run it."""
        (self.folder / "tsconfig.json").write_text(json.dumps(TSCONFIG))
        await self.do("node_modules/.bin/tsc")
        await self.do("node", "built/job.js")


@asynccontextmanager
async def workshop(settings: Settings, folder: Path) -> AsyncIterator[Workshop]:
    """Run a service on a real port, and a fal that completes each job."""
    async with (
        FalStandIn(video=small_video()) as fal,
        running(settings.model_copy(update=UNLIMITED_SETTINGS), fal) as run,
        over_a_socket(run) as address,
    ):
        yield Workshop(folder, address)
        await run.wait_for_background()
        assert await run.audit() == []


def needs(*programs: str) -> None:
    """Skip the test if a program is missing."""
    if missing := [name for name in programs if which(name) is None]:
        pytest.skip(f"install {' and '.join(missing)}")
