"""``docs/compose.yml`` with the settings of its example, as an operator has filled it in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.process import ROOT

FILE = ROOT / "docs/compose.yml"
EXAMPLE = ROOT / "docs/compose.env.example"
VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::?(?P<kind>[-?])(?P<default>[^}]*))?\})"
)
GIVEN = {
    "FAL_KEY": "key-id:key-secret",
    "AUTH_JWT_SECRET": "a secret of more than 32 characters",
}
"""What the operator adds to the example."""


def example() -> dict[str, str]:
    """Return the settings of the example; each generated password is another one."""
    lines = EXAMPLE.read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    generated = {name: f"{name.lower()}123" for name, text in found.items() if text == "GENERATED"}
    return found | generated | GIVEN


def stack(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the file as Compose understands it: with its variables replaced."""

    def replace(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        value = settings.get(found["name"], "")
        if not value and found["kind"] == "?":
            raise ValueError(f"{found['name']} is required")
        return value or found["default"] or ""

    def filled(node: Any) -> Any:
        match node:
            case str():
                return VARIABLE.sub(replace, node)
            case list():
                return [filled(each) for each in node]
            case dict():
                return {key: filled(value) for key, value in node.items()}
        return node

    document: dict[str, Any] = filled(yaml.safe_load(FILE.read_text()))
    for service in document["services"].values():
        environment = service.get("environment", {})
        given = {name: settings[name] for name in environment if settings.get(name)}
        service["environment"] = {
            name: given.get(name) if value is None else value
            for name, value in environment.items()
            if value is not None or name in given
        }
    return document


def variables() -> set[str]:
    """Return the variables that the file names in ``${…}``."""
    return {found["name"] for found in VARIABLE.finditer(FILE.read_text()) if found["name"]}


def file_of(stack: dict[str, Any], config: str) -> Path:
    """Return the file of a config that has one."""
    return FILE.parent / str(stack["configs"][config]["file"])
