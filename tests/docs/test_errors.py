"""Every row of docs/errors.md comes about, and reads as it is written there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults.forked import Forkery, forkery
from tests.support.faults.place import Place, Trouble
from tests.support.faults.runs import RUNS
from tests.support.faults.starts import STARTS

TROUBLES = STARTS | RUNS
TABLES = Path("docs/errors.md").read_text()
ROW = r"^\| ([a-z0-9-]+) \| (`[^|]+`) \| [^|]+\. \| [^|]+\. \|$"
ROWS = dict(re.findall(ROW, TABLES, re.MULTILINE))
"""What is seen, by the row's name."""


@pytest.fixture(scope="module")
def forked() -> Iterator[Forkery]:
    with forkery() as parent:
        yield parent


def test_every_line_of_the_tables_is_a_row_that_is_brought_about() -> None:
    lines = [line for line in TABLES.splitlines() if line.startswith("| ")]
    assert len(lines) - TABLES.count("| row |") == len(ROWS)
    assert ROWS.keys() == TROUBLES.keys()


def test_the_readme_has_rows_of_the_tables_as_they_stand_there() -> None:
    shown = re.findall(ROW, Path("README.md").read_text(), re.MULTILINE)
    assert len(shown) > 10
    assert dict(shown).items() <= ROWS.items()


@pytest.fixture(scope="module")
def told() -> dict[Trouble, str]:
    """What was said before: some rows come about together."""
    return {}


@pytest.mark.usefixtures("migrated_folder")
@pytest.mark.parametrize("name", ROWS)
async def test_a_row_reads_as_it_is_written(
    name: str,
    tmp_path: Path,
    forked: Forkery,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    told: dict[Trouble, str],
) -> None:
    trouble = TROUBLES[name]
    if trouble not in told:
        told[trouble] = await trouble(Place(tmp_path, forked, request, caplog))
    parts = [re.escape(part) for part in ROWS[name].strip("` ").split("…")]
    assert re.search(".+?".join(parts), told[trouble]), told[trouble]
