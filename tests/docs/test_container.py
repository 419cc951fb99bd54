"""The container image: it runs as an unprivileged user and holds only what it needs."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.api.openapi import document
from app.telemetry.build import VERSION
from tests.support.container import Image, stages
from tests.support.leaks import record_output
from tests.support.process import PATIENCE, ROOT, Process
from tests.support.service import SUBMIT, png, submission
from tests.support.sockets import free_port
from tests.support.tokens import SECRET, bearer

ENVIRONMENT = {"HOST": "127.0.0.1", "AUTH_JWT_SECRET": SECRET}
HASH = re.compile(r"sha256:(\w{64})")
SCRIPTS = {"migrate", "backfill", "grant", "audit", "job", "retention"}
COMMANDS = SCRIPTS | {"__init__", "command", "opening"}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    image = Image(tmp_path_factory.mktemp("image"))
    image.build()
    yield image
    if image.stderr.exists():
        record_output(image.stderr.read_text())


@contextmanager
def serving(image: Image) -> Iterator[Process]:
    """Run the image's command, which may write to its data folder only."""
    port = str(free_port())
    popen = image.start(image.command, PORT=port, TMPDIR=str(image.folder / "data"), **ENVIRONMENT)
    try:
        yield Process(popen, image.stderr, image.stderr, f"http://127.0.0.1:{port}")
    finally:
        popen.kill()
        popen.wait()


def succeeds(image: Image, *command: str, **given: str) -> bool:
    return image.start(list(command), **given).wait(PATIENCE) == 0


def is_healthy(image: Image, service: Process) -> bool:
    return succeeds(image, *image.health, PORT=service.url.rpartition(":")[2])


def installed() -> set[str]:
    """Return the packages that the service's requirements install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages, seen = set[str](), set[str]()
    waiting = list[str](project["dependencies"])
    while waiting:
        seen.add(text := waiting.pop())
        requirement = Requirement(text)
        packages.add(name := canonicalize_name(requirement.name))
        for each in map(Requirement, requires(name) or []):
            extras = requirement.extras or {""}
            if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                each.marker = None
                waiting += {str(each)} - seen
    return packages


def uv_pins(path: Path) -> list[tuple[str, str]]:
    """Return each version of uv that the file pins, with its hashes."""
    return re.findall(r"\buv==(\S+)((?: \\\n +--hash=sha256:\w{64})+)", path.read_text())


def imports(source: str) -> Iterator[str]:
    """Yield the packages that the code imports when it runs."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name.partition(".")[0] for alias in node.names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]


def test_an_unprivileged_user_migrates_serves_makes_a_video_and_stops(image: Image) -> None:
    before = image.content
    assert succeeds(image, "python", "-m", "scripts.migrate", **ENVIRONMENT), (
        image.stderr.read_text()
    )
    with serving(image) as service:
        service.until_ready()
        assert is_healthy(image, service)
        with httpx.Client(base_url=service.url, headers=bearer("ada"), timeout=PATIENCE) as ada:
            submitted = ada.post(
                SUBMIT, **submission(png(320, 64), {"templateSlug": "gentle-zoom"})
            ).raise_for_status()
            status = submitted.url.join(submitted.headers["location"])
            service.until(lambda: ada.get(status).json()["status"] == "completed")
        assert service.stop(image.stop) == 0, service.stderr
        assert not is_healthy(image, service)
    assert image.content == before


def test_the_user_is_not_root_and_writes_to_data_only(image: Image) -> None:
    assert image.user == "10001:10001"
    writable = {
        place
        for place in (".", "app", "schema", "scripts", "data")
        if succeeds(image, "touch", f"{place}/file")
    }
    assert writable == {"data"}


def test_it_holds_only_what_the_service_runs(image: Image) -> None:
    assert {path.parts[0] for path in image.content} == {"app", "schema", "scripts"}
    scripts = {path for path in image.content if path.parts[0] == "scripts"}
    assert {path.name.partition(".")[0] for path in scripts} == COMMANDS


def test_its_packages_provide_everything_it_imports(image: Image) -> None:
    packages = installed()
    sources = [path for path in image.content if path.suffix == ".py"]
    imported = {name for path in sources for name in imports((ROOT / path).read_text())}
    third_party = imported - sys.stdlib_module_names - {"app", "scripts"}
    providers = packages_distributions()
    found = {name: {canonicalize_name(each) for each in providers[name]} for name in third_party}
    assert [name for name in third_party if not found[name] & packages] == []


def test_every_package_is_installed_with_its_hash_from_the_lock() -> None:
    commands = [rest for stage in stages() for name, rest in stage if name == "RUN"]
    installer, packages = (rest for rest in commands if re.search(r"\bpip install\b", rest))
    assert "--require-hashes --requirement uv.txt" in installer
    assert "--require-hashes --constraint constraints.txt --extra otel" in packages
    assert packages.endswith("--requirement pyproject.toml")


def test_a_machine_and_the_image_install_the_same_packages() -> None:
    """The extra ``otel`` is among them: each release has a new environment."""
    (line,) = (line for line in (ROOT / "Makefile").read_text().splitlines() if "uv pip i" in line)
    (image,) = (rest for stage in stages() for _, rest in stage if "uv pip install" in rest)
    wanted = re.compile(r"--require-hashes .*")
    assert wanted.findall(line) == wanted.findall(image)


def test_uv_has_the_version_and_hashes_of_the_lock() -> None:
    """The lock has a hash for each platform; the Dockerfile has two of them."""
    (ours,), (locked,) = (uv_pins(ROOT / name) for name in ("Dockerfile", "constraints.txt"))
    assert ours[0] == locked[0]
    assert len(hashes := set(HASH.findall(ours[1]))) == 2
    assert hashes <= set(HASH.findall(locked[1]))


def test_the_openapi_document_and_build_info_have_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document()["info"]["version"] == project["version"] == VERSION


def test_a_change_of_code_does_not_reinstall_packages() -> None:
    packages, service = ([rest for name, rest in stage if name == "COPY"] for stage in stages())
    assert packages == ["constraints.txt pyproject.toml ./"]
    assert service[0].startswith("--from=packages ")
