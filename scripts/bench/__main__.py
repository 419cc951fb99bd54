"""Run measurements; without names run all and write docs/bench.md and docs/bench.json."""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest

from scripts.bench.figure import HEAD, Figure, table
from scripts.bench.machine import describe

NAMES = (
    "polls",
    "load",
    "pollers",
    "submits",
    "jobs",
    "delivery",
    "webhook",
    "playable",
    "streams",
    "scaling",
    "engines",
    "growth",
    "backfill",
    "rendering",
    "start",
    "page",
)
FOLDER = Path("docs")

Measure = Callable[[Path], Iterator[Figure]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    # Without names, argparse checks the empty list itself against the choices.
    parser.add_argument(
        "names", nargs="*", choices=[[], *NAMES], metavar="name", help=f"one of: {', '.join(NAMES)}"
    )
    names = parser.parse_args().names or NAMES
    machine = describe()
    print(HEAD)
    figures = [figure for name in names for figure in _measured(name)]
    if tuple(names) == NAMES:
        _write(machine, figures)
    return 0


def _measured(name: str) -> Iterator[Figure]:
    measure = cast("Measure", importlib.import_module(f"scripts.bench.{name}").measure)
    with TemporaryDirectory(prefix="bench-") as folder:
        try:
            for figure in measure(Path(folder)):
                print(figure.to_row(), flush=True)
                yield figure
        except pytest.skip.Exception as missing:  # the tests' servers skip if a program is missing
            raise SystemExit(f"{name}: {missing}") from None


def _write(machine: dict[str, str], figures: list[Figure]) -> None:
    FOLDER.mkdir(exist_ok=True)
    facts = "\n".join(f"- {name}: {fact}" for name, fact in machine.items())
    (FOLDER / "bench.md").write_text(f"# Measurements\n\n{facts}\n\n{table(figures)}\n")
    shape = {"machine": machine, "figures": [figure.to_json() for figure in figures]}
    (FOLDER / "bench.json").write_text(json.dumps(shape, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
