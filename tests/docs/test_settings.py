"""``docs/settings.md``, ``.env.example`` and ``app/settings.py`` name the same settings."""

import re
from pathlib import Path

from app.settings import Settings

EXAMPLE = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", Path(".env.example").read_text(), re.MULTILINE))
ROW = r"^\| `([A-Z0-9_]+)` \| (?:`([^`|]*)`)? ?\| [^|]+\. \|$"
ROWS = re.findall(ROW, Path("docs/settings.md").read_text(), re.MULTILINE)


def test_every_setting_has_one_row() -> None:
    assert sorted(name for name, _ in ROWS) == sorted(
        name.upper() for name in Settings.model_fields
    )


def test_every_row_has_the_default_of_the_example() -> None:
    assert dict(ROWS) == EXAMPLE
