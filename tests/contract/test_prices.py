"""The browser module and the service agree about prices."""

import json
import random
import shutil
import subprocess
from decimal import Decimal
from typing import Any

import pytest

from app.api.presentation import template_json
from app.templates.template import Template
from app.templates.values import Value
from tests.contract.node_project import PACKAGE
from tests.support.templates import choice, template, text

JOBS = 2_000
CHOICES: list[Value] = [
    *("4s", "10", "", "auto", "__proto__", "constructor", "1e21", "ü"),
    *(0, 5, -3, 12, 2**53, 0.5, 1.1, -0.25, 1e-5, 1.5e-7, 4e15, True, False),
]
PROGRAM = f"""
import {{ readFileSync }} from "node:fs";
import {{ priceOf }} from "{(PACKAGE / "video-generation.js").as_uri()}";

const jobs = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(jobs.map(([template, variables]) => priceOf(template, variables))));
"""


def any_factor(dice: random.Random) -> Any:
    """Return a number of up to 15 digits as a file, or a row with decimals, holds it."""
    digits, places = dice.randrange(1, 10 ** dice.randint(1, 15)), dice.randint(0, 18)
    factor = Decimal(digits).scaleb(-places).min(Decimal(1000))
    return dice.choice([float(factor), factor])


def any_template(dice: random.Random) -> Template:
    variables, factors = [text("line")], {}
    for name in dice.sample(["duration", "size", "toString"], dice.randint(0, 3)):
        choices = dice.sample(CHOICES, dice.randint(2, 6))
        default = dice.choice([None, choices[0]])
        variables.append(choice(name, *choices, default=default))
        named = [each for each in choices[1:] if dice.random() < 0.7]
        factors[name] = {js_name(each): any_factor(dice) for each in named}
    return template(*variables, credits=dice.randrange(10**4), factors=factors)


def js_name(value: Value) -> str:
    names: dict[Value, str] = {1.5e-7: "1.5e-7", 1e-5: "0.00001", 4e15: "4000000000000000"}
    return json.dumps(value) if isinstance(value, bool) else names.get(value, str(value))


def test_the_module_and_the_service_agree_about_the_price_of_any_job() -> None:
    program = shutil.which("node")
    if program is None:
        pytest.skip("install Node.js 20 or newer")
    dice = random.Random("prices")  # noqa: S311 no secret
    jobs, expected = [], []
    for _ in range(JOBS):
        given = any_template(dice)
        chosen = {
            each.name: dice.choice(each.choices)
            for each in given.variables
            if each.type == "choice" and dice.random() < 0.8
        }
        jobs.append([template_json(given), chosen])
        expected.append(given.price(given.check_variables(chosen)))
    node = subprocess.run(
        [program, "--input-type=module", "--eval", PROGRAM],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert node.returncode == 0, node.stderr
    assert json.loads(node.stdout) == expected
    assert len(set(expected)) > JOBS / 10
