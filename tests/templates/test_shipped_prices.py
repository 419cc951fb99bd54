"""What the shipped templates cost, held against fal's prices in ``docs/prices.md``."""

import json
import re
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from app.templates.template import Template
from app.templates.values import Value
from app.templates.variables import ChoiceVariable

DOCUMENT = Path("docs/prices.md").read_text()
SHIPPED = sorted(Path("schema/templates").glob("*.json"))
ANY = "any"


def read(path: Path) -> Template:
    return Template.from_row(json.loads(path.read_text()), slug=path.stem)


def prices_of_fal() -> dict[tuple[str, ...], Decimal]:
    """Return USD a second by model, resolution and sound."""
    rows = re.findall(r"^\| `(\S+)` \| (\S+) \| (\S+) \| ([0-9.]+) \|", DOCUMENT, re.MULTILINE)
    return {(model, size, sound): Decimal(usd) for model, size, sound, usd in rows}


def worth_of_a_credit() -> Decimal:
    (usd,) = re.findall(r"at least \*\*([0-9.]+) USD\*\*", DOCUMENT)
    return Decimal(usd)


def jobs_of(template: Template) -> list[dict[str, Value]]:
    """Return the variables of a job for each combination of choices; None stands for no choice."""
    choices = {
        each.name: (*each.choices, *((None,) if not each.required and each.default is None else ()))
        for each in template.variables
        if isinstance(each, ChoiceVariable)
    }
    jobs = [dict(zip(choices, chosen, strict=True)) for chosen in product(*choices.values())]
    return [{name: value for name, value in job.items() if value is not None} for job in jobs]


def cost_of(template: Template, values: dict[str, Value]) -> Decimal:
    """Return what fal asks for the job, in USD."""
    arguments = template.fal_arguments(values, image_url="https://image")
    size, sound = arguments.get("resolution", ANY), arguments.get("generate_audio", True)
    seconds = int(str(arguments["duration"]).removesuffix("s"))
    prices = prices_of_fal()
    keys = set(product([template.fal_model], [size, ANY], ["yes" if sound else "no", ANY]))
    (per_second,) = [prices[key] for key in keys & prices.keys()]
    return per_second * seconds


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_video_costs_the_operator_more_than_its_user_pays(path: Path) -> None:
    shipped = read(path)
    for values in jobs_of(shipped):
        paid = shipped.price(values) * worth_of_a_credit()
        assert paid >= cost_of(shipped, values), values


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_shipped_template_names_its_model_and_the_side_of_its_start_image(path: Path) -> None:
    shipped = read(path)
    assert shipped.model_name
    assert shipped.start_side
