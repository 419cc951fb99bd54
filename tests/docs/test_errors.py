"""Provokes every row of ``docs/errors.md`` and compares its message with the output."""

import re
from pathlib import Path

import pytest

from tests.support.faults.runtime import RUNTIME_FAULTS
from tests.support.faults.sandbox import Fault, Sandbox
from tests.support.faults.start_warnings import START_WARNINGS
from tests.support.faults.startup import STARTUP_FAULTS

FAULTS = STARTUP_FAULTS | START_WARNINGS | RUNTIME_FAULTS
TABLES, _ = Path("docs/errors.md").read_text().split("## Lines of the log, all of them")
ROW = r"^\| ([a-z0-9-]+) \| (`[^|]+`) \| [^|]+\. \| [^|]+\. \|$"
MESSAGES = dict(re.findall(ROW, TABLES, re.MULTILINE))
"""The message of each row, by the row's name."""


def test_every_line_of_the_tables_is_a_row_with_a_fault() -> None:
    lines = [line for line in TABLES.splitlines() if line.startswith("| ")]
    assert len(lines) - TABLES.count("| row |") == len(MESSAGES)
    assert MESSAGES.keys() == FAULTS.keys()


def test_the_readme_links_to_the_tables_and_copies_no_row() -> None:
    readme = Path("README.md").read_text()
    assert "(docs/errors.md)" in readme
    assert re.findall(ROW, readme, re.MULTILINE) == []


@pytest.fixture(scope="module")
def outputs() -> dict[Fault, str]:
    """The output of each fault that has run; several rows may share a fault."""
    return {}


@pytest.mark.usefixtures("migrated_folder")
@pytest.mark.parametrize("name", MESSAGES)
async def test_a_fault_shows_the_message_of_its_row(
    name: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    outputs: dict[Fault, str],
) -> None:
    fault = FAULTS[name]
    if fault not in outputs:
        outputs[fault] = await fault(Sandbox(tmp_path, request, caplog))
    parts = [re.escape(part) for part in MESSAGES[name].strip("` ").split("…")]
    assert re.search(".+?".join(parts), outputs[fault]), outputs[fault]
