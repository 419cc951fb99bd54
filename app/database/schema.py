"""The schema as files, and how far a database has come with them.

``schema/NNN_name.surql`` are migrations, immutable once released. ``schema/functions/*.surql``,
``schema/access/*.surql`` (who may do what) and ``schema/templates/*.json`` are applied again
whenever they change; a template leaves when its file is gone.
The table ``migration`` remembers each one under its path, with its checksum.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from app.database.client import Database
from app.database.connection import Missing
from app.errors import ConfigurationError
from app.templates.template import Template

FOLDER = Path(__file__).parents[2] / "schema"
GUARD = "backfill_incomplete"
"""What a migration throws while rows still lack what it is going to require."""
MOST_NAMED = 3
"""Files of which a message gives the names; of more, it gives the number."""
ALREADY_APPLIED = "already_applied"
"""What the transaction of a file throws where the ledger has it."""

_NAME = re.compile(
    r"(?P<number>\d{3})_\w+\.surql|(functions|access)/\w+\.surql|templates/[a-z0-9-]+\.json"
)
_NOT_CODE = re.compile(
    r"--[^\n]*|//[^\n]*|#[^\n]*|/\*.*?\*/"
    r"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`|⟨[^⟩]*⟩",
    re.DOTALL,
)
_OWN_TRANSACTION = re.compile(r"(?:^|[;}])\s*(BEGIN|COMMIT|CANCEL)\b", re.IGNORECASE)

_LEDGER = """
DEFINE TABLE IF NOT EXISTS migration SCHEMAFULL;
DEFINE FIELD IF NOT EXISTS checksum ON migration TYPE string;
DEFINE FIELD IF NOT EXISTS applied_at ON migration TYPE datetime VALUE time::now();
"""
_ONCE = """
IF (SELECT VALUE checksum FROM ONLY type::record('migration', $file.name)) = $file.checksum {
  THROW 'already_applied'
};
"""
_CREATE = "CREATE type::record('migration', $file.name) SET checksum = $file.checksum;\n"
_UPSERT = "UPSERT type::record('migration', $file.name) SET checksum = $file.checksum;\n"
_DELETE = "DELETE type::record('migration', $file.name);\n"
_PUT_TEMPLATE = "UPSERT type::record('template', $file.slug) CONTENT $file.row"
_DROP_TEMPLATE = "DELETE type::record('template', $file.slug)"


@dataclass(frozen=True, kw_only=True)
class SchemaFile:
    """One file, and the statements that bring it into a database together with its ledger entry.

    ``checksum`` is None for a file that is gone and whose content leaves the database.
    """

    name: str
    checksum: str | None
    statements: str = field(repr=False, compare=False)
    row: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path, name: str) -> Self:
        """Read a file.

        Raises:
            ConfigurationError: it holds its own transaction, or is no template.

        """
        content = path.read_bytes()
        checksum, text = hashlib.sha256(content).hexdigest(), content.decode()
        if name.startswith("templates/"):
            row = _read_template(text, name)
            return cls(name=name, checksum=checksum, statements=_UPSERT + _PUT_TEMPLATE, row=row)
        if own := _OWN_TRANSACTION.search(_NOT_CODE.sub(" ", text)):
            raise ConfigurationError(
                f"schema/{name} holds {own[1].upper()}: each file is one transaction already"
            )
        entry = _UPSERT if "/" in name else _CREATE
        return cls(name=name, checksum=checksum, statements=entry + text)

    @classmethod
    def gone(cls, name: str) -> Self:
        """Take a ledger entry whose file is no longer there."""
        leave = _DROP_TEMPLATE if name.startswith("templates/") else ""
        return cls(name=name, checksum=None, statements=_DELETE + leave)

    @property
    def is_migration(self) -> bool:
        return "/" not in self.name

    @property
    def is_guarded(self) -> bool:
        """It may have to wait for the backfill."""
        return f"THROW '{GUARD}'" in self.statements

    @property
    def parameters(self) -> dict[str, Any]:
        """What its statements know as ``$file``."""
        slug = Path(self.name).stem
        return {"name": self.name, "checksum": self.checksum, "slug": slug, "row": self.row}


@dataclass(frozen=True, kw_only=True)
class State:
    """How far a database has come. ``faults`` are reasons to leave it alone altogether."""

    applied: tuple[SchemaFile, ...]
    pending: tuple[SchemaFile, ...]
    faults: tuple[str, ...]

    def require_serviceable(self) -> None:
        """Pass where all is applied, or only what waits for the backfill is not.

        Raises:
            ConfigurationError: names what is pending, or what is wrong.

        """
        if self.faults:
            raise ConfigurationError("; ".join(self.faults))
        if missing := [file.name for file in self.pending if not file.is_guarded]:
            files = len(self.applied) + len(self.pending)
            few = len(missing) <= MOST_NAMED
            lacking = ", ".join(missing) if few else f"{len(self.pending)} of {files} files"
            raise ConfigurationError(
                f"the database lacks {lacking} of the schema: run `make migrate`"
            )


async def state(database: Database, folder: Path = FOLDER) -> State:
    """Compare the files with the database's ledger; nothing is written.

    Raises:
        ConfigurationError: the files cannot be used.

    """
    files = load(folder)
    try:  # whoever signs in by record access may not ask which tables there are
        rows = await database.query("SELECT record::id(id) AS name, checksum FROM migration")
    except Missing:
        rows = []
    ledger: dict[str, str] = {row["name"]: row["checksum"] for row in rows}
    gone = [SchemaFile.gone(name) for name in sorted(ledger.keys() - {f.name for f in files})]
    return State(
        applied=tuple(file for file in files if ledger.get(file.name) == file.checksum),
        pending=tuple(
            file
            for file in (*files, *gone)
            if ledger.get(file.name) != file.checksum
            and not (file.is_migration and file.name in ledger)
        ),
        faults=tuple(_faults(files, ledger, gone)),
    )


def load(folder: Path = FOLDER) -> list[SchemaFile]:
    """Read migrations, functions, access and templates, in the order in which they are applied.

    Raises:
        ConfigurationError: a file is out of place, or cannot be used.

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
            raise ConfigurationError(f"schema/{name}: a migration is named like 003_what_it_does")
        if matched["number"]:
            numbers.append(int(matched["number"]))
        files.append(SchemaFile.read(path, name))
    if numbers != list(range(1, len(numbers) + 1)):
        raise ConfigurationError(f"{folder}: migrations are numbered 001, 002, 003 without a gap")
    return files


