"""Give the rows of the replaced stack what a job of today has, while the service reads and writes.

A row gets the model of its template, else --default-model; an unfinished job is handed to the
service. Rows that neither settles are left and listed, with exit status 1.
"""

import argparse
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tqdm import tqdm

from app import schema
from app.adapters.surreal import Address, Database, Rejected, Thrown
from app.settings import Settings
from scripts.command import run

CHUNK_DEADLINE = 25.0
"""Seconds for one chunk, or one look over the whole table."""
PAGE = 50_000
"""Ids that are held at a time: the table may have millions."""
LISTED = 20
"""Rows that the report names; the rest is a number."""

LACKING = "(fal_model IS NONE OR (stage IS NONE AND status NOT IN $terminal))"
SETTLED = "(fal_model ?? $models[template_slug] ?? $default) IS NOT NONE"
SHARED = """
  fal_model = fal_model ?? $models[template_slug] ?? $default,
  fal_request_id = fal_request_id ?? record::id(id),
  credits = credits ?? 0
"""
FILL = f"""{{
LET $handed_over = UPDATE $ids SET {SHARED},
    status = 'pending', stage = 'queued', attempts = 0, revision = (revision ?? 0) + 1,
    due_at = fn::clock::now(), deadline_at = fn::clock::now() + duration::from_secs($deadline)
  WHERE stage IS NONE AND status NOT IN $terminal AND {SETTLED}
  RETURN VALUE [template_slug, $before.fal_model IS NONE];
LET $filled = UPDATE $ids SET {SHARED}, stage = stage ?? 'done',
    completed_at = completed_at ?? IF status IN $terminal {{ updated_at }} ELSE {{ NONE }}
  WHERE fal_model IS NONE AND {SETTLED}
  RETURN VALUE [template_slug, true];
RETURN {{ handed_over: array::len($handed_over), rows: array::concat($handed_over, $filled) }};
}}"""
IDS = f"""
SELECT VALUE id FROM video_job WHERE ($last IS NONE OR id > $last) AND {LACKING}
  ORDER BY id LIMIT $page
"""
COUNT = f"RETURN count(SELECT VALUE id FROM video_job WHERE {LACKING})"
BY_TEMPLATE = ""
LEFT = f"SELECT id, template_slug FROM video_job WHERE {LACKING} ORDER BY id LIMIT {LISTED}"
TERMINAL = ["completed", "failed", "cancelled"]
