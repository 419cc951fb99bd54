"""The program of ``docs/operations.md`` that runs statements in an embedded database."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.support.database import embedded, migrated

HEADING = "### Statements in an embedded database\n"
PAGE = Path("docs/operations.md").read_text()
BOOK = Path("docs/back-office.md").read_text()


async def test_the_program_runs_the_statements_of_a_file_and_prints_their_answers(
    store_url: str, tmp_path: Path
) -> None:
    async with migrated(embedded(store_url)) as database:
        await database.query(
            "CREATE admin_action SET action = 'erase', key = 'shell', user = 'ada', reason = 'Why'"
        )
    (tmp_path / "data").mkdir()
    (tmp_path / "data/surreal").symlink_to(store_url.removeprefix("surrealkv://"))
    (statement,) = re.findall(r"^```sql\n(.*?)^```$", BOOK, re.DOTALL | re.MULTILINE)
    (tmp_path / "statements.surql").write_text(f"{statement}RETURN 'and another';")
    program = PAGE.partition(HEADING)[2].partition("```sh\n")[2].partition("```")[0]
    process = await asyncio.create_subprocess_shell(
        program.replace(".venv/bin/python", sys.executable),
        stdout=PIPE,
        stderr=PIPE,
        cwd=tmp_path,
    )
    said, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    assert "'reason': 'Why'" in said.decode()
    assert "'and another'" in said.decode()
