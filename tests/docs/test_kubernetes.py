"""``docs/kubernetes/``: manifests that Kubernetes takes, for the process that they run."""

import asyncio
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.settings import Settings
from scripts.migrate import migrate
from tests.support.container import stages
from tests.support.database import connected, surreal_server
from tests.support.deployment import as_migrator, create_database
from tests.support.machine import Machine
from tests.support.process import ROOT

FOLDER = ROOT / "docs/kubernetes"
VERSIONS = ("1.30", "1.34")
"""The first with ``sleep`` before a stop, and a newer one."""
Manifest = dict[str, Any]
SECRET_FILES = {"Deployment": "service.env", "Job": "migrator.env"}
FAL_KEY = "key-id:key-secret"


def manifests() -> Iterator[Manifest]:
    for name in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


def the(kind: str) -> Manifest:
    (found,) = (each for each in manifests() if each["kind"] == kind)
    return found


def pod(kind: str) -> Manifest:
    spec: Manifest = the(kind)["spec"]["template"]["spec"]
    return spec


def container(kind: str) -> Manifest:
    (found,) = pod(kind)["containers"]
    return dict(found)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_manifest(version: str) -> None:
    for manifest in manifests():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_misspelt_name_is_not_taken() -> None:
    """Otherwise the test above would prove nothing."""
    deployment = the("Deployment")
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 30
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[0], strict=True)


def test_kustomize_builds_every_file() -> None:
    files = {path.name for path in FOLDER.iterdir()}
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert files == {*named, "kustomization.yaml", "settings.env"}
    if kubectl := shutil.which("kubectl"):  # Debian's is too old
        built = subprocess.run(
            [kubectl, "kustomize", FOLDER], capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
        kinds = [each["kind"] for each in yaml.safe_load_all(built.stdout)]
        assert sorted(kinds) == sorted([*(each["kind"] for each in manifests()), "ConfigMap"])


def test_no_secret_is_in_a_file() -> None:
    assert "Secret" not in {each["kind"] for each in manifests()}
    secrets = {
        name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field)
    }
    assert secrets >= {"FAL_KEY", "SURREAL_PASSWORD", "R2_SECRET_ACCESS_KEY"}
    text = "".join(path.read_text() for path in FOLDER.iterdir())
    assert [name for name in secrets if re.search(rf"\b{name}\b", text)] == []


def test_each_process_gets_its_own_secret_and_the_settings() -> None:
    settings = {"configMapRef": {"name": "video-generation"}}
    for kind, secret, level in (
        ("Deployment", "video-generation", "record"),
        ("Job", "video-generation-migrator", "database"),
    ):
        sources = [{"secretRef": {"name": secret}}]
        assert container(kind)["envFrom"] == [settings] * (kind == "Deployment") + sources
        assert {"name": "SURREAL_USER_LEVEL", "value": level} in container(kind)["env"]
    lines = (FOLDER / "settings.env").read_text().splitlines()
    named = {line.partition("=")[0].lower() for line in lines}
    assert named <= Settings.model_fields.keys()


