"""Clients are generated without a warning, compile strictly, and run a whole job."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.contract.generators import TYPESCRIPT, needs, workshop

pytestmark = pytest.mark.timeout(600)  # npm installs packages

OPENAPI_PYTHON_CLIENT = """\
content_type_overrides:
  video/mp4: application/octet-stream
  "*/*": application/octet-stream
"""


async def test_openapi_python_client(settings: Settings, tmp_path: Path) -> None:
    async with workshop(settings, tmp_path) as shop:
        (tmp_path / "config.yaml").write_text(OPENAPI_PYTHON_CLIENT)
        package = "video_generation_client"
        command = "openapi-python-client", "generate", "--url", shop.document
        said = await shop.do(
            *command, "--config", "config.yaml", "--meta", "none",
            "--output-path", package, "--fail-on-warning",
        )  # fmt: skip
        assert "arning" not in said
        shop.take("openapi_python_client.py", "job.py")
        # Its own client.py, the same for every document, is not strict.
        strict = "mypy", "--strict", "--follow-imports=silent", "--cache-dir=cache"
        await shop.do(*strict, "job.py", f"{package}/models", f"{package}/api")
        await shop.do("python", "job.py")


async def test_openapi_typescript_with_openapi_fetch(
    settings: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    needs("node", "npm")
    packages = TYPESCRIPT | {"openapi-typescript": "7.13.0", "openapi-fetch": "0.17.0"}
    async with workshop(settings, tmp_path) as shop:
        await shop.install(pytestconfig.cache.mkdir("npm-openapi-fetch"), packages)
        program = "node_modules/.bin/openapi-typescript"
        said = await shop.do(program, shop.document, "--output", "generated.ts")
        assert "arn" not in said
        shop.take("openapi_fetch.ts", "job.ts")
        await shop.run_typescript()
