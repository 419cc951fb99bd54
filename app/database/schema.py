"""The files of ``schema/`` and the transactions that apply them.

``schema/NNN_name.surql`` are migrations, immutable once released. ``schema/functions/*.surql``,
``schema/access/*.surql`` (who may do what) and ``schema/templates/*.json`` are applied again
whenever they change; a template is deleted with its file. The table ``migration`` has the path and
the checksum of each applied file, the tables that it defines, the checksums that it replaced, and
the release that applied it. A release is the number of migrations plus the number in
``schema/release.txt``, which is raised when functions, access or templates change without a
migration. A checkout is older than the database if its release is lower, or if the database has
replaced one of its files within the same release.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from app.errors import ConfigurationError
from app.templates.template import Template

FOLDER = Path(__file__).parents[2] / "schema"
GUARD = "backfill_incomplete"
"""Thrown by a migration if rows still lack the field that it makes required."""
ALREADY_APPLIED = "already_applied"
"""Thrown by a file's transaction if the database has the file."""
NEWER_DATABASE = "newer_database"
"""Thrown by a file's transaction if a newer release has migrated the database."""
REMOVED = ""
"""The recorded checksum of a file that was removed."""

_NAME = re.compile(
    r"(?P<number>\d{3})_\w+\.surql|(functions|access)/\w+\.surql|templates/[a-z0-9-]+\.json"
)
_NOT_CODE = re.compile(
    r"--[^\n]*|//[^\n]*|#[^\n]*|/\*.*?\*/"
    r"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`|⟨[^⟩]*⟩",
    re.DOTALL,
)
_OWN_TRANSACTION = re.compile(r"(?:^|[;}])\s*(BEGIN|COMMIT|CANCEL)\b", re.IGNORECASE)
_DEFINED = re.compile(r"DEFINE (TABLE|FUNCTION) (?:OVERWRITE |IF NOT EXISTS )?([\w:]+)")

_DEFINE_LEDGER = """
DEFINE TABLE IF NOT EXISTS migration SCHEMAFULL;
DEFINE FIELD IF NOT EXISTS checksum ON migration TYPE string;
DEFINE FIELD IF NOT EXISTS applied_at ON migration TYPE datetime VALUE time::now();
DEFINE FIELD IF NOT EXISTS release ON migration TYPE option<int>;
DEFINE FIELD IF NOT EXISTS replaced ON migration TYPE option<array<string>>;
DEFINE FIELD IF NOT EXISTS tables ON migration TYPE option<array<string>>;
"""
_REQUIRE_UNAPPLIED = """
LET $recorded = SELECT * FROM ONLY type::record('migration', $file.name);
IF $recorded.checksum = $file.checksum { THROW 'already_applied' };
IF (SELECT VALUE id FROM migration WHERE release > $file.release LIMIT 1) != []
  OR ($recorded.release = $file.release AND $file.checksum IN ($recorded.replaced ?? [])) {
  THROW 'newer_database'
};
"""
_CREATE = """CREATE type::record('migration', $file.name) SET
  checksum = $file.checksum, release = $file.release, tables = $file.tables;
"""
_UPSERT = """UPSERT type::record('migration', $file.name) SET
  checksum = $file.checksum, release = $file.release, tables = $file.tables,
  replaced = array::complement(
    array::union($recorded.replaced ?? [],
      IF $recorded = NONE { [] } ELSE { [$recorded.checksum] }),
    [$file.checksum]);
"""
_PUT_TEMPLATE = "UPSERT type::record('template', $file.slug) CONTENT $file.row"
_DROP_TEMPLATE = "DELETE type::record('template', $file.slug)"
_JOBS = "001_video_job.surql"
# A flexible field can only be defined in a table that is SCHEMAFULL at that moment.
_KEEP_SCHEMALESS = """
LET $schemaless = (INFO FOR DB STRUCTURE).tables[WHERE name = 'video_job'][0].schemafull = false;
IF $schemaless {{ ALTER TABLE video_job SCHEMAFULL }};
{0};
IF $schemaless {{ ALTER TABLE video_job SCHEMALESS }};
"""


