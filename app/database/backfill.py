"""Fills in what rows of the legacy stack lack, while the service reads and writes.

A row gets the model of its template, or the default model. An unfinished job is handed to the
service: it becomes due, and the sweep takes it up.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.database.client import Database
from app.database.errors import StatementRejected, Thrown
from app.database.job_ranges import RANGE, Chunk, IdRange, split_range, split_table

CONCURRENCY = 2
"""Chunks in progress: one is written while another is read."""
LISTED = 20
"""Remaining rows that are named; the others are only counted."""

TERMINAL = "status IN ['completed', 'failed', 'cancelled']"
WORD = "string::lowercase(status)"
MEANING = f"$words[{WORD}]"
"""The status that a row's word means; NONE if it is unknown."""
UNTRANSLATED = f"(due_at IS NONE AND !({TERMINAL}))"
INCOMPLETE = f"(fal_model IS NONE OR {UNTRANSLATED})"
MODEL = "fal_model ?? $models[template_slug] ?? $default"
COMMON = f"""
    fal_model = {MODEL},
    fal_request_id = fal_request_id ?? record::id(id),
    credits = credits ?? 0"""

SURVEY = f"""{{
LET $rows = SELECT id, template_slug AS slug, fal_model IS NONE AS lacks_model,
    status ?? '' AS word, {UNTRANSLATED} AS untranslated FROM {RANGE} WHERE {INCOMPLETE};
LET $groups = SELECT slug, lacks_model, word, untranslated, count() AS rows FROM $rows
  GROUP BY slug, lacks_model, word, untranslated;
RETURN {{ groups: $groups, named: array::slice($rows, 0, $listed) }};
}}"""  # noqa: S608 put together from constants
# The conditions are checked again, because the service may have changed a row since its chunk was
# found. The few untranslated rows are selected first: an UPDATE that skips a row takes three times
# as long as a SELECT that does. A finished row keeps its error, and becomes finished in the new
# words; updated_at is the time of its end, which the UPDATE replaces. An unfinished job costs
# nothing, because no hold pays for it.
FILL = f"""{{
LET $rows = {RANGE};
LET $found = SELECT id, {MEANING} AS meaning FROM $rows
  WHERE {UNTRANSLATED} AND ({MODEL}) IS NOT NONE AND ({MEANING}) IS NOT NONE;
LET $unfinished = SELECT VALUE id FROM $found WHERE meaning IN ['pending', 'processing'];
LET $finished = SELECT VALUE id FROM $found WHERE meaning NOT IN ['pending', 'processing'];
LET $handed_over = UPDATE $unfinished SET {COMMON}, credits = 0,
    status = {MEANING}, stage = stage ?? 'queued', attempts = 0, revision = (revision ?? 0) + 1,
    due_at = fn::clock::now(), deadline_at = fn::clock::now() + duration::from_secs($deadline)
  RETURN VALUE {{ slug: template_slug, lacks_model: $before.fal_model IS NONE, untranslated: true,
    word: $before.status }};
LET $translated = UPDATE $finished SET {COMMON},
    status = {MEANING}, stage = 'done', completed_at = completed_at ?? updated_at
  RETURN VALUE {{ slug: template_slug, lacks_model: $before.fal_model IS NONE, untranslated: true,
    word: $before.status }};
LET $filled = UPDATE $rows SET {COMMON},
    stage = stage ?? 'done',
    completed_at = completed_at ?? IF {TERMINAL} {{ updated_at }} ELSE {{ NONE }}
  WHERE fal_model IS NONE AND !({UNTRANSLATED}) AND ({MODEL}) IS NOT NONE
  RETURN VALUE template_slug;
RETURN {{ changed: array::concat($handed_over, $translated), filled: $filled }};
}}"""  # noqa: S608 put together from constants

BY_TEMPLATE = "filled with their template's model"
BY_DEFAULT = "filled with the default model"
HANDED_OVER = "unfinished jobs handed to the service"
TRANSLATED = "other words for a status replaced"
NO_MODEL = "left unchanged: no model is known"
NO_MEANING = "left unchanged: the status is not known"

WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("pending", "queued", "in_queue", "submitted", "created", "new", "waiting", "scheduled"),
        "pending",
    ),
    # fal says whether the job is running. Until then it only moves forwards, so it starts low.
    **dict.fromkeys(("running", "in_progress", "started", "starting", "generating"), "pending"),
    "processing": "processing",
    **dict.fromkeys(
        (
            *("completed", "complete", "succeeded", "success", "successful"),
            *("done", "finished", "ok"),
        ),
        "completed",
    ),
    **dict.fromkeys(
        ("failed", "failure", "fail", "error", "errored", "timeout", "timed_out"), "failed"
    ),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), "cancelled"),
}
"""What the status words of legacy stacks and of fal mean, in lower case."""


