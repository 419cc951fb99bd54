"""``docs/errors.md`` explains every warning and error that the service can write to its log."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.process import ROOT

LEVELS = {"warning", "error", "exception", "critical"}
PLACEHOLDER = re.compile(r"%(?:\.\d)?[a-z]")
DOCUMENT = (ROOT / "docs/errors.md").read_text()
_, _, LAST = DOCUMENT.partition("## Lines of the log, all of them\n")
LOG_TABLE, _, REASONS = LAST.partition("### Reasons\n")
ROW = re.compile(r"^\| ``? ?(.+?) ?``? \| (.+) \| (.+) \|$", re.MULTILINE)


def logged() -> Iterator[str]:
    """Yield the text of every call that logs at these levels, as it stands in the code."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[text, *_]
                ) if level in LEVELS:
                    assert isinstance(text, ast.Constant), f"{path}:{node.lineno}"
                    yield str(text.value)


def shape(text: str) -> str:
    """Return a logged text as the table shows it, with … for each part that varies."""
    return re.sub("(?:…)+", "…", PLACEHOLDER.sub("…", text))


def test_every_warning_and_error_has_one_row() -> None:
    rows = [row[1] for row in ROW.finditer(LOG_TABLE)]
    assert len(rows) == len(LOG_TABLE.strip().splitlines()) - 2, "a line is not a row"
    assert sorted(rows) == sorted({shape(text) for text in logged()})


def test_every_reason_stands_in_the_code() -> None:
    source = "".join(path.read_text() for path in sorted((ROOT / "app").rglob("*.py")))
    reasons = [row[1].strip("… ") for row in ROW.finditer(REASONS)]
    assert len(reasons) >= 5
    assert [reason for reason in reasons if reason not in source] == []


def test_logging_elsewhere_goes_through_the_name_log() -> None:
    sources = [path.read_text() for path in Path(ROOT / "app").rglob("*.py")]
    assert not [source for source in sources if re.search(r"\blogging\.(warning|error)\(", source)]