def transaction(
    files: Sequence[SchemaFile], *, begin: str, end: str
) -> tuple[str, list[dict[str, Any]]]:
    """Return one transaction over the files, and what it calls ``$files``.

    Files are taken verbatim and never split or joined: a line ends even where a file does not, so
    that a comment at its end swallows nothing.
    """
    script = [begin, _LEDGER]
    for index, file in enumerate(files):
        script += [f"LET $file = $files[{index}];", _ONCE, file.statements, ";"]
    script.append(end)
    return "\n".join(script), [file.parameters for file in files]


def _read_template(text: str, name: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
        Template.from_row(row, slug=Path(name).stem)
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"schema/{name}: {error}") from error
    return dict(row)


def _faults(
    files: Sequence[SchemaFile], ledger: dict[str, str], gone: Sequence[SchemaFile]
) -> list[str]:
    edited = [
        f"schema/{file.name} was edited after it was applied: its checksum is {file.checksum}, "
        f"the database has {ledger[file.name]}; put it back and write a new migration"
        for file in files
        if file.is_migration and ledger.get(file.name, file.checksum) != file.checksum
    ]
    newer = [
        f"the database is newer than this checkout: it has {file.name}, and there is no such file; "
        "go on with the release that brought it"
        for file in gone
        if file.is_migration
    ]
    return edited + newer