@dataclass(frozen=True)
class Survey:
    """Incomplete rows: how many will have each outcome, and the first of them with a reason."""

    outcomes: Counter[str]
    rows: int
    named: Sequence[str]


class Backfill:
    """One run over the table. It may be killed at any time; the next run continues."""

    def __init__(
        self,
        database: Database,
        *,
        models: Mapping[str, str],
        default: str | None,
        deadline: int,
        words: Mapping[str, str] = WORDS,
    ) -> None:
        """Take each template's model and the meaning of each status word in lower case.

        An unfinished job gets ``deadline`` seconds.
        """
        self._database = database
        self._models = models
        self._default = default
        self._deadline = deadline
        self._words = words
        self._refused: dict[str, str] = {}

    async def survey(self) -> Survey:
        """Count the incomplete rows by the outcome that :meth:`fill` would have."""
        outcomes, total, named = Counter[str](), 0, list[str]()
        for ids in await split_table(self._database):
            found = await self._query(SURVEY, ids, listed=LISTED - len(named))
            named += [self._named(**row) for row in found["named"]]
            for group in found["groups"]:
                rows = group.pop("rows")
                total += rows
                outcomes.update(dict.fromkeys(self._outcomes(**group), rows))
        return Survey(outcomes, total, named)

    async def chunks(self, rows: int) -> list[Chunk]:
        """Return chunks that contain ``rows`` incomplete rows each."""
        return [
            chunk
            for ids in await split_table(self._database)
            for chunk in await self._split(ids, rows)
        ]

    async def fill(
        self, chunks: Iterable[Chunk], report: Callable[[Chunk, Counter[str]], None]
    ) -> None:
        """Fill each chunk in its own transaction and report the outcomes of its rows."""
        waiting = iter(chunks)

        async def work() -> None:
            for chunk in waiting:
                report(chunk, await self._fill(chunk))

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))

    async def _split(self, ids: IdRange, rows: int) -> list[Chunk]:
        return await split_range(self._database, ids, condition=INCOMPLETE, rows=rows)

    async def _fill(self, chunk: Chunk) -> Counter[str]:
        try:
            done = await self._query(FILL, chunk, deadline=self._deadline)
        except (StatementRejected, Thrown) as error:
            if chunk.rows == 1:  # the database refuses this row; the others are filled
                if len(self._refused) < LISTED:
                    self._refused[str(chunk.first)] = str(error)
                return Counter()
            halves = await self._split(chunk, (chunk.rows + 1) // 2)
            return sum([await self._fill(half) for half in halves], Counter())
        outcomes = Counter(each for row in done["changed"] for each in self._outcomes(**row))
        for slug, rows in Counter(done["filled"]).items():
            outcomes[self._model_source(slug)] += rows
        return outcomes

    async def _query(self, statement: str, ids: IdRange, **variables: Any) -> Any:
        bounds = {"first": ids.first, "end": ids.end}
        known = {"models": self._models, "default": self._default, "words": self._words}
        return await self._database.query(statement, **bounds, **known, **variables)

    def _outcomes(
        self, *, slug: str, lacks_model: bool, word: str, untranslated: bool
    ) -> Iterator[str]:
        if reason := self._left(slug, word, lacks_model=lacks_model, untranslated=untranslated):
            yield reason
            return
        if lacks_model:
            yield self._model_source(slug)
        if untranslated:
            unfinished = self._words[word.lower()] in {"pending", "processing"}
            yield HANDED_OVER if unfinished else TRANSLATED

    def _left(self, slug: str, word: str, *, lacks_model: bool, untranslated: bool) -> str | None:
        """Return why a row is left unchanged; None if it can be filled."""
        if untranslated and word.lower() not in self._words:
            return NO_MEANING
        if lacks_model and self._model_source(slug) == NO_MODEL:
            return NO_MODEL
        return None

    def _model_source(self, slug: str) -> str:
        if slug in self._models:
            return BY_TEMPLATE
        return NO_MODEL if self._default is None else BY_DEFAULT

    def _named(self, *, id: Any, slug: str, word: str, **flags: bool) -> str:  # noqa: A002 the row's own name
        if not isinstance(id.id, str):
            return (
                f"{id}: its id is not text: docs/operations.md has the statement that makes it so"
            )
        if (refusal := self._refused.get(str(id.id))) is not None:
            return f"{id}: {refusal}"
        match self._left(slug, word, **flags):
            case str(reason) if reason == NO_MEANING:
                return f"{id}: the status {word!r} is not known: set --status {word}=STATUS"
            case str():
                return f"{id}: there is no template {slug!r}: add it, or set --default-model"
        if len(self._refused) == LISTED:
            return f"{id}: it was refused, or written during this run: run the backfill again"
        return f"{id}: it was written during this run: run the backfill again"
