"""The database's clock, in the hands of a test."""

from app.adapters.surreal import Database


async def set_ahead(database: Database, seconds: float) -> None:
    """Let ``fn::clock::now`` be so many seconds ahead of the real time."""
    await database.run_script(
        "DEFINE FUNCTION OVERWRITE fn::clock::now() -> datetime "
        "{ RETURN time::floor(time::now(), 1us) + "
        f"{round(seconds * 1000)}ms }}"
    )
