"""Template rows and their variables with defaults that a test may change."""

from typing import Any

from app.templates.template import Template


def template_row(**changes: Any) -> dict[str, Any]:
    row = {
        "title": "Test",
        "description": "",
        "credits": 1,
        "fal_model": "fal-ai/test",
        "image_field": "image_url",
        "prompt": "A prompt",
        "arguments": {},
        "variables": [],
    }
    return row | changes


def template(*variables: Any, slug: str = "test", **changes: Any) -> Template:
    return Template.from_row(template_row(variables=list(variables)) | changes, slug=slug)


def text(name: str = "line", **changes: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": "text", "required": False} | changes


def number(name: str = "seed", **changes: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": "number", "required": False} | changes


def integer(name: str = "seed", **changes: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": "integer", "required": False} | changes


def choice(name: str = "duration", *choices: Any, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": "choice",
        "required": False,
        "choices": list(choices),
    } | changes
