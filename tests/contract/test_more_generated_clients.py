"""The other generators: each needs minutes and its own tools, so they run with ``make soak``."""

import json
from pathlib import Path

import pytest

from app.settings import Settings
from tests.contract.generators import TYPESCRIPT, Workshop, needs, workshop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

OPENAPI_GENERATOR = "uvx", "openapi-generator-cli@7.26.0", "generate"
TOLERANT = "disallowAdditionalPropertiesIfNotPresent=false"
NOTICES = ("OpenAPI 3.1 support is still in beta", "Failed to get the schema name: null")
"""Warnings of openapi-generator about every document of OpenAPI 3.1, however small."""
GO_MODULE = "module example.com\n\ngo 1.21\n"


async def generate(shop: Workshop, generator: str, output: str, options: str, *more: str) -> None:
    """Run openapi-generator, which must not warn."""
    given = "-g", generator, "-i", shop.document, "-o", output, "--additional-properties", options
    said = await shop.do(*OPENAPI_GENERATOR, *given, *more)
    warnings = [line for line in said.splitlines() if "WARN" in line or "ERROR" in line]
    assert [line for line in warnings if not any(notice in line for notice in NOTICES)] == []


async def test_hey_api(settings: Settings, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    needs("node", "npm")
    packages = TYPESCRIPT | {"@hey-api/openapi-ts": "0.95.0"}
    async with workshop(settings, tmp_path) as shop:
        await shop.install(pytestconfig.cache.mkdir("npm-hey-api"), packages)
        output = {"path": "generated", "module": {"extension": ".js"}}
        config = json.dumps({"input": shop.document, "output": output})
        (tmp_path / "openapi-ts.config.mjs").write_text(f"export default {config};")
        said = await shop.do("node_modules/.bin/openapi-ts", "-f", "openapi-ts.config.mjs")
        assert "arning" not in said
        shop.take("hey_api.ts", "job.ts")
        await shop.run_typescript()


async def test_orval(settings: Settings, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    needs("node", "npm")
    packages = TYPESCRIPT | {"orval": "7.13.2"}
    async with workshop(settings, tmp_path) as shop:
        await shop.install(pytestconfig.cache.mkdir("npm-orval"), packages)
        service = shop.document.removesuffix("/openapi.json")
        output = {"target": "generated.ts", "client": "fetch", "baseUrl": service}
        config = json.dumps({"video": {"input": shop.document, "output": output}})
        (tmp_path / "orval.config.cjs").write_text(f"module.exports = {config};")
        said = await shop.do("node_modules/.bin/orval", "--config", "./orval.config.cjs")
        assert "arning" not in said
        shop.take("orval.ts", "job.ts")
        await shop.run_typescript()


async def test_openapi_generator_typescript_fetch(
    settings: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    needs("node", "npm", "java")
    async with workshop(settings, tmp_path) as shop:
        await shop.install(pytestconfig.cache.mkdir("npm-typescript"), TYPESCRIPT)
        await generate(shop, "typescript-fetch", "generated", "importFileExtension=.js")
        shop.take("typescript_fetch.ts", "job.ts")
        await shop.run_typescript()


async def test_openapi_generator_python(settings: Settings, tmp_path: Path) -> None:
    needs("java")
    async with workshop(settings, tmp_path) as shop:
        await generate(shop, "python", ".", TOLERANT)
        shop.take("openapi_generator.py", "job.py")
        # The generated package itself is not strict, whatever the document.
        await shop.do("mypy", "--strict", "--follow-imports=silent", "job.py")
        await shop.do("python", "job.py")


async def test_openapi_generator_go(settings: Settings, tmp_path: Path) -> None:
    needs("java", "go")
    async with workshop(settings, tmp_path) as shop:
        options = f"{TOLERANT},withGoMod=false,enumClassPrefix=false"
        await generate(shop, "go", "client", options, "--global-property=apiTests=false")
        (tmp_path / "go.mod").write_text(GO_MODULE)
        shop.take("main.go", "main.go")
        await shop.do("go", "mod", "tidy")
        await shop.do("go", "vet", "./...")
        await shop.do("go", "run", ".")


async def test_openapi_generator_java(settings: Settings, tmp_path: Path) -> None:
    needs("java", "javac", "mvn")
    async with workshop(settings, tmp_path) as shop:
        await generate(shop, "java", ".", TOLERANT, "--library=native")
        shop.take("Main.java", "src/main/java/Main.java")
        goals = "compile", "dependency:build-classpath"
        await shop.do("mvn", "-q", "-DskipTests", *goals, "-Dmdep.outputFile=classpath")
        libraries = (tmp_path / "classpath").read_text()
        await shop.do("java", "-cp", f"target/classes:{libraries}", "Main")


async def test_linters_find_nothing(
    settings: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    needs("node", "npm")
    packages = {"@redocly/cli": "2.77.0", "@stoplight/spectral-cli": "6.16.3"}
    async with workshop(settings, tmp_path) as shop:
        await shop.install(pytestconfig.cache.mkdir("npm-linters"), packages)
        (tmp_path / "rules.yaml").write_text("extends: ['spectral:oas']")
        redocly = "node_modules/.bin/redocly", "lint", shop.document, "--format=json"
        assert '"warnings": 0' in await shop.do(*redocly)
        spectral = "node_modules/.bin/spectral", "lint", shop.document, "-r", "rules.yaml"
        await shop.do(*spectral, "--fail-severity=hint")