def assignments(lines: Iterable[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.mark.parametrize("kind", SECRET_FILES)
def test_each_process_takes_the_settings_that_it_gets(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (ROOT / "docs/containers.md").read_text()
    secret = guide.partition(f"cat > {SECRET_FILES[kind]} <<END\n")[2].partition("\nEND\n")[0]
    filled = {name: value or FAL_KEY for name, value in assignments(secret.splitlines()).items()}
    image = (part for name, rest in stages()[-1] if name == "ENV" for part in shlex.split(rest))
    settings = assignments((FOLDER / "settings.env").read_text().splitlines())
    settings["EVENTS_URL"] = "https://shop.example/events"  # needs a secret of the service
    if kind == "Deployment":
        filled |= settings | {"EVENTS_SECRET": f"whsec_{'A' * 32}"}
    own = {
        each["name"]: each.get("value") or settings[each["valueFrom"]["configMapKeyRef"]["key"]]
        for each in container(kind)["env"]
    }
    for name, value in (assignments(image) | filled | own).items():
        if name.lower() in Settings.model_fields:
            monkeypatch.setenv(name, value)
    taken = Settings()
    assert taken.surreal_user == {"Deployment": "video-1", "Job": "migrator"}[kind]
    assert (taken.r2_bucket is None) == (kind == "Job")


def test_the_processes_have_no_more_rights_than_they_need() -> None:
    (user,) = (rest for name, rest in stages()[-1] if name == "USER")
    for kind in ("Deployment", "Job"):
        rights = pod(kind)["securityContext"]
        assert f"{rights['runAsUser']}:{rights['runAsGroup']}" == user
        assert rights["runAsNonRoot"]
        assert not pod(kind)["automountServiceAccountToken"]
        assert container(kind)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_folder_for_deliveries_holds_as_many_as_there_can_be() -> None:
    (folder,) = (each for each in container("Deployment")["env"] if each["name"] == "TMPDIR")
    (mount,) = (
        each
        for each in container("Deployment")["volumeMounts"]
        if each["mountPath"] == folder["value"]
    )
    (volume,) = (each for each in pod("Deployment")["volumes"] if each["name"] == mount["name"])
    size = int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30
    assert size > 8 * Settings.model_fields["max_video_bytes"].default


def test_a_stop_leaves_the_service_its_time() -> None:
    pause = container("Deployment")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod("Deployment")["terminationGracePeriodSeconds"] >= 25 + pause


def test_a_process_that_is_alive_but_cannot_serve_is_not_restarted() -> None:
    service = container("Deployment")
    assert service["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert service["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert service["startupProbe"]["httpGet"]["path"] == "/healthz"


def test_the_ingress_routes_what_callers_need_and_not_what_is_for_operators() -> None:
    (rule,) = the("Ingress")["spec"]["rules"]
    paths = {each["path"]: each["pathType"] for each in rule["http"]["paths"]}
    callers = (
        "/",
        "/api/me",
        "/v/token",
        "/assets/latest/x.js",
        "/docs",
        "/openapi.json",
        "/healthz",
    )

    def is_routed(path: str) -> bool:
        return any(
            path == each if kind == "Exact" else f"{path}/".startswith(f"{each.rstrip('/')}/")
            for each, kind in paths.items()
        )

    assert [path for path in callers if not is_routed(path)] == []
    assert [path for path in ("/metrics", "/readyz") if is_routed(path)] == []
    annotations = the("Ingress")["metadata"]["annotations"]
    nginx = (ROOT / "docs/nginx.conf").read_text()
    assert f"client_max_body_size {annotations['nginx.org/client-max-body-size']};" in nginx
    assert f"proxy_read_timeout {annotations['nginx.org/proxy-read-timeout']};" in nginx


def test_one_process_always_serves() -> None:
    assert the("HorizontalPodAutoscaler")["spec"]["minReplicas"] >= 2
    assert the("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert the("Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = the("Deployment")["spec"]["template"]["metadata"]["labels"]
    for kind in ("PodDisruptionBudget", "Service"):
        selector = the(kind)["spec"]["selector"]
        assert selector.get("matchLabels", selector).items() <= labels.items()
    assert labels.items().isdisjoint(the("Job")["spec"]["template"]["metadata"]["labels"].items())


async def test_the_processes_sign_in_with_what_the_steps_make(tmp_path: Path) -> None:
    """Runs the parts of the steps that need no cluster, in the shell and order of the guide."""
    guide = (ROOT / "docs/containers.md").read_text()
    parts = re.findall(
        r"^(?:cat > service\.env|as_migrator surql) <<END$.*?^END$", guide, re.MULTILINE | re.DOTALL
    )
    assert len(parts) == 2
    with surreal_server(tmp_path / "server") as server:
        machine = Machine(tmp_path)
        machine.install(server)
        address = await create_database(server, name="video")
        async with connected(address) as root, connected(as_migrator(root)) as migrator:
            assert await migrate(migrator) == 0
        ended = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-euc", "\n".join(parts)],
            cwd=tmp_path,
            env=machine.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        secret = dict(re.findall(r"(?m)^(\w+)=(.+)$", (tmp_path / "service.env").read_text()))
        service = replace(
            address,
            user=secret["SURREAL_USER"],
            password=secret["SURREAL_PASSWORD"],
            level="record",
        )
        async with connected(service) as database:
            assert await database.query("SELECT VALUE slug FROM template")
