"""Run measurements; without names run all and write docs/bench.md."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest

from scripts.bench.figure import HEAD, Figure
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
TABLE = Path("docs") / "bench.md"

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
    outcomes = [_rows(name) for name in names]
    if tuple(names) == NAMES:
        facts = "\n".join(f"- {name}: {fact}" for name, fact in machine.items())
        table = "\n".join([HEAD, *(row for rows, _ in outcomes for row in rows)])
        TABLE.write_text(f"# Measurements\n\n{facts}\n\n{table}\n")
    return 0 if all(is_complete for _, is_complete in outcomes) else 1


def _rows(name: str) -> tuple[list[str], bool]:
    """Print and return the rows of a measurement, and whether it came to its end."""
    rows: list[str] = []
    try:
        for figure in _measured(name):
            rows.append(figure.to_row())
            print(rows[-1], flush=True)
    except (SystemExit, pytest.skip.Exception) as missing:  # the tests' servers skip
        reason = str(missing)
    except Exception as error:  # noqa: BLE001 any: it must cost no other's figures
        traceback.print_exc()
        reason = type(error).__name__
    else:
        return rows, True
    rows.append(f"| {name}: not measured to its end | {reason} | | | | |")
    print(rows[-1], flush=True)
    return rows, False


def _measured(name: str) -> Iterator[Figure]:
    measure = cast("Measure", importlib.import_module(f"scripts.bench.{name}").measure)
    with TemporaryDirectory(prefix="bench-") as folder:
        yield from measure(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
