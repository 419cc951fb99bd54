"""The documents name files and rooms that exist, and link to documents that exist."""

import re
from pathlib import Path

import pytest

DOCUMENTS = ("README.md", "docs/architecture.md", "tests/README.md", "docs/operations.md")
PATH = re.compile(r"(?<![\w/.-])(?:app|docs|schema|scripts|tests)/[\w./@-]*[\w/]")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
ROOMS = sorted(path.parent.name for path in Path("app").glob("*/__init__.py"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    paths = set(PATH.findall(Path(document).read_text()))
    assert len(paths) >= 5
    assert [path for path in sorted(paths) if not Path(path).exists()] == []


@pytest.mark.parametrize("document", [*DOCUMENTS, *map(str, Path("docs").glob("*.md"))])
def test_every_link_leads_to_a_file(document: str) -> None:
    folder = Path(document).parent
    links = LINK.findall(Path(document).read_text())
    assert [link for link in links if not (folder / link).exists()] == []


def test_every_room_is_described() -> None:
    described = re.findall(
        r"^\| `app/(\w+)/` \|", Path("docs/architecture.md").read_text(), re.MULTILINE
    )
    assert sorted(described) == ROOMS


def test_every_database_function_that_is_named_exists() -> None:
    schema = "".join(path.read_text() for path in Path("schema/functions").glob("*.surql"))
    named = re.findall(r"fn::\w+::\w+", Path("docs/architecture.md").read_text())
    assert [name for name in named if f"DEFINE FUNCTION OVERWRITE {name}(" not in schema] == []


def test_every_folder_of_tests_is_described() -> None:
    described = Path("tests/README.md").read_text()
    folders = [path.parent for path in Path("tests").glob("*/__init__.py")]
    assert [folder for folder in folders if f"`{folder}/`" not in described] == [
        Path("tests/support")
    ]
