"""The files of a recipe in ``docs/integrate.md``: the tests run what the reader copies."""

import re

from tests.support.process import ROOT

_CHAPTER = re.compile(r"^## ", re.MULTILINE)
_FILE = re.compile(
    r"^```\w+\n(?://|<!--) ([\w./-]+\.\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def recipe(title: str) -> dict[str, str]:
    """Return the files of the chapter with this title, by their paths."""
    chapters = _CHAPTER.split((ROOT / "docs" / "integrate.md").read_text("utf-8"))
    [chapter] = [text for text in chapters if text.startswith(f"{title}\n")]
    return dict(_FILE.findall(chapter))