@dataclass(frozen=True, kw_only=True)
class SchemaFile:
    """One file, and the statements that apply and record it.

    ``checksum`` is ``REMOVED`` for a file that was removed; its statements delete what it defined.
    ``release`` is that of the checkout.
    """

    name: str
    checksum: str
    release: int = 0
    statements: str = field(repr=False, compare=False)
    row: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path, name: str) -> Self:
        """Read a file.

        Raises:
            ConfigurationError: it contains its own transaction, or is not a template.

        """
        content = path.read_bytes()
        checksum, text = hashlib.sha256(content).hexdigest(), content.decode()
        if name.startswith("templates/"):
            row = _read_template(text, name)
            return cls(name=name, checksum=checksum, statements=_UPSERT + _PUT_TEMPLATE, row=row)
        if own := _OWN_TRANSACTION.search(_NOT_CODE.sub(" ", text)):
            raise ConfigurationError(
                f"schema/{name} contains {own[1].upper()}: each file is already one transaction"
            )
        if name == _JOBS:
            text = _KEEP_SCHEMALESS.format(text)
        entry = _UPSERT if "/" in name else _CREATE
        return cls(name=name, checksum=checksum, statements=entry + text)

    @classmethod
    def removed(cls, name: str, release: int) -> Self:
        """Return the file of a recorded name that is no longer in ``schema/``."""
        content = _DROP_TEMPLATE if name.startswith("templates/") else ""
        return cls(name=name, checksum=REMOVED, release=release, statements=_UPSERT + content)

    @property
    def is_migration(self) -> bool:
        return "/" not in self.name

    @property
    def is_guarded(self) -> bool:
        """It fails until the backfill has filled every row."""
        return f"THROW '{GUARD}'" in self.statements

    @property
    def tables(self) -> set[str]:
        return self._defined("TABLE")

    @property
    def functions(self) -> set[str]:
        return self._defined("FUNCTION")

    @property
    def parameters(self) -> dict[str, Any]:
        """The value of ``$file`` in its statements."""
        slug = Path(self.name).stem
        return {
            "name": self.name,
            "checksum": self.checksum,
            "release": self.release,
            "slug": slug,
            "row": self.row,
            "tables": sorted(self.tables),
        }

    def _defined(self, kind: str) -> set[str]:
        code = _NOT_CODE.sub(" ", self.statements)
        return {name for found, name in _DEFINED.findall(code) if found == kind}


def load(folder: Path = FOLDER) -> list[SchemaFile]:
    """Return migrations, functions, access and templates in the order of their application.

    Raises:
        ConfigurationError: a file has a wrong name or number, or cannot be used.

    """
    paths = [
        *sorted(folder.glob("*.surql")),
        *sorted(folder.glob("functions/*.surql")),
        *sorted(folder.glob("access/*.surql")),
        *sorted(folder.glob("templates/*.json")),
    ]
    files, numbers = [], []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        matched = _NAME.fullmatch(name)
        if matched is None:
            raise ConfigurationError(f"schema/{name}: name a migration like 003_what_it_does.surql")
        if matched["number"]:
            numbers.append(int(matched["number"]))
        files.append(SchemaFile.read(path, name))
    if numbers != list(range(1, len(numbers) + 1)):
        raise ConfigurationError(f"{folder}: number migrations 001, 002, 003 without a gap")
    release = len(numbers) + int((folder / "release.txt").read_text())
    return [replace(file, release=release) for file in files]


def transaction(
    files: Sequence[SchemaFile], *, begin: str, end: str
) -> tuple[str, list[dict[str, Any]]]:
    """Return one transaction over the files, and the value of its parameter ``$files``.

    Each file is taken unchanged and ends with a line break, so that a comment in its last line
    does not hide the statement that follows.
    """
    script = [begin, _DEFINE_LEDGER]
    for index, file in enumerate(files):
        script += [f"LET $file = $files[{index}];", _REQUIRE_UNAPPLIED, file.statements, ";"]
    script.append(end)
    return "\n".join(script), [file.parameters for file in files]


def _read_template(text: str, name: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
        Template.from_row(row, slug=Path(name).stem)
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"schema/{name}: {error}") from error
    return dict(row)
