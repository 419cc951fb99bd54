"""Finished videos of the legacy stack are listed in their users' libraries."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.api.presentation import video_json
from app.database.audit import audit
from app.database.client import Database
from app.domain.video import LibraryVideo
from app.storage.local_files import LocalFiles
from scripts.backfill import fill_library
from scripts.migrate import migrate
from tests.support.database import connected, embedded
from tests.support.legacy import LEGACY_TEMPLATE, legacy_row, make_legacy, run_backfill
from tests.support.stand_ins.videos import small_video

VIDEO = small_video(seconds=0.5, width=64, height=48)
TEXT = b"no video"
FINISHED_AT = legacy_row("any")["updated_at"]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with connected(embedded(f"surrealkv://{tmp_path}/legacy")) as database:
        yield database


@pytest.fixture
def storage(tmp_path: Path) -> LocalFiles:
    """The storage of the legacy stack, with one video and one file that is none."""
    folder = tmp_path / "storage" / "users" / "ada"
    folder.mkdir(parents=True)
    (folder / "old.mp4").write_bytes(VIDEO)
    (folder / "text.mp4").write_bytes(TEXT)
    return LocalFiles(tmp_path / "storage")


async def adopt(database: Database, *rows: dict[str, Any]) -> None:
    await make_legacy(database, *rows)
    await migrate(database)
    await run_backfill(database, default="fal-ai/other")


async def test_a_finished_video_is_listed_at_its_time_with_its_facts(
    database: Database, storage: LocalFiles
) -> None:
    await adopt(
        database,
        legacy_row("req-1", "succeeded", video_key="users/ada/old.mp4"),
        legacy_row(
            "req-2", "completed", video_key="users/ada/old.mp4", template_slug="retired-one"
        ),
        legacy_row("req-3", "failed", video_key="users/ada/old.mp4"),
        legacy_row("req-4", "processing"),
    )
    assert await fill_library(database, storage) == 0
    first, second = await database.query("SELECT * FROM library_video ORDER BY id")
    assert (first["id"].id, first["user"], first["key"]) == ("req-1", "ada", "users/ada/old.mp4")
    assert (first["title"], first["template_slug"]) == ("Night life roller", LEGACY_TEMPLATE)
    assert (second["id"].id, second["title"]) == ("req-2", "Retired one")
    assert (first["bytes"], first["width"], first["height"]) == (len(VIDEO), 64, 48)
    assert first["duration_seconds"] == pytest.approx(0.5, abs=0.1)
    assert first["created_at"] == FINISHED_AT
    (page,) = [await database.call("library::page", "ada", LEGACY_TEMPLATE, 10, None, None)]
    assert [video["id"].id for video in page] == ["req-1"]
    await database.query("UPDATE video_job:⟨req-2⟩ SET credits = 5")  # a price of that stack
    assert await audit(database, storage, read=False) == []
    assert await database.query("SELECT * FROM credit_entry") == []


@pytest.mark.parametrize("word", ["succeeded", "completed"])
async def test_a_finished_video_of_a_job_with_a_model_of_its_own_is_listed(
    database: Database, storage: LocalFiles, word: str
) -> None:
    await make_legacy(database)
    await database.query("DEFINE FIELD fal_model ON video_job TYPE option<string>")
    row = legacy_row("req-1", word, video_key="users/ada/old.mp4", fal_model="fal-ai/theirs")
    await database.query("INSERT INTO video_job $row", row=row)
    await migrate(database)
    await run_backfill(database, default="fal-ai/other")
    assert await fill_library(database, storage) == 0
    ((video,),) = [await database.call("library::page", "ada", None, 10, None, None)]
    assert (video["id"].id, video["created_at"]) == ("req-1", FINISHED_AT)
    job = await database.call("video_job::get", "req-1")
    assert (job["fal_model"], job["stage"]) == ("fal-ai/theirs", "done")
    assert (job["completed_at"], job["fal_request_id"]) == (FINISHED_AT, "req-1")
    assert await audit(database, storage, read=False) == []


async def test_a_second_run_changes_nothing(database: Database, storage: LocalFiles) -> None:
    await adopt(database, legacy_row("req-1", video_key="users/ada/old.mp4"))
    assert await fill_library(database, storage) == 0
    listed = await database.query("SELECT * FROM library_video")
    await database.call("library::add_legacy", "req-1", {"title": "again"})
    assert await fill_library(database, storage) == 0
    assert await database.query("SELECT * FROM library_video") == listed


async def test_videos_that_cannot_be_listed_are_named_with_the_reason(
    database: Database, storage: LocalFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {
        "missing": "users/ada/gone.mp4",
        "outside": "../../etc/passwd.mp4",
        "good": "users/ada/old.mp4",
    }
    await adopt(
        database,
        legacy_row("url-only"),
        *(legacy_row(name, video_key=key) for name, key in keys.items()),
    )
    capsys.readouterr()
    assert await fill_library(database, storage) == 1
    printed = capsys.readouterr().out
    for reason in (
        "1 videos listed in the library",
        "missing: the storage has no users/ada/gone.mp4",
        "outside: the storage has no ../../etc/passwd.mp4",
        "url-only: it has no video_key",
    ):
        assert reason in printed
    assert await database.query("SELECT VALUE record::id(id) FROM library_video") == ["good"]


async def test_a_row_that_the_driver_cannot_read_is_named_and_holds_up_no_other(
    database: Database, storage: LocalFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["good", "odd", "well"]
    await adopt(database, *(legacy_row(name, video_key="users/ada/old.mp4") for name in names))
    far = "d'+12000-01-01T00:00:00Z'"
    await database.query(f"UPDATE video_job:odd SET variables = {{ when: {far} }} RETURN NONE")  # noqa: S608 a constant
    capsys.readouterr()
    assert await fill_library(database, storage) == 1
    printed = capsys.readouterr().out
    assert "2 videos listed in the library" in printed
    assert "odd: the driver cannot read it: " in printed
    listed = await database.query("SELECT VALUE record::id(id) FROM library_video ORDER BY id")
    assert listed == ["good", "well"]


async def test_a_video_of_an_erased_user_is_not_listed_again(
    database: Database, storage: LocalFiles
) -> None:
    await adopt(database, legacy_row("req-1", video_key="users/ada/old.mp4"))
    by = {"id": "one", "key": "support", "reason": "asked for"}
    await database.call("erasure::request", "ada", by)
    await database.call("erasure::erase", "ada", ["req-1"])
    assert await fill_library(database, storage) == 0
    await database.call("library::add_legacy", "req-1", {"title": "again", "bytes": 1})
    assert await database.query("SELECT * FROM library_video") == []


async def test_a_video_that_cannot_be_decoded_is_listed_with_its_size_alone(
    database: Database, storage: LocalFiles
) -> None:
    await adopt(database, legacy_row("text", video_key="users/ada/text.mp4"))
    assert await fill_library(database, storage) == 0
    ((video,),) = [await database.call("library::page", "ada", None, 10, None, None)]
    read = LibraryVideo.from_row(video)
    assert (read.job_id, read.bytes) == ("text", len(TEXT))
    assert (read.duration_seconds, read.width, read.height) == (None, None, None)
    shape = await video_json(read, storage, public_url=None)
    assert shape.keys() & {"durationSeconds", "width", "height", "codec"} == set()
    assert await audit(database, storage, read=False) == []
