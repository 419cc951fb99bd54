"""The audit of accounts, ledger, library and idempotency keys, read in ranges of ids."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from app.database.audit_rules import TERMINAL, Row, Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.problems import DatabaseUnavailable

# The second part of an entry's id, and its kind; a grant or withdrawal by reference has another id.
_KINDS_BY_ID = [["signup", "grant"]] + [
    [kind, kind] for kind in ("grant", "hold", "release", "charge", "refund")
]
_ENTRIES = f"""{{
LET $rows = SELECT id, user, kind, credits, reference FROM {rows_of("credit_entry")};
RETURN {{
  rows: array::len($rows),
  sums: (SELECT user, kind, math::sum(credits) AS credits FROM $rows GROUP BY user, kind),
  lost: (SELECT VALUE <string> record::id(id)[0] FROM $rows
    WHERE kind NOT IN ['grant', 'withdrawal']
      AND !record::exists(type::record('video_job', record::id(id)[0]))),
  misfiled: (SELECT VALUE [user, <string> id] FROM $rows WHERE
    IF type::is_array(record::id(id)) {{
      [record::id(id)[1], kind] NOT IN {_KINDS_BY_ID} OR reference != NONE
    }} ELSE {{
      kind NOT IN ['grant', 'withdrawal'] OR reference != record::id(id)
    }})
}} }}"""  # noqa: S608 put together from constants
_LIBRARY = f"""{{
LET $rows = SELECT id FROM {rows_of("library_video")};
RETURN {{
  rows: array::len($rows),
  lost: (SELECT VALUE <string> record::id(id) FROM $rows
    WHERE !record::exists(type::record('video_job', record::id(id))))
}} }}"""  # noqa: S608 put together from constants
_IDEMPOTENCY = f"""{{
LET $rows = SELECT job, expires_at FROM {rows_of("idempotency")};
RETURN {{
  rows: array::len($rows),
  lost: (SELECT VALUE job FROM $rows
    WHERE expires_at > fn::clock::now() AND !record::exists(type::record('video_job', job)))
}} }}"""  # noqa: S608 put together from constants
_ACCOUNTS = f"""
RETURN (SELECT record::id(id) AS user, balance, held, in_flight
  FROM {rows_of("credit_account")})"""  # noqa: S608 put together from constants
_ONE_USER = """
RETURN {
  account: (SELECT balance, held, in_flight FROM ONLY type::record('credit_account', $user)),
  sums: (SELECT user, kind, math::sum(credits) AS credits FROM credit_entry
    WHERE user = $user GROUP BY user, kind),
  unfinished: (SELECT VALUE credits ?? 0 FROM video_job
    WHERE user = $user AND status NOT IN $terminal
      AND record::exists(type::record('credit_entry', [record::id(id), 'hold'])))
}
"""

SIGNS = {"grant": 1, "refund": 1, "charge": -1, "withdrawal": -1}
"""Whether a kind of entry adds to the balance; a hold and its release do not change it."""

Progress = Callable[[int], object]
"""Called with the number of rows that have been checked since the last call."""


class Books:
    """What each account must contain. Its memory grows with the users, not with their jobs."""

    def __init__(self) -> None:
        self._balance = Counter[str]()
        self._held = Counter[str]()
        self._in_flight = Counter[str]()
        self._with_entries = set[str]()

    def add_sums(self, sums: list[Row]) -> None:
        """Add sums of ledger entries by user and kind."""
        for row in sums:
            self._balance[row["user"]] += SIGNS.get(row["kind"], 0) * row["credits"]
            # A job of the replaced stack is charged 0 credits, which opens no account.
            if row["credits"]:
                self._with_entries.add(row["user"])

    def add_job(self, job: Row) -> None:
        """Add a job's hold if the job has not ended."""
        if job["status"] not in TERMINAL and "hold" in {kind for kind, _, _ in job["entries"]}:
            self._add_hold(job["user"], job.get("credits") or 0)

    def check(self, user: str, account: Row) -> Iterator[Violation]:
        """Compare an account with its ledger entries and unfinished jobs."""
        self._with_entries.discard(user)
        for name, expected in (
            ("balance", self._balance[user]),
            ("held", self._held[user]),
            ("in_flight", self._in_flight[user]),
        ):
            if account[name] != expected:
                yield Violation(user, f"{name} is {account[name]}, but must be {expected}")
        if not 0 <= account["held"] <= account["balance"]:
            yield Violation(
                user, f"holds {account['held']} credits of a balance of {account['balance']}"
            )

    def without_account(self) -> set[str]:
        """Return the users with ledger entries whose account was not checked."""
        return self._with_entries

    def _add_hold(self, user: str, credits_: int) -> None:
        self._held[user] += credits_
        self._in_flight[user] += 1

    @classmethod
    def of_one(cls, user: str, found: Row) -> "Books":
        """Return the books of one user from a single read."""
        books = cls()
        books.add_sums(found["sums"])
        for credits_ in found["unfinished"]:
            books._add_hold(user, credits_)
        return books


async def check_rows_without_job(
    database: Database, books: Books, progress: Progress
) -> AsyncIterator[Violation]:
    """Find rows of jobs that do not exist, and add the ledger's sums to the books."""
    for table, statement, finding in (
        ("credit_entry", _ENTRIES, "has ledger entries but does not exist"),
        ("library_video", _LIBRARY, "is in the library but does not exist"),
        ("idempotency", _IDEMPOTENCY, "has an idempotency key but does not exist"),
    ):
        for ids in await split_table(database, table):
            found = await database.query(statement, first=ids.first, end=ids.end)
            progress(found["rows"])
            books.add_sums(found.get("sums", []))
            for job in found["lost"]:
                yield Violation(job, finding)
            for user, entry in found.get("misfiled", []):
                yield Violation(user, f"{entry} has a kind or a reference that does not fit its id")


async def check_accounts(
    database: Database, books: Books, progress: Progress
) -> AsyncIterator[Violation]:
    """Compare every account with the books, which contain all entries and jobs."""
    for ids in await split_table(database, "credit_account"):
        accounts = await database.query(_ACCOUNTS, first=ids.first, end=ids.end)
        for account in accounts:
            if differences := list(books.check(account["user"], account)):
                for each in await _confirmed(database, account["user"], differences):
                    yield each
        progress(len(accounts))
    for user in sorted(books.without_account()):
        if not await database.query(
            "RETURN record::exists(type::record('credit_account', $user))", user=user
        ):
            yield Violation(user, "has ledger entries but no account")


async def _confirmed(
    database: Database, user: str, differences: list[Violation]
) -> list[Violation]:
    """Read the user once more in one statement: the service may have written between two ranges."""
    try:
        found: dict[str, Any] = await database.query(
            _ONE_USER, user=user, terminal=[str(each) for each in TERMINAL]
        )
    except DatabaseUnavailable:  # one user's rows may take longer than the SDK's 30 s
        return differences
    return list(Books.of_one(user, found).check(user, found["account"]))
