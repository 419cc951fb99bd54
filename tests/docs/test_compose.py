"""``docs/compose.yml``: a valid file whose containers get what they need and no more."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from app.settings import Settings
from tests.support.process import ROOT
from tests.support.stack import EXAMPLE, FILE, example, file_of, stack, variables

STACK = stack(example())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
PASSWORDS = [name for name, value in example().items() if value.endswith("123")]
SET_BY_THE_IMAGE = {"HOST", "PORT"}
LEFT_AT_THEIR_DEFAULTS = {
    "STORAGE_DIR",
    "SURREAL_DATABASE",
    "SURREAL_NAMESPACE",
}


def test_it_fits_the_specification_of_compose() -> None:
    PyCompose.from_yaml(yaml.safe_dump(STACK)).validate()


def test_a_misspelt_name_does_not_fit() -> None:
    """Otherwise the test above would prove nothing."""
    with pytest.raises(ValueError, match="helthcheck"):
        PyCompose.from_yaml(yaml.safe_dump(STACK).replace("healthcheck", "helthcheck"))


def test_every_variable_is_in_the_example_and_every_required_one_is_required() -> None:
    passed_on = {name for name in example() if name not in variables()}
    assert variables() <= example().keys()
    assert passed_on <= {name.upper() for name in Settings.model_fields}
    with pytest.raises(ValueError, match="FAL_KEY is required"):
        stack(example() | {"FAL_KEY": ""})


def test_the_guide_makes_the_settings_and_each_password_is_another_one(tmp_path: Path) -> None:
    guide = (ROOT / "docs/containers.md").read_text()
    (loop,) = re.findall(r"^\(umask 077; while .*?^done .*?\)$", guide, re.DOTALL | re.MULTILINE)
    (tmp_path / "docs").mkdir()
    shutil.copy(EXAMPLE, tmp_path / "docs")
    subprocess.run(["/bin/bash", "-ec", loop], cwd=tmp_path, check=True)
    lines = (tmp_path / "docs/.env").read_text().splitlines()
    made = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    assert made.keys() == example().keys()
    assert (tmp_path / "docs/.env").stat().st_mode & 0o077 == 0
    assert len({made[name] for name in PASSWORDS}) == len(PASSWORDS)
    assert min(len(made[name]) for name in PASSWORDS) == 48


def test_every_image_has_a_version_and_can_be_pinned_by_its_digest() -> None:
    pinned = stack(example() | {name: "@sha256:1" for name in variables() if "DIGEST" in name})
    images = {service["image"] for service in pinned["services"].values()}
    images.discard("video-generation:current")  # built here
    images |= {pinned["services"]["migrate"]["build"]["args"]["PYTHON"]}
    assert len(images) == 6
    assert [image for image in images if not re.search(r":v?\d[\w.-]+@sha256:1$", image)] == []


def test_the_service_gets_every_setting() -> None:
    declared = yaml.safe_load(FILE.read_text())["services"]["service-1"]["environment"].keys()
    assert {name.upper() for name in Settings.model_fields} - declared == (
        SET_BY_THE_IMAGE | LEFT_AT_THEIR_DEFAULTS
    )


def test_both_services_differ_in_their_address_and_folder_only() -> None:
    first, second = SERVICES["service-1"], SERVICES["service-2"]
    assert {key for key in first if first[key] != second[key]} == {"networks", "volumes"}
    assert first["networks"] != second["networks"]
    assert first["volumes"][0] != second["volumes"][0]


def test_no_file_has_a_password_and_each_container_gets_its_own_only() -> None:
    assert re.findall(r"^(\w+)=GENERATED$", EXAMPLE.read_text(), re.MULTILINE) == PASSWORDS
    known = {name: set[str]() for name in PASSWORDS}
    for container, service in SERVICES.items():
        contents = [
            STACK["configs"][each["source"]].get("content", "")
            for each in service.get("configs", [])
        ]
        text = json.dumps(service) + "".join(contents)
        for name in PASSWORDS:
            if example()[name] in text:
                known[name].add(container)
    services = {"service-1", "service-2"}
    assert known == {
        "ROOT_PASSWORD": {"database", "migrator-user", "service-user"},
        "MIGRATOR_PASSWORD": {"migrator-user", "migrate"},
        "SERVICE_PASSWORD": {"service-user", *services},
        "STORAGE_ACCESS_KEY": {"storage", *services},
        "STORAGE_SECRET_KEY": {"storage", *services},
        "GRAFANA_PASSWORD": {"grafana"},
    }


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports.pop("proxy") == ["80:80", "443:443"]
    assert [each for ports in ports.values() for each in ports if "127.0.0.1:" not in each] == []


def test_no_container_has_more_rights_than_it_needs() -> None:
    for service in SERVICES.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    writable = {name for name, service in SERVICES.items() if not service["read_only"]}
    assert writable == {"migrator-user", "service-user", "proxy"}


def test_a_container_with_content_is_not_read_only() -> None:
    """Compose copies ``content`` into the container, and fails if that is read-only."""
    for service in SERVICES.values():
        names = [each["source"] for each in service.get("configs", [])]
        if any("content" in STACK["configs"][name] for name in names):
            assert not service["read_only"]


def test_a_stop_leaves_the_service_its_time() -> None:
    for name in ("service-1", "service-2"):
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= 25


def test_grafana_gets_the_dashboard_and_a_source_for_it() -> None:
    (source,) = yaml.safe_load(file_of(STACK, "grafana-datasource").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load(file_of(STACK, "grafana-dashboards").read_text())["providers"]
    targets = {each["source"]: each["target"] for each in SERVICES["grafana"]["configs"]}
    assert targets["dashboard"].startswith(f"{provider['options']['path']}/")
    assert json.loads(file_of(STACK, "dashboard").read_text())["panels"]
