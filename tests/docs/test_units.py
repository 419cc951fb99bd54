"""The units of systemd are valid, closed to what they do not need, and shown by name."""

import subprocess
from pathlib import Path

import pytest

from tests.support.process import ROOT
from tests.support.programs import required

UNITS = ("video-generation@.service", "surrealdb.service")
MOST_EXPOSED = "20"
"""Of 100; systemd calls up to 20 "OK" and 83 "EXPOSED"."""


def settings_of(unit: str) -> dict[str, str]:
    lines = (ROOT / "docs" / unit).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_exposed_to_little(unit: str, tmp_path: Path) -> None:
    instance = tmp_path / unit.replace("@.", "@8000.")
    instance.write_text((ROOT / "docs" / unit).read_text())
    command = [required("systemd-analyze"), "security", "--offline=true", "--no-pager"]
    rated = subprocess.run(
        [*command, f"--threshold={MOST_EXPOSED}", instance],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout + rated.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_cannot_take_the_memory_of_the_whole_machine(unit: str) -> None:
    assert settings_of(unit)["MemoryMax"]


def test_the_process_can_read_what_its_metrics_measure() -> None:
    """``ProcSubset=pid`` hides /proc/stat, without which there is no ``process_*`` metric."""
    assert "ProcSubset" not in settings_of(UNITS[0])


def test_the_journal_names_the_instance() -> None:
    assert settings_of(UNITS[0])["SyslogIdentifier"] == "video-generation@%i"
